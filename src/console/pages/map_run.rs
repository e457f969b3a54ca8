//! A Map Run: its counts, and its child executions as a grid.

use serde_json::{Value, json};

use super::addresses;
use crate::console::aws::{list, millis, text};
use crate::console::failure::Failure;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// Cells of the grid.
const CELLS_MAX: usize = 10_000;
/// Child executions asked for at once.
const PAGE: u64 = 1_000;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let arn = visit.required("arn")?;
    let aws = visit.aws.where_is(arn);
    let run = aws.states("DescribeMapRun", json!({ "mapRunArn": arn })).await?;
    let mut cells = Vec::new();
    let mut input = json!({"mapRunArn": arn, "maxResults": PAGE});
    let has_more = loop {
        let listed = aws.states("ListExecutions", input.clone()).await?;
        cells.extend(list(&listed, "executions").iter().map(|child| {
            let child_arn = text(child, "executionArn");
            let status = shown::status(text(child, "status"));
            json!({"href": addresses::execution(child_arn), "name": text(child, "name"), "status": status})
        }));
        match listed.get("nextToken").and_then(Value::as_str) {
            Some(_) if CELLS_MAX <= cells.len() => break true,
            Some(token) => input["nextToken"] = token.into(),
            None => break false,
        }
    };
    // The oldest come first, as the items do.
    cells.reverse();
    let counts = |member: &str| {
        let of = |name: &str| run.pointer(&format!("/{member}/{name}")).and_then(Value::as_u64).unwrap_or(0);
        let words = ["succeeded", "running", "pending", "failed", "timedOut", "aborted"];
        let labels = ["Succeeded", "Running", "Pending", "Failed", "Timed out", "Aborted"];
        let classes = ["succeeded", "running", "pending", "failed", "timed-out", "aborted"];
        let rows: Vec<_> = (0..words.len())
            .map(|at| json!({"label": labels[at], "class": classes[at], "n": of(words[at])}))
            .collect();
        json!({"total": of("total"), "rows": rows})
    };
    let execution = text(&run, "executionArn");
    let (started, stopped) = (millis(&run, "startDate"), millis(&run, "stopDate"));
    let now = visit.shared.clock.now().as_millis();
    let data = json!({
        "arn": arn, "status": shown::status(text(&run, "status")),
        "execution": shown::name_of(execution), "executionHref": addresses::execution(execution),
        "started": shown::time(started), "stopped": shown::time(stopped),
        "took": started.map(|started| shown::duration(stopped.unwrap_or(now) - started)),
        "items": counts("itemCounts"), "executions": counts("executionCounts"),
        "concurrency": run.get("maxConcurrency"), "tolerated": run.get("toleratedFailureCount"),
        "toleratedShare": run.get("toleratedFailurePercentage"),
        "cells": cells, "hasMore": has_more, "max": CELLS_MAX,
    });
    visit.render(Page { title: "Map Run", section: "State machines", template: "map-run", parts: &[], data })
}
