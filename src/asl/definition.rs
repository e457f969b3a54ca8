//! From definition text to program, or to what is wrong with it.

use serde_json::{Map, Value, json};

use super::compiler::Compiler;
use super::diagnostics::{Code, Diagnostic, Diagnostics, Findings, Location, Severity};
use super::fields::Fields;
use super::program::Program;
use crate::json;

/// Longest definition, in characters.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html>
pub const DEFINITION_CHARS_MAX: usize = 1_048_576;

/// The two kinds of state machines.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StateMachineType {
    /// Durable, up to a year long, every transition journalled.
    #[default]
    Standard,
    /// Short and many; without activities, callbacks and jobs.
    Express,
}

impl StateMachineType {
    /// From the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "STANDARD" => Some(Self::Standard),
            "EXPRESS" => Some(Self::Express),
            _ => None,
        }
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Express => "EXPRESS",
        }
    }
}

/// Checks and compiles a definition.
///
/// # Errors
/// Everything that is wrong with it, warnings left out.
pub fn compile(definition: &str, kind: StateMachineType) -> Result<Program, Diagnostics> {
    let (program, mut diagnostics) = examine(definition, kind);
    diagnostics.retain(|diagnostic| diagnostic.severity() == Severity::Error);
    match program {
        Some(program) if diagnostics.is_empty() => Ok(program),
        Some(_) | None => Err(Diagnostics(diagnostics)),
    }
}

/// Compiles a definition that was taken once. What it is refused for today, it was not refused for then: as long as
/// there is a program in it, it runs, as on AWS, which checks definitions only when they are given.
///
/// # Errors
/// Everything that is wrong with it, if no program comes of it.
pub fn compile_stored(definition: &str, kind: StateMachineType) -> Result<Program, Diagnostics> {
    let (program, mut diagnostics) = examine(definition, kind);
    diagnostics.retain(|diagnostic| diagnostic.severity() == Severity::Error);
    program.ok_or(Diagnostics(diagnostics))
}

/// Everything that is wrong with a definition or may be, as ValidateStateMachineDefinition tells it; empty for a
/// good one. Errors come in the order of the text, those about fields before those about the way.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html>
pub fn validate(definition: &str, kind: StateMachineType) -> Vec<Diagnostic> {
    examine(definition, kind).1
}

/// Checks and compiles the single state that TestState takes as its definition. The program calls it `StateName`,
/// as AWS does where it words what is wrong; the states that it leads to, which only have names, stand in the
/// program as Succeed states.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>
///
/// # Errors
/// Everything that is wrong with it, warnings left out.
pub fn compile_state(definition: &str, kind: StateMachineType) -> Result<Program, Diagnostics> {
    const NAME: &str = "StateName";
    let Ok(Value::Object(state)) = json::parse(definition) else {
        // Broken or no object, which the way of a whole definition says.
        return compile(definition, kind);
    };
    let rules = ["Choices", "Catch"].into_iter().filter_map(|name| state.get(name)?.as_array()).flatten();
    let ways =
        [state.get("Next"), state.get("Default")].into_iter().chain(rules.map(|rule| rule.get("Next")));
    let targets: Vec<String> = ways.flatten().filter_map(Value::as_str).map(str::to_owned).collect();

    let mut states = Map::from_iter([(NAME.to_owned(), Value::Object(state))]);
    for target in targets {
        states.entry(target).or_insert_with(|| json!({"Type": "Succeed"}));
    }
    compile(&json!({"StartAt": NAME, "States": states}).to_string(), kind)
}

fn examine(definition: &str, kind: StateMachineType) -> (Option<Program>, Vec<Diagnostic>) {
    let no_object = || Diagnostic {
        code: Code::SchemaValidationFailed,
        message: "Definition must be a valid JSON object".to_owned(),
        location: None,
        subject: None,
    };
    if definition.trim().is_empty() {
        return (None, vec![no_object()]);
    }
    // The API refuses longer ones before, with its own error; this guards every other way in.
    if DEFINITION_CHARS_MAX < definition.chars().count() {
        let message = format!("Definition must have length less than or equal to {DEFINITION_CHARS_MAX}");
        let code = Code::SchemaValidationFailed;
        return (None, vec![Diagnostic { code, message, location: None, subject: None }]);
    }
    let value = match json::parse(definition) {
        Ok(value) => value,
        Err(error) => return (None, vec![broken_json(definition, &error)]),
    };
    if !value.is_object() {
        return (None, vec![no_object()]);
    }
    let findings = Findings::default();
    let program = Fields::of(&value, Location::default(), &findings)
        .and_then(|machine| Compiler::compile(&machine, kind));
    (program, findings.into_diagnostics())
}

/// The parser's words, which name the place at their end, and the place again.
fn broken_json(definition: &str, error: &json::SyntaxError) -> Diagnostic {
    Diagnostic {
        code: Code::InvalidJsonDescription,
        message: error.located(definition),
        location: Some(error.source_location(definition)),
        subject: None,
    }
}

#[cfg(test)]
mod tests;
