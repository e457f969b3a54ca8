//! Buckets: made, found, listed, removed.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::asked::Asked;
use super::shared::{Owner, buckets, owner_id};
use super::tables::{self, Bucket};
use super::{codes, settings};
use crate::assets::error::Error;
use crate::id::{AccountRegion, Region};
use crate::wire::{ApiError, Call, Reply, ReplyBody};

/// The most buckets of an account.
const BUCKETS_MAX: i64 = 1_000;
const REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// Whether this may be a bucket's name.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let is_address = name.parse::<std::net::Ipv4Addr>().is_ok();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| is_plain(*byte) || matches!(byte, b'-' | b'.'))
        && bytes.first().is_some_and(|byte| is_plain(*byte))
        && bytes.last().is_some_and(|byte| is_plain(*byte))
        && !name.contains("..")
        && !is_address
        && !name.starts_with("xn--")
        && !name.starts_with("sthree-")
        && !name.ends_with("-s3alias")
        && !name.ends_with("--ol-s3")
}

pub(super) async fn create(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let name = asked.bucket().to_owned();
    if !is_name(&name) {
        return Err(codes::invalid_bucket_name(&name).into());
    }
    settings::check_acl(&asked)?;
    if asked.text("ObjectLockEnabledForBucket").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return Err(codes::unsupported("Object Lock").into());
    }
    let region = match asked.text("LocationConstraint") {
        None | Some("") => call.home.region.clone(),
        Some("EU") => call.home.region.clone(),
        Some(text) => Region::parse(text)
            .ok_or_else(|| codes::invalid_argument("The specified location-constraint is not valid"))?,
    };
    let home = AccountRegion { account: call.home.account.clone(), region };
    let mut settings = BTreeMap::new();
    if let Some(ownership) = asked.text("ObjectOwnership") {
        settings.insert("OwnershipControls".to_owned(), settings::ownership(ownership));
    }
    let bucket = Bucket { created: buckets(call).0.clock.now(), settings };
    let location = format!("/{name}");
    let made = buckets(call).0.store.write(move |tx| {
        match tables::bucket(tx, &name)? {
            // Where S3 began, making a bucket again is no error.
            Some((owner, _)) if owner.account == home.account && home.region.as_str() == "us-east-1" => {
                Ok(())
            }
            Some((owner, _)) => Err(codes::bucket_exists(&name, owner.account == home.account)),
            None if BUCKETS_MAX <= tables::count_buckets(tx, &home.account)? => {
                Err(codes::too_many_buckets())
            }
            None => Ok(tables::add_bucket(tx, &name, &home, &bucket)?),
        }
    });
    made.await?;
    let location = HeaderValue::try_from(location).ok();
    let headers = location.map(|value| (http::header::LOCATION, value)).into_iter().collect();
    Ok(Reply { status: None, headers, body: ReplyBody::Empty })
}

pub(super) async fn head(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let owner = Owner::of(call, &asked);
    let region = buckets(call).read(&owner, |_, home, _| Ok(home.region.to_string())).await?;
    let region = HeaderValue::try_from(region).ok();
    let headers = region.map(|region| (REGION, region)).into_iter().collect();
    Ok(Reply { status: None, headers, body: ReplyBody::Empty })
}

pub(super) async fn delete(call: &Call, asked: Asked) -> Result<(), ApiError> {
    let owner = Owner::of(call, &asked);
    let name = owner.name.clone();
    let deleted = buckets(call).write(&owner, move |tx, _, _| match tables::has_objects(tx, &name)? {
        true => Err(codes::bucket_not_empty(&name)),
        false => Ok(tables::delete_bucket(tx, &name)?),
    });
    let files = deleted.await?;
    buckets(call).remove(files).await;
    Ok(())
}

pub(super) async fn location(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let owner = Owner::of(call, &asked);
    let region = buckets(call).read(&owner, |_, home, _| Ok(home.region.to_string())).await?;
    // The first region has no name here.
    let region = if region == "us-east-1" { String::new() } else { region };
    Ok(json!({"LocationConstraint": region}))
}

pub(super) async fn list(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let most = asked.number("MaxBuckets")?.map_or(BUCKETS_MAX.unsigned_abs(), |most| most.clamp(1, 1_000));
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let after = asked.text("ContinuationToken").unwrap_or_default().to_owned();
    let prefix = asked.text("Prefix").unwrap_or_default().to_owned();
    let account = call.home.account.clone();
    let read = buckets(call).0.store.read(move |tx| {
        Ok::<_, Error>(tables::buckets(tx, &account, &after, usize::try_from(BUCKETS_MAX).unwrap_or(1))?)
    });
    let mut found: Vec<_> = read.await?.into_iter().filter(|(name, ..)| name.starts_with(&prefix)).collect();
    let has_more = most < found.len();
    found.truncate(most);
    let next = has_more.then(|| found.last().map(|(name, ..)| name.clone())).flatten();
    let all: Vec<Value> = found
        .into_iter()
        .map(|(name, home, bucket)| {
            json!({"Name": name, "CreationDate": bucket.created.to_iso8601(), "BucketRegion": home.region.as_str()})
        })
        .collect();
    let id = owner_id(&call.home);
    Ok(json!({"ListAllMyBucketsResult": {
        "Owner": {"ID": id, "DisplayName": call.home.account.as_str()},
        "Buckets": {"Bucket": all},
        "ContinuationToken": next,
        "Prefix": asked.text("Prefix"),
    }}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        let longest = "a".repeat(63);
        for name in ["abc", "a.b-c", "1-2", &longest, "cdk-hnb659fds-assets-123456789012-us-east-1"] {
            assert!(is_name(name), "{name}");
        }
        let too_long = "a".repeat(64);
        for name in
            ["", "ab", &too_long, "Abc", "a_b", "-ab", "ab-", "a..b", "192.168.1.1", "xn--abc", "a-s3alias"]
        {
            assert!(!is_name(name), "{name}");
        }
    }
}
