//! GetExport: describes what a stage serves, as an OpenAPI document.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::deployment::DeploymentSnapshot;
use super::super::documentation_version::DocumentationVersion;
use super::super::ids::{ApiId, StageName};
use super::super::rest_apis::Apis;
use super::super::stage::Stage;
use crate::apis::error::{BadRequest, Error, NotFound};
use crate::apis::openapi::{Dialect, Export, Extensions, export};
use crate::id::AccountRegion;
use crate::yaml;

/// The input of [GetExport](https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetExport {
    /// `swagger` or `oas30`.
    pub export_type: String,
    /// `application/yaml` for YAML; anything else is JSON.
    pub accepts: Option<String>,
    /// `extensions`: a list separated by commas.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// An exported document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedApi {
    /// Its text.
    pub text: String,
    /// The suggested file name.
    pub file_name: String,
}

impl Apis {
    /// Describes what the stage `name` serves.
    pub async fn export(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &StageName,
        input: GetExport,
    ) -> Result<ExportedApi, Error> {
        let dialect = match input.export_type.as_str() {
            "swagger" => Dialect::Swagger2,
            "oas30" => Dialect::V3,
            other => return Err(BadRequest::ExportType(other.to_owned()).into()),
        };
        let extensions =
            Extensions::parse(input.parameters.get("extensions").map(String::as_str).unwrap_or_default())?;
        // Three parameters of this server's own: export what the canary serves, or the working copy that the stage's next
        // deployment would serve, and leave out the documentation.
        let is = |name: &str, word: &str| input.parameters.get(name).is_some_and(|given| given == word);
        let (of_canary, is_bare) = (is("canary", "true"), is("ignore", "documentation"));
        let of_working_copy = is("source", "working-copy");
        let (id, stage_name) = (api_id.clone(), name.clone());
        let (snapshot, created, documentation) = self
            .read(owner, move |rows| {
                rows.api(&id)?;
                let stage = rows.part::<Stage>(&id, &stage_name)?;
                let deployment_id = match &stage.canary_settings {
                    Some(canary) if of_canary => &canary.deployment_id,
                    None if of_canary => return Err(BadRequest::NoCanary.into()),
                    Some(_) | None => &stage.deployment_id,
                };
                let deployment = rows.find_deployment(&id, deployment_id)?.ok_or(NotFound::Deployment)?;
                let snapshot = match of_working_copy {
                    true => rows.working_copy(&id)?,
                    false => rows.find_snapshot(&id, deployment_id)?.ok_or(NotFound::Deployment)?,
                };
                let documentation = match &stage.documentation_version {
                    Some(version) if !is_bare => rows.find_part::<DocumentationVersion>(&id, version)?,
                    Some(_) | None => None,
                };
                Ok((snapshot, deployment.created_date, documentation))
            })
            .await?;
        let version = snapshot.api.version.clone();
        let version = version.or_else(|| documentation.as_ref().map(|it| it.version.clone()));
        let version = version.unwrap_or_else(|| created.to_iso8601_seconds());
        let document = export(&Export {
            snapshot: &snapshot,
            stage: name.as_str(),
            region: owner.region.as_str(),
            version: &version,
            documentation: documentation.as_ref(),
            dialect,
            extensions,
        })?;
        let is_yaml = input.accepts.as_deref().is_some_and(|accepts| accepts.contains("yaml"));
        let kind = &input.export_type;
        // The name is quoted in a header.
        let safe: String =
            version.chars().filter(|c| c.is_ascii_graphic() && !"\"\\/;".contains(*c)).collect();
        Ok(if is_yaml {
            ExportedApi { text: yaml::print(&document), file_name: format!("{kind}_{safe}.yaml") }
        } else {
            ExportedApi { text: pretty(&document)?, file_name: format!("{kind}_{safe}.json") }
        })
    }
}

impl Apis {
    /// The working copy as an OpenAPI 3.0 document with all extensions, without documentation.
    pub async fn working_copy_document(&self, owner: &AccountRegion, api_id: &ApiId) -> Result<Value, Error> {
        let snapshot = self.working_copy(owner, api_id).await?;
        document(&snapshot, owner)
    }
}

/// An OpenAPI 3.0 document with all extensions, without documentation.
pub(super) fn document(snapshot: &DeploymentSnapshot, owner: &AccountRegion) -> Result<Value, Error> {
    Ok(export(&Export {
        snapshot,
        stage: "stage",
        region: owner.region.as_str(),
        version: snapshot.api.version.as_deref().unwrap_or_default(),
        documentation: None,
        dialect: Dialect::V3,
        extensions: Extensions::parse("apigateway")?,
    })?)
}

fn pretty(document: &Value) -> Result<String, Error> {
    Ok(serde_json::to_string_pretty(document)?)
}
