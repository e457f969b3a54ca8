//! One open connection, as its own task tells and the sweep sees it.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::pace::Pace;
use super::reason::Reason;
use super::{CLOSING_MS, Connections, SWEEP, streams};

/// What a client may send before it asks for anything: HTTP/2's first window of bodies, and as much again.
const FIRST_ALLOWANCE: u64 = 2 * 1024 * 1024;
/// What a request may take on the wire besides its body: the largest head.
const HEAD_ALLOWANCE: u64 = 64 * 1024;
/// What a byte of a body, of either direction, may take on the wire: frames and TLS records are seldom this small.
const BODY_ALLOWANCE: u64 = 8;
/// What may be on its way of a body that nobody wants: HTTP/2's window.
const UNREAD_ALLOWANCE: u64 = 1024 * 1024;
const PHASE_BITS: u32 = 3;
/// How long a connection has idled before it rests: buffers of those that ask again at once are kept.
const REST_MS: u64 = 1_000;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum State {
    /// The TLS handshake.
    Handshake,
    /// A request's head comes, or is to come first.
    Head,
    /// A request is answered.
    InFlight,
    /// Nothing since the last answer.
    Idle,
    /// Nothing is in flight and nothing more is wanted.
    Closing,
}

/// One connection.
pub(in super::super) struct Open {
    connections: Arc<Connections>,
    id: u64,
    address: SocketAddr,
    client: IpAddr,
    is_reserved: bool,
    /// A [`State`] and since when, in one word, so that no reader sees one without the other.
    state: AtomicU64,
    in_flight: AtomicU32,
    is_http2: AtomicBool,
    pub(super) is_closing: AtomicBool,
    is_gone: AtomicBool,
    /// Bytes that may have come by now.
    allowance: AtomicU64,
    /// How many more requests were taken back than answered.
    taken_back: AtomicU32,
    /// The exchange of HTTP/1, of which there is one at a time; its task is the connection's.
    own: Exchange,
    streams: Mutex<Vec<Arc<Exchange>>>,
    told_to_close: Notify,
    /// Something was written and not flushed since.
    is_writing: AtomicBool,
    is_at_rest: AtomicBool,
    told_to_rest: Notify,
}

/// A request's answer on its way, as far as the client's share in it goes.
#[derive(Default)]
pub(super) struct Exchange {
    /// Since when the client has been waited for; 0 while it is not.
    handed_ms: AtomicU64,
    credit_ms: AtomicU64,
    task: OnceLock<AbortHandle>,
    is_ended: AtomicBool,
}

/// A request that is being answered; over when dropped.
pub(in super::super) struct InFlight {
    open: Arc<Open>,
    /// The HTTP/2 stream's exchange.
    stream: Option<Arc<Exchange>>,
    is_whole: bool,
}

impl Open {
    pub(super) fn new(
        connections: Arc<Connections>,
        id: u64,
        address: SocketAddr,
        client: IpAddr,
        state: State,
        is_reserved: bool,
    ) -> Self {
        let now_ms = connections.clock.now_ms();
        Self {
            connections,
            id,
            address,
            client,
            is_reserved,
            state: AtomicU64::new(state.since(now_ms)),
            in_flight: AtomicU32::new(0),
            is_http2: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            allowance: AtomicU64::new(FIRST_ALLOWANCE),
            taken_back: AtomicU32::new(0),
            own: Exchange::default(),
            streams: Mutex::default(),
            told_to_close: Notify::new(),
            is_writing: AtomicBool::new(false),
            is_at_rest: AtomicBool::new(false),
            told_to_rest: Notify::new(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn client(&self) -> IpAddr {
        self.client
    }

    /// Whether the connection got a place that is kept for the control plane and the server's own pages.
    pub(in super::super) fn is_reserved(&self) -> bool {
        self.is_reserved
    }

    /// The connection's task, which ends with it.
    pub(in super::super) fn runs_as(&self, task: AbortHandle) {
        self.own.runs_as(task);
    }

    /// The TLS handshake is over: from now on, a request's head is waited for.
    pub(in super::super) fn shook_hands(&self) {
        self.enter(State::Head);
    }

    /// Completes when the connection is to close as soon as nothing is in flight.
    pub(in super::super) async fn told_to_close(&self) {
        self.told_to_close.notified().await;
    }

    /// Completes when the connection has idled for a while, so that it may give up what it needs to be read from.
    pub(in super::super) async fn told_to_rest(&self) {
        self.told_to_rest.notified().await;
    }

    /// Whether nothing is on its way in either direction, so that the connection may rest; it then does, until it
    /// [`wakes`](Self::wakes).
    pub(in super::super) fn rests(&self) -> bool {
        let is_idle = self.state().0 == State::Idle && !self.is_writing.load(Ordering::Relaxed);
        self.is_at_rest.store(is_idle, Ordering::Relaxed);
        is_idle
    }

    #[cfg(test)]
    pub(in super::super) fn is_at_rest(&self) -> bool {
        self.is_at_rest.load(Ordering::Relaxed)
    }

    /// The connection is read from again.
    pub(in super::super) fn wakes(&self) {
        self.is_at_rest.store(false, Ordering::Relaxed);
    }

    /// Something is written.
    pub(super) fn writes(&self) {
        self.is_writing.store(true, Ordering::Relaxed);
    }

    /// All that was written is with the system.
    pub(super) fn wrote(&self) {
        self.is_writing.store(false, Ordering::Relaxed);
    }

    /// Bytes came.
    pub(super) fn received(&self) {
        // On HTTP/2 they may be an answer to our ping, and an idle connection stays idle.
        if self.state().0 == State::Idle && !self.is_http2.load(Ordering::Relaxed) {
            self.enter(State::Head);
        }
    }

    /// How many bytes may have come by now: whoever sends more than its requests need is up to no good.
    pub(super) fn allowance(&self) -> u64 {
        self.allowance.load(Ordering::Relaxed)
    }

    /// A body had `n` more bytes, of a request or of an answer.
    pub(super) fn carried(&self, n: usize) {
        let n = u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(BODY_ALLOWANCE);
        self.allowance.fetch_add(n, Ordering::Relaxed);
    }

    /// A request's body was not read to its end.
    pub(super) fn left_unread(&self) {
        self.allowance.fetch_add(UNREAD_ALLOWANCE, Ordering::Relaxed);
    }

    /// A request's head is whole.
    pub(in super::super) fn begin(self: &Arc<Self>, version: http::Version) -> InFlight {
        let stream = streams::current();
        if version == http::Version::HTTP_2 {
            self.is_http2.store(true, Ordering::Relaxed);
        }
        self.allowance.fetch_add(HEAD_ALLOWANCE, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.enter(State::InFlight);
        let in_flight = InFlight { open: self.clone(), stream, is_whole: false };
        in_flight.exchange().begin(self.answer_pace());
        in_flight
    }

    fn end(&self, is_whole: bool) {
        if self.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            let is_closing = self.is_closing.load(Ordering::Relaxed) || self.connections.is_draining();
            self.enter(if is_closing { State::Closing } else { State::Idle });
        }
        if !self.is_http2.load(Ordering::Relaxed) {
            return;
        }
        if is_whole {
            if self.taken_back.load(Ordering::Relaxed) != 0 {
                self.taken_back.fetch_sub(1, Ordering::Relaxed);
            }
        } else if self.connections.rules.resets <= self.taken_back.fetch_add(1, Ordering::Relaxed) {
            self.give_up(Reason::Resets);
        }
    }

    /// Since when nothing has been in flight, if so.
    pub(super) fn idle_since(&self) -> Option<u64> {
        match self.state() {
            (State::InFlight, _) => None,
            (State::Handshake | State::Head | State::Idle | State::Closing, since_ms) => Some(since_ms),
        }
    }

    /// Ends what has taken too long.
    pub(super) fn check(&self, now_ms: u64) {
        let rules = &self.connections.rules;
        let (state, since_ms) = self.state();
        let (limit_ms, reason) = match state {
            State::Handshake => (rules.handshake_ms, Reason::Handshake),
            State::Head => (rules.head_ms, Reason::Head),
            State::Idle => (rules.idle_ms, Reason::Idle),
            State::Closing => (CLOSING_MS, Reason::Closing),
            State::InFlight => return self.check_answers(now_ms),
        };
        if !is_over(now_ms, since_ms, limit_ms) {
            if state == State::Idle && is_over(now_ms, since_ms, REST_MS) {
                self.rest();
            }
            return;
        }
        if state == State::Idle && self.is_http2.load(Ordering::Relaxed) {
            // Not without a word: a request may be on its way.
            reason.counted();
            self.close();
        } else {
            self.give_up(reason);
        }
    }

    fn rest(&self) {
        // HTTP/2 has much to remember.
        if !self.is_http2.load(Ordering::Relaxed) && !self.is_at_rest.load(Ordering::Relaxed) {
            self.told_to_rest.notify_one();
        }
    }

    fn check_answers(&self, now_ms: u64) {
        if self.own.is_stalled(now_ms) {
            self.give_up(Reason::Answer);
        }
        for stream in self.streams().iter().filter(|stream| stream.is_stalled(now_ms)) {
            if stream.end() {
                Reason::Answer.counted();
            }
        }
    }

    /// Tells the connection to finish what is in flight and close.
    pub(in super::super) fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        match self.state() {
            (State::Handshake, _) => self.give_up(Reason::Drain),
            (State::InFlight, _) => {}
            (State::Head | State::Idle | State::Closing, _) => self.enter(State::Closing),
        }
        self.told_to_close.notify_one();
    }

    /// Ends the connection, whatever it is doing.
    pub(super) fn give_up(&self, reason: Reason) {
        if !self.is_gone.load(Ordering::Relaxed) && self.own.end() {
            reason.counted();
            tracing::debug!(peer = %self.address, reason = reason.label(), "connection given up");
        }
    }

    /// The connection's task ends.
    pub(super) fn ended(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn add_stream(&self) -> Arc<Exchange> {
        let exchange = Arc::new(Exchange::default());
        self.streams().push(exchange.clone());
        exchange
    }

    pub(super) fn remove_stream(&self, exchange: &Arc<Exchange>) {
        let mut streams = self.streams();
        if let Some(at) = streams.iter().position(|known| Arc::ptr_eq(known, exchange)) {
            streams.swap_remove(at);
        }
    }

    pub(super) fn streams(&self) -> MutexGuard<'_, Vec<Arc<Exchange>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn body_pace(&self) -> Pace {
        self.connections.rules.body
    }

    fn answer_pace(&self) -> Pace {
        self.connections.rules.answer
    }

    fn now_ms(&self) -> u64 {
        self.connections.clock.now_ms()
    }

    fn state(&self) -> (State, u64) {
        State::read(self.state.load(Ordering::Relaxed))
    }

    fn enter(&self, state: State) {
        self.state.store(state.since(self.now_ms()), Ordering::Relaxed);
    }
}

impl InFlight {
    /// `n` bytes of the answer were handed over, which the client is to take; 0 for its head.
    pub(super) fn handed(&self, n: usize) {
        self.exchange().handed(self.open.answer_pace(), n, self.open.now_ms());
        self.open.carried(n);
    }

    /// What was handed over is gone, or near enough: more is asked for.
    pub(super) fn taken(&self) {
        self.exchange().taken(self.open.now_ms());
    }

    /// Nothing of the answer is left to hand over, or it is not the client that breaks it off.
    pub(super) fn is_whole(&mut self) {
        self.is_whole = true;
    }

    fn exchange(&self) -> &Exchange {
        self.stream.as_deref().unwrap_or(&self.open.own)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.exchange().taken(self.open.now_ms());
        self.open.end(self.is_whole);
    }
}

impl Exchange {
    pub(super) fn runs_as(&self, task: AbortHandle) {
        // Set once, by whoever spawned it.
        let task = self.task.get_or_init(|| task);
        if self.is_ended.load(Ordering::SeqCst) {
            task.abort(); // Given up before its task was known.
        }
    }

    fn begin(&self, pace: Pace) {
        self.handed_ms.store(0, Ordering::Relaxed);
        self.credit_ms.store(pace.patience_ms(), Ordering::Relaxed);
    }

    fn handed(&self, pace: Pace, n: usize, now_ms: u64) {
        let credit_ms = self.credit_ms.load(Ordering::Relaxed);
        self.credit_ms.store(pace.earn(credit_ms, n), Ordering::Relaxed);
        self.handed_ms.store(now_ms, Ordering::Relaxed);
    }

    fn taken(&self, now_ms: u64) {
        let handed_ms = self.handed_ms.load(Ordering::Relaxed);
        if handed_ms == 0 {
            return;
        }
        self.handed_ms.store(0, Ordering::Relaxed);
        let waited_ms = now_ms.saturating_sub(handed_ms);
        if waited_ms != 0 {
            let credit_ms = self.credit_ms.load(Ordering::Relaxed);
            self.credit_ms.store(credit_ms.saturating_sub(waited_ms), Ordering::Relaxed);
        }
    }

    fn is_stalled(&self, now_ms: u64) -> bool {
        let handed_ms = self.handed_ms.load(Ordering::Relaxed);
        handed_ms != 0 && is_over(now_ms, handed_ms, self.credit_ms.load(Ordering::Relaxed))
    }

    /// Ends the task; false if that was done before.
    fn end(&self) -> bool {
        let is_first = !self.is_ended.swap(true, Ordering::SeqCst);
        if let Some(task) = self.task.get() {
            task.abort();
        }
        is_first
    }
}

impl State {
    fn since(self, at_ms: u64) -> u64 {
        let state = match self {
            Self::Handshake => 0,
            Self::Head => 1,
            Self::InFlight => 2,
            Self::Idle => 3,
            Self::Closing => 4,
        };
        at_ms << PHASE_BITS | state
    }

    fn read(word: u64) -> (Self, u64) {
        let state = match word & ((1 << PHASE_BITS) - 1) {
            0 => Self::Handshake,
            1 => Self::Head,
            2 => Self::InFlight,
            3 => Self::Idle,
            _ => Self::Closing,
        };
        (state, word >> PHASE_BITS)
    }
}

/// Whether more than `limit_ms` have passed. What began is known as of the sweep before it, so that one more is
/// waited for: nobody is given up early.
fn is_over(now_ms: u64, since_ms: u64, limit_ms: u64) -> bool {
    let sweep_ms = u64::try_from(SWEEP.as_millis()).unwrap_or(u64::MAX);
    limit_ms.saturating_add(sweep_ms) < now_ms.saturating_sub(since_ms)
}
