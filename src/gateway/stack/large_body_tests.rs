//! Requests with large bodies, and with small ones that cause a lot of work.

use bytes::Bytes;
use serde_json::json;

use crate::apis::{DeploymentSnapshot, HttpMethod, Method, Model, RequestValidator};
use crate::gateway::fixture::{Answer, Fixture, api, fixture, live, method, mock, strings, with};
use crate::gateway::stack::Options;

const MIB: usize = 1024 * 1024;

fn posted(method: Method) -> DeploymentSnapshot {
    with(api("abc"), "/x", HttpMethod::Post, method)
}

async fn post(fixture: &Fixture, body: impl Into<Bytes>) -> Answer {
    fixture.send(http::Request::post("/dev/x").body(body.into()).unwrap()).await
}

/// `[item,item,…,1]` of about `bytes` bytes.
fn list(item: &str, bytes: usize) -> String {
    format!("[{}1]", format!("{item},").repeat(bytes / (item.len() + 1)))
}

#[tokio::test]
async fn a_large_body_is_mapped_like_a_small_one() {
    let body = list(r#"{"id":1,"name":"of some length, as names are"}"#, MIB);
    let items = body.matches("id").count();
    let template =
        format!(r#"#set($b = $input.path('$'))#if($b.size() == {}){{"statusCode": 200}}#end"#, items + 1);
    let fixture = fixture(Options::default(), [live(posted(method(mock(&template, ""))))]);
    assert_eq!(post(&fixture, body).await.status, 200);
}

#[tokio::test]
async fn what_would_take_more_memory_than_there_is_is_too_large_and_only_where_it_is_parsed() {
    let options = || Options { body_memory_bytes: Some(64 * MIB), ..Options::default() };
    let body = list(r#"{"a":1}"#, MIB);
    let parses =
        fixture(options(), [live(posted(method(mock(r#"$input.path('$.x'){"statusCode": 200}"#, ""))))]);
    let answer = post(&parses, body.clone()).await;
    assert_eq!((answer.status, &*answer.body), (413, r#"{"message":"Request Too Long"}"#));
    assert_eq!(post(&parses, list(r#"{"a":1}"#, MIB / 64)).await.status, 200);
    let reads = fixture(options(), [live(posted(method(mock(r#"{"statusCode": 200}"#, ""))))]);
    assert_eq!(post(&reads, body).await.status, 200);
}

#[tokio::test]
async fn a_template_reads_so_much_of_a_body_and_no_more() {
    let times = |n: usize| {
        let read = r#"#foreach($i in [1..N])#set($x = $input.json('$'))#end{"statusCode": 200}"#;
        fixture(Options::default(), [live(posted(method(mock(&read.replace('N', &n.to_string()), ""))))])
    };
    let body = list("1", MIB / 4);
    assert_eq!(post(&times(10), body.clone()).await.status, 200);
    assert_eq!(post(&times(1_000), body).await.status, 500);
}

fn modelled(schema: &serde_json::Value) -> DeploymentSnapshot {
    let mut method = method(mock(r#"{"statusCode": 200}"#, ""));
    method.request_validator_id = Some("v1".into());
    method.request_models = strings(&[("application/json", "Rule")]);
    let mut api = posted(method);
    let validator = RequestValidator {
        id: "v1".into(),
        name: None,
        validate_request_body: true,
        validate_request_parameters: false,
    };
    api.request_validators.insert("v1".into(), validator);
    let model = Model {
        id: "model1".to_owned(),
        name: "Rule".to_owned(),
        description: None,
        schema: Some(schema.to_string()),
        content_type: "application/json".to_owned(),
    };
    api.models.insert("Rule".to_owned(), model);
    api
}

#[tokio::test]
async fn a_deep_body_breaks_a_model_that_refers_to_itself_at_once() {
    let kind = |kind: &str| {
        json!({"type": "object", "required": ["type"],
            "properties": {"child": {"$ref": "#/definitions/rule"}, "type": {"enum": [kind]}}})
    };
    let schema = json!({
        "definitions": {"rule": {"oneOf": [kind("and"), kind("or"), kind("not")]}}, "$ref": "#/definitions/rule",
    });
    let fixture = fixture(Options::default(), [live(modelled(&schema))]);
    let nested = |depth: usize, inner: &str| {
        format!("{}{inner}{}", r#"{"type":"and","child":"#.repeat(depth), "}".repeat(depth))
    };
    assert_eq!(post(&fixture, nested(100, r#"{"type":"not"}"#)).await.status, 200);
    let answer = post(&fixture, nested(100, r#"{"type":"none"}"#)).await;
    assert_eq!((answer.status, &*answer.body), (400, r#"{"message":"Invalid request body"}"#));
}
