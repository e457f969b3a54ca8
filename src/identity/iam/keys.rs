//! Access keys of users. A key signs as soon as it is created, and no longer once it is inactive or deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::holder::existing_user;
use super::permissions::Change;
use super::{Holder, Iam, IamError, User};
use crate::clock::Timestamp;
use crate::id::AccountId;
use crate::identity::{Caller, Credential, Keys, Secret, UserIdentity};
use crate::store::{self, Changed, Param, Record as _, Row, SealedColumn, Tx, record, records};

/// AWS's quota.
const KEYS_OF_USER_MAX: usize = 2;
/// Most keys that are read at once.
const KEYS_MAX: i64 = 100_000;

/// Where secrets are.
pub(super) const ACCESS_KEYS: SealedColumn =
    SealedColumn { table: "iam_access_key", column: "sealed", key: &["access_key_id"], lookup: None };

/// A user's access key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Its id: `AKIA` and 16 more characters.
    pub id: String,
    /// Whose it is.
    pub user_name: String,
    /// Whether it may sign.
    pub is_active: bool,
    /// When it was created.
    pub create_date: Timestamp,
}

/// What of a key is no column.
#[derive(Clone)]
struct Sealed {
    secret: String,
    is_active: bool,
    create_date: Timestamp,
}

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Sealed, "iam access key": now 1 => SealedV1;
}

record! {
    /// What of a key is no column.
    struct SealedV1 of Sealed {
        "secret" secret: String,
        "is_active" is_active: bool,
        "create_date" create_date: i64,
    }
}

/// A key as it is stored.
struct Kept {
    id: String,
    user_name: String,
    sealed: Sealed,
}

impl Kept {
    fn shown(&self) -> AccessKey {
        let Sealed { is_active, create_date, .. } = self.sealed;
        AccessKey { id: self.id.clone(), user_name: self.user_name.clone(), is_active, create_date }
    }
}

impl Iam {
    /// The columns that are encrypted.
    pub const SEALED: &'static [&'static SealedColumn] = &[&ACCESS_KEYS];

    /// The same with keys that sign: those of users are registered in `keys` from now on.
    ///
    /// # Errors
    /// [`IamError`] if the keys can't be read.
    pub async fn signing(self, keys: Arc<Keys>) -> Result<Self, IamError> {
        let iam = Self { keys, ..self };
        iam.read_keys().await?;
        Ok(iam)
    }

    /// Registers all keys; answers their ids.
    async fn read_keys(&self) -> Result<BTreeSet<String>, IamError> {
        let all = self.store.read(|tx| {
            let sql = "SELECT access_key_id, account, user_key, sealed FROM iam_access_key LIMIT ?1";
            let rows = tx.query(sql, &[Param::Int(KEYS_MAX)], |row| {
                Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.blob(3)?))
            })?;
            let mut found = Vec::with_capacity(rows.len());
            for (id, account, user, sealed) in rows {
                let Some(account) = AccountId::parse(&account) else { continue };
                let stored = tx.unseal(&ACCESS_KEYS, &[&id], &sealed)?;
                let user = existing_user(tx, &account, &user)?;
                found.push((id, account, user, Sealed::decode(&stored)?));
            }
            Ok::<_, IamError>(found)
        });
        let mut ids = BTreeSet::new();
        for (id, account, user, sealed) in all.await? {
            self.register(&id, &account, &user, &sealed);
            ids.insert(id);
        }
        Ok(ids)
    }

    /// Takes in what other nodes change of roles, users, policies and keys. Never ends where there may be some; its caller
    /// ends it.
    pub fn follow(self) -> impl Future<Output = ()> + Send + 'static {
        let tables = &[
            "iam_role",
            "iam_policy",
            "iam_deleted_role",
            "iam_user",
            "iam_group",
            "iam_instance_profile",
            "iam_access_key",
        ];
        let changed = self.store.watch("iam", tables);
        async move {
            if self.store.is_shared() {
                self.follow_on(changed).await;
            }
        }
    }

    async fn follow_on(&self, mut changed: Changed) {
        let mut known = BTreeSet::new();
        loop {
            drop(Change::of(&self.kept));
            match self.read_keys().await {
                Ok(ids) => {
                    known.difference(&ids).for_each(|id: &String| self.keys.remove(id));
                    known = ids;
                }
                Err(error) => tracing::error!(%error, "keys that another node has changed could not be read"),
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Creates a key; with its secret, which nobody is told again.
    pub async fn create_access_key(
        &self,
        account: &AccountId,
        user: &str,
    ) -> Result<(AccessKey, String), IamError> {
        let id = format!("AKIA{}", self.ids.upper_alphanumeric(16));
        let sealed =
            Sealed { secret: self.ids.alphanumeric(40), is_active: true, create_date: self.clock.now() };
        let (of, user, made) = (account.clone(), user.to_owned(), (id.clone(), sealed.clone()));
        let user = self
            .write(move |tx| {
                let user = existing_user(tx, &of, &user)?;
                if KEYS_OF_USER_MAX <= of_user(tx, &of, &user.name)?.len() {
                    return Err(IamError::TooMany("AccessKeysPerUser", KEYS_OF_USER_MAX));
                }
                let (id, sealed) = made.clone();
                put(tx, &of, &Kept { id, user_name: user.name.clone(), sealed })?;
                Ok(user)
            })
            .await?;
        self.register(&id, account, &user, &sealed);
        let secret = sealed.secret.clone();
        Ok((Kept { id, user_name: user.name, sealed }.shown(), secret))
    }

    /// The keys of a user, by id.
    pub async fn access_keys(&self, account: &AccountId, user: &str) -> Result<Vec<AccessKey>, IamError> {
        let (account, user) = (account.clone(), user.to_owned());
        self.store
            .read(move |tx| {
                let user = existing_user(tx, &account, &user)?;
                Ok(of_user(tx, &account, &user.name)?.iter().map(Kept::shown).collect())
            })
            .await
    }

    /// The key of this id, whoever's it is.
    pub async fn access_key(&self, account: &AccountId, id: &str) -> Result<AccessKey, IamError> {
        let (account, id) = (account.clone(), id.to_owned());
        self.store
            .read(move |tx| {
                let sql = "SELECT user_key FROM iam_access_key WHERE account = ?1 AND access_key_id = ?2";
                let texts = [account.as_str(), &id].map(Param::Text);
                let user = tx.query_one(sql, &texts, |row: &Row<'_>| row.text(0))?;
                let user = user.ok_or_else(|| IamError::NoAccessKey(id.clone()))?;
                let user = existing_user(tx, &account, &user)?;
                let mut keys = of_user(tx, &account, &user.name)?;
                keys.retain(|key| key.id == id);
                keys.pop().map(|key| key.shown()).ok_or(IamError::NoAccessKey(id))
            })
            .await
    }

    /// Lets a key sign, or doesn't any more.
    pub async fn update_access_key(
        &self,
        account: &AccountId,
        user: &str,
        id: &str,
        is_active: bool,
    ) -> Result<(), IamError> {
        let (of, wanted, user) = (account.clone(), id.to_owned(), user.to_owned());
        let (user, sealed) = self
            .write(move |tx| {
                let (user, mut key) = one(tx, &of, &user, &wanted)?;
                key.sealed.is_active = is_active;
                put(tx, &of, &key)?;
                Ok((user, key.sealed))
            })
            .await?;
        self.register(id, account, &user, &sealed);
        Ok(())
    }

    /// Deletes a key.
    pub async fn delete_access_key(&self, account: &AccountId, user: &str, id: &str) -> Result<(), IamError> {
        let (account, wanted, user) = (account.clone(), id.to_owned(), user.to_owned());
        self.write(move |tx| {
            one(tx, &account, &user, &wanted)?;
            let sql = "DELETE FROM iam_access_key WHERE account = ?1 AND access_key_id = ?2";
            Ok(tx.execute(sql, &[account.as_str(), &wanted].map(Param::Text))?)
        })
        .await?;
        self.keys.remove(id);
        Ok(())
    }

    /// Registers the keys of a user anew: what they sign for has changed.
    pub(super) async fn refresh_keys(
        &self,
        account: &AccountId,
        kind: Holder,
        name: &str,
    ) -> Result<(), IamError> {
        if kind != Holder::User {
            return Ok(());
        }
        let (of, name) = (account.clone(), name.to_owned());
        let (user, keys) = self
            .store
            .read(move |tx| {
                let user = existing_user(tx, &of, &name)?;
                let keys = of_user(tx, &of, &user.name)?;
                Ok::<_, IamError>((user, keys))
            })
            .await?;
        for key in keys {
            self.register(&key.id, account, &user, &key.sealed);
        }
        Ok(())
    }

    fn register(&self, id: &str, account: &AccountId, user: &User, sealed: &Sealed) {
        if !sealed.is_active {
            return self.keys.remove(id);
        }
        let mut caller = Caller::user(account.clone(), identity(user), &user.arn);
        caller.access_key_id = Some(id.into());
        let secret = Secret::new(&sealed.secret);
        self.keys.insert(id, Credential { caller, secret, session_token: None, expires: None });
    }
}

/// A user as its requests identify it.
pub(super) fn identity(user: &User) -> UserIdentity {
    UserIdentity {
        name: user.name.as_str().into(),
        id: user.user_id.as_str().into(),
        tags: user.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        session: None,
    }
}

/// The keys of a user, by id.
fn of_user(tx: &Tx<'_>, account: &AccountId, user: &str) -> Result<Vec<Kept>, IamError> {
    let sql = "SELECT access_key_id, sealed FROM iam_access_key WHERE account = ?1 AND user_key = ?2
               ORDER BY access_key_id LIMIT 100";
    let user_key = user.to_lowercase();
    let params = [account.as_str(), &user_key].map(Param::Text);
    let rows = tx.query(sql, &params, |row| Ok((row.text(0)?, row.blob(1)?)))?;
    let kept = rows.into_iter().map(|(id, sealed)| {
        let stored = tx.unseal(&ACCESS_KEYS, &[&id], &sealed)?;
        Ok(Kept { id, user_name: user.to_owned(), sealed: Sealed::decode(&stored)? })
    });
    kept.collect()
}

/// Whether a user has keys.
pub(super) fn has_keys(tx: &Tx<'_>, account: &AccountId, user: &str) -> Result<bool, IamError> {
    Ok(!of_user(tx, account, user)?.is_empty())
}

fn one(tx: &Tx<'_>, account: &AccountId, user: &str, id: &str) -> Result<(User, Kept), IamError> {
    let user = existing_user(tx, account, user)?;
    let key = of_user(tx, account, &user.name)?.into_iter().find(|key| key.id == id);
    Ok((user, key.ok_or_else(|| IamError::NoAccessKey(id.to_owned()))?))
}

fn put(tx: &Tx<'_>, account: &AccountId, key: &Kept) -> Result<(), store::Error> {
    let sealed = tx.seal(&ACCESS_KEYS, &[&key.id], key.sealed.encode()?.as_bytes())?;
    let sql = "INSERT INTO iam_access_key (access_key_id, account, user_key, sealed) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (access_key_id) DO UPDATE SET sealed = excluded.sealed";
    let user_key = key.user_name.to_lowercase();
    let texts = [key.id.as_str(), account.as_str(), &user_key].map(Param::Text);
    let [id, account, user] = texts;
    tx.execute(sql, &[id, account, user, Param::Blob(&sealed)]).map(drop)
}

/// Gives the keys of a user to its new name.
pub(super) fn rename(tx: &Tx<'_>, account: &AccountId, old: &str, new: &str) -> Result<(), store::Error> {
    let sql = "UPDATE iam_access_key SET user_key = ?3 WHERE account = ?1 AND user_key = ?2";
    let (old, new) = (old.to_lowercase(), new.to_lowercase());
    tx.execute(sql, &[account.as_str(), &old, &new].map(Param::Text)).map(drop)
}
