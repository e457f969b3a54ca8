//! What callers in sessions need permissions for: action and resource of every operation, derived from its row, and
//! what they are told who have none.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use serde_json::Value;

use super::{ApiError, Code, Location, Operation, Route, Service};
use crate::id::AccountRegion;
use crate::identity::{CallFacts, Grants, Owner};
use crate::policy::{Decision, Request};

/// A permission that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needed {
    /// Such as `states:StartExecution`.
    pub(super) action: String,
    /// The ARN of what it is done to, `*` where no one thing is meant.
    pub(super) resource: String,
}

/// Members of Step Functions that name what an operation is about, the closest first.
const STATES_RESOURCES: &[&str] = &[
    "stateMachineArn",
    "executionArn",
    "activityArn",
    "mapRunArn",
    "stateMachineAliasArn",
    "stateMachineVersionArn",
    "resourceArn",
];
/// Members that give a role to what is made, which takes a permission for the role.
const ROLES: &[&str] = &["roleArn", "credentials", "authorizerCredentials", "cloudwatchRoleArn"];

/// The permissions that a call needs; all of them. `input` may not be checked yet.
pub(super) fn needed(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Needed> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let action = |name: &str| format!("{}:{name}", operation.service.signing_name());
    let of_name = |resource: Option<String>| Needed {
        action: action(operation.name),
        resource: resource.unwrap_or_else(|| "*".to_owned()),
    };
    let own = match operation.service {
        // Sessions see to these themselves: a role's own policy says who may assume it.
        Service::Sts => return Vec::new(),
        Service::States => {
            of_name(STATES_RESOURCES.iter().find_map(|member| text(member)).map(str::to_owned))
        }
        // The path of a role is not looked up.
        Service::Iam => {
            let role = text("RoleName").map(|name| format!("arn:aws:iam::{}:role/{name}", home.account));
            of_name(role.or_else(|| text("PolicyArn").map(str::to_owned)))
        }
        Service::ApiGateway => match operation.route {
            Route::Rest { method, uri, .. } => Needed {
                action: action(method),
                resource: format!(
                    "arn:{}:apigateway:{}::{}",
                    home.region.partition(),
                    home.region,
                    path(operation, uri, input)
                ),
            },
            Route::Target | Route::Action => of_name(None),
        },
    };
    let patches = input.get("patchOperations").and_then(Value::as_array).into_iter().flatten();
    let patched = patches.filter_map(|patch| {
        let path = patch.get("path").and_then(Value::as_str)?.strip_prefix('/')?;
        ROLES.contains(&path).then(|| patch.get("value").and_then(Value::as_str)).flatten()
    });
    let given = ROLES.iter().filter_map(|member| text(member)).chain(patched);
    let passed = given.filter(|arn| arn.contains(":role/"));
    let passed = passed.map(|arn| Needed { action: "iam:PassRole".to_owned(), resource: arn.to_owned() });
    std::iter::once(own).chain(passed).collect()
}

/// The path that a request for `operation` has, with the values of `input` for its labels.
fn path(operation: &Operation, uri: &str, input: &Value) -> String {
    let path = uri.split('?').next().unwrap_or_default();
    let segments = path.split('/').map(|segment| {
        let label = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        let carries =
            |location: Location| matches!((location, label), (Location::Uri(own), Some(label)) if own == label);
        let member = operation.input.members.iter().find(|member| carries(member.location));
        member.and_then(|member| input.get(member.name)?.as_str()).unwrap_or(segment)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Refuses a call for which `grants` don't have all that is needed.
pub(super) fn check(grants: &Grants, facts: &CallFacts<'_>, needed: &[Needed]) -> Result<(), ApiError> {
    for Needed { action, resource } in needed {
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
    use crate::wire::protocol::Routes;

    fn check(service: Service, operation: &str, input: Value, expect: &[(&str, &str)]) {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        let found = needed(Routes::new().named(service, operation).unwrap(), &input, &home);
        let found: Vec<_> = found.iter().map(|it| (it.action.as_str(), it.resource.as_str())).collect();
        assert_eq!(found, expect, "{operation}");
    }

    #[test]
    fn permissions_follow_from_rows() {
        let (states, gateway, iam) = (Service::States, Service::ApiGateway, Service::Iam);
        let role = "arn:aws:iam::123456789012:role/R";
        check(
            states,
            "StartExecution",
            json!({"stateMachineArn": "a:m"}),
            &[("states:StartExecution", "a:m")],
        );
        check(states, "StartExecution", json!({}), &[("states:StartExecution", "*")]);
        check(states, "ListStateMachines", json!({}), &[("states:ListStateMachines", "*")]);
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
        check(Service::Sts, "GetCallerIdentity", json!({}), &[]);
    }

    #[test]
    fn every_operation_of_every_service_has_a_resource() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        for operation in Service::ALL.into_iter().flat_map(Service::operations) {
            let input = Value::Object(crate::wire::coverage::least(operation.input));
            for Needed { action, resource } in needed(operation, &input, &home) {
                assert!(action.contains(':') && !resource.is_empty(), "{}", operation.name);
                assert!(!resource.contains('{'), "{}: {resource}", operation.name);
            }
        }
    }
}
