//! Managed policies and their versions.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::holders::listed;
use super::max_items;
use super::roles::encoded;
use super::tags::Tag;
use crate::id::Arn;
use crate::identity::iam::{
    self, Holder, IamError, NewPolicy, Policy, PolicyScope, PolicyVersion, Usage, page,
};
use crate::wire::{ApiError, Call};

/// A policy's ARN. IAM has only one partition here, but its resources may be named in that of any region.
pub(super) fn of_any_partition<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(match Arn::parse(&text) {
        Ok(arn) if arn.service == "iam" => Arn { partition: "aws".into(), ..arn }.to_string(),
        Ok(_) | Err(_) => text,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatePolicy {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn shown(policy: &Policy, usage: Usage) -> Value {
    described(policy, usage, None)
}

/// The same with the description, which only GetPolicy shows.
fn described(policy: &Policy, usage: Usage, description: Option<&str>) -> Value {
    let mut shown = json!({
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default_version),
        "AttachmentCount": usage.attached,
        "PermissionsBoundaryUsageCount": usage.boundaries,
        "IsAttachable": true,
    });
    if let Some(description) = description {
        shown["Description"] = description.into();
    }
    shown["CreateDate"] = policy.create_date.to_iso8601().into();
    shown["UpdateDate"] = policy.update_date.to_iso8601().into();
    if !policy.tags.is_empty() {
        shown["Tags"] = policy.tags.iter().map(|tag| json!({"Key": tag.key, "Value": tag.value})).collect();
    }
    shown
}

/// The policy as lists have it.
fn without_tags(mut policy: Policy) -> Policy {
    policy.tags.clear();
    policy
}

pub(super) fn shown_version(policy: &Policy, version: &PolicyVersion, with_document: bool) -> Value {
    let mut shown = json!({
        "VersionId": format!("v{}", version.number),
        "IsDefaultVersion": version.number == policy.default_version,
        "CreateDate": version.create_date.to_iso8601(),
    });
    if with_document {
        // What isn't known of a policy of AWS allows nothing.
        let document = Some(version.document.as_str()).filter(|document| !document.is_empty());
        shown["Document"] = encoded(document.unwrap_or(r#"{"Version":"2012-10-17","Statement":[]}"#)).into();
    }
    shown
}

pub(super) async fn create_policy(call: &Call, input: CreatePolicy) -> Result<Value, ApiError> {
    let new = NewPolicy {
        name: input.policy_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        document: input.policy_document,
        description: input.description,
        tags: input.tags.into_iter().map(Into::into).collect(),
    };
    // CreatePolicy doesn't return the description; GetPolicy does.
    let policy = call.iam().create_policy(&call.caller.account, new).await?;
    Ok(json!({ "Policy": shown(&policy, Usage::default()) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyArn {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
}

pub(super) async fn get_policy(call: &Call, input: PolicyArn) -> Result<Value, ApiError> {
    let (policy, usage) = call.iam().policy(&call.caller.account, &input.policy_arn).await?;
    Ok(json!({ "Policy": described(&policy, usage, policy.description.as_deref()) }))
}

pub(super) async fn delete_policy(call: &Call, input: PolicyArn) -> Result<(), ApiError> {
    Ok(call.iam().delete_policy(&call.caller.account, &input.policy_arn).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPolicies {
    scope: Option<String>,
    #[serde(default)]
    only_attached: bool,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn list_policies(call: &Call, input: ListPolicies) -> Result<Value, ApiError> {
    let scope = match input.scope.as_deref() {
        Some("AWS") => PolicyScope::Aws,
        Some("Local") => PolicyScope::Local,
        Some(_) | None => PolicyScope::All,
    };
    let (prefix, max) = (input.path_prefix.as_deref().unwrap_or("/"), max_items(input.max_items));
    let iam = call.iam();
    let page =
        iam.policies(&call.caller.account, scope, prefix, input.only_attached, input.marker, max).await?;
    // ListPolicies omits tags.
    let shown = page.items.into_iter().map(|(policy, usage)| shown(&without_tags(policy), usage));
    Ok(listed("Policies", shown.collect(), page.marker))
}

// === versions ===

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateVersion {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
    policy_document: String,
    #[serde(default)]
    set_as_default: bool,
}

pub(super) async fn create_policy_version(call: &Call, input: CreateVersion) -> Result<Value, ApiError> {
    let CreateVersion { policy_arn, policy_document, set_as_default } = input;
    let iam = call.iam();
    let version =
        iam.create_policy_version(&call.caller.account, &policy_arn, policy_document, set_as_default).await?;
    Ok(json!({"PolicyVersion": {
        "VersionId": format!("v{}", version.number),
        "IsDefaultVersion": set_as_default,
        "CreateDate": version.create_date.to_iso8601(),
    }}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneVersion {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
    version_id: String,
}

impl OneVersion {
    /// `v3` is the third; what is no number is no version.
    fn number(&self) -> Result<u32, ApiError> {
        let number = self.version_id.strip_prefix('v').and_then(|number| number.parse().ok());
        number.ok_or_else(|| IamError::NoVersion(self.policy_arn.clone(), self.version_id.clone()).into())
    }
}

pub(super) async fn get_policy_version(call: &Call, input: OneVersion) -> Result<Value, ApiError> {
    let (policy, _) = call.iam().policy(&call.caller.account, &input.policy_arn).await?;
    let version = policy.version(input.number()?)?;
    Ok(json!({ "PolicyVersion": shown_version(&policy, version, true) }))
}

pub(super) async fn delete_policy_version(call: &Call, input: OneVersion) -> Result<(), ApiError> {
    let number = input.number()?;
    Ok(call.iam().delete_policy_version(&call.caller.account, &input.policy_arn, number).await?)
}

pub(super) async fn set_default_policy_version(call: &Call, input: OneVersion) -> Result<(), ApiError> {
    let number = input.number()?;
    Ok(call.iam().set_default_policy_version(&call.caller.account, &input.policy_arn, number).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOfPolicy {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
    entity_filter: Option<String>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

pub(super) async fn list_policy_versions(call: &Call, input: ListOfPolicy) -> Result<Value, ApiError> {
    let (policy, _) = call.iam().policy(&call.caller.account, &input.policy_arn).await?;
    // The newest first; markers are numbers that grow with the age.
    let keyed: Vec<(String, &PolicyVersion)> =
        policy.versions.iter().rev().enumerate().map(|(n, version)| (format!("{n:08}"), version)).collect();
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), max_items(input.max_items));
    let shown = page.items.into_iter().map(|(_, version)| shown_version(&policy, version, false));
    Ok(listed("Versions", shown.collect(), page.marker))
}

/// Who has a policy: attached, as boundary, or either.
pub(super) async fn list_entities_for_policy(call: &Call, input: ListOfPolicy) -> Result<Value, ApiError> {
    let account = &call.caller.account;
    call.iam().policy(account, &input.policy_arn).await?;
    let arn = &input.policy_arn;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let (attached, boundary) = match input.policy_usage_filter.as_deref() {
        Some("PermissionsPolicy") => (true, false),
        Some("PermissionsBoundary") => (false, true),
        Some(_) | None => (true, true),
    };
    let has = |own: &[String], bound: Option<&String>, path: &str| {
        let is_used = (attached && own.contains(arn)) || (boundary && bound == Some(arn));
        is_used && path.starts_with(prefix)
    };
    let entities = call.iam().entities(account).await?;
    let roles =
        entities.roles.iter().filter(|it| has(&it.attached, it.permissions_boundary.as_ref(), &it.path));
    let users =
        entities.users.iter().filter(|it| has(&it.attached, it.permissions_boundary.as_ref(), &it.path));
    let groups = entities.groups.iter().filter(|it| has(&it.attached, None, &it.path));
    let all = groups
        .map(|it| (Holder::Group, &it.name, &it.group_id))
        .chain(roles.map(|it| (Holder::Role, &it.name, &it.role_id)))
        .chain(users.map(|it| (Holder::User, &it.name, &it.user_id)));
    let is_wanted = |kind: Holder| match input.entity_filter.as_deref() {
        Some("User") => kind == Holder::User,
        Some("Role") => kind == Holder::Role,
        Some("Group") => kind == Holder::Group,
        Some(_) | None => true,
    };
    let found: Vec<_> = all.filter(|(kind, ..)| is_wanted(*kind)).collect();
    let keyed: Vec<_> = found.iter().enumerate().map(|(n, it)| (format!("{n:08}"), *it)).collect();
    let page = page(keyed, |(key, _)| key, input.marker.as_deref(), max_items(input.max_items));
    let of = |wanted: Holder, name: &str, id: &str| -> Vec<Value> {
        let own = page.items.iter().filter(|(_, (kind, ..))| *kind == wanted);
        own.map(|(_, (_, own_name, own_id))| json!({name: own_name, id: own_id})).collect()
    };
    let mut output = listed("PolicyGroups", of(Holder::Group, "GroupName", "GroupId"), page.marker.clone());
    output["PolicyUsers"] = of(Holder::User, "UserName", "UserId").into();
    output["PolicyRoles"] = of(Holder::Role, "RoleName", "RoleId").into();
    Ok(output)
}

// === tags ===

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AddTags {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
    tags: Vec<Tag>,
}

pub(super) async fn tag_policy(call: &Call, input: AddTags) -> Result<(), ApiError> {
    let tags = input.tags.into_iter().map(Into::into).collect();
    Ok(call.iam().tag_policy(&call.caller.account, &input.policy_arn, tags).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTags {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn untag_policy(call: &Call, input: RemoveTags) -> Result<(), ApiError> {
    Ok(call.iam().untag_policy(&call.caller.account, &input.policy_arn, input.tag_keys).await?)
}

pub(super) async fn list_policy_tags(call: &Call, input: ListOfPolicy) -> Result<Value, ApiError> {
    let (mut policy, _) = call.iam().policy(&call.caller.account, &input.policy_arn).await?;
    policy.tags.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let page = page(policy.tags, |tag| &tag.key, input.marker.as_deref(), max_items(input.max_items));
    let shown = |tag: iam::Tag| json!({"Key": tag.key, "Value": tag.value});
    Ok(listed("Tags", page.items.into_iter().map(shown).collect(), page.marker))
}
