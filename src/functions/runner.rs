//! Instances of all functions: started when they are needed, used again, ended when they aren't.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::cgroups::Cgroups;
use super::deployed::{FunctionKey, Running};
use super::error::{Error, Throttle};
use super::instance::{Failure, Instance, Outcome, Places, Plan, stream_name};
use super::invocation::{Answer, Invocation};
use super::logs::{Log, Logs};
use super::options::{Options, Ports};
use super::package;
use super::runtime::{Runtimes, Unpacked};
use crate::clock::{Clock, Ids};
use crate::functions::{supervisor, tables};
use crate::id::AccountRegion;
use crate::store::Store;

/// How often idle instances are looked at.
const SWEEP: Duration = Duration::from_secs(1);
/// The age at which an instance is ended when it is idle: keys of its role don't last for ever.
const AGE_MAX: Duration = Duration::from_secs(6 * 3600);
/// How often an event is given to another instance because one ended before it took it.
const TRIES_MAX: usize = 5;

/// Runs functions. Clones share everything.
#[derive(Clone)]
pub(crate) struct Runner {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    runtimes: Runtimes,
    logs: Logs,
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    ports: Arc<dyn Ports>,
    state: Mutex<State>,
    cgroups: Option<Cgroups>,
    /// Whether instances can have folders of their own where AWS has them, once that was tried.
    can_bind: OnceCell<bool>,
    /// What has been unpacked, or is being.
    unpacked: Mutex<HashMap<PathBuf, Arc<OnceCell<()>>>>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    busy: u32,
    functions: HashMap<FunctionKey, Use>,
}

/// One function.
#[derive(Default)]
struct Use {
    busy: u32,
    pools: HashMap<String, Pool>,
    /// Instances that were let go, of a function that may have only one at a time.
    ending: Vec<Arc<Instance>>,
}

/// The instances of one version.
struct Pool {
    running: Running,
    /// The one used last is at the end.
    idle: Vec<Arc<Instance>>,
    busy: u32,
    provisioned: u32,
    /// Those being started because of `provisioned`.
    starting: u32,
}

/// A place among the invocations at one time; given back when dropped.
struct Place {
    inner: Arc<Inner>,
    running: Running,
}

impl Runner {
    /// Clears the folder, and begins to end idle instances.
    pub(crate) fn open(
        mut options: Options,
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        ports: Arc<dyn Ports>,
    ) -> Result<Self, Error> {
        if options.folder.exists() {
            clear(&options.folder)?;
        }
        // Instances run in folders of their own: there, a path that begins where this server runs leads nowhere.
        fs::create_dir_all(&options.folder)?;
        options.folder = options.folder.canonicalize()?;
        let cgroups = Cgroups::open();
        tracing::debug!(control_groups = cgroups.is_some(), "functions' memory is bounded");
        let runtimes = Runtimes::open(options.folder.join("runtimes"), options.near_versions)?;
        let inner = Arc::new(Inner {
            options,
            runtimes,
            logs: Logs::default(),
            store,
            clock,
            ids,
            ports,
            state: Mutex::default(),
            cgroups,
            can_bind: OnceCell::new(),
            unpacked: Mutex::default(),
        });
        tokio::spawn(sweep(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    pub(crate) fn runtimes(&self) -> &Runtimes {
        &self.inner.runtimes
    }

    pub(crate) fn log(&self, home: &AccountRegion, name: &str) -> Arc<Log> {
        self.inner.logs.of(home, name)
    }

    pub(crate) fn logs(&self) -> Vec<((AccountRegion, String), Arc<Log>)> {
        self.inner.logs.all()
    }

    /// The functions that have logged something.
    pub(crate) fn loggers(&self, home: &AccountRegion) -> Vec<String> {
        self.inner.logs.names(home)
    }

    /// How many invocations there may be at one time.
    pub(crate) fn concurrency(&self) -> u32 {
        self.inner.options.concurrency
    }

    /// Has an instance of `running` handle an event. It goes on to its end whether or not somebody waits for it.
    pub(crate) async fn invoke(&self, running: Running, invocation: Invocation) -> Result<Answer, Error> {
        let place = self.inner.place(&running)?;
        let inner = self.inner.clone();
        let done = tokio::spawn(async move { inner.run(place, invocation).await });
        done.await.unwrap_or(Err(Error::Closed))
    }

    /// Keeps `n` instances of `running` ready.
    pub(crate) fn provision(&self, running: &Running, n: u32) {
        {
            let mut state = self.inner.state();
            of_pool(&mut state, running).provisioned = n;
        }
        self.inner.top_up();
    }

    /// How many instances of `running` are there, ready or at work.
    pub(crate) fn n_instances(&self, running: &Running) -> u32 {
        let mut state = self.inner.state();
        let pool = of_pool(&mut state, running);
        pool.busy + u32::try_from(pool.idle.len()).unwrap_or(u32::MAX)
    }

    /// Ends the idle instances of versions that are no longer what `is_current` says.
    pub(crate) fn retire(&self, home: &AccountRegion, name: &str, is_current: impl Fn(&Running) -> bool) {
        let mut state = self.inner.state();
        if let Some(Use { pools, ending, .. }) = state.functions.get_mut(&(home.clone(), name.to_owned())) {
            for pool in pools.values_mut().filter(|pool| !is_current(&pool.running)) {
                let is_only_one = pool.running.reserved == Some(1);
                for instance in pool.idle.drain(..) {
                    instance.let_go();
                    if is_only_one {
                        ending.push(instance);
                    }
                }
                pool.provisioned = 0;
            }
        }
    }

    /// Forgets what a deleted function logged.
    pub(crate) fn forget(&self, home: &AccountRegion, name: &str) {
        self.retire(home, name, |_| false);
        self.inner.logs.forget(home, name);
    }

    /// Ends every instance; none is started any more.
    pub(crate) fn close(&self) {
        let mut state = self.inner.state();
        state.is_closed = true;
        state
            .functions
            .values_mut()
            .flat_map(|used| used.pools.values_mut())
            .for_each(|pool| pool.idle.clear());
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// AWS refuses at once what is too much, and so does this.
    fn place(self: &Arc<Self>, running: &Running) -> Result<Place, Error> {
        let mut state = self.state();
        let state = &mut *state;
        if state.is_closed {
            return Err(Error::Closed);
        }
        let used = state.functions.entry(running.key.clone()).or_default();
        if running.reserved.is_some_and(|reserved| reserved <= used.busy) {
            return Err(Error::Throttled(Throttle::Function));
        }
        if self.options.concurrency <= state.busy {
            return Err(Error::Throttled(Throttle::Account));
        }
        state.busy += 1;
        used.busy += 1;
        let pool = pool(used, running);
        pool.busy += 1;
        Ok(Place { inner: self.clone(), running: pool.running.clone() })
    }

    async fn run(self: Arc<Self>, place: Place, invocation: Invocation) -> Result<Answer, Error> {
        let running = place.running.clone();
        for _ in 0..TRIES_MAX {
            let (instance, init) = match self.idle(&running) {
                Some(instance) => (instance, None),
                None => {
                    let patience = Duration::from_secs(running.timeout_s.into());
                    // Boxed, because it is rare and large: a call of an instance that is there stays small.
                    match Box::pin(self.start(&running, &invocation.request_id, patience, false)).await? {
                        Ok((instance, took)) => (instance, Some(took)),
                        Err(failure) => return Ok(failure.answer(&running.version)),
                    }
                }
            };
            match instance.invoke(&invocation, init).await {
                Outcome::Answered(answer, None) => {
                    self.give_back(instance);
                    return Ok(answer);
                }
                Outcome::Answered(answer, Some(is_usable)) => {
                    tokio::spawn(async move {
                        let place = place;
                        if is_usable.await.unwrap_or(false) {
                            place.inner.give_back(instance);
                        }
                    });
                    return Ok(answer);
                }
                Outcome::Lost(answer) => return Ok(answer),
                Outcome::NotTaken => {}
            }
        }
        let text = "the runtime ends before it takes an event";
        Ok(Failure::of(&invocation.request_id, "Runtime.ExitError", text).answer(&running.version))
    }

    fn idle(&self, running: &Running) -> Option<Arc<Instance>> {
        let mut state = self.state();
        let pool = of_pool(&mut state, running);
        while let Some(instance) = pool.idle.pop() {
            if instance.lives() {
                return Some(instance);
            }
        }
        None
    }

    fn give_back(&self, instance: Arc<Instance>) {
        let now = self.clock.monotonic();
        let mut state = self.state();
        if state.is_closed || !instance.lives() {
            return;
        }
        let used = state.functions.get_mut(&instance.running.key);
        let pool = used.and_then(|used| used.pools.get_mut(&instance.running.version));
        if let Some(pool) = pool.filter(|pool| Arc::ptr_eq(&pool.running, &instance.running)) {
            *instance.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = now;
            pool.idle.push(instance);
        }
    }

    async fn start(
        &self,
        running: &Running,
        request_id: &str,
        patience: Duration,
        is_provisioned: bool,
    ) -> Result<Result<(Arc<Instance>, Duration), Failure>, Error> {
        self.make_room();
        if running.reserved == Some(1) {
            // Who reserves one wants no second one beside it, not even while it ends: both may want the same port.
            let ending =
                self.state().functions.get_mut(&running.key).map(|used| std::mem::take(&mut used.ending));
            for instance in ending.into_iter().flatten() {
                instance.ended().await;
            }
        }
        let code = self.unpack(std::slice::from_ref(&running.code_sha256), "code").await?;
        let layers = match running.layers.as_slice() {
            [] => None,
            layers => Some(self.unpack(layers, "opt").await?),
        };
        // Looking for an interpreter blocks.
        let (this, of) = (self.runtimes.clone(), running.clone());
        let (code_of, layers_of) = (code.clone(), layers.clone());
        let program = tokio::task::spawn_blocking(move || {
            let (handler, layers) = (of.handler.as_str(), layers_of.as_deref());
            let package = Unpacked { handler, code: &code_of, layers, memory_mb: of.memory_mb };
            this.program(&of.runtime, &package)
        });
        let program = match program.await.map_err(|_| Error::Closed)? {
            Ok(program) => program,
            Err(error) => {
                return Ok(Err(Failure::of(request_id, "Runtime.InvalidRuntime", &error.to_string())));
            }
        };
        let id = self.ids.uuid().to_string();
        let added =
            self.ports.variables(running.home.clone(), running.name.clone(), running.role.clone()).await;
        let folder = self.options.folder.join("instances").join(&id);
        // Interpreters are often links.
        let real = fs::canonicalize(&program.path).unwrap_or_default();
        let sdks = self.options.sdks.clone();
        let mut needed = vec![self.options.folder.as_path(), &program.path, &real];
        needed.extend([&sdks.nodejs, &sdks.python].into_iter().flatten().map(PathBuf::as_path));
        let tmp = folder.join("tmp");
        let places = Places::of(&tmp, layers.as_deref(), &needed, self.can_bind().await);
        let memory_bytes = u64::from(running.memory_mb) << 20;
        let cgroup = self.cgroups.as_ref().map(|cgroups| cgroups.make(&id, memory_bytes)).transpose()?;
        let plan = Plan {
            running: running.clone(),
            program,
            code,
            layers,
            folder,
            places,
            cgroup,
            stream: stream_name(self.clock.now(), &running.version, &id),
            log: self.logs.of(&running.home, &running.name),
            supervisor: self.options.supervisor.clone(),
            added,
            sdks: self.options.sdks.clone(),
            is_provisioned,
            clock: self.clock.clone(),
        };
        let started = Instance::start(plan, request_id, patience).await?;
        Ok(started.map(|(instance, took)| (Arc::new(instance), took)))
    }

    async fn can_bind(&self) -> bool {
        let supervisor = self.options.supervisor.clone();
        let tried = self.can_bind.get_or_init(|| async {
            tokio::task::spawn_blocking(move || supervisor::can_bind(&supervisor)).await.unwrap_or(false)
        });
        *tried.await
    }

    /// Ends the instance that has been idle for longest, if there are as many instances as there may be invocations.
    fn make_room(&self) {
        let mut state = self.state();
        let pools = || state.functions.values().flat_map(|used| used.pools.values());
        let n_idle: usize = pools().map(|pool| pool.idle.len()).sum();
        if n_idle + usize::try_from(state.busy).unwrap_or(0)
            <= usize::try_from(self.options.concurrency).unwrap_or(0)
        {
            return;
        }
        let since = |pool: &Pool| {
            let first = pool.idle.first()?;
            Some(*first.idle_since.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let all = state.functions.values_mut().flat_map(|used| used.pools.values_mut());
        let oldest = all.filter_map(|pool| Some((since(pool)?, pool))).min_by_key(|(since, _)| *since);
        if let Some((_, pool)) = oldest {
            pool.idle.remove(0);
        }
    }

    /// The folder with these packages in it, one over the other; unpacked when it is first asked for.
    async fn unpack(&self, packages: &[String], kind: &str) -> Result<PathBuf, Error> {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        packages.iter().for_each(|package| hash.update(package.as_bytes()));
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = self.options.folder.join(kind).join(name);
        let cell = {
            let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
            unpacked.entry(folder.clone()).or_default().clone()
        };
        let (packages, to) = (packages.to_vec(), folder.clone());
        cell.get_or_try_init(async || {
            for package in packages {
                let bytes = self.store.read(move |tx| tables::code(tx, &package)).await?;
                let to = to.clone();
                let done = tokio::task::spawn_blocking(move || package::unpack(&bytes, &to));
                done.await.map_err(|_| Error::Closed)??;
            }
            Ok::<_, Error>(())
        })
        .await?;
        Ok(folder)
    }

    /// Starts what provisioned concurrency still asks for.
    fn top_up(self: &Arc<Self>) {
        let mut wanted = Vec::new();
        {
            let mut state = self.state();
            if state.is_closed {
                return;
            }
            for pool in state.functions.values_mut().flat_map(|used| used.pools.values_mut()) {
                let there = pool.busy + pool.starting + u32::try_from(pool.idle.len()).unwrap_or(u32::MAX);
                let missing = pool.provisioned.saturating_sub(there);
                pool.starting += missing;
                wanted.extend((0..missing).map(|_| pool.running.clone()));
            }
        }
        for running in wanted {
            let inner = self.clone();
            tokio::spawn(async move {
                let id = inner.ids.uuid().to_string();
                let started = inner.start(&running, &id, Duration::ZERO, true).await;
                {
                    let mut state = inner.state();
                    let pool = of_pool(&mut state, &running);
                    pool.starting = pool.starting.saturating_sub(1);
                }
                match started {
                    Ok(Ok((instance, _))) => inner.give_back(instance),
                    // Its log says why; the next sweep tries again.
                    Ok(Err(_)) => {}
                    Err(error) => tracing::warn!(function = running.name, %error, "no provisioned instance"),
                }
            });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        state.busy = state.busy.saturating_sub(1);
        let Some(used) = state.functions.get_mut(&self.running.key) else { return };
        used.busy = used.busy.saturating_sub(1);
        if let Some(pool) = used.pools.get_mut(&self.running.version)
            && Arc::ptr_eq(&pool.running, &self.running)
        {
            pool.busy = pool.busy.saturating_sub(1);
        }
    }
}

/// The pool of a version of any function.
fn of_pool<'a>(state: &'a mut State, running: &Running) -> &'a mut Pool {
    pool(state.functions.entry(running.key.clone()).or_default(), running)
}

/// The pool of a version. What was there of an older state of it is let go; if there is a newer one, it is that.
fn pool<'a>(used: &'a mut Use, running: &Running) -> &'a mut Pool {
    let new = || Pool { running: running.clone(), idle: Vec::new(), busy: 0, provisioned: 0, starting: 0 };
    let pool = used.pools.entry(running.version.clone()).or_insert_with(new);
    if pool.running.generation < running.generation {
        *pool = new();
    }
    pool
}

/// Ends instances that have been idle for long, for as long as there are any functions.
async fn sweep(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(inner) = inner.upgrade() else { return };
        let now = inner.clock.monotonic();
        {
            let mut state = inner.state();
            for used in state.functions.values_mut() {
                for pool in used.pools.values_mut() {
                    let keep = usize::try_from(pool.provisioned).unwrap_or(usize::MAX);
                    let mut spare = pool.idle.len().saturating_sub(keep);
                    pool.idle.retain(|instance| {
                        let since = *instance.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
                        let is_old = AGE_MAX < now.saturating_sub(instance.started);
                        let is_idle = 0 < spare && inner.options.idle <= now.saturating_sub(since);
                        if is_idle {
                            spare -= 1;
                        }
                        instance.lives() && !is_idle && !is_old
                    });
                }
                used.pools.retain(|_, pool| {
                    0 < pool.busy + pool.starting + pool.provisioned || !pool.idle.is_empty()
                });
            }
            state.functions.retain(|_, used| 0 < used.busy || !used.pools.is_empty());
        }
        inner.top_up();
    }
}

/// Removes what earlier processes left, whatever its permissions.
fn clear(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        // An instance that is still being ended may write while this removes: once more.
        Err(_) => fs::remove_dir_all(folder),
        Ok(()) => Ok(()),
    }
}
