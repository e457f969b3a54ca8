//! Express executions: the same machine without a journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::event::Failure;
use super::execution::{Ending, Execution, ExecutionStart, ExecutionStatus};
use super::machine::{self, Effect, Input, Limits, TaskRun, TimerKey};
use super::open::Engine;
use super::start::{StartExecution, Started, execution_input};
use super::state_machines::LoadedMachine;
use super::{Error, TaskCall};
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::id::check_name;
use crate::json::Payload;

/// How a synchronous execution went.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncExecution {
    /// Its ARN, with the run id.
    pub arn: String,
    /// Its machine's ARN.
    pub state_machine_arn: String,
    /// Its name.
    pub name: String,
    /// When it was started.
    pub started: Timestamp,
    /// How it ended.
    pub ending: Ending,
    /// Its input.
    pub input: String,
    /// The trace header it was started with.
    pub trace_header: Option<String>,
}

impl Engine {
    /// StartSyncExecution: runs an Express machine and answers how it went.
    ///
    /// # Errors
    /// As of [`Engine::start_execution`], and `StateMachineTypeNotSupported` for Standard machines.
    pub async fn start_sync_execution(&self, start: StartExecution) -> Result<SyncExecution, Error> {
        let input = execution_input(start.input)?;
        let name = match start.name {
            Some(name) => {
                check_name(&name)?;
                name
            }
            None => self.inner.ids.uuid().to_string(),
        };
        let machine = self.start_target(&start.state_machine_arn).await?;
        if machine.kind == StateMachineType::Standard {
            return Err(Error::StateMachineTypeNotSupported);
        }
        let mut run = self.express(&machine, &name, input);
        run.is_synchronous = true;
        let (arn, started, input) = (run.arn.to_string(), run.started, run.input.text().to_owned());
        let state_machine_arn = machine.arn.to_string();
        self.inner.meters.started.increment(1);
        // On a task of its own: a caller that hangs up does not stop the workflow.
        let ending = tokio::spawn(self.clone().run_express(machine, run)).await;
        let ending = ending.unwrap_or_else(|_| internal(self.now()));
        Ok(SyncExecution {
            arn,
            state_machine_arn,
            name,
            started,
            ending,
            input,
            trace_header: start.trace_header,
        })
    }

    /// StartExecution of an Express machine: it runs in memory and leaves nothing behind.
    pub(super) fn start_express(
        &self,
        machine: &Arc<LoadedMachine>,
        name: &str,
        input: Payload,
    ) -> Result<Started, Error> {
        let run = self.express(machine, name, input);
        let started = Started { arn: run.arn.to_string(), started: run.started };
        self.inner.meters.started.increment(1);
        tokio::spawn(self.clone().run_express(machine.clone(), run));
        Ok(started)
    }

    fn express(&self, machine: &LoadedMachine, name: &str, input: Payload) -> ExecutionStart {
        let home = &machine.home;
        let run_id = self.inner.ids.uuid();
        let arn = format!(
            "arn:{}:states:{}:{}:express:{}:{name}:{run_id}",
            home.region.partition(),
            home.region,
            home.account,
            machine.name
        );
        ExecutionStart {
            arn: arn.into(),
            name: name.into(),
            input,
            role_arn: machine.role_arn.clone(),
            state_machine_arn: machine.arn.clone(),
            state_machine_name: machine.name.clone(),
            version_arn: machine.version_arn(),
            alias_arn: machine.alias_arn(),
            region: machine.region.clone(),
            started: self.now(),
            is_synchronous: false,
        }
    }

    async fn run_express(self, machine: Arc<LoadedMachine>, start: ExecutionStart) -> Ending {
        let deadline = start.started + self.inner.options.express_timeout;
        let mut execution = Execution::new(start);
        let mut timers: BTreeMap<TimerKey, Timestamp> = BTreeMap::new();
        let (results, mut inbox) = mpsc::unbounded_channel();
        let mut input = Input::Start;
        loop {
            let of = machine.clone();
            let decide = move |engine: &Self| {
                let step = engine.with_env(0, &of.home, Limits::EXPRESS, false, |env| {
                    machine::step(&of.program, &mut execution, input, env)
                });
                (step, execution)
            };
            let step = match self.decide(&machine.program, decide).await {
                Ok((step, decided)) => {
                    execution = decided;
                    step
                }
                // It panicked, or the process ends.
                Err(_) => return internal(self.now()),
            };
            if let Some(plan) = &machine.log {
                let events = step.entries.iter().filter_map(|entry| entry.event.as_ref());
                plan.log(&*self.inner.logs, &execution.start().arn, 0, events);
            }
            for effect in step.effects {
                match effect {
                    Effect::ArmTimer { key, at } => {
                        timers.insert(key, at);
                    }
                    Effect::CancelTimer(key) => {
                        timers.remove(&key);
                    }
                    Effect::RunTask(run) => self.call_express(&execution, run, results.clone()),
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
                    Effect::Ended(ending) => {
                        super::changes::count_ended(&ending);
                        return ending;
                    }
                }
            }
            let next = timers.iter().map(|(key, at)| (*at, *key)).min();
            let until = next.map_or(deadline, |(at, _)| at.min(deadline));
            input = tokio::select! {
                result = inbox.recv() => match result {
                    Some(input) => input,
                    None => time_out_at(deadline, &self).await,
                },
                () = self.inner.clock.sleep_until(until) => match next {
                    Some((at, key)) if at <= deadline => {
                        timers.remove(&key);
                        Input::TimerFired(key)
                    }
                    _ => time_out_at(deadline, &self).await,
                },
            };
        }
    }

    fn call_express(&self, execution: &Execution, run: TaskRun, results: mpsc::UnboundedSender<Input>) {
        let role_arn = run.credentials_role.unwrap_or_else(|| execution.start().role_arn.clone());
        let Ok(parsed) = crate::id::StatesArn::parse(&execution.start().arn) else { return };
        let crate::id::StatesArn::Express(arn, _) = parsed else { return };
        let call = TaskCall {
            home: arn.home,
            execution_arn: execution.start().arn.clone(),
            state_machine_arn: execution.start().state_machine_arn.clone(),
            resource: run.resource,
            input: run.input,
            role_arn,
            idempotency_token: run.token,
        };
        let (engine, pattern) = (self.clone(), super::calls::pattern_of(&call.resource));
        tokio::spawn(async move {
            let result = match super::nested::starts_execution(&call.resource) {
                true => Some(engine.start_from_express(&call).await),
                false => engine.result_of(call).await,
            };
            if let Some(result) = result {
                // The execution may have ended meanwhile.
                let _ = results.send(super::calls::input_of(run.task, pattern, result));
            }
        });
    }
}

/// The end of an execution that this server has failed.
fn internal(stopped: Timestamp) -> Ending {
    let failure = Failure::new("States.Runtime", "Internal Error");
    Ending { status: ExecutionStatus::Failed, stopped, output: None, failure }
}

/// An Express execution may not take longer: it times out, as a machine of that TimeoutSeconds would.
async fn time_out_at(deadline: Timestamp, engine: &Engine) -> Input {
    engine.inner.clock.sleep_until(deadline).await;
    Input::TimerFired(TimerKey {
        frame: super::execution::FrameId::ROOT,
        kind: machine::TimerKind::Execution,
        stamp: 0,
    })
}
