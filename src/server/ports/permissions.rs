//! `gateway::Permissions`: what the policies of callers grant.

use std::sync::Arc;

use crate::gateway::{BoxFuture, Permissions, SourceError};
use crate::identity::iam::{Enforcement, Iam};
use crate::identity::{Caller, Grants};

/// The policies of roles in IAM.
pub(super) struct OfIam(pub(super) Iam);

impl Permissions for OfIam {
    fn of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Arc<Grants>, SourceError>> {
        Box::pin(async move { self.0.grants(caller).await.map_err(|error| SourceError(error.into())) })
    }

    fn lets_pass<'a>(
        &'a self,
        caller: &'a Caller,
        action: &'static str,
        resource: &'a str,
    ) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            match caller.acting().filter(|_| self.0.enforcement() == Enforcement::Warn) {
                Some((role, _)) => {
                    self.0.note_missing(&role.role_arn, action, resource).await;
                    true
                }
                None => false,
            }
        })
    }
}
