//! The Map Run of a Map in DISTRIBUTED mode, as its parent knows it: which child executions there are, and how they
//! ended.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html>

mod sources;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use sources::STATE_DATA;
pub use sources::Sources;

use super::{Execution, ExecutionStatus, FrameId, Note, Phase};
use crate::engine::event::Failure;
use crate::engine::execution::PAYLOAD_BYTES_MAX;
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

/// Which attempt of which Map Run: a redrive makes another, and what was asked for by the one before is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapRunAttempt {
    /// The run.
    pub key: MapRunKey,
    /// How often it was redriven by then.
    pub redrive_count: u32,
}

impl MapRunKey {
    /// The attempt that nobody has redriven.
    pub fn first(self) -> MapRunAttempt {
        MapRunAttempt { key: self, redrive_count: 0 }
    }
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

/// What results are written with, by a Map that has a `ResultWriter`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    /// Bucket and prefix; `None` if they are not exported.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Payload>,
}

/// A Map Run that goes on.
///
/// Of its children it keeps those that have not ended, those that ended otherwise than well, and the outputs of the
/// others as long as they may be a result together: a run of a million items takes little more than one of a few.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MapRun {
    /// The id of its MapRunStarted event.
    pub(crate) started: u64,
    pub(crate) arn: Arc<str>,
    pub(crate) limits: MapRunLimits,
    pub(crate) batch: Option<BatchBounds>,
    /// What its items are being read with, as long as they are.
    pub(crate) reading: Option<Reading>,
    /// What its results are written with.
    pub(crate) writing: Option<Writing>,
    /// The items, if they can't be borrowed from the Map's input.
    pub(crate) items: Option<Payload>,
    /// Where those were read; those of items in the store stand there.
    pub(crate) sources: Sources,
    /// Whether the items are too many for the journal, and are loaded a few at a time.
    pub(crate) is_stored: bool,
    /// How many items there are.
    pub(crate) length: usize,
    /// The first item that no child has.
    pub(crate) next_item: usize,
    /// How many children there are.
    pub(crate) n_children: usize,
    /// How often one has begun, or begun again.
    n_begun: u64,
    /// Children that have not ended, by their places, with how many items they have.
    pub(crate) open: BTreeMap<usize, usize>,
    /// Children that ended otherwise than well.
    unsuccessful: BTreeMap<usize, usize>,
    /// Children that are to begin again, after a redrive.
    pub(crate) to_redrive: BTreeMap<usize, usize>,
    pub(crate) failed_items: usize,
    outputs: BTreeMap<usize, Payload>,
    /// Bytes of all outputs; beyond the limit of a result none is kept.
    pub(crate) output_bytes: usize,
    /// No child begins any more: results are written once the open ones have ended.
    pub(crate) closing: Option<Closing>,
    /// How often it was redriven.
    pub(crate) redrive_count: u32,
}

/// How a run whose results are being written will end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Closing {
    /// Why it fails, if it does.
    pub(crate) failure: Option<Failure>,
}

impl MapRun {
    /// The results of the children that succeeded, in order.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = &Payload> {
        self.outputs.values()
    }

    /// Whether a child has ended, or there is none at this place.
    pub(crate) fn has_ended(&self, index: usize) -> bool {
        !self.open.contains_key(&index)
    }

    /// The attempt that goes on, in the line of control that waits for it.
    pub(crate) fn attempt(&self, frame: FrameId) -> MapRunAttempt {
        let key = MapRunKey { frame, started: self.started };
        MapRunAttempt { key, redrive_count: self.redrive_count }
    }

    /// Whether there is nothing left to do for children.
    pub(crate) fn is_done(&self) -> bool {
        self.reading.is_none()
            && self.next_item == self.length
            && self.open.is_empty()
            && self.to_redrive.is_empty()
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

    /// Tells what lets more children begin from what did before: each begins at least one.
    pub(crate) fn stamp(&self) -> u64 {
        // An execution has fewer than 2^31 events.
        (self.started << 32) | (self.n_begun & 0xffff_ffff)
    }

    /// Whether another child may begin, or begin again.
    pub(crate) fn has_room(&self) -> bool {
        self.closing.is_none()
            && ((self.reading.is_none() && !self.to_redrive.is_empty() && self.open.len() < self.limit())
                || self.has_room_with(self.next_item, self.open.len()))
    }

    /// Whether another may begin with its items if `open` children ran and the items before `next_item` were taken.
    pub(crate) fn has_room_with(&self, next_item: usize, open: usize) -> bool {
        self.reading.is_none() && next_item < self.length && open < self.limit()
    }

    /// How many may run at a time.
    pub(crate) fn limit(&self) -> usize {
        match usize::try_from(self.limits.max_concurrency) {
            Ok(0) | Err(_) => CONCURRENCY_MAX,
            Ok(limit) => limit.min(CONCURRENCY_MAX),
        }
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

    /// The Map Run that `attempt` names, if it still goes on and was not redriven since.
    pub(crate) fn map_run_in(&self, attempt: MapRunAttempt) -> Option<&MapRun> {
        self.map_run_of(attempt.key).filter(|run| run.redrive_count == attempt.redrive_count)
    }

    /// The children of a run that have not ended, as far as is known.
    pub(crate) fn open_children(&self, key: MapRunKey) -> Vec<usize> {
        self.map_run_of(key).map(|run| run.open.keys().copied().collect()).unwrap_or_default()
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
    pub(super) fn map_run_started(&mut self, frame: FrameId, (started, arn): (u64, Arc<str>), note: &Note) {
        let Note::MapRun { limits, batch, reading, writing } = note else { return };
        let Some(at) = self.frames.get_mut(&frame).and_then(|frame| frame.at.as_mut()) else { return };
        let (items, length) = match &mut at.phase {
            Phase::Composite { items, results, .. } => (items.take(), results.len()),
            _ => return,
        };
        at.phase = Phase::MapRun(Box::new(MapRun {
            started,
            arn,
            limits: *limits,
            batch: *batch,
            reading: reading.clone(),
            writing: writing.clone(),
            items,
            sources: Sources::default(),
            is_stored: false,
            length,
            next_item: 0,
            n_children: 0,
            n_begun: 0,
            open: BTreeMap::new(),
            unsuccessful: BTreeMap::new(),
            to_redrive: BTreeMap::new(),
            failed_items: 0,
            outputs: BTreeMap::new(),
            output_bytes: 0,
            closing: None,
            redrive_count: 0,
        }));
    }

    pub(super) fn map_items_read(&mut self, frame: FrameId, items: &Payload, sources: &Sources) {
        if let Some(run) = self.map_run_mut(frame) {
            run.length = items.value().as_array().map_or(0, Vec::len);
            run.items = Some(items.clone());
            run.sources = sources.clone();
            run.reading = None;
        }
    }

    pub(super) fn map_items_stored(&mut self, frame: FrameId, length: usize) {
        if let Some(run) = self.map_run_mut(frame) {
            run.length = length;
            run.is_stored = true;
            run.reading = None;
        }
    }

    /// `n` children begin, with `n_items` items each.
    pub(super) fn map_children_started(&mut self, frame: FrameId, n: usize, n_items: usize) {
        let Some(run) = self.map_run_mut(frame) else { return };
        for _ in 0..n {
            run.open.insert(run.n_children, n_items);
            run.n_children += 1;
            run.n_begun += 1;
            run.next_item += n_items;
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
        let Some(n_items) = run.open.remove(&index) else { return };
        if status != ExecutionStatus::Succeeded {
            run.failed_items += n_items;
            run.unsuccessful.insert(index, n_items);
        }
        let Some(output) = output else { return };
        run.output_bytes += output.len_bytes() + 1;
        if run.output_bytes <= PAYLOAD_BYTES_MAX {
            run.outputs.insert(index, output.clone());
        }
    }

    pub(super) fn map_run_closing(&mut self, frame: FrameId, failure: Option<&Failure>) {
        if let Some(run) = self.map_run_mut(frame) {
            run.closing = Some(Closing { failure: failure.cloned() });
        }
    }

    /// What has not ended well is to begin again.
    pub(super) fn map_run_redriven(&mut self, frame: FrameId, redrive_count: u32) {
        let Some(run) = self.map_run_mut(frame) else { return };
        run.redrive_count = redrive_count;
        run.closing = None;
        run.failed_items = 0;
        // Who ended after its parent did has told nobody.
        run.to_redrive.append(&mut run.open);
        run.to_redrive.append(&mut run.unsuccessful);
    }

    pub(super) fn map_child_redriven(&mut self, frame: FrameId, index: usize) {
        let Some(run) = self.map_run_mut(frame) else { return };
        if let Some(n_items) = run.to_redrive.remove(&index) {
            run.open.insert(index, n_items);
            run.n_begun += 1;
        }
    }

    pub(super) fn map_run_updated(&mut self, frame: FrameId, limits: MapRunLimits) {
        if let Some(run) = self.map_run_mut(frame) {
            run.limits = limits;
        }
    }
}
