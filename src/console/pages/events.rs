//! The table of events, searched and in pages.

use serde_json::{Value, json};

use super::addresses::address;
use super::execution::Execution;
use crate::console::history::Event;
use crate::console::shown;
use crate::console::visit::Visit;

/// Events of a page.
const PAGE: usize = 100;

pub(super) fn events(visit: &Visit<'_>, execution: &Execution<'_>) -> Value {
    let Execution { arn, history, run, .. } = *execution;
    let searched = visit.query("q").trim().to_lowercase();
    let is_newest_first = visit.query("order") == "newest";
    let page = usize::try_from(visit.number("page").unwrap_or(0)).unwrap_or(0);
    let state = |event: &Event| {
        let visit = usize::try_from(event.id).ok().and_then(|at| run.visit_of.get(at).copied().flatten())?;
        run.visits.get(visit).map(|visit| &*visit.state)
    };
    let is_found = |event: &&Event| {
        let has = |text: &str| text.to_lowercase().contains(&searched);
        searched.is_empty()
            || has(&event.kind)
            || state(event).is_some_and(has)
            || event.resource.as_deref().is_some_and(has)
            || event.failure.as_ref().is_some_and(|it| has(&it.error) || has(&it.cause))
            || event.id.to_string() == searched
    };
    let begin = history.events.first().map_or(0, |event| event.at);
    let mut found: Vec<&Event> = history.events.iter().filter(is_found).collect();
    if is_newest_first {
        found.reverse();
    }
    let to = |page: usize, order: &str| {
        address(
            "/executions/view",
            &[
                ("arn", arn),
                ("tab", "events"),
                ("q", visit.query("q").trim()),
                ("order", order),
                ("page", &page.to_string()),
            ],
        )
    };
    let order = if is_newest_first { "newest" } else { "" };
    let rows = found.iter().skip(page.saturating_mul(PAGE)).take(PAGE).map(|event| {
        let href = address("/executions/view", &[("arn", arn), ("tab", "events"), ("event", &event.id.to_string())]);
        json!({
            "id": event.id, "type": &*event.kind, "state": state(event), "resource": event.resource.as_deref(),
            "error": event.failure.as_ref().map(|it| &*it.error), "isBad": event.failure.is_some(),
            "after": shown::duration(event.at - begin), "at": shown::time(Some(event.at)), "href": href,
        })
    });
    let n_pages = found.len().div_ceil(PAGE).max(1);
    json!({
        "rows": rows.collect::<Vec<_>>(), "q": visit.query("q").trim(), "arn": arn, "order": order,
        "n": found.len(), "isFiltered": !searched.is_empty(), "page": page + 1, "nPages": n_pages,
        "next": (page + 1 < n_pages).then(|| to(page + 1, order)),
        "previous": page.checked_sub(1).map(|page| to(page, order)),
        "turned": to(0, if is_newest_first { "" } else { "newest" }), "isNewestFirst": is_newest_first,
    })
}
