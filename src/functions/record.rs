//! What is stored: records with a version number, apart from the model.
//!
//! A member that is added later gets `#[serde(default)]`; a change that this can't express gets another version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::model::{
    Alias, CodeRef, EventConfig, Function, LayerRef, LayerVersion, LoggingConfig, Permission, Policy,
    Settings, Version,
};
use crate::clock::Timestamp;
use crate::store;

/// How records are written today.
const VERSION: u32 = 1;

/// A record of any version.
#[derive(Deserialize)]
struct Head {
    v: u32,
}

/// A part of a record: whatever it lacks has its type's default.
macro_rules! record {
    ($name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Default, Serialize, Deserialize)]
        struct $name { $(#[serde(default)] $field: $type),* }
    };
}

#[derive(Serialize, Deserialize)]
struct FunctionRecord {
    v: u32,
    name: String,
    next_version: u64,
    #[serde(default)]
    aliases: BTreeMap<String, AliasRecord>,
    #[serde(default)]
    policies: BTreeMap<String, PolicyRecord>,
    #[serde(default)]
    reserved: Option<u32>,
    #[serde(default)]
    events: BTreeMap<String, EventConfigRecord>,
    #[serde(default)]
    provisioned: BTreeMap<String, u32>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

record!(AliasRecord {
    version: String, description: String, weights: BTreeMap<String, f64>, revision_id: String
});
record!(PolicyRecord { statements: Vec<PermissionRecord>, revision_id: String });
record!(PermissionRecord {
    statement_id: String, action: String, principal: String, source_arn: Option<String>,
    source_account: Option<String>, event_source_token: Option<String>, principal_org_id: Option<String>,
    function_url_auth_type: Option<String>,
});
record!(CodeRecord { sha256: String, size: u64, unzipped: u64 });
record!(LayerRefRecord { arn: String, code: CodeRecord });
record!(LoggingRecord {
    format: String, application_level: Option<String>, system_level: Option<String>, group: Option<String>
});

#[derive(Serialize, Deserialize)]
struct EventConfigRecord {
    age_max_s: Option<u32>,
    retries_max: Option<u32>,
    on_success: Option<String>,
    on_failure: Option<String>,
    last_modified: Timestamp,
}

/// Without the environment, which is encrypted beside it.
#[derive(Serialize, Deserialize)]
struct VersionRecord {
    v: u32,
    version: String,
    description: String,
    role: String,
    runtime: String,
    handler: String,
    timeout_s: u32,
    memory_mb: u32,
    ephemeral_mb: u32,
    architecture: String,
    tracing: String,
    snap_start: String,
    #[serde(default)]
    dead_letter: Option<String>,
    logging: LoggingRecord,
    #[serde(default)]
    layers: Vec<LayerRefRecord>,
    code: CodeRecord,
    last_modified: Timestamp,
    revision_id: String,
}

#[derive(Serialize, Deserialize)]
struct LayerRecord {
    v: u32,
    name: String,
    version: u64,
    description: String,
    runtimes: Vec<String>,
    architectures: Vec<String>,
    license: Option<String>,
    code: CodeRecord,
    created: Timestamp,
}

/// Refuses what a newer version of this program has written.
fn known(text: &str) -> Result<(), Error> {
    let Head { v } = serde_json::from_str(text)?;
    if VERSION < v {
        return Err(store::Error::Corrupt(format!(
            "a function's record has version {v}, known are those to {VERSION}"
        ))
        .into());
    }
    Ok(())
}

pub(super) fn write_function(function: &Function) -> Result<String, Error> {
    let Function { name, next_version, aliases, policies, reserved, events, provisioned, tags } =
        function.clone();
    let aliases = aliases.into_iter().map(|(name, Alias { version, description, weights, revision_id })| {
        (name, AliasRecord { version, description, weights, revision_id })
    });
    let permission = |of: Permission| PermissionRecord {
        statement_id: of.statement_id,
        action: of.action,
        principal: of.principal,
        source_arn: of.source_arn,
        source_account: of.source_account,
        event_source_token: of.event_source_token,
        principal_org_id: of.principal_org_id,
        function_url_auth_type: of.function_url_auth_type,
    };
    let policies = policies.into_iter().map(|(qualifier, Policy { statements, revision_id })| {
        (
            qualifier,
            PolicyRecord { statements: statements.into_iter().map(permission).collect(), revision_id },
        )
    });
    let events = events.into_iter().map(|(qualifier, config)| {
        let EventConfig { age_max_s, retries_max, on_success, on_failure, last_modified } = config;
        (qualifier, EventConfigRecord { age_max_s, retries_max, on_success, on_failure, last_modified })
    });
    let record = FunctionRecord {
        v: VERSION,
        name,
        next_version,
        aliases: aliases.collect(),
        policies: policies.collect(),
        reserved,
        events: events.collect(),
        provisioned,
        tags,
    };
    Ok(serde_json::to_string(&record)?)
}

pub(super) fn read_function(text: &str) -> Result<Function, Error> {
    known(text)?;
    let FunctionRecord { v: _, name, next_version, aliases, policies, reserved, events, provisioned, tags } =
        serde_json::from_str(text)?;
    let aliases =
        aliases.into_iter().map(|(name, AliasRecord { version, description, weights, revision_id })| {
            (name, Alias { version, description, weights, revision_id })
        });
    let permission = |of: PermissionRecord| Permission {
        statement_id: of.statement_id,
        action: of.action,
        principal: of.principal,
        source_arn: of.source_arn,
        source_account: of.source_account,
        event_source_token: of.event_source_token,
        principal_org_id: of.principal_org_id,
        function_url_auth_type: of.function_url_auth_type,
    };
    let policies = policies.into_iter().map(|(qualifier, PolicyRecord { statements, revision_id })| {
        (qualifier, Policy { statements: statements.into_iter().map(permission).collect(), revision_id })
    });
    let events = events.into_iter().map(|(qualifier, config)| {
        let EventConfigRecord { age_max_s, retries_max, on_success, on_failure, last_modified } = config;
        (qualifier, EventConfig { age_max_s, retries_max, on_success, on_failure, last_modified })
    });
    Ok(Function {
        name,
        next_version,
        aliases: aliases.collect(),
        policies: policies.collect(),
        reserved,
        events: events.collect(),
        provisioned,
        tags,
    })
}

fn code_record(CodeRef { sha256, size, unzipped }: CodeRef) -> CodeRecord {
    CodeRecord { sha256, size, unzipped }
}

fn code(CodeRecord { sha256, size, unzipped }: CodeRecord) -> CodeRef {
    CodeRef { sha256, size, unzipped }
}

pub(super) fn write_version(version: &Version) -> Result<String, Error> {
    let Version { version, settings, code, last_modified, revision_id } = version.clone();
    let LoggingConfig { format, application_level, system_level, group } = settings.logging;
    let record = VersionRecord {
        v: VERSION,
        version,
        description: settings.description,
        role: settings.role,
        runtime: settings.runtime,
        handler: settings.handler,
        timeout_s: settings.timeout_s,
        memory_mb: settings.memory_mb,
        ephemeral_mb: settings.ephemeral_mb,
        architecture: settings.architecture,
        tracing: settings.tracing,
        snap_start: settings.snap_start,
        dead_letter: settings.dead_letter,
        logging: LoggingRecord { format, application_level, system_level, group },
        layers: settings
            .layers
            .into_iter()
            .map(|LayerRef { arn, code }| LayerRefRecord { arn, code: code_record(code) })
            .collect(),
        code: code_record(code),
        last_modified,
        revision_id,
    };
    Ok(serde_json::to_string(&record)?)
}

pub(super) fn read_version(text: &str, environment: Option<&[u8]>) -> Result<Version, Error> {
    known(text)?;
    let record: VersionRecord = serde_json::from_str(text)?;
    let LoggingRecord { format, application_level, system_level, group } = record.logging;
    let settings = Settings {
        description: record.description,
        role: record.role,
        runtime: record.runtime,
        handler: record.handler,
        timeout_s: record.timeout_s,
        memory_mb: record.memory_mb,
        ephemeral_mb: record.ephemeral_mb,
        environment: environment.map(serde_json::from_slice).transpose()?,
        architecture: record.architecture,
        tracing: record.tracing,
        snap_start: record.snap_start,
        dead_letter: record.dead_letter,
        logging: LoggingConfig { format, application_level, system_level, group },
        layers: record
            .layers
            .into_iter()
            .map(|LayerRefRecord { arn, code: kept }| LayerRef { arn, code: code(kept) })
            .collect(),
    };
    Ok(Version {
        version: record.version,
        settings,
        code: code(record.code),
        last_modified: record.last_modified,
        revision_id: record.revision_id,
    })
}

pub(super) fn write_layer(layer: &LayerVersion) -> Result<String, Error> {
    let LayerVersion { name, version, description, runtimes, architectures, license, code, created } =
        layer.clone();
    let code = code_record(code);
    let record = LayerRecord {
        v: VERSION,
        name,
        version,
        description,
        runtimes,
        architectures,
        license,
        code,
        created,
    };
    Ok(serde_json::to_string(&record)?)
}

pub(super) fn read_layer(text: &str) -> Result<LayerVersion, Error> {
    known(text)?;
    let LayerRecord {
        v: _,
        name,
        version,
        description,
        runtimes,
        architectures,
        license,
        code: kept,
        created,
    } = serde_json::from_str(text)?;
    let code = code(kept);
    Ok(LayerVersion { name, version, description, runtimes, architectures, license, code, created })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut function =
            Function { name: "f".into(), next_version: 3, reserved: Some(2), ..Function::default() };
        let weights = BTreeMap::from([("2".to_owned(), 0.25)]);
        let alias = Alias { version: "1".into(), description: "d".into(), weights, revision_id: "r".into() };
        function.aliases.insert("live".into(), alias);
        let permission =
            Permission { statement_id: "s".into(), principal: "*".into(), ..Permission::default() };
        let policy = Policy { statements: vec![permission], revision_id: "r".into() };
        function.policies.insert(String::new(), policy);
        assert_eq!(read_function(&write_function(&function).unwrap()).unwrap(), function);

        let environment = BTreeMap::from([("A".to_owned(), "b".to_owned())]);
        let settings = Settings { environment: Some(environment.clone()), ..Settings::default() };
        let version = Version {
            version: "1".into(),
            settings,
            code: CodeRef { sha256: "s".into(), size: 1, unzipped: 2 },
            last_modified: Timestamp::from_millis(7),
            revision_id: "r".into(),
        };
        let text = write_version(&version).unwrap();
        assert!(!text.contains("\"A\""), "{text}");
        let sealed = serde_json::to_vec(&environment).unwrap();
        assert_eq!(read_version(&text, Some(&sealed)).unwrap(), version);
    }

    #[test]
    fn records_of_a_newer_version_are_refused() {
        let text = write_function(&Function::default()).unwrap().replace("\"v\":1", "\"v\":2");
        assert!(matches!(read_function(&text), Err(Error::Store(store::Error::Corrupt(_)))));
    }

    #[test]
    fn records_of_the_first_version_can_be_read() {
        let text = r#"{"v":1,"name":"f","next_version":1,"aliases":{"a":{"version":"1","revision_id":"r"}}}"#;
        assert_eq!(read_function(text).unwrap().aliases["a"].version, "1");
    }
}
