//! `stack::Operations`: a template's changes are AWS operations, called as anything inside calls them.

use std::sync::Arc;

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::clock::Clock;
use crate::gateway::{AwsCall, AwsOperation, BackendError, CallAs};
use crate::id::AccountRegion;
use crate::identity::iam::{CLOUDFORMATION, RoleUse};
use crate::identity::{Caller, RoleSession, SessionTags, UserIdentity};
use crate::server::services::services;
use crate::stack::{Accounts, Actor, OperationError, OperationFuture, Operations};
use crate::wire::Structure;
use crate::wire::client::{AwsClient, SendError, TIMEOUT, json_output};

/// Calls in the name of whom stacks name.
pub(super) struct InName {
    aws: Arc<AwsClient>,
    clock: Arc<dyn Clock>,
}

impl InName {
    pub(super) fn new(aws: Arc<AwsClient>, clock: Arc<dyn Clock>) -> Self {
        Self { aws, clock }
    }
}

impl Accounts for InName {
    fn operations(&self, home: &AccountRegion, actor: &Actor) -> Arc<dyn Operations> {
        let call_as = match actor {
            Actor::Account => passed_on(Caller::root(home.account.clone())),
            Actor::Role(role) => CallAs::Role(Box::new(RoleUse {
                role_arn: role.as_str().into(),
                service: CLOUDFORMATION,
                session: SESSION.into(),
                source_arn: None,
                task_role: None,
            })),
            Actor::Session { role_id, role_arn } if role_arn.contains(":user/") => {
                let name = role_arn.rsplit('/').next().unwrap_or_default();
                let (name, id) = (name.into(), role_id.as_str().into());
                let user = UserIdentity { name, id, tags: Vec::new(), session: None };
                passed_on(Caller::user(home.account.clone(), user, role_arn))
            }
            Actor::Session { role_id, role_arn } => {
                let name = role_arn.rsplit('/').next().unwrap_or_default();
                let session = RoleSession {
                    role_name: name.into(),
                    role_id: role_id.as_str().into(),
                    role_arn: role_arn.as_str().into(),
                    issued: self.clock.now(),
                    policies: None,
                    service: None,
                    web: None,
                    tags: SessionTags::default(),
                };
                passed_on(Caller::session(home.account.clone(), session, SESSION))
            }
        };
        Arc::new(Calls { aws: self.aws.clone(), home: home.clone(), call_as })
    }
}

/// The session in which a stack's resources are made.
const SESSION: &str = "AWSCloudFormation";

/// Calls for somebody whose request CloudFormation carries out.
fn passed_on(caller: Caller) -> CallAs {
    CallAs::Caller(Box::new(caller.passed_on_by(CLOUDFORMATION)))
}

/// The calls of one stack.
struct Calls {
    aws: Arc<AwsClient>,
    home: AccountRegion,
    call_as: CallAs,
}

impl Operations for Calls {
    fn input(&self, service: &str, operation: &str) -> Option<&'static Structure> {
        Some(services().find(|known| known.name == service)?.operation(operation)?.input)
    }

    fn call<'a>(
        &'a self,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> OperationFuture<'a> {
        let call = AwsCall {
            owner: self.home.clone(),
            service: service.to_owned(),
            region: self.home.region.to_string(),
            operation: AwsOperation::Json(operation.to_owned()),
            method: Method::POST,
            call_as: self.call_as.clone(),
            source_arn: None,
            headers: HeaderMap::new(),
            query: Vec::new(),
            body: input.to_string().into(),
            timeout: TIMEOUT,
        };
        Box::pin(async move {
            let failed =
                |code: &str, message: String| OperationError { operation, code: code.to_owned(), message };
            match self.aws.send(call).await {
                Ok(response) => json_output(&response)
                    .map_err(|error| failed(&error.code, error.message.unwrap_or_default())),
                Err(SendError::Refused(error @ BackendError::Unreachable)) => {
                    Err(failed("InternalFailure", error.to_string()))
                }
                Err(SendError::Refused(error)) => Err(failed("UnknownOperationException", error.to_string())),
                Err(SendError::Http(error)) => Err(failed("ServiceUnavailable", error.to_string())),
            }
        })
    }
}
