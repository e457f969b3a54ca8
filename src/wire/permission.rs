//! The permissions that callers in sessions need: action and resource of every operation, derived from its row; and the
//! error for callers without permission.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use std::net::IpAddr;

use http::header::{REFERER, USER_AGENT};
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use super::{ApiError, CalledFrom, Code, Operation};
use crate::id::{AccountRegion, Arn};
use crate::identity::{CallFacts, Caller, ConditionValues, Grants, Owner, TrustDecision};
use crate::policy::{Deciding, Decision, Policy, Request};

/// The longest ARN in a line of the audit log.
const ARN_BYTES_MAX: usize = 2_048;

/// A permission that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Such as `states:StartExecution`.
    pub action: String,
    /// The ARN of the resource; `*` if there is no single one.
    pub resource: String,
    /// Condition keys about the call, in lower case.
    pub conditions: Vec<ConditionValues>,
}

impl Permission {
    /// To do `action` with `resource`.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), conditions: Vec::new() }
    }

    /// The same, where the condition key `key` (in lower case) has this value.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.conditions.push((key.into(), vec![value.into()]));
        self
    }

    /// To call `operation`, on the `resource` of this ARN if one thing is meant.
    pub fn to(operation: &Operation, resource: Option<String>) -> Self {
        let action = [operation.service.name, ":", operation.name].concat();
        Self::new(action, resource.unwrap_or_else(|| "*".to_owned()))
    }
}

/// Members that assign a role, which requires permission to pass the role.
const ROLES: &[&str] = &["roleArn", "credentials", "authorizerCredentials", "cloudwatchRoleArn", "Role"];

/// All permissions that a call needs. `input` may not be checked yet.
pub(super) fn needed(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let mut needed = (operation.service.permissions)(operation, input, home);
    if needed.is_empty() {
        return needed;
    }
    let of_tags = of_tags(input);
    needed.iter_mut().for_each(|permission| permission.conditions.extend(of_tags.iter().cloned()));
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
    needed.extend(passed.map(|arn| {
        let service = format!("{}.amazonaws.com", operation.service.name);
        Permission::new("iam:PassRole", arn).with("iam:passedtoservice", service)
    }));
    needed
}

/// The condition keys of a request from outside: where it comes from, and how. What a service does for a caller has none of
/// them, as on AWS.
pub(super) fn of_request(parts: &Parts) -> Vec<ConditionValues> {
    let from = parts.extensions.get::<CalledFrom>();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let values = [
        ("aws:sourceip", from.map(|from| from.ip.to_canonical().to_string())),
        ("aws:securetransport", from.map(|from| from.is_secure.to_string())),
        ("aws:viaawsservice", Some(false.to_string())),
        ("aws:useragent", header(USER_AGENT)),
        ("aws:referer", header(REFERER)),
    ];
    values.into_iter().filter_map(|(key, value)| Some((key.into(), vec![value?]))).collect()
}

/// The condition keys of the tags that a resource has, of what its service answers that is asked for them.
pub(super) fn of_resource(service: &str, answer: &Value) -> Vec<ConditionValues> {
    let keys = |(key, value): (String, String)| {
        let key = key.to_lowercase();
        // IAM has a key of its own besides.
        let own = (service == "iam").then(|| (format!("iam:resourcetag/{key}").into(), vec![value.clone()]));
        [Some((format!("aws:resourcetag/{key}").into(), vec![value])), own].into_iter().flatten()
    };
    // CloudFormation describes a stack.
    let answer = answer.pointer("/Stacks/0").unwrap_or(answer);
    tags_in(answer).into_iter().flat_map(keys).collect()
}

/// The tags that a call gives or an answer tells of, however the service writes them.
fn tags_in(value: &Value) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::new();
    match ["tags", "Tags"].into_iter().find_map(|name| value.get(name)) {
        Some(Value::Object(map)) => {
            let pairs =
                map.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
            tags.extend(pairs);
        }
        Some(Value::Array(list)) => tags.extend(list.iter().filter_map(|tag| {
            let text = |names: [&str; 2]| names.into_iter().find_map(|name| tag.get(name)?.as_str());
            Some((text(["key", "Key"])?.to_owned(), text(["value", "Value"]).unwrap_or_default().to_owned()))
        })),
        Some(_) | None => {}
    }
    tags
}

/// The condition keys of the tags that a call gives or takes: `aws:RequestTag/KEY` and `aws:TagKeys`.
fn of_tags(input: &Value) -> Vec<ConditionValues> {
    let member = |names: [&str; 2]| names.into_iter().find_map(|name| input.get(name));
    let tags = tags_in(input);
    let taken = member(["tagKeys", "TagKeys"]).and_then(Value::as_array).into_iter().flatten();
    let taken = taken.filter_map(Value::as_str).map(str::to_owned);
    let keys: Vec<String> = tags.iter().map(|(key, _)| key.clone()).chain(taken).collect();
    let values = tags.into_iter();
    let mut conditions: Vec<ConditionValues> = values
        .map(|(key, value)| (format!("aws:requesttag/{}", key.to_lowercase()).into(), vec![value]))
        .collect();
    if !keys.is_empty() {
        conditions.push(("aws:tagkeys".into(), keys));
    }
    conditions
}

/// A permission that a role has to have already, and the error for the role of this ARN if it doesn't.
pub type Required = (Permission, fn(&str) -> ApiError);

/// A role that a call assigns.
#[derive(Debug)]
pub struct Assigned {
    /// The role's ARN; `None` for the one that the resource has already.
    pub role_arn: Option<String>,
    /// The service that will act under it.
    pub service: &'static str,
    /// The ARN of the resource that it will act for, as far as it is known.
    pub source_arn: Option<String>,
    /// The error if the service can't assume the role.
    pub refused: fn(&str) -> ApiError,
    /// What the role has to be allowed already.
    pub needed: Vec<Required>,
}

/// A permission that a caller doesn't have.
pub(super) struct Denied<'a> {
    permission: &'a Permission,
    is_explicit: bool,
    /// Whether it is the policy of the resource that denies it.
    is_theirs: bool,
}

/// What was decided about a permission, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Decided {
    action: String,
    /// The resource; left out if a client sent something else in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    decision: &'static str,
    /// The policy that decided: an ARN, `HOLDER/NAME` of an inline policy, `session policy`, or `account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// The `Sid` or the number of its statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
}

impl Decided {
    fn new(permission: &Permission, is_allowed: bool) -> Self {
        let Permission { action, resource, .. } = permission;
        let is_shown = resource.len() <= ARN_BYTES_MAX && (resource == "*" || Arn::parse(resource).is_ok());
        Self {
            action: action.clone(),
            resource: is_shown.then(|| resource.clone()),
            decision: if is_allowed { "allowed" } else { "denied" },
            policy: None,
            statement: None,
        }
    }

    /// The account itself may do everything.
    pub(super) fn by_account(permission: &Permission) -> Self {
        Self { policy: Some("account".to_owned()), ..Self::new(permission, true) }
    }

    /// What a role's trust policy decided.
    pub(super) fn of_trust(decision: TrustDecision) -> Self {
        let TrustDecision { action, role_arn, is_allowed, by } = decision;
        Self {
            policy: by.as_ref().and_then(|by| by.policy.as_deref().map(str::to_owned)),
            statement: by.map(|by| by.statement),
            ..Self::new(&Permission::new(action, role_arn), is_allowed)
        }
    }

    /// … and some things nobody else may, whatever policies say.
    pub(super) fn for_the_account_alone(permission: &Permission) -> Self {
        Self::new(permission, false)
    }
}

/// What the policy of a resource says of a call of it.
///
/// Such policies often refuse what comes without TLS, which on AWS is the Internet's. What doesn't leave this machine is as
/// good.
pub(super) fn theirs(
    policy: &Policy,
    facts: &CallFacts<'_>,
    permission: &Permission,
) -> (Decision, Option<Deciding>) {
    let mut conditions = facts.conditions.to_vec();
    let is_own = conditions.iter().any(|(key, values)| {
        let is_loopback = |ip: &String| ip.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        key == "aws:sourceip" && values.iter().all(is_loopback)
    });
    if let Some((_, values)) = conditions.iter_mut().find(|(key, _)| is_own && key == "aws:securetransport") {
        *values = vec![true.to_string()];
    }
    let facts = CallFacts { conditions: &conditions, ..*facts };
    let Permission { action, resource, .. } = permission;
    let request = Request { caller: facts.caller.for_policies(), action, resource, facts: &facts };
    let (decision, by) = policy.deciding(&request);
    let policy = Some(format!("policy of {resource}").into());
    (decision, by.map(|by| Deciding { policy, ..by }))
}

/// Whether `grants` don't include what is needed, and `theirs`, the decision of the resource's policy, either; `tell` is
/// told what decides.
pub(super) fn denied<'a>(
    grants: &Grants,
    facts: &CallFacts<'_>,
    permission: &'a Permission,
    theirs: Option<(Decision, Option<Deciding>)>,
    tell: Option<&mut Vec<Decided>>,
) -> Option<Denied<'a>> {
    let Permission { action, resource, .. } = permission;
    let request = Request { caller: facts.caller.for_policies(), action, resource, facts };
    let (theirs, their_statement) = theirs.map_or((None, None), |(decision, by)| (Some(decision), by));
    let decision = grants.decide(&request, theirs, Owner::Same);
    if let Some(told) = tell {
        // Where the caller's own policies decide otherwise alone, the resource's made the difference.
        let by = match decision {
            Decision::ImplicitDeny => None,
            _ if grants.decide(&request, None, Owner::Same) == decision => grants.deciding(&request),
            _ => their_statement,
        };
        told.push(Decided {
            policy: by.as_ref().and_then(|by| by.policy.as_deref().map(str::to_owned)),
            statement: by.map(|by| by.statement),
            ..Decided::new(permission, decision == Decision::Allow)
        });
    }
    match decision {
        Decision::Allow => None,
        Decision::ExplicitDeny => {
            let is_theirs = theirs == Some(Decision::ExplicitDeny);
            Some(Denied { permission, is_explicit: true, is_theirs })
        }
        Decision::ImplicitDeny => Some(Denied { permission, is_explicit: false, is_theirs: false }),
    }
}

impl Denied<'_> {
    /// AWS's words for `caller`.
    pub(super) fn into_error(self, caller: &Caller) -> ApiError {
        let Permission { action, resource, .. } = self.permission;
        let resource = if resource.is_empty() { "*" } else { resource };
        let reason = match self.is_explicit {
            true if self.is_theirs => "with an explicit deny in a resource-based policy".to_owned(),
            true => "with an explicit deny in an identity-based policy".to_owned(),
            false => format!("because no identity-based policy allows the {action} action"),
        };
        let user = &caller.arn;
        let message =
            format!("User: {user} is not authorized to perform: {action} on resource: {resource} {reason}");
        ApiError::new(Code::AccessDenied, message)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::id::{AccountId, Region};
    use crate::policy::PolicyKind;
    use crate::wire::harness::SERVICES;
    use crate::wire::{Service, apigateway, iam, states, sts};

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
        let (states, gateway, iam) = (&states::SERVICE, &apigateway::SERVICE, &iam::SERVICE);
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
    fn calls_have_condition_keys() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        let role = "arn:aws:iam::123456789012:role/R";
        let (states, gateway, lambda) =
            (&states::SERVICE, &apigateway::SERVICE, &crate::wire::lambda::SERVICE);
        let machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:m";
        for (service, operation, input, index, expect) in [
            (
                states,
                "CreateActivity",
                json!({"name": "a", "tags": [{"key": "Team", "value": "blue"}]}),
                0,
                &[("aws:requesttag/team", &["blue"][..]), ("aws:tagkeys", &["Team"])][..],
            ),
            (
                states,
                "UntagResource",
                json!({"resourceArn": "a", "tagKeys": ["x", "y"]}),
                0,
                &[("aws:tagkeys", &["x", "y"])],
            ),
            (
                states,
                "StartExecution",
                json!({"stateMachineArn": format!("{machine}:live")}),
                0,
                &[("states:statemachinequalifier", &["live"])],
            ),
            (
                states,
                "CreateStateMachine",
                json!({"name": "m", "roleArn": role}),
                1,
                &[("iam:passedtoservice", &["states.amazonaws.com"])],
            ),
            (
                gateway,
                "CreateRestApi",
                json!({"name": "pets", "tags": {"a": "b"}, "endpointConfiguration": {"types": ["EDGE"]}}),
                0,
                &[
                    ("apigateway:request/apiname", &["pets"]),
                    ("apigateway:request/endpointtype", &["EDGE"]),
                    ("aws:requesttag/a", &["b"]),
                    ("aws:tagkeys", &["a"]),
                ],
            ),
            (
                gateway,
                "PutMethod",
                json!({"restApiId": "a", "resourceId": "r", "httpMethod": "GET", "authorizationType": "NONE",
                    "apiKeyRequired": true}),
                0,
                &[
                    ("apigateway:request/routeauthorizationtype", &["NONE"]),
                    ("apigateway:request/apikeyrequired", &["true"]),
                ],
            ),
            (
                lambda,
                "AddPermission",
                json!({"FunctionName": "f", "Principal": "events.amazonaws.com", "FunctionUrlAuthType": "NONE"}),
                0,
                &[("lambda:principal", &["events.amazonaws.com"]), ("lambda:functionurlauthtype", &["NONE"])],
            ),
            (
                lambda,
                "CreateFunction",
                json!({"FunctionName": "f", "Layers": ["arn:l:1"]}),
                0,
                &[("lambda:layer", &["arn:l:1"])],
            ),
        ] {
            let found = needed(service.operation(operation).unwrap(), &input, &home);
            let found: Vec<(&str, Vec<&str>)> = found[index]
                .conditions
                .iter()
                .map(|(key, values)| (&**key, values.iter().map(String::as_str).collect()))
                .collect();
            let expect: Vec<(&str, Vec<&str>)> =
                expect.iter().map(|(key, values)| (*key, values.to_vec())).collect();
            assert_eq!(found, expect, "{operation}");
        }
        let alias = json!({"stateMachineArn": format!("{machine}:live")});
        let found = needed(states.operation("StartExecution").unwrap(), &alias, &home);
        assert_eq!(found[0].resource, machine);
    }

    #[test]
    fn every_operation_of_every_service_has_a_resource() {
        let home = AccountRegion {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
        };
        for operation in SERVICES.iter().flat_map(|service| service.operations) {
            let input = Value::Object(crate::wire::coverage::least(operation.input));
            for Permission { action, resource, .. } in needed(operation, &input, &home) {
                assert!(action.contains(':') && !resource.is_empty(), "{}", operation.name);
                assert!(!resource.contains('{'), "{}: {resource}", operation.name);
            }
        }
    }

    /// The audit log names the statement that made the difference, of whichever policy it is.
    #[test]
    fn a_resource_s_policy_is_named_where_it_decides() {
        let bucket = "arn:aws:s3:::b";
        let permission = Permission::new("s3:ListBucket", bucket);
        let account = AccountId::parse("123456789012").unwrap();
        let caller = Caller::assumed_role(account, "R", "me");
        let facts =
            CallFacts { caller: &caller, now: Timestamp::from_millis(0), region: None, conditions: &[] };
        let of = |effect: &str, sid: &str, kind| {
            let text = json!({"Statement": [{"Sid": sid, "Effect": effect, "Action": "s3:*", "Resource": "*",
                "Principal": "*"}]});
            let mut text = text;
            if kind == PolicyKind::Identity {
                text["Statement"][0].as_object_mut().unwrap().remove("Principal");
            }
            Arc::new(Policy::parse(&text.to_string(), kind).unwrap())
        };
        let theirs_is = format!("policy of {bucket}");
        for (own, theirs_effect, expect) in [
            (Some("Allow"), Some("Deny"), ("denied", Some(theirs_is.as_str()), Some("Theirs"))),
            (None, Some("Allow"), ("allowed", Some(theirs_is.as_str()), Some("Theirs"))),
            (Some("Allow"), Some("Allow"), ("allowed", None, Some("Own"))),
            (Some("Deny"), Some("Allow"), ("denied", None, Some("Own"))),
            (None, None, ("denied", None, None)),
        ] {
            let identity = own.map(|effect| of(effect, "Own", PolicyKind::Identity)).into_iter().collect();
            let grants = Grants::Policies { identity, bounds: Vec::new() };
            let policy = theirs_effect.map(|effect| of(effect, "Theirs", PolicyKind::Resource));
            let said = policy.map(|policy| theirs(&policy, &facts, &permission));
            let mut told = Vec::new();
            denied(&grants, &facts, &permission, said, Some(&mut told));
            let found = (told[0].decision, told[0].policy.as_deref(), told[0].statement.as_deref());
            assert_eq!(found, expect, "{own:?} {theirs_effect:?}");
        }
    }
}
