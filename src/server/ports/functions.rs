//! `functions::Ports`: what functions need of the rooms around them.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::SetOnce;

use super::objects::Buckets;
use crate::clock::{Clock, Timestamp};
use crate::functions::{self, BoxFuture, Ports, SUPERVISOR_ARGUMENT, SourceFunction, ZIPPED_BYTES_MAX};
use crate::gateway::{AwsCall, AwsOperation, CallAs};
use crate::id::{AccountRegion, Arn};
use crate::identity::iam::{Iam, RoleUse};
use crate::identity::{NewSession, Sessions};
use crate::server::options::Options;
use crate::wire::client::{AwsClient, json_output};

/// How long before its end a role's session is not given to instances any more: they live for six hours at most.
const MARGIN: Duration = Duration::from_secs(6 * 3600 + 600);
/// How long a service may take to be told of an event's end.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The service that acts under the roles of functions.
const LAMBDA: &str = "lambda.amazonaws.com";
/// The longest name of a role's session.
const SESSION_CHARS_MAX: usize = 64;

/// What functions are told, and whom they tell.
pub(super) struct Outside {
    iam: Iam,
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<(String, String), NewSession>>,
    // Events and provisioned instances don't wait for the server to be started: they wait for these.
    later: SetOnce<Later>,
    endpoint: SetOnce<String>,
}

/// What there is only after the functions.
pub(super) struct Later {
    pub(super) aws: Arc<AwsClient>,
    pub(super) buckets: Arc<Buckets>,
}

impl Outside {
    pub(super) fn new(iam: Iam, sessions: Sessions, clock: Arc<dyn Clock>) -> Self {
        Self {
            iam,
            sessions,
            clock,
            known: Mutex::default(),
            later: SetOnce::new(),
            endpoint: SetOnce::new(),
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
    async fn session(&self, home: &AccountRegion, name: String, role: String) -> Option<NewSession> {
        let key = (name.clone(), role.clone());
        let lasts = |expires: Timestamp| MARGIN < expires.since(self.clock.now());
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(session) = found.filter(|session| lasts(session.expires)) {
            return Some(session);
        }
        if let Err(error) = self.iam.assume(&lambda_use(&name, &role), home).await {
            tracing::warn!(function = name, %error, "a function runs without keys, because it can't have its role");
            return None;
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

    async fn tell(
        &self,
        source_function: &SourceFunction,
        destination: &str,
        record: Bytes,
    ) -> Result<(), String> {
        let later = self.later.wait().await;
        let arn = Arn::parse(destination).map_err(|error| error.to_string())?;
        let call = told(source_function, destination, &arn, &record).ok_or("no destination of this kind")?;
        match later.aws.send(call).await {
            Ok(response) if response.status.is_success() => Ok(()),
            Ok(response) => {
                let reason = json_output(&response).err();
                let reason = reason.and_then(|error| error.message).unwrap_or_default();
                Err(format!("{} answered {}: {reason}", arn.service, response.status))
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// How a service is told of an event's end.
fn told(source_function: &SourceFunction, destination: &str, arn: &Arn, record: &Bytes) -> Option<AwsCall> {
    let text = String::from_utf8_lossy(record).into_owned();
    let json = |operation: &str| AwsOperation::Json(operation.to_owned());
    let mut headers = HeaderMap::new();
    let (operation, body) = match arn.service.as_str() {
        "lambda" => {
            headers.insert("x-amz-invocation-type", HeaderValue::from_static("Event"));
            let function = utf8_percent_encode(destination, NON_ALPHANUMERIC);
            let path = format!("/2015-03-31/functions/{function}/invocations");
            (AwsOperation::Path(path), record.clone())
        }
        "states" => {
            let input = json!({"stateMachineArn": destination, "input": text});
            (json("StartExecution"), input.to_string().into())
        }
        "sqs" => {
            let url = format!("https://sqs.{}.amazonaws.com/{}/{}", arn.region, arn.account, arn.resource);
            (json("SendMessage"), json!({"QueueUrl": url, "MessageBody": text}).to_string().into())
        }
        "sns" => (json("Publish"), json!({"TopicArn": destination, "Message": text}).to_string().into()),
        "events" => {
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            let is_success = told["requestContext"]["condition"] == "Success";
            let kind = if is_success { "Success" } else { "Failure" };
            let entry = json!({
                "Source": "lambda", "DetailType": format!("Lambda Function Invocation Result - {kind}"), "Detail": text,
                "EventBusName": destination, "Resources": [destination, told["requestContext"]["functionArn"]],
            });
            (json("PutEvents"), json!({"Entries": [entry]}).to_string().into())
        }
        _ => return None,
    };
    let call = called(source_function, &arn.service, arn.region.clone(), "", &Value::Null);
    Some(AwsCall { operation, headers, body, ..call })
}

/// A call in the name of a function.
fn called(
    source_function: &SourceFunction,
    service: &str,
    region: String,
    operation: &str,
    input: &Value,
) -> AwsCall {
    AwsCall {
        owner: source_function.home.clone(),
        service: service.to_owned(),
        region,
        operation: AwsOperation::Json(operation.to_owned()),
        method: Method::POST,
        call_as: role_use(source_function).map_or(CallAs::Account, |role| CallAs::Role(Box::new(role))),
        source_arn: None,
        headers: HeaderMap::new(),
        query: Vec::new(),
        body: input.to_string().into(),
        timeout: TIMEOUT,
    }
}

/// The function's use of its role; a function that is gone has none, and what it left is told as the account's.
fn role_use(source_function: &SourceFunction) -> Option<RoleUse> {
    Some(lambda_use(&source_function.function, source_function.role.as_deref()?))
}

fn lambda_use(function: &str, role: &str) -> RoleUse {
    RoleUse {
        role_arn: role.into(),
        service: LAMBDA,
        session: function.chars().take(SESSION_CHARS_MAX).collect(),
        source_arn: None,
        task_role: None,
    }
}

/// The ports, held from both sides.
pub(super) struct FunctionPorts(pub(super) Arc<Outside>);

impl Ports for FunctionPorts {
    fn variables(
        &self,
        home: AccountRegion,
        name: String,
        role: String,
    ) -> BoxFuture<'static, BTreeMap<String, String>> {
        let outside = self.0.clone();
        Box::pin(async move {
            let mut variables = BTreeMap::new();
            let mut set = |name: &str, value: String| drop(variables.insert(name.to_owned(), value));
            set("AWS_ENDPOINT_URL", outside.endpoint.wait().await.clone());
            if let Some(session) = outside.session(&home, name, role).await {
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
            let later = outside.later.wait().await;
            later.buckets.read_up_to(&bucket, &key, version.as_deref(), ZIPPED_BYTES_MAX).await
        })
    }

    fn call(
        &self,
        source_function: SourceFunction,
        service: &'static str,
        region: String,
        operation: &'static str,
        input: Value,
    ) -> BoxFuture<'static, Result<Value, String>> {
        let outside = self.0.clone();
        Box::pin(async move {
            let later = outside.later.wait().await;
            let call = called(&source_function, service, region, operation, &input);
            match later.aws.send(call).await {
                Ok(response) => json_output(&response).map_err(|error| {
                    let message = error.message.unwrap_or_default();
                    format!("{operation}: {}: {message}", error.code)
                }),
                Err(error) => Err(format!("{operation}: {error}")),
            }
        })
    }

    fn tell(
        &self,
        source_function: SourceFunction,
        destination: String,
        record: Bytes,
    ) -> BoxFuture<'static, Result<(), String>> {
        let outside = self.0.clone();
        Box::pin(async move { outside.tell(&source_function, &destination, record).await })
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
        sdks: functions::Sdks { nodejs: settings.sdk_nodejs.clone(), python: settings.sdk_python.clone() },
    }
}
