//! APIs and their parts, but for resources, stages and what is written about them.

use std::collections::BTreeMap;

use crate::apis::authorizer::Authorizer;
use crate::apis::gateway_response::{GatewayResponse, ResponseType};
use crate::apis::jwt_configuration::{JwtAdditionalClaim, JwtConfiguration, JwtIssuer};
use crate::apis::model::Model;
use crate::apis::request_validator::RequestValidator;
use crate::apis::rest_api::{EndpointConfiguration, RestApi};
use crate::store::{Stored, Unreadable, record};

/// A gateway response with its type.
pub(crate) struct SetResponse {
    pub(crate) response_type: ResponseType,
    pub(crate) response: GatewayResponse,
}

/// Two in a row.
impl Stored<(String, GatewayResponseV1)> for SetResponse {
    fn to_stored(&self) -> (String, GatewayResponseV1) {
        (self.response_type.to_stored(), self.response.to_stored())
    }

    fn from_stored((response_type, response): (String, GatewayResponseV1)) -> Result<Self, Unreadable> {
        Ok(Self {
            response_type: ResponseType::from_stored(response_type)?,
            response: GatewayResponse::from_stored(response)?,
        })
    }
}

record! {
    /// Settings of an API as a whole.
    pub(super) struct RestApiV1 of RestApi {
        "id" id: String,
        "root_resource_id" root_resource_id: String,
        "name" name: String,
        "description" description: Option<String>,
        "created_date" created_date: i64,
        "version" version: Option<String>,
        "binary_media_types" binary_media_types: Vec<String>,
        "minimum_compression_size" minimum_compression_size: Option<u32>,
        "api_key_source" api_key_source: String,
        "endpoint_configuration" endpoint_configuration: EndpointConfigurationV1,
        "policy" policy: Option<String>,
        "tags" tags: BTreeMap<String, String>,
        "disable_execute_api_endpoint" disable_execute_api_endpoint: bool,
        "security_policy" security_policy: Option<String>,
        "endpoint_access_mode" endpoint_access_mode: Option<String>,
    }

    /// How an API is reached.
    pub(super) struct EndpointConfigurationV1 of EndpointConfiguration {
        "kind" kind: String,
        "ip_address_type" ip_address_type: String,
        "vpc_endpoint_ids" vpc_endpoint_ids: Vec<String>,
    }

    /// A model.
    pub(super) struct ModelV1 of Model {
        "id" id: String,
        "name" name: String,
        "description" description: Option<String>,
        "schema" schema: Option<String>,
        "content_type" content_type: String,
    }

    /// A request validator.
    pub(super) struct RequestValidatorV1 of RequestValidator {
        "id" id: String,
        "name" name: Option<String>,
        "validate_request_body" validate_request_body: bool,
        "validate_request_parameters" validate_request_parameters: bool,
    }

    /// An authorizer.
    pub(super) struct AuthorizerV1 of Authorizer {
        "id" id: String,
        "name" name: String,
        "kind" kind: String,
        "provider_arns" provider_arns: Vec<String>,
        "auth_type" auth_type: Option<String>,
        "authorizer_uri" authorizer_uri: Option<String>,
        "authorizer_credentials" authorizer_credentials: Option<String>,
        "identity_source" identity_source: Option<String>,
        "identity_validation_expression" identity_validation_expression: Option<String>,
        "result_ttl_seconds" result_ttl_seconds: Option<i64>,
        #[serde(default)]
        "jwt_configuration" jwt_configuration: Option<JwtConfigurationV1>,
    }

    /// What a JWT authorizer trusts.
    pub(super) struct JwtConfigurationV1 of JwtConfiguration {
        "issuers" issuers: Vec<JwtIssuerV1>,
        "defaultAlgorithms" default_algorithms: Vec<String>,
    }

    /// An issuer.
    pub(super) struct JwtIssuerV1 of JwtIssuer {
        "issuer" issuer: String,
        "audiences" audiences: Vec<String>,
        #[serde(default)]
        "additionalClaims" additional_claims: Vec<JwtClaimV1>,
    }

    /// A claim that a token has to have.
    pub(super) struct JwtClaimV1 of JwtAdditionalClaim {
        "claimName" claim_name: String,
        "format" format: String,
        #[serde(default)]
        "required" required: bool,
        #[serde(default)]
        "expectedValues" expected_values: Vec<String>,
    }

    /// What an owner set for a type of gateway responses.
    pub(super) struct GatewayResponseV1 of GatewayResponse {
        "status_code" status_code: Option<u16>,
        "response_parameters" response_parameters: BTreeMap<String, String>,
        "response_templates" response_templates: BTreeMap<String, String>,
    }
}
