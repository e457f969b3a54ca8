//! A model: a JSON schema that bodies are described by.

use serde::{Deserialize, Serialize};

/// See [Model](https://docs.aws.amazon.com/apigateway/latest/api/API_Model.html).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Id, six characters.
    pub id: String,
    /// Name, alphanumeric, unique in the API; how methods refer to it.
    pub name: String,
    /// Text for people.
    pub description: Option<String>,
    /// JSON Schema (draft 4) as text.
    pub schema: Option<String>,
    /// Media type it describes.
    pub content_type: String,
}
