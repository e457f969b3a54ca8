//! A state machine: its executions, its definition as a graph and as text, and a form to start one.

use serde_json::{Value, json};

use super::addresses::{self, address};
use crate::console::aws::{Aws, list, millis, text};
use crate::console::failure::Failure;
use crate::console::graph::{Flow, Layout, Marks, draw};
use crate::console::live::list_key;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// Executions of a page.
const PAGE: u64 = 50;
/// Executions that are gone through for those whose name has a text.
const SEARCHED_MAX: usize = 10_000;
const STATUSES: &[&str] = &["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

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
        let flow = serde_json::from_str(definition).ok().as_ref().and_then(Flow::read);
        data["graph"] = json!(flow.map(|flow| draw(&flow, &Layout::of(&flow), &Marks::default())));
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
        parts: &["executions"],
        data,
    })
}

/// The executions that the filters let through.
async fn executions(visit: &Visit<'_>, aws: &Aws, arn: &str) -> Result<Value, Failure> {
    let status =
        STATUSES.iter().find(|status| **status == visit.query("status")).copied().unwrap_or_default();
    let (named, token) = (visit.query("name").trim(), visit.query("token"));
    let mut input = json!({"stateMachineArn": arn, "maxResults": PAGE});
    if !status.is_empty() {
        input["statusFilter"] = status.into();
    }
    if !token.is_empty() {
        input["nextToken"] = token.into();
    }
    let mut found: Vec<Value> = Vec::new();
    let (mut n_searched, mut key) = (0, None);
    let next = loop {
        if !named.is_empty() {
            input["maxResults"] = 1_000.into();
        }
        let listed = match aws.states("ListExecutions", input.clone()).await {
            // AWS has no list of Express executions.
            Err(failure) if failure.code == "StateMachineTypeNotSupported" => {
                return Ok(json!({"message": failure.message, "rows": []}));
            }
            listed => listed?,
        };
        let items = list(&listed, "executions");
        key.get_or_insert_with(|| list_key(items));
        n_searched += items.len();
        found.extend(items.iter().filter(|it| named.is_empty() || text(it, "name").contains(named)).cloned());
        let next = listed.get("nextToken").and_then(Value::as_str).map(str::to_owned);
        match next {
            Some(next) if !named.is_empty() && found.len() < 50 && n_searched < SEARCHED_MAX => {
                input["nextToken"] = next.into();
            }
            next => break next,
        }
    };
    let now = visit.shared.clock.now().as_millis();
    let rows: Vec<_> = found.iter().map(|execution| row(execution, now)).collect();
    let to = |parameters: &[(&str, &str)]| {
        let mut all = vec![("arn", arn), ("status", status), ("name", named)];
        all.extend(parameters);
        address("/state-machines/view", &all)
    };
    let statuses: Vec<_> = STATUSES
        .iter()
        .map(
            |word| json!({"value": word, "label": shown::status(word)["label"], "selected": *word == status}),
        )
        .collect();
    // Only the newest are watched.
    let is_live = token.is_empty() && status.is_empty() && named.is_empty();
    let live = is_live.then(|| address("/live", &[("machine", arn)]));
    Ok(json!({
        "rows": rows, "statuses": statuses, "named": named, "arn": arn,
        "next": next.map(|token| to(&[("token", &token)])),
        "first": (!token.is_empty()).then(|| to(&[])),
        "isFiltered": !status.is_empty() || !named.is_empty(),
        "live": live, "key": key,
        "part": address("/state-machines/view", &[("arn", arn), ("part", "executions")]),
        "searched": (!named.is_empty()).then_some(n_searched),
        "base": crate::console::PREFIX,
    }))
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
