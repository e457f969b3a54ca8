//! The permissions that callers in sessions need: action and resource of every operation, derived from its row; and the
//! error for callers without permission.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use serde_json::Value;

use super::{ApiError, Code, Operation};
use crate::id::AccountRegion;
use crate::identity::{CallFacts, Grants, Owner};
use crate::policy::{Decision, Request};

/// A permission that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Such as `states:StartExecution`.
    pub action: String,
    /// The ARN of the resource; `*` if there is no single one.
    pub resource: String,
}

impl Permission {
    /// To call `operation`, on the `resource` of this ARN if one thing is meant.
    pub fn to(operation: &Operation, resource: Option<String>) -> Self {
        Self {
            action: format!("{}:{}", operation.service.name, operation.name),
            resource: resource.unwrap_or_else(|| "*".to_owned()),
        }
    }
}

/// Members that assign a role, which requires permission to pass the role.
const ROLES: &[&str] = &["roleArn", "credentials", "authorizerCredentials", "cloudwatchRoleArn", "Role"];

/// All permissions that a call needs. `input` may not be checked yet.
pub(super) fn needed(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let Some(own) = (operation.service.permission)(operation, input, home) else {
        return Vec::new();
    };
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let patches = input.get("patchOperations").and_then(Value::as_array).into_iter().flatten();
    let patched = patches.filter_map(|patch| {
        let path = patch.get("path").and_then(Value::as_str)?.strip_prefix('/')?;
        ROLES.contains(&path).then(|| patch.get("value").and_then(Value::as_str)).flatten()
    });
    let given = ROLES.iter().filter_map(|member| text(member)).chain(patched);
    // A state whose work is mocked acts under no role.
    let is_mocked = operation.name == "TestState" && input.get("mock").is_some_and(|mock| !mock.is_null());
    let passed = given.filter(|arn| arn.contains(":role/") && !is_mocked);
    let passed = passed.map(|arn| Permission { action: "iam:PassRole".to_owned(), resource: arn.to_owned() });
    let reveals = operation.name == "TestState" && input.get("revealSecrets") == Some(&Value::Bool(true));
    let revealed = reveals.then(|| Permission {
        action: format!("{}:RevealSecrets", operation.service.name),
        resource: "*".to_owned(),
    });
    std::iter::once(own).chain(revealed).chain(passed).collect()
}

/// Refuses a call if `grants` don't include everything that is needed.
pub(super) fn check(grants: &Grants, facts: &CallFacts<'_>, needed: &[Permission]) -> Result<(), ApiError> {
    for Permission { action, resource } in needed {
        let request = Request { caller: facts.caller.for_policies(), action, resource, facts };
        let reason = match grants.decide(&request, None, Owner::Same) {
            Decision::Allow => continue,
            Decision::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
            Decision::ImplicitDeny => {
                format!("because no identity-based policy allows the {action} action")
            }
        };
        let user = &facts.caller.arn;
        let message =
            format!("User: {user} is not authorized to perform: {action} on resource: {resource} {reason}");
        return Err(ApiError::new(Code::AccessDenied, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::{AccountId, Region};
    use crate::wire::harness::SERVICES;
    use crate::wire::{Service, apis, iam, states, sts};

    fn check(service: &'static Service, operation: &str, input: Value, expect: &[(&str, &str)]) {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        let found = needed(service.operation(operation).unwrap(), &input, &home);
        let found: Vec<_> = found.iter().map(|it| (it.action.as_str(), it.resource.as_str())).collect();
        assert_eq!(found, expect, "{operation}");
    }

    #[test]
    fn permissions_follow_from_rows() {
        let (states, gateway, iam) = (&states::SERVICE, &apis::SERVICE, &iam::SERVICE);
        let role = "arn:aws:iam::123456789012:role/R";
        check(
            states,
            "StartExecution",
            json!({"stateMachineArn": "a:m"}),
            &[("states:StartExecution", "a:m")],
        );
        check(states, "StartExecution", json!({}), &[("states:StartExecution", "*")]);
        check(states, "ListStateMachines", json!({}), &[("states:ListStateMachines", "*")]);
        check(states, "TestState", json!({"definition": "{}"}), &[("states:TestState", "*")]);
        let mut test = json!({"definition": "{}", "roleArn": role, "revealSecrets": true});
        check(
            states,
            "TestState",
            test.clone(),
            &[("states:TestState", "*"), ("states:RevealSecrets", "*"), ("iam:PassRole", role)],
        );
        test["mock"] = json!({"result": "{}"});
        check(states, "TestState", test, &[("states:TestState", "*"), ("states:RevealSecrets", "*")]);
        check(states, "TagResource", json!({"resourceArn": "a"}), &[("states:TagResource", "a")]);
        check(
            states,
            "CreateStateMachine",
            json!({"name": "m", "roleArn": role}),
            &[("states:CreateStateMachine", "*"), ("iam:PassRole", role)],
        );
        check(
            gateway,
            "GetRestApis",
            json!({}),
            &[("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis")],
        );
        check(
            gateway,
            "DeleteStage",
            json!({"restApiId": "abc", "stageName": "dev"}),
            &[("apigateway:DELETE", "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/dev")],
        );
        let site = json!({"restApiId": "a", "resourceId": "r", "verb": "GET", "credentials": role,
            "patchOperations": [{"op": "replace", "path": "/credentials", "value": "arn:aws:iam::1:role/S"},
                                {"op": "replace", "path": "/uri", "value": "arn:aws:iam::1:role/T"}]});
        let path = "arn:aws:apigateway:eu-west-1::/restapis/a/resources/r/methods/GET/integration";
        check(
            gateway,
            "PutIntegration",
            site,
            &[("apigateway:PUT", path), ("iam:PassRole", role), ("iam:PassRole", "arn:aws:iam::1:role/S")],
        );
        let own = json!({"restApiId": "a", "resourceId": "r", "verb": "GET",
            "credentials": "arn:aws:iam::*:user/*"});
        check(gateway, "PutIntegration", own, &[("apigateway:PUT", path)]);
        check(
            gateway,
            "ImportRestApi",
            json!({}),
            &[("apigateway:POST", "arn:aws:apigateway:eu-west-1::/restapis")],
        );
        check(iam, "GetRole", json!({"RoleName": "R"}), &[("iam:GetRole", role)]);
        check(iam, "GetPolicy", json!({"PolicyArn": "p"}), &[("iam:GetPolicy", "p")]);
        check(iam, "ListRoles", json!({}), &[("iam:ListRoles", "*")]);
        check(&sts::SERVICE, "GetCallerIdentity", json!({}), &[]);
    }

    #[test]
    fn every_operation_of_every_service_has_a_resource() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        for operation in SERVICES.iter().flat_map(|service| service.operations) {
            let input = Value::Object(crate::wire::coverage::least(operation.input));
            for Permission { action, resource } in needed(operation, &input, &home) {
                assert!(action.contains(':') && !resource.is_empty(), "{}", operation.name);
                assert!(!resource.contains('{'), "{}: {resource}", operation.name);
            }
        }
    }
}
