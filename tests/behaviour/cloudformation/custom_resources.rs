//! Custom resources: functions are asked for them and answer; also those that fail, say nothing, or outlive a server that is
//! killed while it waits.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{call, element, elements, status};
use crate::client::Client;
use crate::server::{DataDir, Server};

/// Writes down what it is asked, and does what the resource's properties say.
const SOURCE: &str = "import cfnresponse, json
def handler(event, context):
    properties = event['ResourceProperties']
    with open(properties['Record'], 'a') as record:
        record.write(json.dumps(event) + '\\n')
    verb = event['RequestType']
    if properties.get('Silent') == verb:
        return
    if properties.get('Fails') == verb:
        return cfnresponse.send(event, context, 'FAILED', {}, properties['Id'], reason='as asked')
    cfnresponse.send(event, context, 'SUCCESS', {'Said': properties['Id'] + '!'}, properties['Id'])
";

/// A function, and a resource that it makes with these properties.
fn template(record: &Path, properties: Value) -> String {
    let mut all = json!({"ServiceToken": {"Fn::GetAtt": "Maker.Arn"}, "Record": record.to_str().unwrap()});
    all.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    json!({
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
            "Maker": {"Type": "AWS::Lambda::Function", "Properties": {
                "Runtime": "python3.12", "Handler": "index.handler", "Timeout": 20,
                "Role": {"Fn::GetAtt": "Role.Arn"}, "Code": {"ZipFile": SOURCE}}},
            "Thing": {"Type": "Custom::Thing", "Properties": all},
        },
        "Outputs": {"Ref": {"Value": {"Ref": "Thing"}}, "Said": {"Value": {"Fn::GetAtt": "Thing.Said"}}},
    })
    .to_string()
}

fn asked(template: &str) -> Vec<(&'static str, &str)> {
    vec![("StackName", "s"), ("TemplateBody", template), ("Capabilities.member.1", "CAPABILITY_IAM")]
}

/// What the function was asked so far.
fn events(record: &Path) -> Vec<Value> {
    let text = fs::read_to_string(record).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verbs(record: &Path) -> Vec<String> {
    let told = |event: &Value| {
        let old = event["PhysicalResourceId"].as_str().unwrap_or("-");
        format!("{} {old}", event["RequestType"].as_str().unwrap())
    };
    events(record).iter().map(told).collect()
}

/// Reason of the first event of the resource with this status.
fn reason(client: &mut Client, id: &str, status: &str) -> String {
    let shown = call(client, "DescribeStackEvents", &[("StackName", id)]);
    let events = elements(&shown, "member");
    let of = |event: &&String| {
        event.contains("<LogicalResourceId>Thing<") && event.contains(&format!(">{status}<"))
    };
    let found = events.iter().find(of).unwrap_or_else(|| panic!("{shown}"));
    element(found, "ResourceStatusReason").unwrap_or_default()
}

#[test]
fn a_custom_resource_is_made_changed_replaced_and_removed() {
    let dir = DataDir::new("custom");
    let record = dir.path().join("asked");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let first = template(&record, json!({"Id": "one", "Flag": true, "List": [1, "x"]}));
    let made = call(&mut client, "CreateStack", &asked(&first));
    let id = element(&made, "StackId").unwrap();
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", "s")]);
    assert_eq!(elements(&shown, "OutputValue"), ["one", "one!"]);
    let event = &events(&record)[0];
    assert_eq!(event["ResourceType"], "Custom::Thing");
    assert_eq!(event["LogicalResourceId"], "Thing");
    assert_eq!(event["StackId"], id.as_str());
    assert_eq!(event["ResourceProperties"]["Flag"], "true");
    assert_eq!(event["ResourceProperties"]["List"], json!(["1", "x"]));

    // The same id: it was changed where it is.
    let second = template(&record, json!({"Id": "one", "Flag": false}));
    call(&mut client, "UpdateStack", &asked(&second));
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE");
    let event = &events(&record)[1];
    assert_eq!(event["OldResourceProperties"]["Flag"], "true");
    assert_eq!(event["ResourceProperties"]["Flag"], "false");

    // Another id: it was replaced, and the old one goes when everything else is done.
    let third = template(&record, json!({"Id": "two"}));
    call(&mut client, "UpdateStack", &asked(&third));
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", "s")]);
    assert_eq!(elements(&shown, "OutputValue"), ["two", "two!"]);
    assert_eq!(verbs(&record), ["Create -", "Update one", "Update one", "Delete one"]);
    assert_eq!(events(&record)[3]["ResourceProperties"]["Id"], "one");

    // Nothing to do: nobody is asked.
    assert!(super::refused(&mut client, "UpdateStack", &asked(&third)).2.contains("No updates"));
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert_eq!(verbs(&record)[4..], ["Delete two"]);
}

#[test]
fn a_custom_resource_that_fails_is_taken_back() {
    let dir = DataDir::new("custom-fails");
    let record = dir.path().join("asked");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let failing = template(&record, json!({"Id": "one", "Fails": "Create"}));
    let made = call(&mut client, "CreateStack", &asked(&failing));
    let id = element(&made, "StackId").unwrap();
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    let said = reason(&mut client, &id, "CREATE_FAILED");
    let request = events(&record)[0]["RequestId"].as_str().unwrap().to_owned();
    assert_eq!(
        said,
        format!(
            "Received response status [FAILED] from custom resource. Message returned: as asked (RequestId: {request})"
        )
    );
    assert_eq!(verbs(&record), ["Create -", "Delete one"]);
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert_eq!(verbs(&record).len(), 2);

    // An update that fails is changed back.
    let good = template(&record, json!({"Id": "one"}));
    call(&mut client, "CreateStack", &asked(&good));
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let failing = template(&record, json!({"Id": "one", "Fails": "Update"}));
    call(&mut client, "UpdateStack", &asked(&failing));
    assert_eq!(status(&mut client, "s"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(verbs(&record)[2..], ["Create -", "Update one", "Update one"]);
    assert!(events(&record)[4]["ResourceProperties"].get("Fails").is_none());
}

#[test]
fn a_function_that_says_nothing_is_not_waited_for_for_ever() {
    let dir = DataDir::new("custom-silent");
    let record = dir.path().join("asked");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let silent = template(&record, json!({"Id": "one", "Silent": "Create", "ServiceTimeout": 1}));
    let made = call(&mut client, "CreateStack", &asked(&silent));
    let id = element(&made, "StackId").unwrap();
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    let said = reason(&mut client, &id, "CREATE_FAILED");
    assert!(
        said.starts_with("CloudFormation did not receive a response from your Custom Resource."),
        "{said}"
    );
    // It may be there: it is removed under the id that it would have.
    let told = verbs(&record);
    assert!(told[1].starts_with("Delete s-Thing-"), "{told:?}");
    // Too late.
    let url = events(&record)[0]["ResponseURL"].as_str().unwrap().to_owned();
    let path = url.split_once(&server.address).unwrap().1;
    let answer = client.send("PUT", path, &[], b"{\"Status\":\"SUCCESS\"}").unwrap();
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[test]
fn a_server_that_is_killed_goes_on_waiting_for_the_answer() {
    let dir = DataDir::new("custom-killed");
    let record = dir.path().join("asked");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let silent = template(&record, json!({"Id": "one", "Silent": "Create"}));
    let made = call(&mut client, "CreateStack", &asked(&silent));
    let id = element(&made, "StackId").unwrap();
    while events(&record).is_empty() {
        std::thread::yield_now();
    }
    server.kill();
    server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let event = events(&record).pop().unwrap();
    let path = event["ResponseURL"].as_str().unwrap().split_once("/_stepgate").unwrap().1;
    let path = format!("/_stepgate{path}");
    let wrong = path.replace("signature=", "signature=0");
    assert_eq!(client.send("PUT", &wrong, &[], b"{}").unwrap().status, 403);
    let answer =
        json!({"Status": "SUCCESS", "PhysicalResourceId": "mine", "Data": {"Said": "hello"}}).to_string();
    assert_eq!(client.send("PUT", &path, &[], answer.as_bytes()).unwrap().status, 200);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", "s")]);
    assert_eq!(elements(&shown, "OutputValue"), ["mine", "hello"]);
    // Whatever happens to the one event, it was one request.
    let requests: std::collections::BTreeSet<String> =
        events(&record).iter().map(|event| event["RequestId"].to_string()).collect();
    assert_eq!(requests.len(), 1);
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    // The event that was interrupted is sent again, and comes at any time.
    assert!(verbs(&record).contains(&"Delete mine".to_owned()), "{:?}", verbs(&record));
}
