//! What the operations on event source mappings take. Members of other sources than queues and streams are read so
//! that they can be refused by name.

use super::events::DESTINATION_CONFIG;
use super::patterns::NAMESPACED_FUNCTION_NAME_PATTERN;
use crate::wire::{Limits, Location, Member, Nulls, Shape, Structure, optional, required};

const UUID: Member = required("UUID", Shape::TEXT).at(Location::Uri("UUID"));
const RESPONSE_TYPE: Shape = Shape::Enum(&["ReportBatchItemFailures"]);
static SCALING_CONFIG: Structure = Structure::new(
    "ScalingConfig",
    &[optional("MaximumConcurrency", Shape::Integer(Limits { min: 2, max: 1_000 }))],
);
const FUNCTION_NAME: Shape = Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN);
const ENABLED: Member = optional("Enabled", Shape::Boolean);
const BATCH_SIZE: Member = optional("BatchSize", Shape::Integer(Limits { min: 1, max: 10_000 }));
const WINDOW: Member =
    optional("MaximumBatchingWindowInSeconds", Shape::Integer(Limits { min: 0, max: 300 }));
const RESPONSE_TYPES: Member =
    optional("FunctionResponseTypes", Shape::List(&RESPONSE_TYPE, Limits { min: 0, max: 1 }));
const SCALING: Member = optional("ScalingConfig", Shape::Structure(&SCALING_CONFIG));
const NUMBER: Shape = Shape::Integer(Limits { min: i64::MIN, max: i64::MAX });
const TEXTS: Shape = Shape::List(&Shape::TEXT, Limits { min: 0, max: 1_000 });
static FILTER: Structure = Structure::new("Filter", &[optional("Pattern", Shape::string(0, 4_096))]);
static FILTER_CRITERIA: Structure = Structure::new(
    "FilterCriteria",
    &[optional("Filters", Shape::List(&Shape::Structure(&FILTER), Limits { min: 0, max: 1_000 }))],
);
static SOURCE_ACCESS: Structure = Structure::new(
    "SourceAccessConfiguration",
    &[optional("Type", Shape::TEXT), optional("URI", Shape::string(1, 200))],
);
const SOURCE_ACCESS_SHAPE: Shape = Shape::Structure(&SOURCE_ACCESS);
static METRICS_CONFIG: Structure = Structure::new("MetricsConfig", &[optional("Metrics", TEXTS)]);
static POLLER_CONFIG: Structure = Structure::new(
    "ProvisionedPollerConfig",
    &[optional("MinimumPollers", NUMBER), optional("MaximumPollers", NUMBER)],
);
static SELF_MANAGED: Structure = Structure::new(
    "SelfManagedEventSource",
    &[optional("Endpoints", Shape::Map(&Shape::TEXT, &TEXTS, Nulls::Dropped))],
);
static KAFKA: Structure =
    Structure::new("KafkaEventSourceConfig", &[optional("ConsumerGroupId", Shape::string(1, 200))]);
static DOCUMENT_DB: Structure = Structure::new(
    "DocumentDBEventSourceConfig",
    &[
        optional("DatabaseName", Shape::TEXT),
        optional("CollectionName", Shape::TEXT),
        optional("FullDocument", Shape::TEXT),
    ],
);
const FILTERS: Member = optional("FilterCriteria", Shape::Structure(&FILTER_CRITERIA));
const AGE: Member = optional("MaximumRecordAgeInSeconds", Shape::Integer(Limits { min: -1, max: 604_800 }));
const BISECT: Member = optional("BisectBatchOnFunctionError", Shape::Boolean);
const RETRIES: Member = optional("MaximumRetryAttempts", Shape::Integer(Limits { min: -1, max: 10_000 }));
const PARALLEL: Member = optional("ParallelizationFactor", Shape::Integer(Limits { min: 1, max: 10 }));
const DESTINATION: Member = optional("DestinationConfig", Shape::Structure(&DESTINATION_CONFIG));
const TUMBLING: Member = optional("TumblingWindowInSeconds", Shape::Integer(Limits { min: 0, max: 900 }));
const ACCESS: Member =
    optional("SourceAccessConfigurations", Shape::List(&SOURCE_ACCESS_SHAPE, Limits { min: 0, max: 22 }));
const KEY: Member = optional("KMSKeyArn", Shape::TEXT);
const METRICS: Member = optional("MetricsConfig", Shape::Structure(&METRICS_CONFIG));
const POLLERS: Member = optional("ProvisionedPollerConfig", Shape::Structure(&POLLER_CONFIG));

/// These members, and those that both requests have.
macro_rules! with_settings {
    ($($own:expr),+ $(,)?) => {
        &[
            $($own,)+
            ENABLED,
            BATCH_SIZE,
            WINDOW,
            RESPONSE_TYPES,
            SCALING,
            FILTERS,
            AGE,
            BISECT,
            RETRIES,
            PARALLEL,
            DESTINATION,
            TUMBLING,
            ACCESS,
            KEY,
            METRICS,
            POLLERS,
        ]
    };
}

pub(in super::super) static CREATE_EVENT_SOURCE_MAPPING_REQUEST: Structure = Structure::new(
    "CreateEventSourceMappingRequest",
    with_settings![
        optional("EventSourceArn", Shape::TEXT),
        required("FunctionName", FUNCTION_NAME),
        optional("Tags", Shape::Map(&Shape::TEXT, &Shape::TEXT, Nulls::Dropped)),
        optional("StartingPosition", Shape::Enum(&["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"])),
        optional("StartingPositionTimestamp", Shape::Timestamp),
        optional("Topics", TEXTS),
        optional("Queues", TEXTS),
        optional("SelfManagedEventSource", Shape::Structure(&SELF_MANAGED)),
        optional("AmazonManagedKafkaEventSourceConfig", Shape::Structure(&KAFKA)),
        optional("SelfManagedKafkaEventSourceConfig", Shape::Structure(&KAFKA)),
        optional("DocumentDBEventSourceConfig", Shape::Structure(&DOCUMENT_DB)),
    ],
);
pub(in super::super) static UPDATE_EVENT_SOURCE_MAPPING_REQUEST: Structure = Structure::new(
    "UpdateEventSourceMappingRequest",
    with_settings![UUID, optional("FunctionName", FUNCTION_NAME),],
);
pub(in super::super) static EVENT_SOURCE_MAPPING_REQUEST: Structure =
    Structure::new("EventSourceMappingRequest", &[UUID]);
pub(in super::super) static LIST_EVENT_SOURCE_MAPPINGS_REQUEST: Structure = Structure::new(
    "ListEventSourceMappingsRequest",
    &[
        optional("EventSourceArn", Shape::TEXT).at(Location::Query("EventSourceArn")),
        optional("FunctionName", FUNCTION_NAME).at(Location::Query("FunctionName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 10_000 })).at(Location::Query("MaxItems")),
    ],
);
