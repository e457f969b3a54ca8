//! How what is no column of its own is stored, beside the journal.

use super::encryption::Encryption;
use super::execution::{BatchBounds, MapRunLimits};
use super::logging::{LogLevel, Logging};
use super::map_child::Batch;
use super::state_machines::aliases::{Route, Routing};
use super::state_machines::versions::Publish;
use crate::store::{Stored, Unreadable, record, records};

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Logging, "states logging": now 1 => LoggingV1;
    Publish, "states publish": now 1 => PublishV1;
    Routing, "states routing": now 1 => Vec<RouteV1>;
    MapRunLimits, "states map run limits": now 1 => MapRunLimitsV1;
    Batch, "states map run batch": now 1 => Option<BatchBoundsV1>;
    Encryption, "states encryption": now 1 => EncryptionV1;
}

record! {
    /// Where executions are logged.
    struct LoggingV1 of Logging {
        "level" level: String,
        "include_execution_data" include_execution_data: bool,
        "destinations" destinations: Option<Vec<String>>,
    }

    /// The wish to publish a version.
    struct PublishV1 of Publish {
        "description" description: Option<String>,
    }

    /// Where an alias leads.
    struct RouteV1 of Route {
        "version" version: u64,
        "weight" weight: u8,
    }

    /// Limits of a Map Run.
    struct MapRunLimitsV1 of MapRunLimits {
        "c" max_concurrency: u64,
        #[serde(default)]
        "n" tolerated_failure_count: Option<u64>,
        #[serde(default)]
        "p" tolerated_failure_percentage: Option<f64>,
    }

    /// Bounds of a batch.
    struct BatchBoundsV1 of BatchBounds {
        #[serde(default)]
        "n" max_items: Option<u64>,
        #[serde(default)]
        "b" max_bytes: Option<u64>,
    }
}

/// With whose key data are encrypted: AWS's, if none is named.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct EncryptionV1 {
    #[serde(rename = "key", skip_serializing_if = "Option::is_none", default)]
    key_id: Option<String>,
    #[serde(rename = "reuse", skip_serializing_if = "Option::is_none", default)]
    reuse_period_seconds: Option<u32>,
}

impl Stored<EncryptionV1> for Encryption {
    fn to_stored(&self) -> EncryptionV1 {
        match self {
            Self::AwsOwnedKey => EncryptionV1 { key_id: None, reuse_period_seconds: None },
            Self::CustomerManagedKey { key_id, reuse_period_seconds } => EncryptionV1 {
                key_id: Some(key_id.clone()),
                reuse_period_seconds: Some(*reuse_period_seconds),
            },
        }
    }

    fn from_stored(form: EncryptionV1) -> Result<Self, Unreadable> {
        let EncryptionV1 { key_id, reuse_period_seconds } = form;
        Self::new(key_id.is_some(), key_id, reuse_period_seconds)
            .map_err(|error| Unreadable { what: "an encryption configuration", value: error.to_string() })
    }
}

impl Stored<Vec<RouteV1>> for Routing {
    fn to_stored(&self) -> Vec<RouteV1> {
        self.0.to_stored()
    }

    fn from_stored(form: Vec<RouteV1>) -> Result<Self, Unreadable> {
        Vec::from_stored(form).map(Self)
    }
}

impl Stored<Option<BatchBoundsV1>> for Batch {
    fn to_stored(&self) -> Option<BatchBoundsV1> {
        self.0.to_stored()
    }

    fn from_stored(form: Option<BatchBoundsV1>) -> Result<Self, Unreadable> {
        Option::from_stored(form).map(Self)
    }
}

impl Stored<String> for LogLevel {
    fn to_stored(&self) -> String {
        let level = match self {
            Self::All => "ALL",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
            Self::Off => "OFF",
        };
        level.to_owned()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        match form.as_str() {
            "ALL" => Ok(Self::All),
            "ERROR" => Ok(Self::Error),
            "FATAL" => Ok(Self::Fatal),
            "OFF" => Ok(Self::Off),
            _ => Err(Unreadable { what: "log level", value: form }),
        }
    }
}
