//! Access to a running server, for the commands that need one.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::{Clock, SystemClock};
use crate::connect::{self, ClientIdentity, HttpClient, Request};
use crate::id::{AccountId, Region};
use crate::identity::{Credential, Secret, sign};

/// The service name in signatures of API Gateway requests.
const API_GATEWAY: &str = "apigateway";
/// Long, because a template may create hundreds of resources, one after the other.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Larger than any response to a template of 500 resources.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many entries of a list to request at a time.
const PAGE: usize = 500;

/// The address of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remote<'a> {
    pub(super) endpoint: &'a str,
}

/// A server's response, with any status.
#[derive(Debug)]
pub(super) struct RemoteAnswer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// An API on the server.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RemoteApi {
    pub(super) id: String,
    pub(super) name: String,
}

impl RemoteAnswer {
    /// The error type and message of a refusal; `None` if the response isn't from Stepgate.
    pub(super) fn refusal(&self) -> Option<(String, String)> {
        #[derive(Deserialize)]
        struct Refused {
            message: String,
        }
        let kind = self.headers.get("x-amzn-errortype")?.to_str().ok()?;
        let refused: Refused = serde_json::from_slice(&self.body).ok()?;
        Some((kind.to_owned(), refused.message))
    }
}

/// A stage in the server's list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RemoteStage {
    #[serde(rename = "stageName")]
    pub(super) name: String,
    /// The stage's canary, if it has one.
    #[serde(rename = "canarySettings")]
    pub(super) canary: Option<Value>,
}

impl Remote<'_> {
    /// Sends a signed request; `path` begins with a slash, and everything in it is encoded.
    pub(super) fn request(
        self,
        method: Method,
        path: &str,
        service: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Request> {
        self.request_in(&region()?, method, path, service, headers, body)
    }

    /// The same, signed for a region that the environment doesn't name.
    pub(super) fn request_in(
        self,
        region: &Region,
        method: Method,
        path: &str,
        service: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: impl Into<Bytes>,
    ) -> anyhow::Result<Request> {
        self.signed(&credential()?, region, (method, path), service, headers, body.into())
    }

    /// A request without a body, signed with a key that the environment doesn't name.
    pub(super) fn request_as(
        self,
        credential: &Credential,
        method: Method,
        path: &str,
        service: &str,
    ) -> anyhow::Result<Request> {
        self.signed(credential, &region()?, (method, path), service, &[], Bytes::new())
    }

    fn signed(
        self,
        credential: &Credential,
        region: &Region,
        (method, path): (Method, &str),
        service: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> anyhow::Result<Request> {
        let endpoint = self.endpoint;
        let uri = format!("{}{path}", endpoint.trim_end_matches('/'));
        let uri: Uri = uri.parse().ok().filter(|uri: &Uri| uri.authority().is_some()).ok_or_else(|| {
            anyhow!("{endpoint} with {path:?} makes no URL; an endpoint is written http://host:port")
        })?;
        let authority = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        let (mut parts, ()): (Parts, ()) =
            http::Request::builder().method(method).uri(uri).body(())?.into_parts();
        parts.headers.extend(headers.iter().cloned());
        parts.headers.insert(HOST, HeaderValue::from_str(&authority)?);
        let now = SystemClock::new().now();
        sign(&mut parts, &body, credential, service, region, now);
        Ok(Request::from_parts(parts, connect::full(body)))
    }

    pub(super) async fn send(self, request: Request) -> anyhow::Result<RemoteAnswer> {
        let endpoint = self.endpoint;
        let client = HttpClient::new(connect::Options::default());
        let call =
            connect::Call { timeout: TIMEOUT, response_bytes_max: ANSWER_BYTES_MAX, ..Default::default() };
        let identity = client_identity()?;
        let response = client.send_as(identity.as_ref(), request, call).await.map_err(|error| match error {
            connect::Error::Connect(_) => anyhow!(error).context(format!(
                "no server answers at {endpoint}; start one with `stepgate serve`, or name another with --endpoint"
            )),
            other => anyhow!(other).context(format!("cannot talk to {endpoint}")),
        })?;
        let (parts, body) = response.into_parts();
        let body = connect::collect(body, ANSWER_BYTES_MAX).await;
        let body = body.with_context(|| format!("the answer of {endpoint} broke off"))?;
        Ok(RemoteAnswer { status: parts.status, headers: parts.headers, body })
    }

    /// Calls API Gateway's control plane.
    pub(super) async fn api_gateway(
        self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: impl Into<Bytes>,
    ) -> anyhow::Result<RemoteAnswer> {
        let headers = [
            (ACCEPT, HeaderValue::from_static(accept)),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ];
        let answer = self.send(self.request(method, path, API_GATEWAY, &headers, body)?).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        match answer.refusal() {
            Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
            None => bail!("{} is no Stepgate server: it answered {}", self.endpoint, answer.status),
        }
    }

    async fn json(self, path: &str) -> anyhow::Result<Value> {
        let answer = self.api_gateway(Method::GET, path, "application/json", Bytes::new()).await?;
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("{} is no Stepgate server", self.endpoint))
    }

    /// The API with that id, or the only one with that name.
    pub(super) async fn api(self, wanted: &str) -> anyhow::Result<RemoteApi> {
        let mut apis: Vec<RemoteApi> = Vec::new();
        let mut position = String::new();
        loop {
            let page = self.json(&format!("/restapis?limit={PAGE}{position}")).await?;
            apis.extend(Vec::<RemoteApi>::deserialize(&page["item"])?);
            match page.get("position").and_then(Value::as_str) {
                Some(next) => position = format!("&position={}", encoded(next)),
                None => break,
            }
        }
        if let Some(api) = apis.iter().find(|api| api.id == wanted) {
            return Ok(api.clone());
        }
        let named: Vec<&RemoteApi> = apis.iter().filter(|api| api.name == wanted).collect();
        match named.as_slice() {
            [api] => Ok((*api).clone()),
            [] => bail!("{} has no API with the id or name {wanted:?}", self.endpoint),
            several => {
                let ids: Vec<&str> = several.iter().map(|api| api.id.as_str()).collect();
                bail!("several APIs are named {wanted:?}: say which by its id: {}", ids.join(", "))
            }
        }
    }

    /// The stage with that name, or the API's only stage.
    pub(super) async fn stage(self, api: &RemoteApi, wanted: Option<&str>) -> anyhow::Result<RemoteStage> {
        let stages = self.json(&format!("/restapis/{}/stages", encoded(&api.id))).await?;
        let stages = Vec::<RemoteStage>::deserialize(&stages["item"])?;
        let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
        let api = &api.name;
        if let Some(stage) = stages.iter().find(|stage| Some(stage.name.as_str()) == wanted) {
            return Ok(stage.clone());
        }
        match (wanted, stages.as_slice()) {
            (Some(wanted), _) => bail!("the API {api} has no stage {wanted:?}; it has {}", listed(&names)),
            (None, [stage]) => Ok(stage.clone()),
            (None, []) => bail!("the API {api} has no stage: what isn't deployed can't be exported"),
            (None, _) => {
                bail!("the API {api} has several stages: say which by --stage: {}", listed(&names))
            }
        }
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Encodes text as one path segment or one query value.
pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Runs a future that talks to a server.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(work)
}

/// The account of keys whose own only the server knows.
pub(super) fn nobody() -> anyhow::Result<AccountId> {
    AccountId::parse("000000000000").context("twelve digits")
}

/// The certificate for a control listener that asks clients for one.
fn client_identity() -> anyhow::Result<Option<ClientIdentity>> {
    let read = |name: &str| -> anyhow::Result<Option<String>> {
        let Some(path) = std::env::var_os(name).filter(|path| !path.is_empty()) else { return Ok(None) };
        std::fs::read_to_string(&path)
            .map(Some)
            .with_context(|| format!("cannot read {}, which {name} names", path.display()))
    };
    match (read("STEPGATE_CLIENT_CERTIFICATE")?, read("STEPGATE_CLIENT_KEY")?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(ClientIdentity::from_pem(&certificate, &key)?)),
        _ => bail!("STEPGATE_CLIENT_CERTIFICATE and STEPGATE_CLIENT_KEY go together: set both or none"),
    }
}

/// The access key in the environment, where AWS clients look, too.
fn credential() -> anyhow::Result<Credential> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let nobody = nobody()?;
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (None, None) => Ok(Credential::root(nobody, "test", Secret::new("test"))),
        (Some(id), Some(secret)) => {
            let mut credential = Credential::root(nobody, &id, Secret::new(&secret));
            credential.session_token = variable("AWS_SESSION_TOKEN").map(|token| Secret::new(&token));
            Ok(credential)
        }
        _ => bail!("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both or none"),
    }
}

/// The region that the environment names.
pub(super) fn region() -> anyhow::Result<Region> {
    let set = std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION"));
    let region = set.unwrap_or_else(|_| "us-east-1".to_owned());
    Region::parse(&region).with_context(|| format!("AWS_REGION {region:?} is no region's name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_url() {
        let request = |endpoint| {
            let remote = Remote { endpoint };
            remote.request(Method::POST, "/_stepgate/stacks/shop", "cloudformation", &[], "{}")
        };
        for good in ["http://127.0.0.1:4566", "http://127.0.0.1:4566/"] {
            let request = request(good).unwrap();
            assert_eq!(request.uri(), "http://127.0.0.1:4566/_stepgate/stacks/shop");
            assert!(request.headers().contains_key("authorization"));
        }
        for bad in ["", "/x", "http://", "not a url"] {
            assert!(request(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_header() {
        let mut answer =
            RemoteAnswer { status: StatusCode::BAD_REQUEST, headers: HeaderMap::new(), body: "{}".into() };
        assert_eq!(answer.refusal(), None);
        answer.headers.insert("x-amzn-errortype", HeaderValue::from_static("ValidationError"));
        assert_eq!(answer.refusal(), None);
        answer.body = r#"{"message": "no"}"#.into();
        assert_eq!(answer.refusal(), Some(("ValidationError".to_owned(), "no".to_owned())));
    }
}
