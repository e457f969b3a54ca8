//! What was tried in the playground, as a file of scenarios for `stepgate test`.

mod context;
mod template;

pub(super) use template::save as save_template;

use serde_json::{Map, Value, json};

use self::context::{Context, reads_context};
use super::evaluated::{around, in_context, test_input};
use super::playground::state_input;
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::visit::{Answer, Visit};

/// Tries the state of a form, and keeps what came of it as what is expected.
///
/// # Errors
/// What the operation says, and if nothing can be expected of the state.
pub(super) async fn save_state(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let state: Value = serde_json::from_str(form.required("definition")?)
        .map_err(|error| Failure::invalid(format!("The state is not JSON: {error}.")))?;
    let reads_context = reads_context(&state);
    if reads_context && text(&state, "Type") != "Task" {
        let message = "It reads the context object, which TestState makes up for states that have no mock.";
        return Err(Failure::invalid(message));
    }
    let mut input = state_input(form, json!({ "definition": state.to_string() }));
    let tested = visit.aws.states("TestState", input.clone()).await?;
    let mock = mock(&state, &input, &tested)?;
    if let Some(mock) = &mock {
        input["mock"] = match mock.get("result") {
            Some(result) => json!({ "result": result.to_string() }),
            None => json!({"errorOutput": {"error": mock["error"], "cause": mock["cause"]}}),
        };
    }
    let context = if reads_context { Some(Context::read(None)?) } else { None };
    if let Some(context) = &context {
        input["context"] = context.to_json().to_string().into();
    }
    let tested = settled(visit, input).await?;
    Ok(file("state.test.json", &scenarios(state, form, &tested, mock, context.as_ref())?))
}

/// The same for an expression, as the output of a Pass state.
///
/// # Errors
/// Likewise.
pub(super) async fn save_expression(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let expression = form.required("expression")?.replace("\r\n", "\n");
    let state = around(&expression, form.text("language") == "jsonata");
    let context = if reads_context(&state) { Some(Context::read(form.filled("context"))?) } else { None };
    let input = match &context {
        Some(context) => in_context(&expression, form, &context.to_json().to_string()),
        None => test_input(form, &state),
    };
    let tested = settled(visit, input).await?;
    Ok(file("expression.test.json", &scenarios(state, form, &tested, None, context.as_ref())?))
}

fn file(name: &str, scenarios: &Value) -> Answer {
    let text = serde_json::to_string_pretty(scenarios).unwrap_or_default();
    Answer::File { name: name.to_owned(), media: "application/json", bytes: text.into() }
}

/// What a test comes to, each time.
///
/// # Errors
/// If it comes to something else the second time.
async fn settled(visit: &Visit<'_>, input: Value) -> Result<Value, Failure> {
    let tested = visit.aws.states("TestState", input.clone()).await?;
    let again = visit.aws.states("TestState", input).await?;
    let end = |tested: &Value| ["status", "output", "error"].map(|member| tested.get(member).cloned());
    if end(&tested) == end(&again) {
        return Ok(tested);
    }
    Err(Failure::invalid("It comes to something else each time, so no case can expect what it came to."))
}

/// What answers for a Task in the case: what was made up for it, or what it came to.
///
/// # Errors
/// If `stepgate test` mocks no such state.
fn mock(state: &Value, input: &Value, tested: &Value) -> Result<Option<Value>, Failure> {
    let (kind, given) = (text(state, "Type"), input.get("mock"));
    if kind != "Task" {
        return match given {
            None => Ok(None),
            Some(_) => Err(Failure::invalid(format!(
                "stepgate test mocks Task states, and runs what is within others: a {kind} with a mock is no case."
            ))),
        };
    }
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| text.into());
    if let Some(result) = given.and_then(|mock| mock.get("result")).and_then(Value::as_str) {
        return Ok(Some(json!({ "result": parsed(result) })));
    }
    if let Some(error) = given.and_then(|mock| mock.get("errorOutput")) {
        return Ok(Some(error.clone()));
    }
    let result = tested.pointer("/inspectionData/result").and_then(Value::as_str);
    Ok(Some(match (text(tested, "error"), result) {
        ("", Some(result)) => json!({ "result": parsed(result) }),
        (error, _) => json!({"error": error, "cause": text(tested, "cause")}),
    }))
}

fn scenarios(
    state: Value,
    form: &Form,
    tested: &Value,
    mock: Option<Value>,
    context: Option<&Context>,
) -> Result<Value, Failure> {
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
    let (definition, name) = machine(state, parsed("variables"));
    let mut scenario =
        json!({"name": "as it was tried", "input": parsed("input").unwrap_or(json!({})), "expect": expect});
    if let Some(mock) = mock {
        scenario["mocks"] = json!({ name: [mock] });
    }
    if let Some(context) = context {
        context.tell(&mut scenario);
    }
    Ok(json!({"definition": definition, "scenarios": [scenario]}))
}

/// A machine of the state alone, and its name there: whatever follows it is an end.
fn machine(state: Value, variables: Option<Value>) -> (Value, String) {
    let mut targets: Vec<String> =
        ["Next", "Default"].iter().map(|member| text(&state, member).to_owned()).collect();
    for rules in ["Choices", "Catch"] {
        targets.extend(list(&state, rules).iter().map(|rule| text(rule, "Next").to_owned()));
    }
    let free = |name: &str| {
        let mut name = name.to_owned();
        while targets.contains(&name) {
            name.insert(0, '_');
        }
        name
    };
    let (name, before) = (free(STATE), free("Variables"));
    let mut states = Map::new();
    let start_at = if variables.is_some() { before.clone() } else { name.clone() };
    if let Some(variables) = variables {
        states.insert(before, json!({"Type": "Pass", "Assign": variables, "Next": name}));
    }
    for target in targets.into_iter().filter(|target| !target.is_empty()) {
        states.insert(target, json!({ "Type": "Succeed" }));
    }
    states.insert(name.clone(), state);
    (json!({"StartAt": start_at, "States": states}), name)
}

/// What the state is called in the case.
const STATE: &str = "State";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_what_was_given_and_what_came_of_it() {
        let state = json!({"Type": "Task", "Resource": "r", "Next": "After", "Catch": [{"ErrorEquals": ["E"], "Next": "Caught"}]});
        let form = Form::parse(b"input=%7B%22a%22%3A1%7D&variables=%7B%22v%22%3A2%7D");
        let tested = json!({"status": "CAUGHT_ERROR", "output": "{\"Error\": \"E\"}"});
        let mock = Some(json!({"error": "E", "cause": "why"}));
        let saved = scenarios(state.clone(), &form, &tested, mock, None).unwrap();
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
        assert!(scenarios(state, &form, &json!({"status": "RETRIABLE"}), None, None).is_err());
    }

    #[test]
    fn a_state_is_not_taken_for_what_follows_it() {
        let (machine, name) = machine(json!({"Type": "Pass", "Next": "State"}), None);
        assert_eq!(name, "_State");
        assert_eq!(
            machine,
            json!({"StartAt": "_State", "States": {"State": {"Type": "Succeed"}, "_State": {"Type": "Pass", "Next": "State"}}})
        );
    }

    #[test]
    fn a_task_answers_as_it_was_told_to_or_as_it_did() {
        let task = json!({"Type": "Task"});
        let answered = json!({"inspectionData": {"result": "{\"a\":1}"}});
        let failed = json!({"error": "E", "cause": "why"});
        let given = json!({"mock": {"result": "[2]"}});
        for (input, tested, want) in [
            (&given, &answered, json!({"result": [2]})),
            (
                &json!({"mock": {"errorOutput": {"error": "F", "cause": ""}}}),
                &failed,
                json!({"error": "F", "cause": ""}),
            ),
            (&json!({}), &answered, json!({"result": {"a": 1}})),
            (&json!({}), &failed, failed.clone()),
        ] {
            assert_eq!(mock(&task, input, tested).unwrap(), Some(want), "{input}");
        }
        assert_eq!(mock(&json!({"Type": "Pass"}), &json!({}), &answered).unwrap(), None);
        assert!(mock(&json!({"Type": "Map"}), &given, &answered).is_err());
    }
}
