//! Resources: the nodes of an API's path tree, with their methods.

use std::collections::BTreeMap;

use super::http_method::HttpMethod;
use super::ids::ResourceId;
use super::method::Method;

/// See [Resource](https://docs.aws.amazon.com/apigateway/latest/api/API_Resource.html).
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Id.
    pub id: ResourceId,
    /// The parent; `None` for the root alone.
    pub parent_id: Option<ResourceId>,
    /// Last segment: a literal, `{name}` or `{name+}`; `None` for the root alone.
    pub path_part: Option<String>,
    /// Full path from the root, such as `/pets/{petId}`.
    pub path: String,
    /// Methods by verb.
    pub methods: BTreeMap<HttpMethod, Method>,
}
