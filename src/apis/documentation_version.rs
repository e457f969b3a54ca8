//! Documentation versions: the documentation of an API at one moment.

use super::documentation_part::DocumentationPart;
use crate::clock::Timestamp;

/// See [DocumentationVersion](https://docs.aws.amazon.com/apigateway/latest/api/API_DocumentationVersion.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentationVersion {
    /// Its name, unique in the API; not empty.
    pub version: String,
    /// Text for people.
    pub description: Option<String>,
    /// When it was made.
    pub created_date: Timestamp,
    /// All parts at that moment.
    pub parts: Vec<DocumentationPart>,
}
