//! Moves pages from the write-ahead log into the database, off the writer's path.
//!
//! The checksums of pages are on disk before the pages are moved ([`Sums`]). A snapshot held during the move limits it
//! to pages with a checksum, and keeps the log from restarting.
//!
//! A checkpoint never waits for the writer here. A log that is always being written has some pages left after each
//! checkpoint, so it would never restart. The writer is then asked to move those few pages itself, between two groups
//! ([`Log::should_restart`]).

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

/// How often the log is checked.
const PERIOD: Duration = Duration::from_millis(250);
/// From this length, pages are moved.
const PASSIVE_BYTES: u64 = 4 << 20;
/// From this length, the log restarts even while it is being written; an idle log is truncated.
const RESTART_BYTES: u64 = 64 << 20;

/// What the writer and the checkpointer tell each other about the log.
#[derive(Default)]
pub(super) struct Log {
    commits: AtomicU64,
    restart: AtomicBool,
}

impl Log {
    /// Records that a group was committed.
    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the writer should now move the rest of the log: nearly everything has been moved.
    pub(super) fn should_restart(&self) -> bool {
        self.restart.load(Ordering::Relaxed) && self.restart.swap(false, Ordering::Relaxed)
    }
}

/// A handle to the thread, which ends when this is dropped or stopped.
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

    /// Stops the thread after its current work.
    pub(super) fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = running {
            drop(stop);
            // A panic in the thread has been logged.
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
    /// Keeps the log unchanged while pages are moved.
    snapshot: Connection,
    file: PathBuf,
    log: Arc<Log>,
    sums: Sums,
    folder: Folder,
    /// The number of commits at the last check.
    seen: u64,
    /// Whether nothing is left to do until the next commit.
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
        // The file keeps its length when the log restarts.
        let bytes = std::fs::metadata(&self.file).map_or(0, |file| file.len());
        if bytes < PASSIVE_BYTES {
            return Ok(());
        }
        if is_idle && RESTART_BYTES < bytes {
            // Done by the writer: what is truncated needs checksums, and only the writer knows that nothing is added
            // meanwhile.
            self.folder.fold();
            self.is_settled = true;
            return Ok(());
        }
        let round = self.checkpoint()?;
        self.is_settled = is_idle && round.is_complete;
        if RESTART_BYTES < round.bytes && round.is_complete {
            // Move what was written meanwhile, so that little is left for the writer.
            self.checkpoint()?;
            self.log.restart.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<Round, Error> {
        if !self.snapshot.is_autocommit() {
            // The last check ended in the middle.
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

/// The result of a checkpoint.
struct Round {
    /// The length of the used part of the log.
    bytes: u64,
    /// Whether all of it was moved.
    is_complete: bool,
}
