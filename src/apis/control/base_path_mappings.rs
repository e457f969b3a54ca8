//! CreateBasePathMapping, GetBasePathMapping(s), UpdateBasePathMapping, DeleteBasePathMapping.

use super::super::domain_name::{BasePath, BasePathMapping, DomainName, DomainNameKey, MAPPINGS_MAX};
use super::super::ids::{ApiId, StageName};
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::stage::Stage;
use super::domain_names::existing;
use crate::apis::error::{BadRequest, Conflict, Error, LimitExceeded, NotFound};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::id::AccountRegion;

/// AWS's documentation writes the first in lower case; clients write it like the member.
const PATHS: [&str; 4] = ["/basePath", "/basepath", "/restapiId", "/stage"];
const PATHS_PRINTED: &str = "[/basePath, /restapiId, /stage]";

/// A mapping with its base path.
pub type Mapped = (BasePath, BasePathMapping);

impl Apis {
    /// Maps the paths that begin with `base_path` to an API.
    pub async fn create_base_path_mapping(
        &self,
        owner: &AccountRegion,
        domain: DomainNameKey,
        base_path: &str,
        mapping: BasePathMapping,
    ) -> Result<Mapped, Error> {
        let base_path = BasePath::parse(base_path)?;
        self.write_and_publish(owner, move |rows| {
            let mut domain = existing(rows, &domain)?;
            check(rows, &mapping)?;
            if domain.mappings.contains_key(&base_path) {
                return Err(Conflict::BasePath.into());
            }
            if MAPPINGS_MAX <= domain.mappings.len() {
                return Err(LimitExceeded::BasePathMappings.into());
            }
            domain.mappings.insert(base_path.clone(), mapping.clone());
            rows.put_owned(&domain)?;
            Ok((base_path.clone(), mapping.clone()))
        })
        .await
    }

    /// A domain's mappings, by base path.
    pub async fn base_path_mappings(
        &self,
        owner: &AccountRegion,
        domain: DomainNameKey,
        page: PageRequest,
    ) -> Result<Page<Mapped>, Error> {
        self.read(owner, move |rows| {
            let mappings = existing(rows, &domain)?.mappings.into_iter().collect();
            Ok(Page::of(mappings, |(base_path, _): &Mapped| base_path.to_string(), &page)?)
        })
        .await
    }

    /// One mapping.
    pub async fn base_path_mapping(
        &self,
        owner: &AccountRegion,
        domain: DomainNameKey,
        base_path: &str,
    ) -> Result<Mapped, Error> {
        let base_path = BasePath::parse(base_path)?;
        self.read(owner, move |rows| {
            let mut domain = existing(rows, &domain)?;
            let mapping = take(&mut domain, &base_path)?;
            Ok((base_path, mapping))
        })
        .await
    }

    /// Changes a mapping, or its base path.
    pub async fn update_base_path_mapping(
        &self,
        owner: &AccountRegion,
        domain: DomainNameKey,
        base_path: &str,
        patches: Vec<PatchOperation>,
    ) -> Result<Mapped, Error> {
        let base_path = BasePath::parse(base_path)?;
        self.write_and_publish(owner, move |rows| {
            let mut domain = existing(rows, &domain)?;
            let mut mapping = take(&mut domain, &base_path)?;
            let mut base_path = base_path.clone();
            for patch in &patches {
                let value = patch.value.as_deref().unwrap_or_default();
                match replace_only(patch, &PATHS, PATHS_PRINTED)? {
                    "/restapiId" => mapping.rest_api_id = value.into(),
                    "/stage" => mapping.stage = BasePathMapping::stage_of(value),
                    _ => base_path = BasePath::parse(value)?,
                }
            }
            check(rows, &mapping)?;
            if domain.mappings.insert(base_path.clone(), mapping.clone()).is_some() {
                return Err(Conflict::BasePath.into());
            }
            rows.put_owned(&domain)?;
            Ok((base_path, mapping))
        })
        .await
    }

    /// Deletes a mapping.
    pub async fn delete_base_path_mapping(
        &self,
        owner: &AccountRegion,
        domain: DomainNameKey,
        base_path: &str,
    ) -> Result<(), Error> {
        let base_path = BasePath::parse(base_path)?;
        self.write_and_publish(owner, move |rows| {
            let mut domain = existing(rows, &domain)?;
            take(&mut domain, &base_path)?;
            rows.put_owned(&domain)
        })
        .await
    }
}

fn take(domain: &mut DomainName, base_path: &BasePath) -> Result<BasePathMapping, NotFound> {
    domain.mappings.remove(base_path).ok_or(NotFound::BasePathMapping)
}

/// Checks that the mapping's API and stage exist.
fn check(rows: &Rows<'_>, mapping: &BasePathMapping) -> Result<(), Error> {
    let api = rows.api(&mapping.rest_api_id);
    let api = api.map_err(|error| match error {
        Error::NotFound(_) => BadRequest::MappedApi.into(),
        other => other,
    })?;
    match &mapping.stage {
        Some(stage) if rows.find_part::<Stage>(&api.id, stage)?.is_none() => {
            Err(BadRequest::MappedStage.into())
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks that no domain is mapped to an API, or to the given stage of it.
pub(super) fn check_unmapped(rows: &Rows<'_>, api: &ApiId, stage: Option<&StageName>) -> Result<(), Error> {
    let mut domains = rows.all_owned::<DomainName>()?;
    domains.retain(|domain| {
        let mut mappings = domain.mappings.values();
        mappings.any(|it| it.rest_api_id == *api && (stage.is_none() || it.stage.as_ref() == stage))
    });
    if domains.is_empty() {
        return Ok(());
    }
    let what = if stage.is_some() { "stage" } else { "RestApi" };
    let name = stage.map_or_else(|| api.to_string(), ToString::to_string);
    let domains = domains.iter().map(|domain| domain.name.to_string()).collect::<Vec<_>>().join(", ");
    Err(BadRequest::Mapped { what, name, domains }.into())
}
