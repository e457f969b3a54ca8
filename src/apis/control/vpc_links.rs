//! CreateVpcLink, GetVpcLink(s), UpdateVpcLink, DeleteVpcLink.

use std::collections::BTreeMap;

use super::super::ids::VpcLinkId;
use super::super::integration::Integration;
use super::super::live::Change;
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::super::stage::Stage;
use super::super::vpc_link::{VpcLink, VpcLinkNames};
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Error, LimitExceeded, NotFound};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::id::AccountRegion;

/// The most links of an account in one region.
const LINKS_MAX: usize = 20;
const PATHS: [&str; 2] = ["/name", "/description"];
const PATHS_PRINTED: &str = "[/name, /description]";

impl Apis {
    /// Creates a link.
    pub async fn create_vpc_link(
        &self,
        owner: &AccountRegion,
        name: String,
        description: Option<String>,
        target_arns: Vec<String>,
        tags: BTreeMap<String, String>,
    ) -> Result<VpcLink, Error> {
        let ids = self.ids();
        let create = move |rows: &Rows<'_>| {
            let mut link = VpcLink {
                id: ids.lower_alphanumeric(6).into(),
                name: name.clone(),
                description: description.clone().filter(|text| !text.is_empty()),
                target_arns: target_arns.clone(),
                tags: tags.clone(),
            };
            link.check()?;
            check_tags(&link.tags)?;
            if LINKS_MAX <= rows.all_owned::<VpcLink>()?.len() {
                return Err(LimitExceeded::VpcLinks.into());
            }
            while rows.find_owned::<VpcLink>(&link.id)?.is_some() {
                link.id = ids.lower_alphanumeric(6).into();
            }
            rows.put_owned(&link)?;
            Ok(link)
        };
        let home = owner.clone();
        self.write_and_tell(owner, create, |_| vec![Change::VpcLinks(home)]).await
    }

    /// The names of all links.
    pub(super) async fn vpc_link_names(&self, owner: &AccountRegion) -> Result<VpcLinkNames, Error> {
        self.read(owner, |rows| rows.vpc_link_names()).await
    }

    /// Changes a link.
    pub async fn update_vpc_link(
        &self,
        owner: &AccountRegion,
        id: &VpcLinkId,
        patches: Vec<PatchOperation>,
    ) -> Result<VpcLink, Error> {
        let id = id.clone();
        let update = move |rows: &Rows<'_>| {
            let mut link = rows.owned::<VpcLink>(&id)?;
            for patch in &patches {
                if patch.path.as_deref().is_some_and(|path| path.starts_with("/targetArns")) {
                    return Err(BadRequest::VpcLinkTargetsFixed.into());
                }
                match replace_only(patch, &PATHS, PATHS_PRINTED)? {
                    "/name" => link.name = patch.text().ok_or(BadRequest::EmptyName)?,
                    _ => link.description = patch.text(),
                }
            }
            rows.put_owned(&link)?;
            Ok(link)
        };
        let home = owner.clone();
        self.write_and_tell(owner, update, |_| vec![Change::VpcLinks(home)]).await
    }

    /// Deletes a link that no deployed method uses.
    pub async fn delete_vpc_link(&self, owner: &AccountRegion, id: &VpcLinkId) -> Result<(), Error> {
        let id = id.clone();
        let delete = move |rows: &Rows<'_>| {
            rows.owned::<VpcLink>(&id)?;
            let users = deployed_users(rows, &id)?;
            if !users.is_empty() {
                return Err(BadRequest::VpcLinkInUse { link: id.to_string(), users: users.join(", ") }.into());
            }
            rows.delete_owned::<VpcLink>(&id)
        };
        let home = owner.clone();
        self.write_and_tell(owner, delete, |()| vec![Change::VpcLinks(home)]).await
    }
}

/// Checks that an integration's link exists, unless a stage variable names it: it is a VPC link, or the name of an
/// upstream in the settings.
pub(super) fn check_vpc_link(rows: &Rows<'_>, apis: &Apis, integration: &Integration) -> Result<(), Error> {
    let Some(id) = integration.fixed_vpc_link() else { return Ok(()) };
    if apis.reach().vpc_links.contains(id) || rows.find_owned::<VpcLink>(id)?.is_some() {
        return Ok(());
    }
    Err(NotFound::VpcLink.into())
}

/// `API:METHOD:RESOURCE:STAGE` of the deployed methods that use the link.
fn deployed_users(rows: &Rows<'_>, id: &VpcLinkId) -> Result<Vec<String>, Error> {
    let mut users = Vec::new();
    for api in rows.apis()? {
        for stage in rows.parts::<Stage>(&api.id)? {
            let Some(deployed) = rows.find_snapshot(&api.id, &stage.deployment_id)? else { continue };
            for resource in &deployed.resources {
                let uses = |integration: &Integration| integration.fixed_vpc_link() == Some(id.as_str());
                let using = resource
                    .methods
                    .iter()
                    .filter(|(_, method)| method.integration.as_ref().is_some_and(uses));
                users.extend(
                    using.map(|(verb, _)| format!("{}:{verb}:{}:{}", api.id, resource.id, stage.name)),
                );
            }
        }
    }
    Ok(users)
}
