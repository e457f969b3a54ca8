//! Running an execution in memory, without a journal: an Express one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::billing::Memory;
use super::event::Failure;
use super::execution::{Ending, Execution, ExecutionStart, ExecutionStatus, FrameId};
use super::express_kept::Kept;
use super::logging::LogPlan;
use super::machine::{self, Effect, Input, Limits, Step, TaskRun, TimerKey, TimerKind};
use super::open::Engine;
use super::{Error, calls};
use crate::asl::Program;
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::store;

/// What an Express execution is run with.
pub(super) struct InMemory {
    pub(super) program: Arc<Program>,
    pub(super) home: AccountRegion,
    pub(super) log: Option<Arc<LogPlan>>,
    /// The trace header that it was started with.
    pub(super) trace_header: Option<Arc<str>>,
    /// How long it is kept after its end, if its machine asks for that …
    pub(super) express_history: Option<Duration>,
    /// … and where, once it has begun.
    pub(super) kept: OnceLock<Kept>,
    /// How much memory it is billed for, if somebody is told.
    pub(super) memory: Option<Arc<Mutex<Memory>>>,
    pub(super) start: ExecutionStart,
}

impl InMemory {
    /// Begins to keep it, if it is to be: once its start is durable, as nobody may see one that was never started.
    pub(super) fn keep(&self, engine: &Engine) {
        if let Some(retention) = self.express_history {
            let trace_header = self.trace_header.as_deref().map(str::to_owned);
            self.kept
                .get_or_init(|| engine.inner.express_kept.begin(self.start.clone(), trace_header, retention));
        }
    }

    /// Tells what a step did to those who want to know.
    pub(super) fn tell(&self, engine: &Engine, step: &Step) {
        if let Some(plan) = &self.log {
            let events = step.entries.iter().filter_map(|entry| entry.event.as_ref());
            plan.log(&*engine.inner.logs, &self.start.arn, 0, events);
        }
        if let Some(kept) = self.kept.get() {
            kept.step(&step.entries);
        }
        if let Some(memory) = &self.memory {
            memory.lock().unwrap_or_else(PoisonError::into_inner).step(&step.entries);
        }
    }

    /// Tells how it has ended.
    pub(super) fn end(&self, ending: &Ending) {
        if let Some(kept) = self.kept.get() {
            kept.end(ending);
        }
    }
}

/// One that has taken its first step.
pub(super) struct Begun {
    pub(super) execution: Execution,
    pub(super) step: Step,
}

impl Begun {
    /// How it has ended, if it has.
    pub(super) fn ending(&self) -> Option<&Ending> {
        self.step.effects.iter().find_map(|effect| match effect {
            Effect::Ended(ending) => Some(ending),
            _ => None,
        })
    }
}

impl Engine {
    /// The first step of a run, taken at once: of a program without expressions that could hold the caller up.
    pub(super) fn begin_in_memory(&self, run: &InMemory) -> Begun {
        let mut execution = Execution::new(run.start.clone());
        let step = self.step_in_memory(run, &mut execution, Input::Start);
        Begun { execution, step }
    }

    fn step_in_memory(&self, run: &InMemory, execution: &mut Execution, input: Input) -> Step {
        self.with_env(0, &run.home, Limits::EXPRESS, false, |env| {
            machine::step(&run.program, execution, input, env)
        })
    }

    /// Runs an Express execution, or goes on with one that has `begun`, to its end; `None` if the process ends before.
    pub(super) async fn run_in_memory(&self, run: &Arc<InMemory>, begun: Option<Begun>) -> Option<Ending> {
        let ending = self.run_to_end(run, begun).await?;
        run.end(&ending);
        Some(ending)
    }

    async fn run_to_end(&self, run: &Arc<InMemory>, begun: Option<Begun>) -> Option<Ending> {
        let deadline = run.start.started + self.inner.base.options.express_timeout;
        let (mut execution, mut taken) = match begun {
            None => (Execution::new(run.start.clone()), None),
            Some(Begun { execution, step }) => (execution, Some(step)),
        };
        let mut timers: BTreeMap<TimerKey, Timestamp> = BTreeMap::new();
        let (results, mut inbox) = mpsc::unbounded_channel();
        let mut input = Input::Start;
        loop {
            let step = match taken.take() {
                Some(step) => step,
                None => {
                    let of = run.clone();
                    let decide = move |engine: &Self| {
                        let step = engine.step_in_memory(&of, &mut execution, input);
                        (step, execution)
                    };
                    match self.inner.evaluations.decide(self, &run.program, decide).await {
                        Ok((step, decided)) => {
                            execution = decided;
                            step
                        }
                        Err(Error::Store(store::Error::Closed)) => return None,
                        // It panicked.
                        Err(_) => return Some(internal(self.inner.base.now())),
                    }
                }
            };
            run.tell(self, &step);
            for effect in step.effects {
                match effect {
                    Effect::ArmTimer { key, at } => {
                        timers.insert(key, at);
                    }
                    Effect::CancelTimer(key) => {
                        timers.remove(&key);
                    }
                    Effect::RunTask(task) => self.call_in_memory(run, task, results.clone()),
                    Effect::AbandonTask(_) => {}  // Its result will be stale.
                    Effect::Redriven { .. } => {} // None ever is.
                    // A definition with a Map in DISTRIBUTED mode is refused.
                    Effect::StartMapRun(_)
                    | Effect::ReadItems(_)
                    | Effect::CountItems { .. }
                    | Effect::LoadItems { .. }
                    | Effect::StartChild(_)
                    | Effect::StopChildren(_)
                    | Effect::WriteResults(_)
                    | Effect::RedriveMapRun { .. }
                    | Effect::RedriveChild { .. }
                    | Effect::EndMapRun { .. } => {}
                    Effect::Ended(ending) => return Some(ending),
                }
            }
            let next = timers.iter().map(|(key, at)| (*at, *key)).min();
            let until = next.map_or(deadline, |(at, _)| at.min(deadline));
            input = tokio::select! {
                result = inbox.recv() => match result {
                    Some(input) => input,
                    None => time_out_at(deadline, self).await,
                },
                () = self.inner.base.clock.sleep_until(until) => match next {
                    Some((at, key)) if at <= deadline => {
                        timers.remove(&key);
                        Input::TimerFired(key)
                    }
                    _ => time_out_at(deadline, self).await,
                },
            };
        }
    }

    fn call_in_memory(&self, run: &InMemory, task: TaskRun, results: mpsc::UnboundedSender<Input>) {
        let (engine, key) = (self.clone(), task.task);
        let (call, pattern) = calls::call_of(run.home.clone(), &run.start, run.trace_header.clone(), task);
        tokio::spawn(async move {
            if let Some((result, _)) = engine.answer_of(call, None).await {
                // The execution may have ended meanwhile.
                let _ = results.send(calls::input_of(key, pattern, result));
            }
        });
    }
}

/// The end of an execution that this server has failed.
pub(super) fn internal(stopped: Timestamp) -> Ending {
    let failure = Failure::new("States.Runtime", "Internal Error");
    Ending { status: ExecutionStatus::Failed, stopped, output: None, failure }
}

/// An Express execution may not take longer: it times out, as a machine of that TimeoutSeconds would.
async fn time_out_at(deadline: Timestamp, engine: &Engine) -> Input {
    engine.inner.base.clock.sleep_until(deadline).await;
    Input::TimerFired(TimerKey { frame: FrameId::ROOT, kind: TimerKind::Execution, stamp: 0 })
}
