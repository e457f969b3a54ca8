//! Objects that are sent whole.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::asked::Asked;
use super::checksum::Algorithm;
use super::conditions::WriteIf;
use super::receive::{Promised, Received, receive};
use super::shared::{Buckets, Owner, buckets};
use super::tables::{self, About, Object, Part};
use super::{codes, settings, tags};
use crate::assets::error::Error;
use crate::wire::{ApiError, Call, Reply, ReplyBody};

/// The most that names and values of a client's own headers may have together, in bytes.
const METADATA_BYTES_MAX: usize = 2_048;

/// Headers that are kept and answered, by their members.
pub(super) const HEADERS: &[(&str, &str)] = &[
    ("CacheControl", "cache-control"),
    ("ContentDisposition", "content-disposition"),
    ("ContentEncoding", "content-encoding"),
    ("ContentLanguage", "content-language"),
    ("Expires", "expires"),
    ("SSEKMSKeyId", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("ServerSideEncryption", "x-amz-server-side-encryption"),
    ("StorageClass", "x-amz-storage-class"),
    ("WebsiteRedirectLocation", "x-amz-website-redirect-location"),
];

/// Members that ask for what isn't here.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("SSECustomerAlgorithm", "Encryption with a customer's own key"),
    ("ObjectLockMode", "Object Lock"),
    ("ObjectLockLegalHoldStatus", "Object Lock"),
    ("WriteOffsetBytes", "Appending to an object"),
];

/// What a request says of an object beside its content.
pub(super) fn about(asked: &Asked) -> Result<About, Error> {
    if let Some((_, what)) = UNSUPPORTED.iter().find(|(member, _)| asked.text(member).is_some()) {
        return Err(codes::unsupported(what));
    }
    settings::check_acl(asked)?;
    let metadata = asked.map("Metadata");
    if METADATA_BYTES_MAX < metadata.iter().map(|(name, value)| name.len() + value.len()).sum() {
        return Err(codes::metadata_too_large());
    }
    let mut headers = BTreeMap::new();
    for (member, header) in HEADERS {
        let Some(value) = asked.text(member) else { continue };
        // How a body was sent is not what it is.
        let value = match *member {
            "ContentEncoding" => {
                let kept: Vec<&str> =
                    value.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect();
                kept.join(", ")
            }
            _ => value.to_owned(),
        };
        if !value.is_empty() {
            headers.insert((*header).to_owned(), value);
        }
    }
    Ok(About {
        content_type: asked.text("ContentType").map(str::to_owned),
        headers,
        metadata,
        tags: tags::of_header(asked.text("Tagging"))?,
    })
}

/// What a request promises of its body.
pub(super) fn promised(asked: &Asked) -> Result<Promised, Error> {
    let trailer = asked.text("Trailer").map(|trailer| trailer.trim().to_ascii_lowercase());
    let in_trailer = match trailer.as_deref() {
        None => None,
        Some(name) => match Algorithm::ALL.into_iter().find(|algorithm| algorithm.header() == name) {
            Some(algorithm) => Some(algorithm),
            None => return Err(codes::malformed_trailer()),
        },
    };
    Ok(Promised {
        md5: asked.text("ContentMD5").map(str::to_owned),
        checksum: asked.checksum()?,
        algorithm: in_trailer.or(asked.algorithm("ChecksumAlgorithm")?),
        decoded_length: asked.number("DecodedContentLength")?,
    })
}

pub(super) async fn put(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let (owner, key) = (Owner::of(call, &asked), asked.key()?.to_owned());
    let (about, condition) = (about(&asked)?, WriteIf::of(&asked)?);
    let promised = promised(&asked)?;
    let buckets = buckets(call);
    // Nothing is read for a bucket that isn't there, or for a condition that doesn't hold.
    let (name, expected, early) = (owner.name.clone(), key.clone(), condition.clone());
    let checked = buckets
        .read(&owner, move |tx, _, _| early.check(&expected, tables::object(tx, &name, &expected)?.as_ref()));
    checked.await?;
    let written = buckets.file().await?;
    let received = receive(call.stream(), written, promised, buckets.0.bounds.put_bytes_max).await?;
    let object = keep(buckets, &owner, key, about, condition, received).await?;
    let mut headers = headers_of(&object)?;
    headers.push((HeaderName::from_static("x-amz-object-size"), object.size().into()));
    Ok(Reply { status: None, headers, body: ReplyBody::Empty })
}

/// Makes a file that was received an object.
pub(super) async fn keep(
    buckets: &Buckets,
    owner: &Owner,
    key: String,
    about: About,
    condition: WriteIf,
    received: Received,
) -> Result<Object, Error> {
    let Received { file, size, md5, algorithm, checksum } = received;
    let object = Object {
        modified: buckets.0.clock.now(),
        etag: md5,
        parts: vec![Part { file: file.id().to_owned(), size }],
        is_multipart: false,
        about,
        checksum_algorithm: algorithm.name().to_owned(),
        checksum,
        checksum_type: "FULL_OBJECT".to_owned(),
    };
    let (name, kept) = (owner.name.clone(), object.clone());
    let written = buckets.write(owner, move |tx, _, _| {
        condition.check(&key, tables::object(tx, &name, &key)?.as_ref())?;
        let replaced = tables::put_object(tx, &name, &key, &kept)?;
        file.keep();
        Ok(replaced)
    });
    buckets.remove(written.await?).await;
    Ok(object)
}

/// The headers that every answer about an object has.
pub(super) fn headers_of(object: &Object) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
    let mut headers = Vec::new();
    push(&mut headers, "etag", &quoted(&object.etag));
    if let Some(algorithm) = Algorithm::parse(&object.checksum_algorithm) {
        push(&mut headers, algorithm.header(), &object.checksum);
        push(&mut headers, "x-amz-checksum-type", &object.checksum_type);
    }
    for name in ["x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"] {
        if let Some(value) = object.about.headers.get(name) {
            push(&mut headers, name, value);
        }
    }
    Ok(headers)
}

/// Adds a header, unless its value can't be one.
pub(super) fn push(headers: &mut Vec<(HeaderName, HeaderValue)>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        headers.push((name, value));
    }
}

pub(super) fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}
