//! Lambda functions of this server, called in process: what a client would be answered, without a socket between.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use percent_encoding::percent_decode_str;

use crate::clock::{Clock, Ids};
use crate::functions::{
    Answer, Called, Error, Functions, Invocation, PAYLOAD_BYTES_MAX, Piece, Reference, Source,
};
use crate::gateway::{AwsCall, AwsOperation, BackendResponse, CallAs};
use crate::wire::{ApiError, Protocol};

/// The service's name.
pub(super) const NAME: &str = "lambda";
/// Who calls on behalf of an API.
const API_GATEWAY: &str = "apigateway.amazonaws.com";

/// The functions, and what makes calls of them.
pub(super) struct Local {
    pub(super) functions: Functions,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Local {
    /// Makes `call`, if it is the invocation of a function that is here; of one that isn't, too, if there is nowhere
    /// else to look for it.
    pub(super) async fn call(&self, call: &AwsCall, has_endpoint: bool) -> Option<BackendResponse> {
        if call.service != NAME {
            return None;
        }
        let AwsOperation::Path(path) = &call.operation else { return None };
        let label = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
        let label = percent_decode_str(label).decode_utf8().ok()?;
        let qualifier =
            call.query.iter().find(|(name, _)| name == "Qualifier").map(|(_, value)| value.as_str());
        let request_id = self.ids.uuid().to_string();
        let answer = match Reference::parse(&label, qualifier, &call.owner) {
            Err(_) if has_endpoint => return None,
            Err(error) => Err(error),
            Ok(reference) => {
                let is_here = self.functions.exists(&call.owner, &reference.name).await;
                if has_endpoint && matches!(is_here, Ok(false)) {
                    return None;
                }
                self.invoke(call, &reference, &request_id).await
            }
        };
        let mut response = match answer {
            Ok(response) => response,
            Err(error) => {
                let error = ApiError::from(error);
                let status = StatusCode::from_u16(error.status(Protocol::RestJson));
                let mut headers = HeaderMap::new();
                headers.insert("x-amzn-errortype", HeaderValue::from_static(error.code.name));
                BackendResponse {
                    status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                    headers,
                    body: error.json(Protocol::RestJson),
                }
            }
        };
        let headers = &mut response.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // What a client over HTTP sees besides.
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        headers.insert(CONTENT_LENGTH, response.body.len().into());
        add(headers, DATE, &self.clock.now().to_http_date());
        add(headers, HeaderName::from_static("x-amzn-requestid"), &request_id);
        Some(response)
    }

    async fn invoke(
        &self,
        call: &AwsCall,
        Reference { name, qualifier }: &Reference,
        request_id: &str,
    ) -> Result<BackendResponse, Error> {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let source = match (&call.call_as, &call.source_arn) {
            (CallAs::Api, Some(arn)) => Source::Service {
                principal: API_GATEWAY,
                arn: arn.clone(),
                account: call.owner.account.to_string(),
            },
            // Roles are not asked; callers in their own name have been.
            (CallAs::Api | CallAs::Role(_) | CallAs::Caller(_), _) => Source::Permitted,
        };
        let called = Called { home: &call.owner, name, qualifier: qualifier.as_deref(), source };
        let context = header("x-amz-client-context").and_then(|text| STANDARD.decode(text).ok());
        let context = context.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        let trace_id = header("x-amzn-trace-id").map_or_else(|| self.trace_id(), str::to_owned);
        let invocation = Invocation {
            request_id: request_id.to_owned(),
            payload: call.body.clone(),
            client_context: context.map(|context| context.to_string()),
            trace_id: Some(trace_id.clone()),
            ..Invocation::default()
        };
        let mut headers = HeaderMap::new();
        add(&mut headers, HeaderName::from_static("x-amzn-trace-id"), &trace_id);
        add(&mut headers, HeaderName::from_static("x-amzn-remapped-content-length"), "0");
        match header("x-amz-invocation-type") {
            Some("Event") => {
                self.functions.enqueue(called, invocation).await?;
                Ok(BackendResponse { status: StatusCode::ACCEPTED, headers, body: bytes::Bytes::new() })
            }
            Some("DryRun") => {
                self.functions.dry_run(called).await?;
                Ok(BackendResponse { status: StatusCode::NO_CONTENT, headers, body: bytes::Bytes::new() })
            }
            _ => {
                let Answer { executed_version, function_error, payload, log_tail } =
                    self.functions.invoke(called, invocation).await?;
                let (body, broken) = payload.collect(PAYLOAD_BYTES_MAX).await;
                let (function_error, body) = match broken {
                    Some(Piece::Failed { details, .. }) => (Some("Unhandled"), details.into()),
                    Some(Piece::Data(_)) | None => (function_error, body),
                };
                add(&mut headers, HeaderName::from_static("x-amz-executed-version"), &executed_version);
                if let Some(error) = function_error {
                    add(&mut headers, HeaderName::from_static("x-amz-function-error"), error);
                }
                if header("x-amz-log-type") == Some("Tail") {
                    add(
                        &mut headers,
                        HeaderName::from_static("x-amz-log-result"),
                        &STANDARD.encode(log_tail),
                    );
                }
                Ok(BackendResponse { status: StatusCode::OK, headers, body })
            }
        }
    }

    /// A trace that begins here: version, time, and 96 bits.
    fn trace_id(&self) -> String {
        let id = self.ids.uuid().simple().to_string();
        format!("Root=1-{:08x}-{};Sampled=0", self.clock.now().as_seconds(), &id[8..])
    }
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
