//! What the definition of a Task already shows to be missing from the arguments of its service integration.

use serde_json::Value;

use super::super::fields::Fields;
use super::resource::Integration;

/// Members that AWS misses when it reads the definition, as others report. What it says of others, and of members that an
/// integration doesn't have, it says when the Task runs.
const REQUIRED: &[(&str, &str, &[&str])] = &[
    ("dynamodb", "getItem", &["TableName", "Key"]),
    ("dynamodb", "putItem", &["TableName", "Item"]),
    ("ecs", "runTask", &["TaskDefinition"]),
    ("events", "putEvents", &["Entries"]),
    ("glue", "startJobRun", &["JobName"]),
    ("lambda", "invoke", &["FunctionName"]),
    ("sns", "publish", &["Message"]),
    ("sqs", "sendMessage", &["QueueUrl", "MessageBody"]),
    ("states", "startExecution", &["StateMachineArn"]),
];

/// Checks `Parameters` or `Arguments` of `state`, a Task with this integration. The SDK's need none.
pub(super) fn check(integration: &Integration, state: &Fields<'_>) {
    if integration.service.starts_with("aws-sdk:") {
        return;
    }
    let name = if state.is_jsonata() { "Arguments" } else { "Parameters" };
    let Some(arguments) = state.get(name) else {
        let message = format!("{name} field is required for resource ARN: {}", integration.text);
        state.field_problem("Resource", message);
        return;
    };
    let Value::Object(members) = arguments else { return };
    let (service, action) = (integration.service.as_str(), integration.action.as_str());
    let known = REQUIRED.iter().find(|(of, called, _)| (*of, *called) == (service, action));
    for required in known.map_or(&[][..], |(_, _, required)| required) {
        let is_computed = || !state.is_jsonata() && members.contains_key(&format!("{required}.$"));
        if !members.contains_key(*required) && !is_computed() {
            let message = format!("The field '{required}' is required but was missing");
            state.findings.schema(&state.at.field(name), message);
        }
    }
}
