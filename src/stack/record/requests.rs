//! What custom resources' functions were asked, and what they answered.

use serde_json::{Map, Value};

use super::heads::id_and_sealed;
use super::{REQUESTS, key};
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::model::Request;
use crate::store::{self, Param, Record as _, Store, Tx};

/// Writes down what is asked, or that it was.
pub(in super::super) async fn save_request(
    store: &Store,
    home: &AccountRegion,
    stack: &str,
    request: &Request,
) -> Result<(), Error> {
    let (home, stack) = (key(home), stack.to_owned());
    let (id, logical_id, text) = (request.id.clone(), request.logical_id.clone(), request.encode()?);
    let written = store.write(move |tx| put(tx, [&home, &id, &stack, &logical_id], &text));
    Ok(written.await?)
}

/// Writes down that what is asked was sent, in a transaction with what is there: an answer that has come meanwhile stays.
pub(in super::super) async fn note_sent(store: &Store, home: &AccountRegion, id: &str) -> Result<(), Error> {
    let (home, id) = (key(home), id.to_owned());
    let written = store.write(move |tx| {
        let sql = "SELECT stack, logical_id, sealed FROM stack_request WHERE home = ?1 AND id = ?2";
        let read = |row: &store::Row<'_>| Ok((row.text(0)?, row.text(1)?, row.blob(2)?));
        let found: Option<(String, String, Vec<u8>)> =
            tx.query_one(sql, &[Param::Text(&home), Param::Text(&id)], read)?;
        let Some((stack, logical_id, sealed)) = found else { return Ok(()) };
        let request = Request::decode(&tx.unseal(&REQUESTS, &[&home, &id], &sealed)?)?;
        let sent = Request { is_sent: true, ..request };
        put(tx, [&home, &id, &stack, &logical_id], &sent.encode()?)
    });
    Ok(written.await?)
}

fn put(tx: &Tx<'_>, [home, id, stack, logical_id]: [&str; 4], text: &str) -> Result<(), store::Error> {
    let sealed = tx.seal(&REQUESTS, &[home, id], text.as_bytes())?;
    let sql = "INSERT INTO stack_request (home, id, stack, logical_id, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (home, id) DO UPDATE SET sealed = excluded.sealed";
    let row = [home, id, stack, logical_id].map(Param::Text);
    let [home, id, stack, logical_id] = row;
    tx.execute(sql, &[home, id, stack, logical_id, Param::Blob(&sealed)]).map(drop)
}

/// What was last asked about a resource and is not dealt with.
pub(in super::super) async fn request(
    store: &Store,
    home: &AccountRegion,
    stack: &str,
    logical_id: &str,
) -> Result<Option<Request>, Error> {
    let (home, stack, logical_id) = (key(home), stack.to_owned(), logical_id.to_owned());
    let found = store.read(move |tx| {
        let sql = "SELECT id, sealed FROM stack_request WHERE home = ?1 AND stack = ?2 AND logical_id = ?3";
        let found =
            tx.query_one(sql, &[&home, &stack, &logical_id].map(|it| Param::Text(it)), id_and_sealed)?;
        found.map(|(id, sealed)| tx.unseal(&REQUESTS, &[&home, &id], &sealed)).transpose()
    });
    let found: Option<Vec<u8>> = found.await?;
    Ok(found.map(|text| Request::decode(&text)).transpose()?)
}

/// The physical id of a request that is a handle for signals.
pub(in super::super) const HANDLE: &str = "AWS::CloudFormation::WaitConditionHandle";
/// The physical id of a request that counts the signals to the resource itself.
pub(in super::super) const SIGNALLED: &str = "CreationPolicy";
/// The longest texts of all signals to one handle, in bytes.
const SIGNALS_BYTES_MAX: usize = 262_144;

/// What became of an answer or a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is kept, or one was before.
    Kept,
    /// Nobody has asked that, or nobody waits any longer.
    Nobody,
    /// It is no signal.
    Malformed,
}

/// A handle or request of a stack.
pub(in super::super) async fn request_by_id(
    store: &Store,
    home: &AccountRegion,
    stack: &str,
    id: &str,
) -> Result<Option<Request>, Error> {
    let (home, stack, id) = (key(home), stack.to_owned(), id.to_owned());
    let found = store.read(move |tx| {
        let sql = "SELECT id, sealed FROM stack_request WHERE home = ?1 AND stack = ?2 AND id = ?3";
        let found = tx.query_one(sql, &[&home, &stack, &id].map(|it| Param::Text(it)), id_and_sealed)?;
        found.map(|(id, sealed)| tx.unseal(&REQUESTS, &[&home, &id], &sealed)).transpose()
    });
    let found: Option<Vec<u8>> = found.await?;
    Ok(found.map(|text| Request::decode(&text)).transpose()?)
}

/// All signals to a handle with one more, by their ids, as kept: of one id, the first. `None` if it is none, or if they are too
/// long.
fn signalled(kept: Option<&str>, signal: &str) -> Option<String> {
    let Ok(Value::Object(signal)) = serde_json::from_str::<Value>(signal) else { return None };
    if !matches!(signal.get("Status").and_then(Value::as_str), Some("SUCCESS" | "FAILURE")) {
        return None;
    }
    let id = match signal.get("UniqueId")? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let mut all: Map<String, Value> =
        kept.and_then(|kept| serde_json::from_str(kept).ok()).unwrap_or_default();
    all.entry(id).or_insert(Value::Object(signal));
    let text = Value::Object(all).to_string();
    (text.len() <= SIGNALS_BYTES_MAX).then_some(text)
}

/// Keeps the answer to a request, the first one, or a signal to a handle.
pub(in super::super) async fn answer(
    store: &Store,
    id: &str,
    secret: &str,
    answer: String,
) -> Result<Answered, Error> {
    let (id, secret) = (id.to_owned(), secret.to_owned());
    let kept = store.write(move |tx| {
        let sql = "SELECT home, stack, logical_id, sealed FROM stack_request WHERE id = ?1";
        let read = |row: &store::Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.blob(3)?));
        let found: Option<(String, String, String, Vec<u8>)> =
            tx.query_one(sql, &[Param::Text(&id)], read)?;
        let Some((home, stack, logical_id, sealed)) = found else { return Ok(Answered::Nobody) };
        let request = Request::decode(&tx.unseal(&REQUESTS, &[&home, &id], &sealed)?)?;
        if request.secret != secret {
            return Ok(Answered::Nobody);
        }
        if matches!(request.physical_id.as_deref(), Some(HANDLE | SIGNALLED)) {
            let Some(all) = signalled(request.answer.as_deref(), &answer) else {
                return Ok(Answered::Malformed);
            };
            let request = Request { answer: Some(all), ..request };
            put(tx, [&home, &id, &stack, &logical_id], &request.encode()?)?;
        } else if request.answer.is_none() {
            let request = Request { answer: Some(answer.clone()), ..request };
            put(tx, [&home, &id, &stack, &logical_id], &request.encode()?)?;
        }
        Ok::<_, store::Error>(Answered::Kept)
    });
    Ok(kept.await?)
}

/// Forgets a request.
pub(super) fn drop_request(tx: &Tx<'_>, home: &str, id: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM stack_request WHERE home = ?1 AND id = ?2";
    tx.execute(sql, &[Param::Text(home), Param::Text(id)]).map(drop)
}

/// Forgets all that was asked for a stack.
pub(super) fn drop_requests(tx: &Tx<'_>, home: &str, stack: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM stack_request WHERE home = ?1 AND stack = ?2";
    tx.execute(sql, &[Param::Text(home), Param::Text(stack)]).map(drop)
}
