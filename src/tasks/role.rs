//! The role that a task's call is made under.

use crate::engine::TaskCall;
use crate::identity::iam::RoleUse;

/// The service that acts under the roles of state machines.
pub(super) const STEP_FUNCTIONS: &str = "states.amazonaws.com";
/// The longest name of a role's session.
const SESSION_CHARS_MAX: usize = 64;

/// The use of a role that a call is; `None` for what is tested without one.
pub(super) fn role_use(call: &TaskCall) -> Option<RoleUse> {
    if call.role_arn.is_empty() {
        return None;
    }
    let name = call.execution_arn.rsplit(':').next().unwrap_or_default();
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c);
    Some(RoleUse {
        role_arn: call.role_arn.clone(),
        service: STEP_FUNCTIONS,
        session: name.chars().filter(is_allowed).take(SESSION_CHARS_MAX).collect(),
        source_arn: Some(call.state_machine_arn.clone()),
        task_role: call.task_role.clone(),
    })
}
