//! The role that a task's call is made under.

use crate::engine::{Acting, TaskCall};
use crate::identity::iam::RoleUse;

/// The service that acts under the roles of state machines.
pub(super) const STEP_FUNCTIONS: &str = "states.amazonaws.com";
/// The longest name of a role's session.
const SESSION_CHARS_MAX: usize = 64;

/// The use of a role that a call is; `None` for what is tested without one.
pub(super) fn role_use(call: &TaskCall) -> Option<RoleUse> {
    role_of(&call.acting())
}

/// The use of a role that something is which is done for an execution.
pub(super) fn role_of(acting: &Acting) -> Option<RoleUse> {
    if acting.role_arn.is_empty() {
        return None;
    }
    let name = acting.execution_arn.rsplit(':').next().unwrap_or_default();
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    Some(RoleUse {
        role_arn: acting.role_arn.clone(),
        service: STEP_FUNCTIONS,
        session: name.chars().filter(is_allowed).take(SESSION_CHARS_MAX).collect(),
        source_arn: Some(acting.state_machine_arn.clone()),
        task_role: acting.task_role.clone(),
    })
}
