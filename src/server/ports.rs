//! The one function that wires all rooms together, and the ports it fills.

mod access_logs;
mod audit_log;
mod console_facts;
mod execution_logs;
mod following;
mod functions;
mod log_feed;
mod log_files;
mod log_writer;
mod objects;
mod operations;
mod permissions;
mod request_samples;
mod user_pools;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use http::Uri;

use self::access_logs::AccessLogs;
use self::audit_log::AuditLog;
use self::console_facts::ConsoleFacts;
use self::execution_logs::ExecutionLogs;
use self::following::Following;
use self::functions::{FunctionPorts, Later, Outside};
use self::log_feed::{LogKeeper, Shown};
use self::objects::Buckets;
use self::operations::InName;
use self::permissions::OfIam;
use self::request_samples::RequestSamples;
use self::user_pools::OwnPools;
use super::error::Error;
use super::options::{Options, UserPool};
use super::services::{self, Rooms};
use super::settings_keys::{self, SettingsKeys};
use crate::apis;
use crate::assets::{logs, s3, ssm};
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::cognito::{self, Cognito};
use crate::connect::{self, HttpClient};
use crate::console::{self, Console};
use crate::engine::{self, Engine};
use crate::functions::{Functions, Urls};
use crate::gateway::{self, Gateway};
use crate::id::{AccountRegion, Arn};
use crate::identity::iam::Iam;
use crate::identity::{Authenticator, Keys, Sessions};
use crate::stack::{self, Accounts, Actor, Operations, Stacks};
use crate::store::{self, Store};
use crate::tasks::{self, Connections, ObjectStore};
use crate::wire;
use crate::wire::client::{AwsClient, Endpoints};

/// Every room, open and wired.
pub(super) struct System {
    pub(super) store: Store,
    pub(super) stacks: Arc<Stacks>,
    pub(super) api: Arc<wire::Api>,
    pub(super) gateway: Gateway,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) iam: Iam,
    pub(super) operations: Arc<dyn Operations>,
    /// Learns where this server listens once it does.
    pub(super) egress: Arc<connect::Egress>,
    pub(super) urls: Urls,
    pub(super) functions: Functions,
    pub(super) cognito: Cognito,
    pub(super) settings_keys: Arc<SettingsKeys>,
    pub(super) console: Arc<Console>,
    /// Where this server listens, once it does.
    endpoint: Arc<OnceLock<String>>,
    outside: Arc<Outside>,
    pub(super) engine: Engine,
    logs: Arc<ExecutionLogs>,
    access_logs: Arc<AccessLogs>,
    audit_log: Option<Arc<AuditLog>>,
    log_keeper: LogKeeper,
    following: Following,
    samples: Option<Arc<RequestSamples>>,
    /// What the console and its API tell of the server.
    pub(super) facts: Arc<dyn console::Facts>,
}

/// Opens every room on the data directory and hands each the ports it asks for.
///
/// # Errors
/// When the data directory is in use, can't be read or was written by a newer version.
pub(super) async fn wire_rooms(options: &Options, home: &AccountRegion) -> Result<System, Error> {
    let machine_clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    options.secrets.announce(&options.data_dir);
    let store_options = store::Options {
        master_key: options.secrets.source()?,
        accept_loss: options.accept_loss,
        postgres: options.store.settings()?,
        ..store::Options::default()
    };
    let (data_dir, of_store) = (options.data_dir.clone(), machine_clock.clone());
    // A standby waits here.
    let opening = tokio::task::spawn_blocking(move || Store::open(&data_dir, store_options, of_store));
    let store = opening.await.unwrap_or(Err(store::Error::Panicked))?;
    // Nodes go by one time in all that they do for each other.
    let clock = store.clock();

    let buckets_ports = s3::Ports {
        store: store.clone(),
        folder: options.data_dir.join("objects"),
        clock: clock.clone(),
        ids: ids.clone(),
        bounds: s3::Bounds::default(),
    };
    let own_buckets = s3::Buckets::open(buckets_ports)?;
    let parameters = ssm::Parameters::open(store.clone(), clock.clone())?;

    let egress = connect::Egress::new(&options.egress.allow, &options.egress.deny);
    let egress =
        Arc::new(egress.map_err(|error| Error::Setting { key: "egress", problem: error.to_string() })?);
    let keys = Arc::new(keys(options, home));
    // Clients sign by clocks of their own, which have nothing to do with the database's.
    let authenticator = Arc::new(Authenticator::new(keys.clone(), machine_clock));
    let iam = Iam::open(store.clone(), clock.clone(), ids.clone())?.enforcing(options.enforcement());
    let iam = iam.signing(keys.clone()).await?;
    let sessions =
        Sessions::open(store.clone(), clock.clone(), ids.clone(), keys.clone(), iam.clone()).await?;
    let engine_options = engine::Options::default();
    let lenience = options.http.relaxed().of_answers();
    let client_options = connect::Options { egress: egress.clone(), lenience, ..connect::Options::default() };
    let client = HttpClient::new(client_options);
    let connections = Connections::new(&options.connections, clock.clone())?;
    let (tasks, set_rooms) = tasks::Library::new(connections, client.clone());
    let execution_logs = ExecutionLogs::open(&options.execution_logs, &options.data_dir);
    let execution_logs = Arc::new(execution_logs.map_err(|error| Error::Setting {
        key: "execution_logs",
        problem: format!("no thread for writing: {error}"),
    })?);
    let access_logs = Arc::new(AccessLogs::open(&options.access_logs, &options.data_dir, &clock)?);
    let audit_log = AuditLog::open(&options.audit_log, &options.data_dir).map_err(|error| {
        Error::Setting { key: "audit_log", problem: format!("no thread for writing: {error}") }
    })?;
    let audit_log = audit_log.map(Arc::new);
    let samples = RequestSamples::open(&options.inspector, &options.data_dir).map_err(|error| {
        Error::Setting { key: "inspector", problem: format!("no thread for writing: {error}") }
    })?;
    let provider = options.console.oidc.provider()?;
    let own = options.credentials.first().map(|own| settings_keys::root(own, home));
    let outside = Arc::new(Outside::new(iam.clone(), sessions.clone(), clock.clone()));
    let ports = Arc::new(FunctionPorts(outside.clone()));
    let settings = functions::settings(options);
    let functions = Functions::open(store.clone(), clock.clone(), ids.clone(), settings, ports)?;
    let feed = Arc::new(logs::Feed::default());
    let kept = options.data_dir.join("log-groups");
    let log_groups =
        logs::LogGroups::open(store.clone(), clock.clone(), feed.clone(), Some(functions.clone()), kept)?;
    let log_keeper = LogKeeper::new(log_groups.clone());
    let endpoints = Endpoints::new(&options.services, own.as_ref(), &home.account)?;
    let called = services::services().map(|service| service.name.to_owned());
    let reach = apis::Reach {
        services: endpoints.names().into_iter().chain(called).collect(),
        any_service: endpoints.has_default(),
        vpc_links: options.vpc_links.keys().cloned().collect(),
        user_pools: options.user_pools.keys().cloned().collect(),
        own_user_pools: true,
        truststores: options.truststores.keys().cloned().collect(),
    };
    let stack_reach = stack::Reach {
        unknown_types: options.stacks.unknown_types,
        services: endpoints.names(),
        any_service: endpoints.has_default(),
    };
    let aws = Arc::new(AwsClient::new(endpoints, client.clone(), clock.clone()));
    let settings_keys = SettingsKeys::new(options, home, keys, aws.clone(), clock.clone());
    let objects = ObjectStore::new(options.services.by_name.get("s3"), aws.clone());
    let buckets = Arc::new(Buckets::new(objects.clone(), home));
    let accounts = Arc::new(InName::new(aws.clone(), clock.clone()));
    let operations = accounts.operations(home, &Actor::Account);
    let stack_ports = stack::Ports {
        store: store.clone(),
        accounts: accounts.clone(),
        objects: buckets.clone(),
        ids: ids.clone(),
        clock: clock.clone(),
    };
    let stacks = Stacks::open(stack_ports, home.clone(), options.ssm_parameters.clone())?;
    let stacks = Arc::new(stacks.reaching(stack_reach));
    let engine_ports = engine::Ports {
        store: store.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        tasks: Arc::new(tasks),
        logs: Arc::new(Shown { logs: execution_logs.clone(), feed: feed.clone(), clock: clock.clone() }),
        objects: Arc::new(objects.clone()),
    };
    let engine = Engine::open(engine_ports, engine_options).await?;
    let urls = Urls::new(functions.clone(), authenticator.clone(), iam.clone(), clock.clone(), ids.clone());
    let upstreams = upstreams(options)?;
    let user_pools = user_pools(options)?;
    let issuers = issuers(options, &user_pools)?;
    let issuers = gateway::Issuers::new(issuers, client.clone(), clock.clone());
    let cognito_ports = cognito::Ports {
        clock: clock.clone(),
        ids: ids.clone(),
        sessions: sessions.clone(),
        issuers,
        codes: options.cognito.codes(&client)?,
    };
    let cognito = cognito::open(store.clone(), cognito_ports)?;
    let control = apis::Apis::open(store.clone(), clock.clone(), ids.clone())?.reaching(reach);
    let apis_of_console = control.clone();
    let (client_of_console, sts_of_console) = (client.clone(), sessions.clone());

    // The gateway calls the AWS APIs (`AWS` integrations) and the AWS APIs call the gateway (test calls): the
    // client's side of the ring is weak, so that dropping the rooms closes it.
    let (gateway, api, following) = {
        let ports = gateway::Ports {
            stages: Arc::new(control.clone()),
            usage_store: Arc::new(control.clone()),
            authenticator: authenticator.clone(),
            permissions: Arc::new(OfIam(iam.clone())),
            backends: aws.clone(),
            access_logs: Arc::new(Shown {
                logs: access_logs.clone(),
                feed: feed.clone(),
                clock: clock.clone(),
            }),
            client,
            clock: clock.clone(),
            ids: ids.clone(),
            own_pools: Some(Arc::new(OwnPools(cognito.clone()))),
        };
        let default_api = options.gateway.default_api.as_deref().map(Into::into);
        let settings = &options.gateway;
        let account_rate = settings.account_rate_limit.map(|limit| apis::Rate {
            per_second: f64::from(limit),
            burst: settings.account_burst_limit.unwrap_or(limit),
        });
        let rate_limit_headers = settings.rate_limit_headers;
        let tells_revision = store.is_shared();
        let gateway_options = gateway::Options {
            default_api,
            account_rate,
            vpc_links: upstreams,
            user_pools,
            rate_limit_headers,
            tells_revision,
            body_memory_bytes: Some(options.limits.body_memory_mib.saturating_mul(1 << 20)),
        };
        let data_plane = Gateway::new(ports, gateway_options);
        data_plane.watchers().into_iter().for_each(|watcher| control.watch(watcher));
        let following = Following::new(&store, &control, &data_plane, (&iam, &sessions), &functions, &stacks);
        control.publish_domains().await?;
        let gateway = data_plane.clone();
        let bodies = data_plane.bulkhead();
        let apis = wire::apigateway::Apis { control, test_invoke: Arc::new(data_plane) };
        let (clock, ids, engine) = (clock.clone(), ids.clone(), engine.clone());
        let functions = functions.clone();
        let (cognito, stacks) = (cognito.clone(), stacks.clone());
        let rooms = Rooms {
            engine,
            apis,
            functions,
            iam: iam.clone(),
            sessions,
            stacks,
            cognito,
            buckets: own_buckets,
            parameters,
            log_groups,
        };
        let services = services::registered(&rooms);
        let api = wire::Api::new(services, authenticator.clone(), iam.clone(), bodies, clock, ids);
        let api = match &audit_log {
            Some(audit_log) => api.with_audit(audit_log.clone()),
            None => api,
        };
        (gateway, Arc::new(api), following)
    };
    aws.serve_with(Arc::downgrade(&api));
    if let Some(samples) = &samples {
        gateway.inspector().sample(samples.sampling(&options.inspector));
    }
    let endpoint = Arc::new(OnceLock::new());
    let facts: Arc<dyn console::Facts> =
        Arc::new(ConsoleFacts::new(options, store.clone(), engine.clone(), clock.clone(), endpoint.clone()));
    let console = Console::new(console::Ports {
        aws: aws.clone(),
        api: api.clone(),
        authenticator: authenticator.clone(),
        clock,
        ids,
        home: home.clone(),
        local_key: local_key(options),
        is_key_well_known: options.has_default_key(),
        gateway: gateway.clone(),
        apis: apis_of_console,
        facts: facts.clone(),
        iam: iam.clone(),
        sts: sts_of_console,
        client: client_of_console,
        provider,
    });
    set_rooms.send_replace(Some(tasks::Rooms { aws: aws.clone(), gateway: gateway.clone(), objects }));

    outside.set_later(Later { aws, buckets });
    Ok(System {
        store,
        stacks,
        api,
        gateway,
        authenticator,
        iam,
        operations,
        egress,
        urls,
        outside,
        functions,
        cognito,
        settings_keys: Arc::new(settings_keys),
        console: Arc::new(console),
        endpoint,
        engine,
        logs: execution_logs,
        access_logs,
        audit_log,
        log_keeper,
        following,
        samples,
        facts,
    })
}

impl System {
    /// Answers long polls at once, so that draining does not wait for them.
    pub(super) fn begin_drain(&self) {
        self.console.begin_drain();
        self.engine.begin_drain();
    }

    /// Learns where this server listens.
    pub(super) fn listens_at(&self, endpoint: String) {
        let _ = self.endpoint.set(endpoint.clone());
        self.outside.set_endpoint(endpoint);
    }

    /// Custom resources can be made from now on: their functions answer to this server.
    pub(super) fn serves_at(&self, endpoint: String) {
        self.stacks.listens_at(endpoint);
    }

    /// Ends the engine's own tasks and the gateway's, and writes everything out.
    pub(super) async fn close(&self) {
        self.following.end();
        self.engine.close();
        self.functions.close();
        self.gateway.flush_usage().await;
        self.log_keeper.close().await;
        self.store.close().await;
        let (logs, access_logs, audit_log) =
            (self.logs.clone(), self.access_logs.clone(), self.audit_log.clone());
        let samples = self.samples.clone();
        // A writer that panicked has said so.
        let _ = tokio::task::spawn_blocking(move || {
            logs.close();
            access_logs.close();
            audit_log.iter().for_each(|log| log.close());
            samples.iter().for_each(|samples| samples.close());
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

/// The issuers of the settings: user pools, and OpenID Connect providers.
fn issuers(options: &Options, user_pools: &gateway::UserPools) -> Result<Vec<gateway::Issuer>, Error> {
    let pools =
        user_pools.values().map(|pool| Ok(gateway::Issuer { pool: pool.clone(), clients: Vec::new() }));
    let providers = options.oidc_providers.iter().map(|(arn, provider)| {
        let wrong = |problem: String| Error::Setting { key: "oidc_providers", problem };
        let name = arn.rsplit_once(":oidc-provider/").filter(|_| arn.starts_with("arn:"));
        let (_, name) = name.ok_or_else(|| wrong(format!("{arn:?} is no OpenID Connect provider's ARN")))?;
        let issuer = provider.issuer.clone().unwrap_or_else(|| format!("https://{name}"));
        let keys = keys_of(arn, &issuer, provider.jwks_file.as_ref(), provider.jwks_url.as_ref(), &wrong)?;
        let pool = gateway::UserPool { issuer, keys };
        Ok(gateway::Issuer { pool, clients: provider.client_ids.clone() })
    });
    pools.chain(providers).collect()
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
    let keys = keys_of(arn, &issuer, pool.jwks_file.as_ref(), pool.jwks_url.as_ref(), &wrong)?;
    Ok(gateway::UserPool { issuer, keys })
}

/// Where an issuer's keys are: in a file, at a URL, or below the issuer.
fn keys_of(
    arn: &str,
    issuer: &str,
    file: Option<&PathBuf>,
    url: Option<&String>,
    wrong: &dyn Fn(String) -> Error,
) -> Result<gateway::UserPoolKeys, Error> {
    Ok(match (file, url) {
        (Some(_), Some(_)) => return Err(wrong(format!("{arn} has its keys in two places"))),
        (Some(file), None) => {
            let said = |error: &dyn std::fmt::Display| wrong(format!("{}: {error}", file.display()));
            let bytes = std::fs::read(file).map_err(|error| said(&error))?;
            let keys = gateway::KeySet::parse(&bytes).map_err(|error| said(&error))?;
            gateway::UserPoolKeys::Given(keys)
        }
        (None, url) => {
            let below = || format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
            let url = url.cloned().unwrap_or_else(below);
            let address = url
                .parse::<Uri>()
                .ok()
                .filter(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
            let address =
                address.ok_or_else(|| wrong(format!("{url:?} of {arn} is no http or https address")))?;
            gateway::UserPoolKeys::At(address)
        }
    })
}

/// The default key, if the server can be reached from this machine alone: who is here may sign in with one click.
fn local_key(options: &Options) -> Option<console::LocalKey> {
    let listen = &options.listen;
    let addresses = match listen.control {
        Some(control) => vec![control],
        None => [Some(listen.address), options.tls.address].into_iter().flatten().collect(),
    };
    let is_local = addresses.iter().all(|address| address.ip().is_loopback());
    let known = Options::default().credentials.into_iter().find(|known| options.credentials.contains(known));
    known.filter(|_| is_local).map(|known| console::LocalKey {
        access_key_id: known.access_key_id,
        secret_access_key: known.secret_access_key,
    })
}

/// The keys of the settings: each signs for the server's own account.
fn keys(options: &Options, home: &AccountRegion) -> Keys {
    let keys = Keys::default();
    for credential in &options.credentials {
        keys.insert(&credential.access_key_id, settings_keys::root(credential, home));
    }
    keys
}
