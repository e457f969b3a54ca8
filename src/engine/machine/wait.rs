//! Wait: goes on at a time.

use super::super::execution::{FrameId, Note};
use super::exit::Assigned;
use super::stepper::{Flow, Stepper};
use super::{Effect, Stage, TimerKey, TimerKind};
use crate::asl::{DataError, StateKind, Wait, WaitUntil};
use crate::clock::Timestamp;
use crate::json::Payload;

impl Stepper<'_> {
    pub(super) fn wait(&mut self, frame: FrameId, wait: &Wait, input: &Payload) -> Flow {
        let until = match self.wait_until(frame, wait, input) {
            Ok(until) => until,
            Err(error) => return self.fault(frame, error),
        };
        if until <= self.env.now {
            return self.wait_is_over(frame);
        }
        self.note(frame, Note::Waiting { until });
        let stamp = self.tail(frame);
        let key = TimerKey { frame, kind: TimerKind::Wait, stamp };
        self.effects.push(Effect::ArmTimer { key, at: until });
        Ok(())
    }

    fn wait_until(&self, frame: FrameId, wait: &Wait, input: &Payload) -> Result<Timestamp, DataError> {
        // What InputPath can't find fails the state now, not when the wait is over.
        let effective = self.select(frame, &wait.flow.input_path, input.clone())?;
        self.saw(Stage::InputPath, &effective);
        let seen = match wait.until {
            // Literal times need no input parsed, and JSONata has no `$`.
            WaitUntil::Seconds(_)
            | WaitUntil::Timestamp(_)
            | WaitUntil::SecondsQuery(_)
            | WaitUntil::TimestampQuery(_) => &serde_json::Value::Null,
            WaitUntil::SecondsPath(_) | WaitUntil::TimestampPath(_) => effective.value(),
        };
        wait.until(&self.scope(frame, seen), self.env.now)
    }

    /// Leaves the Wait state that `frame` is in.
    pub(super) fn wait_is_over(&mut self, frame: FrameId) -> Flow {
        let Some(state) = self.state_of(frame) else { return Ok(()) };
        let program = self.program;
        let StateKind::Wait(wait) = &program[state].kind else { return Ok(()) };
        match self.wait_output(frame, wait) {
            Ok((output, assigned)) => self.exit(frame, output, assigned, wait.next),
            Err(error) => self.fault(frame, error),
        }
    }

    fn wait_output(&self, frame: FrameId, wait: &Wait) -> Result<(Payload, Assigned), DataError> {
        let effective = self.select(frame, &wait.flow.input_path, self.raw_input(frame))?;
        let assigned = match &wait.assign {
            None => Assigned::new(),
            Some(assign) => self.assigned(assign, frame, self.scope(frame, effective.value()))?,
        };
        Ok((self.hand_on(frame, &wait.flow.output_path, wait.flow.output.as_ref(), effective)?, assigned))
    }
}
