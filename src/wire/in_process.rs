//! Calls from inside this server: requests that need no signature, because they say who calls.

use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use serde_json::Value;

use super::api::{Api, run, take_payload};
use super::call::{Behalf, Call, trace_id};
use super::protocol::{self, Decoded};
use super::{ApiError, Code, Operation, Reply, ReplyBody, Service};
use crate::connect::{Response, full};
use crate::id::Region;
use crate::identity::{Caller, TargetUri};

/// A call of one of this server's services.
pub(super) struct Inside {
    form: Form,
    caller: Caller,
    region: Region,
    behalf: Option<Behalf>,
}

enum Form {
    /// As a client would send it.
    Request { uri: TargetUri, parts: Box<Parts>, body: Bytes },
    /// An operation with its input as JSON.
    Input { operation: String, input: Bytes },
    /// The same as a request of AWS's JSON protocols has it: so the answer is written.
    Action { operation: String, input: Bytes, trace_id: Option<String> },
}

/// Why there is no response of a service.
pub(super) enum Failed {
    /// No operation is called so; with the response that a client would get.
    UnknownOperation(Response),
    /// This server itself failed, its disk most likely: no response that could be mapped.
    Inside,
}

impl Inside {
    /// A request; `None` if it has no valid target.
    pub(super) fn request(
        mut parts: Parts,
        body: Bytes,
        caller: Caller,
        region: Region,
        behalf: Option<Behalf>,
    ) -> Option<Self> {
        let uri = TargetUri::take(&mut parts).ok()?;
        parts.uri = Uri::default();
        let form = Form::Request { uri, parts: Box::new(parts), body };
        Some(Self { form, caller, region, behalf })
    }

    /// An operation of a service that speaks JSON, as a request that names it would call it. Making that request and reading
    /// it again would take longer than what is called.
    pub(super) fn action(
        operation: String,
        (input, trace_id): (Bytes, Option<String>),
        caller: Caller,
        region: Region,
        behalf: Option<Behalf>,
    ) -> Self {
        Self { form: Form::Action { operation, input, trace_id }, caller, region, behalf }
    }

    /// An operation with its input as JSON, all members under their own names.
    pub(super) fn input(
        operation: String,
        input: Bytes,
        caller: Caller,
        region: Region,
        behalf: Option<Behalf>,
    ) -> Self {
        Self { form: Form::Input { operation, input }, caller, region, behalf }
    }
}

impl Api {
    /// Whether `service` says that what is called is here, although the settings have an endpoint for the service.
    pub(super) async fn holds(&self, service: &'static Service, inside: Inside) -> bool {
        let Some(split) = service.special.split else { return false };
        let Inside { form, caller, region, .. } = inside;
        let (operation, decoded) = match self.read(service, form).await {
            Ok(read) if split.elsewhere.contains(&read.0.name) => read,
            // What is wrong with the request, is said here.
            Ok(_) | Err(_) => return true,
        };
        match self.call(operation, decoded, caller, region, String::new(), None) {
            Ok(call) => (split.holds)(&call).await,
            // Whoever has it says what is wrong with the request.
            Err(_) => false,
        }
    }

    /// Whether the caller may make this call, if `service` were asked.
    pub(super) async fn permits_request(
        &self,
        service: &'static Service,
        inside: Inside,
    ) -> Result<(), ApiError> {
        let (caller, region) = (inside.caller.clone(), inside.region.clone());
        let (operation, decoded) = self.read(service, inside.form).await?;
        self.permit(operation, &decoded.input, &caller, &region).await
    }

    /// Carries a call out, and writes the response as a client would get it; that of an operation whose input is JSON
    /// as JSON.
    pub(super) async fn perform(
        &self,
        service: &'static Service,
        inside: Inside,
    ) -> Result<Response, Failed> {
        let request_id = self.ids.uuid().to_string();
        let is_json = matches!(inside.form, Form::Input { .. });
        let mut operation = None;
        let result = match self.prepare(service, inside, request_id.clone()).await {
            Ok(call) => {
                operation = Some(call.operation);
                run(call).await
            }
            Err(error) => Err(error),
        };
        match (result, operation) {
            (Ok(reply), Some(_)) if is_json => Ok(json_reply(&reply, &request_id)),
            (Ok(reply), Some(operation)) => Ok(protocol::render_reply(operation, reply, &request_id)),
            (Ok(_), None) => Err(Failed::Inside),
            (Err(error), _) => {
                let render = if is_json { protocol::render_json_error } else { protocol::render_error };
                let response = render(service.protocol, &error, &request_id);
                match error.code {
                    Code::UnknownOperation => Err(Failed::UnknownOperation(response)),
                    Code::InternalFailure | Code::ServiceUnavailable => Err(Failed::Inside),
                    _ => Ok(response),
                }
            }
        }
    }

    /// The call that its handler gets: permitted and checked.
    pub(super) async fn prepare(
        &self,
        service: &'static Service,
        inside: Inside,
        request_id: String,
    ) -> Result<Call, ApiError> {
        let Inside { form, caller, region, behalf } = inside;
        let trace_id = match &form {
            Form::Request { parts, .. } => trace_id(&parts.headers),
            Form::Action { trace_id, .. } => trace_id.clone(),
            Form::Input { .. } => None,
        };
        let (operation, decoded) = self.read(service, form).await?;
        self.permit(operation, &decoded.input, &caller, &region).await?;
        let call = self.call(operation, decoded, caller, region, request_id, trace_id)?;
        self.check_assigned(&call).await?;
        Ok(Call { behalf, ..call })
    }

    async fn read(
        &self,
        service: &'static Service,
        form: Form,
    ) -> Result<(&'static Operation, Decoded), ApiError> {
        match form {
            Form::Request { uri, parts, body } => {
                let operation = self.routes.find(service, &uri, &parts, &body)?;
                let (decoded, _held) = self.decode(operation, &uri, &parts, body, None).await?;
                Ok((operation, decoded?))
            }
            Form::Input { operation, input } => {
                let operation = self.routes.named(service, &operation);
                let operation = operation.ok_or_else(|| ApiError::bare(Code::UnknownOperation))?;
                let mut input: Value = protocol::aws_json::decode(&input)?;
                let payload = take_payload(operation, &mut input);
                Ok((operation, Decoded { input, payload }))
            }
            Form::Action { operation, input, .. } => {
                let operation = self.routes.named(service, &operation);
                let operation = operation.ok_or_else(|| ApiError::bare(Code::UnknownOperation))?;
                let input = protocol::aws_json::decode(&input)?;
                Ok((operation, Decoded { input, payload: Bytes::new() }))
            }
        }
    }
}

/// Every output is JSON, or a document.
fn json_reply(reply: &Reply, request_id: &str) -> Response {
    let body = match &reply.body {
        ReplyBody::Json(bytes) | ReplyBody::Raw { bytes, .. } => bytes.clone(),
        // What is streamed is for those who read it as it comes.
        ReplyBody::Empty | ReplyBody::Stream { .. } => Bytes::from_static(b"{}"),
    };
    let mut response = Response::new(full(body));
    protocol::name_call(response.headers_mut(), request_id);
    response
}
