//! What became of an expression: of JSONPath, an intrinsic function, or JSONata. A Pass state around it is tested, so that it
//! comes to what it comes to in a state machine.

use serde_json::{Value, json};

use crate::asl::{self, Severity, StateMachineType};
use crate::console::aws::text;
use crate::console::failure::Failure;
use crate::console::form::Form;
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
    let data = if wrong.is_empty() { tested(visit, form, &state).await? } else { json!({ "wrong": wrong }) };
    Ok(Answer::Html(visit.shared.renderer.part("expression", &data)?))
}

/// A state whose output is what the expression comes to.
fn around(expression: &str, is_jsonata: bool) -> Value {
    if is_jsonata {
        let written = format!("{{% {expression} %}}");
        return json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": written, "End": true});
    }
    json!({"Type": "Pass", "Parameters": {"value.$": expression}, "OutputPath": "$.value", "End": true})
}

async fn tested(visit: &Visit<'_>, form: &Form, state: &Value) -> Result<Value, Failure> {
    let mut input = json!({"definition": state.to_string(), "input": form.filled("input").unwrap_or("{}")});
    for member in ["variables", "context"] {
        if let Some(text) = form.filled(member) {
            input[member] = text.into();
        }
    }
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
