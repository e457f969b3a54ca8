//! What operations on the handling of events take.

use super::patterns::{
    DESTINATION_ARN_PATTERN, NAMESPACED_FUNCTION_NAME_PATTERN,
    NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN,
};
use crate::wire::{Limits, Location, Shape, Structure, optional, required};

pub(in super::super) static DELETE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "DeleteFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(in super::super) static GET_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "GetFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
    ],
);
pub(in super::super) static LIST_FUNCTION_EVENT_INVOKE_CONFIGS_REQUEST: Structure = Structure::new(
    "ListFunctionEventInvokeConfigsRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::Integer(Limits { min: 1, max: 50 })).at(Location::Query("MaxItems")),
    ],
);
static ON_SUCCESS: Structure =
    Structure::new("OnSuccess", &[optional("Destination", Shape::pattern(0, 350, &DESTINATION_ARN_PATTERN))]);
static ON_FAILURE: Structure =
    Structure::new("OnFailure", &[optional("Destination", Shape::pattern(0, 350, &DESTINATION_ARN_PATTERN))]);
pub(super) static DESTINATION_CONFIG: Structure = Structure::new(
    "DestinationConfig",
    &[
        optional("OnSuccess", Shape::Structure(&ON_SUCCESS)),
        optional("OnFailure", Shape::Structure(&ON_FAILURE)),
    ],
);
pub(in super::super) static PUT_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "PutFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("MaximumRetryAttempts", Shape::Integer(Limits { min: 0, max: 2 })),
        optional("MaximumEventAgeInSeconds", Shape::Integer(Limits { min: 60, max: 21600 })),
        optional("DestinationConfig", Shape::Structure(&DESTINATION_CONFIG)),
    ],
);
pub(in super::super) static UPDATE_FUNCTION_EVENT_INVOKE_CONFIG_REQUEST: Structure = Structure::new(
    "UpdateFunctionEventInvokeConfigRequest",
    &[
        required("FunctionName", Shape::pattern(1, 256, &NAMESPACED_FUNCTION_NAME_PATTERN))
            .at(Location::Uri("FunctionName")),
        optional("Qualifier", Shape::pattern(1, 128, &NUMERIC_LATEST_PUBLISHED_OR_ALIAS_QUALIFIER_PATTERN))
            .at(Location::Query("Qualifier")),
        optional("MaximumRetryAttempts", Shape::Integer(Limits { min: 0, max: 2 })),
        optional("MaximumEventAgeInSeconds", Shape::Integer(Limits { min: 60, max: 21600 })),
        optional("DestinationConfig", Shape::Structure(&DESTINATION_CONFIG)),
    ],
);
