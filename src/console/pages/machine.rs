//! A state machine: its executions, its definition as a graph and as text, and a form to start one.

use serde_json::{Value, json};

use super::addresses::{self, address};
use super::executions::executions;
use super::picture::picture;
use crate::console::aws::{millis, text};
use crate::console::failure::Failure;
use crate::console::graph::Marks;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let arn = visit.required("arn")?;
    let aws = visit.aws.where_is(arn);
    if visit.part() == "executions" {
        let data = executions(visit, &aws, arn).await?;
        return page(visit, "", json!({ "executions": data }));
    }
    let machine = aws.states("DescribeStateMachine", json!({"stateMachineArn": arn})).await?;
    let tab = if visit.query("tab") == "definition" { "definition" } else { "executions" };
    let name = text(&machine, "name").to_owned();
    let definition = text(&machine, "definition");
    let mut data = json!({
        "arn": arn, "name": name, "type": text(&machine, "type"), "role": text(&machine, "roleArn"),
        "status": shown::status(text(&machine, "status")), "created": shown::time_of(&machine, "creationDate"),
        "isDefinition": tab == "definition", "isExpress": text(&machine, "type") == "EXPRESS",
        "tabs": [
            {"label": "Executions", "href": addresses::machine(arn), "current": tab == "executions"},
            {"label": "Definition", "href": address("/state-machines/view", &[("arn", arn), ("tab", "definition")]),
             "current": tab == "definition"},
        ],
        "edit": address("/state-machines/edit", &[("arn", arn)]),
        "logging": machine.pointer("/loggingConfiguration/level"),
        "base": crate::console::PREFIX, "csrf": &*visit.signed.csrf,
    });
    // What another execution began with, to begin with it again.
    let from = visit.query("from");
    if !from.is_empty() {
        let described = aws.states("DescribeExecution", json!({ "executionArn": from })).await?;
        data["input"] = shown::pretty(text(&described, "input")).into();
        data["isAgain"] = true.into();
    }
    if tab == "definition" {
        data["definition"] = shown::pretty(definition).into();
        let parsed = serde_json::from_str(definition).unwrap_or_default();
        let to = |fold: &str| {
            address("/state-machines/view", &[("arn", arn), ("tab", "definition"), ("fold", fold)])
        };
        data["graph"] = picture(&parsed, Marks::default(), visit.query("fold"), to);
    } else {
        data["executions"] = executions(visit, &aws, arn).await?;
    }
    page(visit, &name, data)
}

fn page(visit: &Visit<'_>, name: &str, data: Value) -> Result<Answer, Failure> {
    visit.render(Page {
        title: name,
        section: "State machines",
        template: "machine",
        parts: &["executions", "graph"],
        data,
    })
}

/// An execution in a list.
pub(super) fn row(execution: &Value, now: i64) -> Value {
    let arn = text(execution, "executionArn");
    let (started, stopped) = (millis(execution, "startDate"), millis(execution, "stopDate"));
    let took = started.map(|started| shown::duration(stopped.unwrap_or(now) - started));
    let machine = text(execution, "stateMachineArn");
    json!({
        "name": text(execution, "name"), "href": addresses::execution(arn), "arn": arn,
        "status": shown::status(text(execution, "status")),
        "machine": shown::name_of(machine), "machineHref": addresses::machine(machine),
        "started": shown::time(started), "stopped": shown::time(stopped), "took": took,
        "redrives": execution.get("redriveCount").and_then(Value::as_u64).filter(|n| 0 < *n),
        "items": execution.get("itemCount"),
    })
}
