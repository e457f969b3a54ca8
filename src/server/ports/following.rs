//! What keeps this node's memory as other nodes change what is stored.

use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::apis::Apis;
use crate::functions::Functions;
use crate::gateway::Gateway;
use crate::identity::Sessions;
use crate::identity::iam::Iam;
use crate::stack::Stacks;
use crate::store::Store;

/// Tasks of the rooms that keep something in memory. Of a store that nobody shares, they end at once.
pub(in super::super) struct Following(Vec<JoinHandle<()>>);

impl Following {
    pub(in super::super) fn new(
        store: &Store,
        apis: &Apis,
        gateway: &Gateway,
        (iam, sessions): (&Iam, &Sessions),
        functions: &Functions,
        stacks: &Arc<Stacks>,
    ) -> Self {
        let stacks = stacks.clone();
        let (mut nodes, gateway) = (store.nodes(), gateway.clone());
        let share = async move {
            loop {
                let now = *nodes.borrow_and_update();
                gateway.share(now.count, now.rank).await;
                if nodes.changed().await.is_err() {
                    return;
                }
            }
        };
        Self(vec![
            tokio::spawn(apis.clone().follow()),
            tokio::spawn(iam.clone().follow()),
            tokio::spawn(sessions.clone().follow()),
            tokio::spawn(functions.clone().follow()),
            tokio::spawn(async move { stacks.follow().await }),
            tokio::spawn(share),
        ])
    }

    /// Ends them.
    pub(in super::super) fn end(&self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
