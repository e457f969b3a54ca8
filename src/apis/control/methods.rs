//! PutMethod, GetMethod, UpdateMethod, DeleteMethod, and the same of method responses.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::authorizer::Authorizer;
use super::super::authorizer::check_authorization;
use super::super::http_method::HttpMethod;
use super::super::ids::{ApiId, AuthorizerId, RequestValidatorId, ResourceId, StatusCode};
use super::super::mapping_names::{check_request_parameters, check_response_parameters};
use super::super::method::{Method, MethodResponse};
use super::super::model::Model;
use super::super::request_validator::RequestValidator;
use super::super::resource::Resource;
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use crate::apis::error::{BadRequest, Conflict, Error, NotFound};
use crate::apis::patch::{PatchOperation, authorization_type, patch_method, patch_method_response};
use crate::id::AccountRegion;

/// Identifies a method.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodKey {
    /// The API.
    #[serde(rename = "restApiId")]
    pub api_id: ApiId,
    /// The resource.
    pub resource_id: ResourceId,
    /// The verb as the client wrote it; no method exists for an invalid one.
    #[serde(rename = "verb")]
    pub http_method: String,
}

/// The input of [PutMethod](https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PutMethod {
    /// The authorization type, in any case.
    pub authorization_type: String,
    /// The authorizer; ignored by types that don't use one.
    pub authorizer_id: Option<AuthorizerId>,
    /// Whether callers need an API key.
    pub api_key_required: bool,
    /// The owner's name for the operation.
    pub operation_name: Option<String>,
    /// Declared parameters.
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type → model name.
    pub request_models: BTreeMap<String, String>,
    /// The request validator.
    pub request_validator_id: Option<RequestValidatorId>,
    /// Scopes of which a token needs one, for Cognito authorizers.
    pub authorization_scopes: Vec<String>,
}

impl Apis {
    /// Adds a method to a resource.
    pub async fn put_method(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        input: PutMethod,
    ) -> Result<(HttpMethod, Method), Error> {
        self.write(owner, move |rows| {
            let mut resource = rows.part::<Resource>(&key.api_id, &key.resource_id)?;
            let verb = HttpMethod::parse(&key.http_method).ok_or(BadRequest::HttpMethod)?;
            let mut method = Method {
                authorization_type: authorization_type(&input.authorization_type)?,
                authorizer_id: input.authorizer_id.clone(),
                authorization_scopes: input.authorization_scopes.clone(),
                api_key_required: input.api_key_required,
                operation_name: input.operation_name.clone().filter(|name| !name.is_empty()),
                request_parameters: input.request_parameters.clone(),
                request_models: input.request_models.clone(),
                request_validator_id: input.request_validator_id.clone().filter(|id| !id.as_str().is_empty()),
                responses: BTreeMap::new(),
                integration: None,
            };
            check_method(rows, &key.api_id, &mut method)?;
            if resource.methods.contains_key(&verb) {
                return Err(Conflict::Method.into());
            }
            resource.methods.insert(verb, method.clone());
            rows.put_part(&key.api_id, &resource)?;
            Ok((verb, method))
        })
        .await
    }

    /// One method, with its responses and its integration.
    pub async fn method(&self, owner: &AccountRegion, key: MethodKey) -> Result<(HttpMethod, Method), Error> {
        self.read(owner, move |rows| {
            let (mut resource, verb) = locate(rows, &key)?;
            let method = resource.methods.remove(&verb).ok_or(NotFound::Method)?;
            Ok((verb, method))
        })
        .await
    }

    /// Changes a method.
    pub async fn update_method(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        patches: Vec<PatchOperation>,
    ) -> Result<(HttpMethod, Method), Error> {
        self.change_method(owner, key, move |rows, key, verb, method| {
            patch_method(method, &patches)?;
            check_method(rows, &key.api_id, method)?;
            Ok((verb, method.clone()))
        })
        .await
    }

    /// Deletes a method and everything in it.
    pub async fn delete_method(&self, owner: &AccountRegion, key: MethodKey) -> Result<(), Error> {
        self.write(owner, move |rows| {
            let (mut resource, verb) = locate(rows, &key)?;
            resource.methods.remove(&verb);
            rows.put_part(&key.api_id, &resource)
        })
        .await
    }

    /// Declares a method response. One with the same status is changed by a patch, or deleted first.
    pub async fn put_method_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
        response: MethodResponse,
    ) -> Result<MethodResponse, Error> {
        self.change_method(owner, key, move |rows, key, _, method| {
            check_method_response(rows, &key.api_id, &response)?;
            if method.responses.contains_key(&status) {
                return Err(Conflict::MethodResponse.into());
            }
            method.responses.insert(status, response.clone());
            Ok(response.clone())
        })
        .await
    }

    /// One method response.
    pub async fn method_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
    ) -> Result<MethodResponse, Error> {
        let (_, mut method) = self.method(owner, key).await?;
        method.responses.remove(&status).ok_or(NotFound::StatusCode).map_err(Error::from)
    }

    /// Changes a method response.
    pub async fn update_method_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
        patches: Vec<PatchOperation>,
    ) -> Result<MethodResponse, Error> {
        self.change_method(owner, key, move |rows, key, _, method| {
            let response = method.responses.get_mut(&status).ok_or(NotFound::StatusCode)?;
            patch_method_response(response, &patches)?;
            check_method_response(rows, &key.api_id, response)?;
            Ok(response.clone())
        })
        .await
    }

    /// Deletes a method response.
    pub async fn delete_method_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
    ) -> Result<(), Error> {
        self.change_method(owner, key, move |_, _, _, method| {
            method.responses.remove(&status).map(drop).ok_or(NotFound::StatusCode).map_err(Error::from)
        })
        .await
    }

    /// Applies `change` to an existing method, and stores the result unless it fails.
    pub(super) async fn change_method<T, F>(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        change: F,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Rows<'_>, &MethodKey, HttpMethod, &mut Method) -> Result<T, Error> + Send + 'static,
    {
        self.write(owner, move |rows| {
            let (mut resource, verb) = locate(rows, &key)?;
            let method = resource.methods.get_mut(&verb).ok_or(NotFound::Method)?;
            let answer = change(rows, &key, verb, method)?;
            rows.put_part(&key.api_id, &resource)?;
            Ok(answer)
        })
        .await
    }
}

/// The resource, which has a method with the verb.
fn locate(rows: &Rows<'_>, key: &MethodKey) -> Result<(Resource, HttpMethod), Error> {
    let resource = rows.part::<Resource>(&key.api_id, &key.resource_id)?;
    let verb = HttpMethod::parse(&key.http_method).filter(|verb| resource.methods.contains_key(verb));
    Ok((resource, verb.ok_or(NotFound::Method)?))
}

/// Checks names in a method, and that what it refers to exists.
pub(super) fn check_method(rows: &Rows<'_>, api_id: &ApiId, method: &mut Method) -> Result<(), Error> {
    let authorizers = rows.parts::<Authorizer>(api_id)?.into_iter();
    check_authorization(method, &authorizers.map(|it| (it.id.clone(), it)).collect())?;
    if let Some(id) = &method.request_validator_id
        && rows.find_part::<RequestValidator>(api_id, id)?.is_none()
    {
        return Err(BadRequest::RequestValidatorIdentifier.into());
    }
    check_models(rows, api_id, &method.request_models)?;
    check_request_parameters(&method.request_parameters)?;
    Ok(())
}

/// Checks names in a method response, and that its models exist.
pub(super) fn check_method_response(
    rows: &Rows<'_>,
    api_id: &ApiId,
    response: &MethodResponse,
) -> Result<(), Error> {
    check_response_parameters(&response.parameters)?;
    check_models(rows, api_id, &response.models)
}

fn check_models(rows: &Rows<'_>, api_id: &ApiId, models: &BTreeMap<String, String>) -> Result<(), Error> {
    for name in models.values() {
        if rows.find_part::<Model>(api_id, name)?.is_none() {
            return Err(BadRequest::ModelIdentifier(name.clone()).into());
        }
    }
    Ok(())
}
