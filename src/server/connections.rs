//! The open connections: how many there may be, how long each may stay in a state, and which are closed to make room
//! for others.
//!
//! A connection's state is a few atomics ([`Open`]) that its own task sets. A sweep every quarter of a second checks
//! all of them and ends those whose time has expired. So no request arms a timer or takes a lock.
//!
//! | state | from | at most |
//! |---|---|---|
//! | handshake | accepted by the TLS listener | `tls_handshake_timeout_s` |
//! | head | accepted, or the first byte after being idle | `header_read_timeout_s`, until the head is complete |
//! | in flight | a complete head | as long as the client keeps up: [`Pace`] |
//! | idle | the last response is handed over | `idle_timeout_s` |
//! | closing | told to close | [`CLOSING_MS`], with nothing in flight |

mod arriving;
mod coarse_clock;
mod handles;
mod leaving;
mod open;
mod pace;
mod reason;
mod rules;
mod streams;
mod watched;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::coarse_clock::CoarseClock;
use crate::meter;

pub(super) use self::arriving::Arriving;
pub(super) use self::handles::raise as raise_handles;
pub(super) use self::leaving::Leaving;
pub(super) use self::open::{Open, State};
pub(super) use self::reason::Reason;
pub(super) use self::rules::Rules;
pub(super) use self::streams::Streams;
pub(super) use self::watched::Watched;

/// How often all connections are checked.
const SWEEP: Duration = Duration::from_millis(250);
/// How long a connection that was told to close may take once nothing is in flight, so that a client that does not
/// answer HTTP/2's closing ping can't delay a stop.
const CLOSING_MS: u64 = 3_000;
/// When there is no room, one in this many connections is closed at once, because finding the oldest means checking
/// all.
const EVICTED_SHARE: usize = 64;
/// How long to wait until ended connections are gone.
const ENDING: Duration = Duration::from_secs(1);

/// All open connections of all listeners.
pub(super) struct Connections {
    rules: Rules,
    clock: CoarseClock,
    registered: Mutex<Registered>,
    is_draining: AtomicBool,
    /// Wakes the sweep, which sleeps while there are no connections.
    came: Notify,
    left: Notify,
    gauge: metrics::Gauge,
}

#[derive(Default)]
struct Registered {
    open: HashMap<u64, Arc<Open>>,
    by_client: HashMap<IpAddr, usize>,
    n_reserved: usize,
    next_id: u64,
}

/// A slot for an open connection; released when dropped.
pub(super) struct Place {
    connections: Arc<Connections>,
    open: Arc<Open>,
}

impl Connections {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            clock: CoarseClock::new(),
            registered: Mutex::default(),
            is_draining: AtomicBool::new(false),
            came: Notify::new(),
            left: Notify::new(),
            gauge: metrics::gauge!(meter::CONNECTIONS),
        }
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// A slot for a connection from `address`.
    ///
    /// If all are taken, connections without a request in flight are closed, those first that have been idle longest.
    /// If none is idle, the slot is one of those reserved for the control plane and the server's own pages. A client
    /// that has reached its own limit does not make room that way, because it would only push out others.
    ///
    /// # Errors
    /// Why there is no slot. The connection has to be closed.
    pub(super) fn admit(self: &Arc<Self>, address: SocketAddr, state: State) -> Result<Place, Reason> {
        let client = client(address.ip());
        let rules = &self.rules;
        let mut registered = self.registered();
        let n_of_client = registered.by_client.get(&client).copied().unwrap_or_default();
        if rules.per_client != 0 && rules.per_client <= n_of_client {
            return Err(Reason::Address.counted());
        }
        let n_for_all = rules.connections - rules.reserved;
        if n_for_all <= registered.n_for_all() {
            registered.evict();
        }
        let is_reserved = n_for_all <= registered.n_for_all();
        if is_reserved && rules.reserved <= registered.n_reserved {
            return Err(Reason::Full.counted());
        }
        if registered.open.is_empty() {
            self.clock.tick(); // It stood still meanwhile.
            self.came.notify_one();
        }
        let id = registered.next_id;
        registered.next_id += 1;
        let open = Arc::new(Open::new(self.clone(), id, address, client, state, is_reserved));
        *registered.by_client.entry(client).or_default() += 1;
        registered.n_reserved += usize::from(is_reserved);
        registered.open.insert(id, open.clone());
        self.gauge.increment(1.0);
        Ok(Place { connections: self.clone(), open })
    }

    /// Closes some of the connections without a request in flight because file handles have run out, and waits for the
    /// first to be gone.
    pub(super) async fn make_room(&self) {
        let left = self.left.notified();
        self.registered().evict();
        // Something else may hold the handles; then only waiting helps.
        let _ = tokio::time::timeout(Duration::from_millis(50), left).await;
    }

    /// Runs the sweep; never ends.
    pub(super) async fn keep_time(&self) {
        loop {
            if self.registered().open.is_empty() {
                self.came.notified().await;
            }
            tokio::time::sleep(SWEEP).await;
            self.sweep(self.clock.tick());
        }
    }

    /// Ends every connection and every HTTP/2 stream whose time has expired.
    fn sweep(&self, now_ms: u64) {
        let registered = self.registered();
        for open in registered.open.values() {
            open.check(now_ms);
        }
    }

    /// Lets connections finish what they have begun, for at most `patience`, and then ends them.
    pub(super) async fn drain(&self, patience: Duration) {
        self.is_draining.store(true, Ordering::Relaxed);
        for open in self.registered().open.values() {
            open.close();
        }
        if tokio::time::timeout(patience, self.all_left()).await.is_ok() {
            return;
        }
        tracing::warn!(
            drain_s = patience.as_secs(),
            "requests were still in flight when the drain time was over"
        );
        for open in self.registered().open.values() {
            open.give_up(Reason::Drain);
        }
        // A task that was ended is dropped where it would have run next.
        let _ = tokio::time::timeout(ENDING, self.all_left()).await;
    }

    async fn all_left(&self) {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            if self.registered().open.is_empty() {
                return;
            }
            left.await;
        }
    }

    fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registered {
    /// How many connections have slots that are not reserved.
    fn n_for_all(&self) -> usize {
        self.open.len() - self.n_reserved
    }

    /// Ends the connections that have been idle longest, if there are any.
    fn evict(&mut self) {
        let mut idle: Vec<(u64, u64)> =
            self.open.values().filter_map(|open| Some((open.idle_since()?, open.id()))).collect();
        let n = (self.open.len() / EVICTED_SHARE).max(1).min(idle.len());
        if n == 0 {
            return;
        }
        idle.select_nth_unstable(n - 1);
        for (_, id) in &idle[..n] {
            if let Some(open) = self.remove(*id) {
                open.give_up(Reason::Evicted);
            }
        }
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Open>> {
        let open = self.open.remove(&id)?;
        self.n_reserved -= usize::from(open.is_reserved());
        if let Some(n) = self.by_client.get_mut(&open.client()) {
            *n -= 1;
            if *n == 0 {
                self.by_client.remove(&open.client());
            }
        }
        Some(open)
    }
}

impl Place {
    pub(super) fn open(&self) -> &Arc<Open> {
        &self.open
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.ended();
        self.connections.registered().remove(self.open.id());
        self.connections.gauge.decrement(1.0);
        self.connections.left.notify_waiters();
    }
}

/// The client of an address, for counting: in IPv6, a client with one address has the whole /64.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests;
