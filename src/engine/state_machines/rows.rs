//! Rows of state machines and their revisions.

use super::super::Error;
use super::super::encryption::Encryption;
use super::super::logging::Logging;
use super::{Publish, StateMachine, StateMachineStatus};
use crate::asl::StateMachineType;
use crate::clock::Timestamp;
use crate::id::{AccountRegion, StateMachineArn};
use crate::store::{self, Param, Record as _, Row, Tx};

/// One SELECT for every way to find a machine; `$where` follows its joins.
macro_rules! select_machine {
    ($where:literal) => {
        concat!(
            "SELECT m.id, m.home, m.name, m.kind, m.created, m.deleting, r.id, r.revision_id, r.definition, ",
            "r.role_arn, r.logging, r.tracing, r.updated, r.encryption FROM state_machine m ",
            "JOIN state_machine_revision r ON r.id = m.revision ",
            $where
        )
    };
}

/// The key that everything of an account and region is stored under.
pub(in super::super) fn home_key(home: &AccountRegion) -> String {
    format!("{}/{}", home.account, home.region)
}

/// The account and region of a key.
pub(in super::super) fn home_of(key: &str) -> Result<AccountRegion, Error> {
    let parse = || {
        let (account, region) = key.split_once('/')?;
        let account = crate::id::AccountId::parse(account)?;
        Some(AccountRegion { account, region: crate::id::Region::parse(region)? })
    };
    parse().ok_or_else(|| Error::Corrupt(format!("account and region {key:?}")))
}

pub(in super::super) fn find(tx: &Tx<'_>, arn: &StateMachineArn) -> Result<Option<StateMachine>, Error> {
    let sql = select_machine!("WHERE m.home = ?1 AND m.name = ?2");
    let params = [Param::Text(&home_key(&arn.home)), Param::Text(&arn.name)];
    tx.query_one(sql, &params, |row| Ok(read(row)))?.transpose()
}

/// A revision as the machine it is of, also of one that is gone.
pub(in super::super) fn find_revision(tx: &Tx<'_>, revision: i64) -> Result<Option<StateMachine>, Error> {
    let sql = "SELECT m.id, m.home, m.name, m.kind, m.created, m.deleting, r.id, r.revision_id,
               r.definition, r.role_arn, r.logging, r.tracing, r.updated, r.encryption
               FROM state_machine_revision r JOIN state_machine m ON m.id = r.machine WHERE r.id = ?1";
    tx.query_one(sql, &[revision.into()], |row| Ok(read(row)))?.transpose()
}

/// Reads the columns of `select_machine!`.
fn read(row: &Row<'_>) -> Result<StateMachine, Error> {
    let column = |text: Result<String, store::Error>| text.map_err(Error::from);
    let logging: String = column(row.text(10))?;
    let name = row.text(2)?;
    // One that is gone keeps its row under its name and id; no name has a colon.
    let name = name.split(':').next().unwrap_or_default();
    Ok(StateMachine {
        id: row.int(0)?,
        arn: StateMachineArn::new(&home_of(&row.text(1)?)?, name),
        kind: kind_of(row.int(3)?),
        created: Timestamp::from_millis(row.int(4)?),
        status: match row.int(5)? {
            0 => StateMachineStatus::Active,
            _ => StateMachineStatus::Deleting,
        },
        revision: row.int(6)?,
        revision_id: row.opt_text(7)?,
        version: None,
        description: None,
        definition: row.text(8)?,
        role_arn: row.text(9)?,
        logging: logging_of(&logging)?,
        tracing: row.int(11)? != 0,
        updated: Timestamp::from_millis(row.int(12)?),
        encryption: encryption_of(row.opt_text(13)?)?,
    })
}

/// A stored logging configuration.
pub(in super::super) fn logging_of(stored: &str) -> Result<Logging, Error> {
    Ok(Logging::decode(stored.as_bytes())?)
}

/// A stored encryption configuration.
pub(in super::super) fn encryption_of(stored: Option<String>) -> Result<Option<Encryption>, Error> {
    Ok(stored.map(|text| Encryption::decode(text.as_bytes())).transpose()?)
}

pub(in super::super) fn kind_of(code: i64) -> StateMachineType {
    if code == 0 { StateMachineType::Standard } else { StateMachineType::Express }
}

pub(super) fn insert(tx: &Tx<'_>, machine: &StateMachine, publish: Option<&Publish>) -> Result<(), Error> {
    let publish = publish.map(Publish::encode).transpose()?;
    let kind = i64::from(machine.kind == StateMachineType::Express);
    let sql = "INSERT INTO state_machine (id, home, name, kind, created, revision, publish)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let home = home_key(&machine.arn.home);
    let params = [
        machine.id.into(),
        Param::Text(&home),
        Param::Text(&machine.arn.name),
        kind.into(),
        machine.created.as_millis().into(),
        machine.revision.into(),
        publish.as_deref().into(),
    ];
    tx.execute(sql, &params)?;
    insert_revision(tx, machine)
}

/// The wish to publish that the machine was created with.
pub(super) fn published_at_creation(tx: &Tx<'_>, id: i64) -> Result<Option<Publish>, Error> {
    let sql = "SELECT publish FROM state_machine WHERE id = ?1";
    let stored = tx.query_one(sql, &[id.into()], |row| row.opt_text(0))?.flatten();
    Ok(stored.map(|text| Publish::decode(text.as_bytes())).transpose()?)
}

pub(super) fn insert_revision(tx: &Tx<'_>, machine: &StateMachine) -> Result<(), Error> {
    let logging = machine.logging.encode()?;
    let encryption = machine.encryption.as_ref().map(Encryption::encode).transpose()?;
    let sql = "INSERT INTO state_machine_revision
               (id, machine, revision_id, definition, role_arn, logging, tracing, updated, encryption)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let params = [
        machine.revision.into(),
        machine.id.into(),
        machine.revision_id.as_deref().into(),
        Param::Text(&machine.definition),
        Param::Text(&machine.role_arn),
        Param::Text(&logging),
        i64::from(machine.tracing).into(),
        machine.updated.as_millis().into(),
        encryption.as_deref().into(),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}
