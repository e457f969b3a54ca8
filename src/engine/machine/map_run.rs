//! Map in DISTRIBUTED mode: hands its items to child executions and waits for their ends.
//!
//! The children are executions of their own, which the engine starts in the same transaction as the step that begins
//! them. What they come to comes in as an input. The children's histories don't count here.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::event::{EventKind, Failure};
use super::super::execution::{
    BatchBounds, ChildEnd, ExecutionStatus, FrameId, MapRunKey, MapRunLimits, Note, Reading,
};
use super::exit::{too_large, too_large_to_give};
use super::stepper::{Flow, Stepper};
use super::{
    ChildStart, Effect, ItemsRequest, MapRunStart, MapRunStatus, PAYLOAD_BYTES_MAX, TimerKey, TimerKind,
};
use crate::asl::{Count, DataError, Distributed, ItemBatcher, ItemReader, Map, Processor, StateKind};
use crate::json::Payload;

/// Children that one step begins; more begin in steps of their own.
const BEGUN_AT_ONCE: usize = 100;

pub(super) const EXCEEDED: &str = "States.ExceedToleratedFailureThreshold";

/// What a child begins with.
pub(super) struct Batch {
    pub(super) n_items: usize,
    pub(super) input: Payload,
}

/// What is known of a run before it is started.
pub(super) struct Opening {
    pub(super) limits: MapRunLimits,
    pub(super) batch: Option<BatchBounds>,
    pub(super) reading: Option<Reading>,
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
        let Opening { limits, batch, reading } = match self.opening(frame, map, distributed, max_concurrency)
        {
            Ok(opening) => opening,
            Err(error) => return self.fault(frame, error),
        };
        let start = self.execution.start();
        let id = self.env.ids.uuid().to_string();
        let arn: Arc<str> = format!(
            "{}/{}:{id}",
            start.state_machine_arn.replacen(":stateMachine:", ":mapRun:", 1),
            distributed.processor.label
        )
        .into();
        let kind = EventKind::MapRunStarted { map_run_arn: arn };
        let note = Note::MapRun { limits, batch, reading: reading.clone() };
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
        if let (Some(reader), Some(reading)) = (&distributed.reader, reading) {
            let source = reader.source.clone();
            self.effects.push(Effect::ReadItems(Box::new(ItemsRequest { key, source, reading })));
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
        let max_concurrency = match &map.max_concurrency {
            None => 0,
            Some(count) => count.resolve("MaxConcurrency", &scope)?,
        };
        if distributed.reader.is_some() {
            return Ok((max_concurrency, 0, None)); // ItemsPath is not looked at, as recorded.
        }
        let items = map.items(&scope)?;
        let length = items.as_array().map_or(0, Vec::len);
        let is_copy = matches!((&effective, &items), (Cow::Owned(_), _) | (_, Cow::Owned(_)));
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
        let percentage = map.tolerated_failure_percentage.as_ref();
        let limits = MapRunLimits {
            max_concurrency,
            tolerated_failure_count: count("ToleratedFailureCount", &map.tolerated_failure_count)?,
            tolerated_failure_percentage: percentage
                .map(|percentage| percentage.resolve("ToleratedFailurePercentage", &scope))
                .transpose()?,
        };
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
        Ok(Opening { limits, batch, reading })
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
    /// timer. `armed` is the one that was armed before the step.
    pub(super) fn begin_map_children(&mut self, frame: FrameId, armed: Option<TimerKey>) -> Flow {
        let Some(run) = self.execution.map_run(frame) else { return Ok(()) };
        if run.reading.is_some() {
            return Ok(());
        }
        if run.next_item == run.length && run.open == 0 {
            return self.map_run_done(frame);
        }
        let key = MapRunKey { frame, started: run.started };
        let Some(processor) = self.processor_of(frame) else { return Ok(()) };
        let batches = match self.next_batches(frame) {
            Ok(batches) => batches,
            Err(error) => {
                let failure = self.failed(frame, error.clone())?;
                return self.map_run_failed(frame, failure, error.name.as_str(), armed);
            }
        };
        for Batch { n_items, input } in batches {
            let index = self.execution.map_run(frame).map_or(0, |run| run.children.len());
            self.note(frame, Note::MapChild { n_items });
            let child = ChildStart { key, index, n_items, processor: processor.clone(), input };
            self.effects.push(Effect::StartChild(Box::new(child)));
        }
        let wanted = self.armed(frame);
        if armed != wanted {
            if let Some(key) = armed {
                self.cancel(key);
            }
            if let Some(key) = wanted {
                self.effects.push(Effect::ArmTimer { key, at: self.env.now });
            }
        }
        Ok(())
    }

    /// The timer by which more children begin, if there is room for some.
    fn armed(&self, frame: FrameId) -> Option<TimerKey> {
        let run = self.execution.map_run(frame).filter(|run| run.has_room())?;
        Some(TimerKey { frame, kind: TimerKind::MapRun, stamp: run.stamp() })
    }

    fn processor_of(&self, frame: FrameId) -> Option<Arc<Processor>> {
        let StateKind::Map(map) = &self.program[self.state_of(frame)?].kind else { return None };
        Some(map.distributed.as_ref()?.processor.clone())
    }

    /// The inputs of the children that begin in this step.
    fn next_batches(&self, frame: FrameId) -> Result<Vec<Batch>, DataError> {
        let mut batches = Vec::new();
        let (Some(run), Some(state)) = (self.execution.map_run(frame), self.state_of(frame)) else {
            return Ok(batches);
        };
        let StateKind::Map(map) = &self.program[state].kind else { return Ok(batches) };
        let batcher = map.distributed.as_ref().and_then(|distributed| distributed.batcher.as_ref());
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let effective = map.flow.input_path.select(&outer)?;
        let scope = self.scope(frame, &effective);
        let items = match &run.items {
            Some(items) => Cow::Borrowed(items.value()),
            None => map.items(&scope)?,
        };
        let all = items.as_array().map_or(&[][..], Vec::as_slice);
        let (mut next_item, mut open, mut n_bytes) = (run.next_item, run.open, 0);
        while run.has_room_with(next_item, open)
            && batches.len() < BEGUN_AT_ONCE
            && n_bytes < self.env.limits.step_bytes_max
            && (batches.is_empty() || !self.is_late())
        {
            let batch = match (run.batch, batcher) {
                (Some(bounds), Some(batcher)) => {
                    self.batch(frame, map, batcher, bounds, &effective, all, next_item)?
                }
                _ => {
                    let item = all.get(next_item).unwrap_or(&Value::Null);
                    Batch { n_items: 1, input: self.input(frame, map, &effective, next_item, item)? }
                }
            };
            next_item += batch.n_items;
            open += 1;
            n_bytes += batch.input.len_bytes();
            batches.push(batch);
        }
        Ok(batches)
    }

    /// As many items as fit together, but at least one.
    #[allow(clippy::too_many_arguments)] // All that a Map's item is made of.
    pub(super) fn batch(
        &self,
        frame: FrameId,
        map: &Map,
        batcher: &ItemBatcher,
        bounds: BatchBounds,
        effective: &Value,
        all: &[Value],
        first: usize,
    ) -> Result<Batch, DataError> {
        let mut text = String::from("{");
        if let Some(template) = &batcher.batch_input {
            let value = template.evaluate(&self.scope(frame, effective))?;
            text.push_str("\"BatchInput\":");
            text.push_str(Payload::from_value(value).text());
            text.push(',');
        }
        text.push_str("\"Items\":[");
        let max_items = bounds.max_items.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        let max_bytes = bounds.max_bytes.map_or(PAYLOAD_BYTES_MAX, |max| usize::try_from(max).unwrap_or(0));
        let max_bytes = max_bytes.min(PAYLOAD_BYTES_MAX);
        let mut n_items = 0;
        for (index, item) in all.iter().enumerate().skip(first).take(max_items.max(1)) {
            let item = self.input(frame, map, effective, index, item)?;
            // The comma before it, and the brackets that close the whole.
            if 0 < n_items && max_bytes < text.len() + item.len_bytes() + 3 {
                break;
            }
            if 0 < n_items {
                text.push(',');
            }
            text.push_str(item.text());
            n_items += 1;
        }
        text.push_str("]}");
        let input =
            Payload::from_text(text).map_err(|_| DataError::runtime("The batch is nested too deeply."))?;
        if PAYLOAD_BYTES_MAX < input.len_bytes() {
            return Err(too_large_to_give(&self.name_of(frame)));
        }
        Ok(Batch { n_items: n_items.max(1), input })
    }

    /// The items were read, or could not be.
    pub(super) fn items_read(&mut self, key: MapRunKey, read: Result<Payload, Failure>) -> Flow {
        match read {
            Ok(items) => {
                self.effects
                    .push(Effect::CountItems { key, length: items.value().as_array().map_or(0, Vec::len) });
                self.note(key.frame, Note::MapItems { items });
                self.begin_map_children(key.frame, None)
            }
            Err(failure) => {
                let matched = failure.error.clone().unwrap_or_else(|| "States.ItemReaderFailed".into());
                self.map_run_failed(key.frame, failure, &matched, None)
            }
        }
    }

    /// Children have ended; those that are known to have are passed over.
    pub(super) fn children_ended(&mut self, key: MapRunKey, ends: Vec<ChildEnd>) -> Option<Flow> {
        self.execution.map_run_of(key)?;
        let (mut is_news, armed) = (false, self.armed(key.frame));
        for ChildEnd { index, status, output } in ends {
            let run = self.execution.map_run_of(key)?;
            if status == ExecutionStatus::Running || run.children.get(index)?.status.is_some() {
                continue;
            }
            // What is more than a result may be is not kept: the run fails for that in the end.
            let has_room = run.output_bytes <= PAYLOAD_BYTES_MAX;
            let output = output.filter(|_| has_room && status == ExecutionStatus::Succeeded);
            self.note(key.frame, Note::MapChildEnded { index, status, output });
            is_news = true;
        }
        is_news.then(|| self.look_at_map_run(key.frame, armed))
    }

    /// UpdateMapRun.
    pub(super) fn map_run_updated(&mut self, key: MapRunKey, limits: MapRunLimits) -> Flow {
        let armed = self.armed(key.frame);
        self.note(key.frame, Note::MapRunUpdated { limits });
        self.look_at_map_run(key.frame, armed)
    }

    fn look_at_map_run(&mut self, frame: FrameId, armed: Option<TimerKey>) -> Flow {
        let Some(run) = self.execution.map_run(frame) else { return Ok(()) };
        match run.exceeds_tolerance() {
            true => {
                let failure =
                    Failure::new(EXCEEDED, "The specified tolerated failure threshold was exceeded");
                self.map_run_failed(frame, failure, EXCEEDED, armed)
            }
            false => self.begin_map_children(frame, armed),
        }
    }

    /// Every child has ended, well enough.
    fn map_run_done(&mut self, frame: FrameId) -> Flow {
        let (Some(run), Some(state)) = (self.execution.map_run(frame), self.state_of(frame)) else {
            return Ok(());
        };
        let key = MapRunKey { frame, started: run.started };
        let too_long = PAYLOAD_BYTES_MAX < run.output_bytes;
        let outputs: Vec<&str> =
            if too_long { Vec::new() } else { run.outputs().map(Payload::text).collect() };
        let result = Payload::from_text(format!("[{}]", outputs.join(",")));
        let result = match result {
            Ok(result) if !too_long => Ok(result),
            Ok(_) => Err(too_large(&self.program[state].name)),
            Err(_) => Err(DataError::runtime("The result is nested too deeply.")),
        };
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                let failure = self.failed(frame, error.clone())?;
                return self.map_run_failed(frame, failure, error.name.as_str(), None);
            }
        };
        self.effects.push(Effect::EndMapRun { key, status: MapRunStatus::Succeeded });
        self.emit(frame, EventKind::MapRunSucceeded)?;
        let done = self.emit(frame, EventKind::MapStateSucceeded)?;
        let program = self.program;
        let StateKind::Map(map) = &program[state].kind else { return Ok(()) };
        self.result(frame, &map.flow, map.assign.as_ref(), map.next, result, done)
    }

    fn map_run_failed(
        &mut self,
        frame: FrameId,
        failure: Failure,
        matched: &str,
        armed: Option<TimerKey>,
    ) -> Flow {
        self.end_map_run(frame, MapRunStatus::Failed, armed);
        self.emit(frame, EventKind::MapRunFailed(failure.clone()))?;
        self.state_failed(frame, failure, matched)
    }

    /// Nobody waits for the run that `frame` waits for any more.
    pub(super) fn abort_map_run(&mut self, frame: FrameId) {
        let armed = self.armed(frame);
        self.end_map_run(frame, MapRunStatus::Aborted, armed);
    }

    fn end_map_run(&mut self, frame: FrameId, status: MapRunStatus, armed: Option<TimerKey>) {
        let Some(run) = self.execution.map_run(frame) else { return };
        let key = MapRunKey { frame, started: run.started };
        if let Some(key) = armed {
            self.cancel(key);
        }
        // What was asked for in this very step is never begun.
        self.effects.retain(|effect| {
            !matches!(effect, Effect::StartChild(child) if child.key == key)
                && !matches!(effect, Effect::ReadItems(request) if request.key == key)
        });
        self.effects.push(Effect::EndMapRun { key, status });
    }
}
