//! CreateDocumentationPart, GetDocumentationPart(s), UpdateDocumentationPart, DeleteDocumentationPart,
//! ImportDocumentationParts.

use std::collections::HashMap;

use super::super::documentation_import::{self, Parts, PutMode};
use super::super::documentation_part::{
    DocumentationPart, DocumentationPartLocation, DocumentationPartType, LocationStatus, properties_of,
};
use super::super::ids::{ApiId, DocumentationPartId};
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use crate::apis::error::{BadRequest, Conflict, Error, LimitExceeded, NotFound};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::clock::Ids;
use crate::id::AccountRegion;

const PATHS: [&str; 1] = ["/properties"];
const PATHS_PRINTED: &str = "[/properties]";
/// The most documentation parts of an API.
const PARTS_MAX: usize = 2_000;

/// Filters of a list of parts; all that are given have to match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentationPartFilter {
    /// Kind of the entity.
    pub kind: Option<DocumentationPartType>,
    /// Name of the entity.
    pub name: Option<String>,
    /// Path of the entity.
    pub path: Option<String>,
    /// Whether the part has content.
    pub status: Option<LocationStatus>,
}

impl DocumentationPartFilter {
    fn fits(&self, part: &DocumentationPart) -> bool {
        let location = &part.location;
        self.kind.is_none_or(|kind| kind == location.kind)
            && (self.name.is_none() || self.name == location.name)
            && (self.path.is_none() || self.path == location.path)
            && self.status.is_none_or(|status| status == part.status())
    }
}

/// The result of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedDocumentation {
    /// Ids of the parts of the document, in its order.
    pub ids: Vec<DocumentationPartId>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

impl Apis {
    /// Creates the documentation of an entity that has none.
    pub async fn create_documentation_part(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        location: DocumentationPartLocation,
        properties: String,
    ) -> Result<DocumentationPart, Error> {
        let location = location.resolve()?;
        properties_of(&properties)?;
        let (api_id, ids) = (api_id.clone(), self.ids());
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            let parts = rows.parts::<DocumentationPart>(&api_id)?;
            if parts.iter().any(|part| part.location == location) {
                return Err(Conflict::DocumentationPart(location.to_string()).into());
            }
            if PARTS_MAX <= parts.len() {
                return Err(LimitExceeded::DocumentationParts.into());
            }
            let part = DocumentationPart {
                id: ids.lower_alphanumeric(6).into(),
                location: location.clone(),
                properties: properties.clone(),
            };
            rows.put_part(&api_id, &part)?;
            Ok(part)
        })
        .await
    }

    /// The parts of an API that match `filter`, by location.
    pub async fn documentation_parts(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        filter: DocumentationPartFilter,
        page: PageRequest,
    ) -> Result<Page<DocumentationPart>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            let mut parts = rows.parts::<DocumentationPart>(&api_id)?;
            parts.retain(|part| filter.fits(part));
            let key = |part: &DocumentationPart| part.location.to_string();
            parts.sort_by_cached_key(key);
            Ok(Page::of(parts, key, &page)?)
        })
        .await
    }

    /// Changes the content of a part.
    pub async fn update_documentation_part(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &DocumentationPartId,
        patches: Vec<PatchOperation>,
    ) -> Result<DocumentationPart, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let part = rows.find_part::<DocumentationPart>(&api_id, &id)?;
            let mut part = part.ok_or(NotFound::DocumentationPart)?;
            for patch in &patches {
                replace_only(patch, &PATHS, PATHS_PRINTED)?;
                let properties = patch.value.clone().unwrap_or_default();
                properties_of(&properties)?;
                part.properties = properties;
            }
            rows.put_part(&api_id, &part)?;
            Ok(part)
        })
        .await
    }

    /// Deletes a part. Versions that contain it keep it.
    pub async fn delete_documentation_part(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &DocumentationPartId,
    ) -> Result<(), Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            rows.part::<DocumentationPart>(&api_id, &id)?;
            rows.delete_part::<DocumentationPart>(&api_id, &id)
        })
        .await
    }

    /// Imports the parts of an OpenAPI document: replaces all existing parts, or merges into them, where members of the
    /// document replace those of the same name.
    pub async fn import_documentation_parts(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        body: &[u8],
        mode: PutMode,
        fail_on_warnings: bool,
    ) -> Result<ImportedDocumentation, Error> {
        let (parts, warnings) = documentation_import::read(body)?;
        if fail_on_warnings && !warnings.is_empty() {
            return Err(BadRequest::ImportWarnings(warnings.join("\n\t")).into());
        }
        let (api_id, ids) = (api_id.clone(), self.ids());
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            let ids = import_parts(rows, &api_id, parts.clone(), mode, ids.as_ref())?;
            Ok(ImportedDocumentation { ids, warnings: warnings.clone() })
        })
        .await
    }
}

/// Stores the parts of a document: replaces all existing parts, or merges into them, where members of the document
/// replace those of the same name. Returns their ids in order.
pub(super) fn import_parts(
    rows: &Rows<'_>,
    api_id: &ApiId,
    parts: Parts,
    mode: PutMode,
    ids: &dyn Ids,
) -> Result<Vec<DocumentationPartId>, Error> {
    let mut existing = HashMap::new();
    for part in rows.parts::<DocumentationPart>(api_id)? {
        match mode {
            PutMode::Merge => {
                existing.insert(part.location.clone(), part);
            }
            PutMode::Overwrite => rows.delete_part::<DocumentationPart>(api_id, &part.id)?,
        }
    }
    let mut imported = Vec::with_capacity(parts.len());
    for (location, properties) in parts {
        let (id, properties) = match existing.remove(&location) {
            Some(part) => {
                let mut merged = properties_of(&part.properties)?;
                merged.extend(properties);
                (part.id, merged)
            }
            None => (ids.lower_alphanumeric(6).into(), properties),
        };
        let properties = serde_json::to_string(&properties)?;
        let part = DocumentationPart { id, location, properties };
        rows.put_part(api_id, &part)?;
        imported.push(part.id);
    }
    if PARTS_MAX < existing.len() + imported.len() {
        return Err(LimitExceeded::DocumentationParts.into());
    }
    Ok(imported)
}
