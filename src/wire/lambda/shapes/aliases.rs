//! What operations on aliases take.

use super::patterns::{
    ADDITIONAL_VERSION_PATTERN, ALIAS_PATTERN, FUNCTION_NAME_PATTERN, VERSION_WITH_LATEST_PUBLISHED_PATTERN,
};
use crate::wire::{Limits, Location, Shape, Structure, optional, required};

static ALIAS_ROUTING_CONFIGURATION: Structure = Structure::new(
    "AliasRoutingConfiguration",
    &[optional(
        "AdditionalVersionWeights",
        Shape::map(
            &Shape::pattern(1, 1024, &ADDITIONAL_VERSION_PATTERN),
            &Shape::Float(Limits { min: 0, max: 1 }),
        ),
    )],
);
pub(in super::super) static CREATE_ALIAS_REQUEST: Structure = Structure::new(
    "CreateAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)),
        required("FunctionVersion", Shape::pattern(1, 1024, &VERSION_WITH_LATEST_PUBLISHED_PATTERN)),
        optional("Description", Shape::string(0, 256)),
        optional("RoutingConfig", Shape::Structure(&ALIAS_ROUTING_CONFIGURATION)),
    ],
);
pub(in super::super) static DELETE_ALIAS_REQUEST: Structure = Structure::new(
    "DeleteAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)).at(Location::Uri("Name")),
    ],
);
pub(in super::super) static GET_ALIAS_REQUEST: Structure = Structure::new(
    "GetAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)).at(Location::Uri("Name")),
    ],
);
pub(in super::super) static LIST_ALIASES_REQUEST: Structure = Structure::new(
    "ListAliasesRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("FunctionVersion", Shape::pattern(1, 1024, &VERSION_WITH_LATEST_PUBLISHED_PATTERN))
            .at(Location::Query("FunctionVersion")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 10000 })).at(Location::Query("MaxItems")),
    ],
);
pub(in super::super) static UPDATE_ALIAS_REQUEST: Structure = Structure::new(
    "UpdateAliasRequest",
    &[
        required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        required("Name", Shape::pattern(1, 128, &ALIAS_PATTERN)).at(Location::Uri("Name")),
        optional("FunctionVersion", Shape::pattern(1, 1024, &VERSION_WITH_LATEST_PUBLISHED_PATTERN)),
        optional("Description", Shape::string(0, 256)),
        optional("RoutingConfig", Shape::Structure(&ALIAS_ROUTING_CONFIGURATION)),
        optional("RevisionId", Shape::TEXT),
    ],
);
