//! `stepgate apply`: sends a template to a running server and tells what became of it.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::Apply;
use super::output;
use crate::clock::{Clock, SystemClock};
use crate::connect::{self, HttpClient, Request};
use crate::id::{AccountId, Region};
use crate::identity::{Credential, Secret, sign};
use crate::server;

/// What the request is signed for; the server's page of stacks asks for it.
const SIGNING_NAME: &str = "cloudformation";
/// Whoever waits longer than this is told what for.
const PATIENCE: Duration = Duration::from_secs(1);
/// A template may make hundreds of resources, one after the other.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Larger than any answer of a server to a template of 500 resources.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the server answers.
#[derive(Debug, Deserialize, Serialize)]
struct Applied {
    stack: String,
    changes: Vec<Change>,
    outputs: Map<String, Value>,
    warnings: Vec<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    logical_id: String,
    #[serde(rename = "type")]
    kind: String,
    action: String,
    physical_id: String,
}

pub(super) fn run(arguments: &Apply) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let template =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let parameters = parameters(&arguments.parameters)?;
    let stack = arguments.stack_name.clone().unwrap_or_else(|| server::stack_name(file));
    let request = request(&arguments.endpoint, &stack, &template, &parameters)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let applied = runtime.block_on(async {
        let mut answer = std::pin::pin!(send(&arguments.endpoint, request));
        tokio::select! {
            answer = &mut answer => return answer,
            () = tokio::time::sleep(PATIENCE) => {}
        }
        output::progress(&format!("applying {} as stack {stack} …", file.display()));
        answer.await
    })?;
    for warning in &applied.warnings {
        output::warning(warning);
    }
    if arguments.json {
        output::line(&serde_json::to_string(&applied)?);
    } else {
        tell(&applied).iter().for_each(|line| output::line(line));
    }
    Ok(ExitCode::SUCCESS)
}

/// `NAME=VALUE` each; a value may hold `=`.
fn parameters(given: &[String]) -> anyhow::Result<Map<String, Value>> {
    given
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), json!(value))),
            _ => bail!("--parameter {pair}: write NAME=VALUE"),
        })
        .collect()
}

fn request(
    endpoint: &str,
    stack: &str,
    template: &str,
    parameters: &Map<String, Value>,
) -> anyhow::Result<Request> {
    let uri = format!("{}/_stepgate/stacks/{stack}", endpoint.trim_end_matches('/'));
    let uri: Uri = uri.parse().ok().filter(|uri: &Uri| uri.authority().is_some()).ok_or_else(|| {
        anyhow!(
            "{endpoint} with the stack name {stack:?} makes no URL; an endpoint is written http://host:port"
        )
    })?;
    let authority = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
    let body = json!({ "template": template, "parameters": parameters }).to_string();
    let (mut parts, ()) = http::Request::post(uri).body(())?.into_parts();
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.insert(HOST, HeaderValue::from_str(&authority)?);
    let now = SystemClock::new().now();
    sign(&mut parts, body.as_bytes(), &credential()?, SIGNING_NAME, &region()?, now);
    Ok(Request::from_parts(parts, connect::full(body)))
}

/// The key in the environment, where AWS clients look for theirs too.
fn credential() -> anyhow::Result<Credential> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    // The server knows whose key it is.
    let nobody = AccountId::parse("000000000000").context("twelve digits")?;
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (None, None) => Ok(Credential::root(nobody, "test", Secret::new("test"))),
        (Some(id), Some(secret)) => {
            let mut credential = Credential::root(nobody, &id, Secret::new(&secret));
            credential.session_token = variable("AWS_SESSION_TOKEN").map(|token| Secret::new(&token));
            Ok(credential)
        }
        _ => bail!("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both or none"),
    }
}

fn region() -> anyhow::Result<Region> {
    let set = std::env::var("AWS_REGION").or_else(|_| std::env::var("AWS_DEFAULT_REGION"));
    let region = set.unwrap_or_else(|_| "us-east-1".to_owned());
    Region::parse(&region).with_context(|| format!("AWS_REGION {region:?} is no region's name"))
}

async fn send(endpoint: &str, request: Request) -> anyhow::Result<Applied> {
    let client = HttpClient::new(connect::Options::default());
    let call = connect::Call { timeout: TIMEOUT, response_bytes_max: ANSWER_BYTES_MAX, ..Default::default() };
    let response = client.send(request, call).await.map_err(|error| match error {
        connect::Error::Connect(_) => anyhow!(error).context(format!(
            "no server answers at {endpoint}; start one with `stepgate serve`, or name another with --endpoint"
        )),
        other => anyhow!(other).context(format!("cannot talk to {endpoint}")),
    })?;
    let (parts, body) = response.into_parts();
    let body = connect::collect(body, ANSWER_BYTES_MAX).await;
    let body = body.with_context(|| format!("the answer of {endpoint} broke off"))?;
    if parts.status == StatusCode::OK {
        return serde_json::from_slice(&body)
            .with_context(|| format!("{endpoint} is no Stepgate server, or one of another version"));
    }
    #[derive(Deserialize)]
    struct Refused {
        message: String,
    }
    let kind = parts.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    match (kind, serde_json::from_slice::<Refused>(&body)) {
        (Some("ValidationError"), Ok(refused)) => bail!("{}", refused.message),
        (Some(kind), Ok(refused)) => bail!("the server refused: {kind}: {}", refused.message),
        _ => bail!("{endpoint} is no Stepgate server: it answered {}", parts.status),
    }
}

/// A line for each change, the outputs, and a summary.
fn tell(applied: &Applied) -> Vec<String> {
    let mut lines = Vec::new();
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for change in &applied.changes {
        match counts.iter_mut().find(|(action, _)| *action == change.action) {
            Some((_, n)) => *n += 1,
            None => counts.push((&change.action, 1)),
        }
        if change.action != "unchanged" {
            let Change { logical_id, kind, action, physical_id } = change;
            lines.push(format!("{action} {kind} {logical_id} ({physical_id})"));
        }
    }
    for (name, value) in &applied.outputs {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("output {name}: {text}"));
    }
    let counts: Vec<String> = counts.iter().map(|(action, n)| format!("{n} {action}")).collect();
    lines.push(format!("stack {}: {}", applied.stack, counts.join(", ")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_pairs() {
        let given = ["Env=dev".to_owned(), "Query=a=b".to_owned(), "Empty=".to_owned()];
        assert_eq!(json!(parameters(&given).unwrap()), json!({"Env": "dev", "Query": "a=b", "Empty": ""}));
        for bad in ["Env", "=dev", ""] {
            assert!(parameters(&[bad.to_owned()]).unwrap_err().to_string().contains("NAME=VALUE"), "{bad}");
        }
    }

    #[test]
    fn an_endpoint_is_a_url() {
        let request = |endpoint| request(endpoint, "shop", "{}", &Map::new());
        for good in ["http://127.0.0.1:4566", "http://127.0.0.1:4566/"] {
            let request = request(good).unwrap();
            assert_eq!(request.uri(), "http://127.0.0.1:4566/_stepgate/stacks/shop");
            assert!(request.headers().contains_key("authorization"));
        }
        for bad in ["", "/x", "http://", "not a url"] {
            assert!(request(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_change_is_a_line() {
        let change = |action: &str, id: &str| Change {
            logical_id: id.to_owned(),
            kind: "K".to_owned(),
            action: action.to_owned(),
            physical_id: "p".to_owned(),
        };
        let applied = Applied {
            stack: "s".to_owned(),
            changes: vec![change("created", "A"), change("unchanged", "B"), change("created", "C")],
            outputs: Map::from_iter([("Url".to_owned(), json!("http://x"))]),
            warnings: Vec::new(),
        };
        assert_eq!(
            tell(&applied),
            ["created K A (p)", "created K C (p)", "output Url: http://x", "stack s: 2 created, 1 unchanged"]
        );
    }
}
