//! Change sets, by stack and name.

use super::heads::id_and_sealed;
use super::{CHANGE_SETS, key};
use crate::id::AccountRegion;
use crate::stack::error::Error;
use crate::stack::model::ChangeSet;
use crate::store::{self, Param, Record as _, Store};

/// The change sets of a stack, in the order of their names.
pub(in super::super) async fn change_sets(
    store: &Store,
    home: &AccountRegion,
    stack: &str,
) -> Result<Vec<ChangeSet>, Error> {
    let (home, stack) = (key(home), stack.to_owned());
    let rows = store.read(move |tx| {
        let sql = "SELECT name, sealed FROM stack_change_set WHERE home = ?1 AND stack = ?2 ORDER BY name";
        let rows = tx.query(sql, &[Param::Text(&home), Param::Text(&stack)], id_and_sealed)?;
        let unsealed =
            rows.into_iter().map(|(name, sealed)| tx.unseal(&CHANGE_SETS, &[&home, &stack, &name], &sealed));
        unsealed.collect::<Result<Vec<_>, store::Error>>()
    });
    let rows: Vec<Vec<u8>> = rows.await?;
    rows.iter().map(|text| Ok(ChangeSet::decode(text)?)).collect()
}

/// The change set of a stack with this name or ARN.
pub(in super::super) async fn change_set(
    store: &Store,
    home: &AccountRegion,
    stack: &str,
    name_or_id: &str,
) -> Result<Option<ChangeSet>, Error> {
    let all = change_sets(store, home, stack).await?;
    Ok(all.into_iter().find(|set| set.name == name_or_id || set.id == name_or_id))
}

/// Keeps a change set.
pub(in super::super) async fn save_change_set(
    store: &Store,
    home: &AccountRegion,
    set: &ChangeSet,
) -> Result<(), Error> {
    let (home, set, text) = (key(home), set.clone(), set.encode()?);
    let written = store.write(move |tx| {
        let sealed = tx.seal(&CHANGE_SETS, &[&home, &set.stack_id, &set.name], text.as_bytes())?;
        let sql = "INSERT INTO stack_change_set (home, stack, name, sealed) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (home, stack, name) DO UPDATE SET sealed = excluded.sealed";
        let row =
            [Param::Text(&home), Param::Text(&set.stack_id), Param::Text(&set.name), Param::Blob(&sealed)];
        tx.execute(sql, &row)?;
        Ok::<_, store::Error>(())
    });
    Ok(written.await?)
}

/// Forgets a change set.
pub(in super::super) async fn drop_change_set(
    store: &Store,
    home: &AccountRegion,
    set: &ChangeSet,
) -> Result<(), Error> {
    let (home, stack, name) = (key(home), set.stack_id.clone(), set.name.clone());
    let written = store.write(move |tx| {
        let sql = "DELETE FROM stack_change_set WHERE home = ?1 AND stack = ?2 AND name = ?3";
        tx.execute(sql, &[&home, &stack, &name].map(|text| Param::Text(text)))?;
        Ok::<_, store::Error>(())
    });
    Ok(written.await?)
}
