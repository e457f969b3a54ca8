//! The roles of state machines, as far as AWS checks them when they are assigned, or are to do more.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html>

use serde_json::Value;

use crate::id::AccountRegion;
use crate::wire::{ApiError, Assigned, Call, Code, Operation, Permission, Required, StoredRole};

/// The service that acts under them.
const STEP_FUNCTIONS: &str = "states.amazonaws.com";
/// The rule with which EventBridge tells of executions that others wait for.
const RULE: &str = "StepFunctionsGetEventsForStepFunctionsExecutionRule";
/// What a role needs to make that rule.
const OF_RULE: [&str; 3] = ["events:PutTargets", "events:PutRule", "events:DescribeRule"];
/// What a role needs to log; none of it is about one log group.
const OF_LOGS: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
];

/// The role that a call gives a state machine, or leaves it, with what its new definition and logs need at once.
pub(super) fn assigned(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Assigned> {
    if !matches!(operation.name, "CreateStateMachine" | "UpdateStateMachine") {
        return Vec::new();
    }
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let role_arn = text("roleArn").map(str::to_owned);
    let mut needed: Vec<Required> = Vec::new();
    if text("definition").is_some_and(waits_for_executions) {
        let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
        let rule = format!("arn:{partition}:events:{region}:{account}:rule/{RULE}");
        needed.extend(OF_RULE.map(|action| (Permission::new(action, rule.as_str()), no_rule as _)));
    }
    if input.get("loggingConfiguration").is_some_and(logs) {
        needed.extend(OF_LOGS.map(|action| (Permission::new(action, "*"), no_logs as _)));
    }
    if role_arn.is_none() && needed.is_empty() {
        return Vec::new();
    }
    let own = text("stateMachineArn").map(str::to_owned);
    let name = text("name").map(|name| {
        let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
        format!("arn:{partition}:states:{region}:{account}:stateMachine:{name}")
    });
    vec![Assigned {
        role_arn,
        service: STEP_FUNCTIONS,
        source_arn: own.or(name),
        refused: not_assumed,
        needed,
    }]
}

/// The role of the state machine that a call changes.
pub(super) fn stored(call: &Call) -> StoredRole<'_> {
    Box::pin(async move {
        let arn = call.input.get("stateMachineArn")?.as_str()?;
        call.engine().state_machines().describe(arn).await.ok().map(|machine| machine.role_arn)
    })
}

fn not_assumed(_: &str) -> ApiError {
    let message = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume \
                   the provided role.";
    ApiError::new(Code::AccessDenied, message)
}

fn no_rule(role_arn: &str) -> ApiError {
    ApiError::new(Code::AccessDenied, format!("'{role_arn}' is not authorized to create managed-rule."))
}

fn no_logs(_: &str) -> ApiError {
    let message = "The state machine IAM Role is not authorized to access the Log Destination";
    ApiError::new(Code::AccessDenied, message)
}

fn logs(configuration: &Value) -> bool {
    let level = configuration.get("level").and_then(Value::as_str).unwrap_or("OFF");
    let destinations = configuration.get("destinations").and_then(Value::as_array);
    level != "OFF" && destinations.is_some_and(|destinations| !destinations.is_empty())
}

/// Whether a task of the definition starts an execution and waits for it. What isn't JSON is refused later.
fn waits_for_executions(definition: &str) -> bool {
    const RESOURCE: &str = "states:startExecution.sync";
    // Most definitions don't have the word, and need not be read.
    definition.contains(RESOURCE)
        && serde_json::from_str(definition).is_ok_and(|definition| has_resource(&definition, RESOURCE))
}

fn has_resource(value: &Value, resource: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| match value {
            Value::String(text) => name == "Resource" && text.contains(resource),
            other => has_resource(other, resource),
        }),
        Value::Array(items) => items.iter().any(|item| has_resource(item, resource)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::{AccountId, Region};

    #[test]
    fn a_role_needs_what_its_machine_does_at_once() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let of = |name: &str, input: &Value| {
            let operation = super::super::SERVICE.operation(name).unwrap();
            assigned(operation, input, &home)
        };
        let waiting = json!({"StartAt": "A", "States": {"A": {"Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2"}}});
        let asking = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Comment": "states:startExecution.sync"}}});
        for (definition, logging, n) in [
            (asking.to_string(), json!(null), 0),
            (waiting.to_string(), json!(null), 3),
            ("states:startExecution.sync".to_owned(), json!({"level": "ALL", "destinations": [{}]}), 8),
            (waiting.to_string(), json!({"level": "ALL", "destinations": [{}]}), 11),
            (waiting.to_string(), json!({"level": "OFF", "destinations": [{}]}), 3),
        ] {
            let input = json!({"name": "m", "roleArn": "r", "definition": definition, "loggingConfiguration": logging});
            let found = of("CreateStateMachine", &input);
            assert_eq!(found[0].needed.len(), n, "{input}");
            assert_eq!(
                found[0].source_arn.as_deref(),
                Some("arn:aws:states:us-east-1:123456789012:stateMachine:m")
            );
        }
        assert!(of("UpdateStateMachine", &json!({"stateMachineArn": "a"})).is_empty());
        let later =
            json!({"stateMachineArn": "a", "loggingConfiguration": {"level": "ALL", "destinations": [{}]}});
        let found = of("UpdateStateMachine", &later);
        assert_eq!((found[0].role_arn.as_deref(), found[0].needed.len()), (None, 8));
        assert!(of("StartExecution", &json!({"roleArn": "r"})).is_empty());
    }
}
