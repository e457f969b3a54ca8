//! Wait conditions and the signals that they wait for, documents that templates include, and values that aren't shown.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{activity, call, element, elements, refused, status};
use crate::client::{Answer, Client, sign};
use crate::server::{DataDir, Server};

fn waiting(properties: &Value) -> String {
    let mut properties = properties.clone();
    properties["Handle"] = json!({"Ref": "Handle"});
    json!({
        "Resources": {
            "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
            "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": "Known", "Properties": properties},
            "Known": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Name": "handle", "Type": "String", "Value": {"Ref": "Handle"}}},
        },
        "Outputs": {"Data": {"Value": {"Fn::GetAtt": ["Wait", "Data"]}}},
    })
    .to_string()
}

fn parameter(client: &mut Client, name: &str) -> Answer {
    let body = json!({"Name": name}).to_string();
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.GetParameter")];
    let signed = sign("ssm", "POST", "/", client.address(), &headers, &body);
    client.send_signed("POST", "/", &signed, &body).unwrap()
}

/// The path of the address that a handle has, which the stack tells as a parameter as soon as it is there.
fn address(client: &mut Client) -> String {
    for _ in 0..600 {
        let answer = parameter(client, "handle");
        if answer.status == 200 {
            let url = answer.json()["Parameter"]["Value"].as_str().unwrap().to_owned();
            return url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("there is never a handle");
}

fn signal(client: &mut Client, path: &str, signal: &Value) -> u16 {
    client.send("PUT", path, &[], signal.to_string().as_bytes()).unwrap().status
}

fn begin(client: &mut Client, template: &str) {
    call(client, "CreateStack", &[("StackName", "s"), ("TemplateBody", template)]);
}

#[test]
fn a_condition_waits_for_signals_also_when_the_server_is_killed_meanwhile() {
    let dir = DataDir::new("waiting");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    begin(&mut client, &waiting(&json!({"Timeout": "600", "Count": 2})));
    let path = address(&mut client);
    assert_eq!(signal(&mut client, &path, &json!({"Status": "DONE", "UniqueId": "0"})), 400);
    assert_eq!(signal(&mut client, &path.replace("signature=", "signature=x"), &json!({})), 403);
    let first = json!({"Status": "SUCCESS", "UniqueId": "1", "Data": "one", "Reason": "r"});
    assert_eq!(signal(&mut client, &path, &first), 200);
    // The same once more counts once.
    assert_eq!(signal(&mut client, &path, &first), 200);
    server.kill();
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    assert_eq!(
        signal(&mut client, &path, &json!({"Status": "SUCCESS", "UniqueId": "2", "Data": "two"})),
        200
    );
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", "s")]);
    let data = element(&shown, "OutputValue").unwrap().replace("&quot;", "\"");
    assert_eq!(data, r#"{"1":"one","2":"two"}"#);
    // Nobody waits any longer.
    assert_eq!(signal(&mut client, &path, &first), 403);
}

#[test]
fn a_condition_fails_when_it_is_told_so_or_nobody_signals() {
    let dir = DataDir::new("waiting-fails");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    begin(&mut client, &waiting(&json!({"Timeout": "600"})));
    let path = address(&mut client);
    let failure = json!({"Status": "FAILURE", "UniqueId": "1", "Reason": "no luck"});
    assert_eq!(signal(&mut client, &path, &failure), 200);
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    let reasons = |client: &mut Client| {
        elements(&call(client, "DescribeStackEvents", &[("StackName", "s")]), "ResourceStatusReason")
            .join("\n")
    };
    let said = reasons(&mut client).replace("&apos;", "'");
    assert!(said.contains("WaitCondition received failed message: 'no luck' for uniqueId: 1"), "{said}");
    call(&mut client, "DeleteStack", &[("StackName", "s")]);

    begin_again(&mut client, &waiting(&json!({"Timeout": "1", "Count": 3})));
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    let said = reasons(&mut client);
    assert!(said.contains("WaitCondition timed out. Received 0 conditions when expecting 3"), "{said}");
}

/// Makes a stack again as soon as the one of its name is gone.
fn begin_again(client: &mut Client, template: &str) {
    for _ in 0..600 {
        let members = [("StackName", "s"), ("TemplateBody", template)];
        if super::query(client, "CreateStack", &members).unwrap().status == 200 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the stack is never gone");
}

#[test]
fn templates_include_documents_of_buckets() {
    let dir = DataDir::new("including");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let put = |client: &mut Client, path: &str, body: &str| {
        let hash = hex::encode(Sha256::digest(body));
        let hashed = [("x-amz-content-sha256", hash.as_str())];
        let signed = sign("s3", "PUT", path, client.address(), &hashed, body);
        let answer = client.send_signed("PUT", path, &signed, body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    put(&mut client, "/parts", "");
    put(
        &mut client,
        "/parts/more.yaml",
        "B: {Type: AWS::StepFunctions::Activity, Properties: {Name: !Ref Name}}",
    );
    let include =
        json!({"Name": "AWS::Include", "Parameters": {"Location": {"Fn::Sub": "s3://${Bucket}/more.yaml"}}});
    let template = json!({
        "Parameters": {"Bucket": {"Type": "String", "Default": "parts"}, "Name": {"Type": "String", "Default": "b"}},
        "Resources": {"A": activity("a"), "Fn::Transform": include},
    })
    .to_string();
    let asked = [("StackName", "s"), ("TemplateBody", template.as_str())];
    let (_, code, _) = refused(&mut client, "CreateStack", &asked);
    assert_eq!(code, "InsufficientCapabilitiesException");
    let asked = [&asked[..], &[("Capabilities.member.1", "CAPABILITY_AUTO_EXPAND")]].concat();
    call(&mut client, "CreateStack", &asked);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    assert!(super::activities(&mut client).contains("b"));
    let processed = call(&mut client, "GetTemplate", &[("StackName", "s"), ("TemplateStage", "Processed")]);
    assert!(!processed.contains("Fn::Transform"), "{processed}");
    // Another document under the same address is a change.
    put(&mut client, "/parts/more.yaml", "C: {Type: AWS::StepFunctions::Activity, Properties: {Name: c}}");
    call(&mut client, "UpdateStack", &asked);
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE");
    let activities = super::activities(&mut client);
    assert!(activities.contains("c") && !activities.contains("b"), "{activities:?}");
    let lost = template.replace("/more.yaml", "/none.yaml");
    let asked = [("StackName", "t"), ("TemplateBody", lost.as_str())];
    let (status, _, message) = refused(&mut client, "CreateStack", &asked);
    assert!(status == 400 && message.contains("parts/none.yaml"), "{message}");
}

#[test]
fn events_dont_show_what_must_not_be_echoed() {
    let dir = DataDir::new("no-echo");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let template = json!({
        "Parameters": {"Secret": {"Type": "String", "NoEcho": "true", "Default": "hush-hush"}},
        "Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {
            "Name": "p", "Type": "String", "Value": {"Fn::Sub": "it is ${Secret}"}}}},
    });
    begin(&mut client, &template.to_string());
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let events = call(&mut client, "DescribeStackEvents", &[("StackName", "s")]);
    assert!(events.contains("it is ****") && !events.contains("hush-hush"), "{events}");
    let answer = parameter(&mut client, "p").json();
    assert_eq!(answer["Parameter"]["Value"], "it is hush-hush");
}

fn awaiting(policy: &Value) -> String {
    json!({"Parameters": {"N": {"Type": "Number", "Default": 2}}, "Resources": {
        "Up": {"Type": "AWS::CloudFormation::WaitCondition", "CreationPolicy": {"ResourceSignal": policy}}}})
    .to_string()
}

/// Signals as soon as somebody waits for it.
fn signal_resource(client: &mut Client, id: &str, status: &str) {
    let members = [("StackName", "s"), ("LogicalResourceId", "Up"), ("UniqueId", id), ("Status", status)];
    for _ in 0..600 {
        let answer = super::query(client, "SignalResource", &members).unwrap();
        if answer.status == 200 {
            return;
        }
        assert!(answer.text().contains("not waiting for signals"), "{}", answer.text());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("nobody waits");
}

#[test]
fn a_resource_waits_for_the_signals_of_its_creation_policy() {
    let dir = DataDir::new("signals");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    begin(&mut client, &awaiting(&json!({"Count": {"Ref": "N"}, "Timeout": "PT10M"})));
    signal_resource(&mut client, "one", "SUCCESS");
    // The same once more counts once, and what was heard is heard after a restart.
    signal_resource(&mut client, "one", "SUCCESS");
    server.kill();
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    signal_resource(&mut client, "two", "SUCCESS");
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let members = [("StackName", "s"), ("LogicalResourceId", "Up"), ("UniqueId", "x"), ("Status", "SUCCESS")];
    let late = super::query(&mut client, "SignalResource", &members).unwrap();
    assert!(late.status == 400 && late.text().contains("CREATE_COMPLETE"), "{}", late.text());
    call(&mut client, "DeleteStack", &[("StackName", "s")]);

    begin_again(&mut client, &awaiting(&json!({})));
    signal_resource(&mut client, "i-1", "FAILURE");
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    let reasons = |client: &mut Client| {
        elements(&call(client, "DescribeStackEvents", &[("StackName", "s")]), "ResourceStatusReason")
            .join("\n")
    };
    let said = reasons(&mut client);
    assert!(said.contains("Received FAILURE signal with UniqueId i-1"), "{said}");
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    begin_again(&mut client, &awaiting(&json!({"Timeout": "PT1S", "Count": 3})));
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    let said = reasons(&mut client);
    assert!(said.contains("Failed to receive 3 resource signal(s) within the specified duration"), "{said}");
}
