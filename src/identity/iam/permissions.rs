//! What roles may do: their policies, compiled when a session first needs them and kept until a role or policy changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use super::{Iam, IamError, aws_managed, tables};
use crate::id::AccountId;
use crate::identity::{Caller, Grants, Layer, Principal, RoleSession};
use crate::policy::{Policy, PolicyKind};
use crate::store::Tx;

/// The number of roles whose compiled policies are kept.
const KEPT_MAX: usize = 1_024;

/// The compiled policies of a role.
#[derive(Debug)]
struct RolePermissions {
    role_id: String,
    grants: Arc<Grants>,
}

/// Account and role, and the number of changes before the policies were read.
type Key = (u64, AccountId, Arc<str>);

/// The compiled policies of roles, and the number of changes so far.
pub(super) struct Kept {
    changes: AtomicU64,
    /// `None` for a role that doesn't exist.
    roles: Cache<Key, Option<Arc<RolePermissions>>>,
    everything: Arc<Grants>,
}

impl Kept {
    pub(super) fn new() -> Self {
        let (changes, roles) = (AtomicU64::new(0), Cache::new(KEPT_MAX));
        Self { changes, roles, everything: Arc::new(Grants::Everything) }
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
        };
        let role = self.role_permissions(&caller.account, session).await?;
        // A deleted role grants nothing; neither does another role with its name.
        let Some(role) = role.filter(|role| *role.role_id == *session.role_id) else {
            return Ok(Arc::new(nothing()));
        };
        match (&session.policies, &*role.grants) {
            (Some(policies), Grants::Policies { identity, bounds }) => {
                let bounds = bounds.iter().cloned().chain([policies.clone()]).collect();
                Ok(Arc::new(Grants::Policies { identity: identity.clone(), bounds }))
            }
            (None, _) | (_, Grants::Everything) => Ok(role.grants.clone()),
        }
    }

    async fn role_permissions(
        &self,
        account: &AccountId,
        session: &RoleSession,
    ) -> Result<Option<Arc<RolePermissions>>, IamError> {
        // A change from now on gives the role a new cache key.
        let changes = self.kept.changes.load(Ordering::SeqCst);
        let key = (changes, account.clone(), session.role_name.clone());
        if let Some(found) = self.kept.roles.get(&key) {
            return Ok(found);
        }
        let (account, name) = (account.clone(), session.role_name.clone());
        let loaded = self.store.read(move |tx| load(tx, &account, &name)).await?.map(Arc::new);
        self.kept.roles.insert(key, loaded.clone());
        Ok(loaded)
    }

    /// The documents of managed policies for use as session policies. AWS managed policies that aren't known here are
    /// left out.
    ///
    /// # Errors
    /// [`IamError::NoPolicy`] for a policy that the account doesn't have.
    pub(crate) async fn managed_documents(
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
                    Ok(Some(policy.document))
                });
                Ok(documents.collect::<Result<Vec<_>, IamError>>()?.into_iter().flatten().collect())
            })
            .await
    }
}

fn nothing() -> Grants {
    Grants::Policies { identity: Vec::new(), bounds: vec![Vec::new()] }
}

fn load(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<Option<RolePermissions>, IamError> {
    let Some(role) = tables::role(tx, account, name)? else { return Ok(None) };
    let managed = |arn: &String| -> Result<Option<String>, IamError> {
        if let Some(document) = aws_managed::document(arn) {
            return Ok(Some(document.to_owned()));
        }
        Ok(tables::policy(tx, account, arn)?.map(|policy| policy.document).filter(|it| !it.is_empty()))
    };
    let attached: Vec<_> = role.attached.iter().map(managed).collect::<Result<_, _>>()?;
    let boundary = role.permissions_boundary.as_ref().map(managed).transpose()?;
    let documents = role.inline.into_values().chain(attached.into_iter().flatten());
    let compiled = compile(documents.collect());
    let bounds = boundary.map(|document| compile(document.into_iter().collect())).transpose();
    let grants = match (compiled, bounds) {
        (Ok(identity), Ok(bounds)) => Grants::Policies { identity, bounds: bounds.into_iter().collect() },
        // The policy might have denied something, so the role is granted nothing.
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(role = role.arn, "a policy can't be read, the role may do nothing: {error}");
            nothing()
        }
    };
    Ok(Some(RolePermissions { role_id: role.role_id, grants: Arc::new(grants) }))
}

fn compile(documents: Vec<String>) -> Result<Layer, crate::policy::Error> {
    let compile = |document: String| Policy::parse(&document, PolicyKind::Identity).map(Arc::new);
    documents.into_iter().map(compile).collect()
}
