//! The enumerations of Step Functions as inputs spell them. The check has refused all other words.

use serde::{Deserialize, Serialize};

use crate::asl::{Severity, StateMachineType};
use crate::engine;

/// The kind of a state machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum MachineType {
    #[default]
    Standard,
    Express,
}

impl From<MachineType> for StateMachineType {
    fn from(kind: MachineType) -> Self {
        match kind {
            MachineType::Standard => Self::Standard,
            MachineType::Express => Self::Express,
        }
    }
}

/// The mildest diagnostics to be told.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum DefinitionSeverity {
    #[default]
    Error,
    Warning,
}

impl From<DefinitionSeverity> for Severity {
    fn from(severity: DefinitionSeverity) -> Self {
        match severity {
            DefinitionSeverity::Error => Self::Error,
            DefinitionSeverity::Warning => Self::Warning,
        }
    }
}

/// How much of a description is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum IncludedData {
    #[default]
    AllData,
    MetadataOnly,
}

/// Which events are logged.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum LogLevel {
    All,
    Error,
    Fatal,
    #[default]
    Off,
}

impl From<LogLevel> for engine::LogLevel {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::All => Self::All,
            LogLevel::Error => Self::Error,
            LogLevel::Fatal => Self::Fatal,
            LogLevel::Off => Self::Off,
        }
    }
}

impl From<engine::LogLevel> for LogLevel {
    fn from(level: engine::LogLevel) -> Self {
        match level {
            engine::LogLevel::All => Self::All,
            engine::LogLevel::Error => Self::Error,
            engine::LogLevel::Fatal => Self::Fatal,
            engine::LogLevel::Off => Self::Off,
        }
    }
}
