//! CreateDocumentationVersion, GetDocumentationVersion(s), UpdateDocumentationVersion,
//! DeleteDocumentationVersion.

use serde::Deserialize;

use super::super::documentation_part::DocumentationPart;
use super::super::documentation_version::DocumentationVersion;
use super::super::ids::{ApiId, StageName};
use super::super::rest_api::check_length;
use super::super::rest_apis::Apis;
use super::super::stage::Stage;
use crate::apis::error::{BadRequest, Conflict, Error};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::id::AccountRegion;

const PATHS: [&str; 1] = ["/description"];
const PATHS_PRINTED: &str = "[/description]";

/// The input of
/// [CreateDocumentationVersion](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDocumentationVersion.html),
/// other than the existing parts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateDocumentationVersion {
    /// Name of the version.
    pub documentation_version: String,
    /// The stage that gets the version.
    pub stage_name: Option<StageName>,
    /// Text for people.
    pub description: Option<String>,
}

impl Apis {
    /// Freezes the current documentation of an API, and assigns it to a stage if one is named.
    pub async fn create_documentation_version(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        input: CreateDocumentationVersion,
    ) -> Result<DocumentationVersion, Error> {
        let CreateDocumentationVersion { documentation_version: name, stage_name, description } = input;
        let (id, now) = (api_id.clone(), self.now());
        self.write(owner, move |rows| {
            rows.api(&id)?;
            let version = DocumentationVersion {
                version: name.clone(),
                description: description.clone().filter(|text| !text.is_empty()),
                created_date: now,
                parts: rows.parts::<DocumentationPart>(&id)?,
            };
            check(&version)?;
            if rows.find_part::<DocumentationVersion>(&id, &version.version)?.is_some() {
                return Err(Conflict::DocumentationVersion.into());
            }
            rows.put_part(&id, &version)?;
            if let Some(stage_name) = stage_name.clone() {
                let mut stage = rows.part::<Stage>(&id, &stage_name)?;
                stage.documentation_version = Some(version.version.clone());
                stage.last_updated_date = now;
                rows.put_part(&id, &stage)?;
            }
            Ok(version)
        })
        .await
    }

    /// Changes a version's description.
    pub async fn update_documentation_version(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        version: &str,
        patches: Vec<PatchOperation>,
    ) -> Result<DocumentationVersion, Error> {
        let (api_id, version) = (api_id.clone(), version.to_owned());
        self.write(owner, move |rows| {
            let mut version = rows.part::<DocumentationVersion>(&api_id, &version)?;
            for patch in &patches {
                replace_only(patch, &PATHS, PATHS_PRINTED)?;
                version.description = patch.text();
            }
            check(&version)?;
            rows.put_part(&api_id, &version)?;
            Ok(version)
        })
        .await
    }

    /// Deletes a version that no stage uses.
    pub async fn delete_documentation_version(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        version: &str,
    ) -> Result<(), Error> {
        let (api_id, version) = (api_id.clone(), version.to_owned());
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            rows.part::<DocumentationVersion>(&api_id, &version)?;
            let stages = rows.parts::<Stage>(&api_id)?;
            let user = stages.iter().find(|it| it.documentation_version.as_ref() == Some(&version));
            if let Some(stage) = user {
                let stage = stage.name.clone();
                return Err(Conflict::DocumentationVersionInUse { version: version.clone(), stage }.into());
            }
            rows.delete_part::<DocumentationVersion>(&api_id, &version)
        })
        .await
    }
}

fn check(version: &DocumentationVersion) -> Result<(), BadRequest> {
    if version.version.trim().is_empty() {
        return Err(BadRequest::EmptyDocumentationVersion);
    }
    check_length("documentation version", &version.version)?;
    check_length("documentation version description", version.description.as_deref().unwrap_or_default())
}
