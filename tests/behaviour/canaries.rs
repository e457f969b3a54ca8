//! Secrets of every kind are planted, used and misused, and no log, error, metric, history or file shows one.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::authorizers::uri;
use crate::backend::{Backend, Received, Reply};
use crate::client::{Answer, Client, sign_as};
use crate::commands::stepgate;
use crate::functions_support::{done, input, invoke, zipped};
use crate::iam::deploy;
use crate::roles::{allow, put_policy, role, run_as, task, try_iam};
use crate::server::{DataDir, Server, is_on_server};
use crate::states;

/// Lets tokens with `ok` in, gives access tokens, and echoes nothing.
fn backend(request: &Received) -> Reply {
    let json = vec![("content-type", "application/json")];
    if request.target.starts_with("/token") {
        let given =
            "{\"access_token\":\"canary-access-token\",\"token_type\":\"bearer\",\"expires_in\":3600}";
        return (200, json, given.to_owned());
    }
    let event: Value = serde_json::from_str(&request.body).unwrap_or_default();
    match event["authorizationToken"].as_str() {
        Some(token) if token.ends_with("broken") => (500, json, "{}".to_owned()),
        Some(token) => {
            let effect = if token.ends_with("ok") { "Allow" } else { "Deny" };
            let body = json!({"principalId": "p", "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}]}});
            (200, json, body.to_string())
        }
        None => (200, json, "{\"ok\":true}".to_owned()),
    }
}

fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {xml}"));
    rest.split_once("</").unwrap().0.to_owned()
}

/// The secrets that were planted, and what was answered to whoever did something wrong.
#[derive(Default)]
struct Planted {
    secrets: Vec<(&'static str, String)>,
    answers: Vec<String>,
}

impl Planted {
    fn secret(&mut self, kind: &'static str, secret: impl Into<String>) -> String {
        let secret = secret.into();
        self.secrets.push((kind, secret.clone()));
        secret
    }

    /// Keeps an error, or anything else in which no secret may be.
    fn answered(&mut self, answer: &Answer) {
        let headers: Vec<String> =
            answer.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        self.answers.push(format!("{}\n{}", headers.join("\n"), answer.text()));
    }
}

/// All text of the files below a directory.
fn texts(directory: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(texts(&path));
        } else if let Ok(bytes) = fs::read(&path) {
            all.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    all
}

#[test]
fn no_sink_shows_a_secret() {
    let backend = Backend::start(backend);
    let dir = DataDir::new("canaries");
    let mut planted = Planted::default();
    let connection = |name: &str, authorization: String| {
        format!("[connections.{name}]\nauthorization = {authorization}\nallow_http = true\n")
    };
    let own_secret = planted.secret("settings' key", "canary-settings-secret-key");
    let settings = format!(
        "[[credentials]]\naccess_key_id = \"test\"\nsecret_access_key = \"test\"\n[[credentials]]\naccess_key_id = \"AKIAOWN\"\n\
         secret_access_key = \"{own_secret}\"\n[services.lambda]\nendpoint = \"{url}\"\naccess_key_id = \"AKIAOUT\"\n\
         secret_access_key = \"{outside}\"\nsession_token = \"{outside_token}\"\n[audit_log]\nto = \"file\"\n{key}{basic}{oauth}",
        url = backend.url,
        outside = planted.secret("key of a service elsewhere", "canary-outside-secret"),
        outside_token = planted.secret("session token of a service elsewhere", "canary-outside-token"),
        key = connection(
            "key",
            format!(
                "{{ type = \"API_KEY\", name = \"X-Key\", value = \"{}\" }}",
                planted.secret("connection's API key", "canary-connection-key")
            )
        ),
        basic = connection(
            "basic",
            format!(
                "{{ type = \"BASIC\", username = \"u\", password = \"{}\" }}",
                planted.secret("connection's password", "canary-connection-password")
            )
        ),
        oauth = connection(
            "oauth",
            format!(
                "{{ type = \"OAUTH_CLIENT_CREDENTIALS\", authorization_endpoint = \"{}/token\", client_id = \"me\", \
                 client_secret = \"{}\" }}",
                backend.url,
                planted.secret("connection's client secret", "canary-client-secret")
            )
        ),
    );
    planted.secret("connection's access token", "canary-access-token");
    planted.secret("connection's password as it is sent", STANDARD.encode("u:canary-connection-password"));
    let config = dir.path().join("stepgate.toml");
    fs::write(&config, settings).unwrap();
    let log = dir.path().join("log");
    let server = Server::start_logging_with(
        &dir,
        &log,
        &["--config", config.to_str().unwrap(), "--tls-listen", "127.0.0.1:0"],
    );
    let mut client = Client::new(&server.address);
    let host = server.address.clone();

    // Access keys: of the settings, of a user, of a session; used, and used wrongly.
    iam_key(&mut client, &mut planted);
    let list = [("x-amz-target", "AWSStepFunctions.ListActivities")];
    for secret in [own_secret.as_str(), "wrong"] {
        let signed = sign_as(("AKIAOWN", secret), "states", ("POST", "/"), &host, &list, "{}");
        planted.answered(&client.send_signed("POST", "/", &signed, "{}").unwrap());
    }
    session(&mut client, &host, &mut planted);

    // API keys and authorizers' tokens.
    let key = planted.secret("API key", "canary-api-key-of-twenty-characters");
    let made = json!({"name": "k", "value": key, "enabled": true});
    let made = client.apigateway("POST", "/apikeys", &made).unwrap();
    let shown = format!("/apikeys/{}", made.json()["id"].as_str().unwrap());
    planted.answered(&client.apigateway("GET", &shown, &Value::Null).unwrap());
    planted.answered(&client.apigateway("GET", "/apikeys", &Value::Null).unwrap());
    let method = |more: Value| {
        let mut method = json!({
            "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {"type": "mock",
                "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200"}}},
        });
        method.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "get": method })
    };
    let definition = json!({
        "swagger": "2.0", "info": {"title": "canaries"},
        "paths": {"/key": method(json!({"security": [{"api_key": []}]})), "/who": method(json!({"security": [{"who": []}]}))},
        "securityDefinitions": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "who": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "custom",
                "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": uri()}},
        },
    });
    let api = deploy(&mut client, &definition);
    let stage = format!("/restapis/{api}/stages/v1");
    let logging = json!({"patchOperations": [{"op": "replace", "path": "/accessLogSettings/format",
        "value": "$context.requestId $context.identity.sourceIp $context.identity.user $context.authorizer.principalId $context.error.message $context.status"},
        {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": "arn:aws:logs:us-east-1:123456789012:log-group:canaries"}]});
    assert_eq!(client.apigateway("PATCH", &stage, &logging).unwrap().status, 200);
    let api_host = format!("{api}.execute-api.us-east-1.amazonaws.com");
    let mut call = |path: &str, header: (&str, &str), planted: &mut Planted| {
        let headers = [("host", api_host.as_str()), header];
        planted.answered(&client.send("GET", path, &headers, b"").unwrap());
    };
    call("/v1/key", ("x-api-key", &key), &mut planted);
    call("/v1/none", ("x-api-key", &key), &mut planted);
    for end in ["ok", "no", "broken"] {
        let token = planted.secret("authorizer's token", format!("canary-authorizer-token-{end}"));
        call("/v1/who", ("authorization", &format!("Bearer {token}")), &mut planted);
        call("/v1/who", ("authorization", &token), &mut planted);
    }
    let resources =
        client.apigateway("GET", &format!("/restapis/{api}/resources"), &Value::Null).unwrap().json();
    let who = resources["item"].as_array().unwrap().iter().find(|it| it["path"] == "/who").unwrap();
    let test = format!("/restapis/{api}/resources/{}/methods/GET", who["id"].as_str().unwrap());
    let headers = json!({"headers": {"Authorization": "canary-authorizer-token-ok", "x-api-key": key}});
    planted.answered(&client.apigateway("POST", &test, &headers).unwrap());

    people(&mut client, &host, &mut planted);

    // Environment values of functions, which run and fail.
    let value = planted.secret("function's environment", "canary-environment-value");
    let code = "def handler(event, context):\n    raise ValueError('no') if event.get('fail') else None\n";
    let package = json!({"ZipFile": STANDARD.encode(zipped(&[("app.py", code.as_bytes())]))});
    let mut function = input("f", "python3.12", "app.handler", package);
    function["Environment"] = json!({"Variables": {"SECRET": value}});
    done(&mut client, "POST", "/2015-03-31/functions", &function);
    for event in [json!({}), json!({"fail": 1})] {
        planted.answered(&invoke(&mut client, "f", &[("x-amz-log-type", "Tail")], &event));
    }

    // What tasks authorize with, in histories and tests of states.
    let arn = role(&mut client, "Canary", &["states.amazonaws.com"]);
    put_policy(&mut client, "Canary", &json!([allow("*", "*")]));
    for name in ["key", "basic", "oauth"] {
        let connection = format!("arn:aws:events:us-east-1:123456789012:connection/{name}/1");
        let parameters = json!({"ApiEndpoint": format!("{}/orders", backend.url), "Method": "POST",
            "Authentication": {"ConnectionArn": connection}});
        let calls = task("arn:aws:states:::http:invoke", &parameters);
        let described = run_as(&mut client, &format!("Calls-{name}"), &arn, &calls);
        assert_eq!(described["status"], "SUCCEEDED", "{described}");
        let history = json!({"executionArn": described["executionArn"]});
        planted.answers.push(states(&mut client, "GetExecutionHistory", history).to_string());
        let tested = json!({"definition": calls.to_string(), "roleArn": arn, "inspectionLevel": "TRACE"});
        planted.answers.push(states(&mut client, "TestState", tested).to_string());
    }

    // Private keys of certificates.
    let made = client.apigateway("POST", "/clientcertificates", &json!({})).unwrap();
    planted.answered(&made);
    let pem = fs::read_to_string(dir.path().join("data/tls/development.key")).unwrap();
    let line = pem.lines().find(|line| !line.starts_with('-')).unwrap();
    planted.secret("TLS key", line);
    let store_key = fs::read_to_string(dir.path().join("data/secrets.key")).unwrap();
    planted.secret("master key", store_key.trim());

    planted.answered(&client.send("GET", "/_stepgate/metrics", &[], b"").unwrap());
    planted.answered(&client.send("GET", "/_stepgate/health", &[], b"").unwrap());
    let missing = stepgate(&["iam", "missing", "--endpoint", &format!("http://{host}")]);
    planted.answers.push(String::from_utf8_lossy(&missing.stdout).into_owned());
    drop(client);
    assert!(server.terminate().success());

    // Every sink: answers, the log at its most talkative, and all files but those that hold the secret themselves.
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("TRACE") && said.contains("/v1/who"), "the log says everything");
    let files = texts(&dir.path().join("data"));
    let is_sink = |name: &str| !name.ends_with("development.key") && !name.ends_with("secrets.key");
    for part in ["audit.jsonl", "access-logs", "stepgate.db"] {
        if part == "stepgate.db" && is_on_server() {
            continue;
        }
        assert!(files.iter().any(|(name, _)| name.contains(part)), "there is {part}");
    }
    assert!(20 <= planted.secrets.len(), "{}", planted.secrets.len());
    for (kind, secret) in &planted.secrets {
        assert!(8 <= secret.len(), "{kind}");
        if let Some(line) = said.lines().find(|line| line.contains(secret.as_str())) {
            panic!("the log shows the {kind}: {line}");
        }
        if let Some(answer) = planted.answers.iter().find(|answer| answer.contains(secret.as_str())) {
            panic!("an answer shows the {kind}: {answer}");
        }
        for (name, text) in files.iter().filter(|(name, _)| is_sink(name)) {
            assert!(!text.contains(secret.as_str()), "{name} shows the {kind}");
        }
    }
}

/// A user's access key: made, used, and deleted.
fn iam_key(client: &mut Client, planted: &mut Planted) {
    assert_eq!(try_iam(client, "CreateUser", &[("UserName", "u")]).status, 200);
    let made = try_iam(client, "CreateAccessKey", &[("UserName", "u")]).text();
    let (id, secret) = (element(&made, "AccessKeyId"), element(&made, "SecretAccessKey"));
    planted.secret("user's access key", secret.as_str());
    let host = client.address().to_owned();
    let list = [("x-amz-target", "AWSStepFunctions.ListActivities")];
    let signed = sign_as((&id, &secret), "states", ("POST", "/"), &host, &list, "{}");
    planted.answered(&client.send_signed("POST", "/", &signed, "{}").unwrap());
    planted.answered(&try_iam(client, "ListAccessKeys", &[("UserName", "u")]));
}

/// A session's key and token, in requests that are good and bad.
fn session(client: &mut Client, host: &str, planted: &mut Planted) {
    let body = "Action=GetSessionToken&Version=2011-06-15";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let signed = sign_as(("test", "test"), "sts", ("POST", "/"), host, &form, body);
    let made = client.send_signed("POST", "/", &signed, body).unwrap().text();
    let id = element(&made, "AccessKeyId");
    let secret = planted.secret("session's key", element(&made, "SecretAccessKey"));
    let token = planted.secret("session token", element(&made, "SessionToken"));
    for (secret, body) in [(secret.as_str(), "{}"), ("wrong", "{}"), (secret.as_str(), "{")] {
        let headers =
            [("x-amz-security-token", token.as_str()), ("x-amz-target", "AWSStepFunctions.ListActivities")];
        let signed = sign_as((&id, secret), "states", ("POST", "/"), host, &headers, body);
        planted.answered(&client.send_signed("POST", "/", &signed, body).unwrap());
    }
}

/// A user pool's people, its app's secret, and their tokens.
fn people(client: &mut Client, host: &str, planted: &mut Planted) {
    let mut call = |operation: &str, input: Value| {
        let (target, body) = (format!("AWSCognitoIdentityProviderService.{operation}"), input.to_string());
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let signed = sign_as(("test", "test"), "cognito-idp", ("POST", "/"), host, &headers, &body);
        client.send_signed("POST", "/", &signed, &body).unwrap()
    };
    let pool = call("CreateUserPool", json!({"PoolName": "people"})).json()["UserPool"]["Id"].clone();
    let app = |secret: bool| {
        json!({"UserPoolId": pool, "ClientName": "app", "GenerateSecret": secret,
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]})
    };
    let with_secret = call("CreateUserPoolClient", app(true)).json();
    let plain = call("CreateUserPoolClient", app(false)).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    planted.secret("app client's secret", text(&with_secret["UserPoolClient"]["ClientSecret"]));
    planted.answered(&call("ListUserPoolClients", json!({"UserPoolId": pool, "MaxResults": 10})));
    let password = planted.secret("password", "Canary-password-1");
    let user = json!({"UserPoolId": pool, "Username": "ann", "MessageAction": "SUPPRESS"});
    planted.answered(&call("AdminCreateUser", user));
    let set = json!({"UserPoolId": pool, "Username": "ann", "Password": password, "Permanent": true});
    planted.answered(&call("AdminSetUserPassword", set));
    let short = planted.secret("password that is refused", "canaryshort");
    planted.answered(&call(
        "AdminSetUserPassword",
        json!({"UserPoolId": pool, "Username": "ann", "Password": short, "Permanent": true}),
    ));
    let sign_in = |password: &str, client: &Value| {
        json!({"ClientId": client["UserPoolClient"]["ClientId"], "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "ann", "PASSWORD": password}})
    };
    planted.answered(&call("InitiateAuth", sign_in(&format!("{password}x"), &plain)));
    planted.answered(&call("InitiateAuth", sign_in(&password, &with_secret)));
    let tokens = call("InitiateAuth", sign_in(&password, &plain)).json();
    let tokens = &tokens["AuthenticationResult"];
    for (kind, name) in
        [("ID token", "IdToken"), ("access token", "AccessToken"), ("refresh token", "RefreshToken")]
    {
        let token = text(&tokens[name]);
        // The signature is what makes it worth something.
        planted.secret(kind, token.rsplit('.').next().unwrap_or(&token).to_owned());
    }
    planted.answered(&call("GetUser", json!({"AccessToken": tokens["AccessToken"]})));
    planted.answered(&call("GetUser", json!({"AccessToken": format!("{}x", text(&tokens["AccessToken"]))})));
    planted.answered(&call(
        "RevokeToken",
        json!({"Token": "nonsense", "ClientId": plain["UserPoolClient"]["ClientId"]}),
    ));
}
