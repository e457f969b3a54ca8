//! What stands beside the tabs: one visit of a state, one event, or the execution's input and output.

use serde_json::{Map, Value, json};

use super::addresses::{self, address};
use super::execution::Execution;
use crate::console::aws::{millis, text};
use crate::console::failure::Failure;
use crate::console::history::Status;
use crate::console::shown;
use crate::console::visit::Visit;

/// Visits of a state that can be chosen from.
const VISITS_MAX: usize = 100;
/// As much of an input or output as is shown at first: browsers are slow with more.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024;
/// Attempts that are listed.
const ATTEMPTS_MAX: usize = 100;

/// What was chosen.
pub(super) struct Selected {
    pub(super) state: Option<String>,
    visit: Option<usize>,
    event: Option<u64>,
}

/// What the address says; of a state, the visit that matters most.
pub(super) fn selected(visit: &Visit<'_>, execution: &Execution<'_>) -> Selected {
    let visits = &execution.run.visits;
    let state = Some(visit.query("state")).filter(|name| !name.is_empty()).map(str::to_owned);
    let by_number =
        visit.number("visit").and_then(|at| usize::try_from(at).ok()).filter(|at| *at < visits.len());
    let of_state = |at: &usize| state.as_deref() == Some(&*visits[*at].state);
    let is_bad =
        |at: &usize| matches!(visits[*at].status, Status::Failed | Status::TimedOut | Status::Running);
    let of_name = || {
        let mut all = (0..visits.len()).rev().filter(of_state);
        let last = all.next();
        last.filter(|at| is_bad(at)).or_else(|| all.find(is_bad)).or(last)
    };
    let found = by_number.filter(|at| state.is_none() || of_state(at)).or_else(of_name);
    let state = state.or_else(|| found.map(|at| visits[at].state.to_string()));
    Selected { state, visit: found, event: visit.number("event") }
}

/// The data of the template `detail`.
///
/// # Errors
/// If the caller may not read the events.
pub(super) async fn detail(
    visit: &Visit<'_>,
    execution: &Execution<'_>,
    selected: &Selected,
) -> Result<Value, Failure> {
    let mut data = match (selected.event, &selected.state) {
        (Some(id), _) => of_event(execution, id).await?,
        (None, Some(state)) => of_state(visit, execution, state, selected.visit).await?,
        (None, None) => of_execution(execution),
    };
    let is_whole = visit.query("whole") == "yes";
    let mut is_cut = false;
    for member in ["input", "output"] {
        if let Some(text) = data.get(member).and_then(Value::as_str).filter(|_| !is_whole) {
            let (shown, whole) = shown::beginning(text, DOCUMENT_BYTES_MAX);
            is_cut |= whole.is_some();
            // What is forked keeps its own input unless another is given.
            data[format!("{member}Whole")] = whole.into();
            data[member] = shown.into();
        }
    }
    if is_cut {
        let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
        data["whole"] = address(
            "/executions/view",
            &[
                ("arn", execution.arn),
                ("tab", visit.query("tab")),
                ("state", selected.state.as_deref().unwrap_or_default()),
                ("visit", &number(selected.visit.and_then(|at| u64::try_from(at).ok()))),
                ("whole", "yes"),
            ],
        )
        .into();
    }
    data["base"] = crate::console::PREFIX.into();
    data["csrf"] = (&*visit.signed.csrf).into();
    data["arn"] = execution.arn.into();
    Ok(data)
}

fn of_execution(execution: &Execution<'_>) -> Value {
    let document = |member: &str| execution.described.get(member).and_then(Value::as_str).map(shown::pretty);
    json!({
        "isExecution": true, "title": "Input and output", "input": document("input"), "output": document("output"),
    })
}

async fn of_event(execution: &Execution<'_>, id: u64) -> Result<Value, Failure> {
    let Execution { aws, arn, history, .. } = *execution;
    let event = history.event(aws, arn, id).await?;
    let details = event.as_object().and_then(|it| it.iter().find(|(name, _)| name.ends_with("EventDetails")));
    let (mut documents, mut facts) = (Vec::new(), Vec::new());
    for (name, value) in details.and_then(|(_, details)| details.as_object()).into_iter().flatten() {
        match value {
            Value::String(text) if matches!(name.as_str(), "input" | "output" | "parameters" | "cause") => {
                documents.push(json!({"name": name, "text": shown::pretty(text)}));
            }
            Value::String(text) => facts.push(json!({"name": name, "value": text})),
            Value::Object(_) if name.ends_with("Details") => {}
            Value::Object(_) | Value::Array(_) => {
                documents.push(json!({"name": name, "text": in_lines(value)}))
            }
            other => facts.push(json!({"name": name, "value": other.to_string()})),
        }
    }
    let near =
        |id: u64| address("/executions/view", &[("arn", arn), ("tab", "events"), ("event", &id.to_string())]);
    let last = history.events.last().map_or(0, |event| event.id);
    Ok(json!({
        "isEvent": true, "title": format!("Event {id}"), "type": text(&event, "type"),
        "at": shown::time(millis(&event, "timestamp")), "facts": facts, "documents": documents,
        "caused": event.get("previousEventId").and_then(Value::as_u64).filter(|id| 0 < *id)
            .map(|id| json!({"id": id, "href": near(id)})),
        "previous": (1 < id).then(|| near(id - 1)), "next": (id < last).then(|| near(id + 1)),
    }))
}

async fn of_state(
    visit: &Visit<'_>,
    execution: &Execution<'_>,
    state: &str,
    at: Option<usize>,
) -> Result<Value, Failure> {
    let Execution { aws, arn, history, run, definition, described, now } = *execution;
    let own = find_state(definition, state);
    let mut data = json!({
        "isState": true, "title": state, "state": state,
        "definition": own.map(in_lines), "type": own.map(|own| text(own, "Type")),
        "isEntered": at.is_some(),
        "canFork": text(described, "status") != "RUNNING" || at.is_some(),
    });
    let Some((at, found)) = at.and_then(|at| Some((at, run.visits.get(at)?))) else { return Ok(data) };
    let entered = history.event(aws, arn, found.entered.0).await?;
    let document =
        |event: &Value, pointer: &str| event.pointer(pointer).and_then(Value::as_str).map(shown::pretty);
    data["input"] = document(&entered, "/stateEnteredEventDetails/input").into();
    data["type"] = (&*found.kind).into();
    if let Some((id, _)) = found.exited {
        let exited = history.event(aws, arn, id).await?;
        data["output"] = document(&exited, "/stateExitedEventDetails/output").into();
        let assigned =
            exited.pointer("/stateExitedEventDetails/assignedVariables").and_then(Value::as_object);
        data["variables"] = assigned.map(variables).into();
    }
    let attempts = found.attempts.iter().enumerate().take(ATTEMPTS_MAX).map(|(n, attempt)| {
        let ending = match (&attempt.failure, attempt.ended) {
            (Some(_), _) => Status::Failed,
            (None, Some(_)) => Status::Succeeded,
            (None, None) => Status::Running,
        };
        json!({
            "n": n + 1, "at": shown::time(Some(attempt.at)),
            "took": attempt.ended.map(|ended| shown::duration(ended - attempt.at)),
            "status": {"class": ending.word(), "label": ending.label()},
            "error": attempt.failure.as_ref().map(|it| &*it.error),
            "cause": attempt.failure.as_ref().map(|it| shown::pretty(&it.cause)),
        })
    });
    data["attempts"] = attempts.collect::<Vec<_>>().into();
    data["hasAttempts"] = (!found.attempts.is_empty()).into();
    data["status"] = json!({"class": found.status.word(), "label": found.status.label()});
    data["entered"] = shown::time(Some(found.entered.1));
    let until = found.until();
    data["took"] = shown::duration(until.unwrap_or(now) - found.entered.1).into();
    data["iteration"] = found.iteration.into();
    if let Some(failure) = &found.failure {
        data["error"] = (&*failure.error).into();
        data["cause"] = shown::pretty(&failure.cause).into();
    }
    if let Some((all, done)) = found.items {
        data["items"] = format!("{done} of {all}").into();
    }
    data["mapRunHref"] = found.map_run.as_deref().map(addresses::map_run).into();
    data["canSkip"] = (found.status == Status::Running && &*found.kind == "Wait").into();
    data["enteredEvent"] = found.entered.0.into();
    let all: Vec<usize> = (0..run.visits.len()).filter(|it| &*run.visits[*it].state == state).collect();
    if 1 < all.len() {
        let tab = visit.query("tab");
        let first = all.len().saturating_sub(VISITS_MAX);
        let choices = all.iter().enumerate().skip(first).map(|(n, it)| {
            let of = &run.visits[*it];
            let href = address(
                "/executions/view",
                &[("arn", arn), ("tab", tab), ("state", state), ("visit", &it.to_string())],
            );
            json!({
                "n": n + 1, "href": href, "status": of.status.word(), "label": of.status.label(),
                "iteration": of.iteration, "current": *it == at,
            })
        });
        data["visits"] = choices.collect::<Vec<_>>().into();
        data["nVisits"] = all.len().into();
    }
    Ok(data)
}

fn variables(assigned: &Map<String, Value>) -> Vec<Value> {
    assigned
        .iter()
        .map(|(name, value)| json!({"name": name, "text": value.as_str().map_or_else(|| in_lines(value), shown::pretty)}))
        .collect()
}

fn in_lines(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A state's own part of the definition, wherever it lies.
fn find_state<'d>(definition: &'d Value, name: &str) -> Option<&'d Value> {
    let mut open = vec![definition];
    while let Some(level) = open.pop() {
        let Some(states) = level.get("States").and_then(Value::as_object) else { continue };
        if let Some(found) = states.get(name) {
            return Some(found);
        }
        for state in states.values() {
            open.extend(state.get("Branches").and_then(Value::as_array).into_iter().flatten());
            open.extend(state.get("ItemProcessor").or_else(|| state.get("Iterator")));
        }
    }
    None
}
