//! Authorizers.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{LIMIT, OfApi, PATCHES, POSITION, Paged, Patched, REST_API_ID};
use super::view;
use crate::apis::{
    ApiId, Authorizer, AuthorizerId, AuthorizerType, CreateAuthorizer, JwtAlgorithm, JwtClaimFormat,
    TestInvokeAuthorizer,
};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const AUTHORIZER_ID: Member = required("authorizerId", Shape::TEXT).at(Location::Uri("authorizer_id"));

/// Labels of one authorizer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfAuthorizer {
    rest_api_id: ApiId,
    authorizer_id: AuthorizerId,
}

pub(super) static CREATE: Structure = Structure::new(
    "CreateAuthorizerInput",
    &[
        REST_API_ID,
        required("name", Shape::TEXT),
        required("type", Shape::Enum(AuthorizerType::WORDS)),
        optional("providerARNs", Shape::STRING_LIST),
        optional("authType", Shape::TEXT),
        optional("authorizerUri", Shape::TEXT),
        optional("authorizerCredentials", Shape::TEXT),
        optional("identitySource", Shape::TEXT),
        optional("identityValidationExpression", Shape::TEXT),
        optional("authorizerResultTtlInSeconds", Shape::INT),
        optional("jwtConfiguration", Shape::Structure(&JWT_CONFIGURATION)),
    ],
);

static JWT_CONFIGURATION: Structure = Structure::new(
    "JwtConfigurationInput",
    &[
        required("issuers", Shape::list(&Shape::Structure(&JWT_ISSUER))),
        required("defaultAlgorithms", Shape::list(&Shape::Enum(JwtAlgorithm::WORDS))),
    ],
);

static JWT_ISSUER: Structure = Structure::new(
    "JwtIssuerInput",
    &[
        required("issuer", Shape::TEXT),
        required("audiences", Shape::STRING_LIST),
        optional("additionalClaims", Shape::list(&Shape::Structure(&JWT_ADDITIONAL_CLAIM))),
    ],
);

static JWT_ADDITIONAL_CLAIM: Structure = Structure::new(
    "JwtAdditionalClaim",
    &[
        required("claimName", Shape::TEXT),
        required("format", Shape::Enum(JwtClaimFormat::WORDS)),
        optional("required", Shape::Boolean),
        optional("expectedValues", Shape::STRING_LIST),
    ],
);

#[derive(Deserialize)]
pub(super) struct Create {
    #[serde(flatten)]
    of: OfApi,
    #[serde(flatten)]
    authorizer: CreateAuthorizer,
}

pub(super) async fn create(call: &Call, input: Create) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let made = control.create_authorizer(&call.home, &input.of.rest_api_id, input.authorizer).await?;
    Ok(view::authorizer(&made))
}

pub(super) static LIST: Structure = Structure::new("GetAuthorizersInput", &[REST_API_ID, POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfApi>) -> Result<Value, ApiError> {
    let (OfApi { rest_api_id }, page) = input.split();
    let page = call.apis().control.parts::<Authorizer>(&call.home, &rest_api_id, page).await?;
    Ok(view::page(page, view::authorizer))
}

pub(super) static GET: Structure = Structure::new("GetAuthorizerInput", &[REST_API_ID, AUTHORIZER_ID]);

pub(super) async fn get(call: &Call, input: OfAuthorizer) -> Result<Value, ApiError> {
    let OfAuthorizer { rest_api_id, authorizer_id } = input;
    let authorizer = call.apis().control.part::<Authorizer>(&call.home, &rest_api_id, &authorizer_id).await?;
    Ok(view::authorizer(&authorizer))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateAuthorizerInput", &[REST_API_ID, AUTHORIZER_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfAuthorizer>) -> Result<Value, ApiError> {
    let OfAuthorizer { rest_api_id, authorizer_id } = input.of;
    let (control, patches) = (&call.apis().control, input.patch_operations);
    let changed = control.update_authorizer(&call.home, &rest_api_id, &authorizer_id, patches).await?;
    Ok(view::authorizer(&changed))
}

pub(super) static DELETE: Structure = Structure::new("DeleteAuthorizerInput", &[REST_API_ID, AUTHORIZER_ID]);

pub(super) async fn delete(call: &Call, input: OfAuthorizer) -> Result<(), ApiError> {
    let OfAuthorizer { rest_api_id, authorizer_id } = input;
    Ok(call.apis().control.delete_authorizer(&call.home, &rest_api_id, &authorizer_id).await?)
}

pub(super) static TEST_INVOKE: Structure = Structure::new(
    "TestInvokeAuthorizerInput",
    &[
        REST_API_ID,
        AUTHORIZER_ID,
        optional("headers", Shape::STRING_MAP),
        optional("multiValueHeaders", Shape::map(&Shape::TEXT, &Shape::STRING_LIST)),
        optional("pathWithQueryString", Shape::TEXT),
        optional("body", Shape::TEXT),
        optional("stageVariables", Shape::STRING_MAP),
        optional("additionalContext", Shape::STRING_MAP),
    ],
);

#[derive(Deserialize)]
pub(super) struct TestInvoke {
    #[serde(flatten)]
    of: OfAuthorizer,
    #[serde(flatten)]
    test: TestInvokeAuthorizer,
}

pub(super) async fn test_invoke(call: &Call, input: TestInvoke) -> Result<Value, ApiError> {
    let apis = call.apis();
    let (OfAuthorizer { rest_api_id, authorizer_id }, port) = (input.of, apis.test_invoke.as_ref());
    let tested =
        apis.control.test_invoke_authorizer(&call.home, &rest_api_id, &authorizer_id, input.test, port);
    Ok(view::test_authorization(&tested.await?))
}
