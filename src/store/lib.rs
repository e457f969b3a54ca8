//! Durable state: transactions on an embedded SQLite database, one writer with group commit, readers beside it.
//!
//! The room knows bytes, tables and transactions, not executions or APIs: each room above declares its tables
//! beside the code that writes them ([`Store::migrate`]) and hands over jobs. A job sees a [`Tx`]; what waits
//! at a moment shares one transaction and one fsync, and every job is told the outcome only when the group is
//! on disk. SQL is kept to what SQLite and PostgreSQL both understand, and no driver type leaks.
//!
//! `docs/store-format.md` describes the files.

// Rooms are called by their names, wherever they stand.
use stepgate_clock as clock;
use stepgate_meter as meter;

mod checkpoint;
mod error;
mod options;
mod param;
mod readers;
mod schema;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

pub use error::Error;
pub use options::{Moment, Options, Probe};
pub use param::{Param, Row};
pub use tx::Tx;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;

/// The database's file within the data directory.
const DATABASE: &str = "stepgate.db";
/// Held locked while a server uses the directory.
const LOCK: &str = "stepgate.lock";

/// An open store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped in this order: no reader and no checkpoint after the writer has closed the database.
    readers: readers::Readers,
    checkpoint: checkpoint::Checkpoint,
    writer: writer::Writer,
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, making it if there is none.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it open, [`Error::Io`] and the like if it can't be opened.
    pub fn open(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        std::fs::create_dir_all(dir).map_err(|e| Error::Io(format!("{}: {e}", dir.display())))?;
        let lock = lock(dir)?;
        let path: PathBuf = dir.join(DATABASE);
        let log = Arc::new(checkpoint::Log::default());
        let writer = writer::Writer::start(&path, &options, clock, log.clone())?;
        let checkpoint = checkpoint::Checkpoint::start(&path, &options, log)?;
        let readers = readers::Readers::start(&path, &options)?;
        let store = Self { inner: Arc::new(Inner { readers, checkpoint, writer, _lock: lock }) };
        store.migrate("store", &[])?;
        Ok(store)
    }

    /// Runs `job` on the writer within the current group's transaction and completes once the group is on
    /// disk. An `Err` of the job undoes what this job wrote and nothing else.
    ///
    /// Dropping the future does not take the job back.
    ///
    /// # Errors
    /// The job's own, or any [`Error`] of the group: then nothing of the job was kept.
    pub async fn write<T, E>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let answer = self.inner.writer.send(job);
        answer.await.unwrap_or_else(|_| Err(E::from(Error::Closed)))
    }

    /// Runs `job` on a reader, on a snapshot of what is committed. Writing there is an error.
    ///
    /// # Errors
    /// The job's own, or any [`Error`].
    pub async fn read<T, E>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let answer = self.inner.readers.send(job);
        answer.await.unwrap_or_else(|_| Err(E::from(Error::Closed)))
    }

    /// Brings the tables of `room` up to date: `steps` are the statements of each schema version, of which
    /// those not yet applied are run in one transaction. Blocks; rooms call it when they open.
    ///
    /// # Errors
    /// [`Error::Newer`] if a newer version of the room has written the store.
    pub fn migrate(&self, room: &'static str, steps: &'static [&'static str]) -> Result<(), Error> {
        self.inner.writer.send_blocking(move |tx| schema::migrate(tx, room, steps))
    }

    /// Writes everything out and folds the log into the database. The store answers [`Error::Closed`]
    /// afterwards.
    pub async fn close(&self) {
        self.inner.checkpoint.stop();
        self.inner.readers.stop();
        self.inner.writer.close().await;
    }
}

/// Takes the directory for this process; the lock ends with the process, however it ends.
fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let io = |e: std::io::Error| Error::Io(format!("{}: {e}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Locked(dir.display().to_string())),
        Err(std::fs::TryLockError::Error(error)) => Err(io(error)),
    }
}
