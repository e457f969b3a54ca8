//! Users, their access keys, and groups.

use serde::Deserialize;
use serde_json::{Value, json};

use super::holders::listed;
use super::max_items;
use super::roles::{Listing, shown_boundary};
use super::tags::Tag;
use crate::identity::Principal;
use crate::identity::iam::{self, AccessKey, NewUser, page};
use crate::wire::{ApiError, Call, Code};

pub(super) fn shown(user: &iam::User) -> Value {
    let mut shown = json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": user.arn,
        "CreateDate": user.create_date.to_iso8601(),
    });
    if let Some(boundary) = &user.permissions_boundary {
        shown["PermissionsBoundary"] = shown_boundary(boundary);
    }
    if !user.tags.is_empty() {
        shown["Tags"] = user.tags.iter().map(|tag| json!({"Key": tag.key, "Value": tag.value})).collect();
    }
    shown
}

pub(super) fn shown_group(group: &iam::Group) -> Value {
    json!({
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.group_id,
        "Arn": group.arn,
        "CreateDate": group.create_date.to_iso8601(),
    })
}

/// The user that a call is about: the caller, if none is named.
fn user_name(call: &Call, name: Option<String>) -> Result<String, ApiError> {
    match (name, &call.caller.principal) {
        (Some(name), _) => Ok(name),
        (None, Principal::User(user)) => Ok(user.name.to_string()),
        (None, _) => Err(ApiError::new(
            Code::Validation,
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateUser {
    path: Option<String>,
    user_name: String,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) async fn create_user(call: &Call, input: CreateUser) -> Result<Value, ApiError> {
    let new = NewUser {
        name: input.user_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        permissions_boundary: input.permissions_boundary,
        tags: input.tags.into_iter().map(Into::into).collect(),
    };
    let user = call.iam().create_user(&call.caller.account, new).await?;
    Ok(json!({ "User": shown(&user) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfUser {
    user_name: Option<String>,
}

/// Without a name it is about the caller; the account itself is shown, too.
pub(super) async fn get_user(call: &Call, input: OfUser) -> Result<Value, ApiError> {
    if input.user_name.is_none() && call.caller.principal == Principal::Account {
        let caller = &call.caller;
        let account = &*caller.account.to_string();
        let created = crate::clock::Timestamp::EPOCH.to_iso8601();
        return Ok(json!({"User": {"UserId": account, "Arn": &*caller.arn, "CreateDate": created}}));
    }
    let name = user_name(call, input.user_name)?;
    let user = call.iam().user(&call.caller.account, &name).await?;
    Ok(json!({ "User": shown(&user) }))
}

pub(super) async fn list_users(call: &Call, input: Listing) -> Result<Value, ApiError> {
    let max = max_items(input.max_items);
    let page = call.iam().users(&call.caller.account, input.prefix(), input.marker.clone(), max).await?;
    let shown = page.items.into_iter().map(|user| {
        // ListUsers omits tags and permissions boundaries.
        shown(&iam::User { tags: Vec::new(), permissions_boundary: None, ..user })
    });
    Ok(listed("Users", shown.collect(), page.marker))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    #[serde(alias = "UserName", alias = "GroupName")]
    name: String,
    new_path: Option<String>,
    #[serde(alias = "NewUserName", alias = "NewGroupName")]
    new_name: Option<String>,
}

pub(super) async fn update_user(call: &Call, input: Update) -> Result<(), ApiError> {
    let Update { name, new_path, new_name } = input;
    Ok(call.iam().update_user(&call.caller.account, &name, new_name, new_path).await?)
}

pub(super) async fn delete_user(call: &Call, input: OfUser) -> Result<(), ApiError> {
    let name = input.user_name.unwrap_or_default();
    Ok(call.iam().delete_user(&call.caller.account, &name).await?)
}

// === access keys ===

fn shown_key(key: &AccessKey) -> Value {
    json!({
        "UserName": key.user_name,
        "AccessKeyId": key.id,
        "Status": if key.is_active { "Active" } else { "Inactive" },
        "CreateDate": key.create_date.to_iso8601(),
    })
}

pub(super) async fn create_access_key(call: &Call, input: OfUser) -> Result<Value, ApiError> {
    let name = user_name(call, input.user_name)?;
    let (key, secret) = call.iam().create_access_key(&call.caller.account, &name).await?;
    let mut shown = shown_key(&key);
    shown["SecretAccessKey"] = secret.into();
    Ok(json!({ "AccessKey": shown }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListKeys {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn list_access_keys(call: &Call, input: ListKeys) -> Result<Value, ApiError> {
    let name = user_name(call, input.user_name)?;
    let keys = call.iam().access_keys(&call.caller.account, &name).await?;
    let page = page(keys, |key| &key.id, input.marker.as_deref(), max_items(input.max_items));
    Ok(listed("AccessKeyMetadata", page.items.iter().map(shown_key).collect(), page.marker))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneKey {
    user_name: Option<String>,
    access_key_id: String,
    status: Option<String>,
}

/// The user of a key: the one that is named, or whoever has it if the account itself asks.
async fn owner(call: &Call, key: &OneKey) -> Result<String, ApiError> {
    match user_name(call, key.user_name.clone()) {
        Ok(name) => Ok(name),
        Err(_) => Ok(call.iam().access_key(&call.caller.account, &key.access_key_id).await?.user_name),
    }
}

pub(super) async fn update_access_key(call: &Call, input: OneKey) -> Result<(), ApiError> {
    let user = owner(call, &input).await?;
    let is_active = input.status.as_deref() == Some("Active");
    Ok(call.iam().update_access_key(&call.caller.account, &user, &input.access_key_id, is_active).await?)
}

pub(super) async fn delete_access_key(call: &Call, input: OneKey) -> Result<(), ApiError> {
    let user = owner(call, &input).await?;
    Ok(call.iam().delete_access_key(&call.caller.account, &user, &input.access_key_id).await?)
}

/// When a key was used isn't kept; AWS answers so for one that wasn't.
pub(super) async fn get_access_key_last_used(call: &Call, input: OneKey) -> Result<Value, ApiError> {
    let key = call.iam().access_key(&call.caller.account, &input.access_key_id).await?;
    Ok(json!({"UserName": key.user_name, "AccessKeyLastUsed": {"Region": "N/A", "ServiceName": "N/A"}}))
}

// === groups ===

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateGroup {
    path: Option<String>,
    group_name: String,
}

pub(super) async fn create_group(call: &Call, input: CreateGroup) -> Result<Value, ApiError> {
    let path = input.path.unwrap_or_else(|| "/".to_owned());
    let group = call.iam().create_group(&call.caller.account, input.group_name, path).await?;
    Ok(json!({ "Group": shown_group(&group) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfGroup {
    group_name: String,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn get_group(call: &Call, input: OfGroup) -> Result<Value, ApiError> {
    let (group, users) = call.iam().group(&call.caller.account, &input.group_name).await?;
    let page = page(users, |user| &user.name, input.marker.as_deref(), max_items(input.max_items));
    let users = page
        .items
        .into_iter()
        .map(|user| shown(&iam::User { tags: Vec::new(), permissions_boundary: None, ..user }));
    let mut output = listed("Users", users.collect(), page.marker);
    output["Group"] = shown_group(&group);
    Ok(output)
}

pub(super) async fn list_groups(call: &Call, input: Listing) -> Result<Value, ApiError> {
    let max = max_items(input.max_items);
    let page = call.iam().groups(&call.caller.account, input.prefix(), input.marker.clone(), max).await?;
    Ok(listed("Groups", page.items.iter().map(shown_group).collect(), page.marker))
}

pub(super) async fn list_groups_for_user(call: &Call, input: ListKeys) -> Result<Value, ApiError> {
    let name = user_name(call, input.user_name)?;
    let groups = call.iam().groups_of(&call.caller.account, &name).await?;
    let page = page(groups, |group| &group.name, input.marker.as_deref(), max_items(input.max_items));
    Ok(listed("Groups", page.items.iter().map(shown_group).collect(), page.marker))
}

pub(super) async fn update_group(call: &Call, input: Update) -> Result<(), ApiError> {
    let Update { name, new_path, new_name } = input;
    Ok(call.iam().update_group(&call.caller.account, &name, new_name, new_path).await?)
}

pub(super) async fn delete_group(call: &Call, input: OfGroup) -> Result<(), ApiError> {
    Ok(call.iam().delete_group(&call.caller.account, &input.group_name).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Membership {
    group_name: String,
    user_name: String,
}

pub(super) async fn add_user_to_group(call: &Call, input: Membership) -> Result<(), ApiError> {
    Ok(call.iam().add_to_group(&call.caller.account, &input.group_name, &input.user_name).await?)
}

pub(super) async fn remove_user_from_group(call: &Call, input: Membership) -> Result<(), ApiError> {
    Ok(call.iam().remove_from_group(&call.caller.account, &input.group_name, &input.user_name).await?)
}
