//! What operations take, as the service's model has it.

use crate::cognito::patterns::{
    DEVELOPER_PROVIDER, DIGITS, IDENTITY, LOGIN_PROVIDER, NAME, NO_BLANKS, PRINTED, PROVIDER_NAME, ROLE_TYPE,
    WORD_OR_LINE,
};
use crate::wire::{Limits, Shape, Structure, optional, required};

pub(super) static COGNITO_IDENTITY_PROVIDER: Structure = Structure::new(
    "CognitoIdentityProvider",
    &[
        optional("ProviderName", Shape::pattern(1, 128, &PROVIDER_NAME)),
        optional("ClientId", Shape::pattern(1, 128, &WORD_OR_LINE)),
        optional("ServerSideTokenCheck", Shape::Boolean),
    ],
);
/// The members of a pool's settings, after those that name it.
macro_rules! pool_settings {
    ($name:literal: $($member:expr,)*) => {
        Structure::new($name, &[
            $($member,)*
            required("IdentityPoolName", Shape::pattern(1, 128, &NAME)),
            required("AllowUnauthenticatedIdentities", Shape::Boolean),
            optional("AllowClassicFlow", Shape::Boolean),
            optional(
                "SupportedLoginProviders",
                Shape::map(&Shape::string(1, 128), &Shape::pattern(1, 128, &LOGIN_PROVIDER)),
            ),
            optional("DeveloperProviderName", Shape::pattern(1, 128, &DEVELOPER_PROVIDER)),
            optional("OpenIdConnectProviderARNs", Shape::list(&Shape::string(20, 2048))),
            optional("CognitoIdentityProviders", Shape::list(&Shape::Structure(&COGNITO_IDENTITY_PROVIDER))),
            optional("SamlProviderARNs", Shape::list(&Shape::string(20, 2048))),
            optional("IdentityPoolTags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
        ])
    };
}

pub(super) static CREATE_IDENTITY_POOL_INPUT: Structure = pool_settings! { "CreateIdentityPoolInput": };
pub(super) static DELETE_IDENTITIES_INPUT: Structure = Structure::new(
    "DeleteIdentitiesInput",
    &[required(
        "IdentityIdsToDelete",
        Shape::List(&Shape::pattern(1, 55, &IDENTITY), Limits { min: 1, max: 60 }),
    )],
);
pub(super) static DELETE_IDENTITY_POOL_INPUT: Structure = Structure::new(
    "DeleteIdentityPoolInput",
    &[required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY))],
);
pub(super) static DESCRIBE_IDENTITY_INPUT: Structure =
    Structure::new("DescribeIdentityInput", &[required("IdentityId", Shape::pattern(1, 55, &IDENTITY))]);
pub(super) static DESCRIBE_IDENTITY_POOL_INPUT: Structure = Structure::new(
    "DescribeIdentityPoolInput",
    &[required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY))],
);
pub(super) static GET_CREDENTIALS_FOR_IDENTITY_INPUT: Structure = Structure::new(
    "GetCredentialsForIdentityInput",
    &[
        required("IdentityId", Shape::pattern(1, 55, &IDENTITY)),
        optional("Logins", Shape::map(&Shape::string(1, 128), &Shape::string(1, 50000))),
        optional("CustomRoleArn", Shape::string(20, 2048)),
    ],
);
pub(super) static GET_ID_INPUT: Structure = Structure::new(
    "GetIdInput",
    &[
        optional("AccountId", Shape::pattern(1, 15, &DIGITS)),
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
        optional("Logins", Shape::map(&Shape::string(1, 128), &Shape::string(1, 50000))),
    ],
);
pub(super) static GET_IDENTITY_POOL_ROLES_INPUT: Structure = Structure::new(
    "GetIdentityPoolRolesInput",
    &[required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY))],
);
pub(super) static GET_OPEN_ID_TOKEN_INPUT: Structure = Structure::new(
    "GetOpenIdTokenInput",
    &[
        required("IdentityId", Shape::pattern(1, 55, &IDENTITY)),
        optional("Logins", Shape::map(&Shape::string(1, 128), &Shape::string(1, 50000))),
    ],
);
pub(super) static GET_OPEN_ID_TOKEN_FOR_DEVELOPER_IDENTITY_INPUT: Structure = Structure::new(
    "GetOpenIdTokenForDeveloperIdentityInput",
    &[
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
        optional("IdentityId", Shape::pattern(1, 55, &IDENTITY)),
        required("Logins", Shape::map(&Shape::string(1, 128), &Shape::string(1, 50000))),
        optional("PrincipalTags", Shape::map(&Shape::string(1, 128), &Shape::string(1, 256))),
        optional("TokenDuration", Shape::Long(Limits::NONE)),
    ],
);
pub(super) static LIST_IDENTITIES_INPUT: Structure = Structure::new(
    "ListIdentitiesInput",
    &[
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
        required("MaxResults", Shape::integer(1, 60)),
        optional("NextToken", Shape::pattern(1, 65535, &NO_BLANKS)),
        optional("HideDisabled", Shape::Boolean),
    ],
);
pub(super) static LIST_IDENTITY_POOLS_INPUT: Structure = Structure::new(
    "ListIdentityPoolsInput",
    &[
        required("MaxResults", Shape::integer(1, 60)),
        optional("NextToken", Shape::pattern(1, 65535, &NO_BLANKS)),
    ],
);
pub(super) static LIST_TAGS_FOR_RESOURCE_INPUT: Structure =
    Structure::new("ListTagsForResourceInput", &[required("ResourceArn", Shape::string(20, 2048))]);
pub(super) static LOOKUP_DEVELOPER_IDENTITY_INPUT: Structure = Structure::new(
    "LookupDeveloperIdentityInput",
    &[
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
        optional("IdentityId", Shape::pattern(1, 55, &IDENTITY)),
        optional("DeveloperUserIdentifier", Shape::string(1, 1024)),
        optional("MaxResults", Shape::integer(1, 60)),
        optional("NextToken", Shape::pattern(1, 65535, &NO_BLANKS)),
    ],
);
pub(super) static MERGE_DEVELOPER_IDENTITIES_INPUT: Structure = Structure::new(
    "MergeDeveloperIdentitiesInput",
    &[
        required("SourceUserIdentifier", Shape::string(1, 1024)),
        required("DestinationUserIdentifier", Shape::string(1, 1024)),
        required("DeveloperProviderName", Shape::pattern(1, 128, &DEVELOPER_PROVIDER)),
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
    ],
);
pub(super) static MAPPING_RULE: Structure = Structure::new(
    "MappingRule",
    &[
        required("Claim", Shape::pattern(1, 64, &PRINTED)),
        required("MatchType", Shape::Enum(&["Equals", "Contains", "StartsWith", "NotEqual"])),
        required("Value", Shape::string(1, 128)),
        required("RoleARN", Shape::string(20, 2048)),
    ],
);
pub(super) static RULES_CONFIGURATION_TYPE: Structure = Structure::new(
    "RulesConfigurationType",
    &[required("Rules", Shape::List(&Shape::Structure(&MAPPING_RULE), Limits { min: 1, max: 400 }))],
);
pub(super) static ROLE_MAPPING: Structure = Structure::new(
    "RoleMapping",
    &[
        required("Type", Shape::Enum(&["Token", "Rules"])),
        optional("AmbiguousRoleResolution", Shape::Enum(&["AuthenticatedRole", "Deny"])),
        optional("RulesConfiguration", Shape::Structure(&RULES_CONFIGURATION_TYPE)),
    ],
);
pub(super) static SET_IDENTITY_POOL_ROLES_INPUT: Structure = Structure::new(
    "SetIdentityPoolRolesInput",
    &[
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
        required("Roles", Shape::map(&Shape::pattern(1, 128, &ROLE_TYPE), &Shape::string(20, 2048))),
        optional("RoleMappings", Shape::map(&Shape::string(1, 128), &Shape::Structure(&ROLE_MAPPING))),
    ],
);
pub(super) static TAG_RESOURCE_INPUT: Structure = Structure::new(
    "TagResourceInput",
    &[
        required("ResourceArn", Shape::string(20, 2048)),
        required("Tags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
    ],
);
pub(super) static UNLINK_DEVELOPER_IDENTITY_INPUT: Structure = Structure::new(
    "UnlinkDeveloperIdentityInput",
    &[
        required("IdentityId", Shape::pattern(1, 55, &IDENTITY)),
        required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
        required("DeveloperProviderName", Shape::pattern(1, 128, &DEVELOPER_PROVIDER)),
        required("DeveloperUserIdentifier", Shape::string(1, 1024)),
    ],
);
pub(super) static UNLINK_IDENTITY_INPUT: Structure = Structure::new(
    "UnlinkIdentityInput",
    &[
        required("IdentityId", Shape::pattern(1, 55, &IDENTITY)),
        required("Logins", Shape::map(&Shape::string(1, 128), &Shape::string(1, 50000))),
        required("LoginsToRemove", Shape::list(&Shape::string(1, 128))),
    ],
);
pub(super) static UNTAG_RESOURCE_INPUT: Structure = Structure::new(
    "UntagResourceInput",
    &[
        required("ResourceArn", Shape::string(20, 2048)),
        required("TagKeys", Shape::list(&Shape::string(1, 128))),
    ],
);
pub(super) static IDENTITY_POOL: Structure = pool_settings! {
    "IdentityPool":
    required("IdentityPoolId", Shape::pattern(1, 55, &IDENTITY)),
};

/// The input of operations that are not supported.
pub(super) static ANYTHING: Structure = Structure::new("Input", &[]);
