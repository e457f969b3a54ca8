//! What operations take, as the service's model has it.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>. Structures that no handler takes are without members:
//! what is given there is refused whole.

use crate::wire::{Limits, Location, Pattern, Shape, Structure, optional, required};

static NAMESPACED_FUNCTION_NAME_PATTERN: Pattern = Pattern {
    text: r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
    matches: function_name,
};
static STATEMENT_ID_PATTERN: Pattern = Pattern { text: r"([a-zA-Z0-9-_]+)", matches: word };
static ACTION_PATTERN: Pattern = Pattern { text: r"(lambda:[*]|lambda:[a-zA-Z]+|[*])", matches: action };
static PRINCIPAL_PATTERN: Pattern = Pattern { text: r"[^\s]+", matches: no_blank };
static ARN_PATTERN: Pattern = Pattern {
    text: r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    matches: arn,
};
static SOURCE_OWNER_PATTERN: Pattern = Pattern { text: r"\d{12}", matches: account };
static EVENT_SOURCE_TOKEN_PATTERN: Pattern = Pattern { text: r"[a-zA-Z0-9._\-]+", matches: dotted };
static NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN: Pattern =
    Pattern { text: r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+", matches: qualifier };
static PRINCIPAL_ORG_ID_PATTERN: Pattern = Pattern { text: r"o-[a-z0-9]{10,32}", matches: organization };
static FUNCTION_NAME_PATTERN: Pattern = Pattern {
    text: r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    matches: function_name,
};
static ALIAS_PATTERN: Pattern = Pattern { text: r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)", matches: alias };
static VERSION_WITH_LATEST_PUBLISHED_PATTERN: Pattern =
    Pattern { text: r"(\$LATEST(\.PUBLISHED)?|[0-9]+)", matches: version };
static ADDITIONAL_VERSION_PATTERN: Pattern = Pattern { text: r"[0-9]+", matches: digits };
static ROLE_ARN_PATTERN: Pattern =
    Pattern { text: r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", matches: role_arn };
static HANDLER_PATTERN: Pattern = Pattern { text: r"[^\s]+", matches: no_blank };
static ENVIRONMENT_VARIABLE_NAME_PATTERN: Pattern =
    Pattern { text: r"[a-zA-Z]([a-zA-Z0-9_])+", matches: variable_name };
static LAYER_VERSION_ARN_PATTERN: Pattern = Pattern {
    text: r"((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))",
    matches: layer_version,
};
static LOG_GROUP_PATTERN: Pattern = Pattern { text: r"[\.\-_/#A-Za-z0-9]+", matches: log_group };
static LAYER_NAME_OR_ARN_PATTERN: Pattern = Pattern {
    text: r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]{1,140}|[a-zA-Z0-9-_]{1,140})",
    matches: layer,
};
static QUALIFIER_PATTERN: Pattern = Pattern { text: r"(|[a-zA-Z0-9$_-]+)", matches: qualifier_or_none };
static TAGGABLE_RESOURCE_PATTERN: Pattern = Pattern {
    text: r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})",
    matches: arn,
};
static DESTINATION_ARN_PATTERN: Pattern = Pattern {
    text: r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
    matches: destination,
};
static NAMESPACED_STATEMENT_ID_PATTERN: Pattern = Pattern { text: r"([a-zA-Z0-9-_.]+)", matches: dotted };

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
static ALIAS_ROUTING_CONFIGURATION: Structure = Structure::new(
    "AliasRoutingConfiguration",
    &[optional(
        "AdditionalVersionWeights",
        Shape::map(
            &Shape::pattern(1, 1024, &ADDITIONAL_VERSION_PATTERN),
            &Shape::Float(Limits { min: 0, max: 1 }),
        ),
    )],
);
pub(super) static CREATE_ALIAS_REQUEST: Structure = Structure::new(
    "CreateAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)),
        required("FunctionVersion", Shape::pattern(1, 1024, &VERSION_WITH_LATEST_PUBLISHED_PATTERN)),
        optional("Description", Shape::string(0, 256)),
        optional("RoutingConfig", Shape::Structure(&ALIAS_ROUTING_CONFIGURATION)),
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
pub(super) static DELETE_ALIAS_REQUEST: Structure = Structure::new(
    "DeleteAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)).at(Location::Uri("Name")),
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
pub(super) static DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "DeleteFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(super) static DELETE_LAYER_VERSION_REQUEST: Structure = Structure::new(
    "DeleteLayerVersionRequest",
    &[
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        required("VersionNumber", Shape::Long(Limits::NONE)).at(Location::Uri("VersionNumber")),
    ],
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
pub(super) static GET_ALIAS_REQUEST: Structure = Structure::new(
    "GetAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)).at(Location::Uri("Name")),
    ],
);
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
pub(super) static GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "GetFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(super) static GET_LAYER_VERSION_REQUEST: Structure = Structure::new(
    "GetLayerVersionRequest",
    &[
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        required("VersionNumber", Shape::Long(Limits::NONE)).at(Location::Uri("VersionNumber")),
    ],
);
pub(super) static GET_LAYER_VERSION_BY_ARN_REQUEST: Structure = Structure::new(
    "GetLayerVersionByArnRequest",
    &[required("Arn", Shape::pattern(1, 2048, &LAYER_VERSION_ARN_PATTERN)).at(Location::Query("Arn"))],
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
        optional("Payload", Shape::Blob).at(Location::Payload).secret(),
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
        optional("Payload", Shape::Blob).at(Location::Payload).secret(),
        optional("TenantId", Shape::string(1, 256)).at(Location::Header("x-amz-tenant-id")),
        optional("InvocationType", RESPONSE_STREAMING_INVOCATION_TYPE)
            .at(Location::Header("x-amz-invocation-type")),
    ],
);
pub(super) static LIST_ALIASES_REQUEST: Structure = Structure::new(
    "ListAliasesRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("FunctionVersion", Shape::pattern(1, 1024, &VERSION_WITH_LATEST_PUBLISHED_PATTERN))
            .at(Location::Query("FunctionVersion")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 10000 })).at(Location::Query("MaxItems")),
    ],
);
pub(super) static LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST: Structure = Structure::new(
    "ListFunctionEventInvokeConfigsRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
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
pub(super) static LIST_LAYER_VERSIONS_REQUEST: Structure = Structure::new(
    "ListLayerVersionsRequest",
    &[
        optional("CompatibleArchitecture", ARCHITECTURE).at(Location::Query("CompatibleArchitecture")),
        optional("CompatibleRuntime", RUNTIME).at(Location::Query("CompatibleRuntime")),
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
    ],
);
pub(super) static LIST_LAYERS_REQUEST: Structure = Structure::new(
    "ListLayersRequest",
    &[
        optional("CompatibleArchitecture", ARCHITECTURE).at(Location::Query("CompatibleArchitecture")),
        optional("CompatibleRuntime", RUNTIME).at(Location::Query("CompatibleRuntime")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
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
static LAYER_VERSION_CONTENT_INPUT: Structure = Structure::new(
    "LayerVersionContentInput",
    &[
        optional("S3Bucket", Shape::string(3, 63)),
        optional("S3Key", Shape::string(1, 1024)),
        optional("S3ObjectVersion", Shape::string(1, 1024)),
        optional("S3ObjectStorageMode", S3_OBJECT_STORAGE_MODE),
        optional("ZipFile", Shape::Blob).secret(),
    ],
);
pub(super) static PUBLISH_LAYER_VERSION_REQUEST: Structure = Structure::new(
    "PublishLayerVersionRequest",
    &[
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        optional("Description", Shape::string(0, 256)),
        required("Content", Shape::Structure(&LAYER_VERSION_CONTENT_INPUT)),
        optional("CompatibleArchitectures", Shape::List(&ARCHITECTURE, Limits { min: 0, max: 2 })),
        optional("CompatibleRuntimes", Shape::List(&RUNTIME, Limits { min: 0, max: 15 })),
        optional("LicenseInfo", Shape::string(0, 512)),
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
static ON_SUCCESS: Structure =
    Structure::new("OnSuccess", &[optional("Destination", Shape::pattern(0, 350, &DESTINATION_ARN_PATTERN))]);
static ON_FAILURE: Structure =
    Structure::new("OnFailure", &[optional("Destination", Shape::pattern(0, 350, &DESTINATION_ARN_PATTERN))]);
static DESTINATION_CONFIG: Structure = Structure::new(
    "DestinationConfig",
    &[
        optional("OnSuccess", Shape::Structure(&ON_SUCCESS)),
        optional("OnFailure", Shape::Structure(&ON_FAILURE)),
    ],
);
pub(super) static PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "PutFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("MaximumRetryAttempts", Shape::Integer(Limits { min: 0, max: 2 })),
        optional("MaximumEventAgeInSeconds", Shape::Integer(Limits { min: 60, max: 21600 })),
        optional("DestinationConfig", Shape::Structure(&DESTINATION_CONFIG)),
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
pub(super) static UPDATE_ALIAS_REQUEST: Structure = Structure::new(
    "UpdateAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)).at(Location::Uri("Name")),
        optional("FunctionVersion", Shape::pattern(1, 1024, &VERSION_WITH_LATEST_PUBLISHED_PATTERN)),
        optional("Description", Shape::string(0, 256)),
        optional("RoutingConfig", Shape::Structure(&ALIAS_ROUTING_CONFIGURATION)),
        optional("RevisionId", Shape::TEXT),
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
pub(super) static UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "UpdateFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("MaximumRetryAttempts", Shape::Integer(Limits { min: 0, max: 2 })),
        optional("MaximumEventAgeInSeconds", Shape::Integer(Limits { min: 60, max: 21600 })),
        optional("DestinationConfig", Shape::Structure(&DESTINATION_CONFIG)),
    ],
);

/// Rows without a handler take nothing.
pub(super) static NOTHING: Structure = Structure::new("Nothing", &[]);

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
}

fn word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_word)
}

fn dotted(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| is_word(b) || b == b'.')
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn account(text: &str) -> bool {
    text.len() == 12 && digits(text)
}

fn no_blank(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

fn version(text: &str) -> bool {
    matches!(text, "$LATEST" | "$LATEST.PUBLISHED") || digits(text)
}

fn qualifier(text: &str) -> bool {
    matches!(text, "$LATEST" | "$LATEST.PUBLISHED")
        || !text.is_empty() && text.bytes().all(|b| is_word(b) || b == b'$')
}

fn qualifier_or_none(text: &str) -> bool {
    text.is_empty() || qualifier(text)
}

fn alias(text: &str) -> bool {
    word(text) && !digits(text)
}

fn action(text: &str) -> bool {
    let name = text.strip_prefix("lambda:").unwrap_or_default();
    matches!(text, "*" | "lambda:*") || !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic())
}

fn organization(text: &str) -> bool {
    let id = text.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn log_group(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| is_word(b) || b"./#".contains(&b))
}

fn variable_name(text: &str) -> bool {
    1 < text.len()
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Six parts, the account's and the region's perhaps empty.
fn arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", partition, service, _, owner, _]
        if partition.starts_with("aws") && !service.is_empty() && (owner.is_empty() || account(owner)))
}

fn destination(text: &str) -> bool {
    text.is_empty() || arn(text) || text.starts_with("kafka://")
}

fn role_arn(text: &str) -> bool {
    let resource = text.splitn(6, ':').nth(5).unwrap_or_default();
    let name = resource.strip_prefix("role").unwrap_or_default();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    arn(text) && text.contains(":iam::") && !name.is_empty() && name.bytes().all(legal)
}

fn layer_version(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(layer, version)| digits(version) && self::layer(layer) && layer.starts_with("arn:"))
}

fn layer(text: &str) -> bool {
    let name = text.rsplit(':').next().unwrap_or_default();
    let is_arn = arn(text) && text.contains(":lambda:") && text.contains(":layer:");
    (is_arn || !text.contains(':')) && name.len() <= 140 && word(name)
}

/// A name, an ARN, or what is between: each perhaps with a version or an alias.
fn function_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let own = |rest: &[&str]| match rest {
        [] => true,
        [one] => qualifier(one),
        _ => false,
    };
    match parts.as_slice() {
        ["arn", partition, "lambda", _, owner, "function", name, rest @ ..] => {
            partition.starts_with("aws") && account(owner) && dotted(name) && own(rest)
        }
        [owner, "function", name, rest @ ..] => account(owner) && dotted(name) && own(rest),
        ["function", name, rest @ ..] => dotted(name) && own(rest),
        [name, rest @ ..] => dotted(name) && own(rest),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_as_the_patterns_tell_them() {
        let arn_of = "arn:aws:lambda:us-east-1:123456789012:function:f";
        for (matches, yes, no) in [
            (
                function_name as fn(&str) -> bool,
                vec!["f", "f:1", "f:$LATEST", arn_of, "123456789012:function:f:live"],
                vec!["", "f g", "f:", "a:b:c", "arn:aws:lambda:us-east-1:1:function:f"],
            ),
            (alias, vec!["live", "v1"], vec!["1", "", "a b"]),
            (version, vec!["$LATEST", "12"], vec!["live", ""]),
            (action, vec!["lambda:InvokeFunction", "lambda:*", "*"], vec!["lambda:", "s3:Get", "lambda:A1"]),
            (
                role_arn,
                vec!["arn:aws:iam::123456789012:role/a/R"],
                vec!["R", "arn:aws:iam::1:role/R", "arn:aws:iam::123456789012:user/U"],
            ),
            (
                layer_version,
                vec!["arn:aws:lambda:us-east-1:123456789012:layer:l:1"],
                vec!["l:1", "arn:aws:lambda:us-east-1:123456789012:layer:l"],
            ),
            (variable_name, vec!["AB", "a_1"], vec!["A", "1A", "A-B", ""]),
        ] {
            for text in yes {
                assert!(matches(text), "{text}");
            }
            for text in no {
                assert!(!matches(text), "{text}");
            }
        }
    }
}
