//! How events are handled.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::functions::Named;
use super::page::OfFunction;
use super::{fault, rooms};
use crate::functions::{EventConfig, LATEST, Reference, function_arn};
use crate::wire::{ApiError, Call};

/// What may be told of an event's end: a function, a state machine, or a service that the settings know.
const DESTINATIONS: &[&str] = &["lambda", "states", "sqs", "sns", "events"];

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    last_modified: f64,
    function_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_retry_attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_event_age_in_seconds: Option<u32>,
    destination_config: Value,
}

fn view(call: &Call, name: &str, qualifier: &str, config: EventConfig) -> View {
    let destination = |arn: Option<String>| arn.map_or_else(|| json!({}), |arn| json!({"Destination": arn}));
    View {
        last_modified: config.last_modified.as_seconds_f64(),
        function_arn: format!("{}:{qualifier}", function_arn(&call.home, name)),
        maximum_retry_attempts: config.retries_max,
        maximum_event_age_in_seconds: config.age_max_s,
        destination_config: json!({
            "OnSuccess": destination(config.on_success), "OnFailure": destination(config.on_failure)
        }),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    destination: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_success: Option<Destination>,
    on_failure: Option<Destination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    #[serde(flatten)]
    of: Named,
    maximum_retry_attempts: Option<u32>,
    maximum_event_age_in_seconds: Option<u32>,
    destination_config: Option<DestinationConfig>,
}

fn checked(destination: Option<Destination>) -> Result<Option<String>, ApiError> {
    let Some(arn) = destination.and_then(|of| of.destination).filter(|arn| !arn.is_empty()) else {
        return Ok(None);
    };
    match arn.split(':').nth(2) {
        Some(service) if DESTINATIONS.contains(&service) => Ok(Some(arn)),
        _ => Err(fault::unsupported(&format!("The destination {arn}"))),
    }
}

async fn configure(call: &Call, input: Put, is_whole: bool) -> Result<View, ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    let has_destinations = input.destination_config.is_some();
    let DestinationConfig { on_success, on_failure } = input.destination_config.unwrap_or_default();
    let (on_success, on_failure) = (checked(on_success)?, checked(on_failure)?);
    let (retries_max, age_max_s) = (input.maximum_retry_attempts, input.maximum_event_age_in_seconds);
    let now = rooms(call).now();
    let shown = qualifier.clone().unwrap_or_else(|| LATEST.to_owned());
    let configured = rooms(call).configure_events(&call.home, &name, qualifier, move |before| {
        let given = EventConfig {
            age_max_s,
            retries_max,
            on_success: on_success.clone(),
            on_failure: on_failure.clone(),
            last_modified: now,
        };
        match before.filter(|_| !is_whole) {
            None => given,
            Some(before) => EventConfig {
                age_max_s: given.age_max_s.or(before.age_max_s),
                retries_max: given.retries_max.or(before.retries_max),
                on_success: if has_destinations { given.on_success } else { before.on_success },
                on_failure: if has_destinations { given.on_failure } else { before.on_failure },
                last_modified: now,
            },
        }
    });
    Ok(view(call, &name, &shown, configured.await?))
}

pub(super) async fn put(call: &Call, input: Put) -> Result<View, ApiError> {
    configure(call, input, true).await
}

pub(super) async fn update(call: &Call, input: Put) -> Result<View, ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    // What isn't there can't be changed.
    rooms(call).event_config(&call.home, &name, qualifier).await?;
    configure(call, input, false).await
}

pub(super) async fn get(call: &Call, input: Named) -> Result<View, ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    let config = rooms(call).event_config(&call.home, &name, qualifier.clone()).await?;
    Ok(view(call, &name, qualifier.as_deref().unwrap_or(LATEST), config))
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<(), ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    Ok(rooms(call).forget_events(&call.home, &name, qualifier).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    function_event_invoke_configs: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list(call: &Call, input: OfFunction) -> Result<Listed, ApiError> {
    let (name, page) = (input.name(call)?, input.page);
    let after = page.marker.as_deref().unwrap_or_default();
    let all = rooms(call).view(&call.home, &name, None).await?.function.events;
    let found = all.into_iter().filter(|(qualifier, _)| after < qualifier.as_str());
    let (found, next_marker) = page.of(found, |(qualifier, _)| qualifier.clone());
    let views = found.into_iter().map(|(qualifier, config)| view(call, &name, &qualifier, config));
    Ok(Listed { function_event_invoke_configs: views.collect(), next_marker })
}
