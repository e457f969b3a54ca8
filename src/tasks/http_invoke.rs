//! `http:invoke`: a task calls an HTTP endpoint, authorized by a connection of the settings.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>

mod form;

use std::time::Duration;

use http::header::{CONTENT_TYPE, RANGE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value};

use self::form::ArrayFormat;
use super::api_gateway::{
    Answered, METHODS, NOT_IN_QUERY, answer, drop_null, header, is_one_of, is_own_header,
};
use super::aws::reasons;
use super::connections::{Connection, Connections, TokenError};
use super::role::role_use;
use super::trace::trace_header;
use crate::connect::{self, Call, HttpClient, full};
use crate::engine::event::Failure;
use crate::engine::{HttpExchange, HttpRequest, HttpResponse, TaskCall, TaskResult, Traced};
use crate::json::Payload;
use crate::wire::Permission;
use crate::wire::client::{self, AwsClient};

/// AWS's own bound.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest answer that is read; a result may have 256 KiB.
const ANSWER_BYTES_MAX: usize = 10 * 1_048_576;
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A field of the arguments: its name, whether it must be there, and what it may be.
type Field = (&'static str, bool, fn(&Value) -> bool);

const FIELDS: [Field; 8] = [
    ("ApiEndpoint", true, |value| value.as_str().is_some_and(is_endpoint)),
    ("Method", true, |value| is_one_of(value, &METHODS)),
    ("Authentication", false, |value| value["ConnectionArn"].is_string()),
    ("InvocationConfig", false, |value| value["ConnectionArn"].is_string()),
    ("Headers", false, |value| texts(value).is_some_and(|headers| headers.iter().all(is_header))),
    ("QueryParameters", false, |value| texts(value).is_some()),
    ("RequestBody", false, |_| true),
    ("Transform", false, is_transform),
];

/// An address without a query, which has a field of its own.
fn is_endpoint(text: &str) -> bool {
    let uri = Uri::try_from(text).ok();
    uri.is_some_and(|uri| uri.query().is_none() && uri.host().is_some_and(|host| !host.is_empty()))
}

fn is_header((name, value): &(String, String)) -> bool {
    !is_own_header(name) && header(name, value).is_some()
}

fn is_transform(value: &Value) -> bool {
    let encoding = &value["RequestBodyEncoding"];
    let format = &value["RequestEncodingOptions"]["ArrayFormat"];
    value.is_object()
        && (encoding.is_null() || is_one_of(encoding, &["NONE", "URL_ENCODED"]))
        && (format.is_null() || format.as_str().is_some_and(|word| ArrayFormat::parse(word).is_some()))
}

/// Names with texts, or with lists of them, as pairs; `None` for anything else.
fn texts(value: &Value) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (name, value) in value.as_object()? {
        let one = std::slice::from_ref(value);
        for value in value.as_array().map_or(one, Vec::as_slice) {
            pairs.push((name.clone(), form::scalar(value)?));
        }
    }
    Some(pairs)
}

/// The connection that the arguments name.
fn connection_arn(arguments: &Value) -> Option<&str> {
    ["Authentication", "InvocationConfig"]
        .iter()
        .find_map(|field| arguments.get(field)?.get("ConnectionArn")?.as_str())
}

/// What is wrong with the arguments.
pub(super) fn refuse(connections: &Connections, arguments: &Payload) -> Option<String> {
    let none = Map::new();
    let arguments = arguments.value();
    let members = arguments.as_object().unwrap_or(&none);
    if let Some(unknown) = members.keys().find(|key| !FIELDS.iter().any(|(name, ..)| name == key)) {
        return Some(format!("The field \"{unknown}\" is not supported by Step Functions"));
    }
    let problem = FIELDS.iter().find_map(|(name, is_required, is_good)| match members.get(*name) {
        None if *is_required => Some(format!("The field '{name}' is required but was missing")),
        Some(value) if !is_good(value) => {
            Some(format!("The value of the field '{name}' has an invalid format"))
        }
        None | Some(_) => None,
    });
    if problem.is_some() {
        return problem;
    }
    let Some(arn) = connection_arn(arguments) else {
        return Some("The field 'Authentication' is required but was missing".to_owned());
    };
    let endpoint = arguments["ApiEndpoint"].as_str().unwrap_or_default();
    let is_plain =
        connections.of(arn).is_some_and(Connection::allows_http) && endpoint.starts_with("http://");
    (!is_plain && !endpoint.starts_with("https://"))
        .then(|| "The value for the 'ApiEndpoint' field must have the scheme 'https'".to_owned())
}

/// The secret that EventBridge makes for a connection: policies name it as `…:secret:events!connection/*`.
fn secret_of(connection: &str) -> String {
    connection.replacen(":events:", ":secretsmanager:", 1).replacen(
        ":connection/",
        ":secret:events!connection/",
        1,
    )
}

/// Whether the role may call the endpoint, and use the connection and its secret.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html>
pub(super) async fn unpermitted(aws: &AwsClient, call: &TaskCall) -> Option<Failure> {
    let role = role_use(call)?;
    let arguments = call.input.value();
    let text = |member: &str| arguments.get(member).and_then(Value::as_str).unwrap_or_default();
    let endpoint = text("ApiEndpoint");
    let connection = connection_arn(arguments).unwrap_or_default();
    let secret = secret_of(connection);
    let needed = [
        (
            Permission::new("states:InvokeHTTPEndpoint", &*call.state_machine_arn)
                .with("states:httpmethod", text("Method"))
                .with("states:httpendpoint", endpoint),
            None,
        ),
        (Permission::new("events:RetrieveConnectionCredentials", connection), Some(connection)),
        (Permission::new("secretsmanager:DescribeSecret", &*secret), Some(connection)),
        (Permission::new("secretsmanager:GetSecretValue", &*secret), Some(connection)),
    ];
    for (permission, of_connection) in needed {
        let error = match aws.permit(&role, &call.home, std::slice::from_ref(&permission)).await {
            Ok(()) => continue,
            Err(error) => error,
        };
        let cause = match (error, of_connection) {
            (client::Unpermitted::Denied(_), None) => format!(
                "AWS Step Functions is not authorized to perform states:InvokeHTTPEndpoint on API Endpoint {endpoint}. \
                 Ensure that the StateMachine role contains the states:InvokeHTTPEndpoint permission for the given API \
                 Endpoint"
            ),
            (error, _) => error.to_string(),
        };
        return Some(Failure::new("States.TaskFailed", cause));
    }
    None
}

/// Makes a call and says how it went, and what was sent and received.
pub(super) async fn call(
    connections: &Connections,
    client: &HttpClient,
    call: TaskCall,
    trace: Trace,
) -> Traced {
    let arguments = call.input.value();
    let arn = connection_arn(arguments).unwrap_or_default();
    let Some(connection) = connections.of(arn) else {
        return (TaskResult::Failed(unknown(arn)), None);
    };
    let region = call.home.region.as_str();
    let Some(mut request) = Prepared::new(arguments, connection, region, Added::Kept) else {
        let failure = Failure::new("States.Runtime", "The arguments make no HTTP request.");
        return (TaskResult::Failed(failure), None);
    };
    request.headers.extend(trace_header(&call));
    let mut headers = request.authorized(connections, connection, client).await;
    let mut result = request.send(headers.as_ref(), client).await;
    let is_refused = |answered: &Answered| {
        matches!(answered.status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED)
    };
    // As EventBridge does: a token that is refused is got anew, once.
    if result.as_ref().is_ok_and(is_refused) && connection.forget_token().await {
        headers = request.authorized(connections, connection, client).await;
        result = request.send(headers.as_ref(), client).await;
    }
    let answered = result.as_ref().ok();
    let exchange = match trace {
        Trace::None => None,
        Trace::WithSecrets => {
            Some(exchange(&request, headers.as_ref().unwrap_or(&request.headers), answered))
        }
        Trace::WithoutSecrets => Prepared::new(arguments, connection, region, Added::LeftOut).map(|shown| {
            let mut headers = shown.headers.clone();
            connection.headers().keys().for_each(|name| drop(headers.remove(name)));
            exchange(&shown, &headers, answered)
        }),
    };
    match result.and_then(task_result) {
        Ok(output) => (TaskResult::Succeeded(output), exchange),
        Err(failure) => (TaskResult::Failed(failure), exchange),
    }
}

/// What of a call is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trace {
    /// Nothing but its result.
    None,
    /// The request as it was sent, and the answer.
    WithSecrets,
    /// The same without what the connection added to the request; AWS leaves the answer as it is.
    WithoutSecrets,
}

fn exchange(request: &Prepared, headers: &HeaderMap, answered: Option<&Answered>) -> HttpExchange {
    let protocol = request.uri.scheme_str().unwrap_or_default();
    let response = answered.map(|answered| HttpResponse {
        protocol: protocol.to_owned(),
        status_code: answered.status.as_u16().to_string(),
        status_message: answered.status.canonical_reason().unwrap_or_default().to_owned(),
        headers: shown(&answered.headers),
        body: answered.body.clone(),
    });
    let request = HttpRequest {
        protocol: protocol.to_owned(),
        method: request.method.to_string(),
        url: request.uri.to_string(),
        headers: shown(headers),
        body: (!request.body.is_empty()).then(|| request.body.clone()),
    };
    HttpExchange { request, response }
}

/// Headers as AWS shows them: `[name: value, name: value]`.
fn shown(headers: &HeaderMap) -> String {
    let shown: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    format!("[{}]", shown.join(", "))
}

/// `States.Runtime` is never retried and caught by nothing: trying again can't help.
fn unknown(arn: &str) -> Failure {
    let cause = format!(
        "The connection {arn} is not there. Set it in the server's settings, as [connections.NAME] with the name that \
         stands behind `connection/`."
    );
    Failure::new("States.Runtime", cause)
}

/// What the connection adds to query and body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Added {
    /// It is there, and the arguments' own of the same names are not.
    Kept,
    /// Neither is there.
    LeftOut,
}

/// A request but for what authorizes it.
struct Prepared {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
}

impl Prepared {
    /// What well-formed arguments and the connection stand for; what the connection says wins.
    fn new(arguments: &Value, connection: &Connection, region: &str, added: Added) -> Option<Self> {
        let method = Method::from_bytes(arguments["Method"].as_str()?.as_bytes()).ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in arguments.get("Headers").and_then(texts).unwrap_or_default() {
            let (name, value) = header(&name, &value)?;
            headers.append(name, value);
        }
        let agent = HeaderValue::try_from(format!("Amazon|StepFunctions|HttpInvoke|{region}")).ok()?;
        headers.entry(USER_AGENT).or_insert(agent);
        headers.entry(RANGE).or_insert(HeaderValue::from_static("bytes=0-262144"));

        let mut query = arguments.get("QueryParameters").and_then(texts).unwrap_or_default();
        query.retain(|(name, _)| !connection.query().contains_key(name));
        if added == Added::Kept {
            query.extend(connection.query().clone());
        }
        let mut uri = arguments["ApiEndpoint"].as_str()?.to_owned();
        for (i, (name, value)) in query.iter().enumerate() {
            uri.push(if i == 0 { '?' } else { '&' });
            uri.extend(utf8_percent_encode(name, NOT_IN_QUERY));
            uri.push('=');
            uri.extend(utf8_percent_encode(value, NOT_IN_QUERY));
        }

        let transform = &arguments["Transform"];
        let array_format = (transform["RequestBodyEncoding"] == "URL_ENCODED").then(|| {
            let format = transform["RequestEncodingOptions"]["ArrayFormat"].as_str();
            format.and_then(ArrayFormat::parse).unwrap_or_default()
        });
        let body = match method {
            Method::GET | Method::HEAD => None, // They have none, whatever is said.
            _ => body(arguments.get("RequestBody"), connection, added),
        };
        if body.is_some() {
            let kind = if array_format.is_some() { FORM_TYPE } else { "application/json" };
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        }
        let body = match (body, array_format) {
            (None, _) => String::new(),
            (Some(body), None) => Payload::from_value(body).text().to_owned(),
            (Some(body), Some(format)) => form::encode(&body, format),
        };
        Some(Self { method, uri: Uri::try_from(uri).ok()?, headers, body })
    }

    /// The headers with those that authorize the call.
    async fn authorized(
        &self,
        connections: &Connections,
        connection: &Connection,
        client: &HttpClient,
    ) -> Result<HeaderMap, Failure> {
        let mut headers = self.headers.clone();
        connections.authorize(connection, client, &mut headers).await.map_err(|error| match error {
            TokenError::Unreachable(_) => Failure::new("States.Http.Socket", reasons(&error)),
            TokenError::Refused(status) => {
                Failure::new(format!("States.Http.StatusCode.{}", status.as_u16()), error.to_string())
            }
            TokenError::NoToken => Failure::new("States.Runtime", error.to_string()),
        })?;
        Ok(headers)
    }

    async fn send(
        &self,
        headers: Result<&HeaderMap, &Failure>,
        client: &HttpClient,
    ) -> Result<Answered, Failure> {
        let headers = headers.map_err(Failure::clone)?.clone();
        let mut request = http::Request::new(full(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        let bounds = Call { timeout: TIMEOUT, response_bytes_max: ANSWER_BYTES_MAX, ..Call::default() };
        let socket = |error: connect::Error| Failure::new("States.Http.Socket", reasons(&error));
        answer(client.send(request, bounds).await.map_err(socket)?).await.map_err(socket)
    }
}

/// The body with the connection's members; `None` if there is nothing to send.
fn body(given: Option<&Value>, connection: &Connection, added: Added) -> Option<Value> {
    let mut body = given.cloned().unwrap_or_default();
    drop_null(&mut body);
    if !connection.body().is_empty() {
        if body.is_null() {
            body = Map::new().into();
        }
        if let Some(members) = body.as_object_mut() {
            let of_connection = connection.body().iter();
            match added {
                Added::Kept => {
                    members.extend(of_connection.map(|(name, value)| (name.clone(), value.as_str().into())));
                }
                Added::LeftOut => members.retain(|name, _| !connection.body().contains_key(name)),
            }
        }
    }
    (!body.is_null()).then_some(body)
}

/// The result of the task, out of the response.
fn task_result(answered: Answered) -> Result<Payload, Failure> {
    if !answered.status.is_success() {
        let error = format!("States.Http.StatusCode.{}", answered.status.as_u16());
        return Err(Failure::new(error, answered.body));
    }
    let kind = answered.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || ["json", "xml", "javascript", "x-www-form-urlencoded"]
            .iter()
            .any(|end| kind.strip_suffix(end).is_some_and(|rest| rest.ends_with(['/', '+'])));
    if !is_text && !answered.body.is_empty() {
        let cause = format!("The content type '{kind}' of the response is not supported.");
        return Err(Failure::new("States.Runtime", cause));
    }
    Ok(answered.result())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::clock::SystemClock;
    use crate::tasks::{Authorization, Connection as Settings};

    const ARN: &str = "arn:aws:events:us-east-1:123456789012:connection/c/id";

    fn connections(allow_http: bool) -> Connections {
        let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let authorization = Authorization::ApiKey { name: "X-Key".to_owned(), value: "k".to_owned() };
        let settings = Settings {
            authorization,
            headers: BTreeMap::new(),
            query: map("v", "2"),
            body: map("source", "s"),
            allow_http,
        };
        Connections::new(&[("c".to_owned(), settings)].into(), Arc::new(SystemClock::new())).unwrap()
    }

    fn arguments(more: &Value) -> Value {
        let mut all =
            json!({"ApiEndpoint": "https://h/p", "Method": "POST", "Authentication": {"ConnectionArn": ARN}});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    }

    #[test]
    fn arguments_that_make_no_call_are_refused() {
        let scheme = Some("The value for the 'ApiEndpoint' field must have the scheme 'https'");
        let invalid = |field: &str| format!("The value of the field '{field}' has an invalid format");
        for (more, reason) in [
            (json!({}), None),
            (json!({"ApiEndpoint": "http://h/p"}), scheme),
            (json!({"ApiEndpoint": "https://h/p?q=1"}), Some(&*invalid("ApiEndpoint"))),
            (json!({"Method": "TRACE"}), Some(&*invalid("Method"))),
            (json!({"Headers": {"Authorization": "x"}}), Some(&*invalid("Headers"))),
            (json!({"Headers": {"X": ["a", "b"], "Y": "c"}}), None),
            (json!({"Headers": {"X": {}}}), Some(&*invalid("Headers"))),
            (json!({"Transform": {"RequestBodyEncoding": "BASE64"}}), Some(&*invalid("Transform"))),
            (json!({"Body": 1}), Some("The field \"Body\" is not supported by Step Functions")),
            (json!({"Authentication": {}}), Some(&*invalid("Authentication"))),
        ] {
            let found = refuse(&connections(false), &arguments(&more).into());
            assert_eq!(found.as_deref(), reason, "{more}");
        }
        let plain = arguments(&json!({"ApiEndpoint": "http://h/p"}));
        assert_eq!(refuse(&connections(true), &plain.into()), None);
        let none = json!({"ApiEndpoint": "https://h/", "Method": "GET"});
        let found = refuse(&connections(true), &none.into());
        assert_eq!(found.as_deref(), Some("The field 'Authentication' is required but was missing"));
    }

    #[test]
    fn what_the_connection_says_wins() {
        let connections = connections(false);
        let more =
            json!({"QueryParameters": {"v": "1", "q": ["a b", 2]}, "RequestBody": {"source": "x", "n": 1}});
        let made =
            Prepared::new(&arguments(&more), connections.of(ARN).unwrap(), "us-east-1", Added::Kept).unwrap();
        assert_eq!(made.uri, "https://h/p?q=a%20b&q=2&v=2");
        assert_eq!(made.body, r#"{"source":"s","n":1}"#);
        assert_eq!(made.headers[CONTENT_TYPE], "application/json");
        assert_eq!(made.headers[USER_AGENT], "Amazon|StepFunctions|HttpInvoke|us-east-1");
        let more = json!({"RequestBody": {"a": [1, 2]}, "Transform": {"RequestBodyEncoding": "URL_ENCODED"}});
        let made =
            Prepared::new(&arguments(&more), connections.of(ARN).unwrap(), "us-east-1", Added::Kept).unwrap();
        assert_eq!(
            (made.body.as_str(), &made.headers[CONTENT_TYPE]),
            ("a%5B0%5D=1&a%5B1%5D=2&source=s", &HeaderValue::from_static(FORM_TYPE))
        );
    }

    #[test]
    fn answers_are_told_by_status_and_type() {
        let answered = |status: u16, kind: &'static str, body: &str| Answered {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]),
            body: body.to_owned(),
        };
        let output = task_result(answered(200, "application/json; charset=utf-8", r#"{"a":1}"#)).unwrap();
        assert_eq!(output.value()["ResponseBody"], json!({"a": 1}));
        assert_eq!(output.value()["StatusText"], "OK");
        assert_eq!(task_result(answered(206, "text/plain", "x")).unwrap().value()["ResponseBody"], "x");
        let failure = task_result(answered(503, "text/html", "busy")).unwrap_err();
        assert_eq!(
            (failure.error.as_deref(), failure.cause.as_deref()),
            (Some("States.Http.StatusCode.503"), Some("busy"))
        );
        assert!(task_result(answered(200, "image/png", "x")).is_err());
        assert!(task_result(answered(204, "image/png", "")).is_ok());
    }
}
