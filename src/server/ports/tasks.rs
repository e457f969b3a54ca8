//! `engine::Tasks`: what Task states call. Activities and nested executions are the engine's own.

mod sfn;

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use crate::asl::{Integration, Resource};
use crate::clock::Ids;
use crate::engine::event::Failure;
use crate::engine::{BoxFuture, TaskCall, TaskResult, Tasks};
use crate::json::Payload;
use crate::wire;

/// The services that tasks can reach.
pub(super) struct Services {
    /// The AWS APIs, which are there soon after the engine that they call.
    api: watch::Receiver<Option<Weak<wire::Api>>>,
    ids: Arc<dyn Ids>,
}

/// Sets the APIs once they are there.
pub(super) type ApiSetter = watch::Sender<Option<Weak<wire::Api>>>;

impl Services {
    /// Services whose calls wait until the APIs are set.
    pub(super) fn new(ids: Arc<dyn Ids>) -> (Self, ApiSetter) {
        let (sender, api) = watch::channel(None);
        (Self { api, ids }, sender)
    }
}

/// A service by the name that its resources have.
fn is_sfn(integration: &Integration) -> bool {
    integration.service == "aws-sdk:sfn"
}

impl Tasks for Services {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        match &call.resource {
            Resource::Integration(integration) if is_sfn(integration) => {
                let (integration, mut api) = (integration.clone(), self.api.clone());
                let request_id = self.ids.uuid().to_string();
                Box::pin(async move {
                    let found =
                        api.wait_for(Option::is_some).await.ok().and_then(|api| api.clone()?.upgrade());
                    match found {
                        Some(api) => sfn::call(&api, &integration, call, &request_id).await,
                        // The house is being closed: the call is made again when it is next opened.
                        None => std::future::pending().await,
                    }
                })
            }
            Resource::Integration(_) | Resource::Lambda(_) | Resource::Activity(_) => {
                Box::pin(std::future::ready(TaskResult::Failed(not_run(&call.resource))))
            }
        }
    }

    fn refuse(&self, integration: &Integration, arguments: &Payload) -> Option<String> {
        match is_sfn(integration) {
            true => sfn::refuse(integration, arguments),
            false => None,
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
         states:startExecution and aws-sdk:sfn; let a worker of an activity do what this task is for."
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
