//! Objects, and parts of uploads, out of other objects.

use std::io;

use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::asked::Asked;
use super::conditions::{self, WriteIf, check_read, range};
use super::files::Reading;
use super::put::{about, keep, quoted};
use super::receive::{Promised, Received, receive};
use super::shared::{Owner, buckets, told};
use super::tables::{self, Object};
use super::{codes, tags};
use crate::assets::error::Error;
use crate::connect::boxed;
use crate::wire::{ApiError, Call, Incoming, Said};

/// What is copied.
async fn source(call: &Call, asked: &Asked) -> Result<Object, Error> {
    let (bucket, key) = asked.source()?;
    let owner = Owner::named(call, &bucket, asked.text("ExpectedSourceBucketOwner"));
    let read = buckets(call).read(&owner, move |tx, _, _| {
        tables::object(tx, &bucket, &key)?.ok_or_else(|| codes::no_such_key(&key))
    });
    let object = read.await?;
    check_read(asked, &conditions::OF_SOURCES, &object).map_err(|error| match error {
        // A copy that isn't made is no success.
        Error::Refused(error) if error.code.status == 304 => {
            codes::precondition_failed("x-amz-copy-source-If-None-Match")
        }
        other => other,
    })?;
    Ok(object)
}

/// A copy of a piece of an object's content.
pub(super) async fn copied(
    call: &Call,
    object: &Object,
    (start, length): (u64, u64),
    promised: Promised,
) -> Result<Received, Error> {
    let buckets = buckets(call);
    let lease = buckets.0.files.lease(object.files());
    let mut reading = Reading::new(lease, object.pieces(start, length));
    let begun = spawn_blocking(move || reading.begin().map(|()| reading)).await;
    let reading = begun.map_err(io::Error::other)??;
    let written = buckets.file().await?;
    let incoming = Incoming { body: boxed(reading).boxed_unsync(), said: Said::Unsigned, chunks: None };
    receive(incoming, written, promised, buckets.0.bounds.put_bytes_max).await
}

pub(super) async fn copy(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let (owner, key) = (Owner::of(call, &asked), asked.key()?.to_owned());
    let source = source(call, &asked).await?;
    let mut given = about(&asked)?;
    let replaces = |member: &str| match asked.text(member) {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(codes::invalid_argument("Unknown metadata directive.")),
    };
    let replaces_tags = replaces("TaggingDirective")?;
    if !replaces("MetadataDirective")? {
        let is_itself = asked.source()? == (owner.name.clone(), key.clone());
        if is_itself && !replaces_tags && given.headers.is_empty() {
            return Err(codes::invalid_request(
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes.",
            )
            .into());
        }
        let mut headers = source.about.headers.clone();
        headers.extend(given.headers);
        given.headers = headers;
        given.metadata.clone_from(&source.about.metadata);
        given.content_type.clone_from(&source.about.content_type);
    }
    given.tags = match replaces_tags {
        true => tags::of_header(asked.text("Tagging"))?,
        false => source.about.tags.clone(),
    };
    let promised = Promised { algorithm: asked.algorithm("ChecksumAlgorithm")?, ..Promised::default() };
    let received = copied(call, &source, (0, source.size()), promised).await?;
    let condition = WriteIf::of(&asked)?;
    let object = keep(buckets(call), &owner, key, given, condition, received).await.map_err(told)?;
    let name = format!("Checksum{}", object.checksum_algorithm);
    Ok(json!({"CopyObjectResult": {
        "LastModified": object.modified.to_iso8601(),
        "ETag": quoted(&object.etag),
        name: object.checksum,
        "ChecksumType": object.checksum_type,
    }}))
}

/// A copy for a part: what `x-amz-copy-source-range` asks for, or all of it.
pub(super) async fn part(call: &Call, asked: &Asked, promised: Promised) -> Result<Received, Error> {
    let source = source(call, asked).await?;
    let size = source.size();
    let wanted = match asked.text("CopySourceRange") {
        None => (0, size),
        Some(header) => range(Some(header), size)?.ok_or_else(|| {
            codes::invalid_argument("The x-amz-copy-source-range value must be of the form bytes=first-last")
        })?,
    };
    copied(call, &source, wanted, promised).await
}
