//! Forks: a new execution that begins in the middle of an old one. AWS has nothing like it.
//!
//! The new execution is of the revision of the machine that the old one ran, with the old one's input. It enters the state
//! with the input that the state had, or with another, and with the variables as they were. Its first step is written as
//! that of any other; the old execution stays as it is, whether it goes on or has ended.
//!
//! Of a state inside a Parallel or a Map the states around it are entered again, see [`super::machine`]; so the new
//! execution goes on behind them to the machine's own end. What a distributed Map runs are executions of their own, with
//! histories of their own: such a child is forked by its own ARN, and its fork belongs to no Map Run.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Error;
use super::changes::Beginning;
use super::event::EventKind;
use super::execution::{Entry, Execution, Fork};
use super::executions::{self, Found};
use super::machine::Input;
use super::open::Engine;
use super::start::{Started, execution_input};
use super::state_machines::{self, LoadedMachine};
use crate::id::{ExecutionArn, check_name};
use crate::json::Payload;

/// Where which execution is forked.
#[derive(Clone, Debug)]
pub struct ForkExecution {
    /// The old execution.
    pub execution_arn: String,
    /// The state that the new one begins with.
    pub state: String,
    /// The event by which the old one entered it; the last one if there is none.
    pub event_id: Option<u64>,
    /// The new execution's name; made up when there is none.
    pub name: Option<String>,
    /// The state's input, JSON text; the one that it had when there is none.
    pub input: Option<String>,
}

impl Engine {
    /// Starts an execution in the middle of another one. Completes when the start is on disk.
    ///
    /// # Errors
    /// `InvalidArn`, `InvalidName`, `InvalidExecutionInput`, `ExecutionDoesNotExist`, `ExecutionAlreadyExists`,
    /// `StateMachineDoesNotExist` and `StateMachineDeleting` if the machine is gone or going, `NoFork`.
    pub async fn fork_execution(&self, fork: ForkExecution) -> Result<Started, Error> {
        let ForkExecution { execution_arn, state, event_id, name, input } = fork;
        let arn = ExecutionArn::parse(&execution_arn)?;
        let input = input.map(|input| execution_input(Some(input))).transpose()?;
        let name: Arc<str> = match name {
            Some(name) => {
                check_name(&name)?;
                name.into()
            }
            None => self.inner.base.ordered_uuid().into(),
        };
        let (machine, id) = self.forked_machine(&arn).await?;
        if machine.program.find(&state).is_none() {
            return Err(Error::NoFork(format!("The state machine has no state '{state}'.")));
        }
        let at = self.entered(id, &state, event_id).await?;
        let (fork, own_input) = self.forked(id, &machine, at, input).await?;
        let map_refused = self.map_refused_of(&machine, &name).await;
        let beginning = Beginning {
            name,
            input: own_input,
            trace_header: None,
            map_child: None,
            first: Input::Forked(Box::new(fork)),
            map_refused,
        };
        let of = machine.clone();
        let prepare = move |engine: &Self| {
            let began = engine.inner.base.clock.monotonic();
            engine.prepare_as(&of, beginning, began)
        };
        let prepared = self.inner.evaluations.decide(self, &machine.program, prepare).await??;
        let engine = self.clone();
        self.whole(async move { engine.write_start(prepared).await }).await
    }

    /// The revision that an execution ran, with the version and alias that it was started with, and the execution's row.
    async fn forked_machine(&self, arn: &ExecutionArn) -> Result<(Arc<LoadedMachine>, i64), Error> {
        let missing = || Error::ExecutionDoesNotExist(arn.to_string());
        let of = arn.clone();
        let found = self.inner.base.store.read(move |tx| {
            let Some(found) = executions::find(tx, &of)? else { return Ok::<_, Error>(None) };
            let revision = state_machines::find_revision(tx, found.revision)?;
            Ok(revision.map(|revision| (found, revision)))
        });
        let (Found { id, version, alias, .. }, revision) = found.await?.ok_or_else(missing)?;
        let mut machine = self.inner.state_machines.loaded(revision).await?;
        (machine.version, machine.alias) = (version, alias.map(Into::into));
        Ok((Arc::new(machine), id))
    }

    /// The event by which an execution entered a state: the one named, or the last.
    async fn entered(&self, id: i64, state: &str, event_id: Option<u64>) -> Result<u64, Error> {
        let mut at = None;
        let look = |entry: Entry| {
            let Some(event) = &entry.event else { return ControlFlow::Continue(()) };
            let is_entered = matches!(&event.kind, EventKind::StateEntered { name, .. } if **name == *state);
            match event_id {
                Some(wanted) if wanted < event.id => return ControlFlow::Break(()),
                Some(wanted) if is_entered && event.id == wanted => at = Some(event.id),
                None if is_entered => at = Some(event.id),
                Some(_) | None => {}
            }
            ControlFlow::Continue(())
        };
        self.each_entry(id, look).await?;
        at.ok_or_else(|| {
            Error::NoFork(match event_id {
                Some(event) => format!("The execution did not enter the state '{state}' by the event {event}."),
                None => format!(
                    "The execution has not entered the state '{state}'. The children of a distributed Map have histories of their own."
                ),
            })
        })
    }

    /// How an execution stood before this event, by which it entered a state; and its own input.
    async fn forked(
        &self,
        id: i64,
        machine: &LoadedMachine,
        at: u64,
        input: Option<Payload>,
    ) -> Result<(Fork, Payload), Error> {
        let loaded = self.inner.base.store.read(move |tx| executions::load(tx, id)).await?;
        let gone = || Error::NoFork("The execution was forgotten just now.".to_owned());
        let start = loaded.ok_or_else(gone)?.start;
        let own_input = start.input.clone();
        let program = machine.program.clone();
        let (mut execution, mut input, mut fork) = (Execution::new(start), input, None);
        let look = |entry: Entry| {
            let is_whole = match &mut fork {
                None if entry.event.as_ref().is_some_and(|event| event.id == at) => {
                    fork = Fork::before(&execution, &entry, input.take());
                    fork.as_ref().is_none_or(Fork::is_whole)
                }
                None => {
                    execution.apply(&program, &entry);
                    false
                }
                Some(fork) => fork.look_at(&entry),
            };
            if is_whole { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.each_entry(id, look).await?;
        match fork {
            Some(fork) if fork.is_whole() => Ok((fork, own_input)),
            // A branch beside it had left a state, and the execution ended before it could enter the next.
            Some(_) | None => {
                Err(Error::NoFork("What ran beside the state can't be gone on with.".to_owned()))
            }
        }
    }
}
