//! A state that was tried, as a file of scenarios for `stepgate test`.

use serde_json::{Map, Value, json};

use super::playground::state_input;
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::visit::{Answer, Visit};

/// Tries the state of a form, and keeps what came of it as what is expected.
///
/// # Errors
/// What the operation says, and if nothing can be expected of the state.
pub(super) async fn save(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let state: Value = serde_json::from_str(form.required("definition")?)
        .map_err(|error| Failure::invalid(format!("The state is not JSON: {error}.")))?;
    let input = state_input(form, json!({ "definition": state.to_string() }));
    let tested = visit.aws.states("TestState", input).await?;
    let scenarios = scenarios(state, form, &tested)?;
    let text = serde_json::to_string_pretty(&scenarios).unwrap_or_default();
    Ok(Answer::File { name: "state.test.json".to_owned(), media: "application/json", bytes: text.into() })
}

fn scenarios(state: Value, form: &Form, tested: &Value) -> Result<Value, Failure> {
    let parsed = |name: &str| form.filled(name).and_then(|text| serde_json::from_str::<Value>(text).ok());
    let expect = match text(tested, "status") {
        "SUCCEEDED" | "CAUGHT_ERROR" => {
            let output: Value = serde_json::from_str(text(tested, "output")).unwrap_or_default();
            json!({"status": "SUCCEEDED", "output": output})
        }
        "FAILED" => json!({"status": "FAILED", "error": text(tested, "error")}),
        other => {
            return Err(Failure::invalid(format!(
                "The test came to {other}, which is no end to be expected."
            )));
        }
    };
    let mut scenario =
        json!({"name": "as it was tried", "input": parsed("input").unwrap_or(json!({})), "expect": expect});
    if let Some(result) = parsed("mock") {
        scenario["mocks"] = json!({"State": [{ "result": result }]});
    } else if let Some(error) = form.filled("mockError") {
        scenario["mocks"] = json!({"State": [{"error": error, "cause": form.text("mockCause")}]});
    }
    Ok(json!({"definition": machine(state, parsed("variables")), "scenarios": [scenario]}))
}

/// A machine of the state alone: whatever follows it is an end.
fn machine(state: Value, variables: Option<Value>) -> Value {
    let mut targets: Vec<String> =
        ["Next", "Default"].iter().map(|member| text(&state, member).to_owned()).collect();
    for rules in ["Choices", "Catch"] {
        targets.extend(list(&state, rules).iter().map(|rule| text(rule, "Next").to_owned()));
    }
    let mut states = Map::new();
    if let Some(variables) = &variables {
        states.insert("Variables".to_owned(), json!({"Type": "Pass", "Assign": variables, "Next": "State"}));
    }
    for target in targets.into_iter().filter(|target| !target.is_empty()) {
        states.insert(target, json!({ "Type": "Succeed" }));
    }
    states.insert("State".to_owned(), state);
    json!({"StartAt": if variables.is_some() { "Variables" } else { "State" }, "States": states})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_what_was_given_and_what_came_of_it() {
        let state = json!({"Type": "Task", "Resource": "r", "Next": "After", "Catch": [{"ErrorEquals": ["E"], "Next": "Caught"}]});
        let form =
            Form::parse(b"input=%7B%22a%22%3A1%7D&mockError=E&mockCause=why&variables=%7B%22v%22%3A2%7D");
        let tested = json!({"status": "CAUGHT_ERROR", "output": "{\"Error\": \"E\"}"});
        let saved = scenarios(state.clone(), &form, &tested).unwrap();
        assert_eq!(
            saved["scenarios"][0],
            json!({
            "name": "as it was tried", "input": {"a": 1}, "mocks": {"State": [{"error": "E", "cause": "why"}]},
            "expect": {"status": "SUCCEEDED", "output": {"Error": "E"}}})
        );
        assert_eq!(
            saved["definition"],
            json!({"StartAt": "Variables", "States": {
            "Variables": {"Type": "Pass", "Assign": {"v": 2}, "Next": "State"}, "After": {"Type": "Succeed"},
            "Caught": {"Type": "Succeed"}, "State": state}})
        );
        assert!(scenarios(state, &form, &json!({"status": "RETRIABLE"})).is_err());
    }
}
