//! Event source mappings: queues and streams whose messages and records functions handle.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::page::Page;
use super::{fault, rooms};
use crate::clock::Timestamp;
use crate::functions::{
    EventSource, Reference, SourceChange, StartingPosition, StreamChange, StreamSettings, check_filters,
    function_arn,
};
use crate::id::Arn;
use crate::wire::{ApiError, Call};

/// The most messages of an event: more than ten only of a queue without order, and if they are gathered for a time.
const BATCH_MAX: u32 = 10_000;
const BATCH_AT_ONCE_MAX: u32 = 10;
/// Records of an event unless the mapping says otherwise.
const STREAM_BATCH: u32 = 100;
/// Filters of a mapping, on AWS at most.
const FILTERS_MAX: usize = 10;
/// The least age that records may have, in seconds.
const AGE_MIN_S: u32 = 60;

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
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_criteria: Option<Value>,
    #[serde(flatten)]
    stream: Option<StreamView>,
}

/// What is shown of streams alone.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StreamView {
    starting_position: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_position_timestamp: Option<f64>,
    parallelization_factor: u32,
    maximum_retry_attempts: i64,
    maximum_record_age_in_seconds: i64,
    bisect_batch_on_function_error: bool,
    tumbling_window_in_seconds: u32,
    destination_config: Value,
}

impl From<StreamSettings> for StreamView {
    fn from(settings: StreamSettings) -> Self {
        let StreamSettings { position, retries_max, age_max_s, bisects, on_failure, parallel, tumbling_s } =
            settings;
        // -1 stands for no limit.
        let number = |limit: Option<u32>| limit.map_or(-1, i64::from);
        let on_failure = on_failure.map_or_else(|| json!({}), |arn| json!({ "Destination": arn }));
        Self {
            starting_position: position.as_str(),
            starting_position_timestamp: position.at().map(Timestamp::as_seconds_f64),
            parallelization_factor: parallel,
            maximum_retry_attempts: number(retries_max),
            maximum_record_age_in_seconds: number(age_max_s),
            bisect_batch_on_function_error: bisects,
            tumbling_window_in_seconds: tumbling_s,
            destination_config: json!({ "OnFailure": on_failure }),
        }
    }
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
        filter_criteria: filter_criteria(&source.filters),
        stream: source.stream.map(StreamView::from),
    }
}

fn filter_criteria(filters: &[String]) -> Option<Value> {
    let filters: Vec<Value> = filters.iter().map(|pattern| json!({ "Pattern": pattern })).collect();
    (!filters.is_empty()).then(|| json!({ "Filters": filters }))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destinations {
    on_success: Option<Value>,
    #[serde(default)]
    on_failure: Destination,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    destination: Option<String>,
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
    filter_criteria: Option<FilterCriteria>,
    starting_position: Option<String>,
    starting_position_timestamp: Option<f64>,
    maximum_retry_attempts: Option<i64>,
    maximum_record_age_in_seconds: Option<i64>,
    bisect_batch_on_function_error: Option<bool>,
    destination_config: Option<Destinations>,
    parallelization_factor: Option<u32>,
    tumbling_window_in_seconds: Option<u32>,
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
            filters: self.filters()?,
            stream: self.stream_change()?,
        })
    }

    fn filters(&mut self) -> Result<Option<Vec<String>>, ApiError> {
        let Some(FilterCriteria { filters }) = self.filter_criteria.take() else { return Ok(None) };
        let filters: Vec<String> = filters.into_iter().filter_map(|filter| filter.pattern).collect();
        if FILTERS_MAX < filters.len() {
            return Err(fault::invalid(format!("A mapping has {FILTERS_MAX} filters at most.")));
        }
        check_filters(&filters)?;
        Ok(Some(filters))
    }

    fn stream_change(&mut self) -> Result<StreamChange, ApiError> {
        let limit = |given: Option<i64>| given.map(|limit| u32::try_from(limit).ok());
        let age_max_s = limit(self.maximum_record_age_in_seconds);
        if age_max_s.flatten().is_some_and(|age| age < AGE_MIN_S) {
            return Err(fault::invalid(format!("MaximumRecordAgeInSeconds is -1, or {AGE_MIN_S} at least.")));
        }
        let on_failure = match self.destination_config.take() {
            None => None,
            Some(Destinations { on_success: Some(Value::Object(members)), .. }) if !members.is_empty() => {
                return Err(fault::invalid("OnSuccess is not for event source mappings.".to_owned()));
            }
            Some(Destinations { on_failure, .. }) => {
                Some(on_failure.destination.filter(|arn| !arn.is_empty()))
            }
        };
        for arn in on_failure.iter().flatten() {
            let service = Arn::parse(arn).map(|arn| arn.service).unwrap_or_default();
            if !matches!(service.as_str(), "sqs" | "sns") {
                return Err(fault::unsupported(&format!("The destination {arn} of an event source mapping")));
            }
        }
        Ok(StreamChange {
            retries_max: limit(self.maximum_retry_attempts),
            age_max_s,
            bisects: self.bisect_batch_on_function_error,
            on_failure,
            parallel: self.parallelization_factor,
            tumbling_s: self.tumbling_window_in_seconds,
        })
    }

    /// Where a stream is to be read from.
    fn position(&self, service: &str) -> Result<StartingPosition, ApiError> {
        let Some(name) = &self.starting_position else {
            return Err(fault::invalid("StartingPosition is needed for a stream.".to_owned()));
        };
        #[allow(clippy::cast_possible_truncation, reason = "a float becomes the nearest number")]
        let at =
            self.starting_position_timestamp.map(|at| Timestamp::from_millis((at * 1_000.0).round() as i64));
        match StartingPosition::parse(name, at) {
            Some(StartingPosition::At(_)) if service == "dynamodb" => {
                Err(fault::invalid("AT_TIMESTAMP is not for streams of DynamoDB.".to_owned()))
            }
            Some(position) => Ok(position),
            None => Err(fault::invalid(
                "StartingPositionTimestamp goes with AT_TIMESTAMP, and with nothing else.".to_owned(),
            )),
        }
    }

    /// Whether something is said that is not for queues.
    fn names_stream_settings(&self) -> bool {
        self.starting_position.is_some()
            || self.starting_position_timestamp.is_some()
            || self.maximum_retry_attempts.is_some()
            || self.maximum_record_age_in_seconds.is_some()
            || self.bisect_batch_on_function_error.is_some()
            || self.destination_config.is_some()
            || self.parallelization_factor.is_some()
            || self.tumbling_window_in_seconds.is_some()
    }
}

fn check_kind(is_stream: bool, input: &Put) -> Result<(), ApiError> {
    if !is_stream && input.names_stream_settings() {
        let text = "StartingPosition, MaximumRetryAttempts, MaximumRecordAgeInSeconds, BisectBatchOnFunctionError, \
                    DestinationConfig, ParallelizationFactor and TumblingWindowInSeconds are not for queues.";
        return Err(fault::invalid(text.to_owned()));
    }
    if is_stream && input.scaling_config.as_ref().is_some_and(|scaling| scaling.maximum_concurrency.is_some())
    {
        return Err(fault::invalid("ScalingConfig is for queues.".to_owned()));
    }
    Ok(())
}

/// With several batches of a shard at one time, none of them would know what the others have made of a window.
fn check_windows(parallel: u32, tumbling_s: u32) -> Result<(), ApiError> {
    match 1 < parallel && 0 < tumbling_s {
        true => Err(fault::unsupported("A ParallelizationFactor above 1 together with tumbling windows")),
        false => Ok(()),
    }
}

fn check_batch(source_arn: &str, batch_size: u32, window_s: u32) -> Result<(), ApiError> {
    if !source_arn.contains(":sqs:") {
        return Ok(());
    }
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
    let source_arn = input.event_source_arn.take().unwrap_or_default();
    let service = match Arn::parse(&source_arn) {
        Ok(arn) if arn.service == "kinesis" && arn.resource.contains("/consumer/") => {
            return Err(fault::unsupported("An event source that is a consumer with enhanced fan-out"));
        }
        Ok(arn) if matches!(arn.service.as_str(), "sqs" | "kinesis") => arn.service,
        Ok(arn) if arn.service == "dynamodb" && arn.resource.contains("/stream/") => arn.service,
        Ok(arn) => return Err(fault::unsupported(&format!("An event source of {}", arn.service))),
        Err(_) => return Err(fault::invalid("Unrecognized event source.".to_owned())),
    };
    let is_stream = service != "sqs";
    check_kind(is_stream, &input)?;
    let position = is_stream.then(|| input.position(&service)).transpose()?;
    let SourceChange {
        function,
        is_enabled,
        batch_size,
        window_s,
        reports_failures,
        concurrency,
        filters,
        stream: StreamChange { retries_max, age_max_s, bisects, on_failure, parallel, tumbling_s },
    } = input.change(call)?;
    let (parallel, tumbling_s) = (parallel.unwrap_or(1), tumbling_s.unwrap_or(0));
    check_windows(parallel, tumbling_s)?;
    let stream = position.map(|position| StreamSettings {
        position,
        retries_max: retries_max.flatten(),
        age_max_s: age_max_s.flatten(),
        bisects: bisects.unwrap_or(false),
        on_failure: on_failure.flatten(),
        parallel,
        tumbling_s,
    });
    let (function, qualifier) =
        function.ok_or_else(|| fault::invalid("FunctionName is missing".to_owned()))?;
    let source = EventSource {
        id: String::new(),
        function,
        qualifier,
        source_arn,
        is_enabled: is_enabled.unwrap_or(true),
        batch_size: batch_size.unwrap_or(if is_stream { STREAM_BATCH } else { BATCH_AT_ONCE_MAX }),
        window_s: window_s.unwrap_or(0),
        reports_failures: reports_failures.unwrap_or(false),
        concurrency: concurrency.flatten(),
        filters: filters.unwrap_or_default(),
        stream,
        last_modified: Timestamp::from_millis(0),
        last_result: String::new(),
    };
    check_batch(&source.source_arn, source.batch_size, source.window_s)?;
    let made = rooms(call).create_source(&call.home, source).await?;
    Ok(view(call, made))
}

pub(super) async fn update(call: &Call, mut input: Put) -> Result<View, ApiError> {
    let id = input.uuid.take().unwrap_or_default();
    let before = rooms(call).source(&call.home, &id).await?;
    check_kind(before.stream.is_some(), &input)?;
    let change = input.change(call)?;
    if let Some(stream) = &before.stream {
        let StreamChange { parallel, tumbling_s, .. } = change.stream;
        check_windows(parallel.unwrap_or(stream.parallel), tumbling_s.unwrap_or(stream.tumbling_s))?;
    }
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
