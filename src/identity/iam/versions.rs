//! Managed policies and their versions.

use super::error::{DocumentKind, check_document};
use super::holder::{add_tags, check_tags, counted};
use super::policy::PolicyVersion;
use super::{
    Entities, Group, Iam, IamError, NewPolicy, Page, Policy, Role, Tag, User, aws_managed, is_aws_policy,
    page, tables,
};
use crate::id::AccountId;
use crate::store::Tx;

/// AWS's quotas.
const VERSIONS_MAX: usize = 5;
const POLICIES_MAX: usize = 1_500;
const POLICY_CHARS_MAX: usize = 6_144;

/// Which policies to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyScope {
    /// Those of the account and of AWS.
    #[default]
    All,
    /// Those of AWS that are known here.
    Aws,
    /// Those of the account.
    Local,
}

/// What is attached to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Roles, users and groups that have the policy.
    pub attached: usize,
    /// Roles and users that have it as boundary.
    pub boundaries: usize,
}

impl Iam {
    /// Creates a managed policy in the account.
    pub async fn create_policy(&self, account: &AccountId, new: NewPolicy) -> Result<Policy, IamError> {
        check_managed(&new.document)?;
        check_tags(&new.tags)?;
        let policy_id = format!("ANPA{}", self.ids.upper_alphanumeric(17));
        let policy = Policy::create(account, policy_id, self.clock.now(), new);
        let account = account.clone();
        self.write(move |tx| {
            if !tables::add_policy(tx, &account, &policy)? {
                return Err(IamError::PolicyExists(policy.name.clone()));
            }
            match tables::policies(tx, &account)?.len() <= POLICIES_MAX {
                true => Ok(policy.clone()),
                false => Err(IamError::TooMany("PoliciesPerAccount", POLICIES_MAX)),
            }
        })
        .await
    }

    /// The policy with this ARN, and what has it.
    ///
    /// AWS has more than a thousand managed policies and keeps adding to them, so every ARN of that form is accepted.
    /// Few of them are known here; the others grant nothing.
    pub async fn policy(&self, account: &AccountId, arn: &str) -> Result<(Policy, Usage), IamError> {
        let (account, arn) = (account.clone(), arn.to_owned());
        self.store
            .read(move |tx| {
                let policy = existing(tx, &account, &arn)?;
                let usage = usage(tx, &account, &arn)?;
                Ok((policy, usage))
            })
            .await
    }

    /// Policies whose path begins with `path_prefix`, by ARN, each with what has it.
    pub async fn policies(
        &self,
        account: &AccountId,
        scope: PolicyScope,
        path_prefix: &str,
        only_attached: bool,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<(Policy, Usage)>, IamError> {
        let (account, path_prefix) = (account.clone(), path_prefix.to_owned());
        let found = self.store.read(move |tx| {
            let mut policies = match scope {
                PolicyScope::Aws => Vec::new(),
                PolicyScope::All | PolicyScope::Local => tables::policies(tx, &account)?,
            };
            if scope != PolicyScope::Local {
                policies.extend(aws_managed::arns().map(|arn| Policy::of_aws(&arn)));
            }
            let entities = entities(tx, &account)?;
            let with_usage = policies.into_iter().map(|policy| {
                let usage = usage_among(&entities, &policy.arn);
                (policy, usage)
            });
            let is_wanted = |(policy, usage): &(Policy, Usage)| {
                policy.path.starts_with(&path_prefix) && (!only_attached || 0 < usage.attached)
            };
            let mut found: Vec<_> = with_usage.filter(is_wanted).collect();
            found.sort_by(|(a, _), (b, _)| a.arn.cmp(&b.arn));
            Ok::<_, IamError>(found)
        });
        Ok(page(found.await?, |(policy, _)| &policy.arn, marker.as_deref(), max))
    }

    /// Deletes a managed policy that is not attached to anything and has no version but the default.
    pub async fn delete_policy(&self, account: &AccountId, arn: &str) -> Result<(), IamError> {
        let (account, arn) = (account.clone(), arn.to_owned());
        self.write(move |tx| {
            let policy = own(tx, &account, &arn)?;
            let usage = usage(tx, &account, &arn)?;
            if 0 < usage.attached || 0 < usage.boundaries {
                return Err(IamError::PolicyAttached);
            }
            if 1 < policy.versions.len() {
                return Err(IamError::PolicyHasVersions);
            }
            Ok(tables::delete_policy(tx, &account, &arn)?)
        })
        .await
    }

    /// Adds a version, which may become the default at once.
    pub async fn create_policy_version(
        &self,
        account: &AccountId,
        arn: &str,
        document: String,
        is_default: bool,
    ) -> Result<PolicyVersion, IamError> {
        check_managed(&document)?;
        let now = self.clock.now();
        self.change_policy(account, arn, move |policy| {
            if VERSIONS_MAX <= policy.versions.len() {
                return Err(IamError::TooManyVersions(VERSIONS_MAX));
            }
            policy.last_version += 1;
            let version =
                PolicyVersion { number: policy.last_version, document: document.clone(), create_date: now };
            policy.versions.push(version.clone());
            if is_default {
                policy.set_default(version.number, now);
            }
            Ok(version)
        })
        .await
    }

    /// Deletes a version that is not the default.
    pub async fn delete_policy_version(
        &self,
        account: &AccountId,
        arn: &str,
        number: u32,
    ) -> Result<(), IamError> {
        self.change_policy(account, arn, move |policy| {
            policy.version(number)?;
            if policy.default_version == number {
                return Err(IamError::DefaultVersion);
            }
            policy.versions.retain(|version| version.number != number);
            Ok(())
        })
        .await
    }

    /// Lets another version count.
    pub async fn set_default_policy_version(
        &self,
        account: &AccountId,
        arn: &str,
        number: u32,
    ) -> Result<(), IamError> {
        let now = self.clock.now();
        self.change_policy(account, arn, move |policy| {
            policy.version(number)?;
            policy.set_default(number, now);
            Ok(())
        })
        .await
    }

    /// Adds tags, and replaces the values of existing keys.
    pub async fn tag_policy(&self, account: &AccountId, arn: &str, tags: Vec<Tag>) -> Result<(), IamError> {
        self.change_policy(account, arn, move |policy| add_tags(&mut policy.tags, tags.clone())).await
    }

    /// Removes tags; ignores keys that don't exist.
    pub async fn untag_policy(
        &self,
        account: &AccountId,
        arn: &str,
        keys: Vec<String>,
    ) -> Result<(), IamError> {
        self.change_policy(account, arn, move |policy| {
            policy.tags.retain(|tag| !keys.contains(&tag.key));
            Ok(())
        })
        .await
    }

    /// Everybody in the account who may have policies.
    pub async fn entities(&self, account: &AccountId) -> Result<Entities, IamError> {
        let account = account.clone();
        self.store.read(move |tx| entities(tx, &account)).await
    }

    async fn change_policy<T: Send + 'static>(
        &self,
        account: &AccountId,
        arn: &str,
        change: impl Fn(&mut Policy) -> Result<T, IamError> + Send + 'static,
    ) -> Result<T, IamError> {
        let (account, arn) = (account.clone(), arn.to_owned());
        self.write(move |tx| {
            let mut policy = own(tx, &account, &arn)?;
            let value = change(&mut policy)?;
            tables::put_policy(tx, &account, &policy)?;
            Ok(value)
        })
        .await
    }
}

fn check_managed(document: &str) -> Result<(), IamError> {
    check_document(DocumentKind::Permissions, document)?;
    match counted(document) <= POLICY_CHARS_MAX {
        true => Ok(()),
        false => Err(IamError::TooMany("PolicySize", POLICY_CHARS_MAX)),
    }
}

/// The policy with this ARN.
pub(super) fn existing(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<Policy, IamError> {
    match tables::policy(tx, account, arn)? {
        Some(policy) => Ok(policy),
        None if is_aws_policy(arn) => Ok(Policy::of_aws(arn)),
        None => Err(IamError::NoPolicy(arn.to_owned())),
    }
}

/// The same, if it is the account's own.
fn own(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<Policy, IamError> {
    if is_aws_policy(arn) {
        return Err(IamError::NotYourPolicy(arn.to_owned()));
    }
    existing(tx, account, arn)
}

fn entities(tx: &Tx<'_>, account: &AccountId) -> Result<Entities, IamError> {
    Ok(Entities {
        roles: tables::roles(tx, account)?,
        users: tables::USERS.all(tx, account)?,
        groups: tables::GROUPS.all(tx, account)?,
        policies: tables::policies(tx, account)?,
    })
}

fn usage(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<Usage, IamError> {
    Ok(usage_among(&entities(tx, account)?, arn))
}

fn usage_among(entities: &Entities, arn: &str) -> Usage {
    let has = |attached: &Vec<String>| attached.iter().any(|it| it == arn);
    let Entities { roles, users, groups, .. } = entities;
    let attached = roles.iter().filter(|role: &&Role| has(&role.attached)).count()
        + users.iter().filter(|user: &&User| has(&user.attached)).count()
        + groups.iter().filter(|group: &&Group| has(&group.attached)).count();
    let bounds = |boundary: &Option<String>| boundary.as_deref() == Some(arn);
    let boundaries = roles.iter().filter(|role| bounds(&role.permissions_boundary)).count()
        + users.iter().filter(|user| bounds(&user.permissions_boundary)).count();
    Usage { attached, boundaries }
}
