//! `stepgate diff`: what importing a document and deploying it would change.
//!
//! The document is imported as the server would do it, on top of what the stage serves, into a temporary store. The
//! state before and after is compared as exported documents, which contain everything that an import can change.

mod rehearsal;

use std::process::ExitCode;

use serde_json::{Value, json};

use super::arguments::{Dialect, Diff, DocumentFormat};
use super::remote::{Remote, block_on};
use super::{export, findings, output};
use crate::apis::difference::{Difference, differences, summary};

pub(super) fn run(arguments: &Diff) -> anyhow::Result<ExitCode> {
    match compare(arguments) {
        Ok(compared) => {
            report(arguments, &compared);
            Ok(if compared.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            output::failure(&error);
            Ok(ExitCode::from(2))
        }
    }
}

/// The result of a comparison.
struct Compared {
    differences: Vec<Difference>,
    warnings: Vec<String>,
    /// The stage's canary: deploying the document to the stage would change what the canary serves.
    canary: Option<Value>,
}

/// The parameters of an export with everything that an import can change.
const COMPARED: &str = "extensions=apigateway&ignore=documentation";

fn compare(arguments: &Diff) -> anyhow::Result<Compared> {
    let document = findings::read(&arguments.file)?;
    let remote = Remote { endpoint: &arguments.endpoint };
    block_on(async {
        let mut canary = None;
        let served = match &arguments.api {
            None => None,
            Some(api) => {
                let api = remote.api(api).await?;
                let stage = remote.stage(&api, arguments.stage.as_deref()).await?;
                let parameters =
                    if arguments.canary { format!("{COMPARED}&canary=true") } else { COMPARED.to_owned() };
                let (dialect, format) = (Dialect::Oas30, DocumentFormat::Json);
                let served =
                    export::document(remote, &api, &stage.name, dialect, format, &parameters).await?;
                canary = stage.canary;
                Some(served)
            }
        };
        let rehearsed = rehearsal::rehearse(served.as_deref(), document.as_bytes(), arguments.mode).await?;
        let differences = differences(&rehearsed.before, &rehearsed.after);
        Ok(Compared { differences, warnings: rehearsed.warnings, canary })
    })
}

fn report(arguments: &Diff, compared: &Compared) {
    let Compared { differences, warnings, canary } = compared;
    if arguments.json {
        let document = json!({
            "different": !differences.is_empty(),
            "changes": differences.iter().map(Difference::to_json).collect::<Vec<Value>>(),
            "warnings": warnings,
            "canary": canary,
        });
        output::line(&document.to_string());
        return;
    }
    for warning in warnings {
        output::warning(warning);
    }
    if let Some(canary) = canary {
        let percent = canary["percentTraffic"].as_f64().unwrap_or_default();
        let compared =
            if arguments.canary { "compared with it" } else { "--canary compares with what it serves" };
        output::line(&format!(
            "The stage has a canary ({percent} %), which a deployment changes; {compared}."
        ));
    }
    differences.iter().flat_map(Difference::report).for_each(|line| output::line(&line));
    output::line(&summary(differences));
}
