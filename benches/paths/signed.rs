//! A signed StartExecution. A signature is valid for five minutes, so the client signs once and repeats the request.

#[path = "../../tests/support/client.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod client;

use crate::load::Target;
use crate::process::Served;

/// StartExecution without a name: each repetition starts another execution.
pub(crate) fn start_execution<'a>(name: &'static str, server: &'a Served) -> Target<'a> {
    let input = serde_json::json!({
        "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:BenchPass",
        "input": crate::BODY,
    });
    let body = input.to_string();
    let headers =
        [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AWSStepFunctions.StartExecution")];
    let signed = client::sign("states", "POST", "/", &server.address, &headers, &body);
    let mut request = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in signed {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    Target { name, server, request: request.into_bytes(), expect: "" }
}
