//! Moving pages from the write-ahead log into the database, off the writer's path.
//!
//! The sums of what is moved are on disk before it is moved ([`Sums`]). A snapshot held meanwhile bounds the move to what
//! was summed, and keeps the log from starting over.
//!
//! A checkpoint here never waits for the writer. A log that is always being written has some page left over
//! after each of them, so it would never start over; then the writer is asked to move those few itself, between
//! two groups ([`Log::should_restart`]).

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::directory::{DATABASE, Directory, LOG};
use super::high_water::Sums;
use super::options::PAGE_BYTES;
use super::writer::Folder;
use super::{Error, Options};

/// How often the log is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// From this length on, pages are moved.
const PASSIVE_BYTES: u64 = 4 << 20;
/// From this length on, the log starts over even while it is being written; an idle one is cut off.
const RESTART_BYTES: u64 = 64 << 20;

/// What writer and checkpointer tell each other about the log.
#[derive(Default)]
pub(super) struct Log {
    commits: AtomicU64,
    restart: AtomicBool,
}

impl Log {
    /// A group has been committed.
    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the writer should move what is left in the log now: nearly everything has been moved.
    pub(super) fn should_restart(&self) -> bool {
        self.restart.load(Ordering::Relaxed) && self.restart.swap(false, Ordering::Relaxed)
    }
}

/// A handle to the thread; it ends when this is dropped or stopped.
pub(super) struct Checkpoint {
    running: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

impl Checkpoint {
    /// Starts the thread.
    pub(super) fn start(
        directory: &Directory,
        options: &Options,
        log: Arc<Log>,
        sums: Sums,
        folder: Folder,
    ) -> Result<Self, Error> {
        let path = directory.file(DATABASE);
        let (connection, snapshot) = (options.open_checkpointer(&path)?, options.open_reader(&path)?);
        let (stop, stopped) = mpsc::channel();
        let file = directory.file(LOG);
        let keeper = Keeper { connection, snapshot, file, log, sums, folder, seen: 0, is_settled: false };
        let thread = thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || keeper.run(&stopped))
            .map_err(|error| Error::Io(error.to_string()))?;
        Ok(Self { running: Mutex::new(Some((stop, thread))) })
    }

    /// Ends the thread, after what it is doing.
    pub(super) fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = running {
            drop(stop);
            // A panic there has been told of.
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Keeper {
    connection: Connection,
    /// Holds the log as it is while pages are moved.
    snapshot: Connection,
    file: PathBuf,
    log: Arc<Log>,
    sums: Sums,
    folder: Folder,
    /// Commits at the last look.
    seen: u64,
    /// Nothing is left to do until there is another commit.
    is_settled: bool,
}

impl Keeper {
    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        while stopped.recv_timeout(PERIOD) == Err(mpsc::RecvTimeoutError::Timeout) {
            // Whatever fails here (a full disk, a reader in the way) is tried again in the next round.
            if let Err(error) = self.look() {
                tracing::debug!(%error, "checkpoint");
            }
        }
    }

    fn look(&mut self) -> Result<(), Error> {
        let commits = self.log.commits.load(Ordering::Relaxed);
        let is_idle = commits == self.seen;
        self.seen = commits;
        if is_idle && self.is_settled {
            return Ok(());
        }
        self.is_settled = false;
        // The file keeps its length when the log starts over.
        let bytes = std::fs::metadata(&self.file).map_or(0, |file| file.len());
        if bytes < PASSIVE_BYTES {
            return Ok(());
        }
        if is_idle && RESTART_BYTES < bytes {
            // By the writer: what is cut off has to be summed, and nobody else knows that nothing is added meanwhile.
            self.folder.fold();
            self.is_settled = true;
            return Ok(());
        }
        let round = self.checkpoint()?;
        self.is_settled = is_idle && round.is_complete;
        if RESTART_BYTES < round.bytes && round.is_complete {
            // What was written meanwhile, so that the writer finds next to nothing.
            self.checkpoint()?;
            self.log.restart.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<Round, Error> {
        if !self.snapshot.is_autocommit() {
            // The last look ended in the middle.
            self.snapshot.execute_batch("ROLLBACK")?;
        }
        let until = {
            let committed = self.sums.hold();
            self.snapshot.execute_batch("BEGIN; SELECT COUNT(*) FROM schema_version;")?;
            *committed
        };
        let moved = self.sums.include(until).and_then(|()| self.move_pages());
        self.snapshot.execute_batch("ROLLBACK")?;
        moved
    }

    fn move_pages(&self) -> Result<Round, Error> {
        let read = |row: &rusqlite::Row<'_>| {
            let (busy, frames, moved) = (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
            let bytes = u64::try_from(frames).unwrap_or(0) * PAGE_BYTES;
            Ok(Round { bytes, is_complete: busy == 0 && frames == moved })
        };
        let sql = "PRAGMA wal_checkpoint(PASSIVE)";
        Ok(self.connection.prepare_cached(sql)?.query_row([], read)?)
    }
}

/// What a checkpoint found.
struct Round {
    /// Length of the log that is in use.
    bytes: u64,
    /// Whether everything in it was moved.
    is_complete: bool,
}
