//! Amazon Cognito Identity: the table of its operations.
//!
//! See <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/Welcome.html>. A file a noun has the handlers.

mod credentials;
mod developers;
mod identities;
mod logins;
mod mapping;
mod open_id;
mod pools;
mod records;
mod shapes;
mod tables;
#[cfg(test)]
mod tests;

pub(crate) use open_id::ISSUER;
pub(crate) use records::RECORDS;

use serde_json::{Value, json};

use super::pooled;
use super::shared::Cognito;
use crate::id::AccountRegion;
use crate::wire::{
    Handler, JsonNames, Operation, Permission, Protocol, Registration, Route, Service, Special, Structure,
    handler,
};

/// Amazon Cognito Identity, 2014-06-30.
pub static SERVICE: Service = Service {
    name: "cognito-identity",
    protocol: Protocol::Json11(JsonNames { target_prefix: "AWSCognitoIdentityService", error_namespace: "" }),
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special {
        tags_of: |arn| Some(("ListTagsForResource", json!({ "ResourceArn": arn }))),
        // Of the roles whose credentials it hands out.
        asks_policies: true,
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

/// What the tokens that are given say is enough for these.
const UNSIGNED: &[&str] = &["GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"];

/// The issuer of the service's own tokens, and the name that logins with them have.
pub(crate) const PROVIDER: &str = "cognito-identity.amazonaws.com";

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

static OPERATIONS: &[Operation] = &[
    row("CreateIdentityPool", &shapes::CREATE_IDENTITY_POOL_INPUT, handler!(pools::create)),
    row("DeleteIdentities", &shapes::DELETE_IDENTITIES_INPUT, handler!(identities::delete)),
    row("DeleteIdentityPool", &shapes::DELETE_IDENTITY_POOL_INPUT, handler!(pools::delete)),
    row("DescribeIdentity", &shapes::DESCRIBE_IDENTITY_INPUT, handler!(identities::describe)),
    row("DescribeIdentityPool", &shapes::DESCRIBE_IDENTITY_POOL_INPUT, handler!(pools::describe)),
    row(
        "GetCredentialsForIdentity",
        &shapes::GET_CREDENTIALS_FOR_IDENTITY_INPUT,
        handler!(credentials::for_identity),
    ),
    row("GetId", &shapes::GET_ID_INPUT, handler!(identities::get_id)),
    row("GetIdentityPoolRoles", &shapes::GET_IDENTITY_POOL_ROLES_INPUT, handler!(pools::roles)),
    row("GetOpenIdToken", &shapes::GET_OPEN_ID_TOKEN_INPUT, handler!(open_id::get)),
    row(
        "GetOpenIdTokenForDeveloperIdentity",
        &shapes::GET_OPEN_ID_TOKEN_FOR_DEVELOPER_IDENTITY_INPUT,
        handler!(developers::token),
    ),
    row("GetPrincipalTagAttributeMap", &shapes::ANYTHING, Handler::Unsupported),
    row("ListIdentities", &shapes::LIST_IDENTITIES_INPUT, handler!(identities::list)),
    row("ListIdentityPools", &shapes::LIST_IDENTITY_POOLS_INPUT, handler!(pools::list)),
    row(
        "ListTagsForResource",
        &shapes::LIST_TAGS_FOR_RESOURCE_INPUT,
        handler!(pooled::tags::<records::Pool>),
    ),
    row("LookupDeveloperIdentity", &shapes::LOOKUP_DEVELOPER_IDENTITY_INPUT, handler!(developers::look_up)),
    row("MergeDeveloperIdentities", &shapes::MERGE_DEVELOPER_IDENTITIES_INPUT, handler!(developers::merge)),
    row("SetIdentityPoolRoles", &shapes::SET_IDENTITY_POOL_ROLES_INPUT, handler!(pools::set_roles)),
    row("SetPrincipalTagAttributeMap", &shapes::ANYTHING, Handler::Unsupported),
    row("TagResource", &shapes::TAG_RESOURCE_INPUT, handler!(pooled::tag::<records::Pool>)),
    row("UnlinkDeveloperIdentity", &shapes::UNLINK_DEVELOPER_IDENTITY_INPUT, handler!(developers::unlink)),
    row("UnlinkIdentity", &shapes::UNLINK_IDENTITY_INPUT, handler!(identities::unlink)),
    row("UntagResource", &shapes::UNTAG_RESOURCE_INPUT, handler!(pooled::untag::<records::Pool>)),
    row("UpdateIdentityPool", &shapes::IDENTITY_POOL, handler!(pools::update)),
];

/// What a call is about.
///
/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitoidentity.html>.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    if UNSIGNED.contains(&operation.name) {
        return Vec::new();
    }
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let pool =
        text("IdentityPoolId").map(|id| arn(home, id)).or_else(|| text("ResourceArn").map(str::to_owned));
    let mut needed = vec![Permission::to(operation, pool)];
    // Whoever says which roles a pool gives, passes them.
    if operation.name == "SetIdentityPoolRoles" {
        let roles =
            input.get("Roles").and_then(Value::as_object).into_iter().flat_map(|roles| roles.values());
        let mappings = input.get("RoleMappings").and_then(Value::as_object);
        let rules = mappings
            .into_iter()
            .flat_map(|all| all.values())
            .filter_map(|mapping| mapping.get("RulesConfiguration")?.get("Rules")?.as_array());
        let ruled = rules.flatten().filter_map(|rule| rule.get("RoleARN"));
        let passed = roles.chain(ruled).filter_map(Value::as_str);
        needed.extend(passed.map(|role| Permission::new("iam:PassRole", role)));
    }
    needed
}

/// The ARN of a pool.
fn arn(home: &AccountRegion, id: &str) -> String {
    let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
    format!("arn:{partition}:cognito-identity:{region}:{account}:identitypool/{id}")
}
