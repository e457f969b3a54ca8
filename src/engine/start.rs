//! StartExecution: decided in memory, written in one job, acknowledged when durable.

use std::sync::Arc;

use super::Error;
use super::changes::{Beginning, Prepared, Record, Written};
use super::machine::Input;
use super::map_run_rows::RunOf;
use super::open::Engine;
use super::state_machines::LoadedMachine;
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::id::check_name;
use crate::json::Payload;
use crate::store::Tx;

/// What an execution is started with.
#[derive(Clone, Debug)]
pub struct StartExecution {
    /// The machine, one of its versions or of its aliases.
    pub state_machine_arn: String,
    /// Its name; made up when there is none.
    pub name: Option<String>,
    /// Its input, JSON text; `{}` when there is none.
    pub input: Option<String>,
    /// A trace header, kept and shown.
    pub trace_header: Option<String>,
}

/// What StartExecution answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The execution's ARN; of an Express execution with its run id.
    pub arn: String,
    /// When it was started; of an open execution that was asked for again, when it first was.
    pub started: Timestamp,
}

impl Engine {
    /// StartExecution. Idempotent for Standard machines while the execution is open: the same name and input
    /// answer the same again. Completes when the start is on disk.
    ///
    /// # Errors
    /// `InvalidArn`, `InvalidName`, `InvalidExecutionInput`, `StateMachineDoesNotExist`,
    /// `StateMachineDeleting`, `ExecutionAlreadyExists`.
    pub async fn start_execution(&self, start: StartExecution) -> Result<Started, Error> {
        let input = execution_input(start.input)?;
        let name: Arc<str> = match start.name {
            Some(name) => {
                check_name(&name)?;
                name.into()
            }
            // AWS makes up a version 4 UUID. One in the order of time costs the name's index much less.
            None => self.inner.base.ordered_uuid().into(),
        };
        let machine = self.inner.state_machines.start_target(&start.state_machine_arn).await?;
        match machine.kind {
            StateMachineType::Express => self.start_express(&machine, &name, input, start.trace_header).await,
            StateMachineType::Standard => {
                let prepared = self.prepare(&machine, name, input, start.trace_header).await?;
                let engine = self.clone();
                self.whole(async move { engine.write_start(prepared).await }).await
            }
        }
    }

    /// Lets an execution take its first step in memory.
    pub(super) async fn prepare(
        &self,
        machine: &Arc<LoadedMachine>,
        name: Arc<str>,
        input: Payload,
        trace_header: Option<String>,
    ) -> Result<Prepared, Error> {
        let of = machine.clone();
        let map_refused = self.map_refused_of(machine, &name).await;
        let prepare = move |engine: &Self| {
            let began = engine.inner.base.clock.monotonic();
            let first = Input::Start;
            let beginning = Beginning { name, input, trace_header, map_child: None, first, map_refused };
            engine.prepare_as(&of, beginning, began)
        };
        self.inner.evaluations.decide(self, &machine.program, prepare).await?
    }

    pub(super) async fn write_start(&self, prepared: Prepared) -> Result<Started, Error> {
        let started = prepared.started();
        let Prepared { record, live, arn } = prepared;
        let machine = record.machine.clone();
        let of = arn.clone();
        let write = move |record: &Record, tx: &Tx<'_>| record.write(tx, &of, &mut RunOf::default());
        // What keeps two of a name apart is the name's index.
        let written = self.inner.base.store.write_apart_with(record, write).await;
        match written.inspect_err(|error| self.forget_if_gone(&machine, error))? {
            (_, Written::Same { started, .. }) => Ok(Started { arn: arn.to_string(), started }),
            (record, Written::New(done)) => {
                self.inner.state_machines.is_alive(&machine.arn);
                self.begin(live, record.into_changes(), done);
                Ok(Started { arn: arn.to_string(), started })
            }
        }
    }

    /// Forgets a machine that went while it was cached, as the store has just said.
    pub(super) fn forget_if_gone(&self, machine: &LoadedMachine, error: &Error) {
        if let Error::StateMachineDoesNotExist(_) | Error::StateMachineDeleting(_) = error {
            self.inner.state_machines.forget(&machine.arn);
        }
    }
}

/// The input's text, checked but not read.
pub(super) fn execution_input(input: Option<String>) -> Result<Payload, Error> {
    match input {
        None => Ok(Payload::default()),
        Some(text) if text.is_empty() => Err(Error::EmptyExecutionInput),
        Some(text) => Payload::from_text(text).map_err(|error| Error::execution_input(&error)),
    }
}
