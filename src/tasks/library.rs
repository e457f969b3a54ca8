//! `engine::Tasks`: what Task states call. Activities and nested executions are the engine's own.

use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::connections::Connections;
use super::http_invoke::Trace;
use super::objects::{self, ObjectStore};
use super::{api_gateway, aws, http_invoke, lambda, s3, services, sfn};
use crate::asl::{Integration, Resource};
use crate::clock::Ids;
use crate::connect::HttpClient;
use crate::engine::event::Failure;
use crate::engine::{BoxFuture, TaskCall, TaskResult, Tasks, Traced};
use crate::gateway::Gateway;
use crate::json::Payload;
use crate::wire;

/// The rooms that tasks reach. The APIs hold the engine, which holds this: not the other way round too.
#[derive(Clone)]
pub struct Rooms {
    /// The services of this server.
    pub api: Weak<wire::Api>,
    /// The deployed APIs.
    pub gateway: Gateway,
    /// The services elsewhere.
    pub elsewhere: Arc<services::Services>,
    /// The objects of buckets.
    pub objects: ObjectStore,
}

/// Everything that tasks can call.
pub struct Library {
    /// There soon after the engine, which they are made with.
    rooms: watch::Receiver<Option<Rooms>>,
    ids: Arc<dyn Ids>,
    connections: Arc<Connections>,
    client: HttpClient,
}

/// What a resource is of.
enum Service {
    /// The Step Functions API, in process.
    Sfn(Integration),
    /// A deployed API, in process.
    ApiGateway(Integration),
    /// An HTTP endpoint.
    Http,
    /// A Lambda function elsewhere.
    Lambda,
    /// Objects, which may be in a folder of this machine.
    S3(s3::Action, Option<aws::Target>, Integration),
    /// Another service elsewhere.
    Aws(aws::Target, Integration),
}

impl Service {
    fn of(resource: &Resource) -> Option<Self> {
        let integration = match resource {
            Resource::Lambda(_) => return Some(Self::Lambda),
            Resource::Activity(_) => return None,
            Resource::Integration(integration) => integration,
        };
        if let Some(action) = s3::Action::of(integration) {
            return Some(Self::S3(action, aws::Target::of(integration), integration.clone()));
        }
        match (integration.service.as_str(), integration.action.as_str()) {
            ("aws-sdk:sfn", _) => Some(Self::Sfn(integration.clone())),
            ("apigateway", _) => Some(Self::ApiGateway(integration.clone())),
            ("http", "invoke") => Some(Self::Http),
            ("lambda" | "aws-sdk:lambda", "invoke") => Some(Self::Lambda),
            _ => Some(Self::Aws(aws::Target::of(integration)?, integration.clone())),
        }
    }
}

impl Library {
    /// A library whose calls wait until the rooms are set.
    pub fn new(
        ids: Arc<dyn Ids>,
        connections: Connections,
        client: HttpClient,
    ) -> (Self, watch::Sender<Option<Rooms>>) {
        let (sender, rooms) = watch::channel(None);
        (Self { rooms, ids, connections: Arc::new(connections), client }, sender)
    }
}

impl Library {
    fn make(&self, call: TaskCall, trace: Trace) -> BoxFuture<'static, Traced> {
        let Some(service) = Service::of(&call.resource) else {
            return Box::pin(std::future::ready((TaskResult::Failed(not_run(&call.resource)), None)));
        };
        let mut rooms = self.rooms.clone();
        let request_id = self.ids.uuid().to_string();
        let (connections, client) = (self.connections.clone(), self.client.clone());
        Box::pin(async move {
            let rooms = rooms.wait_for(Option::is_some).await.ok().and_then(|rooms| rooms.clone());
            let Some((api, rooms)) = rooms.and_then(|rooms| Some((rooms.api.upgrade()?, rooms))) else {
                // The house is being closed: the call is made again when it is next opened.
                return std::future::pending().await;
            };
            let resource = call.resource.clone();
            let (name, result) = match service {
                Service::Sfn(integration) => {
                    return (sfn::call(&api, &integration, call, &request_id).await, None);
                }
                Service::ApiGateway(integration) => {
                    return (api_gateway::call(&rooms.gateway, &integration, call).await, None);
                }
                Service::Http => return http_invoke::call(&connections, &client, call, trace).await,
                Service::Lambda => (lambda::NAME, lambda::call(&rooms.elsewhere, call).await),
                Service::S3(action, _, _) if rooms.objects.has_root() => {
                    return (s3::call(&rooms.objects, action, call).await, None);
                }
                Service::S3(_, Some(target), integration) => {
                    (objects::NAME, target.call(&rooms.elsewhere, &integration, call).await)
                }
                Service::S3(_, None, _) => (objects::NAME, None),
                Service::Aws(target, integration) => {
                    (target.service.name, target.call(&rooms.elsewhere, &integration, call).await)
                }
            };
            (result.unwrap_or_else(|| TaskResult::Failed(not_configured(&resource, name))), None)
        })
    }
}

impl Tasks for Library {
    fn run(&self, call: TaskCall) -> BoxFuture<'static, TaskResult> {
        let made = self.make(call, Trace::None);
        Box::pin(async move { made.await.0 })
    }

    fn trace(&self, call: TaskCall, reveal_secrets: bool) -> BoxFuture<'static, Traced> {
        self.make(call, if reveal_secrets { Trace::WithSecrets } else { Trace::WithoutSecrets })
    }

    fn refuse(&self, integration: &Integration, arguments: &Payload) -> Option<String> {
        match Service::of(&Resource::Integration(integration.clone()))? {
            Service::Sfn(integration) => sfn::refuse(&integration, arguments),
            Service::ApiGateway(_) => api_gateway::refuse(arguments),
            Service::Http => http_invoke::refuse(&self.connections, arguments),
            Service::Lambda if integration.service == lambda::NAME => {
                aws::refuse_optimized(integration, arguments)
            }
            Service::Lambda | Service::S3(..) => None,
            Service::Aws(target, integration) => target.refuse(&integration, arguments),
        }
    }
}

/// The service of a resource and its text.
fn shown(resource: &Resource) -> (&str, String) {
    match resource {
        Resource::Activity(arn) => ("activity", arn.to_string()),
        Resource::Lambda(arn) => (lambda::NAME, arn.to_string()),
        Resource::Integration(integration) => (&*integration.service, integration.text.clone()),
    }
}

/// `States.Runtime` is never retried and caught by nothing: trying again can't help.
fn not_run(resource: &Resource) -> Failure {
    let (service, resource) = shown(resource);
    let cause = format!(
        "The resource {resource} can't be called: this server has no service '{service}'. Tasks can call activities, \
         Lambda functions, http, states, apigateway, sqs, sns, events, dynamodb and services of the SDK that speak JSON \
         or forms; let a worker of an activity do what this one is for."
    );
    Failure::new("States.Runtime", cause)
}

fn not_configured(resource: &Resource, name: &str) -> Failure {
    let (_, resource) = shown(resource);
    let cause = format!(
        "The resource {resource} can't be called: this server knows no endpoint of the service '{name}'. Set it in \
         the server's settings, as `endpoint` of [services.{name}]."
    );
    Failure::new("States.Runtime", cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::Pattern;

    #[test]
    fn what_can_not_be_called_says_what_can() {
        let resource = Resource::Integration(Integration {
            service: "ecs".to_owned(),
            action: "runTask".to_owned(),
            pattern: Pattern::Sync,
            text: "arn:aws:states:::ecs:runTask.sync".to_owned(),
        });
        assert!(Service::of(&resource).is_none());
        for (failure, parts) in [
            (not_run(&resource), ["arn:aws:states:::ecs:runTask.sync", "no service 'ecs'", "activities"]),
            (not_configured(&resource, "x"), ["arn:aws:states:::ecs:runTask.sync", "'x'", "[services.x]"]),
        ] {
            assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
            let cause = failure.cause.unwrap();
            for part in parts {
                assert!(cause.contains(part), "{cause}");
            }
        }
    }
}
