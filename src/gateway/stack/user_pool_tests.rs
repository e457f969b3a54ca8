//! Requests to methods that need a token of a user pool.

use bytes::Bytes;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::apis::{
    AuthorizationType, Authorizer, AuthorizerType, HttpMethod, Method, TestAuthorization, TestInvoke as _,
};
use crate::gateway::fixture::{Answer, Fixture, api, fixture, live, method, mock, owner, with};
use crate::gateway::stack::Options;
use crate::gateway::{KeySet, UserPool, UserPoolKeys};

const ARN: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a";
const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a";
/// The virtual clock's time, in seconds.
const NOW: i64 = 1_700_000_000;

fn signed(header: &Header, claims: &Value) -> String {
    let key = EncodingKey::from_rsa_der(include_bytes!("../../../tests/data/user_pools/private_key.der"));
    encode(header, claims, &key).unwrap()
}

fn token(change: Value) -> String {
    let mut claims = json!({"iss": ISSUER, "token_use": "id", "aud": "client", "sub": "s-1", "exp": NOW + 60,
        "iat": NOW, "cognito:groups": ["a", "b"]});
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    signed(&Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::RS256) }, &claims)
}

fn authorizer() -> Authorizer {
    Authorizer {
        id: "auth01".into(),
        name: "a".to_owned(),
        kind: AuthorizerType::CognitoUserPools,
        provider_arns: vec![ARN.to_owned()],
        auth_type: None,
        authorizer_uri: None,
        authorizer_credentials: None,
        identity_source: Some("method.request.header.Authorization".to_owned()),
        identity_validation_expression: None,
        result_ttl_seconds: None,
        jwt_configuration: None,
    }
}

fn guarded(scopes: &[&str]) -> Method {
    let said = "$context.authorizer.claims.sub $context.authorizer.claims.exp \
        $context.authorizer.claims.get('cognito:groups') [$context.authorizer.principalId]";
    let mut method = method(mock(r#"{"statusCode": 200}"#, said));
    method.authorization_type = AuthorizationType::CognitoUserPools;
    method.authorizer_id = Some("auth01".into());
    method.authorization_scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    method
}

/// `/id` and `/scoped`, protected by the pool whose keys are in the test data.
fn house_of(authorizer: Authorizer) -> Fixture {
    let keys = KeySet::parse(include_bytes!("../../../tests/data/user_pools/jwks.json")).unwrap();
    house_with(authorizer, keys)
}

fn house_with(authorizer: Authorizer, keys: KeySet) -> Fixture {
    let mut api = with(api("abc"), "/id", HttpMethod::Get, guarded(&[]));
    api = with(api, "/scoped", HttpMethod::Get, guarded(&["pets/read", "pets/write"]));
    api.authorizers.insert(authorizer.id.clone(), authorizer);
    let pool = UserPool { issuer: ISSUER.to_owned(), keys: UserPoolKeys::Given(keys) };
    let user_pools = [(ARN.to_owned(), pool)].into();
    fixture(Options { user_pools, ..Options::default() }, [live(api)])
}

async fn get(fixture: &Fixture, path: &str, token: &str) -> Answer {
    let request = http::Request::get(format!("/dev{path}")).header("authorization", token);
    fixture.send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn a_good_token_says_who_calls() {
    let fixture = house_of(authorizer());
    for token in [token(json!({})), format!("Bearer {}", token(json!({})))] {
        let answer = get(&fixture, "/id", &token).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "s-1 Tue Nov 14 22:14:20 UTC 2023 a,b []"));
    }
    let access = token(json!({"token_use": "access", "scope": "openid pets/read"}));
    assert_eq!(get(&fixture, "/scoped", &access).await.status, 200);
}

#[tokio::test]
async fn every_other_token_is_refused() {
    let fixture = house_of(authorizer());
    let unauthorized = r#"{"message":"Unauthorized"}"#;
    let expired = r#"{"message":"The incoming token has expired"}"#;
    let good = token(json!({}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let other_key = Header { kid: Some("key-2".to_owned()), ..Header::new(Algorithm::RS256) };
    let no_key = Header::new(Algorithm::RS256);
    let other_algorithm = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::RS384) };
    let claims = json!({"iss": ISSUER, "token_use": "id", "exp": NOW + 60});
    // The classic forgery: a symmetric signature with the public key as its secret.
    let forged = {
        let header = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::HS256) };
        let secret = include_bytes!("../../../tests/data/user_pools/jwks.json");
        encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    for (why, token, body) in [
        ("nothing", String::new(), unauthorized),
        ("no token", "abc".to_owned(), unauthorized),
        ("expired", token(json!({"exp": NOW})), expired),
        ("not yet", token(json!({"nbf": NOW + 1})), unauthorized),
        ("another issuer", token(json!({"iss": "https://elsewhere"})), unauthorized),
        ("no issuer", token(json!({"iss": null})), unauthorized),
        ("an access token", token(json!({"token_use": "access"})), unauthorized),
        ("no signature", format!("{head}."), unauthorized),
        ("another signature", format!("{head}.A{}", &signature[1..]), unauthorized),
        ("an unknown key", signed(&other_key, &claims), unauthorized),
        ("no key", signed(&no_key, &claims), unauthorized),
        ("another algorithm", signed(&other_algorithm, &claims), unauthorized),
        ("a forgery", forged, unauthorized),
        ("an oversize token", token(json!({"x": "x".repeat(16 * 1024)})), unauthorized),
    ] {
        let answer = get(&fixture, "/id", &token).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, body), "{why}");
        assert_eq!(answer.header("x-amzn-errortype"), Some("UnauthorizedException"), "{why}");
    }
    for (why, header) in foreign_headers() {
        let token = signed(&header, &json!({"iss": ISSUER, "token_use": "id", "sub": "s", "exp": NOW + 60}));
        let answer = get(&fixture, "/id", &token).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, unauthorized), "{why}");
    }
    for claims in [json!({"token_use": "access", "scope": "pets"}), json!({}), json!({"scope": "pets/read"})]
    {
        assert_eq!(get(&fixture, "/scoped", &token(claims.clone())).await.status, 401, "{claims}");
    }
    assert_eq!(fixture.get("/dev/id").await.status, 401);
}

/// Headers of tokens that require unknown features, or are meant for something else: RFC 7515, RFC 8725.
fn foreign_headers() -> Vec<(&'static str, Header)> {
    let header = || Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::RS256) };
    let typed = |typ: &str| Header { typ: Some(typ.to_owned()), ..header() };
    let mut unencoded = header();
    unencoded.extras.insert("b64".to_owned(), json!(false));
    vec![
        ("crit", Header { crit: Some(vec!["exp".to_owned()]), ..header() }),
        ("crit of nothing", Header { crit: Some(Vec::new()), ..header() }),
        ("b64", unencoded),
        ("a security event", typed("secevent+jwt")),
        ("a proof of possession", typed("dpop+jwt")),
        ("a logout", typed("application/logout+jwt")),
        ("JSON", typed("JOSE+JSON")),
        ("a token within", Header { cty: Some("JWT".to_owned()), ..header() }),
    ]
}

#[tokio::test]
async fn types_of_tokens_that_are_known_are_taken() {
    let fixture = house_of(authorizer());
    for typ in
        [None, Some("JWT"), Some("jwt"), Some("application/jwt"), Some("at+jwt"), Some("application/at+JWT")]
    {
        let header = Header {
            kid: Some("key-1".to_owned()),
            typ: typ.map(str::to_owned),
            ..Header::new(Algorithm::RS256)
        };
        let token = signed(&header, &json!({"iss": ISSUER, "token_use": "id", "sub": "s", "exp": NOW + 60}));
        assert_eq!(get(&fixture, "/id", &token).await.status, 200, "{typ:?}");
    }
}

#[tokio::test]
async fn a_key_signs_only_what_it_is_for() {
    let set: Value =
        serde_json::from_slice(include_bytes!("../../../tests/data/user_pools/jwks.json")).unwrap();
    for (change, status) in [
        (json!({}), 200),
        (json!({"alg": "RS256"}), 200),
        (json!({"alg": "RS512"}), 401),
        (json!({"alg": "RSA-OAEP"}), 401),
        (json!({"use": "enc"}), 401),
        (json!({"use": null, "key_ops": ["verify"]}), 200),
        (json!({"use": null, "key_ops": ["encrypt", "wrapKey"]}), 401),
    ] {
        let mut set = set.clone();
        for key in set["keys"].as_array_mut().unwrap() {
            let key = key.as_object_mut().unwrap();
            key.extend(change.as_object().unwrap().clone());
            key.retain(|_, value| !value.is_null());
        }
        let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
        let fixture = house_with(authorizer(), keys);
        assert_eq!(get(&fixture, "/id", &token(json!({}))).await.status, status, "{change}");
    }
}

#[tokio::test]
async fn an_audience_must_look_as_said() {
    for (pattern, status) in [("cli.*", 200), ("c", 401)] {
        let mut authorizer = authorizer();
        authorizer.identity_validation_expression = Some(pattern.to_owned());
        let fixture = house_of(authorizer);
        assert_eq!(get(&fixture, "/id", &token(json!({}))).await.status, status, "{pattern}");
    }
}

#[tokio::test]
async fn a_pool_that_the_settings_dont_name_is_closed() {
    let mut authorizer = authorizer();
    authorizer.provider_arns.push(ARN.replace("_a", "_b"));
    let answer = get(&house_of(authorizer), "/id", &token(json!({}))).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, r#"{"message":null}"#));
}

#[tokio::test]
async fn a_test_tells_the_claims() {
    let fixture = house_of(authorizer());
    let test = |token: String| TestAuthorization {
        owner: owner(),
        api: std::sync::Arc::new(api("abc")),
        authorizer: authorizer(),
        path_with_query_string: None,
        headers: vec![("authorization".to_owned(), vec![token])],
        stage_variables: Default::default(),
        additional_context: Default::default(),
    };
    let told = fixture.gateway.test_authorize(test(token(json!({})))).await;
    assert_eq!((told.client_status, told.principal_id, told.policy), (0, None, None));
    assert!(told.claims.contains(&("sub".to_owned(), "s-1".to_owned())), "{:?}", told.claims);
    assert!(told.log.ends_with(" : Successfully completed authorizer execution\n"), "{}", told.log);
    let told = fixture.gateway.test_authorize(test(token(json!({"exp": NOW})))).await;
    assert_eq!((told.client_status, told.claims.len()), (401, 0));
    assert!(told.log.ends_with(": The incoming token has expired\n"), "{}", told.log);
}
