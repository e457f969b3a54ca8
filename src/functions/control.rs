//! Functions as they are kept: made, changed, published, named, permitted, deleted, called.

mod aliases;
mod bounds;
mod calls;
mod changes;
mod checks;
mod events;
mod layer_policies;
mod layers;
mod permissions;
mod reference;
mod sources;
mod urls;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

pub use self::calls::{Called, Source};
pub use self::changes::{CodeChange, Limits, NewFunction, View};
pub use self::layers::NewLayer;
pub use self::reference::Reference;
pub use self::sources::{
    EventSource, SourceChange, StartingPosition, StreamChange, StreamSettings, check_filters,
};
pub use self::urls::UrlChange;
pub(super) use self::urls::UrlFound;
#[cfg(test)]
pub(super) use self::urls::UrlTarget;
use super::deployed::{Deployed, Logging, Running, function_arn};
use super::error::Error;
use super::logs::Log;
use super::model::{Function, LATEST, Version};
use super::options::{Options, Ports};
use super::record;
use super::runner::Runner;
use super::tables;
use crate::clock::{Clock, Ids, Timestamp};
use crate::id::AccountRegion;
use crate::store::{SealedColumn, Store, Tx};

/// Functions of all accounts and regions. Clones share them.
#[derive(Clone)]
pub struct Functions {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    ports: Arc<dyn Ports>,
    runner: Runner,
    options: Options,
    /// What calls need to know, read once.
    cache: Mutex<FunctionCache>,
    /// Told of a new event.
    new_event: Notify,
    /// Told of a change of event sources; held by who polls them, which lets go of the rest meanwhile.
    new_source: Arc<Notify>,
    is_closed: AtomicBool,
    /// Held by who says what is to be kept ready, so that the last who says it has read the newest.
    provisioning: tokio::sync::Mutex<()>,
}

/// Functions as they were when they were called first, and names of which there was none.
#[derive(Default)]
struct FunctionCache {
    by_name: HashMap<(AccountRegion, String), Option<Arc<CachedFunction>>>,
    /// URLs that were called, by their ids, and ids of none.
    by_url: HashMap<String, Option<Arc<UrlFound>>>,
    /// Counts changes, so that nothing is kept that was read before one.
    n_changes: u64,
}

/// A function as calls see it.
struct CachedFunction {
    /// How many changes there had been when it was read.
    generation: u64,
    function: Function,
    versions: Mutex<HashMap<String, Running>>,
}

impl Functions {
    /// What is encrypted.
    pub const SEALED: &[&SealedColumn] = tables::SEALED;

    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// If the store can't be used.
    pub fn migrate(store: &Store) -> Result<(), Error> {
        store.migrate("functions", tables::STEPS)?;
        store.declare(record::RECORDS)?;
        store.declare(events::RECORDS)?;
        Ok(store.declare(sources::RECORDS)?)
    }

    /// Opens the tables in `store`, and begins to handle events. Blocks.
    ///
    /// # Errors
    /// If the store or the folder can't be used.
    pub fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        options: Options,
        ports: Arc<dyn Ports>,
    ) -> Result<Self, Error> {
        Self::migrate(&store)?;
        let runner = Runner::open(options.clone(), store.clone(), clock.clone(), ids.clone(), ports.clone())?;
        let cache = Mutex::default();
        let new_event = Notify::new();
        let provisioning = tokio::sync::Mutex::default();
        let (new_source, is_closed) = (Arc::default(), AtomicBool::new(false));
        let inner = Inner {
            store,
            clock,
            ids,
            ports,
            runner,
            options,
            cache,
            new_event,
            new_source,
            is_closed,
            provisioning,
        };
        let functions = Self { inner: Arc::new(inner) };
        tokio::spawn(events::handle(Arc::downgrade(&functions.inner)));
        tokio::spawn(sources::poll_all(Arc::downgrade(&functions.inner)));
        let provisioned = functions.clone();
        // What was kept ready before is kept ready again.
        tokio::spawn(async move { provisioned.provision_all().await });
        Ok(functions)
    }

    /// Forgets what other nodes change, and makes the calls of others' events if this node is the one that does. Never ends
    /// where there are others; its caller ends it.
    pub fn follow(self) -> impl Future<Output = ()> + Send + 'static {
        let tables =
            &["function", "function_version", "function_version_layer", "function_layer", "function_url"];
        let changed = self.inner.store.watch("functions", tables);
        let events = self.inner.store.watch("functions event", &["function_event"]);
        let sources = self.inner.store.watch("functions source", &["function_source"]);
        async move {
            if self.inner.store.is_shared() {
                self.follow_on([changed, events, sources]).await;
            }
        }
    }

    async fn follow_on(&self, [mut changed, mut events, mut sources]: [watch::Receiver<u64>; 3]) {
        // What was read before others were listened to.
        self.inner.cache().forget_all();
        let mut owned = self.inner.store.shards().owned();
        loop {
            tokio::select! {
                seen = changed.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    self.inner.cache().forget_all();
                    self.provision_all().await;
                }
                seen = sources.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    self.inner.new_source.notify_one();
                }
                seen = events.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    self.inner.new_event.notify_one();
                }
                // The one that did may have ended.
                seen = owned.changed() => {
                    if seen.is_err() {
                        return;
                    }
                    self.inner.new_source.notify_one();
                    self.inner.new_event.notify_one();
                }
            }
        }
    }

    /// What time it is to the functions.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// What a function has logged.
    pub fn log(&self, home: &AccountRegion, name: &str) -> Arc<Log> {
        self.inner.runner.log(home, name)
    }

    /// What functions of all accounts have logged.
    pub fn logs(&self) -> Vec<((AccountRegion, String), Arc<Log>)> {
        self.inner.runner.logs()
    }

    /// The functions that have logged something.
    pub fn loggers(&self, home: &AccountRegion) -> Vec<String> {
        self.inner.runner.loggers(home)
    }

    /// Whether this function has.
    pub fn has_logged(&self, home: &AccountRegion, name: &str) -> bool {
        self.loggers(home).iter().any(|logger| logger == name)
    }

    /// An object of S3 that has a package.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn object(
        &self,
        home: &AccountRegion,
        bucket: String,
        key: String,
        version: Option<String>,
    ) -> Result<Vec<u8>, String> {
        self.inner.ports.object(home.clone(), bucket, key, version).await
    }

    /// Ends all instances; nothing is started any more.
    pub fn close(&self) {
        self.inner.runner.close();
        self.inner.is_closed.store(true, Ordering::Relaxed);
        self.inner.new_source.notify_one();
        self.inner.new_event.notify_waiters();
    }

    /// Whether there is a function of this name.
    pub async fn exists(&self, home: &AccountRegion, name: &str) -> Result<bool, Error> {
        match self.cached(home, name).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn cached(&self, home: &AccountRegion, name: &str) -> Result<Arc<CachedFunction>, Error> {
        let key = (home.clone(), name.to_owned());
        let n_changes = {
            let cache = self.inner.cache();
            match cache.by_name.get(&key) {
                Some(Some(found)) => return Ok(found.clone()),
                Some(None) => return Err(not_found(home, name, None)),
                None => cache.n_changes,
            }
        };
        let (of, named) = key.clone();
        let read = self.inner.store.read(move |tx| tables::function(tx, &of, &named)).await?;
        let cached = |function| {
            Arc::new(CachedFunction { generation: n_changes, function, versions: Mutex::default() })
        };
        let read = read.map(cached);
        let mut cache = self.inner.cache();
        // Whoever changed a function while this was read forgot what was known; it must not come back.
        let kept = match cache.n_changes == n_changes {
            true => cache.keep(key, read),
            false => read,
        };
        drop(cache);
        kept.ok_or_else(|| not_found(home, name, None))
    }

    /// A version as it runs: the same allocation until the function is changed.
    async fn running(
        &self,
        home: &AccountRegion,
        known: &CachedFunction,
        version: &str,
    ) -> Result<Running, Error> {
        let found = known.versions.lock().unwrap_or_else(PoisonError::into_inner).get(version).cloned();
        if let Some(running) = found {
            return Ok(running);
        }
        let (of, name, wanted) = (home.clone(), known.function.name.clone(), version.to_owned());
        let read = self.inner.store.read(move |tx| tables::version(tx, &of, &name, &wanted)).await?;
        let version = read.ok_or_else(|| not_found(home, &known.function.name, Some(version)))?;
        let running = Arc::new(deployed(home, known, version));
        let mut versions = known.versions.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(versions.entry(running.version.clone()).or_insert(running).clone())
    }

    /// Looks at what is kept of a function beside its versions.
    async fn look<T: Send + 'static>(
        &self,
        home: &AccountRegion,
        name: &str,
        look: impl FnOnce(&Tx<'_>, &AccountRegion, Function) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (home, name) = (home.clone(), name.to_owned());
        let read = self.inner.store.read(move |tx| {
            let function = existing(tx, &home, &name)?;
            look(tx, &home, function)
        });
        read.await
    }

    /// Runs `job` in a transaction, after which nothing is known of the function any more.
    async fn write<T: Send + 'static>(
        &self,
        home: &AccountRegion,
        name: &str,
        job: impl Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.inner.store.write(job).await?;
        self.inner.cache().forget(&(home.clone(), name.to_owned()));
        Ok(done)
    }

    /// Changes what is kept of a function beside its versions.
    async fn change<T: Send + 'static>(
        &self,
        home: &AccountRegion,
        name: &str,
        job: impl Fn(&Tx<'_>, &mut Function) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (of, named) = (home.clone(), name.to_owned());
        self.write(home, name, move |tx| {
            let mut function = existing(tx, &of, &named)?;
            let done = job(tx, &mut function)?;
            tables::put_function(tx, &of, &function)?;
            Ok(done)
        })
        .await
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Whoever polls finds that there is nothing any more.
        self.new_source.notify_one();
    }
}

impl Inner {
    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    fn cache(&self) -> MutexGuard<'_, FunctionCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FunctionCache {
    /// Keeps what was read; another may have been faster, whose allocation the instances have then.
    fn keep(
        &mut self,
        key: (AccountRegion, String),
        read: Option<Arc<CachedFunction>>,
    ) -> Option<Arc<CachedFunction>> {
        if KNOWN_MAX <= self.by_name.len()
            && let Some(any) = self.by_name.keys().next().cloned()
        {
            self.by_name.remove(&any);
        }
        self.by_name.entry(key).or_insert(read).clone()
    }

    fn forget_all(&mut self) {
        self.by_name.clear();
        self.by_url.clear();
        self.n_changes += 1;
    }

    fn forget(&mut self, key: &(AccountRegion, String)) {
        self.by_name.remove(key);
        // An id of none may be the function's new one.
        self.by_url.retain(|_, url| {
            url.as_ref().is_some_and(|url| (&url.target.home, &url.target.name) != (&key.0, &key.1))
        });
        self.n_changes += 1;
    }
}

/// Functions, and names of none, that are known at one time.
const KNOWN_MAX: usize = 10_000;

fn existing(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<Function, Error> {
    tables::function(tx, home, name)?.ok_or_else(|| not_found(home, name, None))
}

fn existing_version(tx: &Tx<'_>, home: &AccountRegion, name: &str, version: &str) -> Result<Version, Error> {
    let qualifier = (version != LATEST).then_some(version);
    tables::version(tx, home, name, version)?.ok_or_else(|| not_found(home, name, qualifier))
}

fn not_found(home: &AccountRegion, name: &str, qualifier: Option<&str>) -> Error {
    let arn = function_arn(home, name);
    Error::NotFound(match qualifier {
        Some(qualifier) => format!("Function not found: {arn}:{qualifier}"),
        None => format!("Function not found: {arn}"),
    })
}

fn deployed(home: &AccountRegion, known: &CachedFunction, version: Version) -> Deployed {
    let CachedFunction { generation, function, .. } = known;
    let settings = version.settings;
    let group = settings.logging.group.unwrap_or_else(|| format!("/aws/lambda/{}", function.name));
    Deployed {
        generation: *generation,
        home: home.clone(),
        name: function.name.clone(),
        key: Arc::new((home.clone(), function.name.clone())),
        version: version.version,
        runtime: settings.runtime,
        handler: settings.handler,
        role: settings.role,
        timeout_s: settings.timeout_s,
        memory_mb: settings.memory_mb,
        ephemeral_mb: settings.ephemeral_mb,
        environment: settings.environment.unwrap_or_default(),
        logging: Logging {
            is_json: settings.logging.format == "JSON",
            application_level: settings.logging.application_level,
            group,
        },
        code_sha256: version.code.sha256,
        layers: settings.layers.into_iter().map(|layer| layer.code.sha256).collect(),
        reserved: function.reserved,
    }
}
