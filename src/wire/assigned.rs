//! Roles that a call assigns to a resource, for a service to act under: AWS checks some of them when they are assigned.
//!
//! Which, a service says in [`Special::assigned`](super::Special); this is the check.

use super::{Api, ApiError, Assigned, Call};
use crate::identity::iam::{RoleError, RoleUse};

/// The session's name while a role is checked.
const SESSION: &str = "AssignedRole";

impl Api {
    /// Checks the roles that a call assigns. A role that this server doesn't have is only refused if the settings are
    /// strict.
    pub(super) async fn check_assigned(&self, call: &Call) -> Result<(), ApiError> {
        for assigned in (call.operation.service.special.assigned)(call.operation, &call.input, &call.home) {
            let Assigned { role_arn, service, source_arn, refused, needed } = assigned;
            let role_arn = match role_arn {
                Some(role_arn) => role_arn,
                None => match (call.operation.service.special.stored_role)(call).await {
                    Some(role_arn) => role_arn,
                    // The resource isn't there, which the operation says.
                    None => continue,
                },
            };
            let of = RoleUse {
                role_arn: role_arn.as_str().into(),
                service,
                session: SESSION.to_owned(),
                source_arn: source_arn.map(Into::into),
                task_role: None,
            };
            let caller = match self.iam().assume(&of, &call.home).await {
                Ok(caller) => caller,
                Err(RoleError::Iam(error)) => return Err(error.into()),
                Err(RoleError::NotAssumed { .. } | RoleError::TaskRole { .. }) => {
                    return Err(refused(&role_arn));
                }
            };
            if self.iam().awaits_policies(&caller).await? {
                continue;
            }
            for (permission, refused) in needed {
                let permitted = self.permits(&caller, &call.home.region, &[permission]).await;
                permitted.map_err(|_| refused(&role_arn))?;
            }
        }
        Ok(())
    }
}
