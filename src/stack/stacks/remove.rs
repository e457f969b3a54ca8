//! Removes what is no longer needed, or everything.

use super::Action;
use super::run::Run;
use crate::stack::error::Error;
use crate::stack::model::{OnFailure, Phase, Verb};
use crate::stack::record::{self, End};
use crate::stack::status::Status;

impl Run<'_> {
    /// Everything is as the template says; what remains is to remove what it no longer says.
    pub(super) async fn begin_cleanup(&mut self) -> Result<(), Error> {
        self.progress.phase = Phase::Cleanup;
        self.head.settings = self.work.target.clone();
        let exports = (self.exports.clone(), self.imports.clone());
        record::save_exports(&self.stacks.store, self.home, &self.head.name, exports).await?;
        match self.work.verb {
            Verb::Update => self.status(Status::UpdateCompleteCleanup, None).await,
            Verb::Create | Verb::Delete => self.commit(Vec::new(), None).await,
        }
    }

    /// Deletes replaced resources and those that the template no longer contains, dependants first; true when done.
    pub(super) async fn clean_up(&mut self) -> Result<bool, Error> {
        while let Some(made) = self.progress.garbage.first().cloned() {
            let is_replaced = self.is_there(&made.logical_id);
            let retained = if is_replaced { made.retention.on_replace } else { made.retention.on_delete };
            let is_shown = !is_replaced;
            let event = if retained {
                self.event_of(&made, Status::DeleteSkipped, None)
            } else {
                let begun = self.event_of(&made, Status::DeleteInProgress, None);
                self.commit(vec![begun.shown(is_shown)], None).await?;
                match self.delete_one(&made).await? {
                    Ok(()) => self.event_of(&made, Status::DeleteComplete, None),
                    Err(source) => {
                        // The stack already matches the template. A resource that can't be deleted is reported, not a
                        // reason to undo.
                        let logical_id = &made.logical_id;
                        tracing::warn!(logical_id, %source, "could not remove what is no longer needed");
                        self.event_of(&made, Status::DeleteFailed, Some(source.to_string()))
                    }
                }
            };
            self.progress.garbage.remove(0);
            if !is_replaced {
                self.changed(&made, if retained { Action::Retained } else { Action::Deleted });
            }
            self.commit(vec![event.shown(is_shown)], None).await?;
        }
        let status =
            if self.work.verb == Verb::Create { Status::CreateComplete } else { Status::UpdateComplete };
        self.end(status, None, End::Done).await?;
        Ok(true)
    }

    /// Deletes everything, dependants first; true when done.
    pub(super) async fn delete(&mut self) -> Result<bool, Error> {
        let is_failed_creation = self.work.verb == Verb::Create && self.work.on_failure == OnFailure::Delete;
        if let Some(reason) = self.used_export().await? {
            self.end(Status::DeleteFailed, Some(reason), End::Failed).await?;
            return Ok(true);
        }
        while let Some(made) = self.made.last().cloned() {
            let is_retained = self.work.retain.contains(&made.logical_id)
                || (made.retention.on_delete && !is_failed_creation);
            let event = if is_retained {
                self.event_of(&made, Status::DeleteSkipped, None)
            } else {
                let begun = self.event_of(&made, Status::DeleteInProgress, None);
                self.commit(vec![begun], None).await?;
                match self.take_back(&made).await? {
                    Ok(()) => self.event_of(&made, Status::DeleteComplete, None),
                    Err(source) => {
                        let event = self.event_of(&made, Status::DeleteFailed, Some(source.to_string()));
                        self.commit(vec![event], None).await?;
                        let id = &made.logical_id;
                        let reason = format!("The following resource(s) failed to delete: [{id}]. ");
                        self.end(Status::DeleteFailed, Some(reason), End::Failed).await?;
                        return Ok(true);
                    }
                }
            };
            self.made.pop();
            self.commit(vec![event], None).await?;
        }
        self.end(Status::DeleteComplete, None, End::Gone).await?;
        Ok(true)
    }

    /// Why the stack can't go: another one uses what it exports.
    async fn used_export(&self) -> Result<Option<String>, Error> {
        let name = &self.head.name;
        let own = record::exported(&self.stacks.store, self.home).await?;
        let imports = record::imports(&self.stacks.store, self.home, name).await?;
        let used = imports
            .into_iter()
            .find(|(export, _)| own.iter().any(|own| own.name == *export && own.stack == *name));
        Ok(used.map(|(export, importer)| {
            format!("Export {export} cannot be deleted as it is in use by {importer}")
        }))
    }
}
