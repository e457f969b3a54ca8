//! What happens to a stack: each step of the work with its events, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::drifts::drop_drift;
use super::heads::{id_and_sealed, put_head};
use super::requests::{drop_request, drop_requests};
use super::{EVENTS, PROGRESS, RESOURCES, Resources, key};
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::model::{Event, Head, Made, Progress, Shown};
use crate::stack::status::Status;
use crate::store::{self, Param, Record as _, Store, Tx};

/// The events that are kept of a stack; older ones go.
pub(in super::super) const EVENTS_MAX: usize = 2_000;
/// The deleted stacks that are kept; older ones go, with their events.
pub(in super::super) const DELETED_MAX: i64 = 200;

/// A step of the work on a stack.
pub(in super::super) struct Commit<'a> {
    pub(in super::super) head: &'a Head,
    /// Its resources, if they have changed.
    pub(in super::super) made: Option<&'a [Made]>,
    pub(in super::super) progress: Option<&'a Progress>,
    pub(in super::super) events: Vec<Noted>,
    /// The request to a custom resource's function that this step has dealt with.
    pub(in super::super) answered: Option<String>,
    /// Whether this was the last step.
    pub(in super::super) end: Option<End>,
}

/// An event, and whether it says what state its resource is in.
pub(in super::super) struct Noted {
    pub(in super::super) event: Event,
    pub(in super::super) is_shown: bool,
}

impl Noted {
    /// The same event; `is_shown` is false if it is about a thing that has been replaced.
    pub(in super::super) fn shown(self, is_shown: bool) -> Self {
        Self { is_shown, ..self }
    }
}

/// How the work on a stack ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum End {
    /// The stack is as asked for.
    Done,
    /// The stack is gone.
    Gone,
    /// It failed.
    Failed,
}

/// Writes a step.
pub(in super::super) async fn commit(
    store: &Store,
    home: &AccountRegion,
    commit: Commit<'_>,
) -> Result<(), Error> {
    let Commit { head, made, progress, events, answered, end } = commit;
    let head_text = head.encode()?;
    let made = made.map(|made| Resources(made.to_vec()).encode()).transpose()?;
    let progress = progress.map(Progress::encode).transpose()?;
    let mut noted = Vec::with_capacity(events.len());
    for Noted { event, is_shown } in events {
        let shown = is_shown.then(|| Shown {
            logical_id: event.logical_id.clone(),
            physical_id: event.physical_id.clone(),
            kind: event.kind.clone(),
            time: event.time,
            status: event.status,
            reason: event.reason.clone(),
        });
        let shown = shown.map(|shown| Ok::<_, store::Error>((shown.logical_id.clone(), shown.encode()?)));
        noted.push((event.encode()?, shown.transpose()?));
    }
    let (home, head) = (key(home), head.clone());
    let written = store.write(move |tx| {
        put_head(tx, &home, &head, &head_text)?;
        if let Some(text) = &made {
            put_resources(tx, &home, &head.name, text)?;
        }
        if let Some(text) = &progress {
            put_progress(tx, &home, &head.id, text)?;
        }
        for (event, shown) in &noted {
            append(tx, &home, &head.id, event)?;
            if let Some((logical_id, text)) = shown {
                put_shown(tx, &home, &head.id, logical_id, text)?;
            }
        }
        if let Some(id) = &answered {
            drop_request(tx, &home, id)?;
        }
        if let Some(end) = end {
            finish(tx, &home, &head, end)?;
        }
        Ok::<_, store::Error>(())
    });
    Ok(written.await?)
}

fn finish(tx: &Tx<'_>, home: &str, head: &Head, end: End) -> Result<(), store::Error> {
    let of_id = [Param::Text(home), Param::Text(&head.id)];
    // A rollback that has failed can be gone on with.
    if head.status != Status::UpdateRollbackFailed {
        tx.execute("DELETE FROM stack_work WHERE home = ?1 AND stack = ?2", &of_id)?;
        tx.execute("DELETE FROM stack_progress WHERE home = ?1 AND stack = ?2", &of_id)?;
        drop_requests(tx, home, &head.id)?;
    }
    if end == End::Gone {
        put_exports(tx, home, &head.name, &BTreeMap::new(), &BTreeSet::new())?;
        drop_drift(tx, home, &head.id)?;
        let of_name = [Param::Text(home), Param::Text(&head.name)];
        tx.execute("DELETE FROM stack WHERE home = ?1 AND name = ?2", &of_name)?;
        tx.execute("DELETE FROM stack_change_set WHERE home = ?1 AND stack = ?2", &of_id)?;
        forget(tx, home)?;
    }
    Ok(())
}

fn put_exports(
    tx: &Tx<'_>,
    home: &str,
    name: &str,
    exports: &BTreeMap<String, String>,
    imports: &BTreeSet<String>,
) -> Result<(), store::Error> {
    let of_name = [Param::Text(home), Param::Text(name)];
    tx.execute("DELETE FROM stack_export WHERE home = ?1 AND stack = ?2", &of_name)?;
    tx.execute("DELETE FROM stack_import WHERE home = ?1 AND stack = ?2", &of_name)?;
    for (export, value) in exports {
        let sql = "INSERT INTO stack_export (home, name, stack, value) VALUES (?1, ?2, ?3, ?4)";
        tx.execute(sql, &[home, export, name, value].map(Param::Text))?;
    }
    for import in imports {
        let sql = "INSERT INTO stack_import (home, export, stack) VALUES (?1, ?2, ?3)";
        tx.execute(sql, &[home, import, name].map(Param::Text))?;
    }
    Ok(())
}

/// Writes what a stack exports, and the names of what it imports.
pub(in super::super) async fn save_exports(
    store: &Store,
    home: &AccountRegion,
    name: &str,
    (exports, imports): (BTreeMap<String, String>, BTreeSet<String>),
) -> Result<(), Error> {
    let (home, name) = (key(home), name.to_owned());
    let written = store.write(move |tx| {
        put_exports(tx, &home, &name, &exports, &imports)?;
        Ok::<_, store::Error>(())
    });
    Ok(written.await?)
}

/// Forgets the oldest deleted stacks beyond those that are kept.
fn forget(tx: &Tx<'_>, home: &str) -> Result<(), store::Error> {
    let sql = "SELECT id, sealed FROM stack_head WHERE home = ?1 AND is_gone = 1 ORDER BY created DESC LIMIT 100 OFFSET ?2";
    let old = tx.query(sql, &[Param::Text(home), Param::Int(DELETED_MAX)], id_and_sealed)?;
    for (id, _) in old {
        let row = [Param::Text(home), Param::Text(&id)];
        tx.execute("DELETE FROM stack_event WHERE home = ?1 AND stack = ?2", &row)?;
        tx.execute("DELETE FROM stack_resource WHERE home = ?1 AND stack = ?2", &row)?;
        tx.execute("DELETE FROM stack_head WHERE home = ?1 AND id = ?2", &row)?;
    }
    Ok(())
}

fn put_resources(tx: &Tx<'_>, home: &str, name: &str, text: &str) -> Result<(), store::Error> {
    let sealed = tx.seal(&RESOURCES, &[home, name], text.as_bytes())?;
    let sql = "INSERT INTO stack (home, name, sealed) VALUES (?1, ?2, ?3)
               ON CONFLICT (home, name) DO UPDATE SET sealed = excluded.sealed";
    tx.execute(sql, &[Param::Text(home), Param::Text(name), Param::Blob(&sealed)]).map(drop)
}

pub(super) fn put_progress(tx: &Tx<'_>, home: &str, id: &str, text: &str) -> Result<(), store::Error> {
    let sealed = tx.seal(&PROGRESS, &[home, id], text.as_bytes())?;
    let sql = "INSERT INTO stack_progress (home, stack, sealed) VALUES (?1, ?2, ?3)
               ON CONFLICT (home, stack) DO UPDATE SET sealed = excluded.sealed";
    tx.execute(sql, &[Param::Text(home), Param::Text(id), Param::Blob(&sealed)]).map(drop)
}

pub(super) fn put_shown(
    tx: &Tx<'_>,
    home: &str,
    id: &str,
    logical_id: &str,
    text: &str,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO stack_resource (home, stack, logical_id, resource) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (home, stack, logical_id) DO UPDATE SET resource = excluded.resource";
    tx.execute(sql, &[home, id, logical_id, text].map(Param::Text)).map(drop)
}

/// Adds an event to those of the stack.
pub(super) fn append(tx: &Tx<'_>, home: &str, id: &str, text: &str) -> Result<(), store::Error> {
    let of_stack = [Param::Text(home), Param::Text(id)];
    let sql = "SELECT number FROM stack_event WHERE home = ?1 AND stack = ?2 ORDER BY number DESC LIMIT 1";
    let last = tx.query_one(sql, &of_stack, |row| row.text(0))?;
    let next = last.and_then(|last| last.parse::<usize>().ok()).unwrap_or(0) + 1;
    let number = numbered(next);
    let sealed = tx.seal(&EVENTS, &[home, id, &number], text.as_bytes())?;
    let sql = "INSERT INTO stack_event (home, stack, number, sealed) VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, &[Param::Text(home), Param::Text(id), Param::Text(&number), Param::Blob(&sealed)])?;
    let oldest = numbered(next.saturating_sub(EVENTS_MAX));
    let sql = "DELETE FROM stack_event WHERE home = ?1 AND stack = ?2 AND number <= ?3";
    tx.execute(sql, &[Param::Text(home), Param::Text(id), Param::Text(&oldest)]).map(drop)
}

/// A number whose texts are sorted as the numbers are.
fn numbered(n: usize) -> String {
    format!("{n:012}")
}

/// The events of a stack, the newest first, after the event numbered `after`; each with its number.
pub(in super::super) async fn events(
    store: &Store,
    home: &AccountRegion,
    id: &str,
    after: Option<String>,
    n_max: i64,
) -> Result<Vec<(String, Event)>, Error> {
    let (home, id) = (key(home), id.to_owned());
    let rows = store.read(move |tx| {
        let sql = "SELECT number, sealed FROM stack_event WHERE home = ?1 AND stack = ?2 AND number < ?3
                   ORDER BY number DESC LIMIT ?4";
        let after = after.as_deref().unwrap_or("9");
        let asked = [Param::Text(&home), Param::Text(&id), Param::Text(after), Param::Int(n_max)];
        let rows = tx.query(sql, &asked, id_and_sealed)?;
        let unsealed = rows.into_iter().map(|(number, sealed)| {
            let text = tx.unseal(&EVENTS, &[&home, &id, &number], &sealed)?;
            Ok((number, text))
        });
        unsealed.collect::<Result<Vec<_>, store::Error>>()
    });
    let rows: Vec<(String, Vec<u8>)> = rows.await?;
    rows.into_iter().map(|(number, text)| Ok((number, Event::decode(&text)?))).collect()
}

/// The resources of a stack as it shows them, in the order of their names.
pub(in super::super) async fn shown(
    store: &Store,
    home: &AccountRegion,
    id: &str,
) -> Result<Vec<Shown>, Error> {
    let (home, id) = (key(home), id.to_owned());
    let rows = store.read(move |tx| {
        let sql = "SELECT resource FROM stack_resource WHERE home = ?1 AND stack = ?2 ORDER BY logical_id";
        tx.query(sql, &[Param::Text(&home), Param::Text(&id)], |row| row.text(0))
    });
    let rows: Vec<String> = rows.await?;
    rows.iter().map(|text| Ok(Shown::decode(text.as_bytes())?)).collect()
}
