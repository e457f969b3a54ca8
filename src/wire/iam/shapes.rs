//! The inputs of IAM's operations.

use crate::wire::{Limits, Pattern, Shape, Structure, optional, required};

static NAME: Pattern =
    Pattern { text: r"[\w+=,.@-]+", matches: |text| !text.is_empty() && text.chars().all(is_name) };
static PATH: Pattern = Pattern {
    text: r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)",
    matches: |text| {
        let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        text == "/" || inner.is_some_and(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_graphic()))
    },
};
static PATH_PREFIX: Pattern = Pattern {
    text: r"\u002F[\u0021-\u007F]*",
    matches: |text| {
        text.strip_prefix('/').is_some_and(|rest| rest.bytes().all(|b| (0x21..0x80).contains(&b)))
    },
};

static WORD: Pattern = Pattern {
    text: r"[\w]+",
    matches: |text| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
};
static VERSION: Pattern = Pattern {
    text: r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?",
    matches: |text| {
        let digits = text.strip_prefix('v').and_then(|rest| rest.split('.').next()).unwrap_or_default();
        !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    },
};

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

const USER_NAME_TEXT: Shape = Shape::pattern(1, 64, &NAME);
const GROUP_NAME_TEXT: Shape = Shape::pattern(1, 128, &NAME);
/// Of a user that is there, which may be longer.
const EXISTING_USER: Shape = Shape::pattern(1, 128, &NAME);
const PROFILE_NAME_TEXT: Shape = Shape::pattern(1, 128, &NAME);
const KEY_ID: Shape = Shape::pattern(16, 128, &WORD);
const PATH_PREFIX_TEXT: Shape = Shape::pattern(1, 512, &PATH_PREFIX);
const ROLE_NAME_TEXT: Shape = Shape::pattern(1, 64, &NAME);
const POLICY_NAME_TEXT: Shape = Shape::pattern(1, 128, &NAME);
const DOCUMENT: Shape = Shape::string(1, 131_072);
const PATH_TEXT: Shape = Shape::pattern(1, 512, &PATH);
const ARN: Shape = Shape::string(20, 2048);
const DESCRIPTION: Shape = Shape::string(0, 1000);
const MAX_ITEMS: Shape = Shape::integer(1, 1000);
const MARKER: Shape = Shape::string(1, 320);
const TAG_KEY: Shape = Shape::string(1, 128);

static TAG: Structure =
    Structure::new("Tag", &[required("Key", TAG_KEY), required("Value", Shape::string(0, 256))]);
const TAGS: Shape = Shape::List(&Shape::Structure(&TAG), Limits { min: 0, max: 50 });

pub(super) static CREATE_ROLE: Structure = Structure::new(
    "CreateRoleRequest",
    &[
        optional("Path", PATH_TEXT),
        required("RoleName", ROLE_NAME_TEXT),
        required("AssumeRolePolicyDocument", DOCUMENT),
        optional("Description", DESCRIPTION),
        optional("MaxSessionDuration", Shape::integer(3600, 43_200)),
        optional("PermissionsBoundary", ARN),
        optional("Tags", TAGS),
    ],
);
pub(super) static CREATE_POLICY: Structure = Structure::new(
    "CreatePolicyRequest",
    &[
        required("PolicyName", POLICY_NAME_TEXT),
        optional("Path", PATH_TEXT),
        required("PolicyDocument", DOCUMENT),
        optional("Description", DESCRIPTION),
        optional("Tags", TAGS),
    ],
);
pub(super) static UPDATE_ROLE: Structure = Structure::new(
    "UpdateRoleRequest",
    &[
        required("RoleName", ROLE_NAME_TEXT),
        optional("Description", DESCRIPTION),
        optional("MaxSessionDuration", Shape::integer(3600, 43_200)),
    ],
);
pub(super) static UPDATE_ROLE_DESCRIPTION: Structure = Structure::new(
    "UpdateRoleDescriptionRequest",
    &[required("RoleName", ROLE_NAME_TEXT), required("Description", DESCRIPTION)],
);
pub(super) static UPDATE_ASSUME_ROLE_POLICY: Structure = Structure::new(
    "UpdateAssumeRolePolicyRequest",
    &[required("RoleName", ROLE_NAME_TEXT), required("PolicyDocument", DOCUMENT)],
);
pub(super) static LISTING: Structure = Structure::new(
    "ListRequest",
    &[optional("PathPrefix", PATH_PREFIX_TEXT), optional("Marker", MARKER), optional("MaxItems", MAX_ITEMS)],
);

/// The inputs about one role, user or group.
pub(super) struct OfHolder {
    pub(super) name: Structure,
    pub(super) list: Structure,
    pub(super) list_paths: Structure,
    pub(super) put_policy: Structure,
    pub(super) policy: Structure,
    pub(super) attachment: Structure,
    pub(super) boundary: Structure,
    pub(super) tag: Structure,
    pub(super) untag: Structure,
}

macro_rules! of_holder {
    ($constant:ident $kind:literal $name:literal $text:ident) => {
        pub(super) static $constant: OfHolder = OfHolder {
            name: Structure::new(concat!($kind, "NameRequest"), &[required($name, $text)]),
            list: Structure::new(
                concat!("ListOf", $kind, "Request"),
                &[required($name, $text), optional("Marker", MARKER), optional("MaxItems", MAX_ITEMS)],
            ),
            list_paths: Structure::new(
                concat!("ListAttached", $kind, "PoliciesRequest"),
                &[
                    required($name, $text),
                    optional("PathPrefix", PATH_PREFIX_TEXT),
                    optional("Marker", MARKER),
                    optional("MaxItems", MAX_ITEMS),
                ],
            ),
            put_policy: Structure::new(
                concat!("Put", $kind, "PolicyRequest"),
                &[
                    required($name, $text),
                    required("PolicyName", POLICY_NAME_TEXT),
                    required("PolicyDocument", DOCUMENT),
                ],
            ),
            policy: Structure::new(
                concat!($kind, "PolicyRequest"),
                &[required($name, $text), required("PolicyName", POLICY_NAME_TEXT)],
            ),
            attachment: Structure::new(
                concat!($kind, "AttachmentRequest"),
                &[required($name, $text), required("PolicyArn", ARN)],
            ),
            boundary: Structure::new(
                concat!("Put", $kind, "PermissionsBoundaryRequest"),
                &[required($name, $text), required("PermissionsBoundary", ARN)],
            ),
            tag: Structure::new(
                concat!("Tag", $kind, "Request"),
                &[required($name, $text), required("Tags", TAGS)],
            ),
            untag: Structure::new(
                concat!("Untag", $kind, "Request"),
                &[required($name, $text), required("TagKeys", TAG_KEYS)],
            ),
        };
    };
}

const TAG_KEYS: Shape = Shape::List(&TAG_KEY, Limits { min: 0, max: 50 });

of_holder!(OF_ROLE "Role" "RoleName" ROLE_NAME_TEXT);
of_holder!(OF_USER "User" "UserName" EXISTING_USER);
of_holder!(OF_GROUP "Group" "GroupName" GROUP_NAME_TEXT);

// === policies ===

pub(super) static POLICY_ARN: Structure = Structure::new("PolicyArnRequest", &[required("PolicyArn", ARN)]);
pub(super) static LIST_POLICIES: Structure = Structure::new(
    "ListPoliciesRequest",
    &[
        optional("Scope", Shape::Enum(&["All", "AWS", "Local"])),
        optional("OnlyAttached", Shape::Boolean),
        optional("PathPrefix", PATH_PREFIX_TEXT),
        optional("PolicyUsageFilter", Shape::Enum(&["PermissionsPolicy", "PermissionsBoundary"])),
        optional("Marker", MARKER),
        optional("MaxItems", MAX_ITEMS),
    ],
);
pub(super) static CREATE_VERSION: Structure = Structure::new(
    "CreatePolicyVersionRequest",
    &[
        required("PolicyArn", ARN),
        required("PolicyDocument", DOCUMENT),
        optional("SetAsDefault", Shape::Boolean),
    ],
);
pub(super) static ONE_VERSION: Structure = Structure::new(
    "PolicyVersionRequest",
    &[required("PolicyArn", ARN), required("VersionId", Shape::String(Limits::NONE, Some(&VERSION)))],
);
pub(super) static LIST_OF_POLICY: Structure = Structure::new(
    "ListOfPolicyRequest",
    &[required("PolicyArn", ARN), optional("Marker", MARKER), optional("MaxItems", MAX_ITEMS)],
);
pub(super) static LIST_ENTITIES: Structure = Structure::new(
    "ListEntitiesForPolicyRequest",
    &[
        required("PolicyArn", ARN),
        optional(
            "EntityFilter",
            Shape::Enum(&["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]),
        ),
        optional("PathPrefix", PATH_PREFIX_TEXT),
        optional("PolicyUsageFilter", Shape::Enum(&["PermissionsPolicy", "PermissionsBoundary"])),
        optional("Marker", MARKER),
        optional("MaxItems", MAX_ITEMS),
    ],
);
pub(super) static TAG_POLICY: Structure =
    Structure::new("TagPolicyRequest", &[required("PolicyArn", ARN), required("Tags", TAGS)]);
pub(super) static UNTAG_POLICY: Structure =
    Structure::new("UntagPolicyRequest", &[required("PolicyArn", ARN), required("TagKeys", TAG_KEYS)]);

// === users and groups ===

pub(super) static CREATE_USER: Structure = Structure::new(
    "CreateUserRequest",
    &[
        optional("Path", PATH_TEXT),
        required("UserName", USER_NAME_TEXT),
        optional("PermissionsBoundary", ARN),
        optional("Tags", TAGS),
    ],
);
pub(super) static MAYBE_USER: Structure =
    Structure::new("UserRequest", &[optional("UserName", EXISTING_USER)]);
pub(super) static UPDATE_USER: Structure = Structure::new(
    "UpdateUserRequest",
    &[
        required("UserName", EXISTING_USER),
        optional("NewPath", PATH_TEXT),
        optional("NewUserName", USER_NAME_TEXT),
    ],
);
pub(super) static LIST_KEYS: Structure = Structure::new(
    "ListAccessKeysRequest",
    &[optional("UserName", EXISTING_USER), optional("Marker", MARKER), optional("MaxItems", MAX_ITEMS)],
);
pub(super) static UPDATE_KEY: Structure = Structure::new(
    "UpdateAccessKeyRequest",
    &[
        optional("UserName", EXISTING_USER),
        required("AccessKeyId", KEY_ID),
        required("Status", Shape::Enum(&["Active", "Inactive", "Expired"])),
    ],
);
pub(super) static ONE_KEY: Structure = Structure::new(
    "AccessKeyRequest",
    &[optional("UserName", EXISTING_USER), required("AccessKeyId", KEY_ID)],
);
pub(super) static KEY_LAST_USED: Structure =
    Structure::new("GetAccessKeyLastUsedRequest", &[required("AccessKeyId", KEY_ID)]);
pub(super) static CREATE_GROUP: Structure = Structure::new(
    "CreateGroupRequest",
    &[optional("Path", PATH_TEXT), required("GroupName", GROUP_NAME_TEXT)],
);
pub(super) static UPDATE_GROUP: Structure = Structure::new(
    "UpdateGroupRequest",
    &[
        required("GroupName", GROUP_NAME_TEXT),
        optional("NewPath", PATH_TEXT),
        optional("NewGroupName", GROUP_NAME_TEXT),
    ],
);
pub(super) static MEMBERSHIP: Structure = Structure::new(
    "UserInGroupRequest",
    &[required("GroupName", GROUP_NAME_TEXT), required("UserName", EXISTING_USER)],
);

// === instance profiles ===

pub(super) static CREATE_PROFILE: Structure = Structure::new(
    "CreateInstanceProfileRequest",
    &[required("InstanceProfileName", PROFILE_NAME_TEXT), optional("Path", PATH_TEXT)],
);
pub(super) static ONE_PROFILE: Structure =
    Structure::new("InstanceProfileRequest", &[required("InstanceProfileName", PROFILE_NAME_TEXT)]);
pub(super) static ROLE_IN_PROFILE: Structure = Structure::new(
    "RoleInInstanceProfileRequest",
    &[required("InstanceProfileName", PROFILE_NAME_TEXT), required("RoleName", ROLE_NAME_TEXT)],
);

// === the account, and simulation ===

pub(super) static DETAILS: Structure = Structure::new(
    "GetAccountAuthorizationDetailsRequest",
    &[
        optional(
            "Filter",
            Shape::list(&Shape::Enum(&["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"])),
        ),
        optional("MaxItems", MAX_ITEMS),
        optional("Marker", MARKER),
    ],
);
const DOCUMENTS: Shape = Shape::List(&DOCUMENT, Limits { min: 0, max: 100 });
const ACTIONS: Shape = Shape::List(&Shape::string(3, 128), Limits { min: 0, max: 100 });
const RESOURCES: Shape = Shape::List(&Shape::string(1, 2048), Limits { min: 0, max: 100 });
static CONTEXT_ENTRY: Structure = Structure::new(
    "ContextEntry",
    &[
        required("ContextKeyName", Shape::string(5, 256)),
        optional("ContextKeyValues", Shape::STRING_LIST),
        optional("ContextKeyType", Shape::TEXT),
    ],
);
const CONTEXT: Shape = Shape::List(&Shape::Structure(&CONTEXT_ENTRY), Limits { min: 0, max: 100 });

pub(super) static SIMULATE_PRINCIPAL: Structure = Structure::new(
    "SimulatePrincipalPolicyRequest",
    &[
        required("PolicySourceArn", ARN),
        optional("PolicyInputList", DOCUMENTS),
        optional("PermissionsBoundaryPolicyInputList", DOCUMENTS),
        required("ActionNames", ACTIONS),
        optional("ResourceArns", RESOURCES),
        optional("ResourcePolicy", DOCUMENT),
        optional("ResourceOwner", Shape::string(1, 2048)),
        optional("CallerArn", Shape::string(1, 2048)),
        optional("ContextEntries", CONTEXT),
        optional("ResourceHandlingOption", Shape::string(1, 64)),
        optional("MaxItems", MAX_ITEMS),
        optional("Marker", MARKER),
    ],
);
pub(super) static SIMULATE_CUSTOM: Structure = Structure::new(
    "SimulateCustomPolicyRequest",
    &[
        required("PolicyInputList", DOCUMENTS),
        optional("PermissionsBoundaryPolicyInputList", DOCUMENTS),
        required("ActionNames", ACTIONS),
        optional("ResourceArns", RESOURCES),
        optional("ResourcePolicy", DOCUMENT),
        optional("ResourceOwner", Shape::string(1, 2048)),
        optional("CallerArn", Shape::string(1, 2048)),
        optional("ContextEntries", CONTEXT),
        optional("ResourceHandlingOption", Shape::string(1, 64)),
        optional("MaxItems", MAX_ITEMS),
        optional("Marker", MARKER),
    ],
);
pub(super) static KEYS_OF_PRINCIPAL: Structure = Structure::new(
    "GetContextKeysForPrincipalPolicyRequest",
    &[required("PolicySourceArn", ARN), optional("PolicyInputList", DOCUMENTS)],
);
pub(super) static KEYS_OF_CUSTOM: Structure =
    Structure::new("GetContextKeysForCustomPolicyRequest", &[required("PolicyInputList", DOCUMENTS)]);
