//! Templates that make people, groups, their policies and keys: what is made decides at once, and goes with the stack.

use std::fs;

use serde_json::{Value, json};

use crate::client::{Client, sign_as};
use crate::commands::{stderr, stepgate};
use crate::roles::{iam, try_iam};
use crate::server::{DataDir, Server};

fn template(actions: &Value, member: &str) -> Value {
    json!({"Resources": {
        "Staff": {"Type": "AWS::IAM::Group", "Properties": {"GroupName": "staff", "Path": "/people/"}},
        "Ann": {"Type": "AWS::IAM::User", "Properties": {"UserName": "ann", "Path": "/people/",
            "Tags": [{"Key": "Team", "Value": "blue"}]}},
        "Bob": {"Type": "AWS::IAM::User", "Properties": {"UserName": "bob"}},
        "Members": {"Type": "AWS::IAM::UserToGroupAddition", "DependsOn": ["Ann", "Bob"], "Properties": {
            "GroupName": {"Ref": "Staff"}, "Users": [member]}},
        "Lists": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"ManagedPolicyName": "lists",
            "Groups": [{"Ref": "Staff"}],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Sid": "Lists", "Effect": "Allow", "Action": actions, "Resource": "*"}]}}},
        "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "Ann"}}},
        "Server": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "server", "AssumeRolePolicyDocument": {
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"}}]}}},
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {
            "InstanceProfileName": "server", "Roles": [{"Ref": "Server"}]}},
    }, "Outputs": {
        "KeyId": {"Value": {"Ref": "Key"}},
        "Secret": {"Value": {"Fn::GetAtt": ["Key", "SecretAccessKey"]}},
        "User": {"Value": {"Fn::GetAtt": ["Ann", "Arn"]}},
        "Profile": {"Value": {"Fn::GetAtt": ["Profile", "Arn"]}},
        "Policy": {"Value": {"Ref": "Lists"}},
    }})
}

#[test]
fn templates_make_people_whose_keys_sign() {
    let dir = DataDir::new("iam-stacks");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = dir.path().join("people.json");
    let apply = |template: &Value| -> Value {
        fs::write(&file, template.to_string()).unwrap();
        let output = stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let made = apply(&template(&json!("states:ListActivities"), "ann"));
    let output = |name: &str| made["outputs"][name].as_str().unwrap().to_owned();
    assert_eq!(output("User"), "arn:aws:iam::123456789012:user/people/ann");
    assert_eq!(output("Profile"), "arn:aws:iam::123456789012:instance-profile/server");
    assert_eq!(output("Policy"), "arn:aws:iam::123456789012:policy/lists");
    let (id, secret) = (output("KeyId"), output("Secret"));
    let may = |operation: &str| {
        let target = format!("AWSStepFunctions.{operation}");
        let headers = [("x-amz-target", target.as_str())];
        let signed = sign_as((&id, &secret), "states", ("POST", "/"), &server.address, &headers, "{}");
        Client::new(&server.address).send_signed("POST", "/", &signed, "{}").unwrap().status
    };
    assert_eq!((may("ListActivities"), may("ListStateMachines")), (200, 400));
    let again = apply(&template(&json!("states:ListActivities"), "ann"));
    assert!(again["changes"].as_array().unwrap().iter().all(|it| it["action"] == "unchanged"), "{again}");

    // A change of the document is a new version, which decides at once.
    for actions in [json!("states:ListStateMachines"), json!(["states:List*"])] {
        apply(&template(&actions, "ann"));
        assert_eq!(may("ListStateMachines"), 200, "{actions}");
    }
    apply(&template(&json!("states:List*"), "bob"));
    assert_eq!(may("ListStateMachines"), 400, "she is in the group no more");
    apply(&template(&json!("states:List*"), "ann"));
    assert_eq!(may("ListStateMachines"), 200);

    // A template without a user's name can't be made as somebody who is there already.
    let mut client = Client::new(&server.address);
    iam(&mut client, "CreateUser", &[("UserName", "carol")]);
    let twice = json!({"Resources": {"C": {"Type": "AWS::IAM::User", "Properties": {"UserName": "carol"}}}});
    let other = dir.path().join("twice.json");
    fs::write(&other, twice.to_string()).unwrap();
    let refused = stepgate(&["apply", other.to_str().unwrap(), "--endpoint", &endpoint]);
    assert!(!refused.status.success() && stderr(&refused).contains("carol"), "{}", stderr(&refused));

    // What is taken out is gone, keys first.
    apply(&json!({"Resources": {"Bob": {"Type": "AWS::IAM::User", "Properties": {"UserName": "bob"}}}}));
    assert_eq!(may("ListStateMachines"), 400, "the key is deleted");
    for (action, name, value, status) in [
        ("GetUser", "UserName", "ann", 404),
        ("GetUser", "UserName", "bob", 200),
        ("GetGroup", "GroupName", "staff", 404),
        ("GetPolicy", "PolicyArn", "arn:aws:iam::123456789012:policy/lists", 404),
        ("GetInstanceProfile", "InstanceProfileName", "server", 404),
        ("GetRole", "RoleName", "server", 404),
    ] {
        let answer = try_iam(&mut client, action, &[(name, value)]);
        assert_eq!(answer.status, status, "{action} {value}: {}", answer.text());
    }
}
