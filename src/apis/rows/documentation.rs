//! Rows of what is written about APIs.

use super::{Rows, kind};
use crate::apis::documentation_part::DocumentationPart;
use crate::apis::documentation_version::DocumentationVersion;
use crate::apis::error::Error;
use crate::apis::ids::{ApiId, DocumentationPartId};

impl Rows<'_> {
    // === parts ===

    /// All parts by id.
    pub(crate) fn documentation_parts(&self, api: &ApiId) -> Result<Vec<DocumentationPart>, Error> {
        self.parts(api, kind::DOCUMENTATION_PART)
    }

    pub(crate) fn find_documentation_part(
        &self,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<Option<DocumentationPart>, Error> {
        self.part(api, kind::DOCUMENTATION_PART, id.as_str())
    }

    pub(crate) fn put_documentation_part(&self, api: &ApiId, part: &DocumentationPart) -> Result<(), Error> {
        self.put_part(api, kind::DOCUMENTATION_PART, part.id.as_str(), part)
    }

    pub(crate) fn delete_documentation_part(
        &self,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<(), Error> {
        self.delete_part(api, kind::DOCUMENTATION_PART, id.as_str())
    }

    // === versions ===

    /// All versions by name.
    pub(crate) fn documentation_versions(&self, api: &ApiId) -> Result<Vec<DocumentationVersion>, Error> {
        self.parts(api, kind::DOCUMENTATION_VERSION)
    }

    pub(crate) fn find_documentation_version(
        &self,
        api: &ApiId,
        version: &str,
    ) -> Result<Option<DocumentationVersion>, Error> {
        self.part(api, kind::DOCUMENTATION_VERSION, version)
    }

    pub(crate) fn put_documentation_version(
        &self,
        api: &ApiId,
        version: &DocumentationVersion,
    ) -> Result<(), Error> {
        self.put_part(api, kind::DOCUMENTATION_VERSION, &version.version, version)
    }

    pub(crate) fn delete_documentation_version(&self, api: &ApiId, version: &str) -> Result<(), Error> {
        self.delete_part(api, kind::DOCUMENTATION_VERSION, version)
    }
}
