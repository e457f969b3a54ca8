//! Patches entries of maps, by key: `/requestTemplates/application~1json`.

use std::collections::BTreeMap;

use super::{PatchOp, PatchOperation};
use crate::apis::error::{BadRequest, Error, NotFound};

/// The operations that map entries support.
pub(super) const ENTRY_OPS: &str = "[add, remove, replace]";

/// The effect of an operation on an entry.
pub(super) enum Entry {
    /// `add`, or a `replace` that may also add.
    Set,
    /// `replace`; in a strict map the entry has to exist.
    Replace,
    /// `remove`; the entry has to exist.
    Remove,
}

/// The operation on an entry; `move`, `test` and `copy` are not supported.
pub(super) fn entry_op(patch: &PatchOperation) -> Result<Entry, BadRequest> {
    match patch.op {
        PatchOp::Add => Ok(Entry::Set),
        PatchOp::Replace => Ok(Entry::Replace),
        PatchOp::Remove => Ok(Entry::Remove),
        PatchOp::Move | PatchOp::Test | PatchOp::Copy => Err(BadRequest::PatchOp(ENTRY_OPS)),
    }
}

/// Whether `replace` accepts keys that don't exist. Recorded: it doesn't for responses, it does for requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// `replace` adds them.
    Added,
    /// `replace` refuses them.
    Refused,
}

/// Patches the entry `key` of `map`; `value` is its new value.
pub(super) fn patch_entry<V>(
    map: &mut BTreeMap<String, V>,
    key: &str,
    patch: &PatchOperation,
    value: V,
    absent: Absent,
    missing: NotFound,
) -> Result<(), Error> {
    match entry_op(patch)? {
        Entry::Replace if absent == Absent::Refused && !map.contains_key(key) => Err(missing.into()),
        Entry::Set | Entry::Replace => {
            map.insert(key.to_owned(), value);
            Ok(())
        }
        Entry::Remove => map.remove(key).map(drop).ok_or(missing).map_err(Error::from),
    }
}

/// Patches a whole map of strings: `remove` empties it. `add` and `replace` take a JSON object of strings; `add` merges
/// it, `replace` replaces the map.
pub(super) fn patch_whole(map: &mut BTreeMap<String, String>, patch: &PatchOperation) -> Result<(), Error> {
    let given = || -> Result<BTreeMap<String, String>, BadRequest> {
        let value = patch.value.as_deref().unwrap_or_default();
        serde_json::from_str(value).map_err(|_| BadRequest::PatchValue(patch.printed_path().to_owned()))
    };
    match entry_op(patch)? {
        Entry::Set => map.extend(given()?),
        Entry::Replace => *map = given()?,
        Entry::Remove => map.clear(),
    }
    Ok(())
}
