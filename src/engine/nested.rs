//! `states:startExecution`: a Task that starts another execution and may wait for its end.
//!
//! The child's first step and the parent's TaskSubmitted, or TaskSucceeded, are one transaction: a call that is made
//! again after a crash starts no second child. A parent that waits has a [`link`] to its child, which is there until
//! the parent knows how the child ended, or until the child of a parent that waits no longer was stopped.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html>

pub(super) mod answer;
pub(super) mod link;

use self::link::Link;
use super::calls::{input_of, task_call};
use super::changes::{Prepared, Record, Written};
use super::event::Failure;
use super::execution::ExecutionStatus;
use super::machine::{TaskKey, TaskRun};
use super::map_run_rows::RunOf;
use super::open::Engine;
use super::origin::Origin;
use super::start::{StartExecution, execution_input};
use super::start_arguments::Arguments;
use super::state_machines::LoadedMachine;
use super::task_rows::remove_task;
use super::{Error, Need, TaskCall, TaskResult, executions, journal};
use crate::asl::{Pattern, StateMachineType};
use crate::clock::Timestamp;
use crate::id::{AccountRegion, Arn, ExecutionArn, StateMachineArn, check_name};
use crate::json::Payload;

/// A machine elsewhere isn't there for a task: it starts one of its own region, in its own account or in that of the
/// role it acts under.
fn check_target(arn: &str, home: &AccountRegion, role_arn: Option<&str>) -> Result<(), Error> {
    let target = StateMachineArn::parse(arn)?.home;
    let role = role_arn.and_then(|role| Arn::parse(role).ok());
    let is_of_role = || role.is_some_and(|role| role.account == target.account.as_str());
    match target.region == home.region && (target.account == home.account || is_of_role()) {
        true => Ok(()),
        false => Err(Error::StateMachineDoesNotExist(arn.to_owned())),
    }
}

impl Engine {
    /// Starts the execution that a task asks for, and lets the parent know.
    pub(super) async fn start_nested(&self, origin: Origin, run: TaskRun, pattern: Pattern) {
        let (parent, task) = (origin.id, run.task);
        let result = match self.unpermitted(&task_call(&origin, run.clone()), pattern).await {
            Some(failure) => Some(Some(failure)),
            None => {
                self.inner
                    .base
                    .persist(parent, || async {
                        match self.try_nested(&origin, &run, pattern).await {
                            Err(error) => {
                                answer::refused(error, &self.inner.base.ids.uuid().to_string()).map(Some)
                            }
                            Ok(()) => Ok(None),
                        }
                    })
                    .await
            }
        };
        if let Some(Some(refusal)) = result {
            let [frame, scheduled] = journal::task_columns(task);
            let input = input_of(task, pattern, TaskResult::Failed(refusal));
            self.advance_persistently(parent, input, move |tx| remove_task(tx, parent, frame, scheduled))
                .await;
        }
    }

    /// Asks the role of a task whether it may start the execution, and wait for it if the task does.
    ///
    /// AWS asks for StopExecution only when it stops the child of a parent that was stopped. Here all that the pattern needs
    /// is asked for when it begins: a child that could not be stopped would run on unseen.
    async fn unpermitted(&self, call: &TaskCall, pattern: Pattern) -> Option<Failure> {
        let arguments = Arguments::read(&call.input).ok()?;
        let (machine, name) = (arguments.state_machine_arn, arguments.name);
        let parsed = StateMachineArn::parse(&machine).ok();
        // Permissions are about the machine, whichever of its versions is started.
        let resource =
            parsed.as_ref().map_or(machine, |arn| StateMachineArn::new(&arn.home, &arn.name).to_string());
        let mut needed = vec![Need { action: "states:StartExecution", resource }];
        if let (Pattern::Sync | Pattern::Sync2, Some(machine)) = (pattern, parsed) {
            let name = name.as_deref().unwrap_or("*");
            let execution = ExecutionArn::new(&machine.home, &machine.name, name).to_string();
            for action in ["states:DescribeExecution", "states:StopExecution"] {
                needed.push(Need { action, resource: execution.clone() });
            }
        }
        let refused = self.inner.tasks.permit(call.home.clone(), call.acting(), needed).await.err()?;
        Some(answer::unpermitted(refused, &self.inner.base.ids.uuid().to_string()))
    }

    async fn try_nested(&self, origin: &Origin, run: &TaskRun, pattern: Pattern) -> Result<(), Error> {
        let parent = origin.id;
        let Arguments { state_machine_arn, name, input, trace_header } =
            Arguments::read(&run.input).map_err(Error::Corrupt)?; // It was refused before it was written.
        let trace_header = trace_header.or_else(|| origin.trace_header.as_deref().map(str::to_owned));
        let input = execution_input(input)?;
        check_target(&state_machine_arn, &origin.home, run.credentials_role.as_deref())?;
        let machine = self.inner.state_machines.start_target(&state_machine_arn).await?;
        let is_named = name.is_some();
        let name = match name {
            Some(name) => {
                check_name(&name)?;
                name
            }
            None => self.inner.base.ordered_uuid(),
        };
        let waits = matches!(pattern, Pattern::Sync | Pattern::Sync2);
        match machine.kind {
            StateMachineType::Express if waits => Err(Error::StateMachineTypeNotSupported),
            StateMachineType::Express => {
                let started = self.start_express(&machine, &name, input, trace_header).await?;
                let result = self.started(&started.arn, started.started, pattern);
                let (task, [frame, scheduled]) = (run.task, journal::task_columns(run.task));
                let input = input_of(task, pattern, result);
                self.advance(parent, input, move |tx| remove_task(tx, parent, frame, scheduled)).await?;
                Ok(())
            }
            StateMachineType::Standard => {
                let since = match is_named {
                    true => self.open_namesake(&machine, &name, &input).await?,
                    false => None,
                };
                let prepared = self.prepare(&machine, name.into(), input, trace_header).await?;
                let link = waits.then_some(pattern);
                let result =
                    self.started(&prepared.arn, since.unwrap_or_else(|| prepared.started()), pattern);
                let begun =
                    self.begin_nested(parent, run.task, input_of(run.task, pattern, result), prepared, link);
                begun.await.inspect_err(|error| self.forget_if_gone(&machine, error))
            }
        }
    }

    /// Writes the parent's step and the child's first one together.
    async fn begin_nested(
        &self,
        parent: i64,
        task: TaskKey,
        input: super::machine::Input,
        prepared: Prepared,
        link: Option<Pattern>,
    ) -> Result<(), Error> {
        let Prepared { record, live, arn } = prepared;
        let (id, [frame, scheduled]) = (live.origin.id, journal::task_columns(task));
        if link.is_some() {
            let _ = self.inner.links.expect_one();
        }
        let also = move |record: &Record, tx: &crate::store::Tx<'_>| {
            let written = record.write(tx, &arn, &mut RunOf::default())?;
            let child = match written {
                Written::New(_) => id,
                Written::Same { id, .. } => id,
            };
            if let Some(pattern) = link {
                if tx.is_shared() && child != id {
                    // Whoever ends it at another node finds the link, or this finds that it has ended.
                    tx.put("UPDATE execution SET status = 0 WHERE id = ?1 AND status = 0", &[child.into()])?;
                }
                Link { parent, task, child, pattern }.insert(tx)?;
            }
            remove_task(tx, parent, frame, scheduled)?;
            Ok(written)
        };
        match self.advance_with(parent, input, record, also).await? {
            // The attempt was over, and nothing was written; or the execution is there already.
            None | Some((_, Written::Same { .. })) => {}
            Some((record, Written::New(done))) => {
                let changes = record.into_changes();
                let is_over = changes.ending().is_some();
                self.begin(live, changes, done);
                if is_over && link.is_some() {
                    self.tell_parents(id).await;
                }
            }
        }
        Ok(())
    }

    /// The task's part of a start of an Express parent, which keeps no record of it.
    pub(super) async fn start_from_express(&self, call: &TaskCall) -> TaskResult {
        if let Some(failure) = self.unpermitted(call, Pattern::RequestResponse).await {
            return TaskResult::Failed(failure);
        }
        let started = match Arguments::read(&call.input) {
            Err(reason) => Err(Error::Corrupt(reason)),
            Ok(Arguments { state_machine_arn, name, input, trace_header }) => {
                let role_arn = call.task_role.as_ref().unwrap_or(&call.role_arn);
                let target = check_target(&state_machine_arn, &call.home, Some(role_arn));
                let trace_header = trace_header.or_else(|| call.trace_header.as_deref().map(str::to_owned));
                let start = StartExecution { state_machine_arn, name, input, trace_header };
                match target {
                    Ok(()) => self.start_execution(start).await,
                    Err(error) => Err(error),
                }
            }
        };
        match started {
            Ok(started) => self.started(&started.arn, started.started, Pattern::RequestResponse),
            Err(error) => {
                TaskResult::Failed(answer::failure(&error, &self.inner.base.ids.uuid().to_string()))
            }
        }
    }

    fn started(&self, arn: &str, started: Timestamp, pattern: Pattern) -> TaskResult {
        let request_id = self.inner.base.ids.uuid().to_string();
        let output = Payload::from_value(answer::started(arn, started, self.inner.base.now(), &request_id));
        match pattern {
            Pattern::RequestResponse => TaskResult::Succeeded(output),
            Pattern::Sync | Pattern::Sync2 | Pattern::WaitForTaskToken => TaskResult::Submitted(output),
        }
    }

    /// When the open execution of the same name and input was started, which is then meant.
    async fn open_namesake(
        &self,
        machine: &LoadedMachine,
        name: &str,
        input: &Payload,
    ) -> Result<Option<Timestamp>, Error> {
        let arn = ExecutionArn::new(&machine.home, &machine.name, name);
        let found = self.inner.base.store.read(move |tx| executions::find(tx, &arn)).await?;
        let same =
            found.filter(|found| found.status == ExecutionStatus::Running && found.input == input.text());
        Ok(same.map(|found| found.started))
    }
}
