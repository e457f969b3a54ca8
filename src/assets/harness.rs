//! Test support: the services on a store of their own, called as clients call them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use serde_json::Value;

use super::{logs, s3, ssm};
use crate::clock::{Clock, SeededIds, Timestamp, VirtualClock};
use crate::connect::{Request, collect, full};
use crate::gateway::Bulkhead;
use crate::id::{AccountId, Region};
use crate::identity::iam::Iam;
use crate::identity::{Authenticator, Credential, Keys, Secret, TargetUri, sign};
use crate::store::{Options, Store};
use crate::wire::Api;

/// An account's number.
pub(crate) const ACCOUNT: &str = "123456789012";
/// The largest object, and the least part, in tests.
pub(crate) const PUT_BYTES_MAX: u64 = 300_000;
pub(crate) const PART_BYTES_MIN: u64 = 100;

/// The services in a directory that is deleted with them.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) store: Store,
    pub(crate) feed: Arc<logs::Feed>,
    pub(crate) groups: logs::LogGroups,
    pub(crate) dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The text of the first element of this name.
    pub(crate) fn element(&self, name: &str) -> String {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>")).unwrap_or(("", ""));
        rest.split_once(&format!("</{name}>")).map_or("", |(text, _)| text).to_owned()
    }

    /// The texts of all elements of this name.
    pub(crate) fn elements(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
        text.split(&begin).skip(1).filter_map(|part| Some(part.split_once(&end)?.0.to_owned())).collect()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.element("Code").as_str()), (status, code), "{:?}", self.body);
        self
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("stepgate-assets-{}-{n}", std::process::id()));
        let clock = Arc::new(VirtualClock::new(Timestamp::from_millis(1_700_000_000_000)));
        Self::open(dir, clock, 1).await
    }

    async fn open(dir: PathBuf, clock: Arc<VirtualClock>, seed: u64) -> Self {
        let store = Store::open(&dir, Options::disturbed(), clock.clone()).unwrap();
        let (ids, keys) = (Arc::new(SeededIds::new(seed)), Arc::new(Keys::default()));
        for (account, key) in [(ACCOUNT, "test"), ("999999999999", "other")] {
            let account = AccountId::parse(account).unwrap();
            keys.insert(key, Credential::root(account, key, Secret::new("test")));
        }
        let iam = Iam::open(store.clone(), clock.clone(), ids.clone()).unwrap();
        let ports = s3::Ports {
            store: store.clone(),
            folder: dir.join("objects"),
            clock: clock.clone(),
            ids: ids.clone(),
            bounds: s3::Bounds {
                put_bytes_max: PUT_BYTES_MAX,
                part_bytes_min: PART_BYTES_MIN,
                object_bytes_max: 2 * PUT_BYTES_MAX,
            },
        };
        let buckets = s3::Buckets::open(ports).unwrap();
        let parameters = ssm::Parameters::open(store.clone(), clock.clone()).unwrap();
        let feed = Arc::new(logs::Feed::default());
        let folder = dir.join("log-groups");
        let groups = logs::LogGroups::open(store.clone(), clock.clone(), feed.clone(), None, folder).unwrap();
        let services = [s3::service(buckets), ssm::service(parameters), logs::service(groups.clone())];
        let authenticator = Arc::new(Authenticator::new(keys, clock.clone()));
        let bodies = Arc::new(Bulkhead::new(None));
        let services = services.into_iter().collect();
        let api = Api::new(services, authenticator, iam, bodies, clock.clone(), ids);
        Self { api, clock, store, feed, groups, dir }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn restart(mut self) -> Self {
        self.store.close().await;
        let (dir, clock) = (std::mem::take(&mut self.dir), self.clock.clone());
        drop(self);
        Self::open(dir, clock, 2).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Signs a request of S3 and sends it.
    pub(crate) async fn s3(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.s3_as("test", method, target, headers, body).await
    }

    pub(crate) async fn s3_as(
        &self,
        key: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let account = AccountId::parse(ACCOUNT).unwrap();
        let credential = Credential::root(account, key, Secret::new("test"));
        let mut request =
            http::Request::builder().method(method).uri(target).header("host", "localhost:4566");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let region = Region::parse("eu-central-1").unwrap();
        sign(&mut parts, body, &credential, "s3", &region, self.now());
        self.send(Request::from_parts(parts, full(Bytes::copy_from_slice(body)))).await
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let (mut parts, body) = request.into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let response = self.api.handle(uri, Request::from_parts(parts, body)).await;
        let (parts, body) = response.into_parts();
        let body = collect(body, 1 << 24).await.unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Calls an operation of a service that speaks JSON.
    pub(crate) async fn json(
        &self,
        service: &str,
        prefix: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, (String, String)> {
        let body = input.to_string();
        let request = http::Request::post("http://localhost:4566/")
            .header("x-amz-target", format!("{prefix}.{operation}"))
            .header("content-type", "application/x-amz-json-1.1")
            .header("host", "localhost:4566");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let account = AccountId::parse(ACCOUNT).unwrap();
        let credential = Credential::root(account, "test", Secret::new("test"));
        let region = Region::parse("us-east-1").unwrap();
        sign(&mut parts, body.as_bytes(), &credential, service, &region, self.now());
        let answer = self.send(Request::from_parts(parts, full(body))).await;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match answer.status {
            200 => Ok(body),
            _ => Err((text("__type"), text("message"))),
        }
    }
}
