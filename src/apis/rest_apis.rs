//! The entry point: control-plane operations for clients, and loading and change notifications for the data plane.

use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::{Mutex, oneshot, watch};

use super::deployment::DeploymentSnapshot;
use super::ids::{ApiId, StageName, UsagePlanId};
use super::live::{Change, LiveKey, LiveStage, LiveUsage, Watcher};
use super::reach::Reach;
use super::records::RECORDS;
use super::rows::{
    API_KEYS, OWNED, Rows, STEPS, all_domain_names, find_apis_with_stage, find_live_key, find_live_stage,
};
use crate::apis::error::Error;
use crate::clock::{Clock, Ids, Timestamp};
use crate::id::AccountRegion;
use crate::store;
use crate::store::{SealedColumn, Store, Tx};

/// After how long the changes of another node are read again that could not be read.
const AGAIN: Duration = Duration::from_millis(500);
/// What is announced to other nodes: the data plane serves something else, or something to someone else …
const CHANGED: &str = "apigateway stage";
/// … or must not use what it has cached.
const FLUSHED: &str = "apigateway cache";

/// All REST APIs in the store. Cheap to clone; clones share everything.
///
/// Every operation is one transaction: it takes effect completely and durably before it is answered, or not at all.
#[derive(Clone)]
pub struct Apis {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    watchers: Arc<RwLock<Vec<Weak<dyn Watcher>>>>,
    reach: Arc<Reach>,
    /// Held while domain names are published: the last to read the store must be the last to publish.
    publishing: Arc<Mutex<()>>,
}

impl Apis {
    /// The columns that are encrypted.
    pub const SEALED: &[&SealedColumn] = &[&API_KEYS, &OWNED];

    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// If the store can't be used.
    pub fn migrate(store: &Store) -> Result<(), Error> {
        store.migrate("apigateway", STEPS)?;
        Ok(store.declare(RECORDS)?)
    }

    /// Opens the APIs in `store`, and creates their tables if necessary. Blocks.
    pub fn open(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, Error> {
        Self::migrate(&store)?;
        let (watchers, reach, publishing) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Self { store, clock, ids, watchers, reach, publishing })
    }

    /// The same APIs, with integrations that can also reach what `reach` lists.
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach: Arc::new(reach), ..self }
    }

    /// Notifies `watcher` of changes until it is dropped.
    pub fn watch(&self, watcher: Weak<dyn Watcher>) {
        let mut watchers = self.watchers.write().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| 0 < watcher.strong_count());
        watchers.push(watcher);
    }

    /// Publishes domain names to the data plane: when the server starts, and after each commit that changes one, before
    /// the client gets its answer.
    pub async fn publish_domains(&self) -> Result<(), Error> {
        let publishing = self.publishing.lock().await;
        let all = self.store.read(all_domain_names).await?;
        self.notify(&[Change::DomainNames(all)]).await;
        drop(publishing);
        Ok(())
    }

    /// The stage `name` of an API with what it serves, in any account; `None` if there is no such stage.
    pub async fn live_stage(&self, api_id: &ApiId, name: &StageName) -> Result<Option<LiveStage>, Error> {
        let (api_id, name) = (api_id.clone(), name.clone());
        self.store.read(move |tx| find_live_stage(tx, &api_id, &name)).await
    }

    /// The APIs that have a stage of this name, in any account, by id.
    pub async fn apis_with_stage(&self, name: &StageName) -> Result<Vec<ApiId>, Error> {
        let name = name.clone();
        self.store.read(move |tx| find_apis_with_stage(tx, &name)).await
    }

    /// The API as it would be deployed now.
    pub async fn working_copy(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
    ) -> Result<Arc<DeploymentSnapshot>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            rows.working_copy(&api_id).map(Arc::new)
        })
        .await
    }

    /// The key with this value, with its plans; `None` if there is none.
    pub async fn live_key(&self, owner: &AccountRegion, value: &str) -> Result<Option<LiveKey>, Error> {
        let value = value.to_owned();
        self.read(owner, move |rows| find_live_key(rows, &value)).await
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn ids(&self) -> Arc<dyn Ids> {
        Arc::clone(&self.ids)
    }

    pub(super) fn reach(&self) -> Arc<Reach> {
        Arc::clone(&self.reach)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn write<T, F>(&self, owner: &AccountRegion, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Rows<'_>) -> Result<T, Error> + Send + 'static,
    {
        let owner = owner.clone();
        self.store.write(move |tx| work(&Rows::new(tx, owner.clone()))).await
    }

    pub(super) async fn read<T, F>(&self, owner: &AccountRegion, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Rows<'_>) -> Result<T, Error> + Send + 'static,
    {
        let owner = owner.clone();
        self.store.read(move |tx| work(&Rows::new(tx, owner))).await
    }

    /// Writes, and notifies the data plane of the changes that `changes` derives from the result.
    pub(super) async fn write_and_tell<T, F, C>(
        &self,
        owner: &AccountRegion,
        work: F,
        changes: C,
    ) -> Result<T, Error>
    where
        T: Send + Sync + 'static,
        F: Fn(&Rows<'_>) -> Result<T, Error> + Send + 'static,
        C: FnOnce(&T) -> Vec<Change> + Send + 'static,
    {
        let (apis, owner) = (self.clone(), owner.clone());
        let whole = async move {
            let done = apis.write_announced(&owner, work).await?;
            apis.notify(&changes(&done)).await;
            Ok(done)
        };
        self.whole(whole).await
    }

    /// The same for domain names and their mappings.
    pub(super) async fn write_and_publish<T, F>(&self, owner: &AccountRegion, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Rows<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (apis, owner) = (self.clone(), owner.clone());
        let whole = async move {
            let done = apis.write_announced(&owner, work).await?;
            apis.publish_domains().await?;
            Ok(done)
        };
        self.whole(whole).await
    }

    /// Writes what the data planes of other nodes have to know of, too.
    async fn write_announced<T, F>(&self, owner: &AccountRegion, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Rows<'_>) -> Result<T, Error> + Send + 'static,
    {
        let owner = owner.clone();
        let announced = move |tx: &Tx<'_>| {
            let done = work(&Rows::new(tx, owner.clone()))?;
            tx.announce(CHANGED);
            Ok(done)
        };
        self.store.write(announced).await
    }

    /// Lets what is cached for a while be dropped, here and at other nodes.
    pub(super) async fn flush(&self, change: Change) -> Result<(), Error> {
        if self.store.is_shared() {
            let announced = self.store.write_apart(|tx| {
                tx.announce(FLUSHED);
                Ok::<_, Error>(())
            });
            announced.await?;
        }
        self.notify(&[change]).await;
        Ok(())
    }

    /// Notifies the data plane of what other nodes change. Never ends; its caller ends it.
    pub fn follow(self) -> impl Future<Output = ()> + Send + 'static {
        let (changed, flushed) = (self.store.watch(CHANGED, &[]), self.store.watch(FLUSHED, &[]));
        async move {
            if self.store.is_shared() {
                self.follow_on(changed, flushed).await;
            }
        }
    }

    async fn follow_on(&self, mut changed: watch::Receiver<u64>, mut flushed: watch::Receiver<u64>) {
        loop {
            tokio::select! {
                seen = changed.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    // What is in force stays until the store can be read.
                    while self.publish_domains().await.is_err() {
                        self.clock.sleep_until(self.now() + AGAIN).await;
                    }
                    self.notify(&[Change::ByOthers]).await;
                }
                seen = flushed.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    self.notify(&[Change::FlushedByOthers]).await;
                }
            }
        }
    }

    /// Runs `work` to its end even if the caller goes away: what follows a commit must happen even if the client hangs
    /// up in between.
    async fn whole<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        // One type of task for all of them: each type that is spawned costs some 4 KB of code.
        let work: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            // The caller may have gone away.
            let _ = answer.send(work.await);
        });
        let ended = tokio::spawn(work).await;
        match answered.await {
            Ok(result) => result,
            Err(_) if ended.is_err_and(|error| error.is_panic()) => Err(store::Error::Panicked.into()),
            // The runtime is shutting down.
            Err(_) => Err(store::Error::Closed.into()),
        }
    }

    /// Notifies the data plane.
    pub(super) async fn notify(&self, changes: &[Change]) {
        for watcher in self.watchers() {
            for change in changes {
                watcher.notify(change).await;
            }
        }
    }

    /// Today's usage of a plan's keys that the data plane has in use.
    pub(super) fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage> {
        self.watchers().iter().flat_map(|watcher| watcher.live_usage(owner, plan)).collect()
    }

    fn watchers(&self) -> Vec<Arc<dyn Watcher>> {
        let watchers = self.watchers.read().unwrap_or_else(PoisonError::into_inner);
        watchers.iter().filter_map(Weak::upgrade).collect()
    }
}
