//! Errors of services, as AWS's SDKs put them.

use serde_json::Value;

use crate::engine::event::Failure;
use crate::gateway::BackendResponse;
use crate::wire::client::parse_xml;

/// How SDK version 1 names a service.
#[derive(Debug)]
pub(crate) struct V1 {
    /// Before the error: `DynamoDB`.
    pub(crate) prefix: &'static str,
    /// In the text: `AmazonDynamoDBv2`.
    pub(crate) service: &'static str,
    /// The error that the service's model does not have: `AmazonDynamoDBException`.
    pub(crate) generic: &'static str,
}

/// What a service refused.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    /// The error's name in the service's model, or the framework's.
    pub(crate) name: String,
    /// The code that older clients of the service know it by.
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) status: u16,
    pub(crate) request_id: String,
}

/// Errors of AWS's framework, which models don't have: SDKs make one error of them for each service.
const FRAMEWORK: [&str; 24] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidParameterValue",
    "InvalidSignatureException",
    "MalformedQueryString",
    "MissingAction",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "MissingParameter",
    "MissingRequiredParameterException",
    "SerializationException",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
];

/// Whether no model has an error of this name.
pub(crate) fn is_framework(name: &str) -> bool {
    name.is_empty() || FRAMEWORK.contains(&name)
}

impl Fault {
    /// Reads an answer that is no success, in JSON or XML.
    pub(crate) fn read(response: &BackendResponse, is_xml: bool) -> Self {
        let text = String::from_utf8_lossy(&response.body);
        let (name, message) = match is_xml {
            true => {
                let root = parse_xml(&text);
                let error = root.as_ref().and_then(|root| root.find("Error"));
                let member = |name| error.and_then(|error| Some(error.child(name)?.text.clone()));
                (member("Code"), member("Message"))
            }
            false => {
                let body: Value = serde_json::from_str(&text).unwrap_or_default();
                let member = |name| body.get(name).and_then(Value::as_str).map(str::to_owned);
                let name = header(response, "x-amzn-errortype").or_else(|| member("__type"));
                (name.or_else(|| member("code")), member("message").or_else(|| member("Message")))
            }
        };
        // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`, `InvalidParameterException:http://…`
        let name = name.unwrap_or_default();
        let name = name.rsplit('#').next().and_then(|name| name.split(':').next()).unwrap_or_default();
        let code = header(response, "x-amzn-query-error");
        let code = code.as_deref().and_then(|code| code.split(';').next()).unwrap_or(name);
        Self {
            name: name.to_owned(),
            code: code.to_owned(),
            message: message.unwrap_or_else(|| "null".to_owned()),
            status: response.status.as_u16(),
            request_id: request_id(response),
        }
    }

    /// The exception's class: version 1 and 2 name them alike.
    fn class(&self) -> String {
        match self.name.strip_suffix("Fault") {
            Some(name) => format!("{name}Exception"),
            None if self.name.ends_with("Exception") => self.name.clone(),
            None => format!("{}Exception", self.name),
        }
    }

    fn is_framework(&self) -> bool {
        is_framework(&self.name) || is_framework(&self.code)
    }

    /// As version 1 puts it.
    pub(crate) fn as_v1(&self, of: &V1) -> Failure {
        let Self { message, status, code, request_id, .. } = self;
        let class = if self.is_framework() { of.generic.to_owned() } else { self.class() };
        let cause = format!(
            "{message} (Service: {}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)",
            of.service
        );
        Failure::new(format!("{}.{class}", of.prefix), cause)
    }

    /// As version 2 puts it of the service `id`.
    pub(crate) fn as_v2(&self, id: &str) -> Failure {
        let Self { message, status, request_id, .. } = self;
        let class = if self.is_framework() { format!("{id}Exception") } else { self.class() };
        let cause = format!(
            "{message} (Service: {id}, Status Code: {status}, Request ID: {request_id}) (SDK Attempt Count: 1)"
        );
        Failure::new(format!("{id}.{class}"), cause)
    }
}

/// The id that the service gave the call.
pub(super) fn request_id(response: &BackendResponse) -> String {
    let header = header(response, "x-amzn-requestid").or_else(|| header(response, "x-amz-request-id"));
    header.unwrap_or_else(|| "null".to_owned())
}

fn header(response: &BackendResponse, name: &str) -> Option<String> {
    response.headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An error with what caused it.
pub(crate) fn reasons(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;

    const DYNAMODB: V1 =
        V1 { prefix: "DynamoDB", service: "AmazonDynamoDBv2", generic: "AmazonDynamoDBException" };
    const SQS: V1 = V1 { prefix: "SQS", service: "AmazonSQS", generic: "AmazonSQSException" };
    const SNS: V1 = V1 { prefix: "SNS", service: "AmazonSNS", generic: "AmazonSNSException" };

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> BackendResponse {
        let headers = headers.iter().chain(&[("x-amzn-requestid", "id")]);
        let headers = headers.map(|&(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v)));
        BackendResponse {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter(headers),
            body: body.as_bytes().into(),
        }
    }

    #[track_caller]
    fn check(failure: &Failure, error: &str, cause: &str) {
        assert_eq!((failure.error.as_deref(), failure.cause.as_deref()), (Some(error), Some(cause)));
    }

    #[test]
    fn errors_in_json_are_named_as_recorded() {
        let fault = Fault::read(
            &answer(
                400,
                &[],
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"Requested resource not found"}"#,
            ),
            false,
        );
        check(
            &fault.as_v1(&DYNAMODB),
            "DynamoDB.ResourceNotFoundException",
            "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: id; Proxy: null)",
        );
        check(
            &fault.as_v2("DynamoDb"),
            "DynamoDb.ResourceNotFoundException",
            "Requested resource not found (Service: DynamoDb, Status Code: 400, Request ID: id) (SDK Attempt Count: 1)",
        );
    }

    #[test]
    fn errors_that_no_model_has_are_the_services_own() {
        let text =
            r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"1 validation error"}"#;
        let fault = Fault::read(&answer(400, &[], text), false);
        assert_eq!(fault.as_v1(&DYNAMODB).error.as_deref(), Some("DynamoDB.AmazonDynamoDBException"));
        assert_eq!(fault.as_v2("DynamoDb").error.as_deref(), Some("DynamoDb.DynamoDbException"));
        let fault = Fault::read(&answer(500, &[], "<html>"), false);
        check(
            &fault.as_v2("Kms"),
            "Kms.KmsException",
            "null (Service: Kms, Status Code: 500, Request ID: id) (SDK Attempt Count: 1)",
        );
        let query = [("x-amzn-query-error", "MissingParameter;Sender")];
        let text = r#"{"__type":"com.amazonaws.sqs#MissingRequiredParameterException","message":"The request must contain the parameter MessageBody."}"#;
        let fault = Fault::read(&answer(400, &query, text), false);
        check(
            &fault.as_v1(&SQS),
            "SQS.AmazonSQSException",
            "The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: id; Proxy: null)",
        );
    }

    #[test]
    fn errors_in_xml_are_named_as_recorded() {
        let text = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
            <Code>NotFound</Code><Message>Topic does not exist</Message></Error><RequestId>id</RequestId></ErrorResponse>";
        let fault = Fault::read(&answer(404, &[], text), true);
        check(
            &fault.as_v1(&SNS),
            "SNS.NotFoundException",
            "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: id; Proxy: null)",
        );
    }

    #[test]
    fn faults_are_exceptions() {
        let query = [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")];
        let fault =
            Fault::read(&answer(400, &query, r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#), false);
        assert_eq!(fault.as_v1(&SQS).error.as_deref(), Some("SQS.QueueDoesNotExistException"));
        assert!(
            fault.as_v1(&SQS).cause.unwrap().contains("Error Code: AWS.SimpleQueueService.NonExistentQueue;")
        );
        let errortype = [("x-amzn-errortype", "InvalidFault:http://internal/")];
        let fault = Fault::read(&answer(400, &errortype, "{}"), false);
        assert_eq!(fault.as_v2("Some").error.as_deref(), Some("Some.InvalidException"));
    }
}
