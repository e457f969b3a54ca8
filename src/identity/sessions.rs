//! Sessions: temporary credentials of a role or of the account. They survive restarts, and are kept for some time after
//! they expire.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html>

mod error;
mod record;
mod sign_in;
mod tags;
#[cfg(test)]
mod tests;
mod trust;

pub use error::SessionError;
pub use sign_in::SignIn;

use std::sync::Arc;
use std::time::Duration;

use self::record::{Kind, Record};
use self::tags::{check_tags, inherited, tagged};
use self::trust::{WebFacts, conditions, needed, trust_of};
use super::iam::{ASSUME_ROLE, Iam, Role, is_let_in, let_in_by, of_trust, role_of};
use super::{
    CallFacts, Caller, ConditionValues, Credential, Grants, Keys, Principal, SessionTags, UserIdentity,
    WebIdentity,
};
use crate::clock::{Clock, Ids, Timestamp};
use crate::id::AccountId;
use crate::policy;
use crate::policy::{Deciding, Decision, Policy, PolicyKind, Request};
use crate::store::{Changed, SealedColumn, Store};

/// The default duration of role sessions.
const USUAL: Duration = Duration::from_secs(3_600);
/// The longest role session that a role session can start (role chaining).
const CHAINED_MAX: Duration = Duration::from_secs(3_600);
/// The longest session of an account; a longer requested duration is reduced to this.
const ACCOUNT_MAX: Duration = Duration::from_secs(3_600);
/// The longest session of a user, and how long one lasts if nobody says another time.
const USER_MAX: Duration = Duration::from_secs(36 * 3_600);
const USUAL_OF_USER: Duration = Duration::from_secs(12 * 3_600);
/// How long sessions of functions' roles last.
const FUNCTION: Duration = Duration::from_secs(12 * 3_600);
/// How long a session is remembered as expired, before it counts as unknown.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);
/// The most sessions in total. AWS has no such limit; here they take memory.
const SESSIONS_MAX: usize = 10_000;

/// The action of assuming a role with a token of an identity provider.
const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

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
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// The keys of those that sessions started by this one have as well.
    pub transitive: Vec<String>,
    /// Who is behind the session.
    pub source_identity: Option<String>,
    /// The condition keys of the request: where it came from, and how.
    pub request: Vec<ConditionValues>,
}

/// The input of GetFederationToken.
#[derive(Clone, Debug, Default)]
pub struct FederationToken {
    /// The name of who gets the keys.
    pub name: String,
    /// The requested duration.
    pub duration: Option<Duration>,
    /// An inline session policy: JSON.
    pub policy: Option<String>,
    /// ARNs of managed policies that are session policies too.
    pub policy_arns: Vec<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
}

/// A role for the bearer of a token, which is verified already.
#[derive(Clone, Debug, Default)]
pub struct WebRole {
    /// The role's ARN.
    pub role_arn: String,
    /// The session's name.
    pub session_name: String,
    /// What the token says.
    pub web: WebIdentity,
    /// The requested duration.
    pub duration: Option<Duration>,
    /// Session policies: JSON. One of them has to allow as well, if there are any.
    pub policies: Vec<String>,
    /// ARNs of managed policies that are session policies too.
    pub policy_arns: Vec<String>,
    /// What the token says of the session.
    pub said: SessionTags,
    /// The condition keys of the request: where it came from, and how.
    pub request: Vec<ConditionValues>,
}

/// What was decided about an action on a role, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustDecision {
    /// The action: `sts:AssumeRole`, `sts:TagSession`.
    pub action: &'static str,
    /// The role's ARN.
    pub role_arn: String,
    /// Whether it is allowed.
    pub is_allowed: bool,
    /// The statement that decided; `None` if it was for lack of one.
    pub by: Option<Deciding>,
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
    pub const SEALED: &[&SealedColumn] = &[&record::SESSIONS, &sign_in::SIGN_INS];

    /// Brings the table in `store` up to date. Blocks.
    ///
    /// # Errors
    /// If the store can't be used.
    pub fn migrate(store: &Store) -> Result<(), crate::store::Error> {
        store.migrate("sessions", record::STEPS)?;
        store.declare(record::RECORDS)?;
        store.declare(sign_in::RECORDS)
    }

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
        Self::migrate(&store)?;
        let remembered = clock.now() - REMEMBERED;
        for (id, record) in store.read(move |tx| record::since(tx, remembered, SESSIONS_MAX)).await? {
            keys.insert(&id, record.credential(&id)?);
        }
        Ok(Self { iam, store, keys, clock, ids })
    }

    /// Registers the sessions that other nodes start. Never ends where there may be some; its caller ends it.
    pub fn follow(self) -> impl Future<Output = ()> + Send + 'static {
        let changed = self.store.watch("sts session", &["sts_session"]);
        async move {
            if self.store.is_shared() {
                self.follow_on(changed).await;
            }
        }
    }

    async fn follow_on(&self, mut changed: Changed) {
        loop {
            let (now, keys) = (self.clock.now(), self.keys.clone());
            let read = self.store.read(move |tx| record::unknown(tx, now, SESSIONS_MAX, |id| keys.has(id)));
            let registered = read.await.and_then(|sessions| {
                for (id, record) in sessions {
                    self.keys.insert(&id, record.credential(&id)?);
                }
                Ok(())
            });
            if let Err(error) = registered {
                tracing::error!(%error, "sessions of another node could not be read");
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Starts a session of a role whose trust policy allows `caller` to assume it. What policies decided is added to
    /// `decisions`.
    ///
    /// # Errors
    /// [`SessionError`] says why not. Callers who may not assume the role don't learn whether it exists.
    pub async fn assume_role(
        &self,
        caller: &Caller,
        request: AssumeRole,
        decisions: &mut Vec<TrustDecision>,
    ) -> Result<NewSession, SessionError> {
        let (account, name) =
            role_of(&request.role_arn).ok_or_else(|| SessionError::RoleArn(request.role_arn.clone()))?;
        let denied = || SessionError::NotAuthorized {
            user: caller.arn.clone(),
            action: ASSUME_ROLE,
            role: request.role_arn.clone(),
        };
        let role = match self.iam.role(&account, name).await {
            Ok(role) if role.arn == request.role_arn => role,
            Ok(_) | Err(super::iam::IamError::NoRole(_)) => return Err(denied()),
            Err(error) => return Err(error.into()),
        };
        let grants = self.iam.grants(caller).await?;
        let inherited = inherited(caller, &request)?;
        self.check_trust(caller, &grants, (&role, &account), &request, decisions)?;
        let duration = request.duration.unwrap_or(USUAL);
        match caller.principal {
            Principal::Session(_) if CHAINED_MAX < duration => return Err(SessionError::ChainedTooLong),
            Principal::Account
            | Principal::Service
            | Principal::Session(_)
            | Principal::User(_)
            | Principal::Federated(_) => {}
        }
        if Duration::from_secs(u64::try_from(role.max_session_duration).unwrap_or(0)) < duration {
            return Err(SessionError::TooLong);
        }
        let policies = self.session_policies(&account, request.policy, request.policy_arns).await?;
        let tags = tagged(role.tags, inherited.tags.into_iter().chain(request.tags));
        let transitive = inherited.transitive.into_iter().chain(request.transitive).collect();
        let source_identity = inherited.source_identity.or(request.source_identity);
        let kind = Kind::Role {
            role_name: role.name,
            role_id: role.role_id,
            role_arn: role.arn,
            session_name: request.session_name,
            policies,
            web: None,
            tags: SessionTags { tags, transitive, source_identity },
        };
        self.begin(account, kind, duration).await
    }

    /// Starts a session of a role whose trust policy allows the bearer of a token to assume it. What it decided is added to
    /// `decisions`.
    ///
    /// # Errors
    /// [`SessionError`] says why not. The bearer doesn't learn whether the role exists.
    pub async fn assume_role_with_web_identity(
        &self,
        request: WebRole,
        decisions: &mut Vec<TrustDecision>,
    ) -> Result<NewSession, SessionError> {
        let (account, name) =
            role_of(&request.role_arn).ok_or_else(|| SessionError::RoleArn(request.role_arn.clone()))?;
        let role = match self.iam.role(&account, name).await {
            Ok(role) if role.arn == request.role_arn => role,
            Ok(_) | Err(super::iam::IamError::NoRole(_)) => return Err(SessionError::NotForBearer),
            Err(error) => return Err(error.into()),
        };
        check_tags(&request.said.tags, &request.said.transitive)?;
        let decided = self.ask_trust_of_bearer(&role, &request);
        let is_trusted = !decided.is_empty() && decided.iter().all(|decision| decision.is_allowed);
        decisions.extend(decided);
        if !is_trusted {
            return Err(SessionError::NotForBearer);
        }
        let WebRole { session_name, web, duration, policies, policy_arns, said, .. } = request;
        let duration = duration.unwrap_or(USUAL);
        if Duration::from_secs(u64::try_from(role.max_session_duration).unwrap_or(0)) < duration {
            return Err(SessionError::TooLong);
        }
        let mut documents = self.iam.managed_documents(&account, policy_arns).await?;
        documents.extend(policies);
        for policy in &documents {
            Policy::parse(policy, PolicyKind::Identity)?;
        }
        let tags = SessionTags { tags: tagged(role.tags, said.tags), ..said };
        let kind = Kind::Role {
            role_name: role.name,
            role_id: role.role_id,
            role_arn: role.arn,
            session_name,
            policies: (!documents.is_empty()).then_some(documents),
            web: Some(Arc::new(web)),
            tags,
        };
        self.begin(account, kind, duration).await
    }

    /// What the role's trust policy says to whoever bears this token; nothing if nobody can read it.
    fn ask_trust_of_bearer(&self, role: &Role, request: &WebRole) -> Vec<TrustDecision> {
        let Some(trust) = trust_of(role) else { return Vec::new() };
        let WebRole { session_name, web, said, .. } = request;
        let mut conditions = conditions(session_name, said);
        conditions.extend_from_slice(&request.request);
        let facts = WebFacts { web, now: self.clock.now(), conditions: &conditions };
        let caller = policy::Caller::Federated { provider: &web.provider };
        let resource = role.arn.as_str();
        let decide = |action| {
            let (decision, by) = trust.deciding(&Request { caller, action, resource, facts: &facts });
            let is_allowed = decision == Decision::Allow;
            let by = by.map(|by| of_trust(by, resource));
            TrustDecision { action, role_arn: role.arn.clone(), is_allowed, by }
        };
        needed(ASSUME_ROLE_WITH_WEB_IDENTITY, said).map(decide).collect()
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
            web: None,
            tags: SessionTags { tags: tagged(role.tags, []), ..SessionTags::default() },
        };
        self.begin(account, kind, FUNCTION).await.map(Some)
    }

    /// Starts a session of the account itself, or of a user.
    ///
    /// # Errors
    /// [`SessionError`]; a caller in a session can't start one.
    pub async fn session_token(
        &self,
        caller: &Caller,
        duration: Option<Duration>,
    ) -> Result<NewSession, SessionError> {
        let (kind, max) = match self.long_lived(caller) {
            Some(None) => (Kind::Account, ACCOUNT_MAX),
            Some(Some(user)) => {
                let kind = Kind::User {
                    user_name: user.name.to_string(),
                    user_id: user.id.to_string(),
                    arn: caller.arn.to_string(),
                };
                (kind, USER_MAX)
            }
            None => return Err(SessionError::SessionOfSession("GetSessionToken")),
        };
        let duration = duration.unwrap_or_else(|| max.min(USUAL_OF_USER)).min(max);
        self.begin(caller.account.clone(), kind, duration).await
    }

    /// Starts a session for somebody whom a user or the account knows.
    ///
    /// # Errors
    /// [`SessionError`]; a caller in a session can't start one.
    pub async fn federation_token(
        &self,
        caller: &Caller,
        request: FederationToken,
    ) -> Result<NewSession, SessionError> {
        let user = self.long_lived(caller).ok_or(SessionError::SessionOfSession("GetFederationToken"))?;
        check_tags(&request.tags, &[])?;
        let policies = self.session_policies(&caller.account, request.policy, request.policy_arns).await?;
        let kind = Kind::Federated {
            name: request.name,
            user: user.map(|user| (user.name.to_string(), user.id.to_string())),
            policies: policies.unwrap_or_default(),
            tags: SessionTags { tags: request.tags, ..SessionTags::default() },
        };
        let max = if user.is_some() { USER_MAX } else { ACCOUNT_MAX };
        let duration = request.duration.unwrap_or_else(|| max.min(USUAL_OF_USER)).min(max);
        self.begin(caller.account.clone(), kind, duration).await
    }

    /// The user who calls with a key of its own, or none for the account's; `None` for whoever is in a session.
    fn long_lived<'a>(&self, caller: &'a Caller) -> Option<Option<&'a UserIdentity>> {
        match (&caller.principal, caller.access_key_id.as_deref()) {
            (Principal::Account, Some(id)) => {
                let is_session = self.keys.find(id).is_some_and(|it| it.credential.session_token.is_some());
                (!is_session).then_some(None)
            }
            (Principal::Account, None) => Some(None),
            (Principal::User(user), _) if user.session.is_none() => Some(Some(user)),
            (
                Principal::User(_) | Principal::Service | Principal::Session(_) | Principal::Federated(_),
                _,
            ) => None,
        }
    }

    /// Whether a role's trust policy lets the caller assume it with what is asked for.
    fn check_trust(
        &self,
        caller: &Caller,
        grants: &Grants,
        (role, account): (&Role, &AccountId),
        request: &AssumeRole,
        decisions: &mut Vec<TrustDecision>,
    ) -> Result<(), SessionError> {
        let denied = |action| SessionError::NotAuthorized {
            user: caller.arn.clone(),
            action,
            role: request.role_arn.clone(),
        };
        let Some(trust) = trust_of(role) else { return Err(denied(ASSUME_ROLE)) };
        let asked = SessionTags {
            tags: request.tags.clone(),
            transitive: request.transitive.clone(),
            source_identity: request.source_identity.clone(),
        };
        let mut conditions = conditions(&request.session_name, &asked);
        let external_id = request.external_id.iter();
        conditions.extend(external_id.map(|id| ("sts:externalid".into(), vec![id.clone()])));
        conditions.extend_from_slice(&request.request);
        let facts = CallFacts { caller, now: self.clock.now(), region: None, conditions: &conditions };
        for action in needed(ASSUME_ROLE, &asked) {
            let is_allowed = is_let_in(action, &trust, grants, &role.arn, account, &facts);
            let by = let_in_by(action, &trust, grants, &role.arn, &facts, is_allowed);
            decisions.push(TrustDecision { action, role_arn: role.arn.clone(), is_allowed, by });
            if !is_allowed {
                return Err(denied(action));
            }
        }
        Ok(())
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
