//! What a node has the database with, and until when. The time is the database's.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::feed::Feed;
use super::shards::{SHARDS, Shards};
use crate::clock::{Clock, SharedClock, Timestamp};
use crate::postgres::Session;
use crate::secrets::random_id;
use crate::{Error, Param, Postgres, Tx};

/// How often a node that waits for others looks.
const LOOK: Duration = Duration::from_millis(200);
/// How much longer than a lease a node waits that can't join: its own last run may have left one.
const PATIENCE: Duration = Duration::from_secs(2);
/// Since when there are several nodes, the row by which an earlier version knew that it was alone has this place. Whoever joins
/// or takes over locks it first.
const SEVERAL: &str = "several nodes";
/// A time that doesn't come.
const NEVER: i64 = i64::MAX / 2;

/// The tables: those of one node, of earlier versions, with a row each; and those of several.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS store_node (
    id BIGINT PRIMARY KEY, holder TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS store_group (id BIGINT PRIMARY KEY, fence BIGINT NOT NULL, n BIGINT NOT NULL);
INSERT INTO store_node (id, holder, place, name, expires) VALUES (1, '', '', '', 0) ON CONFLICT (id) DO NOTHING;
INSERT INTO store_group (id, fence, n) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING;
CREATE TABLE IF NOT EXISTS store_lease (
    node BIGINT PRIMARY KEY, holder TEXT NOT NULL, place TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    joined BIGINT NOT NULL, is_open BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS store_fence (node BIGINT PRIMARY KEY, fence BIGINT NOT NULL, n BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS store_shard (shard BIGINT PRIMARY KEY, node BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS store_change (
    node BIGINT NOT NULL, topic TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (node, topic)
);
INSERT INTO store_shard (shard, node) SELECT n, 0 FROM generate_series(0, 63) AS of (n) ON CONFLICT (shard) DO NOTHING;
";
/// Nodes of the first version that shared a database have no format.
const WITH_FORMAT: &str = "ALTER TABLE store_lease ADD COLUMN format BIGINT NOT NULL DEFAULT 1";
const HAS_FORMAT: &str =
    "SELECT 1 FROM information_schema.columns WHERE table_name = 'store_lease' AND column_name = 'format'";
/// The form of what nodes tell each other in these tables. One that changes it has to understand the one before, so that nodes
/// are upgraded one after the other.
const FORMAT: i64 = 1;
/// Checks the fencing number, as a part of a group's transaction, and notes the group: NULL is refused.
pub(super) const CHECK: &str = "UPDATE store_fence SET n = CASE WHEN fence = ?1 THEN ?2 END WHERE node = ?3";
/// Notes, as a part of a group's transaction, that it changed what others may keep in memory.
pub(super) const CHANGED: &str = "INSERT INTO store_change (node, topic, n) VALUES (?1, ?2, 1)
    ON CONFLICT (node, topic) DO UPDATE SET n = store_change.n + 1";
const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// Moves what is under way here from a set of shards that others get, a bit for each, into one that stays.
pub(crate) type Rehome = Box<dyn Fn(&Tx<'_>, i64, i64) -> Result<(), Error> + Send + Sync>;

/// The nodes that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// How many there are.
    pub count: u32,
    /// The place of this one among them, from 0.
    pub rank: u32,
}

/// What a node has the database with.
pub(crate) struct Lease {
    /// Who has it: this process, this time.
    holder: String,
    /// Which node this is; 0 until it has joined.
    number: AtomicI64,
    pub(super) length: Duration,
    /// Shows the database's time.
    pub(crate) clock: SharedClock<dyn Clock>,
    lost: watch::Sender<Option<Error>>,
    pub(crate) shards: Shards,
    pub(crate) feed: Feed,
    pub(crate) nodes: watch::Sender<Nodes>,
    pub(crate) rehome: OnceLock<Rehome>,
    /// Whether everything of this node is open, so that another may come.
    pub(super) is_open: AtomicBool,
}

/// The fencing number, and the number of the last group that was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    pub(super) fence: i64,
    pub(super) n: i64,
}

/// A row of a node.
struct Row {
    node: i64,
    holder: String,
    place: String,
    name: String,
    is_open: bool,
    expires: i64,
    format: i64,
}

impl Lease {
    pub(super) fn new(settings: &Postgres, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Ok(Self {
            holder: random_id()?,
            number: AtomicI64::new(0),
            length: settings.lease,
            clock: SharedClock::new(clock),
            lost: watch::Sender::new(None),
            shards: Shards::none(),
            feed: Feed::default(),
            nodes: watch::Sender::new(Nodes { count: 1, rank: 0 }),
            rehome: OnceLock::new(),
            is_open: AtomicBool::new(false),
        })
    }

    /// Which node this is.
    pub(crate) fn number(&self) -> i64 {
        self.number.load(Ordering::SeqCst)
    }

    /// Everything of this node is open.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    /// Notes that this process can't go on with the database.
    pub(super) fn lose(&self, error: Error) {
        let said = error.clone();
        if self.lost.send_if_modified(|lost| lost.is_none() && lost.replace(error).is_none()) {
            tracing::error!(error = %said, "this node has lost the database");
        }
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

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    fn length_ms(&self) -> i64 {
        i64::try_from(self.length.as_millis()).unwrap_or(i64::MAX)
    }

    /// Asks something of the database that tells its time, and sets the clock by it.
    pub(super) fn timed<T>(
        &self,
        ask: impl FnOnce() -> Result<T, Error>,
        now: impl FnOnce(&T) -> i64,
    ) -> Result<T, Error> {
        let before = self.clock.machine();
        let told = ask()?;
        self.clock.saw((before, self.clock.machine()), Timestamp::from_millis(now(&told)));
        Ok(told)
    }

    /// Joins the nodes that are there, waiting for one that is about to: without an end if this one is a standby, which
    /// waits until all others have ended.
    ///
    /// # Errors
    /// [`Error::Taken`] if it can't.
    pub(super) fn join(&self, session: &Session, settings: &Postgres, place: &str) -> Result<Fence, Error> {
        make_tables(session)?;
        self.timed(|| time(session), |now| *now)?;
        let give_up = self.clock.monotonic() + settings.lease + PATIENCE;
        let mut has_waited = false;
        loop {
            let named = match self.try_join(session, settings, place)? {
                Ok(fence) => return Ok(fence),
                Err(named) => named,
            };
            if !settings.standby && give_up <= self.clock.monotonic() {
                return Err(Error::Taken(named));
            }
            if !has_waited {
                tracing::info!(node = named, "another node is in the way: waiting for it");
                has_waited = true;
            }
            thread::sleep(LOOK);
        }
    }

    /// Joins unless a node is in the way; else says which. A node that was in the same data directory has ended: whoever asks
    /// has locked it.
    fn try_join(
        &self,
        session: &Session,
        settings: &Postgres,
        place: &str,
    ) -> Result<Result<Fence, String>, Error> {
        session.control("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let alone = "SELECT place, name, expires FROM store_node WHERE id = 1 FOR UPDATE";
        let alone = session.query(alone, &[])?;
        let now = time(session)?;
        if let Some(row) = alone.first() {
            let (of, name): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            if of != SEVERAL && of != place && now <= row.try_get::<_, i64>(2)? {
                session.control("ROLLBACK")?;
                return Ok(Err(name));
            }
        }
        let rows = nodes(session)?;
        let others = || rows.iter().filter(|row| row.place != place && !row.holder.is_empty());
        let living = || others().filter(|row| now <= row.expires);
        if let Some(other) = living().find(|row| 1 < row.format.abs_diff(FORMAT)) {
            let (node, found) = (other.name.clone(), other.format);
            session.control("ROLLBACK")?;
            return Err(Error::Format { node, found, known: FORMAT });
        }
        let mut in_the_way = living().filter(|row| !row.is_open || settings.standby || settings.is_alone);
        if let Some(other) = in_the_way.next() {
            session.control("ROLLBACK")?;
            return Ok(Err(other.name.clone()));
        }
        let is_free = |n: &i64| !living().any(|row| row.node == *n);
        let own = rows.iter().find(|row| row.place == place).map(|row| row.node);
        let Some(number) = own.filter(is_free).or_else(|| (1..=i64::from(SHARDS)).find(is_free)) else {
            session.control("ROLLBACK")?;
            return Ok(Err(format!("{SHARDS} of them")));
        };
        let several = "UPDATE store_node SET place = ?1, name = ?1, expires = ?2 WHERE id = 1";
        session.execute(several, &[Param::Text(SEVERAL), NEVER.into()])?;
        // Whoever has the number, and a row of another number in the same place, is over.
        let over = "DELETE FROM store_lease WHERE node = ?1 OR place = ?2";
        session.execute(over, &[number.into(), Param::Text(place)])?;
        let sql =
            "INSERT INTO store_lease (node, holder, place, name, version, joined, is_open, expires, format)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)";
        let params = [
            number.into(),
            Param::Text(&self.holder),
            Param::Text(place),
            Param::Text(&settings.node),
            Param::Text(env!("CARGO_PKG_VERSION")),
            now.into(),
            now.saturating_add(self.length_ms()).into(),
            FORMAT.into(),
        ];
        session.execute(sql, &params)?;
        let sql = "INSERT INTO store_fence (node, fence, n) VALUES (?1, 0, 0) ON CONFLICT (node) DO NOTHING";
        session.execute(sql, &[number.into()])?;
        self.number.store(number, Ordering::SeqCst);
        // What the node had that ended here is this one's, and what nobody has.
        bury(session, now)?;
        take_orphans(session, number)?;
        let fence = raise(session, number)?;
        session.control("COMMIT")?;
        let own = session.query("SELECT shard FROM store_shard WHERE node = ?1", &[number.into()])?;
        let mut owned = 0;
        for row in own {
            let shard = u32::try_from(row.try_get::<_, i64>(0)?).unwrap_or(u32::MAX);
            owned |= 1_u64.checked_shl(shard).unwrap_or(0);
        }
        self.shards.saw(owned);
        Ok(Ok(fence))
    }

    /// Takes over what nodes had whose lease has run out, or who left it; raises their fencing numbers first.
    pub(super) fn take_over(&self, session: &Session) -> Result<(), Error> {
        session.control("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        session.query("SELECT id FROM store_node WHERE id = 1 FOR UPDATE", &[])?;
        let now = time(session)?;
        let own = "SELECT node FROM store_lease WHERE node = ?1 AND holder = ?2 AND ?3 <= expires";
        let params = [self.number().into(), Param::Text(&self.holder), now.into()];
        if session.query(own, &params)?.is_empty() {
            // Late itself: the next renewal says what has become of it.
            return session.control("ROLLBACK");
        }
        let buried = bury(session, now)?;
        let n = take_orphans(session, self.number())?;
        session.control("COMMIT")?;
        if 0 < n {
            tracing::info!(shards = n, nodes = ?buried, "took over what a node has left");
        }
        Ok(())
    }

    /// After a broken connection: raises the fencing number, so that nothing of what was sent there counts from now on, and
    /// says which group was the last that did.
    ///
    /// # Errors
    /// [`Error::Fenced`] if others have taken over what this node had.
    pub(super) fn recover(&self, session: &Session) -> Result<Fence, Error> {
        session.control("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let sql = "SELECT name FROM store_lease WHERE node = ?1 AND holder = ?2 FOR UPDATE";
        if session.query(sql, &[self.number().into(), Param::Text(&self.holder)])?.is_empty() {
            session.control("ROLLBACK")?;
            self.lose(Error::Fenced);
            return Err(Error::Fenced);
        }
        let fence = raise(session, self.number())?;
        session.control("COMMIT")?;
        Ok(fence)
    }

    pub(super) fn renew(&self, session: &Session) -> Result<(), Error> {
        let sql = "UPDATE store_lease
                   SET expires = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + ?3, is_open = ?4
                   WHERE node = ?1 AND holder = ?2";
        let is_open = i64::from(self.is_open.load(Ordering::SeqCst));
        let params =
            [self.number().into(), Param::Text(&self.holder), self.length_ms().into(), is_open.into()];
        if session.execute(sql, &params)? == 0 {
            self.lose(Error::Fenced);
        }
        Ok(())
    }

    /// Leaves what this node had to whoever wants it.
    pub(super) fn release(&self, session: &Session) -> Result<(), Error> {
        session.control("BEGIN ISOLATION LEVEL READ COMMITTED")?;
        session.query("SELECT id FROM store_node WHERE id = 1 FOR UPDATE", &[])?;
        let sql = "UPDATE store_lease SET expires = 0, holder = '' WHERE node = ?1 AND holder = ?2";
        if 0 < session.execute(sql, &[self.number().into(), Param::Text(&self.holder)])? {
            session.execute("UPDATE store_shard SET node = 0 WHERE node = ?1", &[self.number().into()])?;
        }
        session.control("COMMIT")
    }
}

/// Nodes that make the same tables at the same time are in each other's way.
fn make_tables(session: &Session) -> Result<(), Error> {
    let make = || {
        session.batch(TABLES)?;
        // Only then: it locks the table.
        if session.query(HAS_FORMAT, &[])?.is_empty() { session.batch(WITH_FORMAT) } else { Ok(()) }
    };
    let made = (0..4).find_map(|_| make().ok());
    made.map_or_else(make, Ok)
}

fn time(session: &Session) -> Result<i64, Error> {
    session.query(NOW, &[])?.first().map_or(Ok(0), |row| Ok(row.try_get::<_, i64>(0)?))
}

fn nodes(session: &Session) -> Result<Vec<Row>, Error> {
    let sql = "SELECT node, holder, place, name, is_open, expires, format FROM store_lease ORDER BY node";
    let read = |row: &tokio_postgres::Row| {
        Ok(Row {
            node: row.try_get(0)?,
            holder: row.try_get(1)?,
            place: row.try_get(2)?,
            name: row.try_get(3)?,
            is_open: row.try_get::<_, i64>(4)? != 0,
            expires: row.try_get(5)?,
            format: row.try_get(6)?,
        })
    };
    session.query(sql, &[])?.iter().map(read).collect()
}

/// Ends the leases that have run out, and raises the fencing numbers of their nodes: these write nothing any more.
fn bury(session: &Session, now: i64) -> Result<Vec<i64>, Error> {
    let sql = "UPDATE store_lease SET holder = '' WHERE expires < ?1 AND holder <> '' RETURNING node";
    let over = session.query(sql, &[now.into()])?;
    let over: Vec<i64> = over.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    for node in &over {
        raise(session, *node)?;
    }
    Ok(over)
}

/// Gives a node the shards of those who are over.
fn take_orphans(session: &Session, number: i64) -> Result<usize, Error> {
    let sql = "UPDATE store_shard SET node = ?1
               WHERE node <> ?1 AND node NOT IN (SELECT node FROM store_lease WHERE holder <> '')";
    session.execute(sql, &[number.into()])
}

fn raise(session: &Session, node: i64) -> Result<Fence, Error> {
    let sql = "UPDATE store_fence SET fence = fence + 1 WHERE node = ?1 RETURNING fence, n";
    let rows = session.query(sql, &[node.into()])?;
    let row = rows.first().ok_or_else(|| Error::Corrupt("store_fence has no row of the node".to_owned()))?;
    Ok(Fence { fence: row.try_get(0)?, n: row.try_get(1)? })
}
