//! Where functions are kept.

use super::error::Error;
use super::model::{Function, LayerVersion, Version};
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Param, Record, SealedColumn, Tx};

/// The schema, version by version.
pub(super) const STEPS: &[&str] = &["
    CREATE TABLE function (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, is_provisioned BIGINT NOT NULL,
        record TEXT NOT NULL, PRIMARY KEY (account, region, name)
    );
    CREATE TABLE function_version (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
        number BIGINT NOT NULL, code TEXT NOT NULL, record TEXT NOT NULL, environment BLOB,
        PRIMARY KEY (account, region, name, version)
    );
    CREATE INDEX function_version_code ON function_version (code);
    CREATE TABLE function_version_layer (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, code TEXT NOT NULL,
        PRIMARY KEY (account, region, name, version, code)
    );
    CREATE INDEX function_version_layer_code ON function_version_layer (code);
    CREATE TABLE function_code (sha256 TEXT NOT NULL PRIMARY KEY, size BIGINT NOT NULL, bytes BLOB NOT NULL);
    CREATE TABLE function_layer (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, number BIGINT NOT NULL,
        code TEXT NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (account, region, name, number)
    );
    CREATE INDEX function_layer_code ON function_layer (code);
    CREATE TABLE function_layer_number (
        account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, newest BIGINT NOT NULL,
        PRIMARY KEY (account, region, name)
    );
    CREATE TABLE function_event (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        due BIGINT NOT NULL, record TEXT NOT NULL, payload BLOB NOT NULL
    );
    CREATE INDEX function_event_due ON function_event (due);
", "
    CREATE TABLE function_url (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
        qualifier TEXT NOT NULL
    );
    CREATE INDEX function_url_function ON function_url (account, region, name);
", "
    CREATE TABLE function_source (
        id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, record TEXT NOT NULL
    );
", "
    CREATE TABLE function_checkpoint (
        source TEXT NOT NULL, shard TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (source, shard)
    );
"];

/// What is encrypted.
pub(super) const SEALED: &[&SealedColumn] = &[&ENVIRONMENT];
/// Environment variables, which often are secrets.
const ENVIRONMENT: SealedColumn = SealedColumn {
    table: "function_version",
    column: "environment",
    key: &["account", "region", "name", "version"],
    lookup: None,
};

fn key<'a>(home: &'a AccountRegion, name: &'a str) -> [Param<'a>; 3] {
    [Param::Text(home.account.as_str()), Param::Text(home.region.as_str()), Param::Text(name)]
}

pub(super) fn function(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<Option<Function>, Error> {
    let sql = "SELECT record FROM function WHERE account = ?1 AND region = ?2 AND name = ?3";
    let text = tx.query_one(sql, &key(home, name), |row| row.text(0))?;
    Ok(text.map(|text| Function::decode(text.as_bytes())).transpose()?)
}

pub(super) fn put_function(tx: &Tx<'_>, home: &AccountRegion, function: &Function) -> Result<(), Error> {
    let text = function.encode()?;
    let sql =
        "INSERT INTO function (account, region, name, is_provisioned, record) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (account, region, name) DO UPDATE
               SET is_provisioned = excluded.is_provisioned, record = excluded.record";
    let [account, region, name] = key(home, &function.name);
    let is_provisioned = Param::Int((!function.provisioned.is_empty()).into());
    tx.execute(sql, &[account, region, name, is_provisioned, Param::Text(&text)])?;
    put_urls(tx, home, function)
}

/// Makes a function's URLs known by their ids.
fn put_urls(tx: &Tx<'_>, home: &AccountRegion, function: &Function) -> Result<(), Error> {
    forget_urls(tx, home, &function.name)?;
    let sql = "INSERT INTO function_url (id, account, region, name, qualifier) VALUES (?1, ?2, ?3, ?4, ?5)";
    let [account, region, name] = key(home, &function.name);
    for (qualifier, url) in &function.urls {
        tx.execute(sql, &[Param::Text(&url.id), account, region, name, Param::Text(qualifier)])?;
    }
    Ok(())
}

fn forget_urls(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<(), Error> {
    let sql = "DELETE FROM function_url WHERE account = ?1 AND region = ?2 AND name = ?3";
    tx.execute(sql, &key(home, name))?;
    Ok(())
}

/// The function that a URL leads to, and the alias, or `""`.
pub(super) fn url(tx: &Tx<'_>, id: &str) -> Result<Option<(AccountRegion, String, String)>, Error> {
    let sql = "SELECT account, region, name, qualifier FROM function_url WHERE id = ?1";
    let found = tx.query_one(sql, &[Param::Text(id)], |row| {
        Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?))
    })?;
    Ok(found.and_then(|(account, region, name, qualifier)| {
        let home = AccountRegion { account: AccountId::parse(&account)?, region: Region::parse(&region)? };
        Some((home, name, qualifier))
    }))
}

/// Names after `after`, in their order.
pub(super) fn names(
    tx: &Tx<'_>,
    home: &AccountRegion,
    after: &str,
    max: usize,
) -> Result<Vec<String>, Error> {
    let sql =
        "SELECT name FROM function WHERE account = ?1 AND region = ?2 AND ?3 < name ORDER BY name LIMIT ?4";
    let [account, region, after] = key(home, after);
    let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
    Ok(tx.query(sql, &[account, region, after, max], |row| row.text(0))?)
}

/// Functions that have instances kept ready.
pub(super) fn provisioned(tx: &Tx<'_>, max: usize) -> Result<Vec<(AccountRegion, String)>, Error> {
    let sql = "SELECT account, region, name FROM function WHERE is_provisioned = 1 LIMIT ?1";
    let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
    let rows = tx.query(sql, &[max], |row| Ok((row.text(0)?, row.text(1)?, row.text(2)?)))?;
    let home = |account: &str, region: &str| {
        Some(AccountRegion { account: AccountId::parse(account)?, region: Region::parse(region)? })
    };
    Ok(rows
        .into_iter()
        .filter_map(|(account, region, name)| Some((home(&account, &region)?, name)))
        .collect())
}

/// How many functions there are.
pub(super) fn count(tx: &Tx<'_>) -> Result<i64, Error> {
    Ok(tx.query_one("SELECT COUNT(*) FROM function", &[], |row| row.int(0))?.unwrap_or(0))
}

pub(super) fn version(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    version: &str,
) -> Result<Option<Version>, Error> {
    let sql = "SELECT record, environment FROM function_version
               WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4";
    let [account, region, of] = key(home, name);
    let row = tx.query_one(sql, &[account, region, of, Param::Text(version)], |row| {
        Ok((row.text(0)?, row.opt_blob(1)?))
    })?;
    row.map(|(text, sealed)| read(tx, home, name, version, &text, sealed)).transpose()
}

fn read(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    version: &str,
    text: &str,
    sealed: Option<Vec<u8>>,
) -> Result<Version, Error> {
    let place = [home.account.as_str(), home.region.as_str(), name, version];
    let environment = sealed.map(|sealed| tx.unseal(&ENVIRONMENT, &place, &sealed)).transpose()?;
    let mut read = Version::decode(text.as_bytes())?;
    read.settings.environment = environment.as_deref().map(serde_json::from_slice).transpose()?;
    Ok(read)
}

/// Versions with numbers after `after`; `$LATEST` is 0.
pub(super) fn versions(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    after: i64,
    max: usize,
) -> Result<Vec<Version>, Error> {
    let sql = "SELECT version, record, environment FROM function_version
               WHERE account = ?1 AND region = ?2 AND name = ?3 AND ?4 < number ORDER BY number LIMIT ?5";
    let [account, region, of] = key(home, name);
    let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
    let rows = tx.query(sql, &[account, region, of, Param::Int(after), max], |row| {
        Ok((row.text(0)?, row.text(1)?, row.opt_blob(2)?))
    })?;
    rows.into_iter().map(|(version, text, sealed)| read(tx, home, name, &version, &text, sealed)).collect()
}

/// Writes a version; packages that only it had before are deleted.
pub(super) fn put_version(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    version: &Version,
) -> Result<(), Error> {
    let text = version.encode()?;
    let before = codes(tx, home, name, Some(&version.version))?;
    let place = [home.account.as_str(), home.region.as_str(), name, version.version.as_str()];
    let environment = version.settings.environment.as_ref().map(serde_json::to_vec).transpose()?;
    let sealed = environment.map(|bytes| tx.seal(&ENVIRONMENT, &place, &bytes)).transpose()?;
    let sql =
        "INSERT INTO function_version (account, region, name, version, number, code, record, environment)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
               ON CONFLICT (account, region, name, version) DO UPDATE
               SET code = excluded.code, record = excluded.record, environment = excluded.environment";
    let [account, region, name] = key(home, name);
    tx.execute(
        sql,
        &[
            account,
            region,
            name,
            Param::Text(&version.version),
            Param::Int(version.version.parse().unwrap_or(0)),
            Param::Text(&version.code.sha256),
            Param::Text(&text),
            sealed.as_deref().map_or(Param::Null, Param::Blob),
        ],
    )?;
    let version_key = [account, region, name, Param::Text(&version.version)];
    tx.execute(FORGET_LAYERS_OF_VERSION, &version_key)?;
    let sql = "INSERT INTO function_version_layer (account, region, name, version, code) VALUES (?1, ?2, ?3, ?4, ?5)
               ON CONFLICT (account, region, name, version, code) DO NOTHING";
    for layer in &version.settings.layers {
        let [account, region, name, version] = version_key;
        tx.execute(sql, &[account, region, name, version, Param::Text(&layer.code.sha256)])?;
    }
    forget_codes(tx, &before)
}

/// Deletes a version; that there was none is no error.
pub(super) fn delete_version(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    version: &str,
) -> Result<(), Error> {
    let before = codes(tx, home, name, Some(version))?;
    let sql =
        "DELETE FROM function_version WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4";
    let [account, region, of] = key(home, name);
    let version_key = [account, region, of, Param::Text(version)];
    tx.execute(sql, &version_key)?;
    tx.execute(FORGET_LAYERS_OF_VERSION, &version_key)?;
    forget_codes(tx, &before)
}

const FORGET_LAYERS_OF_VERSION: &str =
    "DELETE FROM function_version_layer WHERE account = ?1 AND region = ?2 AND name = ?3 AND version = ?4";

/// Deletes a function with all that it has.
pub(super) fn delete_function(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<(), Error> {
    let before = codes(tx, home, name, None)?;
    for sql in [
        "DELETE FROM function WHERE account = ?1 AND region = ?2 AND name = ?3",
        "DELETE FROM function_version_layer WHERE account = ?1 AND region = ?2 AND name = ?3",
        "DELETE FROM function_version WHERE account = ?1 AND region = ?2 AND name = ?3",
        "DELETE FROM function_event WHERE account = ?1 AND region = ?2 AND name = ?3",
        "DELETE FROM function_url WHERE account = ?1 AND region = ?2 AND name = ?3",
    ] {
        tx.execute(sql, &key(home, name))?;
    }
    forget_codes(tx, &before)
}

// === packages ===

pub(super) fn put_code(tx: &Tx<'_>, sha256: &str, bytes: &[u8]) -> Result<(), Error> {
    let sql =
        "INSERT INTO function_code (sha256, size, bytes) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING";
    let size = Param::Int(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    tx.execute(sql, &[Param::Text(sha256), size, Param::Blob(bytes)])?;
    Ok(())
}

pub(super) fn code(tx: &Tx<'_>, sha256: &str) -> Result<Vec<u8>, Error> {
    let sql = "SELECT bytes FROM function_code WHERE sha256 = ?1";
    let found = tx.query_one(sql, &[Param::Text(sha256)], |row| row.blob(0))?;
    Ok(found.ok_or_else(|| store::Error::Corrupt("a function's package is missing".to_owned()))?)
}

/// The bytes of all packages.
pub(super) fn code_bytes(tx: &Tx<'_>) -> Result<i64, Error> {
    Ok(tx
        .query_one("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM function_code", &[], |row| row.int(0))?
        .unwrap_or(0))
}

/// The packages of a version and its layers, or of all versions of a function.
fn codes(tx: &Tx<'_>, home: &AccountRegion, name: &str, version: Option<&str>) -> Result<Vec<String>, Error> {
    let sql = "SELECT code FROM function_version
               WHERE account = ?1 AND region = ?2 AND name = ?3 AND (?4 = '' OR version = ?4)
               UNION SELECT code FROM function_version_layer
               WHERE account = ?1 AND region = ?2 AND name = ?3 AND (?4 = '' OR version = ?4)";
    let [account, region, of] = key(home, name);
    Ok(tx.query(sql, &[account, region, of, Param::Text(version.unwrap_or_default())], |row| row.text(0))?)
}

/// Deletes those of `codes` that no version and no layer has any more.
fn forget_codes(tx: &Tx<'_>, codes: &[String]) -> Result<(), Error> {
    let sql = "DELETE FROM function_code WHERE sha256 = ?1
               AND NOT EXISTS (SELECT 1 FROM function_version WHERE code = ?1)
               AND NOT EXISTS (SELECT 1 FROM function_version_layer WHERE code = ?1)
               AND NOT EXISTS (SELECT 1 FROM function_layer WHERE code = ?1)";
    for code in codes {
        tx.execute(sql, &[Param::Text(code)])?;
    }
    Ok(())
}

// === layers ===

pub(super) fn layer(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: &str,
    number: u64,
) -> Result<Option<LayerVersion>, Error> {
    let sql =
        "SELECT record FROM function_layer WHERE account = ?1 AND region = ?2 AND name = ?3 AND number = ?4";
    let [account, region, of] = key(home, name);
    let number = Param::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let text = tx.query_one(sql, &[account, region, of, number], |row| row.text(0))?;
    Ok(text.map(|text| LayerVersion::decode(text.as_bytes())).transpose()?)
}

/// Versions of a layer, or of all layers, the newest of each layer first.
pub(super) fn layers(
    tx: &Tx<'_>,
    home: &AccountRegion,
    name: Option<&str>,
) -> Result<Vec<LayerVersion>, Error> {
    let sql =
        "SELECT record FROM function_layer WHERE account = ?1 AND region = ?2 AND (?3 = '' OR name = ?3)
               ORDER BY name, number DESC LIMIT 10000";
    let texts = tx.query(sql, &key(home, name.unwrap_or_default()), |row| row.text(0))?;
    texts.iter().map(|text| Ok(LayerVersion::decode(text.as_bytes())?)).collect()
}

/// The number of a layer's next version. Numbers of deleted versions are not given again, as on AWS.
pub(super) fn next_layer_number(tx: &Tx<'_>, home: &AccountRegion, name: &str) -> Result<u64, Error> {
    let sql = "INSERT INTO function_layer_number (account, region, name, newest) VALUES (?1, ?2, ?3, 1)
               ON CONFLICT (account, region, name) DO UPDATE SET newest = function_layer_number.newest + 1";
    tx.execute(sql, &key(home, name))?;
    let sql = "SELECT newest FROM function_layer_number WHERE account = ?1 AND region = ?2 AND name = ?3";
    let number = tx.query_one(sql, &key(home, name), |row| row.int(0))?.unwrap_or(1);
    Ok(number.unsigned_abs())
}

pub(super) fn put_layer(tx: &Tx<'_>, home: &AccountRegion, layer: &LayerVersion) -> Result<(), Error> {
    let text = layer.encode()?;
    let sql = "INSERT INTO function_layer (account, region, name, number, code, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let [account, region, name] = key(home, &layer.name);
    let number = Param::Int(i64::try_from(layer.version).unwrap_or(i64::MAX));
    tx.execute(sql, &[account, region, name, number, Param::Text(&layer.code.sha256), Param::Text(&text)])?;
    Ok(())
}

/// Changes what is kept of a layer's version.
pub(super) fn replace_layer(tx: &Tx<'_>, home: &AccountRegion, layer: &LayerVersion) -> Result<(), Error> {
    let text = layer.encode()?;
    let sql = "UPDATE function_layer SET record = ?5
               WHERE account = ?1 AND region = ?2 AND name = ?3 AND number = ?4";
    let [account, region, name] = key(home, &layer.name);
    let number = Param::Int(i64::try_from(layer.version).unwrap_or(i64::MAX));
    tx.execute(sql, &[account, region, name, number, Param::Text(&text)])?;
    Ok(())
}

pub(super) fn delete_layer(tx: &Tx<'_>, home: &AccountRegion, name: &str, number: u64) -> Result<(), Error> {
    let Some(layer) = layer(tx, home, name, number)? else { return Ok(()) };
    let sql = "DELETE FROM function_layer WHERE account = ?1 AND region = ?2 AND name = ?3 AND number = ?4";
    let [account, region, of] = key(home, name);
    tx.execute(sql, &[account, region, of, Param::Int(i64::try_from(number).unwrap_or(i64::MAX))])?;
    forget_codes(tx, &[layer.code.sha256])
}
