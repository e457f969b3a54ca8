//! Objects: read, looked at, removed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::task::spawn_blocking;

use super::asked::{Asked, KEY_BYTES_MAX};
use super::checksum::Algorithm;
use super::codes;
use super::conditions::{self, WriteIf, check_read, range};
use super::files::Reading;
use super::put::{push, quoted};
use super::shared::{Owner, buckets, told};
use super::tables::{self, Object};
use crate::assets::error::Error;
use crate::connect::boxed;
use crate::wire::{ApiError, Call, Reply, ReplyBody};

/// The most keys of one deletion.
const KEYS_MAX: usize = 1_000;
/// How often an object is looked for again that was replaced while it was opened.
const TRIES: usize = 5;
/// The media type of an object of which nobody said one.
const UNKNOWN: &str = "binary/octet-stream";

/// What a request wants of an object.
struct Wanted {
    start: u64,
    length: u64,
    is_partial: bool,
    n_parts: Option<usize>,
}

fn wanted(asked: &Asked, object: &Object) -> Result<Wanted, Error> {
    let size = object.size();
    if let Some(number) = asked.number("PartNumber")? {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let part = index.and_then(|index| Some((index, object.parts.get(index)?)));
        let (index, part) = part.ok_or_else(|| codes::invalid_range(size))?;
        let start = object.parts.iter().take(index).map(|part| part.size).sum();
        let n_parts = object.is_multipart.then_some(object.parts.len());
        return Ok(Wanted { start, length: part.size, is_partial: object.is_multipart, n_parts });
    }
    Ok(match range(asked.text("Range"), size)? {
        Some((start, length)) => Wanted { start, length, is_partial: true, n_parts: None },
        None => Wanted { start: 0, length: size, is_partial: false, n_parts: None },
    })
}

/// The object of a call.
pub(super) async fn find(call: &Call, asked: &Asked) -> Result<Object, Error> {
    asked.check_version()?;
    let (owner, key) = (Owner::of(call, asked), asked.key()?.to_owned());
    let name = owner.name.clone();
    let read = buckets(call).read(&owner, move |tx, _, _| {
        tables::object(tx, &name, &key)?.ok_or_else(|| codes::no_such_key(&key))
    });
    read.await
}

pub(super) async fn get(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let mut n_tries = 0;
    let (object, wanted, reading) = loop {
        let object = find(call, &asked).await?;
        check_read(&asked, &conditions::OF_READS, &object).map_err(|error| with_etag(error, &object))?;
        let wanted = wanted(&asked, &object)?;
        let lease = buckets(call).0.files.lease(object.files());
        let mut reading = Reading::new(lease, object.pieces(wanted.start, wanted.length));
        let begun = spawn_blocking(move || reading.begin().map(|()| reading)).await;
        match begun.map_err(io::Error::other).and_then(|begun| begun) {
            // What was replaced before the lease, may be half gone; what was not, stays.
            Ok(reading) if object.parts.len() == 1 || find(call, &asked).await? == object => {
                break (object, wanted, reading);
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound || n_tries == TRIES => {
                return Err(told(error.into()));
            }
            Ok(_) | Err(_) => n_tries += 1,
        }
    };
    reply(&asked, &object, &wanted, boxed(reading))
}

pub(super) async fn head(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let object = find(call, &asked).await?;
    check_read(&asked, &conditions::OF_READS, &object).map_err(|error| with_etag(error, &object))?;
    let wanted = wanted(&asked, &object)?;
    let told = boxed(Told(wanted.length));
    reply(&asked, &object, &wanted, told)
}

/// The content that an answer to HEAD says there is: its length alone, since the server frames what it sends.
struct Told(u64);

impl http_body::Body for Told {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0)
    }
}

/// A refusal because of a condition says which object did not meet it.
fn with_etag(error: Error, object: &Object) -> Error {
    match error {
        Error::Refused(error) if error.code.status == 304 => {
            Error::Refused(error.with("ETag", quoted(&object.etag)))
        }
        other => other,
    }
}

fn reply(
    asked: &Asked,
    object: &Object,
    wanted: &Wanted,
    body: crate::connect::Body,
) -> Result<Reply, ApiError> {
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    push(&mut headers, "etag", &quoted(&object.etag));
    push(&mut headers, "last-modified", &object.modified.to_http_date());
    push(&mut headers, "accept-ranges", "bytes");
    let is_whole = !wanted.is_partial;
    let wants_checksum = asked.text("ChecksumMode").is_some_and(|mode| mode.eq_ignore_ascii_case("ENABLED"));
    if let Some(algorithm) =
        Algorithm::parse(&object.checksum_algorithm).filter(|_| is_whole && wants_checksum)
    {
        push(&mut headers, algorithm.header(), &object.checksum);
        push(&mut headers, "x-amz-checksum-type", &object.checksum_type);
    }
    for (name, value) in &object.about.metadata {
        push(&mut headers, &format!("x-amz-meta-{name}"), value);
    }
    if !object.about.tags.is_empty() {
        push(&mut headers, "x-amz-tagging-count", &object.about.tags.len().to_string());
    }
    let asked_for = |member: &str| asked.text(member).filter(|text| !text.is_empty());
    let overridden = |header: &str| {
        let member = match header {
            "cache-control" => "ResponseCacheControl",
            "content-disposition" => "ResponseContentDisposition",
            "content-encoding" => "ResponseContentEncoding",
            "content-language" => "ResponseContentLanguage",
            "expires" => "ResponseExpires",
            _ => return None,
        };
        asked_for(member)
    };
    for (_, header) in super::put::HEADERS {
        let own = object.about.headers.get(*header).map(String::as_str);
        if let Some(value) = overridden(header).or(own) {
            push(&mut headers, header, value);
        }
    }
    if wanted.is_partial {
        let (start, end) = (wanted.start, (wanted.start + wanted.length).saturating_sub(1));
        push(&mut headers, "content-range", &format!("bytes {start}-{end}/{}", object.size()));
    }
    if let Some(n_parts) = wanted.n_parts {
        push(&mut headers, "x-amz-mp-parts-count", &n_parts.to_string());
    }
    push(&mut headers, "content-length", &wanted.length.to_string());
    let own = object.about.content_type.as_deref().filter(|text| !text.is_empty());
    let content_type = asked_for("ResponseContentType").or(own).unwrap_or(UNKNOWN);
    let content_type = HeaderValue::from_bytes(content_type.as_bytes());
    let content_type = content_type.unwrap_or_else(|_| HeaderValue::from_static(UNKNOWN));
    let status = wanted.is_partial.then_some(206);
    let body = ReplyBody::stream(content_type, body);
    Ok(Reply { status, headers, body })
}

pub(super) async fn attributes(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let object = find(call, &asked).await?;
    let wanted = asked.text("ObjectAttributes").unwrap_or_default();
    let is_wanted = |name: &str| wanted.split(',').any(|one| one.trim() == name);
    let mut answer = Map::new();
    if is_wanted("ETag") {
        answer.insert("ETag".to_owned(), object.etag.as_str().into());
    }
    if is_wanted("Checksum") {
        let name = format!("Checksum{}", object.checksum_algorithm);
        answer.insert(
            "Checksum".to_owned(),
            json!({name: object.checksum, "ChecksumType": object.checksum_type}),
        );
    }
    if is_wanted("ObjectParts") && object.is_multipart {
        answer.insert("ObjectParts".to_owned(), json!({"PartsCount": object.parts.len()}));
    }
    if is_wanted("StorageClass") {
        answer.insert("StorageClass".to_owned(), storage_class(&object).into());
    }
    if is_wanted("ObjectSize") {
        answer.insert("ObjectSize".to_owned(), object.size().into());
    }
    let mut reply = Reply::of(&json!({"GetObjectAttributesResponse": answer}))?;
    push(&mut reply.headers, "last-modified", &object.modified.to_http_date());
    Ok(reply)
}

pub(super) fn storage_class(object: &Object) -> &str {
    object.about.headers.get("x-amz-storage-class").map_or("STANDARD", String::as_str)
}

pub(super) async fn delete(call: &Call, asked: Asked) -> Result<(), ApiError> {
    asked.check_version()?;
    let (owner, key) = (Owner::of(call, &asked), asked.key()?.to_owned());
    let (name, condition) = (owner.name.clone(), WriteIf::of(&asked)?);
    let deleted = buckets(call).write(&owner, move |tx, _, _| {
        if let Some(before) = tables::object(tx, &name, &key)? {
            condition.check(&key, Some(&before))?;
        }
        Ok(tables::delete_object(tx, &name, &key)?)
    });
    let files = deleted.await?;
    buckets(call).remove(files).await;
    Ok(())
}

pub(super) async fn delete_many(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let all = asked.list("Object");
    if all.is_empty() || KEYS_MAX < all.len() {
        return Err(codes::malformed_xml().into());
    }
    let text = |object: &Value, name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let all: Vec<(String, Option<String>)> = all
        .iter()
        .map(|object| Some((text(object, "Key")?, text(object, "VersionId"))))
        .collect::<Option<_>>()
        .ok_or_else(codes::malformed_xml)?;
    if all.iter().any(|(key, _)| KEY_BYTES_MAX < key.len()) {
        return Err(codes::key_too_long().into());
    }
    let is_quiet = asked.value("Quiet").and_then(Value::as_bool).unwrap_or(false);
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, version)| matches!(version.as_deref(), None | Some("null" | "")));
    let owner = Owner::of(call, &asked);
    let (name, keys) = (owner.name.clone(), here.clone());
    let deleted = buckets(call).write(&owner, move |tx, _, _| {
        let mut files = Vec::new();
        for (key, _) in &keys {
            files.extend(tables::delete_object(tx, &name, key)?);
        }
        Ok(files)
    });
    let files = deleted.await?;
    buckets(call).remove(files).await;
    let deleted: Vec<Value> = here
        .into_iter()
        .filter(|_| !is_quiet)
        .map(|(key, version)| json!({"Key": key, "VersionId": version}))
        .collect();
    let failed: Vec<Value> = elsewhere
        .into_iter()
        .map(|(key, version)| {
            json!({"Key": key, "VersionId": version, "Code": "NoSuchVersion",
                   "Message": "The specified version does not exist."})
        })
        .collect();
    Ok(json!({"DeleteResult": {"Deleted": deleted, "Error": failed}}))
}
