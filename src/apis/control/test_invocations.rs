//! TestInvokeMethod and TestInvokeAuthorizer: find the method or authorizer in the working copy and have the data plane
//! run it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};

use super::super::authorizer::Authorizer;
use super::super::client_certificate::ClientCertificate;
use super::super::http_method::HttpMethod;
use super::super::ids::{ApiId, AuthorizerId};
use super::super::rest_apis::Apis;
use super::super::test_invoke::{
    TestAuthorization, TestAuthorizationOutcome, TestInvocation, TestInvoke, TestOutcome,
};
use super::super::tree::find;
use super::methods::MethodKey;
use crate::apis::error::{Error, NotFound};
use crate::id::AccountRegion;

/// The input of [TestInvokeMethod](https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TestInvokeMethod {
    /// Path with query.
    pub path_with_query_string: Option<String>,
    /// Body.
    pub body: Option<String>,
    /// Headers with one value.
    #[serde(deserialize_with = "pairs")]
    pub headers: Vec<(String, String)>,
    /// Headers with all their values; they take precedence.
    #[serde(deserialize_with = "pairs")]
    pub multi_value_headers: Vec<(String, Vec<String>)>,
    /// The client certificate for the backend.
    pub client_certificate_id: Option<String>,
    /// Stage variables.
    pub stage_variables: BTreeMap<String, String>,
}

/// The input of
/// [TestInvokeAuthorizer](https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeAuthorizer.html).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TestInvokeAuthorizer {
    /// Headers with one value.
    #[serde(deserialize_with = "pairs")]
    pub headers: Vec<(String, String)>,
    /// Headers with all their values; they take precedence.
    #[serde(deserialize_with = "pairs")]
    pub multi_value_headers: Vec<(String, Vec<String>)>,
    /// Path with query.
    pub path_with_query_string: Option<String>,
    /// Stage variables.
    pub stage_variables: BTreeMap<String, String>,
    /// Values for identity sources in `$context`.
    pub additional_context: BTreeMap<String, String>,
}

impl Apis {
    /// Runs an authorizer of the working copy through `port`.
    pub async fn test_invoke_authorizer(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &AuthorizerId,
        input: TestInvokeAuthorizer,
        port: &dyn TestInvoke,
    ) -> Result<TestAuthorizationOutcome, Error> {
        let authorizer = self.part::<Authorizer>(owner, api_id, id).await?;
        let test = TestAuthorization {
            owner: owner.clone(),
            api: self.working_copy(owner, api_id).await?,
            authorizer,
            path_with_query_string: input.path_with_query_string,
            headers: merged(input.headers, input.multi_value_headers),
            stage_variables: input.stage_variables,
            additional_context: input.additional_context,
        };
        Ok(port.test_authorize(test).await)
    }

    /// Calls a method of the working copy through `port`.
    pub async fn test_invoke_method(
        &self,
        owner: &AccountRegion,
        key: MethodKey,
        input: TestInvokeMethod,
        port: &dyn TestInvoke,
    ) -> Result<TestOutcome, Error> {
        let api = self.working_copy(owner, &key.api_id).await.map_err(|error| match error {
            // For paths below `/resources`, AWS's error for a missing API is about the resource.
            Error::NotFound(_) => NotFound::Resource.into(),
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
        let resource = find(&api.resources, &key.resource_id)?;
        let http_method = HttpMethod::parse(&key.http_method).ok_or(NotFound::Method)?;
        let method =
            [http_method, HttpMethod::Any].into_iter().find(|verb| resource.methods.contains_key(verb));
        let invocation = TestInvocation {
            owner: owner.clone(),
            api: Arc::clone(&api),
            resource_id: key.resource_id,
            method: method.ok_or(NotFound::Method)?,
            http_method,
            path_with_query_string: input.path_with_query_string,
            body: input.body,
            headers: merged(input.headers, input.multi_value_headers),
            client_certificate: match input.client_certificate_id.filter(|id| !id.is_empty()) {
                Some(id) => Some(self.owned::<ClientCertificate>(owner, id).await?),
                None => None,
            },
            stage_variables: input.stage_variables,
            vpc_links: self.vpc_link_names(owner).await?,
        };
        Ok(port.test_invoke(invocation).await)
    }
}

/// Merges headers with one value and headers with several, which take precedence.
fn merged(
    single: Vec<(String, String)>,
    mut headers: Vec<(String, Vec<String>)>,
) -> Vec<(String, Vec<String>)> {
    for (name, value) in single {
        if !headers.iter().any(|(there, _)| there.eq_ignore_ascii_case(&name)) {
            headers.push((name, vec![value]));
        }
    }
    headers
}

/// An object as pairs, in their original order.
fn pairs<'de, D: Deserializer<'de>, V: DeserializeOwned>(object: D) -> Result<Vec<(String, V)>, D::Error> {
    let object = serde_json::Map::deserialize(object)?;
    let pair =
        |(name, value)| serde_json::from_value(value).map(|value| (name, value)).map_err(D::Error::custom);
    object.into_iter().map(pair).collect()
}
