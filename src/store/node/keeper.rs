//! The thread that renews the lease and looks what others do, on a connection of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Lease;
use super::lease::Nodes;
use super::shards::{SHARDS, pick};
use crate::job::{Isolation, Job, Owner, outcome_of};
use crate::pace::Pace;
use crate::postgres::{Connector, Session};
use crate::writer::Message;
use crate::{Error, Tx};

/// How often a lease is renewed while it lasts.
const RENEWALS: u32 = 5;
/// How often the thread looks what others do, at least.
const LOOK: Duration = Duration::from_millis(250);

/// By how many milliseconds clocks may differ before it is said.
const WRONG_MS: i64 = 5_000;

/// What there is to see: nodes with the end of their leases, shards with their owners, counters of changes, the time.
const SEEN: &str = "
SELECT CAST(0 AS BIGINT), node, name, expires FROM store_lease WHERE holder <> ''
UNION ALL SELECT CAST(1 AS BIGINT), shard, '', node FROM store_shard
UNION ALL SELECT CAST(2 AS BIGINT), node, topic, n FROM store_change
UNION ALL SELECT CAST(3 AS BIGINT), CAST(0 AS BIGINT), '', CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
";

/// The thread.
pub(super) struct Keeper {
    running: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

impl Keeper {
    pub(super) fn start(
        lease: Arc<Lease>,
        connector: Connector,
        jobs: mpsc::Sender<Message>,
        pace: Arc<Pace>,
    ) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel();
        let keep = Keep {
            lease,
            connector,
            jobs,
            pace,
            is_giving: Arc::default(),
            has_seen: false,
            is_open: false,
            is_wrong: false,
        };
        let thread = thread::Builder::new()
            .name("store-lease".into())
            .spawn(move || keep.run(&stopped))
            .map_err(|error| Error::Io(error.to_string()))?;
        Ok(Self { running: Mutex::new(Some((stop, thread))) })
    }

    pub(super) fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = running {
            drop(stop);
            // A panic in the thread has been logged.
            let _ = thread.join();
        }
    }
}

struct Keep {
    lease: Arc<Lease>,
    connector: Connector,
    /// The writer, which gives shards away: whatever it wrote before is there then.
    jobs: mpsc::Sender<Message>,
    pace: Arc<Pace>,
    is_giving: Arc<AtomicBool>,
    has_seen: bool,
    /// Whether others know that everything here is open.
    is_open: bool,
    /// Whether this machine's clock is known to be wrong, or the database's.
    is_wrong: bool,
}

/// What the thread has seen.
#[derive(Debug, Default)]
struct Seen {
    now: i64,
    /// Nodes, and until when each has its lease.
    nodes: Vec<(i64, i64)>,
    /// The owner of each shard.
    owners: Vec<(i64, i64)>,
    counters: Vec<((i64, String), i64)>,
}

impl Keep {
    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        let period = self.lease.length / RENEWALS;
        let look = LOOK.min(period);
        let mut session: Option<Session> = None;
        let mut renew_at = 0;
        loop {
            let is_open = self.lease.is_open.load(Ordering::SeqCst);
            let is_due = renew_at <= self.lease.now() || is_open != self.is_open;
            let current = session.take().filter(Session::is_alive);
            let current = current.map_or_else(|| self.connect(period), Ok);
            match current.and_then(|current| self.look(&current, is_due).map(|()| current)) {
                Ok(current) => {
                    session = Some(current);
                    if is_due {
                        self.is_open = is_open;
                        renew_at = self.lease.now() + u64::try_from(period.as_millis()).unwrap_or(0);
                    }
                }
                Err(error) => tracing::warn!(%error, "the lease of the database could not be renewed"),
            }
            let waited = stopped.recv_timeout(look);
            if waited != Err(mpsc::RecvTimeoutError::Timeout) || self.lease.lost().is_some() {
                return;
            }
        }
    }

    /// Connects so that no lock of another node is waited for while the lease runs out.
    fn connect(&self, patience: Duration) -> Result<Session, Error> {
        let session = self.connector.connect()?;
        session.batch(&format!("SET lock_timeout = {}", patience.as_millis()))?;
        Ok(session)
    }

    fn look(&mut self, session: &Session, is_due: bool) -> Result<(), Error> {
        if is_due {
            self.lease.renew(session)?;
        }
        // What was given away before is seen as that.
        let may_give = !self.is_giving.load(Ordering::SeqCst);
        let mut seen = self.lease.timed(|| read(session), |seen| seen.now)?;
        self.compare_clocks();
        let is_over = |node: i64| !seen.nodes.iter().any(|(of, until)| *of == node && seen.now <= *until);
        if seen.owners.iter().any(|(_, owner)| is_over(*owner)) {
            match self.lease.take_over(session) {
                Ok(()) => seen = read(session)?,
                // A transaction of that node is in the way, which the server ends. Meanwhile this one's lease goes on.
                Err(error) if session.is_alive() => {
                    tracing::debug!(%error, "what a node has left can't be taken over yet");
                    session.control("ROLLBACK")?;
                }
                Err(error) => return Err(error),
            }
        }
        let own = self.lease.number();
        let counters = std::mem::take(&mut seen.counters);
        let of_others = counters.into_iter().filter(|((node, _), _)| *node != own).collect();
        self.lease.feed.saw(of_others, !self.has_seen);
        self.has_seen = true;
        let owned = seen.of(own);
        if may_give {
            // Else it may have been read before they were given away, and would look as if they came back.
            self.lease.shards.saw(owned);
        }
        let living: Vec<i64> =
            seen.nodes.iter().filter(|(_, until)| seen.now <= *until).map(|(node, _)| *node).collect();
        let count = u32::try_from(living.len()).unwrap_or(1).max(1);
        let rank = living.iter().filter(|node| **node < own).count();
        let nodes = Nodes { count, rank: u32::try_from(rank).unwrap_or(0) };
        self.lease.nodes.send_if_modified(|before| std::mem::replace(before, nodes) != nodes);
        if may_give {
            self.balance(&seen, &living, owned);
        }
        Ok(())
    }

    /// Says so once if this machine shows another time than the database.
    fn compare_clocks(&mut self) {
        let ahead_ms = self.lease.clock.ahead_ms();
        let is_wrong = WRONG_MS <= ahead_ms.abs();
        if is_wrong && !self.is_wrong {
            tracing::warn!(
                ahead_ms,
                "the database's clock and this machine's differ: executions go by the database's, signatures by the machine's"
            );
        }
        self.is_wrong = is_wrong;
    }

    /// Gives a node that has fewer shards than its part some that are too many here.
    fn balance(&self, seen: &Seen, living: &[i64], owned: u64) {
        let count = u32::try_from(living.len()).unwrap_or(1).max(1);
        let too_many = owned.count_ones().saturating_sub(SHARDS.div_ceil(count));
        // What is not known here yet can't be given.
        let free = owned & self.lease.shards.used() & !1;
        if too_many == 0 || free == 0 {
            return;
        }
        let part = SHARDS / count;
        let missing = |node: i64| part.saturating_sub(seen.of(node).count_ones());
        let poorest = living.iter().copied().filter(|node| *node != self.lease.number());
        let Some(to) = poorest.max_by_key(|node| missing(*node)).filter(|node| 0 < missing(*node)) else {
            return;
        };
        // One at least stays for what is under way in those that go.
        let kept = self.lease.shards.used().count_ones().saturating_sub(1);
        let n = too_many.min(missing(to)).min(kept);
        let given = (0..SHARDS).rev().filter(|shard| free >> shard & 1 != 0).take(n as usize);
        self.give(given.fold(0, |set, shard| set | 1_u64 << shard), to);
    }

    fn give(&self, set: u64, to: i64) {
        tracing::info!(shards = set.count_ones(), node = to, "gives shards to a node that has come");
        let lease = self.lease.clone();
        let work = move |tx: &Tx<'_>| {
            // From here on, no row of these is written: the writer takes one job after the other.
            lease.shards.end(set);
            if let Some(rehome) = lease.rehome.get() {
                // Not what the transaction began with: that has those that go.
                rehome(tx, set.cast_signed(), pick(lease.shards.used(), to)?)?;
            }
            let sql = "UPDATE store_shard SET node = ?2
                       WHERE node = ?3 AND ((?1 >> CAST(shard AS INTEGER)) & 1) = 1";
            tx.execute(sql, &[set.cast_signed().into(), to.into(), lease.number().into()])?;
            Ok::<_, Error>(())
        };
        self.is_giving.store(true, Ordering::SeqCst);
        let (lease, is_giving) = (self.lease.clone(), self.is_giving.clone());
        let then = move |outcome| {
            match outcome_of::<(), Error>(outcome) {
                Ok(()) => lease.shards.gave(set),
                Err(error) => {
                    tracing::warn!(%error, "shards could not be given away");
                    lease.shards.begin(set);
                }
            }
            is_giving.store(false, Ordering::SeqCst);
        };
        let job = Job::new(work, Owner::Then(Box::new(then)), Isolation::Serializable);
        self.pace.queued();
        // A writer that has ended gives everything away.
        let _ = self.jobs.send(Message::Job(job));
    }
}

impl Seen {
    /// The set of a node's shards.
    fn of(&self, node: i64) -> u64 {
        let own = self.owners.iter().filter(|(_, owner)| *owner == node);
        own.fold(0, |set, (shard, _)| {
            set | 1_u64.checked_shl(u32::try_from(*shard).unwrap_or(u32::MAX)).unwrap_or(0)
        })
    }
}

fn read(session: &Session) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for row in session.query(SEEN, &[])? {
        let (kind, of, text, n): (i64, i64, String, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        match kind {
            0 => seen.nodes.push((of, n)),
            1 => seen.owners.push((of, n)),
            2 => seen.counters.push(((of, text), n)),
            _ => seen.now = n,
        }
    }
    Ok(seen)
}
