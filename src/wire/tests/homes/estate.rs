//! What a home owns in these tests: one of everything.

use std::collections::HashMap;
use std::io::{Cursor, Write};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::super::harness::World;
use super::super::super::{Service, apigateway, iam, lambda, states};
use super::{Home, call};

/// The parts of an API, a name of one, and the values of members that name them.
type Names = HashMap<&'static str, Value>;

/// Calls operations as the owner.
struct Owner<'a> {
    world: &'a World,
    home: &'a Home,
}

impl Owner<'_> {
    async fn call(&self, service: &Service, name: &str, input: Value) -> Value {
        let operation = service.operation(name).expect("a row");
        let said = call(self.world, self.home, operation, &input).await;
        said.unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    async fn gateway(&self, name: &str, input: Value) -> Value {
        self.call(&apigateway::SERVICE, name, input).await
    }

    async fn states(&self, name: &str, input: Value) -> Value {
        self.call(&states::SERVICE, name, input).await
    }

    async fn iam(&self, name: &str, input: Value) -> Value {
        self.call(&iam::SERVICE, name, input).await
    }

    async fn lambda(&self, name: &str, input: Value) -> Value {
        self.call(&lambda::SERVICE, name, input).await
    }

    /// An ARN of `service`, with region and account.
    fn arn(&self, service: &str, resource: &str) -> String {
        let at = &self.home.at;
        format!("arn:{}:{service}:{}:{}:{resource}", at.region.partition(), at.region, at.account)
    }

    fn role(&self) -> String {
        format!("arn:{}:iam::{}:role/r", self.home.at.region.partition(), self.home.at.account)
    }
}

/// One of everything, and what members of inputs are called that name it.
pub(super) async fn furnish(world: &World, home: &Home) -> Names {
    let owner = Owner { world, home };
    let mut names = Names::new();
    api(&owner, &mut names).await;
    beside_the_api(&owner, &mut names).await;
    workflows(&owner, &mut names).await;
    roles(&owner, &mut names).await;
    functions(&owner, &mut names).await;
    for (name, value) in [
        ("exportType", json!("oas30")),
        ("startDate", json!("2023-11-14")),
        ("endDate", json!("2023-11-15")),
        ("includeValue", json!(true)),
        ("includeValues", json!(true)),
        ("patchOperations", json!([{"op": "replace", "path": "/description", "value": "changed"}])),
    ] {
        names.insert(name, value);
    }
    for (name, value) in &names {
        assert!(!value.is_null(), "{name}");
    }
    names
}

/// An API with one of each part.
async fn api(owner: &Owner<'_>, names: &mut Names) {
    let (mark, region) = (&owner.home.mark, &owner.home.at.region);
    let api = owner.gateway("CreateRestApi", json!({"name": "n", "description": mark})).await;
    let (id, root) = (api["id"].clone(), api["rootResourceId"].clone());
    let method = |more: Value| {
        let mut input = json!({"restApiId": id, "resourceId": root, "verb": "GET"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    owner.gateway("PutMethod", method(json!({"authorizationType": "NONE"}))).await;
    let templates = json!({"application/json": format!("{{\"statusCode\": 200, \"x\": \"{mark}\"}}")});
    owner.gateway("PutIntegration", method(json!({"type": "MOCK", "requestTemplates": templates}))).await;
    owner.gateway("PutMethodResponse", method(json!({"statusCode": "200"}))).await;
    owner.gateway("PutIntegrationResponse", method(json!({"statusCode": "200"}))).await;
    let of = |more: Value| {
        let mut input = json!({"restApiId": id});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let deployment = json!({"stageName": "dev", "description": mark, "variables": {"v": "x"}});
    let deployment = owner.gateway("CreateDeployment", of(deployment)).await;
    let model =
        json!({"name": "Model", "contentType": "application/json", "schema": "{}", "description": mark});
    owner.gateway("CreateModel", of(model)).await;
    let validator = owner.gateway("CreateRequestValidator", of(json!({"name": mark}))).await;
    let function = owner.arn("lambda", "function:f");
    let partition = region.partition();
    let authorizer = json!({
        "name": mark, "type": "TOKEN", "identitySource": "method.request.header.Authorization",
        "authorizerUri":
            format!("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"),
    });
    let authorizer = owner.gateway("CreateAuthorizer", of(authorizer)).await;
    let part = json!({"location": {"type": "API"}, "properties": json!({"description": mark}).to_string()});
    let part = owner.gateway("CreateDocumentationPart", of(part)).await;
    let version = json!({"documentationVersion": "1", "description": mark});
    owner.gateway("CreateDocumentationVersion", of(version)).await;
    let response = json!({"responseType": "DEFAULT_4XX", "responseTemplates": {"application/json": mark}});
    owner.gateway("PutGatewayResponse", of(response)).await;
    let arn = format!("arn:{partition}:apigateway:{region}::/restapis/{}", id.as_str().unwrap());
    names.extend([
        ("restApiId", id),
        ("restApiArn", arn.into()),
        ("resourceId", root.clone()),
        ("parentId", root),
        ("verb", "GET".into()),
        ("statusCode", "200".into()),
        ("deploymentId", deployment["id"].clone()),
        ("stageName", "dev".into()),
        ("modelName", "Model".into()),
        ("requestValidatorId", validator["id"].clone()),
        ("authorizerId", authorizer["id"].clone()),
        ("documentationPartId", part["id"].clone()),
        ("documentationVersion", "1".into()),
        ("responseType", "DEFAULT_4XX".into()),
    ]);
}

/// What of API Gateway isn't a part of an API.
async fn beside_the_api(owner: &Owner<'_>, names: &mut Names) {
    let Home { mark, secret, at } = owner.home;
    let key = json!({"name": mark, "enabled": true, "value": secret});
    let key = owner.gateway("CreateApiKey", key).await;
    let plan = json!({
        "name": mark,
        "apiStages": [{"apiId": names["restApiId"], "stage": "dev"}],
        "quota": {"limit": 10, "period": "DAY"},
    });
    let plan = owner.gateway("CreateUsagePlan", plan).await;
    let membership = json!({"usagePlanId": plan["id"], "keyId": key["id"], "keyType": "API_KEY"});
    owner.gateway("CreateUsagePlanKey", membership).await;
    let certificate = owner.gateway("GenerateClientCertificate", json!({"description": mark})).await;
    let domain = format!("{}.{}.example.test", at.account, at.region);
    let input = json!({
        "domainName": domain,
        "regionalCertificateArn": owner.arn("acm", "certificate/1"),
        "endpointConfiguration": {"types": ["REGIONAL"]},
        "tags": {"of": mark},
    });
    owner.gateway("CreateDomainName", input).await;
    let mapping =
        json!({"domainName": domain, "basePath": "base", "restApiId": names["restApiId"], "stage": "dev"});
    owner.gateway("CreateBasePathMapping", mapping).await;
    let balancer = owner.arn("elasticloadbalancing", "loadbalancer/net/n/0123456789abcdef");
    let link = json!({"name": "inner", "description": mark, "targetArns": [balancer]});
    let link = owner.gateway("CreateVpcLink", link).await;
    names.extend([
        ("apiKey", key["id"].clone()),
        ("keyId", key["id"].clone()),
        ("usagePlanId", plan["id"].clone()),
        ("clientCertificateId", certificate["clientCertificateId"].clone()),
        ("domainName", domain.into()),
        ("basePath", "base".into()),
        ("vpcLinkId", link["id"].clone()),
    ]);
}

/// A machine with a version, an alias and an execution; an activity whose task is at a worker; a Map Run.
async fn workflows(owner: &Owner<'_>, names: &mut Names) {
    let (mark, role) = (&owner.home.mark, owner.role());
    let create = |name: &str, definition: Value| {
        json!({
            "name": name, "roleArn": role, "definition": definition.to_string(), "publish": true,
        })
    };
    let wait = json!({"Type": "Wait", "Seconds": 9000, "End": true});
    let machine = create("M", json!({"Comment": mark, "StartAt": "A", "States": {"A": wait}}));
    let machine = owner.states("CreateStateMachine", machine).await;
    let start = json!({
        "stateMachineArn": machine["stateMachineArn"], "name": "E", "input": json!(mark).to_string(),
    });
    let execution = owner.states("StartExecution", start).await;
    let version = &machine["stateMachineVersionArn"];
    let alias = json!({
        "name": "PROD", "description": mark,
        "routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}],
    });
    let alias = owner.states("CreateStateMachineAlias", alias).await;

    let activity = owner.states("CreateActivity", json!({"name": "Act"})).await;
    let task = json!({"Type": "Task", "Resource": activity["activityArn"], "End": true});
    let working = create("Working", json!({"StartAt": "T", "States": {"T": task}}));
    let working = owner.states("CreateStateMachine", working).await;
    owner.states("StartExecution", json!({"stateMachineArn": working["stateMachineArn"]})).await;
    let polled = json!({"activityArn": activity["activityArn"], "workerName": "w"});
    let task = owner.states("GetActivityTask", polled).await;

    let map = json!({
        "Type": "Map", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "A", "States": {"A": wait},
        },
    });
    let mapping = create("Mapping", json!({"StartAt": "Map", "States": {"Map": map}}));
    let mapping = owner.states("CreateStateMachine", mapping).await;
    let start = json!({"stateMachineArn": mapping["stateMachineArn"], "input": "[1]"});
    let parent = owner.states("StartExecution", start).await;
    // The run begins beside the answer, and its count is written after its child was started.
    let run = loop {
        let runs = json!({"executionArn": parent["executionArn"]});
        let runs = owner.states("ListMapRuns", runs).await;
        let arn = runs["mapRuns"][0]["mapRunArn"].clone();
        if !arn.is_null() {
            let run = owner.states("DescribeMapRun", json!({"mapRunArn": arn})).await;
            if run["executionCounts"]["running"] == 1 {
                break arn;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    names.extend([
        ("stateMachineArn", machine["stateMachineArn"].clone()),
        ("stateMachineVersionArn", version.clone()),
        ("stateMachineAliasArn", alias["stateMachineAliasArn"].clone()),
        ("executionArn", execution["executionArn"].clone()),
        ("activityArn", activity["activityArn"].clone()),
        ("taskToken", task["taskToken"].clone()),
        ("mapRunArn", run),
    ]);
}

/// A role that its own account may assume, and a policy. Their names are the home's, as accounts have them in common
/// for all regions.
async fn roles(owner: &Owner<'_>, names: &mut Names) {
    let Home { mark, at, .. } = owner.home;
    let name = |kind: &str| format!("{kind}-{}-{}", at.account, at.region);
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": at.account.as_str()}, "Action": "sts:AssumeRole"},
    ]});
    let role = json!({
        "RoleName": name("role"), "AssumeRolePolicyDocument": trust.to_string(), "Description": mark,
    });
    let role = owner.iam("CreateRole", role).await;
    let document = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let policy = json!({"PolicyName": name("policy"), "PolicyDocument": document, "Description": mark});
    let policy = owner.iam("CreatePolicy", policy).await;
    let inline = json!({"RoleName": name("role"), "PolicyName": name("inline"), "PolicyDocument": document});
    owner.iam("PutRolePolicy", inline).await;
    owner.iam("CreateUser", json!({"UserName": name("user")})).await;
    owner.iam("CreateGroup", json!({"GroupName": name("group")})).await;
    owner.iam("CreateInstanceProfile", json!({"InstanceProfileName": name("profile")})).await;
    names.extend([
        ("UserName", name("user").into()),
        ("GroupName", name("group").into()),
        ("InstanceProfileName", name("profile").into()),
        ("RoleName", name("role").into()),
        ("RoleArn", role["Role"]["Arn"].clone()),
        ("PolicyName", name("inline").into()),
        ("PolicyArn", policy["Policy"]["Arn"].clone()),
    ]);
}

/// A function with a version, an alias and what is configured for it; a layer.
async fn functions(owner: &Owner<'_>, names: &mut Names) {
    let Home { mark, secret, .. } = owner.home;
    let package = json!({"ZipFile": package()});
    let function = json!({
        "FunctionName": "f", "Runtime": "python3.12", "Handler": "h.h", "Role": owner.role(), "Code": package,
        "Description": mark, "Environment": {"Variables": {"SECRET": secret}}, "Tags": {"of": mark}, "Publish": true,
    });
    let function = owner.lambda("CreateFunction", function).await;
    let arn = owner.arn("lambda", "function:f");
    assert_eq!(function["FunctionArn"], format!("{arn}:1"));
    let alias = json!({"FunctionName": arn, "Name": "live", "FunctionVersion": "1", "Description": mark});
    owner.lambda("CreateAlias", alias).await;
    let permission = json!({
        "FunctionName": arn, "StatementId": "s", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com", "SourceArn": owner.arn("execute-api", "abc/*"),
    });
    owner.lambda("AddPermission", permission).await;
    let reserved = json!({"FunctionName": arn, "ReservedConcurrentExecutions": 1});
    owner.lambda("PutFunctionConcurrency", reserved).await;
    let events = json!({"FunctionName": arn, "MaximumRetryAttempts": 1});
    owner.lambda("PutFunctionEventInvokeConfig", events).await;
    let layer = json!({"LayerName": "l", "Content": package, "Description": mark});
    let layer = owner.lambda("PublishLayerVersion", layer).await;
    names.extend([
        ("FunctionName", arn.clone().into()),
        ("Name", "live".into()),
        ("StatementId", "s".into()),
        ("Resource", arn.into()),
        ("LayerName", layer["LayerArn"].clone()),
        ("VersionNumber", 1.into()),
        ("Arn", layer["LayerVersionArn"].clone()),
    ]);
}

/// A package with one handler, in base64.
fn package() -> String {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("h.py", SimpleFileOptions::default()).unwrap();
    archive.write_all(b"def h(event, context): return event\n").unwrap();
    STANDARD.encode(archive.finish().unwrap().into_inner())
}
