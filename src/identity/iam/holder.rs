//! Who has policies: roles, users and groups alike have inline policies and managed ones, and most of them tags and a
//! permissions boundary.

use std::collections::BTreeMap;

use super::error::{DocumentKind, check_document};
use super::{Group, Iam, IamError, Role, Tag, User, aws_managed, is_aws_policy, tables};
use crate::id::AccountId;
use crate::store::{self, Tx};

/// The most tags of anything.
const TAGS_MAX: usize = 50;
/// The most policies attached to anything.
const ATTACHED_MAX: usize = 10;

/// A kind of what has policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// Roles.
    Role,
    /// Users.
    User,
    /// Groups.
    Group,
}

impl Holder {
    /// What one of them is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The same with a capital, as quotas are named.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Role => "Role",
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The most characters of all its inline policies together; white space doesn't count.
    fn inline_chars_max(self) -> usize {
        match self {
            Self::Role => 10_240,
            Self::User => 2_048,
            Self::Group => 5_120,
        }
    }
}

/// One that has policies.
pub(super) enum Entity {
    Role(Role),
    User(User),
    Group(Group),
}

impl Entity {
    pub(super) fn read(tx: &Tx<'_>, account: &AccountId, kind: Holder, name: &str) -> Result<Self, IamError> {
        Ok(match kind {
            Holder::Role => Self::Role(super::existing_role(tx, account, name)?),
            Holder::User => Self::User(existing_user(tx, account, name)?),
            Holder::Group => Self::Group(existing_group(tx, account, name)?),
        })
    }

    fn write(&self, tx: &Tx<'_>, account: &AccountId) -> Result<(), store::Error> {
        match self {
            Self::Role(role) => tables::put_role(tx, account, role),
            Self::User(user) => tables::USERS.put(tx, account, &user.name, user),
            Self::Group(group) => tables::GROUPS.put(tx, account, &group.name, group),
        }
    }

    fn arn(&self) -> &str {
        match self {
            Self::Role(role) => &role.arn,
            Self::User(user) => &user.arn,
            Self::Group(group) => &group.arn,
        }
    }

    fn inline(&mut self) -> &mut BTreeMap<String, String> {
        match self {
            Self::Role(role) => &mut role.inline,
            Self::User(user) => &mut user.inline,
            Self::Group(group) => &mut group.inline,
        }
    }

    fn attached(&mut self) -> &mut Vec<String> {
        match self {
            Self::Role(role) => &mut role.attached,
            Self::User(user) => &mut user.attached,
            Self::Group(group) => &mut group.attached,
        }
    }

    /// It gets a policy.
    fn note_policy(&mut self) {
        if let Self::Role(role) = self {
            role.had_policies = true;
        }
    }

    /// Groups have no tags.
    fn tags(&mut self) -> Option<&mut Vec<Tag>> {
        match self {
            Self::Role(role) => Some(&mut role.tags),
            Self::User(user) => Some(&mut user.tags),
            Self::Group(_) => None,
        }
    }

    /// Groups have no boundary.
    fn boundary(&mut self) -> Option<&mut Option<String>> {
        match self {
            Self::Role(role) => Some(&mut role.permissions_boundary),
            Self::User(user) => Some(&mut user.permissions_boundary),
            Self::Group(_) => None,
        }
    }
}

/// The policies of one that has some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Inline policies: JSON by name.
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies.
    pub attached: Vec<String>,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl Iam {
    /// What a role, user or group has.
    pub async fn held(&self, account: &AccountId, kind: Holder, name: &str) -> Result<Held, IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.store
            .read(move |tx| {
                let mut entity = Entity::read(tx, &account, kind, &name)?;
                let tags = entity.tags().map(std::mem::take).unwrap_or_default();
                let (inline, attached) = (std::mem::take(entity.inline()), std::mem::take(entity.attached()));
                Ok(Held { inline, attached, tags })
            })
            .await
    }

    /// Adds or replaces an inline policy.
    pub async fn put_inline_policy(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        policy: String,
        document: String,
    ) -> Result<(), IamError> {
        check_document(DocumentKind::Permissions, &document)?;
        self.change_entity(account, kind, name, move |entity| {
            entity.inline().insert(policy.clone(), document.clone());
            entity.note_policy();
            let total: usize = entity.inline().values().map(|document| counted(document)).sum();
            let max = kind.inline_chars_max();
            match total <= max {
                true => Ok(true),
                false => Err(IamError::InlineTooLarge(kind, max)),
            }
        })
        .await
    }

    /// Deletes an inline policy.
    pub async fn delete_inline_policy(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        policy: String,
    ) -> Result<(), IamError> {
        self.change_entity(account, kind, name, move |entity| match entity.inline().remove(&policy) {
            Some(_) => Ok(true),
            None => Err(IamError::NoInlinePolicy(kind, policy.clone())),
        })
        .await
    }

    /// Attaches a managed policy; does nothing if it is attached already.
    pub async fn attach_policy(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        arn: String,
    ) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut entity = Entity::read(tx, &account, kind, &name)?;
            check_attachable(tx, &account, &arn)?;
            if is_aws_policy(&arn) && aws_managed::document(&arn).is_none() {
                let to = entity.arn();
                tracing::warn!(
                    to,
                    policy = arn,
                    "this AWS managed policy is not known here and grants nothing"
                );
            }
            if entity.attached().contains(&arn) {
                return Ok(());
            }
            if entity.attached().len() == ATTACHED_MAX {
                return Err(IamError::TooManyAttached(kind, ATTACHED_MAX));
            }
            entity.attached().push(arn.clone());
            entity.note_policy();
            Ok(entity.write(tx, &account)?)
        })
        .await
    }

    /// Detaches a managed policy.
    pub async fn detach_policy(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        arn: String,
    ) -> Result<(), IamError> {
        self.change_entity(account, kind, name, move |entity| {
            let before = entity.attached().len();
            entity.attached().retain(|attached| *attached != arn);
            if entity.attached().len() == before { Err(IamError::NoPolicy(arn.clone())) } else { Ok(true) }
        })
        .await
    }

    /// Sets the permissions boundary, or removes it.
    pub async fn put_boundary(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        arn: Option<String>,
    ) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut entity = Entity::read(tx, &account, kind, &name)?;
            if let Some(arn) = &arn {
                check_attachable(tx, &account, arn)?;
            }
            let boundary = entity.boundary().ok_or(IamError::Syntax)?;
            if arn.is_none() && boundary.is_none() {
                return Err(IamError::NoBoundary(kind, name.clone()));
            }
            *boundary = arn.clone();
            Ok(entity.write(tx, &account)?)
        })
        .await
    }

    /// Adds tags, and replaces the values of existing keys.
    pub async fn tag(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        tags: Vec<Tag>,
    ) -> Result<(), IamError> {
        self.change_entity(account, kind, name, move |entity| {
            let Some(own) = entity.tags() else { return Ok(false) };
            add_tags(own, tags.clone())?;
            Ok(true)
        })
        .await?;
        self.refresh_keys(account, kind, name).await
    }

    /// Removes tags; ignores keys that don't exist.
    pub async fn untag(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        keys: Vec<String>,
    ) -> Result<(), IamError> {
        self.change_entity(account, kind, name, move |entity| {
            let Some(own) = entity.tags() else { return Ok(false) };
            let before = own.len();
            own.retain(|tag| !keys.contains(&tag.key));
            Ok(own.len() != before)
        })
        .await?;
        self.refresh_keys(account, kind, name).await
    }

    /// Changes one; `change` says whether it has to be written.
    async fn change_entity(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
        change: impl Fn(&mut Entity) -> Result<bool, IamError> + Send + 'static,
    ) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut entity = Entity::read(tx, &account, kind, &name)?;
            if change(&mut entity)? {
                entity.write(tx, &account)?;
            }
            Ok(())
        })
        .await
    }
}

pub(super) fn existing_user(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<User, IamError> {
    tables::USERS.one(tx, account, name)?.ok_or_else(|| IamError::NoUser(name.to_owned()))
}

pub(super) fn existing_group(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<Group, IamError> {
    tables::GROUPS.one(tx, account, name)?.ok_or_else(|| IamError::NoGroup(name.to_owned()))
}

/// Only a policy that is there can be attached. AWS has more than a thousand managed ones, so any name of theirs is taken.
pub(super) fn check_attachable(tx: &Tx<'_>, account: &AccountId, arn: &str) -> Result<(), IamError> {
    match is_aws_policy(arn) || tables::policy(tx, account, arn)?.is_some() {
        true => Ok(()),
        false => Err(IamError::NotAttachable(arn.to_owned())),
    }
}

/// The characters of a document that count.
pub(super) fn counted(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

pub(super) fn add_tags(own: &mut Vec<Tag>, tags: Vec<Tag>) -> Result<(), IamError> {
    for tag in tags {
        match own.iter_mut().find(|old| old.key == tag.key) {
            Some(old) => old.value = tag.value,
            None => own.push(tag),
        }
    }
    check_tags(own)
}

pub(super) fn check_tags(tags: &[Tag]) -> Result<(), IamError> {
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
