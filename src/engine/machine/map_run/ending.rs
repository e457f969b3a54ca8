//! How a Map Run ends: its results are written, or are its Map's result.

use super::super::super::event::{EventKind, Failure};
use super::super::super::execution::{FrameId, MapRunAttempt, MapRunKey, Note};
use super::super::exit::too_large;
use super::super::stepper::{Flow, Stepper};
use super::super::{Effect, MapRunStatus, PAYLOAD_BYTES_MAX, TimerKey};
use crate::asl::{DataError, StateKind};
use crate::json::Payload;

impl Stepper<'_> {
    /// No child begins any more: the run ends, once its results are written if they are to be.
    pub(super) fn close_map_run(
        &mut self,
        frame: FrameId,
        failure: Option<Failure>,
        armed: Option<TimerKey>,
    ) -> Flow {
        let Some(run) = self.execution.map_run(frame) else { return Ok(()) };
        let attempt = run.attempt(frame);
        if run.writing.is_none() {
            return match failure {
                Some(failure) => self.map_run_failed(frame, failure, armed),
                None => self.map_run_done(frame),
            };
        }
        if let Some(armed) = armed.filter(|_| self.next_stored(frame).is_none()) {
            self.cancel(armed);
        }
        self.note(frame, Note::MapRunClosing { failure });
        let is_open = self.execution.map_run(frame).is_some_and(|run| !run.open.is_empty());
        match is_open {
            // AWS: what it has of them is written as well.
            true => self.effects.push(Effect::StopChildren(attempt)),
            false => self.write_results(attempt.key),
        }
        Ok(())
    }

    /// Has the results written once no child runs any more.
    pub(super) fn write_results(&mut self, key: MapRunKey) {
        let request = self.execution.results_request(self.program, key);
        self.effects.extend(request.map(|request| Effect::WriteResults(Box::new(request))));
    }

    /// The results were written, or could not be.
    pub(in super::super) fn results_written(
        &mut self,
        attempt: MapRunAttempt,
        written: Result<Payload, Failure>,
    ) -> Option<Flow> {
        let key = attempt.key;
        let closing = self.execution.map_run_in(attempt)?.closing.clone()?;
        let result = match (written, closing.failure) {
            (Err(failure), _) | (Ok(_), Some(failure)) => {
                return Some(self.map_run_failed(key.frame, failure, None));
            }
            (Ok(result), None) => result,
        };
        if PAYLOAD_BYTES_MAX < result.len_bytes() {
            let error = too_large(&self.name_of(key.frame));
            return Some(match self.failed(key.frame, error) {
                Ok(failure) => self.map_run_failed(key.frame, failure, None),
                Err(halt) => Err(halt),
            });
        }
        Some(self.map_run_succeeded(key.frame, result))
    }

    /// Every child has ended, well enough.
    fn map_run_done(&mut self, frame: FrameId) -> Flow {
        let (Some(run), Some(state)) = (self.execution.map_run(frame), self.state_of(frame)) else {
            return Ok(());
        };
        let too_long = PAYLOAD_BYTES_MAX < run.output_bytes;
        let outputs: Vec<&str> =
            if too_long { Vec::new() } else { run.outputs().map(Payload::text).collect() };
        let result = Payload::from_text(format!("[{}]", outputs.join(",")));
        let error = match result {
            Ok(result) if !too_long => return self.map_run_succeeded(frame, result),
            Ok(_) => too_large(&self.program[state].name),
            Err(_) => DataError::runtime("The result is nested too deeply."),
        };
        let failure = self.failed(frame, error)?;
        self.map_run_failed(frame, failure, None)
    }

    pub(super) fn map_run_succeeded(&mut self, frame: FrameId, result: Payload) -> Flow {
        let (Some(run), Some(state)) = (self.execution.map_run(frame), self.state_of(frame)) else {
            return Ok(());
        };
        let key = MapRunKey { frame, started: run.started };
        self.effects.push(Effect::EndMapRun { key, status: MapRunStatus::Succeeded });
        // MapStateExited then follows this event, as all 23 recorded until July 2024 do. The 7 since November 2024
        // follow MapRunStarted. Neither ItemsPath, ItemReader, a state in front of the Map nor the children tell the two
        // apart: AWS has changed it. As long as more of what is recorded is as here, it stays;
        // `tests/conformance/README.md` lists the cases.
        self.emit(frame, EventKind::MapRunSucceeded)?;
        let done = self.emit(frame, EventKind::MapStateSucceeded)?;
        let program = self.program;
        let StateKind::Map(map) = &program[state].kind else { return Ok(()) };
        self.result(frame, &map.flow, map.assign.as_ref(), map.next, result, done)
    }

    pub(super) fn map_run_failed(
        &mut self,
        frame: FrameId,
        failure: Failure,
        armed: Option<TimerKey>,
    ) -> Flow {
        let matched = failure.error.clone().unwrap_or_else(|| "States.Runtime".into());
        self.end_map_run(frame, MapRunStatus::Failed, armed);
        self.emit(frame, EventKind::MapRunFailed(failure.clone()))?;
        self.state_failed(frame, failure, &matched)
    }

    /// Nobody waits for the run that `frame` waits for any more.
    pub(in super::super) fn abort_map_run(&mut self, frame: FrameId) {
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
                && !matches!(effect, Effect::ReadItems(request) if request.attempt.key == key)
                && !matches!(effect, Effect::LoadItems { key: of, .. } if *of == key)
                && !matches!(effect, Effect::RedriveChild { attempt, .. } if attempt.key == key)
        });
        self.effects.push(Effect::EndMapRun { key, status });
    }
}
