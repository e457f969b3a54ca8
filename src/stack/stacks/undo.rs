//! Takes back what a failed create or update has done.

use super::one::NotMade;
use super::run::Run;
use crate::stack::error::Error;
use crate::stack::kind::ServedStage;
use crate::stack::model::{Made, Phase, Verb};
use crate::stack::operations::OperationError;
use crate::stack::record::End;
use crate::stack::status::Status;

/// What has to be done for a resource to be as before.
enum Undo {
    /// Its properties change back.
    Restore(Made, Made),
    /// The one that it replaced takes its place again.
    Return(Made),
    /// It wasn't there.
    ThrowAway,
}

impl Run<'_> {
    /// Changes back what was changed, the last change first; true if it has to stop.
    pub(super) async fn undo(&mut self) -> Result<bool, Error> {
        let mut unrestored: Vec<String> = self.progress.skipped.clone();
        let mut failed = false;
        while let Some((at, undo)) = self.next_undo(&unrestored) {
            match undo {
                Undo::ThrowAway => {
                    let made = self.made.remove(at);
                    self.progress.garbage.push(made);
                    self.commit(Vec::new(), None).await?;
                }
                Undo::Return(old) => {
                    let event = self.event_of(&old, Status::UpdateComplete, None);
                    let is_same = |made: &Made| {
                        made.logical_id == old.logical_id
                            && made.kind == old.kind
                            && made.attributes.reference == old.attributes.reference
                    };
                    self.progress.garbage.retain(|made| !is_same(made));
                    match self.made.get_mut(at).filter(|made| made.logical_id == old.logical_id) {
                        Some(place) => {
                            let new = std::mem::replace(place, old);
                            self.progress.garbage.push(new);
                        }
                        None => self.made.push(old),
                    }
                    self.commit(vec![event], None).await?;
                }
                Undo::Restore(before, now) => {
                    let begun = self.event_of(&before, Status::UpdateInProgress, None);
                    self.commit(vec![begun], None).await?;
                    let changed = Made { properties: now.properties.clone(), ..before.clone() };
                    let restored = match self.update_one(&changed, &before.properties).await {
                        Ok(_) => Ok(()),
                        Err(NotMade::Refused(source, _)) => Err(source),
                        Err(NotMade::Store(error)) => return Err(error),
                    };
                    if let Err(source) = restored {
                        let id = before.logical_id.clone();
                        tracing::error!(logical_id = id, %source, "could not undo a step of a failed template");
                        let event = self.event_of(&now, Status::UpdateFailed, Some(source.to_string()));
                        // What is there is what the next template changes.
                        if let Some(place) = self.made.get_mut(at) {
                            *place = now;
                        }
                        self.commit(vec![event], None).await?;
                        if !self.work.is_attended {
                            let reason = format!("The following resource(s) failed to update: [{id}]. ");
                            self.end(Status::UpdateRollbackFailed, Some(reason), End::Failed).await?;
                            return Ok(true);
                        }
                        failed = true;
                        unrestored.push(id);
                        self.progress.step = None;
                        continue;
                    }
                    self.progress.step = None;
                    let event = self.event_of(&before, Status::UpdateComplete, None);
                    if let Some(place) = self.made.get_mut(at) {
                        *place = before;
                    }
                    self.commit(vec![event], None).await?;
                }
            }
        }
        let before = &self.work.before;
        let place = |made: &Made| before.iter().position(|before| before.logical_id == made.logical_id);
        self.made.sort_by_key(|made| place(made).unwrap_or(usize::MAX));
        if failed {
            let reason = "Some resources could not be changed back.".to_owned();
            self.end(Status::UpdateFailed, Some(reason), End::Failed).await?;
            return Ok(true);
        }
        self.progress.phase = Phase::UndoCleanup;
        self.status(Status::UpdateRollbackCompleteCleanup, None).await?;
        Ok(false)
    }

    /// The last resource that isn't as before, and what has to be done about it.
    fn next_undo(&self, skipped: &[String]) -> Option<(usize, Undo)> {
        let is_old = |made: &Made| self.work.before.iter().any(|before| is_one(before, made));
        for (at, made) in self.made.iter().enumerate().rev() {
            if skipped.contains(&made.logical_id) {
                continue;
            }
            let Some(before) = self.work.before.iter().find(|old| old.logical_id == made.logical_id) else {
                return Some((at, Undo::ThrowAway));
            };
            if !is_one(before, made) {
                return Some((at, Undo::Return(before.clone())));
            }
            // An update that failed may have changed something.
            let half = self.progress.step.as_ref().filter(|step| step.logical_id == made.logical_id);
            let half = half.and_then(|step| step.update.clone());
            let now = match half {
                Some(properties) => Made { properties, ..made.clone() },
                None => made.clone(),
            };
            if now.properties != before.properties {
                return Some((at, Undo::Restore(before.clone(), now)));
            }
        }
        // One of another type had the same name, and nothing has taken its place.
        let missing = self.work.before.iter().find(|before| {
            !self.made.iter().any(|made| made.logical_id == before.logical_id)
                && !skipped.contains(&before.logical_id)
        });
        let missing = missing.filter(|before| self.progress.garbage.iter().any(|old| is_one(old, before)));
        debug_assert!(self.made.iter().all(|made| is_old(made) || skipped.contains(&made.logical_id)));
        missing.map(|before| (usize::MAX, Undo::Return(before.clone())))
    }

    /// Everything that was made for a stack that isn't to be.
    pub(super) fn throw_away_made(&mut self) {
        let made = std::mem::take(&mut self.made);
        self.progress.garbage.extend(made.into_iter().rev());
    }

    /// Removes what was made for nothing; true when that is done.
    pub(super) async fn clean_up_undone(&mut self) -> Result<bool, Error> {
        let is_update = self.work.verb == Verb::Update;
        while let Some(made) = self.progress.garbage.first().cloned() {
            let begun = self.event_of(&made, Status::DeleteInProgress, None);
            let is_shown = !self.is_there(&made.logical_id);
            self.commit(vec![begun.shown(is_shown)], None).await?;
            let deleted = self.take_back(&made).await?;
            self.progress.garbage.remove(0);
            let event = match deleted {
                Ok(()) => self.event_of(&made, Status::DeleteComplete, None),
                Err(source) => {
                    let id = made.logical_id.clone();
                    tracing::error!(logical_id = id, %source, "could not undo a step of a failed template");
                    let event = self.event_of(&made, Status::DeleteFailed, Some(source.to_string()));
                    // It stays known, so that the next template or deletion finds it.
                    if is_shown {
                        self.made.push(made);
                    }
                    if !is_update {
                        let left: Vec<Made> = self.progress.garbage.drain(..).rev().collect();
                        self.made.splice(0..0, left);
                        self.commit(vec![event], None).await?;
                        let reason = format!("The following resource(s) failed to delete: [{id}]. ");
                        self.end(Status::RollbackFailed, Some(reason), End::Failed).await?;
                        return Ok(true);
                    }
                    event
                }
            };
            self.commit(vec![event.shown(is_shown)], None).await?;
        }
        let status = if is_update { Status::UpdateRollbackComplete } else { Status::RollbackComplete };
        self.end(status, None, End::Failed).await?;
        Ok(true)
    }

    /// Removes what was made; a stage that a deployment was made for is what it was before.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub(super) async fn take_back(&self, made: &Made) -> Result<Result<(), OperationError>, Error> {
        let served = self.progress.served.get(&made.logical_id).and_then(ServedStage::from_map);
        match served {
            Some(served) => Ok(served.restore(&*self.operations, &made.attributes, &made.properties).await),
            None => self.delete_one(made).await,
        }
    }

    pub(super) fn is_there(&self, logical_id: &str) -> bool {
        self.made.iter().any(|made| made.logical_id == logical_id)
    }
}

/// Whether two are the same thing, whatever its properties are.
fn is_one(one: &Made, other: &Made) -> bool {
    one.logical_id == other.logical_id
        && one.kind == other.kind
        && one.attributes.reference == other.attributes.reference
}
