//! Stacks in stacks: made, changed, rolled back and deleted with the one that they are in.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{activities, activity, call, element, elements, refused, status};
use crate::client::{Client, sign};
use crate::server::{DataDir, Server};

fn put(client: &mut Client, path: &str, body: &Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let hash = hex::encode(Sha256::digest(&body));
    let hashed = [("x-amz-content-sha256", hash.as_str())];
    let signed = sign("s3", "PUT", path, client.address(), &hashed, &body);
    let answer = client.send_signed("PUT", path, &signed, &body).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A stack of one activity.
fn inner(suffix: &str) -> Value {
    json!({
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {"A": activity("")},
        "Outputs": {"Arn": {"Value": {"Ref": "A"}}},
    })
    .to_string()
    .replace("\"Name\":\"\"", &format!("\"Name\":{{\"Fn::Sub\":\"${{Name}}{suffix}\"}}"))
    .parse()
    .unwrap()
}

/// A stack with that one in it, and another activity that is made after it.
fn outer(server: &Server, name: &str, last: &str) -> String {
    json!({
        "Resources": {
            "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {
                "TemplateURL": format!("http://{}/templates/inner.json", server.address),
                "Parameters": {"Name": name}}},
            "Last": {"Type": "AWS::StepFunctions::Activity", "DependsOn": "Inner", "Properties": {"Name": last}},
        },
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": "Inner.Outputs.Arn"}}, "Stack": {"Value": {"Ref": "Inner"}}},
    })
    .to_string()
}

#[test]
fn a_stack_is_made_changed_and_deleted_with_the_one_that_it_is_in() {
    let dir = DataDir::new("nested");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let before = activities(&mut client);
    put(&mut client, "/templates", &Value::Null);
    put(&mut client, "/templates/inner.json", &inner("-x"));
    let first = outer(&server, "one", "last");
    let made = call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &first)]);
    let id = element(&made, "StackId").unwrap();
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let shown = call(&mut client, "DescribeStacks", &[("StackName", "s")]);
    let outputs = elements(&shown, "OutputValue");
    assert!(outputs[0].ends_with(":activity:one-x"), "{outputs:?}");
    let nested = call(&mut client, "DescribeStacks", &[("StackName", &outputs[1])]);
    assert_eq!(element(&nested, "ParentId").as_deref(), Some(id.as_str()));
    assert_eq!(element(&nested, "RootId").as_deref(), Some(id.as_str()));
    assert!(element(&nested, "StackName").unwrap().starts_with("s-Inner-"));
    assert!(
        refused(&mut client, "UpdateStack", &[("StackName", "s"), ("TemplateBody", &first)])
            .2
            .contains("No updates")
    );

    // Another parameter, then another document under the same name.
    let second = outer(&server, "two", "last");
    call(&mut client, "UpdateStack", &[("StackName", "s"), ("TemplateBody", &second)]);
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE");
    assert!(activities(&mut client).contains("two-x") && !activities(&mut client).contains("one-x"));
    put(&mut client, "/templates/inner.json", &inner("-y"));
    call(&mut client, "UpdateStack", &[("StackName", "s"), ("TemplateBody", &second)]);
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE");
    assert!(activities(&mut client).contains("two-y"));

    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert_eq!(status(&mut client, &outputs[1]), "DELETE_COMPLETE");
    assert_eq!(activities(&mut client), before);
}

#[test]
fn what_fails_inside_or_after_it_is_rolled_back() {
    let dir = DataDir::new("nested-fails");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let before = activities(&mut client);
    put(&mut client, "/templates", &Value::Null);
    put(&mut client, "/templates/inner.json", &inner("-x"));
    // Activities' names have no spaces.
    for (name, last) in [("no name", "last"), ("one", "no name")] {
        let failing = outer(&server, name, last);
        let made = call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &failing)]);
        let id = element(&made, "StackId").unwrap();
        assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
        assert_eq!(activities(&mut client), before);
        let events = call(&mut client, "DescribeStackEvents", &[("StackName", &id)]);
        let is_inside = name == "no name";
        assert_eq!(
            events.contains("was not successfully created: The following resource(s) failed to create: [A]"),
            is_inside,
            "{events}"
        );
        call(&mut client, "DeleteStack", &[("StackName", "s")]);
        assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    }
    call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &outer(&server, "one", "last"))]);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    let there = activities(&mut client);
    for (name, last) in [("no name", "last"), ("two", "no name")] {
        call(
            &mut client,
            "UpdateStack",
            &[("StackName", "s"), ("TemplateBody", &outer(&server, name, last))],
        );
        assert_eq!(status(&mut client, "s"), "UPDATE_ROLLBACK_COMPLETE");
        assert_eq!(activities(&mut client), there);
    }
}

#[test]
fn a_template_that_names_itself_ends() {
    let dir = DataDir::new("nested-deep");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    put(&mut client, "/templates", &Value::Null);
    let itself = json!({"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {
        "TemplateURL": format!("http://{}/templates/itself.json", server.address)}}}});
    put(&mut client, "/templates/itself.json", &itself);
    let made = call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &itself.to_string())]);
    let id = element(&made, "StackId").unwrap();
    assert_eq!(status(&mut client, "s"), "ROLLBACK_COMPLETE");
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    let left = call(&mut client, "DescribeStacks", &[]);
    assert!(!left.contains("s-Inner-"), "{left}");
}

#[test]
fn a_server_that_is_killed_goes_on_with_both() {
    let dir = DataDir::new("nested-killed");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let before = activities(&mut client);
    put(&mut client, "/templates", &Value::Null);
    let mut template = inner("");
    for i in 0..40 {
        template["Resources"][format!("B{i}")] = activity(&format!("b{i}"));
    }
    put(&mut client, "/templates/inner.json", &template);
    // The address of a server of before is that of its bucket all the same.
    let outer = outer(&server, "one", "last");
    let made = call(&mut client, "CreateStack", &[("StackName", "s"), ("TemplateBody", &outer)]);
    let id = element(&made, "StackId").unwrap();
    for _ in 0..6 {
        server.kill();
        server = Server::start(&dir, &[]);
    }
    let mut client = Client::new(&server.address);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    assert_eq!(activities(&mut client).len(), before.len() + 42);
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    server.kill();
    server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    assert_eq!(status(&mut client, &id), "DELETE_COMPLETE");
    assert_eq!(activities(&mut client), before);
}
