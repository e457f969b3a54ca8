//! Policies and tags of roles, users and groups: one implementation for the three, told apart by the operation's name.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::max_items;
use super::policies::of_any_partition;
use super::roles::encoded;
use super::tags::Tag;
use crate::identity::iam::{Held, Holder, IamError, page};
use crate::wire::{ApiError, Call};

/// The kind that an operation is about.
fn kind(call: &Call) -> Holder {
    let name = call.operation.name;
    if name.contains("Role") {
        Holder::Role
    } else if name.contains("User") {
        Holder::User
    } else {
        Holder::Group
    }
}

/// The member that names one of a kind.
fn member(kind: Holder) -> &'static str {
    match kind {
        Holder::Role => "RoleName",
        Holder::User => "UserName",
        Holder::Group => "GroupName",
    }
}

async fn held(call: &Call, name: &str) -> Result<Held, ApiError> {
    Ok(call.iam().held(&call.caller.account, kind(call), name).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutPolicy {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
    policy_name: String,
    policy_document: String,
}

pub(super) async fn put_policy(call: &Call, input: PutPolicy) -> Result<(), ApiError> {
    let PutPolicy { name, policy_name, policy_document } = input;
    let iam = call.iam();
    Ok(iam.put_inline_policy(&call.caller.account, kind(call), &name, policy_name, policy_document).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameOfPolicy {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
    policy_name: String,
}

pub(super) async fn get_policy(call: &Call, input: NameOfPolicy) -> Result<Value, ApiError> {
    let held = held(call, &input.name).await?;
    match held.inline.get(&input.policy_name) {
        Some(document) => Ok(json!({
            member(kind(call)): input.name,
            "PolicyName": input.policy_name,
            "PolicyDocument": encoded(document),
        })),
        None => Err(IamError::NoInlinePolicy(kind(call), input.policy_name).into()),
    }
}

pub(super) async fn delete_policy(call: &Call, input: NameOfPolicy) -> Result<(), ApiError> {
    let NameOfPolicy { name, policy_name } = input;
    Ok(call.iam().delete_inline_policy(&call.caller.account, kind(call), &name, policy_name).await?)
}

/// The input of all lists of what one has.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOf {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn list_policies(call: &Call, input: ListOf) -> Result<Value, ApiError> {
    let held = held(call, &input.name).await?;
    let names = held.inline.into_keys().collect();
    let page = page(names, |name| name, input.marker.as_deref(), max_items(input.max_items));
    Ok(listed("PolicyNames", page.items, page.marker))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    #[serde(alias = "RoleName", alias = "UserName", alias = "GroupName")]
    name: String,
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
}

pub(super) async fn attach_policy(call: &Call, input: Attachment) -> Result<(), ApiError> {
    let Attachment { name, policy_arn } = input;
    Ok(call.iam().attach_policy(&call.caller.account, kind(call), &name, policy_arn).await?)
}

pub(super) async fn detach_policy(call: &Call, input: Attachment) -> Result<(), ApiError> {
    let Attachment { name, policy_arn } = input;
    Ok(call.iam().detach_policy(&call.caller.account, kind(call), &name, policy_arn).await?)
}

pub(super) async fn list_attached_policies(call: &Call, input: ListOf) -> Result<Value, ApiError> {
    let mut attached = held(call, &input.name).await?.attached;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    attached.retain(|arn| arn.split_once(":policy").is_some_and(|(_, path)| path.starts_with(&prefix)));
    attached.sort_unstable();
    let page = page(attached, |arn| arn, input.marker.as_deref(), max_items(input.max_items));
    let shown = |arn: String| json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn});
    Ok(listed("AttachedPolicies", page.items.into_iter().map(shown).collect(), page.marker))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutBoundary {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    #[serde(deserialize_with = "of_any_partition")]
    permissions_boundary: String,
}

pub(super) async fn put_boundary(call: &Call, input: PutBoundary) -> Result<(), ApiError> {
    let boundary = Some(input.permissions_boundary);
    Ok(call.iam().put_boundary(&call.caller.account, kind(call), &input.name, boundary).await?)
}

#[derive(Deserialize)]
pub(super) struct Name {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
}

pub(super) async fn delete_boundary(call: &Call, input: Name) -> Result<(), ApiError> {
    Ok(call.iam().put_boundary(&call.caller.account, kind(call), &input.name, None).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddTags {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    tags: Vec<Tag>,
}

pub(super) async fn tag(call: &Call, input: AddTags) -> Result<(), ApiError> {
    let tags = input.tags.into_iter().map(Into::into).collect();
    Ok(call.iam().tag(&call.caller.account, kind(call), &input.name, tags).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTags {
    #[serde(alias = "RoleName", alias = "UserName")]
    name: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag(call: &Call, input: RemoveTags) -> Result<(), ApiError> {
    Ok(call.iam().untag(&call.caller.account, kind(call), &input.name, input.tag_keys).await?)
}

pub(super) async fn list_tags(call: &Call, input: ListOf) -> Result<Value, ApiError> {
    let mut tags = held(call, &input.name).await?.tags;
    tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let page = page(tags, |tag| &tag.key, input.marker.as_deref(), max_items(input.max_items));
    let shown = |tag: crate::identity::iam::Tag| json!({"Key": tag.key, "Value": tag.value});
    Ok(listed("Tags", page.items.into_iter().map(shown).collect(), page.marker))
}

/// A page of a list, as all of IAM's lists are answered.
pub(super) fn listed<T: Into<Value>>(member: &str, items: Vec<T>, marker: Option<String>) -> Value {
    let mut output = Map::new();
    output.insert(member.to_owned(), items.into_iter().map(Into::into).collect());
    output.insert("IsTruncated".to_owned(), marker.is_some().into());
    if let Some(marker) = marker {
        output.insert("Marker".to_owned(), marker.into());
    }
    Value::Object(output)
}
