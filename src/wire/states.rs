//! AWS Step Functions: the table of its operations.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>

mod activities;
mod beyond;
mod encryption;
mod executions;
mod fault;
mod history;
mod homes;
mod log;
mod map_runs;
mod roles;
mod shapes;
mod state_machines;
mod tags;
mod test_state;
mod time;
mod validate;
mod versions;
mod words;

pub use self::history::event_json;
pub use self::log::log_line;
use serde_json::{Value, json};

use super::{
    Call, Handler, JsonNames, Operation, Permission, Protocol, Registration, Route, Service, Special,
    Structure, handler,
};
use crate::engine::Engine;
use crate::id::{AccountRegion, Qualifier, StateMachineArn};

/// AWS Step Functions, 2016-11-23.
pub static SERVICE: Service = Service {
    name: "states",
    protocol: Protocol::Json10(JsonNames {
        target_prefix: "AWSStepFunctions",
        // Step Functions grew out of the Simple Workflow Service and kept its namespace.
        error_namespace: "com.amazonaws.swf.service.v2.model#",
    }),
    body_bytes_max: 1_048_576, // As AWS's.
    operations: OPERATIONS,
    permissions,
    special: Special {
        check: homes::check,
        assigned: roles::assigned,
        stored_role: roles::stored,
        tags_of,
        ..Special::NONE
    },
};

/// State machines and activities have tags.
fn tags_of(arn: &str) -> Option<(&'static str, Value)> {
    let is_tagged = arn.contains(":stateMachine:") || arn.contains(":activity:");
    is_tagged.then(|| ("ListTagsForResource", json!({ "resourceArn": arn })))
}

/// The service on `engine`.
pub fn service(engine: Engine) -> Registration {
    SERVICE.on(engine)
}

impl Call {
    fn engine(&self) -> &Engine {
        self.state()
    }
}

/// Members that name what an operation is about, the closest first.
const RESOURCES: &[&str] = &[
    "stateMachineArn",
    "executionArn",
    "activityArn",
    "mapRunArn",
    "stateMachineAliasArn",
    "stateMachineVersionArn",
    "resourceArn",
];

/// The operations that start a version or an alias of a machine.
const STARTS: &[&str] = &["StartExecution", "StartSyncExecution"];

fn permissions(operation: &Operation, input: &Value, _: &AccountRegion) -> Vec<Permission> {
    let resource = RESOURCES.iter().find_map(|member| input.get(*member).and_then(Value::as_str));
    // Who starts a version or an alias starts the machine: policies name that, and tell the others by a condition.
    // `arn:aws:states:R:A:stateMachine:NAME` has six colons.
    let is_qualified = |arn: &&str| 6 < arn.bytes().filter(|byte| *byte == b':').count();
    let qualified = resource.filter(is_qualified).filter(|_| STARTS.contains(&operation.name));
    let (qualifier, resource) = match qualified.and_then(|arn| StateMachineArn::parse(arn).ok()) {
        Some(arn) => {
            let machine = StateMachineArn { qualifier: None, ..arn.clone() };
            (arn.qualifier, Some(machine.to_string()))
        }
        None => (None, resource.map(str::to_owned)),
    };
    let mut permission = Permission::to(operation, resource);
    if let Some(qualifier) = qualifier {
        let qualifier = match qualifier {
            Qualifier::Version(number) => number.to_string(),
            Qualifier::Alias(name) => name,
        };
        permission = permission.with("states:statemachinequalifier", qualifier);
    }
    let mut needed = vec![permission];
    // Only TestState has this member.
    if input.get("revealSecrets") == Some(&Value::Bool(true)) {
        let action = format!("{}:RevealSecrets", operation.service.name);
        needed.push(Permission::new(action, "*"));
    }
    needed
}

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: &SERVICE, name, route: Route::Target, input, handler }
}

/// Those of the operations that AWS doesn't have.
pub const BEYOND: &[&str] = &["ForkExecution", "SkipWait"];

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row("CreateActivity", &shapes::CREATE_ACTIVITY, handler!(activities::create_activity)),
    row("CreateStateMachine", &shapes::CREATE_STATE_MACHINE, handler!(state_machines::create_state_machine)),
    row("DeleteActivity", &shapes::DELETE_ACTIVITY, handler!(activities::delete_activity)),
    row("DeleteStateMachine", &shapes::DELETE_STATE_MACHINE, handler!(state_machines::delete_state_machine)),
    row("DescribeActivity", &shapes::DESCRIBE_ACTIVITY, handler!(activities::describe_activity)),
    row("DescribeExecution", &shapes::DESCRIBE_EXECUTION, handler!(executions::describe_execution)),
    row(
        "DescribeStateMachine",
        &shapes::DESCRIBE_STATE_MACHINE,
        handler!(state_machines::describe_state_machine),
    ),
    row(
        "DescribeStateMachineForExecution",
        &shapes::DESCRIBE_STATE_MACHINE_FOR_EXECUTION,
        handler!(state_machines::describe_state_machine_for_execution),
    ),
    row("GetActivityTask", &shapes::GET_ACTIVITY_TASK, handler!(activities::get_activity_task)),
    row("GetExecutionHistory", &shapes::GET_EXECUTION_HISTORY, handler!(history::get_execution_history)),
    row("ListActivities", &shapes::LIST_ACTIVITIES, handler!(activities::list_activities)),
    row("ListExecutions", &shapes::LIST_EXECUTIONS, handler!(executions::list_executions)),
    row("ListStateMachines", &shapes::LIST_STATE_MACHINES, handler!(state_machines::list_state_machines)),
    row("SendTaskFailure", &shapes::SEND_TASK_FAILURE, handler!(activities::send_task_failure)),
    row("SendTaskHeartbeat", &shapes::SEND_TASK_HEARTBEAT, handler!(activities::send_task_heartbeat)),
    row("SendTaskSuccess", &shapes::SEND_TASK_SUCCESS, handler!(activities::send_task_success)),
    row("StartExecution", &shapes::START_EXECUTION, handler!(executions::start_execution)),
    row("StopExecution", &shapes::STOP_EXECUTION, handler!(executions::stop_execution)),
    row("UpdateStateMachine", &shapes::UPDATE_STATE_MACHINE, handler!(state_machines::update_state_machine)),
    row(
        "CreateStateMachineAlias",
        &shapes::CREATE_STATE_MACHINE_ALIAS,
        handler!(versions::create_state_machine_alias),
    ),
    row(
        "DeleteStateMachineAlias",
        &shapes::DELETE_STATE_MACHINE_ALIAS,
        handler!(versions::delete_state_machine_alias),
    ),
    row(
        "DeleteStateMachineVersion",
        &shapes::DELETE_STATE_MACHINE_VERSION,
        handler!(versions::delete_state_machine_version),
    ),
    row("DescribeMapRun", &shapes::DESCRIBE_MAP_RUN, handler!(map_runs::describe_map_run)),
    row(
        "DescribeStateMachineAlias",
        &shapes::DESCRIBE_STATE_MACHINE_ALIAS,
        handler!(versions::describe_state_machine_alias),
    ),
    row("ListMapRuns", &shapes::LIST_MAP_RUNS, handler!(map_runs::list_map_runs)),
    row(
        "ListStateMachineAliases",
        &shapes::LIST_STATE_MACHINE_ALIASES,
        handler!(versions::list_state_machine_aliases),
    ),
    row(
        "ListStateMachineVersions",
        &shapes::LIST_STATE_MACHINE_VERSIONS,
        handler!(versions::list_state_machine_versions),
    ),
    row("ListTagsForResource", &shapes::LIST_TAGS_FOR_RESOURCE, handler!(tags::list_tags_for_resource)),
    row(
        "PublishStateMachineVersion",
        &shapes::PUBLISH_STATE_MACHINE_VERSION,
        handler!(versions::publish_state_machine_version),
    ),
    row("RedriveExecution", &shapes::REDRIVE_EXECUTION, handler!(executions::redrive_execution)),
    row("StartSyncExecution", &shapes::START_SYNC_EXECUTION, handler!(executions::start_sync_execution)),
    row("TagResource", &shapes::TAG_RESOURCE, handler!(tags::tag_resource)),
    row("TestState", &shapes::TEST_STATE, handler!(test_state::test_state)),
    row("UntagResource", &shapes::UNTAG_RESOURCE, handler!(tags::untag_resource)),
    row("UpdateMapRun", &shapes::UPDATE_MAP_RUN, handler!(map_runs::update_map_run)),
    row(
        "UpdateStateMachineAlias",
        &shapes::UPDATE_STATE_MACHINE_ALIAS,
        handler!(versions::update_state_machine_alias),
    ),
    row(
        "ValidateStateMachineDefinition",
        &shapes::VALIDATE_STATE_MACHINE_DEFINITION,
        handler!(validate::validate_state_machine_definition),
    ),
    row("ForkExecution", &shapes::FORK_EXECUTION, handler!(beyond::fork_execution)),
    row("SkipWait", &shapes::SKIP_WAIT, handler!(beyond::skip_wait)),
];
