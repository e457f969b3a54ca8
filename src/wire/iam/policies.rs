//! Inline and managed policies.

use serde::{Deserialize, Deserializer, Serialize};

use super::max_items;
use super::roles::{ListOfRole, encoded};
use crate::id::Arn;
use crate::identity::iam::{self, IamError, NewPolicy, page};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRolePolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

pub(super) async fn put_role_policy(call: &Call, input: PutRolePolicy) -> Result<(), ApiError> {
    let PutRolePolicy { role_name, policy_name, policy_document } = input;
    let iam = call.iam();
    Ok(iam.put_role_policy(&call.caller.account, &role_name, policy_name, policy_document).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameOfRolePolicy {
    role_name: String,
    policy_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RolePolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

pub(super) async fn get_role_policy(call: &Call, input: NameOfRolePolicy) -> Result<RolePolicy, ApiError> {
    let role = call.iam().role(&call.caller.account, &input.role_name).await?;
    match role.inline.get(&input.policy_name) {
        Some(document) => Ok(RolePolicy {
            role_name: role.name,
            policy_document: encoded(document),
            policy_name: input.policy_name,
        }),
        None => Err(IamError::NoRolePolicy(input.policy_name).into()),
    }
}

pub(super) async fn delete_role_policy(call: &Call, input: NameOfRolePolicy) -> Result<(), ApiError> {
    let NameOfRolePolicy { role_name, policy_name } = input;
    Ok(call.iam().delete_role_policy(&call.caller.account, &role_name, policy_name).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyNames {
    policy_names: Vec<String>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_role_policies(call: &Call, input: ListOfRole) -> Result<PolicyNames, ApiError> {
    let role = call.iam().role(&call.caller.account, &input.role_name).await?;
    let names = role.inline.into_keys().collect();
    let page = page(names, |name| name, input.marker.as_deref(), max_items(input.max_items));
    Ok(PolicyNames { policy_names: page.items, is_truncated: page.marker.is_some(), marker: page.marker })
}

/// A policy's ARN. IAM has only one partition here, but its resources may be named in that of any region.
fn of_any_partition<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(match Arn::parse(&text) {
        Ok(arn) if arn.service == "iam" => Arn { partition: "aws".into(), ..arn }.to_string(),
        Ok(_) | Err(_) => text,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    role_name: String,
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
}

pub(super) async fn attach_role_policy(call: &Call, input: Attachment) -> Result<(), ApiError> {
    let Attachment { role_name, policy_arn } = input;
    Ok(call.iam().attach_role_policy(&call.caller.account, &role_name, policy_arn).await?)
}

pub(super) async fn detach_role_policy(call: &Call, input: Attachment) -> Result<(), ApiError> {
    let Attachment { role_name, policy_arn } = input;
    Ok(call.iam().detach_role_policy(&call.caller.account, &role_name, policy_arn).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttachedPolicies {
    attached_policies: Vec<AttachedPolicy>,
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttachedPolicy {
    policy_name: String,
    policy_arn: String,
}

pub(super) async fn list_attached_role_policies(
    call: &Call,
    input: ListOfRole,
) -> Result<AttachedPolicies, ApiError> {
    let mut role = call.iam().role(&call.caller.account, &input.role_name).await?;
    role.attached.sort_unstable();
    let page = page(role.attached, |arn| arn, input.marker.as_deref(), max_items(input.max_items));
    let attached = page.items.into_iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or(&arn);
        AttachedPolicy { policy_name: name.to_owned(), policy_arn: arn }
    });
    Ok(AttachedPolicies {
        attached_policies: attached.collect(),
        is_truncated: page.marker.is_some(),
        marker: page.marker,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreatePolicy {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnePolicy {
    policy: Policy,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: &'static str,
    attachment_count: usize,
    permissions_boundary_usage_count: usize,
    is_attachable: bool,
    description: Option<String>,
    create_date: String,
    update_date: String,
}

impl OnePolicy {
    fn new(policy: iam::Policy, attachment_count: usize) -> Self {
        let date = policy.create_date.to_iso8601();
        let policy = Policy {
            policy_name: policy.name,
            policy_id: policy.policy_id,
            arn: policy.arn,
            path: policy.path,
            // No operation here creates a second version.
            default_version_id: "v1",
            attachment_count,
            permissions_boundary_usage_count: 0,
            is_attachable: true,
            description: policy.description,
            create_date: date.clone(),
            update_date: date,
        };
        Self { policy }
    }
}

pub(super) async fn create_policy(call: &Call, input: CreatePolicy) -> Result<OnePolicy, ApiError> {
    let new = NewPolicy {
        name: input.policy_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        document: input.policy_document,
        description: input.description,
    };
    let mut made = OnePolicy::new(call.iam().create_policy(&call.caller.account, new).await?, 0);
    // CreatePolicy doesn't return it; GetPolicy does.
    made.policy.description = None;
    Ok(made)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyArn {
    #[serde(deserialize_with = "of_any_partition")]
    policy_arn: String,
}

pub(super) async fn get_policy(call: &Call, input: PolicyArn) -> Result<OnePolicy, ApiError> {
    let (policy, n_attached) = call.iam().policy(&call.caller.account, &input.policy_arn).await?;
    Ok(OnePolicy::new(policy, n_attached))
}

pub(super) async fn delete_policy(call: &Call, input: PolicyArn) -> Result<(), ApiError> {
    Ok(call.iam().delete_policy(&call.caller.account, &input.policy_arn).await?)
}
