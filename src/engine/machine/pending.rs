//! What an execution waits for.

use std::time::Duration;

use super::super::execution::{Execution, FrameId, MapRun, MapRunKey, Phase};
use super::map_run::BEGUN_AT_ONCE;
use super::{Effect, ItemsRequest, ResultsRequest, TaskKey, TimerKey, TimerKind};
use crate::asl::{Distributed, Program, Resource, StateKind};

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
                if run.has_room() && !(run.is_stored && run.to_redrive.is_empty()) {
                    arm(frame, TimerKind::MapRun, run.stamp(), at.entered);
                }
            }
            Phase::Deciding | Phase::Composite { .. } => {}
        }
    }
    effects
}

impl MapRun {
    /// What loads the items of the children that may begin next.
    pub(super) fn loading(&self, frame: FrameId) -> Option<Effect> {
        let key = MapRunKey { frame, started: self.started };
        let n_children = self.limit().checked_sub(self.open.len())?.min(BEGUN_AT_ONCE);
        let n_each = match self.batch {
            None => 1,
            Some(bounds) => {
                bounds.max_items.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX))
            }
        };
        Some(Effect::LoadItems { key, first: self.next_item, n: n_children.saturating_mul(n_each) })
    }
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

    fn distributed<'p>(&self, program: &'p Program, key: MapRunKey) -> Option<&'p Distributed> {
        let at = self.frames.get(&key.frame)?.at.as_ref()?;
        let StateKind::Map(map) = &program[at.state].kind else { return None };
        map.distributed.as_ref()
    }

    /// The items that a Map Run waits for: what a restart reads again.
    pub fn items_request(&self, program: &Program, key: MapRunKey) -> Option<ItemsRequest> {
        let run = self.map_run_of(key)?;
        let reading = run.reading.clone()?;
        let source = self.distributed(program, key)?.reader.as_ref()?.source.clone();
        Some(ItemsRequest { attempt: run.attempt(key.frame), source, reading })
    }

    /// The results that a Map Run waits to have written: what a restart writes again.
    pub fn results_request(&self, program: &Program, key: MapRunKey) -> Option<ResultsRequest> {
        let run = self.map_run_of(key)?;
        if run.closing.is_none() || !run.open.is_empty() {
            return None;
        }
        let writer = self.distributed(program, key)?.writer.as_ref()?;
        Some(ResultsRequest {
            attempt: run.attempt(key.frame),
            writing: run.writing.clone()?,
            transformation: writer.transformation,
            output_type: writer.output_type,
            next_item: run.next_item,
            items: run.items.clone(),
        })
    }

    /// What else a Map Run waits for that is no timer and no child's end: what a restart asks for again.
    pub fn map_run_wants(&self, program: &Program, key: MapRunKey) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Some(run) = self.map_run_of(key) else { return effects };
        effects.extend(self.items_request(program, key).map(|request| Effect::ReadItems(Box::new(request))));
        effects.extend(
            self.results_request(program, key).map(|request| Effect::WriteResults(Box::new(request))),
        );
        if run.closing.is_some() && !run.open.is_empty() {
            effects.push(Effect::StopChildren(run.attempt(key.frame)));
        }
        if run.is_stored && run.to_redrive.is_empty() && run.has_room() {
            effects.extend(run.loading(key.frame));
        }
        // Those that were redriven and have not got to it yet.
        if 0 < run.redrive_count {
            effects.extend(
                run.open
                    .keys()
                    .map(|index| Effect::RedriveChild { attempt: run.attempt(key.frame), index: *index }),
            );
        }
        effects
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
