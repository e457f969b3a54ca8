//! What roles lack: what `[iam] enforcement = "warn"` let through and would have been refused. Kept, so that
//! `stepgate iam missing` can write the policies, and logged once a role and action.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::role_use::{ASSUME_ROLE, Enforcement};
use super::{Iam, IamError};
use crate::store::{self, Param, Tx};

/// The most that is kept of it.
const MISSING_MAX: usize = 10_000;
/// The most resources of a role and action that are told apart; with one more, all resources are meant.
const RESOURCES_MAX: usize = 50;
/// The most roles that are remembered as unknown, so that each is warned of once.
const UNKNOWN_MAX: usize = 1_000;
/// Every resource.
const ANY: &str = "*";

/// Something that a role would have needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Missing {
    /// The role's ARN.
    pub role_arn: String,
    /// The action: `states:StartExecution`.
    pub action: String,
    /// The ARN of the resource; of [`Missing::is_trust`] the service that has to be trusted.
    pub resource: String,
}

impl Missing {
    /// Whether the role's trust policy lacks it, not its permissions.
    pub fn is_trust(&self) -> bool {
        self.action == ASSUME_ROLE && !self.resource.contains(':')
    }
}

/// What was noted already.
#[derive(Debug, Default)]
pub(super) struct Noted {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    missing: HashSet<Missing>,
    unknown: HashSet<String>,
}

impl Noted {
    /// Warns of a role that this server doesn't have, once.
    pub(super) fn unknown(&self, role_arn: &str) {
        self.warn(role_arn, "this server doesn't have the role");
    }

    /// Warns of a role that never had a policy, once.
    pub(super) fn unfinished(&self, role_arn: &str) {
        self.warn(role_arn, "the role never had a policy");
    }

    fn warn(&self, role_arn: &str, reason: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.unknown.contains(role_arn) || UNKNOWN_MAX <= seen.unknown.len() {
            return;
        }
        seen.unknown.insert(role_arn.to_owned());
        drop(seen);
        tracing::warn!(
            role = role_arn,
            reason,
            "a role isn't asked what it may do; [iam] enforcement = \"strict\" refuses it"
        );
    }

    /// What of `missing` is new and has to be kept.
    fn add(&self, mut missing: Missing) -> Option<Missing> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let any = Missing { resource: ANY.to_owned(), ..missing.clone() };
        if seen.missing.contains(&missing) || seen.missing.contains(&any) {
            return None;
        }
        let is_same = |it: &&Missing| it.role_arn == missing.role_arn && it.action == missing.action;
        let n_same = seen.missing.iter().filter(is_same).count();
        if RESOURCES_MAX <= n_same && !missing.is_trust() {
            missing = any;
        }
        if n_same == 0 {
            let Missing { role_arn, action, resource } = &missing;
            let statement = statement(action, [resource.as_str()].into_iter());
            tracing::warn!(role = role_arn, action, %statement, "the role lacks a permission, and would be refused");
        }
        if MISSING_MAX <= seen.missing.len() {
            return None;
        }
        seen.missing.insert(missing.clone());
        Some(missing)
    }
}

/// The statement that would allow an action on some resources, or to trust some services.
pub fn statement<'a>(action: &str, resources: impl Iterator<Item = &'a str>) -> serde_json::Value {
    let resources: Vec<&str> = resources.collect();
    let is_trust = action == ASSUME_ROLE && resources.iter().all(|resource| !resource.contains(':'));
    match is_trust {
        true => serde_json::json!({"Effect": "Allow", "Principal": {"Service": resources}, "Action": action}),
        false => serde_json::json!({"Effect": "Allow", "Action": action, "Resource": resources}),
    }
}

impl Iam {
    /// Keeps what a role lacks. That it can't be kept is logged: the call goes on.
    pub async fn note_missing(&self, role_arn: &str, action: &str, resource: &str) {
        let (role_arn, action, resource) = (role_arn.to_owned(), action.to_owned(), resource.to_owned());
        let resource = if resource.is_empty() { ANY.to_owned() } else { resource };
        let Some(missing) = self.noted.add(Missing { role_arn, action, resource }) else { return };
        if let Err(error) = self.store.write(move |tx| insert(tx, &missing)).await {
            tracing::warn!(%error, "what a role lacks could not be kept");
        }
    }

    /// What roles lacked so far, by role and action.
    ///
    /// # Errors
    /// [`IamError`] if it can't be read.
    pub async fn missing(&self) -> Result<Vec<Missing>, IamError> {
        Ok(self.store.read(all).await?)
    }

    /// Forgets what roles lacked.
    ///
    /// # Errors
    /// [`IamError`] if it can't be written.
    pub async fn forget_missing(&self) -> Result<(), IamError> {
        self.store.write(|tx| tx.execute("DELETE FROM iam_missing", &[])).await?;
        self.noted.seen.lock().unwrap_or_else(PoisonError::into_inner).missing.clear();
        Ok(())
    }
}

impl Iam {
    /// Whether somebody has looked at what was made before roles were asked, as strictly as they are asked now.
    ///
    /// # Errors
    /// [`IamError`] if it can't be read.
    pub async fn is_looked_at(&self) -> Result<bool, IamError> {
        let sql = "SELECT 1 FROM iam_looked_at WHERE version >= ?1";
        let version = self.look_version();
        Ok(self.store.read(move |tx| tx.query_one(sql, &[version.into()], |_| Ok(()))).await?.is_some())
    }

    /// Keeps that somebody has looked.
    ///
    /// # Errors
    /// [`IamError`] if it can't be written.
    pub async fn set_looked_at(&self) -> Result<(), IamError> {
        let sql = "INSERT INTO iam_looked_at (version) VALUES (?1) ON CONFLICT (version) DO NOTHING";
        let version = self.look_version();
        self.store.write(move |tx| tx.execute(sql, &[version.into()])).await?;
        Ok(())
    }

    /// Which look it is: one that refuses more has a higher number.
    fn look_version(&self) -> i64 {
        match self.enforcement {
            Enforcement::Enforced | Enforcement::Warn => 1,
            Enforcement::Strict => 2,
        }
    }
}

fn insert(tx: &Tx<'_>, missing: &Missing) -> Result<(), store::Error> {
    let count = tx.query_one("SELECT COUNT(*) FROM iam_missing", &[], |row| row.int(0))?;
    if count.is_some_and(|count| usize::try_from(count).is_ok_and(|count| MISSING_MAX <= count)) {
        return Ok(());
    }
    let sql = "INSERT INTO iam_missing (role_arn, action, resource) VALUES (?1, ?2, ?3)
               ON CONFLICT (role_arn, action, resource) DO NOTHING";
    let texts = [missing.role_arn.as_str(), &missing.action, &missing.resource];
    tx.execute(sql, &texts.map(Param::Text)).map(drop)
}

fn all(tx: &Tx<'_>) -> Result<Vec<Missing>, store::Error> {
    let sql =
        "SELECT role_arn, action, resource FROM iam_missing ORDER BY role_arn, action, resource LIMIT ?1";
    let max = Param::Int(i64::try_from(MISSING_MAX).unwrap_or(i64::MAX));
    tx.query(sql, &[max], |row| {
        Ok(Missing { role_arn: row.text(0)?, action: row.text(1)?, resource: row.text(2)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(role: &str, action: &str, resource: &str) -> Missing {
        Missing { role_arn: role.to_owned(), action: action.to_owned(), resource: resource.to_owned() }
    }

    #[test]
    fn what_is_missing_is_kept_once_and_many_resources_become_all() {
        let noted = Noted::default();
        for n in 0..RESOURCES_MAX {
            let one = missing("r", "a:B", &format!("arn:{n}"));
            assert_eq!(noted.add(one.clone()), Some(one.clone()));
            assert_eq!(noted.add(one), None);
        }
        assert_eq!(noted.add(missing("r", "a:B", "arn:one more")), Some(missing("r", "a:B", "*")));
        assert_eq!(noted.add(missing("r", "a:B", "arn:and another")), None);
        assert!(noted.add(missing("r", "a:C", "arn:1")).is_some());
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let noted = Noted::default();
        for n in 0..MISSING_MAX {
            assert!(noted.add(missing(&format!("r{n}"), "a:B", "r")).is_some());
        }
        assert_eq!(noted.add(missing("one more", "a:B", "r")), None);
        for n in 0..=UNKNOWN_MAX {
            noted.unknown(&format!("r{n}"));
        }
        assert_eq!(noted.seen.lock().unwrap().unknown.len(), UNKNOWN_MAX);
    }

    #[test]
    fn statements_allow_or_trust() {
        let allows = statement("s3:GetObject", ["arn:a:b"].into_iter());
        assert_eq!(
            allows,
            serde_json::json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:a:b"]})
        );
        let trusts = statement(ASSUME_ROLE, ["states.amazonaws.com"].into_iter());
        assert_eq!(trusts["Principal"]["Service"], serde_json::json!(["states.amazonaws.com"]));
        assert!(missing("r", ASSUME_ROLE, "states.amazonaws.com").is_trust());
        assert!(!missing("r", ASSUME_ROLE, "arn:aws:iam::1:role/R").is_trust());
    }
}
