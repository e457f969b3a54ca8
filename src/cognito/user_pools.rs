//! Amazon Cognito user pools: the table of their operations.
//!
//! See <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html>. A file a noun has the
//! handlers.

mod admin;
mod attributes;
mod challenges;
mod clients;
mod codes;
mod filter;
mod groups;
mod hashing;
mod own_account;
mod password;
mod pools;
mod published;
mod records;
mod shapes;
mod sign_in;
mod sign_up;
mod srp;
mod tables;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

pub use published::Published;
pub(crate) use records::RECORDS;

use serde_json::{Value, json};

use super::pooled;
use super::shared::Cognito;
use crate::id::AccountRegion;
use crate::wire::{
    Handler, JsonNames, Operation, Permission, Protocol, Registration, Route, Service, Special, Structure,
    handler,
};

/// Amazon Cognito user pools, 2016-04-18.
pub static SERVICE: Service = Service {
    name: "cognito-idp",
    protocol: Protocol::Json11(JsonNames {
        target_prefix: "AWSCognitoIdentityProviderService",
        error_namespace: "",
    }),
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special {
        tags_of: |arn| Some(("ListTagsForResource", json!({ "ResourceArn": arn }))),
        unsigned: UNSIGNED,
        cors: true,
        violation: super::error::INVALID_PARAMETER,
        ..Special::NONE
    },
};

/// The service on `cognito`.
pub fn service(cognito: Cognito) -> Registration {
    SERVICE.on(cognito)
}

/// What clients call: a client's id, a user's password or token is enough for these.
const UNSIGNED: &[&str] = &[
    "AssociateSoftwareToken",
    "ChangePassword",
    "CompleteWebAuthnRegistration",
    "ConfirmDevice",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "DeleteUser",
    "DeleteUserAttributes",
    "DeleteWebAuthnCredential",
    "ForgetDevice",
    "ForgotPassword",
    "GetDevice",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GetUserAttributeVerificationCode",
    "GetUserAuthFactors",
    "GlobalSignOut",
    "InitiateAuth",
    "ListDevices",
    "ListWebAuthnCredentials",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "RevokeToken",
    "SetUserMFAPreference",
    "SetUserSettings",
    "SignUp",
    "StartWebAuthnRegistration",
    "UpdateAuthEventFeedback",
    "UpdateDeviceStatus",
    "UpdateUserAttributes",
    "VerifySoftwareToken",
    "VerifyUserAttribute",
];

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

static OPERATIONS: &[Operation] = &[
    row("AddCustomAttributes", &shapes::ADD_CUSTOM_ATTRIBUTES_REQUEST, handler!(pools::add_attributes)),
    row("AddUserPoolClientSecret", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminAddUserToGroup", &shapes::ADMIN_ADD_USER_TO_GROUP_REQUEST, handler!(groups::add)),
    row("AdminConfirmSignUp", &shapes::ADMIN_CONFIRM_SIGN_UP_REQUEST, handler!(admin::confirm)),
    row("AdminCreateUser", &shapes::ADMIN_CREATE_USER_REQUEST, handler!(admin::create)),
    row("AdminDeleteUser", &shapes::ADMIN_DELETE_USER_REQUEST, handler!(admin::delete)),
    row(
        "AdminDeleteUserAttributes",
        &shapes::ADMIN_DELETE_USER_ATTRIBUTES_REQUEST,
        handler!(admin::delete_attributes),
    ),
    row("AdminDisableProviderForUser", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminDisableUser", &shapes::ADMIN_DISABLE_USER_REQUEST, handler!(admin::disable)),
    row("AdminEnableUser", &shapes::ADMIN_ENABLE_USER_REQUEST, handler!(admin::enable)),
    row("AdminForgetDevice", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminGetDevice", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminGetUser", &shapes::ADMIN_GET_USER_REQUEST, handler!(admin::get)),
    row("AdminInitiateAuth", &shapes::ADMIN_INITIATE_AUTH_REQUEST, handler!(sign_in::initiate_as_owner)),
    row("AdminLinkProviderForUser", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminListDevices", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminListGroupsForUser", &shapes::ADMIN_LIST_GROUPS_FOR_USER_REQUEST, handler!(groups::of_user)),
    row("AdminListUserAuthEvents", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminRemoveUserFromGroup", &shapes::ADMIN_REMOVE_USER_FROM_GROUP_REQUEST, handler!(groups::remove)),
    row(
        "AdminResetUserPassword",
        &shapes::ADMIN_RESET_USER_PASSWORD_REQUEST,
        handler!(admin::reset_password),
    ),
    row(
        "AdminRespondToAuthChallenge",
        &shapes::ADMIN_RESPOND_TO_AUTH_CHALLENGE_REQUEST,
        handler!(sign_in::respond),
    ),
    row("AdminSetUserMFAPreference", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminSetUserPassword", &shapes::ADMIN_SET_USER_PASSWORD_REQUEST, handler!(admin::set_password)),
    row("AdminSetUserSettings", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminUpdateAuthEventFeedback", &shapes::ANYTHING, Handler::Unsupported),
    row("AdminUpdateDeviceStatus", &shapes::ANYTHING, Handler::Unsupported),
    row(
        "AdminUpdateUserAttributes",
        &shapes::ADMIN_UPDATE_USER_ATTRIBUTES_REQUEST,
        handler!(admin::update_attributes),
    ),
    row("AdminUserGlobalSignOut", &shapes::ADMIN_USER_GLOBAL_SIGN_OUT_REQUEST, handler!(admin::sign_out)),
    row("AssociateSoftwareToken", &shapes::ANYTHING, Handler::Unsupported),
    row("ChangePassword", &shapes::CHANGE_PASSWORD_REQUEST, handler!(own_account::change_password)),
    row("CompleteWebAuthnRegistration", &shapes::ANYTHING, Handler::Unsupported),
    row("ConfirmDevice", &shapes::ANYTHING, Handler::Unsupported),
    row(
        "ConfirmForgotPassword",
        &shapes::CONFIRM_FORGOT_PASSWORD_REQUEST,
        handler!(sign_up::confirm_forgot_password),
    ),
    row("ConfirmSignUp", &shapes::CONFIRM_SIGN_UP_REQUEST, handler!(sign_up::confirm)),
    row("CreateGroup", &shapes::CREATE_GROUP_REQUEST, handler!(groups::create)),
    row("CreateIdentityProvider", &shapes::ANYTHING, Handler::Unsupported),
    row("CreateManagedLoginBranding", &shapes::ANYTHING, Handler::Unsupported),
    row("CreateResourceServer", &shapes::ANYTHING, Handler::Unsupported),
    row("CreateTerms", &shapes::ANYTHING, Handler::Unsupported),
    row("CreateUserImportJob", &shapes::ANYTHING, Handler::Unsupported),
    row("CreateUserPool", &shapes::CREATE_USER_POOL_REQUEST, handler!(pools::create)),
    row("CreateUserPoolClient", &shapes::CREATE_USER_POOL_CLIENT_REQUEST, handler!(clients::create)),
    row("CreateUserPoolDomain", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteGroup", &shapes::DELETE_GROUP_REQUEST, handler!(groups::delete)),
    row("DeleteIdentityProvider", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteManagedLoginBranding", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteResourceServer", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteTerms", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteUser", &shapes::DELETE_USER_REQUEST, handler!(own_account::delete)),
    row(
        "DeleteUserAttributes",
        &shapes::DELETE_USER_ATTRIBUTES_REQUEST,
        handler!(own_account::delete_attributes),
    ),
    row("DeleteUserPool", &shapes::DELETE_USER_POOL_REQUEST, handler!(pools::delete)),
    row("DeleteUserPoolClient", &shapes::DELETE_USER_POOL_CLIENT_REQUEST, handler!(clients::delete)),
    row("DeleteUserPoolClientSecret", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteUserPoolDomain", &shapes::ANYTHING, Handler::Unsupported),
    row("DeleteWebAuthnCredential", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeIdentityProvider", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeManagedLoginBranding", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeManagedLoginBrandingByClient", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeResourceServer", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeRiskConfiguration", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeTerms", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeUserImportJob", &shapes::ANYTHING, Handler::Unsupported),
    row("DescribeUserPool", &shapes::DESCRIBE_USER_POOL_REQUEST, handler!(pools::describe)),
    row("DescribeUserPoolClient", &shapes::DESCRIBE_USER_POOL_CLIENT_REQUEST, handler!(clients::describe)),
    row("DescribeUserPoolDomain", &shapes::ANYTHING, Handler::Unsupported),
    row("ForgetDevice", &shapes::ANYTHING, Handler::Unsupported),
    row("ForgotPassword", &shapes::FORGOT_PASSWORD_REQUEST, handler!(sign_up::forgot_password)),
    row("GetCSVHeader", &shapes::ANYTHING, Handler::Unsupported),
    row("GetDevice", &shapes::ANYTHING, Handler::Unsupported),
    row("GetGroup", &shapes::GET_GROUP_REQUEST, handler!(groups::get)),
    row("GetIdentityProviderByIdentifier", &shapes::ANYTHING, Handler::Unsupported),
    row("GetLogDeliveryConfiguration", &shapes::ANYTHING, Handler::Unsupported),
    row("GetSigningCertificate", &shapes::ANYTHING, Handler::Unsupported),
    row(
        "GetTokensFromRefreshToken",
        &shapes::GET_TOKENS_FROM_REFRESH_TOKEN_REQUEST,
        handler!(sign_in::get_tokens),
    ),
    row("GetUICustomization", &shapes::ANYTHING, Handler::Unsupported),
    row("GetUser", &shapes::GET_USER_REQUEST, handler!(own_account::get)),
    row(
        "GetUserAttributeVerificationCode",
        &shapes::GET_USER_ATTRIBUTE_VERIFICATION_CODE_REQUEST,
        handler!(own_account::send_code),
    ),
    row("GetUserAuthFactors", &shapes::ANYTHING, Handler::Unsupported),
    row("GetUserPoolMfaConfig", &shapes::GET_USER_POOL_MFA_CONFIG_REQUEST, handler!(pools::mfa)),
    row("GlobalSignOut", &shapes::GLOBAL_SIGN_OUT_REQUEST, handler!(own_account::sign_out)),
    row("InitiateAuth", &shapes::INITIATE_AUTH_REQUEST, handler!(sign_in::initiate)),
    row("ListDevices", &shapes::ANYTHING, Handler::Unsupported),
    row("ListGroups", &shapes::LIST_GROUPS_REQUEST, handler!(groups::list)),
    row("ListIdentityProviders", &shapes::ANYTHING, Handler::Unsupported),
    row("ListResourceServers", &shapes::ANYTHING, Handler::Unsupported),
    row(
        "ListTagsForResource",
        &shapes::LIST_TAGS_FOR_RESOURCE_REQUEST,
        handler!(pooled::tags::<records::Pool>),
    ),
    row("ListTerms", &shapes::ANYTHING, Handler::Unsupported),
    row("ListUserImportJobs", &shapes::ANYTHING, Handler::Unsupported),
    row("ListUserPoolClientSecrets", &shapes::ANYTHING, Handler::Unsupported),
    row("ListUserPoolClients", &shapes::LIST_USER_POOL_CLIENTS_REQUEST, handler!(clients::list)),
    row("ListUserPools", &shapes::LIST_USER_POOLS_REQUEST, handler!(pools::list)),
    row("ListUsers", &shapes::LIST_USERS_REQUEST, handler!(admin::list)),
    row("ListUsersInGroup", &shapes::LIST_USERS_IN_GROUP_REQUEST, handler!(groups::users)),
    row("ListWebAuthnCredentials", &shapes::ANYTHING, Handler::Unsupported),
    row("ResendConfirmationCode", &shapes::RESEND_CONFIRMATION_CODE_REQUEST, handler!(sign_up::resend)),
    row("RespondToAuthChallenge", &shapes::RESPOND_TO_AUTH_CHALLENGE_REQUEST, handler!(sign_in::respond)),
    row("RevokeToken", &shapes::REVOKE_TOKEN_REQUEST, handler!(sign_in::revoke)),
    row("SetLogDeliveryConfiguration", &shapes::ANYTHING, Handler::Unsupported),
    row("SetRiskConfiguration", &shapes::ANYTHING, Handler::Unsupported),
    row("SetUICustomization", &shapes::ANYTHING, Handler::Unsupported),
    row("SetUserMFAPreference", &shapes::ANYTHING, Handler::Unsupported),
    row("SetUserPoolMfaConfig", &shapes::SET_USER_POOL_MFA_CONFIG_REQUEST, handler!(pools::set_mfa)),
    row("SetUserSettings", &shapes::ANYTHING, Handler::Unsupported),
    row("SignUp", &shapes::SIGN_UP_REQUEST, handler!(sign_up::sign_up)),
    row("StartUserImportJob", &shapes::ANYTHING, Handler::Unsupported),
    row("StartWebAuthnRegistration", &shapes::ANYTHING, Handler::Unsupported),
    row("StopUserImportJob", &shapes::ANYTHING, Handler::Unsupported),
    row("TagResource", &shapes::TAG_RESOURCE_REQUEST, handler!(pooled::tag::<records::Pool>)),
    row("UntagResource", &shapes::UNTAG_RESOURCE_REQUEST, handler!(pooled::untag::<records::Pool>)),
    row("UpdateAuthEventFeedback", &shapes::ANYTHING, Handler::Unsupported),
    row("UpdateDeviceStatus", &shapes::ANYTHING, Handler::Unsupported),
    row("UpdateGroup", &shapes::UPDATE_GROUP_REQUEST, handler!(groups::update)),
    row("UpdateIdentityProvider", &shapes::ANYTHING, Handler::Unsupported),
    row("UpdateManagedLoginBranding", &shapes::ANYTHING, Handler::Unsupported),
    row("UpdateResourceServer", &shapes::ANYTHING, Handler::Unsupported),
    row("UpdateTerms", &shapes::ANYTHING, Handler::Unsupported),
    row("UpdateUserAttributes", &shapes::UPDATE_USER_ATTRIBUTES_REQUEST, handler!(own_account::update)),
    row("UpdateUserPool", &shapes::UPDATE_USER_POOL_REQUEST, handler!(pools::update)),
    row("UpdateUserPoolClient", &shapes::UPDATE_USER_POOL_CLIENT_REQUEST, handler!(clients::update)),
    row("UpdateUserPoolDomain", &shapes::ANYTHING, Handler::Unsupported),
    row("VerifySoftwareToken", &shapes::ANYTHING, Handler::Unsupported),
    row("VerifyUserAttribute", &shapes::VERIFY_USER_ATTRIBUTE_REQUEST, handler!(own_account::verify)),
];

/// What a call is about: a pool.
///
/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitouserpools.html>.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    if UNSIGNED.contains(&operation.name) {
        return Vec::new();
    }
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let pool = text("UserPoolId").map(|id| arn(home, id)).or_else(|| text("ResourceArn").map(str::to_owned));
    let own = Permission::to(operation, pool);
    // The role of a group is given to its users.
    let role = text("RoleArn").filter(|_| operation.name.ends_with("Group"));
    let passed = role.map(|role| Permission::new("iam:PassRole", role));
    std::iter::once(own).chain(passed).collect()
}

/// The ARN of a pool.
fn arn(home: &AccountRegion, id: &str) -> String {
    let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
    format!("arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}")
}
