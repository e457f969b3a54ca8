//! The port through which `AWS` integrations reach services that live in this house.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::api::ApiId;
use crate::id::AccountRegion;
use crate::identity::Caller;

/// A boxed future; ports return it so that they can be held as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What of a service is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsOperation {
    /// `arn:aws:apigateway:R:states:action/StartExecution`: an operation by name.
    Action(String),
    /// `arn:aws:apigateway:R:states:path/…`: a path of the service's HTTP API, with a leading `/`.
    Path(String),
}

/// Under whose name a service is called.
#[derive(Clone, Debug, PartialEq)]
pub enum CallAs {
    /// API Gateway's own: the integration names no credentials.
    Api,
    /// The role of this ARN.
    Role(String),
    /// Whoever signed the request.
    Caller(Box<Caller>),
}

/// One call of an AWS service on behalf of a method.
#[derive(Clone, Debug)]
pub struct AwsCall {
    /// Account and region of the API that calls.
    pub owner: AccountRegion,
    /// The API that calls.
    pub api_id: ApiId,
    /// Service name of the integration's ARN: `states`, `lambda`, …
    pub service: String,
    /// Region of the integration's ARN.
    pub region: String,
    /// Operation or path.
    pub operation: AwsOperation,
    /// Verb of the backend call.
    pub method: Method,
    /// Under whose name the call is made.
    pub call_as: CallAs,
    /// Headers, as mapped; with `Content-Type`, without `Host` and signature.
    pub headers: HeaderMap,
    /// Decoded query parameters, as mapped, in order.
    pub query: Vec<(String, String)>,
    /// Body, as mapped.
    pub body: Bytes,
}

/// What a service answered; errors of the service's own are answers as well.
#[derive(Clone, Debug)]
pub struct BackendResponse {
    /// Status.
    pub status: http::StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// Why a service could not be called at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// No such service in this house.
    #[error("the service {service} is not available to integrations")]
    UnknownService {
        /// Name in the ARN.
        service: String,
    },
    /// The service is here, but not this operation.
    #[error("{service} has no operation {operation} for integrations")]
    UnknownOperation {
        /// Name in the ARN.
        service: String,
        /// Operation or path in the ARN.
        operation: String,
    },
    /// The role does not exist, can't be assumed, or may not make the call.
    #[error("the role {role} may not be used: {reason}")]
    Credentials {
        /// The role's ARN.
        role: String,
        /// What is missing.
        reason: String,
    },
    /// The service is here but could not be reached.
    #[error("the service did not answer")]
    Unreachable,
    /// The service's answer broke off, or can't be read beyond doubt.
    #[error("the service's answer is malformed")]
    Malformed,
}

/// Services that `AWS` integrations can call.
pub trait Backends: Send + Sync + 'static {
    /// Makes `call`. Dropping the future cancels waiting, not necessarily the call's effect.
    fn call(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendResponse, BackendError>>;
}
