//! State machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::encryption::EncryptionConfiguration;
use super::tags::Tag;
use super::time::EpochSeconds;
use super::versions::version_arn;
use super::words::{IncludedData, LogLevel, MachineType};
use crate::asl::StateMachineType;
use crate::engine::{self, Logging, StateMachine, StateMachineStatus};
use crate::wire::{ApiError, Call, Code};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateStateMachine {
    name: String,
    definition: String,
    role_arn: String,
    #[serde(rename = "type", default)]
    kind: MachineType,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
    encryption_configuration: Option<EncryptionConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UpdateStateMachine {
    state_machine_arn: String,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    #[serde(default)]
    publish: bool,
    version_description: Option<String>,
    encryption_configuration: Option<EncryptionConfiguration>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LoggingConfiguration {
    #[serde(default)]
    level: LogLevel,
    #[serde(default)]
    include_execution_data: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<Vec<LogDestination>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogDestination {
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_arn: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct TracingConfiguration {
    #[serde(default)]
    enabled: bool,
}

impl From<LoggingConfiguration> for Logging {
    fn from(configuration: LoggingConfiguration) -> Self {
        let arn = |d: LogDestination| d.cloud_watch_logs_log_group.and_then(|group| group.log_group_arn);
        Self {
            level: configuration.level.into(),
            include_execution_data: configuration.include_execution_data,
            destinations: configuration.destinations.map(|all| all.into_iter().filter_map(arn).collect()),
        }
    }
}

impl From<&Logging> for LoggingConfiguration {
    fn from(logging: &Logging) -> Self {
        let destination = |arn: &String| LogDestination {
            cloud_watch_logs_log_group: Some(LogGroup { log_group_arn: Some(arn.clone()) }),
        };
        Self {
            level: logging.level.into(),
            include_execution_data: logging.include_execution_data,
            destinations: logging.destinations.as_ref().map(|all| all.iter().map(destination).collect()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Created {
    state_machine_arn: String,
    creation_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Updated {
    update_date: EpochSeconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByArn {
    state_machine_arn: String,
    #[serde(default)]
    included_data: IncludedData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByExecution {
    execution_arn: String,
    #[serde(default)]
    included_data: IncludedData,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    state_machine_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    definition: String,
    role_arn: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation_date: Option<EpochSeconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    update_date: Option<EpochSeconds>,
    logging_configuration: LoggingConfiguration,
    tracing_configuration: TracingConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_configuration: Option<EncryptionConfiguration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    state_machines: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    state_machine_arn: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: EpochSeconds,
}

/// The wish to publish; a description without it is refused.
fn publish_of(publish: bool, description: Option<String>) -> Result<Option<engine::Publish>, ApiError> {
    match (publish, description) {
        (true, description) => Ok(Some(engine::Publish { description })),
        (false, Some(_)) => {
            Err(ApiError::new(Code::Validation, "Version description can only be set when publish is true"))
        }
        (false, None) => Ok(None),
    }
}

pub(super) async fn create_state_machine(
    call: &Call,
    input: CreateStateMachine,
) -> Result<Created, ApiError> {
    let publish = publish_of(input.publish, input.version_description)?;
    let encryption = input.encryption_configuration.map(EncryptionConfiguration::read).transpose()?;
    let create = engine::CreateStateMachine {
        home: call.home.clone(),
        name: input.name,
        definition: input.definition,
        role_arn: input.role_arn,
        kind: input.kind.into(),
        logging: input.logging_configuration.map(Into::into).unwrap_or_default(),
        tracing: input.tracing_configuration.is_some_and(|tracing| tracing.enabled),
        encryption,
        tags: input.tags.into_iter().map(Into::into).collect(),
        publish,
    };
    let made = call.engine().state_machines().create(create).await?;
    Ok(Created {
        state_machine_version_arn: made.version.map(|number| version_arn(&made.arn, number)),
        state_machine_arn: made.arn.to_string(),
        creation_date: made.created.into(),
    })
}

pub(super) async fn update_state_machine(
    call: &Call,
    input: UpdateStateMachine,
) -> Result<Updated, ApiError> {
    let publish = publish_of(input.publish, input.version_description)?;
    let encryption = input.encryption_configuration.map(EncryptionConfiguration::read).transpose()?;
    let update = engine::UpdateStateMachine {
        arn: input.state_machine_arn,
        definition: input.definition,
        role_arn: input.role_arn,
        logging: input.logging_configuration.map(Into::into),
        tracing: input.tracing_configuration.map(|tracing| tracing.enabled),
        encryption,
        publish,
    };
    let updated = call.engine().state_machines().update(update).await?;
    Ok(Updated {
        update_date: updated.updated.into(),
        revision_id: updated.revision_id,
        state_machine_version_arn: updated.version.map(|version| version.arn.to_string()),
    })
}

pub(super) async fn describe_state_machine(call: &Call, input: ByArn) -> Result<Described, ApiError> {
    let machine = call.engine().state_machines().describe(&input.state_machine_arn).await?;
    let mut described = described(&machine, input.included_data);
    described.status = Some(match machine.status {
        StateMachineStatus::Active => "ACTIVE",
        StateMachineStatus::Deleting => "DELETING",
    });
    described.kind = Some(machine.kind.as_str());
    described.creation_date = Some(machine.created.into());
    Ok(described)
}

pub(super) async fn describe_state_machine_for_execution(
    call: &Call,
    input: ByExecution,
) -> Result<Described, ApiError> {
    let engine = call.engine();
    let machine = engine.executions().state_machine(&input.execution_arn).await?;
    let mut described = described(&machine, input.included_data);
    if machine.arn.label.is_some() {
        // The child of a Map Run runs its item processor.
        let run = engine.executions().describe(&input.execution_arn).await?.map_run;
        described.map_run_arn = run.map(|run| run.to_string());
        described.label.clone_from(&machine.arn.label);
    }
    described.update_date = Some(machine.updated.into());
    Ok(described)
}

fn described(machine: &StateMachine, included: IncludedData) -> Described {
    let definition = match included {
        IncludedData::AllData => machine.definition.clone(),
        IncludedData::MetadataOnly => "{}".to_owned(),
    };
    let shown = machine.shown();
    Described {
        state_machine_arn: machine.arn.to_string(),
        name: machine.arn.full_name().to_string(),
        status: None,
        definition,
        role_arn: machine.role_arn.clone(),
        kind: None,
        creation_date: None,
        update_date: None,
        logging_configuration: (&machine.logging).into(),
        tracing_configuration: TracingConfiguration { enabled: machine.tracing },
        encryption_configuration: shown.encryption.as_ref().map(Into::into),
        revision_id: machine.revision_id.clone(),
        variable_references: shown.variable_references.into_iter().collect(),
        description: machine.description.clone(),
        label: None,
        map_run_arn: None,
    }
}

pub(super) async fn list_state_machines(call: &Call, input: List) -> Result<Listed, ApiError> {
    let page = call
        .engine()
        .state_machines()
        .list(call.home.clone(), input.max_results, input.next_token.as_deref())
        .await?;
    let items = page.items.into_iter().map(|machine| Item {
        name: machine.arn.name.to_string(),
        state_machine_arn: machine.arn.to_string(),
        kind: StateMachineType::as_str(machine.kind),
        creation_date: machine.created.into(),
    });
    Ok(Listed { state_machines: items.collect(), next_token: page.next_token })
}

pub(super) async fn delete_state_machine(call: &Call, input: ByArn) -> Result<(), ApiError> {
    Ok(call.engine().state_machines().delete(&input.state_machine_arn).await?)
}
