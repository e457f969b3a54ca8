//! The port through which `AWS` integrations call services.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::api::ApiId;
use crate::id::AccountRegion;
use crate::identity::Caller;

/// A boxed future, so that ports can be used as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which operation of a service to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsOperation {
    /// `arn:aws:apigateway:R:states:action/StartExecution`: an operation by name.
    Action(String),
    /// `arn:aws:apigateway:R:states:path/…`: a path of the service's HTTP API, with a leading `/`.
    Path(String),
}

/// In whose name a service is called.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAs {
    /// API Gateway's own: the integration has no credentials.
    Api,
    /// The role of this ARN.
    Role(String),
    /// The caller who signed the request.
    Caller(Box<Caller>),
}

/// One call of an AWS service for a method.
#[derive(Clone, Debug)]
pub struct AwsCall {
    /// Account and region of the calling API.
    pub owner: AccountRegion,
    /// The calling API.
    pub api_id: ApiId,
    /// Service name of the integration's ARN: `states`, `lambda`, …
    pub service: String,
    /// Region of the integration's ARN.
    pub region: String,
    /// Operation or path.
    pub operation: AwsOperation,
    /// Method of the backend call.
    pub method: Method,
    /// In whose name the call is made.
    pub call_as: CallAs,
    /// The ARN of what calls, for the policy of a function that is called without a role.
    pub source_arn: Option<String>,
    /// The mapped headers; with `Content-Type`, without `Host` and signature.
    pub headers: HeaderMap,
    /// The mapped query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The mapped body.
    pub body: Bytes,
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

/// Why a service could not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// This server doesn't have the service.
    #[error("the service {service} is not available to integrations")]
    UnknownService {
        /// Its name in the ARN.
        service: String,
    },
    /// The server has the service, but not this operation.
    #[error("{service} has no operation {operation} for integrations")]
    UnknownOperation {
        /// The service's name in the ARN.
        service: String,
        /// Operation or path in the ARN.
        operation: String,
    },
    /// The role does not exist, can't be assumed, or may not make the call.
    #[error("the role {role} may not be used: {reason}")]
    Credentials {
        /// The role's ARN.
        role: String,
        /// The reason.
        reason: String,
    },
    /// The service exists but could not be reached.
    #[error("the service did not answer")]
    Unreachable,
    /// The service's response broke off, or is ambiguous.
    #[error("the service's answer is malformed")]
    Malformed,
}

/// The services that `AWS` integrations can call.
pub trait Backends: Send + Sync + 'static {
    /// Makes `call`. Dropping the future stops waiting for it, but doesn't necessarily undo its effect.
    fn call(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendResponse, BackendError>>;
}
