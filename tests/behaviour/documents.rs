//! Commands for OpenAPI documents: export, import, diff.

use std::fs;

use serde_json::{Value, json};

use crate::client::Client;
use crate::commands::{stderr, stdout, stepgate};
use crate::server::{DataDir, Server};

fn document(title: &str, paths: Value) -> String {
    let document = json!({
        "openapi": "3.0.1", "info": { "title": title, "version": "1" }, "paths": paths,
        "components": { "schemas": { "Pet": { "type": "object" } } },
    });
    document.to_string()
}

fn mock(body: &str) -> Value {
    json!({
        "responses": { "200": {
            "description": "ok", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Pet" } } },
        } },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": { "application/json": "{\"statusCode\": 200}" },
            "responses": { "default": { "statusCode": "200", "responseTemplates": { "application/json": body } } },
        },
    })
}

#[test]
fn an_api_is_exported_compared_and_imported_again() {
    let dir = DataDir::new("documents");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| stepgate(&[arguments, &["--endpoint", &endpoint]].concat());
    let (first, exported) = (file("first.json"), file("exported.yaml"));
    fs::write(&first, document("pets", json!({ "/pets": { "get": mock("one") } }))).unwrap();

    let made = run(&["import", &first, "--json"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let made: Value = serde_json::from_str(&stdout(&made)).unwrap();
    let api = made["id"].as_str().unwrap();
    let unserved = run(&["export", "--api", "pets"]);
    assert!(!unserved.status.success() && stderr(&unserved).contains("the API pets has no stage"));
    let mut client = Client::new(&server.address);
    let deploy = |client: &mut Client| {
        let path = format!("/restapis/{api}/deployments");
        assert_eq!(client.apigateway("POST", &path, &json!({ "stageName": "prod" })).unwrap().status, 201);
    };
    deploy(&mut client);

    let written = run(&["export", "--api", "pets", "-o", &exported]);
    assert!(written.status.success(), "{}", stderr(&written));
    let text = fs::read_to_string(&exported).unwrap();
    assert!(text.starts_with("---\nopenapi: "), "{text}");
    let swagger =
        run(&["export", "--api", api, "--stage", "prod", "--dialect", "swagger", "--format", "json"]);
    let swagger: Value = serde_json::from_str(&stdout(&swagger)).unwrap();
    assert_eq!((&swagger["swagger"], &swagger["info"]["title"]), (&json!("2.0"), &json!("pets")));

    // An export describes exactly what is served.
    for (document, mode) in [(&exported, "overwrite"), (&exported, "merge"), (&first, "overwrite")] {
        let same = run(&["diff", document, "--api", "pets", "--mode", mode]);
        assert_eq!(
            (same.status.code(), &*stdout(&same)),
            (Some(0), "0 added, 0 changed, 0 removed\n"),
            "{}",
            stderr(&same)
        );
    }

    let second = file("second.json");
    let paths = json!({ "/pets": { "get": mock("two") }, "/cats": { "post": mock("cat") } });
    fs::write(&second, document("pets", paths)).unwrap();
    let different = run(&["diff", &second, "--api", "pets"]);
    assert_eq!(different.status.code(), Some(1));
    assert_eq!(
        stdout(&different),
        "+ integration POST /cats\n\
         ~ integration response GET /pets 200\n    \
         responseTemplates.application/json: \"one\" → \"two\"\n\
         + integration response POST /cats 200\n\
         + method POST /cats\n\
         + method response POST /cats 200\n\
         + resource /cats\n\
         5 added, 1 changed, 0 removed\n"
    );
    let report = run(&["diff", &second, "--api", "pets", "--json"]);
    let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
    assert_eq!((&report["different"], report["changes"].as_array().unwrap().len()), (&json!(true), 6));

    let put = run(&["import", &second, "--api", "pets", "--mode", "overwrite"]);
    assert!(put.status.success() && stdout(&put).contains("put into pets"), "{}", stderr(&put));
    assert_eq!(run(&["diff", &second, "--api", "pets"]).status.code(), Some(1));
    deploy(&mut client);
    assert_eq!(run(&["diff", &second, "--api", "pets"]).status.code(), Some(0));
    let fewer = run(&["diff", &first, "--api", "pets"]);
    assert!(stdout(&fewer).contains("- resource /cats\n"), "{}", stdout(&fewer));
    let merged = run(&["diff", &first, "--api", "pets", "--mode", "merge"]);
    assert!(!stdout(&merged).contains("- "), "{}", stdout(&merged));

    // Deploying to a stage with a canary changes what the canary serves.
    let canary = json!({ "stageName": "prod", "canarySettings": { "percentTraffic": 12.5 } });
    let third = file("third.json");
    let mut method = mock("two");
    method["x-amazon-apigateway-integration"]["timeoutInMillis"] = json!(1000);
    fs::write(&third, document("pets", json!({ "/pets": { "get": method } }))).unwrap();
    assert!(run(&["import", &third, "--api", "pets", "--mode", "overwrite"]).status.success());
    let path = format!("/restapis/{api}/deployments");
    assert_eq!(client.apigateway("POST", &path, &canary).unwrap().status, 201);
    let note = "The stage has a canary (12.5 %), which a deployment changes; ";
    assert_eq!(
        stdout(&run(&["diff", &third, "--api", "pets"])),
        format!(
            "{note}--canary compares with what it serves.\n\
             ~ integration GET /pets\n    timeoutInMillis: nothing → 1000\n\
             - integration POST /cats\n\
             - integration response POST /cats 200\n\
             - method POST /cats\n\
             - method response POST /cats 200\n\
             - resource /cats\n\
             0 added, 1 changed, 5 removed\n"
        )
    );
    let same = run(&["diff", &third, "--api", "pets", "--canary"]);
    assert_eq!(stdout(&same), format!("{note}compared with it.\n0 added, 0 changed, 0 removed\n"));
    assert_eq!(same.status.code(), Some(0));
    let report = run(&["diff", &third, "--api", "pets", "--json"]);
    let report: Value = serde_json::from_str(&stdout(&report)).unwrap();
    assert_eq!(report["canary"]["percentTraffic"], 12.5);
    assert_eq!(
        report["changes"][0],
        json!({ "action": "changed", "kind": "integration", "name": "GET /pets",
            "members": [{ "path": "timeoutInMillis", "from": null, "to": 1000 }] })
    );

    // Documentation is not compared.
    let documented =
        json!({ "location": { "type": "API" }, "properties": "{\"info\": {\"description\": \"d\"}}" });
    let parts = format!("/restapis/{api}/documentation/parts");
    assert_eq!(client.apigateway("POST", &parts, &documented).unwrap().status, 201);
    let version = json!({ "documentationVersion": "1", "stageName": "prod" });
    let versions = format!("/restapis/{api}/documentation/versions");
    assert_eq!(client.apigateway("POST", &versions, &version).unwrap().status, 201);
    assert!(stdout(&run(&["export", "--api", "pets"])).contains("description: "));
    assert_eq!(run(&["diff", &third, "--api", "pets", "--canary"]).status.code(), Some(0));

    let fresh = stdout(&run(&["diff", &first]));
    assert!(fresh.contains("+ resource /pets\n") && fresh.contains("0 removed"), "{fresh}");
    for bad in [&["diff", &first, "--api", "nope"][..], &["diff", &file("missing.json")]] {
        assert_eq!(run(bad).status.code(), Some(2), "{bad:?}");
    }
    fs::write(&first, "{}").unwrap();
    let broken = run(&["diff", &first, "--api", "pets"]);
    assert!(
        broken.status.code() == Some(2) && stderr(&broken).contains("Invalid OpenAPI input"),
        "{}",
        stderr(&broken)
    );
}
