//! What the engine keeps of Map Runs in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, oneshot};

use super::Error;
use super::execution::{ChildEnd, MapRunAttempt};
use super::map_run_rows::tally;
use crate::store::Store;

/// What the engine keeps of Map Runs in memory.
pub(super) struct MapRuns {
    /// Whether there may be any: steps of a server that never had one look for none.
    pub(super) may_be: AtomicBool,
    /// The machines that children run, by the revision of their parent's machine and their label.
    pub(super) processors: Mutex<HashMap<(i64, Arc<str>), ProcessorIds>>,
    pub(super) ends: Ends,
    /// Express children that run.
    pub(super) under_way: UnderWay,
    /// Turns to read items: each takes a thread.
    pub(super) readers: Semaphore,
    /// Turns to write results: each takes a thread, and memory for a file.
    pub(super) writers: Semaphore,
}

/// Map Runs whose items are read at one time.
const READERS: usize = 16;

/// Map Runs whose results are written at one time.
const WRITERS: usize = 4;

/// Ids of a machine that children run.
#[derive(Clone, Copy)]
pub(super) struct ProcessorIds {
    pub(super) id: i64,
    pub(super) revision: i64,
}

impl MapRuns {
    /// Reads what the last process left.
    pub(super) async fn open(store: &Store) -> Result<Self, Error> {
        type Found = (Vec<(i64, i64, i64, String)>, bool, i64);
        let found: Result<Found, Error> = store
            .read(|tx| {
                let sql = "SELECT r.machine, r.id, r.processor_of, m.name FROM state_machine_revision r
                           JOIN state_machine m ON m.id = r.machine WHERE r.processor_of IS NOT NULL";
                let rows =
                    tx.query(sql, &[], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.text(3)?)))?;
                let may_be = tx.query_one("SELECT id FROM map_run LIMIT 1", &[], |row| row.int(0))?;
                let sql = "SELECT COUNT(*) FROM map_run WHERE status = 0";
                let n_open = tx.query_one(sql, &[], |row| row.int(0))?;
                Ok((rows, may_be.is_some(), n_open.unwrap_or(0)))
            })
            .await;
        let (rows, may_be, n_open) = found?;
        tally::set_open(u32::try_from(n_open).unwrap_or(u32::MAX));
        let known = rows.into_iter().filter_map(|(id, revision, of, name)| {
            // `MACHINE/LABEL:ID`
            let (labelled, _) = name.rsplit_once(':')?;
            let (_, label) = labelled.rsplit_once('/')?;
            Some(((of, label.into()), ProcessorIds { id, revision }))
        });
        Ok(Self {
            may_be: AtomicBool::new(may_be),
            processors: Mutex::new(known.collect()),
            ends: Ends::default(),
            under_way: UnderWay::default(),
            readers: Semaphore::new(READERS),
            writers: Semaphore::new(WRITERS),
        })
    }

    /// Whether there may be any.
    pub(super) fn may_be(&self) -> bool {
        self.may_be.load(Ordering::SeqCst)
    }
}

/// Ends that parents have yet to be told: those that come while one telling is under way go together.
#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<(i64, MapRunAttempt), Vec<ChildEnd>>>);

impl Ends {
    /// Takes an end in; whether somebody has to tell the parent, because nobody is about to.
    pub(super) fn push(&self, parent: (i64, MapRunAttempt), end: ChildEnd) -> bool {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !ends.contains_key(&parent);
        ends.entry(parent).or_default().push(end);
        is_first
    }

    /// What there is to tell; `None` says that nobody is about to tell any more.
    pub(super) fn take(&self, parent: (i64, MapRunAttempt)) -> Option<Vec<ChildEnd>> {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ends.get_mut(&parent) {
            Some(waiting) if !waiting.is_empty() => Some(std::mem::take(waiting)),
            Some(_) | None => {
                ends.remove(&parent);
                None
            }
        }
    }
}

/// Those that run, by their rows: each can be told to stop, on behalf of a run whose results are to be written or of
/// one that is over.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<HashMap<i64, oneshot::Sender<Option<MapRunAttempt>>>>);

impl UnderWay {
    pub(super) fn begin(&self, child: i64) -> oneshot::Receiver<Option<MapRunAttempt>> {
        let (stop, stopped) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(child, stop);
        stopped
    }

    pub(super) fn remove(&self, child: i64) -> Option<oneshot::Sender<Option<MapRunAttempt>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&child)
    }
}
