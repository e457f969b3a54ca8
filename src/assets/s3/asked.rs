//! The input of an operation: members that are checked by its shape, mostly texts.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::checksum::Algorithm;
use super::codes;
use crate::assets::error::Error;

/// Longest key, in bytes.
pub(super) const KEY_BYTES_MAX: usize = 1_024;

/// Bucket, key and version of `x-amz-copy-source`.
pub(super) fn source(text: &str) -> Option<(String, String, Option<String>)> {
    let (path, version) = text.split_once("?versionId=").map_or((text, None), |(path, id)| (path, Some(id)));
    let path = percent_decode_str(path).decode_utf8().ok()?;
    let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/')?;
    let is_given = !bucket.is_empty() && !key.is_empty();
    is_given.then(|| (bucket.to_owned(), key.to_owned(), version.map(str::to_owned)))
}

/// The members.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Asked(Map<String, Value>);

impl Asked {
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member).and_then(Value::as_str)
    }

    pub(super) fn value(&self, member: &str) -> Option<&Value> {
        self.0.get(member)
    }

    /// A number; what is none was sent as such.
    pub(super) fn number(&self, member: &str) -> Result<Option<u64>, Error> {
        let Some(value) = self.0.get(member) else { return Ok(None) };
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let wrong =
            || codes::invalid_argument(format!("Provided {member} not an integer or within integer range"));
        number.map(Some).ok_or_else(wrong)
    }

    pub(super) fn bucket(&self) -> &str {
        self.text("Bucket").unwrap_or_default()
    }

    /// The key, which is not too long.
    pub(super) fn key(&self) -> Result<&str, Error> {
        let key = self.text("Key").unwrap_or_default();
        if KEY_BYTES_MAX < key.len() { Err(codes::key_too_long()) } else { Ok(key) }
    }

    pub(super) fn map(&self, member: &str) -> BTreeMap<String, String> {
        let pairs = self.0.get(member).and_then(Value::as_object).into_iter().flatten();
        pairs
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), value.as_str()?.to_owned())))
            .collect()
    }

    /// A list; one item alone may be written without its list.
    pub(super) fn list(&self, member: &str) -> &[Value] {
        match self.0.get(member) {
            Some(Value::Array(items)) => items,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        }
    }

    /// Bucket and key of what is copied.
    pub(super) fn source(&self) -> Result<(String, String), Error> {
        let text = self.text("CopySource").unwrap_or_default();
        let (bucket, key, version) = source(text).ok_or_else(|| {
            codes::invalid_argument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            )
        })?;
        match version.as_deref() {
            None | Some("null" | "") => Ok((bucket, key)),
            Some(_) => Err(codes::no_such_version()),
        }
    }

    /// The versions that objects here have: one, without an id.
    pub(super) fn check_version(&self) -> Result<(), Error> {
        match self.text("VersionId") {
            None | Some("null" | "") => Ok(()),
            Some(_) => Err(codes::no_such_version()),
        }
    }

    /// The algorithm that is named here.
    pub(super) fn algorithm(&self, member: &str) -> Result<Option<Algorithm>, Error> {
        let Some(name) = self.text(member) else { return Ok(None) };
        let known = Algorithm::parse(name).ok_or_else(|| {
            codes::invalid_request(
                "Checksum algorithm provided is unsupported. Please try again with any of the valid \
                                    types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
            )
        });
        known.map(Some)
    }

    /// The checksum of a whole object of parts: that of its parts' checksums is written with their number.
    pub(super) fn checksum_of_whole(&self) -> Result<Option<(Algorithm, String)>, Error> {
        let is_composite = Algorithm::ALL.iter().find_map(|algorithm| {
            let text = self.text(&algorithm.member())?;
            text.contains('-').then(|| (*algorithm, text.to_owned()))
        });
        is_composite.map_or_else(|| self.checksum(), |found| Ok(Some(found)))
    }

    /// The checksum that is given.
    pub(super) fn checksum(&self) -> Result<Option<(Algorithm, String)>, Error> {
        let given = |algorithm: &Algorithm| Some((*algorithm, self.text(&algorithm.member())?.to_owned()));
        let mut given = Algorithm::ALL.iter().filter_map(given);
        match (given.next(), given.next()) {
            (Some(_), Some(_)) => Err(codes::invalid_request(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            )),
            (Some((algorithm, text)), None) => match algorithm.bytes(&text) {
                Some(_) => Ok(Some((algorithm, text))),
                None => Err(codes::invalid_request(format!(
                    "Value for {} header is invalid.",
                    algorithm.header()
                ))),
            },
            (None, _) => Ok(None),
        }
    }
}
