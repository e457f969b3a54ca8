//! LoadLocks for loading a stage: one load at a time, and a later load reads later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::apis::{ApiId, StageName};

type Key = (ApiId, StageName);
type Waiting = HashMap<Key, Arc<tokio::sync::Mutex<()>>>;

/// The stages that are being loaded.
#[derive(Debug, Default)]
pub(super) struct LoadLocks(Mutex<Waiting>);

/// While it is held, nobody else loads this stage.
#[derive(Debug)]
pub(super) struct LoadLock<'l> {
    load_locks: &'l LoadLocks,
    key: Key,
    /// `None` before the lock is taken and after it is released.
    held: Option<OwnedMutexGuard<()>>,
}

impl LoadLocks {
    /// Waits until nobody else loads the stage.
    pub(super) async fn take(&self, api: &ApiId, stage: &StageName) -> LoadLock<'_> {
        let key = (api.clone(), stage.clone());
        let entry = self.waiting().entry(key.clone()).or_default().clone();
        // Created before waiting, so that a waiter who gives up leaves nothing behind.
        let mut lock = LoadLock { load_locks: self, key, held: None };
        lock.held = Some(entry.lock_owned().await);
        lock
    }

    /// The stages of an API that are being loaded, or are about to be.
    pub(super) fn stages_of(&self, api: &ApiId) -> Vec<StageName> {
        self.waiting().keys().filter(|(of, _)| of == api).map(|(_, stage)| stage.clone()).collect()
    }

    /// The APIs of which any is.
    pub(super) fn apis(&self) -> Vec<ApiId> {
        self.waiting().keys().map(|(api, _)| api.clone()).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LoadLock<'_> {
    fn drop(&mut self) {
        self.held = None;
        let mut waiting = self.load_locks.waiting();
        // A waiter holds the lock too, and gets it under the table's lock.
        if waiting.get(&self.key).is_some_and(|entry| Arc::strong_count(entry) == 1) {
            waiting.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use super::*;

    async fn waits(taking: &mut Pin<Box<impl Future>>) -> bool {
        tokio::select! {
            biased;
            _ = taking => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn turns_are_taken_one_after_another_and_forgotten() {
        let load_locks = LoadLocks::default();
        let (api, stage) = (ApiId::from("abc"), StageName::from("dev"));
        let first = load_locks.take(&api, &stage).await;
        let other = load_locks.take(&api, &"prod".into()).await;
        let mut second = Box::pin(load_locks.take(&api, &stage));
        assert!(waits(&mut second).await);
        assert_eq!(load_locks.stages_of(&api).len(), 2);
        assert!(load_locks.stages_of(&"xyz".into()).is_empty());
        drop(first);
        // The next one waits behind the second.
        let mut third = Box::pin(load_locks.take(&api, &stage));
        assert!(waits(&mut third).await);
        let second = second.await;
        assert!(waits(&mut third).await);
        drop(second);
        assert!(!waits(&mut third).await);
        let fourth = load_locks.take(&api, &stage).await;
        let mut fifth = Box::pin(load_locks.take(&api, &stage));
        assert!(waits(&mut fifth).await);
        drop(fourth);
        drop(fifth);
        drop(other);
        assert!(load_locks.waiting().is_empty());
    }
}
