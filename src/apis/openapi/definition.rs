//! The API that a document describes, in either dialect: the records of an API before they have ids.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::apis::{
    ApiKeySource, CreateAuthorizer, CreateModel, DocumentationPartLocation, EndpointAccessMode, EndpointType,
    GatewayResponse, HttpMethod, IntegrationResponse, IpAddressType, Method, PutIntegration, ResponseType,
    StatusCode,
};

/// An API as described in a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Definition {
    /// Title, version and description.
    pub(crate) title: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    /// Methods by full path and verb, in the document's order of paths.
    pub(crate) paths: Vec<(String, BTreeMap<HttpMethod, MethodDefinition>)>,
    /// Models; those for inline schemas come after the named ones.
    pub(crate) models: Vec<CreateModel>,
    /// Authorizers, with the names of their security schemes.
    pub(crate) authorizers: Vec<CreateAuthorizer>,
    /// Request validators.
    pub(crate) request_validators: Vec<ValidatorDefinition>,
    /// Gateway responses.
    pub(crate) gateway_responses: BTreeMap<ResponseType, GatewayResponse>,
    /// Settings of the API as a whole.
    pub(crate) settings: Settings,
    /// The documentation, with each location once.
    pub(crate) documentation: Vec<(DocumentationPartLocation, Map<String, Value>)>,
    /// What had to be left out, and what can't be stored.
    pub(crate) notes: Notes,
}

/// A method. What it refers to is given by name, and resolved when it is stored.
#[derive(Clone, Debug)]
pub(crate) struct MethodDefinition {
    /// The record, without ids and without an integration.
    pub(crate) method: Method,
    /// The name of the authorizer.
    pub(crate) authorizer: Option<String>,
    /// The name of the request validator.
    pub(crate) request_validator: Option<String>,
    /// The backend.
    pub(crate) integration: Option<PutIntegration>,
    /// The integration's responses.
    pub(crate) integration_responses: BTreeMap<StatusCode, IntegrationResponse>,
}

/// A request validator before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValidatorDefinition {
    pub(crate) name: String,
    pub(crate) validate_request_body: bool,
    pub(crate) validate_request_parameters: bool,
}

/// The settings of the API as a whole, if the document contains them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) binary_media_types: Vec<String>,
    pub(crate) minimum_compression_size: Option<u32>,
    pub(crate) api_key_source: Option<ApiKeySource>,
    pub(crate) policy: Option<String>,
    pub(crate) endpoint_type: Option<EndpointType>,
    pub(crate) ip_address_type: Option<IpAddressType>,
    pub(crate) vpc_endpoint_ids: Option<Vec<String>>,
    pub(crate) disable_execute_api_endpoint: Option<bool>,
    pub(crate) security_policy: Option<String>,
    pub(crate) endpoint_access_mode: Option<EndpointAccessMode>,
}

/// The findings of an import, in the order in which they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Warnings: what was left out, and why.
    pub(crate) warnings: Vec<String>,
    /// Errors, which make the import fail.
    pub(crate) errors: Vec<String>,
}

impl Notes {
    /// The most findings of each kind: nonsense should not get an answer as long as itself.
    const MAX: usize = 1_000;

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        if self.warnings.len() < Self::MAX {
            self.warnings.push(text.into());
        }
    }

    pub(crate) fn fail(&mut self, text: impl Into<String>) {
        if self.errors.len() < Self::MAX {
            self.errors.push(text.into());
        }
    }
}
