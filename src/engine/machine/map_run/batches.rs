//! What the children of a Map Run begin with: an item, or as many as fit together.

use std::borrow::Cow;

use serde_json::Value;

use super::super::super::execution::{BatchBounds, FrameId, STATE_DATA, Sources};
use super::super::PAYLOAD_BYTES_MAX;
use super::super::exit::too_large_to_give;
use super::super::scope::MapItem;
use super::super::stepper::Stepper;
use super::BEGUN_AT_ONCE;
use crate::asl::{DataError, ItemBatcher, Map, StateKind};
use crate::json::Payload;

/// What a child begins with.
pub(in super::super) struct Batch {
    pub(in super::super) n_items: usize,
    pub(in super::super) input: Payload,
}

/// Items that are at hand: all of them, or some that were loaded.
pub(in super::super) struct Here<'a> {
    /// The place of the first.
    pub(in super::super) offset: usize,
    pub(in super::super) items: &'a [Value],
    /// Where they were read; `None` for data of the execution.
    pub(in super::super) sources: Option<&'a Sources>,
}

impl<'a> Here<'a> {
    /// The item at a place; null if it is not here.
    pub(in super::super) fn item(&self, index: usize) -> MapItem<'a> {
        let value = index.checked_sub(self.offset).and_then(|at| self.items.get(at));
        let source = match self.sources {
            Some(sources) => sources.of(index),
            None => Some(STATE_DATA),
        };
        MapItem { index, value: value.unwrap_or(&Value::Null), source }
    }

    /// The place behind the last.
    fn end(&self) -> usize {
        self.offset + self.items.len()
    }
}

impl Stepper<'_> {
    /// The inputs of the children that begin in this step.
    pub(super) fn next_batches(
        &self,
        frame: FrameId,
        loaded: Option<(&[Payload], &Sources)>,
    ) -> Result<Vec<Batch>, DataError> {
        let mut batches = Vec::new();
        let (Some(run), Some(state)) = (self.execution.map_run(frame), self.state_of(frame)) else {
            return Ok(batches);
        };
        let StateKind::Map(map) = &self.program[state].kind else { return Ok(batches) };
        let distributed = map.distributed.as_ref();
        let batcher = distributed.and_then(|distributed| distributed.batcher.as_ref());
        let has_reader = distributed.is_some_and(|distributed| distributed.reader.is_some());
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let effective = map.flow.input_path.select(&outer)?;
        let scope = self.scope(frame, &effective);
        let (items, offset) = match (&run.items, loaded) {
            (Some(items), _) => (Cow::Borrowed(items.value()), 0),
            (None, Some((loaded, _))) => {
                let loaded = loaded.iter().map(|item| item.value().clone()).collect();
                (Cow::Owned(Value::Array(loaded)), run.next_item)
            }
            // They are to be loaded.
            (None, None) if run.is_stored => return Ok(batches),
            (None, None) => (map.items(&scope)?, 0),
        };
        let sources = loaded.map_or(&run.sources, |(_, sources)| sources);
        let sources = has_reader.then_some(sources);
        let here = Here { offset, items: items.as_array().map_or(&[][..], Vec::as_slice), sources };
        let (mut next_item, mut open, mut n_bytes) = (run.next_item, run.open.len(), 0);
        while run.has_room_with(next_item, open)
            && batches.len() < BEGUN_AT_ONCE
            && n_bytes < self.env.limits.step_bytes_max
            && (batches.is_empty() || !self.is_late())
        {
            if run.is_stored && here.end() <= next_item {
                break; // More are to be loaded.
            }
            let batch = match (run.batch, batcher) {
                (Some(bounds), Some(batcher)) => {
                    let batch = self.batch(frame, map, batcher, bounds, &effective, &here, next_item)?;
                    // One that takes all that is loaded might take more. What is loaded at one time is more than a
                    // child's input may have, so the first is whole unless an ItemSelector makes little of its items.
                    let may_go_on = next_item + batch.n_items == here.end() && here.end() < run.length;
                    if run.is_stored && may_go_on && !batches.is_empty() {
                        break;
                    }
                    batch
                }
                _ => {
                    let input = self.input(frame, map, &effective, here.item(next_item))?;
                    Batch { n_items: 1, input }
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
    pub(in super::super) fn batch(
        &self,
        frame: FrameId,
        map: &Map,
        batcher: &ItemBatcher,
        bounds: BatchBounds,
        effective: &Value,
        here: &Here<'_>,
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
        for index in (first..here.end()).take(max_items.max(1)) {
            let item = self.input(frame, map, effective, here.item(index))?;
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
}
