//! Roles.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::max_items;
use super::tags::Tag;
use crate::identity::iam::{self, NewRole};
use crate::wire::{ApiError, Call};

/// The shortest and default maximum session duration, in seconds.
const MAX_SESSION_DURATION: i32 = 3600;
/// The characters of policy documents that URL encoding leaves unchanged.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A policy document as IAM returns it: URL-encoded.
pub(super) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, UNRESERVED).to_string()
}

/// A permissions boundary as IAM shows it.
pub(super) fn shown_boundary(arn: &str) -> serde_json::Value {
    serde_json::json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn})
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRole {
    path: Option<String>,
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<i32>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Role {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<i32>,
    permissions_boundary: Option<PermissionsBoundary>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PermissionsBoundary {
    permissions_boundary_type: &'static str,
    permissions_boundary_arn: String,
}

impl From<iam::Role> for Role {
    fn from(role: iam::Role) -> Self {
        let boundary =
            |arn| PermissionsBoundary { permissions_boundary_type: "Policy", permissions_boundary_arn: arn };
        Self {
            path: role.path,
            role_name: role.name,
            role_id: role.role_id,
            arn: role.arn,
            create_date: role.create_date.to_iso8601(),
            assume_role_policy_document: encoded(&role.assume_role_policy_document),
            description: role.description,
            max_session_duration: Some(role.max_session_duration),
            permissions_boundary: role.permissions_boundary.map(boundary),
            tags: role.tags.into_iter().map(Into::into).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OneRole {
    role: Role,
}

pub(super) async fn create_role(call: &Call, input: CreateRole) -> Result<OneRole, ApiError> {
    let new = NewRole {
        name: input.role_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        assume_role_policy_document: input.assume_role_policy_document,
        description: input.description,
        max_session_duration: input.max_session_duration.unwrap_or(MAX_SESSION_DURATION),
        permissions_boundary: input.permissions_boundary,
        tags: input.tags.into_iter().map(Into::into).collect(),
        is_complete: call.caller.calling_service() == Some(iam::CLOUDFORMATION),
    };
    let mut role: Role = call.iam().create_role(&call.caller.account, new).await?.into();
    // CreateRole returns neither; GetRole does.
    (role.description, role.max_session_duration) = (None, None);
    Ok(OneRole { role })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleName {
    role_name: String,
}

pub(super) async fn get_role(call: &Call, input: RoleName) -> Result<OneRole, ApiError> {
    let role = call.iam().role(&call.caller.account, &input.role_name).await?;
    Ok(OneRole { role: role.into() })
}

pub(super) async fn delete_role(call: &Call, input: RoleName) -> Result<(), ApiError> {
    Ok(call.iam().delete_role(&call.caller.account, &input.role_name).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listing {
    path_prefix: Option<String>,
    pub(super) marker: Option<String>,
    pub(super) max_items: Option<usize>,
}

impl Listing {
    pub(super) fn prefix(&self) -> &str {
        self.path_prefix.as_deref().unwrap_or("/")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Roles {
    roles: Vec<Role>,
    is_truncated: bool,
    marker: Option<String>,
}

pub(super) async fn list_roles(call: &Call, input: Listing) -> Result<Roles, ApiError> {
    let max = max_items(input.max_items);
    let page = call.iam().roles(&call.caller.account, input.prefix(), input.marker.clone(), max).await?;
    let roles = page.items.into_iter().map(|role| {
        // ListRoles omits tags and permissions boundaries.
        Role { tags: Vec::new(), permissions_boundary: None, ..role.into() }
    });
    Ok(Roles { roles: roles.collect(), is_truncated: page.marker.is_some(), marker: page.marker })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateAssumeRolePolicy {
    role_name: String,
    policy_document: String,
}

pub(super) async fn update_assume_role_policy(
    call: &Call,
    input: UpdateAssumeRolePolicy,
) -> Result<(), ApiError> {
    let UpdateAssumeRolePolicy { role_name, policy_document } = input;
    let iam = call.iam();
    Ok(iam.update_assume_role_policy(&call.caller.account, &role_name, policy_document).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateRole {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<i32>,
}

pub(super) async fn update_role(call: &Call, input: UpdateRole) -> Result<serde_json::Value, ApiError> {
    let UpdateRole { role_name, description, max_session_duration } = input;
    let iam = call.iam();
    iam.update_role(&call.caller.account, &role_name, description, max_session_duration).await?;
    Ok(serde_json::json!({}))
}

/// The older operation, which shows the role.
pub(super) async fn update_role_description(call: &Call, input: UpdateRole) -> Result<OneRole, ApiError> {
    let UpdateRole { role_name, description, .. } = input;
    let role = call.iam().update_role(&call.caller.account, &role_name, description, None).await?;
    Ok(OneRole { role: role.into() })
}
