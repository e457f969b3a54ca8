//! Tasks of `aws-sdk:s3`, wherever objects are.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html>

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::objects::{ObjectStore, PAGE};
use super::role::role_use;
use crate::asl::{Integration, Pattern};
use crate::engine::event::Failure;
use crate::engine::{ListedObject, ObjectName, Objects, TaskCall, TaskResult};
use crate::json::{self, Payload};
use crate::wire::Permission;
use crate::wire::client::{self, AwsClient};

/// The most that a task's result may have.
const OBJECT_BYTES_MAX: u64 = 262_144;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// `getObject`.
    Get,
    /// `putObject`.
    Put,
    /// `listObjectsV2`.
    List,
}

impl Action {
    /// What an integration asks for, if it is one of these.
    pub(super) fn of(integration: &Integration) -> Option<Self> {
        if integration.service != "aws-sdk:s3" || integration.pattern != Pattern::RequestResponse {
            return None;
        }
        match integration.action.as_str() {
            "getObject" => Some(Self::Get),
            "putObject" => Some(Self::Put),
            "listObjectsV2" => Some(Self::List),
            _ => None,
        }
    }
}

/// Why the call's role may not make it, if it may not.
pub(super) async fn unpermitted(aws: &AwsClient, action: Action, call: &TaskCall) -> Option<Failure> {
    let role = role_use(call)?;
    let input = call.input.value();
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let arn = format!("arn:{}:s3:::{}", call.home.region.partition(), text("Bucket"));
    let needed = match action {
        Action::Get => Permission::new("s3:GetObject", format!("{arn}/{}", text("Key"))),
        Action::Put => Permission::new("s3:PutObject", format!("{arn}/{}", text("Key"))),
        Action::List => Permission::new("s3:ListBucket", arn),
    };
    let error = aws.permit(&role, &call.home, &[needed]).await.err()?;
    let code = match error {
        client::Unpermitted::Denied(_) => "S3.S3Exception",
        client::Unpermitted::Role(_) | client::Unpermitted::Closed => "S3.SdkClientException",
    };
    Some(Failure::new(code, error.to_string()))
}

/// Makes a call and says how it went.
pub(super) async fn call(objects: &ObjectStore, action: Action, call: TaskCall) -> TaskResult {
    match answer(objects, action, &call).await {
        Ok(output) => TaskResult::Succeeded(Payload::from_value(output)),
        Err(failure) => TaskResult::Failed(failure),
    }
}

async fn answer(objects: &ObjectStore, action: Action, call: &TaskCall) -> Result<Value, Failure> {
    let input = call.input.value();
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let required = |name: &str| {
        text(name).ok_or_else(|| {
            let cause = format!("The field '{name}' is required but was missing");
            Failure::new("States.Runtime", cause)
        })
    };
    let bucket = required("Bucket")?;
    let key = match action {
        Action::Get | Action::Put => required("Key")?,
        Action::List => text("Prefix").unwrap_or_default(),
    };
    let object = ObjectName {
        home: call.home.clone(),
        acting: Some(Arc::new(call.acting())),
        bucket,
        key,
        version: text("VersionId"),
        owner: None,
    };
    if object.version.is_some() {
        let cause =
            format!("s3://{}/{} is wanted in a version, and a folder has none", object.bucket, object.key);
        return Err(Failure::new("S3.SdkClientException", cause));
    }
    match action {
        Action::Get => {
            let body = objects.read_whole(object.clone(), OBJECT_BYTES_MAX).await?;
            let length = body.len();
            let no_text = || Failure::new("S3.SdkClientException", "The object can't be read as text.");
            let body = String::from_utf8(body).map_err(|_| no_text())?;
            let found = objects.look(object).await?;
            Ok(json!({
                "AcceptRanges": "bytes",
                "Body": body,
                "ContentLength": length,
                "ContentType": "binary/octet-stream",
                "ETag": found.etag,
                "LastModified": found.modified.map(|modified| modified.to_iso8601_seconds()),
                "Metadata": {},
            }))
        }
        Action::Put => {
            // As recorded: what is no text is written as JSON.
            let body = match input.get("Body") {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(body) => json::compact(body),
            };
            objects.write(object.clone(), body.into()).await?;
            Ok(json!({"ETag": objects.look(object).await?.etag}))
        }
        Action::List => {
            let most = input
                .get("MaxKeys")
                .and_then(Value::as_u64)
                .map_or(PAGE, |most| usize::try_from(most).unwrap_or(PAGE).clamp(1, PAGE));
            let after = text("ContinuationToken").or_else(|| text("StartAfter"));
            let (name, prefix) = (object.bucket.clone(), object.key.clone());
            let mut listing = objects.list(object, after).await?;
            if most < listing.objects.len() {
                listing.objects.truncate(most);
                listing.next = listing.objects.last().map(|object| object.key.clone());
            }
            let mut answer = Map::new();
            answer.insert("Contents".to_owned(), listing.objects.iter().map(content).collect());
            answer.insert("IsTruncated".to_owned(), listing.next.is_some().into());
            answer.insert("KeyCount".to_owned(), listing.objects.len().into());
            answer.insert("MaxKeys".to_owned(), most.into());
            answer.insert("Name".to_owned(), name.into());
            if let Some(next) = listing.next {
                answer.insert("NextContinuationToken".to_owned(), next.into());
            }
            answer.insert("Prefix".to_owned(), prefix.into());
            Ok(Value::Object(answer))
        }
    }
}

fn content(object: &ListedObject) -> Value {
    json!({
        "ETag": object.etag,
        "Key": object.key,
        "LastModified": object.modified.map(|modified| modified.to_iso8601_seconds()),
        "Size": object.size,
        "StorageClass": object.storage_class,
    })
}
