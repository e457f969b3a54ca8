//! `stepgate keys rotate`: the settings' access keys change while the server runs.

use std::fs;

use serde_json::{Value, json};

use crate::backend::Backend;
use crate::client::{Client, sign_as};
use crate::commands::{stderr, stdout, stepgate};
use crate::server::{DataDir, Server};

/// The status of a call that this key has signed.
fn status(server: &Server, id: &str, secret: &str) -> (u16, String) {
    let (address, body) = (&server.address, "{}");
    let headers = [("x-amz-target", "AWSStepFunctions.ListActivities")];
    let signed = sign_as((id, secret), "states", ("POST", "/"), address, &headers, body);
    let answer = Client::new(address).send_signed("POST", "/", &signed, body).unwrap();
    let kind = answer.json()["__type"].as_str().unwrap_or_default().to_owned();
    (answer.status, kind.rsplit('#').next().unwrap_or_default().to_owned())
}

/// The key that is in the settings now.
fn key_of(settings: &str) -> (String, String) {
    let value = |name: &str| {
        let (_, rest) = settings.split_once(&format!("{name} = \"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    (value("access_key_id"), value("secret_access_key"))
}

#[test]
fn a_new_key_signs_at_once_and_the_old_one_ends() {
    let dir = DataDir::new("key-rotation");
    let config = dir.path().join("stepgate.toml");
    let first = "# mine\n[deploy]\ntutorial = false\n\n[[credentials]]\naccess_key_id = \"AKIAFIRST\"\n\
                 secret_access_key = \"first-secret\"\n";
    fs::write(&config, first).unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let endpoint = format!("http://{}", server.address);
    assert_eq!(status(&server, "AKIAFIRST", "first-secret").0, 200);
    let rotate = |more: &[&str]| {
        let base = ["keys", "rotate", "--config", config.to_str().unwrap(), "--endpoint", &endpoint];
        stepgate(&[&base, more].concat())
    };

    let rotated = rotate(&[]);
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    let (id, secret) = key_of(&fs::read_to_string(&config).unwrap());
    assert!(id.starts_with("AKIA") && id.len() == 20 && secret.len() == 40, "{id}");
    assert!(stdout(&rotated).contains(&id) && stdout(&rotated).contains("AKIAFIRST signs no more"));
    assert!(!stdout(&rotated).contains(&secret));
    assert_eq!(status(&server, &id, &secret).0, 200);
    assert_eq!(
        status(&server, "AKIAFIRST", "first-secret"),
        (400, "UnrecognizedClientException".to_owned()),
        "the old key"
    );
    // Everything else is as it was.
    let changed = fs::read_to_string(&config).unwrap();
    assert_eq!(changed.replace(&id, "AKIAFIRST").replace(&secret, "first-secret"), first);

    // With an overlap, both sign for a while.
    let rotated = rotate(&["--overlap", "3600"]);
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    assert!(stdout(&rotated).contains(&format!("{id} signs until ")), "{}", stdout(&rotated));
    let (next, next_secret) = key_of(&fs::read_to_string(&config).unwrap());
    assert_eq!((status(&server, &id, &secret).0, status(&server, &next, &next_secret).0), (200, 200));
    // An overlap of a second ends by itself.
    let rotated = rotate(&["--overlap", "1"]);
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    while status(&server, &next, &next_secret).0 == 200 {
        std::thread::yield_now();
    }
    assert_eq!(status(&server, &next, &next_secret), (400, "ExpiredTokenException".to_owned()));

    // What the server does not take over is put back.
    let before = fs::read_to_string(&config).unwrap();
    let refused = rotate(&["--overlap", "9999999"]);
    assert!(!refused.status.success());
    assert_eq!(fs::read_to_string(&config).unwrap(), before);
    let nobody = stepgate(&[
        "keys",
        "rotate",
        "--config",
        config.to_str().unwrap(),
        "--endpoint",
        "http://127.0.0.1:1",
    ]);
    assert!(!nobody.status.success());
    assert_eq!(fs::read_to_string(&config).unwrap(), before);
    // A file without sense leaves the keys in force.
    fs::write(&config, "[[credentials]]\nsecret_access_key = \"hush-hush").unwrap();
    let refused = rotate(&[]);
    assert!(!refused.status.success() && !stderr(&refused).contains("hush-hush"), "{}", stderr(&refused));
    let (last, last_secret) = key_of(&before);
    assert_eq!(status(&server, &last, &last_secret).0, 200);

    // A restart knows the newest key alone.
    fs::write(&config, &before).unwrap();
    assert!(server.terminate().success());
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    assert_eq!(status(&server, &last, &last_secret).0, 200);
    assert_eq!(status(&server, &id, &secret).0, 400);
}

#[test]
fn only_the_account_has_keys_read_again() {
    let dir = DataDir::new("key-rotation-refused");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let path = "/_stepgate/keys/reread";
    assert_eq!(client.send("POST", path, &[], b"").unwrap().status, 403);
    let signed = sign_as(("test", "wrong"), "iam", ("POST", path), &server.address, &[], "");
    assert_eq!(client.send_signed("POST", path, &signed, "").unwrap().status, 403);
    // A server without a file has nothing to read.
    let signed = sign_as(("test", "test"), "iam", ("POST", path), &server.address, &[], "");
    let answer = client.send_signed("POST", path, &signed, "").unwrap();
    let expect = json!("the server was started without a settings file");
    assert_eq!((answer.status, &answer.json()["message"]), (400, &expect));
}

#[test]
fn calls_of_services_elsewhere_are_signed_with_the_new_key() {
    let backend = Backend::start(|_| {
        (200, vec![("content-type", "application/x-amz-json-1.1")], "{\"KeyId\": \"k\"}".to_owned())
    });
    let dir = DataDir::new("key-rotation-outside");
    let config = dir.path().join("stepgate.toml");
    let text = format!("[services.kms]\nendpoint = \"{}\"\n", backend.url);
    fs::write(&config, text).unwrap();
    let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
    let endpoint = format!("http://{}", server.address);
    let rotated =
        stepgate(&["keys", "rotate", "--config", config.to_str().unwrap(), "--endpoint", &endpoint]);
    assert!(rotated.status.success(), "{}", stderr(&rotated));
    let (id, secret) = key_of(&fs::read_to_string(&config).unwrap());
    let mut client = Client::new(&server.address);
    let mut call = |operation: &str, input: Value| {
        let (target, body) = (format!("AWSStepFunctions.{operation}"), input.to_string());
        let address = &server.address;
        let signed =
            sign_as((&id, &secret), "states", ("POST", "/"), address, &[("x-amz-target", &target)], &body);
        let answer = client.send_signed("POST", "/", &signed, &body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let definition = json!({"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::aws-sdk:kms:describeKey", "Parameters": {"KeyId": "k"}}}});
    let machine = call(
        "CreateStateMachine",
        json!({"name": "M", "definition": definition.to_string(),
        "roleArn": "arn:aws:iam::123456789012:role/r"}),
    );
    let started = call("StartExecution", json!({"stateMachineArn": machine["stateMachineArn"]}));
    while call("DescribeExecution", json!({"executionArn": started["executionArn"]}))["status"] == "RUNNING" {
        std::thread::yield_now();
    }
    let requests = backend.take();
    let authorization = requests[0].header("authorization");
    assert!(authorization.contains(&format!("Credential={id}/")), "{authorization}");
}
