//! CreateRestApi, GetRestApi(s), UpdateRestApi, DeleteRestApi.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::documentation_part::DocumentationPart;
use super::super::ids::{ApiId, ResourceId};
use super::super::live::Change;
use super::super::model::default_models;
use super::super::page::{Page, PageRequest};
use super::super::resource::Resource;
use super::super::rest_api::{
    ApiKeySource, EndpointAccessMode, EndpointConfiguration, EndpointType, IpAddressType,
    MINIMUM_COMPRESSION_SIZE_MAX, RestApi, check_api_security, check_rest_api,
};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::base_path_mappings::check_unmapped;
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Error, LimitExceeded};
use crate::apis::openapi::model_url_base;
use crate::apis::patch::{PatchOperation, patch_rest_api};
use crate::clock::Timestamp;
use crate::id::AccountRegion;

/// The most APIs of an account in one region.
const APIS_MAX: usize = 600;

/// The input of [CreateRestApi](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateRestApi {
    /// Display name.
    pub name: String,
    /// A description; not empty if given.
    pub description: Option<String>,
    /// The owner's version string.
    pub version: Option<String>,
    /// The API whose working copy is copied.
    pub clone_from: Option<ApiId>,
    /// Media types whose bodies are binary.
    pub binary_media_types: Vec<String>,
    /// The smallest body to compress, in bytes.
    pub minimum_compression_size: Option<i64>,
    /// Where API keys come from.
    pub api_key_source: Option<ApiKeySource>,
    /// The endpoint's type, IP versions and VPC endpoints.
    pub endpoint_configuration: NewEndpoint,
    /// Resource policy.
    pub policy: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Whether the default endpoint is disabled.
    pub disable_execute_api_endpoint: bool,
    /// TLS policy's name.
    pub security_policy: Option<String>,
    /// The endpoint access mode.
    pub endpoint_access_mode: Option<EndpointAccessMode>,
}

/// The endpoint settings of a new API or domain, as given.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NewEndpoint {
    /// One type; EDGE if not given.
    pub types: Option<Vec<EndpointType>>,
    /// IP versions; `dualstack` for private APIs, else `ipv4`, if not given.
    pub ip_address_type: Option<IpAddressType>,
    /// VPC endpoints.
    pub vpc_endpoint_ids: Vec<String>,
}

impl NewEndpoint {
    pub(super) fn resolve(self) -> Result<EndpointConfiguration, BadRequest> {
        let kind = match self.types.as_deref() {
            None => EndpointType::Edge,
            Some([kind]) => *kind,
            Some([]) => return Err(BadRequest::NoEndpointType),
            Some(_) => return Err(BadRequest::MultipleEndpointTypes),
        };
        let ip_address_type = self.ip_address_type.unwrap_or_else(|| kind.default_ip_address_type());
        Ok(EndpointConfiguration { kind, ip_address_type, vpc_endpoint_ids: self.vpc_endpoint_ids })
    }
}

impl Apis {
    /// Creates an API with a root resource and two models, or a copy of another API.
    pub async fn create_rest_api(
        &self,
        owner: &AccountRegion,
        input: CreateRestApi,
    ) -> Result<RestApi, Error> {
        let (ids, now) = (self.ids(), self.now());
        self.write(owner, move |rows| {
            let (source, key_source) = (input.clone_from.clone(), input.api_key_source);
            let root_id = ids.lower_alphanumeric(10).into();
            let mut api = new_api(input.clone(), ids.lower_alphanumeric(10).into(), root_id, now)?;
            add_api(rows, &api)?;
            match source {
                Some(source) => clone(rows, &source, &mut api, key_source)?,
                None => {
                    rows.put_part(&api.id, &root(&api))?;
                    for model in default_models(ids.as_ref()) {
                        rows.put_part(&api.id, &model)?;
                    }
                }
            }
            rows.put_api(&api)?;
            Ok(api)
        })
        .await
    }

    /// APIs of `owner`, oldest first.
    pub async fn rest_apis(&self, owner: &AccountRegion, page: PageRequest) -> Result<Page<RestApi>, Error> {
        self.read(owner, move |rows| {
            let mut apis = rows.apis()?;
            let age = |api: &RestApi| format!("{:020} {}", api.created_date.as_millis(), api.id);
            apis.sort_by_cached_key(age);
            Ok(Page::of(apis, age, &page)?)
        })
        .await
    }

    /// One API.
    pub async fn rest_api(&self, owner: &AccountRegion, id: &ApiId) -> Result<RestApi, Error> {
        let id = id.clone();
        self.read(owner, move |rows| rows.api(&id)).await
    }

    /// Changes an API. Deployed stages are not affected.
    pub async fn update_rest_api(
        &self,
        owner: &AccountRegion,
        id: &ApiId,
        patches: Vec<PatchOperation>,
    ) -> Result<RestApi, Error> {
        let id = id.clone();
        self.write(owner, move |rows| {
            let mut api = rows.api(&id)?;
            patch_rest_api(&mut api, &patches)?;
            rows.put_api(&api)?;
            Ok(api)
        })
        .await
    }

    /// Deletes an API with everything in it. Its stages stop serving.
    pub async fn delete_rest_api(&self, owner: &AccountRegion, id: &ApiId) -> Result<(), Error> {
        let api_id = id.clone();
        let delete = move |rows: &Rows<'_>| {
            rows.api(&api_id)?;
            check_unmapped(rows, &api_id, None)?;
            rows.take_stages_from_plans(&api_id, None)?;
            rows.delete_api(&api_id)
        };
        let api = id.clone();
        self.write_and_tell(owner, delete, |()| vec![Change::StageNames(api)]).await
    }
}

/// A new API with defaults filled in.
pub(super) fn new_api(
    input: CreateRestApi,
    id: ApiId,
    root_resource_id: ResourceId,
    created_date: Timestamp,
) -> Result<RestApi, Error> {
    if input.description.as_deref() == Some("") {
        return Err(BadRequest::EmptyDescription.into());
    }
    if input.name.is_empty() {
        return Err(BadRequest::EmptyName.into());
    }
    let compression = input.minimum_compression_size.map(|size| {
        u32::try_from(size)
            .ok()
            .filter(|size| *size <= MINIMUM_COMPRESSION_SIZE_MAX)
            .ok_or(BadRequest::MinimumCompressionSize)
    });
    check_tags(&input.tags)?;
    let api = RestApi {
        id,
        root_resource_id,
        name: input.name,
        description: input.description,
        created_date,
        version: input.version,
        binary_media_types: input.binary_media_types,
        minimum_compression_size: compression.transpose()?,
        api_key_source: input.api_key_source.unwrap_or(ApiKeySource::Header),
        endpoint_configuration: input.endpoint_configuration.resolve()?,
        policy: input.policy.filter(|policy| !policy.is_empty()),
        tags: input.tags,
        disable_execute_api_endpoint: input.disable_execute_api_endpoint,
        security_policy: input.security_policy,
        endpoint_access_mode: input.endpoint_access_mode,
    };
    check_rest_api(&api)?;
    check_api_security(&api)?;
    Ok(api)
}

/// Stores a new, empty API.
pub(super) fn add_api(rows: &Rows<'_>, api: &RestApi) -> Result<(), Error> {
    if APIS_MAX <= rows.apis()?.len() {
        return Err(LimitExceeded::Apis.into());
    }
    rows.add_api(api)
}

/// The root resource of a new API.
pub(super) fn root(api: &RestApi) -> Resource {
    Resource {
        id: api.root_resource_id.clone(),
        parent_id: None,
        path_part: None,
        path: "/".to_owned(),
        methods: BTreeMap::new(),
    }
}

/// Copies the working copy of `source`. Settings that `api` has itself stay. Ids inside are those of the source, except
/// the root's, which has to be new.
fn clone(
    rows: &Rows<'_>,
    source: &ApiId,
    api: &mut RestApi,
    key_source: Option<ApiKeySource>,
) -> Result<(), Error> {
    let copy = rows.working_copy(source).map_err(|error| match error {
        Error::NotFound(_) => BadRequest::RestApiIdentifier.into(),
        Error::BadRequest(_)
        | Error::Conflict(_)
        | Error::LimitExceeded(_)
        | Error::AccessDenied(_)
        | Error::Store(_)
        | Error::Corrupt(_)
        | Error::Certificate(_)
        | Error::Sdk(_)
        | Error::Unfinished => error,
    })?;
    let from = copy.api;
    if api.binary_media_types.is_empty() {
        api.binary_media_types = from.binary_media_types;
    }
    api.minimum_compression_size = api.minimum_compression_size.or(from.minimum_compression_size);
    api.policy = api.policy.take().or(from.policy);
    api.api_key_source = key_source.unwrap_or(from.api_key_source);
    for mut resource in copy.resources {
        if resource.id == from.root_resource_id {
            resource.id = api.root_resource_id.clone();
        }
        if resource.parent_id.as_ref() == Some(&from.root_resource_id) {
            resource.parent_id = Some(api.root_resource_id.clone());
        }
        rows.put_part(&api.id, &resource)?;
    }
    // Models refer to each other by URLs that contain the API's id.
    let (theirs, ours) = (model_url_base(source.as_str()), model_url_base(api.id.as_str()));
    for mut model in copy.models.into_values() {
        model.schema = model.schema.map(|schema| schema.replace(&theirs, &ours));
        rows.put_part(&api.id, &model)?;
    }
    for validator in copy.request_validators.values() {
        rows.put_part(&api.id, validator)?;
    }
    for authorizer in copy.authorizers.values() {
        rows.put_part(&api.id, authorizer)?;
    }
    for part in rows.parts::<DocumentationPart>(source)? {
        rows.put_part(&api.id, &part)?;
    }
    for (response_type, response) in &copy.gateway_responses {
        rows.put_gateway_response(&api.id, *response_type, response)?;
    }
    Ok(())
}
