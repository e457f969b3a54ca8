//! Roles are asked for whatever is done under them: HTTP endpoints, authorizers' functions, destinations of events, objects and
//! children of Map Runs, and APIs of another server.

use std::fs;

use serde_json::{Value, json};

use crate::authorizers::{get, uri};
use crate::backend::{Backend, Received, Reply};
use crate::client::Client;
use crate::functions_support::{Following, PATIENCE, done, input, invoke, zipped};
use crate::iam::{definition, deploy};
use crate::maps::{begin, ended, pass, spread, with_folders};
use crate::roles::{allow, put_policy, refused, role, run_as, task, with_settings};
use crate::server::{DataDir, Server};
use crate::states;

fn ok(_: &Received) -> Reply {
    (200, vec![("content-type", "application/json")], "{\"ok\":true}".to_owned())
}

#[test]
fn an_http_endpoint_is_called_only_with_the_role_s_leave() {
    let (dir, backend) = (DataDir::new("roles-http"), Backend::start(ok));
    let server = with_settings(
        &dir,
        "[connections.key]\nauthorization = { type = \"API_KEY\", name = \"X-Key\", value = \"hush\" }\nallow_http = true\n",
    );
    let mut client = Client::new(&server.address);
    let connection = "arn:aws:events:us-east-1:123456789012:connection/key/1";
    let secrets = "arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection/*";
    let calls = task(
        "arn:aws:states:::http:invoke",
        &json!({"ApiEndpoint": format!("{}/orders", backend.url), "Method": "POST",
            "Authentication": {"ConnectionArn": connection}}),
    );
    let endpoint = |condition: Value| {
        let mut statement = allow("states:InvokeHTTPEndpoint", "*");
        statement["Condition"] = condition;
        statement
    };
    let retrieve = || allow("events:RetrieveConnectionCredentials", connection);
    let secret = || {
        json!({"Effect": "Allow", "Resource": secrets,
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]})
    };
    let posts = |url: &str| json!({"StringEquals": {"states:HTTPMethod": "POST"}, "StringLike": {"states:HTTPEndpoint": url}});
    let own = format!("{}/*", backend.url);
    let no_endpoint = "AWS Step Functions is not authorized to perform states:InvokeHTTPEndpoint";
    for (n, (statements, why)) in [
        (json!([retrieve(), secret()]), Some(no_endpoint.to_owned())),
        (json!([endpoint(posts("https://elsewhere/*")), retrieve(), secret()]), Some(no_endpoint.to_owned())),
        (
            json!([endpoint(json!({"StringEquals": {"states:HTTPMethod": "GET"}})), retrieve(), secret()]),
            Some(no_endpoint.to_owned()),
        ),
        (
            json!([endpoint(posts(&own)), secret()]),
            Some(refused("events:RetrieveConnectionCredentials", "Http3", "E", connection)),
        ),
        (
            json!([endpoint(posts(&own)), retrieve()]),
            Some(refused(
                "secretsmanager:DescribeSecret",
                "Http4",
                "E",
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:events!connection/key/1",
            )),
        ),
        (json!([endpoint(posts(&own)), retrieve(), secret()]), None),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Http{n}");
        let arn = role(&mut client, &name, &["states.amazonaws.com"]);
        put_policy(&mut client, &name, &statements);
        let described = run_as(&mut client, &name, &arn, &calls);
        match why {
            None => {
                assert_eq!(described["status"], "SUCCEEDED", "{described}");
                assert_eq!(backend.take().len(), 1);
            }
            Some(why) => {
                assert_eq!(described["error"], "States.TaskFailed", "{statements}: {described}");
                assert!(described["cause"].as_str().unwrap().starts_with(&why), "{described}");
                assert!(backend.take().is_empty(), "nothing is sent");
            }
        }
    }
}

/// Lets everybody in.
fn authorizes(request: &Received) -> Reply {
    let event: Value = serde_json::from_str(&request.body).unwrap();
    let body = json!({"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}]}});
    (200, vec![("content-type", "application/json")], body.to_string())
}

#[test]
fn an_authorizer_s_function_is_called_only_with_its_role_s_leave() {
    let (dir, backend) = (DataDir::new("roles-authorizers"), Backend::start(authorizes));
    let server = with_settings(&dir, &format!("[services.lambda]\nendpoint = \"{}\"\n", backend.url));
    let mut client = Client::new(&server.address);
    let function = "arn:aws:lambda:us-east-1:123456789012:function:who";
    let gateway = ["apigateway.amazonaws.com"];
    for (n, (services, statement, is_allowed)) in [
        (&gateway, allow("lambda:InvokeFunction", function), true),
        (&gateway, allow("lambda:InvokeFunction", &format!("{function}2")), false),
        (&gateway, allow("states:*", "*"), false),
        (&["states.amazonaws.com"], allow("lambda:*", "*"), false),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Authorizer{n}");
        let arn = role(&mut client, &name, services);
        put_policy(&mut client, &name, &json!([statement]));
        let api = deploy(
            &mut client,
            &json!({
                "swagger": "2.0", "info": {"title": name},
                "paths": {"/a": {"get": {
                    "security": [{"who": []}],
                    "responses": {"200": {"description": "ok"}},
                    "x-amazon-apigateway-integration": {"type": "mock",
                        "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                        "responses": {"default": {"statusCode": "200"}}},
                }}},
                "securityDefinitions": {"who": {
                    "type": "apiKey", "name": "X-Token", "in": "header", "x-amazon-apigateway-authtype": "custom",
                    "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": uri(), "authorizerCredentials": arn},
                }},
            }),
        );
        let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
        let answer = get(&mut client, "/v1/a", &[("host", &host), ("x-token", "t")]);
        let asked = backend.take().len();
        match is_allowed {
            true => assert_eq!((answer.status, asked), (200, 1), "{}", answer.text()),
            false => {
                let kind = answer.header("x-amzn-errortype").unwrap_or_default().to_owned();
                assert_eq!(
                    (answer.status, kind.as_str(), asked),
                    (500, "AuthorizerConfigurationException", 0),
                    "{name}"
                );
                assert_eq!(answer.json(), json!({ "message": null }));
            }
        }
    }
}

#[test]
fn a_destination_is_told_only_with_the_function_s_role_s_leave() {
    let dir = DataDir::new("roles-destinations");
    let log = dir.path().join("log");
    let server = Server::start_logging(&dir, &log);
    let mut client = Client::new(&server.address);
    let machine_role = role(&mut client, "Told", &["states.amazonaws.com"]);
    let definition = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let machine = json!({"name": "Told", "definition": definition, "roleArn": machine_role});
    let machine = states(&mut client, "CreateStateMachine", machine)["stateMachineArn"].clone();
    let machine = machine.as_str().unwrap().to_owned();
    let code = "def handler(event, context):\n    print('ran')\n";
    for (name, statement) in [
        ("denied", allow("states:StartExecution", &format!("{machine}2"))),
        ("allowed", allow("states:StartExecution", &machine)),
    ] {
        let arn = role(&mut client, name, &["lambda.amazonaws.com"]);
        put_policy(&mut client, name, &json!([statement]));
        let package = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            zipped(&[("app.py", code.as_bytes())]),
        );
        let mut function = input(name, "python3.12", "app.handler", json!({ "ZipFile": package }));
        function["Role"] = arn.into();
        done(&mut client, "POST", "/2015-03-31/functions", &function);
        let told =
            json!({"MaximumRetryAttempts": 0, "DestinationConfig": {"OnSuccess": {"Destination": machine}}});
        done(&mut client, "PUT", &format!("/2019-09-25/functions/{name}/event-invoke-config"), &told);
    }
    let following = Following::start(&["logs", "-f", "denied"], &server.address);
    let sent = invoke(&mut client, "denied", &[("x-amz-invocation-type", "Event")], &json!({}));
    assert_eq!(sent.status, 202);
    following.until_log("ran");
    // Waits until it is refused, which only the log says.
    let action = "is not authorized to perform: states:StartExecution";
    #[allow(clippy::disallowed_methods)] // A test waits in real time.
    let begun = std::time::Instant::now();
    while !fs::read_to_string(&log).unwrap().contains(action) {
        assert!(begun.elapsed() < PATIENCE, "the refusal is logged");
        std::thread::yield_now();
    }
    let executions = |client: &mut Client| {
        let listed = states(client, "ListExecutions", json!({ "stateMachineArn": machine }));
        listed["executions"].as_array().unwrap().len()
    };
    assert_eq!(executions(&mut client), 0);
    let sent = invoke(&mut client, "allowed", &[("x-amz-invocation-type", "Event")], &json!({}));
    assert_eq!(sent.status, 202);
    while executions(&mut client) == 0 {
        assert!(begun.elapsed() < PATIENCE, "the machine is started");
        std::thread::yield_now();
    }
    assert_eq!(executions(&mut client), 1);
}

/// The cause says who may not do what.
fn assert_denied(described: &Value, role: &str, action: &str, resource: &str) {
    let cause = described["cause"].as_str().unwrap_or_default();
    let user = format!("User: arn:aws:sts::123456789012:assumed-role/{role}/");
    let what = format!(" is not authorized to perform: {action} on resource: {resource} because");
    assert!(cause.contains(&user) && cause.contains(&what), "{described}");
}

/// A Map's name, itself, the statements of its role, and the error, action and resource if they don't suffice.
type MapCase<'a> = (&'a str, Value, Value, Option<(&'a str, &'a str, String)>);

#[test]
fn a_map_run_reads_writes_and_starts_what_its_role_may() {
    let (_dir, server, root) = with_folders("roles-maps");
    let mut client = Client::new(&server.address);
    fs::write(root.join("in/data.csv"), "id;name\n1;a\n2;b\n").unwrap();
    let own = |name: &str| format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}");
    let start = |name: &str| allow("states:StartExecution", &own(name));
    let read = || allow("s3:GetObject", "arn:aws:s3:::in/*");
    let write = || allow("s3:PutObject", "arn:aws:s3:::out/results/*");
    let list = |prefix: &str| {
        json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::in",
            "Condition": {"StringEquals": {"s3:prefix": prefix}}})
    };
    let whole = |kind: &str| spread(kind, &pass(), &json!({}));
    let mut listing = whole("STANDARD");
    listing["States"]["M"]["ItemReader"] = json!({"Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": "in", "Prefix": "d"}});
    let all = "arn:aws:s3:::";
    let cases: Vec<MapCase<'_>> = vec![
        ("Whole", whole("STANDARD"), json!([start("Whole"), read(), write()]), None),
        ("Express", whole("EXPRESS"), json!([start("Express"), read(), write()]), None),
        (
            "NoStart",
            whole("STANDARD"),
            json!([start("Whole"), read(), write()]),
            Some(("StepFunctions.AWSStepFunctionsException", "states:StartExecution", own("NoStart"))),
        ),
        (
            "NoRead",
            whole("STANDARD"),
            json!([start("NoRead"), write()]),
            Some(("States.ItemReaderFailed", "s3:GetObject", format!("{all}in/data.csv"))),
        ),
        (
            "NoWrite",
            whole("STANDARD"),
            json!([start("NoWrite"), read()]),
            Some(("States.ResultWriterFailed", "s3:PutObject", format!("{all}out/results/"))),
        ),
        ("Lists", listing.clone(), json!([start("Lists"), list("d"), write()]), None),
        (
            "NoList",
            listing,
            json!([start("NoList"), list("other"), read(), write()]),
            Some(("States.ItemReaderFailed", "s3:ListBucket", format!("{all}in"))),
        ),
    ];
    for (name, definition, statements, expect) in cases {
        let arn = role(&mut client, name, &["states.amazonaws.com"]);
        put_policy(&mut client, name, &statements);
        let input = json!({"name": name, "roleArn": arn, "definition": definition.to_string()});
        let machine = states(&mut client, "CreateStateMachine", input)["stateMachineArn"].clone();
        let execution = begin(&mut client, machine.as_str().unwrap());
        let described = ended(&mut client, &execution);
        match expect {
            None => assert_eq!(described["status"], "SUCCEEDED", "{described}"),
            Some((error, action, resource)) => {
                assert_eq!(described["error"], error, "{name}: {described}");
                // A result's file has the name of its run.
                let resource = resource.strip_suffix("results/").unwrap_or(&resource).to_owned();
                let cause = described["cause"].as_str().unwrap();
                assert!(cause.contains(&format!("perform: {action} on resource: {resource}")), "{cause}");
                if !resource.ends_with("out/") {
                    assert_denied(&described, name, action, &resource);
                }
            }
        }
        let runs = states(&mut client, "ListMapRuns", json!({ "executionArn": execution }));
        let run = json!({"mapRunArn": runs["mapRuns"][0]["mapRunArn"]});
        let run = states(&mut client, "DescribeMapRun", run);
        if name == "NoStart" {
            assert_eq!(
                (&run["status"], &run["executionCounts"]["total"]),
                (&json!("FAILED"), &json!(0)),
                "{run}"
            );
        }
    }
    // A task's own reading is asked for like any other.
    let reads = task("arn:aws:states:::aws-sdk:s3:getObject", &json!({"Bucket": "in", "Key": "data.csv"}));
    for (name, statements, is_allowed) in
        [("Reads", json!([read()]), true), ("ReadsNot", json!([write()]), false)]
    {
        let arn = role(&mut client, name, &["states.amazonaws.com"]);
        put_policy(&mut client, name, &statements);
        let described = run_as(&mut client, name, &arn, &reads);
        match is_allowed {
            true => assert_eq!(described["status"], "SUCCEEDED", "{described}"),
            false => {
                assert_eq!(described["error"], "S3.S3Exception", "{described}");
                assert_denied(&described, name, "s3:GetObject", &format!("{all}in/data.csv"));
            }
        }
    }
}

/// Children that failed begin again only with leave for that; which they are is not known before, so it is for all.
#[test]
fn a_map_run_is_redriven_only_with_the_role_s_leave() {
    let dir = DataDir::new("roles-redrive");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let child = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}});
    let mut definition = spread("STANDARD", &child, &json!({"ItemsPath": "$.items"}));
    let map = definition["States"]["M"].as_object_mut().unwrap();
    map.remove("ItemReader");
    map.remove("ResultWriter");
    let arn = role(&mut client, "Redrives", &["states.amazonaws.com"]);
    let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:Redrives";
    let children = |of: &str| format!("arn:aws:states:us-east-1:123456789012:execution:Redrives/{of}");
    put_policy(&mut client, "Redrives", &json!([allow("states:StartExecution", machine)]));
    let input = json!({"name": "Redrives", "roleArn": arn, "definition": definition.to_string()});
    states(&mut client, "CreateStateMachine", input);
    let start = json!({"stateMachineArn": machine, "input": "{\"items\": [1, 2]}"});
    let execution = states(&mut client, "StartExecution", start)["executionArn"].as_str().unwrap().to_owned();
    let failed = "States.ExceedToleratedFailureThreshold";
    assert_eq!(ended(&mut client, &execution)["error"], failed);
    for (more, expect) in [
        (None, "StepFunctions.AWSStepFunctionsException"),
        (Some(children("Other:*")), "StepFunctions.AWSStepFunctionsException"),
        (Some(children("L:*")), failed),
    ] {
        let mut statements = vec![allow("states:StartExecution", machine)];
        statements.extend(more.iter().map(|resource| allow("states:RedriveExecution", resource)));
        put_policy(&mut client, "Redrives", &json!(statements));
        states(&mut client, "RedriveExecution", json!({ "executionArn": execution }));
        let described = ended(&mut client, &execution);
        assert_eq!(described["error"], expect, "{more:?}: {described}");
        if expect != failed {
            assert_denied(&described, "Redrives", "states:RedriveExecution", &children("L:*"));
        }
    }
}

#[test]
fn a_machine_gets_log_destinations_only_if_its_role_may_deliver_there() {
    let dir = DataDir::new("roles-logs");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let logging = |level: &str| {
        let group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/M:*";
        json!({"level": level, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]})
    };
    let arn = role(&mut client, "Delivers", &["states.amazonaws.com"]);
    let create = |client: &mut Client, name: &str, level: &str| {
        let input = json!({"name": name, "roleArn": arn, "definition": pass().to_string(),
            "loggingConfiguration": logging(level)});
        client.states("CreateStateMachine", &input).unwrap()
    };
    let no_logs = "The state machine IAM Role is not authorized to access the Log Destination";
    let all = [
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    ];
    for missing in all {
        let rest: Vec<_> =
            all.iter().filter(|name| **name != missing).map(|name| format!("logs:{name}")).collect();
        let statement = json!({"Effect": "Allow", "Action": rest, "Resource": "*"});
        put_policy(&mut client, "Delivers", &json!([statement]));
        let answer = create(&mut client, "M", "ALL");
        assert_eq!((answer.status, answer.json()["message"].as_str()), (400, Some(no_logs)), "{missing}");
    }
    assert_eq!(create(&mut client, "Off", "OFF").status, 200);
    put_policy(&mut client, "Delivers", &json!([allow("logs:*", "*")]));
    let machine = create(&mut client, "M", "ALL").json()["stateMachineArn"].clone();
    put_policy(&mut client, "Delivers", &json!([allow("states:*", "*")]));
    let update = |role: Option<&str>| {
        let mut input = json!({"stateMachineArn": machine, "loggingConfiguration": logging("ERROR")});
        if let Some(role) = role {
            input["roleArn"] = json!(role);
        }
        input
    };
    // The role that it has already is asked as one that it gets.
    for role in [Some(arn.as_str()), None] {
        let answer = client.states("UpdateStateMachine", &update(role)).unwrap();
        assert_eq!((answer.status, answer.json()["message"].as_str()), (400, Some(no_logs)), "{role:?}");
    }
    put_policy(&mut client, "Delivers", &json!([allow("logs:*", "*")]));
    assert_eq!(client.states("UpdateStateMachine", &update(None)).unwrap().status, 200);
}

#[test]
fn an_api_of_another_server_is_called_with_a_real_signature() {
    let there_dir = DataDir::new("roles-other-server");
    let there = with_settings(
        &there_dir,
        "[[credentials]]\naccess_key_id = \"test\"\nsecret_access_key = \"test\"\n\
         [[credentials]]\naccess_key_id = \"AKIAOTHER\"\nsecret_access_key = \"other-secret\"\n",
    );
    let mut there_client = Client::new(&there.address);
    let api = deploy(&mut there_client, &definition());
    let calls = |auth: &str| {
        task(
            "arn:aws:states:::apigateway:invoke",
            &json!({"ApiEndpoint": format!("{api}.execute-api.us-east-1.amazonaws.com"), "Method": "POST", "Stage": "v1",
                "Path": "pets/1", "QueryParameters": {"q": ["a b", "ü/?"]}, "RequestBody": {"name": "Müsli"}, "AuthType": auth}),
        )
    };
    let pets = format!("arn:aws:execute-api:us-east-1:123456789012:{api}/v1/POST/pets/*");
    for (n, (secret, resource, auth, expect)) in [
        ("other-secret", pets.as_str(), "IAM_ROLE", None),
        // The other server does not know the signature.
        ("wrong", &pets, "IAM_ROLE", Some("ApiGateway.403")),
        ("other-secret", &pets, "NO_AUTH", Some("ApiGateway.403")),
        // The role is asked here, since the settings' key signs there.
        ("other-secret", &pets.replace("POST", "GET"), "IAM_ROLE", Some("ApiGateway.403")),
    ]
    .into_iter()
    .enumerate()
    {
        let dir = DataDir::new("roles-this-server");
        let here = with_settings(
            &dir,
            &format!(
                "[services.execute-api]\nendpoint = \"http://{}\"\naccess_key_id = \"AKIAOTHER\"\n\
                 secret_access_key = \"{secret}\"\n",
                there.address
            ),
        );
        let mut client = Client::new(&here.address);
        let arn = role(&mut client, "Caller", &["states.amazonaws.com"]);
        put_policy(&mut client, "Caller", &json!([allow("execute-api:Invoke", resource)]));
        let described = run_as(&mut client, "Calls", &arn, &calls(auth));
        assert_eq!(described["error"].as_str(), expect, "{n}: {described}");
        if expect.is_none() {
            let output: Value = serde_json::from_str(described["output"].as_str().unwrap()).unwrap();
            let said = output["ResponseBody"].to_string();
            assert!(
                said.contains("AKIAOTHER") && said.contains("arn:aws:iam::123456789012:root"),
                "{output}"
            );
        }
    }
}
