//! The store's keys: where the master key is, the data key that it decrypts, and the rotation of both.
//!
//! A rotation is one transaction that encrypts every secret again and stores the new data key. The file of a generated
//! master key changes in two steps around it: before, the new key is written beside the old one; afterwards, it
//! replaces it. The one that decrypts the data key is the right one, so the next start repairs an interrupted rotation.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use super::directory::{Directory, at, private_file};
use super::secrets::{DataKey, MasterKey, MasterKeySource, SealedColumn, Secrets};
use super::statements::Statements;
use super::{Error, Param, Store};

/// The file of a generated master key.
const FILE: &str = "secrets.key";
const NEW_FILE: &str = "secrets.key.new";
/// How many rows are read at a time.
const ROWS_AT_ONCE: i64 = 500;

/// The stored form of the data key.
struct Kept {
    master_id: String,
    wrapped: Vec<u8>,
}

/// Decrypts the data key. If there is none, generates it, and the master key if that is stored here.
pub(super) fn open(
    statements: &Statements<'_>,
    directory: &Directory,
    source: &MasterKeySource,
) -> Result<Secrets, Error> {
    let Some(kept) = read(statements)? else {
        let master = match source {
            MasterKeySource::Given(key) => key.clone(),
            MasterKeySource::Beside => match read_file(directory, FILE)? {
                // From a start that got no further.
                Some(key) => key,
                None => write_file(directory, FILE, &MasterKey::generate()?)?,
            },
        };
        let key = DataKey::generate()?;
        keep(statements, &master, &key)?;
        return Secrets::new(&key);
    };
    let master = match source {
        MasterKeySource::Given(key) => key.clone(),
        MasterKeySource::Beside => beside(directory, &kept.master_id)?,
    };
    if master.id()? != kept.master_id {
        return Err(Error::MasterKey(format!(
            "it is key {}, and the secrets are encrypted with key {}",
            master.id()?,
            kept.master_id
        )));
    }
    if matches!(source, MasterKeySource::Given(_)) && directory.file(FILE).exists() {
        tracing::warn!("{FILE} in the data directory is not used any more; delete it");
    }
    Secrets::new(&master.unwrap(&kept.wrapped)?)
}

/// The generated key, after repairing an interrupted rotation.
fn beside(directory: &Directory, id: &str) -> Result<MasterKey, Error> {
    let is = |key: &MasterKey| key.id().is_ok_and(|found| found == id);
    let (key, new) = (read_file(directory, FILE)?, read_file(directory, NEW_FILE)?);
    if let Some(new) = new.filter(is) {
        promote(directory)?;
        return Ok(new);
    }
    let Some(key) = key else {
        let what = "there is no secrets.key in the data directory, and the secrets are encrypted with a key";
        return Err(Error::MasterKey(what.to_owned()));
    };
    if is(&key) {
        remove(directory, NEW_FILE)?;
    }
    Ok(key)
}

impl Store {
    /// Encrypts every value in `columns` again, with a new data key that is encrypted with the key from `source`. With
    /// [`MasterKeySource::Beside`], the master key is new too. Close the store afterwards, because it keeps the old key
    /// in memory.
    ///
    /// Returns the number of values.
    ///
    /// # Errors
    /// Any [`Error`]; nothing has changed then.
    pub async fn rotate(
        &self,
        columns: Vec<&'static SealedColumn>,
        source: MasterKeySource,
    ) -> Result<usize, Error> {
        let directory = &self.inner.directory;
        let master = match &source {
            MasterKeySource::Given(key) => key.clone(),
            MasterKeySource::Beside => write_file(directory, NEW_FILE, &MasterKey::generate()?)?,
        };
        let n_values = self
            .write(move |tx| {
                let key = DataKey::generate()?;
                let (old, new) = (tx.secrets(), Secrets::new(&key)?);
                let statements = tx.statements();
                let mut n_values = 0;
                for column in &columns {
                    n_values += reseal(statements, column, old, &new)?;
                }
                keep(statements, &master, &key)?;
                Ok::<_, Error>(n_values)
            })
            .await?;
        match source {
            MasterKeySource::Given(_) => remove(directory, FILE)?,
            MasterKeySource::Beside => promote(directory)?,
        }
        Ok(n_values)
    }
}

/// Encrypts the values of one column again, in the order of their keys.
fn reseal(
    statements: &Statements<'_>,
    column: &SealedColumn,
    old: &Secrets,
    new: &Secrets,
) -> Result<usize, Error> {
    let SealedColumn { table, column: name, key, lookup } = column;
    let (keys, places) = (key.join(", "), |from: usize| {
        let places: Vec<String> = (from..from + key.len()).map(|n| format!("?{n}")).collect();
        places.join(", ")
    });
    let page = format!("ORDER BY {keys} LIMIT {ROWS_AT_ONCE}");
    let first = format!("SELECT {name}, {keys} FROM {table} WHERE {name} IS NOT NULL {page}");
    let more = format!(
        "SELECT {name}, {keys} FROM {table} WHERE {name} IS NOT NULL AND ({}) < ({keys}) {page}",
        places(1)
    );
    let (with_lookup, n) =
        lookup.as_ref().map_or_else(|| (String::new(), 1), |it| (format!(", {} = ?2", it.column), 2));
    let update = format!("UPDATE {table} SET {name} = ?1{with_lookup} WHERE ({keys}) = ({})", places(n + 1));
    let (mut after, mut n_values): (Vec<String>, _) = (Vec::new(), 0);
    loop {
        let sql = if after.is_empty() { &first } else { &more };
        let params: Vec<Param<'_>> = after.iter().map(Param::from).collect();
        let rows = statements.query(sql, &params, |row| {
            let names: Result<Vec<String>, _> = (0..key.len()).map(|n| row.text(1 + n)).collect();
            Ok((names?, row.blob(0)?))
        })?;
        let Some((last, _)) = rows.last() else { return Ok(n_values) };
        after.clone_from(last);
        for (names, sealed) in rows {
            let of: Vec<&str> = names.iter().map(String::as_str).collect();
            let value = old.unseal(column, &of, &sealed)?;
            let found_by = lookup.as_ref().map(|it| (it.of)(&value).map(|part| new.lookup(column, &part)));
            let sealed = new.seal(column, &of, &value)?;
            let found_by = found_by.as_ref().map(|found_by| Param::from(found_by.as_deref()));
            let values = [Some(Param::Blob(&sealed)), found_by];
            let values = values.into_iter().flatten().chain(of.iter().copied().map(Param::Text));
            statements.execute(&update, &values.collect::<Vec<_>>())?;
            n_values += 1;
        }
    }
}

fn read(statements: &Statements<'_>) -> Result<Option<Kept>, Error> {
    let sql = "SELECT master, wrapped FROM store_key WHERE id = 1";
    statements.query_one(sql, &[], |row| Ok(Kept { master_id: row.text(0)?, wrapped: row.blob(1)? }))
}

fn keep(statements: &Statements<'_>, master: &MasterKey, key: &DataKey) -> Result<(), Error> {
    let sql = "INSERT INTO store_key (id, master, wrapped) VALUES (1, ?1, ?2)
        ON CONFLICT (id) DO UPDATE SET master = excluded.master, wrapped = excluded.wrapped";
    let (id, wrapped) = (master.id()?, master.wrap(key)?);
    statements.execute(sql, &[Param::Text(&id), Param::Blob(&wrapped)])?;
    Ok(())
}

fn read_file(directory: &Directory, name: &str) -> Result<Option<MasterKey>, Error> {
    let path = directory.file(name);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let wrong = || Error::MasterKey(format!("{} holds no key", path.display()));
            MasterKey::parse(&text).map(Some).ok_or_else(wrong)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(Error::MasterKey(format!("{} holds no key", path.display())))
        }
        Err(error) => Err(at(&path, &error)),
    }
}

/// Writes a key so that the file exists completely or not at all.
fn write_file(directory: &Directory, name: &str, key: &MasterKey) -> Result<MasterKey, Error> {
    let (path, unfinished) = (directory.file(name), directory.file(&format!("{name}.unfinished")));
    let mut file = private_file(&unfinished)?;
    let said = |error: std::io::Error| at(&unfinished, &error);
    file.set_len(0).map_err(said)?;
    file.write_all(format!("{}\n", key.to_text()).as_bytes()).map_err(said)?;
    file.sync_all().map_err(said)?;
    rename(directory, unfinished.clone(), path)?;
    Ok(key.clone())
}

fn promote(directory: &Directory) -> Result<(), Error> {
    rename(directory, directory.file(NEW_FILE), directory.file(FILE))
}

fn rename(directory: &Directory, from: PathBuf, to: PathBuf) -> Result<(), Error> {
    fs::rename(&from, &to).map_err(|error| at(&from, &error))?;
    directory.sync()
}

fn remove(directory: &Directory, name: &str) -> Result<(), Error> {
    let path = directory.file(name);
    match fs::remove_file(&path) {
        Ok(()) => directory.sync(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(&path, &error)),
    }
}
