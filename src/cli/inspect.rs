//! `stepgate inspect`: what the console shows of a running server that no AWS operation tells.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::arguments::{Inspect, InspectCommand, InspectRequests};
use super::output;
use super::remote::{Remote, block_on, encoded};

/// The name of the service in signatures.
const STEPGATE: &str = "stepgate";
/// How long to wait before the server is asked again.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) fn run(arguments: &Inspect) -> anyhow::Result<ExitCode> {
    let remote = Remote { endpoint: &arguments.endpoint };
    block_on(async {
        match &arguments.command {
            InspectCommand::Requests(requests) => follow(remote, requests).await?,
            InspectCommand::Record(record) => {
                let path = if record.bodies { "requests/record?bodies=yes" } else { "requests/record" };
                show(&ask(remote, Method::POST, path).await?)?;
            }
            InspectCommand::Forget => show(&ask(remote, Method::POST, "requests/forget").await?)?,
            InspectCommand::Server => show(&ask(remote, Method::GET, "server").await?)?,
            InspectCommand::Plan(plan) => {
                show(&ask(remote, Method::GET, &format!("plans/{}", encoded(&plan.id))).await?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Prints the requests that are kept, a line each, and those that come.
async fn follow(remote: Remote<'_>, arguments: &InspectRequests) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let told = ask(remote, Method::GET, &format!("requests?after={after}")).await?;
        for request in told["requests"].as_array().into_iter().flatten() {
            after = request["number"].as_u64().unwrap_or(after).max(after);
            if arguments.json {
                output::line(&request.to_string());
            } else {
                let text = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
                let line = format!(
                    "{} {} {} {} {:.1} ms",
                    text("received"),
                    request["status"],
                    text("method"),
                    text("target"),
                    request["tookMs"].as_f64().unwrap_or_default()
                );
                output::line(&line);
            }
        }
        if !arguments.follow {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn show(told: &Value) -> anyhow::Result<()> {
    output::line(&serde_json::to_string_pretty(told)?);
    Ok(())
}

async fn ask(remote: Remote<'_>, method: Method, path: &str) -> anyhow::Result<Value> {
    let request = remote.request(method, &format!("/_stepgate/{path}"), STEPGATE, &[], Bytes::new())?;
    let answer = remote.send(request).await?;
    if !answer.status.is_success() {
        match answer.refusal() {
            Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
            None => bail!("{} is no Stepgate server: it answered {}", remote.endpoint, answer.status),
        }
    }
    serde_json::from_slice(&answer.body).with_context(|| format!("{} is no Stepgate server", remote.endpoint))
}
