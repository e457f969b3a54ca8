//! IAM's roles and policies, as far as deployments and sessions need them. Policies are checked to be JSON when they
//! are stored, and evaluated when somebody calls under a role.
//!
//! As in AWS, names are unique regardless of case. See
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>.

mod aws_managed;
mod error;
mod permissions;
mod policy;
mod records;
mod role;
mod tables;

pub use error::{DocumentKind, IamError};
pub use policy::{NewPolicy, Policy};
pub use role::{NewRole, Role, Tag};

use std::sync::Arc;

use self::permissions::{Change, Kept};
use crate::clock::{Clock, Ids};
use crate::id::AccountId;
use crate::store::{Store, Tx};

/// The most tags of a role.
const TAGS_MAX: usize = 50;
/// The most policies attached to a role.
const ATTACHED_MAX: usize = 10;
/// The beginning of the ARNs of AWS managed policies.
const AWS_POLICY_PREFIX: &str = "arn:aws:iam::aws:policy/";

/// The most roles of an account; AWS's quota can be raised to this.
const ROLES_MAX: usize = 5_000;

/// Whether a record has to be written.
enum Changed {
    Yes,
    No,
}

/// The roles and policies of all accounts. Clones share them.
#[derive(Clone)]
pub struct Iam {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    kept: Arc<Kept>,
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
    /// Opens the tables in `store`. Blocks.
    pub fn open(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, IamError> {
        store.migrate("identity", tables::STEPS)?;
        store.declare(records::RECORDS)?;
        Ok(Self { store, clock, ids, kept: Arc::new(Kept::new()) })
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
                return Err(IamError::RoleExists(role.name));
            }
            // The job takes back what it wrote when it fails.
            if ROLES_MAX < tables::n_roles(tx, &account)? {
                return Err(IamError::TooManyRoles(ROLES_MAX));
            }
            Ok(role)
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
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let role = existing_role(tx, &account, &name)?;
            if !role.attached.is_empty() {
                return Err(IamError::RoleHasAttachedPolicies);
            }
            if !role.inline.is_empty() {
                return Err(IamError::RoleHasPolicies);
            }
            Ok(tables::delete_role(tx, &account, &role.name)?)
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
        self.change(account, name, move |role| {
            role.assume_role_policy_document = document;
            Ok(Changed::Yes)
        })
        .await
    }

    /// Adds or replaces an inline policy.
    pub async fn put_role_policy(
        &self,
        account: &AccountId,
        name: &str,
        policy: String,
        document: String,
    ) -> Result<(), IamError> {
        error::check_document(DocumentKind::Permissions, &document)?;
        self.change(account, name, move |role| {
            role.inline.insert(policy, document);
            Ok(Changed::Yes)
        })
        .await
    }

    /// Deletes an inline policy.
    pub async fn delete_role_policy(
        &self,
        account: &AccountId,
        name: &str,
        policy: String,
    ) -> Result<(), IamError> {
        self.change(account, name, move |role| match role.inline.remove(&policy) {
            Some(_) => Ok(Changed::Yes),
            None => Err(IamError::NoRolePolicy(policy)),
        })
        .await
    }

    /// Attaches a managed policy; does nothing if it is attached already.
    pub async fn attach_role_policy(
        &self,
        account: &AccountId,
        name: &str,
        arn: String,
    ) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut role = existing_role(tx, &account, &name)?;
            if !is_aws_policy(&arn) && tables::policy(tx, &account, &arn)?.is_none() {
                return Err(IamError::NotAttachable(arn));
            }
            if role.attached.contains(&arn) {
                return Ok(());
            }
            if role.attached.len() == ATTACHED_MAX {
                return Err(IamError::TooManyAttached(ATTACHED_MAX));
            }
            role.attached.push(arn);
            Ok(tables::put_role(tx, &account, &role)?)
        })
        .await
    }

    /// Detaches a managed policy.
    pub async fn detach_role_policy(
        &self,
        account: &AccountId,
        name: &str,
        arn: String,
    ) -> Result<(), IamError> {
        self.change(account, name, move |role| {
            let before = role.attached.len();
            role.attached.retain(|attached| *attached != arn);
            if role.attached.len() == before { Err(IamError::NoPolicy(arn)) } else { Ok(Changed::Yes) }
        })
        .await
    }

    /// Adds tags, and replaces the values of existing keys.
    pub async fn tag_role(&self, account: &AccountId, name: &str, tags: Vec<Tag>) -> Result<(), IamError> {
        self.change(account, name, move |role| {
            for tag in tags {
                match role.tags.iter_mut().find(|old| old.key == tag.key) {
                    Some(old) => old.value = tag.value,
                    None => role.tags.push(tag),
                }
            }
            check_tags(&role.tags)?;
            Ok(Changed::Yes)
        })
        .await
    }

    /// Removes tags; ignores keys that don't exist.
    pub async fn untag_role(
        &self,
        account: &AccountId,
        name: &str,
        keys: Vec<String>,
    ) -> Result<(), IamError> {
        self.change(account, name, move |role| {
            let before = role.tags.len();
            role.tags.retain(|tag| !keys.contains(&tag.key));
            Ok(if role.tags.len() == before { Changed::No } else { Changed::Yes })
        })
        .await
    }

    // === policies ===

    /// Creates a managed policy in the account.
    pub async fn create_policy(&self, account: &AccountId, new: NewPolicy) -> Result<Policy, IamError> {
        error::check_document(DocumentKind::Permissions, &new.document)?;
        let policy_id = format!("ANPA{}", self.ids.upper_alphanumeric(17));
        let policy = Policy::create(account, policy_id, self.clock.now(), new);
        let account = account.clone();
        self.write(move |tx| {
            if !tables::add_policy(tx, &account, &policy)? {
                return Err(IamError::PolicyExists(policy.name));
            }
            Ok(policy)
        })
        .await
    }

    /// The policy with this ARN, and the number of roles to which it is attached.
    ///
    /// AWS has more than a thousand managed policies and keeps adding to them, so every ARN of that form is accepted.
    /// Few of them are known here; the others grant nothing.
    pub async fn policy(&self, account: &AccountId, arn: &str) -> Result<(Policy, usize), IamError> {
        let (account, arn) = (account.clone(), arn.to_owned());
        self.store
            .read(move |tx| {
                let policy = match tables::policy(tx, &account, &arn)? {
                    Some(policy) => policy,
                    None if is_aws_policy(&arn) => Policy::of_aws(&arn),
                    None => return Err(IamError::NoPolicy(arn)),
                };
                let n_attached = attachments(tx, &account, &arn)?;
                Ok((policy, n_attached))
            })
            .await
    }

    /// Deletes a managed policy that is not attached to anything.
    pub async fn delete_policy(&self, account: &AccountId, arn: &str) -> Result<(), IamError> {
        let (account, arn) = (account.clone(), arn.to_owned());
        self.write(move |tx| {
            if is_aws_policy(&arn) {
                return Err(IamError::NotYourPolicy(arn));
            }
            if tables::policy(tx, &account, &arn)?.is_none() {
                return Err(IamError::NoPolicy(arn));
            }
            if 0 < attachments(tx, &account, &arn)? {
                return Err(IamError::PolicyAttached);
            }
            Ok(tables::delete_policy(tx, &account, &arn)?)
        })
        .await
    }

    /// Writes a role or policy, and invalidates the compiled permissions of all roles.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, IamError> + Send + 'static,
    ) -> Result<T, IamError> {
        let change = Change::of(&self.kept);
        let (value, change) = self.store.write(move |tx| Ok::<_, IamError>((job(tx)?, change))).await?;
        drop(change);
        Ok(value)
    }

    async fn change(
        &self,
        account: &AccountId,
        name: &str,
        change: impl FnOnce(&mut Role) -> Result<Changed, IamError> + Send + 'static,
    ) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut role = existing_role(tx, &account, &name)?;
            match change(&mut role)? {
                Changed::Yes => Ok(tables::put_role(tx, &account, &role)?),
                Changed::No => Ok(()),
            }
        })
        .await
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

fn attachments(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<usize, IamError> {
    let roles = tables::roles(tx, account)?;
    Ok(roles.iter().filter(|role| role.attached.iter().any(|attached| attached == arn)).count())
}

fn is_aws_policy(arn: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&b);
    arn.strip_prefix(AWS_POLICY_PREFIX).is_some_and(|name| !name.is_empty() && name.bytes().all(legal))
}

fn check_tags(tags: &[Tag]) -> Result<(), IamError> {
    if TAGS_MAX < tags.len() {
        return Err(IamError::TooManyTags(TAGS_MAX));
    }
    let mut keys: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(IamError::DuplicateTags);
    }
    Ok(())
}
