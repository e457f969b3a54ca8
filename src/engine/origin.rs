//! Who acts: an execution, for its tasks, its children and its logs.

use std::sync::Arc;
use std::time::Duration;

use super::Acting;
use super::logging::LogPlan;
use super::map_child::MapChild;
use crate::id::AccountRegion;

/// Which execution acts, and as whom.
#[derive(Clone)]
pub(super) struct Origin {
    pub(super) id: i64,
    pub(super) home: AccountRegion,
    pub(super) arn: Arc<str>,
    pub(super) state_machine_arn: Arc<str>,
    pub(super) role_arn: Arc<str>,
    pub(super) log: Option<Arc<LogPlan>>,
    /// The trace header that it was started with.
    pub(super) trace_header: Option<Arc<str>>,
    /// The revision of its machine.
    pub(super) revision: i64,
    /// Whose child it is, if it is one of a Map Run.
    pub(super) map_child: Option<MapChild>,
    /// Most events of its history.
    pub(super) events_max: u64,
    /// How long Express executions that its Maps run are kept after their end, if they are.
    pub(super) express_history: Option<Duration>,
}

impl Origin {
    /// What the execution does is done for it, under its machine's role.
    pub(super) fn acting(&self) -> Acting {
        Acting {
            execution_arn: self.arn.clone(),
            state_machine_arn: self.state_machine_arn.clone(),
            role_arn: self.role_arn.clone(),
            task_role: None,
        }
    }
}
