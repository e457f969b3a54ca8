//! Tagging state machines and activities.

use std::sync::Arc;

use super::Error;
use super::activities::Activities;
use super::base::Base;
use super::state_machines::StateMachines;
use super::tags::{self, Tag};
use crate::id::{Qualifier, StatesArn};
use crate::store::Param;

/// The tags of what can be tagged.
pub struct Tags {
    pub(super) base: Arc<Base>,
    pub(super) state_machines: Arc<StateMachines>,
    pub(super) activities: Arc<Activities>,
}

impl Tags {
    /// TagResource; a key that is there gets the new value.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`, `TooManyTags`.
    pub async fn add(&self, arn: &str, given: Vec<Tag>) -> Result<(), Error> {
        let arn = self.taggable(arn).await?;
        tags::check(&given)?;
        let of = arn.clone();
        self.base.store.write(move |tx| tags::put(tx, &of, &given)).await?;
        self.state_machines.forget(&arn);
        Ok(())
    }

    /// UntagResource; keys that are not there are no error.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`.
    pub async fn remove(&self, arn: &str, keys: Vec<String>) -> Result<(), Error> {
        let arn = self.taggable(arn).await?;
        let of = arn.clone();
        let removed = self.base.store.write(move |tx| {
            for key in &keys {
                let sql = "DELETE FROM tag WHERE resource = ?1 AND key = ?2";
                tx.execute(sql, &[Param::Text(&of), Param::Text(key)])?;
            }
            Ok::<_, Error>(())
        });
        removed.await?;
        self.state_machines.forget(&arn);
        Ok(())
    }

    /// ListTagsForResource, in the order in which they were put.
    ///
    /// # Errors
    /// `InvalidArn`, `ResourceNotFound`.
    pub async fn list(&self, arn: &str) -> Result<Vec<Tag>, Error> {
        let arn = self.taggable(arn).await?;
        self.base
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
                None => match self.state_machines.describe(arn).await {
                    Ok(_) => Ok(arn.to_owned()),
                    Err(Error::StateMachineDoesNotExist(_)) => Err(not_found()),
                    Err(error) => Err(error),
                },
                Some(Qualifier::Version(_) | Qualifier::Alias(_)) => Err(not_found()),
            },
            StatesArn::Activity(activity) => {
                self.activities.id_of(&activity).map(|_| arn.to_owned()).ok_or_else(not_found)
            }
            StatesArn::Execution(_) | StatesArn::Express(_) | StatesArn::MapRun { .. } => Err(not_found()),
        }
    }
}
