//! What operations take.

use crate::wire::{Limits, Shape, Structure, optional, required};

const NAME: Shape = Shape::string(1, 2_048);
const KINDS: Shape = Shape::Enum(&["String", "StringList", "SecureString"]);
const TAGS: Shape = Shape::List(&Shape::Structure(&TAG), Limits { min: 0, max: 1_000 });
const RESOURCE_TYPE: Shape = Shape::TEXT;

static TAG: Structure = Structure::new(
    "Tag",
    &[required("Key", Shape::string(1, 128)), required("Value", Shape::string(0, 256))],
);
static FILTER: Structure = Structure::new(
    "ParameterStringFilter",
    &[
        required("Key", Shape::string(1, 132)),
        optional("Option", Shape::string(1, 10)),
        optional("Values", Shape::List(&Shape::TEXT, Limits { min: 1, max: 50 })),
    ],
);
const FILTERS: Shape = Shape::List(&Shape::Structure(&FILTER), Limits { min: 0, max: 10 });

pub(super) static NOTHING: Structure = Structure::new("Nothing", &[]);

pub(super) static PUT_PARAMETER: Structure = Structure::new(
    "PutParameterRequest",
    &[
        required("Name", NAME),
        optional("Description", Shape::string(0, 1_024)),
        required("Value", Shape::TEXT).secret(),
        optional("Type", KINDS),
        optional("KeyId", Shape::string(1, 256)),
        optional("Overwrite", Shape::Boolean),
        optional("AllowedPattern", Shape::string(0, 1_024)),
        optional("Tags", TAGS),
        optional("Tier", Shape::Enum(&["Standard", "Advanced", "Intelligent-Tiering"])),
        optional("Policies", Shape::TEXT),
        optional("DataType", Shape::string(0, 128)),
    ],
);
pub(super) static GET_PARAMETER: Structure = Structure::new(
    "GetParameterRequest",
    &[required("Name", NAME), optional("WithDecryption", Shape::Boolean)],
);
pub(super) static GET_PARAMETERS: Structure = Structure::new(
    "GetParametersRequest",
    &[
        required("Names", Shape::List(&NAME, Limits { min: 1, max: 10 })),
        optional("WithDecryption", Shape::Boolean),
    ],
);
pub(super) static GET_PARAMETERS_BY_PATH: Structure = Structure::new(
    "GetParametersByPathRequest",
    &[
        required("Path", NAME),
        optional("Recursive", Shape::Boolean),
        optional("ParameterFilters", FILTERS),
        optional("WithDecryption", Shape::Boolean),
        optional("MaxResults", Shape::integer(1, 10)),
        optional("NextToken", Shape::TEXT),
    ],
);
pub(super) static DELETE_PARAMETER: Structure =
    Structure::new("DeleteParameterRequest", &[required("Name", NAME)]);
pub(super) static DELETE_PARAMETERS: Structure = Structure::new(
    "DeleteParametersRequest",
    &[required("Names", Shape::List(&NAME, Limits { min: 1, max: 10 }))],
);
pub(super) static DESCRIBE_PARAMETERS: Structure = Structure::new(
    "DescribeParametersRequest",
    &[
        optional("Filters", FILTERS),
        optional("ParameterFilters", FILTERS),
        optional("MaxResults", Shape::integer(1, 50)),
        optional("NextToken", Shape::TEXT),
        optional("Shared", Shape::Boolean),
    ],
);
pub(super) static ADD_TAGS: Structure = Structure::new(
    "AddTagsToResourceRequest",
    &[required("ResourceType", RESOURCE_TYPE), required("ResourceId", NAME), required("Tags", TAGS)],
);
pub(super) static REMOVE_TAGS: Structure = Structure::new(
    "RemoveTagsFromResourceRequest",
    &[
        required("ResourceType", RESOURCE_TYPE),
        required("ResourceId", NAME),
        required("TagKeys", Shape::STRING_LIST),
    ],
);
pub(super) static LIST_TAGS: Structure = Structure::new(
    "ListTagsForResourceRequest",
    &[required("ResourceType", RESOURCE_TYPE), required("ResourceId", NAME)],
);
