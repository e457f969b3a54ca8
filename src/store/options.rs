//! How the store uses disk and memory.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{Error, MasterKeySource, Postgres};

/// Options of a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The most memory for the writer's page cache, in KiB; allocated as needed.
    pub writer_cache_kib: u32,
    /// The same for each reader.
    pub reader_cache_kib: u32,
    /// The number of reading threads.
    pub readers: usize,
    /// The most jobs in one commit.
    pub group_jobs_max: usize,
    /// The bytes of values after which a group takes no further job.
    pub group_bytes_max: usize,
    /// The most pages of 8 KiB in the database; `None` for no limit but the disk.
    pub pages_max: Option<u32>,
    /// Where the master key is.
    pub master_key: MasterKeySource,
    /// Whether to open a store that has lost something acknowledged.
    pub accept_loss: bool,
    /// The database server to use instead of the embedded database.
    pub postgres: Option<Postgres>,
    /// Whether it is opened for a migration into it ([`Store::open_both`](super::Store::open_both) says so).
    pub is_filled: bool,
    /// Observes the writer; for tests that take the files as a crash would leave them.
    pub probe: Option<Probe>,
    /// Makes jobs and commits meet conflicts; for tests.
    pub conflicts: Option<Conflicts>,
}

/// Where others can be in the way of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In one of its statements: the job alone is undone, and run again.
    Job,
    /// In the commit of its group, all of whose jobs are undone, and run again.
    Commit,
}

/// Says of each run, counted from 1, whether another writer is in its way; as there is none, for tests.
#[derive(Clone)]
pub struct Conflicts(Arc<dyn Fn(Place, u32) -> bool + Send + Sync>);

impl Conflicts {
    /// Conflicts where `meets` says so.
    pub fn new(meets: impl Fn(Place, u32) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(meets))
    }

    /// A conflict in each first run: every job is run twice for itself, and twice more with its group.
    pub fn always_once() -> Self {
        Self::new(|_, run| run == 1)
    }

    pub(super) fn has(&self, place: Place, run: u32) -> bool {
        (self.0)(place, run)
    }
}

impl fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Conflicts")
    }
}

/// The moments of the writer that matter for crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A group's jobs have run; nothing of them is in the log.
    BeforeCommit,
    /// The group is on disk, but not marked and not acknowledged.
    AfterCommit,
    /// The group is marked, but not acknowledged.
    AfterMark,
}

/// Called by the writer's thread at each [`Moment`].
#[derive(Clone)]
pub struct Probe(Arc<dyn Fn(Moment) + Send + Sync>);

impl Probe {
    /// A probe that calls `watch`.
    pub fn new(watch: impl Fn(Moment) + Send + Sync + 'static) -> Self {
        Self(Arc::new(watch))
    }

    pub(super) fn at(&self, moment: Moment) {
        (self.0)(moment);
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writer_cache_kib: 8 * 1024,
            reader_cache_kib: 2 * 1024,
            readers: 2,
            group_jobs_max: 512,
            group_bytes_max: 8 << 20,
            pages_max: None,
            master_key: MasterKeySource::Beside,
            accept_loss: false,
            postgres: None,
            is_filled: false,
            probe: None,
            conflicts: None,
        }
    }
}

/// The page size of the database.
pub(super) const PAGE_BYTES: u64 = 8192;
/// How long to wait for another connection's lock.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept for each connection; rooms have some dozens each.
const STATEMENTS_KEPT: usize = 128;

impl Options {
    /// For tests of jobs: each is run again, by itself and with its group, and has to come to the same.
    pub fn disturbed() -> Self {
        Self { conflicts: Some(Conflicts::always_once()), ..Self::default() }
    }

    /// A connection that writes.
    pub(super) fn open_writer(&self, path: &Path) -> Result<Connection, Error> {
        let connection = self.open(path, self.writer_cache_kib)?;
        // FULL: a commit is on disk when it returns. Checkpoints run elsewhere.
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
        if let Some(pages) = self.pages_max {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn open_reader(&self, path: &Path) -> Result<Connection, Error> {
        let connection = self.open(path, self.reader_cache_kib)?;
        connection.execute_batch("PRAGMA query_only = ON;")?;
        Ok(connection)
    }

    /// A connection that moves pages from the log into the database.
    pub(super) fn open_checkpointer(&self, path: &Path) -> Result<Connection, Error> {
        let connection = self.open(path, 1024)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
        // Truncating the log doesn't wait; it is tried again.
        connection.busy_timeout(Duration::ZERO)?;
        Ok(connection)
    }

    fn open(&self, path: &Path, cache_kib: u32) -> Result<Connection, Error> {
        let connection = Connection::open(path)?;
        // Pages may be moved into the database only after their checksums are stored.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA mmap_size = 0; \
             PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -{cache_kib};"
        ))?;
        Ok(connection)
    }
}
