//! The Map Run of a Map in DISTRIBUTED mode, as its parent knows it: which child executions there are, and how they
//! ended.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html>

use serde::{Deserialize, Serialize};

use super::{Execution, ExecutionStatus, FrameId, Phase};
use crate::engine::machine::PAYLOAD_BYTES_MAX;
use crate::json::Payload;

/// Most children of a run at a time, whatever `MaxConcurrency` says.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const CONCURRENCY_MAX: usize = 10_000;

/// Which Map Run of an execution: the Map's frame, and the id of its MapRunStarted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MapRunKey {
    /// The line of control.
    pub frame: FrameId,
    /// The event.
    pub started: u64,
}

/// What can be changed of a Map Run while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapRunLimits {
    /// Child executions at a time; 0 is no limit but the server's own.
    #[serde(rename = "c")]
    pub max_concurrency: u64,
    /// Items that may fail; `None` if nobody said.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<u64>,
    /// Percentage of items that may fail; `None` if nobody said.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_percentage: Option<f64>,
}

/// Bounds of a child's batch; without one, a child gets one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchBounds {
    /// Items.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// Bytes of its input.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

/// What items are read with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Bucket, key or prefix.
    #[serde(rename = "a")]
    pub arguments: Payload,
    /// Items read at the most; 0 is all. Less than that is refused when it is read.
    #[serde(rename = "m")]
    pub max_items: i64,
}

/// How a child execution ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildEnd {
    /// Its place among the children.
    pub index: usize,
    /// How; never `Running`.
    pub status: ExecutionStatus,
    /// The output of one that succeeded.
    pub output: Option<Payload>,
}

/// A Map Run that goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapRun {
    /// The id of its MapRunStarted event.
    pub(crate) started: u64,
    pub(crate) limits: MapRunLimits,
    pub(crate) batch: Option<BatchBounds>,
    /// What its items are being read with, as long as they are.
    pub(crate) reading: Option<Reading>,
    /// The items, if they can't be borrowed from the Map's input.
    pub(crate) items: Option<Payload>,
    /// How many items there are.
    pub(crate) length: usize,
    /// The first item that no child has.
    pub(crate) next_item: usize,
    pub(crate) children: Vec<Child>,
    /// Children that have not ended.
    pub(crate) open: usize,
    pub(crate) failed_items: usize,
    /// Bytes of all outputs; beyond the limit of a result none is kept.
    pub(crate) output_bytes: usize,
}

/// A child execution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Child {
    n_items: usize,
    /// How it ended.
    pub(crate) status: Option<ExecutionStatus>,
    pub(crate) output: Option<Payload>,
}

impl MapRun {
    /// The results of the children that succeeded, in order.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &Payload> {
        self.children.iter().filter_map(|child| child.output.as_ref())
    }

    /// Whether so many failures are more than it tolerates. Where nobody said anything, none is tolerated; where
    /// one bound is given, the other isn't one.
    pub(crate) fn exceeds_tolerance(&self) -> bool {
        #[allow(clippy::cast_precision_loss)] // Counts of items, of which there are fewer than 2^53.
        let (failed, all) = (self.failed_items as f64, self.length.max(1) as f64);
        let limits = &self.limits;
        let count = limits.tolerated_failure_count.map(|count| count < self.failed_items as u64);
        let share = limits.tolerated_failure_percentage.map(|share| share < 100.0 * failed / all);
        match (count, share) {
            (None, None) => 0 < self.failed_items,
            (count, share) => count == Some(true) || share == Some(true),
        }
    }

    /// Tells the timer by which more children begin from those before: each begins at least one.
    pub(crate) fn stamp(&self) -> u64 {
        // An execution has fewer than 2^31 events.
        (self.started << 32) | self.children.len() as u64
    }

    /// Whether another child may begin.
    pub(crate) fn has_room(&self) -> bool {
        self.has_room_with(self.next_item, self.open)
    }

    /// The same if `open` children ran and the items before `next_item` were taken.
    pub(crate) fn has_room_with(&self, next_item: usize, open: usize) -> bool {
        let limit = match usize::try_from(self.limits.max_concurrency) {
            Ok(0) | Err(_) => CONCURRENCY_MAX,
            Ok(limit) => limit.min(CONCURRENCY_MAX),
        };
        self.reading.is_none() && next_item < self.length && open < limit
    }
}

impl Execution {
    /// The Map Run that `frame` waits for.
    pub(crate) fn map_run(&self, frame: FrameId) -> Option<&MapRun> {
        match &self.frames.get(&frame)?.at.as_ref()?.phase {
            Phase::MapRun(run) => Some(run),
            Phase::Deciding
            | Phase::Waiting { .. }
            | Phase::Retrying { .. }
            | Phase::Attempting(_)
            | Phase::Composite { .. } => None,
        }
    }

    /// The Map Run that `key` names, if it still goes on.
    pub(crate) fn map_run_of(&self, key: MapRunKey) -> Option<&MapRun> {
        self.map_run(key.frame).filter(|run| run.started == key.started)
    }

    /// The Map Runs that go on.
    pub fn map_runs(&self) -> impl Iterator<Item = MapRunKey> {
        self.frames.keys().filter_map(|frame| {
            self.map_run(*frame).map(|run| MapRunKey { frame: *frame, started: run.started })
        })
    }

    fn map_run_mut(&mut self, frame: FrameId) -> Option<&mut MapRun> {
        match &mut self.frames.get_mut(&frame)?.at.as_mut()?.phase {
            Phase::MapRun(run) => Some(run),
            _ => None,
        }
    }

    /// A Map whose items are known, or about to be read, starts its run.
    pub(super) fn map_run_started(
        &mut self,
        frame: FrameId,
        started: u64,
        limits: MapRunLimits,
        batch: Option<BatchBounds>,
        reading: Option<Reading>,
    ) {
        let Some(at) = self.frames.get_mut(&frame).and_then(|frame| frame.at.as_mut()) else { return };
        let (items, length) = match &mut at.phase {
            Phase::Composite { items, results, .. } => (items.take(), results.len()),
            _ => return,
        };
        at.phase = Phase::MapRun(Box::new(MapRun {
            started,
            limits,
            batch,
            reading,
            items,
            length,
            next_item: 0,
            children: Vec::new(),
            open: 0,
            failed_items: 0,
            output_bytes: 0,
        }));
    }

    pub(super) fn map_items_read(&mut self, frame: FrameId, items: &Payload) {
        if let Some(run) = self.map_run_mut(frame) {
            run.length = items.value().as_array().map_or(0, Vec::len);
            run.items = Some(items.clone());
            run.reading = None;
        }
    }

    pub(super) fn map_child_started(&mut self, frame: FrameId, n_items: usize) {
        if let Some(run) = self.map_run_mut(frame) {
            run.children.push(Child { n_items, status: None, output: None });
            run.next_item += n_items;
            run.open += 1;
        }
    }

    pub(super) fn map_child_ended(
        &mut self,
        frame: FrameId,
        index: usize,
        status: ExecutionStatus,
        output: Option<&Payload>,
    ) {
        let Some(run) = self.map_run_mut(frame) else { return };
        let Some(child) = run.children.get_mut(index) else { return };
        child.status = Some(status);
        run.open = run.open.saturating_sub(1);
        if status != ExecutionStatus::Succeeded {
            run.failed_items += child.n_items;
        }
        let Some(output) = output else { return };
        run.output_bytes += output.len_bytes() + 1;
        if run.output_bytes <= PAYLOAD_BYTES_MAX {
            child.output = Some(output.clone());
        }
    }

    pub(super) fn map_run_updated(&mut self, frame: FrameId, limits: MapRunLimits) {
        if let Some(run) = self.map_run_mut(frame) {
            run.limits = limits;
        }
    }
}
