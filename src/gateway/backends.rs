//! The port through which `AWS` integrations call services. The request and the response are those of every call of an
//! AWS operation inside this server.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::connect::Body;
use crate::id::AccountRegion;
use crate::identity::Caller;
use crate::identity::iam::RoleUse;

/// A boxed future, so that ports can be used as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which operation of a service to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsOperation {
    /// `arn:aws:apigateway:R:states:action/StartExecution`: an operation by name.
    Action(String),
    /// `arn:aws:apigateway:R:states:path/…`: a path of the service's HTTP API, with a leading `/`.
    Path(String),
    /// An operation by name, whose input is the body as JSON, all members under their own names, whatever the service's
    /// protocol. So is the output in the response.
    Json(String),
}

/// In whose name a service is called.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAs {
    /// API Gateway's own: the integration has no credentials. A policy of what is called has to allow the source.
    Api,
    /// The account of the caller.
    Account,
    /// A role.
    Role(Box<RoleUse>),
    /// The caller who signed the request.
    Caller(Box<Caller>),
}

/// The service that acts under the roles of integrations and authorizers.
pub const API_GATEWAY: &str = "apigateway.amazonaws.com";
/// The session under which it assumes them.
const SESSION: &str = "BackplaneAssumeRoleSession";

impl CallAs {
    /// API Gateway under a role, for what `source_arn` names.
    pub fn role(role_arn: &str, source_arn: String) -> Self {
        Self::Role(Box::new(RoleUse {
            role_arn: role_arn.into(),
            service: API_GATEWAY,
            session: SESSION.to_owned(),
            source_arn: Some(source_arn.into()),
            task_role: None,
        }))
    }
}

/// One call of an AWS service, for a method or anything else inside this server.
#[derive(Clone, Debug)]
pub struct AwsCall {
    /// Account and region of what calls.
    pub owner: AccountRegion,
    /// The service's name, as in the ARNs of integrations: `states`, `lambda`, …
    pub service: String,
    /// The region that is called.
    pub region: String,
    /// Operation or path.
    pub operation: AwsOperation,
    /// Method of the backend call.
    pub method: Method,
    /// In whose name the call is made.
    pub call_as: CallAs,
    /// The ARN of what calls, for the policy of a function that is called without a role.
    pub source_arn: Option<String>,
    /// The headers; with `Content-Type`, without `Host` and signature.
    pub headers: HeaderMap,
    /// The query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How long the service may take.
    pub timeout: Duration,
}

/// A service's response; errors that the service returns are responses too.
#[derive(Clone, Debug)]
pub struct BackendResponse {
    /// The status code.
    pub status: http::StatusCode,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The response's body.
    pub body: Bytes,
}

/// A function's response that is still being written.
#[derive(Debug)]
pub struct BackendStream {
    /// The status code.
    pub status: http::StatusCode,
    /// The response's headers; with `X-Amz-Function-Error` if the function failed before it wrote anything.
    pub headers: HeaderMap,
    /// What the function writes. Fails with [`FunctionFailed`] if the function does.
    pub body: Body,
}

/// The function failed while it wrote its response; these are the details that Lambda gives, JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function failed while it wrote its response")]
pub struct FunctionFailed(pub String);

/// Why a service could not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// This server doesn't have the service, and the settings say nowhere else to call it.
    #[error(
        "this server doesn't have the service {service}, and its settings have no endpoint of it: set [services.{service}] \
         endpoint, or [services] default"
    )]
    UnknownService {
        /// Its name in the ARN.
        service: String,
    },
    /// The server has the service, but not this operation.
    #[error("{service} has no operation {operation}")]
    UnknownOperation {
        /// The service's name in the ARN.
        service: String,
        /// Operation or path in the ARN.
        operation: String,
    },
    /// The role can't be assumed.
    #[error("{reason}")]
    Credentials {
        /// The role's ARN.
        role: String,
        /// The reason, in the words of the service that wanted to.
        reason: String,
    },
    /// The service exists but could not be reached.
    #[error("the service did not answer")]
    Unreachable,
    /// The service did not answer within the call's time.
    #[error("the service did not answer in time")]
    TimedOut,
    /// The service's response broke off, or is ambiguous.
    #[error("the service's answer is malformed")]
    Malformed,
}

/// The services that `AWS` integrations can call.
pub trait Backends: Send + Sync + 'static {
    /// Makes `call`. Dropping the future stops waiting for it, but doesn't necessarily undo its effect.
    fn call(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendResponse, BackendError>>;

    /// Makes `call`, which invokes a function (`…/response-streaming-invocations`), and returns as soon as the
    /// function begins to answer. Dropping the body stops reading; the function may go on.
    fn stream(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendStream, BackendError>>;
}
