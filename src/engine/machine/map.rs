//! Map (INLINE): runs its processor for each item, each iteration in a frame of its own.

use serde_json::Value;

use super::super::event::{EventKind, Iteration};
use super::super::execution::{FrameId, Note, Phase};
use super::stepper::{Flow, Stepper};
use crate::asl::{DataError, Map};
use crate::json::Payload;

impl Stepper<'_> {
    /// Starts as many iterations of the Map that `frame` is in as may run at one time, also for a retry.
    pub(super) fn begin_iterations(&mut self, frame: FrameId, map: &Map) -> Flow {
        let (effective, items, limit) = match self.items(frame, map) {
            Ok(found) => found,
            Err(error) => return self.fault(frame, error),
        };
        self.emit(frame, EventKind::MapStateStarted { length: items.len() as u64 })?;
        let first = if limit == 0 { items.len() } else { limit.min(items.len()) };
        for index in 0..first {
            self.begin_iteration(frame, map, &effective, &items, index)?;
        }
        if items.is_empty() { self.join(frame) } else { Ok(()) }
    }

    /// Starts the next iteration, if there is one that waits for its turn.
    pub(super) fn begin_next_iteration(&mut self, frame: FrameId, map: &Map) -> Flow {
        let at = self.execution.frames.get(&frame).and_then(|f| f.at.as_ref());
        let Some(Phase::Composite { results, begun, .. }) = at.map(|at| &at.phase) else { return Ok(()) };
        let next = *begun;
        if results.len() <= next {
            return Ok(());
        }
        match self.items(frame, map) {
            Ok((effective, items, _)) => self.begin_iteration(frame, map, &effective, &items, next),
            Err(error) => self.fault(frame, error),
        }
    }

    fn begin_iteration(
        &mut self,
        frame: FrameId,
        map: &Map,
        effective: &Payload,
        items: &[Value],
        index: usize,
    ) -> Flow {
        let Some(item) = items.get(index) else { return Ok(()) };
        let input = match &map.item_selector {
            None => Ok(item.clone()),
            Some(selector) => selector.evaluate(&self.scope(frame, effective.value()).with_item(index, item)),
        };
        let input = match input {
            Ok(input) => Payload::from_value(input),
            Err(error) => return self.fault(frame, error),
        };
        let iteration = Iteration { name: self.name_of(frame), index: index as u64 };
        let child = self.execution.next_frame();
        let note = Some(Note::Child { index });
        self.emit_with(frame, EventKind::MapIterationStarted(iteration), note)?;
        self.enter(child, map.processor, input);
        Ok(())
    }

    /// The effective input, its items, and how many may run at one time (0: all).
    fn items(&self, frame: FrameId, map: &Map) -> Result<(Payload, Vec<Value>, usize), DataError> {
        let effective = self.select(frame, &map.flow.input_path, self.raw_input(frame))?;
        let scope = self.scope(frame, effective.value());
        let limit = match &map.max_concurrency {
            None => 0,
            Some(count) => count.resolve("MaxConcurrency", &scope)?,
        };
        let items = match map.items(&scope)?.into_owned() {
            Value::Array(items) => items,
            _ => Vec::new(), // `Map::items` answers arrays only.
        };
        Ok((effective, items, usize::try_from(limit).unwrap_or(usize::MAX)))
    }
}
