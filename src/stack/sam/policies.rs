//! The `Policies` of functions and state machines: managed policies, documents, and the model's policy templates.

use serde_json::{Map, Value, json};

use super::policy_templates::statements;
use super::{Made, listed};

/// The policies of a role.
#[derive(Default)]
pub(super) struct Granted {
    pub(super) managed: Vec<Value>,
    pub(super) inline: Vec<Value>,
}

/// Managed policies of AWS that are not in the root.
const SERVICE_ROLE: &[&str] = &[
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaMSKExecutionRole",
    "AWSLambdaRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
];

/// A managed policy of AWS, by its name.
pub(super) fn managed(name: &str) -> Value {
    let path = if SERVICE_ROLE.contains(&name) { "service-role/" } else { "" };
    json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:iam::aws:policy/{path}{name}") })
}

/// Reads `Policies` for the role `role`.
pub(super) fn granted(policies: Option<Value>, role: &str, at: &str, made: &mut Made) -> Granted {
    let mut granted = Granted::default();
    for (i, policy) in policies.map(listed).unwrap_or_default().into_iter().enumerate() {
        let at = format!("{at}/Policies/{i}");
        match policy {
            Value::String(name) if name.starts_with("arn:") => granted.managed.push(json!(name)),
            Value::String(name) => granted.managed.push(managed(&name)),
            Value::Object(policy) if policy.contains_key("Statement") => {
                granted.inline.push(named(role, i, Value::Object(policy)));
            }
            Value::Object(policy) if is_function(&policy) => granted.managed.push(policy.into()),
            Value::Object(policy) => {
                for (template, parameters) in policy {
                    match statements(&template, &parameters) {
                        Ok(statements) => {
                            let document = json!({ "Version": "2012-10-17", "Statement": statements });
                            granted.inline.push(named(role, i, document));
                        }
                        Err(problem) => made.refuse(&at, problem),
                    }
                }
            }
            _ => made.refuse(at, "expected a policy's name, its document or a policy template"),
        }
    }
    granted
}

fn named(role: &str, i: usize, mut document: Value) -> Value {
    if document.get("Version").is_none() {
        document["Version"] = json!("2012-10-17");
    }
    json!({ "PolicyName": format!("{role}Policy{i}"), "PolicyDocument": document })
}

fn is_function(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))
}
