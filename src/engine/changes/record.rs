//! An execution that has taken its first step in memory, and is about to be written: by itself, with the step of a parent,
//! or in the middle of another one.

use std::sync::Arc;
use std::time::Duration;

use super::super::event::Failure;
use super::super::execution::{Execution, ExecutionStart, ExecutionStatus};
use super::super::executions::status_code;
use super::super::live::Live;
use super::super::machine::{self, EVENTS_MAX, Env, Input, Limits};
use super::super::map_child::{MapChild, child_columns};
use super::super::map_run_rows::{self, RunOf};
use super::super::open::Engine;
use super::super::origin::Origin;
use super::super::state_machines::{LoadedMachine, versions};
use super::super::{Error, journal};
use super::{Changes, Done};
use crate::clock::Timestamp;
use crate::id::ExecutionArn;
use crate::json::Payload;
use crate::store::{Param, Row, Tx};

/// What the store says to a name.
pub(in super::super) enum Written {
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
pub(in super::super) struct Beginning {
    pub(in super::super) name: Arc<str>,
    pub(in super::super) input: Payload,
    pub(in super::super) trace_header: Option<String>,
    /// Whose child it is, if it is one of a Map Run.
    pub(in super::super) map_child: Option<MapChild>,
    pub(in super::super) first: Input,
    /// Why its Maps may start no children. Those of a child may if their parent's may.
    pub(in super::super) map_refused: Option<Failure>,
}

/// An execution that has taken its first step in memory, about to be written.
pub(in super::super) struct Prepared {
    pub(in super::super) record: Record,
    pub(in super::super) live: Live,
    pub(in super::super) arn: Arc<str>,
}

impl Prepared {
    /// When it was started.
    pub(in super::super) fn started(&self) -> Timestamp {
        self.record.started
    }
}

impl Engine {
    /// The same for the child of a Map Run. Its parent's step, which this is part of and which began at the monotonic
    /// time `began`, has its place already.
    pub(in super::super) fn prepare_as(
        &self,
        machine: &Arc<LoadedMachine>,
        beginning: Beginning,
        began: Duration,
    ) -> Result<Prepared, Error> {
        let Beginning { name, input, trace_header, map_child, first, map_refused } = beginning;
        let is_fork = matches!(first, Input::Forked(_));
        let (id, now) = (self.inner.base.next_id()?, self.inner.base.now());
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

    /// Lets an execution go on whose first step is durable.
    pub(in super::super) fn begin(&self, live: Live, changes: Changes, done: Done) {
        self.inner.meters.started.increment(1);
        let origin = live.origin.clone();
        changes.log(self, &origin, 0);
        if changes.ending().is_none() {
            self.inner.live.insert(live);
        }
        changes.act(self, &origin, done);
    }
}

/// An execution about to be written; one that ended in its first step is written once, closed.
pub(in super::super) struct Record {
    id: i64,
    pub(in super::super) machine: Arc<LoadedMachine>,
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
    pub(in super::super) fn into_changes(self) -> Changes {
        self.changes
    }

    pub(in super::super) fn write(&self, tx: &Tx<'_>, arn: &str, runs: &mut RunOf) -> Result<Written, Error> {
        let machine = &*self.machine;
        let (map_child, mut done) = match self.map_child {
            None => {
                self.check_machine(tx)?;
                ([None; 3], Done::default())
            }
            // Nobody can ask for its machine.
            Some(child) => {
                let (run, attempt) = runs.of(tx, &child)?;
                (child_columns(run, &child), Done::ended_in(attempt))
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
        if !tx.holds(sql, &params)? {
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
            true => map_run_rows::machine_of_map(tx, machine.revision)?.unwrap_or(machine.id),
            false => machine.id,
        };
        // Whoever deletes it at another node waits for this to end, or this sees that.
        let sql = match tx.is_shared() {
            true => "SELECT 1 FROM state_machine WHERE id = ?1 AND deleting = 0 FOR SHARE",
            false => "SELECT 1 FROM state_machine WHERE id = ?1 AND deleting = 0",
        };
        if tx.holds(sql, &[asked_for.into()])? {
            return Ok(());
        }
        let sql = "SELECT deleting FROM state_machine WHERE id = ?1";
        match tx.query_one(sql, &[asked_for.into()], |row| row.int(0))? {
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
