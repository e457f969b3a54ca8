//! User pools, as owners and apps see them.

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
struct House {
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

impl House {
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
    let house = House::new(policy, json!({"GenerateSecret": true})).await;
    let House { world, pool, client } = house;
    let world = world.restart().await;
    let house = House { world, pool, client };
    let shown = house.owner("DescribeUserPool", json!({})).await.unwrap()["UserPool"].clone();
    assert_eq!(shown["Policies"], json!({"PasswordPolicy": {"MinimumLength": 6}}));
    assert_eq!(shown["UserPoolTags"], json!({"a": "b"}));
    assert!(shown["Arn"].as_str().unwrap().ends_with(&format!(":123456789012:userpool/{}", house.pool)));
    let names: Vec<&Value> =
        shown["SchemaAttributes"].as_array().unwrap().iter().map(|it| &it["Name"]).collect();
    assert!(names.contains(&&json!("custom:level")) && names.contains(&&json!("email")));
    let named = json!({"ClientId": house.client});
    let shown = house.owner("DescribeUserPoolClient", named.clone()).await.unwrap()["UserPoolClient"].clone();
    assert_eq!(shown["ClientSecret"].as_str().unwrap().len(), 51);
    let update = json!({"ClientId": house.client, "ClientName": "other", "AccessTokenValidity": 5});
    let changed = house.owner("UpdateUserPoolClient", update).await.unwrap()["UserPoolClient"].clone();
    assert_eq!((&changed["ClientName"], &changed["ClientSecret"]), (&json!("other"), &shown["ClientSecret"]));
    house.owner("DeleteUserPoolClient", named.clone()).await.unwrap();
    let gone = house.owner("DescribeUserPoolClient", named).await;
    assert_eq!(text_of(&gone), format!("User pool client {} does not exist.", house.client));
    house.owner("DeleteUserPool", json!({})).await.unwrap();
    let gone = house.owner("DescribeUserPool", json!({})).await;
    assert_eq!(text_of(&gone), format!("User pool {} does not exist.", house.pool));
    assert!(house.world.cognito.keys(&house.pool).await.unwrap().is_none());
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
    let house = House::new(json!({}), json!({})).await;
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
            house.owner("CreateUserPoolClient", with(json!({"ClientName": "c"}), settings.clone())).await;
        assert!(text_of(&answer).contains(part), "{answer:?}");
    }
    let domain = house.owner("CreateUserPoolDomain", json!({"Domain": "d"})).await;
    assert_eq!(name_of(&domain), "UnsupportedOperationException");
}

#[tokio::test]
async fn users_sign_in_by_password_and_by_srp() {
    let house = House::new(json!({}), json!({})).await;
    let email =
        json!([{"Name": "email", "Value": "ann@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    house.user("ann", "Secret-1", email).await;
    let House { world, pool, client } = house;
    let house = House { world: world.restart().await, pool, client };
    let sub =
        house.owner("AdminGetUser", json!({"Username": "ann"})).await.unwrap()["UserAttributes"][0]["Value"]
            .clone();
    for answer in [house.password("ann", "Secret-1").await, house.srp("ann", "Secret-1").await] {
        let result = &answer.unwrap()["AuthenticationResult"];
        assert_eq!((&result["TokenType"], &result["ExpiresIn"]), (&json!("Bearer"), &json!(3_600)));
        let id = house.claims(&result["IdToken"]).await;
        assert_eq!(id["iss"], json!(format!("https://cognito-idp.us-east-1.amazonaws.com/{}", house.pool)));
        assert_eq!((&id["sub"], &id["aud"], &id["token_use"]), (&sub, &json!(house.client), &json!("id")));
        assert_eq!((&id["email"], &id["email_verified"]), (&json!("ann@example.com"), &json!(true)));
        assert_eq!(id["cognito:username"], "ann");
        let now = house.world.now().as_seconds();
        assert_eq!((&id["iat"], &id["exp"]), (&json!(now), &json!(now + 3_600)));
        let access = house.claims(&result["AccessToken"]).await;
        assert_eq!((&access["client_id"], &access["token_use"]), (&json!(house.client), &json!("access")));
        assert_eq!(
            (&access["scope"], &access["username"]),
            (&json!("aws.cognito.signin.user.admin"), &json!("ann"))
        );
        assert_eq!(access["origin_jti"], id["origin_jti"]);
        let me = house.world.app("GetUser", json!({"AccessToken": result["AccessToken"]})).await.unwrap();
        assert_eq!(me["Username"], "ann");
        // The ID token isn't the access token.
        let other = house.world.app("GetUser", json!({"AccessToken": result["IdToken"]})).await;
        assert_eq!(text_of(&other), "Invalid Access Token");
    }
    for answer in [house.password("ann", "Secret-2").await, house.srp("ann", "Secret-2").await] {
        assert_eq!(answer, Err(("NotAuthorizedException".into(), "Incorrect username or password.".into())));
    }
    for answer in [house.password("bob", "Secret-1").await, house.srp("bob", "Secret-1").await] {
        assert_eq!(answer, Err(("UserNotFoundException".into(), "User does not exist.".into())));
    }
    house.owner("AdminDisableUser", json!({"Username": "ann"})).await.unwrap();
    assert_eq!(text_of(&house.password("ann", "Secret-1").await), "User is disabled.");
}

#[tokio::test]
async fn nobody_learns_who_is_there_if_that_is_prevented() {
    let house = House::new(json!({}), json!({"PreventUserExistenceErrors": "ENABLED"})).await;
    house.user("ann", "Secret-1", json!([])).await;
    let wrong = Err(("NotAuthorizedException".to_owned(), "Incorrect username or password.".to_owned()));
    for name in ["ann", "bob"] {
        assert_eq!(house.password(name, "Secret-2").await, wrong, "{name}");
        assert_eq!(house.srp(name, "Secret-2").await, wrong, "{name}");
    }
    let salt = async || {
        let parameters = json!({"USERNAME": "bob", "SRP_A": Client::new(5).number});
        let asked = house
            .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
            .await;
        asked.unwrap()["ChallengeParameters"]["SALT"].clone()
    };
    assert_eq!(salt().await, salt().await);
    let forgot = house.app("ForgotPassword", json!({"Username": "bob"})).await.unwrap();
    assert_eq!(forgot["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL");
}

#[tokio::test]
async fn guesses_are_locked_out() {
    let house = House::new(json!({}), json!({})).await;
    house.user("ann", "Secret-1", json!([])).await;
    for _ in 0..5 {
        assert_eq!(text_of(&house.password("ann", "wrong").await), "Incorrect username or password.");
    }
    for answer in [house.password("ann", "Secret-1").await, house.srp("ann", "Secret-1").await] {
        assert_eq!(text_of(&answer), "Password attempts exceeded");
    }
    house.world.clock.advance(std::time::Duration::from_secs(1));
    house.password("ann", "Secret-1").await.unwrap();
}

#[tokio::test]
async fn srp_nonsense_is_refused() {
    let house = House::new(json!({}), json!({})).await;
    house.user("ann", "Secret-1", json!([])).await;
    for number in ["0", "", "xyz", &"0".repeat(768), &"f".repeat(769), &"f".repeat(40_000)] {
        let parameters = json!({"USERNAME": "ann", "SRP_A": number});
        let answer = house
            .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
            .await;
        assert_eq!(name_of(&answer), "InvalidParameterException", "{}", number.len());
    }
    let parameters = json!({"USERNAME": "ann", "SRP_A": Client::new(3).number});
    let asked = house
        .app("InitiateAuth", json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters}))
        .await
        .unwrap();
    let blob = asked["ChallengeParameters"]["SECRET_BLOCK"].as_str().unwrap().to_owned();
    let respond = async |blob: &str, signature: &str| {
        let responses = json!({"USERNAME": "ann", "TIMESTAMP": "t", "PASSWORD_CLAIM_SECRET_BLOCK": blob,
            "PASSWORD_CLAIM_SIGNATURE": signature});
        house
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
        house.world.clock.advance(std::time::Duration::from_secs(20));
    }
    house.world.clock.advance(std::time::Duration::from_secs(180));
    let late = respond(&blob, "AAAA").await;
    assert_eq!(text_of(&late), "Invalid session for the user, session is expired.");
    // Another client's challenge.
    let other = House::new(json!({}), json!({})).await;
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
    let house = House::new(json!({}), json!({})).await;
    let made = json!({"Username": "ann", "TemporaryPassword": "Secret-1", "MessageAction": "SUPPRESS"});
    let user = house.owner("AdminCreateUser", made).await.unwrap()["User"].clone();
    assert_eq!((&user["UserStatus"], &user["Enabled"]), (&json!("FORCE_CHANGE_PASSWORD"), &json!(true)));
    let asked = house.srp("ann", "Secret-1").await.unwrap();
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let respond = async |password: &str, session: &Value| {
        let responses = json!({"USERNAME": "ann", "NEW_PASSWORD": password});
        let input = json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses});
        house.app("RespondToAuthChallenge", input).await
    };
    let weak = respond("weak", &asked["Session"]).await;
    assert_eq!(text_of(&weak), "Password did not conform with policy: Password not long enough");
    assert_eq!(name_of(&respond("Secret-2", &json!("x".repeat(20))).await), "NotAuthorizedException");
    let done = respond("Secret-2", &asked["Session"]).await.unwrap();
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    assert_eq!(name_of(&respond("Secret-3", &asked["Session"]).await), "NotAuthorizedException");
    house.srp("ann", "Secret-2").await.unwrap();

    let again = json!({"Username": "bob", "TemporaryPassword": "Secret-1", "MessageAction": "SUPPRESS"});
    house.owner("AdminCreateUser", again.clone()).await.unwrap();
    assert_eq!(text_of(&house.owner("AdminCreateUser", again).await), "User account already exists");
    house.world.clock.advance(std::time::Duration::from_secs(7 * 86_400));
    let late = house.password("bob", "Secret-1").await;
    assert_eq!(text_of(&late), "Temporary password has expired and must be reset by an administrator.");
}

#[tokio::test]
async fn refresh_tokens_continue_sign_ins_until_these_end() {
    let house = House::new(json!({}), json!({})).await;
    house.user("ann", "Secret-1", json!([])).await;
    let result = house.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    let refresh = async |token: &Value| {
        let input = json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": token}});
        house.app("InitiateAuth", input).await
    };
    house.world.clock.advance(std::time::Duration::from_secs(3_600));
    let expired = house.world.app("GetUser", json!({"AccessToken": result["AccessToken"]})).await;
    assert_eq!(text_of(&expired), "Access Token has expired");
    let fresh = refresh(&result["RefreshToken"]).await.unwrap()["AuthenticationResult"].clone();
    assert!(fresh.get("RefreshToken").is_none());
    let (old, new) = (house.claims(&result["IdToken"]).await, house.claims(&fresh["IdToken"]).await);
    assert_eq!((&old["origin_jti"], &old["auth_time"]), (&new["origin_jti"], &new["auth_time"]));
    let by_name = json!({"RefreshToken": result["RefreshToken"]});
    house.app("GetTokensFromRefreshToken", by_name).await.unwrap();
    for bad in ["x", "eA.x", "..", &"A".repeat(5_000)] {
        assert_eq!(name_of(&refresh(&json!(bad)).await), "NotAuthorizedException", "{bad}");
    }
    house.app("RevokeToken", json!({"Token": result["RefreshToken"]})).await.unwrap();
    assert_eq!(text_of(&refresh(&result["RefreshToken"]).await), "Refresh Token has been revoked");
    let revoked = house.world.app("GetUser", json!({"AccessToken": fresh["AccessToken"]})).await;
    assert_eq!(text_of(&revoked), "Access Token has been revoked");

    let result = house.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    house.world.app("GlobalSignOut", json!({"AccessToken": result["AccessToken"]})).await.unwrap();
    assert_eq!(name_of(&refresh(&result["RefreshToken"]).await), "NotAuthorizedException");
    let result = house.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    house.world.clock.advance(std::time::Duration::from_secs(30 * 86_400));
    assert_eq!(text_of(&refresh(&result["RefreshToken"]).await), "Refresh Token has expired");
}

#[tokio::test]
async fn clients_with_secrets_prove_them() {
    let house = House::new(json!({}), json!({"GenerateSecret": true})).await;
    house.user("ann", "Secret-1", json!([])).await;
    let named = json!({"ClientId": house.client});
    let shown = house.owner("DescribeUserPoolClient", named).await.unwrap()["UserPoolClient"].clone();
    let secret = shown["ClientSecret"].as_str().unwrap();
    let hash = |name: &str| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
        STANDARD.encode(aws_lc_rs::hmac::sign(&key, format!("{name}{}", house.client).as_bytes()))
    };
    let sign_in = async |hash: Option<String>| {
        let mut parameters = json!({"USERNAME": "ann", "PASSWORD": "Secret-1"});
        if let Some(hash) = hash {
            parameters["SECRET_HASH"] = hash.into();
        }
        house
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

#[tokio::test]
async fn people_sign_up_and_confirm_their_address() {
    let settings = json!({"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"]});
    let house = House::new(settings, json!({})).await;
    let up = json!({"Username": "ann@example.com", "Password": "Secret-1"});
    let done = house.app("SignUp", up.clone()).await.unwrap();
    assert_eq!(done["CodeDeliveryDetails"]["Destination"], "a***@e***");
    assert_eq!(text_of(&house.app("SignUp", up).await), "User already exists");
    assert_eq!(
        text_of(&house.app("SignUp", json!({"Username": "ann", "Password": "Secret-1"})).await),
        "Username should be an email."
    );
    assert_eq!(text_of(&house.password("ann@example.com", "Secret-1").await), "User is not confirmed.");
    let confirm = async |code: &str| {
        house.app("ConfirmSignUp", json!({"Username": "ann@example.com", "ConfirmationCode": code})).await
    };
    let code = house.code(done["UserSub"].as_str().unwrap(), "SignUp").await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(name_of(&confirm(wrong).await), "CodeMismatchException");
    }
    assert_eq!(name_of(&confirm(&code).await), "LimitExceededException");
    house.app("ResendConfirmationCode", json!({"Username": "ann@example.com"})).await.unwrap();
    let code = house.code(done["UserSub"].as_str().unwrap(), "SignUp").await;
    confirm(&code).await.unwrap();
    assert_eq!(text_of(&confirm(&code).await), "User cannot be confirmed. Current status is CONFIRMED");
    let result = house.srp("ann@example.com", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    let claims = house.claims(&result["IdToken"]).await;
    assert_eq!((&claims["email_verified"], &claims["cognito:username"]), (&json!(true), &done["UserSub"]));

    let forgot = json!({"Username": "ann@example.com"});
    house.app("ForgotPassword", forgot).await.unwrap();
    let code = house.code(done["UserSub"].as_str().unwrap(), "ForgotPassword").await;
    let set = json!({"Username": "ann@example.com", "ConfirmationCode": code, "Password": "Secret-2"});
    house.app("ConfirmForgotPassword", set.clone()).await.unwrap();
    assert_eq!(name_of(&house.app("ConfirmForgotPassword", set).await), "ExpiredCodeException");
    house.srp("ann@example.com", "Secret-2").await.unwrap();
}

impl House {
    /// The code that a user was sent.
    async fn code(&self, user: &str, purpose: &str) -> String {
        let (pool, user, purpose) = (self.pool.clone(), user.to_owned(), purpose.to_owned());
        let read = move |tx: &crate::store::Tx<'_>| {
            let (_, secrets) = super::tables::user(tx, &pool, &user)?.unwrap();
            Ok::<_, crate::cognito::error::Error>(secrets.codes[&purpose].code.clone())
        };
        self.world.cognito.0.store.read(read).await.unwrap()
    }
}

#[tokio::test]
async fn people_manage_their_own_account() {
    let house =
        House::new(json!({"AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"]}), json!({}))
            .await;
    house.user("ann", "Secret-1", json!([])).await;
    house.user("bob", "Secret-1", json!([{"Name": "email", "Value": "bob@example.com"}, {"Name": "email_verified", "Value": "true"}])).await;
    // A verified address is a name.
    house.srp("bob@example.com", "Secret-1").await.unwrap();
    let token =
        house.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"]["AccessToken"].clone();
    let me = async |operation: &str, input: Value| {
        house.world.app(operation, with(json!({"AccessToken": token}), input)).await
    };
    let email = |address: &str| json!({"UserAttributes": [{"Name": "email", "Value": address}]});
    let told = me("UpdateUserAttributes", email("ann@example.com")).await.unwrap();
    assert_eq!(told["CodeDeliveryDetailsList"][0]["AttributeName"], "email");
    assert_eq!(name_of(&house.password("ann@example.com", "Secret-1").await), "UserNotFoundException");
    let code = house.code("ann", "VerifyUserAttribute").await;
    me("VerifyUserAttribute", json!({"AttributeName": "email", "Code": code})).await.unwrap();
    house.password("ann@example.com", "Secret-1").await.unwrap();
    let verified = json!({"UserAttributes": [{"Name": "email_verified", "Value": "true"}]});
    assert_eq!(
        text_of(&me("UpdateUserAttributes", verified).await),
        "A client attempted to write unauthorized attribute"
    );
    let unknown = json!({"UserAttributes": [{"Name": "custom:x", "Value": "1"}]});
    assert!(text_of(&me("UpdateUserAttributes", unknown).await).contains("does not exist in the schema"));

    // Another's address is theirs, also once it is proven.
    me("UpdateUserAttributes", email("bob@example.com")).await.unwrap();
    let code = house.code("ann", "VerifyUserAttribute").await;
    let taken = me("VerifyUserAttribute", json!({"AttributeName": "email", "Code": code})).await;
    assert_eq!(name_of(&taken), "AliasExistsException");

    let change = |old: &str, new: &str| json!({"PreviousPassword": old, "ProposedPassword": new});
    assert_eq!(
        name_of(&me("ChangePassword", change("Secret-2", "Secret-3")).await),
        "NotAuthorizedException"
    );
    assert_eq!(name_of(&me("ChangePassword", change("Secret-1", "weak")).await), "InvalidPasswordException");
    me("ChangePassword", change("Secret-1", "Secret-3")).await.unwrap();
    house.srp("ann", "Secret-3").await.unwrap();
    me("DeleteUser", json!({})).await.unwrap();
    assert_eq!(name_of(&house.password("ann", "Secret-3").await), "UserNotFoundException");
    assert_eq!(name_of(&me("GetUser", json!({})).await), "UserNotFoundException");
}

#[tokio::test]
async fn groups_give_roles() {
    let house = House::new(json!({}), json!({})).await;
    house.user("ann", "Secret-1", json!([])).await;
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    for (name, precedence) in [("admins", 1), ("staff", 5)] {
        let group = json!({"GroupName": name, "RoleArn": role(name), "Precedence": precedence});
        house.owner("CreateGroup", group.clone()).await.unwrap();
        assert_eq!(name_of(&house.owner("CreateGroup", group).await), "GroupExistsException");
        house.owner("AdminAddUserToGroup", json!({"Username": "ann", "GroupName": name})).await.unwrap();
    }
    let missing = house.owner("AdminAddUserToGroup", json!({"Username": "ann", "GroupName": "none"})).await;
    assert_eq!(name_of(&missing), "ResourceNotFoundException");
    let result = house.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"].clone();
    let claims = house.claims(&result["IdToken"]).await;
    assert_eq!(claims["cognito:groups"], json!(["admins", "staff"]));
    assert_eq!(claims["cognito:roles"], json!([role("admins"), role("staff")]));
    assert_eq!(claims["cognito:preferred_role"], json!(role("admins")));
    let users = house.owner("ListUsersInGroup", json!({"GroupName": "staff"})).await.unwrap();
    assert_eq!(users["Users"][0]["Username"], "ann");
    house.owner("AdminRemoveUserFromGroup", json!({"Username": "ann", "GroupName": "admins"})).await.unwrap();
    let groups = house.owner("AdminListGroupsForUser", json!({"Username": "ann"})).await.unwrap();
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
    house.owner("DeleteGroup", json!({"GroupName": "staff"})).await.unwrap();
    let groups = house.owner("ListGroups", json!({})).await.unwrap();
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn users_are_listed_by_page_and_filter() {
    let house = House::new(json!({}), json!({})).await;
    for n in 0..5 {
        let made = json!({"Username": format!("user{n}"), "MessageAction": "SUPPRESS", "TemporaryPassword": "Secret-1",
            "UserAttributes": [{"Name": "email", "Value": format!("u{}@example.com", n % 2)}]});
        house.owner("AdminCreateUser", made).await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = house.owner("ListUsers", json!({"Limit": 2, "PaginationToken": token})).await.unwrap();
        seen.extend(page["Users"].as_array().unwrap().iter().map(|it| it["Username"].clone()));
        token = page["PaginationToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["user0", "user1", "user2", "user3", "user4"]);
    let filter = json!({"Filter": "email = \"u1@example.com\"", "AttributesToGet": ["email"]});
    let page = house.owner("ListUsers", filter).await.unwrap();
    assert_eq!(page["Users"].as_array().unwrap().len(), 2);
    assert_eq!(page["Users"][0]["Attributes"], json!([{"Name": "email", "Value": "u1@example.com"}]));
    assert_eq!(
        name_of(&house.owner("ListUsers", json!({"Filter": "nonsense"})).await),
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn tokens_of_others_are_nobody_s() {
    let house = House::new(json!({}), json!({})).await;
    house.user("ann", "Secret-1", json!([])).await;
    let token =
        house.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"]["AccessToken"].clone();
    let parts: Vec<&str> = token.as_str().unwrap().split('.').collect();
    let none = "eyJhbGciOiJub25lIn0";
    for bad in [
        "x".to_owned(),
        "a.b.c".to_owned(),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], "AAAA"),
        format!("{}.{}.{}", parts[0], parts[0], parts[2]),
        "A".repeat(20_000),
    ] {
        let answer = house.world.app("GetUser", json!({"AccessToken": bad})).await;
        assert_eq!(text_of(&answer), "Invalid Access Token", "{bad}");
    }
    // A token of another pool's key.
    let other = House::new(json!({}), json!({})).await;
    other.user("ann", "Secret-1", json!([])).await;
    let theirs =
        other.password("ann", "Secret-1").await.unwrap()["AuthenticationResult"]["AccessToken"].clone();
    assert_eq!(
        text_of(&house.world.app("GetUser", json!({"AccessToken": theirs})).await),
        "Invalid Access Token"
    );
}
