//! The inspector: the last requests to deployed APIs, with what each phase decided. For people who look; off, it costs a
//! request one read of a flag. Apart from who looks, one of so many requests may be written to a file.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderMap;

use super::context::Context;
use super::execution_log::{ExecutionLog, JavaMap};
use super::headers::spelling;
use super::inspected::Inspected;
use super::notes::{Notes, masked};
use crate::clock::Clock;

/// Requests that are kept; the oldest goes first.
const KEPT_MAX: usize = 500;
/// How long it stays on.
const ON_MAX: Duration = Duration::from_secs(3_600);
/// Nobody looks, but requests are sampled.
const SAMPLING_ALONE: i64 = -1;

/// Where samples go.
pub trait Samples: Send + Sync {
    /// Takes the line of a request, JSON without an end. Never waits.
    fn record(&self, line: String);
}

/// How requests are sampled.
pub struct Sampling {
    /// Of how many requests one is taken; at least 1.
    pub every: u64,
    /// Whether samples have bodies.
    pub has_bodies: bool,
    /// Takes them.
    pub samples: Arc<dyn Samples>,
}

/// The last requests. They belong to this process, and are gone when it ends.
pub struct Inspector {
    clock: Arc<dyn Clock>,
    /// Until when it is on, in milliseconds of monotonic time; 0 when nothing is kept, and [`SAMPLING_ALONE`].
    until: AtomicI64,
    /// Whether bodies are kept.
    has_bodies: AtomicBool,
    number: AtomicU64,
    kept: Mutex<VecDeque<Arc<Inspected>>>,
    sampling: OnceLock<Sampling>,
    /// Requests so far, while they are sampled.
    n_seen: AtomicU64,
}

impl Inspector {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            until: AtomicI64::new(0),
            has_bodies: AtomicBool::new(false),
            number: AtomicU64::new(0),
            kept: Mutex::default(),
            sampling: OnceLock::new(),
            n_seen: AtomicU64::new(0),
        }
    }

    /// Samples requests from now on. What was said first stays.
    pub fn sample(&self, sampling: Sampling) {
        let _ = self.sampling.set(sampling);
        let _ = self.until.compare_exchange(0, self.idle(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Of how many requests one is sampled; `None` if none is.
    pub fn sampled_every(&self) -> Option<u64> {
        self.sampling.get().map(|sampling| sampling.every)
    }

    /// What [`Inspector::until`] is while nobody looks.
    fn idle(&self) -> i64 {
        if self.sampling.get().is_some() { SAMPLING_ALONE } else { 0 }
    }

    /// Begins to keep requests, for an hour; with their bodies if `has_bodies`.
    pub fn begin(&self, has_bodies: bool) {
        self.has_bodies.store(has_bodies, Ordering::Relaxed);
        self.until.store(millis(self.clock.monotonic() + ON_MAX).max(1), Ordering::Relaxed);
    }

    /// Keeps no more requests, and forgets those that it has.
    pub fn end(&self) {
        self.until.store(self.idle(), Ordering::Relaxed);
        self.lock().clear();
    }

    /// Whether requests are kept.
    pub fn is_on(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        0 < until && millis(self.clock.monotonic()) < until
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

    /// Opens a log for a request that has arrived, if it is kept.
    pub(super) fn arrived(&self, context: &mut Context) {
        // The flag alone while it is off: no clock is read.
        let until = self.until.load(Ordering::Relaxed);
        if until != 0 {
            self.open(until, context);
        }
    }

    #[cold]
    fn open(&self, until: i64, context: &mut Context) {
        let is_looked_at = 0 < until && millis(self.clock.monotonic()) < until;
        if 0 < until && !is_looked_at {
            // Its time is over. Unless somebody has begun again meanwhile, it is off, and the clock is not read again.
            let _ = self.until.compare_exchange(until, self.idle(), Ordering::Relaxed, Ordering::Relaxed);
        }
        let takes = |sampling: &&Sampling| {
            self.n_seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(sampling.every.max(1))
        };
        let sampled = self.sampling.get().filter(takes);
        if !is_looked_at && sampled.is_none() {
            return;
        }
        let wants_bodies = sampled.is_some_and(|sampling| sampling.has_bodies);
        let has_bodies = if is_looked_at { self.has_bodies() } else { wants_bodies };
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
        let notes = Notes { is_looked_at, is_sampled: sampled.is_some(), ..Notes::new(sent, has_bodies) };
        (context.log, context.notes) = (Some(log), Some(Box::new(notes)));
    }

    /// Keeps a request that has a log of [`Inspector::arrived`], with the headers of its response.
    pub(super) fn answered(&self, context: &mut Context, headers: &HeaderMap) {
        let Some(log) = context.log.take() else { return };
        let Some(outcome) = context.outcome else { return };
        let notes = context.notes.take().map(|notes| *notes).unwrap_or_default();
        let (is_looked_at, is_sampled) = (notes.is_looked_at, notes.is_sampled);
        let answered = headers.iter().map(|(name, value)| {
            masked(spelling(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let number = self.number.fetch_add(u64::from(is_looked_at), Ordering::Relaxed) + 1;
        let inspected = Inspected::of(context, outcome, notes, number, answered.collect(), log.into_text());
        if let Some(sampling) = self.sampling.get().filter(|_| is_sampled) {
            // Who looks may see bodies that samples are to be without.
            let sample =
                if sampling.has_bodies { inspected.to_json() } else { inspected.without_bodies().to_json() };
            sampling.samples.record(sample.to_string());
        }
        if !is_looked_at {
            return;
        }
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
