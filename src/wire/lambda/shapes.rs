//! What operations take, as the service's model has it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>. Structures that no handler takes are without members:
//! what is given there is refused whole.

mod aliases;
mod events;
mod layers;
mod patterns;
mod policies;
mod sources;
mod urls;

pub(super) use self::{aliases::*, events::*, layers::*, policies::*, sources::*, urls::*};

use self::patterns::{
    ACTION_PATTERN, ARN_PATTERN, ENVIRONMENT_VARIABLE_NAME_PATTERN, EVENT_SOURCE_TOKEN_PATTERN,
    FUNCTION_NAME_PATTERN, HANDLER_PATTERN, LAYER_VERSION_ARN_PATTERN, LOG_GROUP_PATTERN,
    NAMESPACED_FUNCTION_NAME_PATTERN, NAMESPACED_STATEMENT_ID_PATTERN,
    NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN, PRINCIPAL_ORG_ID_PATTERN, PRINCIPAL_PATTERN,
    QUALIFIER_PATTERN, ROLE_ARN_PATTERN, SOURCE_OWNER_PATTERN, STATEMENT_ID_PATTERN,
    TAGGABLE_RESOURCE_PATTERN,
};
use crate::wire::{Limits, Location, Shape, Structure, optional, required};

const FUNCTION_URL_AUTH_TYPE: Shape = Shape::Enum(&["NONE", "AWS_IAM"]);
pub(super) static ADD_PERMISSION_REQUEST: Structure = Structure::new(
    "AddPermissionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("StatementId", Shape::pattern(1, 100, &STATEMENT_ID_PATTERN)),
        required("Action", Shape::pattern(0, 10000, &ACTION_PATTERN)),
        required("Principal", Shape::pattern(0, 2048, &PRINCIPAL_PATTERN)),
        optional("SourceArn", Shape::pattern(0, 10000, &ARN_PATTERN)),
        optional("FunctionUrlAuthType", FUNCTION_URL_AUTH_TYPE),
        optional("InvokedViaFunctionUrl", Shape::Boolean),
        optional("SourceAccount", Shape::pattern(0, 12, &SOURCE_OWNER_PATTERN)),
        optional("EventSourceToken", Shape::pattern(0, 256, &EVENT_SOURCE_TOKEN_PATTERN)),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("RevisionId", Shape::TEXT),
        optional("PrincipalOrgID", Shape::pattern(12, 34, &PRINCIPAL_ORG_ID_PATTERN)),
    ],
);
const RUNTIME: Shape = Shape::Enum(&[
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java8",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "nodejs4.3-edge",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
    "nodejs26.x",
    "python3.15",
    "java8.al2023",
    "java11.al2023",
    "java17.al2023",
    "custom",
]);
const S3_OBJECT_STORAGE_MODE: Shape = Shape::Enum(&["COPY", "REFERENCE"]);
static FUNCTION_CODE: Structure = Structure::new(
    "FunctionCode",
    &[
        optional("ZipFile", Shape::Blob).secret(),
        optional("S3Bucket", Shape::string(3, 63)),
        optional("S3Key", Shape::string(1, 1024)),
        optional("S3ObjectVersion", Shape::string(1, 1024)),
        optional("S3ObjectStorageMode", S3_OBJECT_STORAGE_MODE),
        optional("ImageUri", Shape::TEXT),
        optional("SourceKMSKeyArn", Shape::string(0, 10000)),
    ],
);
const FUNCTION_VERSION_LATEST_PUBLISHED: Shape = Shape::Enum(&["LATEST_PUBLISHED"]);
static VPC_CONFIG: Structure = Structure::new("VpcConfig", &[]);
const PACKAGE_TYPE: Shape = Shape::Enum(&["Zip", "Image"]);
static DEAD_LETTER_CONFIG: Structure =
    Structure::new("DeadLetterConfig", &[optional("TargetArn", Shape::string(0, 10000))]);
static ENVIRONMENT: Structure = Structure::new(
    "Environment",
    &[optional(
        "Variables",
        Shape::map(&Shape::pattern(0, i64::MAX, &ENVIRONMENT_VARIABLE_NAME_PATTERN), &Shape::TEXT),
    )
    .secret()],
);
const TRACING_MODE: Shape = Shape::Enum(&["Active", "PassThrough"]);
static TRACING_CONFIG: Structure = Structure::new("TracingConfig", &[optional("Mode", TRACING_MODE)]);
static FILE_SYSTEM_CONFIG: Structure = Structure::new("FileSystemConfig", &[]);
static IMAGE_CONFIG: Structure = Structure::new("ImageConfig", &[]);
const ARCHITECTURE: Shape = Shape::Enum(&["x86_64", "arm64"]);
static EPHEMERAL_STORAGE: Structure =
    Structure::new("EphemeralStorage", &[required("Size", Shape::Integer(Limits { min: 512, max: 32768 }))]);
const SNAP_START_APPLY_ON: Shape = Shape::Enum(&["PublishedVersions", "None"]);
static SNAP_START: Structure = Structure::new("SnapStart", &[optional("ApplyOn", SNAP_START_APPLY_ON)]);
const LOG_FORMAT: Shape = Shape::Enum(&["JSON", "Text"]);
const APPLICATION_LOG_LEVEL: Shape = Shape::Enum(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]);
const SYSTEM_LOG_LEVEL: Shape = Shape::Enum(&["DEBUG", "INFO", "WARN"]);
static LOGGING_CONFIG: Structure = Structure::new(
    "LoggingConfig",
    &[
        optional("LogFormat", LOG_FORMAT),
        optional("ApplicationLogLevel", APPLICATION_LOG_LEVEL),
        optional("SystemLogLevel", SYSTEM_LOG_LEVEL),
        optional("LogGroup", Shape::pattern(1, 512, &LOG_GROUP_PATTERN)),
    ],
);
static TENANCY_CONFIG: Structure = Structure::new("TenancyConfig", &[]);
static CAPACITY_PROVIDER_CONFIG: Structure = Structure::new("CapacityProviderConfig", &[]);
static DURABLE_CONFIG: Structure = Structure::new("DurableConfig", &[]);
static FUNCTION_RUNTIME_CONFIG: Structure = Structure::new("FunctionRuntimeConfig", &[]);
static ACCELERATOR_CONFIG: Structure = Structure::new("AcceleratorConfig", &[]);
pub(super) static CREATE_FUNCTION_REQUEST: Structure = Structure::new(
    "CreateFunctionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN)),
        optional("Runtime", RUNTIME),
        required("Role", Shape::pattern(0, 10000, &ROLE_ARN_PATTERN)),
        optional("Handler", Shape::pattern(0, 128, &HANDLER_PATTERN)),
        required("Code", Shape::Structure(&FUNCTION_CODE)),
        optional("Description", Shape::string(0, 256)),
        optional("Timeout", Shape::Integer(Limits { min: 1, max: 5400 })),
        optional("MemorySize", Shape::Integer(Limits { min: 128, max: 32768 })),
        optional("Publish", Shape::Boolean),
        optional("PublishTo", FUNCTION_VERSION_LATEST_PUBLISHED),
        optional("VpcConfig", Shape::Structure(&VPC_CONFIG)),
        optional("PackageType", PACKAGE_TYPE),
        optional("DeadLetterConfig", Shape::Structure(&DEAD_LETTER_CONFIG)),
        optional("Environment", Shape::Structure(&ENVIRONMENT)),
        optional("KMSKeyArn", Shape::string(0, 10000)),
        optional("TracingConfig", Shape::Structure(&TRACING_CONFIG)),
        optional("Tags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
        optional("Layers", Shape::list(&Shape::pattern(1, 2048, &LAYER_VERSION_ARN_PATTERN))),
        optional(
            "FileSystemConfigs",
            Shape::List(&Shape::Structure(&FILE_SYSTEM_CONFIG), Limits { min: 0, max: 1 }),
        ),
        optional("CodeSigningConfigArn", Shape::string(0, 200)),
        optional("ImageConfig", Shape::Structure(&IMAGE_CONFIG)),
        optional("Architectures", Shape::List(&ARCHITECTURE, Limits { min: 1, max: 1 })),
        optional("EphemeralStorage", Shape::Structure(&EPHEMERAL_STORAGE)),
        optional("SnapStart", Shape::Structure(&SNAP_START)),
        optional("LoggingConfig", Shape::Structure(&LOGGING_CONFIG)),
        optional("TenancyConfig", Shape::Structure(&TENANCY_CONFIG)),
        optional("CapacityProviderConfig", Shape::Structure(&CAPACITY_PROVIDER_CONFIG)),
        optional("DurableConfig", Shape::Structure(&DURABLE_CONFIG)),
        optional("RuntimeConfig", Shape::Structure(&FUNCTION_RUNTIME_CONFIG)),
        optional("AcceleratorConfig", Shape::Structure(&ACCELERATOR_CONFIG)),
    ],
);
pub(super) static DELETE_FUNCTION_REQUEST: Structure = Structure::new(
    "DeleteFunctionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(super) static DELETE_FUNCTION_CONCURRENCY_REQUEST: Structure = Structure::new(
    "DeleteFunctionConcurrencyRequest",
    &[required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
        .at(Location::Uri("FunctionName"))],
);
pub(super) static DELETE_PROVISIONED_CONCURRENCY_CONFIG_REQUEST: Structure = Structure::new(
    "DeleteProvisionedConcurrencyConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Qualifier", Shape::pattern(1, 128, &QUALIFIER_PATTERN)).at(Location::Query("Qualifier")),
    ],
);
pub(super) static GET_ACCOUNT_SETTINGS_REQUEST: Structure = Structure::new("GetAccountSettingsRequest", &[]);
pub(super) static GET_FUNCTION_REQUEST: Structure = Structure::new(
    "GetFunctionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(super) static GET_FUNCTION_CONCURRENCY_REQUEST: Structure = Structure::new(
    "GetFunctionConcurrencyRequest",
    &[required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
        .at(Location::Uri("FunctionName"))],
);
pub(super) static GET_FUNCTION_CONFIGURATION_REQUEST: Structure = Structure::new(
    "GetFunctionConfigurationRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(super) static GET_POLICY_REQUEST: Structure = Structure::new(
    "GetPolicyRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(super) static GET_PROVISIONED_CONCURRENCY_CONFIG_REQUEST: Structure = Structure::new(
    "GetProvisionedConcurrencyConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Qualifier", Shape::pattern(1, 128, &QUALIFIER_PATTERN)).at(Location::Query("Qualifier")),
    ],
);
const INVOCATION_TYPE: Shape = Shape::Enum(&["Event", "RequestResponse", "DryRun"]);
const LOG_TYPE: Shape = Shape::Enum(&["None", "Tail"]);
pub(super) static INVOCATION_REQUEST: Structure = Structure::new(
    "InvocationRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("InvocationType", INVOCATION_TYPE).at(Location::Header("x-amz-invocation-type")),
        optional("LogType", LOG_TYPE).at(Location::Header("x-amz-log-type")),
        optional("ClientContext", Shape::TEXT).at(Location::Header("x-amz-client-context")),
        optional("DurableExecutionName", Shape::string(1, 64))
            .at(Location::Header("x-amz-durable-execution-name")),
        optional("Payload", Shape::Blob).at(Location::RawPayload).secret(),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("TenantId", Shape::string(1, 256)).at(Location::Header("x-amz-tenant-id")),
    ],
);
const RESPONSE_STREAMING_INVOCATION_TYPE: Shape = Shape::Enum(&["RequestResponse", "DryRun"]);
pub(super) static INVOKE_WITH_RESPONSE_STREAM_REQUEST: Structure = Structure::new(
    "InvokeWithResponseStreamRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("LogType", LOG_TYPE).at(Location::Header("x-amz-log-type")),
        optional("ClientContext", Shape::TEXT).at(Location::Header("x-amz-client-context")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("Payload", Shape::Blob).at(Location::RawPayload).secret(),
        optional("TenantId", Shape::string(1, 256)).at(Location::Header("x-amz-tenant-id")),
        optional("InvocationType", RESPONSE_STREAMING_INVOCATION_TYPE)
            .at(Location::Header("x-amz-invocation-type")),
    ],
);
const FUNCTION_VERSION: Shape = Shape::Enum(&["ALL"]);
pub(super) static LIST_FUNCTIONS_REQUEST: Structure = Structure::new(
    "ListFunctionsRequest",
    &[
        optional("MasterRegion", Shape::string(1, 50)).at(Location::Query("MasterRegion")),
        optional("FunctionVersion", FUNCTION_VERSION).at(Location::Query("FunctionVersion")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 10000 })).at(Location::Query("MaxItems")),
    ],
);
pub(super) static LIST_PROVISIONED_CONCURRENCY_CONFIGS_REQUEST: Structure = Structure::new(
    "ListProvisionedConcurrencyConfigsRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
    ],
);
pub(super) static LIST_TAGS_REQUEST: Structure = Structure::new(
    "ListTagsRequest",
    &[required("Resource", Shape::pattern(1, 10000, &TAGGABLE_RESOURCE_PATTERN))
        .at(Location::Uri("Resource"))],
);
pub(super) static LIST_VERSIONS_BY_FUNCTION_REQUEST: Structure = Structure::new(
    "ListVersionsByFunctionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 10000 })).at(Location::Query("MaxItems")),
    ],
);
pub(super) static PUBLISH_VERSION_REQUEST: Structure = Structure::new(
    "PublishVersionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("CodeSha256", Shape::TEXT),
        optional("Description", Shape::string(0, 256)),
        optional("RevisionId", Shape::TEXT),
        optional("PublishTo", FUNCTION_VERSION_LATEST_PUBLISHED),
    ],
);
pub(super) static PUT_FUNCTION_CONCURRENCY_REQUEST: Structure = Structure::new(
    "PutFunctionConcurrencyRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("ReservedConcurrentExecutions", Shape::Integer(Limits { min: 0, max: i64::MAX })),
    ],
);
pub(super) static PUT_PROVISIONED_CONCURRENCY_CONFIG_REQUEST: Structure = Structure::new(
    "PutProvisionedConcurrencyConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Qualifier", Shape::pattern(1, 128, &QUALIFIER_PATTERN)).at(Location::Query("Qualifier")),
        required("ProvisionedConcurrentExecutions", Shape::Integer(Limits { min: 1, max: i64::MAX })),
    ],
);
pub(super) static REMOVE_PERMISSION_REQUEST: Structure = Structure::new(
    "RemovePermissionRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("StatementId", Shape::pattern(1, 100, &NAMESPACED_STATEMENT_ID_PATTERN))
            .at(Location::Uri("StatementId")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("RevisionId", Shape::TEXT).at(Location::Query("RevisionId")),
    ],
);
pub(super) static TAG_RESOURCE_REQUEST: Structure = Structure::new(
    "TagResourceRequest",
    &[
        required("Resource", Shape::pattern(1, 10000, &TAGGABLE_RESOURCE_PATTERN))
            .at(Location::Uri("Resource")),
        required("Tags", Shape::map(&Shape::string(1, 128), &Shape::string(0, 256))),
    ],
);
pub(super) static UNTAG_RESOURCE_REQUEST: Structure = Structure::new(
    "UntagResourceRequest",
    &[
        required("Resource", Shape::pattern(1, 10000, &TAGGABLE_RESOURCE_PATTERN))
            .at(Location::Uri("Resource")),
        required("TagKeys", Shape::list(&Shape::string(1, 128))).at(Location::Query("tagKeys")),
    ],
);
pub(super) static UPDATE_FUNCTION_CODE_REQUEST: Structure = Structure::new(
    "UpdateFunctionCodeRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("ZipFile", Shape::Blob).secret(),
        optional("S3Bucket", Shape::string(3, 63)),
        optional("S3Key", Shape::string(1, 1024)),
        optional("S3ObjectVersion", Shape::string(1, 1024)),
        optional("S3ObjectStorageMode", S3_OBJECT_STORAGE_MODE),
        optional("ImageUri", Shape::TEXT),
        optional("Architectures", Shape::List(&ARCHITECTURE, Limits { min: 1, max: 1 })),
        optional("Publish", Shape::Boolean),
        optional("PublishTo", FUNCTION_VERSION_LATEST_PUBLISHED),
        optional("DryRun", Shape::Boolean),
        optional("RevisionId", Shape::TEXT),
        optional("SourceKMSKeyArn", Shape::string(0, 10000)),
    ],
);
pub(super) static UPDATE_FUNCTION_CONFIGURATION_REQUEST: Structure = Structure::new(
    "UpdateFunctionConfigurationRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Role", Shape::pattern(0, 10000, &ROLE_ARN_PATTERN)),
        optional("Handler", Shape::pattern(0, 128, &HANDLER_PATTERN)),
        optional("Description", Shape::string(0, 256)),
        optional("Timeout", Shape::Integer(Limits { min: 1, max: 5400 })),
        optional("MemorySize", Shape::Integer(Limits { min: 128, max: 32768 })),
        optional("VpcConfig", Shape::Structure(&VPC_CONFIG)),
        optional("Environment", Shape::Structure(&ENVIRONMENT)),
        optional("Runtime", RUNTIME),
        optional("DeadLetterConfig", Shape::Structure(&DEAD_LETTER_CONFIG)),
        optional("KMSKeyArn", Shape::string(0, 10000)),
        optional("TracingConfig", Shape::Structure(&TRACING_CONFIG)),
        optional("RevisionId", Shape::TEXT),
        optional("Layers", Shape::list(&Shape::pattern(1, 2048, &LAYER_VERSION_ARN_PATTERN))),
        optional(
            "FileSystemConfigs",
            Shape::List(&Shape::Structure(&FILE_SYSTEM_CONFIG), Limits { min: 0, max: 1 }),
        ),
        optional("ImageConfig", Shape::Structure(&IMAGE_CONFIG)),
        optional("EphemeralStorage", Shape::Structure(&EPHEMERAL_STORAGE)),
        optional("SnapStart", Shape::Structure(&SNAP_START)),
        optional("LoggingConfig", Shape::Structure(&LOGGING_CONFIG)),
        optional("CapacityProviderConfig", Shape::Structure(&CAPACITY_PROVIDER_CONFIG)),
        optional("DurableConfig", Shape::Structure(&DURABLE_CONFIG)),
        optional("RuntimeConfig", Shape::Structure(&FUNCTION_RUNTIME_CONFIG)),
        optional("AcceleratorConfig", Shape::Structure(&ACCELERATOR_CONFIG)),
    ],
);
/// Rows without a handler take nothing.
pub(super) static NOTHING: Structure = Structure::new("Nothing", &[]);
