//! Compares the tables with AWS's lists of operations, and each row with its own shape.

use serde_json::{Map, Value, json};

use super::check::check;
use super::harness::SERVICES;
use super::{
    Code, Handler, Limits, Location, Member, Operation, Protocol, Route, Shape, Structure, iam, lambda,
    states, sts,
};

const STATES: &str = "CreateActivity CreateStateMachine CreateStateMachineAlias DeleteActivity DeleteStateMachine \
    DeleteStateMachineAlias DeleteStateMachineVersion DescribeActivity DescribeExecution DescribeMapRun \
    DescribeStateMachine DescribeStateMachineAlias DescribeStateMachineForExecution GetActivityTask \
    GetExecutionHistory ListActivities ListExecutions ListMapRuns ListStateMachineAliases ListStateMachineVersions \
    ListStateMachines ListTagsForResource PublishStateMachineVersion RedriveExecution SendTaskFailure \
    SendTaskHeartbeat SendTaskSuccess StartExecution StartSyncExecution StopExecution TagResource TestState \
    UntagResource UpdateMapRun UpdateStateMachine UpdateStateMachineAlias ValidateStateMachineDefinition";
const IAM: &str = "AddRoleToInstanceProfile AddUserToGroup AttachGroupPolicy AttachRolePolicy AttachUserPolicy \
    CreateAccessKey CreateGroup CreateInstanceProfile CreatePolicy CreatePolicyVersion CreateRole \
    CreateUser DeleteAccessKey DeleteGroup DeleteGroupPolicy DeleteInstanceProfile DeletePolicy \
    DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteUser \
    DeleteUserPermissionsBoundary DeleteUserPolicy DetachGroupPolicy DetachRolePolicy \
    DetachUserPolicy GetAccessKeyLastUsed GetAccountAuthorizationDetails GetContextKeysForCustomPolicy GetContextKeysForPrincipalPolicy GetGroup GetGroupPolicy \
    GetInstanceProfile GetPolicy GetPolicyVersion GetRole GetRolePolicy GetUser GetUserPolicy \
    ListAccessKeys ListAttachedGroupPolicies ListAttachedRolePolicies ListAttachedUserPolicies \
    ListEntitiesForPolicy ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfiles \
    ListInstanceProfilesForRole ListPolicies ListPolicyTags ListPolicyVersions ListRolePolicies \
    ListRoleTags ListRoles ListUserPolicies ListUserTags ListUsers PutGroupPolicy \
    PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy \
    RemoveRoleFromInstanceProfile RemoveUserFromGroup SetDefaultPolicyVersion SimulateCustomPolicy \
    SimulatePrincipalPolicy TagPolicy TagRole TagUser UntagPolicy UntagRole UntagUser \
    UpdateAccessKey UpdateAssumeRolePolicy UpdateGroup UpdateRole UpdateRoleDescription UpdateUser";
const LAMBDA: &str = "AddLayerVersionPermission AddPermission CheckpointDurableExecution CreateAlias \
    CreateCapacityProvider CreateCodeSigningConfig CreateEventSourceMapping CreateFunction \
    CreateFunctionUrlConfig DeleteAlias DeleteCapacityProvider DeleteCodeSigningConfig \
    DeleteDurableExecution DeleteEventSourceMapping DeleteFunction DeleteFunctionCodeSigningConfig \
    DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig DeleteFunctionUrlConfig DeleteLayerVersion \
    DeleteProvisionedConcurrencyConfig DeleteResourcePolicy GetAccountSettings GetAlias GetCapacityProvider \
    GetCodeSigningConfig GetDurableExecution GetDurableExecutionHistory GetDurableExecutionState \
    GetEventSourceMapping GetFunction GetFunctionCodeSigningConfig GetFunctionConcurrency \
    GetFunctionConfiguration GetFunctionEventInvokeConfig GetFunctionRecursionConfig \
    GetFunctionScalingConfig GetFunctionUrlConfig GetLayerVersion GetLayerVersionByArn GetLayerVersionPolicy \
    GetPolicy GetProvisionedConcurrencyConfig GetResourcePolicy GetRuntimeManagementConfig Invoke \
    InvokeAsync InvokeWithResponseStream ListAliases ListCapacityProviders ListCodeSigningConfigs \
    ListDurableExecutionsByFunction ListEventSourceMappings ListFunctionEventInvokeConfigs \
    ListFunctionUrlConfigs ListFunctionVersionsByCapacityProvider ListFunctions \
    ListFunctionsByCodeSigningConfig ListLayerVersions ListLayers ListProvisionedConcurrencyConfigs ListTags \
    ListVersionsByFunction PauseDurableExecution PublishLayerVersion PublishVersion \
    PutFunctionCodeSigningConfig PutFunctionConcurrency PutFunctionEventInvokeConfig \
    PutFunctionRecursionConfig PutFunctionScalingConfig PutProvisionedConcurrencyConfig PutResourcePolicy \
    PutRuntimeManagementConfig RemoveLayerVersionPermission RemovePermission ResumeDurableExecution \
    SendDurableExecutionCallbackFailure SendDurableExecutionCallbackHeartbeat \
    SendDurableExecutionCallbackSuccess StopDurableExecution TagResource UntagResource UpdateAlias \
    UpdateCapacityProvider UpdateCodeSigningConfig UpdateEventSourceMapping UpdateFunctionCode \
    UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig UpdateFunctionUrlConfig";
const STS: &str = "AssumeRole AssumeRoleWithWebIdentity DecodeAuthorizationMessage GetCallerIdentity GetFederationToken \
    GetSessionToken";

fn all() -> impl Iterator<Item = &'static Operation> {
    SERVICES.into_iter().flat_map(|service| service.operations)
}

#[test]
fn every_operation_of_aws_has_a_row() {
    for (service, names) in
        [(&states::SERVICE, STATES), (&iam::SERVICE, IAM), (&sts::SERVICE, STS), (&lambda::SERVICE, LAMBDA)]
    {
        let rows = service.operations.iter().map(|operation| operation.name);
        let mut rows: Vec<&str> = rows.filter(|name| !states::BEYOND.contains(name)).collect();
        rows.sort_unstable();
        assert_eq!(rows, names.split_whitespace().collect::<Vec<_>>());
    }
}

#[test]
fn rows_belong_to_their_table() {
    for service in SERVICES {
        for operation in service.operations {
            assert_eq!(operation.service, service, "{}", operation.name);
            let fits = match service.protocol {
                Protocol::Json10(_) | Protocol::Json11(_) => operation.route == Route::Target,
                Protocol::Query { .. } => operation.route == Route::Action,
                Protocol::RestJson | Protocol::RestXml { .. } => {
                    matches!(operation.route, Route::Rest { .. })
                }
            };
            assert!(fits, "{}", operation.name);
        }
    }
}

#[test]
fn labels_and_members_agree() {
    for operation in all() {
        let Route::Rest { uri, .. } = operation.route else { continue };
        // Rows without a handler may have no shape.
        if matches!(operation.handler, Handler::Unsupported) {
            continue;
        }
        let path = uri.split('?').next().unwrap();
        let labels = path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'));
        for label in labels {
            let carries = |member: &&Member| member.location == Location::Uri(label);
            let n_members = operation.input.members.iter().filter(carries).count();
            assert_eq!(n_members, 1, "{}: {{{label}}}", operation.name);
        }
        for member in operation.input.members {
            if let Location::Uri(label) = member.location {
                assert!(path.contains(&format!("{{{label}}}")), "{}: {label}", operation.name);
                assert!(member.required, "{}: {label}", operation.name);
            }
        }
    }
}

#[test]
fn least_valid_input_is_accepted() {
    for operation in all() {
        let mut input = Value::Object(least(operation.input));
        check(operation, &mut input, true).unwrap_or_else(|e| panic!("{}: {e}", operation.name));
    }
}

#[test]
fn every_required_member_is_missed_in_the_words_of_aws() {
    for operation in all() {
        for member in operation.input.members.iter().filter(|member| member.required) {
            let mut input = least(operation.input);
            input.remove(member.name);
            let error = check(operation, &mut Value::Object(input), false).unwrap_err();
            assert_eq!(error.code, Code::ConstraintViolation, "{}", operation.name);
            let text = error.message.unwrap();
            let path = path_of(operation, member);
            let expect =
                format!("Value null at '{path}' failed to satisfy constraint: Member must not be null");
            assert!(text.contains(&expect), "{}: {text}", operation.name);
        }
    }
}

#[test]
fn limits_hold_at_their_edges() {
    let edges = |operation: &'static Operation, member: &Member| {
        let (value, beyond) = match member.shape {
            Shape::String(Limits { max, .. }, None) | Shape::ByteString(Limits { max, .. })
                if max < i64::MAX =>
            {
                let max = usize::try_from(max).unwrap();
                (json!("a".repeat(max)), json!("a".repeat(max + 1)))
            }
            Shape::Integer(Limits { max, .. }) if max < i64::MAX => (json!(max), json!(max + 1)),
            _ => return,
        };
        for (value, is_fine) in [(value, true), (beyond, false)] {
            let mut input = least(operation.input);
            input.insert(member.name.to_owned(), value);
            let checked = check(operation, &mut Value::Object(input), true);
            assert_eq!(checked.is_ok(), is_fine, "{}.{}: {checked:?}", operation.name, member.name);
        }
    };
    for operation in all() {
        operation.input.members.iter().for_each(|member| edges(operation, member));
    }
}

fn path_of(operation: &Operation, member: &Member) -> String {
    let lower = |name: &str| format!("{}{}", name[..1].to_lowercase(), &name[1..]);
    match operation.service.protocol {
        Protocol::Json10(_) | Protocol::Json11(_) => member.name.to_owned(),
        Protocol::Query { .. } => lower(member.name),
        Protocol::RestJson if member.location == Location::Body => {
            format!("{}Input.{}", lower(operation.name), member.name)
        }
        Protocol::RestJson | Protocol::RestXml { .. } => member.name.to_owned(),
    }
}

/// The smallest input that a structure accepts: its required members, each as short as allowed.
pub(super) fn least(structure: &Structure) -> Map<String, Value> {
    let required = structure.members.iter().filter(|m| m.required && !m.location.is_payload());
    required.map(|member| (member.name.to_owned(), least_value(&member.shape))).collect()
}

/// Texts of which one fits each pattern.
const SAMPLES: &[&str] = &[
    "a",
    "200",
    "/",
    "{}",
    "a/b",
    "v1",
    "123456789012",
    "$LATEST",
    "o-0123456789",
    "lambda:InvokeFunction",
    "arn:aws:iam::123456789012:role/a",
    "arn:aws:lambda:us-east-1:123456789012:function:a",
    "arn:aws:lambda:us-east-1:123456789012:layer:a:1",
    "arn:aws:lambda:us-east-1:123456789012:code-signing-config:csc-0123456789abcdefg",
    "lambda:GetLayerVersion",
];

fn least_value(shape: &Shape) -> Value {
    let at_least = |limits: &Limits| limits.min.max(0);
    match shape {
        Shape::String(limits, pattern) => {
            let long = "a".repeat(usize::try_from(at_least(limits)).unwrap());
            let fits = |text: &&str| pattern.is_none_or(|pattern| (pattern.matches)(text));
            let sample = [long.as_str()].into_iter().chain(SAMPLES.iter().copied()).find(fits);
            sample.unwrap_or_else(|| panic!("no sample fits {}", pattern.map_or("", |it| it.text))).into()
        }
        Shape::ByteString(limits) => "a".repeat(usize::try_from(at_least(limits)).unwrap()).into(),
        Shape::Enum(words) => words[0].into(),
        Shape::Integer(limits) | Shape::Long(limits) => at_least(limits).into(),
        Shape::Float(limits) => (at_least(limits) as f64).into(),
        Shape::Boolean => false.into(),
        Shape::Timestamp => 0.into(),
        Shape::Blob => "".into(),
        Shape::List(item, limits) => (0..at_least(limits)).map(|_| least_value(item)).collect(),
        Shape::Map(..) => json!({}),
        Shape::Structure(structure) => Value::Object(least(structure)),
    }
}
