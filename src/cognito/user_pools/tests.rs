//! User pools, as owners and apps see them.

mod people;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::srp::tests::Client;
use crate::cognito::harness::{Answer, World};

fn name_of(answer: &Answer) -> &str {
    answer.as_ref().unwrap_err().0.as_str()
}

fn text_of(answer: &Answer) -> &str {
    answer.as_ref().unwrap_err().1.as_str()
}

fn with(base: Value, more: Value) -> Value {
    let mut base = base;
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

/// A pool and its app.
struct Fixture {
    world: World,
    pool: String,
    client: String,
}

const FLOWS: [&str; 4] = [
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
];

impl Fixture {
    async fn new(pool: Value, client: Value) -> Self {
        let world = World::new().await;
        let made = world.owner("CreateUserPool", with(json!({"PoolName": "people"}), pool)).await.unwrap();
        let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        let client =
            with(json!({"UserPoolId": pool, "ClientName": "app", "ExplicitAuthFlows": FLOWS}), client);
        let made = world.owner("CreateUserPoolClient", client).await.unwrap();
        let client = made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
        Self { world, pool, client }
    }

    async fn app(&self, operation: &str, input: Value) -> Answer {
        self.world.app(operation, with(json!({"ClientId": self.client}), input)).await
    }

    async fn owner(&self, operation: &str, input: Value) -> Answer {
        self.world.owner(operation, with(json!({"UserPoolId": self.pool}), input)).await
    }

    /// A user with a password that is good.
    async fn user(&self, name: &str, password: &str, attributes: Value) {
        let made = json!({"Username": name, "MessageAction": "SUPPRESS", "UserAttributes": attributes});
        self.owner("AdminCreateUser", made).await.unwrap();
        let set = json!({"Username": name, "Password": password, "Permanent": true});
        self.owner("AdminSetUserPassword", set).await.unwrap();
    }

    async fn password(&self, name: &str, password: &str) -> Answer {
        let parameters = json!({"USERNAME": name, "PASSWORD": password});
        self.app("InitiateAuth", json!({"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}))
            .await
    }

    async fn srp(&self, name: &str, password: &str) -> Answer {
        let client = Client::new(77);
        let parameters = json!({"USERNAME": name, "SRP_A": client.number});
        let asked = self
            .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
            .await?;
        assert_eq!(asked["ChallengeName"], "PASSWORD_VERIFIER");
        let challenge = &asked["ChallengeParameters"];
        let text = |name: &str| challenge[name].as_str().unwrap();
        let (user, pool) = (text("USER_ID_FOR_SRP"), self.pool.split_once('_').unwrap().1);
        let key = client.key(pool, user, password, text("SALT"), text("SRP_B"));
        let time = "Tue Nov 14 22:13:20 UTC 2023";
        let blob = STANDARD.decode(text("SECRET_BLOCK")).unwrap();
        let claim = Client::claim(&key, pool, user, &blob, time);
        let responses = json!({"USERNAME": user, "TIMESTAMP": time, "PASSWORD_CLAIM_SECRET_BLOCK": text("SECRET_BLOCK"),
            "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(claim)});
        let input = json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses});
        self.app("RespondToAuthChallenge", input).await
    }

    /// The claims of a token of the pool.
    async fn claims(&self, token: &Value) -> Value {
        let keys = self.world.cognito.keys(&self.pool).await.unwrap().unwrap();
        Value::Object(keys.set.claims(token.as_str().unwrap()).unwrap())
    }
}

#[tokio::test]
async fn pools_and_clients_are_kept() {
    let policy = json!({"Policies": {"PasswordPolicy": {"MinimumLength": 6}}, "AutoVerifiedAttributes": ["email"],
        "Schema": [{"Name": "level", "AttributeDataType": "Number", "Mutable": true}], "UserPoolTags": {"a": "b"}});
    let fixture = Fixture::new(policy, json!({"GenerateSecret": true})).await;
    let Fixture { world, pool, client } = fixture;
    let world = world.restart().await;
    let fixture = Fixture { world, pool, client };
    let shown = fixture.owner("DescribeUserPool", json!({})).await.unwrap()["UserPool"].clone();
    assert_eq!(shown["Policies"], json!({"PasswordPolicy": {"MinimumLength": 6}}));
    assert_eq!(shown["UserPoolTags"], json!({"a": "b"}));
    assert!(shown["Arn"].as_str().unwrap().ends_with(&format!(":123456789012:userpool/{}", fixture.pool)));
    let names: Vec<&Value> =
        shown["SchemaAttributes"].as_array().unwrap().iter().map(|it| &it["Name"]).collect();
    assert!(names.contains(&&json!("custom:level")) && names.contains(&&json!("email")));
    let named = json!({"ClientId": fixture.client});
    let shown =
        fixture.owner("DescribeUserPoolClient", named.clone()).await.unwrap()["UserPoolClient"].clone();
    assert_eq!(shown["ClientSecret"].as_str().unwrap().len(), 51);
    let update = json!({"ClientId": fixture.client, "ClientName": "other", "AccessTokenValidity": 5});
    let changed = fixture.owner("UpdateUserPoolClient", update).await.unwrap()["UserPoolClient"].clone();
    assert_eq!((&changed["ClientName"], &changed["ClientSecret"]), (&json!("other"), &shown["ClientSecret"]));
    fixture.owner("DeleteUserPoolClient", named.clone()).await.unwrap();
    let gone = fixture.owner("DescribeUserPoolClient", named).await;
    assert_eq!(text_of(&gone), format!("User pool client {} does not exist.", fixture.client));
    fixture.owner("DeleteUserPool", json!({})).await.unwrap();
    let gone = fixture.owner("DescribeUserPool", json!({})).await;
    assert_eq!(text_of(&gone), format!("User pool {} does not exist.", fixture.pool));
    assert!(fixture.world.cognito.keys(&fixture.pool).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_not_served_is_refused() {
    let world = World::new().await;
    for (settings, part) in [
        (
            json!({"LambdaConfig": {"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f"}}),
            "LambdaConfig",
        ),
        (json!({"MfaConfiguration": "ON"}), "MfaConfiguration"),
        (json!({"AutoVerifiedAttributes": ["phone_number"]}), "it sends no SMS"),
        (json!({"SmsVerificationMessage": "code {####}"}), "SmsVerificationMessage"),
        (json!({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}), "Only one of"),
        (json!({"PoolName": "x".repeat(129)}), "length less than or equal to 128"),
    ] {
        let input = with(json!({"PoolName": "p"}), settings.clone());
        let answer = world.owner("CreateUserPool", input).await;
        assert_eq!(name_of(&answer), "InvalidParameterException", "{settings}");
        assert!(text_of(&answer).contains(part), "{answer:?}");
    }
    let fixture = Fixture::new(json!({}), json!({})).await;
    for (settings, part) in [
        (json!({"AllowedOAuthFlowsUserPoolClient": true}), "AllowedOAuthFlowsUserPoolClient"),
        (json!({"SupportedIdentityProviders": ["Google"]}), "SupportedIdentityProviders"),
        (json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]}), "ALLOW_USER_AUTH"),
        (
            json!({"ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ADMIN_NO_SRP_AUTH"]}),
            "old explicit auth flows",
        ),
    ] {
        let answer =
            fixture.owner("CreateUserPoolClient", with(json!({"ClientName": "c"}), settings.clone())).await;
        assert!(text_of(&answer).contains(part), "{answer:?}");
    }
    let domain = fixture.owner("CreateUserPoolDomain", json!({"Domain": "d"})).await;
    assert_eq!(name_of(&domain), "UnsupportedOperationException");
}

#[tokio::test]
async fn users_sign_in_by_password_and_by_srp() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    let email =
        json!([{"Name": "email", "Value": "ann@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    fixture.user("ann", "Secret-1", email).await;
    let Fixture { world, pool, client } = fixture;
    let fixture = Fixture { world: world.restart().await, pool, client };
    let sub =
        fixture.owner("AdminGetUser", json!({"Username": "ann"})).await.unwrap()["UserAttributes"][0]["Value"]
            .clone();
    for answer in [fixture.password("ann", "Secret-1").await, fixture.srp("ann", "Secret-1").await] {
        let result = &answer.unwrap()["AuthenticationResult"];
        assert_eq!((&result["TokenType"], &result["ExpiresIn"]), (&json!("Bearer"), &json!(3_600)));
        let id = fixture.claims(&result["IdToken"]).await;
        assert_eq!(id["iss"], json!(format!("https://cognito-idp.us-east-1.amazonaws.com/{}", fixture.pool)));
        assert_eq!((&id["sub"], &id["aud"], &id["token_use"]), (&sub, &json!(fixture.client), &json!("id")));
        assert_eq!((&id["email"], &id["email_verified"]), (&json!("ann@example.com"), &json!(true)));
        assert_eq!(id["cognito:username"], "ann");
        let now = fixture.world.now().as_seconds();
        assert_eq!((&id["iat"], &id["exp"]), (&json!(now), &json!(now + 3_600)));
        let access = fixture.claims(&result["AccessToken"]).await;
        assert_eq!((&access["client_id"], &access["token_use"]), (&json!(fixture.client), &json!("access")));
        assert_eq!(
            (&access["scope"], &access["username"]),
            (&json!("aws.cognito.signin.user.admin"), &json!("ann"))
        );
        assert_eq!(access["origin_jti"], id["origin_jti"]);
        let me = fixture.world.app("GetUser", json!({"AccessToken": result["AccessToken"]})).await.unwrap();
        assert_eq!(me["Username"], "ann");
        // The ID token isn't the access token.
        let other = fixture.world.app("GetUser", json!({"AccessToken": result["IdToken"]})).await;
        assert_eq!(text_of(&other), "Invalid Access Token");
    }
    for answer in [fixture.password("ann", "Secret-2").await, fixture.srp("ann", "Secret-2").await] {
        assert_eq!(answer, Err(("NotAuthorizedException".into(), "Incorrect username or password.".into())));
    }
    for answer in [fixture.password("bob", "Secret-1").await, fixture.srp("bob", "Secret-1").await] {
        assert_eq!(answer, Err(("UserNotFoundException".into(), "User does not exist.".into())));
    }
    fixture.owner("AdminDisableUser", json!({"Username": "ann"})).await.unwrap();
    assert_eq!(text_of(&fixture.password("ann", "Secret-1").await), "User is disabled.");
}

#[tokio::test]
async fn nobody_learns_who_is_there_if_that_is_prevented() {
    let fixture = Fixture::new(json!({}), json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    let wrong = Err(("NotAuthorizedException".to_owned(), "Incorrect username or password.".to_owned()));
    for name in ["ann", "bob"] {
        assert_eq!(fixture.password(name, "Secret-2").await, wrong, "{name}");
        assert_eq!(fixture.srp(name, "Secret-2").await, wrong, "{name}");
    }
    let salt = async || {
        let parameters = json!({"USERNAME": "bob", "SRP_A": Client::new(5).number});
        let asked = fixture
            .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
            .await;
        asked.unwrap()["ChallengeParameters"]["SALT"].clone()
    };
    assert_eq!(salt().await, salt().await);
    let forgot = fixture.app("ForgotPassword", json!({"Username": "bob"})).await.unwrap();
    assert_eq!(forgot["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
}

#[tokio::test]
async fn guesses_are_locked_out() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    for _ in 0..5 {
        assert_eq!(text_of(&fixture.password("ann", "wrong").await), "Incorrect username or password.");
    }
    for answer in [fixture.password("ann", "Secret-1").await, fixture.srp("ann", "Secret-1").await] {
        assert_eq!(text_of(&answer), "Password attempts exceeded");
    }
    fixture.world.clock.advance(std::time::Duration::from_secs(1));
    fixture.password("ann", "Secret-1").await.unwrap();
}

#[tokio::test]
async fn srp_nonsense_is_refused() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    for number in ["0", "", "xyz", &"0".repeat(768), &"f".repeat(769), &"f".repeat(40_000)] {
        let parameters = json!({"USERNAME": "ann", "SRP_A": number});
        let answer = fixture
            .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
            .await;
        assert_eq!(name_of(&answer), "InvalidParameterException", "{}", number.len());
    }
    let parameters = json!({"USERNAME": "ann", "SRP_A": Client::new(3).number});
    let asked = fixture
        .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
        .await
        .unwrap();
    let blob = asked["ChallengeParameters"]["SECRET_BLOCK"].as_str().unwrap().to_owned();
    let respond = async |blob: &str, signature: &str| {
        let responses = json!({"USERNAME": "ann", "TIMESTAMP": "t", "PASSWORD_CLAIM_SECRET_BLOCK": blob,
            "PASSWORD_CLAIM_SIGNATURE": signature});
        fixture
            .app(
                "RespondToAuthChallenge",
                json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses}),
            )
            .await
    };
    let changed = format!("{}{}", if blob.starts_with('A') { 'B' } else { 'A' }, &blob[1..]);
    for (blob, signature) in [
        (blob.as_str(), "AAAA"),
        (blob.as_str(), "not base64!"),
        (changed.as_str(), "AAAA"),
        ("AAAA", "AAAA"),
        (&"A".repeat(9_000), "AAAA"),
        (&blob[..40], "AAAA"),
    ] {
        assert_eq!(name_of(&respond(blob, signature).await), "NotAuthorizedException", "{signature}");
        fixture.world.clock.advance(std::time::Duration::from_secs(20));
    }
    fixture.world.clock.advance(std::time::Duration::from_secs(180));
    let late = respond(&blob, "AAAA").await;
    assert_eq!(text_of(&late), "Invalid session for the user, session is expired.");
    // Another client's challenge.
    let other = Fixture::new(json!({}), json!({})).await;
    let responses = json!({"USERNAME": "ann", "TIMESTAMP": "t", "PASSWORD_CLAIM_SECRET_BLOCK": blob,
        "PASSWORD_CLAIM_SIGNATURE": "AAAA"});
    let crossed = other
        .app(
            "RespondToAuthChallenge",
            json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses}),
        )
        .await;
    assert_eq!(text_of(&crossed), "Invalid session for the user.");
}

#[tokio::test]
async fn an_administrator_s_password_is_replaced_at_the_first_sign_in() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    let made = json!({"Username": "ann", "TemporaryPassword": "Secret-1", "MessageAction": "SUPPRESS"});
    let user = fixture.owner("AdminCreateUser", made).await.unwrap()["User"].clone();
    assert_eq!((&user["UserStatus"], &user["Enabled"]), (&json!("FORCE_CHANGE_PASSWORD"), &json!(true)));
    let asked = fixture.srp("ann", "Secret-1").await.unwrap();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let respond = async |password: &str, session: &Value| {
        let responses = json!({"USERNAME": "ann", "NEW_PASSWORD": password});
        let input = json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses});
        fixture.app("RespondToAuthChallenge", input).await
    };
    let weak = respond("weak", &asked["Session"]).await;
    assert_eq!(text_of(&weak), "Password did not conform with policy: Password not long enough");
    assert_eq!(name_of(&respond("Secret-2", &json!("x".repeat(20))).await), "NotAuthorizedException");
    let done = respond("Secret-2", &asked["Session"]).await.unwrap();
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    assert_eq!(name_of(&respond("Secret-3", &asked["Session"]).await), "NotAuthorizedException");
    fixture.srp("ann", "Secret-2").await.unwrap();

    let again = json!({"Username": "bob", "TemporaryPassword": "Secret-1", "MessageAction": "SUPPRESS"});
    fixture.owner("AdminCreateUser", again.clone()).await.unwrap();
    assert_eq!(text_of(&fixture.owner("AdminCreateUser", again).await), "User account already exists");
    fixture.world.clock.advance(std::time::Duration::from_secs(7 * 86_400));
    let late = fixture.password("bob", "Secret-1").await;
    assert_eq!(text_of(&late), "Temporary password has expired and must be reset by an administrator.");
}

#[tokio::test]
async fn refresh_tokens_continue_sign_ins_until_these_end() {
    let fixture = Fixture::new(json!({}), json!({})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    let result = fixture.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    let refresh = async |token: &Value| {
        let input = json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": token}});
        fixture.app("InitiateAuth", input).await
    };
    fixture.world.clock.advance(std::time::Duration::from_secs(3_600));
    let expired = fixture.world.app("GetUser", json!({"AccessToken": result["AccessToken"]})).await;
    assert_eq!(text_of(&expired), "Access Token has expired");
    let fresh = refresh(&result["RefreshToken"]).await.unwrap()["AuthenticationResult"].clone();
    assert!(fresh.get("RefreshToken").is_none());
    let (old, new) = (fixture.claims(&result["IdToken"]).await, fixture.claims(&fresh["IdToken"]).await);
    assert_eq!((&old["origin_jti"], &old["auth_time"]), (&new["origin_jti"], &new["auth_time"]));
    let by_name = json!({"RefreshToken": result["RefreshToken"]});
    fixture.app("GetTokensFromRefreshToken", by_name).await.unwrap();
    for bad in ["x", "eA.x", "..", &"A".repeat(5_000)] {
        assert_eq!(name_of(&refresh(&json!(bad)).await), "NotAuthorizedException", "{bad}");
    }
    fixture.app("RevokeToken", json!({"Token": result["RefreshToken"]})).await.unwrap();
    assert_eq!(text_of(&refresh(&result["RefreshToken"]).await), "Refresh Token has been revoked");
    let revoked = fixture.world.app("GetUser", json!({"AccessToken": fresh["AccessToken"]})).await;
    assert_eq!(text_of(&revoked), "Access Token has been revoked");

    let result = fixture.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    fixture.world.app("GlobalSignOut", json!({"AccessToken": result["AccessToken"]})).await.unwrap();
    assert_eq!(name_of(&refresh(&result["RefreshToken"]).await), "NotAuthorizedException");
    let result = fixture.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    fixture.world.clock.advance(std::time::Duration::from_secs(30 * 86_400));
    assert_eq!(text_of(&refresh(&result["RefreshToken"]).await), "Refresh Token has expired");
}

#[tokio::test]
async fn clients_with_secrets_prove_them() {
    let fixture = Fixture::new(json!({}), json!({"GenerateSecret": true})).await;
    fixture.user("ann", "Secret-1", json!([])).await;
    let named = json!({"ClientId": fixture.client});
    let shown = fixture.owner("DescribeUserPoolClient", named).await.unwrap()["UserPoolClient"].clone();
    let secret = shown["ClientSecret"].as_str().unwrap();
    let hash = |name: &str| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
        STANDARD.encode(aws_lc_rs::hmac::sign(&key, format!("{name}{}", fixture.client).as_bytes()))
    };
    let sign_in = async |hash: Option<String>| {
        let mut parameters = json!({"USERNAME": "ann", "PASSWORD": "Secret-1"});
        if let Some(hash) = hash {
            parameters["SECRET_HASH"] = hash.into();
        }
        fixture
            .app("InitiateAuth", json!({"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters}))
            .await
    };
    assert!(
        text_of(&sign_in(None).await).ends_with("is configured with secret but SECRET_HASH was not received")
    );
    assert!(
        text_of(&sign_in(Some(hash("bob"))).await).starts_with("Unable to verify secret hash for client")
    );
    sign_in(Some(hash("ann"))).await.unwrap();
}
