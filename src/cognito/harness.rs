//! Test support: the two services with IAM and STS, on a store of their own, called as clients call them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::keys::{Algorithm, IssuerKeys, SigningKey};
use super::{CodesTo, Cognito, Ports, identity_pools, open, user_pools};
use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::connect::{HttpClient, Options as ClientOptions, Request, collect, full};
use crate::gateway::{Bulkhead, Issuer, Issuers, KeySet, UserPool, UserPoolKeys};
use crate::id::{AccountId, Region};
use crate::identity::iam::{Iam, NewRole};
use crate::identity::{Authenticator, Credential, Keys, Secret, Sessions, TargetUri, sign};
use crate::store::{Options, Store};
use crate::wire::{Api, sts};

/// An account's number.
pub(crate) const ACCOUNT: &str = "123456789012";

/// An issuer of the settings, whose client is `app`.
pub(crate) const ISSUER: &str = "https://login.example.com/realm";

static ISSUER_KEYS: LazyLock<Arc<IssuerKeys>> = LazyLock::new(|| {
    let key = SigningKey::generate("elsewhere".to_owned(), Algorithm::Rs256).unwrap();
    IssuerKeys::new(vec![key]).unwrap()
});

/// The keys of that issuer.
pub(crate) fn issuer_keys() -> &'static IssuerKeys {
    &ISSUER_KEYS
}

/// The services in a directory that is deleted with them.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) iam: Iam,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) cognito: Cognito,
    store: Store,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// An answer: its output, or its error's name and message.
pub(crate) type Answer = Result<Value, (String, String)>;

impl World {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-cognito-{}-{n}", std::process::id()));
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        Self::open(dir, clock, 1).await
    }

    async fn open(dir: PathBuf, clock: Arc<VirtualClock>, seed: u64) -> Self {
        let store = open_store(&dir, &clock);
        let (ids, keys) = (Arc::new(SeededIds::new(seed)), Arc::new(Keys::default()));
        let account = AccountId::parse(ACCOUNT).unwrap();
        keys.insert("test", Credential::root(account, "test", Secret::new("test")));
        let iam = Iam::open(store.clone(), clock.clone(), ids.clone()).unwrap();
        let sessions = Sessions::open(store.clone(), clock.clone(), ids.clone(), keys.clone(), iam.clone())
            .await
            .unwrap();
        let client = HttpClient::new(ClientOptions::default());
        let keys_of_issuer = UserPoolKeys::Given(KeySet::parse(ISSUER_KEYS.jwks.as_bytes()).unwrap());
        let pool = UserPool { issuer: ISSUER.to_owned(), keys: keys_of_issuer };
        let issuer = Issuer { pool, clients: vec!["app".to_owned()] };
        let issuers = Issuers::new([issuer], client, clock.clone());
        let ports = Ports {
            clock: clock.clone(),
            ids: ids.clone(),
            sessions: sessions.clone(),
            issuers,
            codes: CodesTo::Log,
        };
        let cognito = open(store.clone(), ports).unwrap();
        let services = [
            identity_pools::service(cognito.clone()),
            user_pools::service(cognito.clone()),
            sts::service(sessions, Arc::new(cognito.clone())),
        ];
        let authenticator = Arc::new(Authenticator::new(keys, clock.clone()));
        let bodies = Arc::new(Bulkhead::new(None));
        let services = services.into_iter().collect();
        let api = Api::new(services, authenticator, iam.clone(), bodies, clock.clone(), ids);
        Self { api, iam, clock, cognito, store, dir }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn restart(mut self) -> Self {
        self.store.close().await;
        let (dir, clock) = (std::mem::take(&mut self.dir), self.clock.clone());
        drop(self);
        Self::open(dir, clock, 2).await
    }

    /// Calls an operation of Cognito Identity with the account's key.
    pub(crate) async fn identity(&self, operation: &str, input: Value) -> Answer {
        self.send("AWSCognitoIdentityService", "cognito-identity", operation, &input, true).await
    }

    /// The same without a signature.
    pub(crate) async fn anyone(&self, operation: &str, input: Value) -> Answer {
        self.send("AWSCognitoIdentityService", "cognito-identity", operation, &input, false).await
    }

    /// Calls an operation of user pools with the account's key.
    pub(crate) async fn owner(&self, operation: &str, input: Value) -> Answer {
        self.send("AWSCognitoIdentityProviderService", "cognito-idp", operation, &input, true).await
    }

    /// Calls an operation of user pools as an app does: without a signature.
    pub(crate) async fn app(&self, operation: &str, input: Value) -> Answer {
        self.send("AWSCognitoIdentityProviderService", "cognito-idp", operation, &input, false).await
    }

    async fn send(
        &self,
        prefix: &str,
        service: &str,
        operation: &str,
        input: &Value,
        is_signed: bool,
    ) -> Answer {
        let body = input.to_string();
        let request = http::Request::post("http://localhost:4566/")
            .header("x-amz-target", format!("{prefix}.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("host", "localhost:4566");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        if is_signed {
            let account = AccountId::parse(ACCOUNT).unwrap();
            let credential = Credential::root(account, "test", Secret::new("test"));
            let region = Region::parse("us-east-1").unwrap();
            sign(&mut parts, body.as_bytes(), &credential, service, &region, self.now());
        }
        let uri = TargetUri::take(&mut parts).unwrap();
        let response = self.api.handle(uri, Request::from_parts(parts, full(body))).await;
        let (parts, body) = response.into_parts();
        let body = collect(body, 1 << 20).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        match parts.status.as_u16() {
            200 => Ok(body),
            _ => {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                Err((text("__type"), text("message")))
            }
        }
    }

    /// Sends a form without a signature: the status and the answer's XML.
    pub(crate) async fn form(&self, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
        let mut body = format!("Action={action}&Version=2011-06-15");
        for (name, value) in parameters {
            let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
            body.push_str(&format!("&{name}={value}"));
        }
        let request = http::Request::post("http://localhost:4566/")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("host", "localhost:4566");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let (parts, body) = self.api.handle(uri, Request::from_parts(parts, full(body))).await.into_parts();
        let body = collect(body, 1 << 20).await.unwrap();
        (parts.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    /// How many sessions are kept.
    pub(crate) async fn sessions(&self) -> i64 {
        let sql = "SELECT COUNT(*) FROM sts_session";
        let count = self.store.read(|tx| tx.query_one(sql, &[], |row| row.int(0))).await;
        count.unwrap().unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        crate::clock::Clock::now(&*self.clock)
    }

    /// Makes a role for bearers of a pool's tokens who were identified like that.
    pub(crate) async fn role(&self, name: &str, pool: &str, method: &str) -> String {
        let statement = json!({
            "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                          "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method}},
        });
        self.role_trusting(name, statement).await
    }

    /// Makes a role, in place of one of its name, with this statement in its trust policy.
    pub(crate) async fn role_trusting(&self, name: &str, statement: Value) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [statement]});
        let new = NewRole {
            name: name.to_owned(),
            path: "/".to_owned(),
            assume_role_policy_document: trust.to_string(),
            description: None,
            max_session_duration: 3_600,
            permissions_boundary: None,
            tags: Vec::new(),
            is_complete: false,
        };
        let account = AccountId::parse(ACCOUNT).unwrap();
        // There may be none.
        let _ = self.iam.delete_role(&account, name).await;
        self.iam.create_role(&account, new).await.unwrap().arn
    }
}

fn open_store(dir: &Path, clock: &Arc<VirtualClock>) -> Store {
    Store::open(dir, Options::disturbed(), clock.clone()).unwrap()
}
