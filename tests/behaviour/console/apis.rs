//! APIs in the console: what deployments and imports change, canaries.

use serde_json::{Value, json};

use super::browser::{Browser, read, user};
use crate::authorizers::call;
use crate::client::Client;
use crate::roles::allow;
use crate::server::{DataDir, Server};

fn document(paths: &[&str]) -> String {
    let mock = json!({"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}});
    let get = json!({"get": {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": mock}});
    let paths: Value = paths.iter().map(|path| ((*path).to_owned(), get.clone())).collect();
    json!({"openapi": "3.0.1", "info": {"title": "Shown"}, "paths": paths}).to_string()
}

/// An API of this server, with a stage `dev`.
fn api(client: &mut Client) -> String {
    let body: Value = serde_json::from_str(&document(&["/one"])).unwrap();
    let id = call(client, "POST", "/restapis?mode=import", &body)["id"].as_str().unwrap().to_owned();
    call(client, "POST", &format!("/restapis/{id}/deployments"), &json!({"stageName": "dev"}));
    id
}

#[test]
fn imports_are_previewed_and_stages_compared() {
    let dir = DataDir::new("console-changes");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let id = api(&mut client);
    let mut browser = Browser::local(&server);
    let compared = |browser: &mut Browser| read(&browser.get(&format!("/apis/changes?id={id}&stage=dev")));
    assert!(compared(&mut browser).contains("Nothing changes."));

    let two = document(&["/two"]);
    let preview = |browser: &mut Browser, mode: &str| {
        read(&browser.act("/apis/preview", &[("id", &id), ("document", &two), ("mode", mode)]))
    };
    let merged = preview(&mut browser, "merge");
    assert!(merged.contains("GET /two") && !merged.contains("removed"), "{merged}");
    let replaced = preview(&mut browser, "overwrite");
    assert!(replaced.contains("removed</span> method <b>GET /one</b>"), "{replaced}");
    assert!(compared(&mut browser).contains("Nothing changes."), "a preview changes nothing");
    let yaml = "openapi: 3.0.1\ninfo: {title: Shown}\npaths: {/three: {get: {x-amazon-apigateway-integration: {type: mock}}}}\n";
    let of_yaml = read(&browser.act("/apis/preview", &[("id", &id), ("document", yaml)]));
    assert!(of_yaml.contains("GET /three"), "{of_yaml}");
    let wrong = browser.act("/apis/preview", &[("id", &id), ("document", "{oops")]);
    assert_eq!(wrong.status, 400, "{}", wrong.text());

    let fields = [("id", id.as_str()), ("document", &two), ("mode", "merge")];
    assert_eq!(browser.act("/apis/import", &fields).status, 303);
    let changed = compared(&mut browser);
    assert!(changed.contains("added</span> method <b>GET /two</b>"), "{changed}");

    // Who may not see an API sees no changes of it.
    let mut ann = user(&server, &mut client, &json!([allow("states:*", "*")]));
    assert_eq!(ann.act("/apis/preview", &fields).status, 403);
    assert_eq!(ann.act("/apis/import", &fields).status, 403);
    assert_eq!(ann.get(&format!("/apis/changes?id={id}&stage=dev")).status, 403);
}

#[test]
fn a_canary_is_deployed_turned_up_and_promoted() {
    let dir = DataDir::new("console-canary");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let id = api(&mut client);
    let mut browser = Browser::local(&server);
    let two = document(&["/one", "/two"]);
    assert_eq!(browser.act("/apis/import", &[("id", &id), ("document", &two)]).status, 303);
    let mut stage = || call(&mut client, "GET", &format!("/restapis/{id}/stages/dev"), &Value::Null);
    let before = stage()["deploymentId"].clone();
    let mut to = |to: &str, percent: &str| {
        browser.act("/apis/canary", &[("id", &id), ("stage", "dev"), ("to", to), ("percent", percent)]).status
    };
    assert_eq!((to("start", "101"), to("nothing", "1")), (400, 400));
    assert_eq!(to("start", "12.5"), 303);
    let canary = stage();
    assert_eq!(
        (&canary["deploymentId"], &canary["canarySettings"]["percentTraffic"]),
        (&before, &json!(12.5))
    );
    assert_eq!(to("set", "60"), 303);
    assert_eq!(stage()["canarySettings"]["percentTraffic"], 60.0);
    assert_eq!(to("promote", ""), 303);
    let promoted = stage();
    assert_eq!(promoted["deploymentId"], canary["canarySettings"]["deploymentId"]);
    assert!(promoted.get("canarySettings").is_none_or(Value::is_null), "{promoted}");
    assert_eq!((to("start", "5"), to("end", "")), (303, 303));
    assert!(stage().get("canarySettings").is_none_or(Value::is_null));
}
