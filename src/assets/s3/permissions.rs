//! The permissions that a call needs.
//!
//! See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.

use serde_json::{Value, json};

use super::asked::source;
use crate::id::AccountRegion;
use crate::wire::{Operation, Permission};

/// The actions of operations that are not called like them.
const ACTIONS: &[(&str, &str)] = &[
    ("CompleteMultipartUpload", "PutObject"),
    ("CopyObject", "PutObject"),
    ("CreateMultipartUpload", "PutObject"),
    ("DeleteBucketCors", "PutBucketCORS"),
    ("DeleteBucketEncryption", "PutEncryptionConfiguration"),
    ("DeleteBucketLifecycle", "PutLifecycleConfiguration"),
    ("DeleteBucketOwnershipControls", "PutBucketOwnershipControls"),
    ("DeleteBucketTagging", "PutBucketTagging"),
    ("DeleteObjects", "DeleteObject"),
    ("DeletePublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("GetBucketAccelerateConfiguration", "GetAccelerateConfiguration"),
    ("GetBucketCors", "GetBucketCORS"),
    ("GetBucketEncryption", "GetEncryptionConfiguration"),
    ("GetBucketLifecycleConfiguration", "GetLifecycleConfiguration"),
    ("GetBucketNotificationConfiguration", "GetBucketNotification"),
    ("GetBucketReplication", "GetReplicationConfiguration"),
    ("GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
    ("GetPublicAccessBlock", "GetBucketPublicAccessBlock"),
    ("HeadBucket", "ListBucket"),
    ("HeadObject", "GetObject"),
    ("ListBuckets", "ListAllMyBuckets"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("ListObjectVersions", "ListBucketVersions"),
    ("ListObjects", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("ListParts", "ListMultipartUploadParts"),
    ("PutBucketAccelerateConfiguration", "PutAccelerateConfiguration"),
    ("PutBucketCors", "PutBucketCORS"),
    ("PutBucketEncryption", "PutEncryptionConfiguration"),
    ("PutBucketLifecycleConfiguration", "PutLifecycleConfiguration"),
    ("PutBucketNotificationConfiguration", "PutBucketNotification"),
    ("PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
    ("UploadPart", "PutObject"),
    ("UploadPartCopy", "PutObject"),
];

pub(super) fn permissions(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    // Only principals of a bucket's own account get in.
    let needed = needed(operation, input, home).into_iter();
    needed.map(|permission| permission.with("aws:resourceaccount", home.account.as_str())).collect()
}

/// How the policy of a bucket, or of an object's, is asked for.
pub(super) fn policy_of(arn: &str) -> Option<(&'static str, Value)> {
    let (_, name) = arn.strip_prefix("arn:")?.split_once(":s3:::")?;
    let bucket = name.split('/').next().filter(|bucket| !bucket.is_empty())?;
    Some(("GetBucketPolicy", json!({ "Bucket": bucket })))
}

fn needed(operation: &Operation, input: &Value, home: &AccountRegion) -> Vec<Permission> {
    let text = |member: &str| input.get(member).and_then(Value::as_str);
    let named = ACTIONS.iter().find(|(name, _)| *name == operation.name);
    let action = format!("s3:{}", named.map_or(operation.name, |(_, action)| action));
    let arn = |resource: &str| format!("arn:{}:s3:::{resource}", home.region.partition());
    let Some(bucket) = text("Bucket") else { return vec![Permission::new(action, "*")] };
    if operation.name == "DeleteObjects" {
        let objects = input.get("Object").and_then(Value::as_array).into_iter().flatten();
        let keys = objects.filter_map(|object| object.get("Key").and_then(Value::as_str));
        return keys.map(|key| Permission::new(&*action, arn(&format!("{bucket}/{key}")))).collect();
    }
    let mut needed = match text("Key") {
        Some(key) => vec![Permission::new(action, arn(&format!("{bucket}/{key}")))],
        None => vec![Permission::new(action, arn(bucket))],
    };
    if operation.name.starts_with("ListObject") {
        for (member, key) in [("Prefix", "s3:prefix"), ("Delimiter", "s3:delimiter")] {
            if let Some(value) = text(member) {
                needed = needed.into_iter().map(|permission| permission.with(key, value)).collect();
            }
        }
    }
    if let Some((bucket, key, _)) = text("CopySource").and_then(source) {
        needed.push(Permission::new("s3:GetObject", arn(&format!("{bucket}/{key}"))));
    }
    // Tags may be all that a policy cares for.
    if text("Tagging").is_some() && operation.name != "PutObjectTagging" {
        needed.push(Permission::new(
            "s3:PutObjectTagging",
            arn(&format!("{bucket}/{}", text("Key").unwrap_or_default())),
        ));
    }
    needed
}
