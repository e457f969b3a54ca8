//! AWS CloudFormation: the table of its operations, carried out on [`Stacks`].
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>

mod asked;
mod change_sets;
pub mod cloud_control;
mod drift;
mod pages;
mod shapes;
mod shown;
mod stacks;
mod templates;

use std::sync::Arc;

use serde_json::{Value, json};

use super::stacks::{Refusal, Stacks};
use crate::id::AccountRegion;
use crate::wire::{
    ApiError, Call, Code, Handler, Operation, Permission, Protocol, Registration, Route, Service, Special,
    Structure, handler,
};

/// AWS CloudFormation, 2010-05-15.
pub static SERVICE: Service = Service {
    name: "cloudformation",
    protocol: Protocol::Query { xmlns: "http://cloudformation.amazonaws.com/doc/2010-05-15/" },
    body_bytes_max: 1_048_576,
    operations: OPERATIONS,
    permissions,
    special: Special {
        tags_of: |arn| Some(("DescribeStacks", json!({ "StackName": arn }))),
        ..Special::NONE
    },
};

/// The service on `stacks`.
pub fn service(stacks: Arc<Stacks>) -> Registration {
    SERVICE.on(stacks)
}

const ALREADY_EXISTS: Code = Code::model("AlreadyExistsException", 400);
const INSUFFICIENT_CAPABILITIES: Code = Code::model("InsufficientCapabilitiesException", 400);
const CHANGE_SET_NOT_FOUND: Code = Code::model("ChangeSetNotFound", 404);
const INVALID_CHANGE_SET_STATUS: Code = Code::model("InvalidChangeSetStatus", 400);
const LIMIT_EXCEEDED: Code = Code::model("LimitExceededException", 400);

fn stacks(call: &Call) -> &Stacks {
    call.state::<Arc<Stacks>>()
}

/// A request that can't be carried out as it is.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(Code::Validation, message.into())
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = match refusal {
            Refusal::Invalid(message) => (Code::Validation, message),
            Refusal::Exists(message) => (ALREADY_EXISTS, message),
            Refusal::Capabilities(message) => (INSUFFICIENT_CAPABILITIES, message),
            Refusal::NoChangeSet(message) => (CHANGE_SET_NOT_FOUND, message),
            Refusal::ChangeSetStatus(message) => (INVALID_CHANGE_SET_STATUS, message),
            Refusal::Limit(message) => (LIMIT_EXCEEDED, message),
            Refusal::Internal(error) => return Self::internal(&error),
        };
        Self::new(code, message)
    }
}

impl From<super::Error> for Box<ApiError> {
    fn from(error: super::Error) -> Self {
        Self::new(ApiError::from(Refusal::from(error)))
    }
}

/// A refusal of what the store or a template says.
fn refused(error: super::Error) -> ApiError {
    ApiError::from(Refusal::from(error))
}

/// The permission for the stack, whose id is not looked up, and that to pass a role.
fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let region = &home.region;
    let arn = |name: &str| match name.starts_with("arn:") {
        true => name.to_owned(),
        false => {
            let partition = region.partition();
            format!("arn:{partition}:cloudformation:{region}:{}:stack/{name}/*", home.account)
        }
    };
    let change_set = || text("ChangeSetName").filter(|name| name.starts_with("arn:")).map(str::to_owned);
    let mut needed = vec![Permission::to(operation, text("StackName").map(arn).or_else(change_set))];
    needed.extend(text("RoleARN").map(|role| Permission::new("iam:PassRole", role)));
    needed
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Action, input, handler }
}

/// Every operation on stacks. Stack sets, generated templates, hooks and the registry of types are not in the table:
/// to be called, they'd have to have something to work on.
static OPERATIONS: &[Operation] = &[
    row("CreateStack", &shapes::CREATE_STACK, handler!(stacks::create_stack)),
    row("UpdateStack", &shapes::UPDATE_STACK, handler!(stacks::update_stack)),
    row("DeleteStack", &shapes::DELETE_STACK, handler!(stacks::delete_stack)),
    row("CancelUpdateStack", &shapes::STACK_AND_TOKEN, handler!(stacks::cancel_update_stack)),
    row("ContinueUpdateRollback", &shapes::CONTINUE_ROLLBACK, handler!(stacks::continue_update_rollback)),
    row("DescribeStacks", &shapes::PAGE_OF_STACKS, handler!(shown::describe_stacks)),
    row("ListStacks", &shapes::LIST_STACKS, handler!(shown::list_stacks)),
    row("DescribeStackEvents", &shapes::PAGE_OF_STACK, handler!(shown::describe_stack_events)),
    row("DescribeStackResource", &shapes::STACK_RESOURCE, handler!(shown::describe_stack_resource)),
    row("DescribeStackResources", &shapes::STACK_RESOURCES, handler!(shown::describe_stack_resources)),
    row("ListStackResources", &shapes::PAGE_OF_STACK, handler!(shown::list_stack_resources)),
    row("ListExports", &shapes::PAGE, handler!(shown::list_exports)),
    row("ListImports", &shapes::LIST_IMPORTS, handler!(shown::list_imports)),
    row("CreateChangeSet", &shapes::CREATE_CHANGE_SET, handler!(change_sets::create_change_set)),
    row("DescribeChangeSet", &shapes::DESCRIBE_CHANGE_SET, handler!(change_sets::describe_change_set)),
    row("ExecuteChangeSet", &shapes::EXECUTE_CHANGE_SET, handler!(change_sets::execute_change_set)),
    row("DeleteChangeSet", &shapes::CHANGE_SET, handler!(change_sets::delete_change_set)),
    row("ListChangeSets", &shapes::PAGE_OF_STACK, handler!(change_sets::list_change_sets)),
    row("GetTemplate", &shapes::GET_TEMPLATE, handler!(templates::get_template)),
    row("GetTemplateSummary", &shapes::GET_TEMPLATE_SUMMARY, handler!(templates::get_template_summary)),
    row("ValidateTemplate", &shapes::TEMPLATE, handler!(templates::validate_template)),
    row("EstimateTemplateCost", &shapes::TEMPLATE, Handler::Unsupported),
    row("GetStackPolicy", &shapes::STACK, handler!(stacks::get_stack_policy)),
    row("SetStackPolicy", &shapes::SET_STACK_POLICY, handler!(stacks::set_stack_policy)),
    row(
        "UpdateTerminationProtection",
        &shapes::TERMINATION_PROTECTION,
        handler!(stacks::update_termination_protection),
    ),
    row("SignalResource", &shapes::SIGNAL_RESOURCE, handler!(stacks::signal_resource)),
    row("RollbackStack", &shapes::STACK_AND_TOKEN, Handler::Unsupported),
    row("DetectStackDrift", &shapes::DETECT_DRIFT, handler!(drift::detect_stack_drift)),
    row("DescribeStackDriftDetectionStatus", &shapes::DETECTION, handler!(drift::describe_detection)),
    row("DetectStackResourceDrift", &shapes::RESOURCE_DRIFT, handler!(drift::detect_resource_drift)),
    row("DescribeStackResourceDrifts", &shapes::RESOURCE_DRIFTS, handler!(drift::describe_resource_drifts)),
    row("DescribeAccountLimits", &shapes::PAGE, Handler::Unsupported),
];
