//! Services of AWS: `aws-sdk:*` and the optimized `sqs`, `sns`, `events` and `dynamodb`, here or elsewhere.
//!
//! Optimized integrations speak as AWS's SDK of version 1 does, with the metadata of the call in their results;
//! `aws-sdk` ones as version 2. EventBridge, the youngest, speaks as version 2 in both.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

mod attribute_values;
mod failure;
mod optimized;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

pub(super) use self::failure::{Fault, V1, reasons};
pub(super) use self::optimized::refuse as refuse_optimized;
use super::api_gateway::drop_null;
use super::role::role_use;
use crate::asl::{Integration, Pattern, Resource};
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::{TaskCall, TaskResult};
use crate::gateway::{AwsCall, AwsOperation, BackendError, BackendResponse, CallAs};
use crate::json::Payload;
use crate::wire::client::{self, AwsClient, Naming, SendError, TIMEOUT};

/// The media type of SQS's newer protocol.
const JSON_10: &str = "application/x-amz-json-1.0";

/// A service as its SDKs know it.
#[derive(Debug)]
pub(super) struct Service {
    /// In `aws-sdk:` resources.
    sdk: &'static str,
    /// In signatures and in the settings.
    pub(super) name: &'static str,
    /// In errors of SDK version 2.
    id: &'static str,
    /// Of the service's optimized integration, if it has one that speaks as version 1.
    v1: Option<&'static V1>,
    /// Members that take text, for which any other JSON stands.
    texts: &'static [&'static str],
}

static DYNAMODB: V1 =
    V1 { prefix: "DynamoDB", service: "AmazonDynamoDBv2", generic: "AmazonDynamoDBException" };
static SQS: V1 = V1 { prefix: "SQS", service: "AmazonSQS", generic: "AmazonSQSException" };
static SNS: V1 = V1 { prefix: "SNS", service: "AmazonSNS", generic: "AmazonSNSException" };

const fn service(sdk: &'static str, name: &'static str, id: &'static str) -> Service {
    Service { sdk, name, id, v1: None, texts: &[] }
}

/// Whose requests need no model: members are named as tasks name them.
static SERVICES: &[Service] = &[
    Service { v1: Some(&DYNAMODB), ..service("dynamodb", "dynamodb", "DynamoDb") },
    Service { v1: Some(&SQS), texts: &["MessageBody"], ..service("sqs", "sqs", "Sqs") },
    Service { v1: Some(&SNS), texts: &["Message"], ..service("sns", "sns", "Sns") },
    Service { texts: &["Detail"], ..service("eventbridge", "events", "EventBridge") },
    Service { texts: &["SecretString"], ..service("secretsmanager", "secretsmanager", "SecretsManager") },
    service("ssm", "ssm", "Ssm"),
    service("kms", "kms", "Kms"),
    service("kinesis", "kinesis", "Kinesis"),
    service("firehose", "firehose", "Firehose"),
    service("cognitoidentityprovider", "cognito-idp", "CognitoIdentityProvider"),
    service("iam", "iam", "Iam"),
    service("sts", "sts", "Sts"),
];

/// A service with the way it is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) service: &'static Service,
    /// Version 1, if the call is optimized that way.
    v1: Option<&'static V1>,
    is_optimized: bool,
}

impl Target {
    pub(super) fn of(integration: &Integration) -> Option<Self> {
        let name = integration.service.as_str();
        match name.strip_prefix("aws-sdk:") {
            Some(sdk) => {
                let service = SERVICES.iter().find(|service| service.sdk == sdk)?;
                Some(Self { service, v1: None, is_optimized: false })
            }
            None => {
                let is_meant = matches!(name, "sqs" | "sns" | "events" | "dynamodb");
                let service = SERVICES.iter().find(|service| is_meant && service.name == name)?;
                Some(Self { service, v1: service.v1, is_optimized: true })
            }
        }
    }

    /// What is wrong with the arguments.
    pub(super) fn refuse(self, integration: &Integration, arguments: &Payload) -> Option<String> {
        match self.is_optimized {
            true => optimized::refuse(integration, arguments).or_else(|| match self.service.name {
                "dynamodb" => attribute_values::refuse(arguments.value()),
                _ => None,
            }),
            false => None, // Without a model, the service itself says so.
        }
    }

    /// Makes a call and says how it went.
    pub(super) async fn call(
        self,
        client: &AwsClient,
        integration: &Integration,
        call: TaskCall,
    ) -> TaskResult {
        let mut input = call.input.value().clone();
        drop_null(&mut input);
        turn_into_text(&mut input, self.service.texts);
        if self.is_optimized && self.service.name == "events" {
            optimized::name_sources(&mut input, &call);
        }
        if self.service.name == "dynamodb" {
            attribute_values::give_types(&mut input);
        }
        if self.service.name == "events" {
            times_in_seconds(&mut input);
        }
        let protocol = Protocol::of(self.service.name);
        let request = protocol.request(self.service.name, &pascal(&integration.action), &input, &call);
        let response = match client.send(request).await {
            Ok(response) => response,
            Err(error) => return TaskResult::Failed(not_sent(&call, self.prefix(), &error)),
        };
        let result = match response.status.is_success() {
            false => Err(self.failed(&Fault::read(&response, protocol.is_xml()))),
            true => self.result(protocol, &response),
        };
        match result {
            Err(failure) => TaskResult::Failed(failure),
            Ok(output) => match integration.pattern {
                Pattern::RequestResponse => TaskResult::Succeeded(output),
                Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken => TaskResult::Submitted(output),
            },
        }
    }

    fn result(self, protocol: Protocol, response: &BackendResponse) -> Result<Payload, Failure> {
        let mut output = protocol.answer(response).map_err(|reason| {
            let error = format!("{}.SdkClientException", self.prefix());
            Failure::new(error, format!("Unable to unmarshall response ({reason})"))
        })?;
        dates(&mut output);
        if self.is_optimized && self.service.name == "events" {
            optimized::check_entries(&output)?;
        }
        Ok(Payload::from_value(match (self.v1, output) {
            (Some(_), Value::Object(members)) => with_metadata(members, response),
            (Some(_) | None, output) => output,
        }))
    }

    fn prefix(self) -> &'static str {
        self.v1.map_or(self.service.id, |v1| v1.prefix)
    }

    fn failed(self, fault: &Fault) -> Failure {
        match self.v1 {
            Some(v1) => fault.as_v1(v1),
            None => fault.as_v2(self.service.id),
        }
    }
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    /// In JSON, under `X-Amz-Target`.
    Json { prefix: &'static str, content_type: &'static str },
    /// In forms, and back in XML.
    Query { version: &'static str },
}

impl Protocol {
    fn of(name: &str) -> Self {
        match (name, Naming::of(name)) {
            // It speaks both; newer clients speak JSON.
            ("sqs", _) => Self::Json { prefix: "AmazonSQS", content_type: JSON_10 },
            (_, Naming::Target(prefix, content_type)) => Self::Json { prefix, content_type },
            (_, Naming::Query(version)) => Self::Query { version: version.unwrap_or_default() },
        }
    }

    fn is_xml(self) -> bool {
        matches!(self, Self::Query { .. })
    }

    fn request(self, service: &str, action: &str, input: &Value, call: &TaskCall) -> AwsCall {
        let mut headers = HeaderMap::new();
        let (body, content_type) = match self {
            Self::Json { prefix, content_type } => {
                // Actions are ASCII letters and digits.
                if let Ok(target) = HeaderValue::try_from(format!("{prefix}.{action}")) {
                    headers.insert(HeaderName::from_static("x-amz-target"), target);
                }
                (input.to_string(), content_type)
            }
            Self::Query { version } => {
                (client::form(action, version, input), "application/x-www-form-urlencoded; charset=utf-8")
            }
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        request(service, call, headers, AwsOperation::Path("/".to_owned()), Vec::new(), body)
    }

    fn answer(self, response: &BackendResponse) -> Result<Value, &'static str> {
        let text = std::str::from_utf8(&response.body).map_err(|_| "no UTF-8")?;
        match self {
            Self::Json { .. } if text.is_empty() => Ok(json!({})),
            Self::Json { .. } => serde_json::from_str(text).map_err(|_| "no JSON"),
            Self::Query { .. } => {
                client::query_result(&client::parse_xml(text).ok_or("no XML")?).ok_or("no result")
            }
        }
    }
}

/// A call of `service` in the execution's region.
pub(super) fn request(
    service: &str,
    call: &TaskCall,
    headers: HeaderMap,
    operation: AwsOperation,
    query: Vec<(String, String)>,
    body: String,
) -> AwsCall {
    AwsCall {
        owner: call.home.clone(),
        service: service.to_owned(),
        region: call.home.region.as_str().to_owned(),
        operation,
        method: Method::POST,
        call_as: call_as(call),
        source_arn: None,
        headers,
        query,
        body: body.into(),
        timeout: TIMEOUT,
    }
}

/// The role of the execution, in a session of its name. What is tested without a role has the account's rights.
fn call_as(call: &TaskCall) -> CallAs {
    role_use(call).map_or(CallAs::Account, |role| CallAs::Role(Box::new(role)))
}

/// The service of a resource and its text.
pub(super) fn shown(resource: &Resource) -> (&str, String) {
    match resource {
        Resource::Activity(arn) => ("activity", arn.to_string()),
        Resource::Lambda(arn) => ("lambda", arn.to_string()),
        Resource::Integration(integration) => (&*integration.service, integration.text.clone()),
    }
}

/// How a task fails whose call got no response. `prefix` is what the errors of the service begin with.
pub(super) fn not_sent(call: &TaskCall, prefix: &str, error: &SendError) -> Failure {
    match error {
        SendError::Http(error) => Failure::new(
            format!("{prefix}.SdkClientException"),
            format!("Unable to execute HTTP request: {}", reasons(error)),
        ),
        SendError::Refused(BackendError::Unreachable | BackendError::TimedOut | BackendError::Malformed) => {
            Failure::new(
                format!("{prefix}.SdkClientException"),
                format!("Unable to execute HTTP request: {error}"),
            )
        }
        SendError::Refused(BackendError::Credentials { reason, .. }) => {
            Failure::new("States.TaskFailed", reason.as_str())
        }
        // Never retried and caught by nothing: trying again can't help.
        SendError::Refused(error) => {
            let (_, resource) = shown(&call.resource);
            Failure::new("States.Runtime", format!("The resource {resource} can't be called: {error}."))
        }
    }
}

/// The result of a call of SDK version 1: beside the answer, the call's own side. Sorted by name, as recorded.
pub(super) fn with_metadata(mut members: Map<String, Value>, response: &BackendResponse) -> Value {
    let (mut all, mut each) = (Map::new(), Map::new());
    for name in response.headers.keys() {
        let values: Vec<String> = response
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let shown = header_name(name.as_str());
        each.insert(shown.to_owned(), values.first().cloned().into());
        all.insert(shown.to_owned(), values.into());
    }
    let metadata =
        json!({"AllHttpHeaders": all, "HttpHeaders": each, "HttpStatusCode": response.status.as_u16()});
    members.insert("SdkHttpMetadata".to_owned(), metadata);
    members.insert("SdkResponseMetadata".to_owned(), json!({"RequestId": failure::request_id(response)}));
    let mut members: Vec<(String, Value)> = members.into_iter().collect();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members.into_iter().collect::<Map<_, _>>().into()
}

/// A header's name as AWS writes it; the client that received it knows lower case only.
fn header_name(name: &str) -> &str {
    match name {
        "connection" => "Connection",
        "content-length" => "Content-Length",
        "content-type" => "Content-Type",
        "date" => "Date",
        "server" => "Server",
        "x-amz-executed-version" => "X-Amz-Executed-Version",
        "x-amz-function-error" => "X-Amz-Function-Error",
        "x-amz-log-result" => "X-Amz-Log-Result",
        "x-amzn-remapped-content-length" => "x-amzn-Remapped-Content-Length",
        "x-amzn-requestid" => "x-amzn-RequestId",
        "x-amzn-trace-id" => "X-Amzn-Trace-Id",
        other => other,
    }
}

/// `sendMessage` as the API calls it.
fn pascal(action: &str) -> String {
    let mut chars = action.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn turn_into_text(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(_) => {}
                    other if names.contains(&name.as_str()) => *other = other.to_string().into(),
                    other => turn_into_text(other, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| turn_into_text(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// EventBridge takes the time of an event in seconds.
fn times_in_seconds(input: &mut Value) {
    let entries = input.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten();
    for time in entries.filter_map(|entry| entry.get_mut("Time")) {
        if let Some(parsed) = time.as_str().and_then(Timestamp::parse_rfc3339) {
            *time = json!(parsed.as_seconds_f64());
        }
    }
}

/// Dates are told in ISO 8601. Without a model, they are numbers under names that say so.
fn dates(output: &mut Value) {
    const NAMES: [&str; 3] = ["Date", "DateTime", "Timestamp"];
    match output {
        Value::Object(members) => {
            for (name, value) in members {
                let is_date = NAMES.iter().any(|end| name.ends_with(end));
                match value.as_f64().filter(|_| is_date) {
                    Some(seconds) => *value = date(seconds).into(),
                    None => dates(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(dates),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[allow(clippy::cast_possible_truncation, reason = "dates are far from the limits of either")]
fn date(seconds: f64) -> String {
    Timestamp::from_millis((seconds * 1000.0).round() as i64).to_iso8601()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integration(text: &str) -> Integration {
        let (service, action) = text.rsplit_once(':').unwrap();
        Integration {
            service: service.to_owned(),
            action: action.to_owned(),
            pattern: Pattern::RequestResponse,
            text: format!("arn:aws:states:::{text}"),
        }
    }

    #[test]
    fn resources_name_services_of_the_settings() {
        for (resource, name) in [
            ("sqs:sendMessage", Some("sqs")),
            ("events:putEvents", Some("events")),
            ("aws-sdk:eventbridge:putEvents", Some("events")),
            ("aws-sdk:cognitoidentityprovider:listUsers", Some("cognito-idp")),
            ("aws-sdk:events:putEvents", None),
            ("secretsmanager:listSecrets", None),
            ("ecs:runTask", None),
        ] {
            assert_eq!(Target::of(&integration(resource)).map(|t| t.service.name), name, "{resource}");
        }
    }

    #[test]
    fn arguments_lose_their_nulls_and_texts_are_texts() {
        let mut input =
            json!({"a": null, "MessageBody": {"x": [1, null]}, "b": [{"c": null}], "Other": {"y": 1}});
        drop_null(&mut input);
        turn_into_text(&mut input, &["MessageBody"]);
        assert_eq!(input, json!({"MessageBody": "{\"x\":[1,null]}", "b": [{}], "Other": {"y": 1}}));
    }

    #[test]
    fn numbers_under_the_names_of_dates_are_dates() {
        let mut output = json!({"CreatedDate": 1_700_000_000.125, "Size": 1_700_000_000, "L": [{"CreationDateTime": 0}],
            "LastDate": "x"});
        dates(&mut output);
        assert_eq!(
            output,
            json!({"CreatedDate": "2023-11-14T22:13:20.125Z", "Size": 1_700_000_000,
                "L": [{"CreationDateTime": "1970-01-01T00:00:00.000Z"}], "LastDate": "x"})
        );
        let mut input = json!({"Entries": [{"Time": "2023-11-14T22:13:20Z"}, {"Time": 5}]});
        times_in_seconds(&mut input);
        assert_eq!(input, json!({"Entries": [{"Time": 1_700_000_000.0}, {"Time": 5}]}));
    }

    #[test]
    fn metadata_stand_beside_the_answer_in_order() {
        let headers = [("content-type", "text/xml"), ("x-amzn-requestid", "r")];
        let headers =
            headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let response = BackendResponse {
            status: http::StatusCode::OK,
            headers: HeaderMap::from_iter(headers),
            body: bytes::Bytes::new(),
        };
        let members = [("SequenceNumber".to_owned(), json!("1")), ("MessageId".to_owned(), json!("m"))];
        let result = with_metadata(members.into_iter().collect(), &response);
        assert_eq!(
            result.to_string(),
            "{\"MessageId\":\"m\",\"SdkHttpMetadata\":{\"AllHttpHeaders\":{\"Content-Type\":[\"text/xml\"],\
             \"x-amzn-RequestId\":[\"r\"]},\"HttpHeaders\":{\"Content-Type\":\"text/xml\",\"x-amzn-RequestId\":\"r\"},\
             \"HttpStatusCode\":200},\"SdkResponseMetadata\":{\"RequestId\":\"r\"},\"SequenceNumber\":\"1\"}"
        );
    }
}
