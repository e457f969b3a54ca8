//! How the store uses disk and memory.

use std::path::Path;

use rusqlite::Connection;

use super::Error;

/// Settings of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Most memory the writer caches pages in, in KiB; taken as it is needed.
    pub writer_cache_kib: u32,
    /// The same for each reader.
    pub reader_cache_kib: u32,
    /// Threads that read.
    pub readers: usize,
    /// Jobs that share one commit at the most.
    pub group_jobs_max: usize,
    /// Most pages of 8 KiB the database may grow to; `None` for as many as the disk has.
    pub pages_max: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writer_cache_kib: 64 * 1024,
            reader_cache_kib: 2 * 1024,
            readers: 2,
            group_jobs_max: 512,
            pages_max: None,
        }
    }
}

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
        Ok(connection)
    }

    fn open(&self, path: &Path, cache_kib: u32) -> Result<Connection, Error> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA mmap_size = 0; \
             PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA cache_size = -{cache_kib};"
        ))?;
        Ok(connection)
    }
}
