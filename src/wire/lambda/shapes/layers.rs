//! What operations on layers take.

use super::patterns::{LAYER_NAME_OR_ARN_PATTERN, LAYER_VERSION_ARN_PATTERN};
use super::{ARCHITECTURE, RUNTIME, S3_OBJECT_STORAGE_MODE};
use crate::wire::{Limits, Location, Shape, Structure, optional, required};

pub(in super::super) static DELETE_LAYER_VERSION_REQUEST: Structure = Structure::new(
    "DeleteLayerVersionRequest",
    &[
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        required("VersionNumber", Shape::Long(Limits::NONE)).at(Location::Uri("VersionNumber")),
    ],
);
pub(in super::super) static GET_LAYER_VERSION_REQUEST: Structure = Structure::new(
    "GetLayerVersionRequest",
    &[
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        required("VersionNumber", Shape::Long(Limits::NONE)).at(Location::Uri("VersionNumber")),
    ],
);
pub(in super::super) static GET_LAYER_VERSION_BY_ARN_REQUEST: Structure = Structure::new(
    "GetLayerVersionByArnRequest",
    &[required("Arn", Shape::pattern(1, 2048, &LAYER_VERSION_ARN_PATTERN)).at(Location::Query("Arn"))],
);
pub(in super::super) static LIST_LAYER_VERSIONS_REQUEST: Structure = Structure::new(
    "ListLayerVersionsRequest",
    &[
        optional("CompatibleArchitecture", ARCHITECTURE).at(Location::Query("CompatibleArchitecture")),
        optional("CompatibleRuntime", RUNTIME).at(Location::Query("CompatibleRuntime")),
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
    ],
);
pub(in super::super) static LIST_LAYERS_REQUEST: Structure = Structure::new(
    "ListLayersRequest",
    &[
        optional("CompatibleArchitecture", ARCHITECTURE).at(Location::Query("CompatibleArchitecture")),
        optional("CompatibleRuntime", RUNTIME).at(Location::Query("CompatibleRuntime")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
    ],
);
static LAYER_VERSION_CONTENT_INPUT: Structure = Structure::new(
    "LayerVersionContentInput",
    &[
        optional("S3Bucket", Shape::string(3, 63)),
        optional("S3Key", Shape::string(1, 1024)),
        optional("S3ObjectVersion", Shape::string(1, 1024)),
        optional("S3ObjectStorageMode", S3_OBJECT_STORAGE_MODE),
        optional("ZipFile", Shape::Blob).secret(),
    ],
);
pub(in super::super) static PUBLISH_LAYER_VERSION_REQUEST: Structure = Structure::new(
    "PublishLayerVersionRequest",
    &[
        required("LayerName", Shape::pattern(1, 2048, &LAYER_NAME_OR_ARN_PATTERN))
            .at(Location::Uri("LayerName")),
        optional("Description", Shape::string(0, 256)),
        required("Content", Shape::Structure(&LAYER_VERSION_CONTENT_INPUT)),
        optional("CompatibleArchitectures", Shape::List(&ARCHITECTURE, Limits { min: 0, max: 2 })),
        optional("CompatibleRuntimes", Shape::List(&RUNTIME, Limits { min: 0, max: 15 })),
        optional("LicenseInfo", Shape::string(0, 512)),
    ],
);
