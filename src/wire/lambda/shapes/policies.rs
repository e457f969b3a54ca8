//! What the operations of layers' policies take, and of what is kept and shown of functions.

use super::patterns::{
    CODE_SIGNING_CONFIG_PATTERN, FUNCTION_NAME_PATTERN, LAYER_ACTION_PATTERN, LAYER_NAME_OR_ARN_PATTERN,
    LAYER_PRINCIPAL_PATTERN, NAMESPACED_FUNCTION_NAME_PATTERN,
    NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN, PRINCIPAL_ORG_ID_PATTERN, RUNTIME_VERSION_PATTERN,
    STATEMENT_ID_PATTERN,
};
use crate::wire::{Limits, Location, Member, Shape, Structure, optional, required};

const LAYER_NAME: Member =
    required("LayerName", Shape::pattern(1, 140, &LAYER_NAME_OR_ARN_PATTERN)).at(Location::Uri("LayerName"));
const VERSION_NUMBER: Member =
    required("VersionNumber", Shape::Long(Limits::NONE)).at(Location::Uri("VersionNumber"));
const REVISION_ID: Member = optional("RevisionId", Shape::TEXT).at(Location::Query("RevisionId"));
pub(crate) static ADD_LAYER_VERSION_PERMISSION_REQUEST: Structure = Structure::new(
    "AddLayerVersionPermissionRequest",
    &[
        LAYER_NAME,
        VERSION_NUMBER,
        required("StatementId", Shape::pattern(1, 100, &STATEMENT_ID_PATTERN)),
        required("Action", Shape::pattern(0, 22, &LAYER_ACTION_PATTERN)),
        required("Principal", Shape::String(Limits::NONE, Some(&LAYER_PRINCIPAL_PATTERN))),
        optional("OrganizationId", Shape::pattern(0, 34, &PRINCIPAL_ORG_ID_PATTERN)),
        REVISION_ID,
    ],
);
pub(crate) static GET_LAYER_VERSION_POLICY_REQUEST: Structure =
    Structure::new("GetLayerVersionPolicyRequest", &[LAYER_NAME, VERSION_NUMBER]);
pub(crate) static REMOVE_LAYER_VERSION_PERMISSION_REQUEST: Structure = Structure::new(
    "RemoveLayerVersionPermissionRequest",
    &[
        LAYER_NAME,
        VERSION_NUMBER,
        required("StatementId", Shape::pattern(1, 100, &STATEMENT_ID_PATTERN))
            .at(Location::Uri("StatementId")),
        REVISION_ID,
    ],
);

const FUNCTION_NAME: Member = required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
    .at(Location::Uri("FunctionName"));
const NAMESPACED_FUNCTION_NAME: Member =
    required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
        .at(Location::Uri("FunctionName"));
pub(crate) static GET_FUNCTION_RECURSION_CONFIG_REQUEST: Structure =
    Structure::new("GetFunctionRecursionConfigRequest", &[FUNCTION_NAME]);
pub(crate) static PUT_FUNCTION_RECURSION_CONFIG_REQUEST: Structure = Structure::new(
    "PutFunctionRecursionConfigRequest",
    &[FUNCTION_NAME, required("RecursiveLoop", Shape::Enum(&["Allow", "Terminate"]))],
);
const QUALIFIER: Member =
    optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
        .at(Location::Query("Qualifier"));
pub(crate) static GET_RUNTIME_MANAGEMENT_CONFIG_REQUEST: Structure =
    Structure::new("GetRuntimeManagementConfigRequest", &[NAMESPACED_FUNCTION_NAME, QUALIFIER]);
pub(crate) static PUT_RUNTIME_MANAGEMENT_CONFIG_REQUEST: Structure = Structure::new(
    "PutRuntimeManagementConfigRequest",
    &[
        FUNCTION_NAME,
        QUALIFIER,
        required("UpdateRuntimeOn", Shape::Enum(&["Auto", "Manual", "FunctionUpdate"])),
        optional("RuntimeVersionArn", Shape::pattern(26, 2_048, &RUNTIME_VERSION_PATTERN)),
    ],
);
pub(crate) static FUNCTION_CODE_SIGNING_CONFIG_REQUEST: Structure =
    Structure::new("GetFunctionCodeSigningConfigRequest", &[NAMESPACED_FUNCTION_NAME]);
pub(crate) static PUT_FUNCTION_CODE_SIGNING_CONFIG_REQUEST: Structure = Structure::new(
    "PutFunctionCodeSigningConfigRequest",
    &[
        required("CodeSigningConfigArn", Shape::pattern(0, 200, &CODE_SIGNING_CONFIG_PATTERN)),
        NAMESPACED_FUNCTION_NAME,
    ],
);
pub(crate) static GET_CODE_SIGNING_CONFIG_REQUEST: Structure = Structure::new(
    "GetCodeSigningConfigRequest",
    &[required("CodeSigningConfigArn", Shape::pattern(0, 200, &CODE_SIGNING_CONFIG_PATTERN))
        .at(Location::Uri("CodeSigningConfigArn"))],
);
pub(crate) static LIST_CODE_SIGNING_CONFIGS_REQUEST: Structure = Structure::new(
    "ListCodeSigningConfigsRequest",
    &[
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::integer(1, 10_000)).at(Location::Query("MaxItems")),
    ],
);
