//! Sign-in with an OpenID Connect provider: the way through, and what is refused on it.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::browser::{Browser, page, read};
use crate::HELLO_WORLD;
use crate::backend::{Backend, Received, Reply};
use crate::client::{Answer, Client};
use crate::roles::{encoded, iam};
use crate::server::{DataDir, Server};

/// What the provider says next, and what it was asked.
#[derive(Default)]
struct Said {
    /// Changes of the token's claims.
    change: Value,
    /// Signs with this in place of its key.
    unsigned: Option<&'static str>,
    nonce: String,
    challenge: String,
    /// Bodies of the token endpoint, and the last one's authorization.
    redeemed: Vec<(String, String)>,
}

fn now() -> u64 {
    #[allow(clippy::disallowed_methods)] // The server lives in real time.
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A provider with one user, who is whatever a test says.
fn provider(said: &Arc<Mutex<Said>>, request: &Received) -> Reply {
    let own = format!("http://{}", request.header("host"));
    let body = match request.target.split('?').next().unwrap_or_default() {
        "/.well-known/openid-configuration" => json!({
            "issuer": own, "jwks_uri": format!("{own}/keys"), "authorization_endpoint": format!("{own}/authorize?tenant=1"),
            "token_endpoint": format!("{own}/token"),
        })
        .to_string(),
        "/keys" => include_str!("../../data/user_pools/jwks.json").to_owned(),
        "/token" => {
            let mut said = said.lock().unwrap();
            let form = request.body.clone();
            said.redeemed.push((form.clone(), request.header("authorization").to_owned()));
            let verifier = form.split("code_verifier=").nth(1).unwrap().split('&').next().unwrap();
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
            if challenge != said.challenge || !form.contains("code=a-code") {
                return (400, Vec::new(), json!({"error": "invalid_grant"}).to_string());
            }
            let mut claims = json!({
                "iss": own, "aud": "console", "sub": "u-7", "nonce": said.nonce, "iat": now(), "exp": now() + 60,
                "email": "ann@example.com", "groups": ["staff"],
            });
            claims.as_object_mut().unwrap().extend(said.change.as_object().cloned().unwrap_or_default());
            json!({"id_token": token(&claims, said.unsigned), "access_token": "x", "token_type": "Bearer"}).to_string()
        }
        _ => return (404, Vec::new(), String::new()),
    };
    (200, vec![("content-type", "application/json")], body)
}

fn token(claims: &Value, unsigned: Option<&str>) -> String {
    if let Some(algorithm) = unsigned {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "key-1"}).to_string();
        return format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    }
    let header = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::RS256) };
    let key = EncodingKey::from_rsa_der(include_bytes!("../../data/user_pools/private_key.der"));
    encode(&header, claims, &key).unwrap()
}

struct Fixture {
    said: Arc<Mutex<Said>>,
    backend: Backend,
    server: Server,
    _dir: DataDir,
}

fn fixture(name: &str) -> Fixture {
    let said: Arc<Mutex<Said>> = Arc::default();
    let of = said.clone();
    let backend = Backend::start_with(Arc::new(move |request: &Received| provider(&of, request)));
    let dir = DataDir::new(name);
    let settings = dir.path().join("stepgate.toml");
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "hush hush\n").unwrap();
    let text = format!(
        "[console.oidc]\nissuer = \"{}\"\nclient_id = \"console\"\nclient_secret_file = \"{}\"\n[console.oidc.roles]\n\
         staff = \"viewer\"\nbuilders = \"developer\"\nbosses = \"admin\"\nops = \"arn:aws:iam::123456789012:role/Ops\"\n",
        backend.url,
        secret.display()
    );
    std::fs::write(&settings, text).unwrap();
    let server = Server::start(&dir, &["--config", settings.to_str().unwrap()]);
    Fixture { said, backend, server, _dir: dir }
}

fn parameter(address: &str, name: &str) -> String {
    let found = address.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_default().to_owned()
}

impl Fixture {
    /// Goes to the provider, and returns the browser with its cookie and the state.
    fn begin(&self) -> (Browser, String) {
        let mut browser = Browser::new(&self.server);
        let answer = browser.get("/sign-in/oidc?to=%2F_stepgate%2Fconsole%2Fstate-machines");
        assert_eq!(answer.status, 303, "{}", answer.text());
        let to = answer.header("location").unwrap().to_owned();
        assert!(
            to.starts_with(&format!("{}/authorize?tenant=1&response_type=code", self.backend.url)),
            "{to}"
        );
        assert_eq!(parameter(&to, "code_challenge_method"), "S256");
        let redirect = format!("{}/_stepgate/console/sign-in/oidc/callback", browser.origin);
        assert_eq!(parameter(&to, "redirect_uri"), encoded(&redirect));
        let cookie = answer.header("set-cookie").unwrap();
        for part in ["HttpOnly", "SameSite=Lax", "Path=/_stepgate/console/sign-in/oidc"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        let mut said = self.said.lock().unwrap();
        said.nonce = parameter(&to, "nonce");
        said.challenge = parameter(&to, "code_challenge");
        (browser, parameter(&to, "state"))
    }

    fn say(&self, change: Value, unsigned: Option<&'static str>) {
        let mut said = self.said.lock().unwrap();
        (said.change, said.unsigned) = (change, unsigned);
    }

    /// Signs in somebody with these claims.
    fn sign_in(&self, change: Value) -> Browser {
        self.say(change, None);
        let (mut browser, state) = self.begin();
        let answer = back(&mut browser, &state, "");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(
            answer.text().contains("content=\"0; url=/_stepgate/console/state-machines\""),
            "{}",
            answer.text()
        );
        browser.keep(&answer);
        browser
    }
}

fn back(browser: &mut Browser, state: &str, more: &str) -> Answer {
    browser.get(&format!("/sign-in/oidc/callback?code=a-code&state={state}{more}"))
}

#[test]
fn who_the_provider_knows_gets_the_role_of_their_group() {
    let at = fixture("oidc-roles");
    let mut client = Client::new(&at.server.address);
    assert!(read(&Browser::new(&at.server).get("/sign-in")).contains("/sign-in/oidc?to="));

    // A viewer looks, and can change nothing.
    let mut ann = at.sign_in(json!({}));
    let home = ann.get("").text();
    assert!(home.contains("arn:aws:sts::123456789012:federated-user/ann@example.com"), "{home}");
    for path in [
        "/state-machines",
        &page("state-machines", HELLO_WORLD),
        "/apis",
        "/plans",
        "/requests",
        "/playground",
    ] {
        assert_eq!(ann.get(path).status, 200, "{path}");
    }
    let api = client.apigateway("GET", "/restapis", &json!({})).unwrap().json();
    let api = api["item"][0]["id"].as_str().unwrap().to_owned();
    for (path, fields) in [
        ("/executions/start", vec![("arn", HELLO_WORLD)]),
        ("/executions/stop", vec![("arn", "arn:aws:states:us-east-1:123456789012:execution:HelloWorld:x")]),
        (
            "/executions/redrive",
            vec![("arn", "arn:aws:states:us-east-1:123456789012:execution:HelloWorld:x")],
        ),
        (
            "/executions/skip-wait",
            vec![("arn", "arn:aws:states:us-east-1:123456789012:execution:HelloWorld:x")],
        ),
        (
            "/executions/fork",
            vec![("arn", "arn:aws:states:us-east-1:123456789012:execution:HelloWorld:x"), ("state", "A")],
        ),
        ("/state-machines/update", vec![("arn", HELLO_WORLD), ("definition", "{}")]),
        ("/apis/deploy", vec![("id", &api), ("stage", "x")]),
        ("/apis/import", vec![("id", &api), ("document", "{}"), ("mode", "merge")]),
        ("/keys/create", vec![("name", "x")]),
        ("/requests/switch", vec![("to", "on")]),
        ("/requests/resend", vec![("method", "GET"), ("host", "localhost"), ("target", "/")]),
    ] {
        let answer = ann.act(path, &fields);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    assert_eq!(ann.get("/operation").status, 403);

    // A developer changes things, but is not told of the server, and makes no users.
    let mut bob = at.sign_in(json!({"groups": "builders", "email": "bob@example.com"}));
    assert_eq!(bob.act("/executions/start", &[("arn", HELLO_WORLD)]).status, 303);
    assert_eq!(bob.act("/requests/switch", &[("to", "on")]).status, 303);
    assert_eq!(bob.act("/requests/switch", &[("to", "off")]).status, 303);
    assert_eq!(bob.get("/operation").status, 403);

    let mut cleo = at.sign_in(json!({"groups": ["bosses", "staff"]}));
    assert_eq!(cleo.get("/operation").status, 200);

    // An IAM role says itself whom it lets in.
    at.say(json!({"groups": ["ops"]}), None);
    let (mut dan, state) = at.begin();
    let answer = back(&mut dan, &state, "");
    assert!(answer.status == 403 && answer.text().contains("does not let you in"), "{}", answer.text());
    let host = at.backend.url.strip_prefix("http://").unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{host}")},
        "Condition": {"StringEquals": {format!("{host}:aud"): "console"}},
    }]});
    iam(&mut client, "CreateRole", &[("RoleName", "Ops"), ("AssumeRolePolicyDocument", &trust.to_string())]);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["states:List*", "states:StartExecution"], "Resource": "*"}]});
    let named = [("RoleName", "Ops"), ("PolicyName", "p"), ("PolicyDocument", &policy.to_string())];
    iam(&mut client, "PutRolePolicy", &named);
    let mut dan = at.sign_in(json!({"groups": ["ops"]}));
    assert!(dan.get("").text().contains("arn:aws:sts::123456789012:assumed-role/Ops/ann@example.com"));
    assert_eq!(dan.act("/executions/start", &[("arn", HELLO_WORLD)]).status, 303);
    assert_eq!(dan.get(&page("state-machines", HELLO_WORLD)).status, 403, "it may not describe them");
    iam(&mut client, "DeleteRolePolicy", &named[..2]);
    assert_eq!(
        dan.act("/executions/start", &[("arn", HELLO_WORLD)]).status,
        403,
        "its policies are asked each time"
    );

    // The client has proven itself, and the code came with what was kept back.
    let said = at.said.lock().unwrap();
    let basic = format!("Basic {}", STANDARD.encode("console:hush%20hush"));
    assert!(said.redeemed.iter().all(|(_, authorization)| *authorization == basic), "{:?}", said.redeemed);
}

#[test]
fn other_tokens_and_answers_let_nobody_in() {
    let at = fixture("oidc-refused");
    let refused = |answer: &Answer, why: &str| {
        assert_eq!(answer.status, 403, "{why}: {}", answer.text());
        assert!(answer.text().contains(why), "{why}: {}", answer.text());
        assert_eq!(answer.header("set-cookie"), None, "{why}");
    };
    for (change, unsigned, why) in [
        (json!({"nonce": "another"}), None, "it belongs to another sign-in"),
        (json!({"nonce": null}), None, "it belongs to another sign-in"),
        (json!({"exp": now() - 1}), None, "it has expired"),
        (json!({"aud": "another"}), None, "it is for another client"),
        (json!({"aud": ["console", "another"]}), None, "it was issued to another client"),
        (json!({"iss": "http://localhost:1"}), None, "is not signed with one of its keys"),
        (json!({"groups": ["nobody"]}), None, "none of its claims gives you a role"),
        (json!({}), Some("none"), "is not signed with one of its keys"),
        (json!({}), Some("HS256"), "is not signed with one of its keys"),
        (json!({}), Some("RS256"), "is not signed with one of its keys"),
    ] {
        at.say(change, unsigned);
        let (mut browser, state) = at.begin();
        refused(&back(&mut browser, &state, ""), why);
        assert_eq!(browser.get("").status, 303, "{why}");
    }
    at.say(json!({}), None);

    // A state is good once, in the browser that began, for an answer of this provider.
    let (mut browser, state) = at.begin();
    let own = browser.cookie.clone();
    assert_eq!(back(&mut browser, &state, "").status, 200);
    refused(&back(&mut browser, &state, ""), "This sign-in was not begun here");
    let (mut browser, state) = at.begin();
    browser.cookie = own;
    refused(&back(&mut browser, &state, ""), "This sign-in was not begun here");
    let (mut browser, _) = at.begin();
    refused(&back(&mut browser, "forged", ""), "This sign-in was not begun here");
    let (mut browser, state) = at.begin();
    refused(&back(&mut browser, &state, "&iss=http%3A%2F%2Flocalhost%3A1"), "another provider");
    let (mut browser, state) = at.begin();
    let answer = browser.get(&format!("/sign-in/oidc/callback?error=access_denied&state={state}"));
    refused(&answer, "The provider did not sign you in: access_denied.");
    // Another verifier, or another code, gets no token.
    let (mut browser, state) = at.begin();
    at.said.lock().unwrap().challenge = "another".to_owned();
    assert_eq!(back(&mut browser, &state, "").status, 502);
    assert!(
        Browser::new(&at.server)
            .get("/sign-in/oidc?to=https%3A%2F%2Fevil.example")
            .header("location")
            .is_some()
    );
}
