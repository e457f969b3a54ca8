//! The tables of roles and policies: one row each, with a record.

use super::{IamError, Policy, Role};
use crate::id::AccountId;
use crate::store::{self, Param, Record, Row, Tx};

/// The schema, version by version. Keys are lower-case names, because names are unique regardless of case.
pub(super) const STEPS: &[&str] = &["
    CREATE TABLE iam_role (
        account TEXT NOT NULL, name_key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, name_key)
    );
    CREATE TABLE iam_policy (
        account TEXT NOT NULL, name_key TEXT NOT NULL, arn TEXT NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (account, name_key)
    );
"];

pub(super) fn role(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<Option<Role>, IamError> {
    let sql = "SELECT record FROM iam_role WHERE account = ?1 AND name_key = ?2";
    one(tx, sql, &[Param::Text(account.as_str()), Param::Text(&name.to_lowercase())])
}

pub(super) fn n_roles(tx: &Tx<'_>, account: &AccountId) -> Result<usize, store::Error> {
    let sql = "SELECT COUNT(*) FROM iam_role WHERE account = ?1";
    let count = tx.query_one(sql, &[Param::Text(account.as_str())], |row| row.int(0))?;
    Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
}

/// All roles, by name. Their number is limited when they are created.
pub(super) fn roles(tx: &Tx<'_>, account: &AccountId) -> Result<Vec<Role>, IamError> {
    let sql = "SELECT record FROM iam_role WHERE account = ?1";
    let mut roles: Vec<Role> = tx.query(sql, &[Param::Text(account.as_str())], decoded)?;
    roles.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(roles)
}

/// Adds a role; false if there is one of this name.
pub(super) fn add_role(tx: &Tx<'_>, account: &AccountId, role: &Role) -> Result<bool, store::Error> {
    let sql = "INSERT INTO iam_role (account, name_key, record) VALUES (?1, ?2, ?3)
               ON CONFLICT (account, name_key) DO NOTHING";
    let (key, record) = (role.name.to_lowercase(), role.encode()?);
    let texts = [account.as_str(), &key, &record];
    Ok(tx.execute(sql, &texts.map(Param::Text))? == 1)
}

pub(super) fn put_role(tx: &Tx<'_>, account: &AccountId, role: &Role) -> Result<(), store::Error> {
    let sql = "UPDATE iam_role SET record = ?3 WHERE account = ?1 AND name_key = ?2";
    let (key, record) = (role.name.to_lowercase(), role.encode()?);
    tx.execute(sql, &[Param::Text(account.as_str()), Param::Text(&key), Param::Text(&record)]).map(drop)
}

pub(super) fn delete_role(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM iam_role WHERE account = ?1 AND name_key = ?2";
    tx.execute(sql, &[Param::Text(account.as_str()), Param::Text(&name.to_lowercase())]).map(drop)
}

pub(super) fn policy(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<Option<Policy>, IamError> {
    let sql = "SELECT record FROM iam_policy WHERE account = ?1 AND arn = ?2";
    one(tx, sql, &[Param::Text(account.as_str()), Param::Text(arn)])
}

/// Adds a policy; false if there is one of this name.
pub(super) fn add_policy(tx: &Tx<'_>, account: &AccountId, policy: &Policy) -> Result<bool, store::Error> {
    let sql = "INSERT INTO iam_policy (account, name_key, arn, record) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (account, name_key) DO NOTHING";
    let (key, record) = (policy.name.to_lowercase(), policy.encode()?);
    let texts = [account.as_str(), &key, &policy.arn, &record];
    Ok(tx.execute(sql, &texts.map(Param::Text))? == 1)
}

pub(super) fn delete_policy(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM iam_policy WHERE account = ?1 AND arn = ?2";
    tx.execute(sql, &[Param::Text(account.as_str()), Param::Text(arn)]).map(drop)
}

fn one<T: Record>(tx: &Tx<'_>, sql: &'static str, params: &[Param<'_>]) -> Result<Option<T>, IamError> {
    Ok(tx.query_one(sql, params, decoded)?)
}

fn decoded<T: Record>(row: &Row<'_>) -> Result<T, store::Error> {
    T::decode(row.text(0)?.as_bytes())
}
