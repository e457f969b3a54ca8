//! Instance profiles: kept and shown, since templates and tools make them. There are no instances here that would use one.

use super::user::arn;
use super::{Iam, IamError, Page, page, tables};
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::store::Tx;

/// AWS's quota.
const PROFILES_MAX: usize = 1_000;

/// See [InstanceProfile](https://docs.aws.amazon.com/IAM/latest/APIReference/API_InstanceProfile.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfile {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// `AIPA` and 17 more characters.
    pub profile_id: String,
    /// Its ARN.
    pub arn: String,
    /// When it was created.
    pub create_date: Timestamp,
    /// The name of its role.
    pub role: Option<String>,
}

impl Iam {
    /// Creates a profile without a role.
    pub async fn create_instance_profile(
        &self,
        account: &AccountId,
        name: String,
        path: String,
    ) -> Result<InstanceProfile, IamError> {
        let profile_id = format!("AIPA{}", self.ids.upper_alphanumeric(17));
        let arn = arn(account, "instance-profile", &path, &name);
        let profile =
            InstanceProfile { name, path, profile_id, arn, create_date: self.clock.now(), role: None };
        let account = account.clone();
        self.write(move |tx| {
            if !tables::PROFILES.add(tx, &account, &profile.name, &profile)? {
                return Err(IamError::ProfileExists(profile.name.clone()));
            }
            match tables::PROFILES.count(tx, &account)? <= PROFILES_MAX {
                true => Ok(profile.clone()),
                false => Err(IamError::TooMany("InstanceProfilesPerAccount", PROFILES_MAX)),
            }
        })
        .await
    }

    /// The profile of this name.
    pub async fn instance_profile(
        &self,
        account: &AccountId,
        name: &str,
    ) -> Result<InstanceProfile, IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.store.read(move |tx| existing(tx, &account, &name)).await
    }

    /// Profiles whose path begins with `path_prefix`, by name; those of one role, if one is named.
    pub async fn instance_profiles(
        &self,
        account: &AccountId,
        path_prefix: &str,
        role: Option<String>,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<InstanceProfile>, IamError> {
        let (account, path_prefix) = (account.clone(), path_prefix.to_owned());
        let mut profiles: Vec<InstanceProfile> =
            self.store.read(move |tx| tables::PROFILES.all(tx, &account)).await?;
        profiles.retain(|it| it.path.starts_with(&path_prefix) && (role.is_none() || it.role == role));
        Ok(page(profiles, |profile| &profile.name, marker.as_deref(), max))
    }

    /// Deletes a profile without a role.
    pub async fn delete_instance_profile(&self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let (account, name) = (account.clone(), name.to_owned());
        self.write(move |tx| {
            let profile = existing(tx, &account, &name)?;
            match profile.role {
                Some(_) => Err(IamError::Conflict("must remove roles from instance profile first")),
                None => Ok(tables::PROFILES.delete(tx, &account, &profile.name)?),
            }
        })
        .await
    }

    /// Gives a profile its role.
    pub async fn add_role_to_profile(
        &self,
        account: &AccountId,
        name: &str,
        role: &str,
    ) -> Result<(), IamError> {
        let (account, name, role) = (account.clone(), name.to_owned(), role.to_owned());
        self.write(move |tx| {
            let mut profile = existing(tx, &account, &name)?;
            let role = super::existing_role(tx, &account, &role)?;
            if profile.role.is_some() {
                return Err(IamError::TooMany("InstanceSessionsPerInstanceProfile", 1));
            }
            profile.role = Some(role.name);
            Ok(tables::PROFILES.put(tx, &account, &profile.name, &profile)?)
        })
        .await
    }

    /// Takes its role from a profile.
    pub async fn remove_role_from_profile(
        &self,
        account: &AccountId,
        name: &str,
        role: &str,
    ) -> Result<(), IamError> {
        let (account, name, role) = (account.clone(), name.to_owned(), role.to_owned());
        self.write(move |tx| {
            let mut profile = existing(tx, &account, &name)?;
            match profile.role.take() {
                Some(own) if own.eq_ignore_ascii_case(&role) => {
                    Ok(tables::PROFILES.put(tx, &account, &profile.name, &profile)?)
                }
                Some(_) | None => Err(IamError::NoRole(role.clone())),
            }
        })
        .await
    }
}

fn existing(tx: &Tx<'_>, account: &AccountId, name: &str) -> Result<InstanceProfile, IamError> {
    tables::PROFILES.one(tx, account, name)?.ok_or_else(|| IamError::NoProfile(name.to_owned()))
}

/// Whether a role is in a profile.
pub(super) fn has_role(tx: &Tx<'_>, account: &AccountId, role: &str) -> Result<bool, IamError> {
    let profiles: Vec<InstanceProfile> = tables::PROFILES.all(tx, account)?;
    Ok(profiles.iter().any(|profile| profile.role.as_deref() == Some(role)))
}
