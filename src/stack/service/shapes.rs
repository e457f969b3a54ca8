//! What the operations take.

use crate::wire::{Limits, Shape, Structure, optional, required};

/// The longest template in a request; a longer one is in S3.
pub(in super::super) const BODY_MAX: i64 = 51_200;

const NAME_OR_ID: Shape = Shape::string(1, 2_048);
const TOKEN: Shape = Shape::string(1, 128);
const BODY: Shape = Shape::string(1, BODY_MAX);
const URL: Shape = Shape::string(1, 5_120);
const ROLE: Shape = Shape::string(20, 2_048);
const NEXT: Shape = Shape::string(1, 1_024);
const CHANGE_SET_NAME: Shape = Shape::string(1, 1_600);

const fn up_to(item: &'static Shape, max: i64) -> Shape {
    Shape::List(item, Limits { min: 0, max })
}

static PARAMETER: Structure = Structure::new(
    "Parameter",
    &[
        optional("ParameterKey", Shape::TEXT),
        optional("ParameterValue", Shape::TEXT),
        optional("UsePreviousValue", Shape::Boolean),
        optional("ResolvedValue", Shape::TEXT),
    ],
);
static A_PARAMETER: Shape = Shape::Structure(&PARAMETER);
const PARAMETERS: Shape = Shape::List(&A_PARAMETER, Limits::NONE);
static TAG: Structure = Structure::new(
    "Tag",
    &[required("Key", Shape::string(1, 128)), required("Value", Shape::string(0, 256))],
);
static A_TAG: Shape = Shape::Structure(&TAG);
const TAGS: Shape = up_to(&A_TAG, 50);
const CAPABILITIES: Shape =
    Shape::list(&Shape::Enum(&["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]));
const NOTIFICATIONS: Shape = up_to(&Shape::TEXT, 5);
static TRIGGER: Structure =
    Structure::new("RollbackTrigger", &[required("Arn", Shape::TEXT), required("Type", Shape::TEXT)]);
static A_TRIGGER: Shape = Shape::Structure(&TRIGGER);
static ROLLBACK: Structure = Structure::new(
    "RollbackConfiguration",
    &[
        optional("RollbackTriggers", up_to(&A_TRIGGER, 5)),
        optional("MonitoringTimeInMinutes", Shape::integer(0, 180)),
    ],
);

pub(super) static CREATE_STACK: Structure = Structure::new(
    "CreateStackInput",
    &[
        required("StackName", Shape::TEXT),
        optional("TemplateBody", BODY),
        optional("TemplateURL", URL),
        optional("Parameters", PARAMETERS),
        optional("DisableRollback", Shape::Boolean),
        optional("RollbackConfiguration", Shape::Structure(&ROLLBACK)),
        optional("TimeoutInMinutes", Shape::integer(1, 2_147_483_647)),
        optional("NotificationARNs", NOTIFICATIONS),
        optional("Capabilities", CAPABILITIES),
        optional("ResourceTypes", Shape::list(&Shape::string(1, 256))),
        optional("RoleARN", ROLE),
        optional("OnFailure", Shape::Enum(&["DO_NOTHING", "ROLLBACK", "DELETE"])),
        optional("StackPolicyBody", Shape::string(1, 16_384)),
        optional("StackPolicyURL", URL),
        optional("Tags", TAGS),
        optional("ClientRequestToken", TOKEN),
        optional("EnableTerminationProtection", Shape::Boolean),
        optional("RetainExceptOnCreate", Shape::Boolean),
    ],
);
pub(super) static UPDATE_STACK: Structure = Structure::new(
    "UpdateStackInput",
    &[
        required("StackName", NAME_OR_ID),
        optional("TemplateBody", BODY),
        optional("TemplateURL", URL),
        optional("UsePreviousTemplate", Shape::Boolean),
        optional("StackPolicyDuringUpdateBody", Shape::string(1, 16_384)),
        optional("StackPolicyDuringUpdateURL", URL),
        optional("Parameters", PARAMETERS),
        optional("Capabilities", CAPABILITIES),
        optional("ResourceTypes", Shape::list(&Shape::string(1, 256))),
        optional("RoleARN", ROLE),
        optional("RollbackConfiguration", Shape::Structure(&ROLLBACK)),
        optional("StackPolicyBody", Shape::string(1, 16_384)),
        optional("StackPolicyURL", URL),
        optional("NotificationARNs", NOTIFICATIONS),
        optional("Tags", TAGS),
        optional("DisableRollback", Shape::Boolean),
        optional("ClientRequestToken", TOKEN),
        optional("RetainExceptOnCreate", Shape::Boolean),
    ],
);
pub(super) static DELETE_STACK: Structure = Structure::new(
    "DeleteStackInput",
    &[
        required("StackName", NAME_OR_ID),
        optional("RetainResources", Shape::STRING_LIST),
        optional("RoleARN", ROLE),
        optional("ClientRequestToken", TOKEN),
        optional("DeletionMode", Shape::Enum(&["STANDARD", "FORCE_DELETE_STACK"])),
    ],
);
pub(super) static STACK: Structure = Structure::new("StackInput", &[required("StackName", NAME_OR_ID)]);
pub(super) static STACK_AND_TOKEN: Structure = Structure::new(
    "CancelUpdateStackInput",
    &[required("StackName", NAME_OR_ID), optional("ClientRequestToken", TOKEN)],
);
pub(super) static CONTINUE_ROLLBACK: Structure = Structure::new(
    "ContinueUpdateRollbackInput",
    &[
        required("StackName", NAME_OR_ID),
        optional("RoleARN", ROLE),
        optional("ResourcesToSkip", Shape::STRING_LIST),
        optional("ClientRequestToken", TOKEN),
    ],
);
pub(super) static PAGE: Structure = Structure::new("ListExportsInput", &[optional("NextToken", NEXT)]);
pub(super) static DETECT_DRIFT: Structure = Structure::new(
    "DetectStackDriftInput",
    &[required("StackName", NAME_OR_ID), optional("LogicalResourceIds", Shape::list(&Shape::TEXT))],
);
pub(super) static DETECTION: Structure = Structure::new(
    "DescribeStackDriftDetectionStatusInput",
    &[required("StackDriftDetectionId", Shape::string(1, 36))],
);
const DRIFT_STATUS: Shape = Shape::Enum(&["IN_SYNC", "MODIFIED", "DELETED", "NOT_CHECKED"]);
pub(super) static RESOURCE_DRIFTS: Structure = Structure::new(
    "DescribeStackResourceDriftsInput",
    &[
        required("StackName", NAME_OR_ID),
        optional("StackResourceDriftStatusFilters", Shape::list(&DRIFT_STATUS)),
        optional("NextToken", NEXT),
        optional("MaxResults", Shape::integer(1, 100)),
    ],
);
pub(super) static RESOURCE_DRIFT: Structure = Structure::new(
    "DetectStackResourceDriftInput",
    &[required("StackName", NAME_OR_ID), required("LogicalResourceId", Shape::TEXT)],
);
pub(super) static NOTHING: Structure = Structure::new("Input", &[]);
pub(super) static PAGE_OF_STACKS: Structure =
    Structure::new("DescribeStacksInput", &[optional("StackName", NAME_OR_ID), optional("NextToken", NEXT)]);
pub(super) static PAGE_OF_STACK: Structure = Structure::new(
    "ListStackResourcesInput",
    &[required("StackName", NAME_OR_ID), optional("NextToken", NEXT)],
);
pub(super) static LIST_STACKS: Structure = Structure::new(
    "ListStacksInput",
    &[optional("NextToken", NEXT), optional("StackStatusFilter", Shape::STRING_LIST)],
);
pub(super) static STACK_RESOURCE: Structure = Structure::new(
    "DescribeStackResourceInput",
    &[required("StackName", NAME_OR_ID), required("LogicalResourceId", Shape::TEXT)],
);
pub(super) static STACK_RESOURCES: Structure = Structure::new(
    "DescribeStackResourcesInput",
    &[
        optional("StackName", NAME_OR_ID),
        optional("LogicalResourceId", Shape::TEXT),
        optional("PhysicalResourceId", Shape::TEXT),
    ],
);
pub(super) static LIST_IMPORTS: Structure =
    Structure::new("ListImportsInput", &[required("ExportName", Shape::TEXT), optional("NextToken", NEXT)]);
pub(super) static CREATE_CHANGE_SET: Structure = Structure::new(
    "CreateChangeSetInput",
    &[
        required("StackName", NAME_OR_ID),
        optional("TemplateBody", BODY),
        optional("TemplateURL", URL),
        optional("UsePreviousTemplate", Shape::Boolean),
        optional("Parameters", PARAMETERS),
        optional("Capabilities", CAPABILITIES),
        optional("ResourceTypes", Shape::list(&Shape::string(1, 256))),
        optional("RoleARN", ROLE),
        optional("RollbackConfiguration", Shape::Structure(&ROLLBACK)),
        optional("NotificationARNs", NOTIFICATIONS),
        optional("Tags", TAGS),
        required("ChangeSetName", Shape::string(1, 128)),
        optional("ClientToken", TOKEN),
        optional("Description", Shape::string(1, 1_024)),
        optional("ChangeSetType", Shape::Enum(&["CREATE", "UPDATE", "IMPORT"])),
        optional("ResourcesToImport", Shape::list(&Shape::Structure(&NOTHING))),
        optional("IncludeNestedStacks", Shape::Boolean),
        optional("OnStackFailure", Shape::Enum(&["DO_NOTHING", "ROLLBACK", "DELETE"])),
        optional("ImportExistingResources", Shape::Boolean),
    ],
);
pub(super) static CHANGE_SET: Structure = Structure::new(
    "DeleteChangeSetInput",
    &[required("ChangeSetName", CHANGE_SET_NAME), optional("StackName", NAME_OR_ID)],
);
pub(super) static DESCRIBE_CHANGE_SET: Structure = Structure::new(
    "DescribeChangeSetInput",
    &[
        required("ChangeSetName", CHANGE_SET_NAME),
        optional("StackName", NAME_OR_ID),
        optional("NextToken", NEXT),
        optional("IncludePropertyValues", Shape::Boolean),
    ],
);
pub(super) static EXECUTE_CHANGE_SET: Structure = Structure::new(
    "ExecuteChangeSetInput",
    &[
        required("ChangeSetName", CHANGE_SET_NAME),
        optional("StackName", NAME_OR_ID),
        optional("ClientRequestToken", TOKEN),
        optional("DisableRollback", Shape::Boolean),
        optional("RetainExceptOnCreate", Shape::Boolean),
    ],
);
pub(super) static GET_TEMPLATE: Structure = Structure::new(
    "GetTemplateInput",
    &[
        optional("StackName", NAME_OR_ID),
        optional("ChangeSetName", CHANGE_SET_NAME),
        optional("TemplateStage", Shape::Enum(&["Original", "Processed"])),
    ],
);
static SUMMARY_CONFIG: Structure = Structure::new(
    "TemplateSummaryConfig",
    &[optional("TreatUnrecognizedResourceTypesAsWarnings", Shape::Boolean)],
);
pub(super) static GET_TEMPLATE_SUMMARY: Structure = Structure::new(
    "GetTemplateSummaryInput",
    &[
        optional("TemplateBody", BODY),
        optional("TemplateURL", URL),
        optional("StackName", NAME_OR_ID),
        optional("StackSetName", Shape::TEXT),
        optional("TemplateSummaryConfig", Shape::Structure(&SUMMARY_CONFIG)),
    ],
);
pub(super) static TEMPLATE: Structure =
    Structure::new("ValidateTemplateInput", &[optional("TemplateBody", BODY), optional("TemplateURL", URL)]);
pub(super) static SET_STACK_POLICY: Structure = Structure::new(
    "SetStackPolicyInput",
    &[
        required("StackName", NAME_OR_ID),
        optional("StackPolicyBody", Shape::string(1, 16_384)),
        optional("StackPolicyURL", URL),
    ],
);
pub(super) static TERMINATION_PROTECTION: Structure = Structure::new(
    "UpdateTerminationProtectionInput",
    &[required("EnableTerminationProtection", Shape::Boolean), required("StackName", NAME_OR_ID)],
);
pub(super) static SIGNAL_RESOURCE: Structure = Structure::new(
    "SignalResourceInput",
    &[
        required("StackName", NAME_OR_ID),
        required("LogicalResourceId", Shape::TEXT),
        required("UniqueId", Shape::string(1, 64)),
        required("Status", Shape::Enum(&["SUCCESS", "FAILURE"])),
    ],
);
