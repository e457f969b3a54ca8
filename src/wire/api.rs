//! The way in for HTTP requests. [`in_process`](super::in_process) has the other.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use http::request::Parts;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::audit::{self, Audit, Audited, CalledFrom};
use super::call::trace_id;
use super::check::check;
use super::cors;
use super::permission::{self, Decided};
use super::protocol::{self, Decoded, Routes, unserved};
use super::{ApiError, Call, Code, Handler, Location, Operation, Protocol, Reply, Service, Services};
use crate::clock::{Clock, Ids};
use crate::connect::{Body, Error as BodyError, Request, Response, skip};
use crate::gateway::{Bulkhead, Held, Scarce};
use crate::id::{AccountRegion, Region};
use crate::identity::iam::Iam;
use crate::identity::{AuthError, Authenticated, Authenticator, Caller, Claim, Head, TargetUri, is_signed};
use crate::meter;

/// The largest body of a request without a signature.
const UNSIGNED_BYTES_MAX: usize = 65_536;
/// How much is read of a request that belongs to no service.
pub(super) const UNKNOWN_BYTES_MAX: usize = 1_048_576;

/// The AWS APIs. Clones share everything.
#[derive(Clone)]
pub struct Api {
    services: Arc<Services>,
    pub(super) routes: Arc<Routes>,
    pub(super) authenticator: Arc<Authenticator>,
    iam: Iam,
    pub(super) bodies: Arc<Bulkhead>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) audit: Option<Arc<dyn Audit>>,
}

/// What is known of a request when its answer is rendered.
pub(super) struct Outcome {
    pub(super) service: Option<&'static Service>,
    pub(super) operation: Option<&'static Operation>,
    /// Who called; kept for the audit log only.
    pub(super) caller: Option<Authenticated>,
    /// What policies said of it; likewise.
    pub(super) decided: Vec<Decided>,
    pub(super) result: Result<Reply, ApiError>,
}

impl Outcome {
    fn refused(service: Option<&'static Service>, error: ApiError) -> Self {
        Self { service, operation: None, caller: None, decided: Vec::new(), result: Err(error) }
    }
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
        Self { services: Arc::new(services), routes, authenticator, iam, bodies, clock, ids, audit: None }
    }

    /// The same, with a log of all calls of clients.
    #[must_use]
    pub fn with_audit(self, audit: Arc<dyn Audit>) -> Self {
        Self { audit: Some(audit), ..self }
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
        if cors::is_preflight(&parts) {
            let by_path = self.service_of(&parts.headers, uri);
            if let Some(response) = cors::preflight(&self.services, by_path, &parts.headers) {
                return response;
            }
        }
        let Outcome { service, operation, caller, decided, result } =
            self.answer(uri, &parts, body, &request_id).await;

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

        if let Some(audit) = &self.audit {
            let audited = Audited {
                time: self.clock.now(),
                request_id: &request_id,
                source: parts.extensions.get::<CalledFrom>().copied(),
                headers: &parts.headers,
                caller: caller.as_ref(),
                service: service.map(|service| service.name),
                operation: operation.map(|operation| operation.name),
                decided: &decided,
                page: None,
                error: result.as_ref().err().map(audit::name_and_message),
            };
            audit.record(audited.line());
        }

        let mut response = match (result, operation) {
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
        };
        cors::open(service, &parts.headers, &mut response);
        response
    }

    async fn answer(&self, uri: &TargetUri, parts: &Parts, body: Body, request_id: &str) -> Outcome {
        let service = self.service_of(&parts.headers, uri);
        let refuse = |service, error| Outcome::refused(service, error);
        if let Some(name) =
            service.is_none().then(|| unserved::name(&self.services, &parts.headers, uri)).flatten()
        {
            // What is sent is read to its end, as far as it is small: clients that still write miss the answer.
            skip(body, UNKNOWN_BYTES_MAX).await;
            return refuse(None, unserved::error(&name));
        }
        if let Some(service) = service.filter(|it| matches!(it.protocol, Protocol::RestXml { .. })) {
            return self.answer_streamed(service, uri, parts, body, request_id).await;
        }
        if !is_signed(&parts.headers, uri) {
            return self.answer_anyone(service, uri, parts, body, request_id).await;
        }
        let Some(known) = service else {
            skip(body, UNKNOWN_BYTES_MAX).await;
            return refuse(None, ApiError::bare(Code::UnknownOperation));
        };
        // Nobody reserves memory for a body with a key that is not known here.
        let claim = match self.authenticator.claim(Head::new(parts, uri), known.name) {
            Ok(claim) => claim,
            Err(error) => {
                skip(body, UNKNOWN_BYTES_MAX).await;
                return refuse(service, error.into());
            }
        };
        let service = known;
        let (body, held) = match self.bodies.collect_for_aws(body, service.body_bytes_max).await {
            Ok(body) => body,
            Err(error) => return refuse(Some(service), body_error(&error)),
        };
        let found = self.routes.find(service, uri, parts, &body);
        let operation = found.as_ref().ok().copied();
        // Who may not call learns nothing about what could be called.
        let (mut caller, mut decided) = (None, Vec::new());
        let result = match self.verify(claim, uri, parts, &body).await {
            Err(error) => Err(error),
            Ok(authenticated) => {
                caller = self.audit.is_some().then(|| authenticated.clone());
                match found {
                    Ok(operation) => match self.decode(operation, uri, parts, body, held).await {
                        Ok((decoded, _held)) => {
                            let tell = self.audit.is_some().then_some(&mut decided);
                            self.carry_out(operation, decoded, parts, authenticated, (request_id, tell)).await
                        }
                        Err(error) => Err(error),
                    },
                    Err(error) => Err(error),
                }
            }
        };
        Outcome { service: Some(service), operation, caller, decided, result }
    }

    /// The operation of a request without a signature, if it takes none.
    fn unsigned(&self, service: &Service, uri: &TargetUri, parts: &Parts) -> Option<&'static Operation> {
        let found = self.routes.find(service, uri, parts, b"").ok()?;
        service.special.unsigned.contains(&found.name).then_some(found)
    }

    /// Carries an operation out that takes no signature, for whoever calls it.
    async fn answer_anyone(
        &self,
        service: Option<&'static Service>,
        uri: &TargetUri,
        parts: &Parts,
        body: Body,
        request_id: &str,
    ) -> Outcome {
        let named = service.and_then(|service| self.unsigned(service, uri, parts));
        // Of a form without a signature, only the body says which service it is for.
        let may_name = service.is_none() && guessed_protocol(uri, parts) == Protocol::QUERY;
        let unsigned = || Outcome::refused(service, AuthError::MissingToken.into());
        if named.is_none() && !may_name {
            return unsigned();
        }
        let collected = self.bodies.collect_for_aws(body, UNSIGNED_BYTES_MAX).await;
        let of_form = |body: &Bytes| self.routes.unsigned_of_form(&self.services, uri, body);
        let in_body = || collected.as_ref().ok().and_then(|(body, _)| of_form(body));
        let Some(operation) = named.or_else(in_body) else { return unsigned() };
        let (service, mut decided) = (Some(operation.service), Vec::new());
        let result = match collected {
            Err(error) => Err(body_error(&error)),
            Ok((body, held)) => match self.decode(operation, uri, parts, body, held).await {
                Ok((Ok(decoded), _held)) => {
                    let AccountRegion { account, region } = AccountRegion::nowhere();
                    let nobody = Authenticated { caller: Caller::anonymous(account), region };
                    let tell = self.audit.is_some().then_some(&mut decided);
                    self.run_decoded(operation, decoded, parts, nobody, (request_id, tell)).await
                }
                Ok((Err(error), _)) | Err(error) => Err(error),
            },
        };
        Outcome { service, operation: Some(operation), caller: None, decided, result }
    }

    /// Whether the request is signed as it claims; the digest of a large body is made on the blocking pool.
    async fn verify(
        &self,
        claim: Claim,
        uri: &TargetUri,
        parts: &Parts,
        body: &Bytes,
    ) -> Result<Authenticated, ApiError> {
        if !Bulkhead::is_large(body) {
            return Ok(self.authenticator.verify(claim, Head::new(parts, uri), body)?);
        }
        let (authenticator, uri, parts) = (self.authenticator.clone(), uri.clone(), parts.clone());
        let body = body.clone();
        let verified = spawn_blocking(move || authenticator.verify(claim, Head::new(&parts, &uri), &body));
        Ok(verified.await.map_err(|_| ApiError::bare(Code::InternalFailure))??)
    }

    /// Decodes a request, a large one on the blocking pool. Returns it with the memory that is reserved for its body,
    /// `held`, and for its values.
    pub(super) async fn decode(
        &self,
        operation: &'static Operation,
        uri: &TargetUri,
        parts: &Parts,
        body: Bytes,
        held: Option<Held>,
    ) -> Result<(Result<Decoded, ApiError>, [Option<Held>; 2]), ApiError> {
        let is_passed_on = operation.input.members.iter().any(|m| m.location == Location::RawPayload);
        if is_passed_on || !Bulkhead::is_large(&body) {
            return Ok((protocol::decode(operation, uri, parts, body), [held, None]));
        }
        let (text, uri, parts) = (body.clone(), uri.clone(), parts.clone());
        // The memory goes with the work, which goes on if the client leaves.
        let decode = move || (protocol::decode(operation, &uri, &parts, body), held);
        let parsed = self.bodies.parse(&text, decode).await;
        parsed.map(|((decoded, of_body), of_values)| (decoded, [of_body, of_values])).map_err(|scarce| {
            match scarce {
                Scarce::Never => ApiError::new(
                    Code::RequestEntityTooLarge,
                    "Reading the request would take more memory than this server has for it.",
                ),
                Scarce::Now => ApiError::bare(Code::ServiceUnavailable),
            }
        })
    }

    async fn carry_out(
        &self,
        operation: &'static Operation,
        decoded: Result<Decoded, ApiError>,
        parts: &Parts,
        Authenticated { caller, region }: Authenticated,
        (request_id, mut tell): (&str, Option<&mut Vec<Decided>>),
    ) -> Result<Reply, ApiError> {
        let decoded = decoded?;
        let permitted =
            self.permit_client(operation, &decoded.input, parts, (&caller, &region), tell.as_deref_mut());
        permitted.await?;
        self.run_decoded(operation, decoded, parts, Authenticated { caller, region }, (request_id, tell))
            .await
    }

    /// Whether a client may make a call; `tell` is told by which statements.
    pub(super) async fn permit_client(
        &self,
        operation: &Operation,
        input: &Value,
        parts: &Parts,
        (caller, region): (&Caller, &Region),
        tell: Option<&mut Vec<Decided>>,
    ) -> Result<(), ApiError> {
        let home = AccountRegion { account: caller.account.clone(), region: region.clone() };
        let mut needed = permission::needed(operation, input, &home);
        if caller.has_policies() {
            let of_request = permission::of_request(parts);
            needed.iter_mut().for_each(|permission| permission.conditions.extend_from_slice(&of_request));
        }
        self.permits_telling(caller, region, &needed, tell).await
    }

    async fn run_decoded(
        &self,
        operation: &'static Operation,
        decoded: Decoded,
        parts: &Parts,
        Authenticated { caller, region }: Authenticated,
        (request_id, tell): (&str, Option<&mut Vec<Decided>>),
    ) -> Result<Reply, ApiError> {
        let trace_id = trace_id(&parts.headers);
        let mut call = self.call(operation, decoded, caller, region, request_id.to_owned(), trace_id)?;
        if operation.service.special.asks_policies {
            call.request_conditions = permission::of_request(parts);
            call.decided = tell.is_some().then(Arc::default);
        }
        let decided = call.decided.clone();
        self.check_assigned(&call).await?;
        let reply = run(call).await;
        if let (Some(told), Some(decided)) = (tell, decided) {
            told.append(&mut decided.lock().unwrap_or_else(PoisonError::into_inner));
        }
        reply
    }

    /// Roles and policies.
    pub(super) fn iam(&self) -> &Iam {
        &self.iam
    }

    /// The id of a request that is answered without being made.
    pub(super) fn request_id(&self) -> String {
        self.ids.uuid().to_string()
    }

    pub(super) fn call(
        &self,
        operation: &'static Operation,
        decoded: Decoded,
        caller: Caller,
        region: Region,
        request_id: String,
        trace_id: Option<String>,
    ) -> Result<Call, ApiError> {
        let Decoded { mut input, payload } = decoded;
        let checked = check(operation, &mut input, !payload.is_empty());
        checked.map_err(|error| match error.code {
            Code::ConstraintViolation => ApiError { code: operation.service.special.violation, ..error },
            _ => error,
        })?;
        let home = AccountRegion { account: caller.account.clone(), region };
        (operation.service.special.check)(operation, &input, &home)?;
        let state = self.services.state(operation.service);
        let state = state.ok_or_else(|| ApiError::bare(Code::UnknownOperation))?.clone();
        let time = self.clock.now();
        let stream = Mutex::new(None);
        Ok(Call {
            state,
            caller,
            home,
            operation,
            request_id,
            trace_id,
            time,
            behalf: None,
            request_conditions: Vec::new(),
            decided: None,
            input,
            payload,
            stream,
        })
    }
}

pub(super) async fn run(call: Call) -> Result<Reply, ApiError> {
    match call.operation.handler {
        Handler::Supported(handler) => handler(call).await,
        Handler::Unsupported => Err(ApiError::new(
            Code::UnsupportedOperation,
            format!("The operation {} is not supported by this server.", call.operation.name),
        )),
    }
}

pub(super) fn take_payload(operation: &Operation, input: &mut Value) -> Bytes {
    let member = operation.input.members.iter().find(|m| m.location.is_payload());
    let taken = member.and_then(|member| input.as_object_mut()?.remove(member.name));
    match taken {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) => text.into(),
        // A document given as JSON rather than as a text of JSON.
        Some(value) => value.to_string().into(),
    }
}

pub(super) fn body_error(error: &BodyError) -> ApiError {
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
