//! Methods: what clients can do with a resource, and the responses they get.

use std::collections::BTreeMap;

use super::ids::{AuthorizerId, RequestValidatorId, StatusCode};
use super::integration::Integration;
use super::words::words;

words! {
    /// How callers are authorized.
    pub enum AuthorizationType {
        None = "NONE",
        AwsIam = "AWS_IAM",
        Custom = "CUSTOM",
        CognitoUserPools = "COGNITO_USER_POOLS",
        Jwt = "JWT",
    }
}

/// See [Method](https://docs.aws.amazon.com/apigateway/latest/api/API_Method.html). Its verb is its key in
/// [`Resource::methods`](super::Resource::methods).
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// How callers are authorized.
    pub authorization_type: AuthorizationType,
    /// The authorizer, if the type uses one.
    pub authorizer_id: Option<AuthorizerId>,
    /// Scopes of which a caller's token needs one; only for Cognito authorizers.
    pub authorization_scopes: Vec<String>,
    /// Whether a caller needs an API key.
    pub api_key_required: bool,
    /// The owner's name for the operation.
    pub operation_name: Option<String>,
    /// `method.request.{header|querystring|path|…}.NAME` → whether it is required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type → model name.
    pub request_models: BTreeMap<String, String>,
    /// The request validator.
    pub request_validator_id: Option<RequestValidatorId>,
    /// The declared responses.
    pub responses: BTreeMap<StatusCode, MethodResponse>,
    /// The integration; without one, the method can't be deployed.
    pub integration: Option<Integration>,
}

/// See [MethodResponse](https://docs.aws.amazon.com/apigateway/latest/api/API_MethodResponse.html). Its status
/// code is its key in [`Method::responses`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResponse {
    /// `method.response.header.NAME` → whether it is required.
    pub parameters: BTreeMap<String, bool>,
    /// Content type → model name.
    pub models: BTreeMap<String, String>,
}
