//! `stepgate test`: runs scenarios of a definition, with mocked tasks and a clock that jumps.

mod coverage;
mod scenario;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::arguments::Test;
use super::{findings, output};
use crate::asl::{self, Program, StateMachineType};
use crate::engine::machine::Covered;
use crate::yaml;
use scenario::{Definition, Outcome, ScenarioFile};

pub(super) fn run(arguments: &Test) -> anyhow::Result<ExitCode> {
    let (mut n_scenarios, mut n_failed, mut n_unread) = (0, 0, 0);
    let mut files = Vec::new();
    for file in &arguments.files {
        let (program, outcomes) = match rehearse(file) {
            Ok(rehearsed) => rehearsed,
            Err(error) => {
                output::failure(&error);
                n_unread += 1;
                continue;
            }
        };
        n_scenarios += outcomes.len();
        n_failed += outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count();
        let mut covered = Covered::default();
        outcomes.iter().for_each(|outcome| covered.merge(&outcome.rehearsed.covered));
        if arguments.json {
            let scenarios: Vec<Value> = outcomes.iter().map(Outcome::to_json).collect();
            let coverage = coverage::to_json(&program, &covered);
            files.push(
                json!({"file": file.display().to_string(), "scenarios": scenarios, "coverage": coverage}),
            );
        } else {
            output::line(&file.display().to_string());
            outcomes.iter().for_each(|outcome| output::line(&outcome.told()));
            output::line(&coverage::told(&program, &covered));
        }
    }
    if arguments.json {
        output::line(&json!({"scenarios": n_scenarios, "failed": n_failed, "files": files}).to_string());
    } else {
        output::line(&format!("{n_scenarios} scenarios, {n_failed} failed"));
    }
    Ok(match (n_unread, n_failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        (_, _) => ExitCode::from(2),
    })
}

fn rehearse(file: &Path) -> anyhow::Result<(Program, Vec<Outcome>)> {
    let text = findings::read(file)?;
    let value = yaml::parse(&text, yaml::no_tags).with_context(|| file.display().to_string())?;
    let scenarios: ScenarioFile =
        serde_json::from_value(value).with_context(|| file.display().to_string())?;
    let definition = match &scenarios.definition {
        Definition::Inline(definition) => serde_json::Value::Object(definition.clone()).to_string(),
        // Relative to the scenarios' directory, wherever the command is run.
        Definition::File(name) => findings::read(&file.parent().unwrap_or_else(|| Path::new("")).join(name))?,
    };
    let program = asl::compile(&definition, StateMachineType::Standard)
        .map_err(|diagnostics| anyhow!("{}: the definition is not valid: {diagnostics}", file.display()))?;
    scenarios.check(&program).with_context(|| file.display().to_string())?;
    let outcomes =
        scenarios.scenarios.iter().map(|scenario| scenario.run(&program, &scenarios.mocks)).collect();
    Ok((program, outcomes))
}
