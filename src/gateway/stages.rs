//! Compiled stages: loaded at the first request, dropped when they change, looked up without a lock.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

use super::address::{Target, TargetApi};
use super::api::{ApiId, ApiKeyValue, Invalidate, LiveStage, StageName, UsagePlanId};
use super::authorizers::{Pool, UserPools};
use super::backends::BoxFuture;
use super::cache::Caches;
use super::compile::{Served, Shared, compile};
use super::plans::ledger::Ledger;
use super::plans::{LiveKey, LiveUsage, Subject};
use super::refusal::Refusal;
use super::upstream::Upstreams;
use crate::clock::Clock;
use crate::id::AccountRegion;

/// Why a stage or a key could not be read, or usage not be recorded.
#[derive(Debug, thiserror::Error)]
#[error("the store could not be used")]
pub struct SourceError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where stages are read from.
pub trait StageSource: Send + Sync + 'static {
    /// A stage as it stands now; `None` if there is no such API or stage.
    fn load<'a>(
        &'a self,
        api: &'a ApiId,
        stage: &'a StageName,
    ) -> BoxFuture<'a, Result<Option<LiveStage>, SourceError>>;

    /// The APIs that have a stage of this name, in any account and region; in a stable order.
    fn apis_with_stage<'a>(&'a self, stage: &'a StageName) -> BoxFuture<'a, Result<Vec<ApiId>, SourceError>>;

    /// The API key of this value; `None` if there is none.
    fn key<'a>(
        &'a self,
        owner: &'a AccountRegion,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveKey>, SourceError>>;
}

/// What is known at one moment.
#[derive(Clone, Debug, Default)]
struct Known {
    stages: HashMap<ApiId, HashMap<StageName, Arc<Served>>>,
    /// For requests that name a stage only.
    apis: HashMap<StageName, Arc<[ApiId]>>,
}

/// Whose turn it is to load a stage.
type Turns = HashMap<(ApiId, StageName), Arc<tokio::sync::Mutex<()>>>;

/// All compiled stages.
pub(crate) struct Stages {
    source: Arc<dyn StageSource>,
    default_api: Option<ApiId>,
    clock: Arc<dyn Clock>,
    caches: Caches,
    ledger: Arc<Ledger>,
    upstreams: Upstreams,
    pools: BTreeMap<String, Arc<Pool>>,
    known: ArcSwap<Known>,
    /// Counts invalidations: what was loaded under an older count is not kept.
    changes: AtomicU64,
    /// One load at a time for each stage; others wait for its result.
    loading: Mutex<Turns>,
}

/// How often a load that was overtaken by a change is tried again before its result is used unkept.
const RELOADS_MAX: u32 = 3;

impl Stages {
    pub(crate) fn new(
        source: Arc<dyn StageSource>,
        default_api: Option<ApiId>,
        ledger: Arc<Ledger>,
        clock: Arc<dyn Clock>,
        upstreams: Upstreams,
        user_pools: &UserPools,
    ) -> Self {
        let pools = user_pools.iter().map(|(arn, pool)| (arn.clone(), Arc::new(Pool::new(pool)))).collect();
        Self {
            source,
            default_api,
            clock,
            caches: Caches::default(),
            ledger,
            upstreams,
            pools,
            known: ArcSwap::default(),
            changes: AtomicU64::new(0),
            loading: Mutex::default(),
        }
    }

    pub(crate) fn pools(&self) -> &BTreeMap<String, Arc<Pool>> {
        &self.pools
    }

    pub(crate) fn upstreams(&self) -> &Upstreams {
        &self.upstreams
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
        match self.kept(api, stage) {
            Some(served) => Ok(served),
            None => self.load(api, stage).await,
        }
    }

    fn kept(&self, api: &ApiId, stage: &StageName) -> Option<Arc<Served>> {
        self.known.load().stages.get(api)?.get(stage).cloned()
    }

    async fn load(&self, api: &ApiId, stage: &StageName) -> Result<Arc<Served>, Refusal> {
        let key = (api.clone(), stage.clone());
        let turn = self.turns().entry(key.clone()).or_default().clone();
        let held = turn.lock().await;
        let result = match self.kept(api, stage) {
            Some(served) => Ok(served),
            None => self.load_fresh(api, stage).await,
        };
        drop(held);
        // What waits for this turn holds it by itself.
        self.turns().remove(&key);
        result
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load_fresh(&self, api: &ApiId, stage: &StageName) -> Result<Arc<Served>, Refusal> {
        let mut reloads = 0;
        loop {
            let changes = self.changes.load(Ordering::Acquire);
            let live = self.source.load(api, stage).await.map_err(unavailable)?;
            let Some(live) = live else { return Err(Refusal::Forbidden) };
            self.ledger.restore_limiters(api, stage).await.map_err(unavailable)?;
            let Self { caches, ledger, clock, upstreams, pools, .. } = self;
            let shared = Shared { caches, ledger, clock, upstreams, pools };
            let served = Arc::new(compile(&live, shared));
            let is_current = self.keep(changes, |known| {
                known.stages.entry(api.clone()).or_default().insert(stage.clone(), served.clone());
            });
            if is_current || RELOADS_MAX <= reloads {
                return Ok(served);
            }
            reloads += 1;
        }
    }

    async fn apis_with(&self, stage: &StageName) -> Result<Arc<[ApiId]>, Refusal> {
        if let Some(apis) = self.known.load().apis.get(stage) {
            return Ok(apis.clone());
        }
        let changes = self.changes.load(Ordering::Acquire);
        let apis = self.source.apis_with_stage(stage).await.map_err(unavailable)?;
        let apis: Arc<[ApiId]> = apis.into();
        // Names that nobody has are not kept: anyone could fill the memory with them.
        if !apis.is_empty() {
            self.keep(changes, |known| {
                known.apis.insert(stage.clone(), apis.clone());
            });
        }
        Ok(apis)
    }

    /// Adds to what is known, unless something changed since `changes`; whether it did add.
    fn keep(&self, changes: u64, add: impl Fn(&mut Known)) -> bool {
        let mut is_current = true;
        self.known.rcu(|known| {
            is_current = self.changes.load(Ordering::Acquire) == changes;
            let mut known = Known::clone(known);
            if is_current {
                add(&mut known);
            }
            known
        });
        is_current
    }
}

fn unavailable(error: SourceError) -> Refusal {
    tracing::error!(error = &error as &dyn std::error::Error, "a stage could not be read");
    Refusal::Unavailable
}

impl Invalidate for Stages {
    fn invalidate(&self, api: &ApiId) {
        // First the count, then the removal: a load that keeps its result in between is removed with the rest.
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known.rcu(|known| {
            let mut known = Known::clone(known);
            known.stages.remove(api);
            // Which stages the API had is not known here.
            known.apis.clear();
            known
        });
        self.ledger.limiters().sweep(self.clock.now());
        self.caches.sweep(self.clock.monotonic());
    }

    fn flush_cache(&self, api: &ApiId, stage: &StageName) {
        self.caches.flush(api, stage);
    }

    fn flush_authorizers(&self, api: &ApiId, stage: &StageName) {
        let Some(served) = self.kept(api, stage) else { return };
        let canary = served.canary.iter().map(|canary| &canary.stage);
        let stages = std::iter::once(&served.stage).chain(canary);
        stages.flat_map(|stage| stage.authorizers.values()).for_each(|authorizer| authorizer.flush());
    }

    fn invalidate_key(&self, owner: &AccountRegion, value: &ApiKeyValue) {
        self.ledger.forget_key(owner, value);
    }

    fn invalidate_usage(&self, subject: &Subject) {
        self.ledger.expire(subject);
    }

    fn live_usage(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<LiveUsage> {
        self.ledger.live_usage(owner, plan)
    }
}

impl fmt::Debug for Stages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stages").field("known", &self.known).finish_non_exhaustive()
    }
}
