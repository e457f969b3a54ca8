//! Leaving a state: its output, its assignments, and where the frame goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::super::event::{EventKind, Iteration, StateType};
use super::super::execution::{FrameId, Note, Phase};
use super::scope::StateScope;
use super::stepper::{Flow, Halt, Stepper};
use super::{PAYLOAD_BYTES_MAX, Stage, VARIABLES_BYTES_MAX};
use crate::asl::{DataError, DataFlow, ErrorName, PathField, ResultPath, StateKind, Template, Transition};
use crate::json::Payload;

/// Variables as `assignedVariables` shows them.
pub(super) type Assigned = BTreeMap<Arc<str>, Payload>;

impl Stepper<'_> {
    /// Writes the exited event and sends the frame where `next` says.
    pub(super) fn exit(
        &mut self,
        frame: FrameId,
        output: Payload,
        assigned: Assigned,
        next: Transition,
    ) -> Flow {
        let Some(state) = self.state_of(frame) else { return Ok(()) };
        let state = &self.program[state];
        if PAYLOAD_BYTES_MAX < output.len_bytes() {
            // The work was done: what is too large is what the state makes of it, and no Retry or Catch is asked.
            let failure = self.failed(frame, too_large(&state.name))?;
            return Err(Halt { frame, failure });
        }
        let kind = EventKind::StateExited {
            state_type: StateType::from(&state.kind),
            name: state.name.clone(),
            output: output.clone(),
            assigned,
        };
        self.emit(frame, kind)?;
        match next {
            Transition::Next(state) => {
                self.enter(frame, state, output);
                Ok(())
            }
            Transition::End => self.frame_ended(frame, output),
        }
    }

    /// A frame has ended well: the execution, or a branch or iteration of its parent's state.
    fn frame_ended(&mut self, frame: FrameId, output: Payload) -> Flow {
        let Some(parent) = self.execution.frames.get(&frame).and_then(|f| f.parent) else {
            self.end(frame, EventKind::ExecutionSucceeded { output });
            return Ok(());
        };
        let index = self.execution.frames.get(&frame).map_or(0, |f| f.index);
        let Some(state) = self.state_of(parent) else { return Ok(()) };
        let program = self.program;
        match &program[state].kind {
            StateKind::Map(map) => {
                let iteration = Iteration { name: program[state].name.clone(), index: index as u64 };
                let note = Some(Note::ChildEnded);
                self.emit_with(frame, EventKind::MapIterationSucceeded(iteration), note)?;
                self.begin_next_iteration(parent, map)?;
            }
            StateKind::Parallel(_) => self.note(frame, Note::ChildEnded),
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_)
            | StateKind::Task(_) => return Ok(()), // Only the two above have children.
        }
        self.join(parent)
    }

    /// Leaves a Parallel or Map whose last branch or iteration is done.
    pub(super) fn join(&mut self, frame: FrameId) -> Flow {
        let Some(at) = self.execution.frames.get(&frame).and_then(|f| f.at.as_ref()) else { return Ok(()) };
        let Phase::Composite { results, open: 0, begun, .. } = &at.phase else { return Ok(()) };
        if *begun < results.len() {
            return Ok(());
        }
        // An array of documents is a document: nothing is parsed to join them.
        let mut text = String::from("[");
        for (i, result) in results.iter().enumerate() {
            if 0 < i {
                text.push(',');
            }
            text.push_str(result.as_ref().map_or("null", Payload::text));
        }
        text.push(']');
        let name = self.program[at.state].name.clone();
        let state = at.state;
        let Ok(result) = Payload::from_text(text) else {
            return self.fault(frame, DataError::runtime("The result is nested too deeply."));
        };
        let program = self.program;
        if PAYLOAD_BYTES_MAX < result.len_bytes() {
            return self.fault(frame, too_large(&name));
        }
        match &program[state].kind {
            StateKind::Parallel(parallel) => {
                let done = self.emit(frame, EventKind::ParallelStateSucceeded)?;
                self.result(frame, &parallel.flow, parallel.assign.as_ref(), parallel.next, result, done)
            }
            StateKind::Map(map) => {
                let done = self.emit(frame, EventKind::MapStateSucceeded)?;
                self.result(frame, &map.flow, map.assign.as_ref(), map.next, result, done)
            }
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_)
            | StateKind::Task(_) => Ok(()),
        }
    }

    /// Takes the result of a Task, Parallel or Map through ResultSelector, ResultPath and OutputPath, and
    /// leaves the state. `done` is the event that told of the result: a state that is left goes on from the one
    /// before a Parallel's or Map's, but one that fails now goes on from that, as recorded.
    pub(super) fn result(
        &mut self,
        frame: FrameId,
        flow: &DataFlow,
        assign: Option<&Template>,
        next: Transition,
        result: Payload,
        done: u64,
    ) -> Flow {
        let made = self.output_of(frame, flow, assign, result);
        let is_sound = made.as_ref().is_ok_and(|(output, _)| output.len_bytes() <= PAYLOAD_BYTES_MAX);
        if !is_sound && self.tail(frame) != done {
            self.note(frame, Note::Tail { event_id: done });
        }
        match made {
            Ok((output, assigned)) => self.exit(frame, output, assigned, next),
            Err(error) => self.fault(frame, error),
        }
    }

    fn output_of(
        &self,
        frame: FrameId,
        flow: &DataFlow,
        assign: Option<&Template>,
        result: Payload,
    ) -> Result<(Payload, Assigned), DataError> {
        let selected = match &flow.result_selector {
            None => result.clone(),
            Some(selector) => selector.evaluate(&self.scope(frame, result.value()))?.into(),
        };
        self.saw(Stage::ResultSelector, &selected);
        let assigned = match assign {
            None => Assigned::new(),
            Some(assign) => {
                self.assigned(assign, frame, self.scope(frame, result.value()).with_result(result.value()))?
            }
        };
        let output = match &flow.output {
            Some(output) => {
                output.evaluate(&self.scope(frame, result.value()).with_result(result.value()))?.into()
            }
            None => {
                let placed = self.place(frame, &flow.result_path, selected)?;
                self.saw(Stage::ResultPath, &placed);
                self.select(frame, &flow.output_path, placed)?
            }
        };
        Ok((output, assigned))
    }

    /// OutputPath, or in JSONata what `output` makes of a state that has no result.
    pub(super) fn hand_on(
        &self,
        frame: FrameId,
        output_path: &PathField,
        output: Option<&Template>,
        payload: Payload,
    ) -> Result<Payload, DataError> {
        match output {
            None => self.select(frame, output_path, payload),
            Some(output) => Ok(output.evaluate(&self.scope(frame, payload.value()))?.into()),
        }
    }

    /// ResultPath: puts a result into the raw input.
    pub(super) fn place(
        &self,
        frame: FrameId,
        result_path: &ResultPath,
        result: Payload,
    ) -> Result<Payload, DataError> {
        match result_path {
            ResultPath::Replace => Ok(result),
            ResultPath::Discard => Ok(self.raw_input(frame)),
            ResultPath::Insert(_) => {
                let raw = self.raw_input(frame).value().clone();
                result_path.apply(raw, result.into_value()).map(Payload::from_value)
            }
        }
    }

    /// InputPath or OutputPath; what is let through whole keeps its text.
    pub(super) fn select(
        &self,
        frame: FrameId,
        path: &PathField,
        payload: Payload,
    ) -> Result<Payload, DataError> {
        match path {
            PathField::Whole => Ok(payload),
            PathField::Discard => Ok(Payload::default()),
            PathField::Path(_) => {
                let selected = path.select(&self.scope(frame, payload.value()))?.into_owned();
                Ok(Payload::from_value(selected))
            }
        }
    }

    /// Assign; every reference sees the variables as they were at entry.
    pub(super) fn assigned(
        &self,
        assign: &Template,
        frame: FrameId,
        scope: StateScope<'_>,
    ) -> Result<Assigned, DataError> {
        let Value::Object(values) = assign.evaluate(&scope)? else {
            return Ok(Assigned::new());
        };
        let assigned: Assigned =
            values.into_iter().map(|(name, value)| (name.into(), Payload::from_value(value))).collect();
        let n_bytes: usize = assigned.values().map(Payload::len_bytes).sum();
        // What is replaced counts until it is: no variable is worth a second walk.
        if PAYLOAD_BYTES_MAX < n_bytes || VARIABLES_BYTES_MAX < n_bytes + self.execution.variables_bytes() {
            return Err(too_large(&self.name_of(frame)));
        }
        Ok(assigned)
    }
}

/// A result over the limit; `name` is the state's, or the task's resource.
pub(super) fn too_large(name: &str) -> DataError {
    exceeding(name, "returned a result")
}

/// What a state gives its work is over the limit; `name` is the state's.
pub(super) fn too_large_to_give(name: &str) -> DataError {
    exceeding(name, "provided parameters")
}

fn exceeding(name: &str, what: &str) -> DataError {
    DataError::new(
        ErrorName::DataLimitExceeded,
        format!(
            "The state/task '{name}' {what} with a size exceeding the maximum number of bytes service limit."
        ),
    )
}
