//! Compiled stages: loaded for the first request, recompiled when they change, looked up without a lock.
//!
//! Once a change has been answered, requests see it: the gateway is notified before the answer. It then reads the store
//! one after another, after all reads that began earlier.

mod load_locks;
mod names;
mod stage_cache;

use std::collections::BTreeSet;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use self::load_locks::LoadLocks;
use self::names::Names;
use self::stage_cache::StageCache;
use super::address::{Target, TargetApi};
use super::backends::BoxFuture;
use super::compile::{Served, Shared, compile};
use super::refusal::Refusal;
use crate::apis::{ApiId, Change, LiveKey, LiveStage, LiveUsage, StageName, UsagePlanId, Watcher};
use crate::id::AccountRegion;

/// Why a stage or a key could not be read, or usage could not be recorded.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be used")]
pub struct SourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl From<crate::apis::error::Error> for SourceError {
    fn from(error: crate::apis::error::Error) -> Self {
        Self(error.into())
    }
}

/// Loads stages and keys.
pub trait StageSource: Send + Sync + 'static {
    /// The current state of a stage; `None` if there is no such API or stage.
    fn load<'a>(
        &'a self,
        api: &'a ApiId,
        stage: &'a StageName,
    ) -> BoxFuture<'a, Result<Option<LiveStage>, SourceError>>;

    /// The APIs with a stage of this name, in all accounts and regions; in a stable order.
    fn apis_with_stage<'a>(&'a self, stage: &'a StageName) -> BoxFuture<'a, Result<Vec<ApiId>, SourceError>>;

    /// The API key with this value; `None` if there is none.
    fn key<'a>(
        &'a self,
        owner: &'a AccountRegion,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveKey>, SourceError>>;
}

/// All compiled stages.
pub(crate) struct Stages {
    source: Arc<dyn StageSource>,
    default_api: Option<ApiId>,
    shared: Arc<Shared>,
    known: Arc<StageCache>,
    load_locks: LoadLocks,
    names: Names,
}

impl Stages {
    pub(crate) fn new(source: Arc<dyn StageSource>, default_api: Option<ApiId>, shared: Shared) -> Self {
        let (known, load_locks, names) = (Arc::default(), LoadLocks::default(), Names::default());
        Self { source, default_api, shared: Arc::new(shared), known, load_locks, names }
    }

    /// What all stages are compiled with.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The stage that `target` names.
    pub(crate) async fn find(&self, target: &Target) -> Result<Arc<Served>, Refusal> {
        match (&target.api, &self.default_api) {
            (TargetApi::Named(api), _) | (TargetApi::Default, Some(api)) => {
                self.of_api(api, &target.stage).await
            }
            (TargetApi::Default, None) => {
                let apis = self.apis_with(&target.stage).await?;
                match &*apis {
                    [] => Err(Refusal::Forbidden),
                    [api] => self.of_api(api, &target.stage).await,
                    several => Err(Refusal::AmbiguousApi {
                        stage: target.stage.as_str().to_owned(),
                        apis: several.to_vec(),
                    }),
                }
            }
        }
    }

    async fn of_api(&self, api: &ApiId, stage: &StageName) -> Result<Arc<Served>, Refusal> {
        if let Some(served) = self.known.get(api, stage) {
            return Ok(served);
        }
        let _lock = self.load_locks.take(api, stage).await;
        match self.known.get(api, stage) {
            Some(served) => Ok(served),
            None => self.load(api, stage).await,
        }
    }

    /// Loads and compiles a stage, and replaces the known one. The caller holds the stage's lock.
    async fn load(&self, api: &ApiId, stage: &StageName) -> Result<Arc<Served>, Refusal> {
        let loaded = self.compiled(api, stage).await;
        match &loaded {
            Ok(Some(served)) => self.known.put(api, stage, served),
            Ok(None) | Err(_) => self.known.remove(api, stage),
        }
        let known = self.known.clone();
        tokio::task::spawn_blocking(move || known.sweep());
        loaded.map_err(unavailable)?.ok_or(Refusal::Forbidden)
    }

    async fn compiled(&self, api: &ApiId, stage: &StageName) -> Result<Option<Arc<Served>>, SourceError> {
        let Some(live) = self.source.load(api, stage).await? else { return Ok(None) };
        self.shared.key_meters.restore_limiters(api, stage).await?;
        let shared = self.shared.clone();
        // Compiling hundreds of templates takes time; requests for other stages shouldn'l wait for it.
        let compiled = tokio::task::spawn_blocking(move || compile(&live, &shared)).await;
        Ok(Some(Arc::new(compiled.map_err(|error| SourceError(error.into()))?)))
    }

    /// Recompiles the stages of an API that are in use. Until that is done, requests are served with the previous ones.
    async fn refresh(&self, api: &ApiId) {
        // A load in progress may have read the state before the change. Look at loads first, then at known stages: a
        // load makes its stage known before it releases its lock.
        let mut stages: BTreeSet<StageName> = self.load_locks.stages_of(api).into_iter().collect();
        stages.extend(self.known.stages_of(api));
        for stage in stages {
            let _lock = self.load_locks.take(api, &stage).await;
            // A stage that can'l be loaded is dropped; the next request gets the error.
            let _ = self.load(api, &stage).await;
        }
        self.shared.caches.sweep(self.shared.clock.monotonic());
    }

    /// The same of all stages in use.
    pub(crate) async fn refresh_all(&self) {
        let mut apis: BTreeSet<ApiId> = self.load_locks.apis().into_iter().collect();
        apis.extend(self.known.all().into_iter().map(|(api, ..)| api));
        for api in &apis {
            self.refresh(api).await;
        }
    }

    async fn apis_with(&self, stage: &StageName) -> Result<Arc<[ApiId]>, Refusal> {
        if let Some(apis) = self.names.get(stage) {
            return Ok(apis);
        }
        let changes = self.names.changes();
        let apis: Arc<[ApiId]> = self.source.apis_with_stage(stage).await.map_err(unavailable)?.into();
        // Names that no API has are not kept: anyone could fill the memory with them.
        if !apis.is_empty() {
            self.names.put(stage, &apis, changes);
        }
        Ok(apis)
    }
}

fn unavailable(error: SourceError) -> Refusal {
    tracing::error!(error = &error as &dyn std::error::Error, "a stage could not be read");
    Refusal::Unavailable
}

impl Watcher for Stages {
    fn notify<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, ()> {
        match change {
            Change::DomainNames(_) => Box::pin(ready(())),
            Change::ByOthers => {
                self.names.clear();
                self.shared.key_meters.forget_all();
                Box::pin(self.refresh_all())
            }
            Change::FlushedByOthers => {
                for (api, stage, served) in self.known.all() {
                    self.shared.caches.flush(&api, &stage);
                    served.authorizers().for_each(|authorizer| authorizer.flush());
                }
                Box::pin(ready(()))
            }
            Change::StageNames(api) => {
                self.names.clear();
                Box::pin(self.refresh(api))
            }
            Change::Stages(api) => Box::pin(self.refresh(api)),
            Change::VpcLinks(owner) => Box::pin(async move {
                let all = self.known.all().into_iter().filter(|(_, _, served)| served.stage.owner == *owner);
                let apis: BTreeSet<ApiId> = all.map(|(api, ..)| api).collect();
                for api in &apis {
                    self.refresh(api).await;
                }
            }),
            Change::Cache(api, stage) => {
                self.shared.caches.flush(api, stage);
                Box::pin(ready(()))
            }
            Change::Authorizers(api, stage) => {
                if let Some(served) = self.known.get(api, stage) {
                    served.authorizers().for_each(|authorizer| authorizer.flush());
                }
                Box::pin(ready(()))
            }
            Change::Key(owner, value) => {
                self.shared.key_meters.forget_key(owner, value);
                Box::pin(ready(()))
            }
            Change::Usage(subject) => {
                self.shared.key_meters.expire(subject);
                Box::pin(ready(()))
            }
        }
    }

    fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage> {
        self.shared.key_meters.live_usage(owner, plan)
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stages").field("known", &self.known).finish_non_exhaustive()
    }
}
