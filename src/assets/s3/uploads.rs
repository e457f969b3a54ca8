//! Uploads in parts. An object of parts keeps their files: nothing is copied when they become one.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>

use http::{HeaderName, HeaderValue};
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::asked::Asked;
use super::checksum::{self, Algorithm};
use super::codes;
use super::conditions::WriteIf;
use super::copies;
use super::listing::encoding;
use super::put::{about, promised, push, quoted};
use super::receive::{Promised, Received, receive};
use super::shared::{Bounds, Owner, buckets, owner_id};
use super::tables::{self, Object, Part, Upload, Uploaded};
use crate::assets::error::Error;
use crate::clock::Timestamp;
use crate::store::Tx;
use crate::wire::{ApiError, Call, Reply, ReplyBody};

/// The most parts of an upload, and the largest number of one.
const PARTS_MAX: u64 = 10_000;
/// The most uploads of a bucket at a time.
const UPLOADS_MAX: i64 = 10_000;
/// The most entries of a page.
const PAGE_MAX: u64 = 1_000;

const COMPOSITE: &str = "COMPOSITE";
const FULL_OBJECT: &str = "FULL_OBJECT";

pub(super) async fn create(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let (owner, key) = (Owner::of(call, &asked), asked.key()?.to_owned());
    let algorithm = asked.algorithm("ChecksumAlgorithm")?;
    let checksum_type = match (asked.text("ChecksumType"), algorithm) {
        (None, Some(Algorithm::Crc64Nvme) | None) | (Some(FULL_OBJECT), _) => FULL_OBJECT,
        (None, Some(_)) => COMPOSITE,
        (Some(COMPOSITE), Some(algorithm)) if algorithm != Algorithm::Crc64Nvme => COMPOSITE,
        (Some(_), _) => {
            return Err(codes::invalid_request("The checksum type can't be used with the algorithm.").into());
        }
    };
    if checksum_type == FULL_OBJECT && matches!(algorithm, Some(Algorithm::Sha1 | Algorithm::Sha256)) {
        let text = "The FULL_OBJECT checksum type cannot be used with the sha algorithms.";
        return Err(codes::invalid_request(text).into());
    }
    let buckets = buckets(call);
    let upload = Upload {
        started: buckets.0.clock.now(),
        about: about(&asked)?,
        checksum_algorithm: algorithm.map(|algorithm| algorithm.name().to_owned()),
        checksum_type: checksum_type.to_owned(),
    };
    let id = buckets.0.ids.alphanumeric(64);
    let (name, kept, upload_id) = (owner.name.clone(), key.clone(), id.clone());
    let written = buckets.write(&owner, move |tx, _, _| {
        if UPLOADS_MAX <= tables::count_uploads(tx, &name)? {
            return Err(codes::invalid_request("The bucket has too many uploads that are not completed."));
        }
        Ok(tables::put_upload(tx, &upload_id, &name, &kept, &upload)?)
    });
    written.await?;
    let mut reply = Reply::of(&json!({"InitiateMultipartUploadResult": {
        "Bucket": owner.name, "Key": key, "UploadId": id,
    }}))?;
    if let Some(algorithm) = algorithm {
        push(&mut reply.headers, "x-amz-checksum-algorithm", algorithm.name());
    }
    push(&mut reply.headers, "x-amz-checksum-type", checksum_type);
    Ok(reply)
}

/// The upload that is asked for, of this bucket and key.
fn upload_of(tx: &Tx<'_>, bucket: &str, key: &str, id: &str) -> Result<Upload, Error> {
    let found = tables::upload(tx, id)?.filter(|(of, for_key, _)| of == bucket && for_key == key);
    found.map(|(_, _, upload)| upload).ok_or_else(codes::no_such_upload)
}

/// Bucket, key and id of an upload.
struct Named {
    owner: Owner,
    key: String,
    id: String,
}

impl Named {
    fn of(call: &Call, asked: &Asked) -> Result<Self, Error> {
        let id = asked.text("UploadId").unwrap_or_default().to_owned();
        Ok(Self { owner: Owner::of(call, asked), key: asked.key()?.to_owned(), id })
    }

    async fn find(&self, call: &Call) -> Result<Upload, Error> {
        let (name, key, id) = (self.owner.name.clone(), self.key.clone(), self.id.clone());
        buckets(call).read(&self.owner, move |tx, _, _| upload_of(tx, &name, &key, &id)).await
    }
}

fn number_of(asked: &Asked) -> Result<i64, Error> {
    match asked.number("PartNumber")? {
        Some(number @ 1..=PARTS_MAX) => Ok(i64::try_from(number).unwrap_or(i64::MAX)),
        Some(_) | None => {
            Err(codes::invalid_argument("Part number must be an integer between 1 and 10000, inclusive"))
        }
    }
}

/// What is promised of a part: without a word of its own, what the upload began with.
fn promised_part(asked: &Asked, upload: &Upload) -> Result<Promised, Error> {
    let mut promised = promised(asked)?;
    let of_upload = upload.checksum_algorithm.as_deref().and_then(Algorithm::parse);
    let given = promised.checksum.as_ref().map(|(algorithm, _)| *algorithm).or(promised.algorithm);
    match (given, of_upload) {
        (Some(given), Some(expected)) if given != expected => Err(codes::invalid_request(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            expected.name().to_ascii_lowercase(),
            given.name().to_ascii_lowercase()
        ))),
        (None, of_upload) => {
            promised.algorithm = of_upload;
            Ok(promised)
        }
        (Some(_), _) => Ok(promised),
    }
}

async fn keep_part(call: &Call, named: Named, number: i64, received: Received) -> Result<Uploaded, Error> {
    let Received { file, size, md5, algorithm, checksum } = received;
    let buckets = buckets(call);
    let uploaded = Uploaded {
        part: Part { file: file.id().to_owned(), size },
        modified: buckets.0.clock.now(),
        etag: md5,
        checksum_algorithm: algorithm.name().to_owned(),
        checksum,
    };
    let (kept, Named { owner, key, id }) = (uploaded.clone(), named);
    let name = owner.name.clone();
    let written = buckets.write(&owner, move |tx, _, _| {
        upload_of(tx, &name, &key, &id)?;
        let replaced = tables::put_part(tx, &id, number, &kept)?;
        file.keep();
        Ok(replaced)
    });
    buckets.remove(written.await?).await;
    Ok(uploaded)
}

pub(super) async fn put_part(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let (named, number) = (Named::of(call, &asked)?, number_of(&asked)?);
    let upload = named.find(call).await?;
    let promised = promised_part(&asked, &upload)?;
    let buckets = buckets(call);
    let written = buckets.file().await?;
    let received = receive(call.stream(), written, promised, buckets.0.bounds.put_bytes_max).await?;
    let uploaded = keep_part(call, named, number, received).await?;
    let mut headers: Vec<(HeaderName, HeaderValue)> = Vec::new();
    push(&mut headers, "etag", &quoted(&uploaded.etag));
    if let Some(algorithm) = Algorithm::parse(&uploaded.checksum_algorithm) {
        push(&mut headers, algorithm.header(), &uploaded.checksum);
    }
    Ok(Reply { status: None, headers, body: ReplyBody::Empty })
}

pub(super) async fn copy_part(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let (named, number) = (Named::of(call, &asked)?, number_of(&asked)?);
    let upload = named.find(call).await?;
    let algorithm = upload.checksum_algorithm.as_deref().and_then(Algorithm::parse);
    let received = copies::part(call, &asked, Promised { algorithm, ..Promised::default() }).await?;
    let uploaded = keep_part(call, named, number, received).await?;
    let name = format!("Checksum{}", uploaded.checksum_algorithm);
    Ok(json!({"CopyPartResult": {
        "LastModified": uploaded.modified.to_iso8601(), "ETag": quoted(&uploaded.etag), name: uploaded.checksum,
    }}))
}

/// A part as the client lists it.
struct Listed {
    number: i64,
    etag: String,
    checksum: Option<String>,
}

fn listed(asked: &Asked) -> Result<Vec<Listed>, Error> {
    let parts = asked.list("Part");
    if parts.is_empty() || u64::try_from(parts.len()).is_ok_and(|n_parts| PARTS_MAX < n_parts) {
        return Err(codes::malformed_xml());
    }
    let mut listed: Vec<Listed> = Vec::with_capacity(parts.len());
    for part in parts {
        let text = |name: &str| part.get(name).and_then(Value::as_str);
        let number = part.get("PartNumber").and_then(Value::as_i64).ok_or_else(codes::malformed_xml)?;
        let etag = text("ETag").ok_or_else(codes::malformed_xml)?.trim_matches('"').to_owned();
        let checksum = Algorithm::ALL.iter().find_map(|algorithm| text(&algorithm.member()));
        if listed.last().is_some_and(|before| number <= before.number) {
            return Err(codes::invalid_part_order());
        }
        listed.push(Listed { number, etag, checksum: checksum.map(str::to_owned) });
    }
    Ok(listed)
}

/// The object of the parts that are listed, and the files of the others.
fn completed(
    upload: Upload,
    uploaded: Vec<(i64, Uploaded)>,
    listed: &[Listed],
    bounds: Bounds,
    now: Timestamp,
) -> Result<(Object, Vec<String>), Error> {
    let mut chosen: Vec<Uploaded> = Vec::with_capacity(listed.len());
    let mut unused = Vec::new();
    let mut wanted = listed.iter().peekable();
    for (number, part) in uploaded {
        match wanted.next_if(|one| one.number == number) {
            Some(one) => {
                let is_right = one.checksum.as_ref().is_none_or(|checksum| *checksum == part.checksum);
                if one.etag != part.etag || !is_right {
                    return Err(codes::invalid_part());
                }
                chosen.push(part);
            }
            None => unused.push(part.part.file),
        }
    }
    if wanted.next().is_some() {
        return Err(codes::invalid_part());
    }
    if let Some((_, but_last)) = chosen.split_last()
        && let Some(small) = but_last.iter().find(|part| part.part.size < bounds.part_bytes_min)
    {
        return Err(codes::too_small(small.part.size, bounds.part_bytes_min));
    }
    let size = chosen.iter().fold(0_u64, |sum, part| sum.saturating_add(part.part.size));
    if bounds.object_bytes_max < size {
        return Err(codes::too_large(size, bounds.object_bytes_max));
    }
    let mut hash = Md5::default();
    for part in &chosen {
        hash.update(hex::decode(&part.etag).unwrap_or_default());
    }
    let etag = format!("{}-{}", hex::encode(hash.finalize()), chosen.len());
    // Of parts with different algorithms, nothing can be said of the whole.
    let algorithm = chosen.first().and_then(|part| Algorithm::parse(&part.checksum_algorithm));
    let algorithm = algorithm.filter(|one| chosen.iter().all(|part| part.checksum_algorithm == one.name()));
    let is_composite = upload.checksum_type == COMPOSITE;
    let checksum = algorithm.and_then(|algorithm| match is_composite {
        true => checksum::composite(algorithm, chosen.iter().map(|part| part.checksum.as_str())),
        false => {
            let parts = chosen.iter().map(|part| (part.checksum.as_str(), part.part.size));
            checksum::whole(algorithm, parts)
        }
    });
    let object = Object {
        modified: now,
        etag,
        parts: chosen.into_iter().map(|part| part.part).collect(),
        is_multipart: true,
        about: upload.about,
        checksum_algorithm: match (&checksum, algorithm) {
            (Some(_), Some(algorithm)) => algorithm.name().to_owned(),
            _ => String::new(),
        },
        checksum: checksum.unwrap_or_default(),
        checksum_type: upload.checksum_type,
    };
    Ok((object, unused))
}

pub(super) async fn complete(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let Named { owner, key, id } = Named::of(call, &asked)?;
    let listed = listed(&asked)?;
    let condition = WriteIf::of(&asked)?;
    let told = asked.checksum_of_whole()?;
    let buckets = buckets(call);
    let (bounds, now) = (buckets.0.bounds, buckets.0.clock.now());
    let (name, for_key) = (owner.name.clone(), key.clone());
    let written = buckets.write(&owner, move |tx, _, _| {
        let upload = upload_of(tx, &name, &for_key, &id)?;
        condition.check(&for_key, tables::object(tx, &name, &for_key)?.as_ref())?;
        let uploaded = tables::parts(tx, &id, 0, usize::MAX)?;
        let (object, mut unused) = completed(upload, uploaded, &listed, bounds, now)?;
        if let Some((algorithm, told)) = told.clone()
            && object.checksum_algorithm == algorithm.name()
            && object.checksum != told
        {
            return Err(codes::bad_digest(algorithm.name()));
        }
        tables::delete_upload(tx, &id, false)?;
        tables::forget_files(tx, &unused)?;
        unused.extend(tables::put_object(tx, &name, &for_key, &object)?);
        Ok((object, unused))
    });
    let (object, unused) = written.await?;
    buckets.remove(unused).await;
    let mut result = json!({
        "Location": format!("/{}/{key}", owner.name),
        "Bucket": owner.name,
        "Key": key,
        "ETag": quoted(&object.etag),
    });
    if !object.checksum_algorithm.is_empty() {
        result[format!("Checksum{}", object.checksum_algorithm)] = object.checksum.into();
        result["ChecksumType"] = object.checksum_type.into();
    }
    Ok(json!({"CompleteMultipartUploadResult": result}))
}

pub(super) async fn abort(call: &Call, asked: Asked) -> Result<(), ApiError> {
    let Named { owner, key, id } = Named::of(call, &asked)?;
    let name = owner.name.clone();
    let written = buckets(call).write(&owner, move |tx, _, _| {
        upload_of(tx, &name, &key, &id)?;
        Ok(tables::delete_upload(tx, &id, true)?)
    });
    let files = written.await?;
    buckets(call).remove(files).await;
    Ok(())
}

pub(super) async fn list_parts(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let named = Named::of(call, &asked)?;
    let upload = named.find(call).await?;
    let most = asked.number("MaxParts")?.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let after = asked.number("PartNumberMarker")?.unwrap_or(0);
    let (id, from) = (named.id.clone(), i64::try_from(after).unwrap_or(i64::MAX));
    let limit = usize::try_from(most).unwrap_or(1);
    let read = buckets(call).read(&named.owner, move |tx, home, _| {
        Ok((tables::parts(tx, &id, from, limit + 1)?, owner_id(home)))
    });
    let (mut parts, owner) = read.await?;
    let has_more = limit < parts.len();
    parts.truncate(limit);
    let next = parts.last().map(|(number, _)| *number).filter(|_| has_more);
    let part = |(number, part): &(i64, Uploaded)| {
        let name = format!("Checksum{}", part.checksum_algorithm);
        json!({
            "PartNumber": number,
            "LastModified": part.modified.to_iso8601(),
            "ETag": quoted(&part.etag),
            "Size": part.part.size,
            name: part.checksum,
        })
    };
    Ok(json!({"ListPartsResult": {
        "Bucket": named.owner.name,
        "Key": named.key,
        "UploadId": named.id,
        "PartNumberMarker": after,
        "NextPartNumberMarker": next,
        "MaxParts": most,
        "IsTruncated": has_more,
        "Part": parts.iter().map(part).collect::<Value>(),
        "Initiator": {"ID": owner, "DisplayName": owner},
        "Owner": {"ID": owner, "DisplayName": owner},
        "StorageClass": "STANDARD",
        "ChecksumAlgorithm": upload.checksum_algorithm,
        "ChecksumType": upload.checksum_type,
    }}))
}

pub(super) async fn list(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    if asked.text("Delimiter").is_some_and(|delimiter| !delimiter.is_empty()) {
        return Err(codes::unsupported("A delimiter for uploads").into());
    }
    let encode = encoding(&asked)?;
    let most = asked.number("MaxUploads")?.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let limit = usize::try_from(most).unwrap_or(1);
    let owner = Owner::of(call, &asked);
    let text = |member: &str| asked.text(member).unwrap_or_default().to_owned();
    let (name, prefix) = (owner.name.clone(), text("Prefix"));
    // Without an id, everything after the key follows.
    let after = match text("UploadIdMarker") {
        id if id.is_empty() => (text("KeyMarker"), "\u{10ffff}".to_owned()),
        id => (text("KeyMarker"), id),
    };
    let after = if after.0.is_empty() { (String::new(), String::new()) } else { after };
    let read = buckets(call).read(&owner, move |tx, home, _| {
        let all = tables::uploads(tx, &name, (&after.0, &after.1), usize::MAX)?;
        let mut found: Vec<_> = all.into_iter().filter(|(_, key, _)| key.starts_with(&prefix)).collect();
        let has_more = limit < found.len();
        found.truncate(limit);
        Ok((found, has_more, owner_id(home)))
    });
    let (found, has_more, id) = read.await?;
    let next = found.last().filter(|_| has_more);
    let upload = |(upload, key, about): &(String, String, Upload)| {
        json!({
            "Key": encode(key),
            "UploadId": upload,
            "Initiated": about.started.to_iso8601(),
            "Initiator": {"ID": id, "DisplayName": id},
            "Owner": {"ID": id, "DisplayName": id},
            "StorageClass": "STANDARD",
            "ChecksumAlgorithm": about.checksum_algorithm,
            "ChecksumType": about.checksum_type,
        })
    };
    Ok(json!({"ListMultipartUploadsResult": {
        "Bucket": owner.name,
        "KeyMarker": encode(&text("KeyMarker")),
        "UploadIdMarker": text("UploadIdMarker"),
        "NextKeyMarker": next.map(|(_, key, _)| encode(key)),
        "NextUploadIdMarker": next.map(|(id, ..)| id),
        "Prefix": encode(&text("Prefix")),
        "MaxUploads": most,
        "IsTruncated": has_more,
        "EncodingType": asked.text("EncodingType"),
        "Upload": found.iter().map(upload).collect::<Value>(),
    }}))
}
