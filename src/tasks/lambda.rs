//! Lambda functions: by their ARN, by `lambda:invoke` and by `aws-sdk:lambda:invoke`.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::aws::{self, Fault, V1};
use super::trace::trace_header;
use crate::asl::{Integration, Pattern, Resource};
use crate::engine::event::Failure;
use crate::engine::{TaskCall, TaskResult};
use crate::gateway::{AwsCall, AwsOperation, BackendResponse};
use crate::json::Payload;
use crate::wire::client::AwsClient;

/// The service's name.
pub(super) const NAME: &str = "lambda";
/// A function may take 15 minutes.
const TIMEOUT: Duration = Duration::from_secs(15 * 60 + 10);
/// Everything but RFC 3986's unreserved characters.
const LABEL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

static V1: V1 = V1 { prefix: "Lambda", service: "AWSLambda", generic: "AWSLambdaException" };

/// How a function is called, and what a task wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InvokeForm {
    /// By its ARN: its answer.
    Direct,
    /// By `lambda:invoke`: its answer with the call's metadata.
    Optimized,
    /// By `aws-sdk:lambda:invoke`: what the API answers, whether or not the function failed.
    Sdk,
}

/// Makes a call and says how it went.
pub(super) async fn call(client: &AwsClient, call: TaskCall) -> TaskResult {
    let (form, pattern) = match &call.resource {
        Resource::Lambda(_) | Resource::Activity(_) => (InvokeForm::Direct, Pattern::RequestResponse),
        Resource::Integration(Integration { service, pattern, .. }) if service == NAME => {
            (InvokeForm::Optimized, *pattern)
        }
        Resource::Integration(integration) => (InvokeForm::Sdk, integration.pattern),
    };
    let response = match client.send(request(form, &call)).await {
        Ok(response) => response,
        Err(error) => return TaskResult::Failed(aws::not_sent(&call, "Lambda", &error)),
    };
    match (result(form, &response), pattern) {
        (Err(failure), _) => TaskResult::Failed(failure),
        (Ok(output), Pattern::RequestResponse) => TaskResult::Succeeded(output),
        (Ok(output), Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken) => {
            TaskResult::Submitted(output)
        }
    }
}

fn request(form: InvokeForm, call: &TaskCall) -> AwsCall {
    let input = call.input.value();
    let text = |name: &str| input.get(name).and_then(Value::as_str).filter(|_| form != InvokeForm::Direct);
    let arn = match &call.resource {
        Resource::Lambda(arn) => Some(arn.to_string()),
        Resource::Activity(_) | Resource::Integration(_) => None,
    };
    let function = arn.as_deref().or_else(|| text("FunctionName")).unwrap_or_default();
    let path = format!("/2015-03-31/functions/{}/invocations", utf8_percent_encode(function, LABEL));
    let query = text("Qualifier").map(|qualifier| ("Qualifier".to_owned(), qualifier.to_owned()));
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    for (member, header) in [
        ("InvocationType", "x-amz-invocation-type"),
        ("LogType", "x-amz-log-type"),
        ("ClientContext", "x-amz-client-context"),
    ] {
        // What can't stand in a header, the service can't be told.
        if let Some(Ok(value)) = text(member).map(HeaderValue::try_from) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
    headers.extend(trace_header(call));
    let body = match form {
        InvokeForm::Direct => call.input.text().to_owned(),
        InvokeForm::Optimized | InvokeForm::Sdk => payload(input.get("Payload")),
    };
    let request =
        aws::request(NAME, call, headers, AwsOperation::Path(path), query.into_iter().collect(), body);
    AwsCall { timeout: TIMEOUT, ..request }
}

/// A text that is JSON is sent as it is, as recorded; any other value as its JSON, and null as nothing.
fn payload(payload: Option<&Value>) -> String {
    match payload {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if Payload::from_text(text.as_str()).is_ok() => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn result(form: InvokeForm, response: &BackendResponse) -> Result<Payload, Failure> {
    if !response.status.is_success() {
        let fault = Fault::read(response, false);
        return Err(match form {
            InvokeForm::Direct | InvokeForm::Optimized => fault.as_v1(&V1),
            InvokeForm::Sdk => fault.as_v2("Lambda"),
        });
    }
    let header = |name: &str| response.headers.get(name).and_then(|value| value.to_str().ok());
    let text = String::from_utf8_lossy(&response.body);
    let function_error = header("x-amz-function-error");
    if function_error.is_some() && form != InvokeForm::Sdk {
        return Err(function_failed(&text));
    }
    // A function that was only told of an event answers nothing.
    let answer = || match text.is_empty() {
        true => Value::String(String::new()),
        false => serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone().into_owned())),
    };
    if form == InvokeForm::Direct {
        return Ok(match Payload::from_text(text.as_ref()) {
            Ok(answer) => answer,
            Err(_) => Payload::from_value(answer()),
        });
    }
    let mut members = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    add("ExecutedVersion", header("x-amz-executed-version").map(Value::from));
    add("FunctionError", function_error.map(Value::from));
    add("LogResult", header("x-amz-log-result").map(Value::from));
    add("Payload", Some(if form == InvokeForm::Sdk { text.as_ref().into() } else { answer() }));
    add("StatusCode", Some(response.status.as_u16().into()));
    Ok(Payload::from_value(match form {
        InvokeForm::Optimized => aws::with_metadata(members, response),
        InvokeForm::Direct | InvokeForm::Sdk => members.into(),
    }))
}

/// A function that failed names its error; one that ended otherwise (out of time or memory) does not.
fn function_failed(payload: &str) -> Failure {
    let answer: Value = serde_json::from_str(payload).unwrap_or_default();
    match answer.get("errorType").and_then(Value::as_str) {
        Some(error) => Failure::new(error, payload),
        None => {
            let cause = format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
            );
            Failure::new("Lambda.Unknown", cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::{AccountId, AccountRegion, Arn, Region};

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> BackendResponse {
        let headers = headers.iter().map(|&(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        BackendResponse {
            status: http::StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter(headers),
            body: body.as_bytes().into(),
        }
    }

    fn value(form: InvokeForm, response: &BackendResponse) -> Value {
        result(form, response).unwrap().value().clone()
    }

    #[test]
    fn calls_belong_to_the_trace_of_the_execution() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let function = Arn::parse("arn:aws:lambda:us-east-1:123456789012:function:f").unwrap();
        let call = TaskCall {
            home,
            execution_arn: "arn:aws:states:us-east-1:123456789012:execution:m:e".into(),
            state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:m".into(),
            resource: Resource::Lambda(function),
            input: json!({}).into(),
            role_arn: "arn:aws:iam::123456789012:role/r".into(),
            task_role: None,
            idempotency_token: "t".into(),
            trace_header: Some("Root=1-2-3".into()),
        };
        assert_eq!(request(InvokeForm::Direct, &call).headers["x-amzn-trace-id"], "Root=1-2-3");
        let untraced = TaskCall { trace_header: None, ..call };
        assert!(!request(InvokeForm::Direct, &untraced).headers.contains_key("x-amzn-trace-id"));
    }

    #[test]
    fn payloads_are_sent_as_recorded() {
        for (given, sent) in [
            (None, ""),
            (Some(json!(null)), ""),
            (Some(json!({"a": 1})), r#"{"a":1}"#),
            (Some(json!("0.0")), "0.0"),
            (Some(json!("\"Hello\"")), "\"Hello\""),
            (Some(json!("Hello")), "\"Hello\""),
        ] {
            assert_eq!(payload(given.as_ref()), sent);
        }
    }

    #[test]
    fn each_way_tells_what_it_should() {
        let response = answer(200, &[("x-amz-executed-version", "$LATEST")], r#"{"a": 1}"#);
        assert_eq!(result(InvokeForm::Direct, &response).unwrap().text(), r#"{"a": 1}"#);
        let told = value(InvokeForm::Optimized, &response);
        assert_eq!((&told["Payload"], &told["StatusCode"]), (&json!({"a": 1}), &json!(200)));
        assert_eq!(told["SdkHttpMetadata"]["HttpHeaders"]["X-Amz-Executed-Version"], "$LATEST");
        let told = value(InvokeForm::Sdk, &response);
        assert_eq!(told, json!({"ExecutedVersion": "$LATEST", "Payload": "{\"a\": 1}", "StatusCode": 200}));
        assert_eq!(value(InvokeForm::Optimized, &answer(202, &[], ""))["Payload"], "");
    }

    #[test]
    fn a_function_s_error_is_the_task_s() {
        let failed = [("x-amz-function-error", "Unhandled")];
        let body = r#"{"errorMessage": "why", "errorType": "Exception"}"#;
        for form in [InvokeForm::Direct, InvokeForm::Optimized] {
            let failure = result(form, &answer(200, &failed, body)).unwrap_err();
            assert_eq!((failure.error.as_deref(), failure.cause.as_deref()), (Some("Exception"), Some(body)));
        }
        assert_eq!(value(InvokeForm::Sdk, &answer(200, &failed, body))["FunctionError"], "Unhandled");
        let failure =
            result(InvokeForm::Direct, &answer(200, &failed, r#"{"errorMessage":"x"}"#)).unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("Lambda.Unknown"));
        assert!(failure.cause.unwrap().ends_with(r#"Returned payload: {"errorMessage":"x"}"#));
    }

    #[test]
    fn refusals_are_named_as_recorded() {
        let headers = [("x-amzn-errortype", "ResourceNotFoundException"), ("x-amzn-requestid", "id")];
        let body = r#"{"Type":"User","Message":"Function not found: f"}"#;
        let failure = result(InvokeForm::Optimized, &answer(404, &headers, body)).unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("Lambda.ResourceNotFoundException"));
        assert_eq!(
            failure.cause.as_deref(),
            Some(
                "Function not found: f (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: id; Proxy: null)"
            )
        );
    }
}
