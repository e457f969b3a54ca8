//! User pools and identity pools: who signed in is known after a crash, methods are opened by pools' tokens, and one command
//! lets browsers in.

use serde_json::{Value, json};

use crate::client::{Answer, Client, sign};
use crate::commands::{stderr, stepgate};
use crate::iam::deploy;
use crate::roles::iam;
use crate::server::{DataDir, Server};

const USER_POOLS: &str = "AWSCognitoIdentityProviderService";
const IDENTITY_POOLS: &str = "AWSCognitoIdentityService";
const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

/// Calls an operation that takes no signature.
fn anyone(client: &mut Client, service: &str, operation: &str, input: &Value) -> Answer {
    let target = format!("{service}.{operation}");
    let host = client.address().to_owned();
    let headers = [JSON, ("host", &*host), ("x-amz-target", &target)];
    client.send("POST", "/", &headers, input.to_string().as_bytes()).unwrap()
}

/// Calls an operation that the account has to sign.
fn owner(client: &mut Client, service: &str, operation: &str, input: &Value) -> Value {
    let name = if service == USER_POOLS { "cognito-idp" } else { "cognito-identity" };
    let (target, body) = (format!("{service}.{operation}"), input.to_string());
    let host = client.address().to_owned();
    let signed = sign(name, "POST", "/", &host, &[JSON, ("x-amz-target", &target)], &body);
    said(&client.send_signed("POST", "/", &signed, &body).unwrap())
}

/// What a call was answered that went well.
fn said(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}: {value}"))
}

/// A pool with a client and a user `ada`: the pool's id and the client's.
fn pool(client: &mut Client) -> (String, String) {
    let pool = owner(client, USER_POOLS, "CreateUserPool", &json!({"PoolName": "people"}));
    let pool = text(&pool, "/UserPool/Id").to_owned();
    let input = json!({"UserPoolId": pool, "ClientName": "page",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]});
    let page = owner(client, USER_POOLS, "CreateUserPoolClient", &input);
    let ada = json!({"UserPoolId": pool, "Username": "ada", "MessageAction": "SUPPRESS"});
    owner(client, USER_POOLS, "AdminCreateUser", &ada);
    let password =
        json!({"UserPoolId": pool, "Username": "ada", "Password": "Correct-horse-1", "Permanent": true});
    owner(client, USER_POOLS, "AdminSetUserPassword", &password);
    (pool, text(&page, "/UserPoolClient/ClientId").to_owned())
}

fn sign_in(client: &mut Client, page: &str) -> Value {
    let input = json!({"ClientId": page, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "ada", "PASSWORD": "Correct-horse-1"}});
    said(&anyone(client, USER_POOLS, "InitiateAuth", &input))
}

#[test]
fn who_signed_in_is_known_after_a_crash() {
    let dir = DataDir::new("cognito-restart");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let (pool, page) = pool(&mut client);
    let tokens = sign_in(&mut client, &page);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity"}]})
    .to_string();
    iam(&mut client, "CreateRole", &[("RoleName", "Person"), ("AssumeRolePolicyDocument", &trust)]);
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{pool}");
    let input = json!({"IdentityPoolName": "people", "AllowUnauthenticatedIdentities": false,
        "CognitoIdentityProviders": [{"ProviderName": provider, "ClientId": page}]});
    let identities = owner(&mut client, IDENTITY_POOLS, "CreateIdentityPool", &input);
    let identities = text(&identities, "/IdentityPoolId").to_owned();
    let roles = json!({"IdentityPoolId": identities,
        "Roles": {"authenticated": "arn:aws:iam::123456789012:role/Person"}});
    owner(&mut client, IDENTITY_POOLS, "SetIdentityPoolRoles", &roles);
    let logins = json!({provider: text(&tokens, "/AuthenticationResult/IdToken")});
    let get_id = json!({"IdentityPoolId": identities, "Logins": logins});
    let id = said(&anyone(&mut client, IDENTITY_POOLS, "GetId", &get_id));
    let keys = client.send("GET", &format!("/{pool}/.well-known/jwks.json"), &[], b"").unwrap();
    assert_eq!(said(&keys)["keys"].as_array().unwrap().len(), 2);
    server.kill();

    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let again = client.send("GET", &format!("/{pool}/.well-known/jwks.json"), &[], b"").unwrap();
    assert_eq!(again.json(), keys.json());
    let access = json!({"AccessToken": text(&tokens, "/AuthenticationResult/AccessToken")});
    let user = said(&anyone(&mut client, USER_POOLS, "GetUser", &access));
    assert_eq!(user["Username"], "ada");
    assert_eq!(said(&anyone(&mut client, IDENTITY_POOLS, "GetId", &get_id)), id);
    let for_id = json!({"IdentityId": id["IdentityId"], "Logins": logins});
    let given = said(&anyone(&mut client, IDENTITY_POOLS, "GetCredentialsForIdentity", &for_id));
    assert!(text(&given, "/Credentials/AccessKeyId").starts_with("ASIA"), "{given}");
    let refresh = json!({"ClientId": page, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": {"REFRESH_TOKEN": text(&tokens, "/AuthenticationResult/RefreshToken")}});
    said(&anyone(&mut client, USER_POOLS, "InitiateAuth", &refresh));
    // Signed out stays signed out.
    said(&anyone(&mut client, USER_POOLS, "GlobalSignOut", &access));
    drop(server);
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    for (operation, input) in [("GetUser", &access), ("InitiateAuth", &refresh)] {
        let answer = anyone(&mut client, USER_POOLS, operation, input);
        assert_eq!((answer.status, text(&answer.json(), "/__type")), (400, "NotAuthorizedException"));
    }
    sign_in(&mut client, &page);
}

fn method(authorizer: Option<&str>) -> Value {
    let mut method = json!({
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
            "responses": {"default": {"statusCode": "200", "responseTemplates": {
                "application/json": "\"$context.authorizer.claims.sub\""}}},
        },
    });
    if let Some(name) = authorizer {
        method["security"] = json!([{ name: [] }]);
    }
    method
}

#[test]
fn tokens_of_own_pools_open_methods() {
    let dir = DataDir::new("cognito-authorizers");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let (pool, page) = pool(&mut client);
    let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}");
    let api = deploy(
        &mut client,
        &json!({
            "openapi": "3.0.1", "info": {"title": "guarded"},
            "components": {"securitySchemes": {"people": {
                "type": "apiKey", "name": "Authorization", "in": "header",
                "x-amazon-apigateway-authtype": "cognito_user_pools",
                "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [arn]},
            }}},
            "paths": {"/me": {"get": method(Some("people"))}},
        }),
    );
    let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let tokens = sign_in(&mut client, &page);
    let id_token = text(&tokens, "/AuthenticationResult/IdToken").to_owned();
    let user =
        owner(&mut client, USER_POOLS, "AdminGetUser", &json!({"UserPoolId": pool, "Username": "ada"}));
    let sub = user["UserAttributes"].as_array().unwrap().iter().find(|it| it["Name"] == "sub").unwrap();
    let mut get = |authorization: &str| {
        let headers = [("host", &*host), ("authorization", authorization)];
        client.send("GET", "/v1/me", &headers, b"").unwrap()
    };
    assert_eq!(get(&id_token).json(), sub["Value"]);
    assert_eq!(get(&format!("Bearer {id_token}")).status, 200);
    let (unsigned, _) = id_token.rsplit_once('.').unwrap();
    for bad in ["x", unsigned, &format!("{unsigned}."), &format!("{unsigned}.AAAA")] {
        assert_eq!(get(bad).status, 401, "{bad}");
    }
    owner(&mut client, USER_POOLS, "DeleteUserPool", &json!({"UserPoolId": pool}));
    let headers = [("host", &*host), ("authorization", &*id_token)];
    assert_ne!(client.send("GET", "/v1/me", &headers, b"").unwrap().status, 200);
}

#[test]
fn one_command_lets_pages_of_other_origins_in() {
    let dir = DataDir::new("cors-enable");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let definition = json!({"openapi": "3.0.1", "info": {"title": "pages"}, "paths": {
        "/a": {"get": method(None), "put": method(None)}, "/a/b": {"get": method(None)},
    }});
    let api = deploy(&mut client, &definition);
    let host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let endpoint = format!("http://{}", server.address);
    let enable = |more: &[&str]| {
        let output = stepgate(&[&["cors", "enable", "--api", &api, "--endpoint", &endpoint], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    };
    let allowed = |client: &mut Client, method: &str, path: &str| {
        let headers =
            [("host", &*host), ("origin", "https://page.example"), ("access-control-request-method", "PUT")];
        let answer = client.send(method, path, &headers, b"").unwrap();
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        (answer.status, header("access-control-allow-origin"), header("access-control-allow-methods"))
    };
    // Twice, to change what is there.
    for (more, origin) in [
        (["--stage", "v1"].as_slice(), "*"),
        (
            &["--stage", "v1", "--origin", "https://page.example", "--header", "X-Mine"],
            "https://page.example",
        ),
    ] {
        enable(more);
        let (status, seen, methods) = allowed(&mut client, "OPTIONS", "/v1/a");
        assert_eq!((status, &*seen), (200, origin));
        assert!(["GET", "PUT", "OPTIONS"].iter().all(|method| methods.contains(method)), "{methods}");
        for (path, expect) in [("/v1/a", 200), ("/v1/a/b", 200), ("/v1/none", 403)] {
            let (status, seen, _) = allowed(&mut client, "GET", path);
            assert_eq!((status, &*seen), (expect, origin), "{path}");
        }
    }
    let unknown = stepgate(&["cors", "enable", "--api", "nope", "--endpoint", &endpoint]);
    assert!(!unknown.status.success());
}

#[test]
fn templates_make_pools() {
    let dir = DataDir::new("cognito-stacks");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let mut client = Client::new(&server.address);
    let file = dir.path().join("pools.json");
    let apply = |template: &Value| -> Value {
        std::fs::write(&file, template.to_string()).unwrap();
        let output = stepgate(&["apply", file.to_str().unwrap(), "--endpoint", &endpoint, "--json"]);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let template = |precedence: u32, mail: &str| {
        let pool = json!({"Ref": "Pool"});
        json!({"Resources": {
            "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {
                "UserPoolName": "stacked", "AutoVerifiedAttributes": ["email"],
                "Policies": {"PasswordPolicy": {"MinimumLength": 10}}}},
            "Page": {"Type": "AWS::Cognito::UserPoolClient", "Properties": {
                "UserPoolId": pool, "ClientName": "page", "PreventUserExistenceErrors": "ENABLED",
                "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}},
            "Group": {"Type": "AWS::Cognito::UserPoolGroup", "Properties": {
                "UserPoolId": pool, "GroupName": "staff", "Precedence": precedence}},
            "User": {"Type": "AWS::Cognito::UserPoolUser", "Properties": {
                "UserPoolId": pool, "Username": "bob", "MessageAction": "SUPPRESS",
                "UserAttributes": [{"Name": "email", "Value": mail}]}},
            "Member": {"Type": "AWS::Cognito::UserPoolUserToGroupAttachment", "DependsOn": ["User", "Group"],
                "Properties": {"UserPoolId": pool, "GroupName": "staff", "Username": "bob"}},
            "Identities": {"Type": "AWS::Cognito::IdentityPool", "Properties": {
                "IdentityPoolName": "stacked", "AllowUnauthenticatedIdentities": true,
                "CognitoIdentityProviders": [{"ClientId": {"Ref": "Page"},
                    "ProviderName": {"Fn::GetAtt": ["Pool", "ProviderName"]}}]}},
            "Roles": {"Type": "AWS::Cognito::IdentityPoolRoleAttachment", "Properties": {
                "IdentityPoolId": {"Ref": "Identities"},
                "Roles": {"authenticated": "arn:aws:iam::123456789012:role/A"}}},
        }, "Outputs": {"Pool": {"Value": pool}, "Page": {"Value": {"Ref": "Page"}},
            "Identities": {"Value": {"Ref": "Identities"}}}})
    };
    let made = apply(&template(5, "bob@example.com"));
    let output = |name: &str| made["outputs"][name].as_str().unwrap().to_owned();
    let (pool, identities) = (output("Pool"), output("Identities"));
    let again = apply(&template(5, "bob@example.com"));
    assert!(again["changes"].as_array().unwrap().iter().all(|it| it["action"] == "unchanged"), "{again}");
    apply(&template(7, "bob@example.com"));
    let group = json!({"UserPoolId": pool, "GroupName": "staff"});
    assert_eq!(owner(&mut client, USER_POOLS, "GetGroup", &group)["Group"]["Precedence"], 7);
    let members = owner(&mut client, USER_POOLS, "ListUsersInGroup", &group);
    assert_eq!(members["Users"][0]["Username"], "bob", "{members}");
    let input = json!({ "IdentityPoolId": identities });
    let roles = owner(&mut client, IDENTITY_POOLS, "GetIdentityPoolRoles", &input);
    assert_eq!(roles["Roles"]["authenticated"], "arn:aws:iam::123456789012:role/A");

    let mut less = template(7, "bob@example.com");
    less["Resources"].as_object_mut().unwrap().retain(|id, _| id == "Pool");
    less.as_object_mut().unwrap().remove("Outputs");
    apply(&less);
    let left = owner(&mut client, USER_POOLS, "ListUsers", &json!({"UserPoolId": pool}));
    assert_eq!(left["Users"], json!([]));
    let pools = owner(&mut client, IDENTITY_POOLS, "ListIdentityPools", &json!({"MaxResults": 10}));
    assert_eq!(pools["IdentityPools"], json!([]));
}

/// Nobody signs for credentials, but the log says which statement of the role's trust policy handed them out.
#[test]
fn the_audit_log_names_who_let_a_guest_in() {
    let dir = DataDir::new("cognito-audit");
    let config = dir.path().join("stepgate.toml");
    std::fs::write(&config, "[audit_log]\nto = \"file\"\n[deploy]\ntutorial = false\n").unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Guests", "Effect": "Allow",
        "Principal": {"Federated": "cognito-identity.amazonaws.com"},
        "Action": "sts:AssumeRoleWithWebIdentity"}]})
    .to_string();
    iam(&mut client, "CreateRole", &[("RoleName", "Guest"), ("AssumeRolePolicyDocument", &trust)]);
    let role = "arn:aws:iam::123456789012:role/Guest";
    let input = json!({"IdentityPoolName": "guests", "AllowUnauthenticatedIdentities": true});
    let pool = owner(&mut client, IDENTITY_POOLS, "CreateIdentityPool", &input);
    let pool = text(&pool, "/IdentityPoolId");
    let roles = json!({"IdentityPoolId": pool, "Roles": {"unauthenticated": role}});
    let set = "SetIdentityPoolRoles";
    owner(&mut client, IDENTITY_POOLS, set, &roles);
    let id = said(&anyone(&mut client, IDENTITY_POOLS, "GetId", &json!({ "IdentityPoolId": pool })));
    let handed = anyone(&mut client, IDENTITY_POOLS, "GetCredentialsForIdentity", &id);
    assert_eq!(handed.status, 200, "{}", handed.text());
    assert!(server.terminate().success());
    let log = std::fs::read_to_string(dir.path().join("data/audit.jsonl")).unwrap();
    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.find(|line| line["eventName"] == "GetCredentialsForIdentity").unwrap();
    assert_eq!(
        line["additionalEventData"]["authorization"],
        json!([{"action": "sts:AssumeRoleWithWebIdentity", "resource": role, "decision": "allowed",
            "policy": format!("trust policy of {role}"), "statement": "Guests"}])
    );
}
