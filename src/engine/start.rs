//! StartExecution: decided in memory, written in one job, acknowledged when durable.

use std::sync::Arc;
use std::time::Duration;

use super::changes::{Changes, Done};
use super::event::Failure;
use super::execution::{Execution, ExecutionStart, ExecutionStatus};
use super::executions::status_code;
use super::live::Live;
use super::machine::{self, EVENTS_MAX, Env, Input, Limits};
use super::map_runs::{self, MapChild, RunOf};
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
    /// It was free. This is what writing the first step did.
    New(Done),
    /// The same execution is open already.
    Same {
        /// Its number.
        id: i64,
        /// When it was started.
        started: Timestamp,
    },
}

/// What an execution begins with.
pub(super) struct Beginning {
    pub(super) name: Arc<str>,
    pub(super) input: Payload,
    pub(super) trace_header: Option<String>,
    /// Whose child it is, if it is one of a Map Run.
    pub(super) map_child: Option<MapChild>,
    pub(super) first: Input,
    /// Why its Maps may start no children. Those of a child may if their parent's may.
    pub(super) map_refused: Option<Failure>,
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
            let began = engine.inner.clock.monotonic();
            let first = Input::Start;
            let beginning = Beginning { name, input, trace_header, map_child: None, first, map_refused };
            engine.prepare_as(&of, beginning, began)
        };
        self.decide(&machine.program, prepare).await?
    }

    /// The same for the child of a Map Run. Its parent's step, which this is part of and which began at the monotonic
    /// time `began`, has its place already.
    pub(super) fn prepare_as(
        &self,
        machine: &Arc<LoadedMachine>,
        beginning: Beginning,
        began: Duration,
    ) -> Result<Prepared, Error> {
        let Beginning { name, input, trace_header, map_child, first, map_refused } = beginning;
        let is_fork = matches!(first, Input::Forked(_));
        let (id, now) = (self.next_id()?, self.now());
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
        let limits = Limits::standard(machine.events_max);
        let step = self.with_env_since(began, id, &machine.home, limits, false, |env| {
            let env = Env { map_refused: map_refused.as_ref(), ..*env };
            machine::step(&machine.program, &mut execution, first, &env)
        });
        let journal = journal::Record::new(&step.entries)?;
        let origin = Origin {
            id,
            home: machine.home.clone(),
            arn: arn.clone(),
            state_machine_arn: machine.arn.clone(),
            role_arn: machine.role_arn.clone(),
            log: machine.log.clone(),
            trace_header: trace_header.as_deref().map(Arc::from),
            revision: machine.revision,
            map_child,
            events_max: machine.events_max,
            express_history: machine.express_history,
        };
        let changes = Changes::new(self, &origin, step.effects, &step.entries, began)?;
        let journal_bytes = journal.len_bytes();
        let program = machine.program.clone();
        let live = Live { origin, program, execution, batch: 1, journal_bytes };
        let machine = machine.clone();
        let record = Record {
            id,
            name,
            started: now,
            input,
            trace_header,
            journal,
            changes,
            machine,
            map_child,
            is_fork,
        };
        Ok(Prepared { record, live, arn })
    }

    pub(super) async fn write_start(&self, prepared: Prepared) -> Result<Started, Error> {
        let started = prepared.started();
        let Prepared { record, live, arn } = prepared;
        let machine = record.machine.clone();
        let of = arn.clone();
        let write = move |record: &Record, tx: &Tx<'_>| record.write(tx, &of, &mut RunOf::default());
        let written = self.inner.store.write_with(record, write).await;
        match written.inspect_err(|error| self.forget_if_gone(&machine, error))? {
            (_, Written::Same { started, .. }) => Ok(Started { arn: arn.to_string(), started }),
            (record, Written::New(done)) => {
                self.begin(live, record.changes, done);
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
    pub(super) fn begin(&self, live: Live, changes: Changes, done: Done) {
        self.inner.meters.started.increment(1);
        let origin = live.origin.clone();
        changes.log(self, &origin, 0);
        if changes.ending().is_none() {
            self.inner.live.insert(live);
        }
        changes.act(self, &origin, done);
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
    /// It begins in the middle of another one: it is the same as none.
    is_fork: bool,
}

impl Record {
    /// What is to be done once it is written.
    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    pub(super) fn write(&self, tx: &Tx<'_>, arn: &str, runs: &mut RunOf) -> Result<Written, Error> {
        let machine = &*self.machine;
        let (map_child, mut done) = match self.map_child {
            None => {
                self.check_machine(tx)?;
                ([None; 3], Done::default())
            }
            // Nobody can ask for its machine.
            Some(child) => {
                let (run, attempt) = runs.of(tx, &child)?;
                (map_runs::child_columns(run, &child), Done::ended_in(attempt))
            }
        };
        let ending = self.changes.ending();
        let status = ending.map_or(ExecutionStatus::Running, |ending| ending.status);
        let sql = "INSERT INTO execution
                   (id, machine, revision, name, status, started, stopped, input, output, error, cause, trace_header,
                    version, alias, map_run, map_index, map_items, events_max)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
                   ON CONFLICT (machine, name) DO NOTHING";
        let [map_run, map_index, map_items] = map_child;
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
            (machine.events_max != EVENTS_MAX).then(|| journal::number(machine.events_max)).into(),
        ];
        if tx.execute(sql, &params)? == 0 {
            return self.namesake(tx, arn);
        }
        self.journal.append(tx, self.id, 0)?;
        match ending.is_some() {
            false => self.changes.write(tx, &mut done)?,
            true => self.changes.write_lasting(tx, &mut done)?,
        }
        Ok(Written::New(done))
    }

    /// Whether the machine is there, and not on its way out.
    fn check_machine(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let machine = &*self.machine;
        // What a Map's children run is there as long as the Map's own machine, though nobody can ask for it.
        let asked_for = match self.is_fork {
            true => map_runs::machine_of_map(tx, machine.revision)?.unwrap_or(machine.id),
            false => machine.id,
        };
        let sql = "SELECT deleting FROM state_machine WHERE id = ?1";
        match tx.query_one(sql, &[asked_for.into()], |row| row.int(0))? {
            Some(0) => Ok(()),
            Some(1) => Err(Error::StateMachineDeleting(machine.arn.to_string())),
            Some(_) | None => Err(Error::StateMachineDoesNotExist(machine.arn.to_string())),
        }
    }

    /// The execution that has the name: the same one, if it is open.
    fn namesake(&self, tx: &Tx<'_>, arn: &str) -> Result<Written, Error> {
        let sql = "SELECT status, input, started, id FROM execution WHERE machine = ?1 AND name = ?2";
        let params = [self.machine.id.into(), Param::Text(&self.name)];
        let read = |row: &Row<'_>| Ok((row.int(0)?, row.text(1)?, row.int(2)?, row.int(3)?));
        let taken = || Error::ExecutionAlreadyExists(arn.to_owned());
        let (status, input, started, id) = tx.query_one(sql, &params, read)?.ok_or_else(taken)?;
        let is_open = status == status_code(ExecutionStatus::Running);
        match !self.is_fork && self.map_child.is_none() && is_open && input == self.input.text() {
            true => Ok(Written::Same { id, started: Timestamp::from_millis(started) }),
            false => Err(taken()),
        }
    }
}
