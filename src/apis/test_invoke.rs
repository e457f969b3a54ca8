//! The port for TestInvokeMethod and TestInvokeAuthorizer: runs a method or an authorizer of the working copy once,
//! with a log.
//!
//! See <https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html>,
//! <https://docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeAuthorizer.html>. The control plane finds the
//! method or authorizer; the data plane implements the call.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::authorizer::Authorizer;
use super::client_certificate::ClientCertificate;
use super::deployment::DeploymentSnapshot;
use super::http_method::HttpMethod;
use super::ids::ResourceId;
use super::vpc_link::VpcLinkNames;
use crate::id::AccountRegion;

/// A test call. Authorizers, API keys, throttling and resource policies don't apply to it.
#[derive(Clone, Debug)]
pub struct TestInvocation {
    /// The account and region of the API.
    pub owner: AccountRegion,
    /// The working copy, frozen for this call.
    pub api: Arc<DeploymentSnapshot>,
    /// The resource called, which exists in `api`.
    pub resource_id: ResourceId,
    /// The key of the method called, which exists on the resource: the verb itself, or `ANY`.
    pub method: HttpMethod,
    /// The requested verb; differs from `method` if that is `ANY`.
    pub http_method: HttpMethod,
    /// Path with query as given; by default the resource's path.
    pub path_with_query_string: Option<String>,
    /// Request body.
    pub body: Option<String>,
    /// Headers with their values, in the given order; `multiValueHeaders` take precedence over `headers`.
    pub headers: Vec<(String, Vec<String>)>,
    /// Certificate shown to the backend.
    pub client_certificate: Option<ClientCertificate>,
    /// Stage variables of the call.
    pub stage_variables: BTreeMap<String, String>,
    /// The owner's VPC links.
    pub vpc_links: VpcLinkNames,
}

/// The result of a test call. A call that fails has a result too, with the status that a client would see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestOutcome {
    /// Status a client would see; 0 if a streamed response did not begin within 35 seconds.
    pub status: u16,
    /// Body a client would see.
    pub body: String,
    /// Headers a client would see, without `Content-Length`.
    pub headers: Vec<(String, Vec<String>)>,
    /// The execution log: lines ending in `\n`, each with its time except the first.
    pub log: String,
    /// Milliseconds the call took.
    pub latency_millis: u64,
}

impl TestOutcome {
    /// A streamed response that had not begun after `waited`.
    pub fn silent(waited: Duration) -> Self {
        let latency_millis = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        Self { status: 0, body: String::new(), headers: Vec::new(), log: String::new(), latency_millis }
    }
}

/// A test of an authorizer.
#[derive(Clone, Debug)]
pub struct TestAuthorization {
    /// The account and region of the API.
    pub owner: AccountRegion,
    /// The working copy, frozen for this call.
    pub api: Arc<DeploymentSnapshot>,
    /// The authorizer to run, from `api`.
    pub authorizer: Authorizer,
    /// Path with query as given.
    pub path_with_query_string: Option<String>,
    /// Headers with their values, in the given order; `multiValueHeaders` take precedence over `headers`.
    pub headers: Vec<(String, Vec<String>)>,
    /// Stage variables of the call.
    pub stage_variables: BTreeMap<String, String>,
    /// Values for identity sources in `$context`, by their names there.
    pub additional_context: BTreeMap<String, String>,
}

/// The result of testing an authorizer. A failure is a result too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestAuthorizationOutcome {
    /// The status that a client would see; zero if the authorizer identified the caller.
    pub client_status: u16,
    /// The execution log.
    pub log: String,
    /// Milliseconds the call took.
    pub latency_millis: u64,
    /// The caller, as returned by a function.
    pub principal_id: Option<String>,
    /// What the caller may do: JSON.
    pub policy: Option<String>,
    /// The claims of a token.
    pub claims: Vec<(String, String)>,
}

/// See [`TestInvoke::test_authorize`].
pub type TestAuthorizeFuture<'a> = Pin<Box<dyn Future<Output = TestAuthorizationOutcome> + Send + 'a>>;

/// See [`TestInvoke::test_invoke`].
pub type TestInvokeFuture<'a> = Pin<Box<dyn Future<Output = TestOutcome> + Send + 'a>>;

/// Runs methods and authorizers of working copies.
pub trait TestInvoke: Send + Sync + 'static {
    /// Makes the call.
    fn test_invoke(&self, invocation: TestInvocation) -> TestInvokeFuture<'_>;

    /// Runs the authorizer.
    fn test_authorize(&self, test: TestAuthorization) -> TestAuthorizeFuture<'_>;
}
