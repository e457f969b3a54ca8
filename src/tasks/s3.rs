//! S3 elsewhere, as far as the ItemReader of a Map asks it: an object's text, and the objects of a bucket.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::aws::{self, Element, Fault, parse_xml, reasons};
use super::services::Services;
use crate::asl::Integration;
use crate::clock::Timestamp;
use crate::engine::event::Failure;
use crate::engine::{TaskCall, TaskResult};
use crate::gateway::{AwsCall, BackendResponse};
use crate::json::Payload;

/// The service's name in the settings.
pub(super) const NAME: &str = "s3";
/// How long it may take.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Everything but RFC 3986's unreserved characters, and the slashes of keys.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// `s3:getObject`: answers `{"Body": text}`.
    GetObject,
    /// `s3:listObjectsV2`: answers `Contents` as items of a Map, and `NextContinuationToken`.
    ListObjects,
}

impl Action {
    pub(super) fn of(integration: &Integration) -> Option<Self> {
        match (integration.service.as_str(), integration.action.as_str()) {
            (NAME, "getObject") => Some(Self::GetObject),
            (NAME, "listObjectsV2") => Some(Self::ListObjects),
            _ => None,
        }
    }
}

/// Makes a call and says how it went; `None` if the service has no endpoint.
pub(super) async fn call(elsewhere: &Services, action: Action, call: TaskCall) -> Option<TaskResult> {
    let request = match request(action, &call) {
        Ok(request) => request,
        Err(missing) => {
            let cause = format!("The field '{missing}' is required but was missing");
            return Some(TaskResult::Failed(Failure::new("States.Runtime", cause)));
        }
    };
    let result = match elsewhere.try_call(request, TIMEOUT).await? {
        Err(error) => {
            let cause = format!("Unable to execute HTTP request: {}", reasons(&error));
            Err(Failure::new("S3.SdkClientException", cause))
        }
        Ok(response) if response.status.is_success() => answer(action, &response),
        Ok(response) => Err(Fault::read(&response, true).as_v2("S3")),
    };
    Some(match result {
        Ok(output) => TaskResult::Succeeded(output),
        Err(failure) => TaskResult::Failed(failure),
    })
}

/// The request; the name of the argument without which there is none.
fn request(action: Action, call: &TaskCall) -> Result<AwsCall, &'static str> {
    let input = call.input.value();
    let text = |name: &'static str| input.get(name).and_then(Value::as_str);
    let bucket = utf8_percent_encode(text("Bucket").ok_or("Bucket")?, KEY);
    let mut headers = HeaderMap::new();
    if let Some(Ok(owner)) = text("ExpectedBucketOwner").map(HeaderValue::try_from) {
        headers.insert(HeaderName::from_static("x-amz-expected-bucket-owner"), owner);
    }
    let (path, names): (_, &[(&str, &str)]) = match action {
        Action::GetObject => {
            let key = utf8_percent_encode(text("Key").ok_or("Key")?, KEY);
            (format!("/{bucket}/{key}"), &[("VersionId", "versionId")])
        }
        Action::ListObjects => (
            format!("/{bucket}"),
            &[
                ("ContinuationToken", "continuation-token"),
                ("Prefix", "prefix"),
                ("StartAfter", "start-after"),
            ],
        ),
    };
    let mut query = Vec::new();
    if action == Action::ListObjects {
        query.push(("list-type".to_owned(), "2".to_owned()));
    }
    for (member, parameter) in names {
        let given = input.get(*member).and_then(Value::as_str);
        query.extend(given.map(|value| ((*parameter).to_owned(), value.to_owned())));
    }
    let request = aws::request(NAME, call, headers, path, query, String::new());
    Ok(AwsCall { method: Method::GET, ..request })
}

fn answer(action: Action, response: &BackendResponse) -> Result<Payload, Failure> {
    let unreadable =
        |what: &str| Failure::new("S3.SdkClientException", format!("Unable to unmarshall response ({what})"));
    let text = std::str::from_utf8(&response.body).map_err(|_| unreadable("no UTF-8"))?;
    let answer = match action {
        Action::GetObject => json!({"Body": text}),
        Action::ListObjects => {
            let listing = parse_xml(text).ok_or_else(|| unreadable("no XML"))?;
            let objects = listing.children.iter().filter(|child| child.name == "Contents");
            let mut answer = Map::from_iter([("Contents".to_owned(), objects.map(item).collect())]);
            if let Some(token) = listing.child("NextContinuationToken") {
                answer.insert("NextContinuationToken".to_owned(), token.text.clone().into());
            }
            Value::Object(answer)
        }
    };
    Ok(Payload::from_value(answer))
}

/// An object as an item of a Map.
fn item(object: &Element) -> Value {
    let text = |name: &str| object.child(name).map(|child| child.text.as_str());
    let modified = text("LastModified").and_then(Timestamp::parse_rfc3339);
    let modified = modified.map(|modified| modified.as_millis().div_euclid(1000));
    json!({
        "Etag": text("ETag"),
        "Key": text("Key"),
        "LastModified": modified,
        "Size": text("Size").and_then(|size| size.parse::<u64>().ok()),
        "StorageClass": text("StorageClass"),
    })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::asl::{Pattern, Resource};
    use crate::id::{AccountId, AccountRegion, Region};

    fn task(action: &str, input: &Value) -> TaskCall {
        TaskCall {
            home: AccountRegion {
                account: AccountId::parse("123456789012").unwrap(),
                region: Region::parse("us-east-1").unwrap(),
            },
            execution_arn: "e".into(),
            state_machine_arn: "m".into(),
            resource: Resource::Integration(Integration {
                text: format!("arn:aws:states:::s3:{action}"),
                service: NAME.to_owned(),
                action: action.to_owned(),
                pattern: Pattern::RequestResponse,
            }),
            input: Payload::from_value(input.clone()),
            role_arn: "r".into(),
            idempotency_token: "t".into(),
        }
    }

    fn response(body: &str) -> BackendResponse {
        BackendResponse { status: StatusCode::OK, headers: HeaderMap::new(), body: body.to_owned().into() }
    }

    #[test]
    fn arguments_become_path_and_query() {
        let get = request(Action::GetObject, &task("getObject", &json!({"Bucket": "b", "Key": "a b/c.csv"})));
        let get = get.unwrap();
        assert_eq!(get.operation, crate::gateway::AwsOperation::Path("/b/a%20b/c.csv".to_owned()));
        assert_eq!((get.method, get.query), (Method::GET, Vec::new()));
        let list = task("listObjectsV2", &json!({"Bucket": "b", "Prefix": "p/", "ContinuationToken": "t"}));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            request(Action::ListObjects, &list).unwrap().query,
            [pair("list-type", "2"), pair("continuation-token", "t"), pair("prefix", "p/")]
        );
        assert_eq!(
            request(Action::GetObject, &task("getObject", &json!({"Bucket": "b"}))).err(),
            Some("Key")
        );
    }

    #[test]
    fn a_listing_becomes_items() {
        let xml = "<ListBucketResult><Contents><Key>k</Key><LastModified>2022-11-17T15:44:41.000Z</LastModified>\
                   <ETag>&quot;e&quot;</ETag><Size>12</Size><StorageClass>STANDARD</StorageClass></Contents>\
                   <NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        let answer = answer(Action::ListObjects, &response(xml)).unwrap();
        let item = json!({"Etag": "\"e\"", "Key": "k", "LastModified": 1_668_699_881, "Size": 12,
                          "StorageClass": "STANDARD"});
        assert_eq!(answer.value(), &json!({"Contents": [item], "NextContinuationToken": "t"}));
    }

    #[test]
    fn an_object_is_its_text() {
        let answer = answer(Action::GetObject, &response("a,b")).unwrap();
        assert_eq!(answer.value(), &json!({"Body": "a,b"}));
        let bytes = BackendResponse { body: vec![0xff].into(), ..response("") };
        assert!(super::answer(Action::GetObject, &bytes).is_err());
    }
}
