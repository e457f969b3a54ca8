//! `stepgate asl lint`

use std::process::ExitCode;

use super::arguments::AslLint;
use super::findings::{self, Finding};
use crate::asl::{self, Diagnostic, Severity, StateMachineType};
use crate::json::{self, Duplicate};

pub(super) fn run(arguments: &AslLint) -> anyhow::Result<ExitCode> {
    findings::report(&arguments.lint, |text| look(text, arguments.kind))
}

/// All diagnostics and duplicate keys, in the order of the text.
fn look(text: &str, kind: StateMachineType) -> Vec<Finding> {
    let diagnostics = asl::validate(text, kind);
    let mut findings: Vec<Finding> = diagnostics.into_iter().map(|d| diagnosed(text, d)).collect();
    findings.extend(json::duplicates(text).into_iter().map(duplicate));
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

fn diagnosed(text: &str, diagnostic: Diagnostic) -> Finding {
    let at = asl::locate(text, diagnostic.location.as_deref().unwrap_or("/"));
    // Jackson's position is after the character that it can't parse.
    let is_behind = diagnostic.code == asl::Code::InvalidJsonDescription;
    Finding {
        is_error: diagnostic.severity() == Severity::Error,
        code: diagnostic.code.as_str(),
        line: at.line,
        column: if is_behind { at.column.saturating_sub(1).max(1) } else { at.column },
        message: diagnostic.message,
        location: diagnostic.location,
    }
}

/// AWS uses the last of them without a message.
fn duplicate(duplicate: Duplicate) -> Finding {
    let first = duplicate.first;
    Finding {
        is_error: false,
        code: "DUPLICATE_KEY",
        line: duplicate.at.line,
        column: duplicate.at.column,
        message: format!(
            "{:?} stands in this object already, at line {}, column {}; only the last one counts",
            duplicate.key, first.line, first.column
        ),
        location: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, usize, usize)]) {
        let found: Vec<_> =
            look(text, StateMachineType::Standard).into_iter().map(|f| (f.code, f.line, f.column)).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn everything_is_found_at_once_and_in_its_place() {
        check(r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#, &[]);
        check(
            "{\"StartAt\": \"A\",\n \"States\": {\n  \"A\": {\"Type\": \"Pass\", \"Next\": \"C\", \"x\": 1},\n  \"B\": {\"Type\": \"Nope\"}\n }}",
            &[
                ("SCHEMA_VALIDATION_FAILED", 3, 3),
                ("MISSING_TRANSITION_TARGET", 3, 25),
                ("SCHEMA_VALIDATION_FAILED", 4, 9),
            ],
        );
        check(
            "{\"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Succeed\"},\n \"A\": {\"Type\": \"Succeed\"}}}",
            &[("DUPLICATE_KEY", 2, 2)],
        );
        check("{\"StartAt\": nope}", &[("INVALID_JSON_DESCRIPTION", 1, 16)]);
        check("", &[("SCHEMA_VALIDATION_FAILED", 1, 1)]);
    }
}
