//! The editor of a state machine: its definition is checked as it is written, its states are tried, an execution is replayed
//! under it, and it is put in place of the one in force.

use serde_json::{Value, json};

use super::addresses::{self, address};
use super::picture::picture;
use super::playground;
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::graph::Marks;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};
use crate::wire::replayed;

/// Executions that can be chosen for a replay.
const CHOICES: u64 = 20;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let arn = visit.required("arn")?;
    let aws = visit.aws.where_is(arn);
    let machine = aws.states("DescribeStateMachine", json!({"stateMachineArn": arn})).await?;
    let (name, kind) = (text(&machine, "name").to_owned(), text(&machine, "type"));
    let definition = shown::pretty(text(&machine, "definition"));
    // Who may not list executions writes the ARN of one.
    let input = json!({"stateMachineArn": arn, "maxResults": CHOICES});
    let listed = aws.states("ListExecutions", input).await.unwrap_or_default();
    let executions: Vec<_> = list(&listed, "executions").iter().map(|it| text(it, "executionArn")).collect();
    let data = json!({
        "arn": arn, "name": name, "type": kind, "machineHref": addresses::machine(arn),
        "checked": checked(visit, &definition, kind).await?, "definition": definition,
        "from": visit.query("from"), "executions": executions, "canReplay": kind != "EXPRESS",
    });
    visit.render(Page { title: &name, section: "State machines", template: "edit", parts: &[], data })
}

/// The definition of a form. Browsers end lines in their own way.
pub(super) fn definition(form: &Form) -> Result<String, Failure> {
    Ok(form.required("definition")?.replace("\r\n", "\n"))
}

/// Says what is wrong with a definition, and draws it.
///
/// # Errors
/// What the operation says.
pub(super) async fn check(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let data = checked(visit, &definition(form)?, form.text("type")).await?;
    Ok(Answer::Html(visit.shared.renderer.part("checked", &json!({ "checked": data }))?))
}

async fn checked(visit: &Visit<'_>, definition: &str, kind: &str) -> Result<Value, Failure> {
    let mut input = json!({ "definition": definition });
    if !kind.is_empty() {
        input["type"] = kind.into();
    }
    let said = visit.aws.states("ValidateStateMachineDefinition", input).await?;
    let diagnostics: Vec<_> = list(&said, "diagnostics")
        .iter()
        .map(|it| {
            let location = text(it, "location");
            let at = replayed::locate(definition, location);
            json!({
                "isError": text(it, "severity") == "ERROR", "code": text(it, "code"), "message": text(it, "message"),
                "location": location, "line": at.line, "column": at.column,
            })
        })
        .collect();
    let parsed: Value = serde_json::from_str(definition).unwrap_or_default();
    let mut names = Vec::new();
    states(&parsed, 0, &mut names);
    Ok(json!({
        "isFine": text(&said, "result") == "OK", "diagnostics": diagnostics, "states": names,
        "isTruncated": said.get("truncated"),
        "graph": picture(&parsed, Marks::default(), "", |_| String::new()),
    }))
}

/// The names of all states, of those within others too.
fn states<'d>(level: &'d Value, depth: usize, names: &mut Vec<&'d str>) {
    const DEPTH_MAX: usize = 16;
    const NAMES_MAX: usize = 2_000;
    for (name, state) in level.get("States").and_then(Value::as_object).into_iter().flatten() {
        if NAMES_MAX <= names.len() || DEPTH_MAX <= depth {
            return;
        }
        names.push(name);
        let within = state.get("ItemProcessor").or_else(|| state.get("Iterator")).into_iter();
        within.chain(list(state, "Branches")).for_each(|level| states(level, depth + 1, names));
    }
}

/// Puts a definition in place of the one in force, and publishes it as a version if that is wanted.
///
/// # Errors
/// What the operation says.
pub(super) async fn update(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let arn = form.required("arn")?;
    let mut input = json!({"stateMachineArn": arn, "definition": definition(form)?});
    if form.text("publish") == "yes" {
        input["publish"] = true.into();
        if let Some(text) = form.filled("description") {
            input["versionDescription"] = text.into();
        }
    }
    visit.aws.where_is(arn).states("UpdateStateMachine", input).await?;
    Ok(Answer::Done(address("/state-machines/view", &[("arn", arn), ("tab", "definition")])))
}

/// Tries one state of a definition.
///
/// # Errors
/// What the operation says.
pub(super) async fn test_state(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let input = json!({"definition": definition(form)?, "stateName": form.required("state")?});
    playground::tested_state(visit, form, input).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_within_others_can_be_tried_too() {
        let inner = |name: &str| json!({"States": {name: {"Type": "Pass"}}});
        let definition = json!({"States": {
            "P": {"Type": "Parallel", "Branches": [inner("A"), inner("B")]}, "M": {"ItemProcessor": inner("I")}, "N": {"Iterator": inner("J")}}});
        let mut names = Vec::new();
        states(&definition, 0, &mut names);
        names.sort_unstable();
        assert_eq!(names, ["A", "B", "I", "J", "M", "N", "P"]);
    }
}
