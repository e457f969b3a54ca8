//! Tags of state machines and activities.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Error;
use super::machine::EVENTS_MAX;
use crate::store::{Param, Row, Tx};

/// Under which name tags get their ids, which are their order.
const NUMBERS: &str = "engine tag";
/// Most tags of one resource.
const TAGS_MAX: usize = 50;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value, maybe empty.
    pub value: String,
}

/// Lets executions of a state machine have more events than AWS's, which it names no member for.
const HISTORY_EVENTS_MAX: &str = "stepgate:historyEventsMax";
/// How many they may be: each takes some hundred bytes on disk.
const HISTORY_EVENTS: RangeInclusive<u64> = EVENTS_MAX..=10_000_000;
/// Lets executions of an Express state machine, and Express children of its Maps, be looked at for so many seconds after
/// their end.
const EXPRESS_HISTORY: &str = "stepgate:expressHistorySeconds";
/// Up to a week.
const EXPRESS_HISTORY_SECONDS: RangeInclusive<u64> = 1..=7 * 24 * 60 * 60;

/// What tags ask of this server beyond what AWS does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    /// Most events of an execution's history.
    pub(super) history_events_max: Option<u64>,
    /// How long Express executions are kept after their end.
    pub(super) express_history: Option<Duration>,
}

impl Wishes {
    fn take(&mut self, tag: &Tag) -> Result<(), Error> {
        match tag.key.as_str() {
            HISTORY_EVENTS_MAX => self.history_events_max = Some(number(tag, &HISTORY_EVENTS)?),
            EXPRESS_HISTORY => {
                let seconds = number(tag, &EXPRESS_HISTORY_SECONDS)?;
                self.express_history = Some(Duration::from_secs(seconds));
            }
            _ => {}
        }
        Ok(())
    }
}

fn number(tag: &Tag, range: &RangeInclusive<u64>) -> Result<u64, Error> {
    let Tag { key, value } = tag;
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        Error::InvalidTag(format!(
            "Invalid value {value} of the tag {key}. Must be a number from {} to {}.",
            range.start(),
            range.end()
        ))
    })
}

/// Checks tags before anything is written.
pub(super) fn check(tags: &[Tag]) -> Result<(), Error> {
    if TAGS_MAX < tags.len() {
        return Err(Error::TooManyTags);
    }
    let mut wishes = Wishes::default();
    tags.iter().try_for_each(|tag| wishes.take(tag))
}

/// What the tags of a state machine ask for.
pub(super) fn wishes(tx: &Tx<'_>, resource: &str) -> Result<Wishes, Error> {
    let sql = "SELECT key, value FROM tag WHERE resource = ?1 AND SUBSTR(key, 1, 9) = 'stepgate:'";
    let read = |row: &Row<'_>| Ok(Tag { key: row.text(0)?, value: row.text(1)? });
    let mut wishes = Wishes::default();
    for tag in tx.query(sql, &[Param::Text(resource)], read)? {
        // One that an earlier version took, whatever it said, asks for nothing.
        let _ = wishes.take(&tag);
    }
    Ok(wishes)
}

/// Adds tags, or changes their values.
pub(super) fn put(tx: &Tx<'_>, resource: &str, tags: &[Tag]) -> Result<(), Error> {
    for tag in tags {
        let sql = "INSERT INTO tag (id, resource, key, value) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value";
        let id = tx.take_numbers(NUMBERS, 1)?;
        tx.execute(sql, &[id.into(), Param::Text(resource), Param::Text(&tag.key), Param::Text(&tag.value)])?;
    }
    let sql = "SELECT COUNT(*) FROM tag WHERE resource = ?1";
    let count = tx.query_one(sql, &[Param::Text(resource)], |row| row.int(0))?.unwrap_or(0);
    match usize::try_from(count) {
        Ok(count) if count <= TAGS_MAX => Ok(()),
        _ => Err(Error::TooManyTags),
    }
}

/// Removes the tags of a resource that goes.
pub(super) fn remove_all(tx: &Tx<'_>, resource: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM tag WHERE resource = ?1", &[Param::Text(resource)])?;
    Ok(())
}
