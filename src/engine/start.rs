//! StartExecution: decided in memory, written in one job, acknowledged when durable.

use std::sync::Arc;

use super::changes::Changes;
use super::execution::{Execution, ExecutionStart, ExecutionStatus};
use super::executions::status_code;
use super::live::Live;
use super::machine::{self, Input, Limits};
use super::map_runs::{self, MapChild};
use super::open::Engine;
use super::runner::Origin;
use super::state_machines::LoadedMachine;
use super::{Error, journal, versions};
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::id::{ExecutionArn, check_name};
use crate::json::Payload;
use crate::store::{Param, Row, Tx};

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

/// What the store says to a name.
pub(super) enum Written {
    /// It was free.
    New(Changes),
    /// The same execution is open already.
    Same {
        /// Its number.
        id: i64,
        /// When it was started.
        started: Timestamp,
    },
}

/// An execution that has taken its first step in memory, about to be written.
pub(super) struct Prepared {
    pub(super) record: Record,
    pub(super) live: Live,
    pub(super) arn: Arc<str>,
}

impl Prepared {
    /// When it was started.
    pub(super) fn started(&self) -> Timestamp {
        self.record.started
    }
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
            None => self.ordered_uuid().into(),
        };
        let machine = self.start_target(&start.state_machine_arn).await?;
        match machine.kind {
            StateMachineType::Express => self.start_express(&machine, &name, input),
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
        let prepare = move |engine: &Self| engine.prepare_as(&of, name, input, trace_header, None);
        self.decide(&machine.program, prepare).await?
    }

    /// The same for the child of a Map Run; its parent's step, which this is part of, has its place already.
    pub(super) fn prepare_as(
        &self,
        machine: &Arc<LoadedMachine>,
        name: Arc<str>,
        input: Payload,
        trace_header: Option<String>,
        map_child: Option<MapChild>,
    ) -> Result<Prepared, Error> {
        let (id, now) = (self.next_id(), self.now());
        let arn: Arc<str> = ExecutionArn::new(&machine.home, &machine.name, &name).to_string().into();
        let mut execution = Execution::new(ExecutionStart {
            arn: arn.clone(),
            name: name.clone(),
            input: input.clone(),
            role_arn: machine.role_arn.clone(),
            state_machine_arn: machine.arn.clone(),
            state_machine_name: machine.name.clone(),
            version_arn: machine.version_arn(),
            alias_arn: machine.alias_arn(),
            region: machine.region.clone(),
            started: now,
            is_synchronous: false,
        });
        let step = self.with_env(id, &machine.home, Limits::STANDARD, false, |env| {
            machine::step(&machine.program, &mut execution, Input::Start, env)
        });
        let journal = journal::Record::new(&step.entries)?;
        let origin = Origin {
            id,
            home: machine.home.clone(),
            arn: arn.clone(),
            state_machine_arn: machine.arn.clone(),
            role_arn: machine.role_arn.clone(),
            log: machine.log.clone(),
            revision: machine.revision,
            map_child,
        };
        let changes = Changes::new(self, &origin, step.effects, &step.entries)?;
        let journal_bytes = journal.len_bytes();
        let program = machine.program.clone();
        let live = Live { origin, program, execution, batch: 1, journal_bytes };
        let machine = machine.clone();
        let record =
            Record { id, name, started: now, input, trace_header, journal, changes, machine, map_child };
        Ok(Prepared { record, live, arn })
    }

    async fn write_start(&self, prepared: Prepared) -> Result<Started, Error> {
        let started = prepared.started();
        let Prepared { record, live, arn } = prepared;
        let machine = record.machine.clone();
        let of = arn.clone();
        let written = self.inner.store.write(move |tx| record.write(tx, &of)).await;
        match written.inspect_err(|error| self.forget_if_gone(&machine, error))? {
            Written::Same { started, .. } => Ok(Started { arn: arn.to_string(), started }),
            Written::New(changes) => {
                self.begin(live, changes);
                Ok(Started { arn: arn.to_string(), started })
            }
        }
    }

    /// Forgets a machine that went while it was cached, as the store has just said.
    pub(super) fn forget_if_gone(&self, machine: &LoadedMachine, error: &Error) {
        if let Error::StateMachineDoesNotExist(_) | Error::StateMachineDeleting(_) = error {
            self.forget_machine(&machine.arn);
        }
    }

    /// Lets an execution go on whose first step is durable.
    pub(super) fn begin(&self, live: Live, changes: Changes) {
        self.inner.meters.started.increment(1);
        let origin = live.origin.clone();
        changes.log(self, &origin, 0);
        if changes.ending().is_none() {
            self.inner.live.insert(live);
        }
        changes.act(self, &origin);
    }

    /// A UUID of version 7: random, but in the order of time.
    pub(super) fn ordered_uuid(&self) -> String {
        let mut random = [0; 10];
        self.inner.ids.fill(&mut random);
        let millis = u64::try_from(self.now().as_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
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

/// An execution about to be written; one that ended in its first step is written once, closed.
pub(super) struct Record {
    id: i64,
    machine: Arc<LoadedMachine>,
    map_child: Option<MapChild>,
    name: Arc<str>,
    started: Timestamp,
    input: Payload,
    trace_header: Option<String>,
    journal: journal::Record,
    changes: Changes,
}

impl Record {
    pub(super) fn write(mut self, tx: &Tx<'_>, arn: &str) -> Result<Written, Error> {
        let machine = &*self.machine;
        let sql = "SELECT deleting FROM state_machine WHERE id = ?1";
        match tx.query_one(sql, &[machine.id.into()], |row| row.int(0))? {
            Some(0) => {}
            // Its machine is one that nobody can ask for.
            Some(_) if self.map_child.is_some() => {}
            Some(1) => return Err(Error::StateMachineDeleting(machine.arn.to_string())),
            Some(_) | None => return Err(Error::StateMachineDoesNotExist(machine.arn.to_string())),
        }
        let sql = "SELECT status, input, started, id FROM execution WHERE machine = ?1 AND name = ?2";
        let params = [machine.id.into(), Param::Text(&self.name)];
        let read = |row: &Row<'_>| Ok((row.int(0)?, row.text(1)?, row.int(2)?, row.int(3)?));
        if let Some((status, input, started, id)) = tx.query_one(sql, &params, read)? {
            let is_open = status == status_code(ExecutionStatus::Running);
            return match is_open && input == self.input.text() {
                true => Ok(Written::Same { id, started: Timestamp::from_millis(started) }),
                false => Err(Error::ExecutionAlreadyExists(arn.to_owned())),
            };
        }
        let ending = self.changes.ending();
        let has_ended = ending.is_some();
        let status = ending.map_or(ExecutionStatus::Running, |ending| ending.status);
        let sql = "INSERT INTO execution
                   (id, machine, revision, name, status, started, stopped, input, output, error, cause, trace_header,
                    version, alias, map_run, map_index, map_items)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
        let [map_run, map_index, map_items] = match &self.map_child {
            None => [None; 3],
            Some(child) => map_runs::child_columns(tx, child)?,
        };
        let params = [
            self.id.into(),
            machine.id.into(),
            machine.revision.into(),
            Param::Text(&self.name),
            status_code(status).into(),
            self.started.as_millis().into(),
            ending.map(|ending| ending.stopped.as_millis()).into(),
            Param::Text(self.input.text()),
            ending.and_then(|ending| ending.output.as_ref()).map(Payload::text).into(),
            ending.and_then(|ending| ending.failure.error.as_deref()).into(),
            ending.and_then(|ending| ending.failure.cause.as_deref()).into(),
            self.trace_header.as_deref().into(),
            machine.version.map(versions::stored).into(),
            machine.alias.as_deref().into(),
            map_run.into(),
            map_index.into(),
            map_items.into(),
        ];
        tx.execute(sql, &params)?;
        self.journal.append(tx, self.id, 0)?;
        match has_ended {
            false => self.changes.write(tx, self.id)?,
            true => self.changes.write_map_runs(tx, self.id)?,
        }
        Ok(Written::New(self.changes))
    }
}
