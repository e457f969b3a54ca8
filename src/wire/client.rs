//! The one way in which anything inside this server calls an AWS operation: integrations, authorizers, Task states,
//! stacks, objects of buckets and destinations of functions.
//!
//! Where a call goes:
//!
//! 1. To `[services.NAME]`, if the settings have that: who names an endpoint for a service wants that one, also if this
//!    server has the service. A service may claim calls back that are about what it has itself
//!    ([`Split`](super::Split)): functions of this server are invoked here, others where the settings
//!    say.
//! 2. To this server's own service, in process.
//! 3. To `[services] default`.
//! 4. Nowhere: the error says what to set.
//!
//! The caller travels with the request, and [`Api::permit`] decides for calls in process as for calls of clients. Roles
//! aren't assumed elsewhere: the settings' key signs, so a caller in a session needs the permission here, too.
//!
//! Services act under the roles of integrations, tasks and functions. A role of this server has to trust the service and
//! then is such a session; see [`RoleUse`].

mod api_elsewhere;
mod endpoints;
mod messages;
mod permission;
mod query;
mod request;
mod settings;

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::sync::SetOnce;

use self::endpoints::Endpoint;
pub use self::endpoints::Endpoints;
pub use self::query::{form, result as query_result};
pub use self::request::Naming;
pub use self::settings::{EndpointError, ServiceEndpoint, ServiceEndpoints};
use super::call::trace_id;
use super::in_process::{Failed, Inside};
pub use super::xml::{Element, parse as parse_xml};
use super::{Api, ApiError, Behalf, Permission, Protocol, Service, protocol};
use crate::clock::Clock;
use crate::connect::{self, HttpClient, Request, Response, collect, full};
use crate::gateway::{
    API_GATEWAY, AwsCall, AwsOperation, BackendError, BackendResponse, BackendStream, Backends, BoxFuture,
    Bulkhead, CallAs,
};
use crate::id::{AccountRegion, Region};
use crate::identity::iam::{RoleError, RoleUse};
use crate::identity::{Caller, Credential, sign};

/// API Gateway's payload quota.
const RESPONSE_BYTES_MAX: usize = 10 * 1024 * 1024;
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// How long a service may take if nobody says another time: the longest of AWS's own.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// DynamoDB's streams: the name that settings may have for their endpoint, and the one that is in AWS's.
const DYNAMODB_STREAMS: &str = "dynamodbstreams";
const DYNAMODB_STREAMS_HOST: &str = "streams.dynamodb";

/// Calls AWS operations, wherever they are.
pub struct AwsClient {
    endpoints: Endpoints,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    /// There soon after the rooms that it is made of. They hold this client: not the other way round too.
    api: SetOnce<Weak<Api>>,
}

/// Where a call goes.
enum Destination<'a> {
    /// To a service of this server.
    Inside(&'static Service),
    /// To an endpoint of the settings; with this server's own service of the same name, if there is one.
    Outside(&'a Endpoint, Option<&'static Service>),
    /// Nowhere: the service would answer so.
    Denied(Response),
}

/// Why something may not be done under a role.
#[derive(Debug, thiserror::Error)]
pub enum Unpermitted {
    /// The role can't be assumed, or can't be read.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// Its policies don't allow it; AWS's words.
    #[error("{0}")]
    Denied(String),
    /// The server is being closed.
    #[error("the server is being closed")]
    Closed,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The call can't be made: nobody has the service or the operation, or the caller may not.
    #[error(transparent)]
    Refused(#[from] BackendError),
    /// The service didn't answer.
    #[error(transparent)]
    Http(#[from] connect::Error),
}

impl AwsClient {
    /// A client whose calls go to `endpoints` or, in process, to this server's services. Calls made before these are there,
    /// by what goes on after a restart, wait for [`AwsClient::serve_with`].
    pub fn new(endpoints: Endpoints, client: HttpClient, clock: Arc<dyn Clock>) -> Self {
        Self { endpoints, client, clock, api: SetOnce::new() }
    }

    /// Signs with another key of the account from now on, where the settings name none.
    pub fn sign_with(&self, own: Credential) {
        self.endpoints.set_own(own);
    }

    /// Sets the services of this server, once.
    pub fn serve_with(&self, api: Weak<Api>) {
        let _ = self.api.set(api);
    }

    /// Makes a call and reads the response to its end, also one that says no. Dropping the future stops waiting for it,
    /// but doesn't necessarily undo its effect.
    ///
    /// # Errors
    /// [`SendError`] if there is no response.
    pub async fn send(&self, call: AwsCall) -> Result<BackendResponse, SendError> {
        let api = self.api().await?;
        let (destination, caller, region) = self.destination(&api, &call).await?;
        let (endpoint, own) = match destination {
            Destination::Inside(service) => {
                return self.send_inside(&api, service, call, caller, region).await;
            }
            Destination::Denied(response) => return whole(response).await,
            Destination::Outside(endpoint, own) => (endpoint, own),
        };
        let is_json = matches!(call.operation, AwsOperation::Json(_));
        let bounds = connect::Call {
            timeout: call.timeout,
            response_bytes_max: RESPONSE_BYTES_MAX,
            ..connect::Call::default()
        };
        let (parts, body) = self.request(endpoint, own, call, &region, bounds).await?.into_parts();
        let body = collect(body, RESPONSE_BYTES_MAX).await?;
        let response = BackendResponse { status: parts.status, headers: parts.headers, body };
        Ok(if is_json { as_json(response) } else { response })
    }

    /// Makes a call, the invocation of a function whose response is streamed, and returns as soon as it begins to answer.
    async fn begin(&self, call: AwsCall) -> Result<BackendStream, SendError> {
        let api = self.api().await?;
        let (destination, caller, region) = self.destination(&api, &call).await?;
        let response = match destination {
            Destination::Inside(service) => perform(&api, service, call, caller, region).await?,
            Destination::Denied(response) => response,
            Destination::Outside(endpoint, own) => {
                let (timeout, response_bytes_max) = (call.timeout, usize::MAX);
                let bounds =
                    connect::Call { timeout, response_bytes_max, streams: true, ..connect::Call::default() };
                self.request(endpoint, own, call, &region, bounds).await?
            }
        };
        Ok(messages::written(response))
    }

    /// Whether a role may do everything that is `needed`, for a resource of `home`.
    ///
    /// # Errors
    /// [`Unpermitted`] says why not.
    pub async fn permit(
        &self,
        role: &RoleUse,
        home: &AccountRegion,
        needed: &[Permission],
    ) -> Result<(), Unpermitted> {
        let api = self.api().await.map_err(|_| Unpermitted::Closed)?;
        let caller = api.iam().assume(role, home).await?;
        let permitted = api.permits(&caller, &home.region, needed).await;
        permitted.map_err(|error| Unpermitted::Denied(error.message.unwrap_or_default().into_owned()))
    }

    /// The caller that a service becomes under a role, for a resource of `home`.
    ///
    /// # Errors
    /// [`Unpermitted`] says why not.
    pub async fn assume(&self, role: &RoleUse, home: &AccountRegion) -> Result<Caller, Unpermitted> {
        let api = self.api().await.map_err(|_| Unpermitted::Closed)?;
        Ok(api.iam().assume(role, home).await?)
    }

    async fn api(&self) -> Result<Arc<Api>, SendError> {
        Ok(self.api.wait().await.upgrade().ok_or(BackendError::Unreachable)?)
    }

    /// Where a call goes, who makes it, and in which region. The caller is permitted to make it elsewhere.
    async fn destination(
        &self,
        api: &Api,
        call: &AwsCall,
    ) -> Result<(Destination<'_>, Caller, Region), SendError> {
        let caller = caller(api, call).await?;
        let no_endpoint = || BackendError::UnknownService { service: call.service.clone() };
        let region = Region::parse(&call.region).ok_or_else(no_endpoint)?;
        let own = api.services().named(&call.service);
        let of_streams = request::is_of_streams(&call.service, &call.operation);
        let named = of_streams.then(|| self.endpoints.named(DYNAMODB_STREAMS)).flatten();
        let endpoint = match (named.or_else(|| self.endpoints.named(&call.service)), own) {
            (None, Some(service)) => {
                let by_default = service.special.split.is_some_and(|split| split.by_default);
                let default = self.endpoints.default_of(&call.service).filter(|_| by_default);
                let Some(endpoint) = default else {
                    return Ok((Destination::Inside(service), caller, region));
                };
                let inside = inside(service, call.clone(), caller.clone(), region.clone())?;
                if api.holds(service, inside).await {
                    return Ok((Destination::Inside(service), caller, region));
                }
                endpoint
            }
            (Some(endpoint), Some(service)) => {
                let inside = inside(service, call.clone(), caller.clone(), region.clone())?;
                if api.holds(service, inside).await {
                    return Ok((Destination::Inside(service), caller, region));
                }
                endpoint
            }
            (Some(endpoint), None) => endpoint,
            (None, None) => self.endpoints.default_of(&call.service).ok_or_else(no_endpoint)?,
        };
        match permit_outside(api, &caller, &region, own, call).await {
            Ok(()) => Ok((Destination::Outside(endpoint, own), caller, region)),
            Err(error) => Ok((Destination::Denied(denied(api, call, own, &error)), caller, region)),
        }
    }

    async fn send_inside(
        &self,
        api: &Api,
        service: &'static Service,
        call: AwsCall,
        caller: Caller,
        region: Region,
    ) -> Result<BackendResponse, SendError> {
        let (parts, body) = perform(api, service, call, caller, region).await?.into_parts();
        let body = collect(body, RESPONSE_BYTES_MAX).await?;
        let mut headers = parts.headers;
        // What a client over HTTP sees besides.
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        headers.insert(CONTENT_LENGTH, body.len().into());
        if let Ok(date) = HeaderValue::from_str(&self.clock.now().to_http_date()) {
            headers.insert(DATE, date);
        }
        Ok(BackendResponse { status: parts.status, headers, body })
    }

    /// Signs a call and sends it.
    async fn request(
        &self,
        endpoint: &Endpoint,
        own: Option<&Service>,
        call: AwsCall,
        region: &Region,
        bounds: connect::Call,
    ) -> Result<Response, SendError> {
        let name = call.service.clone();
        let is_json = matches!(call.operation, AwsOperation::Json(_));
        let host = if request::is_of_streams(&name, &call.operation) { DYNAMODB_STREAMS_HOST } else { &name };
        let address = endpoint.address(host, region);
        let unknown = match named_by_arn(&call).filter(|_| is_json) {
            Some(unknown) => SendError::Refused(unknown),
            None => connect::Error::InvalidAddress(address.clone()).into(),
        };
        let (mut parts, body) = request::request(&address, call, own).ok_or(unknown)?;
        let credential = endpoint.credential();
        let credential = credential.ok_or_else(|| BackendError::UnknownService { service: name.clone() })?;
        sign(&mut parts, &body, &credential, &name, region, self.clock.now());
        Ok(self.client.send(Request::from_parts(parts, full(body)), bounds).await?)
    }
}

/// Makes a call in process; returns when the response begins.
async fn perform(
    api: &Api,
    service: &'static Service,
    call: AwsCall,
    caller: Caller,
    region: Region,
) -> Result<Response, SendError> {
    let (timeout, named) = (call.timeout, named_by_arn(&call));
    // Pinned here, not moved into what times it: it has thousands of bytes.
    let performed = pin!(api.perform(service, inside(service, call, caller, region)?));
    let performed = tokio::time::timeout(timeout, performed).await;
    match (performed.map_err(|_| connect::Error::Timeout)?, named) {
        (Ok(response), _) | (Err(Failed::UnknownOperation(response)), None) => Ok(response),
        // A name that is not in the service's table is the fault of who configured the call.
        (Err(Failed::UnknownOperation(_)), Some(unknown)) => Err(unknown.into()),
        (Err(Failed::Inside), _) => Err(BackendError::Unreachable.into()),
    }
}

impl Backends for AwsClient {
    fn call(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendResponse, BackendError>> {
        let name = call.service.clone();
        Box::pin(async move { self.send(call).await.map_err(|error| unanswered(name, error)) })
    }

    fn stream(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendStream, BackendError>> {
        let name = call.service.clone();
        Box::pin(async move { self.begin(call).await.map_err(|error| unanswered(name, error)) })
    }
}

/// What an integration is told of a service that did not answer.
fn unanswered(service: String, error: SendError) -> BackendError {
    tracing::warn!(
        service,
        error = &error as &dyn std::error::Error,
        "an integration's service did not answer"
    );
    match error {
        SendError::Refused(error) => error,
        SendError::Http(connect::Error::Answer(_)) => BackendError::Malformed,
        SendError::Http(connect::Error::InvalidAddress(_)) => BackendError::UnknownService { service },
        SendError::Http(connect::Error::Timeout) => BackendError::TimedOut,
        SendError::Http(_) => BackendError::Unreachable,
    }
}

/// The error for an operation that is named by itself, not by a path, and that nobody has.
fn named_by_arn(call: &AwsCall) -> Option<BackendError> {
    match &call.operation {
        AwsOperation::Action(operation) | AwsOperation::Json(operation) => {
            Some(BackendError::UnknownOperation {
                service: call.service.clone(),
                operation: operation.clone(),
            })
        }
        AwsOperation::Path(_) => None,
    }
}

/// The call as a request for this server's own `service`.
fn inside(service: &Service, call: AwsCall, caller: Caller, region: Region) -> Result<Inside, BackendError> {
    let behalf = match (&call.call_as, &call.source_arn) {
        (CallAs::Api, Some(source_arn)) => {
            Some(Behalf { principal: API_GATEWAY, source_arn: source_arn.clone() })
        }
        _ => None,
    };
    let name = match call.operation {
        AwsOperation::Json(operation) => {
            return Ok(Inside::input(operation, call.body, caller, region, behalf));
        }
        AwsOperation::Action(operation)
            if matches!(service.protocol, Protocol::Json10(_) | Protocol::Json11(_))
                && !Bulkhead::is_large(&call.body) =>
        {
            let asked = (call.body, trace_id(&call.headers));
            return Ok(Inside::action(operation, asked, caller, region, behalf));
        }
        AwsOperation::Path(ref name) | AwsOperation::Action(ref name) => name.clone(),
    };
    let request = request::request("http://localhost", call, Some(service));
    let inside = request.and_then(|(parts, body)| Inside::request(parts, body, caller, region, behalf));
    inside.ok_or_else(|| BackendError::UnknownOperation { service: service.name.to_owned(), operation: name })
}

/// Elsewhere the settings' key signs: whoever calls in their own name needs the permission that the service would ask
/// for.
async fn permit_outside(
    api: &Api,
    caller: &Caller,
    region: &Region,
    own: Option<&'static Service>,
    call: &AwsCall,
) -> Result<(), ApiError> {
    if !caller.has_policies() {
        return Ok(());
    }
    if let Some(service) = own
        && let Ok(inside) = inside(service, call.clone(), caller.clone(), region.clone())
    {
        return api.permits_request(service, inside).await;
    }
    let needed =
        permission::needed(call, &AccountRegion { account: caller.account.clone(), region: region.clone() });
    api.permits(caller, region, &needed).await
}

/// What a service elsewhere would answer to who may not call it.
fn denied(api: &Api, call: &AwsCall, own: Option<&Service>, error: &ApiError) -> Response {
    let protocol = own.map(|service| service.protocol).unwrap_or_else(|| match Naming::of(&call.service) {
        Naming::Target(..) => Protocol::JSON_10,
        Naming::Query(_) => Protocol::QUERY,
    });
    let request_id = api.request_id();
    match &call.operation {
        AwsOperation::Json(_) => protocol::render_json_error(protocol, error, &request_id),
        // Newer clients speak JSON with it.
        AwsOperation::Path(_) if call.headers.contains_key("x-amz-target") => {
            protocol::render_error(Protocol::JSON_10, error, &request_id)
        }
        AwsOperation::Path(_) | AwsOperation::Action(_) => {
            protocol::render_error(protocol, error, &request_id)
        }
    }
}

async fn whole(response: Response) -> Result<BackendResponse, SendError> {
    let (parts, body) = response.into_parts();
    let body = collect(body, RESPONSE_BYTES_MAX).await?;
    Ok(BackendResponse { status: parts.status, headers: parts.headers, body })
}

/// Who calls.
async fn caller(api: &Api, call: &AwsCall) -> Result<Caller, BackendError> {
    match &call.call_as {
        CallAs::Api | CallAs::Account => Ok(Caller::root(call.owner.account.clone())),
        CallAs::Caller(caller) => Ok(Caller::clone(caller)),
        CallAs::Role(role) => {
            api.iam().assume(role, &call.owner).await.map_err(|error| not_assumed(role, &error))
        }
    }
}

/// Why a role can't be used, in the words of the service that wanted to.
fn not_assumed(of: &RoleUse, error: &RoleError) -> BackendError {
    tracing::warn!(role = &*of.role_arn, service = of.service, %error, "a role can't be used");
    let role = of.role_arn.to_string();
    let reason = match (error, of.service) {
        (RoleError::Iam(_), _) => return BackendError::Unreachable,
        (RoleError::TaskRole { .. }, _) => error.to_string(),
        (RoleError::NotAssumed { .. }, API_GATEWAY) => {
            format!("API Gateway does not have permission to assume the provided role {role}")
        }
        (RoleError::NotAssumed { .. }, service) => format!(
            "Neither the global service principal {service}, nor the regional one is authorized to assume the provided role."
        ),
    };
    BackendError::Credentials { role, reason }
}

/// A response in XML as one in JSON; any other as it is.
fn as_json(mut response: BackendResponse) -> BackendResponse {
    let text = String::from_utf8_lossy(&response.body);
    let Some(root) = text.trim_start().starts_with('<').then(|| parse_xml(&text)).flatten() else {
        return response;
    };
    let body = match response.status.is_success() {
        true => query::result(&root).unwrap_or_else(|| json!({})),
        false => {
            let error = root.find("Error");
            let member = |name| error.and_then(|error| Some(error.child(name)?.text.clone()));
            let code = member("Code").unwrap_or_default();
            if let Ok(code) = HeaderValue::from_str(&code) {
                response.headers.entry(ERROR_TYPE).or_insert(code);
            }
            json!({"__type": code, "message": member("Message")})
        }
    };
    response.body = body.to_string().into();
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers.remove(CONTENT_LENGTH);
    response
}

/// An error of a call with input as JSON: its code, its message, and the id of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// AWS's error code, without a namespace.
    pub code: String,
    /// The message; some errors have none.
    pub message: Option<String>,
    /// The HTTP status.
    pub status: StatusCode,
    /// The request's id.
    pub request_id: String,
}

/// The output of a call of [`AwsOperation::Json`], or its error.
///
/// # Errors
/// [`JsonError`] for a response that says no, and one named `Serialization` for one that is no JSON.
pub fn json_output(response: &BackendResponse) -> Result<Value, JsonError> {
    let header = |name: &HeaderName| Some(response.headers.get(name)?.to_str().ok()?.to_owned());
    let request_id = header(&REQUEST_ID).unwrap_or_default();
    let body: Option<Value> = match response.body.is_empty() {
        true => Some(json!({})),
        false => serde_json::from_slice(&response.body).ok(),
    };
    if response.status.is_success() {
        // Outputs that aren't JSON are documents, which nobody reads who calls this way.
        return Ok(body.unwrap_or_default());
    }
    let body = body.unwrap_or_default();
    let member = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let code =
        header(&ERROR_TYPE).or_else(|| member("__type")).or_else(|| member("code")).unwrap_or_default();
    // `aws.services#Name:http://…` in some services.
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default().to_owned();
    let message = member("message").or_else(|| member("Message"));
    Err(JsonError { code, message, status: response.status, request_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integration_is_told_whether_time_ran_out() {
        for (error, told) in [
            (connect::Error::Timeout, BackendError::TimedOut),
            (connect::Error::Connect("refused".into()), BackendError::Unreachable),
            (connect::Error::Answer("half".into()), BackendError::Malformed),
        ] {
            assert_eq!(unanswered("sqs".to_owned(), error.into()), told);
        }
    }
}
