//! Streams of a log group: those that clients make, and those of what this server logs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::events::all_events;
use super::{
    ALREADY_EXISTS, INVALID_PARAMETER, LIMIT_EXCEEDED, LogGroups, arn, group_of, groups, no_such_stream,
    tables,
};
use crate::assets::error::Error;
use crate::wire::{ApiError, Call};

/// The most streams of a group.
const STREAMS_MAX: usize = 10_000;
const PAGE_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stream {
    log_group_name: String,
    log_stream_name: String,
}

pub(super) async fn create(call: &Call, input: Stream) -> Result<(), ApiError> {
    let Stream { log_group_name: group, log_stream_name: name } = input;
    if name.contains([':', '*']) {
        let text = "1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*";
        return Err(ApiError::new(INVALID_PARAMETER, text));
    }
    let state = call.state::<LogGroups>();
    let (home, now) = (call.home.clone(), state.clock.now());
    let has_lines = state.lines(&home, &group).is_some();
    let written = state.store.write(move |tx| {
        groups::find(tx, &home, &group, has_lines)?;
        if tables::has_stream(tx, &home, &group, &name)? {
            return Err(Error::new(ALREADY_EXISTS, "The specified log stream already exists"));
        }
        if STREAMS_MAX <= tables::streams(tx, &home, &group)?.len() {
            return Err(Error::new(LIMIT_EXCEEDED, "Resource limit exceeded."));
        }
        Ok(tables::put_stream(tx, &home, &group, &name, now)?)
    });
    Ok(written.await?)
}

pub(super) async fn delete(call: &Call, input: Stream) -> Result<(), ApiError> {
    let home = call.home.clone();
    let written = call.state::<LogGroups>().store.write(move |tx| {
        match tables::delete_stream(tx, &home, &input.log_group_name, &input.log_stream_name)? {
            true => Ok(()),
            false => Err(Error::Refused(no_such_stream())),
        }
    });
    Ok(written.await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Describe {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    descending: Option<bool>,
    next_token: Option<String>,
    limit: Option<usize>,
}

/// First, last and last ingested event of a stream.
type Times = Option<(i64, i64, i64)>;

pub(super) async fn describe(call: &Call, input: Describe) -> Result<Value, ApiError> {
    let named = input.log_group_name.or_else(|| group_of(&input.log_group_identifier?));
    let group = named.ok_or_else(|| {
        ApiError::new(INVALID_PARAMETER, "Either logGroupName or logGroupIdentifier is needed.")
    })?;
    let state = call.state::<LogGroups>();
    let events = all_events(call, &group, (i64::MIN, i64::MAX)).await?;
    let (home, of) = (call.home.clone(), group.clone());
    let read = state.store.read(move |tx| Ok::<_, Error>(tables::streams(tx, &home, &of)?));
    let mut streams: BTreeMap<String, (i64, Times)> =
        read.await?.into_iter().map(|(name, created)| (name, (created.as_millis(), None))).collect();
    for event in &events {
        let (time, ingested) = (event.time, event.ingested);
        let (_, times) = streams.entry(event.stream.clone()).or_insert((time, None));
        *times = Some(times.map_or((time, time, ingested), |(first, last, late)| {
            (first.min(time), last.max(time), late.max(ingested))
        }));
    }
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let mut found: Vec<(String, (i64, Times))> =
        streams.into_iter().filter(|(name, _)| name.starts_with(&prefix)).collect();
    if input.order_by.as_deref() == Some("LastEventTime") {
        found.sort_by_key(|(_, (created, times))| times.map_or(*created, |(_, last, _)| last));
    }
    if input.descending.unwrap_or(false) {
        found.reverse();
    }
    let after = input.next_token.unwrap_or_default();
    let start = match after.is_empty() {
        true => 0,
        false => found.iter().position(|(name, _)| *name == after).map_or(found.len(), |at| at + 1),
    };
    let most = input.limit.unwrap_or(PAGE_MAX);
    let has_more = start + most < found.len();
    let page: Vec<(String, (i64, Times))> = found.into_iter().skip(start).take(most).collect();
    let next = page.last().filter(|_| has_more).map(|(name, _)| name.clone());
    let shown = |(name, (created, times)): (String, (i64, Times))| {
        let mut shown = json!({
            "logStreamName": name,
            "creationTime": created,
            "arn": format!("{}:log-stream:{name}", arn(&call.home, &group, false)),
            "storedBytes": 0,
        });
        if let (Some((first, last, ingested)), Some(shown)) = (times, shown.as_object_mut()) {
            shown.insert("firstEventTimestamp".to_owned(), first.into());
            shown.insert("lastEventTimestamp".to_owned(), last.into());
            shown.insert("lastIngestionTime".to_owned(), ingested.into());
        }
        shown
    };
    let mut answer = json!({"logStreams": page.into_iter().map(shown).collect::<Value>()});
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("nextToken".to_owned(), next.into());
    }
    Ok(answer)
}
