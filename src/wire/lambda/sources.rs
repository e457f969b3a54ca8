//! Event source mappings: queues whose messages functions handle.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::page::Page;
use super::{fault, rooms};
use crate::clock::Timestamp;
use crate::functions::{EventSource, Reference, SourceChange, function_arn};
use crate::id::Arn;
use crate::wire::{ApiError, Call};

/// The most messages of an event: more than ten only of a queue without order, and if they are gathered for a time.
const BATCH_MAX: u32 = 10_000;
const BATCH_AT_ONCE_MAX: u32 = 10;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    #[serde(rename = "UUID")]
    uuid: String,
    event_source_mapping_arn: String,
    batch_size: u32,
    maximum_batching_window_in_seconds: u32,
    event_source_arn: String,
    function_arn: String,
    last_modified: f64,
    last_processing_result: String,
    state: &'static str,
    state_transition_reason: &'static str,
    function_response_types: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scaling_config: Option<Value>,
}

fn view(call: &Call, source: EventSource) -> View {
    let arn = function_arn(&call.home, &source.function);
    let home = &call.home;
    let (partition, region, account) = (home.region.partition(), &home.region, &home.account);
    View {
        event_source_mapping_arn: format!(
            "arn:{partition}:lambda:{region}:{account}:event-source-mapping:{}",
            source.id
        ),
        uuid: source.id,
        batch_size: source.batch_size,
        maximum_batching_window_in_seconds: source.window_s,
        event_source_arn: source.source_arn,
        function_arn: source.qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}")),
        last_modified: source.last_modified.as_seconds_f64(),
        last_processing_result: source.last_result,
        state: if source.is_enabled { "Enabled" } else { "Disabled" },
        state_transition_reason: "USER_INITIATED",
        function_response_types: source
            .reports_failures
            .then_some("ReportBatchItemFailures")
            .into_iter()
            .collect(),
        scaling_config: source.concurrency.map(|most| json!({ "MaximumConcurrency": most })),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    #[serde(rename = "UUID")]
    uuid: Option<String>,
    event_source_arn: Option<String>,
    function_name: Option<String>,
    enabled: Option<bool>,
    batch_size: Option<u32>,
    maximum_batching_window_in_seconds: Option<u32>,
    function_response_types: Option<Vec<String>>,
    scaling_config: Option<ScalingConfig>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Put {
    /// What it says, checked.
    fn change(&mut self, call: &Call) -> Result<SourceChange, ApiError> {
        // Tags are accepted and not kept: nothing lists them.
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        let given = self.others.iter().find(|(name, value)| *name != "Tags" && !is_empty(value));
        if let Some((name, _)) = given {
            return Err(fault::unsupported(&format!("{name} of an event source mapping")));
        }
        let function = self.function_name.take().map(|name| {
            let Reference { name, qualifier } = Reference::parse(&name, None, &call.home)?;
            Ok::<_, ApiError>((name, qualifier))
        });
        Ok(SourceChange {
            function: function.transpose()?,
            is_enabled: self.enabled,
            batch_size: self.batch_size,
            window_s: self.maximum_batching_window_in_seconds,
            reports_failures: self.function_response_types.as_ref().map(|types| !types.is_empty()),
            concurrency: self.scaling_config.as_ref().map(|scaling| scaling.maximum_concurrency),
        })
    }
}

fn check_batch(source_arn: &str, batch_size: u32, window_s: u32) -> Result<(), ApiError> {
    let is_ordered = source_arn.ends_with(".fifo");
    if is_ordered && 0 < window_s {
        return Err(fault::invalid("Batching window is not supported for FIFO queues".to_owned()));
    }
    let most = if is_ordered { BATCH_AT_ONCE_MAX } else { BATCH_MAX };
    if most < batch_size {
        return Err(fault::invalid(format!("Maximum batch size for the queue is {most}")));
    }
    if BATCH_AT_ONCE_MAX < batch_size && window_s == 0 {
        let message =
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10";
        return Err(fault::invalid(message.to_owned()));
    }
    Ok(())
}

pub(super) async fn create(call: &Call, mut input: Put) -> Result<View, ApiError> {
    let SourceChange { function, is_enabled, batch_size, window_s, reports_failures, concurrency } =
        input.change(call)?;
    let source_arn = input.event_source_arn.unwrap_or_default();
    match Arn::parse(&source_arn) {
        Ok(arn) if arn.service == "sqs" => {}
        Ok(arn) => return Err(fault::unsupported(&format!("An event source of {}", arn.service))),
        Err(_) => return Err(fault::invalid("Unrecognized event source.".to_owned())),
    }
    let (function, qualifier) =
        function.ok_or_else(|| fault::invalid("FunctionName is missing".to_owned()))?;
    let source = EventSource {
        id: String::new(),
        function,
        qualifier,
        source_arn,
        is_enabled: is_enabled.unwrap_or(true),
        batch_size: batch_size.unwrap_or(BATCH_AT_ONCE_MAX),
        window_s: window_s.unwrap_or(0),
        reports_failures: reports_failures.unwrap_or(false),
        concurrency: concurrency.flatten(),
        last_modified: Timestamp::from_millis(0),
        last_result: String::new(),
    };
    check_batch(&source.source_arn, source.batch_size, source.window_s)?;
    let made = rooms(call).create_source(&call.home, source).await?;
    Ok(view(call, made))
}

pub(super) async fn update(call: &Call, mut input: Put) -> Result<View, ApiError> {
    let id = input.uuid.take().unwrap_or_default();
    let change = input.change(call)?;
    let before = rooms(call).source(&call.home, &id).await?;
    let batch_size = change.batch_size.unwrap_or(before.batch_size);
    check_batch(&before.source_arn, batch_size, change.window_s.unwrap_or(before.window_s))?;
    let changed = rooms(call).update_source(&call.home, &id, change).await?;
    Ok(view(call, changed))
}

#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(rename = "UUID")]
    uuid: String,
}

pub(super) async fn get(call: &Call, input: Named) -> Result<View, ApiError> {
    let found = rooms(call).source(&call.home, &input.uuid).await?;
    Ok(view(call, found))
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<View, ApiError> {
    let gone = rooms(call).delete_source(&call.home, &input.uuid).await?;
    Ok(View { state: "Deleting", ..view(call, gone) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    event_source_arn: Option<String>,
    function_name: Option<String>,
    #[serde(flatten)]
    page: Page,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    event_source_mappings: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Listed, ApiError> {
    let List { event_source_arn, function_name, page } = input;
    let function = function_name.map(|name| Reference::parse(&name, None, &call.home)).transpose()?;
    let after = page.marker.as_deref().unwrap_or_default();
    let all = rooms(call).sources(&call.home).await?;
    let found = all.into_iter().filter(|source| {
        after < source.id.as_str()
            && event_source_arn.as_ref().is_none_or(|arn| source.source_arn == *arn)
            && function
                .as_ref()
                .is_none_or(|it| source.function == it.name && source.qualifier == it.qualifier)
    });
    let (found, next_marker) = page.of(found, |source| source.id.clone());
    let event_source_mappings = found.into_iter().map(|source| view(call, source)).collect();
    Ok(Listed { event_source_mappings, next_marker })
}
