//! A state by itself, watched: what TestState runs.
//!
//! The state is run by the same steps as in an execution, which tell an [`Inspector`] what they make of its data.
//! Parallel and Map begin no children here: what they would come to is given.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::super::event::Failure;
use super::super::execution::{FrameId, MapRunLimits, Reading, Sources};
use super::PAYLOAD_BYTES_MAX;
use super::map::MapPlan;
use super::map_run::{EXCEEDED, Here, Opening};
use super::stepper::{Flow, Stepper};
use crate::asl::{DataError, Distributed, ItemSource, Map, Parallel, QueryLanguage, StateKind};
use crate::json::Payload;

/// What stands for the work of a Parallel or Map.
pub type Mocked = Result<Payload, Failure>;

/// A place on the way of data through a state, by the field that the data has just passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// `InputPath`, also where there is none.
    InputPath,
    /// `Parameters`, also where there are none.
    Parameters,
    /// `Arguments`.
    Arguments,
    /// The work: a task's result, or `Result` of a Pass.
    Result,
    /// `ResultSelector`, also where there is none.
    ResultSelector,
    /// `ResultPath`, also where there is none.
    ResultPath,
    /// `ItemsPath`, also where there is none.
    ItemsPath,
    /// `ItemsPointer` of an ItemReader.
    ItemsPointer,
    /// `ItemSelector`: an array of all iterations' inputs.
    ItemSelector,
    /// `ItemBatcher`: an array of all children's inputs.
    ItemBatcher,
}

/// What a step found out about the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Data.
    Data(Stage, Payload),
    /// How many iterations may run at a time; zero is no limit.
    MaxConcurrency(u64),
    /// How many iterations may fail.
    ToleratedFailureCount(u64),
    /// What share of the iterations may fail, in percent.
    ToleratedFailurePercentage(f64),
    /// How many iterations a Map has, or children in DISTRIBUTED mode.
    Iterations(usize),
    /// The state failed; what Retry and Catch make of that is told after.
    Failed(Failure),
    /// The retrier at `index` is for the error.
    Retrier {
        /// Its place in `Retry`.
        index: usize,
        /// How long it waits before the next attempt, without its jitter; `None` if there is none left.
        delay: Option<Duration>,
    },
    /// The catcher at this place in `Catch` caught the error.
    Catcher(usize),
}

/// Looks on while a state is run.
pub trait Inspector: Send + Sync {
    /// Is told what a step found out, in the order of evaluation; what is told again replaces what was told.
    fn saw(&self, seen: Seen);
}

/// What a state is tried with.
pub struct Trial<'a> {
    /// Who looks on.
    pub inspector: &'a dyn Inspector,
    /// Members of the context object, which stand in for the execution's own.
    pub context: Option<&'a Value>,
    /// How often the state's retrier has tried again before.
    pub retries: u64,
    /// What the work of a Parallel or Map comes to.
    pub mock: Option<&'a Mocked>,
    /// How many iterations of a Map failed.
    pub failed_iterations: Option<u64>,
    /// What the `ItemReader` of a Map reads, at the most so many; `None` takes the items from the input.
    pub items: Option<&'a ReadItems<'a>>,
}

/// Reads the items that an `ItemReader` would; they are an array.
pub type ReadItems<'a> = dyn Fn(&ItemSource, i64) -> Mocked + 'a;

/// What a Map gives its iterations.
struct Given {
    length: usize,
    limits: MapRunLimits,
}

impl Stepper<'_> {
    /// Tells the inspector, if there is one, of data at `stage`.
    pub(super) fn saw(&self, stage: Stage, data: &Payload) {
        self.saw_with(|| Seen::Data(stage, data.clone()));
    }

    /// Tells the inspector, if there is one, what `seen` makes, as the query language of the state has it: there are no
    /// paths in JSONata, and what a Task or Parallel gives its work are its `Arguments`.
    pub(super) fn saw_with(&self, seen: impl FnOnce() -> Seen) {
        let Some(trial) = self.env.trial else { return };
        let state = self.state_of(FrameId::ROOT).map(|state| &self.program[state]);
        let is_jsonata = state.is_some_and(|state| state.language == QueryLanguage::Jsonata);
        let gives =
            state.is_some_and(|state| matches!(state.kind, StateKind::Task(_) | StateKind::Parallel(_)));
        match seen() {
            Seen::Data(stage, data) if is_jsonata => match stage {
                Stage::Parameters if gives => trial.inspector.saw(Seen::Data(Stage::Arguments, data)),
                Stage::InputPath
                | Stage::Parameters
                | Stage::ResultSelector
                | Stage::ResultPath
                | Stage::ItemsPath
                | Stage::ItemsPointer => {}
                Stage::Arguments | Stage::Result | Stage::ItemSelector | Stage::ItemBatcher => {
                    trial.inspector.saw(Seen::Data(stage, data));
                }
            },
            seen => trial.inspector.saw(seen),
        }
    }
}

impl Stepper<'_> {
    /// Takes a Parallel on whose branches have come to `mock`.
    pub(super) fn try_parallel(&mut self, frame: FrameId, parallel: &Parallel, mock: &Mocked) -> Flow {
        match mock {
            Ok(result) => {
                let (flow, assign, done) = (&parallel.flow, parallel.assign.as_ref(), self.tail(frame));
                self.result(frame, flow, assign, parallel.next, result.clone(), done)
            }
            Err(failure) => self.try_failure(frame, failure.clone()),
        }
    }

    /// Takes a Map on whose iterations have come to `mock`: what they would be given is made all the same.
    pub(super) fn try_map(&mut self, frame: FrameId, map: &Map, mock: &Mocked) -> Flow {
        let given = match self.given(frame, map) {
            Ok(Ok(given)) => given,
            Ok(Err(failure)) => return self.try_failure(frame, failure),
            Err(error) => return self.fault(frame, error),
        };
        self.saw_with(|| Seen::Iterations(given.length));
        let failed = self.env.trial.and_then(|trial| trial.failed_iterations);
        match mock {
            Err(failure) => self.try_failure(frame, failure.clone()),
            Ok(_) if failed.is_some_and(|failed| exceeds(&given, failed)) => {
                let cause = "The specified tolerated failure threshold was exceeded";
                self.try_failure(frame, Failure::new(EXCEEDED, cause))
            }
            Ok(result) => {
                let (flow, assign, done) = (&map.flow, map.assign.as_ref(), self.tail(frame));
                self.result(frame, flow, assign, map.next, result.clone(), done)
            }
        }
    }

    fn try_failure(&mut self, frame: FrameId, failure: Failure) -> Flow {
        let matched = failure.error.clone().unwrap_or_else(|| "States.TaskFailed".into());
        self.state_failed(frame, failure, &matched)
    }

    /// What the iterations of a Map are given; the failure within is an `ItemReader`'s.
    fn given(&self, frame: FrameId, map: &Map) -> Result<Result<Given, Failure>, DataError> {
        let raw = self.raw_input(frame);
        let outer = self.scope(frame, raw.value());
        let effective = map.flow.input_path.select(&outer)?;
        self.saw_with(|| Seen::Data(Stage::InputPath, effective.clone().into_owned().into()));
        let scope = self.scope(frame, &effective);
        let MapPlan { mut limits, items } = self.plan(map, &scope)?;
        let opening = match &map.distributed {
            None => None,
            Some(distributed) => Some(self.opening(frame, map, distributed, limits.max_concurrency)?),
        };
        if let Some(opening) = &opening {
            limits = opening.limits;
        }
        let read = self.env.trial.and_then(|trial| trial.items);
        let reader = map.distributed.as_ref().and_then(|distributed| distributed.reader.as_ref());
        let reading = opening.as_ref().and_then(|opening| opening.reading.as_ref());
        let mut sources = None;
        let items = match (items, read, reader, reading) {
            (Some(items), ..) => items,
            (None, Some(read), Some(reader), Some(Reading { max_items, arguments })) => {
                sources = Some(named(&reader.source, arguments.value()));
                match read(&reader.source, *max_items) {
                    Ok(items) => Cow::Owned(items.into_value()),
                    Err(failure) => return Ok(Err(failure)),
                }
            }
            // Without what the reader read, the input stands for it.
            (None, ..) => self.items(map, &scope)?,
        };
        if reader.is_some_and(|reader| reader.source.has_pointer()) {
            self.saw_with(|| Seen::Data(Stage::ItemsPointer, items.clone().into_owned().into()));
        }
        let items = items.as_array().map_or(&[][..], Vec::as_slice);
        let here = Here { offset: 0, items, sources: sources.as_ref() };
        if map.item_selector.is_some() {
            let inputs = (0..items.len()).map(|index| self.input(frame, map, &effective, here.item(index)));
            self.saw_all(Stage::ItemSelector, inputs)?;
        }
        if let (Some(distributed), Some(opening)) = (&map.distributed, &opening) {
            self.try_batches(frame, map, distributed, opening, &effective, &here)?;
        }
        Ok(Ok(Given { length: items.len(), limits }))
    }

    fn try_batches(
        &self,
        frame: FrameId,
        map: &Map,
        distributed: &Distributed,
        opening: &Opening,
        effective: &Value,
        here: &Here<'_>,
    ) -> Result<(), DataError> {
        let (Some(batcher), Some(bounds)) = (&distributed.batcher, opening.batch) else { return Ok(()) };
        let mut next = 0;
        let batches = std::iter::from_fn(|| {
            let n_items = here.items.len();
            let batch =
                (next < n_items).then(|| self.batch(frame, map, batcher, bounds, effective, here, next))?;
            next += batch.as_ref().map_or(n_items, |batch| batch.n_items);
            Some(batch.map(|batch| batch.input))
        });
        self.saw_all(Stage::ItemBatcher, batches)
    }

    /// Tells the inspector of an array. One that is too long to be told is not, and not made to its end: what makes
    /// its items may put the whole input into each.
    fn saw_all(
        &self,
        stage: Stage,
        items: impl Iterator<Item = Result<Payload, DataError>>,
    ) -> Result<(), DataError> {
        let mut text = String::from("[");
        for item in items {
            if 1 < text.len() {
                text.push(',');
            }
            text.push_str(item?.text());
            if PAYLOAD_BYTES_MAX <= text.len() {
                return Ok(());
            }
        }
        text.push(']');
        // Deeper than a document may be: then it isn't told either.
        if let Ok(array) = Payload::from_text(text) {
            self.saw(stage, &array);
        }
        Ok(())
    }
}

/// The source of items that stand in one object, or are the objects of a bucket. Of those in many objects it isn't said
/// which the data are of.
fn named(source: &ItemSource, arguments: &Value) -> Sources {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    match (source, text("Bucket"), text("Key")) {
        (ItemSource::Listing, Some(bucket), _) => Sources::all(Sources::in_s3(bucket, None)),
        (ItemSource::Object(_), Some(bucket), Some(key)) => Sources::all(Sources::in_s3(bucket, Some(key))),
        (
            ItemSource::Listing
            | ItemSource::Object(_)
            | ItemSource::Listed(_)
            | ItemSource::Inventory
            | ItemSource::Athena(_),
            ..,
        ) => Sources::default(),
    }
}

/// Whether so many failed iterations are more than the Map tolerates. As recorded, one that says nothing tolerates all
/// here.
fn exceeds(given: &Given, failed: u64) -> bool {
    let MapRunLimits { tolerated_failure_count, tolerated_failure_percentage, .. } = given.limits;
    let share = failed as f64 * 100.0 / given.length.max(1) as f64;
    tolerated_failure_count.is_some_and(|count| count < failed)
        || tolerated_failure_percentage.is_some_and(|percentage| percentage < share)
}
