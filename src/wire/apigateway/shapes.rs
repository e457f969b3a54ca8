//! Members that many operations share.

use serde::Deserialize;

use crate::apis::patch::{PatchOp, PatchOperation};
use crate::apis::{ApiId, PageRequest, StatusCode};
use crate::wire::{ApiError, Limits, Location, Member, Pattern, Shape, Structure, optional, required};

/// No members.
pub(super) static NOTHING: Structure = Structure::new("Nothing", &[]);

pub(super) const REST_API_ID: Member = required("restApiId", Shape::TEXT).at(Location::Uri("restapi_id"));
pub(super) const RESOURCE_ID: Member = required("resourceId", Shape::TEXT).at(Location::Uri("resource_id"));
/// Not called `httpMethod`, because PutIntegration's body has a member of that name for the backend's verb.
pub(super) const VERB: Member = required("verb", Shape::TEXT).at(Location::Uri("http_method"));
pub(super) const STATUS_CODE: Member =
    required("statusCode", STATUS_CODE_SHAPE).at(Location::Uri("status_code"));
pub(super) const POSITION: Member = optional("position", Shape::TEXT).at(Location::Query("position"));
pub(super) const LIMIT: Member = optional("limit", Shape::INT).at(Location::Query("limit"));
pub(super) const EMBED: Member = optional("embed", Shape::STRING_LIST).at(Location::Query("embed"));
pub(super) const TAGS: Member = optional("tags", Shape::STRING_MAP);
pub(super) const PATCHES: Member = optional("patchOperations", Shape::list(&PATCH_OPERATION_SHAPE));

/// `[1-5]\d\d`
pub(super) const STATUS_CODE_SHAPE: Shape = Shape::String(Limits::NONE, Some(&STATUS_CODE_PATTERN));

static STATUS_CODE_PATTERN: Pattern =
    Pattern { text: StatusCode::PATTERN, matches: |text| StatusCode::parse(text).is_some() };

static PATCH_OPERATION_SHAPE: Shape = Shape::Structure(&PATCH_OPERATION);

static PATCH_OPERATION: Structure = Structure::new(
    "PatchOperation",
    &[
        optional("op", Shape::Enum(PatchOp::WORDS)),
        optional("path", Shape::TEXT),
        optional("value", Shape::TEXT),
        optional("from", Shape::TEXT),
    ],
);

/// Returns a parsed value. If a text passes the shape's checks but doesn't parse, the shape is incomplete.
pub(super) fn checked<T>(parsed: Option<T>) -> Result<T, ApiError> {
    parsed.ok_or_else(|| ApiError::bare(crate::wire::Code::InternalFailure))
}

/// The path labels of operations on a whole API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfApi {
    pub(super) rest_api_id: ApiId,
}

/// A patch of what the labels `L` identify.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Patched<L> {
    #[serde(flatten)]
    pub(super) of: L,
    #[serde(default)]
    pub(super) patch_operations: Vec<PatchOperation>,
}

/// A page of a list below what the labels `L` identify.
#[derive(Deserialize)]
pub(super) struct Paged<L> {
    #[serde(flatten)]
    pub(super) of: L,
    position: Option<String>,
    limit: Option<i64>,
}

impl<L> Paged<L> {
    /// The labels and the requested page.
    pub(super) fn split(self) -> (L, PageRequest) {
        (self.of, PageRequest { position: self.position, limit: self.limit })
    }
}
