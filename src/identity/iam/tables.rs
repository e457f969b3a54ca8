//! The tables of roles and policies: one row each, with a record.

use std::marker::PhantomData;

use super::{Group, IamError, InstanceProfile, Policy, Role, User};
use crate::clock::Timestamp;
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
", "
    CREATE TABLE iam_deleted_role (
        account TEXT NOT NULL, name_key TEXT NOT NULL, deleted BIGINT NOT NULL, PRIMARY KEY (account, name_key)
    );
    CREATE INDEX iam_deleted_role_deleted ON iam_deleted_role (deleted);
    CREATE TABLE iam_missing (
        role_arn TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL, PRIMARY KEY (role_arn, action, resource)
    );
    CREATE TABLE iam_looked_at (version BIGINT NOT NULL PRIMARY KEY);
", "
    CREATE TABLE iam_user (
        account TEXT NOT NULL, name_key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, name_key)
    );
    CREATE TABLE iam_group (
        account TEXT NOT NULL, name_key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, name_key)
    );
    CREATE TABLE iam_instance_profile (
        account TEXT NOT NULL, name_key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (account, name_key)
    );
    CREATE TABLE iam_access_key (
        access_key_id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, user_key TEXT NOT NULL, sealed BLOB NOT NULL
    );
    CREATE INDEX iam_access_key_user ON iam_access_key (account, user_key);
"];

/// The most roles that are remembered as deleted.
const DELETED_MAX: i64 = 10_000;

/// A table of what an account has by name.
pub(super) struct Named<T> {
    one: &'static str,
    all: &'static str,
    add: &'static str,
    put: &'static str,
    delete: &'static str,
    count: &'static str,
    of: PhantomData<fn() -> T>,
}

macro_rules! named {
    ($table:literal) => {
        Named {
            one: concat!("SELECT record FROM ", $table, " WHERE account = ?1 AND name_key = ?2"),
            all: concat!("SELECT record FROM ", $table, " WHERE account = ?1 ORDER BY name_key"),
            add: concat!(
                "INSERT INTO ",
                $table,
                " (account, name_key, record) VALUES (?1, ?2, ?3) ON CONFLICT (account, name_key) DO NOTHING"
            ),
            put: concat!("UPDATE ", $table, " SET record = ?3 WHERE account = ?1 AND name_key = ?2"),
            delete: concat!("DELETE FROM ", $table, " WHERE account = ?1 AND name_key = ?2"),
            count: concat!("SELECT COUNT(*) FROM ", $table, " WHERE account = ?1"),
            of: PhantomData,
        }
    };
}

pub(super) static USERS: Named<User> = named!("iam_user");
pub(super) static GROUPS: Named<Group> = named!("iam_group");
pub(super) static PROFILES: Named<InstanceProfile> = named!("iam_instance_profile");

impl<T: Record> Named<T> {
    pub(super) fn one(
        &self,
        tx: &Tx<'_>,
        account: &AccountId,
        name: &str,
    ) -> Result<Option<T>, store::Error> {
        tx.query_one(self.one, &[account.as_str(), &name.to_lowercase()].map(Param::Text), decoded)
    }

    /// All, by name. Their number is limited when they are created.
    pub(super) fn all(&self, tx: &Tx<'_>, account: &AccountId) -> Result<Vec<T>, IamError> {
        Ok(tx.query(self.all, &[Param::Text(account.as_str())], decoded)?)
    }

    /// Adds one; false if there is one of this name.
    pub(super) fn add(
        &self,
        tx: &Tx<'_>,
        account: &AccountId,
        name: &str,
        value: &T,
    ) -> Result<bool, store::Error> {
        let texts = [account.as_str(), &name.to_lowercase(), &value.encode()?];
        Ok(tx.execute(self.add, &texts.map(Param::Text))? == 1)
    }

    pub(super) fn put(
        &self,
        tx: &Tx<'_>,
        account: &AccountId,
        name: &str,
        value: &T,
    ) -> Result<(), store::Error> {
        let texts = [account.as_str(), &name.to_lowercase(), &value.encode()?];
        tx.execute(self.put, &texts.map(Param::Text)).map(drop)
    }

    pub(super) fn delete(&self, tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<(), store::Error> {
        tx.execute(self.delete, &[account.as_str(), &name.to_lowercase()].map(Param::Text)).map(drop)
    }

    pub(super) fn count(&self, tx: &Tx<'_>, account: &AccountId) -> Result<usize, store::Error> {
        let count = tx.query_one(self.count, &[Param::Text(account.as_str())], |row| row.int(0))?;
        Ok(count.and_then(|count| usize::try_from(count).ok()).unwrap_or(0))
    }
}

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
    let is_new = tx.execute(sql, &texts.map(Param::Text))? == 1;
    let sql = "DELETE FROM iam_deleted_role WHERE account = ?1 AND name_key = ?2";
    tx.execute(sql, &[Param::Text(account.as_str()), Param::Text(&key)])?;
    Ok(is_new)
}

pub(super) fn put_role(tx: &Tx<'_>, account: &AccountId, role: &Role) -> Result<(), store::Error> {
    let sql = "UPDATE iam_role SET record = ?3 WHERE account = ?1 AND name_key = ?2";
    let (key, record) = (role.name.to_lowercase(), role.encode()?);
    tx.execute(sql, &[Param::Text(account.as_str()), Param::Text(&key), Param::Text(&record)]).map(drop)
}

/// Deletes a role, and remembers for a long time that it was here.
pub(super) fn delete_role(
    tx: &Tx<'_>,
    account: &AccountId,
    name: &str,
    now: Timestamp,
) -> Result<(), store::Error> {
    let (account, key) = (Param::Text(account.as_str()), name.to_lowercase());
    tx.execute("DELETE FROM iam_role WHERE account = ?1 AND name_key = ?2", &[account, Param::Text(&key)])?;
    let sql = "DELETE FROM iam_deleted_role WHERE deleted <= (
                   SELECT deleted FROM iam_deleted_role ORDER BY deleted DESC LIMIT 1 OFFSET ?1)";
    tx.execute(sql, &[Param::Int(DELETED_MAX)])?;
    let sql = "INSERT INTO iam_deleted_role (account, name_key, deleted) VALUES (?1, ?2, ?3)
               ON CONFLICT (account, name_key) DO NOTHING";
    tx.execute(sql, &[account, Param::Text(&key), Param::Int(now.as_millis())]).map(drop)
}

pub(super) fn is_deleted_role(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM iam_deleted_role WHERE account = ?1 AND name_key = ?2";
    let found =
        tx.query_one(sql, &[Param::Text(account.as_str()), Param::Text(&name.to_lowercase())], |_| Ok(()))?;
    Ok(found.is_some())
}

pub(super) fn policy(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<Option<Policy>, IamError> {
    let sql = "SELECT record FROM iam_policy WHERE account = ?1 AND arn = ?2";
    let found: Option<Policy> = one(tx, sql, &[Param::Text(account.as_str()), Param::Text(arn)])?;
    Ok(found.map(Policy::settled))
}

/// All managed policies of the account, by name. Their number is limited when they are created.
pub(super) fn policies(tx: &Tx<'_>, account: &AccountId) -> Result<Vec<Policy>, IamError> {
    let sql = "SELECT record FROM iam_policy WHERE account = ?1 ORDER BY name_key";
    let found: Vec<Policy> = tx.query(sql, &[Param::Text(account.as_str())], decoded)?;
    Ok(found.into_iter().map(Policy::settled).collect())
}

pub(super) fn put_policy(tx: &Tx<'_>, account: &AccountId, policy: &Policy) -> Result<(), store::Error> {
    let sql = "UPDATE iam_policy SET record = ?3 WHERE account = ?1 AND arn = ?2";
    let record = policy.encode()?;
    tx.execute(sql, &[account.as_str(), &policy.arn, &record].map(Param::Text)).map(drop)
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
