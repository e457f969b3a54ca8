//! Usage plans in the console: what keys have now, and rotation.

use serde_json::{Value, json};

use super::browser::{Browser, read, user};
use crate::authorizers::call;
use crate::client::Client;
use crate::roles::allow;
use crate::server::{DataDir, Server};

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_plan_shows_what_its_keys_have_now_and_keys_are_rotated() {
    let dir = DataDir::new("console-plans");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let document = json!({"openapi": "3.0.1", "info": {"title": "Keyed"},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
        "paths": {"/": {"get": {"security": [{"key": []}], "responses": {"200": {"description": "ok"}},
            "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"},
                "responses": {"default": {"statusCode": "200"}}}}}}});
    let api = id(&call(&mut client, "POST", "/restapis?mode=import", &document));
    call(&mut client, "POST", &format!("/restapis/{api}/deployments"), &json!({"stageName": "dev"}));
    let plan = json!({"name": "Small", "throttle": {"rateLimit": 0.001, "burstLimit": 2}, "quota": {"limit": 10, "period": "MONTH"},
        "apiStages": [{"apiId": api, "stage": "dev"}]});
    let plan = id(&call(&mut client, "POST", "/usageplans", &plan));
    let key = call(&mut client, "POST", "/apikeys", &json!({"name": "Old", "enabled": true}));
    call(
        &mut client,
        "POST",
        &format!("/usageplans/{plan}/keys"),
        &json!({"keyId": id(&key), "keyType": "API_KEY"}),
    );
    let mut ask = |value: &str| {
        let path = format!("/restapis/{api}/dev/_user_request_/");
        client.send("GET", &path, &[("x-api-key", value)], b"").unwrap().status
    };
    let value = key["value"].as_str().unwrap();
    assert_eq!([ask(value), ask(value), ask(value)], [200, 200, 429]);

    let mut browser = Browser::local(&server);
    let at = format!("/plans/view?id={plan}");
    let page = read(&browser.get(&at));
    assert!(page.contains("0/2") && page.contains("<td class=\"n\">8</td>"), "{page}");
    let table = browser.get(&format!("/plans/now.csv?id={plan}")).text();
    assert!(table.contains(&format!("{},\"\",0,2,0.001,8,1,0,0\r\n", id(&key))), "{table}");

    let rotated = read(&browser.act("/keys/rotate", &[("id", &id(&key)), ("disable", "yes")]));
    let (_, rest) = rotated.split_once("data-copy>").unwrap();
    let new = rest.split('<').next().unwrap();
    assert_ne!(new, value);
    assert_eq!([ask(new), ask(value)], [200, 403]);
    assert!(!read(&browser.get(&at)).contains(new), "its value is shown once");

    let mut client = Client::new(&server.address);
    let mut ann = user(&server, &mut client, &json!([allow("states:*", "*")]));
    assert_eq!(ann.get(&format!("/plans/now.csv?id={plan}")).status, 403);
    assert_eq!(ann.act("/keys/rotate", &[("id", &id(&key))]).status, 403);
}
