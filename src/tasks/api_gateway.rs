//! `apigateway:invoke`: a task calls an API, one of this server in process, another where the settings say.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html>

use std::net::{IpAddr, Ipv4Addr};

use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, Method, request};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::role::{STEP_FUNCTIONS, role_use};
use super::trace::trace_header;
use crate::asl::{Integration, Pattern};
use crate::connect::{self, BoxError, Request, Response, collect, full};
use crate::engine::event::Failure;
use crate::engine::{TaskCall, TaskResult};
use crate::gateway::{self, Address, Gateway, InternalCaller};
use crate::identity::{Caller, TargetUri};
use crate::json::Payload;
use crate::wire::client::{self, AwsClient};

/// Where calls in process come from.
const PEER: gateway::Peer =
    gateway::Peer { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), certificate: None, is_secure: true };

/// The largest answer that is read; a result may have 256 KiB.
const ANSWER_BYTES_MAX: usize = 10 * 1_048_576;

/// What can't stand in a path as it is.
const NOT_IN_PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');
/// What can't stand in a name or value of a query as it is.
pub(super) const NOT_IN_QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
const AUTH_TYPES: [&str; 3] = ["NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY"];
/// Headers that AWS sets itself, besides those of the prefixes below.
const OWN_HEADERS: [&str; 14] = [
    "authorization",
    "connection",
    "content-md5",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "via",
    "www-authenticate",
];
const OWN_PREFIXES: [&str; 2] = ["x-forwarded", "x-amz"];

/// A field of the arguments: its name, whether it must be there, and what it may be.
type Field = (&'static str, bool, fn(&Value) -> bool);

const FIELDS: [Field; 9] = [
    ("ApiEndpoint", true, is_host),
    ("Method", true, |value| is_one_of(value, &METHODS)),
    ("Headers", false, is_headers),
    ("Stage", false, Value::is_string),
    ("Path", false, Value::is_string),
    ("QueryParameters", false, |value| texts(value).is_some()),
    ("RequestBody", false, |_| true),
    ("AllowNullValues", false, Value::is_boolean),
    // In process nothing is signed: the call says who makes it.
    ("AuthType", false, |value| is_one_of(value, &AUTH_TYPES)),
];

pub(super) fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}

/// A host name, as in `abc123.execute-api.us-east-1.amazonaws.com`, that may have a port.
fn is_host(value: &Value) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    value.as_str().is_some_and(|host| !host.is_empty() && host.chars().all(is_part))
}

fn is_headers(value: &Value) -> bool {
    let Some(headers) = texts(value) else { return false };
    headers.iter().all(|(name, value)| !is_own_header(name) && header(name, value).is_some())
}

/// Whether AWS sets this header itself, so that a task may not.
pub(super) fn is_own_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    OWN_HEADERS.contains(&&*name) || OWN_PREFIXES.iter().any(|own| name.starts_with(own))
}

pub(super) fn header(name: &str, value: &str) -> Option<(http::HeaderName, http::HeaderValue)> {
    Some((name.parse().ok()?, value.parse().ok()?))
}

/// Names with lists of texts, as pairs; `None` for anything else.
fn texts(value: &Value) -> Option<Vec<(&str, &str)>> {
    let mut pairs = Vec::new();
    for (name, values) in value.as_object()? {
        for value in values.as_array()? {
            pairs.push((name.as_str(), value.as_str()?));
        }
    }
    Some(pairs)
}

/// What is wrong with the arguments.
pub(super) fn refuse(arguments: &Payload) -> Option<String> {
    let none = Map::new();
    let members = arguments.value().as_object().unwrap_or(&none);
    if let Some(unknown) = members.keys().find(|key| !FIELDS.iter().any(|(name, ..)| name == key)) {
        return Some(format!("The field \"{unknown}\" is not supported by Step Functions"));
    }
    FIELDS.iter().find_map(|(name, is_required, is_good)| match members.get(*name) {
        None if *is_required => Some(format!("The field '{name}' is required but was missing")),
        Some(value) if !is_good(value) => {
            Some(format!("The value of the field '{name}' has an invalid format"))
        }
        None | Some(_) => None,
    })
}

/// Makes a call and says how it went.
pub(super) async fn call(
    aws: &AwsClient,
    gateway: &Gateway,
    integration: &Integration,
    call: TaskCall,
) -> TaskResult {
    let failed =
        |error: &str, cause: String| TaskResult::Failed(Failure::new(format!("ApiGateway.{error}"), cause));
    let request = match request(call.input.value(), call.home.region.as_str()) {
        Ok(request) => request,
        Err(error) => return failed("InvalidRequestException", error.to_string()),
    };
    let (mut parts, body) = request.into_parts();
    parts.headers.extend(trace_header(&call));
    // As any other request: what the input says may name no other API than the endpoint does.
    let mut inside = parts.clone();
    let uri = match TargetUri::take(&mut inside) {
        Ok(uri) => uri,
        Err(bad) => return failed("400", bad.to_string()),
    };
    let target = match gateway.locate(&uri) {
        Address::Stage(target) => Some(target),
        Address::Nothing | Address::Health | Address::Own => None,
    };
    let is_here = match &target {
        Some(target) => !aws.knows_other_apis() || gateway.has(target).await,
        None => false,
    };
    let response = match target {
        Some(target) if is_here => {
            let internal_caller = match internal_caller(aws, &call).await {
                Ok(internal_caller) => internal_caller,
                Err(error) => {
                    return TaskResult::Failed(Failure::new("States.TaskFailed", error.to_string()));
                }
            };
            let request = Request::from_parts(inside, full(body));
            gateway.serve_for(internal_caller, uri, target, PEER, request).await
        }
        Some(_) | None if aws.knows_other_apis() => match elsewhere(aws, parts, body, &call).await {
            Ok(response) => response,
            Err(failure) => return TaskResult::Failed(failure),
        },
        Some(_) | None => return failed("404", "no stage is named".to_owned()),
    };
    match answer(response).await {
        Err(error) => failed("SdkClientException", error.to_string()),
        Ok(Answered { status, body, .. }) if !status.is_success() => failed(status.as_str(), body),
        Ok(answered) => match integration.pattern {
            Pattern::RequestResponse => TaskResult::Succeeded(answered.result()),
            Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken => {
                TaskResult::Submitted(answered.result())
            }
        },
    }
}

/// Calls an API that this server doesn't have. The settings' key signs for whoever has to be authorized.
async fn elsewhere(
    aws: &AwsClient,
    parts: request::Parts,
    body: String,
    call: &TaskCall,
) -> Result<Response, Failure> {
    let auth_type = call.input.value().get("AuthType").and_then(Value::as_str);
    if auth_type == Some("IAM_ROLE")
        && let Some(role) = role_use(call)
    {
        match aws.permit_other_api(&role, &call.home, &parts).await {
            Ok(()) => {}
            Err(client::Unpermitted::Denied(message)) => {
                return Err(Failure::new("ApiGateway.403", message));
            }
            Err(error) => return Err(Failure::new("States.TaskFailed", error.to_string())),
        }
    }
    let is_signed = matches!(auth_type, Some("IAM_ROLE" | "RESOURCE_POLICY"));
    let sent = aws.call_other_api((parts, body), is_signed, &call.home).await;
    sent.map_err(|error| Failure::new("ApiGateway.SdkClientException", error.to_string()))
}

/// Who calls, if the arguments say that the call is authorized.
async fn internal_caller(
    aws: &AwsClient,
    call: &TaskCall,
) -> Result<Option<InternalCaller>, client::Unpermitted> {
    match call.input.value().get("AuthType").and_then(Value::as_str) {
        Some("IAM_ROLE") => match role_use(call) {
            Some(role) => Ok(Some(InternalCaller::Caller(aws.assume(&role, &call.home).await?))),
            // What is tested without a role has the account's rights.
            None => Ok(Some(InternalCaller::Caller(Caller::root(call.home.account.clone())))),
        },
        Some("RESOURCE_POLICY") => Ok(Some(InternalCaller::Service {
            name: STEP_FUNCTIONS,
            source_arn: call.state_machine_arn.to_string(),
            source_account: call.home.account.to_string(),
        })),
        Some(_) | None => Ok(None),
    }
}

/// The request that well-formed arguments stand for.
fn request(arguments: &Value, region: &str) -> Result<http::Request<String>, BoxError> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let (stage, path) = (text("Stage"), text("Path"));
    let mut uri = format!("https://{}", text("ApiEndpoint"));
    for part in [stage, path] {
        let part = part.strip_prefix('/').unwrap_or(part);
        if !part.is_empty() {
            uri.push('/');
            uri.extend(utf8_percent_encode(part, NOT_IN_PATH));
        }
    }
    let query = arguments.get("QueryParameters").and_then(texts).unwrap_or_default();
    for (i, (name, value)) in query.into_iter().enumerate() {
        uri.push(if i == 0 { '?' } else { '&' });
        uri.extend(utf8_percent_encode(name, NOT_IN_QUERY));
        uri.push('=');
        uri.extend(utf8_percent_encode(value, NOT_IN_QUERY));
    }
    let method = Method::from_bytes(text("Method").as_bytes())?;
    let body = match method {
        Method::POST | Method::PUT | Method::PATCH => body(arguments),
        _ => String::new(), // The others have none, whatever is said.
    };
    let mut request = http::Request::builder().method(method).uri(uri);
    if let Some(headers) = request.headers_mut() {
        for (name, value) in arguments.get("Headers").and_then(texts).unwrap_or_default() {
            if let Some((name, value)) = header(name, value) {
                headers.append(name, value);
            }
        }
        headers.insert(HOST, text("ApiEndpoint").parse()?);
        headers
            .entry(USER_AGENT)
            .or_insert(format!("Amazon|StepFunctions|APIGatewayInvoke|{region}").parse()?);
        if !body.is_empty() {
            headers.entry(CONTENT_TYPE).or_insert("application/json".parse()?);
        }
    }
    Ok(request.body(body)?)
}

/// The body as it is sent: JSON, a text too. Recorded: nothing is sent for null and the empty text.
fn body(arguments: &Value) -> String {
    match arguments.get("RequestBody") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.is_empty() => String::new(),
        Some(value) => {
            let keeps_null = arguments.get("AllowNullValues").and_then(Value::as_bool) == Some(true);
            let mut value = value.clone();
            if !keeps_null {
                drop_null(&mut value);
            }
            Payload::from_value(value).text().to_owned()
        }
    }
}

/// A null member is one that is not there.
pub(super) fn drop_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_null);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An answer, read whole.
pub(super) struct Answered {
    pub(super) status: http::StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

pub(super) async fn answer(response: Response) -> Result<Answered, connect::Error> {
    let (parts, body) = response.into_parts();
    let body = collect(body, ANSWER_BYTES_MAX).await?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answered { status: parts.status, headers: parts.headers, body })
}

impl Answered {
    /// What the task is told. JSON is told as such, anything else as text.
    pub(super) fn result(self) -> Payload {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let values = headers.entry(name.as_str()).or_insert_with(|| json!([]));
            if let Some(values) = values.as_array_mut() {
                values.push(String::from_utf8_lossy(value.as_bytes()).into());
            }
        }
        let body =
            Payload::from_text(self.body.as_str()).map_or(Value::String(self.body), Payload::into_value);
        Payload::from_value(json!({
            "Headers": headers,
            "ResponseBody": body,
            "StatusCode": self.status.as_u16(),
            "StatusText": self.status.canonical_reason().unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST_NAME: &str = "abc.execute-api.us-east-1.amazonaws.com";

    fn check(more: &Value, uri: &str, sent: &str) {
        let mut arguments = json!({"ApiEndpoint": HOST_NAME, "Method": "POST", "Stage": "s"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(refuse(&arguments.clone().into()), None);
        let request = request(&arguments, "us-east-1").unwrap();
        assert_eq!(request.uri().to_string(), format!("https://{HOST_NAME}{uri}"));
        assert_eq!(body(&arguments), sent, "{more}");
    }

    #[test]
    fn arguments_make_a_request() {
        check(&json!({}), "/s", "");
        check(
            &json!({"Path": "/a b/ü", "QueryParameters": {"q": ["1", "a&b"], "r": []}}),
            "/s/a%20b/%C3%BC?q=1&q=a%26b",
            "",
        );
        check(&json!({"Path": "p", "RequestBody": {"a": null, "b": [{"c": null}]}}), "/s/p", r#"{"b":[{}]}"#);
        check(&json!({"RequestBody": {"a": null}, "AllowNullValues": true}), "/s", r#"{"a":null}"#);
        // Recorded by the lengths of echoes.
        check(&json!({"RequestBody": "HelloWorld"}), "/s", r#""HelloWorld""#);
        check(&json!({"RequestBody": ""}), "/s", "");
        check(&json!({"RequestBody": null}), "/s", "");
        check(&json!({"RequestBody": 0}), "/s", "0");
    }

    #[test]
    fn requests_have_their_own_headers_and_the_given() {
        let arguments = json!({"ApiEndpoint": HOST_NAME, "Method": "GET", "Headers": {"X-Mine": ["a", "b"]}, "RequestBody": 1});
        let request = request(&arguments, "eu-west-1").unwrap();
        let values: Vec<_> = request.headers().get_all("x-mine").iter().collect();
        assert_eq!(values, ["a", "b"]);
        assert_eq!(request.headers()["user-agent"], "Amazon|StepFunctions|APIGatewayInvoke|eu-west-1");
        assert_eq!(request.headers()["host"], HOST_NAME);
        assert!(!request.headers().contains_key("content-type"));
    }

    #[test]
    fn bad_arguments_are_refused_in_the_words_of_aws() {
        let invalid = |name: &str| format!("The value of the field '{name}' has an invalid format");
        for (more, reason) in [
            (json!({"Headers": {"Header1": "text"}}), invalid("Headers")), // Recorded.
            (json!({"Headers": {"Authorization": ["x"]}}), invalid("Headers")),
            (json!({"Headers": {"X-Amzn-Mine": ["x"]}}), invalid("Headers")),
            (json!({"Headers": {"a b": ["x"]}}), invalid("Headers")),
            (json!({"QueryParameters": {"a": [1]}}), invalid("QueryParameters")),
            (json!({"Method": "TRACE"}), invalid("Method")),
            (json!({"ApiEndpoint": "https://x"}), invalid("ApiEndpoint")),
            (json!({"Stage": 7}), invalid("Stage")),
            (json!({"AuthType": "MAGIC"}), invalid("AuthType")),
            (json!({"Bogus": 1}), "The field \"Bogus\" is not supported by Step Functions".to_owned()),
        ] {
            let mut arguments = json!({"ApiEndpoint": HOST_NAME, "Method": "POST"});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(refuse(&arguments.into()), Some(reason), "{more}");
        }
        let missing = |name: &str| Some(format!("The field '{name}' is required but was missing"));
        assert_eq!(refuse(&json!([]).into()), missing("ApiEndpoint"));
        assert_eq!(refuse(&json!({"ApiEndpoint": "x"}).into()), missing("Method"));
    }

    #[test]
    fn answers_are_told_as_json_where_they_are() {
        let check = |body: &str, expect: Value| {
            let answered =
                Answered { status: http::StatusCode::OK, headers: HeaderMap::new(), body: body.to_owned() };
            let expect =
                json!({"Headers": {}, "ResponseBody": expect, "StatusCode": 200, "StatusText": "OK"});
            assert_eq!(*answered.result().value(), expect);
        };
        check(r#"{"a": [1]}"#, json!({"a": [1]}));
        check("<html>", json!("<html>"));
        check("", json!(""));
    }
}
