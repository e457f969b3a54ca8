//! What roles may do: their policies, compiled when a session first needs them and kept until a role or policy changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use super::{Iam, IamError, aws_managed, tables};
use crate::id::{AccountId, Region};
use crate::identity::{CallFacts, Caller, Grants, Layer, Owner, Principal, UserIdentity};
use crate::policy::{Decision, Policy, PolicyKind, Request};
use crate::store::Tx;

/// The number of roles whose compiled policies are kept.
const KEPT_MAX: usize = 1_024;

/// The compiled policies of a role.
#[derive(Debug)]
pub(super) struct RolePermissions {
    pub(super) name: Arc<str>,
    pub(super) role_id: Arc<str>,
    pub(super) arn: Arc<str>,
    pub(super) tags: Vec<(String, String)>,
    /// Whether it has, or had, policies.
    pub(super) had_policies: bool,
    /// Who may assume it; `None` if that can't be read.
    pub(super) trust: Option<Policy>,
    grants: Arc<Grants>,
}

/// The compiled policies of a user and its groups.
#[derive(Debug)]
struct UserPermissions {
    user_id: Arc<str>,
    grants: Arc<Grants>,
}

/// What is known of a role's name.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Role(Arc<RolePermissions>),
    /// There was such a role.
    Deleted,
    /// There never was.
    Never,
}

/// Account and role, and the number of changes before the policies were read.
type Key = (u64, AccountId, Arc<str>);

/// The compiled policies of roles, and the number of changes so far.
pub(super) struct Kept {
    changes: AtomicU64,
    roles: Cache<Key, Known>,
    /// `None` for a user that doesn't exist.
    users: Cache<Key, Option<Arc<UserPermissions>>>,
    everything: Arc<Grants>,
}

impl Kept {
    pub(super) fn new() -> Self {
        let (changes, roles, users) = (AtomicU64::new(0), Cache::new(KEPT_MAX), Cache::new(KEPT_MAX));
        Self { changes, roles, users, everything: Arc::new(Grants::Everything) }
    }
}

/// Records, when it is dropped, that a role or policy has changed. The store's job returns it with its result, so it is
/// dropped after the commit, even if nobody waits for the result any more.
pub(super) struct Change(Arc<Kept>);

impl Change {
    pub(super) fn of(kept: &Arc<Kept>) -> Self {
        Self(kept.clone())
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        self.0.changes.fetch_add(1, Ordering::SeqCst);
    }
}

impl Iam {
    /// What `caller`'s own policies permit. Reads the store for a role that is not cached or has changed.
    ///
    /// # Errors
    /// [`IamError`] if the store can't be read.
    pub async fn grants(&self, caller: &Caller) -> Result<Arc<Grants>, IamError> {
        let session = match &caller.principal {
            Principal::Account | Principal::Service => return Ok(self.kept.everything.clone()),
            Principal::Session(session) => session,
            Principal::User(user) => return self.user_grants(&caller.account, user).await,
            Principal::Federated(federated) => {
                let policies = federated.policies.clone();
                return Ok(match &federated.user {
                    // The account may do everything, so the policies alone say what is allowed.
                    None => Arc::new(Grants::Policies { identity: policies, bounds: Vec::new() }),
                    Some(user) => within(&self.user_grants(&caller.account, user).await?, policies),
                });
            }
        };
        // A deleted role grants nothing; neither does another role with its name.
        let role = match self.role_permissions(&caller.account, &session.role_name).await? {
            Known::Role(role) if role.role_id == session.role_id => role,
            Known::Role(_) | Known::Deleted | Known::Never => return Ok(Arc::new(nothing())),
        };
        match &session.policies {
            Some(policies) => Ok(within(&role.grants, policies.clone())),
            None => Ok(role.grants.clone()),
        }
    }

    /// Whether `caller`'s own policies allow an action on a resource, with no condition keys but the caller's.
    ///
    /// # Errors
    /// [`IamError`] if the store can't be read.
    pub async fn allows(
        &self,
        caller: &Caller,
        region: &Region,
        action: &str,
        resource: &str,
    ) -> Result<bool, IamError> {
        let grants = self.grants(caller).await?;
        let facts = CallFacts { caller, now: self.clock.now(), region: Some(region), conditions: &[] };
        let request = Request { caller: caller.for_policies(), action, resource, facts: &facts };
        Ok(grants.decide(&request, None, Owner::Same) == Decision::Allow)
    }

    /// What a user's policies and those of its groups permit, within the policies of its session.
    async fn user_grants(&self, account: &AccountId, user: &UserIdentity) -> Result<Arc<Grants>, IamError> {
        let changes = self.kept.changes.load(Ordering::SeqCst);
        let key: Key = (changes, account.clone(), user.name.clone());
        let found = match self.kept.users.get(&key) {
            Some(found) => found,
            None => {
                let (of, name) = (account.clone(), user.name.clone());
                let loaded = self.store.read(move |tx| load_user(tx, &of, &name)).await?;
                self.kept.users.insert(key, loaded.clone());
                loaded
            }
        };
        // A deleted user is granted nothing; neither is another user of its name.
        let Some(own) = found.filter(|own| own.user_id == user.id) else { return Ok(Arc::new(nothing())) };
        match user.session.as_ref().and_then(|session| session.policies.clone()) {
            Some(policies) => Ok(within(&own.grants, policies)),
            None => Ok(own.grants.clone()),
        }
    }

    /// What is known of the role called `name`, whatever the case of its letters.
    pub(super) async fn role_permissions(&self, account: &AccountId, name: &str) -> Result<Known, IamError> {
        // A change from now on gives the role a new cache key.
        let changes = self.kept.changes.load(Ordering::SeqCst);
        let key: Key = (changes, account.clone(), name.into());
        if let Some(found) = self.kept.roles.get(&key) {
            return Ok(found);
        }
        let (account, name) = (account.clone(), name.to_owned());
        let loaded = self.store.read(move |tx| load(tx, &account, &name)).await?;
        self.kept.roles.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// The documents of managed policies for use as session policies. AWS managed policies that aren't known here are
    /// left out.
    ///
    /// # Errors
    /// [`IamError::NoPolicy`] for a policy that the account doesn't have.
    pub async fn managed_documents(
        &self,
        account: &AccountId,
        arns: Vec<String>,
    ) -> Result<Vec<String>, IamError> {
        let account = account.clone();
        self.store
            .read(move |tx| {
                let documents = arns.into_iter().map(|arn| {
                    if super::is_aws_policy(&arn) {
                        return Ok(aws_managed::document(&arn).map(str::to_owned));
                    }
                    let policy = tables::policy(tx, &account, &arn)?.ok_or(IamError::NoPolicy(arn))?;
                    Ok(Some(policy.document().to_owned()))
                });
                Ok(documents.collect::<Result<Vec<_>, IamError>>()?.into_iter().flatten().collect())
            })
            .await
    }
}

/// What `grants` permit of what one of `policies` allows.
fn within(grants: &Arc<Grants>, policies: Layer) -> Arc<Grants> {
    match &**grants {
        Grants::Policies { identity, bounds } => {
            let bounds = bounds.iter().cloned().chain([policies]).collect();
            Arc::new(Grants::Policies { identity: identity.clone(), bounds })
        }
        Grants::Everything => grants.clone(),
    }
}

fn nothing() -> Grants {
    Grants::Policies { identity: Vec::new(), bounds: vec![Vec::new()] }
}

fn load(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<Known, IamError> {
    let Some(role) = tables::role(tx, account, name)? else {
        let is_deleted = tables::is_deleted_role(tx, account, name)?;
        return Ok(if is_deleted { Known::Deleted } else { Known::Never });
    };
    let had_policies = role.had_policies || !role.inline.is_empty() || !role.attached.is_empty();
    let grants = grants(
        tx,
        account,
        &role.arn,
        Policies {
            inline: inline(&role.name, role.inline),
            attached: role.attached,
            boundary: role.permissions_boundary,
        },
    )?;
    let trust = Policy::parse(&role.assume_role_policy_document, PolicyKind::Trust);
    let trust = trust.inspect_err(|error| {
        tracing::warn!(
            role = role.arn,
            "the trust policy can't be read, nobody may assume the role: {error}"
        );
    });
    Ok(Known::Role(Arc::new(RolePermissions {
        had_policies,
        name: role.name.into(),
        role_id: role.role_id.into(),
        arn: role.arn.into(),
        tags: role.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        trust: trust.ok(),
        grants: Arc::new(grants),
    })))
}

fn load_user(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<Option<Arc<UserPermissions>>, IamError> {
    let Some(user) = tables::USERS.one(tx, account, name)? else { return Ok(None) };
    let mut own = inline(&user.name, user.inline);
    let mut attached = user.attached;
    for group in &user.groups {
        if let Some(group) = tables::GROUPS.one(tx, account, group)? {
            own.extend(inline(&group.name, group.inline));
            attached.extend(group.attached);
        }
    }
    let policies = Policies { inline: own, attached, boundary: user.permissions_boundary };
    let grants = Arc::new(grants(tx, account, &user.arn, policies)?);
    Ok(Some(Arc::new(UserPermissions { user_id: user.user_id.into(), grants })))
}

/// The policies of a role, or of a user and its groups.
struct Policies {
    /// Names and documents.
    inline: Vec<(String, String)>,
    attached: Vec<String>,
    boundary: Option<String>,
}

fn grants(tx: &Tx<'_>, account: &AccountId, of: &str, policies: Policies) -> Result<Grants, IamError> {
    let managed = |arn: &String| -> Result<Option<(String, String)>, IamError> {
        if let Some(document) = aws_managed::document(arn) {
            return Ok(Some((arn.clone(), document.to_owned())));
        }
        let policy = tables::policy(tx, account, arn)?;
        let document = policy.map(|policy| policy.document().to_owned()).filter(|it| !it.is_empty());
        Ok(document.map(|document| (arn.clone(), document)))
    };
    let attached: Vec<_> = policies.attached.iter().map(managed).collect::<Result<_, _>>()?;
    let boundary = policies.boundary.as_ref().map(managed).transpose()?;
    let compiled = compile(policies.inline.into_iter().chain(attached.into_iter().flatten()).collect());
    let bounds = boundary.map(|document| compile(document.into_iter().collect())).transpose();
    Ok(match (compiled, bounds) {
        (Ok(identity), Ok(bounds)) => Grants::Policies { identity, bounds: bounds.into_iter().collect() },
        // The policy might have denied something, so nothing is granted.
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(of, "a policy can't be read, its holder may do nothing: {error}");
            nothing()
        }
    })
}

/// The inline policies of a role, user or group, with what explanations call them.
fn inline(holder: &str, policies: BTreeMap<String, String>) -> Vec<(String, String)> {
    policies.into_iter().map(|(name, document)| (format!("{holder}/{name}"), document)).collect()
}

/// Compiles documents with their names.
fn compile(documents: Vec<(String, String)>) -> Result<Layer, crate::policy::Error> {
    let compile = |(name, document): (String, String)| {
        Policy::parse(&document, PolicyKind::Identity).map(|policy| Arc::new(policy.named(&name)))
    };
    documents.into_iter().map(compile).collect()
}
