//! Events: calls that are kept and made later, again if they fail, and whose end is told to a destination.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Called, Functions, Inner, Source};
use crate::clock::Timestamp;
use crate::functions::SourceFunction;
use crate::functions::deployed::function_arn;
use crate::functions::error::Error;
use crate::functions::invocation::{ANSWER_BYTES_MAX, Answer, Invocation};
use crate::functions::model::LATEST;
use crate::id::{AccountId, AccountRegion, Region};
use crate::store::{self, Param, Record, Tx, record, records};

/// Attempts after the first, and the age of an event, unless the function says otherwise.
const RETRIES_MAX: u32 = 2;
const AGE_MAX: Duration = Duration::from_secs(6 * 3600);
/// How long an event waits when there was no place for it: from the first to the second, at most.
const NO_PLACE: Duration = Duration::from_secs(1);
const NO_PLACE_MAX: Duration = Duration::from_secs(300);
/// How long a destination that can't be told is waited for.
const NOT_TOLD: Duration = Duration::from_secs(60);
/// Events handled at one time, and taken at a time.
const AT_ONCE_MAX: usize = 64;
/// How long nothing is looked for when there is nothing.
const REST: Duration = Duration::from_secs(60);

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    id: String,
    home: AccountRegion,
    name: String,
    due: Timestamp,
    delivery: Delivery,
    payload: Vec<u8>,
}

/// How far an event is.
#[derive(Clone, Debug)]
struct Delivery {
    qualifier: Option<String>,
    client_context: Option<String>,
    trace_id: Option<String>,
    received: Timestamp,
    /// How often the function has been called for it.
    attempts: u32,
    /// How often there was no place for it.
    refusals: u32,
    /// What is still to be told to the destination, once it has been handled.
    told: Option<Notification>,
}

/// What a destination is told.
#[derive(Clone, Debug)]
struct Notification {
    destination: String,
    text: String,
}

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Delivery, "lambda event": now 1 => DeliveryV1;
}

record! {
    /// How far an event is.
    struct DeliveryV1 of Delivery {
        "qualifier" qualifier: Option<String>,
        "client_context" client_context: Option<String>,
        "trace_id" trace_id: Option<String>,
        "received" received: i64,
        "attempts" attempts: u32,
        "refusals" refusals: u32,
        "told" told: Option<NotificationV1>,
    }

    /// What a destination is still to be told.
    struct NotificationV1 of Notification {
        "destination" destination: String,
        "text" text: String,
    }
}

impl Event {
    pub(super) fn new(
        home: AccountRegion,
        name: &str,
        qualifier: Option<String>,
        invocation: Invocation,
        now: Timestamp,
    ) -> Self {
        let Invocation { request_id, payload, client_context, trace_id, .. } = invocation;
        let delivery = Delivery {
            qualifier,
            client_context,
            trace_id,
            received: now,
            attempts: 0,
            refusals: 0,
            told: None,
        };
        Self { id: request_id, home, name: name.to_owned(), due: now, delivery, payload: payload.into() }
    }
}

pub(super) fn put(tx: &Tx<'_>, event: &Event) -> Result<(), Error> {
    let record = event.delivery.encode()?;
    let sql = "INSERT INTO function_event (id, account, region, name, due, record, payload)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (id) DO UPDATE SET due = excluded.due, record = excluded.record";
    tx.execute(
        sql,
        &[
            Param::Text(&event.id),
            Param::Text(event.home.account.as_str()),
            Param::Text(event.home.region.as_str()),
            Param::Text(&event.name),
            Param::Int(event.due.as_millis()),
            Param::Text(&record),
            Param::Blob(&event.payload),
        ],
    )?;
    Ok(())
}

fn delete(tx: &Tx<'_>, id: &str) -> Result<(), Error> {
    tx.execute("DELETE FROM function_event WHERE id = ?1", &[Param::Text(id)])?;
    Ok(())
}

/// The ids of events that are due, the oldest first, and when the next one is.
fn due(tx: &Tx<'_>, now: Timestamp, max: usize) -> Result<(Vec<String>, Option<Timestamp>), Error> {
    let sql = "SELECT id FROM function_event WHERE due <= ?1 ORDER BY due LIMIT ?2";
    let max = Param::Int(i64::try_from(max).unwrap_or(i64::MAX));
    let ids = tx.query(sql, &[Param::Int(now.as_millis()), max], |row| row.text(0))?;
    let sql = "SELECT MIN(due) FROM function_event WHERE ?1 < due";
    let next = tx.query_one(sql, &[Param::Int(now.as_millis())], |row| row.opt_int(0))?.flatten();
    Ok((ids, next.map(Timestamp::from_millis)))
}

fn read(tx: &Tx<'_>, id: &str) -> Result<Option<Event>, Error> {
    let sql = "SELECT account, region, name, due, record, payload FROM function_event WHERE id = ?1";
    let row = tx.query_one(sql, &[Param::Text(id)], |row| {
        Ok((row.text(0)?, row.text(1)?, row.text(2)?, row.int(3)?, row.text(4)?, row.blob(5)?))
    })?;
    let Some((account, region, name, due, record, payload)) = row else { return Ok(None) };
    let delivery = Delivery::decode(record.as_bytes())?;
    let home = AccountId::parse(&account).zip(Region::parse(&region));
    let corrupt = || store::Error::Corrupt("an event has no account or region".to_owned());
    let (account, region) = home.ok_or_else(corrupt)?;
    let home = AccountRegion { account, region };
    Ok(Some(Event { id: id.to_owned(), home, name, due: Timestamp::from_millis(due), delivery, payload }))
}

/// Handles events for as long as there are any functions.
pub(super) async fn handle(inner: Weak<Inner>) {
    let mut at_work = JoinSet::new();
    let mut taken = std::collections::HashSet::new();
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let functions = Functions { inner: strong };
        let now = functions.inner.clock.now();
        // Of nodes that share a store, one handles them all.
        let found = match functions.inner.store.shards().has_first() {
            true => functions.inner.store.read(move |tx| due(tx, now, 2 * AT_ONCE_MAX)).await,
            false => Ok((Vec::new(), None)),
        };
        let (ids, next) = match found {
            Ok(found) => found,
            Err(Error::Store(store::Error::Closed)) => return,
            Err(error) => {
                tracing::warn!(%error, "events can't be read");
                (Vec::new(), None)
            }
        };
        for id in ids {
            if at_work.len() < AT_ONCE_MAX && taken.insert(id.clone()) {
                let functions = functions.clone();
                at_work.spawn(async move {
                    functions.handle_event(&id).await;
                    id
                });
            }
        }
        let rest = next.map_or(REST, |next| next.since(now).min(REST));
        let Functions { inner: strong } = functions;
        let new_event = Arc::clone(&strong);
        drop(strong);
        tokio::select! {
            () = new_event.new_event.notified() => {}
            () = tokio::time::sleep(rest) => {}
            Some(done) = at_work.join_next(), if !at_work.is_empty() => {
                // One that panicked stays taken, so that it does not do so for ever.
                if let Ok(id) = done {
                    taken.remove(&id);
                }
            }
        }
    }
}

/// What becomes of an event after an attempt.
enum Next {
    Again(Duration),
    Over(Option<Notification>),
}

impl Functions {
    async fn handle_event(&self, id: &str) {
        let wanted = id.to_owned();
        let event = match self.inner.store.read(move |tx| read(tx, &wanted)).await {
            Ok(Some(event)) => event,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "an event can't be read");
                return;
            }
        };
        let mut event = event;
        if event.delivery.told.is_none() {
            match self.attempt(&mut event).await {
                Next::Again(delay) => return self.put_back(event, delay).await,
                Next::Over(None) => return self.done(event.id).await,
                Next::Over(told) => event.delivery.told = told,
            }
        }
        let Some(Notification { destination, text }) = event.delivery.told.clone() else { return };
        let age = self.inner.clock.now().since(event.delivery.received);
        let source_function = self.source_function(&event).await;
        match self.inner.ports.tell(source_function, destination.clone(), text.into()).await {
            Ok(()) => self.done(event.id).await,
            Err(reason) if AGE_MAX < age => {
                tracing::warn!(function = event.name, destination, reason, "a destination was never told");
                self.done(event.id).await;
            }
            Err(reason) => {
                tracing::warn!(function = event.name, destination, reason, "a destination could not be told");
                self.put_back(event, NOT_TOLD).await;
            }
        }
    }

    async fn source_function(&self, event: &Event) -> SourceFunction {
        let (home, qualifier) = (event.home.clone(), event.delivery.qualifier.as_deref());
        let called = Called { home: &home, name: &event.name, qualifier, source: Source::Permitted };
        let role = self.find(&called).await.ok().map(|running| running.role.clone());
        SourceFunction { home, function: event.name.clone(), role }
    }

    async fn attempt(&self, event: &mut Event) -> Next {
        let config = match self.cached(&event.home, &event.name).await {
            Ok(known) => {
                let qualifier = event.delivery.qualifier.as_deref().unwrap_or(LATEST);
                known.function.events.get(qualifier).cloned()
            }
            // A function that is gone handles nothing.
            Err(Error::NotFound(_)) => return Next::Over(None),
            Err(_) => return Next::Again(NO_PLACE),
        };
        let age = self.inner.clock.now().since(event.delivery.received);
        let age_max = config.as_ref().and_then(|config| config.age_max_s);
        let age_max = age_max.map_or(AGE_MAX, |seconds| Duration::from_secs(seconds.into()));
        let on_failure = config.as_ref().and_then(|config| config.on_failure.clone());
        if age_max < age {
            let told = event.notification(on_failure, "EventAgeExceeded", None, self.inner.clock.now());
            return Next::Over(told);
        }
        let invocation = Invocation {
            request_id: event.id.clone(),
            payload: event.payload.clone().into(),
            client_context: event.delivery.client_context.clone(),
            trace_id: event.delivery.trace_id.clone(),
            ..Invocation::default()
        };
        let called = Called {
            home: &event.home,
            name: &event.name,
            qualifier: event.delivery.qualifier.as_deref(),
            source: Source::Permitted,
        };
        let answer = match self.invoke(called, invocation).await {
            Ok(answer) => answer,
            Err(Error::NotFound(_)) => return Next::Over(None),
            // There is no place for it, or something is wrong with the server itself: nothing of the function's.
            Err(_) => {
                event.delivery.refusals += 1;
                let delay = NO_PLACE.saturating_mul(1 << event.delivery.refusals.min(9)).min(NO_PLACE_MAX);
                return Next::Again(delay);
            }
        };
        event.delivery.attempts += 1;
        let is_failed = answer.function_error.is_some();
        let retries_max = config.as_ref().and_then(|config| config.retries_max).unwrap_or(RETRIES_MAX);
        if is_failed && event.delivery.attempts <= retries_max {
            return Next::Again(self.inner.options.retry_delay * event.delivery.attempts);
        }
        let (destination, condition) = match is_failed {
            true => (on_failure, "RetriesExhausted"),
            false => (config.as_ref().and_then(|config| config.on_success.clone()), "Success"),
        };
        let answer = Ended::of(answer).await;
        let told = event.notification(destination, condition, Some(answer), self.inner.clock.now());
        Next::Over(told)
    }

    async fn put_back(&self, mut event: Event, delay: Duration) {
        event.due = self.inner.clock.now() + delay;
        if let Err(error) = self.inner.store.write(move |tx| put(tx, &event)).await {
            tracing::warn!(%error, "an event can't be put back");
        }
    }

    async fn done(&self, id: String) {
        if let Err(error) = self.inner.store.write(move |tx| delete(tx, &id)).await {
            tracing::warn!(%error, "an event can't be removed");
        }
    }
}

/// An answer, read to its end.
struct Ended {
    version: String,
    error: Option<&'static str>,
    payload: Value,
}

impl Ended {
    async fn of(answer: Answer) -> Self {
        let Answer { executed_version, function_error, payload, .. } = answer;
        let (bytes, broken) = payload.collect(ANSWER_BYTES_MAX).await;
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let payload = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        let error = function_error.or_else(|| broken.map(|_| "Unhandled"));
        Self { version: executed_version, error, payload }
    }
}

impl Event {
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    fn notification(
        &self,
        destination: Option<String>,
        condition: &str,
        ended: Option<Ended>,
        now: Timestamp,
    ) -> Option<Notification> {
        let destination = destination?;
        let request: Value = serde_json::from_slice(&self.payload).unwrap_or_default();
        let qualifier = self.delivery.qualifier.as_deref().unwrap_or(LATEST);
        let mut text = json!({
            "version": "1.0",
            "timestamp": now.to_iso8601(),
            "requestContext": {
                "requestId": self.id,
                "functionArn": format!("{}:{qualifier}", function_arn(&self.home, &self.name)),
                "condition": condition,
                "approximateInvokeCount": self.delivery.attempts,
            },
            "requestPayload": request,
        });
        if let Some(Ended { version, error, payload }) = ended {
            let mut context = json!({"statusCode": 200, "executedVersion": version});
            if let Some(error) = error {
                context["functionError"] = error.into();
            }
            text["responseContext"] = context;
            text["responsePayload"] = payload;
        }
        Some(Notification { destination, text: text.to_string() })
    }
}
