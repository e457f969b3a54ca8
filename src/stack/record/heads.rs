//! Stacks and what is being done to them.

use super::{HEADS, PROGRESS, RESOURCES, Resources, WORKS, key};
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::model::{Event, Head, Progress, Shown, Work};
use crate::stack::status::Status;
use crate::store::{self, Param, Record as _, Row, Store, Tx};

/// The stack of this name or ARN; a deleted one only by its ARN.
pub(in super::super) async fn find(
    store: &Store,
    home: &AccountRegion,
    name_or_id: &str,
) -> Result<Option<Head>, Error> {
    let (home, asked) = (key(home), name_or_id.to_owned());
    let found = store.read(move |tx| {
        let sql =
            "SELECT id, sealed FROM stack_head WHERE home = ?1 AND (id = ?2 OR (name = ?2 AND is_gone = 0))";
        let found = tx.query_one(sql, &[Param::Text(&home), Param::Text(&asked)], id_and_sealed)?;
        found.map(|(id, sealed)| tx.unseal(&HEADS, &[&home, &id], &sealed)).transpose()
    });
    let found: Option<Vec<u8>> = found.await?;
    Ok(found.map(|text| Head::decode(&text)).transpose()?)
}

/// Every stack, deleted ones too, the newest first.
pub(in super::super) async fn all(store: &Store, home: &AccountRegion) -> Result<Vec<Head>, Error> {
    let home = key(home);
    let all = store.read(move |tx| {
        let sql = "SELECT id, sealed FROM stack_head WHERE home = ?1 ORDER BY created DESC, id";
        let rows = tx.query(sql, &[Param::Text(&home)], id_and_sealed)?;
        rows.into_iter().map(|(id, sealed)| tx.unseal(&HEADS, &[&home, &id], &sealed)).collect()
    });
    let all: Vec<Vec<u8>> = all.await?;
    all.iter().map(|text| Ok(Head::decode(text)?)).collect()
}

/// What is being done to a stack, and how far it is.
pub(in super::super) async fn work(
    store: &Store,
    home: &AccountRegion,
    id: &str,
) -> Result<Option<(Work, Progress)>, Error> {
    let (home, id) = (key(home), id.to_owned());
    let found = store.read(move |tx| {
        let keys = [Param::Text(&home), Param::Text(&id)];
        let sql = "SELECT sealed FROM stack_work WHERE home = ?1 AND stack = ?2";
        let work = tx.query_one(sql, &keys, |row| row.blob(0))?;
        let sql = "SELECT sealed FROM stack_progress WHERE home = ?1 AND stack = ?2";
        let progress = tx.query_one(sql, &keys, |row| row.blob(0))?;
        let (Some(work), Some(progress)) = (work, progress) else { return Ok(None) };
        let key: &[&str] = &[&home, &id];
        Ok::<_, store::Error>(Some((tx.unseal(&WORKS, key, &work)?, tx.unseal(&PROGRESS, key, &progress)?)))
    });
    let Some((work, progress)) = found.await? else { return Ok(None) };
    Ok(Some((Work::decode(&work)?, Progress::decode(&progress)?)))
}

/// The homes and ids of stacks to which something is being done.
pub(in super::super) async fn unfinished(store: &Store) -> Result<Vec<(AccountRegion, String)>, Error> {
    let rows = store.read(|tx| {
        let read = |row: &Row<'_>| Ok::<(String, String), store::Error>((row.text(0)?, row.text(1)?));
        tx.query("SELECT home, stack FROM stack_work ORDER BY home, stack", &[], read)
    });
    let rows: Vec<(String, String)> = rows.await?;
    Ok(rows.into_iter().filter_map(|(home, id)| Some((home_of(&home)?, id))).collect())
}

/// Begins to do something to a stack, unless something else is being done to it.
///
/// # Errors
/// If the store can't be written.
pub(in super::super) async fn begin(
    store: &Store,
    home: &AccountRegion,
    expected: Option<Status>,
    head: Head,
    work: Option<Work>,
    progress: Progress,
    event: Option<Event>,
) -> Result<bool, Error> {
    let (head_text, progress_text) = (head.encode()?, progress.encode()?);
    let work_text = work.map(|work| work.encode()).transpose()?;
    let event = event.map(|event| event.encode()).transpose()?;
    let home = key(home);
    let begun = store.write(move |tx| {
        if status_of(tx, &home, &head)? != expected {
            return Ok(false);
        }
        put_head(tx, &home, &head, &head_text)?;
        if let Some(text) = &work_text {
            put_work(tx, &home, &head.id, text)?;
            super::journal::put_progress(tx, &home, &head.id, &progress_text)?;
        }
        if let Some(event) = &event {
            super::journal::append(tx, &home, &head.id, event)?;
        }
        Ok::<_, store::Error>(true)
    });
    Ok(begun.await?)
}

/// Writes a stack to which nothing is being done.
pub(in super::super) async fn put(store: &Store, home: &AccountRegion, head: &Head) -> Result<(), Error> {
    let (home, head, text) = (key(home), head.clone(), head.encode()?);
    let written = store.write(move |tx| put_head(tx, &home, &head, &text));
    Ok(written.await?)
}

/// The status of the live stack with this one's name.
fn status_of(tx: &Tx<'_>, home: &str, head: &Head) -> Result<Option<Status>, store::Error> {
    let sql = "SELECT id, sealed FROM stack_head WHERE home = ?1 AND name = ?2 AND is_gone = 0";
    let found = tx.query_one(sql, &[Param::Text(home), Param::Text(&head.name)], id_and_sealed)?;
    let Some((id, sealed)) = found else { return Ok(None) };
    Ok(Some(Head::decode(&tx.unseal(&HEADS, &[home, &id], &sealed)?)?.status))
}

pub(super) fn put_head(tx: &Tx<'_>, home: &str, head: &Head, text: &str) -> Result<(), store::Error> {
    let sealed = tx.seal(&HEADS, &[home, &head.id], text.as_bytes())?;
    let sql =
        "INSERT INTO stack_head (home, id, name, created, is_gone, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (home, id) DO UPDATE SET is_gone = excluded.is_gone, sealed = excluded.sealed";
    let is_gone = i64::from(head.status == Status::DeleteComplete);
    let row = [
        Param::Text(home),
        Param::Text(&head.id),
        Param::Text(&head.name),
        Param::Int(head.created.as_millis()),
        Param::Int(is_gone),
        Param::Blob(&sealed),
    ];
    tx.execute(sql, &row).map(drop)
}

fn put_work(tx: &Tx<'_>, home: &str, id: &str, text: &str) -> Result<(), store::Error> {
    let sealed = tx.seal(&WORKS, &[home, id], text.as_bytes())?;
    let sql = "INSERT INTO stack_work (home, stack, sealed) VALUES (?1, ?2, ?3)
               ON CONFLICT (home, stack) DO UPDATE SET sealed = excluded.sealed";
    tx.execute(sql, &[Param::Text(home), Param::Text(id), Param::Blob(&sealed)]).map(drop)
}

/// Gives stacks of earlier versions, which had resources only, what stacks have today. `head` makes it of a stack's
/// home and name.
pub(in super::super) async fn adopt(
    store: &Store,
    now: Timestamp,
    head: impl Fn(&AccountRegion, &str) -> Head,
) -> Result<(), Error> {
    let orphans = store.read(|tx| {
        let sql = "SELECT home, name, sealed FROM stack WHERE NOT EXISTS (
                   SELECT 1 FROM stack_head WHERE stack_head.home = stack.home AND stack_head.name = stack.name)";
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?, row.blob(2)?));
        let rows: Vec<(String, String, Vec<u8>)> = tx.query(sql, &[], read)?;
        let unsealed = rows.into_iter().map(|(home, name, sealed)| {
            let text = tx.unseal(&RESOURCES, &[&home, &name], &sealed)?;
            Ok((home, name, text))
        });
        unsealed.collect::<Result<Vec<_>, store::Error>>()
    });
    let orphans: Vec<(String, String, Vec<u8>)> = orphans.await?;
    for (home, name, text) in orphans {
        let Some(place) = home_of(&home) else { continue };
        let Resources(made) = Resources::decode(&text)?;
        let head = head(&place, &name);
        let head_text = head.encode()?;
        let shown = made.iter().map(|made| {
            let shown = Shown {
                logical_id: made.logical_id.clone(),
                physical_id: made.attributes.reference.clone(),
                kind: made.kind.type_name().to_owned(),
                time: now,
                status: Status::CreateComplete,
                reason: None,
            };
            Ok((made.logical_id.clone(), shown.encode()?))
        });
        let shown: Vec<(String, String)> = shown.collect::<Result<_, store::Error>>()?;
        let adopted = store.write(move |tx| {
            put_head(tx, &home, &head, &head_text)?;
            for (logical_id, text) in &shown {
                super::journal::put_shown(tx, &home, &head.id, logical_id, text)?;
            }
            Ok::<_, store::Error>(())
        });
        adopted.await?;
    }
    Ok(())
}

/// The names of the stacks that import the value exported as `export`.
pub(in super::super) async fn importers(
    store: &Store,
    home: &AccountRegion,
    export: &str,
) -> Result<Vec<String>, Error> {
    let (home, export) = (key(home), export.to_owned());
    let names = store.read(move |tx| {
        let sql = "SELECT stack FROM stack_import WHERE home = ?1 AND export = ?2 ORDER BY stack";
        tx.query(sql, &[Param::Text(&home), Param::Text(&export)], |row| row.text(0))
    });
    Ok(names.await?)
}

/// What stacks other than `name` import, each with one of them.
pub(in super::super) async fn imports(
    store: &Store,
    home: &AccountRegion,
    name: &str,
) -> Result<Vec<(String, String)>, Error> {
    let (home, name) = (key(home), name.to_owned());
    let pairs = store.read(move |tx| {
        let sql =
            "SELECT export, MIN(stack) FROM stack_import WHERE home = ?1 AND stack <> ?2 GROUP BY export";
        let read = |row: &Row<'_>| Ok((row.text(0)?, row.text(1)?));
        tx.query(sql, &[Param::Text(&home), Param::Text(&name)], read)
    });
    Ok(pairs.await?)
}

pub(super) fn id_and_sealed(row: &Row<'_>) -> Result<(String, Vec<u8>), store::Error> {
    Ok((row.text(0)?, row.blob(1)?))
}

/// The home of a row.
fn home_of(key: &str) -> Option<AccountRegion> {
    let (account, region) = key.split_once('/')?;
    Some(AccountRegion {
        account: crate::id::AccountId::parse(account)?,
        region: crate::id::Region::parse(region)?,
    })
}
