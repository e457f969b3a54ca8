//! Versions and aliases of state machines.

use serde::{Deserialize, Serialize};

use super::time::EpochSeconds;
use crate::engine;
use crate::id::{Qualifier, StateMachineArn};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublishVersion {
    state_machine_arn: String,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VersionItem {
    state_machine_version_arn: String,
    creation_date: EpochSeconds,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    state_machine_arn: String,
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Versions {
    state_machine_versions: Vec<VersionItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByVersion {
    state_machine_version_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateAlias {
    name: String,
    description: Option<String>,
    routing_configuration: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateAlias {
    state_machine_alias_arn: String,
    description: Option<String>,
    routing_configuration: Option<Vec<Route>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Route {
    state_machine_version_arn: String,
    weight: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AliasItem {
    state_machine_alias_arn: String,
    creation_date: EpochSeconds,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdatedAlias {
    update_date: EpochSeconds,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribedAlias {
    state_machine_alias_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    routing_configuration: Vec<Route>,
    creation_date: EpochSeconds,
    update_date: EpochSeconds,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Aliases {
    state_machine_aliases: Vec<AliasItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByAlias {
    state_machine_alias_arn: String,
}

impl From<engine::Version> for VersionItem {
    fn from(version: engine::Version) -> Self {
        Self { state_machine_version_arn: version.arn.to_string(), creation_date: version.created.into() }
    }
}

impl From<engine::Alias> for AliasItem {
    fn from(alias: engine::Alias) -> Self {
        Self { state_machine_alias_arn: alias.arn.to_string(), creation_date: alias.created.into() }
    }
}

/// The ARN of a version of `machine`.
pub(super) fn version_arn(machine: &StateMachineArn, number: u64) -> String {
    StateMachineArn { qualifier: Some(Qualifier::Version(number)), ..machine.unqualified() }.to_string()
}

/// The ARN of an alias of `machine`.
pub(super) fn alias_arn(machine: &StateMachineArn, name: String) -> String {
    StateMachineArn { qualifier: Some(Qualifier::Alias(name)), ..machine.unqualified() }.to_string()
}

fn routes(routing: Vec<Route>) -> Vec<(String, u8)> {
    routing.into_iter().map(|route| (route.state_machine_version_arn, route.weight)).collect()
}

pub(super) async fn publish_state_machine_version(
    call: &Call,
    input: PublishVersion,
) -> Result<VersionItem, ApiError> {
    let publish = engine::Publish { description: input.description };
    let engine = call.engine();
    Ok(engine
        .state_machines()
        .publish_version(&input.state_machine_arn, input.revision_id, publish)
        .await?
        .into())
}

pub(super) async fn list_state_machine_versions(call: &Call, input: List) -> Result<Versions, ApiError> {
    let List { state_machine_arn, max_results, next_token } = input;
    let engine = call.engine();
    let page =
        engine.state_machines().list_versions(&state_machine_arn, max_results, next_token.as_deref()).await?;
    let versions = page.items.into_iter().map(Into::into).collect();
    Ok(Versions { state_machine_versions: versions, next_token: page.next_token })
}

pub(super) async fn delete_state_machine_version(call: &Call, input: ByVersion) -> Result<(), ApiError> {
    Ok(call.engine().state_machines().delete_version(&input.state_machine_version_arn).await?)
}

pub(super) async fn create_state_machine_alias(
    call: &Call,
    input: CreateAlias,
) -> Result<AliasItem, ApiError> {
    let routing = routes(input.routing_configuration);
    let engine = call.engine();
    Ok(engine.state_machines().create_alias(input.name, input.description, routing).await?.into())
}

pub(super) async fn describe_state_machine_alias(
    call: &Call,
    input: ByAlias,
) -> Result<DescribedAlias, ApiError> {
    let alias = call.engine().state_machines().describe_alias(&input.state_machine_alias_arn).await?;
    let route = |route: &engine::Route| Route {
        state_machine_version_arn: version_arn(&alias.arn, route.version),
        weight: route.weight,
    };
    Ok(DescribedAlias {
        state_machine_alias_arn: alias.arn.to_string(),
        routing_configuration: alias.routing.iter().map(route).collect(),
        name: alias.name,
        description: alias.description,
        creation_date: alias.created.into(),
        update_date: alias.updated.into(),
    })
}

pub(super) async fn update_state_machine_alias(
    call: &Call,
    input: UpdateAlias,
) -> Result<UpdatedAlias, ApiError> {
    let routing = input.routing_configuration.map(routes);
    let engine = call.engine();
    let updated = engine
        .state_machines()
        .update_alias(&input.state_machine_alias_arn, input.description, routing)
        .await?;
    Ok(UpdatedAlias { update_date: updated.into() })
}

pub(super) async fn delete_state_machine_alias(call: &Call, input: ByAlias) -> Result<(), ApiError> {
    Ok(call.engine().state_machines().delete_alias(&input.state_machine_alias_arn).await?)
}

pub(super) async fn list_state_machine_aliases(call: &Call, input: List) -> Result<Aliases, ApiError> {
    let List { state_machine_arn, max_results, next_token } = input;
    let engine = call.engine();
    let page =
        engine.state_machines().list_aliases(&state_machine_arn, max_results, next_token.as_deref()).await?;
    let aliases = page.items.into_iter().map(Into::into).collect();
    Ok(Aliases { state_machine_aliases: aliases, next_token: page.next_token })
}
