//! `stepgate asl lint`

use std::path::Path;
use std::process::ExitCode;

use super::arguments::AslLint;
use super::definition::{Definition, Substitutions};
use super::findings::{self, Beside, Finding};
use super::output;
use crate::asl::{self, Diagnostic, Position, Severity, StateMachineType};
use crate::json::{self, Duplicate};
use crate::yaml;

pub(super) fn run(arguments: &AslLint) -> anyhow::Result<ExitCode> {
    let substitutions = match Substitutions::read_if_named(arguments.substitutions.as_deref()) {
        Ok(substitutions) => substitutions,
        Err(error) => {
            output::failure(&error);
            return Ok(ExitCode::from(2));
        }
    };
    let substitutions = substitutions.as_ref();
    findings::report(
        &arguments.lint,
        |file, text| look(file, text, arguments.kind, substitutions),
        || substitutions.map(unused),
    )
}

/// All diagnostics, duplicate keys and unknown substitutions, in the order of the text.
fn look(
    file: &Path,
    text: &str,
    kind: StateMachineType,
    substitutions: Option<&Substitutions>,
) -> Vec<Finding> {
    let definition = match Definition::read(file, text, substitutions) {
        Ok(definition) => definition,
        Err(error) => return vec![no_yaml(&error)],
    };
    let diagnostics = asl::validate(definition.json(), kind);
    let mut findings: Vec<Finding> = diagnostics.into_iter().map(|d| diagnosed(&definition, d)).collect();
    let duplicates = json::duplicates(definition.json()).into_iter();
    findings.extend(duplicates.map(|it| duplicate(&definition, it)));
    let unknown = definition.unknown().zip(std::iter::repeat(substitutions));
    findings
        .extend(unknown.filter_map(|((name, at), substitutions)| Some(lacking(name, at, substitutions?))));
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings
}

fn no_yaml(error: &yaml::Error) -> Finding {
    let (line, column) = error.place.unwrap_or((1, 1));
    Finding {
        is_error: true,
        code: "INVALID_YAML",
        line,
        column,
        message: error.to_string(),
        location: None,
        detail: None,
    }
}

fn lacking(name: &str, at: Position, substitutions: &Substitutions) -> Finding {
    Finding {
        is_error: true,
        code: "UNKNOWN_SUBSTITUTION",
        line: at.line,
        column: at.column,
        message: substitutions.lacks(name),
        location: None,
        detail: None,
    }
}

/// The names in the file of substitutions that no definition has.
fn unused(substitutions: &Substitutions) -> Beside {
    let findings = substitutions.unused().into_iter().map(|(name, at)| Finding {
        is_error: false,
        code: "UNUSED_SUBSTITUTION",
        line: at.line,
        column: at.column,
        message: format!("no definition has ${{{name}}}"),
        location: None,
        detail: None,
    });
    Beside {
        file: substitutions.file.clone(),
        text: substitutions.text().to_owned(),
        findings: findings.collect(),
    }
}

fn diagnosed(definition: &Definition, diagnostic: Diagnostic) -> Finding {
    let json = definition.json();
    let part = asl::part(json, &diagnostic);
    let offset = match &part {
        Some(part) => part.offset,
        None => asl::place(json, diagnostic.location.as_deref().unwrap_or("/")),
    };
    let at = definition.position(offset);
    // Jackson's position is after the character that it can't parse.
    let is_behind = diagnostic.code == asl::Code::InvalidJsonDescription;
    Finding {
        is_error: diagnostic.severity() == Severity::Error,
        code: diagnostic.code.as_str(),
        line: at.line,
        column: if is_behind { at.column.saturating_sub(1).max(1) } else { at.column },
        message: diagnostic.message,
        location: diagnostic.location,
        detail: part.and_then(|part| part.said),
    }
}

/// AWS uses the last of them without a message.
fn duplicate(definition: &Definition, duplicate: Duplicate) -> Finding {
    let place = |at: json::Location| {
        let at = Position { line: at.line, column: at.column };
        definition.position(asl::offset_at(definition.json(), at))
    };
    let (at, first) = (place(duplicate.at), place(duplicate.first));
    Finding {
        is_error: false,
        code: "DUPLICATE_KEY",
        line: at.line,
        column: at.column,
        message: format!(
            "{:?} stands in this object already, at line {}, column {}; only the last one counts",
            duplicate.key, first.line, first.column
        ),
        location: None,
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, usize, usize)]) {
        let found: Vec<_> = look(Path::new("-"), text, StateMachineType::Standard, None)
            .into_iter()
            .map(|f| (f.code, f.line, f.column))
            .collect();
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
