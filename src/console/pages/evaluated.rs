//! What became of an expression: of JSONPath, an intrinsic function, or JSONata. A Pass state around it is tested, so that it
//! comes to what it comes to in a state machine.

mod parts;

use serde_json::{Value, json};

use self::parts::parts;

use crate::asl::{self, Severity, StateMachineType};
use crate::console::aws::text;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::pages::playground::cut;
use crate::console::shown;
use crate::console::visit::{Answer, Visit};
use crate::json::excerpt;

/// The only state.
const STATE: &str = "Expression";

/// Evaluates the expression of a form.
///
/// # Errors
/// What the operation says.
pub(super) async fn evaluate(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let expression = form.required("expression")?.replace("\r\n", "\n");
    let state = around(&expression, form.text("language") == "jsonata");
    let wrong = wrong(&expression, &state);
    let data = if wrong.is_empty() {
        let mut data = tested(visit, input_of(&expression, form)).await?;
        data["steps"] = steps(visit, form, &expression).await?.into();
        data
    } else {
        json!({ "wrong": wrong })
    };
    Ok(Answer::Html(visit.shared.renderer.part("expression", &data)?))
}

/// A state whose output is what the expression comes to.
pub(super) fn around(expression: &str, is_jsonata: bool) -> Value {
    if is_jsonata {
        let written = format!("{{% {expression} %}}");
        return json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": written, "End": true});
    }
    json!({"Type": "Pass", "Parameters": {"value.$": expression}, "OutputPath": "$.value", "End": true})
}

/// The parts of the expression with what each comes to, and then itself.
async fn steps(visit: &Visit<'_>, form: &Form, expression: &str) -> Result<Vec<Value>, Failure> {
    let parts = parts(expression, form.text("language") == "jsonata");
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let whole = expression.trim();
    let begin = expression.len() - expression.trim_start().len();
    let parts = parts.iter().map(|part| (part.at, part.text.as_str(), part.evaluates.as_str(), part.depth));
    let mut rows = Vec::new();
    for (at, source, evaluates, depth) in parts.chain([(begin, whole, whole, 0)]) {
        // A part may not be an expression by itself; then it is no step.
        let Ok(tested) = visit.aws.states("TestState", input_of(evaluates, form)).await else { continue };
        let place = asl::position(expression, at);
        let (action, value) = match tested.get("output").and_then(Value::as_str) {
            Some(output) if text(&tested, "status") == "SUCCEEDED" => ("is", output),
            _ => ("fails:", text(&tested, "cause")),
        };
        let value = cut(value);
        rows.push(json!({
            "at": format!("{}:{}", place.line, place.column), "line": place.line, "column": place.column, "depth": depth.min(8),
            "source": source, "action": action, "variable": (action == "is").then_some(source), "value": value,
        }));
    }
    Ok(rows)
}

/// The input of TestState that evaluates an expression with what the form gives it.
fn input_of(expression: &str, form: &Form) -> Value {
    match form.filled("context") {
        Some(context) => in_context(expression, form, context),
        None => test_input(form, &around(expression, form.text("language") == "jsonata")),
    }
}

/// The input of TestState with which the expression is evaluated in a context object of one's own. TestState gives that only to
/// states with a mock, so it is a Task whose result is the form's input.
pub(super) fn in_context(expression: &str, form: &Form, context: &str) -> Value {
    let mut state = json!({"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:any", "End": true});
    if form.text("language") == "jsonata" {
        state["QueryLanguage"] = "JSONata".into();
        state["Output"] = format!("{{% {expression} %}}").into();
    } else {
        state["ResultSelector"] = json!({ "value.$": expression });
        state["OutputPath"] = "$.value".into();
    }
    let mut input = test_input(form, &state);
    input["mock"] = json!({"result": input["input"], "fieldValidationMode": "NONE"});
    input["context"] = context.into();
    input
}

/// The input of TestState.
pub(super) fn test_input(form: &Form, state: &Value) -> Value {
    let mut input = json!({"definition": state.to_string(), "input": form.filled("input").unwrap_or("{}")});
    if let Some(variables) = form.filled("variables") {
        input["variables"] = variables.into();
    }
    input
}

async fn tested(visit: &Visit<'_>, input: Value) -> Result<Value, Failure> {
    let tested = visit.aws.states("TestState", input).await?;
    Ok(json!({
        "isDone": text(&tested, "status") == "SUCCEEDED",
        "output": tested.get("output").and_then(Value::as_str).map(shown::pretty),
        "error": text(&tested, "error"), "cause": text(&tested, "cause"),
    }))
}

/// What is wrong with the expression, each with the place in it.
fn wrong(expression: &str, state: &Value) -> Vec<Value> {
    let machine = json!({"StartAt": STATE, "States": {STATE: state}}).to_string();
    let found = asl::validate(&machine, StateMachineType::Standard);
    found
        .iter()
        .filter(|it| it.severity() == Severity::Error)
        .map(|it| {
            let part = asl::part(&machine, it);
            let at = part.as_ref().and_then(|part| place_in(expression, &machine, part.offset));
            json!({
                "message": part.and_then(|part| part.said).unwrap_or_else(|| it.message.clone()),
                "excerpt": at.map(|at| excerpt(expression, at.line, at.column)),
            })
        })
        .collect()
}

/// Where in the expression an offset in the definition is, which has it with escapes.
fn place_in(expression: &str, machine: &str, offset: usize) -> Option<asl::Position> {
    let escaped = serde_json::to_string(expression).ok()?;
    let escaped = escaped.strip_prefix('"')?.strip_suffix('"')?;
    let begin = machine.find(escaped)?;
    let before = machine.get(begin..offset.clamp(begin, begin + escaped.len()))?;
    let before: String = serde_json::from_str(&format!("\"{before}\"")).ok()?;
    Some(asl::position(expression, before.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_caret_in_the_expression() {
        for (expression, is_jsonata, caret) in [
            ("$.a[", false, "1 | $.a["),
            ("States.Format('{}', $.a, )", false, "1 | States.Format("),
            ("$sum(\n  \"a\" +)", true, "2 |   \"a\" +)"),
        ] {
            let wrong = wrong(expression, &around(expression, is_jsonata));
            let excerpt = wrong.first().and_then(|it| it["excerpt"].as_str()).unwrap_or_default();
            assert!(excerpt.contains(caret) && excerpt.contains('^'), "{expression}: {wrong:?}");
        }
        for (expression, is_jsonata) in [
            ("$.a", false),
            ("States.Format('{}', $.a)", false),
            ("$sum($states.input.items.price)", true),
            ("$$.Execution.Id", false),
        ] {
            assert!(wrong(expression, &around(expression, is_jsonata)).is_empty(), "{expression}");
        }
    }
}
