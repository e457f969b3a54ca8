//! What is written about APIs.

use crate::apis::documentation_part::{DocumentationPart, DocumentationPartLocation};
use crate::apis::documentation_version::DocumentationVersion;
use crate::store::record;

record! {
    /// A part.
    pub(super) struct DocumentationPartV1 of DocumentationPart {
        "id" id: String,
        "location" location: LocationV1,
        "properties" properties: String,
    }

    /// What a part is about.
    pub(super) struct LocationV1 of DocumentationPartLocation {
        "type" kind: String,
        "path" path: Option<String>,
        "method" method: Option<String>,
        "statusCode" status_code: Option<String>,
        "name" name: Option<String>,
    }

    /// A version.
    pub(super) struct DocumentationVersionV1 of DocumentationVersion {
        "version" version: String,
        "description" description: Option<String>,
        "created_date" created_date: i64,
        "parts" parts: Vec<DocumentationPartV1>,
    }
}
