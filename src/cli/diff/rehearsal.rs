//! Trial imports that change nothing on the server.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use crate::apis::{Apis, ImportOptions, PutMode, Reach};
use crate::cli::arguments::ImportMode;
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Store};
use crate::yaml;

/// An API before and after an import, as documents without documentation.
#[derive(Debug)]
pub(super) struct Rehearsed {
    pub(super) before: Value,
    pub(super) after: Value,
    pub(super) warnings: Vec<String>,
}

/// Imports `document` on top of `served`, or as a new API, which is empty before.
pub(super) async fn rehearse(
    served: Option<&[u8]>,
    document: &[u8],
    mode: ImportMode,
) -> anyhow::Result<Rehearsed> {
    let directory = Scratch::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = Store::open(&directory.0, store::Options::default(), clock.clone());
    let store = store.context("cannot make a store to try the import in")?;
    let rehearsed = import(&store, clock, served, document, mode).await;
    store.close().await;
    rehearsed
}

async fn import(
    store: &Store,
    clock: Arc<dyn Clock>,
    served: Option<&[u8]>,
    document: &[u8],
    mode: ImportMode,
) -> anyhow::Result<Rehearsed> {
    // Only the server knows whether the VPC links exist, and which services it can call.
    let links = [served.unwrap_or_default(), document].into_iter().flat_map(connection_ids).collect();
    let reach = Reach { vpc_links: links, any_service: true, ..Reach::default() };
    let apis = Apis::open(store.clone(), clock, Arc::new(RandomIds))?.reaching(reach);
    let home = AccountRegion {
        account: AccountId::parse("123456789012").context("twelve digits")?,
        region: Region::parse("us-east-1").context("a region")?,
    };
    let Some(served) = served else {
        let imported = apis.import_rest_api(&home, document, ImportOptions::default()).await?;
        let after = apis.working_copy_document(&home, &imported.api.id).await?;
        return Ok(Rehearsed { before: Value::Null, after, warnings: imported.warnings });
    };
    let base = apis.import_rest_api(&home, served, ImportOptions::default()).await;
    let id = base.context("what the stage serves can't be read back")?.api.id;
    let before = apis.working_copy_document(&home, &id).await?;
    let mode = match mode {
        ImportMode::Merge => PutMode::Merge,
        ImportMode::Overwrite => PutMode::Overwrite,
    };
    let put = apis.put_rest_api(&home, &id, document, mode, ImportOptions::default()).await?;
    let after = apis.working_copy_document(&home, &id).await?;
    Ok(Rehearsed { before, after, warnings: put.warnings })
}

/// Every `connectionId` in a document. An invalid document has none, and fails later.
fn connection_ids(document: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(document);
    let parsed = serde_json::from_str(&text).ok().or_else(|| yaml::parse(&text, yaml::no_tags).ok());
    let mut ids = BTreeSet::new();
    let mut left = vec![parsed.unwrap_or(Value::Null)];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                if let Some(id) = members.get("connectionId").and_then(Value::as_str) {
                    ids.insert(id.to_owned());
                }
                left.extend(members.into_iter().map(|(_, member)| member));
            }
            Value::Array(items) => left.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    ids
}

/// A directory that is deleted when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let name = RandomIds.lower_alphanumeric(12);
        Self(std::env::temp_dir().join(format!("stepgate-diff-{name}")))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // If it can't be deleted, it is left for whoever cleans up temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
