//! Concurrent changes of one API: each gets AWS's answer, and the API stays consistent.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::{DataDir, Server};

const WRITERS: u64 = 8;
const STEPS: u64 = 40;
const VERBS: [&str; 3] = ["GET", "POST", "ANY"];
const NAMES: [&str; 4] = ["a", "b", "{c}", "d"];

/// A linear congruential generator, so that each run makes the same choices.
struct Choices(u64);

impl Choices {
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all[usize::try_from(self.0 >> 33).unwrap() % all.len()]
    }
}

/// Sends a request that may conflict with another one, but only with AWS's errors.
fn attempt(client: &mut Client, method: &str, path: &str, input: &Value) -> Option<Value> {
    let answer = client.apigateway(method, path, input).unwrap();
    let kind = answer.header("x-amzn-errortype").unwrap_or_default().to_owned();
    let what = format!("{method} {path} {input}: {} {kind} {}", answer.status, answer.text());
    match answer.status {
        200 | 201 => Some(answer.json()),
        202 | 204 => None,
        404 => {
            assert_eq!(kind, "NotFoundException", "{what}");
            assert!(answer.json()["message"].as_str().unwrap().contains("identifier specified"), "{what}");
            None
        }
        409 => {
            assert_eq!(kind, "ConflictException", "{what}");
            None
        }
        400 => {
            // The name is taken by a sibling, a move below itself, or an incomplete method.
            let message = answer.json()["message"].as_str().unwrap().to_owned();
            let known = [
                "already has a variable path part",
                "cyclical",
                "No integration defined",
                "doesn't contain any",
            ];
            assert!(known.iter().any(|text| message.contains(text)), "{what}");
            None
        }
        _ => panic!("{what}"),
    }
}

fn document(paths: &[&str]) -> Value {
    let integration = json!({
        "type": "mock", "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
        "responses": { "default": { "statusCode": "200" } },
    });
    let method = json!({ "responses": { "200": { "description": "" } }, "x-amazon-apigateway-integration": integration });
    let paths = paths.iter().map(|path| ((*path).to_owned(), json!({ "get": method, "put": method })));
    json!({
        "openapi": "3.0.1", "info": { "title": "whole", "version": "1" },
        "paths": Value::Object(paths.collect()),
    })
}

fn resources(client: &mut Client, api: &str) -> Vec<Value> {
    let path = format!("/restapis/{api}/resources?embed=methods&limit=500");
    client.apigateway("GET", &path, &Value::Null).unwrap().json()["item"].as_array().unwrap().clone()
}

fn write(address: &str, api: &str, writer: u64) {
    let mut client = Client::new(address);
    let mut choices = Choices(writer);
    let base = format!("/restapis/{api}");
    for step in 0..STEPS {
        let there: Vec<String> =
            resources(&mut client, api).iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        let ids: Vec<&str> = there.iter().map(String::as_str).collect();
        let (id, other, verb) = (choices.of(&ids), choices.of(&ids), choices.of(&VERBS));
        let method = format!("{base}/resources/{id}/methods/{verb}");
        match choices.of(&[0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6]) {
            0 => drop(attempt(
                &mut client,
                "POST",
                &format!("{base}/resources/{id}"),
                &json!({ "pathPart": choices.of(&NAMES) }),
            )),
            1 => {
                attempt(&mut client, "PUT", &method, &json!({ "authorizationType": "NONE" }));
                attempt(&mut client, "PUT", &format!("{method}/responses/200"), &json!({}));
                attempt(&mut client, "PUT", &format!("{method}/integration"), &json!({ "type": "MOCK" }));
                attempt(&mut client, "PUT", &format!("{method}/integration/responses/200"), &json!({}));
            }
            2 => drop(attempt(&mut client, "DELETE", &method, &Value::Null)),
            3 if id != ids[0] => {
                drop(attempt(&mut client, "DELETE", &format!("{base}/resources/{id}"), &Value::Null))
            }
            4 if id != ids[0] => {
                let patches =
                    json!({ "patchOperations": [{ "op": "replace", "path": "/parentId", "value": other }] });
                attempt(&mut client, "PATCH", &format!("{base}/resources/{id}"), &patches);
            }
            5 => {
                let mode = choices.of(&["merge", "overwrite"]);
                let paths = choices.of(&[&["/a", "/a/b"][..], &["/d/{c}", "/b"]]);
                attempt(&mut client, "PUT", &format!("{base}?mode={mode}"), &document(paths));
            }
            6 => drop(attempt(
                &mut client,
                "POST",
                &format!("{base}/deployments"),
                &json!({ "stageName": format!("s{}", step % 3) }),
            )),
            _ => {}
        }
    }
}

/// Panics unless the resources form one tree. Returns the verb and path of each method.
fn assert_whole(resources: &[Value]) -> BTreeSet<String> {
    let by_id = |id: &Value| resources.iter().find(|it| it["id"] == *id);
    let roots = resources.iter().filter(|it| it.get("parentId").is_none()).count();
    assert_eq!(roots, 1, "{resources:?}");
    let mut places = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for resource in resources {
        let path = resource["path"].as_str().unwrap();
        assert!(paths.insert(path), "{path} twice");
        if let Some(parent) = resource.get("parentId") {
            let parent = by_id(parent).unwrap_or_else(|| panic!("{resource} hangs in the air"));
            let above = parent["path"].as_str().unwrap().trim_end_matches('/');
            assert_eq!(format!("{above}/{}", resource["pathPart"].as_str().unwrap()), path);
        }
        for (verb, method) in resource["resourceMethods"].as_object().into_iter().flatten() {
            assert_eq!(method["httpMethod"], *verb, "{method}");
            places.insert(format!("{verb} {path}"));
        }
    }
    places
}

#[test]
fn an_api_that_many_change_at_once_stays_whole() {
    let dir = DataDir::new("writers");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let made = client.apigateway("POST", "/restapis", &json!({ "name": "whole" })).unwrap().json();
    let api = made["id"].as_str().unwrap().to_owned();
    let writers = (0..WRITERS).map(|writer| {
        let (address, api) = (server.address.clone(), api.clone());
        thread::spawn(move || write(&address, &api, writer))
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().unwrap();
    }

    assert_whole(&resources(&mut client, &api));
    // Methods that another writer interrupted have no integration. Deleted here, because they can't be deployed.
    attempt(&mut client, "PUT", &format!("/restapis/{api}?mode=merge"), &document(&["/a"]));
    for resource in resources(&mut client, &api) {
        for (verb, method) in resource["resourceMethods"].as_object().into_iter().flatten() {
            if method.get("methodIntegration").is_none() {
                let path =
                    format!("/restapis/{api}/resources/{}/methods/{verb}", resource["id"].as_str().unwrap());
                assert_eq!(client.apigateway("DELETE", &path, &Value::Null).unwrap().status, 204);
            }
        }
    }
    let deployments = format!("/restapis/{api}/deployments");
    assert_eq!(client.apigateway("POST", &deployments, &json!({ "stageName": "last" })).unwrap().status, 201);
    let export = format!("/restapis/{api}/stages/last/exports/oas30?extensions=apigateway");
    let exported = client.apigateway("GET", &export, &Value::Null).unwrap().json();
    let mut places = BTreeSet::new();
    for (path, item) in exported["paths"].as_object().unwrap() {
        for (verb, operation) in item.as_object().unwrap() {
            let verb =
                if verb == "x-amazon-apigateway-any-method" { "ANY".to_owned() } else { verb.to_uppercase() };
            assert!(operation.get("x-amazon-apigateway-integration").is_some(), "{verb} {path}");
            places.insert(format!("{verb} {path}"));
        }
    }
    assert_eq!(places, assert_whole(&resources(&mut client, &api)));
}
