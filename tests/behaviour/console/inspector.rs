//! The inspector: what it knows of a request, for people and for programs, and its samples.

use serde_json::{Value, json};

use super::browser::{Browser, read};
use crate::authorizers::call;
use crate::client::Client;
use crate::commands::{stderr, stdout, stepgate};
use crate::server::{DataDir, Server};

fn mock(more: &Value) -> Value {
    let mut method = json!({"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": {
        "type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json":
            "#set($context.responseOverride.header.X-Made = 'here')#set($context.responseOverride.status = 201){\"a\": 1}"}}}}});
    method.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    method
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// An API whose policy has two statements, with a plan and a key's value.
fn api(client: &mut Client) -> (String, String, String) {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"},
        {"Sid": "NoToys", "Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*/GET/pets/*/toys"}]});
    let keyed = json!({"security": [{"key": []}]});
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "Pets"}, "x-amazon-apigateway-policy": policy,
        "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
        "paths": {"/pets/mine": {"post": mock(&json!({}))}, "/pets/{id}": {"get": mock(&keyed)},
            "/pets/{id}/toys": {"get": mock(&json!({}))}},
    });
    let api = id(&call(client, "POST", "/restapis?mode=import", &document));
    call(client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "dev"}));
    let plan = json!({"name": "Small", "throttle": {"rateLimit": 0.001, "burstLimit": 5},
        "quota": {"limit": 10, "period": "MONTH"}, "apiStages": [{"apiId": api, "stage": "dev"}]});
    let plan = id(&call(client, "POST", "/usageplans", &plan));
    let key = call(client, "POST", "/apikeys", &json!({"name": "Key", "enabled": true}));
    let named = json!({"keyId": id(&key), "keyType": "API_KEY"});
    call(client, "POST", &format!("/usageplans/{plan}/keys"), &named);
    (api, plan, key["value"].as_str().unwrap().to_owned())
}

fn inspect(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let endpoint = format!("http://{}", server.address);
    let output = stepgate(&[&["inspect"], arguments, &["--endpoint", &endpoint]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let printed = stdout(&output);
    match arguments.first() {
        Some(&"requests") => printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        _ => vec![serde_json::from_str(&printed).unwrap()],
    }
}

#[test]
fn a_request_tells_what_was_tried_which_statement_decided_and_what_is_left() {
    let dir = DataDir::new("inspector");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let (api, plan, value) = api(&mut client);
    assert_eq!(inspect(&server, &["record", "--bodies"])[0], json!({"isRecording": true, "hasBodies": true}));
    let mut ask = |path: &str| {
        let path = format!("/restapis/{api}/dev/_user_request_{path}");
        client.send("GET", &path, &[("x-api-key", &value)], b"").unwrap().status
    };
    assert_eq!([ask("/pets/mine"), ask("/pets/7/toys"), ask("/pets/7/hats")], [201, 403, 403]);

    let told = inspect(&server, &["requests", "--json"]);
    let [mine, toys, hats] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        mine["tried"],
        json!([{"resource": "/pets/mine", "whyNot": "it has no GET, but POST"}, {"resource": "/pets/{id}", "whyNot": null}])
    );
    let by = |statement: &str, decision: &str| json!([{"policy": "the API's resource policy", "decision": decision, "statement": statement}]);
    assert_eq!((&mine["decided"], &toys["decided"]), (&by("Open", "allow"), &by("NoToys", "explicit deny")));
    assert_eq!(hats["tried"][0], json!({"resource": "/pets/{id}", "whyNot": "nothing below it is hats"}));
    assert_eq!((&mine["plan"], &mine["quotaLeft"]), (&json!(plan), &json!(9)));
    let bucket = &mine["buckets"][0];
    assert_eq!(
        (&bucket["bucket"], &bucket["burst"], bucket["level"].as_f64().unwrap().floor()),
        (&json!("plan"), &json!(5), 4.0)
    );
    let overrides = mine["overrides"].as_array().unwrap();
    assert!(
        overrides.contains(&json!({"of": "response header", "name": "X-Made", "value": "here"})),
        "{overrides:?}"
    );
    assert!(
        mine["responseHeaders"].as_array().unwrap().contains(&json!({"name": "X-Made", "value": "here"})),
        "{mine}"
    );
    assert!(!told.iter().any(|it| it.to_string().contains(&value)), "secrets are shortened");

    let mut browser = Browser::local(&server);
    let page = read(&browser.get(&format!("/requests?number={}&part=request", mine["number"])));
    for part in [
        "a MOCK integration answers with the statusCode in it",
        "<code>{\n  \"statusCode\": 200\n}</code>",
        "it has no GET, but POST",
        "statement <code>Open</code>",
        "4.0 of 5",
        "overrides response header X-Made",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let found = |browser: &mut Browser, query: &str| {
        read(&browser.get(&format!("/requests?{query}"))).contains("/pets/7/toys")
    };
    for (query, is_found) in [
        ("key=", true),
        ("key=nobody", false),
        ("after=2020-01-01T00:00&before=2120-01-01T00:00", true),
        ("after=2120-01-01T00:00", false),
        ("before=2020-01-01T00:00", false),
    ] {
        assert_eq!(found(&mut browser, query), is_found, "{query}");
    }
    assert_eq!(browser.get("/requests?after=soon").status, 400);
    let key = mine["facts"]["apiKeyId"].as_str().unwrap();
    let page = read(&browser.get(&format!("/requests?key={key}")));
    assert!(page.contains("/pets/mine") && !page.contains("/pets/7/toys"), "{page}");
    let archive = browser.get(&format!("/requests/har?number={}", mine["number"])).json();
    let response = &archive["log"]["entries"][0]["response"];
    assert_eq!(response["content"]["mimeType"], "application/json");
    assert!(
        response["headers"].as_array().unwrap().contains(&json!({"name": "X-Made", "value": "here"})),
        "{response}"
    );

    // What was wrong with a key is told.
    let other = call(&mut client, "POST", "/apikeys", &json!({"name": "Other", "enabled": true}));
    let disabled = call(&mut client, "POST", "/apikeys", &json!({"name": "Disabled", "enabled": false}));
    for (headers, why) in [
        (&[][..], "the method needs an API key, and the request has none".to_owned()),
        (&[("x-api-key", "nobody-has-this-one-here")], "there is no API key of the value".to_owned()),
        (
            &[("x-api-key", other["value"].as_str().unwrap())],
            format!("the key {} belongs to no plan with stage dev", id(&other)),
        ),
        (
            &[("x-api-key", disabled["value"].as_str().unwrap())],
            format!("the key {} is disabled", id(&disabled)),
        ),
    ] {
        let path = format!("/restapis/{api}/dev/_user_request_/pets/mine");
        assert_eq!(client.send("GET", &path, headers, b"").unwrap().status, 403);
        let last = inspect(&server, &["requests", "--json"]).pop().unwrap();
        let page = read(&browser.get(&format!("/requests?number={}&part=request", last["number"])));
        assert!(page.contains(&format!("403: {why}")), "{why}: {page}");
        assert!(page.contains("403, gateway response INVALID_API_KEY"), "{page}");
    }

    let now = &inspect(&server, &["plan", &plan])[0]["keys"][0];
    assert_eq!((&now["quotaLeft"], &now["keyId"]), (&json!(9), &json!(key)));
    let told = &inspect(&server, &["server"])[0];
    assert!(
        told["settings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["key"] == "listen.address" && it["from"] == "argument"),
        "{told}"
    );
    assert_eq!(inspect(&server, &["forget"])[0]["isRecording"], false);
    assert!(inspect(&server, &["requests", "--json"]).is_empty());
}

#[test]
fn one_of_so_many_requests_is_written_to_a_file_without_secrets() {
    let dir = DataDir::new("inspector-samples");
    let settings = dir.path().join("stepgate.toml");
    let file = dir.path().join("samples.jsonl");
    let text = format!("[inspector]\nsample_every = 3\nfile = \"{}\"\n", file.display());
    std::fs::write(&settings, text).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    let mut client = Client::new(&server.address);
    let mut browser = Browser::local(&server);
    assert!(browser.get("/requests").text().contains("One of 3 is also written to a file"));
    assert_eq!(browser.act("/requests/switch", &[("to", "on"), ("bodies", "yes")]).status, 303);
    let headers = [
        ("x-api-key", "hush-hush-hush-hush-hush"),
        ("content-type", "application/json"),
        ("cookie", "a=hush"),
    ];
    for n in 0..7 {
        client
            .send("POST", &format!("/alpha/execution?n={n}"), &headers, b"{\"body\": \"in here\"}")
            .unwrap();
    }
    assert!(
        browser.get("/requests?number=1&part=request").text().contains("in here"),
        "who looks has asked for bodies"
    );
    assert_eq!(browser.act("/requests/switch", &[("to", "off")]).status, 303);
    // Nobody looks, and the counting goes on.
    for n in 7..10 {
        client.send("POST", &format!("/alpha/execution?n={n}"), &headers, b"{}").unwrap();
    }
    assert!(browser.get("/requests").text().contains("Nothing is recorded."));
    assert!(server.terminate().success());
    let text = std::fs::read_to_string(file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let targets: Vec<&str> = lines.iter().map(|it| it["target"].as_str().unwrap()).collect();
    assert_eq!(targets, [0, 3, 6, 9].map(|n| format!("/alpha/execution?n={n}")));
    assert!(!text.contains("hush-hush") && !text.contains("a=hush") && !text.contains("in here"), "{text}");
}
