//! CreateResource, GetResource(s), UpdateResource, DeleteResource.

use std::collections::BTreeMap;

use super::super::ids::{ApiId, ResourceId};
use super::super::page::{Page, PageRequest};
use super::super::resource::Resource;
use super::super::rest_apis::Apis;
use super::super::tree::{child_path, find, patch_resource, subtree};
use crate::apis::error::{BadRequest, Error, LimitExceeded};
use crate::apis::patch::PatchOperation;
use crate::id::AccountRegion;

/// The most resources of an API, including its root.
pub(super) const RESOURCES_MAX: usize = 300;

impl Apis {
    /// Adds the child `path_part` to `parent_id`.
    pub async fn create_resource(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        parent_id: &ResourceId,
        path_part: String,
    ) -> Result<Resource, Error> {
        let (api_id, parent_id, ids) = (api_id.clone(), parent_id.clone(), self.ids());
        self.write(owner, move |rows| {
            let resources = rows.resources_of(&api_id)?;
            let path = child_path(&resources, &parent_id, &path_part, None)?;
            if RESOURCES_MAX <= resources.len() {
                return Err(LimitExceeded::Resources.into());
            }
            let mut id = ResourceId::from(ids.lower_alphanumeric(6));
            while find(&resources, &id).is_ok() {
                id = ids.lower_alphanumeric(6).into();
            }
            let resource = Resource {
                id,
                parent_id: Some(parent_id.clone()),
                path_part: Some(path_part.clone()),
                path,
                methods: BTreeMap::new(),
            };
            rows.put_part(&api_id, &resource)?;
            Ok(resource)
        })
        .await
    }

    /// Resources of an API by path.
    pub async fn resources(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        page: PageRequest,
    ) -> Result<Page<Resource>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            let resources = rows.resources_of(&api_id)?;
            Ok(Page::of(resources, |resource| resource.path.clone(), &page)?)
        })
        .await
    }

    /// One resource.
    pub async fn resource(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &ResourceId,
    ) -> Result<Resource, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.read(owner, move |rows| rows.part::<Resource>(&api_id, &id)).await
    }

    /// Renames or moves a resource with everything below it.
    pub async fn update_resource(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &ResourceId,
        patches: Vec<PatchOperation>,
    ) -> Result<Resource, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let mut resources = rows.resources_of(&api_id)?;
            for changed in patch_resource(&mut resources, &id, &patches)? {
                rows.put_part(&api_id, find(&resources, &changed)?)?;
            }
            Ok(find(&resources, &id)?.clone())
        })
        .await
    }

    /// Deletes a resource with everything below it. The root can't be deleted.
    pub async fn delete_resource(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &ResourceId,
    ) -> Result<(), Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let resources = rows.resources_of(&api_id)?;
            if find(&resources, &id)?.parent_id.is_none() {
                return Err(BadRequest::RootDeletion.into());
            }
            subtree(&resources, &id).iter().try_for_each(|id| rows.delete_part::<Resource>(&api_id, id))
        })
        .await
    }
}
