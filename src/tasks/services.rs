//! Calls of AWS services elsewhere: at the endpoints that the settings name, signed with Signature Version 4.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderValue, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::local::{Local, NAME as LAMBDA};
use super::settings::{ServiceEndpoint, SettingError};
use crate::clock::{Clock, Ids};
use crate::connect::{self, Call, HttpClient, Request, collect, full};
use crate::functions::Functions;
use crate::gateway::{AwsCall, AwsOperation, BackendError, BackendResponse};
use crate::id::{AccountRegion, Region};
use crate::identity::{Credential, Secret, sign};

/// API Gateway's payload quota.
const RESPONSE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The integration's own timeout comes first; this bounds what nobody waits for any more.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Everything but RFC 3986's unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How an action of a service is named in a request.
pub(super) enum Naming {
    /// In `X-Amz-Target`, after this prefix; bodies are JSON of this version.
    Target(&'static str, &'static str),
    /// As the query parameter `Action`, beside this `Version`.
    Query(Option<&'static str>),
}

pub(super) const JSON_10: &str = "application/x-amz-json-1.0";
const JSON_11: &str = "application/x-amz-json-1.1";

/// AWS's names and dates of the services that integrations commonly call by action; others speak the query
/// protocol and get their version from the integration (`action/Name&Version=…`).
pub(super) fn naming(service: &str) -> Naming {
    match service {
        "dynamodb" => Naming::Target("DynamoDB_20120810", JSON_10),
        "kinesis" => Naming::Target("Kinesis_20131202", JSON_11),
        "firehose" => Naming::Target("Firehose_20150804", JSON_11),
        "events" => Naming::Target("AWSEvents", JSON_11),
        "ssm" => Naming::Target("AmazonSSM", JSON_11),
        "logs" => Naming::Target("Logs_20140328", JSON_11),
        "kms" => Naming::Target("TrentService", JSON_11),
        "secretsmanager" => Naming::Target("secretsmanager", JSON_11),
        "cognito-idp" => Naming::Target("AWSCognitoIdentityProviderService", JSON_11),
        "ecs" => Naming::Target("AmazonEC2ContainerServiceV20141113", JSON_11),
        "sqs" => Naming::Query(Some("2012-11-05")),
        "sns" => Naming::Query(Some("2010-03-31")),
        "sts" => Naming::Query(Some("2011-06-15")),
        "iam" => Naming::Query(Some("2010-05-08")),
        "ec2" => Naming::Query(Some("2016-11-15")),
        "ses" | "email" => Naming::Query(Some("2010-12-01")),
        "monitoring" => Naming::Query(Some("2010-08-01")),
        "cloudformation" => Naming::Query(Some("2010-05-15")),
        _ => Naming::Query(None),
    }
}

/// The services that have an endpoint in the settings.
pub struct Services {
    by_name: BTreeMap<String, Service>,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    /// Functions of this server.
    local: Option<Local>,
}

struct Service {
    /// Without a slash at its end.
    endpoint: String,
    credential: Credential,
}

impl Services {
    /// `own` signs where the settings of a service say no key of its own.
    ///
    /// # Errors
    /// [`SettingError`] for an endpoint that is no address, or half a key.
    pub fn new(
        settings: &BTreeMap<String, ServiceEndpoint>,
        own: Option<&Credential>,
        home: &AccountRegion,
        client: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingError> {
        let mut by_name = BTreeMap::new();
        for (name, settings) in settings {
            if settings.root.is_some() && name != "s3" {
                let problem = format!("{name} has no objects: only s3 has a root");
                return Err(SettingError { key: "services.root", problem });
            }
            let endpoint = match (&settings.endpoint, &settings.root) {
                (Some(endpoint), _) => endpoint,
                (None, Some(_)) => continue,
                (None, None) => {
                    let problem = format!("{name} has none");
                    return Err(SettingError { key: "services.endpoint", problem });
                }
            };
            let endpoint = endpoint.trim_end_matches('/').to_owned();
            let uri = Uri::try_from(&endpoint).ok();
            let is_address = uri.is_some_and(|uri| {
                uri.host().is_some_and(|host| !host.is_empty())
                    && matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.query().is_none()
            });
            if !is_address {
                let problem = format!("{endpoint:?} of {name} is no http or https address");
                return Err(SettingError { key: "services.endpoint", problem });
            }
            let credential = match (&settings.access_key_id, &settings.secret_access_key) {
                (Some(id), Some(secret)) => Credential::root(home.account.clone(), id, Secret::new(secret)),
                (None, None) => match own {
                    Some(own) => own.clone(),
                    None => {
                        let problem = format!("{name} has no key to sign with");
                        return Err(SettingError { key: "services.access_key_id", problem });
                    }
                },
                (Some(_), None) | (None, Some(_)) => {
                    let problem = format!("the key of {name} has one half only");
                    return Err(SettingError { key: "services.secret_access_key", problem });
                }
            };
            by_name.insert(name.clone(), Service { endpoint, credential });
        }
        Ok(Self { by_name, client, clock, local: None })
    }

    /// Functions of this server are called in process, those elsewhere where the settings say.
    #[must_use]
    pub fn with_functions(self, functions: Functions, ids: Arc<dyn Ids>) -> Self {
        let clock = self.clock.clone();
        Self { local: Some(Local { functions, ids, clock }), ..self }
    }

    /// The answer of a function of this server, if that is called.
    async fn local(&self, call: &AwsCall) -> Option<BackendResponse> {
        self.local.as_ref()?.call(call, self.by_name.contains_key(LAMBDA)).await
    }

    /// The names of the services, as in integrations' ARNs.
    pub fn names(&self) -> BTreeSet<String> {
        let local = self.local.iter().map(|_| LAMBDA.to_owned());
        self.by_name.keys().cloned().chain(local).collect()
    }

    /// Makes `call`; `None` if the service has no endpoint.
    /// # Errors
    /// Any [`BackendError`].
    pub async fn call(&self, call: AwsCall) -> Option<Result<BackendResponse, BackendError>> {
        if let Some(answer) = self.local(&call).await {
            return Some(Ok(answer));
        }
        let service = self.by_name.get(&call.service)?;
        let name = call.service.clone();
        Some(self.send(service, call, TIMEOUT).await.map_err(|error| {
            tracing::warn!(
                service = name,
                error = &error as &dyn std::error::Error,
                "a service did not answer"
            );
            match error {
                connect::Error::InvalidAddress(_) => BackendError::UnknownService { service: name },
                connect::Error::Answer(_) => BackendError::Malformed,
                connect::Error::Refused(_)
                | connect::Error::Connect(_)
                | connect::Error::Tls(_)
                | connect::Error::Timeout
                | connect::Error::TooLarge { .. }
                | connect::Error::NoRoom
                | connect::Error::Broken(_)
                | connect::Error::Body(_) => BackendError::Unreachable,
            }
        }))
    }

    /// The same, with the client's own account of what went wrong.
    /// # Errors
    /// Any [`connect::Error`].
    pub async fn try_call(
        &self,
        call: AwsCall,
        timeout: Duration,
    ) -> Option<Result<BackendResponse, connect::Error>> {
        if let Some(answer) = self.local(&call).await {
            return Some(Ok(answer));
        }
        let service = self.by_name.get(&call.service)?;
        Some(self.send(service, call, timeout).await)
    }

    async fn send(
        &self,
        service: &Service,
        call: AwsCall,
        timeout: Duration,
    ) -> Result<BackendResponse, connect::Error> {
        let name = call.service.clone();
        let invalid = || connect::Error::InvalidAddress(service.endpoint.clone());
        let region = Region::parse(&call.region).ok_or_else(invalid)?;
        let (mut parts, body) = request(&service.endpoint, call).ok_or_else(invalid)?;
        sign(&mut parts, &body, &service.credential, &name, &region, self.clock.now());
        let bounds = Call { timeout, response_bytes_max: RESPONSE_BYTES_MAX, ..Call::default() };
        let response = self.client.send(Request::from_parts(parts, full(body)), bounds).await?;
        let (parts, body) = response.into_parts();
        let body = collect(body, RESPONSE_BYTES_MAX).await?;
        Ok(BackendResponse { status: parts.status, headers: parts.headers, body })
    }
}

/// The call as an HTTP request, unsigned; `None` if it makes no address.
fn request(endpoint: &str, call: AwsCall) -> Option<(http::request::Parts, Bytes)> {
    let (mut headers, mut query) = (call.headers, call.query);
    for name in [HOST, CONTENT_LENGTH, AUTHORIZATION] {
        headers.remove(name);
    }
    let path = match call.operation {
        AwsOperation::Path(path) => path,
        AwsOperation::Action(action) => {
            match naming(&call.service) {
                Naming::Target(prefix, content_type) => {
                    let target = HeaderValue::try_from(format!("{prefix}.{action}")).ok()?;
                    headers.insert(HeaderName::from_static("x-amz-target"), target);
                    // JSON of another name is not read by these services.
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                }
                Naming::Query(version) => {
                    let given =
                        |name: &str, query: &[(String, String)]| query.iter().any(|(key, _)| key == name);
                    if let Some(version) = version.filter(|_| !given("Version", &query)) {
                        query.insert(0, ("Version".to_owned(), version.to_owned()));
                    }
                    query.insert(0, ("Action".to_owned(), action));
                }
            }
            "/".to_owned()
        }
    };
    let mut uri = format!("{endpoint}{path}");
    for (index, (name, value)) in query.iter().enumerate() {
        uri.push(if index == 0 { '?' } else { '&' });
        uri.extend(utf8_percent_encode(name, QUERY));
        uri.push('=');
        uri.extend(utf8_percent_encode(value, QUERY));
    }
    let mut request = http::Request::new(());
    *request.method_mut() = call.method;
    *request.uri_mut() = Uri::try_from(uri).ok()?;
    *request.headers_mut() = headers;
    Some((request.into_parts().0, call.body))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{HeaderMap, Method};
    use http_body_util::BodyExt as _;
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::SystemClock;
    use crate::gateway::CallAs;
    use crate::id::AccountId;
    use crate::identity::{Authenticator, Head, Keys, TargetUri};

    fn call(service: &str, operation: AwsOperation) -> AwsCall {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        AwsCall {
            owner: home(),
            api_id: "abc".into(),
            service: service.to_owned(),
            region: "us-east-1".to_owned(),
            operation,
            method: Method::POST,
            call_as: CallAs::Api,
            source_arn: None,
            headers: HeaderMap::from_iter([json]),
            query: vec![("a b".to_owned(), "1&2".to_owned())],
            body: Bytes::from_static(b"{}"),
        }
    }

    fn home() -> AccountRegion {
        AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        }
    }

    #[test]
    fn actions_are_named_as_the_service_wants_it() {
        for (service, operation, uri, target, content_type) in [
            (
                "dynamodb",
                AwsOperation::Action("PutItem".to_owned()),
                "http://h:1/b/?a%20b=1%262",
                Some("DynamoDB_20120810.PutItem"),
                "application/x-amz-json-1.0",
            ),
            (
                "sns",
                AwsOperation::Action("Publish".to_owned()),
                "http://h:1/b/?Action=Publish&Version=2010-03-31&a%20b=1%262",
                None,
                "application/json",
            ),
            (
                "sqs",
                AwsOperation::Path("/1/queue".to_owned()),
                "http://h:1/b/1/queue?a%20b=1%262",
                None,
                "application/json",
            ),
        ] {
            let (parts, body) = request("http://h:1/b", call(service, operation)).unwrap();
            assert_eq!((parts.uri.to_string().as_str(), &*body), (uri, b"{}".as_slice()));
            assert_eq!(parts.headers.get("x-amz-target").map(|it| it.to_str().unwrap()), target);
            assert_eq!(parts.headers["content-type"], content_type);
        }
    }

    #[test]
    fn a_path_that_makes_no_address_is_no_request() {
        assert!(request("http://h", call("s3", AwsOperation::Path("/a b".to_owned()))).is_none());
    }

    #[test]
    fn settings_that_cant_be_honoured_are_refused() {
        let services = |endpoint: &str, id: Option<&str>, secret: Option<&str>| {
            let settings = ServiceEndpoint {
                endpoint: Some(endpoint.to_owned()),
                root: None,
                access_key_id: id.map(str::to_owned),
                secret_access_key: secret.map(str::to_owned),
            };
            let client = HttpClient::new(crate::connect::Options::default());
            let own = Credential::root(home().account, "test", Secret::new("test"));
            let settings = [("sqs".to_owned(), settings)].into();
            Services::new(&settings, Some(&own), &home(), client, Arc::new(SystemClock::new()))
        };
        assert!(services("http://h:1/", None, None).is_ok());
        assert!(services("https://h", Some("a"), Some("b")).is_ok());
        for (endpoint, id) in
            [("h:1", None), ("ftp://h", None), ("", None), ("http://h?x", None), ("http://h", Some("a"))]
        {
            assert!(services(endpoint, id, None).is_err(), "{endpoint}");
        }
    }

    /// Answers 200 with the target if the signature is good, 403 if not.
    async fn signed_only(keys: Arc<Keys>, clock: Arc<dyn Clock>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let authenticator = Arc::new(Authenticator::new(keys, clock));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let authenticator = authenticator.clone();
                let check = service_fn(move |request: http::Request<Incoming>| {
                    let authenticator = authenticator.clone();
                    async move {
                        let (mut parts, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let target = parts.uri.to_string();
                        let uri = TargetUri::take(&mut parts).unwrap();
                        let is_good =
                            authenticator.authenticate(Head::new(&parts, &uri), &body, "sqs").is_ok();
                        let status = if is_good { 200 } else { 403 };
                        let response = http::Response::builder().status(status);
                        Ok::<_, Infallible>(response.body(full(target)).unwrap())
                    }
                });
                let server = hyper::server::conn::http1::Builder::new();
                tokio::spawn(server.serve_connection(TokioIo::new(stream), check));
            }
        });
        address
    }

    #[tokio::test]
    async fn calls_are_signed_with_the_services_key() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let keys = Arc::new(Keys::default());
        keys.insert("AKID", Credential::root(home().account, "AKID", Secret::new("hush")));
        let address = signed_only(keys, clock.clone()).await;
        for (secret, expect) in [("hush", 200), ("other", 403)] {
            let settings = ServiceEndpoint {
                endpoint: Some(format!("http://{address}/base/")),
                root: None,
                access_key_id: Some("AKID".to_owned()),
                secret_access_key: Some(secret.to_owned()),
            };
            let client = HttpClient::new(crate::connect::Options::default());
            let services =
                Services::new(&[("sqs".to_owned(), settings)].into(), None, &home(), client, clock.clone())
                    .unwrap();
            let send = || call("sqs", AwsOperation::Action("SendMessage".to_owned()));
            let answer = services.call(send()).await.unwrap().unwrap();
            assert_eq!(answer.status, expect);
            assert_eq!(answer.body, "/base/?Action=SendMessage&Version=2012-11-05&a%20b=1%262");
            assert!(services.call(call("sns", AwsOperation::Path("/".to_owned()))).await.is_none());
        }
    }
}
