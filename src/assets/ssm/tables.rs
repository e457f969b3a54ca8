//! Parameters, and where they are kept.

use std::collections::BTreeMap;

use crate::assets::home;
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::store::{self, Param, Record, Row, SealedColumn, Tx, record, records};

/// The schema, version by version.
pub(super) const STEPS: &[&str] = &["
    CREATE TABLE ssm_parameter (
        home TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, sealed BLOB NOT NULL,
        PRIMARY KEY (home, name)
    );
"];

/// The values, whatever their type.
pub(super) const VALUES: SealedColumn =
    SealedColumn { table: "ssm_parameter", column: "sealed", key: &["home", "name"], lookup: None };

/// A parameter without its name, home and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) kind: String,
    pub(super) version: i64,
    pub(super) modified: Timestamp,
    pub(super) description: Option<String>,
    pub(super) allowed_pattern: Option<String>,
    pub(super) tier: String,
    pub(super) data_type: String,
    pub(super) key_id: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

records! {
    /// The kinds of this service.
    pub(super) const RECORDS;
    Parameter, "ssm parameter": now 1 => ParameterV1;
}

record! {
    struct ParameterV1 of Parameter {
        "kind" kind: String,
        "version" version: i64,
        "modified" modified: i64,
        "description" description: Option<String>,
        "allowed_pattern" allowed_pattern: Option<String>,
        "tier" tier: String,
        "data_type" data_type: String,
        "key_id" key_id: Option<String>,
        "tags" tags: BTreeMap<String, String>,
    }
}

/// A parameter with its name and its value as it is stored.
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) parameter: Parameter,
    pub(super) sealed: Vec<u8>,
}

fn kept(row: &Row<'_>) -> Result<Kept, store::Error> {
    let parameter = Parameter::decode(row.text(1)?.as_bytes())?;
    Ok(Kept { name: row.text(0)?, parameter, sealed: row.blob(2)? })
}

impl Kept {
    /// Its value.
    pub(super) fn value(&self, tx: &Tx<'_>, home: &AccountRegion) -> Result<String, store::Error> {
        let bytes = tx.unseal(&VALUES, &[&home::text(home), &self.name], &self.sealed)?;
        String::from_utf8(bytes).map_err(|_| store::Error::Corrupt("a parameter is no text".to_owned()))
    }
}

pub(super) fn find(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<Option<Kept>, store::Error> {
    let sql = "SELECT name, record, sealed FROM ssm_parameter WHERE home = ?1 AND name = ?2";
    tx.query_one(sql, &[Param::Text(&home::text(home)), Param::Text(name)], kept)
}

pub(super) fn count(tx: &Tx<'_>, home: &AccountRegion) -> Result<i64, store::Error> {
    let sql = "SELECT COUNT(*) FROM ssm_parameter WHERE home = ?1";
    Ok(tx.query_one(sql, &[Param::Text(&home::text(home))], |row| row.int(0))?.unwrap_or(0))
}

/// The parameters whose names come after `after`, in their order.
pub(super) fn after(
    tx: &Tx<'_>,
    home: &AccountRegion,
    after: &str,
    limit: usize,
) -> Result<Vec<Kept>, store::Error> {
    let sql =
        "SELECT name, record, sealed FROM ssm_parameter WHERE home = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(sql, &[Param::Text(&home::text(home)), Param::Text(after), Param::Int(limit)], kept)
}

/// Adds a parameter that is not there.
pub(super) fn add(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    parameter: &Parameter,
    value: &str,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO ssm_parameter (home, name, record, sealed) VALUES (?1, ?2, ?3, ?4)";
    write(tx, sql, home, name, parameter, value)
}

/// Changes a parameter that is there.
pub(super) fn put(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    parameter: &Parameter,
    value: &str,
) -> Result<(), store::Error> {
    let sql = "UPDATE ssm_parameter SET record = ?3, sealed = ?4 WHERE home = ?1 AND name = ?2";
    write(tx, sql, home, name, parameter, value)
}

fn write(
    tx: &Tx<'_>,
    sql: &'static str,
    home: &AccountRegion,
    name: &str,
    parameter: &Parameter,
    value: &str,
) -> Result<(), store::Error> {
    let home = home::text(home);
    let sealed = tx.seal(&VALUES, &[&home, name], value.as_bytes())?;
    let record = parameter.encode()?;
    let params = [Param::Text(&home), Param::Text(name), Param::Text(&record), Param::Blob(&sealed)];
    tx.execute(sql, &params)?;
    Ok(())
}

pub(super) fn delete(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<bool, store::Error> {
    let sql = "DELETE FROM ssm_parameter WHERE home = ?1 AND name = ?2";
    Ok(0 < tx.execute(sql, &[Param::Text(&home::text(home)), Param::Text(name)])?)
}
