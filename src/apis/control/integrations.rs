//! PutIntegration, GetIntegration, UpdateIntegration, DeleteIntegration, and the same of integration
//! responses.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::check_integration::{check_integration, check_integration_response};
use super::super::http_method::HttpMethod;
use super::super::ids::StatusCode;
use super::super::integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
    ResponseTransferMode, TIMEOUT_MILLIS_MAX, TlsConfig,
};
use super::super::method::Method;
use super::super::rest_apis::Apis;
use super::super::roles::check_role;
use super::methods::MethodKey;
use super::vpc_links::check_vpc_link;
use crate::apis::error::{BadRequest, Conflict, Error, NotFound};
use crate::apis::patch::{PatchOperation, patch_integration, patch_integration_response};
use crate::id::AccountRegion;

const TIMEOUT_MILLIS_DEFAULT: i64 = 29_000;

/// The input of [PutIntegration](https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PutIntegration {
    /// Kind of backend.
    #[serde(rename = "type")]
    pub kind: IntegrationType,
    /// Verb of the backend call.
    pub http_method: Option<String>,
    /// Backend's address.
    pub uri: Option<String>,
    /// Network of the backend call; INTERNET if not given.
    pub connection_type: Option<ConnectionType>,
    /// VPC link's id.
    pub connection_id: Option<String>,
    /// Role of the backend call.
    pub credentials: Option<String>,
    /// Parameter mappings.
    #[serde(default)]
    pub request_parameters: BTreeMap<String, String>,
    /// Templates by content type; a missing template counts as an empty one.
    #[serde(default)]
    pub request_templates: BTreeMap<String, Option<String>>,
    /// WHEN_NO_MATCH if not given.
    pub passthrough_behavior: Option<String>,
    /// The resource's id if not given.
    pub cache_namespace: Option<String>,
    /// Parameters of the cache key.
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    /// Conversion of the request body.
    pub content_handling: Option<ContentHandling>,
    /// 29 000 if not given.
    #[serde(rename = "timeoutInMillis")]
    pub timeout_millis: Option<i64>,
    /// How the backend's certificate is verified.
    pub tls_config: Option<TlsConfig>,
    /// Whether the response is buffered or streamed.
    pub response_transfer_mode: Option<ResponseTransferMode>,
    /// Load balancer's ARN.
    pub integration_target: Option<String>,
}

impl PutIntegration {
    /// The record for the method at `key`, with defaults filled in.
    pub(super) fn resolve(self, key: &MethodKey) -> Result<Integration, BadRequest> {
        // A mock calls no backend: AWS accepts a verb and a URI, and drops them.
        let is_mock = self.kind == IntegrationType::Mock;
        let verb = self.http_method.filter(|verb| !is_mock && !verb.is_empty());
        let verb = verb.map(|verb| HttpMethod::parse(&verb).ok_or(BadRequest::HttpMethod)).transpose()?;
        let passthrough = match self.passthrough_behavior {
            Some(text) => PassthroughBehavior::parse(&text).ok_or(BadRequest::PassthroughBehavior)?,
            None => PassthroughBehavior::WhenNoMatch,
        };
        let timeout = self.timeout_millis.unwrap_or(TIMEOUT_MILLIS_DEFAULT);
        Ok(Integration {
            kind: self.kind,
            http_method: verb,
            uri: self.uri.filter(|_| !is_mock),
            connection_type: self.connection_type.unwrap_or(ConnectionType::Internet),
            connection_id: self.connection_id,
            credentials: self.credentials,
            request_parameters: self.request_parameters,
            request_templates: templates(self.request_templates),
            passthrough_behavior: passthrough,
            content_handling: self.content_handling,
            timeout_millis: u32::try_from(timeout).map_err(|_| BadRequest::Timeout(TIMEOUT_MILLIS_MAX))?,
            cache_namespace: self.cache_namespace.unwrap_or_else(|| key.resource_id.to_string()),
            cache_key_parameters: self.cache_key_parameters,
            tls_config: self.tls_config,
            response_transfer_mode: self.response_transfer_mode,
            integration_target: self.integration_target,
            responses: BTreeMap::new(),
        })
    }
}

impl Apis {
    /// Sets a method's integration; replaces the previous one with all its responses.
    pub async fn put_integration(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        input: PutIntegration,
    ) -> Result<Integration, Error> {
        let apis = self.clone();
        self.change_method(owner, key, move |rows, key, _, method| {
            let integration = input.clone().resolve(key)?;
            check_integration(&integration, method)?;
            check_role(rows, integration.credentials.as_deref())?;
            check_vpc_link(rows, &apis, &integration)?;
            method.integration = Some(integration.clone());
            Ok(integration)
        })
        .await
    }

    /// A method's integration.
    pub async fn integration(&self, owner: &AccountRegion, key: MethodKey) -> Result<Integration, Error> {
        let (_, method) = self.method(owner, key).await?;
        method.integration.ok_or(NotFound::Integration).map_err(Error::from)
    }

    /// Changes a method's integration.
    pub async fn update_integration(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        patches: Vec<PatchOperation>,
    ) -> Result<Integration, Error> {
        let apis = self.clone();
        self.change_method(owner, key, move |rows, _, _, method| {
            let mut integration = method.integration.clone().ok_or(NotFound::Integration)?;
            patch_integration(&mut integration, &patches)?;
            check_integration(&integration, method)?;
            check_role(rows, integration.credentials.as_deref())?;
            check_vpc_link(rows, &apis, &integration)?;
            method.integration = Some(integration.clone());
            Ok(integration)
        })
        .await
    }

    /// Deletes a method's integration.
    pub async fn delete_integration(&self, owner: &AccountRegion, key: MethodKey) -> Result<(), Error> {
        self.change_method(owner, key, move |_, _, _, method| {
            method.integration.take().map(drop).ok_or(NotFound::Integration).map_err(Error::from)
        })
        .await
    }

    /// Sets the integration response for `status`; replaces an existing one.
    pub async fn put_integration_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
        response: IntegrationResponse,
    ) -> Result<IntegrationResponse, Error> {
        self.change_method(owner, key, move |_, _, _, method| {
            let integration = method.integration.as_mut().ok_or(NotFound::Integration)?;
            check_integration_response(&response, method.responses.get(&status))?;
            check_selection_pattern(&integration.responses, status, &response)?;
            integration.responses.insert(status, response.clone());
            Ok(response.clone())
        })
        .await
    }

    /// The integration response for `status`.
    pub async fn integration_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
    ) -> Result<IntegrationResponse, Error> {
        let mut integration = self.integration(owner, key).await?;
        integration.responses.remove(&status).ok_or(NotFound::StatusCode).map_err(Error::from)
    }

    /// Changes the integration response for `status`.
    pub async fn update_integration_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
        patches: Vec<PatchOperation>,
    ) -> Result<IntegrationResponse, Error> {
        self.change_method(owner, key, move |_, _, _, method| {
            let Method { integration, responses, .. } = method;
            let integration = integration.as_mut().ok_or(NotFound::Integration)?;
            let mut response = integration.responses.get(&status).cloned().ok_or(NotFound::StatusCode)?;
            patch_integration_response(&mut response, &patches)?;
            check_integration_response(&response, responses.get(&status))?;
            check_selection_pattern(&integration.responses, status, &response)?;
            integration.responses.insert(status, response.clone());
            Ok(response)
        })
        .await
    }

    /// Deletes the integration response for `status`. As on AWS, the error for a missing method is that its integration
    /// doesn't exist.
    pub async fn delete_integration_response(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        status: StatusCode,
    ) -> Result<(), Error> {
        let done = self
            .change_method(owner, key, move |_, _, _, method| {
                let integration = method.integration.as_mut().ok_or(NotFound::Integration)?;
                integration
                    .responses
                    .remove(&status)
                    .map(drop)
                    .ok_or(NotFound::StatusCode)
                    .map_err(Error::from)
            })
            .await;
        match done {
            Err(Error::NotFound(NotFound::Method)) => Err(NotFound::Integration.into()),
            done => done,
        }
    }
}

/// Refuses a pattern that the response of another status has: only one of them could ever be selected.
fn check_selection_pattern(
    responses: &BTreeMap<StatusCode, IntegrationResponse>,
    status: StatusCode,
    response: &IntegrationResponse,
) -> Result<(), Conflict> {
    let pattern = |response: &IntegrationResponse| response.selection_pattern.clone().unwrap_or_default();
    let own = pattern(response);
    if !responses.iter().any(|(other, there)| *other != status && pattern(there) == own) {
        return Ok(());
    }
    Err(Conflict::SelectionPattern(if own.is_empty() { "default".to_owned() } else { own }))
}

/// Templates in their stored form: an empty text stands for none.
pub fn templates(given: BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    given.into_iter().map(|(content_type, template)| (content_type, template.unwrap_or_default())).collect()
}
