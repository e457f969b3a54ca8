//! Reading the items of a Map Run from a bucket, through the port that tasks call services by.

use serde_json::{Map, Value};

use super::super::event::Failure;
use super::super::machine::{Input, ItemsRequest};
use super::super::open::Engine;
use super::super::runner::Origin;
use super::super::{TaskCall, TaskResult};
use super::parse;
use crate::asl::{Integration, ItemSource, Pattern, Resource};
use crate::json::Payload;

/// Most bytes of items: they stay with the execution, in its journal and in memory.
const ITEMS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most objects of a listing.
const LISTED_MAX: usize = 100_000;

/// Why there are no items, as `States.ItemReaderFailed` puts it.
pub(in super::super) fn failed(cause: impl Into<std::sync::Arc<str>>) -> Failure {
    Failure::new("States.ItemReaderFailed", cause)
}

impl Engine {
    /// Reads what `request` asks for, and lets the execution know.
    pub(in super::super) fn read_items(&self, origin: Origin, request: ItemsRequest) {
        let engine = self.clone();
        tokio::spawn(async move {
            let (id, key) = (origin.id, request.key);
            let Some(read) = engine.items(&origin, &request).await else { return };
            engine.insist(id, Input::ItemsRead { key, read }, |_| Ok(())).await;
        });
    }

    /// The items; `None` if the process is ending.
    async fn items(&self, origin: &Origin, request: &ItemsRequest) -> Option<Result<Payload, Failure>> {
        let max_items = match usize::try_from(request.reading.max_items) {
            Ok(0) => usize::MAX,
            Ok(max_items) => max_items,
            Err(_) => return Some(Err(failed("field MaxItems must be positive"))),
        };
        let items = match &request.source {
            ItemSource::Object(input_type) => match self.ask(origin, request, "getObject", None).await? {
                Ok(answer) => {
                    let input_type = input_type.clone();
                    // Megabytes of text: others are served meanwhile.
                    let read = tokio::task::spawn_blocking(move || {
                        match answer.value().get("Body").and_then(Value::as_str) {
                            Some(body) => parse::items(&input_type, body, max_items),
                            None => Err(failed("The object can't be read as text.")),
                        }
                    });
                    read.await.ok()?
                }
                Err(failure) => Err(failure),
            },
            ItemSource::Listing => self.listing_of(origin, request, max_items).await?,
        };
        Some(items.and_then(|items| {
            let items = Payload::from_value(Value::Array(items));
            match ITEMS_BYTES_MAX < items.len_bytes() {
                true => {
                    Err(failed(format!("This server reads items of {ITEMS_BYTES_MAX} bytes at the most.")))
                }
                false => Ok(items),
            }
        }))
    }

    async fn listing_of(
        &self,
        origin: &Origin,
        request: &ItemsRequest,
        max_items: usize,
    ) -> Option<Result<Vec<Value>, Failure>> {
        let (mut items, mut token) = (Vec::new(), None);
        loop {
            let answer = match self.ask(origin, request, "listObjectsV2", token).await? {
                Ok(answer) => answer,
                Err(failure) => return Some(Err(failure)),
            };
            let objects = answer.value().get("Contents").and_then(Value::as_array);
            items.extend(objects.into_iter().flatten().cloned());
            let next = answer.value().get("NextContinuationToken").and_then(Value::as_str);
            if max_items <= items.len() || next.is_none() || LISTED_MAX <= items.len() {
                items.truncate(max_items.min(LISTED_MAX));
                return Some(Ok(items));
            }
            token = next.map(str::to_owned);
        }
    }

    /// Calls S3 as a task would; `None` if the process is ending.
    async fn ask(
        &self,
        origin: &Origin,
        request: &ItemsRequest,
        action: &str,
        token: Option<String>,
    ) -> Option<Result<Payload, Failure>> {
        let mut input = match request.reading.arguments.value() {
            Value::Object(members) => members.clone(),
            _ => Map::new(),
        };
        if let Some(token) = token {
            input.insert("ContinuationToken".to_owned(), token.into());
        }
        let integration = Integration {
            text: format!("arn:aws:states:::s3:{action}"),
            service: "s3".to_owned(),
            action: action.to_owned(),
            pattern: Pattern::RequestResponse,
        };
        let call = TaskCall {
            home: origin.home.clone(),
            execution_arn: origin.arn.clone(),
            state_machine_arn: origin.state_machine_arn.clone(),
            resource: Resource::Integration(integration),
            input: Payload::from_value(Value::Object(input)),
            role_arn: origin.role_arn.clone(),
            idempotency_token: "".into(), // It changes nothing.
        };
        Some(match self.result_of(call).await? {
            TaskResult::Succeeded(output) | TaskResult::Submitted(output) => Ok(output),
            TaskResult::Failed(failure) => {
                Err(failed(failure.cause.unwrap_or_else(|| "The items could not be read.".into())))
            }
        })
    }
}
