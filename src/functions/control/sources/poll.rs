//! Polls the sources of events of functions: who does it, and what all kinds have in common.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::Value;

use super::filter::Filters;
use super::{EventSource, all, queue, stream};
use crate::clock::Clock;
use crate::functions::SourceFunction;
use crate::functions::control::{Called, Functions, Inner, Source};
use crate::functions::error::Error;
use crate::functions::invocation::{ANSWER_BYTES_MAX, Invocation};
use crate::functions::options::Ports;
use crate::id::{AccountRegion, Arn};
use crate::store;

/// How long a source that says no, or nothing at once, is left alone: at first, and at most.
pub(super) const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How long mappings that can't be read are left alone.
const REST: Duration = Duration::from_secs(5);

/// Polls all mappings that are enabled, for as long as there are any functions.
pub(in super::super) async fn poll_all(inner: Weak<Inner>) {
    let mut pollers: HashMap<String, (EventSource, tokio::task::JoinHandle<()>)> = HashMap::new();
    let Some(news) = inner.upgrade().map(|inner| inner.new_source.clone()) else { return };
    loop {
        let Some(strong) = inner.upgrade() else { break };
        if strong.is_closed() {
            break;
        }
        // Of nodes that share a store, one polls them all.
        let found = match strong.store.shards().has_first() {
            true => strong.store.read(all).await,
            false => Ok(Vec::new()),
        };
        drop(strong);
        let found = match found {
            Ok(found) => found,
            Err(Error::Store(store::Error::Closed)) => break,
            Err(error) => {
                tracing::warn!(%error, "event sources can't be read");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        pollers.retain(|id, (known, poller)| {
            let is_same = found.iter().any(|(_, source)| source.id == *id && is_same(source, known));
            if !is_same {
                poller.abort();
            }
            is_same
        });
        for (home, source) in found.into_iter().filter(|(_, source)| source.is_enabled) {
            if !pollers.contains_key(&source.id) {
                let poller = tokio::spawn(poll(inner.clone(), home, source.clone()));
                pollers.insert(source.id.clone(), (source, poller));
            }
        }
        news.notified().await;
    }
    pollers.values().for_each(|(_, poller)| poller.abort());
}

/// Whether a poller need not begin anew.
fn is_same(source: &EventSource, known: &EventSource) -> bool {
    let last_result = known.last_result.clone();
    EventSource { last_result, ..source.clone() } == *known
}

async fn poll(inner: Weak<Inner>, home: AccountRegion, source: EventSource) {
    let Some((ports, clock)) = inner.upgrade().map(|inner| (inner.ports.clone(), inner.clock.clone())) else {
        return;
    };
    // Both were checked when the mapping was made.
    let (Ok(arn), Ok(filters)) = (Arn::parse(&source.source_arn), Filters::parse(&source.filters)) else {
        return;
    };
    let poller = Arc::new(Poller { inner, ports, clock, home, source, arn, filters });
    match &poller.source.stream {
        Some(settings) => stream::poll(poller.clone(), settings.clone()).await,
        None => queue::poll(poller).await,
    }
}

/// What a mapping's pollers need.
pub(super) struct Poller {
    pub(super) inner: Weak<Inner>,
    pub(super) ports: Arc<dyn Ports>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) home: AccountRegion,
    pub(super) source: EventSource,
    pub(super) arn: Arn,
    pub(super) filters: Filters,
}

/// A call of a function that has no good answer.
pub(super) struct Unhandled {
    pub(super) request_id: String,
    pub(super) problem: String,
}

impl Poller {
    pub(super) async fn note(&self, result: &str) {
        if let Some(inner) = self.inner.upgrade() {
            Functions { inner }.note_result(&self.home, &self.source.id, result).await;
        }
    }

    fn called(&self) -> Called<'_> {
        Called {
            home: &self.home,
            name: &self.source.function,
            qualifier: self.source.qualifier.as_deref(),
            source: Source::Permitted,
        }
    }

    /// The function as others see who calls.
    pub(super) async fn source_function(&self) -> Result<SourceFunction, String> {
        let Some(inner) = self.inner.upgrade() else { return Err("the server is being closed".to_owned()) };
        let running = Functions { inner }.find(&self.called()).await.map_err(|error| error.to_string())?;
        let role = Some(running.role.clone());
        Ok(SourceFunction { home: self.home.clone(), function: self.source.function.clone(), role })
    }

    /// Calls the source's service in the name of the function. Nothing of the room is held meanwhile.
    pub(super) async fn call(
        &self,
        service: &'static str,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, String> {
        let source_function = self.source_function().await?;
        self.ports.call(source_function, service, self.arn.region.clone(), operation, input).await
    }

    /// What the function answers, or why there is no good answer.
    pub(super) async fn invoke(&self, payload: String) -> Result<Value, Unhandled> {
        let Some(inner) = self.inner.upgrade() else {
            let problem = "the server is being closed".to_owned();
            return Err(Unhandled { request_id: String::new(), problem });
        };
        let functions = Functions { inner };
        let request_id = functions.inner.ids.uuid().to_string();
        let invocation =
            Invocation { request_id: request_id.clone(), payload: payload.into(), ..Invocation::default() };
        let answer = match functions.invoke(self.called(), invocation).await {
            Ok(answer) => answer,
            Err(error) => return Err(Unhandled { request_id, problem: error.to_string() }),
        };
        let function_error = answer.function_error;
        let (bytes, broken) = answer.payload.collect(ANSWER_BYTES_MAX).await;
        match function_error.or_else(|| broken.map(|_| "Unhandled")) {
            Some(_) => Err(Unhandled { request_id, problem: "Function call failed".to_owned() }),
            None => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        }
    }
}
