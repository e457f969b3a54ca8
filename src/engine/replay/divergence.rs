//! Compares two histories and finds the first event at which they diverge.
//!
//! Events of parallel branches come in any order, so histories are compared as the trees that `previousEventId`
//! defines.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::OWN;
use super::history::Event;
use crate::clock::Timestamp;

/// Where and how two histories diverge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The recorded event, or the last one before a new event.
    pub event: u64,
    /// What was recorded.
    pub recorded: String,
    /// What happens now.
    pub now: String,
    /// The event that happens now, if one does.
    pub event_now: Option<u64>,
}

/// Distinguishes events that follow the same event: type and name, or index.
type Key = (String, String);

fn key(event: &Event) -> Key {
    let of = |member| event.details.get(member).map(Value::to_string).unwrap_or_default();
    (event.kind.clone(), format!("{} {}", of("name"), of("index")))
}

/// One history: events by their previous event.
struct Tree<'a> {
    after: BTreeMap<u64, Vec<&'a Event>>,
}

impl<'a> Tree<'a> {
    fn of(events: &'a [Event]) -> Self {
        let mut after: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
        for event in events {
            after.entry(led_by(event)).or_default().push(event);
        }
        Self { after }
    }

    fn after(&self, event: &Event) -> &[&'a Event] {
        self.after.get(&event.id).map_or(&[], Vec::as_slice)
    }
}

/// The first event has no previous one; AWS writes 0 for the second one too.
fn led_by(event: &Event) -> u64 {
    if event.id == 2 { 1 } else { event.previous }
}

/// The first recorded event that differs now. `is_whole` says whether the recorded execution had ended, `end` how it
/// ends now.
pub(super) fn divergence(recorded: &[Event], now: &[Event], is_whole: bool, end: &str) -> Option<Divergence> {
    let (first, first_now) = (recorded.first()?, now.first()?);
    let (old, new) = (Tree::of(recorded), Tree::of(now));
    let mut pairs = VecDeque::from([(first, first_now)]);
    let (mut left, mut left_now): (Vec<&Event>, Vec<&Event>) = Default::default();
    let mut changed: Vec<Divergence> = Vec::new();
    // The recorded event for each current one, to find where new events follow.
    let mut places: BTreeMap<u64, u64> = BTreeMap::new();
    loop {
        while let Some((was, is)) = pairs.pop_front() {
            places.insert(is.id, was.id);
            changed.extend(difference(was, is));
            let mut candidates: Vec<&Event> = new.after(is).to_vec();
            for follower in old.after(was) {
                match candidates.iter().position(|candidate| key(candidate) == key(follower)) {
                    Some(at) => pairs.push_back((follower, candidates.remove(at))),
                    None => left.push(follower),
                }
            }
            left_now.extend(candidates);
        }
        // It is chance which branch ends last, so what follows all branches is matched by its kind.
        left.sort_by_key(|event| event.id);
        let found = left.iter().enumerate().find_map(|(i, was)| {
            let j = left_now.iter().position(|is| joins(was) && key(is) == key(was))?;
            Some((i, j))
        });
        let Some((i, j)) = found else { break };
        pairs.push_back((left.remove(i), left_now.remove(j)));
    }
    // The end of a stopped execution can't be repeated by any definition.
    let missing = left.iter().filter(|event| is_whole || !is_of_stop(event));
    let missing = missing.map(|was| {
        let instead = left_now.iter().find(|is| places.get(&led_by(is)) == Some(&led_by(was)));
        let now = instead.map_or_else(|| format!("nothing; the execution: {end}"), |is| summary(is));
        Divergence { event: was.id, recorded: summary(was), now, event_now: instead.map(|is| is.id) }
    });
    let extra = left_now.iter().filter(|_| is_whole).filter_map(|is| {
        let event = *places.get(&led_by(is))?;
        // The missing events after this one are covered by the same report.
        let is_end = !old.after.contains_key(&event);
        let recorded = || "nothing more".to_owned();
        is_end.then(|| Divergence { event, recorded: recorded(), now: summary(is), event_now: Some(is.id) })
    });
    missing.chain(changed).chain(extra).min_by_key(|divergence| divergence.event)
}

/// Whether it follows several branches, of which only the last is named.
fn joins(event: &Event) -> bool {
    let of_group = event.kind.starts_with("ParallelState") || event.kind.starts_with("MapState");
    of_group || event.kind.starts_with("Execution") || event.kind.ends_with("Aborted")
}

fn is_of_stop(event: &Event) -> bool {
    event.kind.ends_with("Aborted")
}

/// The difference between two events of the same kind.
fn difference(was: &Event, is: &Event) -> Option<Divergence> {
    let members = was.details.keys().chain(is.details.keys());
    let differs = |member: &&String| {
        let (was, is) = (was.details.get(*member), is.details.get(*member));
        was.zip(is).is_none_or(|(was, is)| !is_alike(was, is))
    };
    let member = members.into_iter().find(differs)?;
    let side = |event: &Event| match event.details.get(member) {
        Some(value) => format!("{}, {member} {}", summary(event), short(value)),
        None => format!("{}, without {member}", summary(event)),
    };
    Some(Divergence { event: was.id, recorded: side(was), now: side(is), event_now: Some(is.id) })
}

fn summary(event: &Event) -> String {
    let text = |member| event.details.get(member).and_then(Value::as_str);
    match (text("name"), text("error")) {
        (Some(name), _) => format!("{} {name:?}", event.kind),
        (None, Some(error)) => format!("{} {error}", event.kind),
        (None, None) => event.kind.clone(),
    }
}

fn short(value: &Value) -> String {
    const CHARS_MAX: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether two values are equal, apart from strings that differ between executions.
pub(super) fn is_alike(was: &Value, is: &Value) -> bool {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            was.len() == is.len()
                && was.iter().all(|(key, value)| is.get(key).is_some_and(|other| is_alike(value, other)))
        }
        (Value::Array(was), Value::Array(is)) => {
            was.len() == is.len() && was.iter().zip(is).all(|(was, is)| is_alike(was, is))
        }
        (Value::Number(was), Value::Number(is)) => was == is || was.as_f64() == is.as_f64(),
        (Value::String(was), Value::String(is)) => {
            let both = |is_such: fn(&str) -> bool| is_such(was) && is_such(is);
            was == is || is.contains(OWN) || both(is_uuid) || both(is_time)
        }
        (was, is) => was == is,
    }
}

fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

fn is_time(text: &str) -> bool {
    Timestamp::parse_rfc3339(text).is_some()
}
