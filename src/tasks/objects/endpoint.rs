//! An S3 elsewhere, at the endpoint of the settings.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use std::ops::Range;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::NAME;
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::{ListedObject, ObjectListing, ObjectName, ObjectPart};
use crate::gateway::{AwsCall, AwsOperation, BackendError, BackendResponse, CallAs};
use crate::tasks::aws::{Fault, reasons};
use crate::wire::client::{AwsClient, Element, SendError, TIMEOUT, parse_xml};

/// Everything but RFC 3986's unreserved characters, and the slashes of keys.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A call that is about an object, or a bucket.
fn call(object: &ObjectName, method: Method, key: Option<&str>) -> AwsCall {
    let mut headers = HeaderMap::new();
    if let Some(Ok(owner)) = object.owner.as_deref().map(HeaderValue::try_from) {
        headers.insert(HeaderName::from_static("x-amz-expected-bucket-owner"), owner);
    }
    let bucket = utf8_percent_encode(&object.bucket, KEY);
    let path = match key {
        None => format!("/{bucket}"),
        Some(key) => format!("/{bucket}/{}", utf8_percent_encode(key, KEY)),
    };
    let version = object.version.iter().filter(|_| method == Method::GET && key.is_some());
    let query = version.map(|version| ("versionId".to_owned(), version.clone())).collect();
    AwsCall {
        owner: object.home.clone(),
        service: NAME.to_owned(),
        region: object.home.region.to_string(),
        operation: AwsOperation::Path(path),
        method,
        call_as: CallAs::Account,
        source_arn: None,
        headers,
        query,
        body: Bytes::new(),
        timeout: TIMEOUT,
    }
}

/// The answer, also one that says no; `None` if there is no endpoint.
async fn answer(aws: &AwsClient, call: AwsCall) -> Option<Result<BackendResponse, Failure>> {
    let cause = match aws.send(call).await {
        Ok(response) => return Some(Ok(response)),
        Err(SendError::Refused(BackendError::UnknownService { .. })) => return None,
        Err(SendError::Refused(error)) => error.to_string(),
        Err(SendError::Http(error)) => reasons(&error),
    };
    let cause = format!("Unable to execute HTTP request: {cause}");
    Some(Err(Failure::new("S3.SdkClientException", cause)))
}

fn success(response: BackendResponse) -> Result<BackendResponse, Failure> {
    match response.status.is_success() {
        true => Ok(response),
        false => Err(Fault::read(&response, true).as_v2("S3")),
    }
}

fn unreadable(what: &str) -> Failure {
    Failure::new("S3.SdkClientException", format!("Unable to unmarshall response ({what})"))
}

/// GetObject of a range.
pub(super) async fn read(
    aws: &AwsClient,
    object: &ObjectName,
    range: Range<u64>,
) -> Option<Result<ObjectPart, Failure>> {
    let mut call = call(object, Method::GET, Some(&object.key));
    let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
    if let Ok(header) = HeaderValue::try_from(header) {
        call.headers.insert(RANGE, header);
    }
    Some(answer(aws, call).await?.and_then(|response| part(response, range)))
}

fn part(response: BackendResponse, range: Range<u64>) -> Result<ObjectPart, Failure> {
    let total = || {
        let header = response.headers.get(CONTENT_RANGE)?.to_str().ok()?;
        header.rsplit_once('/')?.1.parse::<u64>().ok()
    };
    match (response.status, total()) {
        // Nothing is there from that byte on: the object is empty, or that long.
        (StatusCode::RANGE_NOT_SATISFIABLE, total) => {
            Ok(ObjectPart { bytes: Bytes::new(), total: total.unwrap_or(range.start) })
        }
        (StatusCode::PARTIAL_CONTENT, Some(total)) => Ok(ObjectPart { bytes: response.body, total }),
        (StatusCode::PARTIAL_CONTENT, None) => Err(unreadable("no Content-Range")),
        // A server that has no ranges sends all of it.
        _ => {
            let body = success(response)?.body;
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
            let (start, end) = (place(range.start), place(range.end));
            Ok(ObjectPart { bytes: body.slice(start..end.max(start)), total: body.len() as u64 })
        }
    }
}

/// ListObjectsV2.
pub(super) async fn list(
    aws: &AwsClient,
    prefix: &ObjectName,
    next: Option<String>,
) -> Option<Result<ObjectListing, Failure>> {
    let mut call = call(prefix, Method::GET, None);
    let mut say = |name: &str, value: String| call.query.push((name.to_owned(), value));
    say("list-type", "2".to_owned());
    if let Some(next) = next {
        say("continuation-token", next);
    }
    if !prefix.key.is_empty() {
        say("prefix", prefix.key.clone());
    }
    Some(answer(aws, call).await?.and_then(success).and_then(|response| listing(&response)))
}

fn listing(response: &BackendResponse) -> Result<ObjectListing, Failure> {
    let text = std::str::from_utf8(&response.body).map_err(|_| unreadable("no UTF-8"))?;
    let listing = parse_xml(text).ok_or_else(|| unreadable("no XML"))?;
    let objects = listing.children.iter().filter(|child| child.name == "Contents");
    let objects: Option<Vec<ListedObject>> = objects.map(listed).collect();
    let next = listing.child("NextContinuationToken").map(|token| token.text.clone());
    Ok(ObjectListing { objects: objects.ok_or_else(|| unreadable("no Key"))?, next })
}

fn listed(object: &Element) -> Option<ListedObject> {
    let text = |name: &str| object.child(name).map(|child| child.text.clone());
    Some(ListedObject {
        key: text("Key")?,
        etag: text("ETag"),
        size: text("Size").and_then(|size| size.parse().ok()),
        modified: text("LastModified").and_then(|modified| Timestamp::parse_rfc3339(&modified)),
        storage_class: text("StorageClass"),
    })
}

/// HeadObject.
pub(super) async fn look(aws: &AwsClient, object: &ObjectName) -> Option<Result<ListedObject, Failure>> {
    let answer = answer(aws, call(object, Method::HEAD, Some(&object.key))).await?.and_then(success);
    Some(answer.map(|response| {
        let text = |name: HeaderName| Some(response.headers.get(name)?.to_str().ok()?.to_owned());
        ListedObject {
            key: object.key.clone(),
            etag: text(ETAG),
            size: text(CONTENT_LENGTH).and_then(|text| text.parse().ok()),
            modified: text(LAST_MODIFIED).and_then(|text| Timestamp::parse_http_date(&text)),
            storage_class: Some("STANDARD".to_owned()),
        }
    }))
}

/// PutObject.
pub(super) async fn write(aws: &AwsClient, object: &ObjectName, body: Bytes) -> Option<Result<(), Failure>> {
    let call = AwsCall { body, ..call(object, Method::PUT, Some(&object.key)) };
    Some(answer(aws, call).await?.and_then(success).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, AccountRegion, Region};

    fn name(version: Option<&str>) -> ObjectName {
        ObjectName {
            home: AccountRegion {
                account: AccountId::parse("123456789012").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            acting: None,
            bucket: "b".to_owned(),
            key: "a b/c.csv".to_owned(),
            version: version.map(str::to_owned),
            owner: Some("210987654321".to_owned()),
        }
    }

    fn response(status: StatusCode, range: Option<&str>, body: &str) -> BackendResponse {
        let mut headers = HeaderMap::new();
        if let Some(range) = range {
            headers.insert(CONTENT_RANGE, range.parse().unwrap());
        }
        BackendResponse { status, headers, body: body.to_owned().into() }
    }

    #[test]
    fn names_become_paths_and_queries() {
        let get = call(&name(Some("7")), Method::GET, Some("a b/c.csv"));
        assert_eq!(get.operation, AwsOperation::Path("/b/a%20b/c.csv".to_owned()));
        assert_eq!(get.query, [("versionId".to_owned(), "7".to_owned())]);
        assert_eq!(get.headers["x-amz-expected-bucket-owner"], "210987654321");
        assert_eq!(call(&name(None), Method::GET, None).operation, AwsOperation::Path("/b".to_owned()));
        assert!(call(&name(Some("7")), Method::PUT, Some("k")).query.is_empty());
    }

    #[test]
    fn parts_say_how_long_the_whole_is() {
        let read = |status, range, body| {
            part(response(status, range, body), 2..4).map(|part| (part.bytes, part.total)).ok()
        };
        assert_eq!(read(StatusCode::PARTIAL_CONTENT, Some("bytes 2-3/9"), "cd"), Some(("cd".into(), 9)));
        assert_eq!(read(StatusCode::PARTIAL_CONTENT, None, "cd"), None);
        assert_eq!(read(StatusCode::OK, None, "abcdef"), Some(("cd".into(), 6)));
        assert_eq!(read(StatusCode::OK, None, "a"), Some(("".into(), 1)));
        assert_eq!(read(StatusCode::RANGE_NOT_SATISFIABLE, Some("bytes */0"), "<x/>"), Some(("".into(), 0)));
        assert_eq!(read(StatusCode::NOT_FOUND, None, "<x/>"), None);
    }

    #[test]
    fn a_listing_is_read() {
        let xml = "<ListBucketResult><Contents><Key>k</Key><LastModified>2022-11-17T15:44:41.000Z</LastModified>\
                   <ETag>&quot;e&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>\
                   <NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        let listing = listing(&response(StatusCode::OK, None, xml)).unwrap();
        assert_eq!(listing.next.as_deref(), Some("t"));
        let item = serde_json::json!({"Etag": "\"e\"", "Key": "k", "LastModified": 1_668_699_881, "Size": 12,
                          "StorageClass": "STANDARD"});
        assert_eq!(listing.objects[0].as_item(), item);
    }
}
