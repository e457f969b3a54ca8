//! `stepgate test`: runs scenarios of a definition, with mocked tasks and a clock that jumps, or of a mapping template.

mod coverage;
mod expect;
mod mock_config;
mod outcome;
mod scenario;
mod template;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use serde_json::{Value, json};

use super::arguments::{NamedDefinition, Test};
use super::definition::{Definition, Substitutions};
use super::{findings, output};
use crate::asl::Program;
use crate::engine::machine::Covered;
use crate::yaml;
use mock_config::MockConfig;
use outcome::Outcome;
use scenario::{MockEntries, Scenario, ScenarioFile, Shared, Source, problems_of};

/// The scenarios of one definition or template, run.
struct Ran {
    n_scenarios: usize,
    n_failed: usize,
    /// What is wrong with what the scenarios share. They were run without it.
    problems: Vec<String>,
    /// For people, line by line.
    lines: Vec<String>,
    /// For scripts, without the file's name.
    json: Value,
}

impl Ran {
    fn of_machine(program: &Program, outcomes: &[Outcome], problems: Vec<String>) -> Self {
        let mut covered = Covered::default();
        let ran = outcomes.iter().filter_map(|outcome| outcome.rehearsed.as_ref());
        ran.for_each(|rehearsed| covered.merge(&rehearsed.covered));
        let scenarios: Vec<Value> = outcomes.iter().map(Outcome::to_json).collect();
        let reports = outcomes.iter().map(Outcome::report);
        Self {
            n_scenarios: outcomes.len(),
            n_failed: outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count(),
            problems,
            lines: reports.chain([coverage::report(program, &covered)]).collect(),
            json: json!({"scenarios": scenarios, "coverage": coverage::to_json(program, &covered)}),
        }
    }
}

pub(super) fn run(arguments: &Test) -> anyhow::Result<ExitCode> {
    let substitutions = match Substitutions::read_if_named(arguments.substitutions.as_deref()) {
        Ok(substitutions) => substitutions,
        Err(error) => {
            output::failure(&error);
            return Ok(ExitCode::from(2));
        }
    };
    let (mut n_scenarios, mut n_failed, mut n_unread) = (0, 0, 0);
    let mut files = Vec::new();
    for file in &arguments.files {
        let ran = match rehearse(file, arguments, substitutions.as_ref()) {
            Ok(ran) => ran,
            Err(error) => {
                output::failure(&error.context(file.display().to_string()));
                n_unread += 1;
                continue;
            }
        };
        for mut of in ran {
            for problem in &of.problems {
                output::failure(&anyhow!("{}: {problem}", file.display()));
                n_unread += 1;
            }
            n_scenarios += of.n_scenarios;
            n_failed += of.n_failed;
            if arguments.json {
                of.json["file"] = file.display().to_string().into();
                files.push(of.json);
            } else {
                output::line(&file.display().to_string());
                of.lines.iter().for_each(|line| output::line(line));
            }
        }
    }
    if arguments.json {
        output::line(&json!({"scenarios": n_scenarios, "failed": n_failed, "files": files}).to_string());
    } else {
        output::line(&format!("{n_scenarios} scenarios, {n_failed} failed"));
    }
    substitutions.iter().for_each(Substitutions::warn_of_unused);
    Ok(match (n_unread, n_failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        (_, _) => ExitCode::from(2),
    })
}

/// Runs the scenarios of a file, or the test cases of a MockConfigFile.json.
fn rehearse(
    file: &Path,
    arguments: &Test,
    substitutions: Option<&Substitutions>,
) -> anyhow::Result<Vec<Ran>> {
    let read = document(file)?;
    if MockConfig::is_meant(&read) {
        return rehearse_test_cases(&MockConfig::read(read)?, arguments, substitutions);
    }
    if template::is_meant(&read) {
        return Ok(vec![template::run(read, file)?]);
    }
    let scenarios: ScenarioFile = serde_json::from_value(read)?;
    // Relative to the scenarios' directory, wherever the command is run.
    let beside = |name: &str| file.parent().unwrap_or_else(|| Path::new("")).join(name);
    let program = match &scenarios.definition {
        Source::Inline(definition) => {
            let text = Value::Object(definition.clone()).to_string();
            Definition::read(file, &text, substitutions)?.compile(file, substitutions)?
        }
        Source::File(name) => program(&beside(name), substitutions)?,
    };
    let config = match &scenarios.mock_config {
        None => None,
        Some(name) => {
            let config = document(&beside(name)).and_then(MockConfig::read);
            Some(config.with_context(|| beside(name).display().to_string())?)
        }
    };
    let test_cases = match &config {
        None => None,
        Some(config) => Some(config.machine(scenarios.state_machine.as_deref())?),
    };
    let shared = Shared { program: &program, mocks: &scenarios.mocks, test_cases };
    let run = |value| Scenario::run_value(value, &shared);
    let outcomes: Vec<Outcome> = scenarios.scenarios.iter().map(run).collect();
    let problems = problems_of(&scenarios.mocks, &program).collect();
    Ok(vec![Ran::of_machine(&program, &outcomes, problems)])
}

fn rehearse_test_cases(
    config: &MockConfig,
    arguments: &Test,
    substitutions: Option<&Substitutions>,
) -> anyhow::Result<Vec<Ran>> {
    let input = match &arguments.input {
        None => scenario::empty(),
        Some(file) => document(file).with_context(|| file.display().to_string())?,
    };
    let rehearse = |(machine, cases): (&String, _)| {
        let program = program(definition_of(machine, config, &arguments.definitions)?, substitutions)?;
        let mocks = MockEntries::new();
        let shared = Shared { program: &program, mocks: &mocks, test_cases: Some(cases) };
        let run = |case: &String| {
            Scenario::of_test_case(format!("{machine}/{case}"), case.clone(), input.clone()).run(&shared)
        };
        let outcomes: Vec<Outcome> = cases.keys().map(run).collect();
        Ok(Ran::of_machine(&program, &outcomes, Vec::new()))
    };
    config.0.iter().map(rehearse).collect()
}

/// The file of a machine's definition, as the arguments name it.
fn definition_of<'a>(
    machine: &str,
    config: &MockConfig,
    definitions: &'a [NamedDefinition],
) -> anyhow::Result<&'a PathBuf> {
    let named = definitions.iter().find(|definition| definition.name.as_deref() == Some(machine));
    let only = definitions.iter().find(|definition| definition.name.is_none() && config.0.len() == 1);
    match named.or(only) {
        Some(definition) => Ok(&definition.file),
        None if config.0.len() == 1 => bail!("name the definition of {machine:?}: --definition FILE"),
        None => bail!("name the definition of {machine:?}: --definition {machine}=FILE"),
    }
}

fn program(file: &Path, substitutions: Option<&Substitutions>) -> anyhow::Result<Program> {
    let text = findings::read(file)?;
    let definition = Definition::read(file, &text, substitutions);
    definition.with_context(|| file.display().to_string())?.compile(file, substitutions)
}

fn document(file: &Path) -> anyhow::Result<Value> {
    Ok(yaml::parse(&findings::read(file)?, yaml::no_tags)?)
}
