//! Keeps the marks: after each commit, what is acknowledged; before each checkpoint, the checksums of pages.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Error;
use super::directory::{LOG, at};
use super::log_file::{LogPoint, LogReader, PageSums, Salts, point_at};
use super::marks::{Acknowledged, Covered, Mark, Marks};
use crate::clock::Clock;

/// Marks each commit before it is acknowledged. This is one write into the operating system's memory, without waiting
/// for the disk: after a crash of this process the mark is exact; after a power failure it may be behind.
pub(super) struct HighWater {
    marks: Arc<Marks>,
    log: File,
    /// The frames in the log after the last commit, as SQLite reports them; 0 once they are marked.
    frames: Arc<AtomicU32>,
    /// The log in which commits are counted.
    counted: Option<Salts>,
    commits: u64,
    clock: Arc<dyn Clock>,
    is_failing: bool,
}

impl HighWater {
    /// Begins marking, once there is a commit in the log.
    pub(super) fn begin(
        directory: &Path,
        sums: &Sums,
        frames: Arc<AtomicU32>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let path = directory.join(LOG);
        let said = |error: std::io::Error| at(&path, &error);
        let mut reader =
            LogReader::open(&path).map_err(said)?.ok_or_else(|| Error::Io(format!("{LOG} is gone")))?;
        reader.read_on(None).map_err(said)?;
        let cursor = reader.cursor().ok_or_else(|| Error::Io(format!("{LOG} can't be read back")))?;
        let log = File::open(&path).map_err(said)?;
        frames.store(0, Ordering::Relaxed);
        let (counted, commits) = (Some(cursor.point.salts), cursor.commits);
        let last = Acknowledged { point: cursor.point, commits, time: clock.now() };
        let marks = sums.marks.clone();
        marks.put(Mark::Acknowledged(last))?;
        // From here on, a log without an acknowledged commit can be recognized.
        marks.sync()?;
        *sums.hold() = Some(cursor.point);
        Ok(Self { marks, log, frames, counted, commits, clock, is_failing: false })
    }

    /// Where the commit that was just made ends; `None` if it changed nothing.
    pub(super) fn last_commit(&self) -> Option<Result<LogPoint, Error>> {
        let frames = self.frames.swap(0, Ordering::Relaxed);
        let point = || {
            let point = point_at(&self.log, frames).map_err(|error| at(Path::new(LOG), &error))?;
            point.ok_or_else(|| Error::Io(format!("{LOG} has no frame of the last commit")))
        };
        (frames != 0).then(point)
    }

    /// Marks a commit. If the mark can't be written, it is behind: the commit still stands.
    pub(super) fn mark(&mut self, commit: Result<LogPoint, Error>) {
        let marked = commit.and_then(|point| {
            if self.counted != Some(point.salts) {
                self.counted = Some(point.salts);
                self.commits = 0;
            }
            self.commits += 1;
            let last = Acknowledged { point, commits: self.commits, time: self.clock.now() };
            self.marks.put(Mark::Acknowledged(last))
        });
        match &marked {
            Err(error) if !self.is_failing => {
                tracing::warn!(%error, "commits are not marked: their loss would go unnoticed");
            }
            Ok(()) | Err(_) => {}
        }
        self.is_failing = marked.is_err();
    }
}

/// Keeps the checksums of pages, so that they are on disk before a page is moved into the database. Clones share it.
#[derive(Clone)]
pub(super) struct Sums {
    inner: Arc<Mutex<Inner>>,
    /// Where the last successful commit ends; `None` while that is not known.
    committed: Arc<Mutex<Option<LogPoint>>>,
    marks: Arc<Marks>,
}

struct Inner {
    path: std::path::PathBuf,
    reader: Option<LogReader>,
    /// Checksums that could not be written yet.
    unwritten: PageSums,
}

impl Sums {
    pub(super) fn new(directory: &Path, marks: Arc<Marks>) -> Self {
        let inner = Inner { path: directory.join(LOG), reader: None, unwritten: PageSums::new() };
        Self { inner: Arc::new(Mutex::new(inner)), committed: Arc::default(), marks }
    }

    /// Where the last commit ends. Held while a commit is made and while a snapshot is begun, so that a snapshot never
    /// contains a commit after this point.
    pub(super) fn hold(&self) -> MutexGuard<'_, Option<LogPoint>> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Includes the log up to the end of a commit, as returned by [`Sums::hold`]. Only then may the log be moved into
    /// the database, and only up to there.
    ///
    /// # Errors
    /// If checksums can't be written; nothing may be moved then.
    pub(super) fn include(&self, until: Option<LogPoint>) -> Result<(), Error> {
        let until = until.ok_or_else(|| Error::Io(format!("where {LOG} ends is not known")))?;
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { path, reader, unwritten } = &mut *inner;
        if reader.is_none() {
            *reader = LogReader::open(path).map_err(|error| at(path, &error))?;
        }
        let Some(reader) = reader else { return Ok(()) };
        unwritten.append(&mut reader.read_on(Some(until)).map_err(|error| at(path, &error))?);
        let Some(cursor) = reader.cursor().filter(|cursor| cursor.point == until) else {
            return Err(Error::Io(format!("{LOG} can't be read back up to its last commit")));
        };
        self.marks.put_sums(unwritten)?;
        let log = Some((cursor.point.salts, cursor.point.frames));
        self.marks.put_covered(Covered { log, pages: cursor.pages })?;
        self.marks.sync()?;
        unwritten.clear();
        Ok(())
    }

    /// Records that everything is in the database and the log is empty.
    pub(super) fn closed(&self) -> Result<(), Error> {
        self.marks.put(Mark::Clean)?;
        self.marks.sync()
    }
}
