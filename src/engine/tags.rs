//! Tags of state machines and activities.

use super::Error;
use super::open::Engine;
use crate::id::{Qualifier, StatesArn};
use crate::store::{Param, Tx};

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

impl Engine {
    /// TagResource; a key that is there gets the new value.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`, `TooManyTags`.
    pub async fn tag_resource(&self, arn: &str, tags: Vec<Tag>) -> Result<(), Error> {
        let arn = self.taggable(arn).await?;
        self.inner.store.write(move |tx| put(tx, &arn, &tags)).await
    }

    /// UntagResource; keys that are not there are no error.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`.
    pub async fn untag_resource(&self, arn: &str, keys: Vec<String>) -> Result<(), Error> {
        let arn = self.taggable(arn).await?;
        self.inner
            .store
            .write(move |tx| {
                for key in &keys {
                    let sql = "DELETE FROM tag WHERE resource = ?1 AND key = ?2";
                    tx.execute(sql, &[Param::Text(&arn), Param::Text(key)])?;
                }
                Ok(())
            })
            .await
    }

    /// ListTagsForResource, in the order in which they were put.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`.
    pub async fn list_tags_for_resource(&self, arn: &str) -> Result<Vec<Tag>, Error> {
        let arn = self.taggable(arn).await?;
        self.inner
            .store
            .read(move |tx| {
                let sql = "SELECT key, value FROM tag WHERE resource = ?1 ORDER BY id";
                let read = |row: &crate::store::Row<'_>| Ok(Tag { key: row.text(0)?, value: row.text(1)? });
                Ok(tx.query(sql, &[Param::Text(&arn)], read)?)
            })
            .await
    }

    /// The ARN of a state machine or activity that is there.
    async fn taggable(&self, arn: &str) -> Result<String, Error> {
        let not_found = || Error::ResourceNotFound(arn.to_owned());
        match StatesArn::parse(arn)? {
            StatesArn::StateMachine(machine) => match machine.qualifier {
                None => match self.describe_state_machine(arn).await {
                    Ok(_) => Ok(arn.to_owned()),
                    Err(Error::StateMachineDoesNotExist(_)) => Err(not_found()),
                    Err(error) => Err(error),
                },
                Some(Qualifier::Version(_) | Qualifier::Alias(_)) => Err(not_found()),
            },
            StatesArn::Activity(activity) => {
                self.activity_id(&activity).map(|_| arn.to_owned()).ok_or_else(not_found)
            }
            StatesArn::Execution(_) | StatesArn::Express(..) | StatesArn::MapRun { .. } => Err(not_found()),
        }
    }
}

/// Checks tags before anything is written.
pub(super) fn check(tags: &[Tag]) -> Result<(), Error> {
    if TAGS_MAX < tags.len() { Err(Error::TooManyTags) } else { Ok(()) }
}

/// Adds tags, or changes their values.
pub(super) fn put(tx: &Tx<'_>, resource: &str, tags: &[Tag]) -> Result<(), Error> {
    for tag in tags {
        let sql = "INSERT INTO tag (id, resource, key, value)
                   VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM tag), ?1, ?2, ?3)
                   ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value";
        tx.execute(sql, &[Param::Text(resource), Param::Text(&tag.key), Param::Text(&tag.value)])?;
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
