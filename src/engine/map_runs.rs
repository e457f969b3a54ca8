//! Map Runs: Maps in DISTRIBUTED mode, whose iterations are executions of their own.
//!
//! The parent's machine decides which children begin and what their ends mean; here is what that takes outside. A
//! child's first step is written in the transaction of the parent's step that begins it, so neither is there without
//! the other. Its end is told to the parent afterwards, and again after a crash: what the parent knows already changes
//! nothing. Children run a machine that nobody can ask for by name: a row beside the parent's for each of the
//! parent's revisions.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html>

mod describe;
mod express;
mod items;
mod results;
mod stored;
mod tell;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

pub use self::describe::{MapRunCounts, MapRunDescription, MapRunItem, UpdateMapRun};
pub(super) use self::items::failed;
use super::event::Failure;
use super::map_run_memory::ProcessorIds;
use super::nested::answer::unpermitted;
use super::open::Engine;
use super::origin::Origin;
use super::state_machines::LoadedMachine;
use super::{Acting, Error, Need};
use crate::asl::{Processor, Program};
use crate::id::{AccountRegion, ExecutionArn, StateMachineArn};

impl Engine {
    /// The machine that the children of an execution run, loaded.
    pub(super) fn processor(
        &self,
        origin: &Origin,
        processor: &Processor,
    ) -> Result<Arc<LoadedMachine>, Error> {
        let runs = &self.inner.map_runs;
        runs.may_be.store(true, Ordering::SeqCst);
        let key = (origin.revision, processor.label.clone());
        let mut known = runs.processors.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = match known.get(&key) {
            Some(ids) => *ids,
            None => ProcessorIds { id: self.inner.base.next_id()?, revision: self.inner.base.next_id()? },
        };
        known.insert(key, ids);
        let ProcessorIds { id, revision } = ids;
        drop(known);
        let program = self.inner.state_machines.program(revision, &processor.definition, processor.kind)?;
        let arn = format!("{}/{}", origin.state_machine_arn, processor.label);
        let parsed = StateMachineArn::parse(&arn)?;
        let name = parsed.full_name();
        Ok(Arc::new(LoadedMachine {
            id,
            revision,
            version: None,
            alias: None,
            kind: processor.kind,
            arn: arn.into(),
            name,
            role_arn: origin.role_arn.clone(),
            region: Arc::from(origin.home.region.as_str()),
            home: origin.home.clone(),
            program,
            definition_bytes: processor.definition.len(),
            log: origin.log.clone(),
            events_max: origin.events_max,
            express_history: origin.express_history,
        }))
    }
}

impl Engine {
    /// Why an execution's Maps may start no children, if its role doesn't let them: as on AWS, it has to allow
    /// StartExecution of the machine itself, and RedriveExecution of the children if the execution `is_redriven`. AWS's
    /// documents don't say what the execution is told; it is told what a task is that starts an execution.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html>
    pub(super) async fn map_refused(
        &self,
        program: &Program,
        home: &AccountRegion,
        is_redriven: bool,
        acting: impl FnOnce() -> Acting,
    ) -> Option<Failure> {
        if !program.has_distributed_map() {
            return None;
        }
        let acting = acting();
        // A child's machine is `…:stateMachine:NAME/LABEL`.
        let machine = acting.state_machine_arn.split('/').next().unwrap_or_default();
        let mut needed = vec![Need { action: "states:StartExecution", resource: machine.to_owned() }];
        if is_redriven {
            // Which Maps go on is decided by the step: the role has to allow it for all of them.
            let executions = acting.state_machine_arn.replacen(":stateMachine:", ":execution:", 1);
            let children = program.map_labels().map(|label| format!("{executions}/{label}:*"));
            needed.extend(children.map(|resource| Need { action: "states:RedriveExecution", resource }));
        }
        let refused = self.inner.tasks.permit(home.clone(), acting, needed).await.err()?;
        Some(unpermitted(refused, &self.inner.base.ids.uuid().to_string()))
    }

    /// The same for an execution that is about to begin.
    pub(super) async fn map_refused_of(&self, machine: &LoadedMachine, name: &str) -> Option<Failure> {
        let acting = || Acting {
            execution_arn: ExecutionArn::new(&machine.home, &machine.name, name).to_string().into(),
            state_machine_arn: machine.arn.clone(),
            role_arn: machine.role_arn.clone(),
            task_role: None,
        };
        self.map_refused(&machine.program, &machine.home, false, acting).await
    }
}
