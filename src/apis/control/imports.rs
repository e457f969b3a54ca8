//! ImportRestApi, PutRestApi: an OpenAPI document becomes the working copy, completely or not at all.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::authorizer::Authorizer;
use super::super::check_integration::{
    check_integration, check_integration_response, check_undeclared_response,
};
use super::super::documentation_import::PutMode;
use super::super::gateway_response::check_gateway_response;
use super::super::http_method::HttpMethod;
use super::super::ids::{ApiId, AuthorizerId, RequestValidatorId, ResourceId};
use super::super::method::Method;
use super::super::model::{Model, check_model};
use super::super::request_validator::RequestValidator;
use super::super::resource::Resource;
use super::super::rest_api::{ApiKeySource, EndpointType, RestApi, check_api_security, check_rest_api};
use super::super::rest_apis::Apis;
use super::super::roles::check_role;
use super::super::rows::Rows;
use super::super::tree::child_path;
use super::authorizers::{add_authorizer, new_id};
use super::documentation_parts::import_parts;
use super::methods::{MethodKey, check_method, check_method_response};
use super::resources::RESOURCES_MAX;
use super::rest_apis::{CreateRestApi, add_api, new_api, root};
use super::vpc_links::check_vpc_link;
use crate::apis::error::{BadRequest, Error, LimitExceeded};
use crate::apis::openapi::{
    BasePathMode, Definition, Document, MethodDefinition, Notes, Settings, ValidatorDefinition, import,
};
use crate::id::AccountRegion;

/// The options of an import. See
/// [ImportRestApi](https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ImportOptions {
    /// Whether a warning fails the import.
    pub fail_on_warnings: bool,
    /// `basepath`, `ignore`, `endpointConfigurationTypes`, `vpcEndpointIds`, `disableExecuteApiEndpoint`; others
    /// are ignored.
    pub parameters: BTreeMap<String, String>,
}

/// The result of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedApi {
    /// The API.
    pub api: RestApi,
    /// What was left out of the document, and why.
    pub warnings: Vec<String>,
}

impl ImportOptions {
    fn base_path(&self) -> Result<BasePathMode, BadRequest> {
        let Some(mode) = self.parameters.get("basepath") else { return Ok(BasePathMode::Ignore) };
        BasePathMode::parse(&mode.to_ascii_lowercase()).ok_or(BadRequest::BasePathMode)
    }

    fn with_documentation(&self) -> bool {
        self.parameters.get("ignore").is_none_or(|what| what != "documentation")
    }

    /// Applies the call's parameters, which override the document's settings.
    fn override_settings(&self, settings: &mut Settings) -> Result<(), BadRequest> {
        if let Some(word) = self.parameters.get("endpointConfigurationTypes") {
            settings.endpoint_type = Some(EndpointType::parse(word).ok_or(BadRequest::EndpointType)?);
        }
        if let Some(ids) = self.parameters.get("vpcEndpointIds") {
            settings.vpc_endpoint_ids = Some(ids.split(',').map(|id| id.trim().to_owned()).collect());
        }
        if let Some(flag) = self.parameters.get("disableExecuteApiEndpoint") {
            settings.disable_execute_api_endpoint = Some(flag.eq_ignore_ascii_case("true"));
        }
        Ok(())
    }

    /// Parses `body` for the owner's API `id`.
    pub(super) fn read(
        &self,
        body: &[u8],
        owner: &AccountRegion,
        id: &ApiId,
    ) -> Result<Definition, BadRequest> {
        let document = Document::read(body).ok_or(BadRequest::OpenApi)?.in_account(owner);
        let mut definition = import(&document, id.as_str(), self.base_path()?)?;
        self.override_settings(&mut definition.settings)?;
        if !self.with_documentation() {
            definition.documentation.clear();
        }
        Ok(definition)
    }
}

impl Apis {
    /// Creates an API from a document.
    pub async fn import_rest_api(
        &self,
        owner: &AccountRegion,
        body: &[u8],
        options: ImportOptions,
    ) -> Result<ImportedApi, Error> {
        let (apis, ids, now) = (self.clone(), self.ids(), self.now());
        let id = ApiId::from(ids.lower_alphanumeric(10));
        let definition = options.read(body, owner, &id)?;
        self.write(owner, move |rows| {
            let input = CreateRestApi {
                name: definition.title.clone().unwrap_or_default(),
                ..CreateRestApi::default()
            };
            let api = new_api(input, id.clone(), ids.lower_alphanumeric(10).into(), now)?;
            add_api(rows, &api)?;
            rows.put_part(&api.id, &root(&api))?;
            Import { rows, apis: &apis, mode: PutMode::Overwrite, options: &options }
                .run(api, definition.clone())
        })
        .await
    }

    /// Replaces an API's working copy with a document, or merges the document into it. Deployed stages are not
    /// affected.
    pub async fn put_rest_api(
        &self,
        owner: &AccountRegion,
        id: &ApiId,
        body: &[u8],
        mode: PutMode,
        options: ImportOptions,
    ) -> Result<ImportedApi, Error> {
        let (apis, id) = (self.clone(), id.clone());
        let definition = options.read(body, owner, &id)?;
        self.write(owner, move |rows| {
            let api = rows.api(&id)?;
            Import { rows, apis: &apis, mode, options: &options }.run(api, definition.clone())
        })
        .await
    }
}

/// An import in progress, within its transaction.
pub(super) struct Import<'i> {
    pub(super) rows: &'i Rows<'i>,
    pub(super) apis: &'i Apis,
    pub(super) mode: PutMode,
    pub(super) options: &'i ImportOptions,
}

impl Import<'_> {
    /// Stores everything, then decides whether it stays: an error rolls everything back.
    pub(super) fn run(&self, mut api: RestApi, definition: Definition) -> Result<ImportedApi, Error> {
        let rows = self.rows;
        let mut notes = definition.notes;
        let head = (definition.title, definition.version, definition.description);
        self.settings(&mut api, head, definition.settings)?;
        rows.put_api(&api)?;
        // Remove the methods before what they refer to, and add them again after it.
        let mut resources = rows.resources_of(&api.id)?;
        if self.mode == PutMode::Overwrite {
            self.clear(&api.id)?;
        }
        for model in definition.models {
            let name = model.name.clone();
            let done = self.model(&api.id, model.name, model.description, model.schema, model.content_type);
            noted(done, &mut notes, || format!("Unable to create model for '{name}'"))?;
        }
        // Otherwise methods would only report again that their models don't exist.
        check_errors(&notes)?;
        self.validators(&api.id, definition.request_validators)?;
        let mut kept: BTreeMap<String, AuthorizerId> =
            rows.parts::<Authorizer>(&api.id)?.into_iter().map(|it| (it.name, it.id)).collect();
        for authorizer in definition.authorizers {
            let name = authorizer.name.clone();
            let id = kept.remove(&name).unwrap_or_else(|| new_id(self.apis.ids().as_ref()));
            rows.delete_part::<Authorizer>(&api.id, &id)?;
            let done = add_authorizer(rows, &api.id, &authorizer.resolve(id));
            noted(done, &mut notes, || format!("Unable to create authorizer '{name}'"))?;
        }
        for (response_type, response) in &definition.gateway_responses {
            let done = check_gateway_response(response).map_err(Error::from);
            if noted(done, &mut notes, || format!("Unable to put gateway response '{response_type}'"))?
                .is_some()
            {
                rows.put_gateway_response(&api.id, *response_type, response)?;
            }
        }
        self.resources(&api, &mut resources, definition.paths, &mut notes)?;
        if self.options.with_documentation() {
            import_parts(rows, &api.id, definition.documentation, self.mode, self.apis.ids().as_ref())?;
        }
        check_errors(&notes)?;
        if self.options.fail_on_warnings && !notes.warnings.is_empty() {
            return Err(BadRequest::ImportWarnings(notes.warnings.join("\n\t")).into());
        }
        Ok(ImportedApi { api, warnings: notes.warnings })
    }

    /// The settings of the API as a whole. The endpoint and the tags stay unless the document sets them. All other
    /// settings that the document doesn't contain are reset if it replaces the API.
    fn settings(
        &self,
        api: &mut RestApi,
        head: (Option<String>, Option<String>, Option<String>),
        settings: Settings,
    ) -> Result<(), Error> {
        let (title, version, description) = head;
        api.name = title.unwrap_or_else(|| api.name.clone());
        match self.mode {
            PutMode::Merge => {
                api.version = version.or_else(|| api.version.take());
                api.description = description.or_else(|| api.description.take());
                let new = settings.binary_media_types.into_iter();
                let new: Vec<String> = new.filter(|it| !api.binary_media_types.contains(it)).collect();
                api.binary_media_types.extend(new);
                api.minimum_compression_size =
                    settings.minimum_compression_size.or(api.minimum_compression_size);
                api.api_key_source = settings.api_key_source.unwrap_or(api.api_key_source);
                api.policy = settings.policy.or_else(|| api.policy.take());
            }
            PutMode::Overwrite => {
                api.version = version;
                api.description = description;
                api.binary_media_types = settings.binary_media_types;
                api.minimum_compression_size = settings.minimum_compression_size;
                api.api_key_source = settings.api_key_source.unwrap_or(ApiKeySource::Header);
                api.policy = settings.policy;
            }
        }
        let endpoint = &mut api.endpoint_configuration;
        if let Some(kind) = settings.endpoint_type.filter(|kind| *kind != endpoint.kind) {
            endpoint.kind = kind;
            endpoint.ip_address_type = kind.default_ip_address_type();
            if kind != EndpointType::Private {
                endpoint.vpc_endpoint_ids.clear();
            }
        }
        endpoint.ip_address_type = settings.ip_address_type.unwrap_or(endpoint.ip_address_type);
        if let Some(ids) = settings.vpc_endpoint_ids {
            endpoint.vpc_endpoint_ids = ids;
        }
        api.disable_execute_api_endpoint =
            settings.disable_execute_api_endpoint.unwrap_or(api.disable_execute_api_endpoint);
        api.security_policy = settings.security_policy.or_else(|| api.security_policy.take());
        api.endpoint_access_mode = settings.endpoint_access_mode.or(api.endpoint_access_mode);
        check_rest_api(api)?;
        check_api_security(api)?;
        Ok(())
    }

    /// Removes what the document replaces. Resources and documentation are handled where they are stored.
    fn clear(&self, api_id: &ApiId) -> Result<(), Error> {
        let rows = self.rows;
        for model in rows.parts::<Model>(api_id)? {
            rows.delete_part::<Model>(api_id, &model.name)?;
        }
        for validator in rows.parts::<RequestValidator>(api_id)? {
            rows.delete_part::<RequestValidator>(api_id, &validator.id)?;
        }
        for authorizer in rows.parts::<Authorizer>(api_id)? {
            rows.delete_part::<Authorizer>(api_id, &authorizer.id)?;
        }
        for response_type in rows.gateway_responses(api_id)?.into_keys() {
            rows.delete_gateway_response(api_id, response_type)?;
        }
        Ok(())
    }

    fn model(
        &self,
        api_id: &ApiId,
        name: String,
        description: Option<String>,
        schema: Option<String>,
        content_type: String,
    ) -> Result<(), Error> {
        let there = self.rows.find_part::<Model>(api_id, &name)?;
        let id = there.map_or_else(|| self.apis.ids().lower_alphanumeric(6), |model| model.id);
        let model = Model { id, name, description, schema, content_type };
        check_model(&model)?;
        self.rows.put_part(api_id, &model)
    }

    fn validators(&self, api_id: &ApiId, validators: Vec<ValidatorDefinition>) -> Result<(), Error> {
        let there = self.rows.parts::<RequestValidator>(api_id)?;
        for validator in validators {
            let same = there.iter().find(|it| it.name.as_deref() == Some(&validator.name));
            let id = same.map_or_else(|| self.apis.ids().lower_alphanumeric(6).into(), |it| it.id.clone());
            let record = RequestValidator {
                id,
                name: Some(validator.name),
                validate_request_body: validator.validate_request_body,
                validate_request_parameters: validator.validate_request_parameters,
            };
            self.rows.put_part(api_id, &record)?;
        }
        Ok(())
    }

    /// Replaces the resources with those of the document, or adds them. A resource whose path stays keeps its id.
    fn resources(
        &self,
        api: &RestApi,
        resources: &mut Vec<Resource>,
        paths: Vec<(String, BTreeMap<HttpMethod, MethodDefinition>)>,
        notes: &mut Notes,
    ) -> Result<(), Error> {
        let before = std::mem::take(resources);
        *resources = match self.mode {
            PutMode::Merge => before.clone(),
            PutMode::Overwrite => vec![root(api)],
        };
        let targets = self.targets(&api.id)?;
        for (path, methods) in paths {
            let made = self.resource(api, resources, &before, &path);
            let Some(index) = noted(made, notes, || format!("Unable to create resource at path '{path}'"))?
            else {
                continue;
            };
            for (verb, definition) in methods {
                let Some(resource) = resources.get_mut(index) else { continue };
                let method = self.method(api, resource, verb, definition, &targets, notes)?;
                resource.methods.extend(method.map(|method| (verb, method)));
            }
        }
        for gone in before.iter().filter(|old| !resources.iter().any(|new| new.id == old.id)) {
            self.rows.delete_part::<Resource>(&api.id, &gone.id)?;
        }
        resources.iter().try_for_each(|resource| self.rows.put_part(&api.id, resource))
    }

    /// The index of the resource at `path`. It and its ancestors are created if they don't exist.
    fn resource(
        &self,
        api: &RestApi,
        resources: &mut Vec<Resource>,
        before: &[Resource],
        path: &str,
    ) -> Result<usize, Error> {
        let index_of = |resources: &[Resource], path: &str| resources.iter().position(|it| it.path == path);
        let mut parent_id = api.root_resource_id.clone();
        let mut index = index_of(resources, "/").unwrap_or_default();
        let mut walked = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            walked.push('/');
            walked.push_str(part);
            if let Some(there) = index_of(resources, &walked) {
                index = there;
            } else {
                let path = child_path(resources, &parent_id, part, None)?;
                if RESOURCES_MAX <= resources.len() {
                    return Err(LimitExceeded::Resources.into());
                }
                let same = before.iter().find(|old| old.path == path);
                let mut id = same.map_or_else(|| self.new_resource_id(), |old| old.id.clone());
                while resources.iter().any(|it| it.id == id) {
                    id = self.new_resource_id();
                }
                resources.push(Resource {
                    id,
                    parent_id: Some(parent_id),
                    path_part: Some(part.to_owned()),
                    path,
                    methods: BTreeMap::new(),
                });
                index = resources.len() - 1;
            }
            parent_id = resources.get(index).map_or_else(|| api.root_resource_id.clone(), |it| it.id.clone());
        }
        Ok(index)
    }

    fn new_resource_id(&self) -> ResourceId {
        self.apis.ids().lower_alphanumeric(6).into()
    }

    fn targets(&self, api_id: &ApiId) -> Result<Targets, Error> {
        let validators = self.rows.parts::<RequestValidator>(api_id)?.into_iter();
        let authorizers = self.rows.parts::<Authorizer>(api_id)?.into_iter();
        Ok(Targets {
            validators: validators.filter_map(|it| Some((it.name?, it.id))).collect(),
            authorizers: authorizers.map(|it| (it.name, it.id)).collect(),
        })
    }

    /// The record of a method; `None` if it is invalid, which is noted.
    fn method(
        &self,
        api: &RestApi,
        resource: &Resource,
        verb: HttpMethod,
        definition: MethodDefinition,
        targets: &Targets,
        notes: &mut Notes,
    ) -> Result<Option<Method>, Error> {
        let path = &resource.path;
        let mut method = definition.method;
        method.authorizer_id = definition.authorizer.and_then(|name| targets.authorizers.get(&name).cloned());
        if let Some(name) = definition.request_validator {
            method.request_validator_id = targets.validators.get(&name).cloned();
            if method.request_validator_id.is_none() {
                notes.warn(format!(
                    "Reference to request validator '{name}' not found for method '{verb}' of resource '{path}'. \
                     Ignoring."
                ));
            }
        }
        let done = check_method(self.rows, &api.id, &mut method);
        let place = |what: &str| format!("Unable to put {what} '{verb}' for resource at path '{path}'");
        if noted(done, notes, || format!("Unable to put method '{verb}' on resource at path '{path}'"))?
            .is_none()
        {
            return Ok(None);
        }
        for response in method.responses.values() {
            let done = check_method_response(self.rows, &api.id, response);
            noted(done, notes, || place("method response on"))?;
        }
        let Some(integration) = definition.integration else { return Ok(Some(method)) };
        let key = MethodKey {
            api_id: api.id.clone(),
            resource_id: resource.id.clone(),
            http_method: verb.as_str().to_owned(),
        };
        let resolved = integration.resolve(&key).map_err(Error::from).and_then(|integration| {
            check_integration(&integration, &method)?;
            check_role(self.rows, integration.credentials.as_deref())?;
            check_vpc_link(self.rows, self.apis, &integration)?;
            Ok(integration)
        });
        let Some(mut integration) = noted(resolved, notes, || place("integration on"))? else {
            return Ok(None);
        };
        for (status, response) in &definition.integration_responses {
            // The response of a status that the method doesn't declare may have headers: AWS imports documents with
            // such defaults. It refuses only headers that are missing from a declared response.
            let done = match method.responses.get(status) {
                Some(declared) => check_integration_response(response, Some(declared)),
                None => check_undeclared_response(response),
            };
            noted(done, notes, || place("integration response on"))?;
        }
        integration.responses = definition.integration_responses;
        method.integration = Some(integration);
        Ok(Some(method))
    }
}

/// The things to which methods refer by name.
struct Targets {
    validators: BTreeMap<String, RequestValidatorId>,
    authorizers: BTreeMap<String, AuthorizerId>,
}

fn check_errors(notes: &Notes) -> Result<(), BadRequest> {
    if notes.errors.is_empty() {
        return Ok(());
    }
    let mut text = notes.errors.join("\n\t");
    if !notes.warnings.is_empty() {
        text.push_str("\nAdditionally, these warnings were found:\n\t");
        text.push_str(&notes.warnings.join("\n\t"));
    }
    Err(BadRequest::ImportErrors(text))
}

/// Returns the value. A refusal is noted; a server error is returned.
fn noted<T>(
    done: Result<T, Error>,
    notes: &mut Notes,
    what: impl FnOnce() -> String,
) -> Result<Option<T>, Error> {
    match done {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_refusal() => {
            notes.fail(format!("{}: {error}", what()));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
