//! Calls of AWS operations in the name of whoever has signed in.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::failure::Failure;
use crate::gateway::{AwsCall, AwsOperation, CallAs};
use crate::id::{AccountRegion, Region};
use crate::identity::Caller;
use crate::wire::client::{AwsClient, SendError, TIMEOUT, json_output};

/// Calls operations as one caller, in one region.
#[derive(Clone)]
pub(super) struct Aws {
    client: Arc<AwsClient>,
    caller: Caller,
    region: Region,
}

impl Aws {
    pub(super) fn new(client: Arc<AwsClient>, caller: Caller, region: Region) -> Self {
        Self { client, caller, region }
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The same in the region of an ARN, if it names one.
    pub(super) fn where_is(&self, arn: &str) -> Self {
        let region = arn.split(':').nth(3).and_then(Region::parse);
        Self { region: region.unwrap_or_else(|| self.region.clone()), ..self.clone() }
    }

    /// The output of an operation, whose input has the members of the service model.
    ///
    /// # Errors
    /// What the service says, also that the caller may not.
    pub(super) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value, Failure> {
        let call = AwsCall {
            owner: AccountRegion { account: self.caller.account.clone(), region: self.region.clone() },
            service: service.to_owned(),
            region: self.region.to_string(),
            operation: AwsOperation::Json(operation.to_owned()),
            method: Method::POST,
            call_as: CallAs::Caller(Box::new(self.caller.clone())),
            source_arn: None,
            headers: HeaderMap::new(),
            query: Vec::new(),
            body: input.to_string().into(),
            timeout: TIMEOUT,
        };
        match self.client.send(call).await {
            Ok(response) => json_output(&response).map_err(|error| {
                let message = error.message.unwrap_or_else(|| format!("{operation} failed."));
                // Services that speak JSON say all of it with 400.
                let status = match error.code.as_str() {
                    code if code.starts_with("AccessDenied") => StatusCode::FORBIDDEN,
                    code if code.ends_with("DoesNotExist") => StatusCode::NOT_FOUND,
                    _ => error.status,
                };
                Failure { status, code: error.code, message }
            }),
            Err(error) => {
                tracing::warn!(service, operation, error = &error as &dyn std::error::Error, "no answer");
                let status = match &error {
                    SendError::Refused(_) => StatusCode::BAD_GATEWAY,
                    SendError::Http(_) => StatusCode::GATEWAY_TIMEOUT,
                };
                Err(Failure::new(status, "ServiceUnavailable", format!("{operation}: {error}")))
            }
        }
    }

    /// An operation of Step Functions.
    pub(super) async fn states(&self, operation: &str, input: Value) -> Result<Value, Failure> {
        self.call("states", operation, input).await
    }

    /// An operation of API Gateway.
    pub(super) async fn apigateway(&self, operation: &str, input: Value) -> Result<Value, Failure> {
        self.call("apigateway", operation, input).await
    }
}

/// A member that is text; empty if it isn't there.
pub(super) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A member that is a list; empty if it isn't there.
pub(super) fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A time, which AWS tells in seconds, in milliseconds.
pub(super) fn millis(value: &Value, member: &str) -> Option<i64> {
    let seconds = value.get(member)?.as_f64()?;
    // Times of services are far from where this would round.
    #[allow(clippy::cast_possible_truncation)]
    Some((seconds * 1000.0).round() as i64)
}
