//! Inputs of Step Functions' operations, members in the order of AWS's service model, and of those that AWS doesn't have.

use crate::wire::{Limits, Pattern, Shape, Structure, optional, required};

const ARN: Shape = Shape::string(1, 256);
/// ARNs of versions and Map Runs, where AWS allows more.
const LONG_ARN: Shape = Shape::string(1, 2000);
const NAME: Shape = Shape::string(1, 80);
const DEFINITION: Shape = Shape::string(1, 1_048_576);
/// JSON texts that executions take and give; AWS counts their bytes.
const DATA: Shape = Shape::ByteString(Limits { min: 0, max: 262_144 });
const MAX_RESULTS: Shape = Shape::integer(0, 1000);
const PAGE_TOKEN: Shape = Shape::string(1, 1024);
const SHORT_TEXT: Shape = Shape::string(0, 256);
const DESCRIPTION: Shape = Shape::string(0, 256);
const CAUSE: Shape = Shape::string(0, 32_768);
/// Task tokens and KMS key ids.
const TOKEN: Shape = Shape::string(1, 2048);
const TRACE_HEADER: Shape = Shape::pattern(0, 256, &TRACE_HEADER_PATTERN);
const COUNT: Shape = Shape::Integer(Limits { min: 0, max: i64::MAX });
const LONG_COUNT: Shape = Shape::Long(Limits { min: 0, max: i64::MAX });

static ALIAS_NAME_PATTERN: Pattern = Pattern {
    text: r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$",
    matches: |text| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
        text.bytes().all(legal) && text.bytes().any(|b| !b.is_ascii_digit())
    },
};
static CLIENT_TOKEN_PATTERN: Pattern = Pattern {
    text: "[!-~]+",
    matches: |text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()),
};
static TRACE_HEADER_PATTERN: Pattern = Pattern { text: r"\p{ASCII}*", matches: str::is_ascii };

// In the orders AWS prints them, as far as recorded (EXECUTION_STATUS), else in the model's.
const ENCRYPTION_TYPE: Shape = Shape::Enum(&["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"]);
const STATE_MACHINE_TYPE: Shape = Shape::Enum(&["STANDARD", "EXPRESS"]);
const LOG_LEVEL: Shape = Shape::Enum(&["ALL", "ERROR", "FATAL", "OFF"]);
const INCLUDED_DATA: Shape = Shape::Enum(&["ALL_DATA", "METADATA_ONLY"]);
const EXECUTION_STATUS: Shape =
    Shape::Enum(&["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"]);
const REDRIVE_FILTER: Shape = Shape::Enum(&["REDRIVEN", "NOT_REDRIVEN"]);
const INSPECTION_LEVEL: Shape = Shape::Enum(&["INFO", "DEBUG", "TRACE"]);
const FIELD_VALIDATION_MODE: Shape = Shape::Enum(&["STRICT", "PRESENT", "NONE"]);
const SEVERITY: Shape = Shape::Enum(&["ERROR", "WARNING"]);

static TAG: Structure =
    Structure::new("Tag", &[optional("key", Shape::string(1, 128)), optional("value", SHORT_TEXT)]);
static ENCRYPTION_CONFIGURATION: Structure = Structure::new(
    "EncryptionConfiguration",
    &[
        optional("kmsKeyId", TOKEN),
        optional("kmsDataKeyReusePeriodSeconds", Shape::integer(60, 900)),
        required("type", ENCRYPTION_TYPE),
    ],
);
pub(super) static CREATE_ACTIVITY: Structure = Structure::new(
    "CreateActivityInput",
    &[
        required("name", NAME),
        optional("tags", Shape::list(&Shape::Structure(&TAG))),
        optional("encryptionConfiguration", Shape::Structure(&ENCRYPTION_CONFIGURATION)),
    ],
);
static CLOUD_WATCH_LOGS_LOG_GROUP: Structure =
    Structure::new("CloudWatchLogsLogGroup", &[optional("logGroupArn", ARN)]);
static LOG_DESTINATION: Structure = Structure::new(
    "LogDestination",
    &[optional("cloudWatchLogsLogGroup", Shape::Structure(&CLOUD_WATCH_LOGS_LOG_GROUP))],
);
static LOGGING_CONFIGURATION: Structure = Structure::new(
    "LoggingConfiguration",
    &[
        optional("level", LOG_LEVEL),
        optional("includeExecutionData", Shape::Boolean),
        optional("destinations", Shape::list(&Shape::Structure(&LOG_DESTINATION))),
    ],
);
static TRACING_CONFIGURATION: Structure =
    Structure::new("TracingConfiguration", &[optional("enabled", Shape::Boolean)]);
pub(super) static CREATE_STATE_MACHINE: Structure = Structure::new(
    "CreateStateMachineInput",
    &[
        required("name", NAME),
        required("definition", DEFINITION).secret(),
        required("roleArn", ARN),
        optional("type", STATE_MACHINE_TYPE),
        optional("loggingConfiguration", Shape::Structure(&LOGGING_CONFIGURATION)),
        optional("tags", Shape::list(&Shape::Structure(&TAG))),
        optional("tracingConfiguration", Shape::Structure(&TRACING_CONFIGURATION)),
        optional("publish", Shape::Boolean),
        optional("versionDescription", DESCRIPTION).secret(),
        optional("encryptionConfiguration", Shape::Structure(&ENCRYPTION_CONFIGURATION)),
    ],
);
static ROUTING_CONFIGURATION_LIST_ITEM: Structure = Structure::new(
    "RoutingConfigurationListItem",
    &[required("stateMachineVersionArn", ARN), required("weight", Shape::integer(0, 100))],
);
pub(super) static CREATE_STATE_MACHINE_ALIAS: Structure = Structure::new(
    "CreateStateMachineAliasInput",
    &[
        optional("description", DESCRIPTION).secret(),
        required("name", Shape::pattern(1, 80, &ALIAS_NAME_PATTERN)),
        required(
            "routingConfiguration",
            Shape::List(&Shape::Structure(&ROUTING_CONFIGURATION_LIST_ITEM), Limits { min: 1, max: 2 }),
        ),
    ],
);
pub(super) static DELETE_ACTIVITY: Structure =
    Structure::new("DeleteActivityInput", &[required("activityArn", ARN)]);
pub(super) static DELETE_STATE_MACHINE: Structure =
    Structure::new("DeleteStateMachineInput", &[required("stateMachineArn", ARN)]);
pub(super) static DELETE_STATE_MACHINE_ALIAS: Structure =
    Structure::new("DeleteStateMachineAliasInput", &[required("stateMachineAliasArn", ARN)]);
pub(super) static DELETE_STATE_MACHINE_VERSION: Structure =
    Structure::new("DeleteStateMachineVersionInput", &[required("stateMachineVersionArn", LONG_ARN)]);
pub(super) static DESCRIBE_ACTIVITY: Structure =
    Structure::new("DescribeActivityInput", &[required("activityArn", ARN)]);
pub(super) static DESCRIBE_EXECUTION: Structure = Structure::new(
    "DescribeExecutionInput",
    &[required("executionArn", ARN), optional("includedData", INCLUDED_DATA)],
);
pub(super) static DESCRIBE_MAP_RUN: Structure =
    Structure::new("DescribeMapRunInput", &[required("mapRunArn", LONG_ARN)]);
pub(super) static DESCRIBE_STATE_MACHINE: Structure = Structure::new(
    "DescribeStateMachineInput",
    &[required("stateMachineArn", ARN), optional("includedData", INCLUDED_DATA)],
);
pub(super) static DESCRIBE_STATE_MACHINE_ALIAS: Structure =
    Structure::new("DescribeStateMachineAliasInput", &[required("stateMachineAliasArn", ARN)]);
pub(super) static DESCRIBE_STATE_MACHINE_FOR_EXECUTION: Structure = Structure::new(
    "DescribeStateMachineForExecutionInput",
    &[required("executionArn", ARN), optional("includedData", INCLUDED_DATA)],
);
pub(super) static FORK_EXECUTION: Structure = Structure::new(
    "ForkExecutionInput",
    &[
        required("executionArn", ARN),
        required("stateName", NAME).secret(),
        optional("eventId", Shape::Long(Limits { min: 1, max: i64::MAX })),
        optional("name", NAME),
        optional("input", DATA).secret(),
    ],
);
pub(super) static GET_ACTIVITY_TASK: Structure =
    Structure::new("GetActivityTaskInput", &[required("activityArn", ARN), optional("workerName", NAME)]);
pub(super) static GET_EXECUTION_HISTORY: Structure = Structure::new(
    "GetExecutionHistoryInput",
    &[
        required("executionArn", ARN),
        optional("maxResults", MAX_RESULTS),
        optional("reverseOrder", Shape::Boolean),
        optional("nextToken", PAGE_TOKEN),
        optional("includeExecutionData", Shape::Boolean),
    ],
);
pub(super) static LIST_ACTIVITIES: Structure = Structure::new(
    "ListActivitiesInput",
    &[optional("maxResults", MAX_RESULTS), optional("nextToken", PAGE_TOKEN)],
);
pub(super) static LIST_EXECUTIONS: Structure = Structure::new(
    "ListExecutionsInput",
    &[
        optional("stateMachineArn", ARN),
        optional("statusFilter", EXECUTION_STATUS),
        optional("maxResults", MAX_RESULTS),
        optional("nextToken", Shape::string(1, 3096)),
        optional("mapRunArn", LONG_ARN),
        optional("redriveFilter", REDRIVE_FILTER),
    ],
);
pub(super) static LIST_MAP_RUNS: Structure = Structure::new(
    "ListMapRunsInput",
    &[required("executionArn", ARN), optional("maxResults", MAX_RESULTS), optional("nextToken", PAGE_TOKEN)],
);
pub(super) static LIST_STATE_MACHINE_ALIASES: Structure = Structure::new(
    "ListStateMachineAliasesInput",
    &[
        required("stateMachineArn", ARN),
        optional("nextToken", PAGE_TOKEN),
        optional("maxResults", MAX_RESULTS),
    ],
);
pub(super) static LIST_STATE_MACHINE_VERSIONS: Structure = Structure::new(
    "ListStateMachineVersionsInput",
    &[
        required("stateMachineArn", ARN),
        optional("nextToken", PAGE_TOKEN),
        optional("maxResults", MAX_RESULTS),
    ],
);
pub(super) static LIST_STATE_MACHINES: Structure = Structure::new(
    "ListStateMachinesInput",
    &[optional("maxResults", MAX_RESULTS), optional("nextToken", PAGE_TOKEN)],
);
pub(super) static LIST_TAGS_FOR_RESOURCE: Structure =
    Structure::new("ListTagsForResourceInput", &[required("resourceArn", ARN)]);
pub(super) static PUBLISH_STATE_MACHINE_VERSION: Structure = Structure::new(
    "PublishStateMachineVersionInput",
    &[
        required("stateMachineArn", ARN),
        optional("revisionId", Shape::TEXT),
        optional("description", DESCRIPTION).secret(),
    ],
);
pub(super) static REDRIVE_EXECUTION: Structure = Structure::new(
    "RedriveExecutionInput",
    &[required("executionArn", ARN), optional("clientToken", Shape::pattern(1, 64, &CLIENT_TOKEN_PATTERN))],
);
pub(super) static SEND_TASK_FAILURE: Structure = Structure::new(
    "SendTaskFailureInput",
    &[
        required("taskToken", TOKEN).secret(),
        optional("error", SHORT_TEXT).secret(),
        optional("cause", CAUSE).secret(),
    ],
);
pub(super) static SEND_TASK_HEARTBEAT: Structure =
    Structure::new("SendTaskHeartbeatInput", &[required("taskToken", TOKEN).secret()]);
pub(super) static SEND_TASK_SUCCESS: Structure = Structure::new(
    "SendTaskSuccessInput",
    &[required("taskToken", TOKEN).secret(), required("output", DATA).secret()],
);
pub(super) static SKIP_WAIT: Structure =
    Structure::new("SkipWaitInput", &[required("executionArn", ARN), optional("stateName", NAME).secret()]);
pub(super) static START_EXECUTION: Structure = Structure::new(
    "StartExecutionInput",
    &[
        required("stateMachineArn", ARN),
        optional("name", NAME),
        optional("input", DATA).secret(),
        optional("traceHeader", TRACE_HEADER),
    ],
);
pub(super) static START_SYNC_EXECUTION: Structure = Structure::new(
    "StartSyncExecutionInput",
    &[
        required("stateMachineArn", ARN),
        optional("name", NAME),
        optional("input", DATA).secret(),
        optional("traceHeader", TRACE_HEADER),
        optional("includedData", INCLUDED_DATA),
    ],
);
pub(super) static STOP_EXECUTION: Structure = Structure::new(
    "StopExecutionInput",
    &[
        required("executionArn", ARN),
        optional("error", SHORT_TEXT).secret(),
        optional("cause", CAUSE).secret(),
    ],
);
pub(super) static TAG_RESOURCE: Structure = Structure::new(
    "TagResourceInput",
    &[required("resourceArn", ARN), required("tags", Shape::list(&Shape::Structure(&TAG)))],
);
static MOCK_ERROR_OUTPUT: Structure = Structure::new(
    "MockErrorOutput",
    &[optional("error", SHORT_TEXT).secret(), optional("cause", CAUSE).secret()],
);
static MOCK_INPUT: Structure = Structure::new(
    "MockInput",
    &[
        optional("result", DATA).secret(),
        optional("errorOutput", Shape::Structure(&MOCK_ERROR_OUTPUT)),
        optional("fieldValidationMode", FIELD_VALIDATION_MODE),
    ],
);
static TEST_STATE_CONFIGURATION: Structure = Structure::new(
    "TestStateConfiguration",
    &[
        optional("retrierRetryCount", COUNT),
        optional("errorCausedByState", NAME).secret(),
        optional("mapIterationFailureCount", COUNT),
        optional("mapItemReaderData", DATA).secret(),
    ],
);
pub(super) static TEST_STATE: Structure = Structure::new(
    "TestStateInput",
    &[
        required("definition", DEFINITION).secret(),
        optional("roleArn", ARN),
        optional("input", DATA).secret(),
        optional("inspectionLevel", INSPECTION_LEVEL),
        optional("revealSecrets", Shape::Boolean),
        optional("variables", DATA).secret(),
        optional("stateName", NAME).secret(),
        optional("mock", Shape::Structure(&MOCK_INPUT)),
        optional("context", DATA).secret(),
        optional("stateConfiguration", Shape::Structure(&TEST_STATE_CONFIGURATION)),
    ],
);
pub(super) static UNTAG_RESOURCE: Structure = Structure::new(
    "UntagResourceInput",
    &[required("resourceArn", ARN), required("tagKeys", Shape::list(&Shape::string(1, 128)))],
);
pub(super) static UPDATE_MAP_RUN: Structure = Structure::new(
    "UpdateMapRunInput",
    &[
        required("mapRunArn", LONG_ARN),
        optional("maxConcurrency", COUNT),
        optional("toleratedFailurePercentage", Shape::Float(Limits { min: 0, max: 100 })),
        optional("toleratedFailureCount", LONG_COUNT),
    ],
);
pub(super) static UPDATE_STATE_MACHINE: Structure = Structure::new(
    "UpdateStateMachineInput",
    &[
        required("stateMachineArn", ARN),
        optional("definition", DEFINITION).secret(),
        optional("roleArn", ARN),
        optional("loggingConfiguration", Shape::Structure(&LOGGING_CONFIGURATION)),
        optional("tracingConfiguration", Shape::Structure(&TRACING_CONFIGURATION)),
        optional("publish", Shape::Boolean),
        optional("versionDescription", DESCRIPTION).secret(),
        optional("encryptionConfiguration", Shape::Structure(&ENCRYPTION_CONFIGURATION)),
    ],
);
pub(super) static UPDATE_STATE_MACHINE_ALIAS: Structure = Structure::new(
    "UpdateStateMachineAliasInput",
    &[
        required("stateMachineAliasArn", ARN),
        optional("description", DESCRIPTION).secret(),
        optional(
            "routingConfiguration",
            Shape::List(&Shape::Structure(&ROUTING_CONFIGURATION_LIST_ITEM), Limits { min: 1, max: 2 }),
        ),
    ],
);
pub(super) static VALIDATE_STATE_MACHINE_DEFINITION: Structure = Structure::new(
    "ValidateStateMachineDefinitionInput",
    &[
        required("definition", DEFINITION).secret(),
        optional("type", STATE_MACHINE_TYPE),
        optional("severity", SEVERITY),
        optional("maxResults", Shape::integer(0, 100)),
    ],
);
