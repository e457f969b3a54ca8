//! Events: put, read from one stream, found in all.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::{INVALID_PARAMETER, LogGroups, group_of, groups, no_such_stream, tables};
use crate::assets::error::Error;
use crate::clock::Timestamp;
use crate::wire::{ApiError, Call};

/// The largest event, in bytes.
const EVENT_BYTES_MAX: usize = 1_048_576;
/// The most bytes of one call, with what each event takes besides.
const BATCH_BYTES_MAX: usize = 1_048_576;
const EVENT_OVERHEAD: usize = 26;
/// How far events may be in the future, and the time that those of one call may span, in milliseconds.
const AHEAD_MS: i64 = 2 * 3_600_000;
const SPAN_MS: i64 = 24 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// How old an event may be when it is put, in days.
const OLDEST_DAYS: i64 = 14;
/// The most events of a page, and the bytes of their messages.
const PAGE_MAX: usize = 10_000;
const PAGE_BYTES_MAX: usize = 1_048_576;
/// What is kept of what clients put into a group.
const KEPT_MAX: (usize, usize) = (10_000, 16 * 1_048_576);

/// An event, wherever it is kept.
pub(super) struct Event {
    /// Orders events of the same time.
    pub(super) id: String,
    pub(super) stream: String,
    pub(super) time: i64,
    pub(super) ingested: i64,
    pub(super) message: String,
}

/// The time before which nothing is kept for so many days.
pub(super) fn oldest(now: Timestamp, days: i64) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(days.saturating_mul(DAY_MS)))
}

/// The events of a group in this time, in its order.
pub(super) async fn all_events(
    call: &Call,
    group: &str,
    (from, to): (i64, i64),
) -> Result<Vec<Event>, ApiError> {
    let state = call.state::<LogGroups>();
    let lines = state.lines(&call.home, group);
    let (home, name, has_lines) = (call.home.clone(), group.to_owned(), lines.is_some());
    let now = state.clock.now();
    let read = state.store.read(move |tx| {
        let found = groups::find(tx, &home, &name, has_lines)?;
        let oldest = found.retention_days.map_or(i64::MIN, |days| oldest(now, days).as_millis());
        Ok::<_, Error>((tables::events(tx, &home, &name, (from.max(oldest), to))?, oldest))
    });
    let (put, oldest) = read.await?;
    let put = put.into_iter().map(|event| Event {
        id: format!("{:020}0{:035}", event.time.as_millis().max(0), event.seq),
        stream: event.stream,
        time: event.time.as_millis(),
        ingested: event.ingested.as_millis(),
        message: event.message,
    });
    let own = lines.unwrap_or_default().into_iter().map(|line| Event {
        id: format!("{:020}1{:035}", line.time.as_millis().max(0), line.number),
        stream: line.stream.to_string(),
        time: line.time.as_millis(),
        ingested: line.time.as_millis(),
        message: line.text,
    });
    let own = own.filter(|event| from.max(oldest) <= event.time && event.time < to);
    let mut all: Vec<Event> = put.chain(own).collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Put {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<Given>,
}

#[derive(Deserialize)]
struct Given {
    timestamp: i64,
    message: String,
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(INVALID_PARAMETER, text.into())
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    let given = input.log_events;
    if given.iter().any(|event| EVENT_BYTES_MAX < event.message.len() + EVENT_OVERHEAD) {
        return Err(invalid(format!("Log event too large: at most {EVENT_BYTES_MAX} bytes are allowed")));
    }
    let bytes: usize = given.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
    if BATCH_BYTES_MAX < bytes {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES_MAX}")));
    }
    if given.windows(2).any(|pair| matches!(pair, [one, next] if next.timestamp < one.timestamp)) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let span =
        given.last().zip(given.first()).map(|(last, first)| last.timestamp.saturating_sub(first.timestamp));
    if span.is_some_and(|span| SPAN_MS < span) {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    let state = call.state::<LogGroups>();
    let (home, now) = (call.home.clone(), state.clock.now());
    let at = now.as_millis();
    let has_lines = state.lines(&home, &input.log_group_name).is_some();
    let written = state.store.write(move |tx| {
        let (group, stream) = (&input.log_group_name, &input.log_stream_name);
        let found = groups::find(tx, &home, group, has_lines)?;
        if !tables::has_stream(tx, &home, group, stream)? {
            return Err(Error::Refused(no_such_stream()));
        }
        let expired = found.retention_days.map(|days| oldest(now, days).as_millis());
        let too_old = at - OLDEST_DAYS * DAY_MS;
        let n_old = given.iter().take_while(|event| event.timestamp < too_old).count();
        let n_expired =
            given.iter().take_while(|event| expired.is_some_and(|limit| event.timestamp < limit)).count();
        let too_new = given.iter().position(|event| at + AHEAD_MS < event.timestamp);
        let from = n_old.max(n_expired);
        let kept = given.iter().take(too_new.unwrap_or(usize::MAX)).skip(from);
        let kept: Vec<(i64, &str)> = kept.map(|event| (event.timestamp, event.message.as_str())).collect();
        tables::add_events(tx, &home, (group, stream), &kept, (now, expired), KEPT_MAX)?;
        let mut rejected = serde_json::Map::new();
        rejected.extend(too_new.map(|at| ("tooNewLogEventStartIndex".to_owned(), Value::from(at))));
        if 0 < n_old {
            rejected.insert("tooOldLogEventEndIndex".to_owned(), n_old.into());
        }
        if 0 < n_expired {
            rejected.insert("expiredLogEventEndIndex".to_owned(), n_expired.into());
        }
        Ok(rejected)
    });
    let rejected = written.await?;
    // Tokens mean nothing any more, but old clients send them back.
    let mut answer = json!({"nextSequenceToken": "0"});
    if let (false, Some(answer)) = (rejected.is_empty(), answer.as_object_mut()) {
        answer.insert("rejectedLogEventsInfo".to_owned(), Value::Object(rejected));
    }
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<usize>,
    start_from_head: Option<bool>,
}

fn group(name: Option<String>, identifier: Option<String>) -> Result<String, ApiError> {
    let named = name.or_else(|| group_of(&identifier?));
    named.ok_or_else(|| invalid("Either logGroupName or logGroupIdentifier is needed."))
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let group = group(input.log_group_name, input.log_group_identifier)?;
    let window = (input.start_time.unwrap_or(i64::MIN), input.end_time.unwrap_or(i64::MAX));
    let all = all_events(call, &group, window).await?;
    let events: Vec<Event> = all.into_iter().filter(|event| event.stream == input.log_stream_name).collect();
    if events.is_empty() {
        let (home, of, stream) = (call.home.clone(), group.clone(), input.log_stream_name.clone());
        let read = call
            .state::<LogGroups>()
            .store
            .read(move |tx| Ok::<_, Error>(tables::has_stream(tx, &home, &of, &stream)?));
        let is_own = call.state::<LogGroups>().lines(&call.home, &group);
        let is_own =
            is_own.is_some_and(|lines| lines.iter().any(|line| *line.stream == *input.log_stream_name));
        if !read.await? && !is_own {
            return Err(no_such_stream());
        }
    }
    let most = input.limit.unwrap_or(PAGE_MAX);
    let place = |id: &str| events.partition_point(|event| event.id.as_str() < id);
    // Where a page ends, and where it begins, are tokens: forwards with the first event that follows, backwards with the one
    // that comes after.
    let (start, end) = match input.next_token.as_deref().map(|token| token.split_at_checked(2)) {
        None if input.start_from_head.unwrap_or(false) => (0, most.min(events.len())),
        None => (events.len().saturating_sub(most), events.len()),
        Some(Some(("f/", id))) => {
            let after = events.partition_point(|event| event.id.as_str() <= id);
            (after, (after + most).min(events.len()))
        }
        Some(Some(("b/", id))) => (place(id).saturating_sub(most), place(id)),
        Some(_) => return Err(invalid("The specified nextToken is invalid.")),
    };
    let mut end = end;
    let mut bytes = 0;
    for (at, event) in events.iter().enumerate().take(end).skip(start) {
        bytes += event.message.len() + EVENT_OVERHEAD;
        if PAGE_BYTES_MAX < bytes && start < at {
            end = at;
            break;
        }
    }
    let token = input.next_token.as_deref().and_then(|token| token.get(2..)).unwrap_or_default();
    let page = events.get(start..end).unwrap_or_default();
    let forward = page.last().map_or_else(|| token.to_owned(), |event| event.id.clone());
    let backward = page.first().map_or_else(|| token.to_owned(), |event| event.id.clone());
    let shown: Value = page
        .iter()
        .map(|event| json!({"timestamp": event.time, "message": event.message, "ingestionTime": event.ingested}))
        .collect();
    Ok(json!({
        "events": shown,
        "nextForwardToken": format!("f/{forward}"),
        "nextBackwardToken": format!("b/{backward}"),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Filter {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn filter(call: &Call, input: Filter) -> Result<Value, ApiError> {
    let group = group(input.log_group_name, input.log_group_identifier)?;
    let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())
        .ok_or_else(|| invalid("Invalid filter pattern: this server knows patterns of terms only."))?;
    let end = input.end_time.map_or(i64::MAX, |end| end.saturating_add(1));
    let all = all_events(call, &group, (input.start_time.unwrap_or(i64::MIN), end)).await?;
    let after = input.next_token.unwrap_or_default();
    let is_wanted = |event: &Event| {
        after < event.id
            && input.log_stream_names.as_ref().is_none_or(|names| names.contains(&event.stream))
            && input
                .log_stream_name_prefix
                .as_ref()
                .is_none_or(|prefix| event.stream.starts_with(prefix.as_str()))
            && pattern.fits(&event.message)
    };
    let most = input.limit.unwrap_or(PAGE_MAX);
    let (mut page, mut bytes, mut has_more) = (Vec::new(), 0, false);
    for event in all.into_iter().filter(is_wanted) {
        bytes += event.message.len() + EVENT_OVERHEAD;
        if page.len() == most || (PAGE_BYTES_MAX < bytes && !page.is_empty()) {
            has_more = true;
            break;
        }
        page.push(event);
    }
    let next = page.last().filter(|_| has_more).map(|event| event.id.clone());
    let shown: Value = page
        .into_iter()
        .map(|event| {
            json!({"logStreamName": event.stream, "timestamp": event.time, "message": event.message,
                   "ingestionTime": event.ingested, "eventId": event.id})
        })
        .collect();
    let mut answer = json!({"events": shown, "searchedLogStreams": []});
    if let (Some(next), Some(answer)) = (next, answer.as_object_mut()) {
        answer.insert("nextToken".to_owned(), next.into());
    }
    Ok(answer)
}
