//! Test support: the two services with IAM and STS, on a store of their own, called as clients call them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{CodesTo, Cognito, Ports, identity_pools, open, user_pools};
use crate::clock::{SeededIds, Timestamp, VirtualClock};
use crate::connect::{HttpClient, Options as ClientOptions, Request, collect, full};
use crate::gateway::{Bulkhead, Issuers};
use crate::id::{AccountId, Region};
use crate::identity::iam::{Iam, NewRole};
use crate::identity::{Authenticator, Credential, Keys, Secret, Sessions, TargetUri, sign};
use crate::store::{Options, Store};
use crate::wire::{Api, sts};

/// An account's number.
pub(crate) const ACCOUNT: &str = "123456789012";

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
        let issuers = Issuers::new([], client, clock.clone());
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
            sts::service(sessions),
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

    pub(crate) fn now(&self) -> Timestamp {
        crate::clock::Clock::now(&*self.clock)
    }

    /// Makes a role for bearers of a pool's tokens who were identified like that.
    pub(crate) async fn role(&self, name: &str, pool: &str, method: &str) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                          "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": method}},
        }]});
        let new = NewRole {
            name: name.to_owned(),
            path: "/".to_owned(),
            assume_role_policy_document: trust.to_string(),
            description: None,
            max_session_duration: 3_600,
            permissions_boundary: None,
            tags: Vec::new(),
        };
        let account = AccountId::parse(ACCOUNT).unwrap();
        self.iam.create_role(&account, new).await.unwrap().arn
    }
}

fn open_store(dir: &Path, clock: &Arc<VirtualClock>) -> Store {
    Store::open(dir, Options::default(), clock.clone()).unwrap()
}
