//! Express executions that are kept for a while, if their machine asks for that. AWS keeps none.
//!
//! They are kept in memory and end with the process: what an Express execution costs stays far below a durable one. Their
//! number and bytes are bounded over all machines; the oldest go first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::event::HistoryEvent;
use super::execution::{Ending, Entry, ExecutionStart, ExecutionStatus};
use super::{Error, ExecutionDescription, ExecutionItem, NotRedrivable, journal};
use crate::clock::Timestamp;
use crate::id::{ExecutionArn, StateMachineArn};
use crate::json::Payload;

/// Executions kept at most …
const EXECUTIONS_MAX: usize = 10_000;
/// … and bytes of them, …
const BYTES_MAX: usize = 64 << 20;
/// … of which one history may have so many: what comes behind is not kept.
const HISTORY_BYTES_MAX: usize = 8 << 20;
/// What one takes besides its texts, about.
const BASE_BYTES: usize = 1024;

/// Those that are kept; clones share them.
#[derive(Clone, Default)]
pub(super) struct KeptExpress(Arc<Mutex<All>>);

#[derive(Default)]
struct All {
    /// The oldest first.
    executions: BTreeMap<i64, One>,
    /// The newest of each ARN: what is run again after a crash has the same.
    numbers: HashMap<Arc<str>, i64>,
    next: i64,
    bytes: usize,
}

struct One {
    start: ExecutionStart,
    trace_header: Option<String>,
    /// How long it is kept after its end.
    retention: Duration,
    ending: Option<Ending>,
    /// Its events as the journal would have them, a text a step.
    steps: Vec<String>,
    history_bytes: usize,
    bytes: usize,
}

/// One that runs, on its way into what is kept.
#[derive(Clone)]
pub(super) struct Kept {
    all: KeptExpress,
    number: i64,
}

impl KeptExpress {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an execution that begins at `now`.
    pub(super) fn begin(
        &self,
        start: ExecutionStart,
        trace_header: Option<String>,
        retention: Duration,
    ) -> Kept {
        let mut all = self.lock();
        let now = start.started;
        all.forget_old(now);
        all.next += 1;
        let number = all.next;
        let bytes = BASE_BYTES + start.arn.len() + start.input.len_bytes();
        if let Some(before) = all.numbers.insert(start.arn.clone(), number) {
            all.forget(before);
        }
        let (ending, steps, history_bytes) = (None, Vec::new(), 0);
        let one = One { start, trace_header, retention, ending, steps, history_bytes, bytes };
        all.executions.insert(number, one);
        all.grow(bytes);
        Kept { all: self.clone(), number }
    }

    /// An execution as DescribeExecution tells of it.
    pub(super) fn describe(&self, arn: &ExecutionArn, now: Timestamp) -> Option<ExecutionDescription> {
        let all = self.lock();
        let one = all.find(arn, now)?;
        let ending = one.ending.as_ref();
        let text = |part: &Option<Arc<str>>| part.as_ref().map(|text| text.to_string());
        Some(ExecutionDescription {
            arn: arn.clone(),
            state_machine_arn: StateMachineArn::new(&arn.home, &arn.machine),
            status: one.status(),
            started: one.start.started,
            stopped: ending.map(|ending| ending.stopped),
            input: one.start.input.text().to_owned(),
            output: ending.and_then(|ending| ending.output.as_ref()).map(|output| output.text().to_owned()),
            error: ending.and_then(|ending| text(&ending.failure.error)),
            cause: ending.and_then(|ending| text(&ending.failure.cause)),
            trace_header: one.trace_header.clone(),
            version: one.version(),
            alias: one.alias(),
            redrive_count: 0,
            redriven: None,
            not_redrivable: Some(NotRedrivable::Express),
            map_run: None,
        })
    }

    /// Executions of a machine, or of its version or alias, that stand so, before a position; the newest first, at most `limit`.
    pub(super) fn list(
        &self,
        machine: &StateMachineArn,
        status: Option<ExecutionStatus>,
        before: i64,
        limit: usize,
        now: Timestamp,
    ) -> Vec<ExecutionItem> {
        let (asked, of) = (machine.to_string(), machine.unqualified());
        let of_text = of.to_string();
        let all = self.lock();
        let listed = all.executions.range(..before).rev().filter(|(_, one)| {
            let is_asked_for = match machine.qualifier {
                None => *one.start.state_machine_arn == *of_text,
                Some(_) => [&one.start.version_arn, &one.start.alias_arn]
                    .into_iter()
                    .flatten()
                    .any(|arn| **arn == *asked),
            };
            is_asked_for && !one.is_old(now) && status.is_none_or(|status| status == one.status())
        });
        let item = |(number, one): (&i64, &One)| {
            let arn = ExecutionArn::parse_express(&one.start.arn).ok()?;
            Some(ExecutionItem {
                arn,
                state_machine_arn: of.clone(),
                status: one.status(),
                started: one.start.started,
                stopped: one.ending.as_ref().map(|ending| ending.stopped),
                version: one.version(),
                alias: one.alias(),
                redrive_count: 0,
                redriven: None,
                map_run: None,
                n_items: None,
                id: *number,
            })
        };
        listed.take(limit).filter_map(item).collect()
    }

    /// The events of an execution, in order; `None` if it is not kept.
    ///
    /// # Errors
    /// `Corrupt`, which would be this server's fault.
    pub(super) fn history(
        &self,
        arn: &ExecutionArn,
        now: Timestamp,
    ) -> Result<Option<Vec<HistoryEvent>>, Error> {
        let all = self.lock();
        let Some(one) = all.find(arn, now) else { return Ok(None) };
        let steps = one.steps.clone();
        drop(all);
        let mut events = Vec::new();
        for step in steps {
            events.extend(journal::parse(&step)?.into_iter().filter_map(|entry| entry.event));
        }
        Ok(Some(events))
    }
}

impl Kept {
    /// Keeps the events of a step.
    pub(super) fn step(&self, entries: &[Entry]) {
        let told = entries.iter().filter(|entry| entry.event.is_some());
        let told: Vec<Entry> = told.map(|entry| Entry { note: None, ..entry.clone() }).collect();
        if told.is_empty() {
            return;
        }
        let Ok(record) = journal::Record::new(&told) else { return };
        let mut all = self.all.lock();
        let Some(one) = all.executions.get_mut(&self.number) else { return };
        let bytes = record.len_bytes();
        if HISTORY_BYTES_MAX < one.history_bytes + bytes {
            one.history_bytes = HISTORY_BYTES_MAX; // Nothing that comes later is kept either.
            return;
        }
        one.history_bytes += bytes;
        one.bytes += bytes;
        one.steps.push(record.into_text());
        all.grow(bytes);
    }

    /// It has ended like this, unless it had already.
    pub(super) fn end(&self, ending: &Ending) {
        let mut all = self.all.lock();
        let Some(one) = all.executions.get_mut(&self.number).filter(|one| one.ending.is_none()) else {
            return;
        };
        let bytes = ending.output.as_ref().map_or(0, Payload::len_bytes);
        one.ending = Some(ending.clone());
        one.bytes += bytes;
        all.grow(bytes);
    }
}

impl All {
    fn find(&self, arn: &ExecutionArn, now: Timestamp) -> Option<&One> {
        let number = self.numbers.get(arn.to_string().as_str())?;
        self.executions.get(number).filter(|one| !one.is_old(now))
    }

    fn forget(&mut self, number: i64) {
        if let Some(one) = self.executions.remove(&number) {
            self.bytes -= one.bytes;
            if self.numbers.get(&one.start.arn) == Some(&number) {
                self.numbers.remove(&one.start.arn);
            }
        }
    }

    /// Counts bytes more, and makes room for them.
    fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
        while (BYTES_MAX < self.bytes || EXECUTIONS_MAX < self.executions.len())
            && let Some((oldest, _)) = self.executions.first_key_value()
        {
            self.forget(*oldest);
        }
    }

    /// Forgets those whose time is over, from the oldest to the first that is young.
    fn forget_old(&mut self, now: Timestamp) {
        while let Some((oldest, _)) = self.executions.first_key_value().filter(|(_, one)| one.is_old(now)) {
            self.forget(*oldest);
        }
    }
}

impl One {
    fn status(&self) -> ExecutionStatus {
        self.ending.as_ref().map_or(ExecutionStatus::Running, |ending| ending.status)
    }

    fn is_old(&self, now: Timestamp) -> bool {
        self.ending.as_ref().is_some_and(|ending| self.retention <= now.since(ending.stopped))
    }

    fn version(&self) -> Option<u64> {
        self.start.version_arn.as_ref()?.rsplit_once(':')?.1.parse().ok()
    }

    fn alias(&self) -> Option<String> {
        Some(self.start.alias_arn.as_ref()?.rsplit_once(':')?.1.to_owned())
    }
}
