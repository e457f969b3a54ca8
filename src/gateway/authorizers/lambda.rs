//! Calls an authorizer's function and interprets its result.

use std::time::Duration;

use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

use super::compiled::LambdaAuthorizer;
use super::facts::AuthorizerFacts;
use super::verdict::Verdict;
use crate::apis::AuthorizerId;
use crate::gateway::access::api_arn;
use crate::gateway::backends::{AwsCall, BackendError, BackendResponse, Backends, CallAs};
use crate::gateway::compile::CompiledStage;
use crate::gateway::refusal::Refusal;

/// The function's timeout.
const TIMEOUT: Duration = Duration::from_secs(29);
/// The error with which a function rejects a token; any other error is a failure.
const UNAUTHORIZED: &str = "Unauthorized";

/// The result of a call.
pub(super) enum Answer {
    /// The function's response.
    Given(BackendResponse),
    /// It could not be called, or timed out; says why.
    Failed(String),
}

/// Calls the function with `event`.
pub(super) async fn call(
    backends: &dyn Backends,
    authorizer: &LambdaAuthorizer,
    id: &AuthorizerId,
    stage: &CompiledStage,
    event: &Value,
) -> Answer {
    let mut headers = HeaderMap::with_capacity(2);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(agent) = HeaderValue::try_from(format!("AmazonAPIGateway_{}", stage.api_id)) {
        headers.insert(USER_AGENT, agent);
    }
    let source_arn = format!("{}/authorizers/{}", api_arn(&stage.owner, stage.api_id.as_str()), id);
    let call_as =
        authorizer.credentials.as_ref().map_or(CallAs::Api, |role| CallAs::role(role, source_arn.clone()));
    let call = AwsCall {
        owner: stage.owner.clone(),
        service: authorizer.target.service.clone(),
        region: authorizer.target.region.clone(),
        operation: authorizer.target.unfilled(),
        method: Method::POST,
        call_as,
        source_arn: Some(source_arn),
        headers,
        query: authorizer.target.query.clone(),
        body: event.to_string().into(),
        timeout: TIMEOUT,
    };
    match tokio::time::timeout(TIMEOUT, backends.call(call)).await {
        Err(_) => Answer::Failed("the function did not answer in time".to_owned()),
        Ok(Err(error)) => Answer::Failed(match error {
            BackendError::UnknownService { .. }
            | BackendError::UnknownOperation { .. }
            | BackendError::Credentials { .. }
            | BackendError::Unreachable
            | BackendError::TimedOut
            | BackendError::Malformed => error.to_string(),
        }),
        Ok(Ok(response)) => Answer::Given(response),
    }
}

/// Interprets the result. Errors are recorded in `facts` and logged, except rejected tokens, which are not logged.
pub(super) fn read(answer: &Answer, facts: &mut AuthorizerFacts) -> Result<Verdict, Refusal> {
    let failure = |facts: &mut AuthorizerFacts, refusal: Refusal, reason: String| {
        facts.status = Some(500);
        facts.error = Some(reason);
        Err(refusal)
    };
    let response = match answer {
        Answer::Given(response) => response,
        Answer::Failed(reason) => return failure(facts, Refusal::AuthorizerFailure, reason.clone()),
    };
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
    facts.integration_status = Some(response.status.as_u16());
    facts.request_id = header("x-amzn-requestid").map(str::to_owned);
    if !response.status.is_success() {
        let reason = format!("Lambda answered with status {}", response.status.as_u16());
        return failure(facts, Refusal::AuthorizerFailure, reason);
    }
    if header("x-amz-function-error").is_some() {
        let error: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if error.get("errorMessage").and_then(Value::as_str) == Some(UNAUTHORIZED) {
            facts.status = Some(401);
            facts.error = Some(UNAUTHORIZED.to_owned());
            return Err(Refusal::Unauthorized);
        }
        return failure(facts, Refusal::AuthorizerFailure, "the function failed".to_owned());
    }
    match Verdict::parse(&response.body) {
        Ok(verdict) => {
            facts.status = Some(200);
            Ok(verdict)
        }
        Err(malformed) => failure(facts, Refusal::AuthorizerConfiguration, malformed.to_string()),
    }
}
