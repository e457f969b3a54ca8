//! `stepgate fn logs`: shows what a function has logged, and goes on with what comes.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::call;
use crate::cli::arguments::Logs;
use crate::cli::output;
use crate::cli::remote::{Remote, block_on, encoded};
use crate::clock::Timestamp;

/// How long to wait before the server is asked again.
const PAUSE: Duration = Duration::from_millis(250);

/// A part of a log.
#[derive(Debug, Deserialize)]
struct Page {
    lines: Vec<Line>,
    /// The number of the line after the last one.
    next: u64,
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(rename = "timeMs")]
    time_ms: i64,
    stream: String,
    text: String,
}

pub(super) fn run(arguments: &Logs) -> anyhow::Result<ExitCode> {
    let remote = Remote { endpoint: &arguments.endpoint };
    block_on(async {
        let mut from = 0;
        loop {
            from = show(remote, &arguments.name, from, arguments.json).await?;
            if !arguments.follow {
                return Ok(ExitCode::SUCCESS);
            }
            tokio::time::sleep(PAUSE).await;
        }
    })
}

/// Shows all lines from number `from` on; answers the number of the next one.
pub(super) async fn show(
    remote: Remote<'_>,
    name: &str,
    mut from: u64,
    as_json: bool,
) -> anyhow::Result<u64> {
    loop {
        let page = page(remote, name, from).await?;
        for Line { time_ms, stream, text } in &page.lines {
            if as_json {
                output::line(&json!({ "timeMs": time_ms, "stream": stream, "text": text }).to_string());
            } else {
                output::line(&format!("{} {text}", Timestamp::from_millis(*time_ms).to_iso8601()));
            }
        }
        from = page.next;
        if page.lines.is_empty() {
            return Ok(from);
        }
    }
}

/// The number of the line that comes next.
pub(super) async fn end(remote: Remote<'_>, name: &str) -> anyhow::Result<u64> {
    Ok(page(remote, name, u64::MAX).await?.next)
}

async fn page(remote: Remote<'_>, name: &str, from: u64) -> anyhow::Result<Page> {
    let path = format!("/_stepgate/functions/{}/log?from={from}", encoded(name));
    let answer = call(remote, Method::GET, &path, &[], Bytes::new()).await?;
    serde_json::from_slice(&answer.body).context("the server's answer is no log")
}
