//! An execution's state: a fold over its journal, and nothing but that.
//!
//! [`Execution::apply`] is the only way to change one. The machine decides, writes down what it decided as
//! [`Entry`]s and applies them; recovery applies the same entries read back. So what lives in memory and what
//! the journal tells can't drift.

mod entry;
mod fork;
mod frame;
mod map_run;
mod redrive;

pub use entry::{Entry, Next, Note};
pub use fork::Fork;
pub use frame::FrameId;
pub(super) use frame::{At, Attempt, Frame, Paused, Phase};
pub use map_run::{BatchBounds, ChildEnd, MapRunAttempt, MapRunKey, MapRunLimits, Reading, Sources, Writing};
pub(crate) use map_run::{MapRun, STATE_DATA};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::{EventKind, Failure, HistoryEvent};
use crate::asl::Program;
use crate::clock::Timestamp;
use crate::json::Payload;

/// Largest input, output or result, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 262_144;

/// What an execution is started with; never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutionStart {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The input as it came.
    pub input: Payload,
    /// The role it runs under.
    pub role_arn: Arc<str>,
    /// The machine's ARN.
    pub state_machine_arn: Arc<str>,
    /// The machine's name.
    pub state_machine_name: Arc<str>,
    /// The version's ARN, if it was started by one or through an alias.
    pub version_arn: Option<Arc<str>>,
    /// The alias's ARN, if it was started through one.
    pub alias_arn: Option<Arc<str>>,
    /// The region, which tasks are called in.
    pub region: Arc<str>,
    /// When it was started.
    pub started: Timestamp,
    /// Whether somebody waits for its end: StartSyncExecution. Its context object then counts no redrives.
    pub is_synchronous: bool,
}

/// How an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionStatus {
    /// It goes on.
    Running,
    /// It ended well.
    Succeeded,
    /// It failed.
    Failed,
    /// The machine's time was over.
    TimedOut,
    /// It was stopped.
    Aborted,
    /// It ended otherwise than well, and is about to go on: the child of a Map Run that was redriven.
    PendingRedrive,
}

impl ExecutionStatus {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
            Self::PendingRedrive => "PENDING_REDRIVE",
        }
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// Any but `Running`.
    pub status: ExecutionStatus,
    /// When.
    pub stopped: Timestamp,
    /// The output of one that succeeded.
    pub output: Option<Payload>,
    /// The error of one that failed or was stopped. One that timed out has none, as on AWS.
    pub failure: Failure,
}

/// The state of one execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    pub(super) start: ExecutionStart,
    pub(super) ending: Option<Ending>,
    /// The id of the last event.
    pub(super) last_event_id: u64,
    pub(super) frames: BTreeMap<FrameId, Frame>,
    next_frame: u32,
    /// How many entries the journal has: what tells one delay of a frame from another.
    n_entries: u64,
    /// The frames as they stood when the execution ended otherwise than well.
    unsuccessful: BTreeMap<FrameId, Frame>,
    redrive_count: u32,
    redriven: Option<Timestamp>,
}

impl Execution {
    /// One of which nothing is journaled yet.
    pub fn new(start: ExecutionStart) -> Self {
        let root = Frame::new(None, 0, 0);
        Self {
            start,
            ending: None,
            last_event_id: 0,
            frames: BTreeMap::from([(FrameId::ROOT, root)]),
            next_frame: 1,
            n_entries: 0,
            unsuccessful: BTreeMap::new(),
            redrive_count: 0,
            redriven: None,
        }
    }

    /// The same with variables that its machine has from the start.
    pub(super) fn with_variables(start: ExecutionStart, variables: BTreeMap<Arc<str>, Payload>) -> Self {
        let mut execution = Self::new(start);
        if let Some(root) = execution.frames.get_mut(&FrameId::ROOT) {
            root.variables = variables;
        }
        execution
    }

    /// What it was started with.
    pub fn start(&self) -> &ExecutionStart {
        &self.start
    }

    /// How it ended; `None` while it runs.
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// How many events it has.
    pub fn event_count(&self) -> u64 {
        self.last_event_id
    }

    /// How often it was redriven.
    pub fn redrive_count(&self) -> u32 {
        self.redrive_count
    }

    /// When it was redriven the last time.
    pub fn redriven(&self) -> Option<Timestamp> {
        self.redriven
    }

    /// The frame that the next branch or iteration will get.
    pub(super) fn next_frame(&self) -> FrameId {
        FrameId(self.next_frame)
    }

    /// Takes in one entry of the journal. Entries come in the order in which they were written; what does not
    /// fit is a broken invariant of the writer and changes nothing.
    pub fn apply(&mut self, program: &Program, entry: &Entry) {
        self.n_entries += 1;
        if let Some(event) = &entry.event {
            self.last_event_id = event.id;
            if event.kind.advances()
                && let Some(frame) = self.frames.get_mut(&entry.frame)
            {
                frame.tail = event.id;
            }
            self.apply_event(program, entry.frame, event);
        }
        if let Some(note) = &entry.note {
            self.apply_note(entry, note);
        }
    }

    fn apply_event(&mut self, program: &Program, id: FrameId, event: &HistoryEvent) {
        let (now, kind) = (event.timestamp, &event.kind);
        let end = |status, output: Option<&Payload>, failure: &Failure| Ending {
            status,
            stopped: now,
            output: output.cloned(),
            failure: failure.clone(),
        };
        let none = Failure::default();
        match kind {
            EventKind::ExecutionSucceeded { output } => {
                self.end(end(ExecutionStatus::Succeeded, Some(output), &none));
            }
            EventKind::ExecutionFailed(failure) => self.end(end(ExecutionStatus::Failed, None, failure)),
            EventKind::ExecutionAborted(failure) => self.end(end(ExecutionStatus::Aborted, None, failure)),
            EventKind::ExecutionTimedOut(_) => self.end(end(ExecutionStatus::TimedOut, None, &none)),
            EventKind::ExecutionRedriven { redrive_count } => self.take_up_again(*redrive_count, now),
            EventKind::StateEntered { name, input, .. } => {
                let (Some(state), Some(frame)) = (program.find(name), self.frames.get_mut(&id)) else {
                    return;
                };
                frame.at = Some(At::new(state, event, input.clone()));
                frame.paused = None;
            }
            EventKind::StateExited { output, assigned, .. } => {
                let Some(frame) = self.frames.get_mut(&id) else { return };
                frame.at = None;
                if frame.parent.is_some() {
                    frame.output = Some(output.clone());
                }
                for (name, value) in assigned {
                    frame.variables.insert(name.clone(), value.clone());
                }
            }
            EventKind::ParallelStateStarted => self.compose(id, Phase::composite(0)),
            EventKind::MapStateStarted { length } => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                self.compose(id, Phase::composite(length));
            }
            EventKind::ActivityStarted { .. } => {
                if let Some(attempt) = self.attempt_mut(id) {
                    attempt.started = true;
                }
            }
            EventKind::TaskSubmitted { .. } => {
                if let Some(attempt) = self.attempt_mut(id) {
                    attempt.submitted = true;
                }
            }
            EventKind::ActivitySucceeded { .. }
            | EventKind::ActivityFailed(_)
            | EventKind::ActivityTimedOut(_)
            | EventKind::LambdaFunctionSucceeded { .. }
            | EventKind::LambdaFunctionFailed(_)
            | EventKind::LambdaFunctionTimedOut(_)
            | EventKind::TaskSucceeded { .. }
            | EventKind::TaskFailed { .. }
            | EventKind::TaskSubmitFailed { .. }
            | EventKind::TaskTimedOut { .. }
            | EventKind::MapRunSucceeded => self.compose(id, Phase::Deciding),
            EventKind::MapRunFailed(_) => self.set_map_run_aside(id),
            EventKind::MapRunRedriven { redrive_count, .. } => self.map_run_redriven(id, *redrive_count),
            // The frames of what was given up go with the note beside the event.
            EventKind::ExecutionStarted { .. }
            | EventKind::StateAborted(_)
            | EventKind::ParallelStateSucceeded
            | EventKind::ParallelStateFailed
            | EventKind::MapStateSucceeded
            | EventKind::MapStateFailed
            | EventKind::MapRunStarted { .. }
            | EventKind::MapRunAborted
            | EventKind::MapIterationStarted(_)
            | EventKind::MapIterationSucceeded(_)
            | EventKind::MapIterationFailed(_)
            | EventKind::MapIterationAborted(_)
            | EventKind::ActivityScheduled { .. }
            | EventKind::LambdaFunctionScheduled { .. }
            | EventKind::LambdaFunctionStarted
            | EventKind::TaskScheduled { .. }
            | EventKind::TaskStarted(_)
            | EventKind::EvaluationFailed { .. } => {}
        }
    }

    fn apply_note(&mut self, entry: &Entry, note: &Note) {
        let scheduled = entry.event.as_ref().map_or(0, |event| event.id);
        match note {
            Note::Waiting { until } => self.compose(entry.frame, Phase::Waiting { until: *until }),
            Note::Retrying { retrier, at } => {
                let Some(here) = self.frames.get_mut(&entry.frame).and_then(|f| f.at.as_mut()) else {
                    return;
                };
                if here.retries.len() <= *retrier {
                    here.retries.resize(retrier + 1, 0);
                }
                here.retries[*retrier] += 1;
                here.retry_count += 1;
                here.phase = Phase::Retrying { at: *at, stamp: self.n_entries };
                // The next attempt begins from the start.
                here.set_aside = None;
            }
            Note::Attempt { token, timeout_at, heartbeat_s } => {
                let attempt = Attempt {
                    scheduled,
                    token: token.clone(),
                    timeout_at: *timeout_at,
                    heartbeat_s: *heartbeat_s,
                    heartbeat_at: None,
                    started: false,
                    submitted: false,
                };
                self.compose(entry.frame, Phase::Attempting(attempt));
            }
            Note::Heartbeat { due } => {
                if let Some(attempt) = self.attempt_mut(entry.frame) {
                    attempt.heartbeat_at = Some(*due);
                }
            }
            Note::Items { items: kept } => {
                let at = self.frames.get_mut(&entry.frame).and_then(|frame| frame.at.as_mut());
                if let Some(Phase::Composite { items, .. }) = at.map(|at| &mut at.phase) {
                    *items = Some(kept.clone());
                }
            }
            Note::Child { index } => {
                let tail = self.frames.get(&entry.frame).map_or(0, |parent| parent.tail);
                // A Map's iteration hangs below its own MapIterationStarted, which stands in this entry.
                let tail = if scheduled == 0 { tail } else { scheduled };
                let child = FrameId(self.next_frame);
                self.next_frame += 1;
                self.frames.insert(child, Frame::new(Some(entry.frame), *index, tail));
                let parent = self.frames.get_mut(&entry.frame).and_then(|parent| parent.at.as_mut());
                if let Some(Phase::Composite { results, open, begun, .. }) = parent.map(|at| &mut at.phase) {
                    if results.len() <= *index {
                        results.resize(index + 1, None);
                    }
                    *open += 1;
                    *begun += 1;
                }
            }
            Note::Forked { variables, output } => {
                if let Some(frame) = self.frames.get_mut(&entry.frame) {
                    frame.variables.clone_from(variables);
                    frame.output.clone_from(output);
                }
            }
            Note::ChildEnded => self.child_ended(entry.frame, entry.event.as_ref().map(|event| event.id)),
            Note::GivenUp => self.give_up_below(entry.frame),
            Note::Paused { next } => {
                let stamp = self.n_entries;
                if let Some(frame) = self.frames.get_mut(&entry.frame) {
                    frame.paused = Some(Paused { next: next.clone(), stamp });
                }
            }
            Note::MapRun { .. } => {
                let arn = match entry.event.as_ref().map(|event| &event.kind) {
                    Some(EventKind::MapRunStarted { map_run_arn }) => map_run_arn.clone(),
                    Some(_) | None => "".into(),
                };
                self.map_run_started(entry.frame, (scheduled, arn), note);
            }
            Note::MapItems { items, sources } => self.map_items_read(entry.frame, items, sources),
            Note::MapItemsStored { length } => self.map_items_stored(entry.frame, *length),
            Note::MapChild { n_items } => self.map_children_started(entry.frame, 1, *n_items),
            Note::MapChildren { n } => self.map_children_started(entry.frame, *n, 1),
            Note::MapChildRedriven { index } => self.map_child_redriven(entry.frame, *index),
            Note::MapChildrenEnded { status, places } => {
                for index in places.iter().flat_map(|(first, last)| *first..=*last) {
                    self.map_child_ended(entry.frame, index, *status, None);
                }
            }
            Note::MapRunClosing { failure } => self.map_run_closing(entry.frame, failure.as_ref()),
            Note::MapChildEnded { index, status, output } => {
                self.map_child_ended(entry.frame, *index, *status, output.as_ref());
            }
            Note::MapRunUpdated { limits } => self.map_run_updated(entry.frame, *limits),
            Note::Tail { event_id } => {
                if let Some(frame) = self.frames.get_mut(&entry.frame) {
                    frame.tail = *event_id;
                }
            }
        }
    }

    /// A branch or iteration is done: its parent keeps the result and goes on from the branch's last event. A Map
    /// that is done with it goes on from `succeeded`, its MapIterationSucceeded, as recorded; the next iteration
    /// doesn't.
    fn child_ended(&mut self, id: FrameId, succeeded: Option<u64>) {
        let Some(child) = self.frames.remove(&id) else { return };
        let Some(parent) = child.parent.and_then(|parent| self.frames.get_mut(&parent)) else { return };
        parent.tail = child.tail;
        if let Some(Phase::Composite { results, open, begun, .. }) =
            parent.at.as_mut().map(|at| &mut at.phase)
        {
            if let Some(slot) = results.get_mut(child.index) {
                *slot = child.output;
            }
            *open = open.saturating_sub(1);
            if let (Some(succeeded), 0) = (succeeded, *open)
                && *begun == results.len()
            {
                parent.tail = succeeded;
            }
        }
    }

    fn compose(&mut self, id: FrameId, phase: Phase) {
        if let Some(at) = self.frames.get_mut(&id).and_then(|frame| frame.at.as_mut()) {
            at.phase = phase;
        }
    }

    fn attempt_mut(&mut self, id: FrameId) -> Option<&mut Attempt> {
        match self.frames.get_mut(&id)?.at.as_mut()?.phase {
            Phase::Attempting(ref mut attempt) => Some(attempt),
            _ => None,
        }
    }

    /// Children in the order of their branches.
    pub(super) fn children(&self, id: FrameId) -> Vec<FrameId> {
        let mut children: Vec<(usize, FrameId)> = self
            .frames
            .iter()
            .filter(|(_, frame)| frame.parent == Some(id))
            .map(|(child, frame)| (frame.index, *child))
            .collect();
        children.sort_unstable();
        children.into_iter().map(|(_, child)| child).collect()
    }

    fn end(&mut self, ending: Ending) {
        let frames = std::mem::take(&mut self.frames);
        if ending.status != ExecutionStatus::Succeeded {
            self.unsuccessful = frames;
        }
        self.ending = Some(ending);
    }

    /// The value of a variable as `id` sees it: its own scope, then the scopes around it.
    pub(super) fn variable(&self, mut id: FrameId, name: &str) -> Option<&Value> {
        loop {
            let frame = self.frames.get(&id)?;
            match frame.variables.get(name) {
                Some(value) => return Some(value.value()),
                None => id = frame.parent?,
            }
        }
    }

    /// The items of the Map that `id` is in, if the fold keeps them.
    pub(super) fn kept_items(&self, id: FrameId) -> Option<&Payload> {
        match &self.frames.get(&id)?.at.as_ref()?.phase {
            Phase::Composite { items, .. } => items.as_ref(),
            Phase::Deciding
            | Phase::Waiting { .. }
            | Phase::Retrying { .. }
            | Phase::Attempting(_)
            | Phase::MapRun(_) => None,
        }
    }

    /// The size of all variables that there are, as JSON.
    pub(super) fn variables_bytes(&self) -> usize {
        self.frames.values().flat_map(|frame| frame.variables.values()).map(Payload::len_bytes).sum()
    }
}
