//! `console::Facts`: how the server is, for its console.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::console::{Facts, FactsFuture};
use crate::engine::{self, Engine};
use crate::server::options::{AuditTarget, Options};
use crate::server::origin::Origin;
use crate::store::Store;

/// How much of the audit log's end is read, and how many of its lines are shown.
const AUDIT_BYTES_MAX: u64 = 256 * 1024;
const AUDIT_LINES_MAX: usize = 200;
/// Files and folders of the data directory that are listed.
const FILES_MAX: usize = 100;

/// A database of more bytes is not gone through unasked, to find out what its tables take.
const MEASURED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Knows the store, and what was said of the server when it started.
pub(in super::super) struct ConsoleFacts {
    store: Store,
    engine: Engine,
    clock: Arc<dyn Clock>,
    is_on_server: bool,
    endpoint: Arc<OnceLock<String>>,
    account: String,
    data_dir: PathBuf,
    /// Rows: key, value, and where it comes from.
    settings: Vec<Value>,
    audit_file: Option<PathBuf>,
}

impl ConsoleFacts {
    pub(in super::super) fn new(
        options: &Options,
        store: Store,
        engine: Engine,
        clock: Arc<dyn Clock>,
        endpoint: Arc<OnceLock<String>>,
    ) -> Self {
        let audit = &options.audit_log;
        let file = || audit.file.clone().unwrap_or_else(|| options.data_dir.join("audit.jsonl"));
        Self {
            store,
            engine,
            clock,
            is_on_server: options.store.url.is_some(),
            endpoint,
            account: options.account.id.clone(),
            data_dir: options.data_dir.clone(),
            settings: rows(options),
            audit_file: (audit.to == AuditTarget::File).then(file),
        }
    }
}

impl Facts for ConsoleFacts {
    fn health(&self) -> FactsFuture<'_> {
        Box::pin(async move {
            let store = self.store.read(|tx| tx.query_one("SELECT 1", &[], |row| row.int(0))).await;
            json!({
                "isHealthy": store.is_ok(), "version": env!("CARGO_PKG_VERSION"), "endpoint": self.endpoint.get(),
                "account": self.account, "dataDir": self.data_dir.display().to_string(),
            })
        })
    }

    fn operation(&self) -> FactsFuture<'_> {
        Box::pin(async move {
            let (data_dir, audit_file) = (self.data_dir.clone(), self.audit_file.clone());
            let read = move || {
                let audit = audit_file.as_deref().map_or_else(Vec::new, last_lines);
                (files(&data_dir), disk(&data_dir), audit)
            };
            let (files, disk, audit) = tokio::task::spawn_blocking(read).await.unwrap_or_default();
            let database = files
                .iter()
                .filter(|it| it["name"].as_str().is_some_and(|name| name.starts_with("stepgate.db")));
            let bytes: u64 = database.filter_map(|it| it["bytes"].as_u64()).sum();
            let is_small = self.is_on_server || bytes <= MEASURED_BYTES_MAX;
            let tables = if is_small { self.tables().await } else { Value::Null };
            json!({
                "disk": disk, "tables": tables, "waiting": self.waiting().await, "writer": self.writer(),
                "settings": self.settings,
                "files": files, "audit": audit, "isAudited": self.audit_file.is_some(),
            })
        })
    }

    fn tables(&self) -> FactsFuture<'_> {
        Box::pin(async move {
            match self.store.sizes().await {
                Ok(sizes) => sizes.iter().map(|it| json!({"name": it.name, "bytes": it.bytes})).collect(),
                Err(error) => {
                    tracing::warn!(%error, "the sizes of tables could not be read");
                    Value::Null
                }
            }
        })
    }
}

impl ConsoleFacts {
    /// What the engine waits for; nothing if the store does not answer.
    async fn waiting(&self) -> Value {
        match self.engine.waiting().await {
            Ok(waiting) => {
                let open = waiting.open.iter().map(|(status, n)| json!({"status": status.as_str(), "n": n}));
                json!({
                    "open": open.collect::<Vec<_>>(), "timers": waiting.timers, "timersDue": waiting.timers_due,
                    "next": waiting.next.map(|at| at.to_iso8601()), "tasks": waiting.tasks, "countedMax": engine::COUNTED_MAX,
                })
            }
            Err(error) => {
                tracing::warn!(%error, "what waits could not be read");
                Value::Null
            }
        }
    }

    /// How the writer keeps up.
    fn writer(&self) -> Value {
        let millis = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
        let intervals = self.store.intervals(self.clock.monotonic());
        let intervals = intervals.iter().map(|it| {
            let n = f64::from(it.groups.max(1));
            json!({
                "groups": it.groups, "jobs": it.jobs, "commitMs": millis(it.took) / n, "commitMaxMs": millis(it.took_max),
                "fsyncMs": millis(it.synced) / n, "fsyncMaxMs": millis(it.synced_max),
            })
        });
        json!({"waiting": self.store.waiting(), "intervals": intervals.collect::<Vec<_>>()})
    }
}

/// What the file system of a directory has left.
fn disk(dir: &Path) -> Value {
    match nix::sys::statvfs::statvfs(dir) {
        Ok(told) => {
            let bytes = |blocks: nix::libc::fsblkcnt_t| blocks.saturating_mul(told.fragment_size());
            json!({"free": bytes(told.blocks_available()), "size": bytes(told.blocks())})
        }
        Err(_) => Value::Null,
    }
}

/// The settings in force, without secrets, and where each comes from.
fn rows(options: &Options) -> Vec<Value> {
    let mut rows = Vec::new();
    flatten("", &settings(options), &mut rows);
    rows.extend(options.beside.iter().map(|(key, value)| (key.clone(), value.clone())));
    let origin = |key: &str| {
        let is_it =
            |known: &str| known == key || known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        let found = options.origins.iter().find(|(known, _)| is_it(known)).map(|(_, origin)| *origin);
        match found {
            None => "default",
            Some(Origin::File) => "file",
            Some(Origin::Environment) => "environment",
            Some(Origin::Argument) => "argument",
        }
    };
    rows.into_iter().map(|(key, value)| json!({"from": origin(&key), "key": key, "value": value})).collect()
}

/// Members by their paths. What is a list is one value; what is not set is shown as that.
fn flatten(before: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let key = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
                flatten(&key, value, rows);
            }
        }
        Value::Null => rows.push((before.to_owned(), String::new())),
        Value::String(text) => rows.push((before.to_owned(), text.clone())),
        other => rows.push((before.to_owned(), other.to_string())),
    }
}

/// The settings in force that have no secret in them.
fn settings(options: &Options) -> Value {
    let keys: Vec<&str> = options.credentials.iter().map(|key| key.access_key_id.as_str()).collect();
    let (limits, oidc) = (&options.limits, &options.console.oidc);
    let path = |path: &Option<PathBuf>| path.as_deref().map(Path::display).map(|it| it.to_string());
    json!({
        "data_dir": options.data_dir.display().to_string(),
        "listen": {
            "address": options.listen.address.to_string(), "data": options.listen.data.map(|it| it.to_string()),
            "control": options.listen.control.map(|it| it.to_string()),
        },
        "tls": {
            "address": options.tls.address.map(|it| it.to_string()), "certificate": path(&options.tls.certificate),
            "private_key": path(&options.tls.private_key),
        },
        "control_tls": {
            "certificate": path(&options.control_tls.certificate), "private_key": path(&options.control_tls.private_key),
            "client_ca": path(&options.control_tls.client_ca),
        },
        "store": {
            // The URL may have a password.
            "url": options.store.url.as_ref().map(|_| "•••"), "readers": options.store.readers,
            "statement_timeout_s": options.store.statement_timeout_s, "lease_s": options.store.lease_s,
            "standby": options.store.standby, "node": options.store.node,
        },
        "secrets": {
            "key_file": path(&options.secrets.key_file), "key_env": options.secrets.key_env,
            "key_command": options.secrets.key_command.first(),
        },
        "deploy": {
            "templates": options.deploy.templates.iter().map(|it| it.display().to_string()).collect::<Vec<_>>(),
            "tutorial": options.deploy.tutorial,
        },
        "stacks": { "unknown_types": format!("{:?}", options.stacks.unknown_types).to_lowercase() },
        "http": { "relax": options.http.relax.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>() },
        "account": { "id": options.account.id, "region": options.account.region },
        "credentials": keys.iter().map(|id| json!({"access_key_id": id, "secret_access_key": "•••"})).collect::<Vec<_>>(),
        "limits": {
            "requests_in_flight": limits.requests_in_flight, "reserved": limits.reserved, "connections": limits.connections,
            "connections_per_address": limits.connections_per_address,
            "tls_handshake_timeout_s": limits.tls_handshake_timeout_s, "header_read_timeout_s": limits.header_read_timeout_s,
            "idle_timeout_s": limits.idle_timeout_s, "body_read_timeout_s": limits.body_read_timeout_s,
            "answer_write_timeout_s": limits.answer_write_timeout_s, "drain_s": limits.drain_s,
            "body_rate_min": limits.body_rate_min, "body_memory_mib": limits.body_memory_mib,
            "http2": {
                "streams": limits.http2.streams, "resets": limits.http2.resets,
                "ping_interval_s": limits.http2.ping_interval_s, "ping_timeout_s": limits.http2.ping_timeout_s,
            },
        },
        "gateway": {
            "default_api": options.gateway.default_api, "rate_limit_headers": options.gateway.rate_limit_headers,
            "account_rate_limit": options.gateway.account_rate_limit,
            "account_burst_limit": options.gateway.account_burst_limit,
        },
        "functions": {
            "concurrency": options.functions.concurrency, "idle_s": options.functions.idle_s,
            "retry_delay_s": options.functions.retry_delay_s, "near_versions": options.functions.near_versions,
        },
        "iam": { "enforcement": format!("{:?}", options.enforcement()).to_lowercase() },
        "egress": { "allow": options.egress.allow, "deny": options.egress.deny },
        "audit_log": {
            "to": format!("{:?}", options.audit_log.to).to_lowercase(), "file": path(&options.audit_log.file),
        },
        "execution_logs": {
            "to": format!("{:?}", options.execution_logs.to).to_lowercase(),
            "directory": path(&options.execution_logs.directory),
        },
        "access_logs": {
            "to": format!("{:?}", options.access_logs.to).to_lowercase(),
            "directory": path(&options.access_logs.directory),
            "destinations": options.access_logs.destinations.keys().collect::<Vec<_>>(),
        },
        "inspector": {
            "sample_every": options.inspector.sample_every, "bodies": options.inspector.bodies,
            "file": path(&options.inspector.file),
        },
        "console": { "oidc": {
            "issuer": oidc.issuer, "client_id": oidc.client_id, "scopes": oidc.scopes, "claim": oidc.claim,
            "roles": oidc.roles.iter().map(|(value, role)| format!("{value}: {role}")).collect::<Vec<_>>(),
            "url": oidc.url,
        } },
        "services": options.services.by_name.keys().collect::<Vec<_>>(),
        "connections": options.connections.keys().collect::<Vec<_>>(),
        "vpc_links": options.vpc_links.keys().collect::<Vec<_>>(),
        "user_pools": options.user_pools.keys().collect::<Vec<_>>(),
        "oidc_providers": options.oidc_providers.keys().collect::<Vec<_>>(),
        "certificates": options.certificates.keys().collect::<Vec<_>>(),
        "truststores": options.truststores.keys().collect::<Vec<_>>(),
        "ssm_parameters": options.ssm_parameters.keys().collect::<Vec<_>>(),
        "cognito": { "code_webhook": options.cognito.code_webhook.as_ref().map(|_| "•••") },
    })
}

/// What is in the data directory, with sizes.
fn files(dir: &Path) -> Vec<Value> {
    let mut found: Vec<(String, u64)> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .take(FILES_MAX)
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(|it| it.is_file())?;
            Some((entry.file_name().to_string_lossy().into_owned(), metadata.len()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(name, bytes)| json!({"name": name, "bytes": bytes})).collect()
}

/// The last lines of a log, the oldest of them first; nothing if it can't be read.
fn last_lines(file: &Path) -> Vec<Value> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(file)?;
        let from = file.metadata()?.len().saturating_sub(AUDIT_BYTES_MAX);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(AUDIT_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    // What was cut at the beginning is no line.
    let mut lines: Vec<Value> =
        text.lines().rev().filter_map(|line| serde_json::from_str(line).ok()).take(AUDIT_LINES_MAX).collect();
    lines.reverse();
    lines
}
