//! A moment of an execution: what it had done after one of its events.

use serde_json::{Value, json};

use super::addresses::address;
use super::execution::Execution;
use crate::console::history::Run;
use crate::console::shown;
use crate::console::visit::Visit;

/// After which event an execution is looked at.
pub(super) struct Moment {
    /// The place of the event in the history, from 1; 0 of an execution without any.
    n: usize,
    /// Whether the address names it; otherwise it is the last one.
    pub(super) is_chosen: bool,
    /// What had happened until then, if more has happened since.
    pub(super) run: Option<Run>,
    /// When the event was, if it was chosen.
    pub(super) at: Option<i64>,
}

impl Moment {
    pub(super) fn read(visit: &Visit<'_>, execution: &Execution<'_>) -> Self {
        let events = &execution.history.events;
        let wanted = visit.number("at").and_then(|at| usize::try_from(at).ok()).filter(|at| 0 < *at);
        let n = wanted.map_or(events.len(), |at| at.min(events.len()));
        Self {
            n,
            is_chosen: wanted.is_some(),
            run: (n < events.len()).then(|| Run::of(&events[..n])),
            at: wanted.and_then(|_| events.get(n.checked_sub(1)?)).map(|event| event.at),
        }
    }

    /// As addresses have it.
    pub(super) fn address(&self) -> String {
        if self.is_chosen { self.n.to_string() } else { String::new() }
    }

    /// The data of the template `moment`; null if nothing has happened yet.
    pub(super) fn data(&self, visit: &Visit<'_>, execution: &Execution<'_>, tab: &str) -> Value {
        let events = &execution.history.events;
        let Some(event) = self.n.checked_sub(1).and_then(|at| events.get(at)) else { return json!({}) };
        let tab = if tab == "graph" { "" } else { tab };
        let kept = [("arn", execution.arn), ("tab", tab)];
        let more = ["state", "visit", "page", "idle", "fold"].map(|name| (name, visit.query(name)));
        let kept: Vec<(&str, &str)> = kept.into_iter().chain(more).collect();
        let fields = kept.iter().filter(|(_, value)| !value.is_empty());
        let began = events.first().map_or(event.at, |first| first.at);
        let state = event.state.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
        json!({
            "n": events.len(), "event": self.n, "isChosen": self.is_chosen, "end": address("/executions/view", &kept),
            "kept": fields.map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
            "said": self.is_chosen.then(|| format!(
                "After event {} of {}, {}{state}, {} after the start", self.n, events.len(), event.kind,
                shown::duration(event.at - began),
            )),
        })
    }
}
