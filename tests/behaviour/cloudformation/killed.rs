//! A server that is killed in the middle: of the change of a stack, and of an upload; and private custom domain names.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{call, element, elements, status};
use crate::client::{Client, sign};
use crate::server::{DataDir, Server};

fn parameter(name: &str, value: &str) -> Value {
    json!({"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}})
}

/// The value of a parameter; `None` if there is none.
fn value_of(client: &mut Client, name: &str) -> Option<String> {
    let body = json!({ "Name": name }).to_string();
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AmazonSSM.GetParameter")];
    let signed = sign("ssm", "POST", "/", client.address(), &headers, &body);
    let answer = client.send_signed("POST", "/", &signed, &body).unwrap();
    (answer.status == 200).then(|| answer.json()["Parameter"]["Value"].as_str().unwrap().to_owned())
}

fn ask(client: &mut Client, operation: &str, template: &Value) {
    call(client, operation, &[("StackName", "s"), ("TemplateBody", &template.to_string())]);
}

/// Waits until the stack has come as far as its condition.
fn until_it_waits(client: &mut Client) {
    for _ in 0..600 {
        let members = [("StackName", "s"), ("LogicalResourceId", "Wait")];
        let shown = super::query(client, "DescribeStackResource", &members).unwrap();
        if shown.status == 200 && shown.text().contains("CREATE_IN_PROGRESS") {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it never waits");
}

#[test]
fn a_change_goes_on_or_is_taken_back_by_the_server_after_the_one_that_was_killed() {
    let dir = DataDir::new("killed-update");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let first = json!({"Resources": {
        "Kept": parameter("kept", "one"), "Gone": parameter("gone", "one"), "Moved": parameter("moved", "one"),
    }});
    ask(&mut client, "CreateStack", &first);
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE");
    for outcome in ["FAILURE", "SUCCESS"] {
        // In the middle of it, one is changed, one replaced, one new, and one not yet removed.
        let second = json!({"Resources": {
            "Kept": parameter("kept", "two"), "Moved": parameter("moved-away", "two"), "New": parameter("new", "two"),
            "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "DependsOn": ["Kept", "Moved", "New"],
                "CreationPolicy": {"ResourceSignal": {"Timeout": "PT10M"}}},
        }});
        ask(&mut client, "UpdateStack", &second);
        until_it_waits(&mut client);
        server.kill();
        server = Server::start(&dir, &[]);
        client = Client::new(&server.address);
        assert_eq!(value_of(&mut client, "kept").as_deref(), Some("two"));
        assert_eq!(value_of(&mut client, "gone").as_deref(), Some("one"));
        let members =
            [("StackName", "s"), ("LogicalResourceId", "Wait"), ("UniqueId", "u"), ("Status", outcome)];
        let mut signalled = false;
        for _ in 0..600 {
            signalled = super::query(&mut client, "SignalResource", &members).unwrap().status == 200;
            if signalled {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(signalled, "nobody waits any more");
        let (want, kept, others) = match outcome {
            "FAILURE" => ("UPDATE_ROLLBACK_COMPLETE", "one", [Some("one"), Some("one"), None, None]),
            _ => ("UPDATE_COMPLETE", "two", [None, None, Some("two"), Some("two")]),
        };
        let reasons = elements(
            &call(&mut client, "DescribeStackEvents", &[("StackName", "s")]),
            "ResourceStatusReason",
        );
        assert_eq!(status(&mut client, "s"), want, "{reasons:?}");
        assert_eq!(value_of(&mut client, "kept").as_deref(), Some(kept));
        let found = ["gone", "moved", "moved-away", "new"].map(|name| value_of(&mut client, name));
        assert_eq!(found, others.map(|value| value.map(str::to_owned)));
    }
}

/// Whether a file below a folder has this in it.
fn is_written(folder: &Path, text: &[u8]) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => is_written(&path, text),
            false => fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text)),
        }
    })
}

fn s3(client: &mut Client, method: &str, path: &str, body: &str) -> crate::client::Answer {
    let hash = hex::encode(Sha256::digest(body));
    let signed = sign("s3", method, path, client.address(), &[("x-amz-content-sha256", &hash)], body);
    client.send_signed(method, path, &signed, body).unwrap()
}

#[test]
fn an_upload_that_was_cut_off_leaves_nothing() {
    let dir = DataDir::new("killed-upload");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    assert_eq!(s3(&mut client, "PUT", "/files", "").status, 200);
    assert_eq!(s3(&mut client, "PUT", "/files/known", "before").status, 200);
    // A part of an upload that is not completed is kept, though.
    let begun = s3(&mut client, "POST", "/files/parts?uploads=", "").text();
    let upload = element(&begun, "UploadId").unwrap();
    let part = format!("/files/parts?partNumber=1&uploadId={upload}");
    let etag = s3(&mut client, "PUT", &part, "first part").header("etag").unwrap().to_owned();

    let body = "only half of this arrives ".repeat(40_000);
    for path in ["/files/known", "/files/new"] {
        let hash = hex::encode(Sha256::digest(&body));
        let signed = sign("s3", "PUT", path, &server.address, &[("x-amz-content-sha256", &hash)], &body);
        let mut head = format!("PUT {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in signed {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(b"\r\n").unwrap();
        stream.write_all(&body.as_bytes()[..body.len() / 2]).unwrap();
        let mut is_there = false;
        for _ in 0..600 {
            is_there = is_written(dir.path(), b"only half of this arrives ");
            if is_there {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(is_there, "nothing arrives");
        server.kill();
        drop(stream);
        server = Server::start(&dir, &[]);
        client = Client::new(&server.address);
        assert!(!is_written(dir.path(), b"only half of this arrives "), "half a file is left");
        assert_eq!(s3(&mut client, "GET", "/files/known", "").text(), "before");
        assert_eq!(s3(&mut client, "GET", "/files/new", "").status, 404);
    }
    assert_eq!(s3(&mut client, "PUT", "/files/new", &body).status, 200);
    assert_eq!(s3(&mut client, "GET", "/files/new", "").text(), body);
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        etag.trim_matches('"')
    );
    let done = s3(&mut client, "POST", &format!("/files/parts?uploadId={upload}"), &parts);
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(s3(&mut client, "GET", "/files/parts", "").text(), "first part");
}

#[test]
fn private_domain_names_and_their_mappings_follow_the_template() {
    let dir = DataDir::new("private-domains");
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = |name: &str| {
        json!({"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name, "Body": {
        "swagger": "2.0", "info": {"title": name, "version": "1"}, "paths": {"/": {"get": {
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200"}}}}}}}}})
    };
    let deployment = |api: &str| {
        json!({"Type": "AWS::ApiGateway::Deployment", "Properties": {
        "RestApiId": {"Ref": api}, "StageName": "prod"}})
    };
    let mut template = json!({
        "Resources": {
            "Api": api("one"), "Deployment": deployment("Api"), "Other": api("two"), "OtherDeployment": deployment("Other"),
            "Domain": {"Type": "AWS::ApiGateway::DomainNameV2", "Properties": {"DomainName": "inner.example.com",
                "CertificateArn": certificate, "EndpointConfiguration": {"Types": ["PRIVATE"]},
                "Policy": {"Version": "2012-10-17", "Statement": []}, "Tags": [{"Key": "a", "Value": "1"}]}},
            "Mapping": {"Type": "AWS::ApiGateway::BasePathMappingV2", "DependsOn": ["Deployment", "OtherDeployment"],
                "Properties": {"DomainNameArn": {"Ref": "Domain"}, "BasePath": "v1", "RestApiId": {"Ref": "Api"}, "Stage": "prod"}},
        },
        "Outputs": {"Api": {"Value": {"Ref": "Api"}}, "Other": {"Value": {"Ref": "Other"}},
            "Id": {"Value": {"Fn::GetAtt": ["Domain", "DomainNameId"]}}},
    });
    ask(&mut client, "CreateStack", &template);
    let reasons = |client: &mut Client| {
        elements(&call(client, "DescribeStackEvents", &[("StackName", "s")]), "ResourceStatusReason")
            .join("\n")
    };
    assert_eq!(status(&mut client, "s"), "CREATE_COMPLETE", "{}", reasons(&mut client));
    let outputs = elements(&call(&mut client, "DescribeStacks", &[("StackName", "s")]), "OutputValue");
    let [api, other, id] = outputs.as_slice() else { panic!("{outputs:?}") };
    let get = |client: &mut Client, path: &str| client.apigateway("GET", path, &Value::Null).unwrap();
    let domain = format!("/domainnames/inner.example.com?domainNameId={id}");
    let mapping = format!("/domainnames/inner.example.com/basepathmappings/v1?domainNameId={id}");
    let shown = get(&mut client, &domain).json();
    assert_eq!(
        (&shown["endpointConfiguration"]["types"], &shown["tags"]),
        (&json!(["PRIVATE"]), &json!({"a": "1"})),
        "{shown}"
    );
    assert_eq!(get(&mut client, &mapping).json()["restApiId"], json!(api));
    // Nobody reaches it: there are no VPC endpoints.
    let refused = client.send("GET", "/v1/", &[("host", "inner.example.com")], b"").unwrap();
    assert_eq!(refused.status, 403, "{}", refused.text());

    let resources = &mut template["Resources"];
    resources["Mapping"]["Properties"]["RestApiId"] = json!({"Ref": "Other"});
    resources["Domain"]["Properties"]["Tags"] = json!([{"Key": "b", "Value": "2"}]);
    ask(&mut client, "UpdateStack", &template);
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(get(&mut client, &mapping).json()["restApiId"], json!(other));
    assert_eq!(get(&mut client, &domain).json()["tags"], json!({"b": "2"}));
    // Another path is another mapping.
    template["Resources"]["Mapping"]["Properties"]["BasePath"] = json!("v2");
    ask(&mut client, "UpdateStack", &template);
    assert_eq!(status(&mut client, "s"), "UPDATE_COMPLETE", "{}", reasons(&mut client));
    assert_eq!(get(&mut client, &mapping).status, 404);
    assert_eq!(get(&mut client, &mapping.replace("/v1", "/v2")).json()["restApiId"], json!(other));
    call(&mut client, "DeleteStack", &[("StackName", "s")]);
    for _ in 0..600 {
        if get(&mut client, &domain).status == 404 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the domain name stays: {}", reasons(&mut client));
}
