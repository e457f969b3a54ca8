//! Map in DISTRIBUTED mode: hands its items to child executions and waits for their ends.
//!
//! The children are executions of their own, which the engine starts in the same transaction as the step that begins
//! them. What they come to comes in as an input. The children's histories don't count here.

mod batches;
mod ending;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use batches::Batch;
pub(super) use batches::Here;

use super::super::event::{EventKind, Failure};
use super::super::execution::{
    BatchBounds, ChildEnd, ExecutionStatus, FrameId, MapRunAttempt, MapRunKey, MapRunLimits, Note, Reading,
    Sources, Writing,
};
use super::map::MapPlan;
use super::stepper::{Flow, Stepper};
use super::{ChildStart, Effect, ItemsRequest, MapRunStart, PAYLOAD_BYTES_MAX, TimerKey, TimerKind};
use crate::asl::{Count, DataError, Distributed, ItemReader, Map, Processor, ResultWriter, StateKind};
use crate::json::Payload;

/// Children that one step begins; more begin in steps of their own.
pub(super) const BEGUN_AT_ONCE: usize = 100;

pub(super) const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// What is known of a run before it is started.
pub(super) struct Opening {
    pub(super) limits: MapRunLimits,
    pub(super) batch: Option<BatchBounds>,
    pub(super) reading: Option<Reading>,
    pub(super) writing: Option<Writing>,
}

impl Stepper<'_> {
    /// Starts the Map Run of the Map that `frame` is in, also for a retry.
    pub(super) fn begin_map_run(&mut self, frame: FrameId, map: &Map, distributed: &Distributed) -> Flow {
        let (max_concurrency, length, kept) = match self.items_of(frame, map, distributed) {
            Ok(found) => found,
            Err(error) => return self.fault(frame, error),
        };
        let note = kept.map(|items| Note::Items { items });
        self.emit_with(frame, EventKind::MapStateStarted { length: length as u64 }, note)?;
        let Opening { limits, batch, reading, writing } =
            match self.opening(frame, map, distributed, max_concurrency) {
                Ok(opening) => opening,
                Err(error) => return self.fault(frame, error),
            };
        let start = self.execution.start();
        let id = self.env.ids.uuid().to_string();
        let machine = start.state_machine_arn.replacen(":stateMachine:", ":mapRun:", 1);
        let arn: Arc<str> = format!("{machine}/{}:{id}", distributed.processor.label).into();
        let kind = EventKind::MapRunStarted { map_run_arn: arn };
        let note = Note::MapRun { limits, batch, reading: reading.clone(), writing };
        let started = self.emit_with(frame, kind, Some(note))?;
        let key = MapRunKey { frame, started };
        self.effects.push(Effect::StartMapRun(Box::new(MapRunStart {
            key,
            id: id.into(),
            processor: distributed.processor.clone(),
            limits,
            batch,
            length,
        })));
        if let Some(refused) = self.env.map_refused {
            return self.map_run_failed(frame, refused.clone(), None);
        }
        if let (Some(reader), Some(reading)) = (&distributed.reader, reading) {
            let source = reader.source.clone();
            let attempt = key.first();
            self.effects.push(Effect::ReadItems(Box::new(ItemsRequest { attempt, source, reading })));
            return Ok(());
        }
        self.begin_map_children(frame, None)
    }

    /// MaxConcurrency, the number of items, and the items if they should not be read again.
    fn items_of(
        &self,
        frame: FrameId,
        map: &Map,
        distributed: &Distributed,
    ) -> Result<(u64, usize, Option<Payload>), DataError> {
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let effective = map.flow.input_path.select(&outer)?;
        let scope = self.scope(frame, &effective);
        let MapPlan { limits: MapRunLimits { max_concurrency, .. }, items } = self.plan(map, &scope)?;
        let Some(items) = items else { return Ok((max_concurrency, 0, None)) };
        let length = items.as_array().map_or(0, Vec::len);
        // Who writes results may have to write the items that no child had.
        let is_copy = matches!((&effective, &items), (Cow::Owned(_), _) | (_, Cow::Owned(_)));
        let is_copy = is_copy || distributed.writer.is_some();
        let kept = is_copy.then(|| self.kept(frame, items.into_owned())).transpose()?;
        Ok((max_concurrency, length, kept))
    }

    pub(super) fn opening(
        &self,
        frame: FrameId,
        map: &Map,
        distributed: &Distributed,
        max_concurrency: u64,
    ) -> Result<Opening, DataError> {
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let effective = map.flow.input_path.select(&outer)?;
        let scope = self.scope(frame, &effective);
        let count = |field: &'static str, count: &Option<Count>| {
            count.as_ref().map(|count| count.resolve(field, &scope)).transpose()
        };
        let limits = self.tolerated(map, &scope, max_concurrency)?;
        let batch = match &distributed.batcher {
            None => None,
            Some(batcher) => Some(BatchBounds {
                max_items: count("MaxItemsPerBatch", &batcher.max_items)?,
                max_bytes: count("MaxInputBytesPerBatch", &batcher.max_bytes)?,
            }),
        };
        let reading = match &distributed.reader {
            None => None,
            Some(reader) => Some(self.reading(frame, reader, &effective)?),
        };
        let writing = match &distributed.writer {
            None => None,
            Some(ResultWriter { export: None, .. }) => Some(Writing::default()),
            Some(ResultWriter { export: Some(export), .. }) => {
                let arguments = match &export.parameters {
                    None => json!({}),
                    Some(parameters) => parameters.evaluate(&scope)?,
                };
                Some(Writing { arguments: Some(Payload::from_value(arguments)) })
            }
        };
        Ok(Opening { limits, batch, reading, writing })
    }

    fn reading(&self, frame: FrameId, reader: &ItemReader, effective: &Value) -> Result<Reading, DataError> {
        let scope = self.scope(frame, effective);
        let arguments = match &reader.parameters {
            None => json!({}),
            Some(parameters) => parameters.evaluate(&scope)?,
        };
        let max_items = reader.max_items.as_ref().map(|max| max.resolve(&scope)).transpose()?;
        Ok(Reading { arguments: Payload::from_value(arguments), max_items: max_items.unwrap_or(0) })
    }

    /// Begins children as long as there are items for them and room; those that don't begin in this step do so by a
    /// timer, or when their items are loaded. `armed` is what was asked for before the step, and has not come.
    pub(super) fn begin_map_children(&mut self, frame: FrameId, armed: Option<TimerKey>) -> Flow {
        self.begin_map_children_with(frame, armed, None)
    }

    /// The same with items that were loaded, of a run whose items stand in the store.
    fn begin_map_children_with(
        &mut self,
        frame: FrameId,
        armed: Option<TimerKey>,
        loaded: Option<(&[Payload], &Sources)>,
    ) -> Flow {
        let Some(run) = self.execution.map_run(frame) else { return Ok(()) };
        if run.reading.is_some() {
            return Ok(());
        }
        let key = MapRunKey { frame, started: run.started };
        if run.closing.is_some() {
            self.write_results(key);
            return Ok(());
        }
        if run.is_done() {
            return self.close_map_run(frame, None, armed);
        }
        self.redrive_map_children(key);
        let Some(processor) = self.processor_of(frame) else { return Ok(()) };
        let batches = match self.next_batches(frame, loaded) {
            Ok(batches) => batches,
            Err(error) => {
                let failure = self.failed(frame, error)?;
                return self.close_map_run(frame, Some(failure), armed);
            }
        };
        let mut index = self.execution.map_run(frame).map_or(0, |run| run.n_children);
        match batches.iter().all(|batch| batch.n_items == 1) {
            true if batches.is_empty() => {}
            true => self.note(frame, Note::MapChildren { n: batches.len() }),
            false => {
                for batch in &batches {
                    self.note(frame, Note::MapChild { n_items: batch.n_items });
                }
            }
        }
        for Batch { n_items, input } in batches {
            let child = ChildStart { key, index, n_items, processor: processor.clone(), input };
            self.effects.push(Effect::StartChild(Box::new(child)));
            index += 1;
        }
        let wanted = self.armed(frame);
        if armed != wanted {
            let next_stored = self.next_stored(frame);
            // What was asked of the store comes, and is stale.
            if let Some(key) = armed.filter(|_| next_stored.is_none()) {
                self.cancel(key);
            }
            match (wanted, next_stored) {
                (None, _) => {}
                (Some(_), Some(_)) => {
                    let loading = self.execution.map_run(frame).and_then(|run| run.loading(frame));
                    self.effects.extend(loading);
                }
                (Some(key), None) => self.effects.push(Effect::ArmTimer { key, at: self.env.now }),
            }
        }
        Ok(())
    }

    /// The first item that is wanted from the store; `None` if the next child's items are at hand, or it has its own.
    fn next_stored(&self, frame: FrameId) -> Option<usize> {
        let run = self.execution.map_run(frame)?;
        (run.is_stored && run.to_redrive.is_empty()).then_some(run.next_item)
    }

    /// Lets children begin again, as long as there is room.
    fn redrive_map_children(&mut self, key: MapRunKey) {
        for _ in 0..BEGUN_AT_ONCE {
            let Some(run) = self.execution.map_run(key.frame) else { return };
            let (attempt, next) = (run.attempt(key.frame), run.to_redrive.keys().next().copied());
            let Some(index) = next.filter(|_| run.open.len() < run.limit()) else { return };
            self.note(key.frame, Note::MapChildRedriven { index });
            self.effects.push(Effect::RedriveChild { attempt, index });
        }
    }

    /// What lets more children begin, if there is room for some.
    pub(super) fn armed(&self, frame: FrameId) -> Option<TimerKey> {
        let run = self.execution.map_run(frame).filter(|run| run.has_room())?;
        Some(TimerKey { frame, kind: TimerKind::MapRun, stamp: run.stamp() })
    }

    fn processor_of(&self, frame: FrameId) -> Option<Arc<Processor>> {
        let StateKind::Map(map) = &self.program[self.state_of(frame)?].kind else { return None };
        Some(map.distributed.as_ref()?.processor.clone())
    }

    /// The items were read, or could not be.
    pub(super) fn items_read(&mut self, key: MapRunKey, read: Result<(Payload, Sources), Failure>) -> Flow {
        match read {
            Ok((items, sources)) => {
                self.effects
                    .push(Effect::CountItems { key, length: items.value().as_array().map_or(0, Vec::len) });
                self.note(key.frame, Note::MapItems { items, sources });
                self.begin_map_children(key.frame, None)
            }
            // There is nothing to be written of it.
            Err(failure) => self.map_run_failed(key.frame, failure, None),
        }
    }

    /// The items were read, and stand in the store.
    pub(super) fn items_stored(&mut self, key: MapRunKey, length: usize) -> Flow {
        self.effects.push(Effect::CountItems { key, length });
        self.note(key.frame, Note::MapItemsStored { length });
        self.begin_map_children(key.frame, None)
    }

    /// Items were loaded; stale if others are wanted by now.
    pub(super) fn items_loaded(
        &mut self,
        key: MapRunKey,
        first: usize,
        (items, sources): (&[Payload], &Sources),
    ) -> Option<Flow> {
        let run = self.execution.map_run_of(key)?;
        if !run.is_stored || run.closing.is_some() || run.next_item != first || !run.has_room() {
            return None;
        }
        if items.is_empty() {
            let failure = Failure::new("States.ItemReaderFailed", "The items are not in the store any more.");
            return Some(self.close_map_run(key.frame, Some(failure), None));
        }
        Some(self.begin_map_children_with(key.frame, None, Some((items, sources))))
    }

    /// Children have ended; those that are known to have are passed over.
    pub(super) fn children_ended(&mut self, attempt: MapRunAttempt, ends: Vec<ChildEnd>) -> Option<Flow> {
        let key = attempt.key;
        self.execution.map_run_in(attempt)?;
        let (mut is_news, armed) = (false, self.armed(key.frame));
        // Ends of which nothing is kept stand in one note.
        let mut alike: Option<(ExecutionStatus, Vec<(usize, usize)>)> = None;
        let mut known = BTreeSet::new();
        for ChildEnd { index, status, output } in ends {
            let run = self.execution.map_run_of(key)?;
            if status == ExecutionStatus::Running || run.has_ended(index) || !known.insert(index) {
                continue;
            }
            is_news = true;
            // What is more than a result may be is not kept: the run fails for that in the end.
            let is_kept = run.writing.is_none() && run.output_bytes <= PAYLOAD_BYTES_MAX;
            if let Some(output) = output.filter(|_| is_kept && status == ExecutionStatus::Succeeded) {
                self.note(key.frame, Note::MapChildEnded { index, status, output: Some(output) });
                continue;
            }
            match &mut alike {
                Some((of, places)) if *of == status => match places.last_mut() {
                    Some((_, last)) if *last + 1 == index => *last = index,
                    _ => places.push((index, index)),
                },
                _ => {
                    if let Some((status, places)) = alike.replace((status, vec![(index, index)])) {
                        self.note(key.frame, Note::MapChildrenEnded { status, places });
                    }
                }
            }
        }
        if let Some((status, places)) = alike {
            self.note(key.frame, Note::MapChildrenEnded { status, places });
        }
        is_news.then(|| self.look_at_map_run(key.frame, armed))
    }

    /// UpdateMapRun.
    pub(super) fn map_run_updated(&mut self, key: MapRunKey, limits: MapRunLimits) -> Flow {
        let armed = self.armed(key.frame);
        self.note(key.frame, Note::MapRunUpdated { limits });
        match self.execution.map_run(key.frame) {
            // How it ends is decided, and its results may be on their way.
            Some(run) if run.closing.is_some() => Ok(()),
            Some(_) | None => self.look_at_map_run(key.frame, armed),
        }
    }

    fn look_at_map_run(&mut self, frame: FrameId, armed: Option<TimerKey>) -> Flow {
        let Some(run) = self.execution.map_run(frame) else { return Ok(()) };
        match run.closing.is_none() && run.exceeds_tolerance() {
            true => {
                let failure =
                    Failure::new(EXCEEDED, "The specified tolerated failure threshold was exceeded");
                self.close_map_run(frame, Some(failure), armed)
            }
            false => self.begin_map_children(frame, armed),
        }
    }

    /// The run goes on where it stopped, after a redrive: children that ended otherwise than well begin again.
    pub(super) fn redrive_map_run(&mut self, frame: FrameId) -> Flow {
        let Some(run) = self.execution.map_run(frame) else { return Ok(()) };
        let (key, count) = (MapRunKey { frame, started: run.started }, run.redrive_count + 1);
        let map_run_arn = run.arn.clone();
        self.effects.push(Effect::RedriveMapRun { key, count });
        self.emit(frame, EventKind::MapRunRedriven { map_run_arn, redrive_count: count })?;
        if let Some(refused) = self.env.map_refused {
            return self.map_run_failed(frame, refused.clone(), None);
        }
        if let Some(request) = self.execution.items_request(self.program, key) {
            self.effects.push(Effect::ReadItems(Box::new(request)));
            return Ok(());
        }
        self.begin_map_children(frame, None)
    }
}
