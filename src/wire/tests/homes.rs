//! What belongs to one account and region is not there for any other: not to be seen, changed or deleted.
//!
//! A home owns one of everything; every operation of every service that keeps things is then called from other
//! homes, with the owner's ids and ARNs. `STEPGATE_PAIRS` calls more random pairs of a home and an operation.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::coverage::least;
use super::super::harness::World;
use super::super::{Operation, Service, apis, iam, states};
use crate::clock::{Ids, SeededIds};
use crate::id::{AccountId, Region};
use crate::identity::Caller;

/// In every text of the owner's that isn't needed to name something.
const MARK: &str = "only for the owner";

/// The value of the owner's API key.
const SECRET: &str = "value-only-for-the-owner";

const OWNER: (&str, &str) = ("123456789012", "us-east-1");

/// Another region, another account, both; another partition as well.
const OTHERS: [(&str, &str); 4] = [
    ("123456789012", "eu-west-1"),
    ("210987654321", "us-east-1"),
    ("210987654321", "eu-west-1"),
    ("123456789012", "cn-north-1"),
];

async fn call(
    world: &World,
    (account, region): (&str, &str),
    service: &Service,
    operation: &str,
    input: &Value,
) -> Result<Value, String> {
    let caller = Caller::root(AccountId::parse(account).unwrap());
    let region = Region::parse(region).unwrap();
    let input = Bytes::from(input.to_string());
    match world.api.invoke(service, operation, input, caller, region).await {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null)),
        Err(error) => Err(format!("{:?}: {}", error.code, error.message.unwrap_or_default())),
    }
}

/// One of everything, and what members of inputs are called that name it.
async fn furnish(world: &World) -> HashMap<&'static str, Value> {
    let mut names: HashMap<&'static str, Value> = HashMap::new();
    let states = |operation: &'static str, input: Value| async move {
        call(world, OWNER, &states::SERVICE, operation, &input)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e}"))
    };
    let gateway = |operation: &'static str, input: Value| async move {
        call(world, OWNER, &apis::SERVICE, operation, &input)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e}"))
    };
    let api = gateway("CreateRestApi", json!({"name": "n", "description": MARK})).await;
    let (id, root) = (api["id"].clone(), api["rootResourceId"].clone());
    let method = json!({"restApiId": id, "resourceId": root, "verb": "GET", "authorizationType": "NONE"});
    gateway("PutMethod", method.clone()).await;
    let with = |more: Value| {
        let mut input = method.clone();
        input.as_object_mut().unwrap().remove("authorizationType");
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let templates = json!({"application/json": format!("{{\"statusCode\": 200, \"x\": \"{MARK}\"}}")});
    gateway("PutIntegration", with(json!({"type": "MOCK", "requestTemplates": templates}))).await;
    gateway("PutMethodResponse", with(json!({"statusCode": "200"}))).await;
    gateway("PutIntegrationResponse", with(json!({"statusCode": "200"}))).await;
    let deployment = gateway(
        "CreateDeployment",
        json!({"restApiId": id, "stageName": "dev", "description": MARK, "variables": {"v": "x"}}),
    )
    .await;
    gateway(
        "CreateModel",
        json!({"restApiId": id, "name": "Model", "contentType": "application/json", "schema": "{}", "description": MARK}),
    )
    .await;
    let validator = gateway("CreateRequestValidator", json!({"restApiId": id, "name": MARK})).await;
    let authorizer = json!({
        "restApiId": id, "name": MARK, "type": "TOKEN", "identitySource": "method.request.header.Authorization",
        "authorizerUri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
    });
    let authorizer = gateway("CreateAuthorizer", authorizer).await;
    let part = gateway(
        "CreateDocumentationPart",
        json!({"restApiId": id, "location": {"type": "API"}, "properties": format!("{{\"description\": \"{MARK}\"}}")}),
    )
    .await;
    gateway(
        "CreateDocumentationVersion",
        json!({"restApiId": id, "documentationVersion": "1", "description": MARK}),
    )
    .await;
    gateway(
        "PutGatewayResponse",
        json!({"restApiId": id, "responseType": "DEFAULT_4XX", "responseTemplates": {"application/json": MARK}}),
    )
    .await;
    let key = gateway("CreateApiKey", json!({"name": MARK, "enabled": true, "value": SECRET})).await;
    let plan = gateway(
        "CreateUsagePlan",
        json!({"name": MARK, "apiStages": [{"apiId": id, "stage": "dev"}], "quota": {"limit": 10, "period": "DAY"}}),
    )
    .await;
    gateway(
        "CreateUsagePlanKey",
        json!({"usagePlanId": plan["id"], "keyId": key["id"], "keyType": "API_KEY"}),
    )
    .await;
    let certificate = gateway("GenerateClientCertificate", json!({"description": MARK})).await;
    let machine = json!({
        "name": "M", "roleArn": "arn:aws:iam::123456789012:role/r",
        "definition": json!({"Comment": MARK, "StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 9000, "End": true}}}).to_string(),
        "publish": true,
    });
    let machine = states("CreateStateMachine", machine).await;
    let execution = states(
        "StartExecution",
        json!({"stateMachineArn": machine["stateMachineArn"], "name": "E", "input": format!("\"{MARK}\"")}),
    )
    .await;
    let activity = states("CreateActivity", json!({"name": "Act"})).await;
    let alias = states(
        "CreateStateMachineAlias",
        json!({"name": "PROD", "description": MARK, "routingConfiguration": [
            {"stateMachineVersionArn": machine["stateMachineVersionArn"], "weight": 100},
        ]}),
    )
    .await;
    let policy = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let iam = |operation: &'static str, input: Value| async move {
        call(world, OWNER, &iam::SERVICE, operation, &input)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e}"))
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]});
    let role =
        json!({"RoleName": "Role", "AssumeRolePolicyDocument": trust.to_string(), "Description": MARK});
    iam("CreateRole", role).await;
    iam("CreatePolicy", json!({"PolicyName": "Policy", "PolicyDocument": policy, "Description": MARK})).await;
    iam("PutRolePolicy", json!({"RoleName": "Role", "PolicyName": "Inline", "PolicyDocument": policy})).await;
    for (name, value) in [
        ("RoleName", json!("Role")),
        ("PolicyName", json!("Inline")),
        ("PolicyArn", json!("arn:aws:iam::123456789012:policy/Policy")),
        ("restApiId", id),
        ("resourceId", root.clone()),
        ("parentId", root),
        ("verb", json!("GET")),
        ("statusCode", json!("200")),
        ("deploymentId", deployment["id"].clone()),
        ("stageName", json!("dev")),
        ("modelName", json!("Model")),
        ("requestValidatorId", validator["id"].clone()),
        ("authorizerId", authorizer["id"].clone()),
        ("documentationPartId", part["id"].clone()),
        ("documentationVersion", json!("1")),
        ("responseType", json!("DEFAULT_4XX")),
        ("apiKey", key["id"].clone()),
        ("keyId", key["id"].clone()),
        ("usagePlanId", plan["id"].clone()),
        ("clientCertificateId", certificate["clientCertificateId"].clone()),
        ("stateMachineArn", machine["stateMachineArn"].clone()),
        ("stateMachineVersionArn", machine["stateMachineVersionArn"].clone()),
        ("stateMachineAliasArn", alias["stateMachineAliasArn"].clone()),
        ("executionArn", execution["executionArn"].clone()),
        ("activityArn", activity["activityArn"].clone()),
        ("exportType", json!("oas30")),
        ("startDate", json!("2023-11-14")),
        ("endDate", json!("2023-11-15")),
        ("includeValue", json!(true)),
        ("includeValues", json!(true)),
        ("patchOperations", json!([{"op": "replace", "path": "/description", "value": "changed"}])),
    ] {
        assert!(!value.is_null(), "{name}");
        names.insert(name, value);
    }
    names
}

/// The least input of an operation that names what the owner has, wherever it can name something.
fn naming(operation: &Operation, names: &HashMap<&'static str, Value>) -> Value {
    let mut input = least(operation.input);
    for member in operation.input.members {
        if let Some(value) = names.get(member.name) {
            input.insert(member.name.to_owned(), value.clone());
        }
        // Tags name their resource by an ARN.
        if member.name == "resourceArn" {
            let of = match operation.service.name {
                "states" => names["stateMachineArn"].clone(),
                _ => json!(format!(
                    "arn:aws:apigateway:us-east-1::/restapis/{}",
                    names["restApiId"].as_str().unwrap()
                )),
            };
            input.insert(member.name.to_owned(), of);
        }
    }
    Value::Object(input)
}

/// All that the owner can read.
async fn all_there_is(world: &World, calls: &[(&'static Operation, Value)]) -> Vec<String> {
    let mut seen = Vec::new();
    for (operation, input) in calls {
        let reads = ["Get", "List", "Describe"].iter().any(|verb| operation.name.starts_with(verb));
        // A worker's poll would wait for work.
        if reads && operation.name != "GetActivityTask" {
            let said = call(world, OWNER, operation.service, operation.name, input).await;
            seen.push(format!("{}: {said:?}", operation.name));
        }
    }
    seen
}

#[tokio::test]
async fn no_home_sees_or_changes_what_another_has() {
    let world = World::new().await;
    let names = furnish(&world).await;
    let services = [&apis::SERVICE, &states::SERVICE, &iam::SERVICE];
    let calls: Vec<(&'static Operation, Value)> = services
        .iter()
        .flat_map(|service| service.operations)
        .filter(|operation| {
            !matches!(operation.name, "GetActivityTask" | "TestInvokeMethod" | "TestInvokeAuthorizer")
        })
        .map(|operation| (operation, naming(operation, &names)))
        .collect();
    let before = all_there_is(&world, &calls).await;
    assert!(40 < before.iter().filter(|said| said.contains(": Ok(")).count(), "hardly anything is there");
    assert!(10 < before.iter().filter(|said| said.contains(MARK)).count(), "the mark is hardly anywhere");
    assert!(before.iter().any(|said| said.contains(SECRET)), "the key's value is nowhere");

    let more = std::env::var("STEPGATE_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let ids = SeededIds::new(11);
    let any = |n: usize| (ids.unit() * n as f64) as usize;
    let each = OTHERS.iter().flat_map(|home| calls.iter().map(move |call| (*home, call)));
    let random = (0..more).map(|_| (OTHERS[any(OTHERS.len())], &calls[any(calls.len())]));
    for (home, (operation, input)) in each.chain(random) {
        // Roles and policies are an account's, in all of its regions.
        if *operation.service == iam::SERVICE && home.0 == OWNER.0 {
            continue;
        }
        let said = call(&world, home, operation.service, operation.name, input).await;
        let told = format!("{said:?}");
        assert!(!told.contains(MARK) && !told.contains(SECRET), "{} told {home:?}: {told}", operation.name);
    }
    let after = all_there_is(&world, &calls).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
}
