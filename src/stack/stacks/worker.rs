//! Does what is to be done to stacks, in the background.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Mutex;

use serde_json::Map;

use super::Stacks;
use super::begin::Ended;
use super::run::{Run, actor};
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::model::{Phase, Settings};
use crate::stack::parameter;
use crate::stack::record;
use crate::stack::status::Status;
use crate::stack::template::Template;

impl Stacks {
    /// Gives what an earlier version has stored the form of today, and reads what is kept in memory.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub async fn adopt(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let adopted = record::adopt(&self.store, now, |home, name| {
            let mut head = self.new_head(home, name, Settings::default());
            head.id = parameter::first_id(home, name);
            head.status = Status::CreateComplete;
            head
        });
        adopted.await?;
        self.recall_drifts().await
    }

    /// Works until it is dropped, beginning with what a server before this one hasn't done.
    ///
    /// Boxed, as [`Stacks::apply`] is.
    pub fn work(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Err(error) = self.work_off().await {
                    tracing::error!(%error, "the work on stacks failed");
                }
                self.wake.notified().await;
            }
        })
    }

    /// Does everything that is to be done now.
    ///
    /// # Errors
    /// If the store can't be read or written; what is left is done next time.
    pub async fn work_off(&self) -> Result<(), Error> {
        // Of nodes that share a store, one does all: two that change resources at one time would undo each other's changes.
        while self.store.shards().has_first() {
            let mut was_idle = true;
            for (home, id) in record::unfinished(&self.store).await? {
                let _turn = self.turn.lock().await;
                let head = record::find(&self.store, &home, &id).await?;
                if head.is_some_and(|head| head.status.is_busy()) {
                    was_idle = false;
                    self.drive(&home, &id, None).await?;
                }
            }
            if was_idle {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Wakes the worker, and who waits for an answer, when other nodes write something for them. Never ends where there may
    /// be some; its caller ends it.
    pub async fn follow(&self) {
        let tables = &["stack_head", "stack_work", "stack_request"];
        let mut changed = self.store.watch("stack", tables);
        let mut drifts = self.store.watch("stack drift", &["stack_drift"]);
        if !self.store.is_shared() {
            return;
        }
        let mut owned = self.store.shards().owned();
        loop {
            tokio::select! {
                seen = changed.changed() => if seen.is_err() { return },
                seen = drifts.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    if let Err(error) = self.recall_drifts().await {
                        tracing::warn!(%error, "what another node found of a stack could not be read");
                    }
                    continue;
                }
                // Who worked may have ended.
                seen = owned.changed() => if seen.is_err() { return },
            }
            self.wake.notify_one();
            self.answered.notify_waiters();
        }
    }

    /// Does what is to be done to a stack. Whoever calls this has the turn.
    ///
    /// # Errors
    /// If the store can't be read or written; what is left is done next time.
    pub(super) async fn drive(
        &self,
        home: &AccountRegion,
        id: &str,
        template: Option<Template>,
    ) -> Result<Ended, Error> {
        let found = (record::find(&self.store, home, id).await?, record::work(&self.store, home, id).await?);
        let (Some(head), Some((work, progress))) = found else {
            return Err(Error::at("Stack", format!("nothing is to be done to {id}")));
        };
        let made = record::load(&self.store, home, &head.name).await?.unwrap_or_default();
        let settings = if progress.phase == Phase::Delete { &head.settings } else { &work.target };
        // Properties of before are shown, too, while it is undone.
        let mut secrets = Vec::new();
        for settings in [&head.settings, &work.target] {
            let template = Template::of(settings).ok();
            secrets.extend(
                template.into_iter().flat_map(|it| parameter::secrets(&it.parameters, &settings.parameters)),
            );
        }
        let mut run = Run {
            stacks: self,
            home,
            operations: self.accounts.operations(home, &actor(settings)),
            head,
            work,
            progress,
            made,
            template,
            resources: BTreeMap::new(),
            redeploy: BTreeSet::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
            outputs: Map::new(),
            exports: BTreeMap::new(),
            imports: BTreeSet::new(),
            failure: None,
            secrets,
            awaited: None,
            answered: Mutex::default(),
        };
        // The future has the locals of every phase.
        Box::pin(run.finish()).await?;
        let Run { changes, outputs, warnings, failure, .. } = run;
        Ok(Ended { changes, outputs, warnings, failure })
    }
}
