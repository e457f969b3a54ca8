//! What custom resources' functions were asked, and what they answered.

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

/// Keeps the answer to a request, the first one; false if nobody has asked that.
pub(in super::super) async fn answer(
    store: &Store,
    id: &str,
    secret: &str,
    answer: String,
) -> Result<bool, Error> {
    let (id, secret) = (id.to_owned(), secret.to_owned());
    let kept = store.write(move |tx| {
        let sql = "SELECT home, stack, logical_id, sealed FROM stack_request WHERE id = ?1";
        let read = |row: &store::Row<'_>| Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.blob(3)?));
        let found: Option<(String, String, String, Vec<u8>)> =
            tx.query_one(sql, &[Param::Text(&id)], read)?;
        let Some((home, stack, logical_id, sealed)) = found else { return Ok(false) };
        let request = Request::decode(&tx.unseal(&REQUESTS, &[&home, &id], &sealed)?)?;
        if request.secret != secret {
            return Ok(false);
        }
        if request.answer.is_none() {
            let request = Request { answer: Some(answer.clone()), ..request };
            put(tx, [&home, &id, &stack, &logical_id], &request.encode()?)?;
        }
        Ok::<_, store::Error>(true)
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
