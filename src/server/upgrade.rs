//! What a data directory that an older version has written would now be refused: the roles of its state machines and
//! integrations weren't asked then.
//!
//! Done once a directory, and once more when its roles are asked strictly, while it is served; the log has a line for each. Only what a definition says by itself is
//! looked at: which function it calls, not which one its input will name.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::id::AccountRegion;
use crate::identity::iam::{Enforcement, Iam, RoleError, RoleUse, SOME_RESOURCE};
use crate::stack::{OperationError, Operations};

/// How many state machines and APIs are looked at.
const LOOKED_AT_MAX: usize = 10_000;
/// The most lines of the log.
const LINES_MAX: usize = 100;
/// How many entries of a list are asked for at a time.
const PAGE: usize = 100;

/// A role with what it is used for.
#[derive(Debug, PartialEq, Eq)]
struct Used {
    role: String,
    service: &'static str,
    /// The ARN of a state machine, or an API's method.
    by: String,
    /// Actions, each with a resource.
    needed: Vec<(String, String)>,
}

/// Looks at what was made so far, unless that was done before.
pub(super) async fn look(iam: Iam, operations: Arc<dyn Operations>, home: AccountRegion) {
    match iam.is_looked_at().await {
        Ok(false) => {}
        Ok(true) => return,
        Err(error) => return tracing::error!(%error, "whether roles were looked at could not be read"),
    }
    let used = match used(&*operations, &home).await {
        Ok(used) => used,
        Err(error) => return tracing::error!(%error, "the roles in use could not be looked at"),
    };
    let mut n_lines = 0;
    for used in used {
        for reason in refusals(&iam, &used, &home).await {
            n_lines += 1;
            if n_lines <= LINES_MAX {
                let (role, by) = (&used.role, &used.by);
                tracing::warn!(
                    role,
                    by,
                    "roles are asked since this version, and this one is refused: {reason}"
                );
            }
        }
    }
    if LINES_MAX < n_lines {
        tracing::warn!("… and {} more", n_lines - LINES_MAX);
    }
    if 0 < n_lines && iam.enforcement() != Enforcement::Warn {
        tracing::warn!(
            "with [iam] enforcement = \"warn\" everything is let through, and `stepgate iam missing` prints what is missing"
        );
    }
    if let Err(error) = iam.set_looked_at().await {
        tracing::error!(%error, "that roles were looked at could not be kept");
    }
}

/// Why a use of a role would be refused.
async fn refusals(iam: &Iam, used: &Used, home: &AccountRegion) -> Vec<String> {
    let of = RoleUse {
        role_arn: used.role.as_str().into(),
        service: used.service,
        session: "Upgrade".to_owned(),
        source_arn: Some(used.by.as_str().into()),
        task_role: None,
    };
    // With "warn" nothing is refused; what would be otherwise is said all the same.
    let asked = match iam.enforcement() {
        Enforcement::Strict => Enforcement::Strict,
        Enforcement::Enforced | Enforcement::Warn => Enforcement::Enforced,
    };
    let caller = match iam.clone().enforcing(asked).assume(&of, home).await {
        Ok(caller) => caller,
        Err(error @ (RoleError::NotAssumed { .. } | RoleError::TaskRole { .. })) => {
            return vec![error.to_string()];
        }
        Err(RoleError::Iam(_)) => return Vec::new(),
    };
    let shown = |resource: &str| if resource.is_empty() { String::new() } else { format!(" on {resource}") };
    let mut reasons = Vec::new();
    for (action, resource) in &used.needed {
        if let Ok(false) = iam.allows(&caller, &home.region, action, resource).await {
            reasons.push(format!("its policies don't allow {action}{}", shown(resource)));
        }
    }
    reasons
}

/// The roles of the state machines and integrations of `home`.
async fn used(operations: &dyn Operations, home: &AccountRegion) -> Result<Vec<Used>, OperationError> {
    let mut all = Vec::new();
    let mut token = Value::Null;
    while all.len() < LOOKED_AT_MAX {
        let input = json!({"maxResults": PAGE, "nextToken": token});
        let page = operations.call("states", "ListStateMachines", input).await?;
        for machine in page["stateMachines"].as_array().into_iter().flatten() {
            let arn = &machine["stateMachineArn"];
            let input = json!({"stateMachineArn": arn});
            // One that is deleted meanwhile doesn't matter.
            let Ok(machine) = operations.call("states", "DescribeStateMachine", input).await else {
                continue;
            };
            all.extend(of_machine(&machine));
        }
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let mut position = Value::Null;
    let mut n_apis = 0;
    while n_apis < LOOKED_AT_MAX {
        let page = operations
            .call("apigateway", "GetRestApis", json!({"limit": PAGE, "position": position}))
            .await?;
        for api in page["item"].as_array().into_iter().flatten() {
            n_apis += 1;
            all.extend(of_api(operations, &api["id"], home).await);
        }
        position = page["position"].clone();
        if position.is_null() {
            break;
        }
    }
    Ok(all)
}

async fn of_api(operations: &dyn Operations, api: &Value, home: &AccountRegion) -> Vec<Used> {
    let mut all = Vec::new();
    let mut position = Value::Null;
    loop {
        let input = json!({"restApiId": api, "limit": PAGE, "position": position, "embed": ["methods"]});
        let Ok(page) = operations.call("apigateway", "GetResources", input).await else { return all };
        for resource in page["item"].as_array().into_iter().flatten() {
            for (verb, method) in resource["resourceMethods"].as_object().into_iter().flatten() {
                let path = resource["path"].as_str().unwrap_or_default();
                all.extend(of_integration(&method["methodIntegration"], api, verb, path, home));
            }
        }
        position = page["position"].clone();
        if position.is_null() || LOOKED_AT_MAX < all.len() {
            return all;
        }
    }
}

fn of_integration(
    integration: &Value,
    api: &Value,
    verb: &str,
    path: &str,
    home: &AccountRegion,
) -> Option<Used> {
    let role = integration["credentials"].as_str().filter(|role| role.contains(":role/"))?;
    // `arn:aws:apigateway:R:states:action/StartExecution`
    let target = integration["uri"].as_str()?.splitn(6, ':').skip(4).collect::<Vec<_>>();
    let [service, operation] = target.as_slice() else { return None };
    let needed = match (*service, operation.split_once('/')?) {
        (service, ("action", action)) => {
            let action = action.split(['&', '?']).next().unwrap_or_default();
            Some((format!("{service}:{action}"), SOME_RESOURCE.to_owned()))
        }
        ("lambda", ("path", path)) => path
            .split_once("/functions/")
            .and_then(|(_, rest)| rest.strip_suffix("/invocations"))
            .filter(|function| !function.contains("${"))
            .map(|function| ("lambda:InvokeFunction".to_owned(), function.to_owned())),
        _ => None,
    };
    let (region, account, id) = (&home.region, &home.account, api.as_str()?);
    let partition = region.partition();
    let by = format!("arn:{partition}:execute-api:{region}:{account}:{id}/*/{verb}{path}");
    let service = "apigateway.amazonaws.com";
    Some(Used { role: role.to_owned(), service, by, needed: needed.into_iter().collect() })
}

fn of_machine(machine: &Value) -> Option<Used> {
    let (role, by) = (machine["roleArn"].as_str()?, machine["stateMachineArn"].as_str()?);
    let definition: Value = serde_json::from_str(machine["definition"].as_str()?).ok()?;
    let mut needed = Vec::new();
    add_tasks(&definition, &mut needed);
    needed.sort_unstable();
    needed.dedup();
    Some(Used { role: role.to_owned(), service: "states.amazonaws.com", by: by.to_owned(), needed })
}

/// What the tasks of a definition need, wherever they are in it.
fn add_tasks(value: &Value, needed: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            let is_own = members.get("Credentials").is_none();
            if members.get("Type").and_then(Value::as_str) == Some("Task") && is_own {
                needed.extend(of_task(value));
            }
            members.values().for_each(|value| add_tasks(value, needed));
        }
        Value::Array(items) => items.iter().for_each(|value| add_tasks(value, needed)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn of_task(task: &Value) -> Option<(String, String)> {
    let resource = task["Resource"].as_str()?;
    // An argument that is an ARN as it stands, not one that input will name.
    let argument = |name: &str| {
        let of = |field: &str| task[field][name].as_str().filter(|text| text.starts_with("arn:"));
        of("Parameters").or_else(|| of("Arguments")).unwrap_or(SOME_RESOURCE).to_owned()
    };
    if resource.contains(":lambda:") && resource.contains(":function:") {
        return Some(("lambda:InvokeFunction".to_owned(), resource.to_owned()));
    }
    let integration = resource.split_once(":states:::")?.1;
    let mut parts = integration.split(':');
    let (service, action) = (parts.next()?, parts.next()?);
    let plain = |action: &str| action.split('.').next().unwrap_or_default().to_owned();
    match service {
        "lambda" => Some(("lambda:InvokeFunction".to_owned(), argument("FunctionName"))),
        "states" => Some(("states:StartExecution".to_owned(), argument("StateMachineArn"))),
        "sqs" | "sns" | "events" | "dynamodb" => {
            Some((format!("{service}:{}", pascal(&plain(action))), SOME_RESOURCE.to_owned()))
        }
        "aws-sdk" => {
            let service = match action {
                "sfn" => "states",
                "eventbridge" => "events",
                "cognitoidentityprovider" => "cognito-idp",
                other => other,
            };
            let action = pascal(&plain(parts.next()?));
            let action =
                if (service, action.as_str()) == ("lambda", "Invoke") { "InvokeFunction" } else { &action };
            Some((format!("{service}:{action}"), SOME_RESOURCE.to_owned()))
        }
        _ => None,
    }
}

fn pascal(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, Region};

    #[test]
    fn definitions_say_what_they_need() {
        let definition = json!({"StartAt": "A", "States": {
            "A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"},
            "B": {"Type": "Map", "ItemProcessor": {"States": {"C": {"Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {"StateMachineArn": "arn:m"}}}}},
            "D": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sfn:listActivities"},
            "E": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"},
            "F": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Credentials": {"RoleArn": "r"}},
            "G": {"Type": "Pass"}}});
        let machine = json!({"roleArn": "r", "stateMachineArn": "m", "definition": definition.to_string()});
        let found = of_machine(&machine).unwrap();
        let expect = [
            ("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:f"),
            ("sqs:SendMessage", ""),
            ("states:ListActivities", ""),
            ("states:StartExecution", "arn:m"),
        ];
        let found: Vec<_> = found.needed.iter().map(|(a, r)| (a.as_str(), r.as_str())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn integrations_say_what_they_need() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        };
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let role = "arn:aws:iam::123456789012:role/r";
        for (uri, credentials, expect) in [
            ("states:action/StartExecution".to_owned(), role, Some(("states:StartExecution", ""))),
            (
                format!("lambda:path/2015-03-31/functions/{function}/invocations"),
                role,
                Some(("lambda:InvokeFunction", function)),
            ),
            ("lambda:path/2015-03-31/functions/${stageVariables.f}/invocations".to_owned(), role, None),
            ("states:action/StartExecution".to_owned(), "arn:aws:iam::*:user/*", None),
        ] {
            let integration =
                json!({"credentials": credentials, "uri": format!("arn:aws:apigateway:us-east-1:{uri}")});
            let found = of_integration(&integration, &json!("abc"), "GET", "/p", &home);
            let found = found.and_then(|used| used.needed.into_iter().next());
            let expect = expect.map(|(action, resource)| (action.to_owned(), resource.to_owned()));
            assert_eq!(found, expect, "{uri} {credentials}");
        }
    }
}
