//! Items of Map Runs that are too many for the journal: rows of some hundred, in the order of the items.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::super::Error;
use super::super::execution::{MapRunAttempt, MapRunKey, Sources};
use super::super::machine::Input;
use super::super::map_child::key_columns;
use super::super::open::Engine;
use crate::json::Payload;
use crate::store::{Param, Tx};

/// Most items of a row: as many children as begin in one step.
pub(super) const CHUNK_ITEMS_MAX: usize = 100;
/// Most bytes of a row with more than one item.
pub(super) const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Bytes loaded at one time, about: more than a child's input may have.
const LOADED_BYTES: usize = 1024 * 1024;

/// Items on their way to the store, divided by commas; all of one source.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) n_items: usize,
    pub(super) text: String,
    pub(super) source: Arc<str>,
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The row of a run that goes on.
fn running(tx: &Tx<'_>, parent: i64, key: MapRunKey) -> Result<Option<i64>, Error> {
    let [frame, started] = key_columns(key);
    let sql = "SELECT id FROM map_run
               WHERE execution = ?1 AND frame = ?2 AND started_event = ?3 AND status = 0";
    Ok(tx.query_one(sql, &[parent.into(), frame.into(), started.into()], |row| row.int(0))?)
}

/// Writes items behind the first `n_before`; whether anybody waits for them, which nobody does after a redrive. What an
/// earlier reading left goes with the first.
pub(super) fn append(
    tx: &Tx<'_>,
    (parent, attempt): (i64, MapRunAttempt),
    chunks: &[Chunk],
    n_before: usize,
    is_first: bool,
) -> Result<bool, Error> {
    let Some(run) = running(tx, parent, attempt.key)? else { return Ok(false) };
    let sql = "SELECT redrive_count FROM map_run WHERE id = ?1";
    if tx.query_one(sql, &[run.into()], |row| row.int(0))? != Some(attempt.redrive_count.into()) {
        return Ok(false);
    }
    if is_first {
        forget(tx, run)?;
    }
    let mut first = n_before;
    for Chunk { n_items, text, source } in chunks {
        let sql = "INSERT INTO map_item (run, first, items, source) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, &[run.into(), number(first).into(), Param::Text(text), Param::Text(source)])?;
        first += n_items;
    }
    Ok(true)
}

/// Forgets the items of a run.
pub(super) fn forget(tx: &Tx<'_>, run: i64) -> Result<(), Error> {
    tx.execute("DELETE FROM map_item WHERE run = ?1", &[run.into()])?;
    Ok(())
}

/// The items from place `first` on, with their sources: up to `n`, or as many as are read at one time.
pub(super) fn load(tx: &Tx<'_>, run: i64, first: usize, n: usize) -> Result<(Vec<Payload>, Sources), Error> {
    let sql = "SELECT first, items, source FROM map_item WHERE run = ?1 AND
               (SELECT MAX(first) FROM map_item WHERE run = ?1 AND first <= ?2) <= first ORDER BY first";
    let (mut items, mut sources, mut n_bytes) = (Vec::new(), Sources::default(), 0);
    tx.visit(sql, &[run.into(), number(first).into()], |row| {
        let corrupt = |error: String| Error::Corrupt(error);
        let begins = usize::try_from(row.int(0)?).unwrap_or(usize::MAX);
        let text = row.text(1)?;
        let here: Vec<Box<RawValue>> =
            serde_json::from_str(&format!("[{text}]")).map_err(|error| corrupt(error.to_string()))?;
        // An earlier version wrote none.
        if let Some(source) = row.opt_text(2)? {
            sources.push(begins.max(first), &source.into());
        }
        for item in here.iter().skip(first.saturating_sub(begins)) {
            items.push(Payload::from_text(item.get()).map_err(|error| corrupt(error.to_string()))?);
        }
        n_bytes += text.len();
        Ok::<_, Error>(match n <= items.len() || LOADED_BYTES <= n_bytes {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    })?;
    Ok((items, sources))
}

impl Engine {
    /// Loads items of a run, and lets its execution know.
    pub(in super::super) fn load_items(&self, parent: i64, key: MapRunKey, first: usize, n: usize) {
        let engine = self.clone();
        tokio::spawn(async move {
            let loaded = engine
                .inner
                .base
                .persist(parent, || {
                    let read = move |tx: &Tx<'_>| match running(tx, parent, key)? {
                        None => Ok(None),
                        Some(run) => load(tx, run, first, n).map(Some),
                    };
                    engine.inner.base.store.read(read)
                })
                .await;
            if let Some(Some((items, sources))) = loaded {
                let input = Input::ItemsLoaded { key, first, items, sources };
                engine.advance_persistently(parent, input, |_| Ok(())).await;
            }
        });
    }
}
