//! Sessions: temporary credentials of a role or of the account. They survive restarts, and are kept for some time after
//! they expire.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html>

mod error;
mod record;
#[cfg(test)]
mod tests;

pub use error::SessionError;

use std::sync::Arc;
use std::time::Duration;

use self::record::{Kind, Record};
use super::iam::{Iam, Role};
use super::{CallFacts, Caller, Credential, Grants, Keys, Owner, Principal};
use crate::clock::{Clock, Ids, Timestamp};
use crate::id::{AccountId, Arn};
use crate::policy;
use crate::policy::{Decision, Policy, PolicyKind, Request};
use crate::store::{SealedColumn, Store};

/// The default duration of role sessions.
const USUAL: Duration = Duration::from_secs(3_600);
/// The longest role session that a role session can start (role chaining).
const CHAINED_MAX: Duration = Duration::from_secs(3_600);
/// The longest session of an account; a longer requested duration is reduced to this.
const ACCOUNT_MAX: Duration = Duration::from_secs(3_600);
/// How long sessions of functions' roles last.
const FUNCTION: Duration = Duration::from_secs(12 * 3_600);
/// How long a session is remembered as expired, before it counts as unknown.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);
/// The most sessions in total. AWS has no such limit; here they take memory.
const SESSIONS_MAX: usize = 10_000;

/// The action of assuming a role, in policies.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Starts sessions. Clones share everything.
#[derive(Clone)]
pub struct Sessions {
    iam: Iam,
    store: Store,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// The input of AssumeRole.
#[derive(Clone, Debug, Default)]
pub struct AssumeRole {
    /// The role's ARN.
    pub role_arn: String,
    /// The session's name.
    pub session_name: String,
    /// The requested duration.
    pub duration: Option<Duration>,
    /// An inline session policy: JSON.
    pub policy: Option<String>,
    /// ARNs of managed policies that are session policies too.
    pub policy_arns: Vec<String>,
    /// The external id that the trust policy may require.
    pub external_id: Option<String>,
}

/// A new session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The principal of the session.
    pub caller: Caller,
    /// The id of its access key.
    pub access_key_id: String,
    /// The secret of its access key.
    pub secret_access_key: String,
    /// The token that every request has to carry.
    pub session_token: String,
    /// When it expires.
    pub expires: Timestamp,
}

impl Sessions {
    /// The columns that are encrypted.
    pub const SEALED: &[&SealedColumn] = &[&record::SESSIONS];

    /// Opens the table in `store` and registers the keys of existing sessions.
    ///
    /// # Errors
    /// [`SessionError`] if the store can't be used.
    pub async fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        keys: Arc<Keys>,
        iam: Iam,
    ) -> Result<Self, SessionError> {
        store.migrate("sessions", record::STEPS)?;
        store.declare(record::RECORDS)?;
        let remembered = clock.now() - REMEMBERED;
        for (id, record) in store.read(move |tx| record::since(tx, remembered, SESSIONS_MAX)).await? {
            keys.insert(&id, record.credential(&id)?);
        }
        Ok(Self { iam, store, keys, clock, ids })
    }

    /// Starts a session of a role whose trust policy allows `caller` to assume it.
    ///
    /// # Errors
    /// [`SessionError`] says why not. Callers who may not assume the role don't learn whether it exists.
    pub async fn assume_role(
        &self,
        caller: &Caller,
        request: AssumeRole,
    ) -> Result<NewSession, SessionError> {
        let (account, name) =
            role_of(&request.role_arn).ok_or_else(|| SessionError::RoleArn(request.role_arn.clone()))?;
        let denied =
            || SessionError::NotAuthorized { user: caller.arn.clone(), role: request.role_arn.clone() };
        let role = match self.iam.role(&account, name).await {
            Ok(role) if role.arn == request.role_arn => role,
            Ok(_) | Err(super::iam::IamError::NoRole(_)) => return Err(denied()),
            Err(error) => return Err(error.into()),
        };
        let grants = self.iam.grants(caller).await?;
        if !self.may_assume(caller, &grants, &role, &account, request.external_id.as_deref()) {
            return Err(denied());
        }
        let duration = request.duration.unwrap_or(USUAL);
        match caller.principal {
            Principal::Session(_) if CHAINED_MAX < duration => return Err(SessionError::ChainedTooLong),
            Principal::Account | Principal::Service | Principal::Session(_) => {}
        }
        if Duration::from_secs(u64::try_from(role.max_session_duration).unwrap_or(0)) < duration {
            return Err(SessionError::TooLong);
        }
        let policies = self.session_policies(&account, request.policy, request.policy_arns).await?;
        let kind = Kind::Role {
            role_name: role.name,
            role_id: role.role_id,
            role_arn: role.arn,
            session_name: request.session_name,
            policies,
        };
        self.begin(account, kind, duration).await
    }

    /// Starts a session of a role for a function that runs under it, named as the function is; `None` if there is no such
    /// role. Whoever made the function was permitted to pass the role.
    ///
    /// # Errors
    /// [`SessionError`] if no more sessions can be kept.
    pub async fn of_function(
        &self,
        role_arn: &str,
        function: &str,
    ) -> Result<Option<NewSession>, SessionError> {
        let Some((account, name)) = role_of(role_arn) else { return Ok(None) };
        let role = match self.iam.role(&account, name).await {
            Ok(role) if role.arn == role_arn => role,
            Ok(_) | Err(super::iam::IamError::NoRole(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let kind = Kind::Role {
            role_name: role.name,
            role_id: role.role_id,
            role_arn: role.arn,
            // The longest name that a session may have.
            session_name: function.chars().take(64).collect(),
            policies: None,
        };
        self.begin(account, kind, FUNCTION).await.map(Some)
    }

    /// Starts a session of the account itself.
    ///
    /// # Errors
    /// [`SessionError`]; a caller in a session can't start one.
    pub async fn session_token(
        &self,
        caller: &Caller,
        duration: Option<Duration>,
    ) -> Result<NewSession, SessionError> {
        let is_session = match (&caller.principal, caller.access_key_id.as_deref()) {
            (Principal::Account, Some(id)) => {
                self.keys.find(id).is_some_and(|it| it.credential.session_token.is_some())
            }
            (Principal::Account, None) => false,
            (Principal::Service | Principal::Session(_), _) => true,
        };
        if is_session {
            return Err(SessionError::SessionOfSession);
        }
        let duration = duration.unwrap_or(ACCOUNT_MAX).min(ACCOUNT_MAX);
        self.begin(caller.account.clone(), Kind::Account, duration).await
    }

    /// The trust policy has to allow. If it allows only the caller's account as a whole, the caller's own policies have
    /// to allow too. They may deny in any case.
    fn may_assume(
        &self,
        caller: &Caller,
        grants: &Grants,
        role: &Role,
        account: &AccountId,
        external_id: Option<&str>,
    ) -> bool {
        let trust = match Policy::parse(&role.assume_role_policy_document, PolicyKind::Trust) {
            Ok(trust) => trust,
            Err(error) => {
                tracing::warn!(
                    role = role.arn,
                    "the trust policy can't be read, nobody may assume the role: {error}"
                );
                return false;
            }
        };
        let facts = CallFacts { caller, now: self.clock.now(), region: None, external_id };
        let request = |caller| Request { caller, action: ASSUME_ROLE, resource: &role.arn, facts: &facts };
        let said = trust.decide(&request(caller.for_policies()));
        if said != Decision::Allow {
            return false;
        }
        // Without an account, only statements about the caller itself or about everybody apply.
        let alone = policy::Caller::Aws { arn: &caller.arn, account: "" };
        let by_name = trust.decide(&request(alone));
        let (said, owner) = match caller.account == *account {
            true => (by_name, Owner::Same),
            false => (said, Owner::Other),
        };
        grants.decide(&request(caller.for_policies()), Some(said), owner) == Decision::Allow
    }

    async fn session_policies(
        &self,
        account: &AccountId,
        policy: Option<String>,
        arns: Vec<String>,
    ) -> Result<Option<Vec<String>>, SessionError> {
        if policy.is_none() && arns.is_empty() {
            return Ok(None);
        }
        let mut policies = self.iam.managed_documents(account, arns).await?;
        policies.extend(policy);
        for policy in &policies {
            Policy::parse(policy, PolicyKind::Identity)?;
        }
        Ok(Some(policies))
    }

    async fn begin(
        &self,
        account: AccountId,
        kind: Kind,
        duration: Duration,
    ) -> Result<NewSession, SessionError> {
        let now = self.clock.now();
        let access_key_id = format!("ASIA{}", self.ids.upper_alphanumeric(16));
        let (secret, token) = (self.ids.alphanumeric(40), self.ids.alphanumeric(240));
        let expires = now + duration;
        let record = Record { account, secret, token, issued: now, expires, kind };
        let credential: Credential = record.credential(&access_key_id)?;
        let session = NewSession {
            caller: credential.caller.clone(),
            access_key_id: access_key_id.clone(),
            secret_access_key: record.secret.clone(),
            session_token: record.token.clone(),
            expires,
        };
        let id = access_key_id.clone();
        let forgotten = self
            .store
            .write(move |tx| {
                let mut forgotten = record::forget(tx, now - REMEMBERED)?;
                if SESSIONS_MAX <= record::count(tx)? {
                    forgotten.extend(record::forget(tx, now)?);
                    if SESSIONS_MAX <= record::count(tx)? {
                        return Err(SessionError::TooMany(SESSIONS_MAX));
                    }
                }
                record::put(tx, &id, &record)?;
                Ok(forgotten)
            })
            .await?;
        forgotten.iter().for_each(|id| self.keys.remove(id));
        self.keys.insert(&access_key_id, credential);
        Ok(session)
    }
}

/// The account and the name in a role's ARN.
fn role_of(arn: &str) -> Option<(AccountId, &str)> {
    let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "iam" && arn.region.is_empty())?;
    let account = AccountId::parse(&parsed.account)?;
    let (_, path) = arn.split_once(":role/")?;
    let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    parsed.resource.starts_with("role/").then_some((account, name))
}
