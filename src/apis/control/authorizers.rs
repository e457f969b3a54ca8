//! CreateAuthorizer, GetAuthorizer(s), UpdateAuthorizer, DeleteAuthorizer.

use serde::Deserialize;

use super::super::authorizer::{Authorizer, AuthorizerType, check_authorizer};
use super::super::ids::{ApiId, AuthorizerId};
use super::super::jwt_configuration::JwtConfiguration;
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use crate::apis::error::{BadRequest, Conflict, Error, LimitExceeded};
use crate::apis::patch::{PatchOperation, patch_authorizer};
use crate::clock::Ids;
use crate::id::AccountRegion;

/// The most authorizers of an API.
pub(super) const AUTHORIZERS_MAX: usize = 10;

/// The input of [CreateAuthorizer](https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateAuthorizer {
    /// Name.
    pub name: String,
    /// The authorizer's type.
    #[serde(rename = "type")]
    pub kind: AuthorizerType,
    /// ARNs of user pools.
    #[serde(rename = "providerARNs", default)]
    pub provider_arns: Vec<String>,
    /// A label for people; the type's default if not given.
    pub auth_type: Option<String>,
    /// The invocation URI of the Lambda function.
    pub authorizer_uri: Option<String>,
    /// The role of the call.
    pub authorizer_credentials: Option<String>,
    /// Where the identity is in the request.
    pub identity_source: Option<String>,
    /// A pattern that tokens have to match.
    pub identity_validation_expression: Option<String>,
    /// How long a result is cached, in seconds.
    pub authorizer_result_ttl_in_seconds: Option<i64>,
    /// The settings of a JWT authorizer.
    pub jwt_configuration: Option<JwtConfiguration>,
}

impl CreateAuthorizer {
    /// The record, with its new id.
    pub(crate) fn resolve(self, id: AuthorizerId) -> Authorizer {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Authorizer {
            id,
            name: self.name,
            auth_type: filled(self.auth_type).or_else(|| Some(self.kind.default_auth_type().to_owned())),
            kind: self.kind,
            provider_arns: self.provider_arns,
            authorizer_uri: filled(self.authorizer_uri),
            authorizer_credentials: filled(self.authorizer_credentials),
            identity_source: filled(self.identity_source),
            identity_validation_expression: filled(self.identity_validation_expression),
            result_ttl_seconds: self.authorizer_result_ttl_in_seconds,
            jwt_configuration: self.jwt_configuration,
        }
    }
}

impl Apis {
    /// Adds an authorizer to an API.
    pub async fn create_authorizer(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        input: CreateAuthorizer,
    ) -> Result<Authorizer, Error> {
        let (api_id, ids) = (api_id.clone(), self.ids());
        self.write(owner, move |rows| {
            // Recorded: AWS finds no API to lock, and its message says so.
            if !rows.has_api(&api_id)? {
                return Err(Conflict::ConcurrentModification.into());
            }
            let authorizer = input.clone().resolve(new_id(ids.as_ref()));
            add_authorizer(rows, &api_id, &authorizer)?;
            Ok(authorizer)
        })
        .await
    }

    /// Changes an authorizer. Deployed stages are not affected.
    pub async fn update_authorizer(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &AuthorizerId,
        patches: Vec<PatchOperation>,
    ) -> Result<Authorizer, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let mut authorizer = rows.part::<Authorizer>(&api_id, &id)?;
            patch_authorizer(&mut authorizer, &patches)?;
            check_authorizer(&authorizer)?;
            check_name(rows, &api_id, &authorizer)?;
            rows.put_part(&api_id, &authorizer)?;
            Ok(authorizer)
        })
        .await
    }

    /// Deletes an authorizer that no method uses.
    pub async fn delete_authorizer(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &AuthorizerId,
    ) -> Result<(), Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let found = rows.part::<Authorizer>(&api_id, &id)?;
            for resource in rows.resources_of(&api_id)? {
                let user = resource.methods.iter().find(|(_, m)| m.authorizer_id.as_ref() == Some(&id));
                if let Some((verb, _)) = user {
                    let (authorizer, path) = (found.name, resource.path.clone());
                    return Err(Conflict::AuthorizerInUse { authorizer, path, method: *verb }.into());
                }
            }
            rows.delete_part::<Authorizer>(&api_id, &id)
        })
        .await
    }
}

/// A new id for an authorizer.
pub(super) fn new_id(ids: &dyn Ids) -> AuthorizerId {
    ids.lower_alphanumeric(6).into()
}

/// Checks a new authorizer, and stores it.
pub(super) fn add_authorizer(rows: &Rows<'_>, api_id: &ApiId, authorizer: &Authorizer) -> Result<(), Error> {
    check_authorizer(authorizer)?;
    check_name(rows, api_id, authorizer)?;
    if AUTHORIZERS_MAX <= rows.parts::<Authorizer>(api_id)?.len() {
        return Err(LimitExceeded::Authorizers.into());
    }
    rows.put_part(api_id, authorizer)
}

fn check_name(rows: &Rows<'_>, api_id: &ApiId, authorizer: &Authorizer) -> Result<(), Error> {
    let others = rows.parts::<Authorizer>(api_id)?;
    if others.iter().any(|other| other.name == authorizer.name && other.id != authorizer.id) {
        return Err(BadRequest::AuthorizerName(authorizer.name.clone()).into());
    }
    Ok(())
}
