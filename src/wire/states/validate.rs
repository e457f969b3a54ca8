//! ValidateStateMachineDefinition: a definition's diagnostics, nothing stored.

use serde::{Deserialize, Serialize};

use super::words::{DefinitionSeverity, MachineType};
use crate::asl;
use crate::wire::{ApiError, Call};

/// How many diagnostics are told that aren't asked for; also the most.
const DIAGNOSTICS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Input {
    definition: String,
    #[serde(rename = "type", default)]
    kind: MachineType,
    #[serde(default)]
    severity: DefinitionSeverity,
    #[serde(default)]
    max_results: usize,
}

#[derive(Serialize)]
pub(super) struct Output {
    result: &'static str,
    diagnostics: Vec<Diagnostic>,
    truncated: bool,
}

#[derive(Serialize)]
struct Diagnostic {
    severity: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

pub(super) async fn validate_state_machine_definition(_: &Call, input: Input) -> Result<Output, ApiError> {
    let mut found = asl::validate(&input.definition, input.kind.into());
    // Warnings don't fail a definition, whether they are told or not.
    let is_fine = found.iter().all(|diagnostic| diagnostic.severity() == asl::Severity::Warning);
    let least = asl::Severity::from(input.severity);
    found.retain(|diagnostic| least <= diagnostic.severity());
    let max = if input.max_results == 0 { DIAGNOSTICS_MAX } else { input.max_results };
    let truncated = max < found.len();
    found.truncate(max);
    let diagnostics = found.into_iter().map(|diagnostic| Diagnostic {
        severity: diagnostic.severity().as_str(),
        code: diagnostic.code.as_str(),
        message: diagnostic.message,
        location: diagnostic.location,
    });
    let result = if is_fine { "OK" } else { "FAIL" };
    Ok(Output { result, diagnostics: diagnostics.collect(), truncated })
}
