//! AWS Identity and Access Management: the table of its operations.
//!
//! Roles and policies are stored and checked for JSON syntax; `permission` evaluates them for sessions.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>

mod policies;
mod roles;
mod shapes;
mod tags;

use serde_json::Value;

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
    permission,
    special: Special::NONE,
};

/// The service on `iam`.
pub fn service(iam: Iam) -> Registration {
    SERVICE.on(iam)
}

impl Call {
    fn iam(&self) -> &Iam {
        self.state()
    }
}

/// The path of a role is not looked up.
#[allow(clippy::unnecessary_wraps, reason = "other services have none")]
fn permission(operation: &Operation, input: &Value, home: &AccountRegion) -> Option<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let role = text("RoleName").map(|name| format!("arn:aws:iam::{}:role/{name}", home.account));
    Some(Permission::to(operation, role.or_else(|| text("PolicyArn").map(str::to_owned))))
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Action, input, handler }
}

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row("CreateRole", &shapes::CREATE_ROLE, handler!(roles::create_role)),
    row("GetRole", &shapes::ROLE_NAME, handler!(roles::get_role)),
    row("DeleteRole", &shapes::ROLE_NAME, handler!(roles::delete_role)),
    row("ListRoles", &shapes::LIST_ROLES, handler!(roles::list_roles)),
    row(
        "UpdateAssumeRolePolicy",
        &shapes::UPDATE_ASSUME_ROLE_POLICY,
        handler!(roles::update_assume_role_policy),
    ),
    row(
        "ListInstanceProfilesForRole",
        &shapes::LIST_OF_ROLE,
        handler!(roles::list_instance_profiles_for_role),
    ),
    row("PutRolePolicy", &shapes::PUT_ROLE_POLICY, handler!(policies::put_role_policy)),
    row("GetRolePolicy", &shapes::ROLE_POLICY, handler!(policies::get_role_policy)),
    row("DeleteRolePolicy", &shapes::ROLE_POLICY, handler!(policies::delete_role_policy)),
    row("ListRolePolicies", &shapes::LIST_OF_ROLE, handler!(policies::list_role_policies)),
    row("AttachRolePolicy", &shapes::ATTACHMENT, handler!(policies::attach_role_policy)),
    row("DetachRolePolicy", &shapes::ATTACHMENT, handler!(policies::detach_role_policy)),
    row("ListAttachedRolePolicies", &shapes::LIST_OF_ROLE, handler!(policies::list_attached_role_policies)),
    row("CreatePolicy", &shapes::CREATE_POLICY, handler!(policies::create_policy)),
    row("GetPolicy", &shapes::POLICY_ARN, handler!(policies::get_policy)),
    row("DeletePolicy", &shapes::POLICY_ARN, handler!(policies::delete_policy)),
    row("TagRole", &shapes::TAG_ROLE, handler!(tags::tag_role)),
    row("UntagRole", &shapes::UNTAG_ROLE, handler!(tags::untag_role)),
    row("ListRoleTags", &shapes::LIST_OF_ROLE, handler!(tags::list_role_tags)),
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
            | IamError::NoRolePolicy(_)
            | IamError::NoPolicy(_)
            | IamError::NotAttachable(_) => Code::NoSuchEntity,
            IamError::RoleExists(_) | IamError::PolicyExists(_) => Code::EntityAlreadyExists,
            IamError::RoleHasAttachedPolicies | IamError::RoleHasPolicies | IamError::PolicyAttached => {
                Code::DeleteConflict
            }
            IamError::NotYourPolicy(_) => Code::AccessDenied,
            IamError::InvalidJson | IamError::Syntax => Code::MalformedPolicyDocument,
            IamError::TooManyRoles(_) | IamError::TooManyAttached(_) | IamError::TooManyTags(_) => {
                Code::IamLimitExceeded
            }
            IamError::DuplicateTags => Code::InvalidInput,
            IamError::Store(_) => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}
