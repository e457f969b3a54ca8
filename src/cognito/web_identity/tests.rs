//! Roles for bearers of tokens, as those see it who have no key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::cognito::harness::{ISSUER as ELSEWHERE, World, issuer_keys};
use crate::cognito::keys::{Algorithm, SigningKey};

const ROLE: &str = "arn:aws:iam::123456789012:role/Bearer";

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {xml}"));
    rest.split_once("</").unwrap().0
}

impl World {
    async fn bearer(&self, token: &str, more: &[(&str, &str)]) -> (u16, String) {
        let mut parameters = vec![("RoleArn", ROLE), ("RoleSessionName", "me"), ("WebIdentityToken", token)];
        parameters.extend(more);
        self.form("AssumeRoleWithWebIdentity", &parameters).await
    }

    async fn refused(&self, token: &str) -> (String, String) {
        let (status, xml) = self.bearer(token, &[]).await;
        assert!(status == 400 || status == 403, "{status} {xml}");
        (element(&xml, "Code").to_owned(), element(&xml, "Message").replace("&apos;", "'"))
    }

    /// A role for bearers of tokens of `provider`, as far as a condition key has a value.
    async fn bearers(&self, provider: &str, key: &str, value: &str) {
        self.role_trusting(
            "Bearer",
            json!({"Effect": "Allow", "Principal": {"Federated": provider},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            "Condition": {"StringEquals": {key: value}}}),
        )
        .await;
    }
}

fn claims(world: &World, more: Value) -> Claims {
    let now = world.now().as_seconds();
    let mut claims = json!({"iss": ELSEWHERE, "aud": "app", "sub": "ann", "exp": now + 60, "iat": now});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims.as_object().unwrap().clone()
}

fn signed(world: &World, more: Value) -> String {
    jwt::signed(issuer_keys().get(0).unwrap(), &claims(world, more)).unwrap()
}

#[tokio::test]
async fn a_token_of_a_configured_issuer_is_worth_a_role() {
    let world = World::new().await;
    world
        .bearers(
            "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm",
            "login.example.com/realm:sub",
            "ann",
        )
        .await;
    let token =
        signed(&world, json!({"aud": ["other", "app"], TAGS: {"principal_tags": {"Team": ["blue"]}}}));
    let (status, xml) = world.bearer(&token, &[("DurationSeconds", "900")]).await;
    assert_eq!(status, 200, "{xml}");
    for (name, expect) in [
        ("SubjectFromWebIdentityToken", "ann"),
        ("Audience", "app"),
        ("Provider", ELSEWHERE),
        ("Arn", "arn:aws:sts::123456789012:assumed-role/Bearer/me"),
        ("Expiration", "2023-11-14T22:28:20Z"),
    ] {
        assert_eq!(element(&xml, name), expect, "{xml}");
    }
    assert!(element(&xml, "AccessKeyId").starts_with("ASIA"));
    assert_eq!(world.sessions().await, 1);
    // Somebody else's token is not.
    let denied = world.refused(&signed(&world, json!({"sub": "bob"}))).await;
    assert_eq!(
        denied,
        ("AccessDenied".to_owned(), "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned())
    );
}

#[tokio::test]
async fn tokens_of_our_own_pools_are_worth_a_role() {
    let world = World::new().await;
    let input =
        json!({"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true});
    let pool = world.identity("CreateIdentityPool", input).await.unwrap()["IdentityPoolId"].clone();
    let identity = world.anyone("GetId", json!({"IdentityPoolId": pool})).await.unwrap();
    let token = world.anyone("GetOpenIdToken", identity.clone()).await.unwrap()["Token"].clone();
    world.bearers(PROVIDER, "cognito-identity.amazonaws.com:aud", pool.as_str().unwrap()).await;
    let (status, xml) = world.bearer(token.as_str().unwrap(), &[]).await;
    assert_eq!((status, element(&xml, "Provider")), (200, ISSUER), "{xml}");
    assert_eq!(element(&xml, "SubjectFromWebIdentityToken"), identity["IdentityId"]);

    // A user pool's ID token, but not its access token.
    let host = "cognito-idp.us-east-1.amazonaws.com/us-east-1_a";
    let keys = world.cognito.keys_or_new("us-east-1_a", Algorithm::Rs256).await.unwrap();
    let token = |kind: &str| {
        let more = json!({"iss": format!("https://{host}"), "aud": "client", "token_use": kind});
        jwt::signed(keys.get(0).unwrap(), &claims(&world, more)).unwrap()
    };
    let provider = format!("arn:aws:iam::123456789012:oidc-provider/{host}");
    world.bearers(&provider, &format!("{host}:aud"), "client").await;
    assert_eq!(world.bearer(&token("id"), &[]).await.0, 200);
    assert_eq!(world.refused(&token("access")).await.0, "InvalidIdentityToken");
}

#[tokio::test]
async fn tokens_that_prove_nothing_are_refused_and_leave_nothing() {
    let world = World::new().await;
    world
        .bearers(
            "arn:aws:iam::123456789012:oidc-provider/login.example.com/realm",
            "login.example.com/realm:sub",
            "ann",
        )
        .await;
    let good = signed(&world, json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let key_id = &issuer_keys().get(0).unwrap().id;
    let header = |algorithm: &str| encoded(json!({"alg": algorithm, "kid": key_id}));
    let mine = SigningKey::generate(key_id.clone(), Algorithm::Rs256).unwrap();
    let jwks = issuer_keys().jwks.clone();
    let confused = {
        // Signed with the public key as if it were a secret.
        let text = format!("{}.{}", header("HS256"), parts[1]);
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, jwks.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes()));
        format!("{text}.{signature}")
    };
    let no_jwt =
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    let bad_signature = "Token signature invalid";
    let ended = format!(
        "Token expired: current date/time {0} must be before the expiration date/time {0}",
        world.now().as_seconds()
    );
    for (token, code, message) in [
        ("nonsense".to_owned(), "InvalidIdentityToken", no_jwt),
        ("a.b.c".to_owned(), "InvalidIdentityToken", no_jwt),
        (format!("{good}.x"), "InvalidIdentityToken", no_jwt),
        (format!("{}.{}.", header("none"), parts[1]), "InvalidIdentityToken", bad_signature),
        (format!("{}.{}.{}", header("none"), parts[1], parts[2]), "InvalidIdentityToken", bad_signature),
        (format!("{}.{}.{}", header("RS384"), parts[1], parts[2]), "InvalidIdentityToken", bad_signature),
        (confused, "InvalidIdentityToken", bad_signature),
        (
            format!("{}.{}.{}", parts[0], encoded(json!({"iss": ELSEWHERE, "sub": "ann"})), parts[2]),
            "InvalidIdentityToken",
            bad_signature,
        ),
        (jwt::signed(&mine, &claims(&world, json!({}))).unwrap(), "InvalidIdentityToken", bad_signature),
        (signed(&world, json!({"aud": "other"})), "InvalidIdentityToken", "Incorrect token audience"),
        (signed(&world, json!({"sub": ""})), "InvalidIdentityToken", "Token has no subject"),
        (signed(&world, json!({"exp": null})), "InvalidIdentityToken", "Missing a required claim: exp"),
        (signed(&world, json!({"exp": world.now().as_seconds()})), "ExpiredTokenException", &ended),
        (
            signed(&world, json!({"nbf": world.now().as_seconds() + 1})),
            "InvalidIdentityToken",
            "Token is not valid yet",
        ),
        (
            signed(&world, json!({"iss": "https://evil.example.com"})),
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://evil.example.com",
        ),
    ] {
        let found = world.refused(&token).await;
        assert_eq!((found.0.as_str(), found.1.as_str()), (code, message), "{token}");
    }
    // At the limit it is read, past it not.
    assert_eq!(world.refused(&"a".repeat(20_000)).await.0, "InvalidIdentityToken");
    assert_eq!(world.refused(&"a".repeat(20_001)).await.0, "ValidationError");
    assert_eq!(world.bearer(&good, &[("ProviderId", "www.amazon.com")]).await.0, 400);
    assert_eq!(world.bearer(&good, &[("Policy", "{")]).await.0, 400);
    assert_eq!(world.bearer(&good, &[("DurationSeconds", "3601")]).await.0, 400);
    assert_eq!(world.sessions().await, 0);
    // Other operations need a signature.
    let (status, xml) = world.form("GetCallerIdentity", &[]).await;
    assert_eq!((status, element(&xml, "Code")), (403, "MissingAuthenticationToken"));
}

#[test]
fn tags_of_tokens_are_bounded() {
    let of = |claims: Value| said(claims.as_object().unwrap());
    let tags =
        |principal: Value| of(json!({TAGS: {"principal_tags": principal, "transitive_tag_keys": ["a"]}}));
    let expect = SessionTags {
        tags: vec![("a".to_owned(), "1".to_owned())],
        transitive: vec!["a".to_owned()],
        source_identity: None,
    };
    assert_eq!(tags(json!({"a": ["1"]})), Ok(expect));
    assert_eq!(of(json!({})), Ok(SessionTags::default()));
    let many = |n: usize| (0..n).map(|i| (format!("k{i}"), json!(["v"]))).collect::<Claims>();
    for (principal, is_good) in [
        (json!({"a": ["1", "2"]}), false),
        (json!({"a": []}), false),
        (json!({"a": [1]}), false),
        (json!({"a": "1"}), true),
        (json!({"a".repeat(128): ["1"]}), true),
        (json!({"a".repeat(129): ["1"]}), false),
        (json!({"a": ["1".repeat(256)]}), true),
        (json!({"a": ["1".repeat(257)]}), false),
        (json!({"": ["1"]}), false),
        (Value::Object(many(50)), true),
        (Value::Object(many(51)), false),
        (json!("a"), false),
    ] {
        assert_eq!(tags(principal.clone()).is_ok(), is_good, "{principal}");
    }
    for (name, is_good) in [("an", true), ("a", false)] {
        assert_eq!(of(json!({SOURCE_IDENTITY: name})).is_ok(), is_good);
    }
    assert!(of(json!({SOURCE_IDENTITY: "a".repeat(65)})).is_err());
    assert!(of(json!({SOURCE_IDENTITY: 1})).is_err());
}

#[test]
fn issuers_are_user_pools_by_their_names() {
    for (host, expect) in [
        ("cognito-idp.us-east-1.amazonaws.com/us-east-1_AbC", Some("us-east-1_AbC")),
        ("cognito-idp.us-east-1.amazonaws.com", None),
        ("login.example.com/us-east-1_AbC", None),
        ("cognito-idp.example.com/us-east-1_AbC", None),
    ] {
        assert_eq!(own_pool(host), expect, "{host}");
    }
}
