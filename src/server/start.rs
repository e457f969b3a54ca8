//! Starts the server: the one function that connects all system; and runs it until it stops.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::admin::Admin;
use super::admission::Admission;
use super::connections::{Connections, Rules, raise_handles};
use super::deploy::{self, Deployed};
use super::dispatch::{Dispatch, Planes};
use super::error::Error;
use super::front_door::front_door;
use super::function_urls::FunctionUrls;
use super::listen::Listener;
use super::options::{ControlTls, Options};
use super::ports::{self, System};
use super::{metrics, tls, upgrade};
use crate::id::{AccountId, AccountRegion, Region};

/// A server that is ready to answer.
pub struct Server {
    options: Options,
    home: AccountRegion,
    system: System,
    listeners: Vec<Listener>,
    connections: Arc<Connections>,
    tls_address: Option<SocketAddr>,
    deployed: Vec<Deployed>,
}

/// A future whose type ends here. The compiler makes the code of an `async fn` in the crate that first awaits it: unboxed, the
/// front door would be compiled with the command line, for size.
type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl Server {
    /// Opens the data directory, connects the rooms, binds the listeners and applies the templates to deploy.
    ///
    /// # Errors
    /// Any [`Error`]; nothing listens then.
    pub fn start(options: Options) -> Boxed<Self> {
        Box::pin(Self::open(options))
    }

    /// Serves until `stop` completes, then drains: stops accepting, lets requests in flight finish, flushes the store.
    ///
    /// # Errors
    /// If the store can't be flushed.
    pub fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Boxed<()> {
        self.serve(Box::pin(stop))
    }

    async fn open(options: Options) -> Result<Self, Error> {
        let home = home(&options)?;
        make_data_dir(&options.data_dir)?;
        let recorder = metrics::recorder();
        let system = ports::wire_rooms(&options, &home).await?;

        let admin = Arc::new(Admin {
            metrics: recorder,
            store: system.store.clone(),
            engine: system.engine.clone(),
            stacks: system.stacks.clone(),
            authenticator: system.authenticator.clone(),
            bodies: system.gateway.bulkhead(),
            functions: system.functions.clone(),
            iam: system.iam.clone(),
            settings_keys: system.settings_keys.clone(),
            console: system.console.clone(),
            gateway: system.gateway.clone(),
            facts: system.facts.clone(),
            home: home.clone(),
            api: system.api.clone(),
        });
        let dispatch = |planes| Dispatch {
            planes,
            admin: admin.clone(),
            api: system.api.clone(),
            gateway: system.gateway.clone(),
            domains: system.gateway.domains(),
            cognito: system.cognito.clone(),
            function_urls: FunctionUrls { urls: system.urls.clone(), bodies: system.gateway.bulkhead() },
        };
        let limits = &options.limits;
        let connections = Arc::new(Connections::new(Rules::new(limits, raise_handles())));
        let admission = Admission::new(limits.requests_in_flight, limits.reserved);
        let relaxed = options.http.relaxed();
        let listener = |address, planes, tls| {
            let door = front_door(dispatch(planes), admission.clone(), relaxed);
            let is_control = planes == Planes::Control;
            Listener::bind(address, tls, door, connections.clone(), is_control, relaxed.of_requests())
        };
        let mut listeners = Vec::new();
        // Otherwise, anyone who can make APIs call this server's own AWS APIs could call them from this machine.
        let mut protected = Vec::new();
        let listen = &options.listen;
        let all =
            (listen.data.is_none() && listen.control.is_none()).then_some((listen.address, Planes::All));
        if listen.control.is_none() && options.control_tls != ControlTls::default() {
            let problem = "it is of the listener listen.control, which isn't set".to_owned();
            return Err(Error::Setting { key: "control_tls", problem });
        }
        let control = listen.control.map(|address| (address, Planes::Control));
        let data = listen.data.map(|address| (address, Planes::Data));
        for (address, planes) in [all, control, data].into_iter().flatten() {
            let tls = if planes == Planes::Control { tls::control(&options)? } else { None };
            let bound = listener(address, planes, tls)?;
            protected.extend(bound.address().filter(|_| planes != Planes::Data));
            listeners.push(bound);
        }
        let mut tls_address = None;
        if let Some(address) = options.tls.address {
            let config = Arc::new(tls::by_name(&options, system.gateway.domains())?);
            // If data plane and control plane are split, the TLS listener serves the data plane.
            let planes = if listen.data.is_some() { Planes::Data } else { Planes::All };
            let bound = listener(address, planes, Some(config))?;
            tls_address = bound.address();
            protected.extend(tls_address.filter(|_| planes != Planes::Data));
            listeners.push(bound);
        }
        system.egress.protect(protected);
        let mut server =
            Self { options, home, system, listeners, connections, tls_address, deployed: Vec::new() };
        let endpoint = server.endpoint();
        server.system.listens_at(endpoint.clone());
        // Of nodes that share a database, one applies the templates.
        if server.system.store.shards().has_first() {
            let adopted = server.system.stacks.adopt().await;
            adopted.map_err(|reason| Error::Stack { name: String::new(), reason })?;
            server.deployed =
                deploy::deploy(&server.system.stacks, &server.options.deploy, &endpoint).await?;
        }
        server.system.store.opened();
        Ok(server)
    }

    fn serve(self, stop: Pin<Box<dyn Future<Output = ()> + Send>>) -> Boxed<()> {
        Box::pin(self.until(stop))
    }

    async fn until(self, stop: Pin<Box<dyn Future<Output = ()> + Send>>) -> Result<(), Error> {
        let (stopping, stopped) = watch::channel(false);
        let endpoint = self.endpoint();
        let serving: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(listener.serve(stopped.clone())))
            .collect();
        let connections = self.connections.clone();
        let timekeeper = tokio::spawn(async move { connections.keep_time().await });
        self.system.serves_at(endpoint);
        let stacks = self.system.stacks.clone();
        let stack_task = tokio::spawn(async move { stacks.work().await });
        let usage_task = tokio::spawn(self.system.gateway.maintain_usage());
        let (iam, operations) = (self.system.iam.clone(), self.system.operations.clone());
        let looking = tokio::spawn(upgrade::look(iam, operations, self.home.clone()));
        let store = self.system.store.clone();
        let lost = tokio::select! {
            () = stop => None,
            // Nothing that is under way here can be written any more.
            lost = store.until_lost() => Some(lost),
        };
        looking.abort();
        tracing::info!("stopping: no new connections, requests in flight finish");
        // If all listeners have ended already, nobody receives it.
        let _ = stopping.send(true);
        self.system.begin_drain();
        for listener in serving {
            if let Err(error) = listener.await {
                tracing::error!(%error, "a listener failed");
            }
        }
        self.connections.drain(Duration::from_secs(self.options.limits.drain_s)).await;
        timekeeper.abort();
        // What it has begun goes on at the next start.
        stack_task.abort();
        self.system.close().await;
        if let Err(error) = usage_task.await {
            tracing::error!(%error, "the upkeep of API keys failed");
        }
        tracing::info!("stopped");
        lost.map_or(Ok(()), |lost| Err(lost.into()))
    }

    /// The server's URL for AWS clients.
    pub fn endpoint(&self) -> String {
        let first = self.listeners.first();
        let address = first.and_then(Listener::address);
        let scheme = if first.is_some_and(Listener::is_encrypted) { "https" } else { "http" };
        format!("{scheme}://{}", reachable(address.unwrap_or(self.options.listen.address)))
    }

    /// The same with TLS.
    pub fn tls_endpoint(&self) -> Option<String> {
        self.tls_address.map(|address| format!("https://{}", reachable(address)))
    }

    /// The directory for all durable data.
    pub fn data_dir(&self) -> &Path {
        &self.options.data_dir
    }

    /// The region that templates are deployed into.
    pub fn region(&self) -> &Region {
        &self.home.region
    }

    /// What was deployed or found at start.
    pub fn deployed(&self) -> &[Deployed] {
        &self.deployed
    }
}

/// The address for clients, which can't connect to `0.0.0.0`.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    match address {
        SocketAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], address.port())),
        SocketAddr::V6(_) => SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port())),
    }
}

fn home(options: &Options) -> Result<AccountRegion, Error> {
    let account = AccountId::parse(&options.account.id).ok_or_else(|| Error::Setting {
        key: "account.id",
        problem: format!("{:?} is not twelve digits", options.account.id),
    })?;
    let region = Region::parse(&options.account.region).ok_or_else(|| Error::Setting {
        key: "account.region",
        problem: format!("{:?} is no region's name", options.account.region),
    })?;
    Ok(AccountRegion { account, region })
}

/// Creates the directory with access for its owner only, because it contains payloads of executions.
fn make_data_dir(path: &PathBuf) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|reason| Error::DataDir { path: path.clone(), reason })
}
