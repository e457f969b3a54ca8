//! A gateway with APIs in memory, for tests.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode as Status};

use super::plans::trial::MemoryUsageStore;
use super::{
    AccessLogs, Address, AwsCall, BackendError, BackendResponse, BackendStream, Backends, BoxFuture, Gateway,
    Options, Peer, Permissions, Ports, SourceError, StageSource,
};
use crate::apis::fixtures::test_stage;
pub(crate) use crate::apis::fixtures::{api, code, integration, method, mock, strings, with};
use crate::apis::{ApiId, Change, DeploymentSnapshot, LiveKey, LiveStage, Stage, StageName};
use crate::clock::{Clock as _, SeededIds, Timestamp, VirtualClock};
use crate::connect::{HttpClient, collect, full};
use crate::id::{AccountId, AccountRegion, Region};
use crate::identity::{Authenticator, Caller, Credential, Grants, Keys, Secret, TargetUri, sign};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);

/// The API's own host.
pub(crate) const HOST: &str = "abc.execute-api.us-east-1.amazonaws.com";

pub(crate) fn owner() -> AccountRegion {
    AccountRegion {
        account: AccountId::parse("123456789012").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

/// The stage `dev` of an API, as deployed.
pub(crate) fn live(deployment: DeploymentSnapshot) -> LiveStage {
    LiveStage {
        owner: owner(),
        api_id: deployment.api.id.clone(),
        stage: Stage {
            deployment_id: "d00001".into(),
            created_date: NOW,
            last_updated_date: NOW,
            ..test_stage()
        },
        deployment: Arc::new(deployment),
        canary: None,
        vpc_links: BTreeMap::new(),
        client_certificate: None,
        usage_plans: Vec::new(),
        stored_bytes: 1_000,
    }
}

/// Stages in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) stages: Mutex<HashMap<(ApiId, StageName), LiveStage>>,
    pub(crate) loads: AtomicUsize,
    /// API keys by value.
    pub(crate) keys: Mutex<HashMap<String, LiveKey>>,
    /// The recorded usage.
    pub(crate) usage_store: Arc<MemoryUsageStore>,
}

impl Memory {
    pub(crate) fn put(&self, live: LiveStage) {
        let key = (live.api_id.clone(), live.stage.name.clone());
        self.stages.lock().unwrap().insert(key, live);
    }
}

impl StageSource for Memory {
    fn load<'a>(
        &'a self,
        api: &'a ApiId,
        stage: &'a StageName,
    ) -> BoxFuture<'a, Result<Option<LiveStage>, SourceError>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(self.stages.lock().unwrap().get(&(api.clone(), stage.clone())).cloned())
        })
    }

    fn apis_with_stage<'a>(&'a self, stage: &'a StageName) -> BoxFuture<'a, Result<Vec<ApiId>, SourceError>> {
        Box::pin(async move {
            let stages = self.stages.lock().unwrap();
            let mut apis: Vec<ApiId> =
                stages.keys().filter(|(_, name)| name == stage).map(|(api, _)| api.clone()).collect();
            apis.sort();
            Ok(apis)
        })
    }

    fn key<'a>(
        &'a self,
        _: &'a AccountRegion,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<LiveKey>, SourceError>> {
        Box::pin(async move {
            self.loads.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(self.keys.lock().unwrap().get(value).cloned())
        })
    }
}

/// The behaviour of a Lambda function.
pub(crate) type Function = fn(&AwsCall) -> Result<BackendResponse, BackendError>;

/// `states` echoes its input, `lambda` is the function, if there is one; other services don't exist.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) function: Mutex<Option<Function>>,
    pub(crate) calls: Mutex<Vec<AwsCall>>,
}

impl Backends for Echo {
    fn call(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendResponse, BackendError>> {
        Box::pin(async move {
            let function = self.function.lock().unwrap().filter(|_| call.service == "lambda");
            if let Some(function) = function {
                let answer = function(&call);
                self.calls.lock().unwrap().push(call);
                return answer;
            }
            if call.service != "states" {
                return Err(BackendError::UnknownService { service: call.service });
            }
            let body = call.body.clone();
            self.calls.lock().unwrap().push(call);
            let json = HeaderValue::from_static("application/x-amz-json-1.0");
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
            Ok(BackendResponse { status: Status::OK, headers, body })
        })
    }

    fn stream(&self, call: AwsCall) -> BoxFuture<'_, Result<BackendStream, BackendError>> {
        Box::pin(async move {
            let BackendResponse { status, headers, body } = self.call(call).await?;
            Ok(BackendStream { status, headers, body: full(body) })
        })
    }
}

/// Access logs in memory: destinations and lines.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<(String, String)>>);

impl AccessLogs for Lines {
    fn log(&self, destination_arn: &Arc<str>, line: String) {
        self.0.lock().unwrap().push((destination_arn.to_string(), line));
    }
}

/// Access keys of signers: `KEY` of the APIs' account, `OTHER` of another one; the secret is the id.
pub(crate) fn credential(access_key_id: &str) -> Credential {
    let account = if access_key_id == "OTHER" { "210987654321" } else { "123456789012" };
    let account = AccountId::parse(account).unwrap();
    Credential::root(account, access_key_id, Secret::new(access_key_id))
}

/// The permissions of signers, by their access keys; everything if a key isn't listed.
#[derive(Default)]
pub(crate) struct Granted(pub(crate) Mutex<HashMap<String, Arc<Grants>>>);

impl Permissions for Granted {
    fn of<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<Arc<Grants>, SourceError>> {
        let granted = self.0.lock().unwrap().get(caller.access_key_id.as_deref().unwrap()).cloned();
        Box::pin(std::future::ready(Ok(granted.unwrap_or_else(|| Arc::new(Grants::Everything)))))
    }
}

/// A gateway with all its ports.
pub(crate) struct Fixture {
    pub(crate) granted: Arc<Granted>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) gateway: Gateway,
    pub(crate) memory: Arc<Memory>,
    pub(crate) backends: Arc<Echo>,
    pub(crate) access_logs: Arc<Lines>,
    pub(crate) clock: Arc<VirtualClock>,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The body as bytes.
    pub(crate) bytes: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn fixture(options: Options, stages: impl IntoIterator<Item = LiveStage>) -> Fixture {
    let memory = Arc::new(Memory::default());
    stages.into_iter().for_each(|live| memory.put(live));
    let backends = Arc::new(Echo::default());
    let access_logs = Arc::new(Lines::default());
    let clock = Arc::new(VirtualClock::new(NOW));
    let (keys, granted) = (Arc::new(Keys::default()), Arc::new(Granted::default()));
    for id in ["KEY", "OTHER"] {
        keys.insert(id, credential(id));
    }
    let ports = Ports {
        authenticator: Arc::new(Authenticator::new(keys.clone(), clock.clone())),
        permissions: granted.clone(),
        stages: memory.clone(),
        usage_store: memory.usage_store.clone(),
        backends: backends.clone(),
        access_logs: access_logs.clone(),
        client: HttpClient::new(crate::connect::Options::default()),
        clock: clock.clone(),
        ids: Arc::new(SeededIds::new(1)),
        own_pools: None,
    };
    Fixture { granted, keys, gateway: Gateway::new(ports, options), memory, backends, access_logs, clock }
}

/// A gateway with one API, `abc`, with the stage `dev`.
pub(crate) fn house_of(deployment: DeploymentSnapshot) -> Fixture {
    fixture(Options::default(), [live(deployment)])
}

impl Fixture {
    /// Notifies the gateway of a change, as the store would.
    pub(crate) async fn notify(&self, change: Change) {
        for watcher in self.gateway.watchers() {
            watcher.upgrade().unwrap().notify(&change).await;
        }
    }

    /// Sends `GET` with a path such as `/dev/pets` to the API's own host.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(http::Request::get(path).body(Bytes::new()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let request = http::Request::post(path).header("content-type", content_type);
        self.send(request.body(body.to_owned().into()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: http::Request<Bytes>) -> Answer {
        self.send_to(HOST, request).await
    }

    /// Signs the request as a client does, for the API's own host.
    pub(crate) fn signed(&self, access_key_id: &str, request: http::Request<Bytes>) -> http::Request<Bytes> {
        self.signed_for(HOST, access_key_id, request)
    }

    /// Signs the request as a client does, for `host`.
    pub(crate) fn signed_for(
        &self,
        host: &'static str,
        access_key_id: &str,
        request: http::Request<Bytes>,
    ) -> http::Request<Bytes> {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert("host", HeaderValue::from_static(host));
        let (credential, now) = (credential(access_key_id), self.clock.now());
        sign(&mut parts, &body, &credential, "execute-api", &owner().region, now);
        http::Request::from_parts(parts, body)
    }

    pub(crate) async fn send_to(&self, host: &str, request: http::Request<Bytes>) -> Answer {
        self.send_from(Ipv4Addr::new(192, 0, 2, 7), host, request).await
    }

    pub(crate) async fn send_from(
        &self,
        ip: Ipv4Addr,
        host: &str,
        mut request: http::Request<Bytes>,
    ) -> Answer {
        request.headers_mut().insert("host", host.parse().unwrap());
        let (mut parts, body) = request.into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let request = http::Request::from_parts(parts, body);
        let Address::Stage(target) = self.gateway.locate(&uri) else { panic!("{host}{}", uri.path()) };
        let peer = Peer { ip: IpAddr::V4(ip), certificate: None, is_secure: false };
        let response = self.gateway.serve(uri, target, peer, request.map(full)).await;
        let (parts, body) = response.into_parts();
        let body = collect(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            bytes: body,
        }
    }
}
