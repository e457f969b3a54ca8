//! Calls of services that this server doesn't have are refused with the service's name, in a form that their clients
//! can read.

use serde_json::Value;

use super::World;
use crate::connect::{Request, full};

/// The response to a call signed for `service`.
async fn answer(service: &str, request: http::Request<&str>) -> (u16, String, String) {
    let answer = World::new().await.send(service, request).await;
    (answer.status, answer.header("content-type").to_owned(), answer.body)
}

fn message(service: &str) -> String {
    format!(
        "The service {service} is not supported by this server. Integrations and tasks can call it where the settings \
         say where it is: [services.{service}] endpoint, or [services] default."
    )
}

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

#[tokio::test]
async fn json_services_are_named_in_json() {
    let target = |prefix: &str| {
        http::Request::post("/")
            .header("host", "localhost")
            .header("x-amz-target", format!("{prefix}.GetThing"))
    };
    for (service, prefix) in
        [("ssm", "AmazonSSM"), ("logs", "Logs_20140328"), ("dynamodb", "DynamoDB_20120810")]
    {
        let (status, media_type, body) = answer(service, target(prefix).body("{}").unwrap()).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, media_type.as_str()), (400, "application/x-amz-json-1.0"));
        assert_eq!(body["__type"], "com.amazon.coral.service#UnsupportedOperationException");
        assert_eq!(body["message"], message(service));
    }
    let unsigned = Request::from_parts(
        target("AWSCognitoIdentityService").body(()).unwrap().into_parts().0,
        full(bytes::Bytes::from_static(b"{}")),
    );
    let answer = World::new().await.send_as_it_is(unsigned).await;
    assert!(answer.body.contains(&message("cognito-identity")), "{}", answer.body);
}

#[tokio::test]
async fn services_with_forms_are_named_in_xml() {
    let request = http::Request::post("/").header("content-type", FORM);
    let body = "Action=DescribeStacks&Version=2010-05-15";
    let (status, media_type, answered) = answer("cloudformation", request.body(body).unwrap()).await;
    assert_eq!((status, media_type.as_str()), (400, "text/xml"));
    assert!(answered.contains("<Code>UnsupportedOperation</Code>"), "{answered}");
    assert!(answered.contains(&format!("<Message>{}</Message>", message("cloudformation"))), "{answered}");
    let request = http::Request::post("/").header("content-type", FORM);
    let (_, _, answered) = answer("ec2", request.body("Action=DescribeVpcs").unwrap()).await;
    assert!(answered.contains("<Response><Errors><Error><Code>UnsupportedOperation</Code>"), "{answered}");
}

#[tokio::test]
async fn services_with_paths_are_named_in_their_format() {
    let (status, media_type, body) =
        answer("s3", http::Request::put("/bucket/key?x-id=PutObject").body("data").unwrap()).await;
    assert_eq!((status, media_type.as_str()), (400, "text/xml"));
    assert!(body.contains("\n<Error><Code>UnsupportedOperation</Code><Message>The service s3 is"), "{body}");
    let (status, media_type, body) = answer("eks", http::Request::get("/clusters").body("").unwrap()).await;
    assert_eq!((status, media_type.as_str()), (400, "application/json"));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["message"], message("eks"));
    let (_, _, body) =
        answer("route53", http::Request::get("/2013-04-01/hostedzone").body("").unwrap()).await;
    assert!(body.contains("<ErrorResponse>") && body.contains(&message("route53")), "{body}");
    // HTTP APIs have the same service name in signatures as REST APIs.
    let (status, _, body) = answer("apigateway", http::Request::get("/v2/apis").body("").unwrap()).await;
    assert_eq!(
        (status, serde_json::from_str::<Value>(&body).unwrap()["message"].clone()),
        (400, message("apigatewayv2").into())
    );
}

#[tokio::test]
async fn no_name_is_repeated_that_is_none() {
    let request = http::Request::post("/")
        .header("host", "localhost")
        .header("x-amz-target", "<script>.Get")
        .body("{}")
        .unwrap();
    let parts = request.into_parts();
    let answer =
        World::new().await.send_as_it_is(Request::from_parts(parts.0, full(bytes::Bytes::new()))).await;
    assert!(!answer.body.contains("script"), "{}", answer.body);
    let long = "a".repeat(65);
    let (_, _, body) = answer_to_target(&long).await;
    assert!(!body.contains(&long), "{body}");
}

async fn answer_to_target(prefix: &str) -> (u16, String, String) {
    let request =
        http::Request::post("/").header("x-amz-target", format!("{prefix}.Get")).body("{}").unwrap();
    answer(prefix, request).await
}
