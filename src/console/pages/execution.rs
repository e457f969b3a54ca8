//! An execution: as a graph, as a table of events, over time, and in its own words.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::addresses::{self, address};
use super::moment::Moment;
use super::picture::picture;
use super::{detail, events, requests};
use crate::console::aws::{Aws, millis, text};
use crate::console::failure::Failure;
use crate::console::graph::{Marks, StateMark};
use crate::console::history::{History, Run, Status, timeline};
use crate::console::live::{is_final, key};
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// Bars of a page of the timeline.
const BARS: usize = 200;
const TABS: &[(&str, &str)] =
    &[("graph", "Graph"), ("events", "Events"), ("timeline", "Timeline"), ("definition", "Definition")];

/// What an execution's page is made of.
pub(super) struct Execution<'e> {
    pub(super) aws: &'e Aws,
    pub(super) arn: &'e str,
    pub(super) described: &'e Value,
    pub(super) definition: &'e Value,
    pub(super) history: &'e History,
    pub(super) run: &'e Run,
    pub(super) now: i64,
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let arn = visit.required("arn")?;
    let aws = visit.aws.where_is(arn);
    let of = json!({ "executionArn": arn });
    // None of them waits for another.
    let (described, machine, history) = tokio::join!(
        Box::pin(aws.states("DescribeExecution", of.clone())),
        Box::pin(aws.states("DescribeStateMachineForExecution", of)),
        Box::pin(visit.shared.histories.load(&aws, arn)),
    );
    let (described, machine) = (described?, machine.unwrap_or_default());
    let text_of_definition = text(&machine, "definition");
    let definition: Value = serde_json::from_str(text_of_definition).unwrap_or_default();
    let history = history?;
    let run = history.run();
    let now = visit.shared.clock.now().as_millis();
    let execution = Execution {
        aws: &aws,
        arn,
        described: &described,
        definition: &definition,
        history: &history,
        run,
        now,
    };
    let tab = TABS.iter().find(|(name, _)| *name == visit.query("tab")).map_or("graph", |(name, _)| name);
    let selected = detail::selected(visit, &execution);
    let mut data = head(&execution, tab, &selected);
    data["startedBy"] = requests::started_by(visit, arn).await.unwrap_or_default();
    data["detail"] = detail::detail(visit, &execution, &selected).await?;
    if visit.part() != "detail" {
        match tab {
            "events" => data["events"] = events::events(visit, &execution),
            "definition" => data["definition"] = shown::pretty(text_of_definition).into(),
            _ => {
                let moment = Moment::read(visit, &execution);
                if tab == "timeline" {
                    data["timeline"] = bars(visit, &execution, &moment);
                }
                if tab == "graph" || moment.is_chosen {
                    data["graph"] = graph(visit, &execution, &moment, selected.state.clone());
                }
                data["moment"] = moment.data(visit, &execution, tab);
                data["isView"] = true.into();
            }
        }
    }
    let name = text(&described, "name");
    visit.render(Page {
        title: name,
        section: "State machines",
        template: "execution",
        parts: &["execution-body", "detail", "view"],
        data,
    })
}

/// What stands above every tab.
fn head(execution: &Execution<'_>, tab: &str, selected: &detail::Selected) -> Value {
    let Execution { arn, described, history, run, now, .. } = *execution;
    let status = text(described, "status");
    let (started, stopped) = (millis(described, "startDate"), millis(described, "stopDate"));
    let machine = text(described, "stateMachineArn");
    let waiting: Vec<&str> = run
        .visits
        .iter()
        .filter(|visit| visit.status == Status::Running && &*visit.kind == "Wait")
        .map(|visit| &*visit.state)
        .take(20)
        .collect();
    let tabs: Vec<_> = TABS
        .iter()
        .map(|(name, label)| {
            let href = address(
                "/executions/view",
                &[
                    ("arn", arn),
                    ("tab", if *name == "graph" { "" } else { name }),
                    ("state", selected.state.as_deref().unwrap_or_default()),
                ],
            );
            json!({"label": label, "href": href, "current": *name == tab})
        })
        .collect();
    let last = history.events.last().map_or(0, |event| event.id);
    let of = |member: &str| Some(text(described, member)).filter(|text| !text.is_empty()).map(str::to_owned);
    let map_run = of("mapRunArn");
    let body = address(
        "/executions/view",
        &[
            ("arn", arn),
            ("tab", tab),
            ("state", selected.state.as_deref().unwrap_or_default()),
            ("part", "execution-body"),
        ],
    );
    json!({
        "arn": arn, "name": text(described, "name"), "status": shown::status(status),
        "machine": shown::name_of(machine), "machineArn": machine, "machineHref": addresses::machine(machine),
        "version": of("stateMachineVersionArn").map(|arn| shown::name_of(&arn).to_owned()),
        "alias": of("stateMachineAliasArn").map(|arn| shown::name_of(&arn).to_owned()),
        "mapRunHref": map_run.as_deref().map(addresses::map_run),
        "started": shown::time(started), "stopped": shown::time(stopped),
        "took": started.map(|started| shown::duration(stopped.unwrap_or(now) - started)),
        "redrives": described.get("redriveCount").and_then(Value::as_u64).filter(|n| 0 < *n),
        "error": of("error"), "cause": of("cause").map(|cause| shown::pretty(&cause)),
        "nEvents": last, "isCut": history.is_cut,
        "canStop": status == "RUNNING",
        "canRedrive": text(described, "redriveStatus") == "REDRIVABLE",
        "waiting": waiting, "isWaiting": !waiting.is_empty(),
        "replay": address("/state-machines/edit", &[("arn", machine), ("from", arn)]),
        "again": address("/state-machines/view", &[("arn", machine), ("from", arn)]),
        "tabs": tabs, "isGraph": tab == "graph", "isEvents": tab == "events", "isTimeline": tab == "timeline",
        "isDefinition": tab == "definition",
        "key": key(status, last), "body": body,
        "live": (!is_final(status)).then(|| address("/live", &[("execution", arn)])),
    })
}

fn graph(visit: &Visit<'_>, execution: &Execution<'_>, moment: &Moment, selected: Option<String>) -> Value {
    let marks = match &moment.run {
        Some(run) => marks(run, "RUNNING", selected),
        None => marks(execution.run, text(execution.described, "status"), selected),
    };
    let (fold, at) = (visit.query("fold"), moment.address());
    let to = |fold: &str| {
        address(
            "/executions/view",
            &[
                ("arn", execution.arn),
                ("tab", visit.query("tab")),
                ("state", visit.query("state")),
                ("at", &at),
                ("fold", fold),
            ],
        )
    };
    picture(execution.definition, marks, fold, to)
}

/// What the execution did to each state.
pub(super) fn marks(run: &Run, status: &str, selected: Option<String>) -> Marks {
    struct Sum {
        status: Status,
        n: usize,
        retries: usize,
        items: Option<(u64, u64)>,
    }
    let mut sums: HashMap<&str, Sum> = HashMap::new();
    for visit in &run.visits {
        let sum =
            sums.entry(&visit.state).or_insert(Sum { status: visit.status, n: 0, retries: 0, items: None });
        sum.n += 1;
        sum.retries += visit.retries();
        sum.items = visit.items.or(sum.items);
        sum.status = worse(sum.status, visit.status);
    }
    let last = run.visits.iter().rfind(|visit| visit.parent.is_none());
    let is_fail = last.is_some_and(|visit| &*visit.kind == "Fail" && visit.status == Status::Failed);
    let states = sums.into_iter().map(|(name, sum)| {
        let mut badge = Vec::new();
        if let Some((all, done)) = sum.items.filter(|(all, _)| 0 < *all) {
            badge.push(format!("{done}/{all}"));
        }
        if 1 < sum.n {
            badge.push(format!("×{}", sum.n));
        }
        if 0 < sum.retries {
            badge.push(format!("↻{}", sum.retries));
        }
        let is_last = last.is_some_and(|last| &*last.state == name);
        (name.to_owned(), StateMark { status: sum.status.word(), badge: badge.join(" "), is_last })
    });
    let name = |visit: usize| run.visits.get(visit).map(|visit| visit.state.to_string()).unwrap_or_default();
    Marks {
        states: states.collect(),
        taken: run.taken.iter().map(|(from, to)| (name(*from), name(*to))).collect(),
        ended: status == "SUCCEEDED" || is_fail,
        selected,
        ..Marks::default()
    }
}

/// Of several visits, what matters is what goes on, then what is wrong.
fn worse(a: Status, b: Status) -> Status {
    let rank = |status: Status| match status {
        Status::Running => 5,
        Status::Failed => 4,
        Status::TimedOut => 3,
        Status::Aborted => 2,
        Status::Caught => 1,
        Status::Succeeded => 0,
    };
    if rank(a) < rank(b) { b } else { a }
}

fn bars(visit: &Visit<'_>, execution: &Execution<'_>, moment: &Moment) -> Value {
    let page = usize::try_from(visit.number("page").unwrap_or(0)).unwrap_or(0);
    let is_whole = visit.query("idle") == "shown";
    let shown_bars = timeline(execution.run, execution.now, page.saturating_mul(BARS), BARS, !is_whole);
    let to = |page: usize, idle: &str| {
        address(
            "/executions/view",
            &[
                ("arn", execution.arn),
                ("tab", "timeline"),
                ("page", &page.to_string()),
                ("idle", idle),
                ("at", &moment.address()),
            ],
        )
    };
    let idle = visit.query("idle");
    let rows: Vec<_> = shown_bars
        .bars
        .iter()
        .filter_map(|bar| {
            let of = execution.run.visits.get(bar.visit)?;
            let href = address("/executions/view", &[
                ("arn", execution.arn),
                ("tab", "timeline"),
                ("state", &of.state),
                ("visit", &bar.visit.to_string()),
                ("at", &moment.address()),
            ]);
            let failed: Vec<_> = bar.failed.iter().map(|(x, width)| json!({"x": x, "width": width})).collect();
            Some(json!({
                "name": &*of.state, "href": href, "status": of.status.word(), "label": of.status.label(), "x": bar.x,
                "width": bar.width, "failed": failed, "took": shown::duration(bar.millis), "depth": bar.depth.min(8),
                "iteration": of.iteration, "retries": of.retries(), "hasRetries": 0 < of.retries(),
            }))
        })
        .collect();
    let tick = |at: &crate::console::history::Tick| json!({"x": at.x, "label": shown::duration(at.millis)});
    let has_more = page.saturating_add(1).saturating_mul(BARS) < shown_bars.n_all;
    json!({
        "rows": rows, "isEmpty": rows.is_empty(),
        "ticks": shown_bars.ticks.iter().map(tick).collect::<Vec<_>>(),
        "breaks": shown_bars.breaks.iter().map(tick).collect::<Vec<_>>(),
        "moment": moment.at.map(|at| shown_bars.x(at).max(0.1)),
        "n": shown_bars.n_all, "isCompressed": shown_bars.is_compressed, "isWhole": is_whole,
        "toggle": to(page, if is_whole { "" } else { "shown" }),
        "next": has_more.then(|| to(page + 1, idle)),
        "previous": page.checked_sub(1).map(|page| to(page, idle)),
    })
}
