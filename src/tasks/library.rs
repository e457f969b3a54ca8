//! `engine::Tasks`: what Task states call. Activities and nested executions are the engine's own.

use std::sync::Arc;

use tokio::sync::watch;

use super::connections::Connections;
use super::http_invoke::Trace;
use super::objects::ObjectStore;
use super::role::role_of;
use super::{api_gateway, aws, http_invoke, lambda, s3, sfn};
use crate::asl::{Integration, Resource};
use crate::connect::HttpClient;
use crate::engine::event::Failure;
use crate::engine::{Acting, BoxFuture, Need, TaskCall, TaskResult, Tasks, Traced, Unpermitted};
use crate::gateway::Gateway;
use crate::id::AccountRegion;
use crate::json::Payload;
use crate::wire::Permission;
use crate::wire::client::{self, AwsClient};

/// The rooms that tasks reach.
#[derive(Clone)]
pub struct Rooms {
    /// The services of AWS, here and elsewhere.
    pub aws: Arc<AwsClient>,
    /// The deployed APIs.
    pub gateway: Gateway,
    /// The objects of buckets.
    pub objects: ObjectStore,
}

/// Everything that tasks can call.
pub struct Library {
    /// There soon after the engine, which they are made with.
    rooms: watch::Receiver<Option<Rooms>>,
    connections: Arc<Connections>,
    client: HttpClient,
}

/// What a resource is of.
enum Service {
    /// The Step Functions API.
    Sfn(Integration),
    /// A deployed API, in process.
    ApiGateway(Integration),
    /// An HTTP endpoint.
    Http,
    /// A Lambda function.
    Lambda,
    /// Objects, which may be in a folder of this machine.
    S3(s3::Action, Option<aws::Target>, Integration),
    /// Another service.
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
    pub fn new(connections: Connections, client: HttpClient) -> (Self, watch::Sender<Option<Rooms>>) {
        let (sender, rooms) = watch::channel(None);
        (Self { rooms, connections: Arc::new(connections), client }, sender)
    }
}

impl Library {
    fn make(&self, call: TaskCall, trace: Trace) -> BoxFuture<'static, Traced> {
        let Some(service) = Service::of(&call.resource) else {
            return Box::pin(std::future::ready((TaskResult::Failed(not_run(&call.resource)), None)));
        };
        let mut rooms = self.rooms.clone();
        let (connections, client) = (self.connections.clone(), self.client.clone());
        Box::pin(async move {
            let rooms = rooms.wait_for(Option::is_some).await.ok().and_then(|rooms| rooms.clone());
            let Some(rooms) = rooms else {
                // The server is being closed: the call is made again when it is next started.
                return std::future::pending().await;
            };
            let result = match service {
                Service::Sfn(integration) => sfn::call(&rooms.aws, &integration, call).await,
                Service::ApiGateway(integration) => {
                    api_gateway::call(&rooms.aws, &rooms.gateway, &integration, call).await
                }
                Service::Http => match http_invoke::unpermitted(&rooms.aws, &call).await {
                    Some(failure) => TaskResult::Failed(failure),
                    None => return http_invoke::call(&connections, &client, call, trace).await,
                },
                Service::Lambda => lambda::call(&rooms.aws, call).await,
                Service::S3(action, _, _) if rooms.objects.has_root() => {
                    s3::call(&rooms.objects, action, call).await
                }
                Service::S3(_, Some(target), integration) | Service::Aws(target, integration) => {
                    target.call(&rooms.aws, &integration, call).await
                }
                Service::S3(action, None, _) => match s3::unpermitted(&rooms.aws, action, &call).await {
                    Some(failure) => TaskResult::Failed(failure),
                    None => s3::call(&rooms.objects, action, call).await,
                },
            };
            (result, None)
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

    fn permit(
        &self,
        home: AccountRegion,
        acting: Acting,
        needed: Vec<Need>,
    ) -> BoxFuture<'static, Result<(), Unpermitted>> {
        let mut rooms = self.rooms.clone();
        Box::pin(async move {
            let Some(role) = role_of(&acting) else { return Ok(()) };
            let rooms = rooms.wait_for(Option::is_some).await.ok().and_then(|rooms| rooms.clone());
            let Some(rooms) = rooms else {
                return std::future::pending().await;
            };
            let needed = needed.into_iter().map(|need| Permission::new(need.action, need.resource));
            let needed: Vec<Permission> = needed.collect();
            rooms.aws.permit(&role, &home, &needed).await.map_err(|error| match error {
                client::Unpermitted::Denied(message) => Unpermitted::Denied(message),
                client::Unpermitted::Role(_) | client::Unpermitted::Closed => {
                    Unpermitted::Role(error.to_string())
                }
            })
        })
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

/// `States.Runtime` is never retried and caught by nothing: trying again can't help.
fn not_run(resource: &Resource) -> Failure {
    let (service, resource) = aws::shown(resource);
    let cause = format!(
        "The resource {resource} can't be called: this server has no service '{service}'. Tasks can call activities, \
         Lambda functions, http, states, apigateway, sqs, sns, events, dynamodb and services of the SDK that speak JSON \
         or forms; let a worker of an activity do what this one is for."
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
        for (failure, parts) in
            [(not_run(&resource), ["arn:aws:states:::ecs:runTask.sync", "no service 'ecs'", "activities"])]
        {
            assert_eq!(failure.error.as_deref(), Some("States.Runtime"));
            let cause = failure.cause.unwrap();
            for part in parts {
                assert!(cause.contains(part), "{cause}");
            }
        }
    }
}
