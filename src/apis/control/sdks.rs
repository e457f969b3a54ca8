//! GetSdk, GetSdkType(s): SDKs for what a stage serves.

use std::collections::BTreeMap;

use http::Uri;

use super::super::ids::{ApiId, StageName};
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::sdk_type::{INVOKE_URL, SDK_TYPES, SdkLanguage, SdkType};
use super::super::stage::Stage;
use crate::apis::error::{BadRequest, Error, NotFound};
use crate::apis::sdk::{Sdk, generate};
use crate::id::AccountRegion;

/// A generated SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedSdk {
    /// A ZIP file.
    pub archive: Vec<u8>,
    /// The suggested file name.
    pub file_name: String,
}

impl Apis {
    /// The SDK types that can be generated.
    pub fn sdk_types(&self, page: &PageRequest) -> Result<Page<SdkType>, Error> {
        Ok(Page::of(SDK_TYPES.to_vec(), |it| it.id.to_owned(), page)?)
    }

    /// One SDK type.
    pub fn sdk_type(&self, id: &str) -> Result<SdkType, Error> {
        let found = SDK_TYPES.iter().find(|it| it.id == id);
        found.copied().ok_or_else(|| NotFound::SdkType.into())
    }

    /// Generates an SDK for what the stage `name` serves. AWS's other parameters have no meaning for the languages
    /// supported here.
    pub async fn sdk(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: &StageName,
        sdk_type: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<GeneratedSdk, Error> {
        let language = match SdkLanguage::parse(sdk_type) {
            Some(language) => language,
            None if SDK_TYPES.iter().any(|it| it.id == sdk_type) => {
                return Err(BadRequest::SdkNotGenerated(sdk_type.to_owned()).into());
            }
            None => return Err(BadRequest::SdkType(sdk_type.to_owned()).into()),
        };
        let region = owner.region.as_str();
        let invoke_url = match parameters.get(INVOKE_URL).filter(|url| !url.is_empty()) {
            Some(url) if is_address(url) => url.clone(),
            Some(_) => return Err(BadRequest::SdkInvokeUrl.into()),
            None => format!("https://{api_id}.execute-api.{region}.amazonaws.com/{name}"),
        };
        let (id, stage_name) = (api_id.clone(), name.clone());
        let (snapshot, deployed) = self
            .read(owner, move |rows| {
                rows.api(&id)?;
                let stage = rows.part::<Stage>(&id, &stage_name)?;
                let deployment =
                    rows.find_deployment(&id, &stage.deployment_id)?.ok_or(NotFound::Deployment)?;
                let snapshot = rows.find_snapshot(&id, &stage.deployment_id)?.ok_or(NotFound::Deployment)?;
                Ok((snapshot, deployment.created_date))
            })
            .await?;
        let sdk =
            Sdk { snapshot: &snapshot, stage: name.as_str(), region, invoke_url: &invoke_url, language };
        let archive = generate(&sdk)?;
        // `2016-02-22_23-52Z`, as in AWS's documents.
        let dated = deployed.to_iso8601_seconds().replace('T', "_").replace(':', "-");
        let minutes = dated.get(.."2016-02-22_23-52".len()).unwrap_or(&dated);
        Ok(GeneratedSdk { archive, file_name: format!("{sdk_type}_{minutes}Z.zip") })
    }
}

fn is_address(text: &str) -> bool {
    let uri = text.parse::<Uri>().ok().filter(|uri| uri.query().is_none() && uri.authority().is_some());
    uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
}
