//! Writes of all sizes, at a steady rate.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stepgate::apis::ApiId;

use crate::client::Client;
use crate::fill::{OF_ACCOUNT, STAGE};

/// Changes APIs `a_second` times a second until `is_over`: parts of the working copy, deployments, and the stage of the
/// first API, which is being called.
#[allow(clippy::disallowed_methods)] // A bench measures real time.
pub(crate) fn run(address: &str, apis: &[ApiId], a_second: u32, is_over: &AtomicBool, written: &AtomicUsize) {
    let mut client = Client::new(address);
    let mut due = Instant::now();
    let mut write = |method: &str, path: &str, input: Value| {
        let answer = client.apigateway(method, path, &input).unwrap();
        assert!(answer.status < 300, "{method} {path}: {}", answer.text());
        written.fetch_add(1, Ordering::Relaxed);
        due += Duration::from_secs(1) / a_second;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    };
    for (round, api) in apis.iter().take(OF_ACCOUNT).skip(1).cycle().enumerate() {
        let patch = |path: &str| json!([{"op": "replace", "path": path, "value": format!("{round}")}]);
        write("PATCH", &format!("/restapis/{api}"), json!({"patchOperations": patch("/description")}));
        let models = format!("/restapis/{api}/models");
        let schema = "{\"type\": \"object\"}";
        write("POST", &models, json!({"name": "Bench", "contentType": "application/json", "schema": schema}));
        write("DELETE", &format!("{models}/Bench"), Value::Null);
        write("POST", &format!("/restapis/{api}/deployments"), json!({"stageName": STAGE}));
        let called = &apis[0];
        let variables = json!({"patchOperations": patch("/variables/round")});
        write("PATCH", &format!("/restapis/{called}/stages/{STAGE}"), variables);
        if is_over.load(Ordering::Relaxed) {
            return;
        }
    }
}
