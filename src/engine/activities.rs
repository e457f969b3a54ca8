//! Activities: the control plane over them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Error;
use super::base::Base;
use super::encryption::Encryption;
use super::page::{Page, page_size};
use super::queue::Queues;
use super::state_machines::{encryption_of, home_key, home_of};
use super::tags::{self, Tag};
use crate::clock::Timestamp;
use crate::id::{AccountRegion, ActivityArn, check_name};
use crate::store::{Param, Record as _};

/// An activity.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// Its ARN.
    pub arn: ActivityArn,
    /// When it was created.
    pub created: Timestamp,
    /// With whose key its tasks are encrypted.
    pub encryption: Encryption,
    id: i64,
}

/// The control plane over activities, and their lines of tasks.
pub struct Activities {
    base: Arc<Base>,
    /// Their ids: whether there is one is asked within a step.
    known: RwLock<HashMap<ActivityArn, i64>>,
    pub(super) queues: Queues,
}

impl Activities {
    pub(super) fn new(base: Arc<Base>) -> Self {
        let queues = Queues::new(base.options.pollers_per_activity, base.store.is_shared());
        Self { base, known: RwLock::default(), queues }
    }

    /// The same, also of one that another node has made just now.
    pub(super) async fn find(&self, arn: &ActivityArn) -> Result<Option<i64>, Error> {
        let known = self.id_of(arn);
        if known.is_some() || !self.base.store.is_shared() {
            return Ok(known);
        }
        self.load().await?;
        Ok(self.id_of(arn))
    }

    pub(super) fn id_of(&self, arn: &ActivityArn) -> Option<i64> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(arn).copied()
    }

    /// CreateActivity with AWS's own key.
    ///
    /// # Errors
    /// As [`create_encrypted`](Self::create_encrypted).
    pub async fn create(&self, home: AccountRegion, name: &str, tags: Vec<Tag>) -> Result<Activity, Error> {
        self.create_encrypted(home, name, tags, Encryption::AwsOwnedKey).await
    }

    /// CreateActivity. Idempotent by name; tags of one that exists are not changed.
    ///
    /// # Errors
    /// `InvalidName`, `TooManyTags`; `ActivityAlreadyExists` if it is encrypted otherwise.
    pub async fn create_encrypted(
        &self,
        home: AccountRegion,
        name: &str,
        tags: Vec<Tag>,
        encryption: Encryption,
    ) -> Result<Activity, Error> {
        check_name(name)?;
        tags::check(&tags)?;
        let arn = ActivityArn::new(&home, name);
        let wanted = Activity { arn, created: self.base.now(), encryption, id: self.base.next_id()? };
        let made = self
            .base
            .store
            .write(move |tx| {
                let home = home_key(&wanted.arn.home);
                let key = [Param::Text(&home), Param::Text(&wanted.arn.name)];
                let sql = "SELECT id, created, encryption FROM activity WHERE home = ?1 AND name = ?2";
                let found =
                    tx.query_one(sql, &key, |row| Ok((row.int(0)?, row.int(1)?, row.opt_text(2)?)))?;
                if let Some((id, created, encryption)) = found {
                    let encryption = encryption_of(encryption)?.unwrap_or(Encryption::AwsOwnedKey);
                    if encryption != wanted.encryption {
                        return Err(Error::ActivityAlreadyExists(wanted.arn.to_string()));
                    }
                    let created = Timestamp::from_millis(created);
                    return Ok(Activity { id, created, encryption, arn: wanted.arn.clone() });
                }
                let encryption = wanted.encryption.encode()?;
                let created = wanted.created.as_millis().into();
                let sql =
                    "INSERT INTO activity (id, home, name, created, encryption) VALUES (?1, ?2, ?3, ?4, ?5)";
                tx.execute(sql, &[wanted.id.into(), key[0], key[1], created, Param::Text(&encryption)])?;
                tags::put(tx, &wanted.arn.to_string(), &tags)?;
                Ok::<_, Error>(wanted.clone())
            })
            .await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(made.arn.clone(), made.id);
        drop(known);
        Ok(made)
    }

    /// DescribeActivity.
    ///
    /// # Errors
    /// `InvalidArn`, `ActivityDoesNotExist`.
    pub async fn describe(&self, arn: &str) -> Result<Activity, Error> {
        let arn = ActivityArn::parse(arn)?;
        let id = self.find(&arn).await?.ok_or_else(|| Error::ActivityDoesNotExist(arn.to_string()))?;
        let found = self
            .base
            .store
            .read(move |tx| {
                let sql = "SELECT created, encryption FROM activity WHERE id = ?1";
                Ok::<_, Error>(tx.query_one(sql, &[id.into()], |row| Ok((row.int(0)?, row.opt_text(1)?)))?)
            })
            .await?;
        let (created, encryption) = found.ok_or_else(|| Error::ActivityDoesNotExist(arn.to_string()))?;
        let encryption = encryption_of(encryption)?.unwrap_or(Encryption::AwsOwnedKey);
        Ok(Activity { arn, created: Timestamp::from_millis(created), encryption, id })
    }

    /// DeleteActivity. Tasks in line are not handed out any more; they time out. One that is not there is gone
    /// already.
    ///
    /// # Errors
    /// `InvalidArn`.
    pub async fn delete(&self, arn: &str) -> Result<(), Error> {
        let arn = ActivityArn::parse(arn)?;
        let Some(id) = self.find(&arn).await? else { return Ok(()) };
        let text = arn.to_string();
        self.base
            .store
            .write(move |tx| {
                tx.execute("DELETE FROM activity WHERE id = ?1", &[id.into()])?;
                tags::remove_all(tx, &text)?;
                Ok::<_, Error>(())
            })
            .await?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&arn);
        self.queues.remove(id);
        Ok(())
    }

    /// ListActivities, by age.
    ///
    /// # Errors
    /// `InvalidToken`.
    pub async fn list(
        &self,
        home: AccountRegion,
        max_results: Option<u32>,
        next_token: Option<&str>,
    ) -> Result<Page<Activity>, Error> {
        let listing = self.base.listing("ListActivities", &[&home_key(&home)]);
        let (after, max) = (listing.position(next_token)?.unwrap_or(0), page_size(max_results));
        let limit = i64::try_from(max).unwrap_or(i64::MAX - 1) + 1;
        let activities: Result<Vec<Activity>, Error> = self
            .base
            .store
            .read(move |tx| {
                let sql = "SELECT id, name, created, encryption FROM activity
                           WHERE home = ?1 AND ?2 < id ORDER BY id LIMIT ?3";
                let params = [Param::Text(&home_key(&home)), after.into(), limit.into()];
                let rows = tx.query(sql, &params, |row| {
                    Ok((row.int(0)?, row.text(1)?, Timestamp::from_millis(row.int(2)?), row.opt_text(3)?))
                })?;
                let activity = |(id, name, created, encryption): (i64, String, Timestamp, Option<String>)| {
                    let encryption = encryption_of(encryption)?.unwrap_or(Encryption::AwsOwnedKey);
                    Ok(Activity { id, arn: ActivityArn::new(&home, &name), created, encryption })
                };
                rows.into_iter().map(activity).collect()
            })
            .await;
        Ok(Page::cut(activities?, max, &listing, |activity| activity.id))
    }

    /// Reads the ids of all activities. Those that are gone lose their lines.
    pub(super) async fn load(&self) -> Result<(), Error> {
        let rows: Vec<(i64, String, String)> = self
            .base
            .store
            .read(|tx| {
                let sql = "SELECT id, home, name FROM activity";
                Ok::<_, Error>(tx.query(sql, &[], |row| Ok((row.int(0)?, row.text(1)?, row.text(2)?)))?)
            })
            .await?;
        let mut read = HashMap::new();
        for (id, home, name) in rows {
            read.insert(ActivityArn::new(&home_of(&home)?, &name), id);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *known, read);
        let gone: Vec<i64> =
            before.values().filter(|id| !known.values().any(|of| of == *id)).copied().collect();
        drop(known);
        gone.into_iter().for_each(|id| self.queues.remove(id));
        Ok(())
    }
}
