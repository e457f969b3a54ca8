//! Aliases.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::page::OfFunction;
use super::rooms;
use crate::functions::{Alias, Reference, function_arn};
use crate::wire::{ApiError, Call};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    alias_arn: String,
    name: String,
    function_version: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_config: Option<Value>,
    revision_id: String,
}

fn view(call: &Call, function: &str, name: String, alias: Alias) -> View {
    View {
        alias_arn: format!("{}:{name}", function_arn(&call.home, function)),
        name,
        function_version: alias.version,
        description: alias.description,
        routing_config: (!alias.weights.is_empty())
            .then(|| json!({"AdditionalVersionWeights": alias.weights})),
        revision_id: alias.revision_id,
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingConfig {
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    function_name: String,
    name: String,
    function_version: String,
    description: Option<String>,
    routing_config: Option<RoutingConfig>,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<View, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let weights =
        input.routing_config.and_then(|config| config.additional_version_weights).unwrap_or_default();
    let description = input.description.unwrap_or_default();
    let created = rooms(call).create_alias(
        &call.home,
        &name,
        input.name.clone(),
        input.function_version,
        description,
        weights,
    );
    Ok(view(call, &name, input.name, created.await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update {
    function_name: String,
    name: String,
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<RoutingConfig>,
    revision_id: Option<String>,
}

pub(super) async fn update(call: &Call, input: Update) -> Result<View, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let Update { function_version, description, routing_config, revision_id, .. } = input;
    let updated =
        rooms(call).update_alias(&call.home, &name, input.name.clone(), revision_id, move |alias| {
            if let Some(version) = function_version.clone() {
                alias.version = version;
            }
            if let Some(description) = description.clone() {
                alias.description = description;
            }
            if let Some(config) = routing_config.clone() {
                alias.weights = config.additional_version_weights.unwrap_or_default();
            }
        });
    Ok(view(call, &name, input.name, updated.await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    function_name: String,
    name: String,
}

pub(super) async fn get(call: &Call, input: Named) -> Result<View, ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    let alias = rooms(call).alias(&call.home, &name, &input.name).await?;
    Ok(view(call, &name, input.name, alias))
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<(), ApiError> {
    let Reference { name, .. } = Reference::parse(&input.function_name, None, &call.home)?;
    Ok(rooms(call).delete_alias(&call.home, &name, input.name).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(flatten)]
    of: OfFunction,
    function_version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    aliases: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Listed, ApiError> {
    let (name, page) = (input.of.name(call)?, input.of.page);
    let after = page.marker.as_deref().unwrap_or_default();
    let all = rooms(call).aliases(&call.home, &name).await?;
    let version = input.function_version;
    let is_of = |alias: &Alias| {
        version
            .as_ref()
            .is_none_or(|version| alias.version == *version || alias.weights.contains_key(version))
    };
    let found = all.into_iter().filter(|(name, alias)| after < name.as_str() && is_of(alias));
    let (found, next_marker) = page.of(found, |(alias, _)| alias.clone());
    let aliases = found.into_iter().map(|(alias, of)| view(call, &name, alias, of)).collect();
    Ok(Listed { aliases, next_marker })
}
