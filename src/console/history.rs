//! Histories of executions: read through GetExecutionHistory, kept for a while without their data, and folded into what
//! happened to each state.

mod event;
mod run;
mod timeline;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

pub(super) use event::Event;
pub(super) use run::{Run, Status};
pub(super) use timeline::{Tick, timeline};

use super::aws::{Aws, list};
use super::failure::Failure;

/// Events asked for at once.
const PAGE_EVENTS: u64 = 500;
/// The most events of an execution that are read.
pub(super) const EVENTS_MAX: usize = 100_000;
/// Histories that are kept.
const KEPT_MAX: usize = 8;

/// The events of one execution, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) events: Vec<Event>,
    /// Where pages begin: the number of their first event, and the token that leads there.
    pages: Vec<(u64, Option<String>)>,
    /// Whether there are more events than are read.
    pub(super) is_cut: bool,
    run: OnceLock<Run>,
}

/// Histories that were looked at last. They belong to this process; each look asks for what is new, and so asks whether the
/// caller may.
#[derive(Default)]
pub(super) struct Histories {
    kept: Mutex<Vec<(String, Arc<History>)>>,
}

impl Histories {
    /// The history of an execution, as of now.
    ///
    /// # Errors
    /// If the caller may not read it, or there is none.
    pub(super) async fn load(&self, aws: &Aws, arn: &str) -> Result<Arc<History>, Failure> {
        let known = self.find(arn);
        if let Some(known) = known.as_ref().filter(|known| !known.events.is_empty()) {
            // Whether there is anything new; and whether the caller may ask.
            let newest = newest(aws, arn).await?;
            if known.is_cut || newest == known.events.last().map(|event| event.id) {
                return Ok(known.clone());
            }
        }
        let mut history = known.map_or_else(History::default, |known| known.to_go_on());
        let mut token = history.pages.last().and_then(|(_, token)| token.clone());
        if history.pages.is_empty() {
            history.pages.push((1, None));
        }
        loop {
            let page = page(aws, arn, token.as_deref(), PAGE_EVENTS, false).await?;
            let last = history.events.last().map_or(0, |event| event.id);
            let new = list(&page, "events").iter().filter_map(Event::read);
            history.events.extend(new.filter(|event| last < event.id));
            token = page.get("nextToken").and_then(Value::as_str).map(str::to_owned);
            let next = history.events.last().map_or(1, |event| event.id + 1);
            match &token {
                Some(_) if EVENTS_MAX <= history.events.len() => {
                    history.is_cut = true;
                    break;
                }
                Some(token) => {
                    if history.pages.last().is_some_and(|(first, _)| *first < next) {
                        history.pages.push((next, Some(token.clone())));
                    }
                }
                None => break,
            }
        }
        let history = Arc::new(history);
        self.keep(arn, history.clone());
        Ok(history)
    }

    fn find(&self, arn: &str) -> Option<Arc<History>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| of == arn).map(|(_, history)| history.clone())
    }

    fn keep(&self, arn: &str, history: Arc<History>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(of, _)| of != arn);
        kept.insert(0, (arn.to_owned(), history));
        kept.truncate(KEPT_MAX);
    }
}

impl History {
    /// What the execution did.
    pub(super) fn run(&self) -> &Run {
        self.run.get_or_init(|| Run::of(&self.events))
    }

    /// A copy that takes more events.
    fn to_go_on(&self) -> Self {
        let (events, pages, is_cut) = (self.events.clone(), self.pages.clone(), self.is_cut);
        Self { events, pages, is_cut, run: OnceLock::new() }
    }

    /// Events with their data, from number `first` to `last`.
    ///
    /// # Errors
    /// If the caller may not read them.
    pub(super) async fn with_data(
        &self,
        aws: &Aws,
        arn: &str,
        first: u64,
        last: u64,
    ) -> Result<Vec<Value>, Failure> {
        let from = self.pages.iter().rev().find(|(begin, _)| *begin <= first);
        let (mut begin, mut token) = from.map_or((1, None), |(begin, token)| (*begin, token.clone()));
        let mut found = Vec::new();
        while begin <= last {
            let page = page(aws, arn, token.as_deref(), (last - begin + 1).min(PAGE_EVENTS), true).await?;
            let events = list(&page, "events");
            let number = |event: &Value| event.get("id").and_then(Value::as_u64).unwrap_or(0);
            found.extend(events.iter().filter(|it| (first..=last).contains(&number(it))).cloned());
            let Some(next) = page.get("nextToken").and_then(Value::as_str) else { break };
            (begin, token) = (events.last().map_or(last, number) + 1, Some(next.to_owned()));
        }
        Ok(found)
    }

    /// One event with its data.
    ///
    /// # Errors
    /// If there is none, or the caller may not read it.
    pub(super) async fn event(&self, aws: &Aws, arn: &str, id: u64) -> Result<Value, Failure> {
        let found = self.with_data(aws, arn, id, id).await?.pop();
        found.ok_or_else(|| Failure::invalid(format!("The execution has no event {id}.")))
    }
}

/// The number of the newest event.
async fn newest(aws: &Aws, arn: &str) -> Result<Option<u64>, Failure> {
    let input =
        json!({ "executionArn": arn, "maxResults": 1, "reverseOrder": true, "includeExecutionData": false });
    let page = aws.states("GetExecutionHistory", input).await?;
    Ok(list(&page, "events").first().and_then(|event| event.get("id")).and_then(Value::as_u64))
}

async fn page(aws: &Aws, arn: &str, token: Option<&str>, n: u64, with_data: bool) -> Result<Value, Failure> {
    let mut input = json!({ "executionArn": arn, "maxResults": n, "includeExecutionData": with_data });
    if let Some(token) = token {
        input["nextToken"] = token.into();
    }
    aws.states("GetExecutionHistory", input).await
}
