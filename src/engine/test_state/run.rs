//! A tested state, from entry to exit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use super::inspection::{Noted, Notes};
use super::{TestState, TestStatus, TestedState, read_items};
use crate::asl::{Program, StateId};
use crate::clock::Timestamp;
use crate::engine::calls;
use crate::engine::event::{EventKind, Failure};
use crate::engine::execution::{Ending, Execution, ExecutionStart, ExecutionStatus, FrameId, Phase};
use crate::engine::machine::{
    self, Effect, Env, Input, Limits, Mocked, ReadItems, Step, TaskKey, TaskRun, TimerKey, TimerKind, Trial,
};
use crate::engine::open::Engine;
use crate::engine::tasks::HttpExchange;
use crate::json::Payload;

/// How long a test may take.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>
const TEST_MAX: Duration = Duration::from_secs(300);

/// One state at a time: the machine gives way before it would enter the next one.
const LIMITS: Limits = Limits { step_entries_max: 1, ..Limits::EXPRESS };

/// All that a test is made of.
pub(super) struct Run {
    pub(super) test: TestState,
    pub(super) program: Program,
    pub(super) state: StateId,
    pub(super) input: Payload,
    pub(super) variables: BTreeMap<Arc<str>, Payload>,
    pub(super) mock: Option<Mocked>,
    pub(super) context: Option<Value>,
}

/// How a state was left.
enum Left {
    To(Option<Arc<str>>, Payload),
    Ended(Ending),
    Retrying,
}

/// What came of a task.
type Answer = (Input, Option<HttpExchange>);

impl Engine {
    /// Runs the state; also how many iterations it has, if it is a Map.
    pub(super) async fn run_test(&self, mut run: Run) -> (TestedState, Option<usize>) {
        run.program.start_at = run.state;
        let (run, notes) = (Arc::new(run), Arc::new(Notes::default()));
        let start = self.test_start(&run);
        let deadline = start.started + TEST_MAX;
        let mut variables = run.variables.clone();
        let mut execution = Execution::with_variables(start, variables.clone());
        let mut timers: BTreeMap<TimerKey, Timestamp> = BTreeMap::new();
        let (answers, mut inbox) = mpsc::unbounded_channel::<Answer>();
        let (mut exchange, mut is_entered, mut input) = (None, false, Input::Start);
        let left = loop {
            let decide = {
                let (run, notes) = (run.clone(), notes.clone());
                move |engine: &Self| (engine.step_of(&run, &notes, &mut execution, input), execution)
            };
            let Step { entries, effects, outcome: _ } =
                match self.inner.evaluations.decide(self, &run.program, decide).await {
                    Ok((step, decided)) => {
                        execution = decided;
                        step
                    }
                    // It panicked, or the process ends.
                    Err(_) => {
                        break Left::Ended(
                            self.failed_test(Failure::new("States.Runtime", "Internal Error")),
                        );
                    }
                };
            for entry in entries {
                if let Some(EventKind::StateExited { assigned, .. }) = entry.event.map(|event| event.kind) {
                    variables.extend(assigned);
                }
            }
            let mut next = None;
            for effect in effects {
                match effect {
                    // The machine's own time is not the state's.
                    Effect::ArmTimer { key, .. } if key.kind == TimerKind::Execution => {}
                    Effect::ArmTimer { key, .. } if key.kind == TimerKind::Resume && !is_entered => {
                        is_entered = true;
                        next = Some(Input::TimerFired(key));
                    }
                    Effect::ArmTimer { key, at } => {
                        timers.insert(key, at);
                    }
                    Effect::CancelTimer(key) => {
                        timers.remove(&key);
                    }
                    Effect::RunTask(task) => match &run.mock {
                        Some(mock) => next = Some(mocked(task.task, mock)),
                        None => self.call_for_test(&run, &execution, task, answers.clone()),
                    },
                    Effect::AbandonTask(_) => {} // Its result will be stale.
                    Effect::Ended(_) => {}       // Seen below.
                    // What a Map or Parallel would begin is mocked.
                    Effect::StartMapRun(_)
                    | Effect::ReadItems(_)
                    | Effect::CountItems { .. }
                    | Effect::LoadItems { .. }
                    | Effect::StartChild(_)
                    | Effect::StopChildren(_)
                    | Effect::WriteResults(_)
                    | Effect::RedriveMapRun { .. }
                    | Effect::RedriveChild { .. }
                    | Effect::EndMapRun { .. }
                    | Effect::Redriven { .. } => {}
                }
            }
            if let Some(next) = next {
                input = next;
                continue;
            }
            if let Some(left) = left(&execution) {
                break left;
            }
            let due = timers.iter().map(|(key, at)| (*at, *key)).min();
            let until = due.map_or(deadline, |(at, _)| at.min(deadline));
            input = tokio::select! {
                Some((input, told)) = inbox.recv() => {
                    exchange = told;
                    input
                }
                () = self.inner.base.clock.sleep_until(until) => match due {
                    Some((at, key)) if at <= deadline => {
                        timers.remove(&key);
                        Input::TimerFired(key)
                    }
                    _ => break Left::Ended(self.failed_test(Failure::timeout())),
                },
            };
        };
        let mut noted = notes.take();
        noted.inspection.input = run.input.clone();
        let members = variables.iter().map(|(name, value)| (name.to_string(), value.value().clone()));
        noted.inspection.variables =
            (!variables.is_empty()).then(|| Payload::from_value(Value::Object(members.collect())));
        let iterations = noted.iterations;
        (tested(left, noted, exchange), iterations)
    }

    /// What the execution would be that the state is part of; AWS makes up such names too.
    fn test_start(&self, run: &Run) -> ExecutionStart {
        let home = &run.test.home;
        let (machine, name) =
            (self.inner.base.ids.uuid().to_string(), self.inner.base.ids.uuid().to_string());
        let prefix = format!("arn:{}:states:{}:{}", home.region.partition(), home.region, home.account);
        ExecutionStart {
            arn: format!("{prefix}:express:{machine}:{name}").into(),
            name: name.into(),
            input: run.input.clone(),
            role_arn: run.test.role_arn.as_deref().unwrap_or_default().into(),
            state_machine_arn: format!("{prefix}:stateMachine:{machine}").into(),
            state_machine_name: machine.into(),
            version_arn: None,
            alias_arn: None,
            region: home.region.as_str().into(),
            started: self.inner.base.now(),
            is_synchronous: true,
        }
    }

    fn step_of(&self, run: &Run, notes: &Notes, execution: &mut Execution, input: Input) -> Step {
        let test = &run.test;
        let data = test.map_item_reader_data.as_deref();
        let read = |source: &_, max_items| read_items(data.unwrap_or_default(), source, max_items);
        let trial = Trial {
            inspector: notes,
            context: run.context.as_ref(),
            retries: test.retrier_retry_count.unwrap_or(0),
            mock: run.mock.as_ref(),
            failed_iterations: test.map_iteration_failure_count,
            items: data.map(|_| &read as &ReadItems<'_>),
        };
        self.with_env(0, &test.home, LIMITS, false, |env| {
            let mut env = Env { trial: Some(&trial), ..*env };
            if run.mock.is_some() {
                // Nobody is called.
                env.activity_exists = &|_: &_| true;
                env.refuse_arguments = &|_: &_, _: &_| None;
            }
            machine::step(&run.program, execution, input, &env)
        })
    }

    /// Calls a service as an Express execution would.
    fn call_for_test(
        &self,
        run: &Run,
        execution: &Execution,
        task: TaskRun,
        answers: mpsc::UnboundedSender<Answer>,
    ) {
        let (engine, key) = (self.clone(), task.task);
        let (call, pattern) = calls::call_of(run.test.home.clone(), execution.start(), None, task);
        let reveal_secrets = run.test.trace.then_some(run.test.reveal_secrets);
        tokio::spawn(async move {
            if let Some((result, exchange)) = engine.answer_of(call, reveal_secrets).await {
                // The test may have ended meanwhile.
                let _ = answers.send((calls::input_of(key, pattern, result), exchange));
            }
        });
    }

    fn failed_test(&self, failure: Failure) -> Ending {
        Ending { status: ExecutionStatus::Failed, stopped: self.inner.base.now(), output: None, failure }
    }
}

fn mocked(task: TaskKey, mock: &Mocked) -> Input {
    match mock {
        Ok(output) => Input::TaskSucceeded { task, output: output.clone() },
        Err(failure) => Input::TaskFailed { task, failure: failure.clone() },
    }
}

/// How the state was left, once it was.
fn left(execution: &Execution) -> Option<Left> {
    if let Some(ending) = execution.ending() {
        return Some(Left::Ended(ending.clone()));
    }
    let frame = execution.frames.get(&FrameId::ROOT)?;
    if let Some(paused) = &frame.paused {
        return Some(Left::To(Some(paused.next.state.clone()), paused.next.input.clone()));
    }
    matches!(frame.at.as_ref()?.phase, Phase::Retrying { .. }).then_some(Left::Retrying)
}

fn tested(left: Left, noted: Noted, exchange: Option<HttpExchange>) -> TestedState {
    let Noted { inspection, failure, iterations: _ } = noted;
    let was_caught = inspection.error_details.is_some_and(|details| details.catch_index.is_some());
    let (status, output, failure, next_state) = match left {
        Left::To(next, output) if was_caught => (TestStatus::CaughtError, Some(output), failure, next),
        Left::To(next, output) => (TestStatus::Succeeded, Some(output), Failure::default(), next),
        Left::Retrying => (TestStatus::Retriable, None, failure, None),
        Left::Ended(ending) => match ending.status {
            ExecutionStatus::Succeeded => (TestStatus::Succeeded, ending.output, Failure::default(), None),
            ExecutionStatus::Running
            | ExecutionStatus::PendingRedrive
            | ExecutionStatus::Failed
            | ExecutionStatus::TimedOut
            | ExecutionStatus::Aborted => (TestStatus::Failed, None, ending.failure, None),
        },
    };
    TestedState { status, output, failure, next_state, inspection, exchange }
}
