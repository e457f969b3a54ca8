//! Which node has the database, and until when. The time is the database's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::postgres::{Connector, Session};
use crate::secrets::random_id;
use crate::{Error, Param, Postgres};

/// How often a lease is renewed while it lasts.
const RENEWALS: u32 = 5;
/// How often a node that waits for the lease looks.
const LOOK: Duration = Duration::from_millis(500);
/// How much longer than a lease a node waits that isn't a standby: its own last run may have left one.
const PATIENCE: Duration = Duration::from_secs(2);

/// The tables, with one row each.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS store_node (
    id BIGINT PRIMARY KEY, holder TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS store_group (id BIGINT PRIMARY KEY, fence BIGINT NOT NULL, n BIGINT NOT NULL);
INSERT INTO store_node (id, holder, place, name, expires) VALUES (1, '', '', '', 0) ON CONFLICT (id) DO NOTHING;
INSERT INTO store_group (id, fence, n) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING;
";
/// Checks the fencing number, as a part of a group's transaction, and notes the group: NULL is refused.
pub(super) const CHECK: &str = "UPDATE store_group SET n = CASE WHEN fence = ?1 THEN ?2 END WHERE id = 1";
const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// What a node has the database with.
pub(crate) struct Lease {
    /// Who has it: this process, this time.
    holder: String,
    /// Until when, by this machine's monotonic clock in milliseconds; reckoned from before it was asked for.
    until: AtomicU64,
    length: Duration,
    clock: Arc<dyn Clock>,
    lost: watch::Sender<Option<Error>>,
}

/// The fencing number, and the number of the last group that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    pub(super) fence: i64,
    pub(super) n: i64,
}

impl Lease {
    pub(super) fn new(settings: &Postgres, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let lost = watch::Sender::new(None);
        Ok(Self { holder: random_id()?, until: AtomicU64::new(0), length: settings.lease, clock, lost })
    }

    /// Whether no other node can have the database yet.
    pub(super) fn is_held(&self) -> bool {
        self.now() < self.until.load(Ordering::Acquire) && self.lost.borrow().is_none()
    }

    /// Notes that this process can't go on with the database.
    pub(super) fn lose(&self, error: Error) {
        tracing::error!(%error, "this node has lost the database");
        self.lost.send_if_modified(|lost| lost.is_none() && lost.replace(error).is_none());
    }

    /// Why this process can't go on with the database, if it can't.
    pub(super) fn lost(&self) -> Option<Error> {
        self.lost.borrow().clone()
    }

    /// Completes when this process can't go on with the database.
    pub(crate) async fn until_lost(&self) -> Error {
        let mut lost = self.lost.subscribe();
        let found = lost.wait_for(Option::is_some).await.map(|lost| lost.clone());
        found.ok().flatten().unwrap_or(Error::Closed)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    fn length_ms(&self) -> i64 {
        i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX)
    }

    fn held_since(&self, asked: u64) {
        let length = u64::try_from(self.length.as_millis()).unwrap_or(0);
        self.until.store(asked.saturating_add(length), Ordering::Release);
    }

    /// Takes the database, waiting for the node that has it: without an end if this one is a standby.
    ///
    /// # Errors
    /// [`Error::Taken`] if another node keeps it.
    pub(super) fn take(&self, session: &Session, settings: &Postgres, place: &str) -> Result<Fence, Error> {
        make_tables(session)?;
        let give_up = self.clock.monotonic() + settings.lease + PATIENCE;
        let mut has_waited = false;
        loop {
            let asked = self.now();
            let named = match self.try_take(session, settings, place)? {
                Ok(fence) => {
                    self.held_since(asked);
                    return Ok(fence);
                }
                Err(named) => named,
            };
            if !settings.standby && give_up <= self.clock.monotonic() {
                return Err(Error::Taken(named));
            }
            if !has_waited {
                tracing::info!(node = named, "another node has the database: waiting for it");
                has_waited = true;
            }
            thread::sleep(LOOK);
        }
    }

    /// Takes the database if nobody has it; else says who does. A node that was in the same data directory has ended:
    /// whoever asks has locked it.
    fn try_take(
        &self,
        session: &Session,
        settings: &Postgres,
        place: &str,
    ) -> Result<Result<Fence, String>, Error> {
        session.control("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let now = session.query(NOW, &[])?.first().map_or(Ok(0), |row| row.try_get::<_, i64>(0))?;
        let sql = "UPDATE store_node SET holder = ?1, place = ?2, name = ?3, expires = ?4
                   WHERE id = 1 AND (expires < ?5 OR place = ?2)";
        let params = [
            Param::Text(&self.holder),
            Param::Text(place),
            Param::Text(&settings.node),
            Param::Int(now.saturating_add(self.length_ms())),
            Param::Int(now),
        ];
        if session.execute(sql, &params)? == 0 {
            let rows = session.query("SELECT name FROM store_node WHERE id = 1", &[])?;
            let name = rows.first().map_or(Ok(String::new()), |row| row.try_get(0))?;
            session.control("ROLLBACK")?;
            return Ok(Err(name));
        }
        let fence = raise(session)?;
        session.control("COMMIT")?;
        Ok(Ok(fence))
    }

    /// After a broken connection: raises the fencing number, so that nothing of what was sent there counts from now on, and
    /// says which group was the last that did.
    ///
    /// # Errors
    /// [`Error::Fenced`] if another node has the database.
    pub(super) fn recover(&self, session: &Session) -> Result<Fence, Error> {
        session.control("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let sql = "SELECT name FROM store_node WHERE id = 1 AND holder = ?1 FOR UPDATE";
        if session.query(sql, &[Param::Text(&self.holder)])?.is_empty() {
            session.control("ROLLBACK")?;
            self.lose(Error::Fenced);
            return Err(Error::Fenced);
        }
        let fence = raise(session)?;
        session.control("COMMIT")?;
        Ok(fence)
    }

    fn renew(&self, session: &Session) -> Result<(), Error> {
        let asked = self.now();
        let sql = "UPDATE store_node
                   SET expires = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + ?2
                   WHERE id = 1 AND holder = ?1";
        if session.execute(sql, &[Param::Text(&self.holder), Param::Int(self.length_ms())])? == 0 {
            self.lose(Error::Fenced);
        } else {
            self.held_since(asked);
        }
        Ok(())
    }

    /// Leaves the database to whoever wants it.
    pub(super) fn release(&self, session: &Session) -> Result<(), Error> {
        self.until.store(0, Ordering::Release);
        let sql = "UPDATE store_node SET expires = 0 WHERE id = 1 AND holder = ?1";
        session.execute(sql, &[Param::Text(&self.holder)]).map(drop)
    }
}

/// Two nodes that make the same table at the same time are in each other's way.
fn make_tables(session: &Session) -> Result<(), Error> {
    session.batch(TABLES).or_else(|_| session.batch(TABLES))
}

fn raise(session: &Session) -> Result<Fence, Error> {
    let sql = "UPDATE store_group SET fence = fence + 1 WHERE id = 1 RETURNING fence, n";
    let rows = session.query(sql, &[])?;
    let row = rows.first().ok_or_else(|| Error::Corrupt("store_group has no row".to_owned()))?;
    Ok(Fence { fence: row.try_get(0)?, n: row.try_get(1)? })
}

/// The thread that renews the lease, on a connection of its own.
pub(super) struct Keeper {
    running: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

impl Keeper {
    pub(super) fn start(lease: Arc<Lease>, connector: Connector) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store-lease".into())
            .spawn(move || keep(&lease, &connector, &stopped))
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

fn keep(lease: &Lease, connector: &Connector, stopped: &mpsc::Receiver<()>) {
    let period = lease.length / RENEWALS;
    let mut session: Option<Session> = None;
    while stopped.recv_timeout(period) == Err(mpsc::RecvTimeoutError::Timeout) && lease.lost().is_none() {
        let current = session.take().filter(Session::is_alive).map_or_else(|| connector.connect(), Ok);
        let renewed = current.and_then(|current| lease.renew(&current).map(|()| current));
        match renewed {
            Ok(current) => session = Some(current),
            Err(error) => tracing::warn!(%error, "the lease of the database could not be renewed"),
        }
    }
}
