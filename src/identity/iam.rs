//! IAM: users and their keys, groups, roles, and policies. Policies are checked when they are stored, and evaluated when
//! somebody calls who has them.
//!
//! As in AWS, names are unique regardless of case. See
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>.

mod aws_managed;
mod error;
mod holder;
mod keys;
mod missing;
mod permissions;
mod policy;
mod profile;
mod records;
mod role;
mod role_use;
mod simulation;
mod tables;
#[cfg(test)]
mod tests;
mod user;
mod users;
mod versions;

pub use error::{DocumentKind, IamError};
pub use holder::{Held, Holder};
pub use keys::AccessKey;
pub use missing::{Missing, statement};
pub use policy::{NewPolicy, Policy, PolicyVersion};
pub use profile::InstanceProfile;
pub use role::{NewRole, Role, Tag};
pub(crate) use role_use::{ASSUME_ROLE, is_let_in, let_in_by, of_trust, role_of};
pub use role_use::{CLOUDFORMATION, Enforcement, RoleError, RoleUse};
pub use simulation::{Asked, Matched, Simulated, Simulation};
pub use user::{Group, NewUser, User};
pub use versions::{PolicyScope, Usage};

pub use crate::policy::SOME_RESOURCE;

use std::sync::Arc;

use self::holder::check_tags;
use self::missing::Noted;
use self::permissions::{Change, Kept};
use crate::clock::{Clock, Ids};
use crate::id::AccountId;
use crate::identity::Keys;
use crate::store::{Store, Tx};

/// The beginning of the ARNs of AWS managed policies.
const AWS_POLICY_PREFIX: &str = "arn:aws:iam::aws:policy/";

/// The most roles of an account; AWS's quota can be raised to this.
const ROLES_MAX: usize = 5_000;

/// The roles and policies of all accounts. Clones share them.
#[derive(Clone)]
pub struct Iam {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    kept: Arc<Kept>,
    noted: Arc<Noted>,
    enforcement: Enforcement,
    /// Where the keys of users are registered.
    keys: Arc<Keys>,
}

/// Everybody in an account who may have policies, and its managed policies.
#[derive(Clone, Debug, Default)]
pub struct Entities {
    /// By name.
    pub roles: Vec<Role>,
    /// By name.
    pub users: Vec<User>,
    /// By name.
    pub groups: Vec<Group>,
    /// By name; those of AWS are not among them.
    pub policies: Vec<Policy>,
}

/// One page of a list, and the marker of the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, ordered by name.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last page.
    pub marker: Option<String>,
}

impl Iam {
    /// Brings the tables in `store` up to date. Blocks.
    ///
    /// # Errors
    /// If the store can't be used.
    pub fn migrate(store: &Store) -> Result<(), crate::store::Error> {
        store.migrate("identity", tables::STEPS)?;
        store.declare(records::RECORDS)?;
        store.declare(keys::RECORDS)
    }

    /// Opens the tables in `store`. Blocks.
    pub fn open(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, IamError> {
        Self::migrate(&store)?;
        let (kept, noted) = (Arc::new(Kept::new()), Arc::new(Noted::default()));
        let (enforcement, keys) = (Enforcement::default(), Arc::new(Keys::default()));
        Ok(Self { store, clock, ids, kept, noted, enforcement, keys })
    }

    // === roles ===

    /// Creates a role.
    pub async fn create_role(&self, account: &AccountId, new: NewRole) -> Result<Role, IamError> {
        error::check_document(DocumentKind::Trust, &new.assume_role_policy_document)?;
        check_tags(&new.tags)?;
        let role_id = format!("AROA{}", self.ids.upper_alphanumeric(17));
        let role = Role::create(account, role_id, self.clock.now(), new);
        let account = account.clone();
        self.write(move |tx| {
            if !tables::add_role(tx, &account, &role)? {
                return Err(IamError::RoleExists(role.name.clone()));
            }
            // The job takes back what it wrote when it fails.
            if ROLES_MAX < tables::n_roles(tx, &account)? {
                return Err(IamError::TooMany("RolesPerAccount", ROLES_MAX));
            }
            Ok(role.clone())
        })
        .await
    }

    /// The role of this name.
    pub async fn role(&self, account: &AccountId, name: &str) -> Result<Role, IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.store.read(move |tx| existing_role(tx, &account, &name)).await
    }

    /// Roles whose path begins with `path_prefix`, by name.
    pub async fn roles(
        &self,
        account: &AccountId,
        path_prefix: &str,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<Role>, IamError> {
        let (account, path_prefix) = (account.clone(), path_prefix.to_owned());
        let mut roles: Vec<Role> = self.store.read(move |tx| tables::roles(tx, &account)).await?;
        roles.retain(|role| role.path.starts_with(&path_prefix));
        Ok(page(roles, |role| &role.name, marker.as_deref(), max))
    }

    /// Deletes a role that nothing is attached to.
    pub async fn delete_role(&self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let (account, name, now) = (account.clone(), name.to_owned(), self.clock.now());
        self.write(move |tx| {
            let role = existing_role(tx, &account, &name)?;
            if !role.attached.is_empty() {
                return Err(IamError::Conflict("must detach all policies first"));
            }
            if !role.inline.is_empty() {
                return Err(IamError::Conflict("must delete policies first"));
            }
            if profile::has_role(tx, &account, &role.name)? {
                return Err(IamError::Conflict("must remove roles from instance profile first"));
            }
            Ok(tables::delete_role(tx, &account, &role.name, now)?)
        })
        .await
    }

    /// Replaces the trust policy.
    pub async fn update_assume_role_policy(
        &self,
        account: &AccountId,
        name: &str,
        document: String,
    ) -> Result<(), IamError> {
        error::check_document(DocumentKind::Trust, &document)?;
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut role = existing_role(tx, &account, &name)?;
            role.assume_role_policy_document = document.clone();
            Ok(tables::put_role(tx, &account, &role)?)
        })
        .await
    }

    /// Changes a role's description and longest session, as far as they are given.
    pub async fn update_role(
        &self,
        account: &AccountId,
        name: &str,
        description: Option<String>,
        max_session_duration: Option<i32>,
    ) -> Result<Role, IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut role = existing_role(tx, &account, &name)?;
            role.description = description.clone().or(role.description);
            role.max_session_duration = max_session_duration.unwrap_or(role.max_session_duration);
            tables::put_role(tx, &account, &role)?;
            Ok(role)
        })
        .await
    }

    /// Writes a role or policy, and invalidates the compiled permissions of all roles.
    async fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&Tx<'_>) -> Result<T, IamError> + Send + 'static,
    ) -> Result<T, IamError> {
        let change = Change::of(&self.kept);
        let (change, value) = self.store.write_with(change, move |_, tx| job(tx)).await?;
        drop(change);
        Ok(value)
    }
}

/// A page of `items`, which are ordered by `name`: at most `max` of those after `marker`.
pub fn page<T>(items: Vec<T>, name: impl Fn(&T) -> &String, marker: Option<&str>, max: usize) -> Page<T> {
    let after = |item: &T| marker.is_none_or(|marker| marker < name(item).as_str());
    let mut items: Vec<T> = items.into_iter().filter(after).collect();
    let is_more = max < items.len();
    items.truncate(max);
    let marker = items.last().filter(|_| is_more).map(|last| name(last).clone());
    Page { items, marker }
}

fn existing_role(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<Role, IamError> {
    tables::role(tx, account, name)?.ok_or_else(|| IamError::NoRole(name.to_owned()))
}

fn is_aws_policy(arn: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
    arn.strip_prefix(AWS_POLICY_PREFIX).is_some_and(|name| !name.is_empty() && name.bytes().all(legal))
}
