//! Rows of how full the buckets of rates were: what the next server goes on with.

use crate::apis::error::Error;
use crate::apis::{KeptBucket, Scope, Subject};
use crate::clock::Timestamp;
use crate::store::Tx;

/// Names of the buckets of `scope`, and when they are full.
pub(crate) fn kept_buckets(tx: &Tx<'_>, scope: &Scope) -> Result<Vec<(String, Timestamp)>, Error> {
    let sql = "SELECT name, full_at FROM apigateway_throttle_buckets WHERE scope = ?1";
    let kept = tx.query(sql, &[text(scope).as_str().into()], |row| {
        Ok((row.text(0)?, Timestamp::from_millis(row.int(1)?)))
    })?;
    Ok(kept)
}

/// Writes these buckets, and forgets all that are full at `now`.
pub(crate) fn keep_buckets(tx: &Tx<'_>, buckets: &[KeptBucket], now: Timestamp) -> Result<(), Error> {
    tx.execute("DELETE FROM apigateway_throttle_buckets WHERE full_at <= ?1", &[now.as_millis().into()])?;
    let sql = "INSERT INTO apigateway_throttle_buckets (scope, name, full_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (scope, name) DO UPDATE SET full_at = excluded.full_at";
    for KeptBucket { scope, name, full_at } in buckets {
        let full_at = full_at.as_millis().into();
        tx.execute(sql, &[text(scope).as_str().into(), name.as_str().into(), full_at])?;
    }
    Ok(())
}

/// What a scope is called here; no part of it has a slash.
fn text(scope: &Scope) -> String {
    match scope {
        Scope::Key(Subject { owner, plan, key }) => {
            format!("usageplans/{}/{}/{plan}/{key}", owner.account, owner.region)
        }
        Scope::Stage(api, stage) => format!("restapis/{api}/{stage}"),
    }
}
