//! Roles for the bearers of identity providers' tokens.

use super::*;

const POOL: &str = "us-east-1:12345678-dead-beef-cafe-123456790ab";

fn guest() -> WebIdentity {
    WebIdentity {
        provider: "cognito-identity.amazonaws.com".to_owned(),
        prefix: "cognito-identity.amazonaws.com".to_owned(),
        audience: POOL.to_owned(),
        subject: "us-east-1:identity".to_owned(),
        methods: vec!["authenticated".to_owned(), "login".to_owned()],
    }
}

/// The trust policy that Cognito's console writes.
fn trusting_pool(provider: &str, pool: &str, methods: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                      "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": methods}},
    }]})
}

#[tokio::test]
async fn bearers_of_tokens_get_roles_that_trust_them() {
    let cognito = "cognito-identity.amazonaws.com";
    for (name, trust, is_trusted) in [
        ("as the console writes it", trusting_pool(cognito, POOL, "authenticated"), true),
        ("by a login", trusting_pool(cognito, POOL, "log*"), true),
        ("another provider", trusting_pool("accounts.google.com", POOL, "authenticated"), false),
        ("another pool", trusting_pool(cognito, "us-east-1:other", "authenticated"), false),
        ("guests", trusting_pool(cognito, POOL, "unauthenticated"), false),
        ("the account", own(), false),
    ] {
        let world = World::new().await;
        world.role(trust, None).await;
        world.put("p", allow()).await;
        let role = WebRole {
            role_arn: ROLE.to_owned(),
            session_name: "CognitoIdentityCredentials".to_owned(),
            web: guest(),
            ..WebRole::default()
        };
        let elsewhere = WebRole { role_arn: format!("{ROLE}2"), ..role.clone() };
        let unknown =
            world.sessions.assume_role_with_web_identity(elsewhere, &mut Vec::new()).await.unwrap_err();
        match world.sessions.assume_role_with_web_identity(role, &mut Vec::new()).await {
            Ok(session) => {
                assert!(is_trusted, "{name}");
                let world = world.restart().await;
                let caller = world.verify(&session).unwrap();
                assert_eq!(caller.web_identity(), Some(&guest()), "{name}");
                assert_eq!(world.may(&caller).await, Decision::Allow);
            }
            Err(error) => {
                assert!(!is_trusted, "{name}");
                assert_eq!(error.to_string(), unknown.to_string());
            }
        }
    }
}

#[tokio::test]
async fn policies_see_the_token_and_session_policies_bound_it() {
    let world = World::new().await;
    world.role(trusting_pool("cognito-identity.amazonaws.com", POOL, "authenticated"), None).await;
    let sub = json!({"StringEquals": {"cognito-identity.amazonaws.com:sub": "us-east-1:identity"}});
    let statement =
        json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*", "Condition": sub});
    world.put("p", statement).await;
    for (policies, subject, expect) in [
        (vec![], "us-east-1:identity", Decision::Allow),
        (vec![], "us-east-1:other", Decision::ImplicitDeny),
        (vec!["polly:*"], "us-east-1:identity", Decision::ImplicitDeny),
        (vec!["polly:*", "execute-api:*"], "us-east-1:identity", Decision::Allow),
    ] {
        let policy =
            |action: &str| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
        let role = WebRole {
            role_arn: ROLE.to_owned(),
            session_name: "s".to_owned(),
            web: WebIdentity { subject: subject.to_owned(), ..guest() },
            policies: policies.iter().map(|action| policy(action).to_string()).collect(),
            ..WebRole::default()
        };
        let session = world.sessions.assume_role_with_web_identity(role, &mut Vec::new()).await.unwrap();
        assert_eq!(world.may(&session.caller).await, expect, "{policies:?} {subject}");
    }
}

#[tokio::test]
async fn what_a_token_says_of_the_session_needs_the_trust_policy_s_leave() {
    let provider = "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm";
    let web = WebIdentity {
        provider: provider.to_owned(),
        prefix: "login.example.com/realm".to_owned(),
        audience: "app".to_owned(),
        subject: "ann".to_owned(),
        methods: Vec::new(),
    };
    let said = SessionTags {
        tags: vec![("Team".to_owned(), "blue".to_owned())],
        transitive: vec!["Team".to_owned()],
        source_identity: Some("ann".to_owned()),
    };
    let all = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"];
    let condition = |key: &str, value: &str| json!({"StringEquals": {key: value}});
    for (actions, condition, is_trusted) in [
        (&all[..1], json!({}), false),
        (&all[..2], json!({}), false),
        (&all[..], json!({}), true),
        (&all[..], condition("login.example.com/realm:sub", "ann"), true),
        (&all[..], condition("login.example.com/realm:sub", "bob"), false),
        (&all[..], condition("aws:RequestTag/Team", "blue"), true),
        (&all[..], condition("aws:RequestTag/Team", "red"), false),
        (&all[..], condition("sts:RoleSessionName", "s"), true),
        (&all[..], condition("sts:SourceIdentity", "bob"), false),
    ] {
        let world = World::new().await;
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Federated": provider}, "Action": actions, "Condition": condition}]});
        world.role(trust, None).await;
        let tagged = json!({"Effect": "Allow", "Action": "*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "blue", "aws:SourceIdentity": "ann"}}});
        world.put("p", tagged).await;
        let role = WebRole {
            role_arn: ROLE.to_owned(),
            session_name: "s".to_owned(),
            web: web.clone(),
            said: said.clone(),
            ..WebRole::default()
        };
        match world.sessions.assume_role_with_web_identity(role, &mut Vec::new()).await {
            Ok(session) => {
                assert!(is_trusted, "{actions:?} {condition}");
                assert_eq!(world.may(&session.caller).await, Decision::Allow);
            }
            Err(error) => assert!(!is_trusted, "{actions:?} {condition}: {error}"),
        }
    }
}
