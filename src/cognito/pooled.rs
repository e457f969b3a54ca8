//! What identity pools and user pools have in common: they are known by their ids alone, have a home, and have tags.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Error, INVALID_PARAMETER, RESOURCE_NOT_FOUND};
use super::shared::Cognito;
use super::tables::{decoded, home, one_more};
use crate::id::AccountRegion;
use crate::store::{Param, Record, Tx};
use crate::wire::{ApiError, Call};

/// The most tags of a pool.
pub(crate) const TAGS_MAX: usize = 50;

/// What a table of pools is asked.
pub(crate) struct Table {
    pub(crate) find: &'static str,
    pub(crate) put: &'static str,
    pub(crate) page: &'static str,
}

/// The [`Table`] of this name, with the columns `id`, `account`, `region` and `record`.
macro_rules! table {
    ($name:literal) => {
        $crate::pooled::Table {
            find: concat!("SELECT record, account, region FROM ", $name, " WHERE id = ?1"),
            put: concat!(
                "INSERT INTO ",
                $name,
                " (id, account, region, record) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE SET record = excluded.record"
            ),
            page: concat!(
                "SELECT record, id FROM ",
                $name,
                " WHERE account = ?1 AND region = ?2 AND ?3 < id ORDER BY id LIMIT ?4"
            ),
        }
    };
}
pub(crate) use table;

/// A kind of pools.
pub(crate) trait Pooled: Record + Send + 'static {
    /// Their table.
    const TABLE: Table;
    /// What stands before the id in their ARNs.
    const IN_ARN: &'static str;
    /// The error for an id that no pool has.
    fn missing(id: &str) -> Error;
    /// The ARN of one.
    fn arn(home: &AccountRegion, id: &str) -> String;
    /// Its tags.
    fn tags(&mut self) -> &mut BTreeMap<String, String>;
}

/// The pool with this id, wherever its home is.
pub(crate) fn find<P: Pooled>(tx: &Tx<'_>, id: &str) -> Result<Option<(AccountRegion, P)>, Error> {
    Ok(tx.query_one(P::TABLE.find, &[Param::Text(id)], |row| Ok((home(row, 1, 2)?, decoded(row)?)))?)
}

/// The pool with this id in a home.
pub(crate) fn own<P: Pooled>(tx: &Tx<'_>, at: &AccountRegion, id: &str) -> Result<P, Error> {
    match find(tx, id)? {
        Some((home, pool)) if home == *at => Ok(pool),
        Some(_) | None => Err(P::missing(id)),
    }
}

/// Writes a pool, in place of what it was.
pub(crate) fn put<P: Pooled>(tx: &Tx<'_>, home: &AccountRegion, id: &str, pool: &P) -> Result<(), Error> {
    let record = pool.encode()?;
    tx.execute(P::TABLE.put, &[id, home.account.as_str(), home.region.as_str(), &record].map(Param::Text))?;
    Ok(())
}

/// Pools after the id `after`, one more than `max` if there are so many.
pub(crate) fn page<P: Pooled>(
    tx: &Tx<'_>,
    at: &AccountRegion,
    after: &str,
    max: usize,
) -> Result<Vec<(String, P)>, Error> {
    let [account, region, after] = [at.account.as_str(), at.region.as_str(), after].map(Param::Text);
    Ok(tx.query(P::TABLE.page, &[account, region, after, one_more(max)], |row| {
        Ok((row.text(1)?, decoded(row)?))
    })?)
}

/// What the operations of tags take.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tagged {
    resource_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

/// The pool that an ARN names, at home.
fn pool_of<P: Pooled>(home: &AccountRegion, given: &str) -> Result<String, Error> {
    let id = given.rsplit_once(P::IN_ARN).map(|(_, id)| id.to_owned());
    id.filter(|id| P::arn(home, id) == given)
        .ok_or_else(|| Error::new(RESOURCE_NOT_FOUND, format!("Resource '{given}' not found.")))
}

async fn change<P: Pooled>(
    call: &Call,
    arn: &str,
    change: impl Fn(&mut BTreeMap<String, String>) + Send + 'static,
) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), pool_of::<P>(&call.home, arn)?);
    let changed = move |tx: &Tx<'_>| {
        let mut pool: P = own(tx, &home, &id)?;
        change(pool.tags());
        if TAGS_MAX < pool.tags().len() {
            return Err(Error::new(INVALID_PARAMETER, format!("A pool has at most {TAGS_MAX} tags.")));
        }
        put(tx, &home, &id, &pool)
    };
    call.state::<Cognito>().0.store.write(changed).await?;
    Ok(json!({}))
}

pub(crate) async fn tag<P: Pooled>(call: &Call, input: Tagged) -> Result<Value, ApiError> {
    change::<P>(call, &input.resource_arn, move |tags| tags.extend(input.tags.clone())).await
}

pub(crate) async fn untag<P: Pooled>(call: &Call, input: Tagged) -> Result<Value, ApiError> {
    change::<P>(call, &input.resource_arn, move |tags| {
        tags.retain(|key, _| !input.tag_keys.contains(key));
    })
    .await
}

pub(crate) async fn tags<P: Pooled>(call: &Call, input: Tagged) -> Result<Value, ApiError> {
    let (home, id) = (call.home.clone(), pool_of::<P>(&call.home, &input.resource_arn)?);
    let read = move |tx: &Tx<'_>| Ok::<_, Error>(json!({ "Tags": own::<P>(tx, &home, &id)?.tags() }));
    Ok(call.state::<Cognito>().0.store.read(read).await?)
}
