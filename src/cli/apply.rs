//! `stepgate apply`: sends a template to a running server and prints the result.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::arguments::Apply;
use super::output;
use super::remote::{Remote, block_on};
use crate::connect::Request;
use crate::server;
use crate::stack::{self, Template};

/// The service name in the signature; the server's endpoint for stacks expects it.
const SIGNING_NAME: &str = "cloudformation";
/// After this time, the command says what it is waiting for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The server's response.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Applied {
    stack: String,
    changes: Vec<Change>,
    outputs: Map<String, Value>,
    pub(super) warnings: Vec<String>,
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

/// A template with all that it needs.
pub(super) struct Deployment {
    pub(super) stack: String,
    pub(super) template: String,
    pub(super) parameters: Map<String, Value>,
    pub(super) beside: BesideTemplate,
    /// Whether nothing is done if the stack would lose an API.
    pub(super) keep_apis: bool,
}

/// The stack would lose an API.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct DroppedApis(String);

pub(super) fn run(arguments: &Apply) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let template =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let parameters = parameters(&arguments.parameters)?;
    let stack = arguments.stack_name.clone().unwrap_or_else(|| server::stack_name(file));
    let remote = Remote { endpoint: &arguments.endpoint };
    let beside = beside(&template, file)?;
    let mut deployment = Deployment { stack, template, parameters, beside, keep_apis: !arguments.force };
    let apply = |deployment: &Deployment| {
        block_on(async {
            let mut answer = std::pin::pin!(deploy(remote, deployment));
            tokio::select! {
                answer = &mut answer => return answer,
                () = tokio::time::sleep(PATIENCE) => {}
            }
            output::progress(&format!("applying {} as stack {} …", file.display(), deployment.stack));
            answer.await
        })
    };
    let applied = match apply(&deployment) {
        Err(error) if error.is::<DroppedApis>() => {
            if !output::agreed(&format!("{error}. Delete it?"))? {
                bail!("{error}; --force deletes it, --stack-name NAME makes another stack");
            }
            deployment.keep_apis = false;
            apply(&deployment)?
        }
        applied => applied?,
    };
    for warning in &applied.warnings {
        output::warning(warning);
    }
    if arguments.json {
        output::line(&serde_json::to_string(&applied)?);
    } else {
        lines(&applied).iter().for_each(|line| output::line(line));
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets the server apply a template.
pub(super) async fn deploy(remote: Remote<'_>, deployment: &Deployment) -> anyhow::Result<Applied> {
    send(remote, request(remote, deployment)?).await
}

/// Parses `NAME=VALUE` arguments; a value may contain `=`.
pub(super) fn parameters(given: &[String]) -> anyhow::Result<Map<String, Value>> {
    given
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), json!(value))),
            _ => bail!("--parameter {pair}: write NAME=VALUE"),
        })
        .collect()
}

/// What lies beside a template, by resource: archives of folders, and documents.
#[derive(Default)]
pub(super) struct BesideTemplate {
    /// In base64.
    pub(super) packages: BTreeMap<String, String>,
    pub(super) documents: BTreeMap<String, String>,
}

/// Reads what the template names. What is wrong with a template, the server says.
pub(super) fn beside(template: &str, file: &Path) -> anyhow::Result<BesideTemplate> {
    let Ok(template) = Template::parse(template) else { return Ok(BesideTemplate::default()) };
    Ok(BesideTemplate {
        packages: server::packages(&template, file).context("cannot pack a folder")?,
        documents: server::documents(&template, file).context("cannot read a document")?,
    })
}

fn request(remote: Remote<'_>, deployment: &Deployment) -> anyhow::Result<Request> {
    let Deployment { stack, template, parameters, beside, keep_apis } = deployment;
    let mut body = json!({ "template": template, "parameters": parameters });
    if *keep_apis {
        body["keep_apis"] = json!(true);
    }
    for (name, files) in [("packages", &beside.packages), ("documents", &beside.documents)] {
        if !files.is_empty() {
            body[name] = json!(files);
        }
    }
    let body = body.to_string();
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let path = format!("/_stepgate/stacks/{stack}");
    remote.request(Method::POST, &path, SIGNING_NAME, &json, body)
}

async fn send(remote: Remote<'_>, request: Request) -> anyhow::Result<Applied> {
    let endpoint = remote.endpoint;
    let answer = remote.send(request).await?;
    if answer.status == StatusCode::OK {
        return serde_json::from_slice(&answer.body)
            .with_context(|| format!("{endpoint} is no Stepgate server, or one of another version"));
    }
    match answer.refusal() {
        Some((kind, message)) if kind == "ValidationError" => bail!("{message}"),
        Some((kind, message)) if kind == stack::DROPPED_APIS => Err(DroppedApis(message).into()),
        Some((kind, message)) => bail!("the server refused: {kind}: {message}"),
        None => bail!("{endpoint} is no Stepgate server: it answered {}", answer.status),
    }
}

/// A line for each change, the outputs, and a summary.
pub(super) fn lines(applied: &Applied) -> Vec<String> {
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
            lines(&applied),
            ["created K A (p)", "created K C (p)", "output Url: http://x", "stack s: 2 created, 1 unchanged"]
        );
    }
}
