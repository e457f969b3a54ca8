//! `stepgate fn`: functions of a running server, called, read and developed.

mod dev;
mod invoke;
mod logs;
mod runs;

use std::process::ExitCode;

use anyhow::bail;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method};
use serde_json::Value;

use super::arguments::{Fn, FnCommand};
use super::remote::{Remote, RemoteAnswer};

/// The name of the service in signatures.
const LAMBDA: &str = "lambda";

pub(super) fn run(arguments: &Fn) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        FnCommand::Invoke(invoke) => invoke::run(invoke),
        FnCommand::Logs(logs) => logs::run(logs),
        FnCommand::Dev(dev) => dev::run(dev),
    }
}

/// Calls Lambda's API; a refusal is an error.
async fn call(
    remote: Remote<'_>,
    method: Method,
    path: &str,
    headers: &[(HeaderName, HeaderValue)],
    body: impl Into<Bytes>,
) -> anyhow::Result<RemoteAnswer> {
    let answer = try_call(remote, method, path, headers, body).await?;
    if answer.status.is_success() {
        return Ok(answer);
    }
    match refusal(&answer) {
        Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
        None => bail!("{} is no Stepgate server: it answered {}", remote.endpoint, answer.status),
    }
}

async fn try_call(
    remote: Remote<'_>,
    method: Method,
    path: &str,
    headers: &[(HeaderName, HeaderValue)],
    body: impl Into<Bytes>,
) -> anyhow::Result<RemoteAnswer> {
    let mut all = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    all.extend(headers.iter().cloned());
    remote.send(remote.request(method, path, LAMBDA, &all, body)?).await
}

/// The error type and message of a refusal; Lambda writes `Message` as well as `message`.
fn refusal(answer: &RemoteAnswer) -> Option<(String, String)> {
    let kind = answer.headers.get("x-amzn-errortype")?.to_str().ok()?;
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let message = body.get("message").or_else(|| body.get("Message"))?.as_str()?;
    Some((kind.to_owned(), message.to_owned()))
}
