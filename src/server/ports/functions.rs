//! `functions::Ports`: what functions need of the rooms around them.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::objects::Buckets;
use crate::clock::{Clock, Ids, Timestamp};
use crate::functions::{
    self, BoxFuture, Called, Functions, Invocation, Ports, Reference, SUPERVISOR_ARGUMENT, Source,
    ZIPPED_BYTES_MAX,
};
use crate::gateway::{AwsCall, AwsOperation, CallAs};
use crate::id::{AccountRegion, Arn};
use crate::identity::{Caller, NewSession, Sessions};
use crate::server::options::Options;
use crate::tasks::Services;
use crate::wire::{self, states};

/// How long before its end a role's session is not given to instances any more: they live for six hours at most.
const MARGIN: Duration = Duration::from_secs(6 * 3600 + 600);
/// How long a service elsewhere may take to be told of an event's end.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What functions are told, and whom they tell.
pub(super) struct Outside {
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    known: Mutex<HashMap<(String, String), NewSession>>,
    later: OnceLock<Later>,
    endpoint: OnceLock<String>,
}

/// What there is only after the functions.
pub(super) struct Later {
    pub(super) api: Weak<wire::Api>,
    pub(super) functions: Functions,
    pub(super) elsewhere: Arc<Services>,
    pub(super) buckets: Arc<Buckets>,
}

impl Outside {
    pub(super) fn new(sessions: Sessions, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            sessions,
            clock,
            ids,
            known: Mutex::default(),
            later: OnceLock::new(),
            endpoint: OnceLock::new(),
        }
    }

    /// Set once, when all rooms are open.
    pub(super) fn set_later(&self, later: Later) {
        let _ = self.later.set(later);
    }

    /// Set once, when the server listens.
    pub(super) fn set_endpoint(&self, endpoint: String) {
        let _ = self.endpoint.set(endpoint);
    }

    /// A session of the role, the same for all instances of a function that are started in the next hours.
    async fn session(&self, name: String, role: String) -> Option<NewSession> {
        let key = (name.clone(), role.clone());
        let lasts = |expires: Timestamp| MARGIN < expires.since(self.clock.now());
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(session) = found.filter(|session| lasts(session.expires)) {
            return Some(session);
        }
        match self.sessions.of_function(&role, &name).await {
            Ok(Some(session)) => {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.retain(|_, session| lasts(session.expires));
                known.insert(key, session.clone());
                Some(session)
            }
            // A role that doesn't exist has no keys: the function runs without.
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(function = name, %error, "a function's role has no session");
                None
            }
        }
    }

    async fn tell(&self, home: &AccountRegion, destination: &str, record: Bytes) -> Result<(), String> {
        let later = self.later.get().ok_or("the server is being started")?;
        let arn = Arn::parse(destination).map_err(|error| error.to_string())?;
        match arn.service.as_str() {
            "lambda" => {
                let Reference { name, qualifier } =
                    Reference::parse(destination, None, home).map_err(|error| error.to_string())?;
                let called =
                    Called { home, name: &name, qualifier: qualifier.as_deref(), source: Source::Permitted };
                let request_id = self.ids.uuid().to_string();
                let invocation = Invocation { request_id, payload: record, ..Invocation::default() };
                later.functions.enqueue(called, invocation).await.map_err(|error| error.to_string())
            }
            "states" => {
                let api = later.api.upgrade().ok_or("the server is being closed")?;
                let text = String::from_utf8_lossy(&record);
                let input = json!({"stateMachineArn": destination, "input": text}).to_string();
                let caller = Caller::root(home.account.clone());
                let region = home.region.clone();
                let started =
                    api.invoke(&states::SERVICE, "StartExecution", input.into(), caller, region).await;
                started.map(|_| ()).map_err(|error| error.to_string())
            }
            service => {
                let call = elsewhere(home, service, &arn, &record).ok_or("no destination of this kind")?;
                match later.elsewhere.try_call(call, TIMEOUT).await {
                    None => Err(format!("[services.{service}] has no endpoint")),
                    Some(Err(error)) => Err(error.to_string()),
                    Some(Ok(response)) if response.status.is_success() => Ok(()),
                    Some(Ok(response)) => Err(format!("{service} answered {}", response.status)),
                }
            }
        }
    }
}

/// How a service elsewhere is told of an event's end.
fn elsewhere(home: &AccountRegion, service: &str, arn: &Arn, record: &Bytes) -> Option<AwsCall> {
    let text = String::from_utf8_lossy(record).into_owned();
    let (action, query, body) = match service {
        "sqs" => {
            let url = format!("https://sqs.{}.amazonaws.com/{}/{}", arn.region, arn.account, arn.resource);
            ("SendMessage", vec![("QueueUrl", url), ("MessageBody", text)], Value::Null)
        }
        "sns" => ("Publish", vec![("TopicArn", arn.to_string()), ("Message", text)], Value::Null),
        "events" => {
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            let is_success = told["requestContext"]["condition"] == "Success";
            let kind = if is_success { "Success" } else { "Failure" };
            let entry = json!({
                "Source": "lambda", "DetailType": format!("Lambda Function Invocation Result - {kind}"), "Detail": text,
                "EventBusName": arn.to_string(), "Resources": [arn.to_string(), told["requestContext"]["functionArn"]],
            });
            ("PutEvents", Vec::new(), json!({"Entries": [entry]}))
        }
        _ => return None,
    };
    Some(AwsCall {
        owner: home.clone(),
        api_id: String::new().into(),
        service: service.to_owned(),
        region: arn.region.clone(),
        operation: AwsOperation::Action(action.to_owned()),
        method: Method::POST,
        call_as: CallAs::Api,
        source_arn: None,
        headers: HeaderMap::new(),
        query: query.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: if body.is_null() { Bytes::new() } else { body.to_string().into() },
    })
}

/// The ports, held from both sides.
pub(super) struct FunctionPorts(pub(super) Arc<Outside>);

impl Ports for FunctionPorts {
    fn variables(
        &self,
        _: AccountRegion,
        name: String,
        role: String,
    ) -> BoxFuture<'static, BTreeMap<String, String>> {
        let outside = self.0.clone();
        Box::pin(async move {
            let mut variables = BTreeMap::new();
            let mut set = |name: &str, value: String| drop(variables.insert(name.to_owned(), value));
            if let Some(endpoint) = outside.endpoint.get() {
                set("AWS_ENDPOINT_URL", endpoint.clone());
            }
            if let Some(session) = outside.session(name, role).await {
                set("AWS_ACCESS_KEY_ID", session.access_key_id);
                set("AWS_SECRET_ACCESS_KEY", session.secret_access_key);
                set("AWS_SESSION_TOKEN", session.session_token);
            }
            variables
        })
    }

    fn object(
        &self,
        _: AccountRegion,
        bucket: String,
        key: String,
        version: Option<String>,
    ) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        let outside = self.0.clone();
        Box::pin(async move {
            let later = outside.later.get().ok_or_else(|| "the server is being started".to_owned())?;
            later.buckets.read_up_to(&bucket, &key, version.as_deref(), ZIPPED_BYTES_MAX).await
        })
    }

    fn tell(
        &self,
        home: AccountRegion,
        destination: String,
        record: Bytes,
    ) -> BoxFuture<'static, Result<(), String>> {
        let outside = self.0.clone();
        Box::pin(async move { outside.tell(&home, &destination, record).await })
    }
}

/// The room's settings, out of the server's.
pub(super) fn settings(options: &Options) -> functions::Options {
    let settings = &options.functions;
    // This program itself, also when its file has been replaced meanwhile.
    let own = match cfg!(target_os = "linux") {
        true => OsString::from("/proc/self/exe"),
        false => std::env::current_exe().map(Into::into).unwrap_or_default(),
    };
    functions::Options {
        folder: options.data_dir.join("functions"),
        supervisor: vec![own, SUPERVISOR_ARGUMENT.into()],
        near_versions: settings.near_versions,
        concurrency: settings.concurrency,
        idle: Duration::from_secs(settings.idle_s),
        retry_delay: Duration::from_secs(settings.retry_delay_s),
    }
}
