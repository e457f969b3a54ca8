//! Rows of what is written about APIs.

use super::{Rows, kind};
use crate::gateway::api::documentation_part::DocumentationPart;
use crate::gateway::api::documentation_version::DocumentationVersion;
use crate::gateway::api::ids::{ApiId, DocumentationPartId};
use crate::gateway::error::Error;

impl Rows<'_> {
    // === parts ===

    /// All parts by id.
    pub(in crate::api) fn documentation_parts(&self, api: &ApiId) -> Result<Vec<DocumentationPart>, Error> {
        self.parts(api, kind::DOCUMENTATION_PART)
    }

    pub(in crate::api) fn find_documentation_part(
        &self,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<Option<DocumentationPart>, Error> {
        self.part(api, kind::DOCUMENTATION_PART, id.as_str())
    }

    pub(in crate::api) fn put_documentation_part(
        &self,
        api: &ApiId,
        part: &DocumentationPart,
    ) -> Result<(), Error> {
        self.put_part(api, kind::DOCUMENTATION_PART, part.id.as_str(), part)
    }

    pub(in crate::api) fn delete_documentation_part(
        &self,
        api: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<(), Error> {
        self.delete_part(api, kind::DOCUMENTATION_PART, id.as_str())
    }

    // === versions ===

    /// All versions by name.
    pub(in crate::api) fn documentation_versions(
        &self,
        api: &ApiId,
    ) -> Result<Vec<DocumentationVersion>, Error> {
        self.parts(api, kind::DOCUMENTATION_VERSION)
    }

    pub(in crate::api) fn find_documentation_version(
        &self,
        api: &ApiId,
        version: &str,
    ) -> Result<Option<DocumentationVersion>, Error> {
        self.part(api, kind::DOCUMENTATION_VERSION, version)
    }

    pub(in crate::api) fn put_documentation_version(
        &self,
        api: &ApiId,
        version: &DocumentationVersion,
    ) -> Result<(), Error> {
        self.put_part(api, kind::DOCUMENTATION_VERSION, &version.version, version)
    }

    pub(in crate::api) fn delete_documentation_version(
        &self,
        api: &ApiId,
        version: &str,
    ) -> Result<(), Error> {
        self.delete_part(api, kind::DOCUMENTATION_VERSION, version)
    }
}
