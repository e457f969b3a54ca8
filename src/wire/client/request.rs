//! A call as the HTTP request that a service reads: as its protocol names the operation, unsigned.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::query;
use crate::gateway::{AwsCall, AwsOperation};
use crate::wire::{Location, Operation, Protocol, Route, Service};

/// Everything but RFC 3986's unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a service is told which of its operations is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// In `X-Amz-Target`, after this prefix; bodies are JSON of this media type.
    Target(&'static str, &'static str),
    /// As the query parameter `Action`, beside this `Version`.
    Query(Option<&'static str>),
}

/// What DynamoDB has apart from its tables: operations on their streams, under a name and at a host of their own.
const STREAMS: &str = "DynamoDBStreams_20120810";
const OF_STREAMS: &[&str] = &["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];

/// Whether an operation is one on DynamoDB's streams.
pub(super) fn is_of_streams(service: &str, operation: &AwsOperation) -> bool {
    let is_one = |name: &String| OF_STREAMS.contains(&name.as_str());
    service == "dynamodb"
        && matches!(operation, AwsOperation::Json(name) | AwsOperation::Action(name) if is_one(name))
}

const JSON_10: &str = "application/x-amz-json-1.0";
const JSON_11: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

impl Naming {
    /// How clients of the service called `name` do it, whether or not this server has it. Services that aren't listed
    /// speak the query protocol and get their version from the integration (`action/Name&Version=…`).
    pub fn of(name: &str) -> Self {
        match name {
            "dynamodb" => Self::Target("DynamoDB_20120810", JSON_10),
            "states" => Self::Target("AWSStepFunctions", JSON_10),
            "kinesis" => Self::Target("Kinesis_20131202", JSON_11),
            "firehose" => Self::Target("Firehose_20150804", JSON_11),
            "events" => Self::Target("AWSEvents", JSON_11),
            "ssm" => Self::Target("AmazonSSM", JSON_11),
            "logs" => Self::Target("Logs_20140328", JSON_11),
            "kms" => Self::Target("TrentService", JSON_11),
            "secretsmanager" => Self::Target("secretsmanager", JSON_11),
            "cognito-idp" => Self::Target("AWSCognitoIdentityProviderService", JSON_11),
            "ecs" => Self::Target("AmazonEC2ContainerServiceV20141113", JSON_11),
            "sqs" => Self::Query(Some("2012-11-05")),
            "sns" => Self::Query(Some("2010-03-31")),
            "sts" => Self::Query(Some("2011-06-15")),
            "iam" => Self::Query(Some("2010-05-08")),
            "ec2" => Self::Query(Some("2016-11-15")),
            "ses" | "email" => Self::Query(Some("2010-12-01")),
            "monitoring" => Self::Query(Some("2010-08-01")),
            "cloudformation" => Self::Query(Some("2010-05-15")),
            _ => Self::Query(None),
        }
    }

    /// The same, of a service that its own description says more of.
    fn of_service(name: &str, service: Option<&Service>) -> Self {
        match service.map(|service| service.protocol) {
            Some(Protocol::Json10(names)) => Self::Target(names.target_prefix, JSON_10),
            Some(Protocol::Json11(names)) => Self::Target(names.target_prefix, JSON_11),
            Some(Protocol::RestJson | Protocol::RestXml { .. } | Protocol::Query { .. }) | None => {
                Self::of(name)
            }
        }
    }

    /// The same, for input that is JSON.
    fn for_json(name: &str, service: Option<&Service>) -> Self {
        match (name, Self::of_service(name, service)) {
            // It speaks both. In forms, a queue is a path, and here a member.
            ("sqs", Self::Query(_)) => Self::Target("AmazonSQS", JSON_10),
            (_, naming) => naming,
        }
    }
}

/// The call as an HTTP request below `endpoint`; `None` if it makes no address, or names an operation of which nothing
/// is known.
pub(super) fn request(endpoint: &str, call: AwsCall, service: Option<&Service>) -> Option<(Parts, Bytes)> {
    let AwsCall { service: name, operation, method, mut headers, mut query, body, .. } = call;
    for name in [HOST, CONTENT_LENGTH, AUTHORIZATION] {
        headers.remove(name);
    }
    match operation {
        AwsOperation::Path(path) => parts(endpoint, method, &path, &query, headers, body),
        AwsOperation::Action(action) => {
            match Naming::of_service(&name, service) {
                Naming::Target(prefix, content_type) => {
                    name_target(&mut headers, prefix, &action, content_type)?;
                }
                Naming::Query(version) => {
                    let is_given = query.iter().any(|(name, _)| name == "Version");
                    if let Some(version) = version.filter(|_| !is_given) {
                        query.insert(0, ("Version".to_owned(), version.to_owned()));
                    }
                    query.insert(0, ("Action".to_owned(), action));
                }
            }
            parts(endpoint, method, "/", &query, headers, body)
        }
        AwsOperation::Json(action) => {
            let row = service.and_then(|service| service.operation(&action));
            if let Some((row, Route::Rest { method, uri, .. })) = row.map(|row| (row, row.route)) {
                return rest(endpoint, row, (method, uri), headers, &body);
            }
            match Naming::for_json(&name, service) {
                Naming::Target(_, content_type)
                    if OF_STREAMS.contains(&action.as_str()) && name == "dynamodb" =>
                {
                    name_target(&mut headers, STREAMS, &action, content_type)?;
                    parts(endpoint, Method::POST, "/", &[], headers, body)
                }
                Naming::Target(prefix, content_type) => {
                    name_target(&mut headers, prefix, &action, content_type)?;
                    parts(endpoint, Method::POST, "/", &[], headers, body)
                }
                Naming::Query(version) => {
                    let input = serde_json::from_slice(&body).ok()?;
                    let form = query::form(&action, version?, &input);
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
                    parts(endpoint, Method::POST, "/", &[], headers, form.into())
                }
            }
        }
    }
}

fn name_target(headers: &mut HeaderMap, prefix: &str, action: &str, media: &'static str) -> Option<()> {
    let target = HeaderValue::try_from(format!("{prefix}.{action}")).ok()?;
    headers.insert(HeaderName::from_static("x-amz-target"), target);
    // JSON of another name is not read by these services.
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    Some(())
}

/// The members of the input where the operation's row says that a request carries them.
fn rest(
    endpoint: &str,
    row: &Operation,
    (method, template): (&'static str, &'static str),
    mut headers: HeaderMap,
    input: &Bytes,
) -> Option<(Parts, Bytes)> {
    let Value::Object(mut members) = serde_json::from_slice(input).ok()? else { return None };
    members.retain(|_, value| !value.is_null());
    let (path, told) = template.split_once('?').map_or((template, None), |(path, told)| (path, Some(told)));
    let mut path = path.to_owned();
    // What is told by a header is a member, too.
    let told = told.into_iter().flat_map(|told| told.split('&')).filter(|mark| !mark.starts_with("x-amz-"));
    let given = row.input.members;
    let told = told.filter(|mark| !given.iter().any(|member| member.location == Location::Query(mark)));
    let told = told.map(|mark| mark.split_once('=').unwrap_or((mark, "")));
    let mut query: Vec<(String, String)> =
        told.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut payload = None;
    for member in row.input.members {
        if member.location == Location::Body {
            continue;
        }
        let Some(value) = members.remove(member.name) else { continue };
        match member.location {
            Location::Body => {}
            Location::Uri(label) => {
                let text = utf8_percent_encode(&text(&value), QUERY).to_string();
                path = path.replace(&format!("{{{label}}}"), &text);
                path = path.replace(&format!("{{{label}+}}"), &text.replace("%2F", "/"));
            }
            Location::Query(name) => match value {
                Value::Array(items) => query.extend(items.iter().map(|item| (name.to_owned(), text(item)))),
                value => query.push((name.to_owned(), text(&value))),
            },
            Location::QueryMap => {
                let pairs = value.as_object().into_iter().flatten();
                query.extend(pairs.map(|(name, value)| (name.clone(), text(value))));
            }
            Location::Header(name) => {
                let name = HeaderName::try_from(name).ok()?;
                headers.insert(name, HeaderValue::try_from(text(&value)).ok()?);
            }
            Location::HeaderMap(prefix) => {
                for (rest, value) in value.as_object().into_iter().flatten() {
                    let name = HeaderName::try_from(format!("{prefix}{rest}")).ok()?;
                    headers.insert(name, HeaderValue::try_from(text(value)).ok()?);
                }
            }
            Location::Payload | Location::RawPayload | Location::Stream => payload = Some(text(&value)),
        }
    }
    let body = match payload {
        Some(payload) => payload.into(),
        None if members.is_empty() => Bytes::new(),
        None => body(members),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    parts(endpoint, Method::from_bytes(method.as_bytes()).ok()?, &path, &query, headers, body)
}

fn body(members: Map<String, Value>) -> Bytes {
    Value::Object(members).to_string().into()
}

/// A value as text: its own, or its JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn parts(
    endpoint: &str,
    method: Method,
    path: &str,
    query: &[(String, String)],
    headers: HeaderMap,
    body: Bytes,
) -> Option<(Parts, Bytes)> {
    let mut uri = format!("{endpoint}{path}");
    for (index, (name, value)) in query.iter().enumerate() {
        uri.push(if index == 0 { '?' } else { '&' });
        uri.extend(utf8_percent_encode(name, QUERY));
        uri.push('=');
        uri.extend(utf8_percent_encode(value, QUERY));
    }
    let mut request = http::Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::try_from(uri).ok()?;
    *request.headers_mut() = headers;
    Some((request.into_parts().0, body))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gateway::CallAs;
    use crate::id::{AccountId, AccountRegion, Region};
    use crate::wire::{apigateway, iam, lambda, states};

    fn call(service: &str, operation: AwsOperation) -> AwsCall {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        AwsCall {
            owner: AccountRegion {
                account: AccountId::parse("123456789012").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            service: service.to_owned(),
            region: "us-east-1".to_owned(),
            operation,
            method: Method::POST,
            call_as: CallAs::Api,
            source_arn: None,
            headers: HeaderMap::from_iter([json]),
            query: vec![("a b".to_owned(), "1&2".to_owned())],
            body: Bytes::from_static(b"{}"),
            timeout: Duration::from_secs(1),
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
            let (parts, body) = request("http://h:1/b", call(service, operation), None).unwrap();
            assert_eq!((parts.uri.to_string().as_str(), &*body), (uri, b"{}".as_slice()));
            assert_eq!(parts.headers.get("x-amz-target").map(|it| it.to_str().unwrap()), target);
            assert_eq!(parts.headers["content-type"], content_type);
        }
    }

    #[test]
    fn input_as_json_is_put_where_the_protocol_has_it() {
        for (service, name, input, method, uri, body) in [
            (
                &states::SERVICE,
                "StartExecution",
                r#"{"stateMachineArn":"a"}"#,
                "POST",
                "http://h/",
                r#"{"stateMachineArn":"a"}"#,
            ),
            (
                &iam::SERVICE,
                "GetRole",
                r#"{"RoleName":"a b"}"#,
                "POST",
                "http://h/",
                "Action=GetRole&Version=2010-05-08&RoleName=a%20b",
            ),
            (
                &apigateway::SERVICE,
                "GetResources",
                r#"{"restApiId":"a/b","limit":5,"embed":["methods","x"],"position":null}"#,
                "GET",
                "http://h/restapis/a%2Fb/resources?limit=5&embed=methods&embed=x",
                "",
            ),
            (
                &apigateway::SERVICE,
                "CreateResource",
                r#"{"restApiId":"a","parentId":"p","pathPart":"x"}"#,
                "POST",
                "http://h/restapis/a/resources/p",
                r#"{"pathPart":"x"}"#,
            ),
            (
                &apigateway::SERVICE,
                "ImportRestApi",
                r#"{"failOnWarnings":true,"body":"{\"swagger\":1}"}"#,
                "POST",
                "http://h/restapis?mode=import&failonwarnings=true",
                r#"{"swagger":1}"#,
            ),
            (
                &lambda::SERVICE,
                "GetFunction",
                r#"{"FunctionName":"f","Qualifier":"1"}"#,
                "GET",
                "http://h/2015-03-31/functions/f?Qualifier=1",
                "",
            ),
        ] {
            let mut call = call(service.name, AwsOperation::Json(name.to_owned()));
            call.body = Bytes::from_static(input.as_bytes());
            let (parts, sent) = request("http://h", call, Some(service)).unwrap();
            assert_eq!((parts.method.as_str(), parts.uri.to_string().as_str()), (method, uri), "{name}");
            assert_eq!(std::str::from_utf8(&sent).unwrap(), body, "{name}");
        }
    }

    #[test]
    fn what_makes_no_request_is_none() {
        assert!(request("http://h", call("s3", AwsOperation::Path("/a b".to_owned())), None).is_none());
        // Nothing is known of these services: neither how an operation is named nor where its input goes.
        assert!(request("http://h", call("s3", AwsOperation::Json("GetObject".to_owned())), None).is_none());
    }
}
