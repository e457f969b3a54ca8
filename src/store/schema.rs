//! Schema versions, one count for each room.

use super::{Error, Param, Tx};

/// Runs the steps of `room` that the store has not seen.
pub(super) fn migrate(tx: &Tx<'_>, room: &'static str, steps: &'static [&'static str]) -> Result<(), Error> {
    tx.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version BIGINT NOT NULL)",
        &[],
    )?;
    let sql = "SELECT version FROM schema_version WHERE room = ?1";
    let found = tx.query_one(sql, &[Param::Text(room)], |row| row.int(0))?.unwrap_or(0);
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if known < found {
        return Err(Error::Newer { room, found, known });
    }
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
        tx.execute_batch(step)?;
    }
    if found < known {
        let sql = "INSERT INTO schema_version (room, version) VALUES (?1, ?2)
                   ON CONFLICT (room) DO UPDATE SET version = excluded.version";
        tx.execute(sql, &[Param::Text(room), Param::Int(known)])?;
    }
    Ok(())
}
