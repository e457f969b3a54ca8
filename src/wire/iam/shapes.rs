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

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

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
pub(super) static ROLE_NAME: Structure =
    Structure::new("RoleNameRequest", &[required("RoleName", ROLE_NAME_TEXT)]);
pub(super) static LIST_ROLES: Structure = Structure::new(
    "ListRolesRequest",
    &[
        optional("PathPrefix", Shape::pattern(1, 512, &PATH_PREFIX)),
        optional("Marker", MARKER),
        optional("MaxItems", MAX_ITEMS),
    ],
);
pub(super) static UPDATE_ASSUME_ROLE_POLICY: Structure = Structure::new(
    "UpdateAssumeRolePolicyRequest",
    &[required("RoleName", ROLE_NAME_TEXT), required("PolicyDocument", DOCUMENT)],
);
pub(super) static LIST_OF_ROLE: Structure = Structure::new(
    "ListOfRoleRequest",
    &[required("RoleName", ROLE_NAME_TEXT), optional("Marker", MARKER), optional("MaxItems", MAX_ITEMS)],
);
pub(super) static PUT_ROLE_POLICY: Structure = Structure::new(
    "PutRolePolicyRequest",
    &[
        required("RoleName", ROLE_NAME_TEXT),
        required("PolicyName", POLICY_NAME_TEXT),
        required("PolicyDocument", DOCUMENT),
    ],
);
pub(super) static ROLE_POLICY: Structure = Structure::new(
    "RolePolicyRequest",
    &[required("RoleName", ROLE_NAME_TEXT), required("PolicyName", POLICY_NAME_TEXT)],
);
pub(super) static ATTACHMENT: Structure =
    Structure::new("AttachmentRequest", &[required("RoleName", ROLE_NAME_TEXT), required("PolicyArn", ARN)]);
pub(super) static CREATE_POLICY: Structure = Structure::new(
    "CreatePolicyRequest",
    &[
        required("PolicyName", POLICY_NAME_TEXT),
        optional("Path", PATH_TEXT),
        required("PolicyDocument", DOCUMENT),
        optional("Description", DESCRIPTION),
    ],
);
pub(super) static POLICY_ARN: Structure = Structure::new("PolicyArnRequest", &[required("PolicyArn", ARN)]);
pub(super) static TAG_ROLE: Structure =
    Structure::new("TagRoleRequest", &[required("RoleName", ROLE_NAME_TEXT), required("Tags", TAGS)]);
pub(super) static UNTAG_ROLE: Structure = Structure::new(
    "UntagRoleRequest",
    &[
        required("RoleName", ROLE_NAME_TEXT),
        required("TagKeys", Shape::List(&TAG_KEY, Limits { min: 0, max: 50 })),
    ],
);
