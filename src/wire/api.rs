//! The two ways in: HTTP requests, and calls in process.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::Value;

use super::check::check;
use super::permission;
use super::protocol::{self, Decoded, Routes, unserved};
use super::{
    ApiError, Call, Code, Handler, Operation, Permission, Protocol, Reply, ReplyBody, Service, Services,
};
use crate::clock::{Clock, Ids};
use crate::connect::{Body, Error as BodyError, Request, Response};
use crate::gateway::{Bulkhead, Held, Scarce};
use crate::id::{AccountRegion, Region};
use crate::identity::iam::Iam;
use crate::identity::{
    AuthError, Authenticated, Authenticator, CallFacts, Caller, Head, Principal, TargetUri, is_signed,
};
use crate::meter;

/// How much is read of a request that belongs to no service.
const UNKNOWN_BYTES_MAX: usize = 1_048_576;

/// The AWS APIs. Clones share everything.
#[derive(Clone)]
pub struct Api {
    services: Arc<Services>,
    routes: Arc<Routes>,
    authenticator: Arc<Authenticator>,
    iam: Iam,
    pub(super) bodies: Arc<Bulkhead>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// What is known of a request when its answer is rendered.
struct Outcome {
    service: Option<&'static Service>,
    operation: Option<&'static Operation>,
    result: Result<Reply, ApiError>,
}

impl Api {
    /// Serves the operations of `services` to whom `authenticator` knows, as far as the policies in `iam` allow. Large
    /// request bodies share the memory of `bodies`.
    pub fn new(
        services: Services,
        authenticator: Arc<Authenticator>,
        iam: Iam,
        bodies: Arc<Bulkhead>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let routes = Arc::new(Routes::new(&services));
        Self { services: Arc::new(services), routes, authenticator, iam, bodies, clock, ids }
    }

    /// The services.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// The service that a request is for, as far as its head tells: by target, signature or path.
    ///
    /// Nothing here is verified; it is what the front door may route by.
    pub fn service_of(&self, headers: &HeaderMap, uri: &TargetUri) -> Option<&'static Service> {
        self.routes.service(&self.services, headers, uri)
    }

    /// Answers a request. Whatever is wrong with it, the answer is shaped as AWS shapes it.
    ///
    /// The future is boxed: this is where the types of all handlers end.
    pub fn handle(&self, uri: TargetUri, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let api = self.clone();
        Box::pin(async move { api.respond(&uri, request).await })
    }

    async fn respond(&self, uri: &TargetUri, request: Request) -> Response {
        let started = self.clock.monotonic();
        let request_id = self.ids.uuid().to_string();
        let (parts, body) = request.into_parts();
        let Outcome { service, operation, result } = self.answer(uri, &parts, body, &request_id).await;

        let labels = [
            ("service", service.map_or("unknown", |service| service.name)),
            ("operation", operation.map_or("unknown", |operation| operation.name)),
        ];
        let code = result.as_ref().map_or_else(|error| error.code.name, |_| "ok");
        let [service_label, operation_label] = labels;
        metrics::counter!(meter::API_CALLS, [service_label, operation_label, ("code", code)].as_slice())
            .increment(1);
        let taken = self.clock.monotonic().saturating_sub(started);
        metrics::histogram!(meter::API_SECONDS, labels.as_slice()).record(taken.as_secs_f64());

        match (result, operation) {
            (Ok(reply), Some(operation)) => {
                let reply = (operation.service.special.reply)(uri, &parts.headers, reply);
                protocol::render_reply(operation, reply, &request_id)
            }
            (Ok(_), None) => unreachable!("only operations reply"),
            (Err(error), _) => match service {
                Some(service) => protocol::render_error(service.protocol, &error, &request_id),
                None => match unserved::name(&self.services, &parts.headers, uri) {
                    Some(name) => unserved::render(&name, &parts.headers, uri, &error, &request_id),
                    None => protocol::render_error(guessed_protocol(uri, &parts), &error, &request_id),
                },
            },
        }
    }

    /// Calls an operation in process, as `caller` in `region`. `input` is a JSON object of all members under
    /// their own names, wherever a request would carry them; a payload is a text.
    ///
    /// Returns the output as JSON, `{}` if there is none.
    pub async fn invoke(
        &self,
        service: &Service,
        operation: &str,
        input: Bytes,
        caller: Caller,
        region: Region,
    ) -> Result<Bytes, ApiError> {
        let operation = self.routes.named(service, operation);
        let operation = operation.ok_or_else(|| ApiError::bare(Code::UnknownOperation))?;
        let mut input = protocol::aws_json::decode(&input)?;
        self.permit(operation, &input, &caller, &region).await?;
        let payload = take_payload(operation, &mut input);
        let request_id = self.ids.uuid().to_string();
        let decoded = Decoded { input, payload };
        let call = self.call(operation, decoded, caller, region, request_id, None)?;
        let reply = run(call).await?;
        Ok(match reply.body {
            ReplyBody::Empty => Bytes::from_static(b"{}"),
            ReplyBody::Json(bytes) | ReplyBody::Raw { bytes, .. } => bytes,
            // What is streamed is for those who read it as it comes.
            ReplyBody::Stream { .. } => return Err(ApiError::bare(Code::UnsupportedOperation)),
        })
    }

    async fn answer(&self, uri: &TargetUri, parts: &Parts, body: Body, request_id: &str) -> Outcome {
        let service = self.service_of(&parts.headers, uri);
        let refuse = |service, error| Outcome { service, operation: None, result: Err(error) };
        if let Some(name) =
            service.is_none().then(|| unserved::name(&self.services, &parts.headers, uri)).flatten()
        {
            // What is sent is read to its end, as far as it is small: clients that still write miss the answer.
            let _ = self.bodies.collect_up_to(body, UNKNOWN_BYTES_MAX).await;
            return refuse(None, unserved::error(&name));
        }
        if !is_signed(&parts.headers, uri) {
            return refuse(service, AuthError::MissingToken.into());
        }
        // Large bodies reserve memory from the shared budget before they are read.
        let bytes_max = service.map_or(UNKNOWN_BYTES_MAX, |service| service.body_bytes_max);
        let (body, _held) = match self.bodies.collect_up_to(body, bytes_max).await {
            Ok(body) => body,
            Err(error) => return refuse(service, body_error(&error)),
        };
        let Some(service) = service else {
            return refuse(None, ApiError::bare(Code::UnknownOperation));
        };
        let found = self.routes.find(service, uri, parts, &body);
        let operation = found.as_ref().ok().copied();
        // Who may not call learns nothing about what could be called.
        let authenticated = self.authenticator.authenticate(Head::new(parts, uri), &body, service.name);
        let result = match authenticated {
            Err(error) => Err(error.into()),
            Ok(authenticated) => match found {
                Ok(operation) => match self.decode(operation, uri, parts, body).await {
                    Ok((decoded, _held)) => {
                        self.carry_out(operation, decoded, parts, authenticated, request_id).await
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            },
        };
        Outcome { service: Some(service), operation, result }
    }

    /// Decodes a request, a large one on the blocking pool, and holds the memory that is reserved for its values.
    async fn decode(
        &self,
        operation: &'static Operation,
        uri: &TargetUri,
        parts: &Parts,
        body: Bytes,
    ) -> Result<(Result<Decoded, ApiError>, Option<Held>), ApiError> {
        if !Bulkhead::is_large(&body) {
            return Ok((protocol::decode(operation, uri, parts, body), None));
        }
        let (text, uri, parts) = (body.clone(), uri.clone(), parts.clone());
        let parsed = self.bodies.parse(&text, move || protocol::decode(operation, &uri, &parts, body));
        parsed.await.map_err(|scarce| match scarce {
            Scarce::Never => ApiError::new(
                Code::RequestEntityTooLarge,
                "Reading the request would take more memory than this server has for it.",
            ),
            Scarce::Now => ApiError::bare(Code::ServiceUnavailable),
        })
    }

    async fn carry_out(
        &self,
        operation: &'static Operation,
        decoded: Result<Decoded, ApiError>,
        parts: &Parts,
        Authenticated { caller, region }: Authenticated,
        request_id: &str,
    ) -> Result<Reply, ApiError> {
        let decoded = decoded?;
        self.permit(operation, &decoded.input, &caller, &region).await?;
        let trace_id = parts.headers.get("x-amzn-trace-id").and_then(|id| id.to_str().ok());
        let trace_id = trace_id.map(str::to_owned);
        run(self.call(operation, decoded, caller, region, request_id.to_owned(), trace_id)?).await
    }

    /// Whether the caller's own policies allow a call; those of accounts and of this server's own roles aren't asked.
    async fn permit(
        &self,
        operation: &Operation,
        input: &Value,
        caller: &Caller,
        region: &Region,
    ) -> Result<(), ApiError> {
        match caller.principal {
            Principal::Account | Principal::Service => Ok(()),
            Principal::Session(_) => {
                let home = AccountRegion { account: caller.account.clone(), region: region.clone() };
                let needed = permission::needed(operation, input, &home);
                self.check(caller, region, &needed).await
            }
        }
    }

    /// Whether the caller's own policies allow an `action`, such as `lambda:InvokeFunction`, on the `resource` of this
    /// ARN, of a service elsewhere.
    ///
    /// # Errors
    /// [`Code::AccessDenied`] in AWS's words.
    pub async fn permits(
        &self,
        caller: &Caller,
        region: &Region,
        action: String,
        resource: String,
    ) -> Result<(), ApiError> {
        self.check(caller, region, &[Permission { action, resource }]).await
    }

    async fn check(&self, caller: &Caller, region: &Region, needed: &[Permission]) -> Result<(), ApiError> {
        let grants = self.iam.grants(caller).await?;
        let now = self.clock.now();
        let facts = CallFacts { caller, now, region: Some(region), external_id: None };
        permission::check(&grants, &facts, needed)
    }

    fn call(
        &self,
        operation: &'static Operation,
        decoded: Decoded,
        caller: Caller,
        region: Region,
        request_id: String,
        trace_id: Option<String>,
    ) -> Result<Call, ApiError> {
        let Decoded { mut input, payload } = decoded;
        check(operation, &mut input, !payload.is_empty())?;
        let home = AccountRegion { account: caller.account.clone(), region };
        (operation.service.special.check)(operation, &input, &home)?;
        let state = self.services.state(operation.service);
        let state = state.ok_or_else(|| ApiError::bare(Code::UnknownOperation))?.clone();
        Ok(Call { state, caller, home, operation, request_id, trace_id, input, payload })
    }
}

async fn run(call: Call) -> Result<Reply, ApiError> {
    match call.operation.handler {
        Handler::Supported(handler) => handler(call).await,
        Handler::Unsupported => Err(ApiError::new(
            Code::UnsupportedOperation,
            format!("The operation {} is not supported by this server.", call.operation.name),
        )),
    }
}

fn take_payload(operation: &Operation, input: &mut Value) -> Bytes {
    let member = operation.input.members.iter().find(|m| m.location == super::Location::Payload);
    let taken = member.and_then(|member| input.as_object_mut()?.remove(member.name));
    match taken {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) => text.into(),
        // A document given as JSON rather than as a text of JSON.
        Some(value) => value.to_string().into(),
    }
}

fn body_error(error: &BodyError) -> ApiError {
    match error {
        BodyError::TooLarge { bytes_max } => ApiError::new(
            Code::RequestEntityTooLarge,
            format!("Request body exceeds the maximum size of {bytes_max} bytes"),
        ),
        BodyError::NoRoom => ApiError::bare(Code::ServiceUnavailable),
        BodyError::InvalidAddress(_)
        | BodyError::Refused(_)
        | BodyError::Connect(_)
        | BodyError::Tls(_)
        | BodyError::Timeout
        | BodyError::Broken(_)
        | BodyError::Answer(_)
        | BodyError::Body(_) => ApiError::new(Code::Serialization, "the request body broke off"),
    }
}

/// How to answer a request that belongs to no service.
fn guessed_protocol(uri: &TargetUri, parts: &Parts) -> Protocol {
    let is_form = parts
        .headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|media| media.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    match uri.path() {
        "/" if is_form => Protocol::QUERY,
        "/" => Protocol::JSON_10,
        _ => Protocol::RestJson,
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let code = match &error {
            AuthError::MissingToken => Code::MissingAuthenticationToken,
            AuthError::Incomplete(_) => Code::IncompleteSignature,
            AuthError::UnrecognizedClient => Code::UnrecognizedClient,
            AuthError::ExpiredToken => Code::ExpiredToken,
            AuthError::Invalid(_) => Code::InvalidSignature,
        };
        Self::new(code, error.to_string())
    }
}
