//! Instance profiles.

use serde::Deserialize;
use serde_json::{Value, json};

use super::holders::listed;
use super::max_items;
use super::roles::Role;
use crate::identity::iam::InstanceProfile;
use crate::wire::{ApiError, Call, Code};

async fn shown(call: &Call, profile: &InstanceProfile) -> Result<Value, ApiError> {
    let mut roles = Vec::new();
    if let Some(role) = &profile.role {
        let role: Role = call.iam().role(&call.caller.account, role).await?.into();
        roles.push(serde_json::to_value(role).map_err(|_| ApiError::bare(Code::InternalFailure))?);
    }
    Ok(json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date.to_iso8601(),
        "Roles": roles,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    instance_profile_name: String,
    path: Option<String>,
    role_name: Option<String>,
}

pub(super) async fn create(call: &Call, input: One) -> Result<Value, ApiError> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let iam = call.iam();
    let profile =
        iam.create_instance_profile(&call.caller.account, input.instance_profile_name, path).await?;
    Ok(json!({ "InstanceProfile": shown(call, &profile).await? }))
}

pub(super) async fn get(call: &Call, input: One) -> Result<Value, ApiError> {
    let profile = call.iam().instance_profile(&call.caller.account, &input.instance_profile_name).await?;
    Ok(json!({ "InstanceProfile": shown(call, &profile).await? }))
}

pub(super) async fn delete(call: &Call, input: One) -> Result<(), ApiError> {
    Ok(call.iam().delete_instance_profile(&call.caller.account, &input.instance_profile_name).await?)
}

pub(super) async fn add_role(call: &Call, input: One) -> Result<(), ApiError> {
    let (name, role) = (input.instance_profile_name, input.role_name.unwrap_or_default());
    Ok(call.iam().add_role_to_profile(&call.caller.account, &name, &role).await?)
}

pub(super) async fn remove_role(call: &Call, input: One) -> Result<(), ApiError> {
    let (name, role) = (input.instance_profile_name, input.role_name.unwrap_or_default());
    Ok(call.iam().remove_role_from_profile(&call.caller.account, &name, &role).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    role_name: Option<String>,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

/// Of the account, or of one role.
pub(super) async fn list(call: &Call, input: List) -> Result<Value, ApiError> {
    let account = &call.caller.account;
    let role = match input.role_name {
        Some(role) => Some(call.iam().role(account, &role).await?.name),
        None => None,
    };
    let (prefix, max) = (input.path_prefix.as_deref().unwrap_or("/"), max_items(input.max_items));
    let page = call.iam().instance_profiles(account, prefix, role, input.marker, max).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for profile in &page.items {
        items.push(shown(call, profile).await?);
    }
    Ok(listed("InstanceProfiles", items, page.marker))
}
