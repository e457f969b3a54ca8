//! Manifests: objects that say which others have the items.

use std::io::{BufRead, Read};
use std::sync::Arc;

use serde_json::Value;

use super::csv::HEADER_BYTES_MAX;
use super::text::{self, NO_TEXT};
use super::{Error, Source};

/// Largest manifest of an inventory.
pub(super) const MANIFEST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most data files of a list of them; a manifest of an inventory is bounded by its size.
pub(super) const FILES_MAX: usize = 100_000;
/// Longest line of a list of files: a bucket's name and a key of 1,024 bytes, quoted.
pub(super) const LINE_BYTES_MAX: usize = 8 * 1024;
/// Most lines of a list of files, with those that are empty.
pub(super) const LINES_MAX: usize = 2 * FILES_MAX;

/// A manifest of an S3 Inventory.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Where its data files are.
    pub bucket: String,
    /// What their columns are called: they have no header.
    pub headers: Vec<String>,
    /// Their keys.
    pub keys: Vec<String>,
}

/// Reads the `manifest.json` of an inventory in CSV.
///
/// # Errors
/// For what is none.
pub fn inventory(source: Arc<dyn Source>) -> Result<Inventory, Error> {
    let text = text::whole(text::open(source), MANIFEST_BYTES_MAX)?;
    let manifest = super::parse(&text)?;
    let missing = |name: &str| Error::new(format!("The manifest has no '{name}'."));
    let member = |name: &str| manifest.get(name).and_then(Value::as_str).ok_or_else(|| missing(name));
    let format = member("fileFormat")?;
    if format != "CSV" {
        return Err(Error::new(format!("The inventory's fileFormat is {format}; only CSV is supported.")));
    }
    let bucket = member("destinationBucket")?;
    let bucket = bucket.rsplit(":::").next().unwrap_or(bucket).to_owned();
    let schema = member("fileSchema")?;
    if HEADER_BYTES_MAX < schema.len() {
        return Err(Error::new(format!(
            "The inventory's fileSchema has more than {HEADER_BYTES_MAX} bytes."
        )));
    }
    let headers = schema.split(',').map(|header| header.trim().to_owned()).collect();
    let files = manifest.get("files").and_then(Value::as_array).ok_or_else(|| missing("files"))?;
    let key = |file: &Value| file.get("key").and_then(Value::as_str).map(str::to_owned);
    let keys: Option<Vec<String>> = files.iter().map(key).collect();
    let keys = keys.ok_or_else(|| missing("files[].key"))?;
    Ok(Inventory { bucket, headers, keys })
}

/// The buckets and keys of the data files that Athena's `UNLOAD` wrote, a line each.
///
/// <https://docs.aws.amazon.com/athena/latest/ug/unload.html>
///
/// # Errors
/// For a line that is no `s3://` address.
pub fn athena_files(source: Arc<dyn Source>) -> Result<Vec<(String, String)>, Error> {
    let mut text = text::open(source);
    let (mut files, mut line, mut n_lines) = (Vec::new(), Vec::new(), 0);
    loop {
        line.clear();
        if (&mut text).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(files);
        }
        if LINE_BYTES_MAX < line.len() {
            return Err(Error::new(format!("The manifest has a line of more than {LINE_BYTES_MAX} bytes.")));
        }
        n_lines += 1;
        if LINES_MAX < n_lines {
            return Err(Error::new(format!("The manifest has more than {LINES_MAX} lines.")));
        }
        let address = std::str::from_utf8(&line).map_err(|_| Error::new(NO_TEXT))?.trim().trim_matches('"');
        if address.is_empty() {
            continue;
        }
        let file = address.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        let Some((bucket, key)) = file.filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
            return Err(Error::new(format!("The manifest has a line that is no S3 address: {address}")));
        };
        if files.len() == FILES_MAX {
            return Err(Error::new(format!("The manifest names more than {FILES_MAX} files.")));
        }
        files.push((bucket.to_owned(), key.to_owned()));
    }
}
