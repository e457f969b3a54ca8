//! CloudFormation's own API, over sockets: stacks that are made, changed, imported from, and deleted; also by a server that
//! is killed in the middle.

mod custom_resources;
mod drift;
mod elsewhere;
mod killed;
mod nested;
mod serverless;
mod waiting;

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::client::{Answer, Client, sign};
use crate::server::{DataDir, Server};

/// Calls an operation with its flattened members.
fn query(client: &mut Client, action: &str, members: &[(&str, &str)]) -> io::Result<Answer> {
    let mut body = format!("Action={action}&Version=2010-05-15");
    for (name, value) in members {
        let value = value.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        body.push_str(&format!("&{name}={value}"));
    }
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let signed = sign("cloudformation", "POST", "/", client.address(), &headers, &body);
    client.send_signed("POST", "/", &signed, &body)
}

fn call(client: &mut Client, action: &str, members: &[(&str, &str)]) -> String {
    let answer = query(client, action, members).unwrap();
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
    answer.text()
}

/// Code and message of a refusal.
fn refused(client: &mut Client, action: &str, members: &[(&str, &str)]) -> (u16, String, String) {
    let answer = query(client, action, members).unwrap();
    let text = answer.text();
    (answer.status, element(&text, "Code").unwrap_or_default(), element(&text, "Message").unwrap_or_default())
}

/// The text of the first element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    elements(text, name).into_iter().next()
}

fn elements(text: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = text.split(&open).skip(1);
    parts.filter_map(|part| part.split(&close).next().map(str::to_owned)).collect()
}

/// Waits as a client's waiter does, for the first status that isn't one of progress.
fn status(client: &mut Client, stack: &str) -> String {
    for _ in 0..600 {
        let text = call(client, "DescribeStacks", &[("StackName", stack)]);
        let status = element(&text, "StackStatus").unwrap();
        if !status.ends_with("IN_PROGRESS") {
            return status;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{stack} is never done");
}

fn activity(name: &str) -> Value {
    json!({"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": name}})
}

fn activities(client: &mut Client) -> BTreeSet<String> {
    let answer = client.states("ListActivities", &json!({"maxResults": 1000})).unwrap().json();
    let all = answer["activities"].as_array().unwrap().iter();
    all.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn stacks_are_made_changed_imported_from_and_deleted() {
    let dir = DataDir::new("cloudformation");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let exporting = json!({
        "Parameters": {"Name": {"Type": "String"}, "Secret": {"Type": "String", "NoEcho": true, "Default": "hush"}},
        "Resources": {"A": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": {"Ref": "Name"}}}},
        "Outputs": {"Arn": {"Value": {"Ref": "A"}, "Description": "the activity", "Export": {"Name": "arn"}}},
    })
    .to_string();
    let name = |value: &'static str| {
        [("Parameters.member.1.ParameterKey", "Name"), ("Parameters.member.1.ParameterValue", value)]
    };
    let with = |members: &[(&'static str, &'static str)]| {
        [&[("StackName", "one"), ("TemplateBody", exporting.as_str())], members].concat()
    };
    let missing = refused(&mut client, "CreateStack", &with(&[]));
    assert_eq!(missing, (400, "ValidationError".into(), "Parameters: [Name] must have values".into()));
    let made = call(&mut client, "CreateStack", &with(&name("first")));
    let id = element(&made, "StackId").unwrap();
    assert!(id.starts_with("arn:aws:cloudformation:us-east-1:123456789012:stack/one/"), "{id}");
    assert_eq!(status(&mut client, "one"), "CREATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", &id)]);
    assert_eq!(elements(&shown, "ParameterValue"), ["first", "****"]);
    assert_eq!(element(&shown, "ExportName").as_deref(), Some("arn"));
    let again = refused(&mut client, "CreateStack", &with(&name("first")));
    assert_eq!(again, (400, "AlreadyExistsException".into(), "Stack [one] already exists".into()));
    let idle = refused(&mut client, "UpdateStack", &with(&name("first")));
    assert_eq!(idle, (400, "ValidationError".into(), "No updates are to be performed.".into()));

    let importing = json!({"Resources": {
        "B": {"Type": "AWS::StepFunctions::Activity", "Properties": {
            "Name": {"Fn::Select": [6, {"Fn::Split": [":", {"Fn::Sub": ["${a}-b", {"a": {"Fn::ImportValue": "arn"}}]}]}]}}},
    }})
    .to_string();
    call(&mut client, "CreateStack", &[("StackName", "two"), ("TemplateBody", &importing)]);
    assert_eq!(status(&mut client, "two"), "CREATE_COMPLETE");
    assert!(activities(&mut client).contains("first-b"));
    assert_eq!(elements(&call(&mut client, "ListImports", &[("ExportName", "arn")]), "member"), ["two"]);
    call(&mut client, "UpdateStack", &with(&name("second")));
    assert_eq!(status(&mut client, "one"), "UPDATE_ROLLBACK_COMPLETE");
    let events = call(&mut client, "DescribeStackEvents", &[("StackName", "one")]);
    assert!(events.contains("Export arn cannot be updated as it is in use by two"), "{events}");
    assert!(!activities(&mut client).contains("second"));
    call(&mut client, "DeleteStack", &[("StackName", "one")]);
    assert_eq!(status(&mut client, "one"), "DELETE_FAILED");
    call(&mut client, "DeleteStack", &[("StackName", "two")]);
    while query(&mut client, "DescribeStacks", &[("StackName", "two")]).unwrap().status == 200 {}
    call(
        &mut client,
        "UpdateTerminationProtection",
        &[("StackName", "one"), ("EnableTerminationProtection", "true")],
    );
    let protected = refused(&mut client, "DeleteStack", &[("StackName", "one")]);
    assert_eq!(protected.2, "Stack [one] cannot be deleted while TerminationProtection is enabled");
    call(
        &mut client,
        "UpdateTerminationProtection",
        &[("StackName", "one"), ("EnableTerminationProtection", "false")],
    );
    call(&mut client, "DeleteStack", &[("StackName", "one")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert!(activities(&mut client).iter().all(|name| !name.starts_with("first")));
    let gone = refused(&mut client, "DescribeStacks", &[("StackName", "one")]);
    assert_eq!(gone, (400, "ValidationError".into(), "Stack with id one does not exist".into()));
}

#[test]
fn what_is_not_there_is_named_at_once_and_what_needs_capabilities_asks_for_them() {
    let dir = DataDir::new("cloudformation-refused");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let unknown = json!({"Resources": {
        "Q": {"Type": "AWS::SQS::Queue"}, "R": {"Type": "AWS::SQS::Queue"}, "T": {"Type": "AWS::DynamoDB::Table"},
        "A": {"Type": "AWS::StepFunctions::Activity", "Properties": {"Nope": 1}},
    }})
    .to_string();
    let set = [("StackName", "s"), ("ChangeSetName", "c"), ("ChangeSetType", "CREATE")];
    let (status, code, message) =
        refused(&mut client, "CreateChangeSet", &[&set[..], &[("TemplateBody", &unknown)]].concat());
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    let want = "Unrecognized resource types: [AWS::SQS::Queue, AWS::DynamoDB::Table] (AWS::SQS::Queue: Q, R; AWS::DynamoDB::Table: T)";
    assert!(message.contains(want) && message.contains("property Nope"), "{message}");
    let role = json!({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}, "RoleName": "named"}}}})
    .to_string();
    let asked =
        [("StackName", "s"), ("TemplateBody", role.as_str()), ("Capabilities.member.1", "CAPABILITY_IAM")];
    let (_, code, message) = refused(&mut client, "CreateStack", &asked);
    assert_eq!(code, "InsufficientCapabilitiesException");
    assert_eq!(message, "Requires capabilities : [CAPABILITY_NAMED_IAM]");
    let import = [&set[..2], &[("TemplateBody", role.as_str()), ("ChangeSetType", "IMPORT")]].concat();
    assert!(refused(&mut client, "CreateChangeSet", &import).2.contains("IMPORT"));
    assert_eq!(refused(&mut client, "EstimateTemplateCost", &[]).1, "UnsupportedOperation");
    let none = refused(&mut client, "DescribeChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]);
    assert_eq!(none.2, "Stack [s] does not exist");
}

/// What services don't make twice under one name is taken back before it is made again.
#[test]
fn a_server_that_is_killed_leaves_nothing_behind() {
    let dir = DataDir::new("cloudformation-left");
    let mut server = Server::start(&dir, &[]);
    let api = json!({"Ref": "Api"});
    let mut resources = json!({
        "Api": {"Type": "AWS::ApiGateway::RestApi"},
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": true}},
        "Plan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": {"UsagePlanName": "left"}},
        "PlanKey": {"Type": "AWS::ApiGateway::UsagePlanKey", "Properties": {
            "KeyId": {"Ref": "Key"}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": "Plan"}}},
    });
    for i in 0..8 {
        resources[format!("Role{i}")] = json!({"Type": "AWS::IAM::Role", "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}});
        resources[format!("Path{i}")] = json!({"Type": "AWS::ApiGateway::Resource", "Properties": {
            "RestApiId": api, "ParentId": {"Fn::GetAtt": "Api.RootResourceId"}, "PathPart": format!("p{i}")}});
        resources[format!("Get{i}")] = json!({"Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": api, "ResourceId": {"Ref": format!("Path{i}")}, "HttpMethod": "GET",
            "AuthorizationType": "NONE", "Integration": {"Type": "MOCK"}}});
    }
    let template = json!({ "Resources": resources }).to_string();
    let mut client = Client::new(&server.address);
    let count = |client: &mut Client| -> Vec<usize> {
        let mut items = |path: &str| {
            let answer = client.apigateway("GET", path, &Value::Null).unwrap().json();
            answer["item"].as_array().map_or(0, Vec::len)
        };
        vec![items("/restapis"), items("/apikeys"), items("/usageplans")]
    };
    let before = count(&mut client);
    let asked = [
        ("StackName", "s"),
        ("TemplateBody", template.as_str()),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
    ];
    let made = call(&mut client, "CreateStack", &asked);
    let id = element(&made, "StackId").unwrap();
    // Killed again and again, wherever it is.
    for _ in 0..12 {
        server.kill();
        server = Server::start(&dir, &[]);
    }
    let mut client = Client::new(&server.address);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let events = call(&mut client, "DescribeStackEvents", &[("StackName", &id)]);
    assert!(!events.contains("FAILED"), "{events}");
    let one_more: Vec<usize> = before.iter().map(|n| n + 1).collect();
    assert_eq!(count(&mut client), one_more);
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert_eq!(count(&mut client), before);
}

#[test]
fn a_server_that_is_killed_goes_on_where_it_was() {
    let dir = DataDir::new("cloudformation-killed");
    let mut server = Server::start(&dir, &[]);
    let n = 60;
    let template = |prefix: &str| {
        let all: Map<String, Value> =
            (0..n).map(|i| (format!("A{i}"), activity(&format!("{prefix}{i}")))).collect();
        json!({ "Resources": all }).to_string()
    };
    let mut client = Client::new(&server.address);
    let before = activities(&mut client);
    let all = |prefix: &str| -> BTreeSet<String> {
        (0..n).map(|i| format!("{prefix}{i}")).chain(before.iter().cloned()).collect()
    };
    let made = call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &template("a"))]);
    let id = element(&made, "StackId").unwrap();
    let next = |server: &mut Server, least: usize| {
        let mut client = Client::new(&server.address);
        while call(&mut client, "ListStackResources", &[("StackName", &id)]).matches("<member>").count()
            < least
        {}
        server.kill();
        *server = Server::start(&dir, &[]);
        Client::new(&server.address)
    };
    let mut client = next(&mut server, 10);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    assert_eq!(activities(&mut client), all("a"));
    call(&mut client, "UpdateStack", &[("StackName", "s"), ("TemplateBody", &template("b"))]);
    let mut client = next(&mut server, 1);
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE");
    assert_eq!(activities(&mut client), all("b"));
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    let mut client = next(&mut server, 1);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert_eq!(activities(&mut client), before);
}
