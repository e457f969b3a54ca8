//! What the operations of function URLs take.

use super::FUNCTION_URL_AUTH_TYPE;
use super::patterns::{FUNCTION_NAME_PATTERN, FUNCTION_URL_QUALIFIER_PATTERN};
use crate::wire::{Limits, Location, Member, Shape, Structure, optional, required};

const FUNCTION_NAME: Member = required("FunctionName", Shape::pattern(1, 140, &FUNCTION_NAME_PATTERN))
    .at(Location::Uri("FunctionName"));
const QUALIFIER: Member = optional("Qualifier", Shape::pattern(1, 128, &FUNCTION_URL_QUALIFIER_PATTERN))
    .at(Location::Query("Qualifier"));
const INVOKE_MODE: Shape = Shape::Enum(&["BUFFERED", "RESPONSE_STREAM"]);
const HEADERS: Shape = Shape::List(&Shape::string(0, 1_024), Limits { min: 0, max: 100 });
static CORS: Structure = Structure::new(
    "Cors",
    &[
        optional("AllowCredentials", Shape::Boolean),
        optional("AllowHeaders", HEADERS),
        optional("AllowMethods", Shape::List(&Shape::string(0, 6), Limits { min: 0, max: 6 })),
        optional("AllowOrigins", Shape::List(&Shape::string(1, 253), Limits { min: 0, max: 100 })),
        optional("ExposeHeaders", HEADERS),
        optional("MaxAge", Shape::integer(0, 86_400)),
    ],
);
pub(crate) static CREATE_FUNCTION_URL_CONFIG_REQUEST: Structure = Structure::new(
    "CreateFunctionUrlConfigRequest",
    &[
        FUNCTION_NAME,
        QUALIFIER,
        required("AuthType", FUNCTION_URL_AUTH_TYPE),
        optional("Cors", Shape::Structure(&CORS)),
        optional("InvokeMode", INVOKE_MODE),
    ],
);
pub(crate) static UPDATE_FUNCTION_URL_CONFIG_REQUEST: Structure = Structure::new(
    "UpdateFunctionUrlConfigRequest",
    &[
        FUNCTION_NAME,
        QUALIFIER,
        optional("AuthType", FUNCTION_URL_AUTH_TYPE),
        optional("Cors", Shape::Structure(&CORS)),
        optional("InvokeMode", INVOKE_MODE),
    ],
);
pub(crate) static GET_FUNCTION_URL_CONFIG_REQUEST: Structure =
    Structure::new("GetFunctionUrlConfigRequest", &[FUNCTION_NAME, QUALIFIER]);
pub(crate) static DELETE_FUNCTION_URL_CONFIG_REQUEST: Structure =
    Structure::new("DeleteFunctionUrlConfigRequest", &[FUNCTION_NAME, QUALIFIER]);
pub(crate) static LIST_FUNCTION_URL_CONFIGS_REQUEST: Structure = Structure::new(
    "ListFunctionUrlConfigsRequest",
    &[
        FUNCTION_NAME,
        optional("Marker", Shape::TEXT).at(Location::Query("Marker")),
        optional("MaxItems", Shape::integer(1, 50)).at(Location::Query("MaxItems")),
    ],
);
