//! The port for TestInvokeMethod and TestInvokeAuthorizer: the working copy of a method is called once, or that of an
//! authorizer asked once, with a log.
//!
//! See <https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeAuthorizer.html>. The control side finds the method
//! or authorizer; the data plane implements the call.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::authorizer::Authorizer;
use super::client_certificate::ClientCertificate;
use super::deployment::DeploymentSnapshot;
use super::ids::ResourceId;
use super::method::HttpMethod;
use super::vpc_link::VpcLinkNames;
use crate::id::AccountRegion;

/// One call to be made. Authorizers, API keys, throttling and resource policies don't apply to it.
#[derive(Clone, Debug)]
pub struct TestInvocation {
    /// Whose API it is, and where.
    pub owner: AccountRegion,
    /// The working copy, frozen for this call.
    pub api: Arc<DeploymentSnapshot>,
    /// The resource called, which exists in `api`.
    pub resource_id: ResourceId,
    /// The key of the method called, which exists on the resource: the verb itself, or `ANY`.
    pub method: HttpMethod,
    /// The verb asked for; differs from `method` where `ANY` answers for it.
    pub http_method: HttpMethod,
    /// Path with query as given; without it the resource's path stands for itself.
    pub path_with_query_string: Option<String>,
    /// Request body.
    pub body: Option<String>,
    /// Headers with their values, in the order given; `multiValueHeaders` win over `headers`.
    pub headers: Vec<(String, Vec<String>)>,
    /// Certificate shown to the backend.
    pub client_certificate: Option<ClientCertificate>,
    /// Stage variables of the call.
    pub stage_variables: BTreeMap<String, String>,
    /// The owner's VPC links.
    pub vpc_links: VpcLinkNames,
}

/// What came of it. A call that fails inside is an outcome as well, with the status a client would see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    /// Status a client would see.
    pub status: u16,
    /// Body a client would see.
    pub body: String,
    /// Headers a client would see, without `Content-Length`.
    pub headers: Vec<(String, Vec<String>)>,
    /// The execution log: lines ending in `\n`, each but the first with its time.
    pub log: String,
    /// Milliseconds the call took.
    pub latency_millis: u64,
}

/// An authorizer to be asked.
#[derive(Clone, Debug)]
pub struct TestAuthorization {
    /// Whose API it is, and where.
    pub owner: AccountRegion,
    /// The working copy, frozen for this call.
    pub api: Arc<DeploymentSnapshot>,
    /// The authorizer, as it is in `api`.
    pub authorizer: Authorizer,
    /// Path with query as given.
    pub path_with_query_string: Option<String>,
    /// Headers with their values, in the order given; `multiValueHeaders` win over `headers`.
    pub headers: Vec<(String, Vec<String>)>,
    /// Stage variables of the call.
    pub stage_variables: BTreeMap<String, String>,
    /// Identity sources in `$context`, by their names there.
    pub additional_context: BTreeMap<String, String>,
}

/// What an authorizer said. That it failed is an outcome as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestAuthorizationOutcome {
    /// Status a client would see; zero if the authorizer said who calls.
    pub client_status: u16,
    /// The execution log.
    pub log: String,
    /// Milliseconds the call took.
    pub latency_millis: u64,
    /// Who calls, as a function said.
    pub principal_id: Option<String>,
    /// What the caller may do: JSON.
    pub policy: Option<String>,
    /// What a token says.
    pub claims: Vec<(String, String)>,
}

/// See [`TestInvoke::test_authorize`].
pub type TestAuthorizeFuture<'a> = Pin<Box<dyn Future<Output = TestAuthorizationOutcome> + Send + 'a>>;

/// See [`TestInvoke::test_invoke`].
pub type TestInvokeFuture<'a> = Pin<Box<dyn Future<Output = TestOutcome> + Send + 'a>>;

/// Calls methods and asks authorizers of working copies.
pub trait TestInvoke: Send + Sync + 'static {
    /// Makes the call.
    fn test_invoke(&self, invocation: TestInvocation) -> TestInvokeFuture<'_>;

    /// Asks the authorizer.
    fn test_authorize(&self, test: TestAuthorization) -> TestAuthorizeFuture<'_>;
}
