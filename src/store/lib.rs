//! Durable state: transactions on an embedded SQLite database, or on a PostgreSQL server, with one writer, group commit,
//! and concurrent readers.
//!
//! The room knows bytes, tables and transactions, not executions or APIs. Each room above declares its tables beside
//! the code that writes them ([`Store::migrate`]) and submits jobs. A job gets a [`Tx`]. Jobs that are waiting at the
//! same time share one transaction and one fsync, and every job gets its result only when the group is on disk. The SQL
//! is limited to what both SQLite and PostgreSQL understand, and no driver type leaves the room.
//!
//! `docs/store-format.md` describes the files.

// Rooms are called by their names, wherever they stand.
use stepgate_clock as clock;
use stepgate_meter as meter;

mod checkpoint;
mod directory;
mod error;
mod high_water;
mod job;
mod keys;
mod log_file;
mod marks;
mod migration;
mod node;
mod opening;
mod options;
mod param;
mod postgres;
mod readers;
mod schema;
mod secrets;
mod sequence;
mod statements;
mod stored;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

pub use error::Error;
pub use job::Answer;
pub use migration::{Moved, Progress, Stage, migrate};
pub use options::{Conflicts, Moment, Options, Place, Probe};
pub use param::{Param, Row};
pub use postgres::Postgres;
pub use schema::Step;
pub use secrets::{KEY_BYTES, Lookup, MasterKey, MasterKeySource, SealedColumn};
pub use sequence::Sequence;
pub use stored::{Record, RecordKind, Stored, Unreadable};
pub use tx::Tx;

use std::path::Path;
use std::sync::Arc;

use self::directory::{DATABASE, Directory};
use crate::clock::Clock;

/// An open store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped in this order: no reader or checkpoint may outlive the writer, which closes the database.
    readers: readers::Readers,
    checkpoint: Option<checkpoint::Checkpoint>,
    writer: writer::Writer,
    /// With which this node has the database of a server.
    lease: Option<Arc<node::Lease>>,
    directory: Arc<Directory>,
}

impl Store {
    /// Opens the store in `dir`; creates it if there is none.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process has it open, [`Error::Lost`] if anything acknowledged is lost and
    /// [`Options::accept_loss`] is not set, [`Error::MasterKey`] if the secrets can't be decrypted, [`Error::Io`] and
    /// the like if it can't be opened.
    pub fn open(dir: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Self::open_in(Arc::new(Directory::take(dir)?), options, clock)
    }

    /// Opens what is in `dir` and what is on the database server of `options`, to move everything from one to the other
    /// ([`migrate`]). Blocks.
    ///
    /// # Errors
    /// As of [`Store::open`], and [`Error::Database`] if the one to move to is in use.
    pub fn open_both(
        dir: &Path,
        options: Options,
        into_server: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Self), Error> {
        let directory = Arc::new(Directory::take(dir)?);
        let of_directory = Options { postgres: None, is_filled: !into_server, ..options.clone() };
        let of_server = Options { is_filled: into_server, ..options };
        let (from, to) = if into_server { (of_directory, of_server) } else { (of_server, of_directory) };
        let from = Self::open_in(directory.clone(), from, clock.clone())?;
        Ok((from, Self::open_in(directory, to, clock)?))
    }

    fn open_in(directory: Arc<Directory>, options: Options, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        if let Some(settings) = &options.postgres {
            return Self::open_on_server(directory, &options, settings, clock);
        }
        directory.prepare_database()?;
        let marks = Arc::new(opening::check(&directory, &options)?);
        let sums = high_water::Sums::new(directory.path(), marks);
        let log = Arc::new(checkpoint::Log::default());
        let writer = writer::Writer::start(&directory, &options, clock, log.clone(), sums.clone())?;
        let folder = writer.folder().ok_or(Error::Closed)?;
        let checkpoint = Some(checkpoint::Checkpoint::start(&directory, &options, log, sums, folder)?);
        let readers = readers::Readers::start(&directory.file(DATABASE), &options, writer.secrets())?;
        Ok(Self { inner: Arc::new(Inner { readers, checkpoint, writer, lease: None, directory }) })
    }

    fn open_on_server(
        directory: Arc<Directory>,
        options: &Options,
        settings: &Postgres,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        if directory.file(DATABASE).exists() {
            tracing::warn!("{DATABASE} in the data directory is not used: [store] names a database server");
        }
        let (writer, lease) = node::start_writer(&directory, options, settings, clock)?;
        let readers = node::start_readers(settings, &lease, writer.secrets())?;
        let lease = Some(lease);
        Ok(Self { inner: Arc::new(Inner { readers, checkpoint: None, writer, lease, directory }) })
    }

    /// Completes if this process can't go on with the store, because another node has taken the database over, or because
    /// nobody can tell whether a commit counted. Never completes for a store of its own.
    pub async fn until_lost(&self) -> Error {
        match &self.inner.lease {
            Some(lease) => lease.until_lost().await,
            None => std::future::pending().await,
        }
    }

    /// Runs `job` on the writer within the current group's transaction, and completes once the group is on disk. If the
    /// job returns `Err`, or one of its statements fails, only its own writes are undone.
    ///
    /// A job is run again if others were in its way: if a row that it inserts exists, or the database can't put what it
    /// saw and wrote in order with what others did. Of each run but the last nothing is left. So a job acts through its
    /// [`Tx`] alone, and returns what is to be done once it is on disk.
    ///
    /// Dropping the future does not cancel the job.
    ///
    /// # Errors
    /// The job's own, or any [`Error`] of the group; nothing of the job was kept then.
    pub fn write<T, E>(&self, job: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Answer<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writer.send(job)
    }

    /// The same for a job that borrows `input`, which is given back with what the job returned: nothing has to be copied
    /// that is needed afterwards too. Whatever else the job holds is dropped by then.
    ///
    /// # Errors
    /// As of [`Store::write`].
    pub fn write_with<I, T, E>(
        &self,
        input: I,
        job: impl Fn(&I, &Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Answer<(I, T), E>
    where
        I: Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writer.send_with(input, job)
    }

    /// Runs `job` on a reader, with a snapshot of what is committed. Writing is an error there.
    ///
    /// # Errors
    /// The job's own, or any [`Error`].
    pub fn read<T, E>(&self, job: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Answer<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.readers.send(job)
    }

    /// Upgrades the tables of `room`: `steps` are the schema versions, and those not yet applied are run in one
    /// transaction. Blocks; rooms call it when they open.
    ///
    /// # Errors
    /// [`Error::Newer`] if a newer version of the room has written the store.
    pub fn migrate<S>(&self, room: &'static str, steps: &'static [S]) -> Result<(), Error>
    where
        S: Copy + Into<Step>,
    {
        let steps: Vec<Step> = steps.iter().map(|step| (*step).into()).collect();
        let overwrote = self.inner.writer.send_blocking(move |tx| schema::migrate(tx, room, &steps))?;
        if overwrote && let Some(folder) = self.inner.writer.folder() {
            // So that overwritten data also leaves the database and the log.
            folder.fold();
        }
        Ok(())
    }

    /// Notes which versions of `records` may be in the store from now on. Blocks; rooms call it when they open, after their
    /// tables are up to date.
    ///
    /// # Errors
    /// [`Error::NewerRecord`] if a newer version of the program may have written one of them.
    pub fn declare(&self, records: &'static [RecordKind]) -> Result<(), Error> {
        self.inner.writer.send_blocking(move |tx| schema::declare(tx, records))
    }

    /// Opens the sequence `name` of numbers for keys. `first` says with which number it begins, in a store that does not have
    /// it yet: where the numbers end that an earlier version gave out itself. Blocks; rooms call it when they open.
    ///
    /// # Errors
    /// That of `first`, or any [`Error`].
    pub fn sequence<E>(
        &self,
        name: &'static str,
        first: impl Fn(&Tx<'_>) -> Result<i64, E> + Send + 'static,
    ) -> Result<Sequence, E>
    where
        E: From<Error> + Send + 'static,
    {
        Sequence::open(self, name, first)
    }

    /// Writes everything and moves the log into the database. Afterwards the store returns [`Error::Closed`].
    pub async fn close(&self) {
        if let Some(checkpoint) = &self.inner.checkpoint {
            checkpoint.stop();
        }
        self.inner.readers.stop();
        self.inner.writer.close().await;
    }
}
