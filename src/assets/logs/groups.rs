//! Log groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::tables::{self, Group};
use super::{ALREADY_EXISTS, INVALID_PARAMETER, LIMIT_EXCEEDED, LogGroups, arn, not_found};
use crate::assets::error::Error;
use crate::id::AccountRegion;
use crate::store::Tx;
use crate::wire::{ApiError, Call};

/// The most groups of an account and region that clients make.
const GROUPS_MAX: usize = 10_000;
const PAGE_MAX: usize = 50;
/// The days for which AWS keeps events.
const RETENTIONS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288,
    3_653,
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    log_group_name: String,
    tags: Option<BTreeMap<String, String>>,
    log_group_class: Option<String>,
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '#'))
}

pub(super) async fn create(call: &Call, input: Create) -> Result<(), ApiError> {
    let name = input.log_group_name;
    if !is_name(&name) {
        let text = format!(
            "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        );
        return Err(ApiError::new(INVALID_PARAMETER, text));
    }
    let groups = call.state::<LogGroups>();
    let group = Group {
        created: groups.clock.now(),
        retention_days: None,
        class: input.log_group_class.unwrap_or_else(|| "STANDARD".to_owned()),
        tags: super::tags::checked(input.tags.unwrap_or_default())?,
    };
    let home = call.home.clone();
    let written = groups.store.write(move |tx| {
        if tables::group(tx, &home, &name)?.is_some() {
            return Err(Error::new(ALREADY_EXISTS, "The specified log group already exists"));
        }
        if GROUPS_MAX <= tables::groups(tx, &home)?.len() {
            return Err(Error::new(LIMIT_EXCEEDED, "Resource limit exceeded."));
        }
        Ok(tables::add_group(tx, &home, &name, &group)?)
    });
    Ok(written.await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    pub(super) log_group_name: String,
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<(), ApiError> {
    let groups = call.state::<LogGroups>();
    let name = input.log_group_name;
    let has_lines = groups.lines(&call.home, &name).is_some();
    let (home, gone) = (call.home.clone(), name.clone());
    let written = groups.store.write(move |tx| {
        if tables::group(tx, &home, &gone)?.is_none() && !has_lines {
            return Err(Error::Refused(not_found()));
        }
        Ok(tables::delete_group(tx, &home, &gone)?)
    });
    written.await?;
    groups.forget(&call.home, &name).await;
    Ok(())
}

/// The group, also if this server is the only one who wrote to it.
pub(super) fn find(tx: &Tx<'_>, home: &AccountRegion, name: &str, has_lines: bool) -> Result<Group, Error> {
    let unmade = || Group {
        created: crate::clock::Timestamp::from_millis(0),
        retention_days: None,
        class: "STANDARD".to_owned(),
        tags: BTreeMap::new(),
    };
    let found = tables::group(tx, home, name)?.or_else(|| has_lines.then(unmade));
    found.ok_or_else(|| Error::Refused(not_found()))
}

/// Changes a group.
pub(super) async fn change(
    call: &Call,
    name: String,
    change: impl Fn(Group) -> Result<Group, Error> + Send + 'static,
) -> Result<(), ApiError> {
    let groups = call.state::<LogGroups>();
    let has_lines = groups.lines(&call.home, &name).is_some();
    let home = call.home.clone();
    let written = groups.store.write(move |tx| {
        let group = change(find(tx, &home, &name, has_lines)?)?;
        Ok::<_, Error>(tables::put_group(tx, &home, &name, &group)?)
    });
    Ok(written.await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutRetention {
    log_group_name: String,
    retention_in_days: i64,
}

pub(super) async fn put_retention(call: &Call, input: PutRetention) -> Result<(), ApiError> {
    let days = input.retention_in_days;
    if !RETENTIONS.contains(&days) {
        let text = format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: {RETENTIONS:?}"
        );
        return Err(ApiError::new(INVALID_PARAMETER, text));
    }
    change(call, input.log_group_name, move |group| Ok(Group { retention_days: Some(days), ..group })).await
}

pub(super) async fn delete_retention(call: &Call, input: Named) -> Result<(), ApiError> {
    change(call, input.log_group_name, |group| Ok(Group { retention_days: None, ..group })).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn describe(call: &Call, input: Describe) -> Result<Value, ApiError> {
    let groups = call.state::<LogGroups>();
    let home = call.home.clone();
    let read = groups.store.read(move |tx| Ok::<_, Error>(tables::groups(tx, &home)?));
    let mut all: BTreeMap<String, Option<Group>> =
        read.await?.into_iter().map(|(name, group)| (name, Some(group))).collect();
    for name in groups.own(&call.home) {
        all.entry(name).or_insert(None);
    }
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let pattern = input.log_group_name_pattern.unwrap_or_default().to_ascii_lowercase();
    let after = input.next_token.unwrap_or_default();
    let most = input.limit.unwrap_or(PAGE_MAX);
    let mut found: Vec<(String, Option<Group>)> = all
        .into_iter()
        .filter(|(name, _)| {
            name.starts_with(&prefix) && name.to_ascii_lowercase().contains(&pattern) && after < *name
        })
        .take(most + 1)
        .collect();
    let has_more = most < found.len();
    found.truncate(most);
    let next = found.last().filter(|_| has_more).map(|(name, _)| name.clone());
    let shown = |(name, group): (String, Option<Group>)| {
        let mut shown = json!({
            "logGroupName": name,
            "creationTime": group.as_ref().map_or(0, |group| group.created.as_millis()),
            "metricFilterCount": 0,
            "arn": arn(&call.home, &name, true),
            "logGroupArn": arn(&call.home, &name, false),
            "storedBytes": 0,
            "logGroupClass": group.as_ref().map_or("STANDARD", |group| &group.class),
        });
        if let (Some(days), Some(shown)) =
            (group.and_then(|group| group.retention_days), shown.as_object_mut())
        {
            shown.insert("retentionInDays".to_owned(), days.into());
        }
        shown
    };
    let mut answer = json!({"logGroups": found.into_iter().map(shown).collect::<Value>()});
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("nextToken".to_owned(), next.into());
    }
    Ok(answer)
}
