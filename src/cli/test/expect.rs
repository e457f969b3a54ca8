//! What a scenario expects, and how that is compared with what happened.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::asl::{Program, StateKind, closest};
use crate::engine::execution::Ending;
use crate::engine::rehearsal::Rehearsed;

/// The expected outcome; anything is accepted for a missing member.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Expect {
    status: Option<String>,
    #[serde(default, deserialize_with = "present")]
    output: Option<Value>,
    /// What the output has at least.
    #[serde(default, deserialize_with = "present")]
    output_includes: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    /// All states in the order in which they should be entered.
    states: Option<Vec<String>>,
    /// The expected duration of the execution.
    seconds: Option<f64>,
    /// How often each Task was called, and with what.
    #[serde(default)]
    calls: BTreeMap<String, Calls>,
}

/// The calls of one Task state.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
enum Calls {
    Number(usize),
    Each(Vec<Call>),
}

/// What the Task was given by one call: `Parameters`, `Arguments` or its input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Call {
    #[serde(default, deserialize_with = "present")]
    input: Option<Value>,
    /// What it has at least.
    #[serde(default, deserialize_with = "present")]
    input_includes: Option<Value>,
}

impl TryFrom<Value> for Calls {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match &value {
            Value::Array(_) => {
                serde_json::from_value(value).map(Self::Each).map_err(|error| error.to_string())
            }
            Value::Number(number) => {
                let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
                number.map(Self::Number).ok_or_else(|| "the number of calls is a whole number".to_owned())
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Object(_) => {
                Err("calls are a number, or a list with an object for each call".to_owned())
            }
        }
    }
}

/// An explicit `null` is a value.
pub(super) fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// That there is no such Task state, if there is none.
pub(super) fn no_task(program: &Program, state: &str) -> Option<String> {
    match program.find(state).map(|id| &program[id].kind) {
        Some(StateKind::Task(_)) => None,
        Some(_) => Some(format!("{state:?} is no Task state")),
        None => {
            let meant = closest(state, program.ids().map(|id| &*program[id].name))
                .map(|it| format!("; did you mean {it:?}?"));
            Some(format!("there is no state {state:?}{}", meant.unwrap_or_default()))
        }
    }
}

impl Expect {
    /// What makes no sense with this program.
    pub(super) fn problems(&self, program: &Program) -> impl Iterator<Item = String> {
        self.calls
            .keys()
            .filter_map(|state| no_task(program, state))
            .map(|problem| format!("expect.calls: {problem}"))
    }

    /// What was not as expected. `calls` are the Tasks that were called, with what they were given.
    pub(super) fn failures(
        &self,
        rehearsed: &Rehearsed,
        ending: &Ending,
        seconds: f64,
        calls: &[(String, Value)],
    ) -> Vec<String> {
        let output = ending.output.as_ref().map(|output| output.value().clone());
        let states: Vec<&str> = rehearsed.states.iter().map(|name| &**name).collect();
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        let facts = [
            ("status", text(&self.status), json!(ending.status.as_str())),
            ("output", self.output.clone(), json!(output)),
            ("error", text(&self.error), json!(ending.failure.error.as_deref())),
            ("cause", text(&self.cause), json!(ending.failure.cause.as_deref())),
            ("states", self.states.as_ref().map(|states| json!(states)), json!(states)),
            ("seconds", self.seconds.map(|seconds| json!(seconds)), json!(seconds)),
        ];
        let wrong = facts.into_iter().filter_map(|(what, expected, actual)| {
            let expected = expected?;
            (expected != actual).then(|| format!("{what}: expected {expected}, was {actual}"))
        });
        let mut wrong: Vec<String> = wrong.collect();
        if let Some(part) = &self.output_includes {
            wrong.extend(lacking("output", part, &output.unwrap_or_default()));
        }
        for (state, expected) in &self.calls {
            let given: Vec<&Value> =
                calls.iter().filter(|(called, _)| called == state).map(|(_, input)| input).collect();
            wrong.extend(expected.failures(state, &given));
        }
        wrong
    }
}

impl Calls {
    fn failures(&self, state: &str, given: &[&Value]) -> Vec<String> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Each(calls) => calls.len(),
        };
        let mut wrong = Vec::new();
        if number != given.len() {
            wrong.push(format!("calls of {state:?}: expected {number}, were {}", given.len()));
        }
        let Self::Each(calls) = self else { return wrong };
        for (n, (call, given)) in calls.iter().zip(given).enumerate() {
            let what = format!("call {} of {state:?}: input", n + 1);
            if let Some(input) = call.input.as_ref().filter(|input| input != given) {
                wrong.push(format!("{what}: expected {input}, was {given}"));
            }
            if let Some(part) = &call.input_includes {
                wrong.extend(lacking(&what, part, given));
            }
        }
        wrong
    }
}

/// The first difference between `part` and what `whole` has in its place: objects may have more members, arrays no
/// more items.
pub(super) fn lacking(at: &str, part: &Value, whole: &Value) -> Option<String> {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().find_map(|(name, part)| {
            let at = format!("{at}.{name}");
            match whole.get(name) {
                Some(whole) => lacking(&at, part, whole),
                None => Some(format!("{at}: expected {part}, is not there")),
            }
        }),
        (Value::Array(part), Value::Array(whole)) if part.len() == whole.len() => part
            .iter()
            .zip(whole)
            .enumerate()
            .find_map(|(n, (part, whole))| lacking(&format!("{at}[{n}]"), part, whole)),
        (Value::Array(part), Value::Array(whole)) => {
            Some(format!("{at}: expected {} items, were {}", part.len(), whole.len()))
        }
        (Value::Number(part), Value::Number(whole)) if part.as_f64() == whole.as_f64() => None,
        (part, whole) if part == whole => None,
        (part, whole) => Some(format!("{at}: expected {part}, was {whole}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_in_a_whole_or_its_first_difference_is_told() {
        let whole = json!({"a": {"b": [1, {"c": 2, "d": 3}], "e": null}, "f": 1});
        for (part, expect) in [
            (json!({}), None),
            (json!({"a": {"b": [1.0, {"d": 3}], "e": null}}), None),
            (json!({"a": {"b": [1, {"d": 4}]}}), Some("output.a.b[1].d: expected 4, was 3")),
            (json!({"a": {"b": [1]}}), Some("output.a.b: expected 1 items, were 2")),
            (json!({"a": {"x": null}}), Some("output.a.x: expected null, is not there")),
            (json!({"f": {}}), Some("output.f: expected {}, was 1")),
        ] {
            assert_eq!(lacking("output", &part, &whole).as_deref(), expect, "{part}");
        }
    }

    #[test]
    fn calls_are_a_number_or_a_list() {
        let read = |value: Value| serde_json::from_value::<Expect>(json!({"calls": {"A": value}}));
        assert!(read(json!(2)).is_ok() && read(json!([{}, {"input": null}])).is_ok());
        for (bad, said) in [
            (json!("2"), "a number, or a list"),
            (json!(-1), "whole number"),
            (json!([{"inputs": 1}]), "unknown field `inputs`"),
        ] {
            let error = read(bad.clone()).err().unwrap().to_string();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }
}
