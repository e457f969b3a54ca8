//! Users, groups, and who is in which.

use super::holder::{check_attachable, check_tags, existing_group, existing_user};
use super::user::arn;
use super::{Group, Holder, Iam, IamError, NewUser, Page, User, keys, page, tables};
use crate::id::AccountId;

/// AWS's quotas.
const USERS_MAX: usize = 5_000;
const GROUPS_MAX: usize = 500;
const GROUPS_OF_USER_MAX: usize = 10;

impl Iam {
    /// Creates a user.
    pub async fn create_user(&self, account: &AccountId, new: NewUser) -> Result<User, IamError> {
        check_tags(&new.tags)?;
        let user_id = format!("AIDA{}", self.ids.upper_alphanumeric(17));
        let user = User::create(account, user_id, self.clock.now(), new);
        let account = account.clone();
        self.write(move |tx| {
            if let Some(boundary) = &user.permissions_boundary {
                check_attachable(tx, &account, boundary)?;
            }
            if !tables::USERS.add(tx, &account, &user.name, &user)? {
                return Err(IamError::UserExists(user.name.clone()));
            }
            match tables::USERS.count(tx, &account)? <= USERS_MAX {
                true => Ok(user.clone()),
                false => Err(IamError::TooMany("UsersPerAccount", USERS_MAX)),
            }
        })
        .await
    }

    /// The user of this name.
    pub async fn user(&self, account: &AccountId, name: &str) -> Result<User, IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.store.read(move |tx| existing_user(tx, &account, &name)).await
    }

    /// Users whose path begins with `path_prefix`, by name.
    pub async fn users(
        &self,
        account: &AccountId,
        path_prefix: &str,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<User>, IamError> {
        let (account, path_prefix) = (account.clone(), path_prefix.to_owned());
        let mut users: Vec<User> = self.store.read(move |tx| tables::USERS.all(tx, &account)).await?;
        users.retain(|user| user.path.starts_with(&path_prefix));
        Ok(page(users, |user| &user.name, marker.as_deref(), max))
    }

    /// Renames a user, or gives it another path. Its keys stay its own.
    pub async fn update_user(
        &self,
        account: &AccountId,
        name: &str,
        new_name: Option<String>,
        new_path: Option<String>,
    ) -> Result<(), IamError> {
        let (of, old) = (account.clone(), name.to_owned());
        let renamed = self
            .write(move |tx| {
                let mut user = existing_user(tx, &of, &old)?;
                let before = user.name.clone();
                user.name = new_name.clone().unwrap_or(user.name);
                user.path = new_path.clone().unwrap_or(user.path);
                user.arn = arn(&of, "user", &user.path, &user.name);
                if user.name.to_lowercase() != before.to_lowercase() {
                    if !tables::USERS.add(tx, &of, &user.name, &user)? {
                        return Err(IamError::UserExists(user.name));
                    }
                    tables::USERS.delete(tx, &of, &before)?;
                    keys::rename(tx, &of, &before, &user.name)?;
                } else {
                    tables::USERS.put(tx, &of, &before, &user)?;
                }
                Ok(user.name)
            })
            .await?;
        self.refresh_keys(account, Holder::User, &renamed).await
    }

    /// Deletes a user that has nothing any more.
    pub async fn delete_user(&self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let user = existing_user(tx, &account, &name)?;
            check_free(&[
                (!user.attached.is_empty(), "must detach all policies first"),
                (!user.inline.is_empty(), "must delete policies first"),
                (!user.groups.is_empty(), "must remove users from group first"),
                (keys::has_keys(tx, &account, &user.name)?, "must delete access keys first"),
            ])?;
            Ok(tables::USERS.delete(tx, &account, &user.name)?)
        })
        .await
    }

    // === groups ===

    /// Creates a group.
    pub async fn create_group(
        &self,
        account: &AccountId,
        name: String,
        path: String,
    ) -> Result<Group, IamError> {
        let group_id = format!("AGPA{}", self.ids.upper_alphanumeric(17));
        let group = Group::create(account, group_id, self.clock.now(), name, path);
        let account = account.clone();
        self.write(move |tx| {
            if !tables::GROUPS.add(tx, &account, &group.name, &group)? {
                return Err(IamError::GroupExists(group.name.clone()));
            }
            match tables::GROUPS.count(tx, &account)? <= GROUPS_MAX {
                true => Ok(group.clone()),
                false => Err(IamError::TooMany("GroupsPerAccount", GROUPS_MAX)),
            }
        })
        .await
    }

    /// The group of this name, with its users by name.
    pub async fn group(&self, account: &AccountId, name: &str) -> Result<(Group, Vec<User>), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.store
            .read(move |tx| {
                let group = existing_group(tx, &account, &name)?;
                let mut users = tables::USERS.all(tx, &account)?;
                users.retain(|user: &User| user.groups.contains(&group.name));
                Ok((group, users))
            })
            .await
    }

    /// Groups whose path begins with `path_prefix`, by name.
    pub async fn groups(
        &self,
        account: &AccountId,
        path_prefix: &str,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<Group>, IamError> {
        let (account, path_prefix) = (account.clone(), path_prefix.to_owned());
        let mut groups: Vec<Group> = self.store.read(move |tx| tables::GROUPS.all(tx, &account)).await?;
        groups.retain(|group| group.path.starts_with(&path_prefix));
        Ok(page(groups, |group| &group.name, marker.as_deref(), max))
    }

    /// The groups that a user is in, by name.
    pub async fn groups_of(&self, account: &AccountId, user: &str) -> Result<Vec<Group>, IamError> {
        let (account, user) = (account.clone(), user.to_owned());
        self.store
            .read(move |tx| {
                let user = existing_user(tx, &account, &user)?;
                user.groups.iter().map(|group| existing_group(tx, &account, group)).collect()
            })
            .await
    }

    /// Renames a group, or gives it another path. Its users stay in it.
    pub async fn update_group(
        &self,
        account: &AccountId,
        name: &str,
        new_name: Option<String>,
        new_path: Option<String>,
    ) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let mut group = existing_group(tx, &account, &name)?;
            let before = group.name.clone();
            group.name = new_name.clone().unwrap_or(group.name);
            group.path = new_path.clone().unwrap_or(group.path);
            group.arn = arn(&account, "group", &group.path, &group.name);
            if group.name.to_lowercase() == before.to_lowercase() {
                tables::GROUPS.put(tx, &account, &before, &group)?;
            } else {
                if !tables::GROUPS.add(tx, &account, &group.name, &group)? {
                    return Err(IamError::GroupExists(group.name));
                }
                tables::GROUPS.delete(tx, &account, &before)?;
            }
            for mut user in tables::USERS.all(tx, &account)? as Vec<User> {
                if user.groups.remove(&before) {
                    user.groups.insert(group.name.clone());
                    tables::USERS.put(tx, &account, &user.name, &user)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// Deletes a group that has nothing and nobody any more.
    pub async fn delete_group(&self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let group = existing_group(tx, &account, &name)?;
            let users: Vec<User> = tables::USERS.all(tx, &account)?;
            let has_users = users.iter().any(|user| user.groups.contains(&group.name));
            check_free(&[
                (!group.attached.is_empty(), "must detach all policies first"),
                (!group.inline.is_empty(), "must delete policies first"),
                (has_users, "must remove users from group first"),
            ])?;
            Ok(tables::GROUPS.delete(tx, &account, &group.name)?)
        })
        .await
    }

    /// Puts a user into a group; does nothing if it is there.
    pub async fn add_to_group(&self, account: &AccountId, group: &str, user: &str) -> Result<(), IamError> {
        let (account, group, user) = (account.clone(), group.to_owned(), user.to_owned());
        self.write(move |tx| {
            let group = existing_group(tx, &account, &group)?;
            let mut user = existing_user(tx, &account, &user)?;
            user.groups.insert(group.name);
            if GROUPS_OF_USER_MAX < user.groups.len() {
                return Err(IamError::TooMany("GroupsPerUser", GROUPS_OF_USER_MAX));
            }
            Ok(tables::USERS.put(tx, &account, &user.name, &user)?)
        })
        .await
    }

    /// Takes a user out of a group; does nothing if it isn't there.
    pub async fn remove_from_group(
        &self,
        account: &AccountId,
        group: &str,
        user: &str,
    ) -> Result<(), IamError> {
        let (account, group, user) = (account.clone(), group.to_owned(), user.to_owned());
        self.write(move |tx| {
            let group = existing_group(tx, &account, &group)?;
            let mut user = existing_user(tx, &account, &user)?;
            user.groups.remove(&group.name);
            Ok(tables::USERS.put(tx, &account, &user.name, &user)?)
        })
        .await
    }
}

/// Refuses to delete what something still belongs to, with the first reason that holds.
fn check_free(reasons: &[(bool, &'static str)]) -> Result<(), IamError> {
    match reasons.iter().find(|(holds, _)| *holds) {
        Some((_, reason)) => Err(IamError::Conflict(reason)),
        None => Ok(()),
    }
}
