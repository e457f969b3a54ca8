//! Where issuers' keys are kept, and what all tables of the room have in common.

use super::error::Error;
use super::keys::{Algorithm, SigningKey};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Param, Record, Row, SealedColumn, Tx, Unreadable, record, records};

/// The schema, version by version.
pub(crate) const STEPS: &[&str] = &[
    "
    CREATE TABLE cognito_key (issuer TEXT NOT NULL PRIMARY KEY, sealed BLOB NOT NULL);
    CREATE TABLE cognito_identity_pool (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX cognito_identity_pool_home ON cognito_identity_pool (account, region, id);
    CREATE TABLE cognito_identity (id TEXT NOT NULL PRIMARY KEY, pool TEXT NOT NULL, record TEXT NOT NULL);
    CREATE INDEX cognito_identity_of_pool ON cognito_identity (pool, id);
    CREATE TABLE cognito_login (
        pool TEXT NOT NULL, provider TEXT NOT NULL, subject TEXT NOT NULL, identity TEXT NOT NULL,
        PRIMARY KEY (pool, provider, subject)
    );
    CREATE INDEX cognito_login_of_identity ON cognito_login (identity, provider, subject);
",
    "
    CREATE TABLE cognito_user_pool (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX cognito_user_pool_home ON cognito_user_pool (account, region, id);
    CREATE TABLE cognito_client (
        id TEXT NOT NULL PRIMARY KEY, pool TEXT NOT NULL, record TEXT NOT NULL, sealed BLOB NOT NULL
    );
    CREATE INDEX cognito_client_of_pool ON cognito_client (pool, id);
    CREATE TABLE cognito_user (
        pool TEXT NOT NULL, user_key TEXT NOT NULL, record TEXT NOT NULL, sealed BLOB NOT NULL,
        PRIMARY KEY (pool, user_key)
    );
    CREATE TABLE cognito_alias (
        pool TEXT NOT NULL, alias TEXT NOT NULL, user_key TEXT NOT NULL, PRIMARY KEY (pool, alias)
    );
    CREATE INDEX cognito_alias_of_user ON cognito_alias (pool, user_key);
    CREATE TABLE cognito_group (
        pool TEXT NOT NULL, name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (pool, name)
    );
    CREATE TABLE cognito_membership (
        pool TEXT NOT NULL, name TEXT NOT NULL, user_key TEXT NOT NULL, PRIMARY KEY (pool, name, user_key)
    );
    CREATE INDEX cognito_membership_of_user ON cognito_membership (pool, user_key, name);
    CREATE TABLE cognito_sign_in (
        id TEXT NOT NULL PRIMARY KEY, pool TEXT NOT NULL, user_key TEXT NOT NULL, expires BIGINT NOT NULL,
        record TEXT NOT NULL
    );
    CREATE INDEX cognito_sign_in_of_user ON cognito_sign_in (pool, user_key);
    CREATE INDEX cognito_sign_in_expires ON cognito_sign_in (expires);
",
];

/// What is encrypted.
pub(crate) const SEALED: &[&SealedColumn] = &[&KEYS, &CLIENT_SECRETS, &USER_SECRETS];
/// Clients' secrets.
pub(crate) const CLIENT_SECRETS: SealedColumn =
    SealedColumn { table: "cognito_client", column: "sealed", key: &["id"], lookup: None };
/// Users' passwords and codes.
pub(crate) const USER_SECRETS: SealedColumn =
    SealedColumn { table: "cognito_user", column: "sealed", key: &["pool", "user_key"], lookup: None };
/// Issuers' private keys.
const KEYS: SealedColumn =
    SealedColumn { table: "cognito_key", column: "sealed", key: &["issuer"], lookup: None };

/// The keys of an issuer, as they are kept.
pub(crate) struct KeptKeys {
    keys: Vec<KeptKey>,
}

struct KeptKey {
    id: String,
    algorithm: Algorithm,
    secret: String,
}

records! {
    /// The room's own kinds.
    pub(crate) const RECORDS;
    KeptKeys, "cognito keys": now 1 => KeptKeysV1;
}

record! {
    /// The keys of an issuer.
    struct KeptKeysV1 of KeptKeys {
        "keys" keys: Vec<KeptKeyV1>,
    }

    /// A key: PKCS #8 in base64.
    struct KeptKeyV1 of KeptKey {
        "id" id: String,
        "algorithm" algorithm: String,
        "secret" secret: String,
    }
}

impl store::Stored<String> for Algorithm {
    fn to_stored(&self) -> String {
        self.name().to_owned()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        match form.as_str() {
            "RS256" => Ok(Self::Rs256),
            "RS512" => Ok(Self::Rs512),
            _ => Err(Unreadable { what: "algorithm", value: form }),
        }
    }
}

impl KeptKeys {
    /// As they are to be kept.
    pub(crate) fn of<'a>(keys: impl Iterator<Item = &'a SigningKey>) -> Result<Self, Error> {
        let kept = |key: &SigningKey| {
            Ok(KeptKey { id: key.id.clone(), algorithm: key.algorithm, secret: key.secret()? })
        };
        Ok(Self { keys: keys.map(kept).collect::<Result<_, Error>>()? })
    }

    /// Ready to sign.
    pub(crate) fn open(self) -> Result<Vec<SigningKey>, Error> {
        let keys = self.keys.into_iter();
        keys.map(|key| SigningKey::of_secret(key.id, key.algorithm, &key.secret)).collect()
    }
}

pub(crate) fn keys(tx: &Tx<'_>, issuer: &str) -> Result<Option<KeptKeys>, store::Error> {
    let sql = "SELECT sealed FROM cognito_key WHERE issuer = ?1";
    let sealed = tx.query_one(sql, &[Param::Text(issuer)], |row| row.blob(0))?;
    sealed.map(|sealed| KeptKeys::decode(&tx.unseal(&KEYS, &[issuer], &sealed)?)).transpose()
}

/// Keeps the keys of an issuer that has none; false if it has some.
pub(crate) fn add_keys(tx: &Tx<'_>, issuer: &str, keys: &KeptKeys) -> Result<bool, store::Error> {
    let sealed = tx.seal(&KEYS, &[issuer], keys.encode()?.as_bytes())?;
    let sql = "INSERT INTO cognito_key (issuer, sealed) VALUES (?1, ?2) ON CONFLICT (issuer) DO NOTHING";
    Ok(tx.execute(sql, &[Param::Text(issuer), Param::Blob(&sealed)])? == 1)
}

/// A record in the row's first column.
pub(crate) fn decoded<T: Record>(row: &Row<'_>) -> Result<T, store::Error> {
    T::decode(row.text(0)?.as_bytes())
}

/// Account and region in these columns.
pub(crate) fn home(row: &Row<'_>, account: usize, region: usize) -> Result<AccountRegion, store::Error> {
    let (account, region) = (row.text(account)?, row.text(region)?);
    let parsed = AccountId::parse(&account).zip(Region::parse(&region));
    let (account, region) = parsed
        .ok_or_else(|| store::Error::Corrupt(format!("{account} {region} is no account and region")))?;
    Ok(AccountRegion { account, region })
}

/// A LIMIT that is one more than a page, so that there is something to say that more follows.
pub(crate) fn one_more(max: usize) -> Param<'static> {
    Param::Int(i64::try_from(max.saturating_add(1)).unwrap_or(i64::MAX))
}
