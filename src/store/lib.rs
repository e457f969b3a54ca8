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
mod pace;
mod param;
mod postgres;
mod readers;
mod schema;
mod secrets;
mod sequence;
mod sizes;
mod statements;
mod stored;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

pub use error::Error;
pub use job::Answer;
pub use migration::{Moved, Progress, Stage, migrate};
pub use node::{NodeRow, Nodes, Shards};
pub use options::{Conflicts, Moment, Options, Place, Probe};
pub use pace::Interval;
pub use param::{Param, Row};
pub use postgres::Postgres;
pub use schema::Step;
pub use secrets::{KEY_BYTES, Lookup, MasterKey, MasterKeySource, SealedColumn};
pub use sequence::Sequence;
pub use sizes::TableSize;
pub use stored::{Record, RecordKind, Stored, Unreadable};
pub use tx::Tx;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use self::directory::{DATABASE, Directory};
use self::job::Isolation;
use crate::clock::Clock;

/// Changes when another node has changed what it is about: how often it did.
pub type Changed = watch::Receiver<u64>;

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
    /// All of them, if nobody shares it.
    shards: node::Shards,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
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
        // Nobody else may write meanwhile.
        let postgres = options.postgres.map(|settings| Postgres { is_alone: true, ..settings });
        let options = Options { postgres, ..options };
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
        let writer = writer::Writer::start(&directory, &options, clock.clone(), log.clone(), sums.clone())?;
        let folder = writer.folder().ok_or(Error::Closed)?;
        let checkpoint = Some(checkpoint::Checkpoint::start(&directory, &options, log, sums, folder)?);
        let readers = readers::Readers::start(&directory.file(DATABASE), &options, writer.secrets())?;
        Ok(Self {
            inner: Arc::new(Inner {
                readers,
                checkpoint,
                writer,
                lease: None,
                shards: node::Shards::all(),
                directory,
                clock,
            }),
        })
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
        let (writer, lease) = node::start_writer(&directory, options, settings, clock.clone())?;
        let readers = node::start_readers(settings, &lease, writer.secrets())?;
        let (lease, shards) = (Some(lease), node::Shards::none());
        let inner = Inner { readers, checkpoint: None, writer, lease, shards, directory, clock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The time that all go by who share the store: the clock that it was opened with, set right by the database server's if it
    /// is on one.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.inner.lease {
            Some(lease) => Arc::new(lease.clock.clone()),
            None => self.inner.clock.clone(),
        }
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
        self.inner.writer.send(Isolation::Serializable, job)
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
        self.inner.writer.send_with(Isolation::Serializable, input, job)
    }

    /// The same as [`Store::write`] for a job that does without seeing what others write at the same time: what keeps two of
    /// them apart is a row that both write, or a unique key. Jobs of different nodes are in each other's way only there.
    ///
    /// # Errors
    /// As of [`Store::write`].
    pub fn write_apart<T, E>(&self, job: impl Fn(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Answer<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writer.send(Isolation::Snapshot, job)
    }

    /// The same for a job that borrows `input`, as of [`Store::write_with`].
    ///
    /// # Errors
    /// As of [`Store::write`].
    pub fn write_apart_with<I, T, E>(
        &self,
        input: I,
        job: impl Fn(&I, &Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Answer<(I, T), E>
    where
        I: Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.inner.writer.send_with(Isolation::Snapshot, input, job)
    }

    /// Whether other nodes may use the same database.
    pub fn is_shared(&self) -> bool {
        self.inner.lease.is_some()
    }

    /// Which part of what is to be done later is this node's.
    pub fn shards(&self) -> &Shards {
        self.inner.lease.as_ref().map_or(&self.inner.shards, |lease| &lease.shards)
    }

    /// Tells of changes that other nodes make to these tables, or announce ([`Tx::announce`]) by this name. Asked for before
    /// what is kept of them is read for the first time.
    pub fn watch(&self, name: &'static str, tables: &'static [&'static str]) -> Changed {
        match &self.inner.lease {
            Some(lease) => lease.feed.watch(name, tables),
            None => watch::channel(0).1,
        }
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> watch::Receiver<Nodes> {
        match &self.inner.lease {
            Some(lease) => lease.nodes.subscribe(),
            None => watch::channel(Nodes { count: 1, rank: 0 }).1,
        }
    }

    /// Says how what is under way here is moved from shards that another node gets, a bit for each, into one that stays: a
    /// part of the transaction that gives them away.
    pub fn on_giving(&self, rehome: impl Fn(&Tx<'_>, i64, i64) -> Result<(), Error> + Send + Sync + 'static) {
        if let Some(lease) = &self.inner.lease {
            // The engine alone has such rows.
            let _ = lease.rehome.set(Box::new(rehome));
        }
    }

    /// The nodes that share the database; none if nobody does.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn node_list(&self) -> Result<Vec<NodeRow>, Error> {
        match &self.inner.lease {
            Some(_) => self.read(node::list::read).await,
            None => Ok(Vec::new()),
        }
    }

    /// The monotonic time, by the clock that the store was opened with.
    fn monotonic(&self) -> std::time::Duration {
        self.inner.clock.monotonic()
    }

    /// Everything of this node is open: other nodes may come.
    pub fn opened(&self) {
        if let Some(lease) = &self.inner.lease {
            lease.open();
        }
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
        let own = self.node_number();
        let overwrote = self.inner.writer.send_blocking(move |tx| schema::migrate(tx, room, &steps, own))?;
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
        let own = self.node_number();
        self.inner.writer.send_blocking(move |tx| schema::declare(tx, records, own))
    }

    /// Which node this is of those that share the store, if any do.
    fn node_number(&self) -> Option<i64> {
        self.inner.lease.as_ref().map(|lease| lease.number())
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

    /// Jobs that wait to be written.
    pub fn waiting(&self) -> usize {
        self.inner.writer.pace().waiting()
    }

    /// How long groups of jobs took in the half hour before `now`, monotonic.
    pub fn intervals(&self, now: std::time::Duration) -> Vec<Interval> {
        self.inner.writer.pace().intervals(now)
    }

    /// What each table takes, the largest first. Reads all of the database.
    pub fn sizes(&self) -> Answer<Vec<TableSize>, Error> {
        self.read(sizes::sizes)
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
