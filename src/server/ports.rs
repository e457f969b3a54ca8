//! The one function that wires all rooms together, and the ports it fills.

mod access_logs;
mod backends;
mod execution_logs;
mod functions;
mod log_files;
mod log_writer;
mod objects;
mod operations;
mod permissions;

use std::sync::{Arc, Weak};

use http::Uri;

use self::access_logs::AccessLogs;
use self::backends::InProcess;
use self::execution_logs::ExecutionLogs;
use self::functions::{FunctionPorts, Later, Outside};
use self::objects::Buckets;
use self::operations::AsAccount;
use self::permissions::OfIam;
use super::error::Error;
use super::options::{self, Options, UserPool};
use super::services::{self, Rooms};
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::connect::{self, HttpClient};
use crate::engine::{self, Engine};
use crate::functions::Functions;
use crate::gateway::{self, Gateway, api};
use crate::id::{AccountRegion, Arn};
use crate::identity::iam::Iam;
use crate::identity::{Authenticator, Caller, Credential, Keys, Secret, Sessions};
use crate::stack::Stacks;
use crate::store::{self, Store};
use crate::tasks::{self, Connections, ObjectStore, Services};
use crate::wire;

/// Every room, open and wired.
pub(super) struct House {
    pub(super) store: Store,
    pub(super) stacks: Arc<Stacks>,
    pub(super) api: Arc<wire::Api>,
    pub(super) gateway: Gateway,
    pub(super) authenticator: Arc<Authenticator>,
    /// Learns where this server listens once it does.
    pub(super) egress: Arc<connect::Egress>,
    outside: Arc<Outside>,
    functions: Functions,
    engine: Engine,
    logs: Arc<ExecutionLogs>,
    access_logs: Arc<AccessLogs>,
}

/// Opens every room on the data directory and hands each the ports it asks for.
///
/// # Errors
/// When the data directory is in use, can't be read or was written by a newer version.
pub(super) async fn wire_rooms(options: &Options, home: &AccountRegion) -> Result<House, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    options.secrets.announce(&options.data_dir);
    let store_options = store::Options {
        master_key: options.secrets.source()?,
        accept_loss: options.accept_loss,
        ..store::Options::default()
    };
    let store = Store::open(&options.data_dir, store_options, clock.clone())?;

    let egress = connect::Egress::new(&options.egress.allow, &options.egress.deny);
    let egress =
        Arc::new(egress.map_err(|error| Error::Setting { key: "egress", problem: error.to_string() })?);
    let keys = Arc::new(keys(options, home));
    let authenticator = Arc::new(Authenticator::new(keys.clone(), clock.clone()));
    let iam = Iam::open(store.clone(), clock.clone(), ids.clone())?;
    let sessions = Sessions::open(store.clone(), clock.clone(), ids.clone(), keys, iam.clone()).await?;
    let engine_options = engine::Options::default();
    let lenience = options.http.relaxed().of_answers();
    let client_options = connect::Options { egress: egress.clone(), lenience, ..connect::Options::default() };
    let client = HttpClient::new(client_options);
    let connections = Connections::new(&options.connections, clock.clone())?;
    let (tasks, set_rooms) = tasks::Library::new(ids.clone(), connections, client.clone());
    let logs = ExecutionLogs::open(&options.execution_logs, &options.data_dir);
    let logs = Arc::new(logs.map_err(|error| Error::Setting {
        key: "execution_logs",
        problem: format!("no thread for writing: {error}"),
    })?);
    let access_logs = Arc::new(AccessLogs::open(&options.access_logs, &options.data_dir, &clock)?);
    let own = options.credentials.first().map(|own| credential(own, home));
    let outside = Arc::new(Outside::new(sessions.clone(), clock.clone(), ids.clone()));
    let ports = Arc::new(FunctionPorts(outside.clone()));
    let settings = functions::settings(options);
    let functions = Functions::open(store.clone(), clock.clone(), ids.clone(), settings, ports)?;
    let elsewhere = Services::new(&options.services, own.as_ref(), home, client.clone(), clock.clone())?;
    let elsewhere = Arc::new(elsewhere.with_functions(functions.clone(), ids.clone()));
    let objects = ObjectStore::new(options.services.get("s3"), elsewhere.clone());
    let engine = Engine::open(
        store.clone(),
        clock.clone(),
        ids.clone(),
        engine_options,
        Arc::new(tasks),
        logs.clone(),
        Arc::new(objects.clone()),
    );
    let engine = engine.await?;
    let upstreams = upstreams(options)?;
    let user_pools = user_pools(options)?;
    let reach = api::Reach {
        services: elsewhere.names(),
        vpc_links: upstreams.keys().cloned().collect(),
        user_pools: options.user_pools.keys().cloned().collect(),
        truststores: options.truststores.keys().cloned().collect(),
    };
    let control = api::Apis::open(store.clone(), clock.clone(), ids.clone())?.reaching(reach);
    control.publish_domains().await?;

    // The gateway calls the AWS APIs (`AWS` integrations) and the AWS APIs call the gateway (test calls): the
    // gateway's side of the ring is weak, so that dropping the house closes it.
    let mut gateway = None;
    let api = Arc::new_cyclic(|api: &Weak<wire::Api>| {
        let ports = gateway::Ports {
            stages: Arc::new(control.clone()),
            books: Arc::new(control.clone()),
            domains: control.domains(),
            authenticator: authenticator.clone(),
            permissions: Arc::new(OfIam(iam.clone())),
            backends: Arc::new(InProcess::new(api.clone(), elsewhere.clone())),
            access_logs: access_logs.clone(),
            client,
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let default_api = options.gateway.default_api.as_deref().map(Into::into);
        let settings = &options.gateway;
        let account_rate = settings.account_rate_limit.map(|limit| gateway::Rate {
            per_second: f64::from(limit),
            burst: settings.account_burst_limit.unwrap_or(limit),
        });
        let rate_limit_headers = settings.rate_limit_headers;
        let gateway_options = gateway::Options {
            default_api,
            account_rate,
            vpc_links: upstreams,
            user_pools,
            rate_limit_headers,
            body_memory_bytes: Some(options.limits.body_memory_mib.saturating_mul(1 << 20)),
        };
        let data_plane = Gateway::new(ports, gateway_options);
        control.watch(data_plane.watcher());
        gateway = Some(data_plane.clone());
        let bodies = data_plane.bulkhead();
        let apis = wire::apis::Apis { control, test_invoke: Arc::new(data_plane) };
        let (clock, ids, engine) = (clock.clone(), ids.clone(), engine.clone());
        let functions = functions.clone();
        let rooms = Rooms { engine, apis, functions, iam: iam.clone(), sessions };
        wire::Api::new(services::registered(&rooms), authenticator.clone(), iam, bodies, clock, ids)
    });
    let Some(gateway) = gateway else { unreachable!("made with the APIs") };
    let buckets = Arc::new(Buckets::new(objects.clone(), home));
    set_rooms.send_replace(Some(tasks::Rooms {
        api: Arc::downgrade(&api),
        gateway: gateway.clone(),
        elsewhere: elsewhere.clone(),
        objects,
    }));

    let operations = AsAccount::new(api.clone(), Caller::root(home.account.clone()), home.region.clone());
    let ssm_parameters = options.ssm_parameters.clone();
    let operations = Arc::new(operations);
    outside.set_later(Later {
        api: Arc::downgrade(&api),
        functions: functions.clone(),
        elsewhere,
        buckets: buckets.clone(),
    });
    let stacks = Stacks::open(store.clone(), operations, buckets, ids, home.clone(), ssm_parameters)?;
    Ok(House {
        store,
        stacks: Arc::new(stacks),
        api,
        gateway,
        authenticator,
        egress,
        outside,
        functions,
        engine,
        logs,
        access_logs,
    })
}

impl House {
    /// Answers long polls at once, so that draining does not wait for them.
    pub(super) fn begin_drain(&self) {
        self.engine.begin_drain();
    }

    /// Learns where this server listens.
    pub(super) fn listens_at(&self, endpoint: String) {
        self.outside.set_endpoint(endpoint);
    }

    /// Ends the engine's own tasks and the gateway's, and writes everything out.
    pub(super) async fn close(&self) {
        self.engine.close();
        self.functions.close();
        self.gateway.close_books().await;
        self.store.close().await;
        let (logs, access_logs) = (self.logs.clone(), self.access_logs.clone());
        // A writer that panicked has said so.
        let _ = tokio::task::spawn_blocking(move || {
            logs.close();
            access_logs.close();
        })
        .await;
    }
}

fn upstreams(options: &Options) -> Result<gateway::Upstreams, Error> {
    let parse = |(name, text): (&String, &String)| match gateway::Upstream::parse(text) {
        Some(upstream) => Ok((name.clone(), upstream)),
        None => {
            let problem = format!("{text:?} of {name} is not http:// or https:// and a host");
            Err(Error::Setting { key: "vpc_links", problem })
        }
    };
    options.vpc_links.iter().map(parse).collect()
}

fn user_pools(options: &Options) -> Result<gateway::UserPools, Error> {
    options.user_pools.iter().map(|(arn, pool)| Ok((arn.clone(), user_pool(arn, pool)?))).collect()
}

/// The settings of a pool, with what follows from its ARN where they say nothing.
fn user_pool(arn: &str, pool: &UserPool) -> Result<gateway::UserPool, Error> {
    let wrong = |problem: String| Error::Setting { key: "user_pools", problem };
    let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "cognito-idp");
    let parsed =
        parsed.and_then(|arn| Some((arn.region, arn.resource.strip_prefix("userpool/")?.to_owned())));
    let (region, id) = parsed.ok_or_else(|| wrong(format!("{arn:?} is no user pool's ARN")))?;
    let own_issuer = || format!("https://cognito-idp.{region}.amazonaws.com/{id}");
    let issuer = pool.issuer.clone().unwrap_or_else(own_issuer);
    let keys = match (&pool.jwks_file, &pool.jwks_url) {
        (Some(_), Some(_)) => return Err(wrong(format!("{arn} has its keys in two places"))),
        (Some(file), None) => {
            let said = |error: &dyn std::fmt::Display| wrong(format!("{}: {error}", file.display()));
            let bytes = std::fs::read(file).map_err(|error| said(&error))?;
            let keys = gateway::KeySet::parse(&bytes).map_err(|error| said(&error))?;
            gateway::UserPoolKeys::Given(keys)
        }
        (None, url) => {
            let below = || format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
            let url = url.clone().unwrap_or_else(below);
            let address = url
                .parse::<Uri>()
                .ok()
                .filter(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
            let address =
                address.ok_or_else(|| wrong(format!("{url:?} of {arn} is no http or https address")))?;
            gateway::UserPoolKeys::At(address)
        }
    };
    Ok(gateway::UserPool { issuer, keys })
}

/// The keys of the settings: each signs for the server's own account.
fn keys(options: &Options, home: &AccountRegion) -> Keys {
    let keys = Keys::default();
    for credential in &options.credentials {
        keys.insert(&credential.access_key_id, self::credential(credential, home));
    }
    keys
}

fn credential(key: &options::Credential, home: &AccountRegion) -> Credential {
    Credential::root(home.account.clone(), &key.access_key_id, Secret::new(&key.secret_access_key))
}
