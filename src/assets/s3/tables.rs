//! Buckets, objects and uploads, and where they are kept. Whether a file is an object's is what `s3_file` says.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::files::Piece;
use crate::assets::error::Error;
use crate::clock::Timestamp;
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Param, Record, Row, Tx, record, records};

/// The schema, version by version.
pub(super) const STEPS: &[&str] = &["
    CREATE TABLE s3_bucket (
        name TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX s3_bucket_of_account ON s3_bucket (account, name);
    CREATE TABLE s3_object (
        bucket TEXT NOT NULL, object_key TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (bucket, object_key)
    );
    CREATE TABLE s3_upload (
        id TEXT NOT NULL PRIMARY KEY, bucket TEXT NOT NULL, object_key TEXT NOT NULL, record TEXT NOT NULL
    );
    CREATE INDEX s3_upload_of_bucket ON s3_upload (bucket, object_key, id);
    CREATE TABLE s3_part (
        upload TEXT NOT NULL, number BIGINT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (upload, number)
    );
    CREATE TABLE s3_file (id TEXT NOT NULL PRIMARY KEY);
"];

/// A bucket without its name and home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) created: Timestamp,
    /// What was set, as it was sent, by the names of their elements.
    pub(super) settings: BTreeMap<String, String>,
}

/// An object without its bucket and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) modified: Timestamp,
    /// Without quotes.
    pub(super) etag: String,
    pub(super) parts: Vec<Part>,
    /// Whether it was uploaded in parts.
    pub(super) is_multipart: bool,
    pub(super) about: About,
    /// The name of the algorithm, and the checksum.
    pub(super) checksum_algorithm: String,
    pub(super) checksum: String,
    pub(super) checksum_type: String,
}

/// What a client says of an object, beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) content_type: Option<String>,
    /// Other headers that are answered as they were sent.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
}

/// A part of an object, or of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) size: u64,
}

/// An upload in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upload {
    pub(super) started: Timestamp,
    pub(super) about: About,
    pub(super) checksum_algorithm: Option<String>,
    /// `COMPOSITE` or `FULL_OBJECT`.
    pub(super) checksum_type: String,
}

/// A part that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uploaded {
    pub(super) part: Part,
    pub(super) modified: Timestamp,
    pub(super) etag: String,
    pub(super) checksum_algorithm: String,
    pub(super) checksum: String,
}

records! {
    /// The kinds of this service.
    pub(super) const RECORDS;
    Bucket, "s3 bucket": now 1 => BucketV1;
    Object, "s3 object": now 1 => ObjectV1;
    Upload, "s3 upload": now 1 => UploadV1;
    Uploaded, "s3 part": now 1 => UploadedV1;
}

record! {
    struct BucketV1 of Bucket {
        "created" created: i64,
        "settings" settings: BTreeMap<String, String>,
    }

    struct ObjectV1 of Object {
        "modified" modified: i64,
        "etag" etag: String,
        "parts" parts: Vec<PartV1>,
        "is_multipart" is_multipart: bool,
        "about" about: AboutV1,
        "checksum_algorithm" checksum_algorithm: String,
        "checksum" checksum: String,
        "checksum_type" checksum_type: String,
    }

    struct AboutV1 of About {
        "content_type" content_type: Option<String>,
        "headers" headers: BTreeMap<String, String>,
        "metadata" metadata: BTreeMap<String, String>,
        "tags" tags: BTreeMap<String, String>,
    }

    struct PartV1 of Part {
        "file" file: String,
        "size" size: u64,
    }

    struct UploadV1 of Upload {
        "started" started: i64,
        "about" about: AboutV1,
        "checksum_algorithm" checksum_algorithm: Option<String>,
        "checksum_type" checksum_type: String,
    }

    struct UploadedV1 of Uploaded {
        "part" part: PartV1,
        "modified" modified: i64,
        "etag" etag: String,
        "checksum_algorithm" checksum_algorithm: String,
        "checksum" checksum: String,
    }
}

impl Object {
    pub(super) fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }

    pub(super) fn files(&self) -> Vec<String> {
        self.parts.iter().map(|part| part.file.clone()).collect()
    }

    /// Where the bytes from `start`, `length` of them, are.
    pub(super) fn pieces(&self, start: u64, length: u64) -> Vec<Piece> {
        let (mut at, end) = (0_u64, start.saturating_add(length));
        let mut pieces = Vec::new();
        for part in &self.parts {
            let (from, to) = (start.max(at), end.min(at.saturating_add(part.size)));
            if from < to {
                pieces.push(Piece { id: part.file.clone(), start: from - at, length: to - from });
            }
            at = at.saturating_add(part.size);
        }
        pieces
    }
}

fn decoded<T: Record>(row: &Row<'_>, column: usize) -> Result<T, store::Error> {
    T::decode(row.text(column)?.as_bytes())
}

pub(super) fn bucket(tx: &Tx<'_>, name: &str) -> Result<Option<(AccountRegion, Bucket)>, store::Error> {
    let sql = "SELECT account, region, record FROM s3_bucket WHERE name = ?1";
    tx.query_one(sql, &[Param::Text(name)], |row| Ok((home(row, 0)?, decoded(row, 2)?)))
}

fn home(row: &Row<'_>, column: usize) -> Result<AccountRegion, store::Error> {
    let (account, region) = (row.text(column)?, row.text(column + 1)?);
    let parsed = AccountId::parse(&account).zip(Region::parse(&region));
    let (account, region) = parsed
        .ok_or_else(|| store::Error::Corrupt(format!("{account} {region} is no account and region")))?;
    Ok(AccountRegion { account, region })
}

/// The buckets of an account whose names come after `after`.
pub(super) fn buckets(
    tx: &Tx<'_>,
    account: &AccountId,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, AccountRegion, Bucket)>, store::Error> {
    let sql = "SELECT name, account, region, record FROM s3_bucket WHERE account = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [Param::Text(account.as_str()), Param::Text(after), Param::Int(limit)];
    tx.query(sql, &params, |row| Ok((row.text(0)?, home(row, 1)?, decoded(row, 3)?)))
}

pub(super) fn count_buckets(tx: &Tx<'_>, account: &AccountId) -> Result<i64, store::Error> {
    let sql = "SELECT COUNT(*) FROM s3_bucket WHERE account = ?1";
    Ok(tx.query_one(sql, &[Param::Text(account.as_str())], |row| row.int(0))?.unwrap_or(0))
}

/// Adds a bucket that is not there.
pub(super) fn add_bucket(
    tx: &Tx<'_>,
    name: &str,
    home: &AccountRegion,
    bucket: &Bucket,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO s3_bucket (name, account, region, record) VALUES (?1, ?2, ?3, ?4)";
    let record = bucket.encode()?;
    let (account, region) = (home.account.as_str(), home.region.as_str());
    let params = [Param::Text(name), Param::Text(account), Param::Text(region), Param::Text(&record)];
    tx.execute(sql, &params)?;
    Ok(())
}

/// Changes a bucket that is there.
pub(super) fn put_bucket(tx: &Tx<'_>, name: &str, bucket: &Bucket) -> Result<(), store::Error> {
    let sql = "UPDATE s3_bucket SET record = ?2 WHERE name = ?1";
    tx.execute(sql, &[Param::Text(name), Param::Text(&bucket.encode()?)])?;
    Ok(())
}

pub(super) fn has_objects(tx: &Tx<'_>, bucket: &str) -> Result<bool, store::Error> {
    let sql = "SELECT 1 FROM s3_object WHERE bucket = ?1 LIMIT 1";
    Ok(tx.query_one(sql, &[Param::Text(bucket)], |row| row.int(0))?.is_some())
}

/// Removes a bucket without objects, and what was uploaded for it; returns the files.
pub(super) fn delete_bucket(tx: &Tx<'_>, name: &str) -> Result<Vec<String>, store::Error> {
    let sql = "SELECT id FROM s3_upload WHERE bucket = ?1";
    let uploads = tx.query(sql, &[Param::Text(name)], |row| row.text(0))?;
    let mut files = Vec::new();
    for upload in uploads {
        files.extend(delete_upload(tx, &upload, true)?);
    }
    tx.execute("DELETE FROM s3_bucket WHERE name = ?1", &[Param::Text(name)])?;
    Ok(files)
}

pub(super) fn object(tx: &Tx<'_>, bucket: &str, key: &str) -> Result<Option<Object>, store::Error> {
    let sql = "SELECT record FROM s3_object WHERE bucket = ?1 AND object_key = ?2";
    tx.query_one(sql, &[Param::Text(bucket), Param::Text(key)], |row| decoded(row, 0))
}

/// Visits the objects from the key `from` on, in the order of their keys.
pub(super) fn visit_objects(
    tx: &Tx<'_>,
    bucket: &str,
    from: &str,
    mut visit: impl FnMut(String, Object) -> ControlFlow<()>,
) -> Result<(), Error> {
    let sql =
        "SELECT object_key, record FROM s3_object WHERE bucket = ?1 AND object_key >= ?2 ORDER BY object_key";
    tx.visit(sql, &[Param::Text(bucket), Param::Text(from)], |row| {
        Ok::<_, Error>(visit(row.text(0)?, decoded(row, 1)?))
    })
}

/// Writes an object; returns the files of the one that it replaces.
pub(super) fn put_object(
    tx: &Tx<'_>,
    bucket: &str,
    key: &str,
    object: &Object,
) -> Result<Vec<String>, store::Error> {
    let before = self::object(tx, bucket, key)?.map(|before| before.files()).unwrap_or_default();
    let kept = object.files();
    let replaced: Vec<String> = before.into_iter().filter(|file| !kept.contains(file)).collect();
    forget_files(tx, &replaced)?;
    for file in &kept {
        add_file(tx, file)?;
    }
    let sql = "INSERT INTO s3_object (bucket, object_key, record) VALUES (?1, ?2, ?3)
               ON CONFLICT (bucket, object_key) DO UPDATE SET record = excluded.record";
    let record = object.encode()?;
    tx.execute(sql, &[Param::Text(bucket), Param::Text(key), Param::Text(&record)])?;
    Ok(replaced)
}

/// Removes an object; returns its files.
pub(super) fn delete_object(tx: &Tx<'_>, bucket: &str, key: &str) -> Result<Vec<String>, store::Error> {
    let Some(before) = object(tx, bucket, key)? else { return Ok(Vec::new()) };
    let files = before.files();
    forget_files(tx, &files)?;
    let sql = "DELETE FROM s3_object WHERE bucket = ?1 AND object_key = ?2";
    tx.execute(sql, &[Param::Text(bucket), Param::Text(key)])?;
    Ok(files)
}

/// Bucket, key and upload of an id.
pub(super) fn upload(tx: &Tx<'_>, id: &str) -> Result<Option<(String, String, Upload)>, store::Error> {
    let sql = "SELECT bucket, object_key, record FROM s3_upload WHERE id = ?1";
    tx.query_one(sql, &[Param::Text(id)], |row| Ok((row.text(0)?, row.text(1)?, decoded(row, 2)?)))
}

pub(super) fn put_upload(
    tx: &Tx<'_>,
    id: &str,
    bucket: &str,
    key: &str,
    upload: &Upload,
) -> Result<(), store::Error> {
    let sql = "INSERT INTO s3_upload (id, bucket, object_key, record) VALUES (?1, ?2, ?3, ?4)";
    let record = upload.encode()?;
    tx.execute(sql, &[Param::Text(id), Param::Text(bucket), Param::Text(key), Param::Text(&record)])?;
    Ok(())
}

pub(super) fn count_uploads(tx: &Tx<'_>, bucket: &str) -> Result<i64, store::Error> {
    let sql = "SELECT COUNT(*) FROM s3_upload WHERE bucket = ?1";
    Ok(tx.query_one(sql, &[Param::Text(bucket)], |row| row.int(0))?.unwrap_or(0))
}

/// The uploads of a bucket after this key and id.
pub(super) fn uploads(
    tx: &Tx<'_>,
    bucket: &str,
    (after_key, after_id): (&str, &str),
    limit: usize,
) -> Result<Vec<(String, String, Upload)>, store::Error> {
    let sql = "SELECT id, object_key, record FROM s3_upload
               WHERE bucket = ?1 AND (object_key > ?2 OR (object_key = ?2 AND id > ?3))
               ORDER BY object_key, id LIMIT ?4";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [Param::Text(bucket), Param::Text(after_key), Param::Text(after_id), Param::Int(limit)];
    tx.query(sql, &params, |row| Ok((row.text(0)?, row.text(1)?, decoded(row, 2)?)))
}

/// The parts of an upload after this one.
pub(super) fn parts(
    tx: &Tx<'_>,
    upload: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, Uploaded)>, store::Error> {
    let sql = "SELECT number, record FROM s3_part WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let params = [Param::Text(upload), Param::Int(after), Param::Int(limit)];
    tx.query(sql, &params, |row| Ok((row.int(0)?, decoded(row, 1)?)))
}

/// Writes a part; returns the file of the one that it replaces.
pub(super) fn put_part(
    tx: &Tx<'_>,
    upload: &str,
    number: i64,
    part: &Uploaded,
) -> Result<Vec<String>, store::Error> {
    let sql = "SELECT record FROM s3_part WHERE upload = ?1 AND number = ?2";
    let before = tx.query_one(sql, &[Param::Text(upload), Param::Int(number)], decoded_part)?;
    let replaced: Vec<String> = before.into_iter().map(|before| before.part.file).collect();
    forget_files(tx, &replaced)?;
    add_file(tx, &part.part.file)?;
    let sql = "INSERT INTO s3_part (upload, number, record) VALUES (?1, ?2, ?3)
               ON CONFLICT (upload, number) DO UPDATE SET record = excluded.record";
    let record = part.encode()?;
    tx.execute(sql, &[Param::Text(upload), Param::Int(number), Param::Text(&record)])?;
    Ok(replaced)
}

fn decoded_part(row: &Row<'_>) -> Result<Uploaded, store::Error> {
    decoded(row, 0)
}

/// Removes an upload; returns the files of its parts, which are forgotten if they are not an object's now.
pub(super) fn delete_upload(tx: &Tx<'_>, id: &str, with_files: bool) -> Result<Vec<String>, store::Error> {
    let parts = parts(tx, id, 0, usize::MAX)?;
    let files: Vec<String> = parts.into_iter().map(|(_, uploaded)| uploaded.part.file).collect();
    if with_files {
        forget_files(tx, &files)?;
    }
    tx.execute("DELETE FROM s3_part WHERE upload = ?1", &[Param::Text(id)])?;
    tx.execute("DELETE FROM s3_upload WHERE id = ?1", &[Param::Text(id)])?;
    Ok(files)
}

fn add_file(tx: &Tx<'_>, id: &str) -> Result<(), store::Error> {
    tx.execute("INSERT INTO s3_file (id) VALUES (?1) ON CONFLICT (id) DO NOTHING", &[Param::Text(id)])?;
    Ok(())
}

pub(super) fn forget_files(tx: &Tx<'_>, ids: &[String]) -> Result<(), store::Error> {
    for id in ids {
        tx.execute("DELETE FROM s3_file WHERE id = ?1", &[Param::Text(id)])?;
    }
    Ok(())
}

pub(super) fn is_file(tx: &Tx<'_>, id: &str) -> Result<bool, store::Error> {
    Ok(tx.query_one("SELECT 1 FROM s3_file WHERE id = ?1", &[Param::Text(id)], |row| row.int(0))?.is_some())
}
