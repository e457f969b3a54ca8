//! `stepgate diff`: what importing a document and deploying it would change.
//!
//! The document is imported as the server would do it, into a store of its own that is thrown away, on top of what
//! the stage serves. Before and after are compared as documents, which say everything that an import can change.

mod difference;
mod rehearsal;

use std::process::ExitCode;

use serde_json::{Value, json};

use self::difference::{Difference, differences};
use super::arguments::{Dialect, Diff, DocumentFormat};
use super::remote::{Remote, block_on};
use super::{export, findings, output};

pub(super) fn run(arguments: &Diff) -> anyhow::Result<ExitCode> {
    match compare(arguments) {
        Ok(compared) => {
            tell(arguments, &compared);
            Ok(if compared.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            output::failure(&error);
            Ok(ExitCode::from(2))
        }
    }
}

/// What came of a comparison.
struct Compared {
    differences: Vec<Difference>,
    warnings: Vec<String>,
}

fn compare(arguments: &Diff) -> anyhow::Result<Compared> {
    let document = findings::read(&arguments.file)?;
    let remote = Remote { endpoint: &arguments.endpoint };
    block_on(async {
        let served = match &arguments.api {
            None => None,
            Some(api) => {
                let api = remote.api(api).await?;
                let stage = remote.stage(&api, arguments.stage.as_deref()).await?;
                Some(export::document(remote, &api, &stage, Dialect::Oas30, DocumentFormat::Json).await?)
            }
        };
        let rehearsed = rehearsal::rehearse(served.as_deref(), document.as_bytes(), arguments.mode).await?;
        let differences = differences(&rehearsed.before, &rehearsed.after);
        Ok(Compared { differences, warnings: rehearsed.warnings })
    })
}

fn tell(arguments: &Diff, compared: &Compared) {
    let Compared { differences, warnings } = compared;
    if arguments.json {
        let report = json!({
            "different": !differences.is_empty(),
            "changes": differences.iter().map(Difference::to_json).collect::<Vec<Value>>(),
            "warnings": warnings,
        });
        output::line(&report.to_string());
        return;
    }
    for warning in warnings {
        output::warning(warning);
    }
    differences.iter().flat_map(Difference::told).for_each(|line| output::line(&line));
    output::line(&difference::summary(differences));
}
