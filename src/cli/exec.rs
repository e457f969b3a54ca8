//! `stepgate exec`: what can be done with executions of a running server beyond what AWS's clients do.

mod fork;
mod skip;

use std::process::ExitCode;

use anyhow::{Context, bail};
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method};
use serde_json::Value;

use super::arguments::{Exec, ExecCommand};
use super::remote::Remote;
use crate::id::ExecutionArn;

/// The name of the service in signatures.
const STATES: &str = "states";
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

pub(super) fn run(arguments: &Exec) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        ExecCommand::Fork(fork) => fork::run(fork),
        ExecCommand::Skip(skip) => skip::run(skip),
    }
}

/// Calls an operation about an execution, in the region that its ARN names; a refusal is an error.
async fn call(endpoint: &str, operation: &str, arn: &str, input: &Value) -> anyhow::Result<Value> {
    let region = ExecutionArn::parse(arn).context("the execution is named by its ARN")?.home.region;
    let target = HeaderValue::from_str(&format!("AWSStepFunctions.{operation}"))?;
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0")), (TARGET, target)];
    let remote = Remote { endpoint };
    let request = remote.request_in(&region, Method::POST, "/", STATES, &headers, input.to_string())?;
    let answer = remote.send(request).await?;
    if !answer.status.is_success() {
        match answer.refusal() {
            Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
            None => bail!("{endpoint} is no Stepgate server: it answered {}", answer.status),
        }
    }
    serde_json::from_slice(&answer.body).with_context(|| format!("{endpoint} is no Stepgate server"))
}
