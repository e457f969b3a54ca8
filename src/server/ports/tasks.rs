//! `engine::Tasks`: what Task states call. Activities and nested executions are the engine's own.

mod api_gateway;
mod sfn;

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::asl::{Integration, Resource};
use crate::clock::Ids;
use crate::engine::event::Failure;
use crate::engine::{BoxFuture, TaskCall, TaskResult, Tasks};
use crate::gateway::Gateway;
use crate::json::Payload;
use crate::wire;

/// The rooms that tasks reach. The APIs hold the engine, which holds this: not the other way round too.
#[derive(Clone)]
pub(super) struct Rooms {
    pub(super) api: Weak<wire::Api>,
    pub(super) gateway: Gateway,
}

/// The services that tasks can call.
pub(super) struct Services {
    /// There soon after the engine, which they are made with.
    rooms: watch::Receiver<Option<Rooms>>,
    ids: Arc<dyn Ids>,
}

/// A service by the name that its resources have.
enum Service {
    Sfn,
    ApiGateway,
}

impl Service {
    fn of(integration: &Integration) -> Option<Self> {
        match integration.service.as_str() {
            "aws-sdk:sfn" => Some(Self::Sfn),
            "apigateway" => Some(Self::ApiGateway),
            _ => None,
        }
    }
}

impl Services {
    /// Services whose calls wait until the rooms are set.
    pub(super) fn new(ids: Arc<dyn Ids>) -> (Self, watch::Sender<Option<Rooms>>) {
        let (sender, rooms) = watch::channel(None);
        (Self { rooms, ids }, sender)
    }
}

impl Tasks for Services {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let integration = match &call.resource {
            Resource::Integration(integration) => {
                Service::of(integration).map(|found| (found, integration.clone()))
            }
            Resource::Lambda(_) | Resource::Activity(_) => None,
        };
        let Some((service, integration)) = integration else {
            return Box::pin(std::future::ready(TaskResult::Failed(not_run(&call.resource))));
        };
        let mut rooms = self.rooms.clone();
        let request_id = self.ids.uuid().to_string();
        Box::pin(async move {
            let rooms = rooms.wait_for(Option::is_some).await.ok().and_then(|rooms| rooms.clone());
            let Some((api, gateway)) = rooms.and_then(|rooms| Some((rooms.api.upgrade()?, rooms.gateway)))
            else {
                // The house is being closed: the call is made again when it is next opened.
                return std::future::pending().await;
            };
            match service {
                Service::Sfn => sfn::call(&api, &integration, call, &request_id).await,
                Service::ApiGateway => api_gateway::call(&gateway, &integration, call).await,
            }
        })
    }

    fn refuse(&self, integration: &Integration, arguments: &Payload) -> Option<String> {
        match Service::of(integration)? {
            Service::Sfn => sfn::refuse(integration, arguments),
            Service::ApiGateway => api_gateway::refuse(arguments),
        }
    }
}

/// `States.Runtime` is never retried and caught by nothing: trying again can't help.
fn not_run(resource: &Resource) -> Failure {
    let (service, resource) = match resource {
        Resource::Activity(arn) => ("activity", arn.to_string()),
        Resource::Lambda(arn) => ("lambda", arn.to_string()),
        Resource::Integration(integration) => (&*integration.service, integration.text.clone()),
    };
    let cause = format!(
        "The resource {resource} can't be called: this server has no service '{service}'. Tasks can call activities, \
         states:startExecution, apigateway:invoke and aws-sdk:sfn; let a worker of an activity do what this one is for."
    );
    Failure::new("States.Runtime", cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::Pattern;

    #[test]
    fn what_can_not_be_called_says_what_can() {
        let integration = Integration {
            service: "sqs".to_owned(),
            action: "sendMessage".to_owned(),
            pattern: Pattern::RequestResponse,
            text: "arn:aws:states:::sqs:sendMessage".to_owned(),
        };
        let failure = not_run(&Resource::Integration(integration));
        assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
        let cause = failure.cause.unwrap();
        for part in ["arn:aws:states:::sqs:sendMessage", "no service 'sqs'", "activities"] {
            assert!(cause.contains(part), "{cause}");
        }
    }
}
