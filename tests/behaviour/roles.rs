//! Roles are asked: what API Gateway, Step Functions and Lambda may do for their users is what the role's trust policy and
//! policies allow, at once and after a restart.

use std::fs;

use serde_json::{Value, json};

use crate::authorizers::call;
use crate::client::{Answer, Client, sign, sign_as};
use crate::commands::{stderr, stdout, stepgate};
use crate::server::{DataDir, Server};
use crate::{HELLO_WORLD, error_of, post_execution, states};

const GATEWAY_ROLE: &str = "APIGatewayToStepFunctions";
const FULL_ACCESS: &str = "arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess";

pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// Calls IAM.
pub(crate) fn try_iam(client: &mut Client, action: &str, parameters: &[(&str, &str)]) -> Answer {
    let pairs = parameters.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
    let body = format!("Action={action}&Version=2010-05-08{}", pairs.collect::<String>());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let address = client.address().to_owned();
    let signed = sign("iam", "POST", "/", &address, &form, &body);
    client.send_signed("POST", "/", &signed, &body).unwrap()
}

pub(crate) fn iam(client: &mut Client, action: &str, parameters: &[(&str, &str)]) {
    let answer = try_iam(client, action, parameters);
    assert_eq!(answer.status, 200, "{action}: {}", answer.text());
}

fn trust(services: &[&str]) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": services}}]})
    .to_string()
}

/// A role that trusts `services`; its ARN.
pub(crate) fn role(client: &mut Client, name: &str, services: &[&str]) -> String {
    iam(client, "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust(services))]);
    format!("arn:aws:iam::123456789012:role/{name}")
}

pub(crate) fn put_policy(client: &mut Client, role: &str, statements: &Value) {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    iam(client, "PutRolePolicy", &[("RoleName", role), ("PolicyName", "p"), ("PolicyDocument", &document)]);
}

pub(crate) fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn start(client: &mut Client) -> Answer {
    let body = json!({"input": "{}", "stateMachineArn": HELLO_WORLD}).to_string();
    post_execution(client, &body)
}

pub(crate) fn refused(action: &str, role: &str, session: &str, resource: &str) -> String {
    format!(
        "User: arn:aws:sts::123456789012:assumed-role/{role}/{session} is not authorized to perform: {action} on resource: \
         {resource} because no identity-based policy allows the {action} action"
    )
}

/// Creates a machine of one task and runs it to its end.
pub(crate) fn run_as(client: &mut Client, name: &str, role: &str, task: &Value) -> Value {
    let definition = json!({"StartAt": "T", "States": {"T": task}}).to_string();
    let input = json!({"name": name, "definition": definition, "roleArn": role});
    let machine = states(client, "CreateStateMachine", input);
    run(client, &machine["stateMachineArn"])
}

fn run(client: &mut Client, machine: &Value) -> Value {
    let started = states(client, "StartExecution", json!({ "stateMachineArn": machine, "name": "E" }));
    loop {
        let described = states(client, "DescribeExecution", json!({"executionArn": started["executionArn"]}));
        if described["status"] != "RUNNING" {
            return described;
        }
        std::thread::yield_now();
    }
}

pub(crate) fn task(resource: &str, parameters: &Value) -> Value {
    json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "End": true})
}

#[test]
fn the_tutorial_fails_without_its_policy_and_works_with_it_at_once() {
    let dir = DataDir::new("roles-tutorial");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    assert!(start(&mut client).json()["executionArn"].is_string());

    let attachment = [("RoleName", GATEWAY_ROLE), ("PolicyArn", FULL_ACCESS)];
    iam(&mut client, "DetachRolePolicy", &attachment);
    let expect = refused("states:StartExecution", GATEWAY_ROLE, "BackplaneAssumeRoleSession", HELLO_WORLD);
    let answer = start(&mut client);
    // The method's only integration response is the default, with status 200.
    assert_eq!(
        (answer.status, error_of(&answer).as_str()),
        (200, "AccessDeniedException"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.json()["message"], expect);
    // A deny is told apart.
    let deny =
        json!([allow("states:*", "*"), {"Effect": "Deny", "Action": "states:Start*", "Resource": "*"}]);
    put_policy(&mut client, GATEWAY_ROLE, &deny);
    let message = start(&mut client).json()["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("with an explicit deny in an identity-based policy"), "{message}");
    iam(&mut client, "DeleteRolePolicy", &[("RoleName", GATEWAY_ROLE), ("PolicyName", "p")]);

    drop(client);
    server.terminate();
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    assert_eq!(start(&mut client).json()["message"], expect, "after a restart");
    iam(&mut client, "AttachRolePolicy", &attachment);
    assert!(start(&mut client).json()["executionArn"].is_string());
}

#[test]
fn a_role_that_does_not_trust_api_gateway_is_no_use_to_it() {
    let dir = DataDir::new("roles-trust");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let apis = call(&mut client, "GET", "/restapis", &Value::Null);
    let api = apis["item"][0]["id"].as_str().unwrap().to_owned();
    let resources = call(&mut client, "GET", &format!("/restapis/{api}/resources"), &Value::Null);
    let resource =
        resources["item"].as_array().unwrap().iter().find(|it| it["path"] == "/execution").unwrap();
    let test = format!("/restapis/{api}/resources/{}/methods/POST", resource["id"].as_str().unwrap());
    let said = |client: &mut Client| {
        let answer = start(client);
        let tested = call(client, "POST", &test, &json!({"body": "{}"}));
        ((answer.status, answer.text()), tested["log"].as_str().unwrap().to_owned())
    };
    let role_arn = format!("arn:aws:iam::123456789012:role/{GATEWAY_ROLE}");
    let failed = format!(
        "Execution failed due to configuration error: API Gateway does not have permission to assume the provided role {role_arn}"
    );
    let other = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}}]});
    for (document, is_trusted) in [
        (trust(&["states.amazonaws.com"]), false),
        (trust(&["apigateway.us-east-1.amazonaws.com"]), true),
        (trust(&["apigateway.eu-west-1.amazonaws.com"]), false),
        (other.to_string(), false),
        (other.to_string().replace("210987654321", "123456789012"), true),
        (json!({"Version": "2012-10-17", "Statement": []}).to_string(), false),
        (trust(&["apigateway.amazonaws.com"]), true),
    ] {
        let parameters = [("RoleName", GATEWAY_ROLE), ("PolicyDocument", document.as_str())];
        iam(&mut client, "UpdateAssumeRolePolicy", &parameters);
        let ((status, body), log) = said(&mut client);
        match is_trusted {
            true => assert!(status == 200 && body.contains("executionArn"), "{document}: {status} {body}"),
            false => {
                assert_eq!(
                    (status, body.as_str()),
                    (500, "{\"message\":\"Internal server error\"}"),
                    "{document}"
                );
                assert!(log.contains(&failed), "{document}: {log}");
            }
        }
    }
    // A role that was deleted is not one that never was.
    iam(&mut client, "DetachRolePolicy", &[("RoleName", GATEWAY_ROLE), ("PolicyArn", FULL_ACCESS)]);
    iam(&mut client, "DeleteRole", &[("RoleName", GATEWAY_ROLE)]);
    assert_eq!(said(&mut client).0.0, 500);
}

#[test]
fn an_integration_may_do_what_its_role_may() {
    let dir = DataDir::new("roles-policies");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    iam(&mut client, "DetachRolePolicy", &[("RoleName", GATEWAY_ROLE), ("PolicyArn", FULL_ACCESS)]);
    let with = |condition: Value| {
        let mut statement = allow("states:StartExecution", HELLO_WORLD);
        statement["Condition"] = condition;
        statement
    };
    for (statement, is_allowed) in [
        (allow("states:StartExecution", HELLO_WORLD), true),
        (allow("states:StartExecution", &format!("{HELLO_WORLD}2")), false),
        (allow("states:StartExecution", "arn:aws:states:*:*:stateMachine:Hello*"), true),
        (allow("states:StartSyncExecution", "*"), false),
        (allow("states:*", "arn:aws:states:eu-west-1:*"), false),
        (allow("lambda:*", "*"), false),
        (json!({"Effect": "Allow", "NotAction": "states:Start*", "Resource": "*"}), false),
        (json!({"Effect": "Allow", "Action": "*", "NotResource": HELLO_WORLD}), false),
        (with(json!({"StringEquals": {"aws:RequestedRegion": "us-east-1"}})), true),
        (with(json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})), false),
        (with(json!({"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/APIGateway*"}})), true),
        (with(json!({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}})), false),
    ] {
        put_policy(&mut client, GATEWAY_ROLE, &json!([statement]));
        let answer = start(&mut client).json();
        assert_eq!(answer["executionArn"].is_string(), is_allowed, "{statement}: {answer}");
    }
}

#[test]
fn a_machine_s_tasks_may_do_what_its_role_may() {
    let dir = DataDir::new("roles-tasks");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let function = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let apis = call(&mut client, "GET", "/restapis", &Value::Null);
    let api = apis["item"][0]["id"].as_str().unwrap().to_owned();
    let machine = json!({ "StateMachineArn": HELLO_WORLD });
    let of_aws = |name: &str| format!("arn:aws:states:::{name}");
    let events =
        "arn:aws:events:us-east-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule";
    let child = HELLO_WORLD.replace(":stateMachine:", ":execution:") + ":*";
    for (n, (task, action, resource, statements, error)) in [
        (
            task(&of_aws("states:startExecution"), &machine),
            "states:StartExecution",
            HELLO_WORLD,
            json!([allow("states:StartExecution", &format!("{HELLO_WORLD}2"))]),
            Some("StepFunctions.AWSStepFunctionsException"),
        ),
        (
            task(&of_aws("states:startExecution"), &machine),
            "",
            "",
            json!([allow("states:StartExecution", HELLO_WORLD)]),
            None,
        ),
        (
            task(&of_aws("states:startExecution.sync:2"), &machine),
            "states:DescribeExecution",
            &child,
            json!([allow("states:StartExecution", "*"), allow("events:*", events)]),
            Some("StepFunctions.AWSStepFunctionsException"),
        ),
        (
            task(&of_aws("states:startExecution.sync:2"), &machine),
            "",
            "",
            json!([allow("states:StartExecution", "*"), allow("events:*", events),
                {"Effect": "Allow", "Action": ["states:DescribeExecution", "states:StopExecution"], "Resource": child}]),
            None,
        ),
        (
            task(function, &json!({})),
            "lambda:InvokeFunction",
            function,
            json!([allow("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:g")]),
            Some("Lambda.AWSLambdaException"),
        ),
        (
            task(&of_aws("lambda:invoke"), &json!({"FunctionName": function})),
            "lambda:InvokeFunction",
            function,
            json!([allow("states:*", "*")]),
            Some("Lambda.AWSLambdaException"),
        ),
        (
            task(&of_aws("aws-sdk:sfn:listActivities"), &json!({})),
            "states:ListActivities",
            "*",
            json!([allow("states:ListStateMachines", "*")]),
            Some("Sfn.SfnException"),
        ),
        (task(&of_aws("aws-sdk:sfn:listActivities"), &json!({})), "", "", json!([allow("states:List*", "*")]), None),
        (
            task(&of_aws("aws-sdk:iam:listRoles"), &json!({})),
            "iam:ListRoles",
            "*",
            json!([allow("states:*", "*")]),
            Some("Iam.IamException"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Tasks{n}");
        let arn = role(&mut client, &name, &["states.amazonaws.com"]);
        put_policy(&mut client, &name, &statements);
        let described = run_as(&mut client, &name, &arn, &task);
        match error {
            None => assert_eq!(described["status"], "SUCCEEDED", "{task} {statements}: {described}"),
            Some(error) => {
                assert_eq!(described["error"], error, "{task} {statements}: {described}");
                let cause = described["cause"].as_str().unwrap();
                assert!(cause.starts_with(&refused(action, &name, "E", resource)), "{cause}");
                let events = states(
                    &mut client,
                    "GetExecutionHistory",
                    json!({"executionArn": described["executionArn"], "reverseOrder": true}),
                );
                let types: Vec<&str> =
                    events["events"].as_array().unwrap().iter().filter_map(|e| e["type"].as_str()).take(2).collect();
                assert_eq!(types[0], "ExecutionFailed");
                assert!(types[1].ends_with("Failed"), "{types:?}");
            }
        }
    }

    // A method with AWS_IAM is called with the role's own permissions.
    let definition = crate::iam::definition();
    let pets = crate::iam::deploy(&mut client, &definition);
    let of_pets = |api: &str| {
        task(
            &of_aws("apigateway:invoke"),
            &json!({"ApiEndpoint": format!("{api}.execute-api.us-east-1.amazonaws.com"),
            "Method": "GET", "Stage": "v1", "Path": "pets/1", "AuthType": "IAM_ROLE"}),
        )
    };
    for (n, (resource, error)) in [
        (format!("arn:aws:execute-api:us-east-1:123456789012:{pets}/v1/GET/pets/*"), None),
        (format!("arn:aws:execute-api:us-east-1:123456789012:{pets}/v1/POST/pets/*"), Some("ApiGateway.403")),
        (format!("arn:aws:execute-api:us-east-1:123456789012:{pets}/v2/GET/pets/*"), Some("ApiGateway.403")),
        (format!("arn:aws:execute-api:us-east-1:123456789012:{api}/*"), Some("ApiGateway.403")),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Api{n}");
        let arn = role(&mut client, &name, &["states.amazonaws.com"]);
        put_policy(&mut client, &name, &json!([allow("execute-api:Invoke", &resource)]));
        let described = run_as(&mut client, &name, &arn, &of_pets(&pets));
        assert_eq!(described["error"].as_str(), error, "{resource}: {described}");
        if error.is_none() {
            let user = format!("arn:aws:sts::123456789012:assumed-role/{name}/E");
            assert!(described["output"].as_str().unwrap().contains(&user), "{described}");
        }
    }
}

#[test]
fn a_machine_needs_a_role_that_trusts_step_functions() {
    let dir = DataDir::new("roles-machines");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let not_trusted = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to \
                       assume the provided role.";
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let gateway = format!("arn:aws:iam::123456789012:role/{GATEWAY_ROLE}");
    let create = |client: &mut Client, name: &str, role: &str, definition: &str| {
        let input = json!({"name": name, "roleArn": role, "definition": definition});
        client.states("CreateStateMachine", &input).unwrap()
    };
    let answer = create(&mut client, "A", &gateway, &pass);
    assert_eq!((answer.status, error_of(&answer).as_str()), (400, "AccessDeniedException"));
    assert_eq!(answer.json()["message"], not_trusted);
    let own = role(&mut client, "Own", &["states.amazonaws.com"]);
    let machine = create(&mut client, "A", &own, &pass).json()["stateMachineArn"].clone();
    let update = json!({"stateMachineArn": machine, "roleArn": gateway});
    assert_eq!(client.states("UpdateStateMachine", &update).unwrap().json()["message"], not_trusted);
    // Who waits for executions needs a rule of EventBridge.
    put_policy(&mut client, "Own", &json!([allow("iam:ListRoles", "*")]));
    let waiting = json!({"StartAt": "T", "States": {"T": task("arn:aws:states:::states:startExecution.sync",
        &json!({"StateMachineArn": HELLO_WORLD}))}})
    .to_string();
    let answer = create(&mut client, "B", &own, &waiting);
    assert_eq!(answer.json()["message"], format!("'{own}' is not authorized to create managed-rule."));

    // The role is asked again for every task.
    put_policy(&mut client, "Own", &json!([allow("states:*", "*")]));
    let list = task("arn:aws:states:::aws-sdk:sfn:listActivities", &json!({}));
    let definition = json!({"StartAt": "T", "States": {"T": list}}).to_string();
    let machine = create(&mut client, "C", &own, &definition).json()["stateMachineArn"].clone();
    let parameters = [("RoleName", "Own"), ("PolicyDocument", &trust(&["lambda.amazonaws.com"]) as &str)];
    iam(&mut client, "UpdateAssumeRolePolicy", &parameters);
    let described = run(&mut client, &machine);
    assert_eq!(
        (&described["error"], &described["cause"]),
        (&json!("States.TaskFailed"), &json!(not_trusted))
    );

    // A task's own role has to let the machine's role in, which has to be allowed to go there.
    iam(
        &mut client,
        "UpdateAssumeRolePolicy",
        &[("RoleName", "Own"), ("PolicyDocument", &trust(&["states.amazonaws.com"]))],
    );
    let theirs = role(&mut client, "Theirs", &["states.amazonaws.com"]);
    put_policy(&mut client, "Theirs", &json!([allow("states:List*", "*")]));
    let of_own =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "123456789012"}}]})
        .to_string();
    for (n, (document, statements, is_allowed)) in [
        (trust(&["states.amazonaws.com"]), json!([allow("*", "*")]), false),
        (of_own.clone(), json!([allow("states:*", "*")]), false),
        (of_own.clone(), json!([allow("sts:AssumeRole", &theirs)]), true),
        (of_own.replace("\"123456789012\"", &format!("\"{own}\"")), json!([allow("lambda:*", "*")]), true),
    ]
    .into_iter()
    .enumerate()
    {
        let parameters = [("RoleName", "Theirs"), ("PolicyDocument", document.as_str())];
        iam(&mut client, "UpdateAssumeRolePolicy", &parameters);
        put_policy(&mut client, "Own", &statements);
        let mut task = task("arn:aws:states:::aws-sdk:sfn:listActivities", &json!({}));
        task["Credentials"] = json!({ "RoleArn": theirs });
        let described = run_as(&mut client, &format!("D{n}"), &own, &task);
        match is_allowed {
            true => assert_eq!(described["status"], "SUCCEEDED", "{document} {statements}: {described}"),
            false => {
                assert_eq!(described["error"], "States.TaskFailed", "{document} {statements}: {described}");
                let cause =
                    format!("The role {own} is not authorized to assume the task state's role, {theirs}.");
                assert_eq!(described["cause"], cause);
            }
        }
    }
}

pub(crate) fn with_settings(dir: &DataDir, settings: &str) -> Server {
    let path = dir.path().join("stepgate.toml");
    fs::write(&path, settings).unwrap();
    Server::start(dir, &["--config", path.to_str().unwrap()])
}

#[test]
fn servers_with_keys_of_their_own_are_strict() {
    let own = "[[credentials]]\naccess_key_id = \"AKIAOWN\"\nsecret_access_key = \"own-secret\"\n";
    let default = "[[credentials]]\naccess_key_id = \"test\"\nsecret_access_key = \"test\"\n";
    let lenient = "[iam]\nenforcement = \"enforced\"\n";
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let nobody = "arn:aws:iam::123456789012:role/nobody";
    let input = json!({"name": "A", "roleArn": nobody, "definition": pass}).to_string();
    for (name, settings, key, status) in [
        ("own", own.to_owned(), ("AKIAOWN", "own-secret"), 400),
        ("own-and-default", format!("{own}{default}"), ("AKIAOWN", "own-secret"), 200),
        ("own-and-lenient", format!("{own}{lenient}"), ("AKIAOWN", "own-secret"), 200),
        ("default", String::new(), ("test", "test"), 200),
    ] {
        let dir = DataDir::new(&format!("roles-{name}"));
        let server = with_settings(&dir, &settings);
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "AWSStepFunctions.CreateStateMachine"),
        ];
        let signed = sign_as(key, "states", ("POST", "/"), &server.address, &headers, &input);
        let answer = Client::new(&server.address).send_signed("POST", "/", &signed, &input).unwrap();
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert_eq!(status == 400, error_of(&answer) == "AccessDeniedException", "{name}: {}", answer.text());
    }
}

#[test]
fn strict_servers_use_only_roles_that_they_have() {
    let dir = DataDir::new("roles-strict");
    let server = with_settings(&dir, "[iam]\nenforcement = \"strict\"\n");
    let mut client = Client::new(&server.address);
    // The tutorial's roles are right.
    assert!(start(&mut client).json()["executionArn"].is_string());
    let nobody = "arn:aws:iam::123456789012:role/nobody";
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}).to_string();
    let input = json!({"name": "A", "roleArn": nobody, "definition": pass});
    let answer = client.states("CreateStateMachine", &input).unwrap();
    assert_eq!((answer.status, error_of(&answer).as_str()), (400, "AccessDeniedException"));
    let patch =
        json!({"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": nobody}]});
    let answer = client.apigateway("PATCH", "/account", &patch).unwrap();
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("The role ARN does not have required permissions configured."),
        "{}",
        answer.text()
    );
    let logs = role(&mut client, "Logs", &["apigateway.amazonaws.com"]);
    let patch = json!({"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": logs}]});
    assert_eq!(client.apigateway("PATCH", "/account", &patch).unwrap().status, 400);
    let push = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
    iam(&mut client, "AttachRolePolicy", &[("RoleName", "Logs"), ("PolicyArn", push)]);
    assert_eq!(client.apigateway("PATCH", "/account", &patch).unwrap().status, 200);

    let body = json!({"FunctionName": "f", "Runtime": "python3.12", "Handler": "a.b", "Role": nobody,
        "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="}})
    .to_string();
    let address = server.address.clone();
    let signed = sign(
        "lambda",
        "POST",
        "/2015-03-31/functions",
        &address,
        &[("content-type", "application/json")],
        &body,
    );
    let answer = client.send_signed("POST", "/2015-03-31/functions", &signed, &body).unwrap();
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("The role defined for the function cannot be assumed by Lambda."),
        "{}",
        answer.text()
    );
}

#[test]
fn servers_that_only_warn_tell_what_is_missing() {
    let dir = DataDir::new("roles-warn");
    let server = with_settings(&dir, "[iam]\nenforcement = \"warn\"\n");
    let mut client = Client::new(&server.address);
    iam(&mut client, "DetachRolePolicy", &[("RoleName", GATEWAY_ROLE), ("PolicyArn", FULL_ACCESS)]);
    iam(
        &mut client,
        "UpdateAssumeRolePolicy",
        &[("RoleName", GATEWAY_ROLE), ("PolicyDocument", &trust(&["a.amazonaws.com"]))],
    );
    for _ in 0..3 {
        assert!(start(&mut client).json()["executionArn"].is_string());
    }
    let endpoint = format!("http://{}", server.address);
    let printed = stepgate(&["iam", "missing", "--endpoint", &endpoint]);
    assert!(printed.status.success(), "{}", stderr(&printed));
    let printed: Value = serde_json::from_str(&stdout(&printed)).unwrap();
    let of_role = &printed[&format!("arn:aws:iam::123456789012:role/{GATEWAY_ROLE}")];
    let statement = json!([allow("states:StartExecution", HELLO_WORLD)]);
    let expect = json!([{"Effect": "Allow", "Action": "states:StartExecution", "Resource": [HELLO_WORLD]}]);
    assert_eq!(of_role["policy"]["Statement"], expect, "{printed} {statement}");
    assert_eq!(
        of_role["trust"]["Statement"][0]["Principal"],
        json!({"Service": ["apigateway.amazonaws.com"]})
    );
    drop(client);
    server.terminate();

    // What is printed is what is needed.
    let server = with_settings(&dir, "");
    let mut client = Client::new(&server.address);
    assert_eq!(start(&mut client).status, 500);
    let trust = of_role["trust"].to_string();
    iam(&mut client, "UpdateAssumeRolePolicy", &[("RoleName", GATEWAY_ROLE), ("PolicyDocument", &trust)]);
    assert_eq!(error_of(&start(&mut client)), "AccessDeniedException");
    let endpoint = format!("http://{}", server.address);
    let printed = stepgate(&["iam", "missing", "--role", GATEWAY_ROLE, "--endpoint", &endpoint]);
    let document = stdout(&printed);
    let parameters = [("RoleName", GATEWAY_ROLE), ("PolicyName", "p"), ("PolicyDocument", document.trim())];
    iam(&mut client, "PutRolePolicy", &parameters);
    assert!(start(&mut client).json()["executionArn"].is_string());
}

#[test]
fn a_role_is_asked_from_its_first_policy_on() {
    let dir = DataDir::new("roles-unfinished");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let arn = role(&mut client, "Unfinished", &["states.amazonaws.com"]);
    let lists = task("arn:aws:states:::aws-sdk:sfn:listActivities", &json!({}));
    assert_eq!(run_as(&mut client, "Before", &arn, &lists)["status"], "SUCCEEDED");
    put_policy(&mut client, "Unfinished", &json!([allow("iam:ListRoles", "*")]));
    assert_eq!(run_as(&mut client, "With", &arn, &lists)["error"], "Sfn.SfnException");
    // Whoever takes its policy away means to end what it allowed.
    iam(&mut client, "DeleteRolePolicy", &[("RoleName", "Unfinished"), ("PolicyName", "p")]);
    assert_eq!(run_as(&mut client, "After", &arn, &lists)["error"], "Sfn.SfnException");
    // It has to trust the service even so.
    let other = role(&mut client, "Distrusting", &["lambda.amazonaws.com"]);
    let definition = json!({"StartAt": "T", "States": {"T": lists}}).to_string();
    let answer = client
        .states("CreateStateMachine", &json!({"name": "M", "definition": definition, "roleArn": other}))
        .unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(error_of(&answer).contains("AccessDenied"), "{}", answer.text());

    let strict = DataDir::new("roles-unfinished-strict");
    let server = with_settings(&strict, "[iam]\nenforcement = \"strict\"\n");
    let mut client = Client::new(&server.address);
    let arn = role(&mut client, "Unfinished", &["states.amazonaws.com"]);
    assert_eq!(run_as(&mut client, "Before", &arn, &lists)["error"], "Sfn.SfnException");
}
