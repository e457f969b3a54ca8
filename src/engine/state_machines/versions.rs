//! Versions of state machines: revisions that were given a number, and never change again.

use super::super::Error;
use super::super::page::{Page, page_size};
use super::StateMachines;
use super::{StateMachine, StateMachineStatus, not_found, unqualified};
use crate::clock::Timestamp;
use crate::id::{Qualifier, StateMachineArn};
use crate::store::{Param, Row, Tx};

/// Most versions of one machine.
const VERSIONS_MAX: i64 = 1000;
/// What the revision that a machine was created with is called.
const INITIAL: &str = "INITIAL";

/// The wish to publish a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publish {
    /// The version's description.
    pub description: Option<String>,
}

/// A published version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its ARN: the machine's with the number behind it.
    pub arn: StateMachineArn,
    /// Its number.
    pub number: u64,
    /// When it was published.
    pub created: Timestamp,
}

impl Version {
    fn new(machine: &StateMachineArn, number: u64, created: Timestamp) -> Self {
        let qualifier = Some(Qualifier::Version(number));
        Self { arn: StateMachineArn { qualifier, ..machine.unqualified() }, number, created }
    }
}

/// A version's number as it is stored.
pub(in super::super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored number.
pub(in super::super) fn number(stored: i64) -> Option<u64> {
    u64::try_from(stored).ok()
}

impl StateMachines {
    /// PublishStateMachineVersion: the current revision gets a number, unless it has one. `revision_id` makes sure
    /// that it is the one that was meant.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `StateMachineDeleting`, `RevisionConflict`, `QuotaExceeded`.
    pub async fn publish_version(
        &self,
        arn: &str,
        revision_id: Option<String>,
        publish: Publish,
    ) -> Result<Version, Error> {
        let (parsed, now) = (unqualified(arn)?, self.base.now());
        self.base
            .store
            .write(move |tx| {
                let found = super::find(tx, &parsed)?.ok_or_else(|| not_found(&parsed))?;
                let current = found.revision_id.as_deref().unwrap_or(INITIAL);
                match &revision_id {
                    Some(given) if given != current => {
                        Err(Error::RevisionConflict { given: given.clone(), current: current.to_owned() })
                    }
                    Some(_) | None => self::publish(tx, &found, &publish, now),
                }
            })
            .await
    }

    /// ListStateMachineVersions, the newest first.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `InvalidToken`.
    pub async fn list_versions(
        &self,
        arn: &str,
        max_results: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<Version>, Error> {
        let parsed = unqualified(arn)?;
        let listing = self.base.listing("ListStateMachineVersions", &[arn]);
        let (before, max) = (listing.position(next_token)?.unwrap_or(i64::MAX), page_size(max_results));
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let items: Result<Vec<Version>, Error> = self
            .base
            .store
            .read(move |tx| {
                let machine = super::find(tx, &parsed)?.ok_or_else(|| not_found(&parsed))?;
                let sql = "SELECT version, created FROM state_machine_version
                           WHERE machine = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3";
                let read = |row: &Row<'_>| {
                    let number = number(row.int(0)?).unwrap_or_default();
                    Ok(Version::new(&parsed, number, Timestamp::from_millis(row.int(1)?)))
                };
                Ok(tx.query(sql, &[machine.id.into(), before.into(), limit.into()], read)?)
            })
            .await;
        Ok(Page::cut(items?, max, &listing, |version| stored(version.number)))
    }

    /// DeleteStateMachineVersion. Its executions go on; its number is never given again. One that is not there is
    /// gone already.
    ///
    /// # Errors
    /// `InvalidArn`, `VersionInUse`.
    pub async fn delete_version(&self, arn: &str) -> Result<(), Error> {
        let parsed = StateMachineArn::parse(arn)?;
        let number = match &parsed.qualifier {
            Some(Qualifier::Version(number)) if parsed.label.is_none() => *number,
            Some(_) | None => return Err(Error::InvalidArn(arn.to_owned())),
        };
        let text = parsed.to_string();
        self.base
            .store
            .write(move |tx| {
                let Some(machine) = super::find(tx, &parsed)? else { return Ok::<_, Error>(()) };
                let users: Vec<String> = super::aliases::all(tx, &machine)?
                    .into_iter()
                    .filter(|alias| alias.routing.iter().any(|route| route.version == number))
                    .map(|alias| alias.name)
                    .collect();
                if !users.is_empty() {
                    return Err(Error::VersionInUse(users.join(", ")));
                }
                let sql = "DELETE FROM state_machine_version WHERE machine = ?1 AND version = ?2";
                tx.execute(sql, &[machine.id.into(), stored(number).into()])?;
                Ok(())
            })
            .await?;
        self.forget(&text);
        Ok(())
    }
}

/// Gives the revision that `machine` stands for a number. One that has a number keeps it, and its description.
pub(in super::super) fn publish(
    tx: &Tx<'_>,
    machine: &StateMachine,
    publish: &Publish,
    now: Timestamp,
) -> Result<Version, Error> {
    if machine.status == StateMachineStatus::Deleting {
        return Err(Error::StateMachineDeleting(machine.arn.to_string()));
    }
    let sql = "SELECT version, created FROM state_machine_version WHERE machine = ?1 AND revision = ?2";
    let params = [machine.id.into(), machine.revision.into()];
    let there = tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.int(1)?)))?;
    if let Some((found, created)) = there {
        let number = number(found).unwrap_or_default();
        return Ok(Version::new(&machine.arn, number, Timestamp::from_millis(created)));
    }
    let sql = "SELECT COUNT(*) FROM state_machine_version WHERE machine = ?1";
    if VERSIONS_MAX <= tx.query_one(sql, &[machine.id.into()], |row| row.int(0))?.unwrap_or(0) {
        return Err(Error::QuotaExceeded("versions"));
    }
    let sql = "UPDATE state_machine SET last_version = last_version + 1 WHERE id = ?1";
    tx.execute(sql, &[machine.id.into()])?;
    let sql = "SELECT last_version FROM state_machine WHERE id = ?1";
    let last = tx.query_one(sql, &[machine.id.into()], |row| row.int(0))?;
    let last = last.ok_or_else(|| not_found(&machine.arn))?;
    let sql = "INSERT INTO state_machine_version (machine, version, revision, description, created)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let params = [
        machine.id.into(),
        last.into(),
        machine.revision.into(),
        publish.description.as_deref().into(),
        now.as_millis().into(),
    ];
    tx.execute(sql, &params)?;
    Ok(Version::new(&machine.arn, number(last).unwrap_or_default(), now))
}

/// Whether the revision that `machine` stands for was published with another description than the one wished for now.
pub(in super::super) fn has_other_description(
    tx: &Tx<'_>,
    machine: &StateMachine,
    wish: Option<&Publish>,
) -> Result<bool, Error> {
    let Some(Publish { description: Some(wished) }) = wish else { return Ok(false) };
    let sql = "SELECT description FROM state_machine_version WHERE machine = ?1 AND revision = ?2";
    let found = tx.query_one(sql, &[machine.id.into(), machine.revision.into()], |row| row.opt_text(0))?;
    Ok(found.is_some_and(|found| found.as_deref() != Some(wished)))
}

/// A version, as the machine it was when it was published.
pub(in super::super) fn find(
    tx: &Tx<'_>,
    arn: &StateMachineArn,
    number: u64,
) -> Result<Option<StateMachine>, Error> {
    let Some(machine) = super::find(tx, arn)? else { return Ok(None) };
    let sql = "SELECT revision, created, description FROM state_machine_version
               WHERE machine = ?1 AND version = ?2";
    let params: [Param<'_>; 2] = [machine.id.into(), stored(number).into()];
    let found = tx.query_one(sql, &params, |row| Ok((row.int(0)?, row.int(1)?, row.opt_text(2)?)))?;
    let Some((revision, created, description)) = found else { return Ok(None) };
    let Some(then) = super::find_revision(tx, revision)? else { return Ok(None) };
    let created = Timestamp::from_millis(created);
    Ok(Some(StateMachine { arn: arn.clone(), created, description, version: Some(number), ..then }))
}
