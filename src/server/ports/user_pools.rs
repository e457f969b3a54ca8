//! `gateway::OwnUserPools`: the keys of this server's own user pools.

use crate::cognito::Cognito;
use crate::gateway::{BoxFuture, KeySet, OwnUserPools};

/// The pools of Cognito.
pub(super) struct OwnPools(pub(super) Cognito);

impl OwnUserPools for OwnPools {
    fn keys<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Option<KeySet>> {
        Box::pin(self.0.keys_of_pool(arn))
    }
}
