//! Where calls of AWS services go, whoever makes them: to the service's own endpoint, to this server, to the default, or
//! nowhere.

use std::fs;

use serde_json::json;

use crate::ROLE;
use crate::authorizers::call;
use crate::backend::{Backend, Received, Reply};
use crate::client::{Answer, Client};
use crate::commands::{stderr, stepgate};
use crate::server::{DataDir, Server};
use crate::tasks::{output, run};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:elsewhere";

/// Answers as IAM, STS, Lambda or a service with JSON does.
fn answer(request: &Received) -> Reply {
    let xml = |action: &str, result: &str| {
        let body = format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
        (200, vec![("content-type", "text/xml"), ("x-amzn-requestid", "id")], body)
    };
    if request.target.contains("/2015-03-31/functions/") {
        let allow = json!({"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}]}});
        return (200, vec![("content-type", "application/json")], allow.to_string());
    }
    let role = "<Role><RoleName>Made</RoleName><Arn>arn:aws:iam::123456789012:role/Made</Arn></Role>";
    match request.body.split('&').next().unwrap_or_default() {
        "Action=CreateRole" => xml("CreateRole", role),
        "Action=GetRole" => xml("GetRole", role),
        _ => (200, vec![("content-type", "application/x-amz-json-1.1")], "{\"from\":\"backend\"}".to_owned()),
    }
}

fn server(dir: &DataDir, settings: &str) -> Server {
    let path = dir.path().join("stepgate.toml");
    // Only what a test does itself is called.
    fs::write(&path, format!("{settings}[deploy]\ntutorial = false\n")).unwrap();
    Server::start(dir, &["--config", path.to_str().unwrap()])
}

/// Deploys an API whose one method calls `uri` as `role`, and calls it.
fn integration(client: &mut Client, uri: &str, role: &str, template: &str) -> Answer {
    let definition = json!({
        "openapi": "3.0.1", "info": {"title": "calls"},
        "paths": {"/x": {"post": {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
            "type": "aws", "httpMethod": "POST", "uri": uri, "credentials": role,
            "requestTemplates": {"application/json": template},
            "responses": {"default": {"statusCode": "200"}},
        }}}},
    });
    let api = call(client, "POST", "/restapis?mode=import", &definition);
    let api = api["id"].as_str().unwrap().to_owned();
    let deployed = json!({"stageName": "v1"});
    let answer = client.apigateway("POST", &format!("/restapis/{api}/deployments"), &deployed).unwrap();
    if answer.status != 201 {
        return answer;
    }
    let path = format!("/_aws/execute-api/{api}/v1/x");
    client.send("POST", &path, &[("content-type", "application/json")], b"{}").unwrap()
}

fn action(service: &str, action: &str) -> String {
    format!("arn:aws:apigateway:eu-west-1:{service}:action/{action}")
}

/// Applies a template with a role, and returns what became of it.
fn apply(dir: &DataDir, server: &Server) -> std::process::Output {
    let trust = json!({"Version": "2012-10-17", "Statement": []});
    let template = json!({"Resources": {"Made": {"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "Made", "AssumeRolePolicyDocument": trust}}}});
    let file = dir.path().join("role.json");
    fs::write(&file, template.to_string()).unwrap();
    let endpoint = format!("http://{}", server.address);
    stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"])
}

#[test]
fn what_this_server_has_is_called_in_process_as_who_calls() {
    let dir = DataDir::new("aws-in-process");
    let server = server(&dir, "");
    let mut client = Client::new(&server.address);

    let role = "arn:aws:iam::123456789012:role/ApiRole";
    let told = integration(&mut client, &action("sts", "GetCallerIdentity"), role, "{}");
    let session = "<Arn>arn:aws:sts::123456789012:assumed-role/ApiRole/BackplaneAssumeRoleSession</Arn>";
    assert!(told.text().contains(session), "{}", told.text());
    let path = "arn:aws:apigateway:us-east-1:apigateway:path/restapis/none";
    let told = integration(&mut client, path, ROLE, "{}");
    assert_eq!((told.status, told.header("x-amzn-errortype")), (200, None), "{}", told.text());
    // The operation is named, and there is none like that: the API is configured wrongly.
    let told = integration(&mut client, &action("states", "LaunchRocket"), ROLE, "{}");
    assert_eq!(told.status, 500, "{}", told.text());

    let described = run(&mut client, "Who", "aws-sdk:sts:getCallerIdentity", &json!({}));
    let name = described["executionArn"].as_str().unwrap().rsplit(':').next().unwrap();
    let who = output(&described);
    let arn = format!("arn:aws:sts::123456789012:assumed-role/Tests/{name}");
    assert_eq!(who["Arn"], json!(arn));
    let failed = run(&mut client, "NoRole", "aws-sdk:iam:getRole", &json!({"RoleName": "nobody"}));
    assert_eq!(failed["error"], "Iam.NoSuchEntityException", "{failed}");

    let applied = apply(&dir, &server);
    assert!(applied.status.success(), "{}", stderr(&applied));
    let found = output(&run(&mut client, "Role", "aws-sdk:iam:getRole", &json!({"RoleName": "Made"})));
    assert_eq!(found["Role"]["Arn"], "arn:aws:iam::123456789012:role/Made");
}

#[test]
fn an_endpoint_of_the_settings_wins_over_this_server() {
    let (dir, backend) = (DataDir::new("aws-endpoints"), Backend::start(answer));
    let endpoint = |name: &str| format!("[services.{name}]\nendpoint = \"{}/{{region}}\"\n", backend.url);
    let key = "access_key_id = \"theirs\"\nsecret_access_key = \"secret\"\n";
    let text: String = ["sts", "iam", "lambda"].map(|name| endpoint(name) + key).concat();
    let server = server(&dir, &text);
    let mut client = Client::new(&server.address);
    let only = || {
        let mut received = backend.take();
        assert_eq!(received.len(), 1, "{received:?}");
        received.remove(0)
    };

    let told = integration(&mut client, &action("sts", "GetCallerIdentity"), ROLE, "{}");
    assert_eq!(told.text(), "{\"from\":\"backend\"}");
    let request = only();
    assert_eq!(request.target, "/eu-west-1/?Action=GetCallerIdentity&Version=2011-06-15");
    let signature = request.header("authorization");
    assert!(signature.contains("Credential=theirs/"), "{signature}");
    assert!(signature.contains("/eu-west-1/sts/aws4_request"), "{signature}");

    let found = output(&run(&mut client, "Role", "aws-sdk:iam:getRole", &json!({"RoleName": "Made"})));
    assert_eq!(found["Role"]["RoleName"], "Made");
    assert_eq!(only().target, "/us-east-1/");

    let applied = apply(&dir, &server);
    assert!(applied.status.success(), "{}", stderr(&applied));
    let made = backend.take();
    let form =
        made.iter().find(|request| request.body.starts_with("Action=CreateRole&")).expect("a role is made");
    assert!(form.body.contains("&RoleName=Made"), "{}", form.body);

    let guarded = json!({
        "swagger": "2.0", "info": {"title": "guarded"},
        "paths": {"/x": {"get": {"security": [{"who": []}], "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {"type": "mock",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200"}}}}}},
        "securityDefinitions": {"who": {"type": "apiKey", "name": "x-token", "in": "header",
            "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": {"type": "token",
                "authorizerUri": format!(
                    "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations")}}},
    });
    let api = call(&mut client, "POST", "/restapis?mode=import", &guarded);
    let api = api["id"].as_str().unwrap().to_owned();
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "v1"}));
    let answer =
        client.send("GET", &format!("/_aws/execute-api/{api}/v1/x"), &[("x-token", "t")], b"").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(only().target, format!("/us-east-1/2015-03-31/functions/{FUNCTION}/invocations"));
    // What is not about invoking functions is about those of this server, also what is refused.
    let made = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions";
    integration(&mut client, made, ROLE, "{}");
    assert!(backend.take().is_empty());
}

#[test]
fn everything_else_goes_to_the_default() {
    let (dir, backend) = (DataDir::new("aws-default"), Backend::start(answer));
    let settings = format!(
        "[services]\ndefault = \"{}/{{service}}/{{region}}\"\naccess_key_id = \"all\"\nsecret_access_key = \"secret\"\n\
         session_token = \"token\"\n",
        backend.url
    );
    let server = server(&dir, &settings);
    let mut client = Client::new(&server.address);
    let told = integration(&mut client, &action("kms", "ListKeys"), ROLE, "{}");
    assert_eq!(told.text(), "{\"from\":\"backend\"}");
    let described = run(&mut client, "Kms", "aws-sdk:kms:listKeys", &json!({}));
    assert_eq!(output(&described), json!({"from": "backend"}));
    let received = backend.take();
    let told: Vec<(&str, &str, &str)> = received
        .iter()
        .map(|it| (it.target.as_str(), it.header("x-amz-target"), it.header("x-amz-security-token")))
        .collect();
    assert_eq!(
        told,
        [
            ("/kms/eu-west-1/", "TrentService.ListKeys", "token"),
            ("/kms/us-east-1/", "TrentService.ListKeys", "token")
        ]
    );
    assert!(received.iter().all(|it| it.header("authorization").contains("Credential=all/")));

    // What this server has itself doesn't go there.
    let who = run(&mut client, "Who", "aws-sdk:sts:getCallerIdentity", &json!({}));
    assert!(output(&who)["Arn"].is_string());
    assert!(apply(&dir, &server).status.success());
    let missing = run(&mut client, "None", "lambda:invoke", &json!({"FunctionName": FUNCTION}));
    assert_eq!(missing["error"], "Lambda.ResourceNotFoundException", "{missing}");
    assert!(backend.take().is_empty());
}

#[test]
fn what_nobody_has_is_refused_with_the_setting_that_is_missing() {
    let dir = DataDir::new("aws-nowhere");
    let server = server(&dir, "");
    let mut client = Client::new(&server.address);
    let refused = integration(&mut client, &action("kms", "ListKeys"), ROLE, "{}");
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("[services.NAME] endpoint, or [services] default"), "{}", refused.text());
    let failed = run(&mut client, "Kms", "aws-sdk:kms:listKeys", &json!({}));
    assert_eq!(failed["error"], "States.Runtime", "{failed}");
    assert_eq!(
        failed["cause"],
        "The resource arn:aws:states:::aws-sdk:kms:listKeys can't be called: this server doesn't have the service kms, and \
         its settings have no endpoint of it: set [services.kms] endpoint, or [services] default."
    );
}
