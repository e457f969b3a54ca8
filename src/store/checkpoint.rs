//! Moving pages from the write-ahead log into the database, off the writer's path.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use super::{Error, Options};

/// How often the log's length is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// From this length on, pages are moved.
const PASSIVE_BYTES: u64 = 4 << 20;
/// From this length on, the writer is asked to start the log over once its pages are moved.
const RESTART_BYTES: u64 = 64 << 20;

/// A handle to the thread; it ends when this is dropped or stopped.
pub(super) struct Checkpoint {
    stop: Mutex<Option<mpsc::Sender<()>>>,
}

impl Checkpoint {
    /// Starts the thread. It sets `restart` when the writer should start the log over.
    pub(super) fn start(path: &Path, options: &Options, restart: Arc<AtomicBool>) -> Result<Self, Error> {
        let connection = options.open_checkpointer(path)?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let (stop, stopped) = mpsc::channel();
        thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || run(&connection, &PathBuf::from(log), &restart, &stopped))
            .map_err(|error| Error::Io(error.to_string()))?;
        Ok(Self { stop: Mutex::new(Some(stop)) })
    }

    /// Ends the thread.
    pub(super) fn stop(&self) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn run(connection: &Connection, log: &Path, restart: &AtomicBool, stopped: &mpsc::Receiver<()>) {
    let mut moved_bytes = 0;
    while stopped.recv_timeout(PERIOD) == Err(mpsc::RecvTimeoutError::Timeout) {
        let bytes = std::fs::metadata(log).map_or(0, |m| m.len());
        // The file does not shrink when the log starts over, so its length alone does not say that there is
        // something to move; a checkpoint with nothing to do costs microseconds.
        if bytes < PASSIVE_BYTES {
            continue;
        }
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match moved {
            Ok((frames, _)) => {
                let live_bytes = u64::try_from(frames).unwrap_or(0) * 8192;
                if RESTART_BYTES < live_bytes && moved_bytes <= live_bytes {
                    restart.store(true, Ordering::Relaxed);
                }
                moved_bytes = live_bytes;
            }
            // The writer is starting the log over, or the disk is full: the next round tries again.
            Err(error) => tracing::debug!(%error, "checkpoint"),
        }
    }
}
