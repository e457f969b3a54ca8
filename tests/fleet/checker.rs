//! Looks in what clients were told for what can't be: in the spirit of Elle (Kingsbury and Alvaro, 2020), with what is known of
//! these objects instead of a search.
//!
//! An execution's name is a register that is absent, then taken by one start, then over. So a history of it is linearizable if
//! and only if there are two moments, of the start and of the end, that agree with each call: one that saw it absent began
//! before the start, one that saw it taken had not ended before the start and began before the end, and so on; the start is
//! within a call that started it, and the end, if somebody stopped it, within a call that did. All these are bounds of the two
//! moments, so nothing has to be searched. Besides, all who were told its input, its time and how it ended were told the same.
//!
//! An execution's history is a list to which values are appended. Whoever reads it sees a beginning of what whoever reads the
//! longest sees, and never less than somebody had seen before; a value whose append was acknowledged is there once, and behind
//! those that were acknowledged before it was sent; one that was refused is not there.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::{Event, Op, Status, What};

/// What is wrong with what clients were told; nothing, if it can be so.
pub(crate) fn violations(ops: &[Op]) -> Vec<String> {
    let mut by_name: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
    for op in ops {
        by_name.entry(&op.name).or_default().push(op);
    }
    let mut found = Vec::new();
    for (name, ops) in by_name {
        let mut problems = Vec::new();
        register(&ops, &mut problems);
        list(&ops, &mut problems);
        if !problems.is_empty() {
            let told: Vec<String> = ops.iter().map(|op| format!("  {}", shown(op))).collect();
            found.push(format!("{name}: {}\n{}", problems.join("; "), told.join("\n")));
        }
    }
    found
}

fn shown(op: &Op) -> String {
    let what = match &op.what {
        What::Read(events) => {
            let last = events.last().map_or("nothing", |event| event.kind.as_str());
            let values: Vec<u64> = events.iter().filter_map(|event| event.value).collect();
            format!("Read {} events, the last {last}, values {values:?}", events.len())
        }
        other => format!("{other:?}"),
    };
    let to = if op.to == Duration::MAX { "?".to_owned() } else { format!("{:.6}", op.to.as_secs_f64()) };
    format!("node {} {:.6} to {to}: {what}", op.node, op.from.as_secs_f64())
}

/// How an execution is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Absent,
    Open,
    /// Open or over.
    There,
    Over,
}

/// The values that are the same for all, once there are any.
struct Same<T>(Option<T>);

impl<T: PartialEq + std::fmt::Debug> Same<T> {
    fn see(&mut self, what: &str, seen: T, problems: &mut Vec<String>) {
        match &self.0 {
            Some(before) if *before != seen => problems.push(format!("two {what}: {before:?}, {seen:?}")),
            Some(_) => {}
            None => self.0 = Some(seen),
        }
    }
}

fn register(ops: &[&Op], problems: &mut Vec<String>) {
    let (mut input, mut at, mut end) = (Same(None), Same(None), Same(None));
    for op in ops {
        match &op.what {
            What::Started { input: of, at: began } => {
                input.see("inputs", *of, problems);
                at.see("starts", *began, problems);
            }
            What::Described { input: of, at: began, status } => {
                input.see("inputs", *of, problems);
                at.see("starts", *began, problems);
                match status {
                    Status::Running => {}
                    Status::Succeeded | Status::Aborted => end.see("ends", *status, problems),
                    Status::Otherwise => problems.push("an end that nothing leads to".to_owned()),
                }
            }
            What::Read(events) => {
                if let Some(status) = ended(events) {
                    end.see("ends", status, problems);
                }
            }
            _ => {}
        }
    }
    let stage = |op: &Op| match &op.what {
        What::Started { .. } => Some(Stage::Open),
        // The same input is refused only when it is over.
        What::StartRefused { input: of } if input.0 == Some(*of) => Some(Stage::Over),
        What::StartRefused { .. } => Some(Stage::There),
        What::Absent => Some(Stage::Absent),
        What::Described { status: Status::Running, .. } => Some(Stage::Open),
        What::Described { .. } | What::Stopped => Some(Stage::Over),
        What::Read(events) if ended(events).is_some() => Some(Stage::Over),
        What::Read(_) | What::Appended { .. } => Some(Stage::Open),
        What::StartUnknown { .. }
        | What::StopUnknown
        | What::AppendRefused { .. }
        | What::AppendUnknown { .. } => None,
    };
    let with = |stages: &[Stage]| {
        let of = ops.iter().filter(|op| stage(op).is_some_and(|stage| stages.contains(&stage)));
        of.copied().collect::<Vec<&Op>>()
    };
    // The start: after those who saw nothing began, before those who saw it had ended.
    let not_before = with(&[Stage::Absent]).iter().map(|op| op.from).max().unwrap_or_default();
    let seen = with(&[Stage::Open, Stage::There, Stage::Over]);
    let Some(not_after) = seen.iter().map(|op| op.to).min() else { return };
    let starts = ops.iter().filter(|op| match &op.what {
        What::Started { .. } => true,
        What::StartUnknown { input: of } => input.0.is_none_or(|it| it == *of),
        _ => false,
    });
    let Some(began) = first_within(starts.map(|op| (op.from, op.to)), not_before) else {
        return problems.push("there without a start".to_owned());
    };
    if not_after < began {
        problems.push("seen by one, and not by another who came later".to_owned());
    }
    // The end: after those who saw it open began, before those who saw it over had ended.
    let Some(over) = with(&[Stage::Over]).iter().map(|op| op.to).min() else { return };
    let open = with(&[Stage::Open]).iter().map(|op| op.from).max().unwrap_or_default().max(began);
    let ended = if end.0 == Some(Status::Aborted) {
        let stops = ops.iter().filter(|op| matches!(op.what, What::Stopped | What::StopUnknown));
        first_within(stops.map(|op| (op.from, op.to)), open)
    } else {
        Some(open)
    };
    match ended {
        Some(ended) if ended <= over => {}
        Some(_) => problems.push("over for one, and open for another who came later".to_owned()),
        None => problems.push("stopped by nobody".to_owned()),
    }
}

/// The first moment within one of these intervals that is not before `least`.
fn first_within(intervals: impl Iterator<Item = (Duration, Duration)>, least: Duration) -> Option<Duration> {
    intervals.filter(|(_, to)| least <= *to).map(|(from, _)| from.max(least)).min()
}

/// How a history says that its execution has ended.
fn ended(events: &[Event]) -> Option<Status> {
    match events.last()?.kind.as_str() {
        "ExecutionSucceeded" => Some(Status::Succeeded),
        "ExecutionAborted" => Some(Status::Aborted),
        "ExecutionFailed" | "ExecutionTimedOut" => Some(Status::Otherwise),
        _ => None,
    }
}

fn list(ops: &[&Op], problems: &mut Vec<String>) {
    let mut reads: Vec<(&Op, &[Event])> = Vec::new();
    for op in ops {
        if let What::Read(events) = &op.what {
            reads.push((op, events));
        }
    }
    let Some((_, longest)) = reads.iter().max_by_key(|(_, events)| events.len()).copied() else { return };
    if longest.iter().zip(1..).any(|(event, id)| event.id != id) {
        problems.push("ids that are not 1, 2, 3 and so on".to_owned());
    }
    if reads.iter().any(|(_, events)| !longest.starts_with(events)) {
        problems.push("two histories, neither of which goes on with the other".to_owned());
    }
    for (op, events) in &reads {
        let before =
            reads.iter().filter(|(other, _)| other.to < op.from).map(|(_, events)| events.len()).max();
        if before.is_some_and(|before| events.len() < before) {
            problems.push("a history that was longer before".to_owned());
        }
    }
    let place = |of: u64| longest.iter().position(|event| event.value == Some(of));
    let mut placed: Vec<(&Op, usize)> = Vec::new();
    for op in ops {
        match &op.what {
            What::Appended { value } => match place(*value) {
                Some(place) => placed.push((op, place)),
                None if reads.iter().any(|(read, _)| op.to < read.from) => {
                    problems.push(format!("value {value} was lost"));
                }
                None => {}
            },
            What::AppendRefused { value } if place(*value).is_some() => {
                problems.push(format!("value {value} was refused, and is there"));
            }
            What::AppendUnknown { value } => placed.extend(place(*value).map(|place| (*op, place))),
            _ => {}
        }
    }
    for (op, place) in &placed {
        if reads.iter().any(|(read, events)| op.to < read.from && events.len() <= *place) {
            problems.push("a value that was there, and is not for one who came later".to_owned());
        }
        if reads.iter().any(|(read, events)| read.to < op.from && *place < events.len()) {
            problems.push("a value that is there before it was sent".to_owned());
        }
        if placed.iter().any(|(other, behind)| other.to < op.from && place < behind) {
            problems.push("values in another order than they came".to_owned());
        }
    }
    let values: Vec<u64> = longest.iter().filter_map(|event| event.value).collect();
    for (n, value) in values.iter().enumerate() {
        if values[..n].contains(value) {
            problems.push(format!("value {value} is there twice"));
        }
        let is_sent = |op: &&Op| matches!(&op.what, What::Appended { value: of } | What::AppendUnknown { value: of } | What::AppendRefused { value: of } if of == value);
        if !ops.iter().any(is_sent) {
            problems.push(format!("value {value} was sent by nobody"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use What::*;

    /// Calls on one name, with the times at which they began and ended; no end for what nobody knows.
    fn check(calls: &[(u64, u64, What)]) -> Vec<String> {
        let op = |(from, to, what): &(u64, u64, What)| Op {
            name: "n".to_owned(),
            node: 0,
            from: Duration::from_secs(*from),
            to: if *to == 0 { Duration::MAX } else { Duration::from_secs(*to) },
            what: what.clone(),
        };
        violations(&calls.iter().map(op).collect::<Vec<Op>>())
    }

    fn running(at: u64) -> What {
        Described { input: 1, at, status: Status::Running }
    }

    fn over(status: Status) -> What {
        Described { input: 1, at: 7, status }
    }

    fn read(kinds: &[&str]) -> What {
        let event = |(n, kind): (usize, &&str)| {
            let (kind, value) =
                kind.split_once(':').map_or((*kind, None), |(kind, n)| (kind, n.parse().ok()));
            Event { id: n as u64 + 1, kind: kind.to_owned(), value }
        };
        Read(kinds.iter().enumerate().map(event).collect())
    }

    #[test]
    fn what_can_be_is_passed_over() {
        let started = Started { input: 1, at: 7 };
        for calls in [
            vec![],
            vec![
                (1, 2, Absent),
                (3, 4, started.clone()),
                (5, 6, running(7)),
                (7, 8, over(Status::Succeeded)),
            ],
            // At the same time, in any order.
            vec![(1, 9, Absent), (1, 9, started.clone()), (1, 9, started.clone()), (1, 9, running(7))],
            // A start without an answer that counted, at once or late, or not.
            vec![(1, 0, StartUnknown { input: 1 }), (2, 3, Absent), (4, 5, running(7))],
            vec![(1, 0, StartUnknown { input: 1 }), (2, 3, Absent)],
            vec![(1, 0, StartUnknown { input: 2 }), (2, 3, started.clone()), (4, 5, running(7))],
            // Another input while it is open, the same when it is over.
            vec![(1, 2, started.clone()), (3, 4, StartRefused { input: 2 }), (5, 6, running(7))],
            vec![
                (1, 2, started.clone()),
                (3, 4, Stopped),
                (5, 6, StartRefused { input: 1 }),
                (7, 8, over(Status::Aborted)),
            ],
            vec![
                (1, 2, started.clone()),
                (3, 0, StopUnknown),
                (5, 6, running(7)),
                (7, 8, over(Status::Aborted)),
            ],
            vec![
                (1, 2, started.clone()),
                (3, 4, Appended { value: 5 }),
                (5, 6, Appended { value: 6 }),
                (7, 8, read(&["A", "B:5", "B:6"])),
                (2, 4, read(&["A"])),
                (9, 10, read(&["A", "B:5", "B:6"])),
            ],
            vec![
                (1, 2, started),
                (3, 0, AppendUnknown { value: 5 }),
                (4, 5, AppendRefused { value: 6 }),
                (6, 7, read(&["A"])),
                (8, 9, read(&["A", "B:5", "ExecutionSucceeded"])),
            ],
        ] {
            assert_eq!(check(&calls), Vec::<String>::new());
        }
    }

    #[test]
    fn what_can_t_be_is_found() {
        let started = Started { input: 1, at: 7 };
        for (word, calls) in [
            // The register.
            ("two starts", vec![(1, 2, started.clone()), (3, 4, Started { input: 1, at: 8 })]),
            ("two inputs", vec![(1, 4, started.clone()), (1, 4, Started { input: 2, at: 7 })]),
            ("two starts", vec![(1, 2, started.clone()), (3, 4, running(8))]),
            (
                "two ends",
                vec![
                    (1, 2, started.clone()),
                    (3, 4, Stopped),
                    (5, 6, over(Status::Aborted)),
                    (5, 6, over(Status::Succeeded)),
                ],
            ),
            ("without a start", vec![(1, 2, running(7))]),
            ("without a start", vec![(1, 2, started.clone()), (3, 4, Absent), (5, 6, running(7))]),
            ("came later", vec![(1, 2, running(7)), (3, 4, started.clone())]),
            ("came later", vec![(1, 9, started.clone()), (2, 3, running(7)), (4, 5, Absent)]),
            ("without a start", vec![(1, 0, StartUnknown { input: 2 }), (3, 4, running(7))]),
            (
                "came later",
                vec![(1, 2, started.clone()), (3, 4, over(Status::Succeeded)), (5, 6, running(7))],
            ),
            // The same input is refused though it is open.
            (
                "came later",
                vec![(1, 2, started.clone()), (3, 4, StartRefused { input: 1 }), (5, 6, running(7))],
            ),
            ("came later", vec![(1, 2, started.clone()), (3, 4, Stopped), (5, 6, running(7))]),
            ("by nobody", vec![(1, 2, started.clone()), (3, 4, over(Status::Aborted))]),
            ("nothing leads to", vec![(1, 2, started.clone()), (3, 4, over(Status::Otherwise))]),
            // The list.
            ("lost", vec![(1, 2, started.clone()), (3, 4, Appended { value: 5 }), (5, 6, read(&["A"]))]),
            (
                "twice",
                vec![
                    (1, 2, started.clone()),
                    (3, 4, Appended { value: 5 }),
                    (5, 6, read(&["A", "B:5", "B:5"])),
                ],
            ),
            (
                "refused",
                vec![
                    (1, 2, started.clone()),
                    (3, 4, AppendRefused { value: 5 }),
                    (5, 6, read(&["A", "B:5"])),
                ],
            ),
            ("by nobody", vec![(1, 2, started.clone()), (5, 6, read(&["A", "B:5"]))]),
            (
                "another order",
                vec![
                    (1, 2, started.clone()),
                    (3, 4, Appended { value: 5 }),
                    (5, 6, Appended { value: 6 }),
                    (7, 8, read(&["A", "B:6", "B:5"])),
                ],
            ),
            ("longer before", vec![(1, 2, started.clone()), (3, 4, read(&["A", "B"])), (5, 6, read(&["A"]))]),
            ("neither", vec![(1, 2, started.clone()), (3, 4, read(&["A", "B"])), (3, 4, read(&["C"]))]),
            (
                "before it was sent",
                vec![(1, 2, started.clone()), (3, 4, read(&["A", "B:5"])), (5, 6, Appended { value: 5 })],
            ),
            (
                "is not for one",
                vec![
                    (1, 2, started.clone()),
                    (3, 4, Appended { value: 5 }),
                    (5, 6, read(&["A"])),
                    (5, 7, read(&["A", "B:5"])),
                ],
            ),
            (
                "1, 2, 3",
                vec![(1, 2, started), (3, 4, Read(vec![Event { id: 2, kind: "A".to_owned(), value: None }]))],
            ),
        ] {
            let found = check(&calls);
            assert!(found.iter().any(|problem| problem.contains(word)), "{word}: {found:?}");
        }
    }
}
