//! Requests as clients send them, and responses as clients read them.

mod bodies;
mod encryption;
mod homes;
mod sessions;
mod stores;
mod unserved;

use serde_json::{Value, json};

use super::coverage::least;
use super::harness::{SERVICES, World};
use super::{Code, Handler};
use crate::connect::full;
use crate::id::Region;

#[tokio::test]
async fn aws_json_answers_carry_type_and_request_id() {
    let world = World::new().await;
    let answer = world.states("NoSuchThing", "{}").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    assert_eq!(answer.header("x-amzn-errortype"), "UnknownOperationException");
    assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    assert_eq!(answer.body, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#);

    let answer = world.states("StartExecution", "{}").await;
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["__type"], "com.amazon.coral.validate#ValidationException");
    assert_eq!(
        body["message"],
        "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: Member must \
         not be null"
    );
    let answer = world.states("StartExecution", "{not json").await;
    assert_eq!(answer.header("x-amzn-errortype"), "SerializationException");
}

#[tokio::test]
async fn rest_json_errors_carry_their_type_in_a_header() {
    let world = World::new().await;
    let request = http::Request::get("/restapis/nope").body("").unwrap();
    let answer = world.send("apigateway", request).await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (404, "NotFoundException"));
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.body.starts_with(r#"{"message":"Invalid API identifier specified 123456789012:nope"#));

    let request = http::Request::post("/restapis").body(r#"{"name":"pets"}"#).unwrap();
    let answer = world.send("apigateway", request).await;
    assert_eq!(answer.status, 201);
    let request = http::Request::get("/no/such/path").body("").unwrap();
    assert_eq!(
        world.send("apigateway", request).await.header("x-amzn-errortype"),
        "UnknownOperationException"
    );
}

#[tokio::test]
async fn labels_are_decoded_after_the_path_is_split() {
    let world = World::new().await;
    let request = http::Request::post("/restapis").body(r#"{"name":"pets","tags":{"a":"b"}}"#).unwrap();
    let made: Value = serde_json::from_str(&world.send("apigateway", request).await.body).unwrap();
    let id = made["id"].as_str().unwrap();
    let uri = format!("/tags/arn%3Aaws%3Aapigateway%3Aeu-central-1%3A%3A%2Frestapis%2F{id}");
    let request = http::Request::get(uri).header("accept", "application/json").body("").unwrap();
    let answer = world.send("apigateway", request).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"tags":{"a":"b"}}"#));
}

#[tokio::test]
async fn who_does_not_ask_for_json_is_answered_in_hal() {
    let world = World::new().await;
    let request = http::Request::post("/restapis").body(r#"{"name":"pets"}"#).unwrap();
    let answer = world.send("apigateway", request).await;
    assert_eq!((answer.status, answer.header("content-type")), (201, "application/hal+json"));
    let made: Value = serde_json::from_str(&answer.body).unwrap();
    let uri = made["_links"]["self"]["href"].as_str().unwrap();
    assert_eq!(uri, format!("/restapis/{}", made["id"].as_str().unwrap()));
    let get = |uri: &str, accept: &str| http::Request::get(uri).header("accept", accept).body("").unwrap();
    let listed = world.send("apigateway", get("/restapis?limit=1", "*/*")).await;
    let listed: Value = serde_json::from_str(&listed.body).unwrap();
    assert_eq!(listed["_embedded"]["item"]["_links"]["self"]["href"], uri);
    let answer = world.send("apigateway", get(uri, "application/json")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.body.contains("_links"), "{}", answer.body);
    let missing = world.send("apigateway", get("/restapis/no", "application/hal+json")).await;
    assert_eq!((missing.status, missing.header("content-type")), (404, "application/json"));
}

#[tokio::test]
async fn unsigned_requests_are_refused_in_each_protocol() {
    let world = World::new().await;
    let send =
        async |request: http::request::Builder| world.send_as_it_is(request.body(full("")).unwrap()).await;
    let answer =
        send(http::Request::post("/").header("x-amz-target", "AWSStepFunctions.ListActivities")).await;
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (400, "MissingAuthenticationTokenException")
    );
    let answer = send(http::Request::get("/restapis")).await;
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (403, "MissingAuthenticationTokenException")
    );
    let form = http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let answer = send(form).await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, "MissingAuthenticationToken"));
    assert!(answer.body.contains("<Code>MissingAuthenticationToken</Code>"), "{}", answer.body);
}

#[tokio::test]
async fn signatures_for_another_service_are_refused() {
    let world = World::new().await;
    let request = http::Request::post("/").header("x-amz-target", "AWSStepFunctions.ListActivities");
    let answer = world.send("iam", request.body("{}").unwrap()).await;
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["__type"], "com.amazon.coral.service#InvalidSignatureException");
    assert_eq!(body["message"], "Credential should be scoped to correct service: 'states'. ");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let world = World::new().await;
    let body = format!(r#"{{"name":"{}"}}"#, "a".repeat(1_048_576));
    let answer = world.states("CreateActivity", &body).await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (413, "RequestEntityTooLargeException"));
}

#[tokio::test]
async fn roles_live_and_die() {
    let world = World::new().await;
    let trust = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
    let create = format!(
        "Action=CreateRole&Version=2010-05-08&RoleName=worker&AssumeRolePolicyDocument={trust}&Tags.member.1.Key=a&\
         Tags.member.1.Value=b+c"
    );
    let answer = world.form("iam", &create).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/xml"));
    assert!(answer.body.starts_with(
        "<CreateRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n<CreateRoleResult><Role>\
         <Path>/</Path><RoleName>worker</RoleName><RoleId>AROA"
    ));
    assert!(answer.body.contains("<Arn>arn:aws:iam::123456789012:role/worker</Arn>"));
    assert!(answer.body.contains(&format!("<AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument>")));
    assert!(answer.body.contains("<Tags><member><Key>a</Key><Value>b c</Value></member></Tags>"));
    let answer = world.form("iam", &create.replace("=worker", "=Worker")).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains(
        "<Type>Sender</Type><Code>EntityAlreadyExists</Code><Message>Role with name Worker already \
         exists.</Message>"
    ));

    let steps = [
        ("PutRolePolicy&PolicyName=p&PolicyDocument={", "MalformedPolicyDocument"),
        ("PutRolePolicy&PolicyName=p&PolicyDocument={\"Statement\":[]}", "ok"),
        ("GetRolePolicy&PolicyName=q", "NoSuchEntity"),
        ("GetRolePolicy&PolicyName=p", "<PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument>"),
        ("ListRolePolicies", "<PolicyNames><member>p</member></PolicyNames>"),
        (
            "AttachRolePolicy&PolicyArn=arn:aws:iam::123456789012:policy/none",
            "does not exist or is not attachable",
        ),
        ("AttachRolePolicy&PolicyArn=arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess", "ok"),
        ("ListAttachedRolePolicies", "<PolicyName>AWSStepFunctionsFullAccess</PolicyName>"),
        ("DeleteRole", "Cannot delete entity, must detach all policies first."),
        ("DetachRolePolicy&PolicyArn=arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess", "ok"),
        ("DetachRolePolicy&PolicyArn=arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess", "was not found"),
        ("DeleteRole", "Cannot delete entity, must delete policies first."),
        ("DeleteRolePolicy&PolicyName=p", "ok"),
        ("UntagRole&TagKeys.member.1=a", "ok"),
        ("ListRoleTags", "<Tags></Tags><IsTruncated>false</IsTruncated>"),
        ("ListInstanceProfilesForRole", "<InstanceProfiles></InstanceProfiles>"),
        ("UpdateAssumeRolePolicy&PolicyDocument=[]", "Syntax errors in policy."),
        ("DeleteRole", "ok"),
        ("GetRole", "The role with name worker cannot be found."),
    ];
    for (call, expect) in steps {
        let answer = world.form("iam", &format!("Action={call}&RoleName=worker")).await;
        match expect {
            "ok" => assert_eq!(answer.status, 200, "{call}: {}", answer.body),
            expect => assert!(answer.body.contains(expect), "{call}: {}", answer.body),
        }
    }
}

#[tokio::test]
async fn policies_are_the_accounts_or_of_aws() {
    let world = World::new().await;
    let steps = [
        (
            "CreatePolicy&PolicyName=p&PolicyDocument={\"Statement\":[]}",
            "<Arn>arn:aws:iam::123456789012:policy/p</Arn>",
        ),
        ("CreatePolicy&PolicyName=P&PolicyDocument={\"Statement\":[]}", "Duplicate names are not allowed."),
        ("GetPolicy&PolicyArn=arn:aws:iam::123456789012:policy/p", "<AttachmentCount>0</AttachmentCount>"),
        (
            "GetPolicy&PolicyArn=arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
            "<Path>/service-role/</Path>",
        ),
        ("GetPolicy&PolicyArn=arn:aws:iam::123456789012:policy/q", "<Code>NoSuchEntity</Code>"),
        ("DeletePolicy&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess", "<Code>AccessDenied</Code>"),
        ("DeletePolicy&PolicyArn=arn:aws:iam::123456789012:policy/p", "<DeletePolicyResponse"),
        ("DeletePolicy&PolicyArn=arn:aws:iam::123456789012:policy/p", "<Code>NoSuchEntity</Code>"),
    ];
    for (call, expect) in steps {
        let answer = world.form("iam", &format!("Action={call}")).await;
        assert!(answer.body.contains(expect), "{call}: {}", answer.body);
    }
}

#[tokio::test]
async fn roles_are_listed_in_pages() {
    let world = World::new().await;
    for name in ["c", "a", "b"] {
        let create = format!(
            "Action=CreateRole&RoleName={name}&Path=/team/&AssumeRolePolicyDocument={{\"Statement\":[]}}"
        );
        world.form("iam", &create).await;
    }
    let answer = world.form("iam", "Action=ListRoles&MaxItems=2&PathPrefix=/team").await;
    assert!(answer.body.contains("<IsTruncated>true</IsTruncated><Marker>b</Marker>"), "{}", answer.body);
    let answer = world.form("iam", "Action=ListRoles&MaxItems=2&Marker=b").await;
    assert_eq!(answer.body.matches("<RoleName>").count(), 1);
    assert!(answer.body.contains("<RoleName>c</RoleName>") && !answer.body.contains("<Marker>"));
    let answer = world.form("iam", "Action=ListRoles&PathPrefix=/other/").await;
    assert!(answer.body.contains("<Roles></Roles>"));
}

#[tokio::test]
async fn callers_learn_who_they_are() {
    let world = World::new().await;
    let answer = world.form("sts", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(answer.body.contains(
        "<GetCallerIdentityResult><UserId>123456789012</UserId><Account>123456789012</Account>\
         <Arn>arn:aws:iam::123456789012:root</Arn></GetCallerIdentityResult>"
    ));
    let answer = world.form("sts", "Action=Nothing&Version=2011-06-15").await;
    assert!(answer.body.contains("<Code>InvalidAction</Code>"));
    assert!(answer.body.contains("Could not find operation Nothing for version 2011-06-15"));
}

#[tokio::test]
async fn rows_without_handler_say_so_and_others_take_their_own_shape() {
    let world = World::new().await;
    for operation in SERVICES.iter().flat_map(|service| service.operations) {
        let input = json!(least(operation.input)).to_string();
        let region = Region::parse("us-east-1").unwrap();
        let call = world.api.invoke(operation.service, operation.name, input.into(), world.caller(), region);
        // A call that waits has been accepted.
        let answer = tokio::time::timeout(std::time::Duration::from_millis(20), call).await;
        let code = answer.ok().and_then(|answer| answer.err().map(|error| error.code));
        let is_refused = code == Some(Code::UnsupportedOperation);
        assert_eq!(is_refused, matches!(operation.handler, Handler::Unsupported), "{}", operation.name);
        assert_ne!(code, Some(Code::InternalFailure), "{}", operation.name);
    }
}

#[tokio::test]
async fn definitions_are_validated_without_being_kept() {
    let world = World::new().await;
    let answer = world.states("ValidateStateMachineDefinition", r#"{"definition":"{}"}"#).await;
    assert_eq!(
        answer.body,
        r#"{"result":"FAIL","diagnostics":[{"severity":"ERROR","code":"SCHEMA_VALIDATION_FAILED","message":"These fields are required: [States, StartAt]","location":"/"}],"truncated":false}"#
    );
    let good = json!({"definition": r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#}).to_string();
    let answer = world.states("ValidateStateMachineDefinition", &good).await;
    assert_eq!(answer.body, r#"{"result":"OK","diagnostics":[],"truncated":false}"#);
    let twice = json!({"definition": r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}"#, "maxResults": 1});
    let answer = world.states("ValidateStateMachineDefinition", &twice.to_string()).await;
    assert!(answer.body.ends_with(r#""truncated":true}"#), "{}", answer.body);
    assert!(answer.body.contains("Missing 'Next' target: B"), "{}", answer.body);
}
