//! Role sessions as clients of the APIs see them: how they start, and what they may call.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::connect::{self, HttpClient};
use crate::gateway::{AwsCall, AwsOperation, CallAs};
use crate::id::{AccountRegion, Region};
use crate::identity::iam::RoleUse;
use crate::identity::{Caller, Credential, RoleSession, Secret, SessionTags};
use crate::wire::client::{AwsClient, Endpoints, ServiceEndpoints, json_output};
use crate::wire::harness::{Answer, World};

const ROLE: &str = "arn:aws:iam::123456789012:role/R";

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {xml}"));
    rest.split_once("</").unwrap().0
}

impl World {
    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) {
        let answer = self.act("iam", action, parameters).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.body);
    }

    async fn act(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.form(service, &form(action, parameters)).await
    }

    /// Creates the role `R`, which the account may assume, with a policy of these statements.
    async fn role(&self, statements: &str) {
        let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
            "Principal":{"AWS":"123456789012","Service":"states.amazonaws.com"}}}"#;
        self.iam("CreateRole", &[("RoleName", "R"), ("AssumeRolePolicyDocument", trust)]).await;
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let policy = [("RoleName", "R"), ("PolicyName", "p"), ("PolicyDocument", document.as_str())];
        self.iam("PutRolePolicy", &policy).await;
    }

    async fn assume(&self, more: &[(&str, &str)]) -> Answer {
        let parameters = [&[("RoleArn", ROLE), ("RoleSessionName", "me")], more].concat();
        self.act("sts", "AssumeRole", &parameters).await
    }

    /// Starts a session and returns its credential.
    async fn session(&self, more: &[(&str, &str)]) -> Credential {
        let answer = self.assume(more).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        credential(&self.credential, &answer.body)
    }

    async fn states_as(&self, credential: &Credential, operation: &str, body: &str) -> (u16, Value) {
        let target = format!("AWSStepFunctions.{operation}");
        let request = http::Request::post("/").header("x-amz-target", target).body(body).unwrap();
        let answer = self.send_as(credential, "states", request).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }
}

fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
    format!("Action={action}&Version=2011-06-15{}", pairs.collect::<String>())
}

fn credential(own: &Credential, xml: &str) -> Credential {
    let mut credential = own.clone();
    credential.caller.access_key_id = Some(element(xml, "AccessKeyId").into());
    credential.secret = Secret::new(element(xml, "SecretAccessKey"));
    credential.session_token = Some(Secret::new(element(xml, "SessionToken")));
    credential
}

fn denied(action: &str, resource: &str) -> String {
    format!(
        "User: arn:aws:sts::123456789012:assumed-role/R/me is not authorized to perform: {action} on resource: \
         {resource} because no identity-based policy allows the {action} action"
    )
}

#[tokio::test]
async fn a_role_is_assumed_and_answers_for_itself() {
    let world = World::new().await;
    world.role("").await;
    let answer = world.assume(&[("DurationSeconds", "900")]).await;
    assert_eq!(element(&answer.body, "Arn"), "arn:aws:sts::123456789012:assumed-role/R/me");
    assert!(element(&answer.body, "AssumedRoleId").ends_with(":me"));
    assert!(!answer.body.contains("PackedPolicySize"));
    let expires = Timestamp::parse_rfc3339(element(&answer.body, "Expiration")).unwrap();
    assert_eq!(expires, Timestamp::from_millis(1_700_000_900_000));
    // GetCallerIdentity needs no permission.
    let session = credential(&world.credential, &answer.body);
    let media_type = "application/x-www-form-urlencoded";
    let identity = form("GetCallerIdentity", &[]);
    let request =
        http::Request::post("/").header("content-type", media_type).body(identity.as_str()).unwrap();
    let answer = world.send_as(&session, "sts", request).await;
    assert_eq!(element(&answer.body, "Arn"), "arn:aws:sts::123456789012:assumed-role/R/me");
    assert!(element(&answer.body, "UserId").starts_with("AROA"));
    // With a policy, the response says how much of the allowed size it takes.
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    assert_eq!(element(&world.assume(&[("Policy", policy)]).await.body, "PackedPolicySize"), "2");
}

#[tokio::test]
async fn who_may_not_assume_a_role_is_told_so() {
    let world = World::new().await;
    world.role("").await;
    let other = "arn:aws:iam::123456789012:role/Other";
    for (parameters, status, code, message) in [
        (
            &[("RoleArn", other)][..],
            403,
            "AccessDenied",
            "User: arn:aws:iam::123456789012:root is not authorized to perform: sts:AssumeRole on resource: \
             arn:aws:iam::123456789012:role/Other",
        ),
        (
            &[("RoleArn", "arn:aws:iam::123456789012:user/R")],
            400,
            "ValidationError",
            "arn:aws:iam::123456789012:user/R is invalid",
        ),
        (
            &[("DurationSeconds", "3601")],
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (&[("DurationSeconds", "899")], 400, "ValidationError", "1 validation error detected"),
        (&[("RoleSessionName", "a b")], 400, "ValidationError", "1 validation error detected"),
        (&[("Policy", "{")], 400, "MalformedPolicyDocument", "Syntax errors in policy"),
        (
            &[("PolicyArns.member.1.arn", "arn:aws:iam::123456789012:policy/p")],
            404,
            "NoSuchEntity",
            "Policy arn:aws",
        ),
        (
            &[("SourceIdentity", "me")],
            403,
            "AccessDenied",
            "User: arn:aws:iam::123456789012:root is not authorized to perform: sts:SetSourceIdentity on resource: \
             arn:aws:iam::123456789012:role/R",
        ),
        (
            &[("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")],
            403,
            "AccessDenied",
            "User: arn:aws:iam::123456789012:root is not authorized to perform: sts:TagSession on resource: \
             arn:aws:iam::123456789012:role/R",
        ),
        (
            &[("TransitiveTagKeys.member.1", "a")],
            400,
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (&[("TokenCode", "123456")], 400, "ValidationError", "TokenCode is not supported by this server."),
    ] {
        let answer = world.assume_with(parameters).await;
        assert_eq!(
            (answer.status, element(&answer.body, "Code")),
            (status, code),
            "{parameters:?}: {}",
            answer.body
        );
        assert!(element(&answer.body, "Message").starts_with(message), "{parameters:?}: {}", answer.body);
    }
}

impl World {
    /// The usual request, with some parameters replaced.
    async fn assume_with(&self, parameters: &[(&str, &str)]) -> Answer {
        let usual = [("RoleArn", ROLE), ("RoleSessionName", "me")];
        let usual = usual.iter().filter(|(name, _)| !parameters.iter().any(|(other, _)| other == name));
        let all: Vec<_> = usual.chain(parameters).copied().collect();
        self.act("sts", "AssumeRole", &all).await
    }
}

#[tokio::test]
async fn a_session_calls_what_its_role_may_in_every_protocol() {
    let world = World::new().await;
    let hello = "arn:aws:states:eu-central-1:123456789012:stateMachine:Hello";
    world
        .role(&format!(
            r#"{{"Effect":"Allow","Action":"states:List*","Resource":"*"}},
            {{"Effect":"Allow","Action":"states:DescribeStateMachine","Resource":"{hello}"}},
            {{"Effect":"Allow","Action":"apigateway:GET","Resource":"arn:aws:apigateway:*::/restapis"}},
            {{"Effect":"Allow","Action":"iam:GetRole","Resource":"{ROLE}"}},
            {{"Effect":"Deny","Action":"states:ListActivities","Resource":"*",
              "Condition":{{"StringEquals":{{"aws:RequestedRegion":"eu-central-1"}}}}}}"#
        ))
        .await;
    let session = world.session(&[]).await;

    assert_eq!(world.states_as(&session, "ListStateMachines", "{}").await.0, 200);
    let about = |arn: &str| format!(r#"{{"stateMachineArn":"{arn}"}}"#);
    let (_, said) = world.states_as(&session, "DescribeStateMachine", &about(hello)).await;
    assert_eq!(said["__type"], "com.amazonaws.swf.service.v2.model#StateMachineDoesNotExist");
    let other = "arn:aws:states:eu-central-1:123456789012:stateMachine:Other";
    let refused = |said: &Value| {
        (said["__type"].as_str().unwrap().to_owned(), said["message"].as_str().unwrap().to_owned())
    };
    let kind = "com.amazon.coral.service#AccessDeniedException".to_owned();
    let (status, said) = world.states_as(&session, "StartExecution", &about(other)).await;
    assert_eq!((status, refused(&said)), (400, (kind.clone(), denied("states:StartExecution", other))));
    let (_, said) = world.states_as(&session, "DescribeStateMachine", &about(other)).await;
    assert_eq!(refused(&said), (kind.clone(), denied("states:DescribeStateMachine", other)));
    let (_, said) = world.states_as(&session, "ListActivities", "{}").await;
    let explicit = "User: arn:aws:sts::123456789012:assumed-role/R/me is not authorized to perform: \
        states:ListActivities on resource: * with an explicit deny in an identity-based policy";
    assert_eq!(refused(&said), (kind, explicit.to_owned()));

    let get = |path: &str| http::Request::get(path).body("").unwrap();
    assert_eq!(world.send_as(&session, "apigateway", get("/restapis?limit=1")).await.status, 200);
    let answer = world.send_as(&session, "apigateway", get("/restapis/abc")).await;
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, "AccessDeniedException"));
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["message"], denied("apigateway:GET", "arn:aws:apigateway:eu-central-1::/restapis/abc"));

    for (action, role, status) in [("GetRole", "R", 200), ("GetRole", "S", 403), ("DeleteRole", "R", 403)] {
        let body = form(action, &[("RoleName", role)]);
        let request = http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        let answer = world.send_as(&session, "iam", request.body(body.as_str()).unwrap()).await;
        assert_eq!(answer.status, status, "{action} {role}: {}", answer.body);
        if status == 403 {
            let expect = denied(&format!("iam:{action}"), &format!("arn:aws:iam::123456789012:role/{role}"));
            assert_eq!(element(&answer.body, "Code"), "AccessDenied");
            assert_eq!(element(&answer.body, "Message"), expect);
        }
    }
}

#[tokio::test]
async fn a_session_policy_narrows_and_a_role_that_is_passed_needs_leave() {
    let world = World::new().await;
    world.role(r#"{"Effect":"Allow","Action":"states:*","Resource":"*"}"#).await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"states:ListActivities","Resource":"*"}}"#;
    let narrow = world.session(&[("Policy", policy)]).await;
    assert_eq!(world.states_as(&narrow, "ListActivities", "{}").await.0, 200);
    assert_eq!(world.states_as(&narrow, "ListStateMachines", "{}").await.0, 400);

    let session = world.session(&[]).await;
    let definition = r#"{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Succeed\"}}}"#;
    let machine = format!(r#"{{"name":"M","definition":"{definition}","roleArn":"{ROLE}"}}"#);
    let (_, said) = world.states_as(&session, "CreateStateMachine", &machine).await;
    assert_eq!(said["message"], denied("iam:PassRole", ROLE));
    let leave = r#"{"Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}}"#;
    world.iam("PutRolePolicy", &[("RoleName", "R"), ("PolicyName", "q"), ("PolicyDocument", leave)]).await;
    assert_eq!(world.states_as(&session, "CreateStateMachine", &machine).await.0, 200);
}

#[tokio::test]
async fn the_tags_of_a_resource_decide() {
    let world = World::new().await;
    let tagged = r#""Condition":{"StringEquals":{"aws:ResourceTag/Team":"blue"}}"#;
    world
        .role(&format!(
            r#"{{"Effect":"Allow","Action":["states:*","apigateway:*","iam:TagRole"],"Resource":"*",{tagged}}},
               {{"Effect":"Allow","Action":"iam:UntagRole","Resource":"*",
                 "Condition":{{"StringEquals":{{"iam:ResourceTag/Team":"blue"}}}}}}"#
        ))
        .await;
    let session = world.session(&[]).await;
    for (name, team) in [("Blue", "blue"), ("Red", "red")] {
        let body = format!(r#"{{"name":"{name}","tags":[{{"key":"Team","value":"{team}"}}]}}"#);
        assert_eq!(world.states("CreateActivity", &body).await.status, 200);
    }
    let about = |name: &str| {
        format!(r#"{{"activityArn":"arn:aws:states:eu-central-1:123456789012:activity:{name}"}}"#)
    };
    assert_eq!(world.states_as(&session, "DescribeActivity", &about("Blue")).await.0, 200);
    for name in ["Red", "None"] {
        let (status, said) = world.states_as(&session, "DescribeActivity", &about(name)).await;
        assert_eq!(status, 400);
        let message = said["message"].as_str().unwrap();
        assert!(message.contains("is not authorized to perform: states:DescribeActivity"), "{message}");
    }
    // A change of tags is seen at once.
    let arn = "arn:aws:states:eu-central-1:123456789012:activity:Red";
    let tag = format!(r#"{{"resourceArn":"{arn}","tags":[{{"key":"Team","value":"blue"}}]}}"#);
    assert_eq!(world.states("TagResource", &tag).await.status, 200);
    assert_eq!(world.states_as(&session, "DescribeActivity", &about("Red")).await.0, 200);

    // What is within an API has the API's tags.
    let mut ids = Vec::new();
    for team in ["blue", "red"] {
        let body = format!(r#"{{"name":"{team}","tags":{{"Team":"{team}"}}}}"#);
        let request = http::Request::post("/restapis").header("content-type", "application/json");
        let made = world.send("apigateway", request.body(body.as_str()).unwrap()).await;
        ids.push(serde_json::from_str::<Value>(&made.body).unwrap()["id"].as_str().unwrap().to_owned());
    }
    for (id, status) in [(&ids[0], 200), (&ids[1], 403)] {
        for path in [format!("/restapis/{id}"), format!("/restapis/{id}/resources")] {
            let request = http::Request::get(&path).body("").unwrap();
            assert_eq!(world.send_as(&session, "apigateway", request).await.status, status, "{path}");
        }
    }
    // Roles too, under both names of the key.
    world
        .iam("TagRole", &[("RoleName", "R"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")])
        .await;
    for (action, more, status) in [
        ("TagRole", [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")].as_slice(), 200),
        ("UntagRole", &[("TagKeys.member.1", "Team")], 200),
        ("TagRole", &[("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")], 403),
        ("UntagRole", &[("TagKeys.member.1", "a")], 403),
    ] {
        let body = form(action, &[&[("RoleName", "R")], more].concat());
        let request = http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        let answer = world.send_as(&session, "iam", request.body(body.as_str()).unwrap()).await;
        assert_eq!(answer.status, status, "{action}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_guest_of_the_account_may_do_what_it_is_given() {
    let world = World::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"states:ListActivities","Resource":"*"}}"#;
    let answer = world.act("sts", "GetFederationToken", &[("Name", "guest"), ("Policy", policy)]).await;
    let body = &answer.body;
    assert_eq!(element(body, "Arn"), "arn:aws:sts::123456789012:federated-user/guest", "{body}");
    assert_eq!(element(body, "FederatedUserId"), "123456789012:guest");
    let guest = credential(&world.credential, body);
    assert_eq!(world.states_as(&guest, "ListActivities", "{}").await.0, 200);
    let (status, said) = world.states_as(&guest, "ListStateMachines", "{}").await;
    assert_eq!(status, 400);
    let user = "User: arn:aws:sts::123456789012:federated-user/guest is not authorized to perform: \
                states:ListStateMachines on resource: *";
    assert!(said["message"].as_str().unwrap().starts_with(user), "{said}");
    let request = http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let body = form("GetFederationToken", &[("Name", "other")]);
    let answer = world.send_as(&guest, "sts", request.body(body.as_str()).unwrap()).await;
    assert_eq!((answer.status, element(&answer.body, "Code")), (403, "AccessDenied"));
    let answer = world.act("sts", "DecodeAuthorizationMessage", &[("EncodedMessage", "x")]).await;
    assert_eq!(element(&answer.body, "Code"), "UnsupportedOperation");
}

#[tokio::test]
async fn an_account_s_session_is_the_account() {
    let world = World::new().await;
    let answer = world.act("sts", "GetSessionToken", &[("DurationSeconds", "900")]).await;
    let session = credential(&world.credential, &answer.body);
    assert_eq!(world.states_as(&session, "ListStateMachines", "{}").await.0, 200);
    let request = http::Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let body = form("GetSessionToken", &[]);
    let answer = world.send_as(&session, "sts", request.body(body.as_str()).unwrap()).await;
    assert_eq!((answer.status, element(&answer.body, "Code")), (403, "AccessDenied"));
}

/// What the last process did not get to goes on while the server starts, and some of it calls services.
#[tokio::test]
async fn calls_that_come_before_the_services_wait_for_them() {
    let world = World::new().await;
    world.role(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#).await;
    let account = world.credential.caller.account.clone();
    let settings = ServiceEndpoints::default();
    let endpoints = Endpoints::new(&settings, Some(&world.credential), &account).unwrap();
    let client = AwsClient::new(endpoints, HttpClient::new(connect::Options::default()), world.clock.clone());
    let home = AccountRegion { account, region: Region::parse("us-east-1").unwrap() };
    let role = RoleUse {
        role_arn: "arn:aws:iam::123456789012:role/elsewhere".into(),
        service: "states.amazonaws.com",
        session: "s".to_owned(),
        source_arn: None,
        task_role: None,
    };
    let mut early = Box::pin(client.assume(&role, &home));
    assert!(tokio::time::timeout(Duration::ZERO, &mut early).await.is_err());
    let api = Arc::new(world.api.clone());
    client.serve_with(Arc::downgrade(&api));
    early.await.unwrap();
    // A server that is gone is not waited for.
    drop(api);
    assert!(client.assume(&role, &home).await.is_err());
}

/// Wherever the call goes, in whatever form: permissions are checked in one place.
#[tokio::test]
async fn calls_from_inside_need_the_caller_s_permission() {
    let world = World::new().await;
    world
        .role(r#"{"Effect":"Allow","Action":["states:ListStateMachines","kms:ListKeys"],"Resource":"*"}"#)
        .await;
    let role = world.act("iam", "GetRole", &[("RoleName", "R")]).await;
    let session = RoleSession {
        service: None,
        web: None,
        tags: SessionTags::default(),
        role_name: "R".into(),
        role_id: element(&role.body, "RoleId").into(),
        role_arn: ROLE.into(),
        issued: Timestamp::from_millis(0),
        policies: None,
    };
    let account = world.credential.caller.account.clone();
    let caller = Caller::session(account.clone(), session, "me");
    // Nobody listens there: whoever may call is told so.
    let settings = r#"{"kms": {"endpoint": "http://127.0.0.1:1"}}"#;
    let settings: ServiceEndpoints = serde_json::from_str(settings).unwrap();
    let endpoints = Endpoints::new(&settings, Some(&world.credential), &account).unwrap();
    let client = AwsClient::new(endpoints, HttpClient::new(connect::Options::default()), world.clock.clone());
    let api = Arc::new(world.api.clone());
    client.serve_with(Arc::downgrade(&api));
    let target = |name: &str| {
        let target = HeaderValue::try_from(format!("AWSStepFunctions.{name}")).unwrap();
        (
            AwsOperation::Path("/".to_owned()),
            HeaderMap::from_iter([(HeaderName::from_static("x-amz-target"), target)]),
        )
    };
    let action = |name: &str| (AwsOperation::Action(name.to_owned()), HeaderMap::new());
    let json = |name: &str| (AwsOperation::Json(name.to_owned()), HeaderMap::new());
    for (service, (operation, headers), expect) in [
        ("states", action("ListStateMachines"), "200"),
        ("states", json("ListStateMachines"), "200"),
        ("states", target("ListStateMachines"), "200"),
        ("states", action("ListActivities"), "AccessDeniedException"),
        ("states", json("ListActivities"), "AccessDeniedException"),
        ("states", target("ListActivities"), "AccessDeniedException"),
        ("iam", json("ListRoles"), "AccessDeniedException"),
        ("kms", action("ListKeys"), "no connection"),
        ("kms", json("ListKeys"), "no connection"),
        ("kms", action("ListAliases"), "AccessDeniedException"),
        ("kms", json("ListAliases"), "AccessDeniedException"),
        ("kms", (AwsOperation::Path("/x".to_owned()), HeaderMap::new()), "AccessDeniedException"),
    ] {
        let shown = format!("{service} {operation:?}");
        let call = AwsCall {
            owner: AccountRegion { account: account.clone(), region: Region::parse("us-east-1").unwrap() },
            service: service.to_owned(),
            region: "us-east-1".to_owned(),
            operation,
            method: Method::POST,
            call_as: CallAs::Caller(Box::new(caller.clone())),
            source_arn: None,
            headers,
            query: Vec::new(),
            body: "{}".into(),
            timeout: Duration::from_secs(5),
        };
        let told = match client.send(call).await {
            Ok(response) => match json_output(&response) {
                Ok(_) => response.status.as_str().to_owned(),
                Err(error) => error.code,
            },
            Err(error) => error.to_string(),
        };
        assert_eq!(told, expect, "{shown}");
    }
}
