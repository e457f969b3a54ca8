//! The inspector: the last requests to deployed APIs, with what each phase decided. For people who look; off, it costs a
//! request one read of a flag.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::context::Context;
use super::execution_log::{ExecutionLog, JavaMap, shown_address};
use super::notes::{Layer, Notes};
use crate::apis::Variable;
use crate::clock::{Clock, Timestamp};

/// Requests that are kept; the oldest goes first.
const KEPT_MAX: usize = 500;
/// As much of a request's log as is kept.
const LOG_BYTES_MAX: usize = 32 * 1024;
/// How long it stays on.
const ON_MAX: Duration = Duration::from_secs(3_600);

/// What is told of a request besides what [`Inspected`] has members for.
const TOLD: &[(&str, Variable)] = &[
    ("apiId", Variable::ApiId),
    ("stage", Variable::Stage),
    ("deploymentId", Variable::DeploymentId),
    ("isCanaryRequest", Variable::IsCanaryRequest),
    ("resourcePath", Variable::ResourcePath),
    ("resourceId", Variable::ResourceId),
    ("errorResponseType", Variable::ErrorResponseType),
    ("errorMessage", Variable::ErrorMessage),
    ("validationError", Variable::ErrorValidationErrorString),
    ("authorizeError", Variable::AuthorizeError),
    ("authorizeStatus", Variable::AuthorizeStatus),
    ("apiKeyId", Variable::IdentityApiKeyId),
    ("userArn", Variable::IdentityUserArn),
    ("accessKey", Variable::IdentityAccessKey),
    ("sourceIp", Variable::IdentitySourceIp),
    ("userAgent", Variable::IdentityUserAgent),
    ("protocol", Variable::Protocol),
    ("integrationStatus", Variable::IntegrationStatus),
    ("integrationLatency", Variable::IntegrationLatency),
    ("integrationError", Variable::IntegrationError),
    ("responseLength", Variable::ResponseLength),
    ("requestId", Variable::RequestId),
];

/// A request that was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// Its number; a later one has a higher one.
    pub number: u64,
    /// When it came.
    pub received: Timestamp,
    /// How long it took until the response began.
    pub took: Duration,
    /// Its method.
    pub method: String,
    /// Its path and query as sent; secrets are shortened.
    pub target: String,
    /// Its host.
    pub authority: String,
    /// The status of the response.
    pub status: u16,
    /// Facts by name, those that are known.
    pub facts: Vec<(&'static str, String)>,
    /// How long the method's authorizer took; zero for an answer that was kept.
    pub authorizer_took: Option<Duration>,
    /// The headers that it came with; secrets are shortened.
    pub headers: Vec<(String, String)>,
    /// Its body, if bodies are kept and something has read it.
    pub body: Option<String>,
    /// The layers that it passed, and how long after its arrival.
    pub passed: Vec<(Layer, Duration)>,
    /// Requests left of its key's quota, after it.
    pub quota_left: Option<u64>,
    /// How long its caller has to wait, if a limit was reached.
    pub wait: Option<Duration>,
    /// The ARN of the execution that it started.
    pub execution: Option<String>,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// Whether the method needs an API key.
    pub needs_key: bool,
    /// How the method authorizes.
    pub authorization: Option<&'static str>,
    /// What the phases logged, as in a test call, without bodies.
    pub log: String,
}

/// The last requests. They belong to this process, and are gone when it ends.
pub struct Inspector {
    clock: Arc<dyn Clock>,
    /// Until when it is on, in milliseconds of monotonic time; 0 when it is off.
    until: AtomicI64,
    /// Whether bodies are kept.
    has_bodies: AtomicBool,
    number: AtomicU64,
    kept: Mutex<VecDeque<Arc<Inspected>>>,
}

impl Inspector {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let (until, has_bodies, number) = (AtomicI64::new(0), AtomicBool::new(false), AtomicU64::new(0));
        Self { clock, until, has_bodies, number, kept: Mutex::default() }
    }

    /// Begins to keep requests, for an hour; with their bodies if `has_bodies`.
    pub fn begin(&self, has_bodies: bool) {
        self.has_bodies.store(has_bodies, Ordering::Relaxed);
        self.until.store(millis(self.clock.monotonic() + ON_MAX).max(1), Ordering::Relaxed);
    }

    /// Keeps no more requests, and forgets those that it has.
    pub fn end(&self) {
        self.until.store(0, Ordering::Relaxed);
        self.lock().clear();
    }

    /// Whether requests are kept.
    pub fn is_on(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && millis(self.clock.monotonic()) < until
    }

    /// Whether their bodies are kept.
    pub fn has_bodies(&self) -> bool {
        self.has_bodies.load(Ordering::Relaxed)
    }

    /// The requests that are kept, the newest first.
    pub fn requests(&self) -> Vec<Arc<Inspected>> {
        self.lock().iter().rev().cloned().collect()
    }

    /// The number of the newest request; 0 if there is none.
    pub fn newest(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    /// Opens a log for a request that has arrived, if requests are kept.
    pub(super) fn arrived(&self, context: &mut Context) {
        // The flag alone while it is off: no clock is read.
        let until = self.until.load(Ordering::Relaxed);
        if until == 0 {
            return;
        }
        if until <= millis(self.clock.monotonic()) {
            // Its time is over. Unless somebody has begun again meanwhile, it is off, and the clock is not read again.
            let _ = self.until.compare_exchange(until, 0, Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        let has_bodies = self.has_bodies();
        let mut log = ExecutionLog::inspected(&context.request_id, context.received, has_bodies);
        log.line(format_args!("HTTP Method: {}, Resource Path: {}", context.method, context.target.path));
        log.line(format_args!("Method request query string: {}", JavaMap(context.query().singles())));
        let headers: Vec<_> = context.visible_headers().collect();
        log.line(format_args!(
            "Method request headers: {}",
            JavaMap(headers.iter().map(|(name, value)| (name, value)))
        ));
        // As they came: what API Gateway adds would be added twice if the request were sent again.
        let sent = context.sent_header_values();
        let sent = sent.flat_map(|(name, values)| values.map(move |value| (name.clone(), value)));
        let notes = Box::new(Notes::new(sent, has_bodies));
        (context.log, context.notes) = (Some(log), Some(notes));
    }

    /// Keeps a request that has a log of [`Inspector::arrived`].
    pub(super) fn answered(&self, context: &mut Context) {
        let Some(log) = context.log.take() else { return };
        let Some(outcome) = context.outcome else { return };
        let Notes { headers, passed, quota_left, wait, execution, body, .. } =
            context.notes.take().map(|notes| *notes).unwrap_or_default();
        let started = context.started;
        let facts = TOLD
            .iter()
            .filter_map(|(name, variable)| Some((*name, context.variable(*variable)?.into_owned())));
        let raw = context.uri.raw_query().map(|query| format!("?{query}")).unwrap_or_default();
        let route = context.route.as_deref();
        let inspected = Inspected {
            number: self.number.fetch_add(1, Ordering::Relaxed) + 1,
            received: context.received,
            took: outcome.latency,
            method: context.sent_method.to_string(),
            target: shown_address(&format!("{}{raw}", context.uri.path())),
            authority: context.uri.authority().to_owned(),
            status: outcome.status,
            facts: facts.collect(),
            authorizer_took: context.authorizer.as_ref().and_then(|facts| facts.latency),
            headers,
            body,
            passed: passed.into_iter().map(|(layer, at)| (layer, at.saturating_sub(started))).collect(),
            quota_left,
            wait,
            execution,
            is_secure: context.peer.is_secure,
            needs_key: route.is_some_and(|route| route.is_api_key_required),
            authorization: route.map(|route| route.authorization.as_str()),
            log: beginning(log.into_text()),
        };
        let mut kept = self.lock();
        if KEPT_MAX <= kept.len() {
            kept.pop_front();
        }
        kept.push_back(Arc::new(inspected));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Inspected>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn beginning(mut text: String) -> String {
    if LOG_BYTES_MAX < text.len() {
        let end = (0..=LOG_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("…\n");
    }
    text
}
