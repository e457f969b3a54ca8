//! Express executions as clients start them: the same machine without a journal.

mod begun;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Error;
use super::billing::{Billing, Memory};
use super::execution::{Ending, ExecutionStart};
use super::in_memory::{InMemory, internal};
use super::open::Engine;
use super::start::{StartExecution, Started, execution_input};
use super::state_machines::LoadedMachine;
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::id::{ExecutionArn, check_name};
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
    pub input: Payload,
    /// The trace header it was started with.
    pub trace_header: Option<String>,
    /// What it is billed for.
    pub billing: Billing,
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
            None => self.inner.base.ids.uuid().to_string(),
        };
        let machine = self.inner.state_machines.start_target(&start.state_machine_arn).await?;
        if machine.kind == StateMachineType::Standard {
            return Err(Error::StateMachineTypeNotSupported);
        }
        let mut run = self.express(&machine, &name, input, start.trace_header.clone());
        run.start.is_synchronous = true;
        let memory = Arc::new(Mutex::new(Memory::new(machine.definition_bytes)));
        run.memory = Some(memory.clone());
        let (arn, started) = (run.start.arn.to_string(), run.start.started);
        let input = run.start.input.clone();
        let state_machine_arn = machine.arn.to_string();
        self.inner.meters.started.increment(1);
        // On a task of its own: a caller that hangs up does not stop the workflow. Running it here until it waits for
        // something takes fewer instructions, but a tenth more time with many clients: on tasks, requests go through one
        // part of the code after the other together.
        // Boxed, as a task's future is moved several times.
        let ending = tokio::spawn(Box::pin(self.clone().run_counted(run))).await;
        let ending = ending.ok().flatten().unwrap_or_else(|| internal(self.inner.base.now()));
        let took = ending.stopped.since(started);
        let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let billing = Billing::new(took, &memory);
        Ok(SyncExecution {
            arn,
            state_machine_arn,
            name,
            started,
            ending,
            input,
            trace_header: start.trace_header,
            billing,
        })
    }

    /// StartExecution of an Express machine: it runs in memory, at least once.
    pub(super) async fn start_express(
        &self,
        machine: &Arc<LoadedMachine>,
        name: &str,
        input: Payload,
        trace_header: Option<String>,
    ) -> Result<Started, Error> {
        let (engine, machine, name) = (self.clone(), machine.clone(), name.to_owned());
        let start = async move {
            let run = engine.express(&machine, &name, input, trace_header.clone());
            let started = Started { arn: run.start.arn.to_string(), started: run.start.started };
            let row = engine.write_begun(&machine, &run.start, trace_header).await?;
            engine.inner.meters.started.increment(1);
            engine.run_begun(row, run);
            Ok(started)
        };
        self.whole(start).await
    }

    /// A run of `machine` that begins now.
    pub(super) fn express(
        &self,
        machine: &LoadedMachine,
        name: &str,
        input: Payload,
        trace_header: Option<String>,
    ) -> InMemory {
        self.express_of(machine, name, self.inner.base.ids.uuid().to_string().into(), input, trace_header)
    }

    /// The same under a run id that it has already.
    pub(super) fn express_of(
        &self,
        machine: &LoadedMachine,
        name: &str,
        run: Arc<str>,
        input: Payload,
        trace_header: Option<String>,
    ) -> InMemory {
        let arn = ExecutionArn { run: Some(run), ..ExecutionArn::new(&machine.home, &machine.name, name) };
        let start = ExecutionStart {
            arn: arn.to_string().into(),
            name: arn.name,
            input,
            role_arn: machine.role_arn.clone(),
            state_machine_arn: machine.arn.clone(),
            state_machine_name: machine.name.clone(),
            version_arn: machine.version_arn(),
            alias_arn: machine.alias_arn(),
            region: machine.region.clone(),
            started: self.inner.base.now(),
            is_synchronous: false,
        };
        let (program, home, log) = (machine.program.clone(), machine.home.clone(), machine.log.clone());
        InMemory {
            program,
            home,
            log,
            trace_header: trace_header.map(Into::into),
            express_history: machine.express_history,
            kept: OnceLock::new(),
            memory: None,
            start,
        }
    }

    async fn run_counted(self, run: InMemory) -> Option<Ending> {
        run.keep(&self);
        let ending = self.run_in_memory(&Arc::new(run), None).await?;
        super::executions::count_ended(&ending);
        Some(ending)
    }
}
