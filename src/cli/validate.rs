//! `stepgate validate`

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use super::arguments::Validate;
use super::output;
use crate::asl;
use crate::stack::{self, Finding};
use crate::vtl;

pub(super) fn run(arguments: &Validate) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(&arguments.file)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let findings = check(&arguments.file, &text);
    let failed = findings.iter().any(|finding| !finding.is_warning);
    if arguments.json {
        let findings = findings.iter().map(|f| {
            let severity = if f.is_warning { "WARNING" } else { "ERROR" };
            json!({ "severity": severity, "location": f.location, "problem": f.problem })
        });
        let report = json!({ "valid": !failed, "findings": findings.collect::<Vec<_>>() });
        output::line(&report.to_string());
    } else {
        for finding in &findings {
            let severity = if finding.is_warning { "warning" } else { "error" };
            output::line(&format!("{severity}: {}: {}", finding.location, finding.problem));
        }
        if findings.is_empty() {
            output::line(&format!("{} is valid", arguments.file.display()));
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn check(path: &Path, text: &str) -> Vec<Finding> {
    let extension = path.extension().and_then(|e| e.to_str());
    if matches!(extension, Some("vtl" | "vm")) {
        let problem = vtl::Template::parse(text).err().map(|error| error.render(text));
        return problem.into_iter().map(|problem| error(path, problem)).collect();
    }
    let is_definition = serde_json::from_str::<serde_json::Value>(text)
        .is_ok_and(|value| value.get("StartAt").is_some() || value.get("States").is_some());
    if is_definition {
        let compiled = asl::compile(text, asl::StateMachineType::Standard);
        return compiled.err().map(|diagnostics| error(path, diagnostics.to_string())).into_iter().collect();
    }
    match stack::Template::parse(text).and_then(|template| stack::check(&template)) {
        Ok(findings) => findings,
        Err(problem) => vec![error(path, problem.to_string())],
    }
}

fn error(path: &Path, problem: String) -> Finding {
    Finding { location: path.display().to_string(), problem, is_warning: false }
}
