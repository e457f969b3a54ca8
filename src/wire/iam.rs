//! AWS Identity and Access Management: the table of its operations.
//!
//! Policies are checked when they are stored; `permission` evaluates them for whoever has them.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>

mod account;
mod holders;
mod policies;
mod profiles;
mod roles;
mod shapes;
mod simulation;
mod tags;
mod users;

use serde_json::{Value, json};

use self::shapes::{OF_GROUP, OF_ROLE, OF_USER};
use super::{
    ApiError, Call, Code, Handler, Operation, Permission, Protocol, Registration, Route, Service, Special,
    Structure, handler,
};
use crate::id::AccountRegion;
use crate::identity::iam::{Iam, IamError};

/// AWS Identity and Access Management, 2010-05-08.
pub static SERVICE: Service = Service {
    name: "iam",
    protocol: Protocol::Query { xmlns: "https://iam.amazonaws.com/doc/2010-05-08/" },
    body_bytes_max: 1_048_576, // Policies have at most some 100 kB.
    operations: OPERATIONS,
    permissions,
    special: Special { tags_of, ..Special::NONE },
};

/// Roles, users and managed policies have tags that policies ask for.
fn tags_of(arn: &str) -> Option<(&'static str, Value)> {
    let (kind, path) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
    let name = path.rsplit('/').next()?;
    match kind {
        "role" => Some(("ListRoleTags", json!({ "RoleName": name }))),
        "user" => Some(("ListUserTags", json!({ "UserName": name }))),
        "policy" => Some(("ListPolicyTags", json!({ "PolicyArn": arn }))),
        _ => None,
    }
}

/// The service on `iam`.
pub fn service(iam: Iam) -> Registration {
    SERVICE.on(iam)
}

impl Call {
    fn iam(&self) -> &Iam {
        self.state()
    }
}

/// What a call is about. Paths are not looked up: who names a path in a policy means names without one, too.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let of = |kind: &str, name: &str| format!("arn:aws:iam::{}:{kind}/{name}", home.account);
    let profile = text("InstanceProfileName").map(|name| of("instance-profile", name));
    let role = text("RoleName").map(|name| of("role", name));
    let group = text("GroupName").map(|name| of("group", name));
    let user = text("UserName").map(|name| of("user", name));
    let own = match operation.name {
        "SimulatePrincipalPolicy" | "GetContextKeysForPrincipalPolicy" => {
            text("PolicySourceArn").map(str::to_owned)
        }
        "CreatePolicy" => text("PolicyName").map(|name| of("policy", name)),
        _ => profile.or(role).or(group).or(user).or_else(|| text("PolicyArn").map(str::to_owned)),
    };
    let mut permission = Permission::to(operation, own);
    if let Some(arn) = text("PolicyArn") {
        permission = permission.with("iam:policyarn", arn);
    }
    if let Some(arn) = text("PermissionsBoundary") {
        permission = permission.with("iam:permissionsboundary", arn);
    }
    vec![permission]
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Action, input, handler }
}

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row("CreateRole", &shapes::CREATE_ROLE, handler!(roles::create_role)),
    row("GetRole", &OF_ROLE.name, handler!(roles::get_role)),
    row("DeleteRole", &OF_ROLE.name, handler!(roles::delete_role)),
    row("ListRoles", &shapes::LISTING, handler!(roles::list_roles)),
    row("UpdateRole", &shapes::UPDATE_ROLE, handler!(roles::update_role)),
    row("UpdateRoleDescription", &shapes::UPDATE_ROLE_DESCRIPTION, handler!(roles::update_role_description)),
    row(
        "UpdateAssumeRolePolicy",
        &shapes::UPDATE_ASSUME_ROLE_POLICY,
        handler!(roles::update_assume_role_policy),
    ),
    row("PutRolePolicy", &OF_ROLE.put_policy, handler!(holders::put_policy)),
    row("GetRolePolicy", &OF_ROLE.policy, handler!(holders::get_policy)),
    row("DeleteRolePolicy", &OF_ROLE.policy, handler!(holders::delete_policy)),
    row("ListRolePolicies", &OF_ROLE.list, handler!(holders::list_policies)),
    row("AttachRolePolicy", &OF_ROLE.attachment, handler!(holders::attach_policy)),
    row("DetachRolePolicy", &OF_ROLE.attachment, handler!(holders::detach_policy)),
    row("ListAttachedRolePolicies", &OF_ROLE.list_paths, handler!(holders::list_attached_policies)),
    row("PutRolePermissionsBoundary", &OF_ROLE.boundary, handler!(holders::put_boundary)),
    row("DeleteRolePermissionsBoundary", &OF_ROLE.name, handler!(holders::delete_boundary)),
    row("TagRole", &OF_ROLE.tag, handler!(holders::tag)),
    row("UntagRole", &OF_ROLE.untag, handler!(holders::untag)),
    row("ListRoleTags", &OF_ROLE.list, handler!(holders::list_tags)),
    row("CreateUser", &shapes::CREATE_USER, handler!(users::create_user)),
    row("GetUser", &shapes::MAYBE_USER, handler!(users::get_user)),
    row("ListUsers", &shapes::LISTING, handler!(users::list_users)),
    row("UpdateUser", &shapes::UPDATE_USER, handler!(users::update_user)),
    row("DeleteUser", &OF_USER.name, handler!(users::delete_user)),
    row("PutUserPolicy", &OF_USER.put_policy, handler!(holders::put_policy)),
    row("GetUserPolicy", &OF_USER.policy, handler!(holders::get_policy)),
    row("DeleteUserPolicy", &OF_USER.policy, handler!(holders::delete_policy)),
    row("ListUserPolicies", &OF_USER.list, handler!(holders::list_policies)),
    row("AttachUserPolicy", &OF_USER.attachment, handler!(holders::attach_policy)),
    row("DetachUserPolicy", &OF_USER.attachment, handler!(holders::detach_policy)),
    row("ListAttachedUserPolicies", &OF_USER.list_paths, handler!(holders::list_attached_policies)),
    row("PutUserPermissionsBoundary", &OF_USER.boundary, handler!(holders::put_boundary)),
    row("DeleteUserPermissionsBoundary", &OF_USER.name, handler!(holders::delete_boundary)),
    row("TagUser", &OF_USER.tag, handler!(holders::tag)),
    row("UntagUser", &OF_USER.untag, handler!(holders::untag)),
    row("ListUserTags", &OF_USER.list, handler!(holders::list_tags)),
    row("ListGroupsForUser", &OF_USER.list, handler!(users::list_groups_for_user)),
    row("CreateAccessKey", &shapes::MAYBE_USER, handler!(users::create_access_key)),
    row("ListAccessKeys", &shapes::LIST_KEYS, handler!(users::list_access_keys)),
    row("UpdateAccessKey", &shapes::UPDATE_KEY, handler!(users::update_access_key)),
    row("DeleteAccessKey", &shapes::ONE_KEY, handler!(users::delete_access_key)),
    row("GetAccessKeyLastUsed", &shapes::KEY_LAST_USED, handler!(users::get_access_key_last_used)),
    row("CreateGroup", &shapes::CREATE_GROUP, handler!(users::create_group)),
    row("GetGroup", &OF_GROUP.list, handler!(users::get_group)),
    row("ListGroups", &shapes::LISTING, handler!(users::list_groups)),
    row("UpdateGroup", &shapes::UPDATE_GROUP, handler!(users::update_group)),
    row("DeleteGroup", &OF_GROUP.name, handler!(users::delete_group)),
    row("AddUserToGroup", &shapes::MEMBERSHIP, handler!(users::add_user_to_group)),
    row("RemoveUserFromGroup", &shapes::MEMBERSHIP, handler!(users::remove_user_from_group)),
    row("PutGroupPolicy", &OF_GROUP.put_policy, handler!(holders::put_policy)),
    row("GetGroupPolicy", &OF_GROUP.policy, handler!(holders::get_policy)),
    row("DeleteGroupPolicy", &OF_GROUP.policy, handler!(holders::delete_policy)),
    row("ListGroupPolicies", &OF_GROUP.list, handler!(holders::list_policies)),
    row("AttachGroupPolicy", &OF_GROUP.attachment, handler!(holders::attach_policy)),
    row("DetachGroupPolicy", &OF_GROUP.attachment, handler!(holders::detach_policy)),
    row("ListAttachedGroupPolicies", &OF_GROUP.list_paths, handler!(holders::list_attached_policies)),
    row("CreatePolicy", &shapes::CREATE_POLICY, handler!(policies::create_policy)),
    row("GetPolicy", &shapes::POLICY_ARN, handler!(policies::get_policy)),
    row("ListPolicies", &shapes::LIST_POLICIES, handler!(policies::list_policies)),
    row("DeletePolicy", &shapes::POLICY_ARN, handler!(policies::delete_policy)),
    row("CreatePolicyVersion", &shapes::CREATE_VERSION, handler!(policies::create_policy_version)),
    row("GetPolicyVersion", &shapes::ONE_VERSION, handler!(policies::get_policy_version)),
    row("ListPolicyVersions", &shapes::LIST_OF_POLICY, handler!(policies::list_policy_versions)),
    row("DeletePolicyVersion", &shapes::ONE_VERSION, handler!(policies::delete_policy_version)),
    row("SetDefaultPolicyVersion", &shapes::ONE_VERSION, handler!(policies::set_default_policy_version)),
    row("ListEntitiesForPolicy", &shapes::LIST_ENTITIES, handler!(policies::list_entities_for_policy)),
    row("TagPolicy", &shapes::TAG_POLICY, handler!(policies::tag_policy)),
    row("UntagPolicy", &shapes::UNTAG_POLICY, handler!(policies::untag_policy)),
    row("ListPolicyTags", &shapes::LIST_OF_POLICY, handler!(policies::list_policy_tags)),
    row("CreateInstanceProfile", &shapes::CREATE_PROFILE, handler!(profiles::create)),
    row("GetInstanceProfile", &shapes::ONE_PROFILE, handler!(profiles::get)),
    row("DeleteInstanceProfile", &shapes::ONE_PROFILE, handler!(profiles::delete)),
    row("ListInstanceProfiles", &shapes::LISTING, handler!(profiles::list)),
    row("ListInstanceProfilesForRole", &OF_ROLE.list, handler!(profiles::list)),
    row("AddRoleToInstanceProfile", &shapes::ROLE_IN_PROFILE, handler!(profiles::add_role)),
    row("RemoveRoleFromInstanceProfile", &shapes::ROLE_IN_PROFILE, handler!(profiles::remove_role)),
    row(
        "GetAccountAuthorizationDetails",
        &shapes::DETAILS,
        handler!(account::get_account_authorization_details),
    ),
    row("SimulatePrincipalPolicy", &shapes::SIMULATE_PRINCIPAL, handler!(simulation::simulate)),
    row("SimulateCustomPolicy", &shapes::SIMULATE_CUSTOM, handler!(simulation::simulate)),
    row("GetContextKeysForPrincipalPolicy", &shapes::KEYS_OF_PRINCIPAL, handler!(simulation::context_keys)),
    row("GetContextKeysForCustomPolicy", &shapes::KEYS_OF_CUSTOM, handler!(simulation::context_keys)),
];

/// The default number of items in a list.
const MAX_ITEMS: usize = 100;

fn max_items(asked: Option<usize>) -> usize {
    asked.unwrap_or(MAX_ITEMS)
}

impl From<IamError> for ApiError {
    fn from(error: IamError) -> Self {
        let code = match &error {
            IamError::NoRole(_)
            | IamError::NoUser(_)
            | IamError::NoGroup(_)
            | IamError::NoProfile(_)
            | IamError::NoAccessKey(_)
            | IamError::NoInlinePolicy(..)
            | IamError::NoBoundary(..)
            | IamError::NoVersion(..)
            | IamError::NoPolicy(_)
            | IamError::NotAttachable(_) => Code::NoSuchEntity,
            IamError::RoleExists(_)
            | IamError::UserExists(_)
            | IamError::GroupExists(_)
            | IamError::ProfileExists(_)
            | IamError::PolicyExists(_) => Code::EntityAlreadyExists,
            IamError::Conflict(_)
            | IamError::PolicyHasVersions
            | IamError::DefaultVersion
            | IamError::PolicyAttached => Code::DeleteConflict,
            IamError::NotYourPolicy(_) => Code::AccessDenied,
            IamError::InvalidJson | IamError::Syntax | IamError::Malformed(_) => {
                Code::MalformedPolicyDocument
            }
            IamError::TooMany(..)
            | IamError::TooManyAttached(..)
            | IamError::InlineTooLarge(..)
            | IamError::TooManyVersions(_)
            | IamError::TooManyTags(_) => Code::IamLimitExceeded,
            IamError::DuplicateTags => Code::InvalidInput,
            IamError::Store(_) => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}
