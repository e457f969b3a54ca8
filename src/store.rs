//! Durable state: transactions on an embedded SQLite database, one writer with group commit, readers beside it.
//!
//! The room knows bytes, tables and transactions, not executions or APIs: each room above declares its tables
//! beside the code that writes them ([`Store::migrate`]) and hands over jobs. A job sees a [`Tx`]; what waits
//! at a moment shares one transaction and one fsync, and every job is told the outcome only when the group is
//! on disk. SQL is kept to what SQLite and PostgreSQL both understand, and no driver type leaks.
//!
//! `docs/store-format.md` describes the files.

mod checkpoint;
mod error;
mod options;
mod param;
mod readers;
mod schema;
mod tx;
mod writer;

pub use error::Error;
pub use options::Options;
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
        let writer = writer::Writer::start(&path, &options, clock)?;
        let checkpoint = checkpoint::Checkpoint::start(&path, &options, writer.restart_flag())?;
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::clock::SystemClock;

    const TABLES: &[&str] = &["CREATE TABLE pair (k TEXT PRIMARY KEY, v BIGINT NOT NULL)"];

    struct Dir(PathBuf);

    impl Dir {
        fn new() -> Self {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            Self(std::env::temp_dir().join(format!("stepgate-store-{}-{n}", std::process::id())))
        }

        fn open(&self, options: Options) -> Store {
            let store = Store::open(&self.0, options, Arc::new(SystemClock::new())).unwrap();
            store.migrate("test", TABLES).unwrap();
            store
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    async fn put(store: &Store, k: &'static str, v: i64) -> Result<usize, Error> {
        let sql = "INSERT INTO pair (k, v) VALUES (?1, ?2)";
        store.write(move |tx| tx.execute(sql, &[k.into(), v.into()])).await
    }

    async fn sum(store: &Store) -> Option<i64> {
        let sql = "SELECT SUM(v) FROM pair";
        let sum: Result<Option<Option<i64>>, Error> =
            store.read(move |tx| tx.query_one(sql, &[], |row| row.opt_int(0))).await;
        sum.unwrap().flatten()
    }

    #[tokio::test]
    async fn what_is_written_is_read_again_after_opening_anew() {
        let dir = Dir::new();
        let store = dir.open(Options::default());
        put(&store, "a", 1).await.unwrap();
        store.close().await;
        assert!(matches!(put(&store, "b", 2).await, Err(Error::Closed)));
        drop(store);
        assert_eq!(sum(&dir.open(Options::default())).await, Some(1));
    }

    #[tokio::test]
    async fn a_failing_job_takes_back_its_own_writes_only() {
        let dir = Dir::new();
        let store = dir.open(Options::default());
        let jobs = (0..50).map(|i| {
            let store = store.clone();
            tokio::spawn(async move {
                let name = format!("k{i}");
                store
                    .write(move |tx| {
                        let sql = "INSERT INTO pair (k, v) VALUES (?1, 1)";
                        tx.execute(sql, &[Param::Text(&name)])?;
                        if i % 2 == 0 { Err(Error::Sql("no".into())) } else { Ok(()) }
                    })
                    .await
            })
        });
        let mut failed = 0;
        for job in jobs.collect::<Vec<_>>() {
            failed += usize::from(job.await.unwrap().is_err());
        }
        assert_eq!((failed, sum(&store).await), (25, Some(25)));
    }

    #[tokio::test]
    async fn a_panicking_job_fails_alone() {
        let dir = Dir::new();
        let store = dir.open(Options::default());
        let panicked: Result<(), Error> = store
            .write(|tx| {
                tx.execute("INSERT INTO pair (k, v) VALUES ('x', 7)", &[])?;
                panic!("a bug in a job");
            })
            .await;
        assert!(matches!(panicked, Err(Error::Panicked)));
        put(&store, "a", 1).await.unwrap();
        assert_eq!(sum(&store).await, Some(1));
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let dir = Dir::new();
        let store = dir.open(Options::default());
        let written = store.read(|tx| tx.execute("INSERT INTO pair (k, v) VALUES ('x', 7)", &[])).await;
        assert!(matches!(written, Err(Error::Sql(_))), "{written:?}");
    }

    #[tokio::test]
    async fn one_process_at_a_time() {
        let dir = Dir::new();
        let _store = dir.open(Options::default());
        let second = Store::open(&dir.0, Options::default(), Arc::new(SystemClock::new()));
        assert!(matches!(second, Err(Error::Locked(_))));
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_job_loses_nothing_and_ends() {
        let dir = Dir::new();
        let store = dir.open(Options::default());
        put(&store, "a", 1).await.unwrap();
        store.close().await;
        drop(store);
        let full = dir.open(Options { pages_max: Some(12), ..Options::default() });
        let big = |k: &'static str| {
            let text = "x".repeat(200_000);
            let sql = "INSERT INTO pair (k, v) VALUES (?1 || ?2, 1)";
            full.write(move |tx| tx.execute(sql, &[Param::Text(k), Param::Text(&text)]))
        };
        assert!(matches!(big("b").await, Err(Error::DiskFull)));
        assert_eq!(put(&full, "c", 2).await.unwrap(), 1);
        assert_eq!(sum(&full).await, Some(3));
        full.close().await;
        drop(full);
        // With space again, service goes on.
        let store = dir.open(Options::default());
        put(&store, "d", 4).await.unwrap();
        assert_eq!(sum(&store).await, Some(7));
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused() {
        let dir = Dir::new();
        let store = dir.open(Options::default());
        store.migrate("other", &["CREATE TABLE a (x BIGINT)", "CREATE TABLE b (x BIGINT)"]).unwrap();
        store.migrate("other", &["CREATE TABLE a (x BIGINT)", "CREATE TABLE b (x BIGINT)"]).unwrap();
        let older = store.migrate("other", &["CREATE TABLE a (x BIGINT)"]);
        assert!(matches!(older, Err(Error::Newer { found: 2, known: 1, .. })));
    }
}
