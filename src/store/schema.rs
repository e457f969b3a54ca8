//! Schema versions, counted separately for each room.

use super::statements::Statements;
use super::{Error, Param, RecordKind, Tx};

/// A step from one schema version to the next.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Statements.
    Sql(&'static str),
    /// Statements that only add what earlier versions do without: tables of which they know nothing, and columns that need no
    /// value. Nodes of the version before go on beside it, also when they are started again.
    Expand(&'static str),
    /// What SQL can't do, such as encrypting plain text; the overwritten data is also overwritten on disk.
    Run(fn(&Tx<'_>) -> Result<(), Error>),
}

impl From<&'static str> for Step {
    fn from(sql: &'static str) -> Self {
        Self::Sql(sql)
    }
}

/// The store itself, as a room.
const STORE: &str = "store";
/// The store's own tables.
const STEPS: &[&str] = &[
    "
    CREATE TABLE store_key (id INTEGER PRIMARY KEY, master TEXT NOT NULL, wrapped BLOB NOT NULL);
    CREATE TABLE store_opening (id INTEGER PRIMARY KEY, n BIGINT NOT NULL);
",
    // Records have versions since; what is older can't read them.
    "
    CREATE TABLE record_version (name TEXT PRIMARY KEY, version BIGINT NOT NULL);
    CREATE TABLE key_sequence (name TEXT PRIMARY KEY, reserved BIGINT NOT NULL);
",
];
/// The row of what isn't a room: something is being moved into the store, and not all of it is there.
pub(super) const UNFINISHED: &str = "migration";
const VERSIONS: &str = "
    CREATE TABLE IF NOT EXISTS schema_version (room TEXT PRIMARY KEY, version BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS schema_oldest (room TEXT PRIMARY KEY, version BIGINT NOT NULL);
";
/// Other nodes that are there.
const OTHERS: &str = "SELECT name FROM store_lease
    WHERE holder <> '' AND node <> ?1 AND CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) <= expires ORDER BY node";

/// Upgrades the store's own tables and counts the opening, so that there is a commit in any case.
/// `is_filled` says whether it is opened for a migration into it.
pub(super) fn open_store(statements: &Statements<'_>, is_filled: bool) -> Result<(), Error> {
    statements.batch(VERSIONS)?;
    let found = store_version(statements)?.unwrap_or(0);
    check_filling(statements, is_filled, found == 0)?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if known < found {
        return Err(Error::Newer { room: STORE, found, known });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        statements.batch(step)?;
    }
    let sql = "INSERT INTO schema_version (room, version) VALUES (?1, ?2)
               ON CONFLICT (room) DO UPDATE SET version = excluded.version";
    statements.execute(sql, &[Param::Text(STORE), Param::Int(known)])?;
    let sql = "INSERT INTO store_opening (id, n) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET n = store_opening.n + 1";
    statements.execute(sql, &[])?;
    Ok(())
}

/// What is only half there is not used, and what is in use is not filled with something else.
fn check_filling(statements: &Statements<'_>, is_filled: bool, is_new: bool) -> Result<(), Error> {
    let sql = "SELECT version FROM schema_version WHERE room = ?1";
    let is_unfinished = statements.query_one(sql, &[Param::Text(UNFINISHED)], |row| row.int(0))?.is_some();
    match (is_filled, is_unfinished) {
        (false, true) => {
            let what = "not everything has been moved to this database: run `stepgate migrate` again";
            Err(Error::Database(what.to_owned()))
        }
        (true, false) if is_new => {
            let sql = "INSERT INTO schema_version (room, version) VALUES (?1, 1)";
            statements.execute(sql, &[Param::Text(UNFINISHED)]).map(drop)
        }
        (true, false) => Err(Error::Database(
            "the database to move everything to is in use: it has to be a new one".to_owned(),
        )),
        (false, false) | (true, true) => Ok(()),
    }
}

/// The version of the store's own tables; `None` for a store from before there were any.
pub(super) fn store_version(statements: &Statements<'_>) -> Result<Option<i64>, Error> {
    let sql = "SELECT version FROM schema_version WHERE room = ?1";
    statements.query_one(sql, &[Param::Text(STORE)], |row| row.int(0))
}

/// The nodes beside the one with this number; none of a store that nobody shares.
fn others(tx: &Tx<'_>, own: Option<i64>) -> Result<Vec<String>, Error> {
    own.map_or_else(|| Ok(Vec::new()), |own| tx.query(OTHERS, &[own.into()], |row| row.text(0)))
}

/// The oldest version of a room's tables that a program may know which uses them now.
fn oldest(steps: &[Step]) -> i64 {
    let n = steps.iter().rposition(|step| !matches!(step, Step::Expand(_))).map_or(0, |last| last + 1);
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Runs the steps of `room` that have not been applied; true if one of them overwrote data that nobody should be able
/// to read. Where other nodes than `own` are there, only what they don't mind.
pub(super) fn migrate(
    tx: &Tx<'_>,
    room: &'static str,
    steps: &[Step],
    own: Option<i64>,
) -> Result<bool, Error> {
    let sql = "SELECT version FROM schema_version WHERE room = ?1";
    let found = tx.query_one(sql, &[Param::Text(room)], |row| row.int(0))?.unwrap_or(0);
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if known < found {
        let sql = "SELECT version FROM schema_oldest WHERE room = ?1";
        let oldest = tx.query_one(sql, &[Param::Text(room)], |row| row.int(0))?.unwrap_or(found);
        return if oldest <= known { Ok(false) } else { Err(Error::Newer { room, found, known }) };
    }
    // The tables of a room that is new are nobody else's.
    if 0 < found && found < oldest(steps) {
        let nodes = others(tx, own)?;
        if !nodes.is_empty() {
            return Err(Error::InUse { what: format!("the tables of {room}"), nodes });
        }
    }
    let statements = tx.statements();
    let mut overwrites = false;
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
        match step {
            Step::Sql(sql) | Step::Expand(sql) => statements.batch(sql)?,
            // What a server's database does with its disk is not ours to say.
            Step::Run(run) if !statements.is_embedded() => run(tx)?,
            Step::Run(run) => {
                overwrites = true;
                statements.batch("PRAGMA secure_delete = ON")?;
                let ran = run(tx);
                statements.batch("PRAGMA secure_delete = OFF")?;
                ran?;
            }
        }
    }
    if found < known {
        let sql = "INSERT INTO schema_version (room, version) VALUES (?1, ?2)
                   ON CONFLICT (room) DO UPDATE SET version = excluded.version";
        tx.execute(sql, &[Param::Text(room), Param::Int(known)])?;
        let sql = "INSERT INTO schema_oldest (room, version) VALUES (?1, ?2)
                   ON CONFLICT (room) DO UPDATE SET version = excluded.version";
        tx.execute(sql, &[Param::Text(room), Param::Int(oldest(steps))])?;
    }
    Ok(overwrites)
}

/// Notes which versions of `records` may be in the store from now on, unless newer ones may be there already, or other nodes
/// than `own` don't know these.
pub(super) fn declare(tx: &Tx<'_>, records: &[RecordKind], own: Option<i64>) -> Result<(), Error> {
    for &RecordKind { name, version: known } in records {
        let sql = "SELECT version FROM record_version WHERE name = ?1";
        let found = tx.query_one(sql, &[Param::Text(name)], |row| row.int(0))?;
        let found = found.map(|found| u64::try_from(found).unwrap_or_default());
        if found.is_some_and(|found| known < found) {
            return Err(Error::NewerRecord { name, found: found.unwrap_or_default(), known });
        }
        if found != Some(known) {
            let nodes = if found.is_some() { others(tx, own)? } else { Vec::new() };
            if !nodes.is_empty() {
                return Err(Error::InUse { what: format!("records of {name}"), nodes });
            }
            let sql = "INSERT INTO record_version (name, version) VALUES (?1, ?2)
                       ON CONFLICT (name) DO UPDATE SET version = excluded.version";
            let version = i64::try_from(known).unwrap_or(i64::MAX);
            tx.execute(sql, &[Param::Text(name), Param::Int(version)])?;
        }
    }
    Ok(())
}
