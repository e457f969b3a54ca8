//! Test support: the APIs on a store of their own, and requests signed as clients sign them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::api::run;
use super::apigateway::Apis;
use super::in_process::Inside;
use super::{Api, ApiError, Code, ReplyBody, Service, apigateway, iam, lambda, states, sts};
use crate::apis;
use crate::clock::{Clock, Ids, SeededIds, Timestamp, VirtualClock};
use crate::connect::{Request, collect, full};
use crate::engine::{self, Engine};
use crate::functions::{self, Functions};
use crate::gateway::Bulkhead;
use crate::id::{AccountId, AccountRegion, Region};
use crate::identity::iam::Iam;
use crate::identity::{Authenticator, Caller, Credential, Keys, Secret, Sessions, TargetUri, sign};
use crate::store::{Options, Store};

/// The services of this room.
pub(super) const SERVICES: [&Service; 5] =
    [&states::SERVICE, &apigateway::SERVICE, &iam::SERVICE, &sts::SERVICE, &lambda::SERVICE];

/// The memory for large bodies and their values, in bytes.
const BODY_BYTES: usize = 60 * 1024 * 1024;

/// No test here makes a test call.
struct Nobody;

impl apis::TestInvoke for Nobody {
    fn test_invoke(&self, _: apis::TestInvocation) -> apis::TestInvokeFuture<'_> {
        Box::pin(std::future::pending())
    }

    fn test_authorize(&self, _: apis::TestAuthorization) -> apis::TestAuthorizeFuture<'_> {
        Box::pin(std::future::pending())
    }
}

/// The APIs in a directory that is deleted with them. The account is 123456789012, its access key `test`/`test`.
pub(super) struct World {
    pub(super) api: Api,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) credential: Credential,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A response, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    pub(super) async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-wire-{}-{n}", std::process::id()));
        Self::open(dir, Timestamp::from_millis(1_700_000_000_999)).await
    }

    /// The APIs on what is in `dir`, which is removed with them.
    pub(super) async fn open(dir: PathBuf, now: Timestamp) -> Self {
        let clock = Arc::new(VirtualClock::new(now));
        let keys = Arc::new(Keys::default());
        let account = AccountId::parse("123456789012").unwrap();
        let credential = Credential::root(account, "test", Secret::new("test"));
        keys.insert("test", credential.clone());
        let api = api(&dir, clock.clone(), Arc::new(SeededIds::new(3)), keys).await;
        Self { api, clock, credential, dir }
    }

    pub(super) fn caller(&self) -> Caller {
        self.credential.caller.clone()
    }

    /// Signs `request` for `service`, and returns the response.
    pub(super) async fn send(&self, service: &str, request: http::Request<&str>) -> Answer {
        self.send_as(&self.credential, service, request).await
    }

    /// The same with another key.
    pub(super) async fn send_as(
        &self,
        credential: &Credential,
        service: &str,
        request: http::Request<&str>,
    ) -> Answer {
        self.send_to("eu-central-1", credential, service, request).await
    }

    /// The same in another region.
    pub(super) async fn send_to(
        &self,
        region: &str,
        credential: &Credential,
        service: &str,
        request: http::Request<&str>,
    ) -> Answer {
        let (mut parts, body) = request.into_parts();
        let region = Region::parse(region).unwrap();
        parts.headers.insert("host", "localhost:4566".parse().unwrap());
        sign(&mut parts, body.as_bytes(), credential, service, &region, self.clock.now());
        self.send_as_it_is(Request::from_parts(parts, full(Bytes::copy_from_slice(body.as_bytes())))).await
    }

    pub(super) async fn send_as_it_is(&self, request: Request) -> Answer {
        let (mut parts, body) = request.into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let request = Request::from_parts(parts, body);
        let (parts, body) = self.api.handle(uri, request).await.into_parts();
        assert_ne!(parts.status, StatusCode::INTERNAL_SERVER_ERROR);
        let body = collect(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Calls Step Functions.
    pub(super) async fn states(&self, operation: &str, body: &str) -> Answer {
        let target = format!("AWSStepFunctions.{operation}");
        self.send("states", http::Request::post("/").header("x-amz-target", target).body(body).unwrap()).await
    }

    /// Calls a service that uses forms.
    pub(super) async fn form(&self, service: &str, body: &str) -> Answer {
        let media_type = "application/x-www-form-urlencoded; charset=utf-8";
        let request = http::Request::post("/").header("content-type", media_type).body(body).unwrap();
        self.send(service, request).await
    }
}

/// The Task states in these tests call nothing.
struct NoServices;

impl engine::Tasks for NoServices {
    fn run(&self, _: engine::TaskCall) -> engine::BoxFuture<'static, engine::TaskResult> {
        Box::pin(std::future::pending())
    }
}

/// No token is good here.
struct NoTokens;

impl sts::Tokens for NoTokens {
    fn verify<'a>(&'a self, _: &'a str, _: &'a str, _: Timestamp) -> sts::Verifying<'a> {
        Box::pin(std::future::ready(Err(sts::BadToken::Invalid("no token is good".to_owned()))))
    }
}

/// No test of this room runs a function.
struct Nothing;

impl functions::Ports for Nothing {
    fn variables(
        &self,
        _: AccountRegion,
        _: String,
        _: String,
    ) -> functions::BoxFuture<'static, BTreeMap<String, String>> {
        Box::pin(std::future::ready(BTreeMap::new()))
    }

    fn object(
        &self,
        _: AccountRegion,
        _: String,
        key: String,
        _: Option<String>,
    ) -> functions::BoxFuture<'static, Result<Vec<u8>, String>> {
        Box::pin(std::future::ready(Err(format!("no {key}"))))
    }

    fn call(
        &self,
        _: functions::SourceFunction,
        _: &'static str,
        _: String,
        operation: &'static str,
        _: serde_json::Value,
    ) -> functions::BoxFuture<'static, Result<serde_json::Value, String>> {
        Box::pin(std::future::ready(Err(format!("no {operation}"))))
    }

    fn tell(
        &self,
        _: functions::SourceFunction,
        _: String,
        _: Bytes,
    ) -> functions::BoxFuture<'static, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn functions(dir: &Path, store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Functions {
    let options = functions::Options {
        folder: dir.join("functions"),
        supervisor: Vec::new(),
        near_versions: true,
        concurrency: 10,
        idle: Duration::from_secs(60),
        retry_delay: Duration::from_secs(60),
        sdks: functions::Sdks::default(),
    };
    Functions::open(store, clock, ids, options, Arc::new(Nothing)).unwrap()
}

impl Api {
    /// Carries an operation out, whose input is JSON, and returns the output as its handler wrote it.
    pub(super) async fn invoke(
        &self,
        service: &'static Service,
        operation: &str,
        input: Bytes,
        caller: Caller,
        region: Region,
    ) -> Result<Bytes, ApiError> {
        let inside = Inside::input(operation.to_owned(), input, caller, region, None);
        let reply = run(self.prepare(service, inside, self.ids.uuid().to_string()).await?).await?;
        Ok(match reply.body {
            ReplyBody::Empty => Bytes::from_static(b"{}"),
            ReplyBody::Json(bytes) | ReplyBody::Raw { bytes, .. } => bytes,
            ReplyBody::Stream { .. } => return Err(ApiError::bare(Code::UnsupportedOperation)),
        })
    }
}

/// The APIs on a store in `dir`.
pub(super) async fn api(dir: &Path, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, keys: Arc<Keys>) -> Api {
    let store = Store::open(dir, Options::default(), clock.clone()).unwrap();
    let services = SERVICES.iter().map(|service| service.name.to_owned()).collect();
    let reach = apis::Reach { services, ..apis::Reach::default() };
    let control = apis::Apis::open(store.clone(), clock.clone(), ids.clone()).unwrap().reaching(reach);
    let iam = Iam::open(store.clone(), clock.clone(), ids.clone()).unwrap();
    let iam = iam.signing(keys.clone()).await.unwrap();
    let sessions = Sessions::open(store.clone(), clock.clone(), ids.clone(), keys.clone(), iam.clone());
    let sessions = sessions.await.unwrap();
    let options = engine::Options::default();
    let functions = functions(dir, store.clone(), clock.clone(), ids.clone());
    let ports = engine::Ports {
        store,
        clock: clock.clone(),
        ids: ids.clone(),
        tasks: Arc::new(NoServices),
        logs: Arc::new(engine::NoLogs),
        objects: Arc::new(engine::NoObjects),
    };
    let engine = Engine::open(ports, options).await.unwrap();
    let apis = Apis { control, test_invoke: Arc::new(Nobody) };
    let services = [
        states::service(engine),
        apigateway::service(apis),
        iam::service(iam.clone()),
        sts::service(sessions, Arc::new(NoTokens)),
        lambda::service(functions),
    ];
    let authenticator = Arc::new(Authenticator::new(keys, clock.clone()));
    let bodies = Arc::new(Bulkhead::new(Some(BODY_BYTES)));
    Api::new(services.into_iter().collect(), authenticator, iam, bodies, clock, ids)
}
