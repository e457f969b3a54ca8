//! AWS Step Functions: the table of its operations.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html>

mod shapes;
mod time;
mod validate;
mod words;

use super::{Handler, Operation, Route, Service, Structure, handler};

const fn row(name: &'static str, input: &'static Structure, handler: Handler) -> Operation {
    Operation { service: Service::States, name, route: Route::Target, input, handler }
}

/// Every operation.
pub(crate) static OPERATIONS: &[Operation] = &[
    row("CreateActivity", &shapes::CREATE_ACTIVITY, Handler::Unsupported),
    row("CreateStateMachine", &shapes::CREATE_STATE_MACHINE, Handler::Unsupported),
    row("DeleteActivity", &shapes::DELETE_ACTIVITY, Handler::Unsupported),
    row("DeleteStateMachine", &shapes::DELETE_STATE_MACHINE, Handler::Unsupported),
    row("DescribeActivity", &shapes::DESCRIBE_ACTIVITY, Handler::Unsupported),
    row("DescribeExecution", &shapes::DESCRIBE_EXECUTION, Handler::Unsupported),
    row("DescribeStateMachine", &shapes::DESCRIBE_STATE_MACHINE, Handler::Unsupported),
    row(
        "DescribeStateMachineForExecution",
        &shapes::DESCRIBE_STATE_MACHINE_FOR_EXECUTION,
        Handler::Unsupported,
    ),
    row("GetActivityTask", &shapes::GET_ACTIVITY_TASK, Handler::Unsupported),
    row("GetExecutionHistory", &shapes::GET_EXECUTION_HISTORY, Handler::Unsupported),
    row("ListActivities", &shapes::LIST_ACTIVITIES, Handler::Unsupported),
    row("ListExecutions", &shapes::LIST_EXECUTIONS, Handler::Unsupported),
    row("ListStateMachines", &shapes::LIST_STATE_MACHINES, Handler::Unsupported),
    row("SendTaskFailure", &shapes::SEND_TASK_FAILURE, Handler::Unsupported),
    row("SendTaskHeartbeat", &shapes::SEND_TASK_HEARTBEAT, Handler::Unsupported),
    row("SendTaskSuccess", &shapes::SEND_TASK_SUCCESS, Handler::Unsupported),
    row("StartExecution", &shapes::START_EXECUTION, Handler::Unsupported),
    row("StopExecution", &shapes::STOP_EXECUTION, Handler::Unsupported),
    row("UpdateStateMachine", &shapes::UPDATE_STATE_MACHINE, Handler::Unsupported),
    row("CreateStateMachineAlias", &shapes::CREATE_STATE_MACHINE_ALIAS, Handler::Unsupported),
    row("DeleteStateMachineAlias", &shapes::DELETE_STATE_MACHINE_ALIAS, Handler::Unsupported),
    row("DeleteStateMachineVersion", &shapes::DELETE_STATE_MACHINE_VERSION, Handler::Unsupported),
    row("DescribeMapRun", &shapes::DESCRIBE_MAP_RUN, Handler::Unsupported),
    row("DescribeStateMachineAlias", &shapes::DESCRIBE_STATE_MACHINE_ALIAS, Handler::Unsupported),
    row("ListMapRuns", &shapes::LIST_MAP_RUNS, Handler::Unsupported),
    row("ListStateMachineAliases", &shapes::LIST_STATE_MACHINE_ALIASES, Handler::Unsupported),
    row("ListStateMachineVersions", &shapes::LIST_STATE_MACHINE_VERSIONS, Handler::Unsupported),
    row("ListTagsForResource", &shapes::LIST_TAGS_FOR_RESOURCE, Handler::Unsupported),
    row("PublishStateMachineVersion", &shapes::PUBLISH_STATE_MACHINE_VERSION, Handler::Unsupported),
    row("RedriveExecution", &shapes::REDRIVE_EXECUTION, Handler::Unsupported),
    row("StartSyncExecution", &shapes::START_SYNC_EXECUTION, Handler::Unsupported),
    row("TagResource", &shapes::TAG_RESOURCE, Handler::Unsupported),
    row("TestState", &shapes::TEST_STATE, Handler::Unsupported),
    row("UntagResource", &shapes::UNTAG_RESOURCE, Handler::Unsupported),
    row("UpdateMapRun", &shapes::UPDATE_MAP_RUN, Handler::Unsupported),
    row("UpdateStateMachineAlias", &shapes::UPDATE_STATE_MACHINE_ALIAS, Handler::Unsupported),
    row(
        "ValidateStateMachineDefinition",
        &shapes::VALIDATE_STATE_MACHINE_DEFINITION,
        handler!(validate::validate_state_machine_definition),
    ),
];
