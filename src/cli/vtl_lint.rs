//! `stepgate vtl lint`

use std::path::Path;
use std::process::ExitCode;

use super::arguments::VtlLint;
use super::findings::{self, Finding};
use crate::gateway::{LintSeverity, TemplateFinding, lint_template};

pub(super) fn run(arguments: &VtlLint) -> anyhow::Result<ExitCode> {
    let look = |_: &Path, text: &str| {
        let findings = lint_template(text, arguments.content_type.as_deref()).into_iter();
        findings.filter(|finding| !arguments.allow.contains(&finding.code)).map(finding).collect()
    };
    findings::report(&arguments.lint, look, || None)
}

fn finding(found: TemplateFinding) -> Finding {
    let place = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    Finding {
        is_error: found.code.severity() == LintSeverity::Error,
        code: found.code.as_str(),
        line: place(found.at.line),
        column: place(found.at.column),
        message: found.message,
        location: None,
        detail: None,
    }
}
