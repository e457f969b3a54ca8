//! An execution, replayed under another definition: its tasks answer as they did, and the first event that is another is
//! marked in the graph.

use serde_json::{Value, json};

use super::addresses::{self, address};
use super::edit;
use super::execution::marks;
use super::picture::picture;
use crate::console::aws::{Aws, list};
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::history::{Event, Run};
use crate::console::visit::{Answer, Visit};
use crate::wire::replayed::{Divergence, Replay, Replayed, replay_under};

/// As much of a history as is replayed here; `stepgate replay` has no bounds.
const EVENTS_MAX: usize = 5_000;
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Events asked for at once.
const PAGE: u64 = 200;
/// States of a way that are told.
const WAY_MAX: usize = 100;

/// Replays an execution under the definition of a form.
///
/// # Errors
/// If the definition is none, or the caller may not read the execution's history.
pub(super) async fn replay_execution(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let arn = form.required("execution")?;
    let definition = edit::definition(form)?;
    let (events, is_cut) = events(&visit.aws.where_is(arn), arn).await?;
    let mut history = json!({ "events": events });
    if is_cut {
        history["nextToken"] = "more".into();
    }
    let text = definition.clone();
    let replay = tokio::task::spawn_blocking(move || replay_under(&text, &history)).await;
    let replay = replay.map_err(|_| Failure::invalid("The execution can't be replayed."))?;
    let replay = replay.map_err(|error| Failure::invalid(error.to_string()))?;
    let data = told(arn, &definition, &replay);
    Ok(Answer::Html(visit.shared.renderer.part("replayed", &data)?))
}

/// The events of an execution with their data, and whether there are more.
async fn events(aws: &Aws, arn: &str) -> Result<(Vec<Value>, bool), Failure> {
    let mut input = json!({"executionArn": arn, "maxResults": PAGE, "includeExecutionData": true});
    let (mut events, mut n_bytes) = (Vec::new(), 0);
    loop {
        let page = aws.states("GetExecutionHistory", input.clone()).await?;
        let found = list(&page, "events");
        n_bytes += found.iter().map(|event| event.to_string().len()).sum::<usize>();
        events.extend(found.iter().cloned());
        match page.get("nextToken").and_then(Value::as_str) {
            None => return Ok((events, false)),
            Some(_) if EVENTS_MAX <= events.len() || BYTES_MAX <= n_bytes => return Ok((events, true)),
            Some(token) => input["nextToken"] = token.into(),
        }
    }
}

/// The data of the template `replayed`.
fn told(arn: &str, definition: &str, replay: &Replay) -> Value {
    let Replay { replayed, recorded_end: end, n_events: n } = replay;
    let events: Vec<Event> = replayed.events.iter().filter_map(Event::read).collect();
    let run = Run::of(&events);
    let mut marks = marks(&run, &replayed.end, None);
    marks.diverges = replayed.divergence.as_ref().map(|it| diverging(it, replayed, &run));
    let parsed = serde_json::from_str(definition).unwrap_or_default();
    let divergence = replayed.divergence.as_ref().map(|it| {
        let event = it.event.to_string();
        let event_href = address("/executions/view", &[("arn", arn), ("tab", "events"), ("event", &event)]);
        json!({"event": event, "href": event_href, "recorded": it.recorded, "now": it.now, "state": marks.diverges})
    });
    json!({
        "executionHref": addresses::execution(arn), "execution": arn.rsplit(':').next(), "n": n,
        "divergence": divergence, "isWhole": end.is_whole(),
        "recordedEnd": end.status().unwrap_or("unknown, because only its beginning is replayed here"), "end": replayed.end,
        "recorded": way(&replayed.recorded), "now": way(&replayed.now),
        "graph": picture(&parsed, marks, "", |_| String::new()),
    })
}

/// The state in which the ways part: that of the event that happens now, or the last one that was entered.
fn diverging(divergence: &Divergence, replayed: &Replayed, run: &Run) -> String {
    let visit = divergence.event_now.and_then(|id| usize::try_from(id).ok());
    let visit = visit.and_then(|id| run.visit_of.get(id).copied().flatten());
    let name = visit.and_then(|at| run.visits.get(at)).map(|visit| visit.state.to_string());
    name.or_else(|| replayed.now.last().cloned()).unwrap_or_default()
}

fn way(states: &[String]) -> String {
    let mut way = states.iter().take(WAY_MAX).map(String::as_str).collect::<Vec<_>>().join(" → ");
    if WAY_MAX < states.len() {
        way.push_str(" → …");
    }
    way
}
