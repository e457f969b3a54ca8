//! Task: has work done outside, attempt by attempt.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::event::{EventKind, Failure, TaskResource, TaskTimes};
use super::super::execution::{FrameId, Note, Phase};
use super::exit::{too_large, too_large_to_give};
use super::stepper::{Flow, Stepper};
use super::{Effect, PAYLOAD_BYTES_MAX, Stage, TaskKey, TaskRun, TimerKey, TimerKind};
use crate::asl::{DataError, Integration, Pattern, Resource, StateKind, Task};
use crate::clock::Timestamp;
use crate::json::Payload;

/// Random bytes of a token: nobody guesses another's.
const TOKEN_BYTES: usize = 48;

/// What an attempt is made with.
struct Prepared {
    input: Payload,
    times: TaskTimes,
    credentials_role: Option<Arc<str>>,
    token: Arc<str>,
}

impl Stepper<'_> {
    /// Starts an attempt of the Task that `frame` is in.
    pub(super) fn schedule(&mut self, frame: FrameId, task: &Task) -> Flow {
        let prepared = match self.prepare(frame, task) {
            Ok(prepared) => prepared,
            Err(error) => return self.fault(frame, error),
        };
        let Prepared { input, times, credentials_role, token } = prepared;
        let timeout_at = times.timeout_s.map(|seconds| self.env.now + Duration::from_secs(seconds));
        let note = Note::Attempt { token: token.clone(), timeout_at, heartbeat_s: times.heartbeat_s };
        let region = self.execution.start().region.clone();
        let kind = match &task.resource {
            Resource::Activity(arn) => {
                EventKind::ActivityScheduled { resource: arn.to_string().into(), input: input.clone(), times }
            }
            Resource::Lambda(arn) => EventKind::LambdaFunctionScheduled {
                resource: arn.to_string().into(),
                input: input.clone(),
                times,
                credentials_role: credentials_role.clone(),
            },
            Resource::Integration(integration) => EventKind::TaskScheduled {
                on: on(integration),
                region,
                parameters: input.clone(),
                times,
                credentials_role: credentials_role.clone(),
            },
        };
        let scheduled = self.emit_with(frame, kind, Some(note))?;
        let key = TaskKey { frame, scheduled };
        match &task.resource {
            Resource::Activity(_) => {} // Started when a worker takes it.
            Resource::Lambda(_) => {
                self.emit(frame, EventKind::LambdaFunctionStarted)?;
            }
            Resource::Integration(integration) => {
                self.emit(frame, EventKind::TaskStarted(on(integration)))?;
                if let Some(seconds) = times.heartbeat_s {
                    self.arm_heartbeat(key, seconds);
                }
            }
        }
        if let Some(at) = timeout_at {
            let key = TimerKey { frame, kind: TimerKind::TaskTimeout, stamp: scheduled };
            self.effects.push(Effect::ArmTimer { key, at });
        }
        let resource = task.resource.clone();
        self.effects.push(Effect::RunTask(TaskRun { task: key, token, resource, input, credentials_role }));
        Ok(())
    }

    fn prepare(&self, frame: FrameId, task: &Task) -> Result<Prepared, DataError> {
        if let Resource::Activity(arn) = &task.resource
            && !(self.env.activity_exists)(arn)
        {
            return Err(DataError::runtime(format!("The activity {arn} does not exist.")));
        }
        let mut bytes = [0; TOKEN_BYTES];
        self.env.ids.fill(&mut bytes);
        let token: Arc<str> = format!("{}{}", self.env.token_prefix, URL_SAFE_NO_PAD.encode(bytes)).into();
        let effective = self.select(frame, &task.flow.input_path, self.raw_input(frame))?;
        self.saw(Stage::InputPath, &effective);
        let input = match &task.flow.parameters {
            None => effective.clone(),
            Some(parameters) => {
                let scope = self.scope(frame, effective.value());
                let parameters = match waits_for_token(&task.resource) {
                    true => parameters.evaluate(&scope.with_token(&token))?,
                    false => parameters.evaluate(&scope)?,
                };
                Payload::from_value(parameters)
            }
        };
        self.saw(Stage::Parameters, &input);
        if PAYLOAD_BYTES_MAX < input.len_bytes() {
            return Err(too_large_to_give(&self.name_of(frame)));
        }
        if let Resource::Integration(integration) = &task.resource
            && let Some(reason) = (self.env.refuse_arguments)(integration, &input)
        {
            let input = input.text();
            return Err(DataError::runtime(format!(
                "The Parameters '{input}' could not be used to start the Task: [{reason}]"
            )));
        }
        let seconds = |field: &'static str, seconds: &Option<crate::asl::Seconds>| match seconds {
            None => Ok(None),
            // A literal needs no input parsed.
            Some(crate::asl::Seconds::Literal(seconds)) => Ok(Some(*seconds)),
            Some(path) => path.resolve(field, &self.scope(frame, effective.value())).map(Some),
        };
        let times = TaskTimes {
            timeout_s: seconds("TimeoutSeconds", &task.timeout)?,
            heartbeat_s: seconds("HeartbeatSeconds", &task.heartbeat)?,
        };
        let credentials_role = match &task.credentials {
            None => None,
            Some(credentials) => {
                let credentials = credentials.evaluate(&self.scope(frame, effective.value()))?;
                credentials.get("RoleArn").and_then(|role| role.as_str()).map(Arc::from)
            }
        };
        Ok(Prepared { input, times, credentials_role, token })
    }

    pub(super) fn task_started(&mut self, task: TaskKey, worker_name: Option<Arc<str>>) -> Flow {
        self.emit(task.frame, EventKind::ActivityStarted { worker_name })?;
        if let Some(seconds) = self.attempt(task).and_then(|attempt| attempt.heartbeat_s) {
            self.arm_heartbeat(task, seconds);
        }
        Ok(())
    }

    pub(super) fn task_submitted(&mut self, task: TaskKey, output: Payload) -> Flow {
        match self.resource_of(task.frame) {
            Some(Resource::Integration(integration)) => {
                let kind = EventKind::TaskSubmitted { on: on(integration), output };
                self.emit(task.frame, kind).map(|_| ())
            }
            Some(Resource::Activity(_) | Resource::Lambda(_)) | None => Ok(()),
        }
    }

    pub(super) fn task_succeeded(&mut self, task: TaskKey, output: Payload) -> Flow {
        self.forget_timers(task);
        let frame = task.frame;
        let Some(resource) = self.resource_of(frame) else { return Ok(()) };
        if PAYLOAD_BYTES_MAX < output.len_bytes() {
            // The attempt has failed, as with any other error that its worker might have had.
            let error = too_large(&shown(resource));
            let failure = Failure::new(error.name.as_str(), error.cause);
            return self.task_failed(task, failure);
        }
        let kind = match resource {
            Resource::Activity(_) => EventKind::ActivitySucceeded { output: output.clone() },
            Resource::Lambda(_) => EventKind::LambdaFunctionSucceeded { output: output.clone() },
            Resource::Integration(integration) => {
                EventKind::TaskSucceeded { on: on(integration), output: output.clone() }
            }
        };
        let done = self.emit(frame, kind)?;
        let Some(state) = self.state_of(frame) else { return Ok(()) };
        let program = self.program;
        let StateKind::Task(state) = &program[state].kind else { return Ok(()) };
        self.saw(Stage::Result, &output);
        self.result(frame, &state.flow, state.assign.as_ref(), state.next, output, done)
    }

    /// The service did not take a job, which it would have been asked about later.
    pub(super) fn task_submit_failed(&mut self, task: TaskKey, failure: Failure) -> Flow {
        match self.resource_of(task.frame) {
            Some(Resource::Integration(integration)) => {
                let kind = EventKind::TaskSubmitFailed { on: on(integration), failure: failure.clone() };
                self.attempt_failed(task, kind, failure)
            }
            Some(Resource::Activity(_) | Resource::Lambda(_)) | None => Ok(()), // They have no jobs.
        }
    }

    pub(super) fn task_failed(&mut self, task: TaskKey, failure: Failure) -> Flow {
        let Some(resource) = self.resource_of(task.frame) else { return Ok(()) };
        let kind = match resource {
            Resource::Activity(_) => EventKind::ActivityFailed(failure.clone()),
            Resource::Lambda(_) => EventKind::LambdaFunctionFailed(failure.clone()),
            Resource::Integration(integration) => {
                EventKind::TaskFailed { on: on(integration), failure: failure.clone() }
            }
        };
        self.attempt_failed(task, kind, failure)
    }

    fn attempt_failed(&mut self, task: TaskKey, kind: EventKind, failure: Failure) -> Flow {
        self.forget_timers(task);
        self.emit(task.frame, kind)?;
        let matched = failure.error.clone().unwrap_or_else(|| "States.TaskFailed".into());
        self.state_failed(task.frame, failure, &matched)
    }

    /// Ends every attempt that has taken too long, or was silent too long, by now. Those that time out together
    /// all say so before the first of them fails anything, as recorded of the iterations of a Map.
    pub(super) fn time_out_what_is_due(&mut self) -> Flow {
        let is_due = |at: Option<Timestamp>| at.is_some_and(|at| at <= self.env.now);
        let mut due = Vec::new();
        for (frame, state) in &self.execution.frames {
            let Some(Phase::Attempting(attempt)) = state.at.as_ref().map(|at| &at.phase) else { continue };
            let task = TaskKey { frame: *frame, scheduled: attempt.scheduled };
            if is_due(attempt.timeout_at) {
                due.push((task, "States.Timeout"));
            } else if is_due(attempt.heartbeat_at) {
                due.push((task, "States.HeartbeatTimeout"));
            }
        }
        for (task, _) in &due {
            self.time_out(*task)?;
        }
        for (TaskKey { frame, .. }, matched) in due {
            let at = self.execution.frames.get(&frame).and_then(|frame| frame.at.as_ref());
            // One before it may have given this one up.
            if at.is_some_and(|at| at.phase == Phase::Deciding) {
                self.state_failed(frame, Failure::timeout(), matched)?;
            }
        }
        Ok(())
    }

    /// Writes that an attempt is over. History and the error say `States.Timeout` for heartbeats too.
    fn time_out(&mut self, task: TaskKey) -> Flow {
        self.forget_timers(task);
        self.abandon(task);
        let Some(resource) = self.resource_of(task.frame) else { return Ok(()) };
        let failure = Failure::timeout();
        let kind = match resource {
            Resource::Activity(_) => EventKind::ActivityTimedOut(failure),
            Resource::Lambda(_) => EventKind::LambdaFunctionTimedOut(failure),
            Resource::Integration(integration) => EventKind::TaskTimedOut { on: on(integration), failure },
        };
        self.emit(task.frame, kind)?;
        Ok(())
    }

    pub(super) fn arm_heartbeat(&mut self, task: TaskKey, seconds: u64) {
        let due = self.env.now + Duration::from_secs(seconds);
        self.note(task.frame, Note::Heartbeat { due });
        let key = TimerKey { frame: task.frame, kind: TimerKind::Heartbeat, stamp: task.scheduled };
        self.effects.push(Effect::ArmTimer { key, at: due });
    }

    /// The attempt is over, so its timers are.
    pub(super) fn forget_timers(&mut self, task: TaskKey) {
        let Some(attempt) = self.attempt(task) else { return };
        let (timeout, heartbeat) = (attempt.timeout_at.is_some(), attempt.heartbeat_at.is_some());
        for (armed, kind) in [(timeout, TimerKind::TaskTimeout), (heartbeat, TimerKind::Heartbeat)] {
            if armed {
                let key = TimerKey { frame: task.frame, kind, stamp: task.scheduled };
                self.cancel(key);
            }
        }
    }

    fn resource_of(&self, frame: FrameId) -> Option<&'_ Resource> {
        match &self.program[self.state_of(frame)?].kind {
            StateKind::Task(task) => Some(&task.resource),
            StateKind::Pass(_)
            | StateKind::Wait(_)
            | StateKind::Succeed(_)
            | StateKind::Fail(_)
            | StateKind::Choice(_)
            | StateKind::Parallel(_)
            | StateKind::Map(_) => None,
        }
    }
}

fn on(integration: &Integration) -> TaskResource {
    TaskResource {
        resource_type: integration.service.as_str().into(),
        resource: format!("{}{}", integration.action, integration.pattern.suffix()).into(),
    }
}

fn waits_for_token(resource: &Resource) -> bool {
    matches!(resource, Resource::Integration(i) if i.pattern == Pattern::WaitForTaskToken)
}

/// A resource as `States.DataLimitExceeded` names it.
fn shown(resource: &Resource) -> String {
    match resource {
        Resource::Activity(arn) => arn.to_string(),
        Resource::Lambda(arn) => arn.to_string(),
        Resource::Integration(integration) => integration.service.clone(),
    }
}
