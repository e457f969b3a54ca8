//! Moving everything from one database to the other.
//!
//! Tables are copied one by one, in the order of their keys, some rows in each transaction. What has been copied stays: a
//! migration that was interrupted goes on behind the last row that is there. At the end of a table both sides are read
//! through and compared, by the number of their rows and a checksum; a table that differs is copied anew.

use aws_lc_rs::digest;

use super::param::Value;
use super::schema::UNFINISHED;
use super::statements::Statements;
use super::{Error, Param, Store};

/// What a transaction copies at most.
const ROWS_AT_ONCE: i64 = 500;
/// Tables that say what a database is, and not what is in it.
const OF_THE_DATABASE: &[&str] = &[
    "schema_version",
    "schema_oldest",
    "store_opening",
    "store_node",
    "store_group",
    "store_lease",
    "store_fence",
    "store_shard",
    "store_change",
];

/// How far a migration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The table.
    pub table: &'a str,
    /// How many of its rows are there.
    pub n_rows: u64,
    /// How many it has.
    pub of: u64,
    /// What is being done to it.
    pub stage: Stage,
}

/// What is being done to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its rows are copied.
    Copying,
    /// Both sides are the same.
    Verified,
}

/// What was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// The number of tables.
    pub n_tables: usize,
    /// The number of rows in them.
    pub n_rows: u64,
}

/// A table, as the database describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    name: String,
    /// Names and types of its columns, in the order of their names.
    columns: Vec<(String, Type)>,
    /// Which of them are its primary key, in the key's order.
    key: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Text,
    Int,
    Real,
    Blob,
}

type Rows = Vec<Vec<Value>>;

/// The rows of a table, told as a number and a checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum {
    n_rows: u64,
    digest: Vec<u8>,
}

/// Copies everything that is in `from` to `to`, whose tables have to be there and as new, and which must have been opened
/// with [`Store::open_both`]. Afterwards `to` can be used. Close both then: their keys may have
/// changed.
///
/// # Errors
/// Any [`Error`]. What was copied stays, and another attempt goes on from there.
pub async fn migrate(
    from: &Store,
    to: &Store,
    mut progress: impl FnMut(&Progress<'_>),
) -> Result<Moved, Error> {
    let tables = tables_of(from).await?;
    let theirs = tables_of(to).await?;
    let (versions, their_versions) = (versions_of(from).await?, versions_of(to).await?);
    if versions != their_versions {
        let (versions, theirs) = (format!("{versions:?}"), format!("{their_versions:?}"));
        return Err(Error::Database(format!("the tables' versions differ: {versions} and {theirs}")));
    }
    if master_of(from).await? != master_of(to).await? {
        let what = "the secrets of both sides would need one: name in [secrets] the key of what is moved";
        return Err(Error::MasterKey(what.to_owned()));
    }
    let mut moved = Moved::default();
    for table in &tables {
        if !theirs.contains(table) {
            return Err(Error::Database(format!("the database has no table {} like this one's", table.name)));
        }
        moved.n_rows += copy(from, to, table, &mut progress).await?;
        moved.n_tables += 1;
    }
    to.write(|tx| {
        tx.statements().execute("DELETE FROM schema_version WHERE room = ?1", &[UNFINISHED.into()])
    })
    .await?;
    Ok(moved)
}

/// Copies a table, and answers how many rows it has.
async fn copy(
    from: &Store,
    to: &Store,
    table: &Table,
    progress: &mut impl FnMut(&Progress<'_>),
) -> Result<u64, Error> {
    let want = sum(from, table).await?;
    for attempt in 0..2 {
        let mut n_rows = count(to, table).await?;
        if attempt == 1 || want.n_rows < n_rows || table.is_small() {
            // What is there is of something else, or was changed since.
            let sql = format!("DELETE FROM {}", table.name);
            to.write(move |tx| tx.statements().execute(&sql, &[])).await?;
            n_rows = 0;
        }
        let mut after = last_key(to, table).await?;
        loop {
            progress(&Progress { table: &table.name, n_rows, of: want.n_rows, stage: Stage::Copying });
            let rows = page(from, table, after.take()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            n_rows += rows.len() as u64;
            let insert = table.insert();
            let write = move |rows: &Rows, tx: &super::Tx<'_>| {
                rows.iter().try_for_each(|row| {
                    let params: Vec<Param<'_>> = row.iter().map(Value::as_param).collect();
                    tx.statements().put(&insert, &params)
                })
            };
            let _: (Rows, ()) = to.write_with(rows, write).await?;
        }
        if sum(to, table).await? == want {
            progress(&Progress { table: &table.name, n_rows, of: want.n_rows, stage: Stage::Verified });
            return Ok(want.n_rows);
        }
    }
    Err(Error::Corrupt(format!("{} is not the same on both sides after it was copied", table.name)))
}

impl Table {
    /// Whether it is one that every new database has rows in.
    fn is_small(&self) -> bool {
        ["store_key", "record_version", "key_sequence"].contains(&self.name.as_str())
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    fn key_names(&self) -> String {
        let names: Vec<&str> = self.key.iter().map(|n| self.columns[*n].0.as_str()).collect();
        names.join(", ")
    }

    fn insert(&self) -> String {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("?{n}")).collect();
        format!("INSERT INTO {} ({}) VALUES ({})", self.name, self.names(), places.join(", "))
    }

    fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.key.iter().map(|n| row[*n].clone()).collect()
    }
}

/// Rows behind the key `after`, in the order of their keys.
async fn page(store: &Store, table: &Table, after: Option<Vec<Value>>) -> Result<Rows, Error> {
    let (keys, table) = (table.key_names(), table.clone());
    let behind = after.as_ref().map_or_else(String::new, |after| {
        let places: Vec<String> = (1..=after.len()).map(|n| format!("?{n}")).collect();
        format!("WHERE ({}) < ({keys})", places.join(", "))
    });
    let names = table.names();
    let sql = format!("SELECT {names} FROM {} {behind} ORDER BY {keys} LIMIT {ROWS_AT_ONCE}", table.name);
    let read = store.read(move |tx| {
        let params: Vec<Param<'_>> = after.iter().flatten().map(Value::as_param).collect();
        tx.statements().query(&sql, &params, |row| {
            let columns = table.columns.iter().enumerate();
            columns
                .map(|(n, (_, of))| {
                    Ok(match of {
                        Type::Text => row.opt_text(n)?.map_or(Value::Null, Value::Text),
                        Type::Int => row.opt_int(n)?.map_or(Value::Null, Value::Int),
                        Type::Real => row.opt_real(n)?.map_or(Value::Null, Value::Real),
                        Type::Blob => row.opt_blob(n)?.map_or(Value::Null, Value::Blob),
                    })
                })
                .collect::<Result<Vec<Value>, Error>>()
        })
    });
    read.await
}

async fn sum(store: &Store, table: &Table) -> Result<Sum, Error> {
    let mut context = digest::Context::new(&digest::SHA256);
    let (mut n_rows, mut after) = (0, None);
    loop {
        let rows = page(store, table, after.take()).await?;
        let Some(last) = rows.last() else { break };
        after = Some(table.key_of(last));
        n_rows += rows.len() as u64;
        for value in rows.iter().flatten() {
            let (kind, bytes): (u8, &[u8]) = match value {
                Value::Null => (0, &[]),
                Value::Int(value) => (1, &value.to_le_bytes()),
                Value::Real(value) => (2, &value.to_le_bytes()),
                Value::Text(text) => (3, text.as_bytes()),
                Value::Blob(bytes) => (4, bytes),
            };
            context.update(&[kind]);
            context.update(&(bytes.len() as u64).to_le_bytes());
            context.update(bytes);
        }
    }
    Ok(Sum { n_rows, digest: context.finish().as_ref().to_vec() })
}

async fn count(store: &Store, table: &Table) -> Result<u64, Error> {
    let sql = format!("SELECT COUNT(*) FROM {}", table.name);
    let n = store.read(move |tx| tx.statements().query_one(&sql, &[], |row| row.int(0))).await;
    n.map(|n: Option<i64>| n.and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
}

/// The key of the last row that is there.
async fn last_key(store: &Store, table: &Table) -> Result<Option<Vec<Value>>, Error> {
    let types: Vec<Type> = table.key.iter().map(|n| table.columns[*n].1).collect();
    let keys = table.key_names();
    let backwards: Vec<String> = keys.split(", ").map(|key| format!("{key} DESC")).collect();
    let sql = format!("SELECT {keys} FROM {} ORDER BY {} LIMIT 1", table.name, backwards.join(", "));
    let read = store.read(move |tx| {
        tx.statements().query_one(&sql, &[], |row| {
            let columns = types.iter().enumerate();
            columns
                .map(|(n, of)| match of {
                    Type::Text => row.text(n).map(Value::Text),
                    Type::Int => row.int(n).map(Value::Int),
                    Type::Real => row.real(n).map(Value::Real),
                    Type::Blob => row.blob(n).map(Value::Blob),
                })
                .collect::<Result<Vec<Value>, Error>>()
        })
    });
    read.await
}

/// Which master key the secrets are encrypted with.
async fn master_of(store: &Store) -> Result<Option<String>, Error> {
    store.read(|tx| tx.query_one("SELECT master FROM store_key", &[], |row| row.text(0))).await
}

/// The versions of the rooms' tables.
async fn versions_of(store: &Store) -> Result<Vec<(String, i64)>, Error> {
    let sql = "SELECT room, version FROM schema_version WHERE room <> ?1 ORDER BY room";
    let read = |row: &super::Row<'_>| Ok((row.text(0)?, row.int(1)?));
    store.read(move |tx| tx.statements().query(sql, &[UNFINISHED.into()], read)).await
}

/// All tables whose rows are to be copied.
async fn tables_of(store: &Store) -> Result<Vec<Table>, Error> {
    let tables: Result<Vec<Table>, Error> = store.read(|tx| described(tx.statements())).await;
    let tables = tables?.into_iter().filter(|table| !OF_THE_DATABASE.contains(&table.name.as_str()));
    let tables: Vec<Table> = tables.collect();
    match tables.iter().find(|table| table.key.is_empty()) {
        Some(table) => Err(Error::Corrupt(format!("{} has no primary key", table.name))),
        None => Ok(tables),
    }
}

fn described(statements: &Statements<'_>) -> Result<Vec<Table>, Error> {
    // Name of the table, of the column, its type, and its place in the key from 1, or 0.
    let sql = if statements.is_embedded() {
        "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.name"
    } else {
        "SELECT CAST(c.table_name AS TEXT), CAST(c.column_name AS TEXT), CAST(c.data_type AS TEXT),
                CAST(COALESCE(k.ordinal_position, 0) AS BIGINT)
         FROM information_schema.columns c
         LEFT JOIN information_schema.table_constraints p
             ON p.table_schema = c.table_schema AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY'
         LEFT JOIN information_schema.key_column_usage k
             ON k.constraint_schema = p.constraint_schema AND k.constraint_name = p.constraint_name
             AND k.table_name = c.table_name AND k.column_name = c.column_name
         WHERE c.table_schema = current_schema()
         ORDER BY CAST(c.table_name AS TEXT) COLLATE \"C\", CAST(c.column_name AS TEXT) COLLATE \"C\""
    };
    let columns =
        statements.query(sql, &[], |row| Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.int(3)?)))?;
    let mut tables: Vec<(Table, Vec<(i64, usize)>)> = Vec::new();
    for (table, column, of, place) in columns {
        let of = match of.to_ascii_uppercase().as_str() {
            "TEXT" => Type::Text,
            "BIGINT" | "INTEGER" => Type::Int,
            "DOUBLE PRECISION" | "REAL" => Type::Real,
            "BLOB" | "BYTEA" => Type::Blob,
            other => return Err(Error::Corrupt(format!("{table}.{column} is of the type {other}"))),
        };
        if tables.last().is_none_or(|(last, _)| last.name != table) {
            tables.push((Table { name: table, columns: Vec::new(), key: Vec::new() }, Vec::new()));
        }
        let Some((last, key)) = tables.last_mut() else { continue };
        if place != 0 {
            key.push((place, last.columns.len()));
        }
        last.columns.push((column, of));
    }
    let with_key = |(mut table, mut key): (Table, Vec<(i64, usize)>)| {
        key.sort_unstable();
        table.key = key.into_iter().map(|(_, column)| column).collect();
        table
    };
    Ok(tables.into_iter().map(with_key).collect())
}
