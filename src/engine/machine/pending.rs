//! What an execution waits for.

use std::time::Duration;

use super::super::execution::{Execution, FrameId, MapRunKey, Phase};
use super::{Effect, ItemsRequest, TaskKey, TimerKey, TimerKind};
use crate::asl::{Program, Resource, StateKind};

/// Every timer that should be armed. Tasks are rows of their own and need no arming.
pub(super) fn pending(program: &Program, execution: &Execution) -> Vec<Effect> {
    let mut effects = Vec::new();
    if execution.ending().is_some() {
        return effects;
    }
    let mut arm = |frame, kind, stamp, at| {
        effects.push(Effect::ArmTimer { key: TimerKey { frame, kind, stamp }, at });
    };
    if let Some(seconds) = program.timeout_seconds {
        let since = execution.redriven().unwrap_or_else(|| execution.start().started);
        let stamp = execution.redrive_count().into();
        arm(FrameId::ROOT, TimerKind::Execution, stamp, since + Duration::from_secs(seconds));
    }
    for (frame, paused) in execution.frames.iter().filter_map(|(id, f)| Some((*id, f.paused.as_ref()?))) {
        arm(frame, TimerKind::Resume, paused.stamp, execution.start().started);
    }
    for (frame, at) in execution.frames.iter().filter_map(|(id, frame)| Some((*id, frame.at.as_ref()?))) {
        match &at.phase {
            Phase::Waiting { until } => arm(frame, TimerKind::Wait, at.entered_event, *until),
            Phase::Retrying { at, stamp } => arm(frame, TimerKind::Retry, *stamp, *at),
            Phase::Attempting(attempt) => {
                if let Some(at) = attempt.timeout_at {
                    arm(frame, TimerKind::TaskTimeout, attempt.scheduled, at);
                }
                if let Some(at) = attempt.heartbeat_at {
                    arm(frame, TimerKind::Heartbeat, attempt.scheduled, at);
                }
            }
            Phase::MapRun(run) => {
                if run.has_room() {
                    arm(frame, TimerKind::MapRun, run.stamp(), at.entered);
                }
            }
            Phase::Deciding | Phase::Composite { .. } => {}
        }
    }
    effects
}

impl Execution {
    /// The attempts that somebody works on, with their tokens: what a restart hands out again.
    pub fn attempts(&self) -> impl Iterator<Item = (TaskKey, &str)> {
        self.frames.iter().filter_map(|(frame, state)| match &state.at.as_ref()?.phase {
            Phase::Attempting(attempt) => {
                Some((TaskKey { frame: *frame, scheduled: attempt.scheduled }, &*attempt.token))
            }
            Phase::Deciding
            | Phase::Waiting { .. }
            | Phase::Retrying { .. }
            | Phase::Composite { .. }
            | Phase::MapRun(_) => None,
        })
    }

    /// The items that a Map Run waits for: what a restart reads again.
    pub fn items_request(&self, program: &Program, key: MapRunKey) -> Option<ItemsRequest> {
        let reading = self.map_run_of(key)?.reading.clone()?;
        let at = self.frames.get(&key.frame)?.at.as_ref()?;
        let StateKind::Map(map) = &program[at.state].kind else { return None };
        let source = map.distributed.as_ref()?.reader.as_ref()?.source.clone();
        Some(ItemsRequest { key, source, reading })
    }

    /// Who works on the attempt `task`, if it is still the current one.
    pub fn resource_of<'p>(&self, program: &'p Program, task: TaskKey) -> Option<&'p Resource> {
        let at = self.frames.get(&task.frame)?.at.as_ref()?;
        match (&program[at.state].kind, &at.phase) {
            (StateKind::Task(state), Phase::Attempting(attempt)) if attempt.scheduled == task.scheduled => {
                Some(&state.resource)
            }
            _ => None,
        }
    }
}
