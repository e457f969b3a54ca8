//! Runs the linters: reads files, checks each, prints findings, and decides the exit code.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::arguments::{Lint, OutputFormat};
use super::output;
use crate::json;

/// One problem in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) is_error: bool,
    pub(super) code: &'static str,
    /// Line, from 1.
    pub(super) line: usize,
    /// Column in characters, from 1.
    pub(super) column: usize,
    pub(super) message: String,
    /// The location in AWS's notation, if there is one.
    pub(super) location: Option<String>,
    /// What is wrong at this very place, or was expected there.
    pub(super) detail: Option<String>,
}

/// The findings in a file that is not among those to be checked, but was read with them.
pub(super) struct Beside {
    pub(super) file: PathBuf,
    pub(super) text: String,
    pub(super) findings: Vec<Finding>,
}

/// Reads a text file; `-` is standard input.
pub(super) fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Checks each file with `look` and prints the findings, and those that `beside` knows afterwards.
pub(super) fn report(
    arguments: &Lint,
    look: impl Fn(&Path, &str) -> Vec<Finding>,
    beside: impl FnOnce() -> Option<Beside>,
) -> anyhow::Result<ExitCode> {
    let (mut n_errors, mut n_warnings, mut n_unread) = (0, 0, 0);
    let mut files: Vec<Value> = Vec::new();
    let looked = arguments.files.iter().filter_map(|file| match read(file) {
        Ok(text) => {
            let findings = look(file, &text);
            Some(Beside { file: file.clone(), text, findings })
        }
        Err(error) => {
            output::failure(&error);
            n_unread += 1;
            None
        }
    });
    let all = looked.chain(std::iter::once_with(beside).flatten());
    for Beside { file, text, findings } in all {
        let n_errors_here = findings.iter().filter(|finding| finding.is_error).count();
        n_errors += n_errors_here;
        n_warnings += findings.len() - n_errors_here;
        let name = if file.as_path() == Path::new("-") {
            "standard input".into()
        } else {
            file.display().to_string()
        };
        match arguments.output {
            OutputFormat::Json => {
                let findings: Vec<Value> = findings.iter().map(Finding::to_json).collect();
                files.push(json!({ "file": name, "findings": findings }));
            }
            OutputFormat::Text => {
                findings.iter().for_each(|finding| output::line(&finding.report(&name, &text)));
            }
        }
    }
    match arguments.output {
        OutputFormat::Json => {
            let report = json!({ "errors": n_errors, "warnings": n_warnings, "files": files });
            output::line(&report.to_string());
        }
        OutputFormat::Text => output::line(&summary(n_errors, n_warnings)),
    }
    Ok(if 0 < n_unread {
        ExitCode::from(2)
    } else if 0 < n_errors || (arguments.strict && 0 < n_warnings) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn summary(n_errors: usize, n_warnings: usize) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    format!("{}, {}", count(n_errors, "error"), count(n_warnings, "warning"))
}

impl Finding {
    /// The finding with the line of text and a caret, and what is wrong above the caret.
    fn report(&self, file: &str, text: &str) -> String {
        let severity = if self.is_error { "error" } else { "warning" };
        // The further lines of a message only repeat the text.
        let message = self.message.lines().next().unwrap_or_default();
        let location = self.location.as_deref().filter(|location| location.starts_with('/'));
        let location = location.map(|location| format!(" at {location}")).unwrap_or_default();
        let Self { code, line, column, .. } = self;
        let excerpt = json::excerpt(text, *line, *column);
        let detail = self.detail.as_deref().map(|detail| format!(" {detail}")).unwrap_or_default();
        format!("{file}:{line}:{column}: {severity}: {code}: {message}{location}\n{excerpt}{detail}")
    }

    fn to_json(&self) -> Value {
        json!({
            "severity": if self.is_error { "ERROR" } else { "WARNING" },
            "code": self.code,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "location": self.location,
            "detail": self.detail,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_told_with_its_place() {
        let finding = Finding {
            is_error: true,
            code: "CODE",
            line: 2,
            column: 3,
            message: "wrong\n at [Source: …]".to_owned(),
            location: Some("/States/A".to_owned()),
            detail: None,
        };
        let report = "f:2:3: error: CODE: wrong at /States/A\n  --> 2:3\n2 |   x}\n  |   ^";
        assert_eq!(finding.report("f", "{\n  x}"), report);
        let finding = Finding { detail: Some("expected '}'".to_owned()), ..finding };
        assert_eq!(finding.report("f", "{\n  x}"), format!("{report} expected '}}'"));
        assert_eq!(summary(1, 0), "1 error, 0 warnings");
    }
}
