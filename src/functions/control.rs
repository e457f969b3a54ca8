//! Functions as they are kept: made, changed, published, named, permitted, deleted, called.

mod aliases;
mod bounds;
mod calls;
mod changes;
mod events;
mod layers;
mod permissions;
mod reference;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub use self::calls::{Called, Source};
pub use self::changes::{CodeChange, Limits, NewFunction, View};
pub use self::layers::NewLayer;
pub use self::reference::Reference;
use super::deployed::{Deployed, Logging, Running, function_arn};
use super::error::Error;
use super::logs::Log;
use super::model::{Function, LATEST, Version};
use super::options::{Options, Ports};
use super::record;
use super::runner::Runner;
use super::runtime::RuntimeError;
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
    known: Mutex<KnownFunctions>,
    /// Told of a new event.
    new_event: Notify,
}

/// Functions as they were when they were called first, and names of which there was none.
#[derive(Default)]
struct KnownFunctions {
    by_name: HashMap<(AccountRegion, String), Option<Arc<Known>>>,
    /// Counts changes, so that nothing is kept that was read before one.
    n_changes: u64,
}

/// A function as calls see it.
struct Known {
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
        Ok(store.declare(events::RECORDS)?)
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
        let known = Mutex::default();
        let inner = Inner { store, clock, ids, ports, runner, options, known, new_event: Notify::new() };
        let functions = Self { inner: Arc::new(inner) };
        tokio::spawn(events::handle(Arc::downgrade(&functions.inner)));
        let provisioned = functions.clone();
        // What was kept ready before is kept ready again.
        tokio::spawn(async move { provisioned.provision_all().await });
        Ok(functions)
    }

    /// Whether a runtime runs here.
    ///
    /// # Errors
    /// Why it doesn't.
    pub async fn check_runtime(&self, runtime: &str) -> Result<(), Error> {
        let (runtimes, runtime) = (self.inner.runner.runtimes().clone(), runtime.to_owned());
        let checked = tokio::task::spawn_blocking(move || runtimes.check(&runtime));
        checked.await.map_err(|_| Error::Closed)?.map_err(|error: RuntimeError| error.into())
    }

    /// What time it is to the functions.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// What a function has logged.
    pub fn log(&self, home: &AccountRegion, name: &str) -> Arc<Log> {
        self.inner.runner.log(home, name)
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
        self.inner.new_event.notify_waiters();
    }

    /// Whether there is a function of this name.
    pub async fn exists(&self, home: &AccountRegion, name: &str) -> Result<bool, Error> {
        match self.known(home, name).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn known(&self, home: &AccountRegion, name: &str) -> Result<Arc<Known>, Error> {
        let key = (home.clone(), name.to_owned());
        let n_changes = {
            let known = self.inner.known();
            match known.by_name.get(&key) {
                Some(Some(found)) => return Ok(found.clone()),
                Some(None) => return Err(not_found(home, name, None)),
                None => known.n_changes,
            }
        };
        let (of, named) = key.clone();
        let read = self.inner.store.read(move |tx| tables::function(tx, &of, &named)).await?;
        let read = read.map(|function| Arc::new(Known { function, versions: Mutex::default() }));
        let mut known = self.inner.known();
        // Whoever changed a function while this was read forgot what was known; it must not come back.
        let kept = match known.n_changes == n_changes {
            true => known.keep(key, read),
            false => read,
        };
        drop(known);
        kept.ok_or_else(|| not_found(home, name, None))
    }

    /// A version as it runs: the same allocation until the function is changed.
    async fn running(&self, home: &AccountRegion, known: &Known, version: &str) -> Result<Running, Error> {
        let found = known.versions.lock().unwrap_or_else(PoisonError::into_inner).get(version).cloned();
        if let Some(running) = found {
            return Ok(running);
        }
        let (of, name, wanted) = (home.clone(), known.function.name.clone(), version.to_owned());
        let read = self.inner.store.read(move |tx| tables::version(tx, &of, &name, &wanted)).await?;
        let version = read.ok_or_else(|| not_found(home, &known.function.name, Some(version)))?;
        let running = Arc::new(deployed(home, &known.function, version));
        let mut versions = known.versions.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(versions.entry(running.version.clone()).or_insert(running).clone())
    }

    /// Runs `job` in a transaction, after which nothing is known of the function any more.
    async fn write<T: Send + 'static>(
        &self,
        home: &AccountRegion,
        name: &str,
        job: impl FnOnce(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.inner.store.write(job).await?;
        self.inner.known().forget(&(home.clone(), name.to_owned()));
        Ok(done)
    }

    /// Changes what is kept of a function beside its versions.
    async fn change<T: Send + 'static>(
        &self,
        home: &AccountRegion,
        name: &str,
        job: impl FnOnce(&Tx<'_>, &mut Function) -> Result<T, Error> + Send + 'static,
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

impl Inner {
    fn known(&self) -> MutexGuard<'_, KnownFunctions> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownFunctions {
    /// Keeps what was read; another may have been faster, whose allocation the instances have then.
    fn keep(&mut self, key: (AccountRegion, String), read: Option<Arc<Known>>) -> Option<Arc<Known>> {
        if KNOWN_MAX <= self.by_name.len()
            && let Some(any) = self.by_name.keys().next().cloned()
        {
            self.by_name.remove(&any);
        }
        self.by_name.entry(key).or_insert(read).clone()
    }

    fn forget(&mut self, key: &(AccountRegion, String)) {
        self.by_name.remove(key);
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

fn deployed(home: &AccountRegion, function: &Function, version: Version) -> Deployed {
    let settings = version.settings;
    let group = settings.logging.group.unwrap_or_else(|| format!("/aws/lambda/{}", function.name));
    Deployed {
        home: home.clone(),
        name: function.name.clone(),
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
