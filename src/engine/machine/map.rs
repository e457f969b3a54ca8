//! Map: what both modes share, and INLINE mode, which runs its processor for each item, each iteration in a frame of its own.

use std::borrow::Cow;

use serde_json::Value;

use super::super::event::{EventKind, Iteration};
use super::super::execution::{FrameId, MapRunLimits, Note, Phase, STATE_DATA};
use super::exit::too_large_to_give;
use super::scope::{MapItem, StateScope};
use super::stepper::{Flow, Stepper};
use super::{PAYLOAD_BYTES_MAX, Seen, Stage};
use crate::asl::{DataError, Map};
use crate::json::Payload;

/// Most iterations that run at a time, whatever `MaxConcurrency` says: AWS's own bound in INLINE mode, and what
/// bounds the memory of a Map over many items.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
const CONCURRENCY_MAX: usize = 40;

/// Most bytes of items that are made by an expression. AWS's limit is not known; those of paths come from an input, which
/// is smaller.
const ITEMS_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How a Map begins.
struct First {
    /// How many items there are.
    length: usize,
    /// The inputs of the iterations that begin together.
    inputs: Vec<Payload>,
    /// The items, if the later iterations should not read them again.
    kept: Option<Payload>,
}

/// Limits and items of a Map, before its first iteration.
pub(super) struct MapPlan<'a> {
    /// In DISTRIBUTED mode without its tolerance, which is looked at later.
    pub(super) limits: MapRunLimits,
    /// `None` if an `ItemReader` reads them.
    pub(super) items: Option<Cow<'a, Value>>,
}

impl Stepper<'_> {
    /// Starts the Map that `frame` is in, also for a retry.
    pub(super) fn begin_map(&mut self, frame: FrameId, map: &Map) -> Flow {
        if let Some(mock) = self.env.trial.and_then(|trial| trial.mock) {
            return self.try_map(frame, map, mock);
        }
        match &map.distributed {
            None => self.begin_iterations(frame, map),
            Some(distributed) => self.begin_map_run(frame, map, distributed),
        }
    }

    /// Starts as many iterations of the Map that `frame` is in as may run at one time, also for a retry.
    fn begin_iterations(&mut self, frame: FrameId, map: &Map) -> Flow {
        let First { length, inputs, kept } = match self.first(frame, map) {
            Ok(first) => first,
            Err(error) => return self.fault(frame, error),
        };
        let note = kept.map(|items| Note::Items { items });
        self.emit_with(frame, EventKind::MapStateStarted { length: length as u64 }, note)?;
        for (index, input) in inputs.into_iter().enumerate() {
            self.begin_iteration(frame, map, index, input)?;
        }
        if length == 0 { self.join(frame) } else { Ok(()) }
    }

    /// Starts the next iteration, if there is one that waits for its turn.
    pub(super) fn begin_next_iteration(&mut self, frame: FrameId, map: &Map) -> Flow {
        let at = self.execution.frames.get(&frame).and_then(|f| f.at.as_ref());
        let Some(Phase::Composite { results, begun, .. }) = at.map(|at| &at.phase) else { return Ok(()) };
        let next = *begun;
        if results.len() <= next {
            return Ok(());
        }
        match self.next(frame, map, next) {
            Ok(input) => self.begin_iteration(frame, map, next, input),
            Err(error) => {
                // The Map itself fails; other iterations may still run.
                self.give_up_children(frame, None, self.tail(frame))?;
                self.fault(frame, error)
            }
        }
    }

    fn begin_iteration(&mut self, frame: FrameId, map: &Map, index: usize, input: Payload) -> Flow {
        let iteration = Iteration { name: self.name_of(frame), index: index as u64 };
        let child = self.execution.next_frame();
        let note = Some(Note::Child { index });
        // All that begin together hang below MapStateStarted: this event is the child's, not the Map's.
        self.emit_with(frame, EventKind::MapIterationStarted(iteration), note)?;
        self.enter(child, map.processor, input);
        Ok(())
    }

    fn first(&self, frame: FrameId, map: &Map) -> Result<First, DataError> {
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let effective = map.flow.input_path.select(&outer)?;
        let scope = self.scope(frame, &effective);
        // Thresholds are for DISTRIBUTED mode. Here they must be sound, but any failed iteration fails the Map.
        let MapPlan { limits, items } = self.plan(map, &scope)?;
        let limit = match usize::try_from(limits.max_concurrency) {
            Ok(0) | Err(_) => CONCURRENCY_MAX,
            Ok(limit) => limit.min(CONCURRENCY_MAX),
        };
        let items = items.unwrap_or_default();
        let all = items.as_array().map_or(&[][..], Vec::as_slice);
        let inputs = all.iter().enumerate().take(limit);
        let inputs: Vec<Payload> = inputs
            .map(|(index, value)| self.input(frame, map, &effective, of_state(index, value)))
            .collect::<Result<_, _>>()?;
        let (length, is_copy) =
            (all.len(), matches!((&effective, &items), (Cow::Owned(_), _) | (_, Cow::Owned(_))));
        // Only worth keeping if somebody comes back for them; what is computed might come out otherwise.
        let is_kept = map.items.are_computed() || (is_copy && inputs.len() < length);
        let kept = is_kept.then(|| self.kept(frame, items.into_owned())).transpose()?;
        Ok(First { length, inputs, kept })
    }

    /// The plan of a Map before its first iteration, in the order in which its fields are evaluated.
    pub(super) fn plan<'s>(&self, map: &'s Map, scope: &'s StateScope<'s>) -> Result<MapPlan<'s>, DataError> {
        let max_concurrency = match &map.max_concurrency {
            None => 0,
            Some(count) => count.resolve("MaxConcurrency", scope)?,
        };
        self.saw_with(|| Seen::MaxConcurrency(max_concurrency));
        let mut limits = MapRunLimits { max_concurrency, ..MapRunLimits::default() };
        let reader = match &map.distributed {
            None => {
                limits = self.tolerated(map, scope, max_concurrency)?;
                None
            }
            Some(distributed) => distributed.reader.as_ref(),
        };
        let items = match reader {
            Some(_) => None, // ItemsPath is not looked at, as recorded.
            None => Some(self.items(map, scope)?),
        };
        Ok(MapPlan { limits, items })
    }

    /// The items that a Map finds in its input.
    pub(super) fn items<'s>(
        &self,
        map: &'s Map,
        scope: &'s StateScope<'s>,
    ) -> Result<Cow<'s, Value>, DataError> {
        let items = map.items(scope)?;
        self.saw_with(|| Seen::Data(Stage::ItemsPath, items.clone().into_owned().into()));
        Ok(items)
    }

    /// The limits with the tolerance, which is evaluated here.
    pub(super) fn tolerated(
        &self,
        map: &Map,
        scope: &StateScope<'_>,
        max_concurrency: u64,
    ) -> Result<MapRunLimits, DataError> {
        let count = map.tolerated_failure_count.as_ref();
        let count = count.map(|count| count.resolve("ToleratedFailureCount", scope)).transpose()?;
        if let Some(count) = count {
            self.saw_with(|| Seen::ToleratedFailureCount(count));
        }
        let share = map.tolerated_failure_percentage.as_ref();
        let share = share.map(|share| share.resolve("ToleratedFailurePercentage", scope)).transpose()?;
        if let Some(share) = share {
            self.saw_with(|| Seen::ToleratedFailurePercentage(share));
        }
        Ok(MapRunLimits {
            max_concurrency,
            tolerated_failure_count: count,
            tolerated_failure_percentage: share,
        })
    }

    /// Items to be kept, which an expression may have made any number of.
    pub(super) fn kept(&self, frame: FrameId, items: Value) -> Result<Payload, DataError> {
        let kept = Payload::from_value(items);
        match ITEMS_BYTES_MAX < kept.len_bytes() {
            true => Err(too_large_to_give(&self.name_of(frame))),
            false => Ok(kept),
        }
    }

    /// The input of the iteration over the item at `index`.
    pub(super) fn next(&self, frame: FrameId, map: &Map, index: usize) -> Result<Payload, DataError> {
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let kept = self.execution.kept_items(frame);
        let effective = match (kept, &map.item_selector) {
            (Some(_), None) => Cow::Borrowed(raw.value()), // Nobody looks at it.
            (None, _) | (_, Some(_)) => map.flow.input_path.select(&outer)?,
        };
        let scope = self.scope(frame, &effective);
        let items = match kept {
            Some(items) => Cow::Borrowed(items.value()),
            None => map.items(&scope)?,
        };
        // What was an array when the Map began still is.
        let item = items.get(index).unwrap_or(&Value::Null);
        self.input(frame, map, &effective, of_state(index, item))
    }

    /// The input of an iteration, or of a child's item.
    pub(super) fn input(
        &self,
        frame: FrameId,
        map: &Map,
        effective: &Value,
        item: MapItem<'_>,
    ) -> Result<Payload, DataError> {
        let input = Payload::from_value(match &map.item_selector {
            None => item.value.clone(),
            Some(selector) => selector.evaluate(&self.scope(frame, effective).with_item(item))?,
        });
        if PAYLOAD_BYTES_MAX < input.len_bytes() {
            return Err(too_large_to_give(&self.name_of(frame)));
        }
        Ok(input)
    }
}

/// An item that is data of the execution.
fn of_state(index: usize, value: &Value) -> MapItem<'_> {
    MapItem { index, value, source: Some(STATE_DATA) }
}
