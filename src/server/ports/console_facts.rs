//! `console::Facts`: how the server is, for its console.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};

use crate::console::{Facts, FactsFuture};
use crate::server::options::{AuditTarget, Options};
use crate::store::Store;

/// How much of the audit log's end is read, and how many of its lines are shown.
const AUDIT_BYTES_MAX: u64 = 256 * 1024;
const AUDIT_LINES_MAX: usize = 200;
/// Files and folders of the data directory that are listed.
const FILES_MAX: usize = 100;

/// Knows the store, and what was said of the server when it started.
pub(in super::super) struct ConsoleFacts {
    store: Store,
    endpoint: Arc<OnceLock<String>>,
    account: String,
    data_dir: PathBuf,
    settings: Value,
    audit_file: Option<PathBuf>,
}

impl ConsoleFacts {
    pub(in super::super) fn new(options: &Options, store: Store, endpoint: Arc<OnceLock<String>>) -> Self {
        let audit = &options.audit_log;
        let file = || audit.file.clone().unwrap_or_else(|| options.data_dir.join("audit.jsonl"));
        Self {
            store,
            endpoint,
            account: options.account.id.clone(),
            data_dir: options.data_dir.clone(),
            settings: settings(options),
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
                (files(&data_dir), audit)
            };
            let (files, audit) = tokio::task::spawn_blocking(read).await.unwrap_or_default();
            json!({
                "settings": serde_json::to_string_pretty(&self.settings).unwrap_or_default(),
                "files": files, "audit": audit, "isAudited": self.audit_file.is_some(),
            })
        })
    }
}

/// The settings in force that have no secret in them.
fn settings(options: &Options) -> Value {
    let keys: Vec<&str> = options.credentials.iter().map(|key| key.access_key_id.as_str()).collect();
    let limits = &options.limits;
    json!({
        "file": options.file.as_deref().map(Path::display).map(|it| it.to_string()),
        "data_dir": options.data_dir.display().to_string(),
        "listen": {
            "address": options.listen.address.to_string(), "data": options.listen.data.map(|it| it.to_string()),
            "control": options.listen.control.map(|it| it.to_string()),
        },
        "tls": { "address": options.tls.address.map(|it| it.to_string()) },
        "account": { "id": options.account.id, "region": options.account.region },
        "credentials": keys.iter().map(|id| json!({"access_key_id": id, "secret_access_key": "•••"})).collect::<Vec<_>>(),
        "limits": {
            "requests_in_flight": limits.requests_in_flight, "reserved": limits.reserved, "connections": limits.connections,
            "connections_per_address": limits.connections_per_address, "header_read_timeout_s": limits.header_read_timeout_s,
            "idle_timeout_s": limits.idle_timeout_s, "body_read_timeout_s": limits.body_read_timeout_s,
            "answer_write_timeout_s": limits.answer_write_timeout_s, "drain_s": limits.drain_s,
            "body_memory_mib": limits.body_memory_mib,
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
        "iam": { "enforcement": format!("{:?}", options.iam.enforcement).to_lowercase() },
        "egress": { "allow": options.egress.allow, "deny": options.egress.deny },
        "audit_log": { "to": format!("{:?}", options.audit_log.to).to_lowercase() },
        "execution_logs": { "to": format!("{:?}", options.execution_logs.to).to_lowercase() },
        "access_logs": { "to": format!("{:?}", options.access_logs.to).to_lowercase() },
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
