//! Lists of objects, in the order of their keys.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::codes;
use super::objects::storage_class;
use super::put::quoted;
use super::shared::{Owner, buckets, owner_id};
use super::tables::{self, Object};
use crate::assets::error::Error;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most entries of a page.
const PAGE_MAX: usize = 1_000;
/// What stays as it is when keys are asked for in the form of addresses.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/');

/// What is listed.
struct Wanted {
    bucket: String,
    prefix: String,
    delimiter: String,
    after: String,
    most: usize,
}

/// A page.
#[derive(Default)]
struct Page {
    objects: Vec<(String, Object)>,
    prefixes: Vec<String>,
    /// The last entry, if more follow.
    next: Option<String>,
}

impl Wanted {
    fn of(asked: &Asked, after: &str) -> Result<Self, Error> {
        let text = |member: &str| asked.text(member).unwrap_or_default().to_owned();
        let most = asked.number("MaxKeys")?.and_then(|most| usize::try_from(most).ok());
        Ok(Self {
            bucket: asked.bucket().to_owned(),
            prefix: text("Prefix"),
            delimiter: text("Delimiter"),
            after: after.to_owned(),
            most: most.unwrap_or(PAGE_MAX).min(PAGE_MAX),
        })
    }

    /// What a key is listed under: everything up to the delimiter.
    fn common_prefix(&self, key: &str) -> Option<String> {
        let rest = key.strip_prefix(&self.prefix).filter(|_| !self.delimiter.is_empty())?;
        let end = rest.find(&self.delimiter)? + self.delimiter.len();
        Some(format!("{}{}", self.prefix, rest.get(..end)?))
    }

    fn read(&self, tx: &Tx<'_>) -> Result<Page, Error> {
        let mut page = Page::default();
        if self.most == 0 {
            return Ok(page);
        }
        let mut last = String::new();
        // A prefix that was listed is passed over, with everything under it.
        let mut from = match self.common_prefix(&self.after).filter(|prefix| *prefix == self.after) {
            Some(prefix) => following(&prefix),
            None => Some(self.after.clone()),
        };
        if let Some(start) = from.as_mut().filter(|start| **start < self.prefix) {
            start.clone_from(&self.prefix);
        }
        while let Some(start) = from.take() {
            tables::visit_objects(tx, &self.bucket, &start, |key, object| {
                if !key.starts_with(&self.prefix) {
                    return ControlFlow::Break(());
                }
                if key <= self.after && !self.after.is_empty() {
                    return ControlFlow::Continue(());
                }
                if page.objects.len() + page.prefixes.len() == self.most {
                    page.next = Some(std::mem::take(&mut last));
                    return ControlFlow::Break(());
                }
                match self.common_prefix(&key) {
                    Some(prefix) => {
                        from = following(&prefix);
                        last.clone_from(&prefix);
                        page.prefixes.push(prefix);
                        ControlFlow::Break(())
                    }
                    None => {
                        last.clone_from(&key);
                        page.objects.push((key, object));
                        ControlFlow::Continue(())
                    }
                }
            })?;
        }
        Ok(page)
    }
}

/// The first text after all that begin with `prefix`.
fn following(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // There are no characters between these two.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// How keys are written in an answer.
pub(super) fn encoding(asked: &Asked) -> Result<fn(&str) -> String, Error> {
    match asked.text("EncodingType") {
        None => Ok(str::to_owned),
        Some("url") => Ok(|text| utf8_percent_encode(text, KEPT).to_string().replace("%20", "+")),
        Some(_) => Err(codes::invalid_argument("Invalid Encoding Method specified in Request")),
    }
}

fn content(key: String, object: &Object, owner: Option<&Value>) -> Value {
    let mut content = json!({
        "Key": key,
        "LastModified": object.modified.to_iso8601(),
        "ETag": quoted(&object.etag),
        "ChecksumAlgorithm": object.checksum_algorithm,
        "ChecksumType": object.checksum_type,
        "Size": object.size(),
        "StorageClass": storage_class(object),
    });
    if let (Some(owner), Some(content)) = (owner, content.as_object_mut()) {
        content.insert("Owner".to_owned(), owner.clone());
    }
    content
}

async fn page(call: &Call, asked: &Asked, after: &str) -> Result<(Page, Value), Error> {
    let wanted = Wanted::of(asked, after)?;
    let owner = Owner::of(call, asked);
    buckets(call)
        .read(&owner, move |tx, home, _| {
            let owner = json!({"ID": owner_id(home), "DisplayName": home.account.as_str()});
            Ok((wanted.read(tx)?, owner))
        })
        .await
}

fn prefixes(page: &Page, encode: fn(&str) -> String) -> Value {
    page.prefixes.iter().map(|prefix| json!({"Prefix": encode(prefix)})).collect()
}

pub(super) async fn list_v2(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let encode = encoding(&asked)?;
    let token = asked.text("ContinuationToken");
    let after = match token {
        Some(token) => token_text(token)
            .ok_or_else(|| codes::invalid_argument("The continuation token provided is incorrect"))?,
        None => asked.text("StartAfter").unwrap_or_default().to_owned(),
    };
    let (page, owner) = page(call, &asked, &after).await?;
    let wants_owner = asked.value("FetchOwner").and_then(Value::as_bool).unwrap_or(false);
    let owner = wants_owner.then_some(&owner);
    let contents: Value =
        page.objects.iter().map(|(key, object)| content(encode(key), object, owner)).collect();
    let text = |member: &str| asked.text(member).map(encode);
    Ok(json!({"ListBucketResult": {
        "Name": asked.bucket(),
        "Prefix": encode(asked.text("Prefix").unwrap_or_default()),
        "StartAfter": text("StartAfter"),
        "ContinuationToken": token,
        "NextContinuationToken": page.next.as_ref().map(|next| URL_SAFE_NO_PAD.encode(next)),
        "KeyCount": page.objects.len() + page.prefixes.len(),
        "MaxKeys": asked.number("MaxKeys")?.unwrap_or(PAGE_MAX as u64),
        "Delimiter": text("Delimiter"),
        "EncodingType": asked.text("EncodingType"),
        "IsTruncated": page.next.is_some(),
        "Contents": contents,
        "CommonPrefixes": prefixes(&page, encode),
    }}))
}

fn token_text(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

pub(super) async fn list(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let encode = encoding(&asked)?;
    let (page, owner) = page(call, &asked, asked.text("Marker").unwrap_or_default()).await?;
    let contents: Value =
        page.objects.iter().map(|(key, object)| content(encode(key), object, Some(&owner))).collect();
    let text = |member: &str| encode(asked.text(member).unwrap_or_default());
    // Without a delimiter, the last key says where to go on.
    let next = page.next.as_deref().filter(|_| asked.text("Delimiter").is_some());
    Ok(json!({"ListBucketResult": {
        "Name": asked.bucket(),
        "Prefix": text("Prefix"),
        "Marker": text("Marker"),
        "NextMarker": next.map(encode),
        "MaxKeys": asked.number("MaxKeys")?.unwrap_or(PAGE_MAX as u64),
        "Delimiter": asked.text("Delimiter").map(encode),
        "EncodingType": asked.text("EncodingType"),
        "IsTruncated": page.next.is_some(),
        "Contents": contents,
        "CommonPrefixes": prefixes(&page, encode),
    }}))
}

/// Every object has one version, whose id is `null`.
pub(super) async fn list_versions(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let encode = encoding(&asked)?;
    let (page, owner) = page(call, &asked, asked.text("KeyMarker").unwrap_or_default()).await?;
    let version = |(key, object): &(String, Object)| {
        let mut version = Map::new();
        if let Value::Object(content) = content(encode(key), object, Some(&owner)) {
            version.extend(content);
        }
        version.insert("VersionId".to_owned(), "null".into());
        version.insert("IsLatest".to_owned(), true.into());
        Value::Object(version)
    };
    let text = |member: &str| encode(asked.text(member).unwrap_or_default());
    Ok(json!({"ListVersionsResult": {
        "Name": asked.bucket(),
        "Prefix": text("Prefix"),
        "KeyMarker": text("KeyMarker"),
        "VersionIdMarker": asked.text("VersionIdMarker").unwrap_or_default(),
        "NextKeyMarker": page.next.as_deref().map(encode),
        "NextVersionIdMarker": page.next.as_ref().map(|_| "null"),
        "MaxKeys": asked.number("MaxKeys")?.unwrap_or(PAGE_MAX as u64),
        "Delimiter": asked.text("Delimiter").map(encode),
        "EncodingType": asked.text("EncodingType"),
        "IsTruncated": page.next.is_some(),
        "Version": page.objects.iter().map(version).collect::<Value>(),
        "CommonPrefixes": prefixes(&page, encode),
    }}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_prefix_is_after_all_that_begin_so() {
        for (prefix, want) in [
            ("a/", Some("a0")),
            ("a\u{10ffff}", Some("b")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(following(prefix).as_deref(), want);
        }
    }
}
