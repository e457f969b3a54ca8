//! Groups, streams and the events that clients put.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::assets::home;
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::store::{self, Param, Record, Row, Tx, record, records};

/// The schema, version by version.
pub(super) const STEPS: &[&str] = &[
    "
    CREATE TABLE logs_group (home TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (home, name));
    CREATE TABLE logs_stream (
        home TEXT NOT NULL, log_group TEXT NOT NULL, name TEXT NOT NULL, created BIGINT NOT NULL,
        PRIMARY KEY (home, log_group, name)
    );
    CREATE TABLE logs_event (
        home TEXT NOT NULL, log_group TEXT NOT NULL, seq BIGINT NOT NULL, stream TEXT NOT NULL, time BIGINT NOT NULL,
        ingested BIGINT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (home, log_group, seq)
    );
",
    // Events get their numbers from the store.
    "INSERT INTO key_sequence (name, reserved) SELECT 'logs event', COALESCE(MAX(seq), 0) + 1 FROM logs_event",
];

/// Under which name events get their numbers, which are their order.
const NUMBERS: &str = "logs event";

/// A group without its name and home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) created: Timestamp,
    pub(super) retention_days: Option<i64>,
    pub(super) class: String,
    pub(super) tags: BTreeMap<String, String>,
}

records! {
    /// The kinds of this service.
    pub(super) const RECORDS;
    Group, "logs group": now 1 => GroupV1;
}

record! {
    struct GroupV1 of Group {
        "created" created: i64,
        "retention_days" retention_days: Option<i64>,
        "class" class: String,
        "tags" tags: BTreeMap<String, String>,
    }
}

/// An event that a client put.
pub(super) struct Event {
    pub(super) seq: i64,
    pub(super) stream: String,
    pub(super) time: Timestamp,
    pub(super) ingested: Timestamp,
    pub(super) message: String,
}

pub(super) fn group(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<Option<Group>, store::Error> {
    let sql = "SELECT record FROM logs_group WHERE home = ?1 AND name = ?2";
    let params = [Param::Text(&home::text(home)), Param::Text(name)];
    tx.query_one(sql, &params, |row| Group::decode(row.text(0)?.as_bytes()))
}

pub(super) fn groups(tx: &Tx<'_>, home: &AccountRegion) -> Result<Vec<(String, Group)>, store::Error> {
    let sql = "SELECT name, record FROM logs_group WHERE home = ?1 ORDER BY name";
    tx.query(sql, &[Param::Text(&home::text(home))], |row| {
        Ok((row.text(0)?, Group::decode(row.text(1)?.as_bytes())?))
    })
}

/// Adds a group that is not there.
pub(super) fn add_group(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    group: &Group,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO logs_group (home, name, record) VALUES (?1, ?2, ?3)";
    let record = group.encode()?;
    tx.execute(sql, &[Param::Text(&home::text(home)), Param::Text(name), Param::Text(&record)])?;
    Ok(())
}

/// Changes a group, which may have had no row: what this server logs makes groups too.
pub(super) fn put_group(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    group: &Group,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO logs_group (home, name, record) VALUES (?1, ?2, ?3)
               ON CONFLICT (home, name) DO UPDATE SET record = excluded.record";
    let record = group.encode()?;
    tx.execute(sql, &[Param::Text(&home::text(home)), Param::Text(name), Param::Text(&record)])?;
    Ok(())
}

/// Removes a group with everything in it.
pub(super) fn delete_group(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<(), store::Error> {
    let home = home::text(home);
    let params = [Param::Text(&home), Param::Text(name)];
    tx.execute("DELETE FROM logs_event WHERE home = ?1 AND log_group = ?2", &params)?;
    tx.execute("DELETE FROM logs_stream WHERE home = ?1 AND log_group = ?2", &params)?;
    tx.execute("DELETE FROM logs_group WHERE home = ?1 AND name = ?2", &params)?;
    Ok(())
}

/// Names and times of the streams that clients made.
pub(super) fn streams(
    tx: &Tx<'_>,
    home: &AccountRegion,
    group: &str,
) -> Result<Vec<(String, Timestamp)>, store::Error> {
    let sql = "SELECT name, created FROM logs_stream WHERE home = ?1 AND log_group = ?2 ORDER BY name";
    tx.query(sql, &[Param::Text(&home::text(home)), Param::Text(group)], |row| {
        Ok((row.text(0)?, Timestamp::from_millis(row.int(1)?)))
    })
}

pub(super) fn has_stream(
    tx: &Tx<'_>,
    home: &AccountRegion,
    group: &str,
    name: &str,
) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM logs_stream WHERE home = ?1 AND log_group = ?2 AND name = ?3";
    let params = [Param::Text(&home::text(home)), Param::Text(group), Param::Text(name)];
    Ok(tx.query_one(sql, &params, |row| row.int(0))?.is_some())
}

pub(super) fn put_stream(
    tx: &Tx<'_>,
    home: &AccountRegion,
    group: &str,
    name: &str,
    created: Timestamp,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO logs_stream (home, log_group, name, created) VALUES (?1, ?2, ?3, ?4)";
    let home = home::text(home);
    let params = [Param::Text(&home), Param::Text(group), Param::Text(name), Param::Int(created.as_millis())];
    tx.execute(sql, &params)?;
    Ok(())
}

pub(super) fn delete_stream(
    tx: &Tx<'_>,
    home: &AccountRegion,
    group: &str,
    name: &str,
) -> Result<bool, store::Error> {
    let home = home::text(home);
    let params = [Param::Text(&home), Param::Text(group), Param::Text(name)];
    tx.execute("DELETE FROM logs_event WHERE home = ?1 AND log_group = ?2 AND stream = ?3", &params)?;
    let sql = "DELETE FROM logs_stream WHERE home = ?1 AND log_group = ?2 AND name = ?3";
    Ok(0 < tx.execute(sql, &params)?)
}

fn event(row: &Row<'_>) -> Result<Event, store::Error> {
    Ok(Event {
        seq: row.int(0)?,
        stream: row.text(1)?,
        time: Timestamp::from_millis(row.int(2)?),
        ingested: Timestamp::from_millis(row.int(3)?),
        message: row.text(4)?,
    })
}

/// The events of a group in this time, the end left out.
pub(super) fn events(
    tx: &Tx<'_>,
    home: &AccountRegion,
    group: &str,
    (from, to): (i64, i64),
) -> Result<Vec<Event>, store::Error> {
    let sql = "SELECT seq, stream, time, ingested, message FROM logs_event
               WHERE home = ?1 AND log_group = ?2 AND time >= ?3 AND time < ?4 ORDER BY seq";
    let home = home::text(home);
    tx.query(sql, &[Param::Text(&home), Param::Text(group), Param::Int(from), Param::Int(to)], event)
}

/// Adds events to a stream, in place of the group's oldest if there are more than `n_max` or `bytes_max`, and of those from
/// before `oldest`.
pub(super) fn add_events(
    tx: &Tx<'_>,
    home: &AccountRegion,
    (group, stream): (&str, &str),
    events: &[(i64, &str)],
    (now, oldest): (Timestamp, Option<i64>),
    (n_max, bytes_max): (usize, usize),
) -> Result<(), store::Error> {
    let home = home::text(home);
    let of_group = [Param::Text(&home), Param::Text(group)];
    let first = tx.take_numbers(NUMBERS, i64::try_from(events.len()).unwrap_or(i64::MAX))?;
    for (seq, (time, message)) in (first..).zip(events) {
        let sql = "INSERT INTO logs_event (home, log_group, seq, stream, time, ingested, message)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let params = [
            Param::Text(&home),
            Param::Text(group),
            Param::Int(seq),
            Param::Text(stream),
            Param::Int(*time),
            Param::Int(now.as_millis()),
            Param::Text(message),
        ];
        tx.execute(sql, &params)?;
    }
    let (mut n, mut bytes, mut cut) = (0_usize, 0_usize, None);
    let sql = "SELECT seq, OCTET_LENGTH(message) FROM logs_event WHERE home = ?1 AND log_group = ?2 ORDER BY seq DESC";
    tx.visit(sql, &of_group, |row| {
        n += 1;
        bytes = bytes.saturating_add(usize::try_from(row.int(1)?).unwrap_or(usize::MAX));
        if n_max < n || bytes_max < bytes {
            cut = Some(row.int(0)?);
            return Ok::<_, store::Error>(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some(cut) = cut {
        let sql = "DELETE FROM logs_event WHERE home = ?1 AND log_group = ?2 AND seq <= ?3";
        tx.execute(sql, &[Param::Text(&home), Param::Text(group), Param::Int(cut)])?;
    }
    if let Some(oldest) = oldest {
        let sql = "DELETE FROM logs_event WHERE home = ?1 AND log_group = ?2 AND time < ?3";
        tx.execute(sql, &[Param::Text(&home), Param::Text(group), Param::Int(oldest)])?;
    }
    Ok(())
}
