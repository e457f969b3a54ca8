//! Tags of identity pools.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{arn, tables};
use crate::cognito::Cognito;
use crate::cognito::error::{Error, INVALID_PARAMETER, RESOURCE_NOT_FOUND};
use crate::id::AccountRegion;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most tags of a pool.
const TAGS_MAX: usize = 50;

/// The pool that an ARN names, at home.
fn pool_of(home: &AccountRegion, given: &str) -> Result<String, Error> {
    let id = given.rsplit_once(":identitypool/").map(|(_, id)| id.to_owned());
    id.filter(|id| arn(home, id) == given)
        .ok_or_else(|| Error::new(RESOURCE_NOT_FOUND, format!("Resource '{given}' not found.")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Add {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

pub(super) async fn add(call: &Call, input: Add) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), pool_of(&call.home, &input.resource_arn)?);
    let changed = move |tx: &Tx<'_>| {
        let mut pool = tables::own_pool(tx, &home, &id)?;
        pool.tags.extend(input.tags);
        if TAGS_MAX < pool.tags.len() {
            return Err(Error::new(INVALID_PARAMETER, format!("A pool has at most {TAGS_MAX} tags.")));
        }
        tables::put_pool(tx, &home, &id, &pool)
    };
    call.state::<Cognito>().0.store.write(changed).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remove {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn remove(call: &Call, input: Remove) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), pool_of(&call.home, &input.resource_arn)?);
    let changed = move |tx: &Tx<'_>| {
        let mut pool = tables::own_pool(tx, &home, &id)?;
        pool.tags.retain(|key, _| !input.tag_keys.contains(key));
        tables::put_pool(tx, &home, &id, &pool)
    };
    call.state::<Cognito>().0.store.write(changed).await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    resource_arn: String,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), pool_of(&call.home, &input.resource_arn)?);
    let read = move |tx: &Tx<'_>| Ok::<_, Error>(json!({"Tags": tables::own_pool(tx, &home, &id)?.tags}));
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}
