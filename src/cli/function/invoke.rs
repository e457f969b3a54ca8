//! `stepgate fn invoke`: calls a function and prints what it answers.

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::call;
use crate::cli::arguments::Invoke;
use crate::cli::output;
use crate::cli::payload::payload;
use crate::cli::remote::{Remote, block_on, encoded};

pub(super) fn run(arguments: &Invoke) -> anyhow::Result<ExitCode> {
    let payload = payload(&arguments.payload)?;
    let remote = Remote { endpoint: &arguments.endpoint };
    let kind = if arguments.event { "Event" } else { "RequestResponse" };
    let headers = [
        (HeaderName::from_static("x-amz-invocation-type"), HeaderValue::from_static(kind)),
        (HeaderName::from_static("x-amz-log-type"), HeaderValue::from_static("Tail")),
    ];
    let path = format!("/2015-03-31/functions/{}/invocations", encoded(&arguments.name));
    let answer = block_on(call(remote, Method::POST, &path, &headers, payload))?;
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let error = header("x-amz-function-error").map(str::to_owned);
    let log = header("x-amz-log-result").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if arguments.json {
        let payload = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.clone()));
        let report = json!({
            "statusCode": answer.status.as_u16(), "executedVersion": header("x-amz-executed-version"),
            "functionError": error, "payload": if text.is_empty() { Value::Null } else { payload }, "log": log,
        });
        output::line(&report.to_string());
    } else {
        if arguments.log {
            output::progress(log.trim_end());
        }
        if !text.is_empty() {
            output::line(&text);
        }
    }
    Ok(if error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
