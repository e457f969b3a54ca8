//! `stepgate import`: creates an API from an OpenAPI document, or imports the document into an existing one.

use std::process::ExitCode;

use anyhow::Context;
use http::Method;
use serde::{Deserialize, Serialize};

use super::arguments::Import;
use super::remote::{Remote, block_on, encoded};
use super::{findings, output};

/// The server's response.
#[derive(Debug, Deserialize, Serialize)]
struct Imported {
    id: String,
    name: String,
    #[serde(default)]
    warnings: Vec<String>,
}

pub(super) fn run(arguments: &Import) -> anyhow::Result<ExitCode> {
    let document = findings::read(&arguments.file)?;
    let remote = Remote { endpoint: &arguments.endpoint };
    let strict = arguments.fail_on_warnings;
    let imported: Imported = block_on(async {
        let (method, path) = match &arguments.api {
            None => (Method::POST, format!("/restapis?failonwarnings={strict}&mode=import")),
            Some(api) => {
                let api = encoded(&remote.api(api).await?.id);
                let mode = arguments.mode.as_str();
                (Method::PUT, format!("/restapis/{api}?failonwarnings={strict}&mode={mode}"))
            }
        };
        let answer = remote.api_gateway(method, &path, "application/json", document).await?;
        serde_json::from_slice(&answer.body).with_context(|| {
            format!("{} is no Stepgate server, or one of another version", arguments.endpoint)
        })
    })?;
    for warning in &imported.warnings {
        output::warning(warning);
    }
    if arguments.json {
        output::line(&serde_json::to_string(&imported)?);
    } else {
        let done = if arguments.api.is_some() { "put into" } else { "imported as" };
        let Imported { id, name, .. } = &imported;
        output::line(&format!(
            "{} {done} {name} ({id}); stages serve it once it is deployed",
            arguments.file.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}
