//! The server itself: what waits, how it keeps up, its settings, its files and tables, its audit log.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::addresses::address;
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::permission::GET_SERVER;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// The size of a chart, in the units of its drawing.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 64.0;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    visit.check(GET_SERVER).await?;
    let facts = &visit.shared.facts;
    let (health, told) = (facts.health().await, facts.operation().await);
    let tables = match visit.query("sizes") {
        "all" => facts.tables().await,
        _ => told.get("tables").cloned().unwrap_or_default(),
    };
    let sized = |row: &Value| {
        let bytes = row.get("bytes").and_then(Value::as_u64).unwrap_or(0);
        json!({"name": text(row, "name"), "size": shown::bytes(bytes)})
    };
    let files = list(&told, "files").iter().map(sized);
    let is_measured = tables.is_array();
    let tables = tables.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(sized);
    let lines = list(&told, "audit").iter().rev().map(|line| {
        json!({
            "at": text(line, "eventTime"), "name": text(line, "eventName"), "source": text(line, "eventSource"),
            "who": line.pointer("/userIdentity/arn"), "from": text(line, "sourceIPAddress"),
            "error": text(line, "errorCode"), "agent": text(line, "userAgent"),
        })
    });
    let mut settings: Vec<Value> = list(&told, "settings").to_vec();
    for row in &mut settings {
        row["isSet"] = (text(row, "from") != "default").into();
    }
    settings.sort_by_key(|row| row["isSet"] != true);
    let intervals =
        told.pointer("/writer/intervals").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let free = |member: &str| told.pointer(&format!("/disk/{member}")).and_then(Value::as_u64);
    let data = json!({
        "health": health, "settings": settings, "files": files.collect::<Vec<_>>(),
        "tables": tables.collect::<Vec<_>>(), "isMeasured": is_measured,
        "measure": address("/operation", &[("sizes", "all")]),
        "audit": lines.collect::<Vec<_>>(), "isAudited": told.get("isAudited"),
        "waiting": waiting(&told),
        "disk": free("free").zip(free("size")).map(|(free, size)| {
            json!({"free": shown::bytes(free), "size": shown::bytes(size)})
        }),
        "charts": [
            chart("Commit", intervals, "commitMs", "commitMaxMs"),
            chart("Fsync", intervals, "fsyncMs", "fsyncMaxMs"),
            rates("Written", intervals),
        ],
    });
    visit.render(Page { title: "Operation", section: "Operation", template: "operation", parts: &[], data })
}

/// What waits, as rows.
fn waiting(told: &Value) -> Vec<Value> {
    let Some(waiting) = told.get("waiting").filter(|it| it.is_object()) else { return Vec::new() };
    let max = waiting.get("countedMax").and_then(Value::as_i64).unwrap_or(i64::MAX);
    let count = |n: i64| if max < n { format!("more than {max}") } else { n.to_string() };
    let of = |label: &str, n: Option<i64>| json!({"label": label, "n": count(n.unwrap_or(0))});
    let number = |member: &str| waiting.get(member).and_then(Value::as_i64);
    let open = list(waiting, "open").iter().map(|row| {
        let status = text(row, "status").to_lowercase().replace('_', " ");
        of(&format!("Executions, {status}"), row.get("n").and_then(Value::as_i64))
    });
    let queue = told.pointer("/writer/waiting").and_then(Value::as_i64);
    let next = waiting.get("next").and_then(Value::as_str).map(|at| json!({"label": "Next timer", "n": at}));
    let more = [
        of("Timers due", number("timersDue")),
        of("Timers", number("timers")),
        of("Tasks that somebody reports on", number("tasks")),
        of("Jobs in the writer's queue", queue),
    ];
    open.chain(more).chain(next).collect()
}

/// A chart of the last half hour: the mean of each interval, and the longest.
fn chart(title: &str, intervals: &[Value], mean: &str, longest: &str) -> Value {
    let of = |member: &str| -> Vec<f64> {
        intervals.iter().map(|it| it.get(member).and_then(Value::as_f64).unwrap_or(0.0)).collect()
    };
    let (means, maxima) = (of(mean), of(longest));
    let top = maxima.iter().copied().fold(0.0, f64::max);
    let last = intervals.iter().rposition(|it| it.get("groups").and_then(Value::as_u64) != Some(0));
    let now = last.and_then(|at| Some((means.get(at)?, maxima.get(at)?)));
    let said = match now {
        Some((mean, longest)) => {
            format!("{mean:.1} ms, {longest:.1} ms at most when last written; {top:.1} ms in half an hour")
        }
        None => "nothing was written in half an hour".to_owned(),
    };
    json!({"title": title, "said": said, "line": points(&means, top), "area": points(&maxima, top), "width": WIDTH, "height": HEIGHT})
}

/// How much was written in each interval.
fn rates(title: &str, intervals: &[Value]) -> Value {
    let of = |member: &str| -> Vec<f64> {
        intervals.iter().map(|it| it.get(member).and_then(Value::as_f64).unwrap_or(0.0)).collect()
    };
    let (groups, jobs) = (of("groups"), of("jobs"));
    let top = jobs.iter().copied().fold(0.0, f64::max);
    let said = format!(
        "{:.0} jobs in {:.0} commits in half an hour, {top:.0} jobs in ten seconds at most",
        jobs.iter().sum::<f64>(),
        groups.iter().sum::<f64>()
    );
    json!({"title": title, "said": said, "line": points(&groups, top), "area": points(&jobs, top), "width": WIDTH, "height": HEIGHT})
}

/// A line through values from the left to the right.
fn points(values: &[f64], top: f64) -> String {
    let step = WIDTH / values.len().saturating_sub(1).max(1) as f64;
    let mut points = String::new();
    for (at, value) in values.iter().enumerate() {
        let height = if 0.0 < top { value / top * (HEIGHT - 2.0) } else { 0.0 };
        let _ = write!(points, "{:.1},{:.1} ", at as f64 * step, HEIGHT - 1.0 - height);
    }
    points.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_reach_from_edge_to_edge() {
        let intervals = [(1, 2.0, 4.0), (0, 0.0, 0.0), (3, 1.0, 8.0)]
            .map(|(groups, mean, longest)| json!({"groups": groups, "jobs": groups, "commitMs": mean, "commitMaxMs": longest}));
        let drawn = chart("Commit", &intervals, "commitMs", "commitMaxMs");
        assert_eq!(drawn["area"], "0.0,32.0 160.0,63.0 320.0,1.0");
        assert_eq!(drawn["said"], "1.0 ms, 8.0 ms at most when last written; 8.0 ms in half an hour");
        assert_eq!(chart("Commit", &[], "commitMs", "commitMaxMs")["line"], "");
        assert_eq!(points(&[0.0], 0.0), "0.0,63.0");
        assert!(rates("Written", &intervals)["said"].as_str().unwrap().starts_with("4 jobs in 4 commits"));
    }

    #[test]
    fn what_waits_is_told_in_rows() {
        let told = json!({
            "waiting": {"open": [{"status": "PENDING_REDRIVE", "n": 3}], "timers": 11, "timersDue": 0, "tasks": 1,
                "countedMax": 10, "next": null},
            "writer": {"waiting": 2},
        });
        let rows = waiting(&told);
        let rows: Vec<_> =
            rows.iter().map(|it| (it["label"].as_str().unwrap(), it["n"].as_str().unwrap())).collect();
        assert_eq!(
            rows,
            [
                ("Executions, pending redrive", "3"),
                ("Timers due", "0"),
                ("Timers", "more than 10"),
                ("Tasks that somebody reports on", "1"),
                ("Jobs in the writer's queue", "2"),
            ]
        );
        assert_eq!(waiting(&json!({"waiting": null})), Vec::<Value>::new());
    }
}
