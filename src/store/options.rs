//! How the store uses disk and memory.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{Error, MasterKeySource};

/// Settings of a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most memory the writer caches pages in, in KiB; taken as it is needed.
    pub writer_cache_kib: u32,
    /// The same for each reader.
    pub reader_cache_kib: u32,
    /// Threads that read.
    pub readers: usize,
    /// Jobs that share one commit at the most.
    pub group_jobs_max: usize,
    /// Bytes of values written by one group, after which it takes no further job.
    pub group_bytes_max: usize,
    /// Most pages of 8 KiB the database may grow to; `None` for as many as the disk has.
    pub pages_max: Option<u32>,
    /// Where the key is kept that secrets are encrypted with, in the end.
    pub master_key: MasterKeySource,
    /// Whether to open what has lost something that was acknowledged.
    pub accept_loss: bool,
    /// Watches the writer; for tests that take the files as a crash would leave them.
    pub probe: Option<Probe>,
}

/// The writer's moments at which a crash is interesting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A group's jobs have run; nothing of them is in the log.
    BeforeCommit,
    /// The group is on disk; the mark doesn't say so, and nobody has been told.
    AfterCommit,
    /// The mark says so; nobody has been told.
    AfterMark,
}

/// Called by the writer's thread at each [`Moment`].
#[derive(Clone)]
pub struct Probe(Arc<dyn Fn(Moment) + Send + Sync>);

impl Probe {
    /// One that calls `watch`.
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
            probe: None,
        }
    }
}

/// Size of a page of the database.
pub(super) const PAGE_BYTES: u64 = 8192;
/// How long another connection may hold what this one needs.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept for each connection; rooms have some dozens.
const STATEMENTS_KEPT: usize = 128;

impl Options {
    /// A connection that writes.
    pub(super) fn open_writer(&self, path: &Path) -> Result<Connection, Error> {
        let connection = self.open(path, self.writer_cache_kib)?;
        // FULL: a commit is on disk when it returns. Checkpoints are run elsewhere.
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
        // Cutting the log off waits for nobody: it is tried again.
        connection.busy_timeout(Duration::ZERO)?;
        Ok(connection)
    }

    fn open(&self, path: &Path, cache_kib: u32) -> Result<Connection, Error> {
        let connection = Connection::open(path)?;
        // Pages are moved into the database only after their sums are kept.
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
