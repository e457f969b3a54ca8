//! Tags of objects.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::asked::Asked;
use super::codes;
use super::shared::{Owner, buckets};
use super::tables;
use crate::assets::error::Error;
use crate::wire::{ApiError, Call};

const TAGS_MAX: usize = 10;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// Tags that were sent as `a=b&c=d`.
pub(super) fn of_header(header: Option<&str>) -> Result<BTreeMap<String, String>, Error> {
    let query = crate::identity::Query::parse(header.unwrap_or_default());
    checked(query.pairs().iter().cloned())
}

fn checked(all: impl Iterator<Item = (String, String)>) -> Result<BTreeMap<String, String>, Error> {
    let mut tags = BTreeMap::new();
    for (key, value) in all {
        if key.is_empty() || KEY_CHARS_MAX < key.chars().count() {
            return Err(codes::invalid_tag("The TagKey you have provided is invalid"));
        }
        if VALUE_CHARS_MAX < value.chars().count() {
            return Err(codes::invalid_tag("The TagValue you have provided is invalid"));
        }
        if tags.insert(key, value).is_some() {
            return Err(codes::invalid_tag("Cannot provide multiple Tags with the same key"));
        }
    }
    if TAGS_MAX < tags.len() {
        return Err(Error::new(crate::wire::Code::BadRequest, "Object tags cannot be greater than 10"));
    }
    Ok(tags)
}

pub(super) async fn get(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    asked.check_version()?;
    let (owner, key) = (Owner::of(call, &asked), asked.key()?.to_owned());
    let name = owner.name.clone();
    let read = buckets(call).read(&owner, move |tx, _, _| {
        tables::object(tx, &name, &key)?.ok_or_else(|| codes::no_such_key(&key))
    });
    let tags = read.await?.about.tags;
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    Ok(json!({"Tagging": {"TagSet": {"Tag": tags}}}))
}

pub(super) async fn put(call: &Call, asked: Asked) -> Result<(), ApiError> {
    let sets = asked.value("TagSet").and_then(|set| set.get("Tag")).and_then(Value::as_array);
    let text =
        |tag: &Value, member: &str| tag.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let tags = sets.into_iter().flatten().map(|tag| (text(tag, "Key"), text(tag, "Value")));
    set(call, &asked, checked(tags)?).await
}

pub(super) async fn delete(call: &Call, asked: Asked) -> Result<(), ApiError> {
    set(call, &asked, BTreeMap::new()).await
}

async fn set(call: &Call, asked: &Asked, tags: BTreeMap<String, String>) -> Result<(), ApiError> {
    asked.check_version()?;
    let (owner, key) = (Owner::of(call, asked), asked.key()?.to_owned());
    let name = owner.name.clone();
    let written = buckets(call).write(&owner, move |tx, _, _| {
        let mut object = tables::object(tx, &name, &key)?.ok_or_else(|| codes::no_such_key(&key))?;
        object.about.tags = tags.clone();
        tables::put_object(tx, &name, &key, &object)?;
        Ok(())
    });
    Ok(written.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_at_their_edges() {
        let all =
            |n: usize| of_header(Some(&(0..n).map(|i| format!("k{i}=v")).collect::<Vec<_>>().join("&")));
        assert_eq!(all(TAGS_MAX).unwrap().len(), TAGS_MAX);
        assert!(all(TAGS_MAX + 1).is_err());
        let one =
            |key: usize, value: usize| of_header(Some(&format!("{}={}", "k".repeat(key), "v".repeat(value))));
        assert!(one(KEY_CHARS_MAX, VALUE_CHARS_MAX).is_ok());
        assert!(one(KEY_CHARS_MAX + 1, 1).is_err());
        assert!(one(1, VALUE_CHARS_MAX + 1).is_err());
        assert!(of_header(Some("a=1&a=2")).is_err());
    }
}
