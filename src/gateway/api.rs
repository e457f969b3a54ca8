//! REST APIs as defined by their owners: models, storage and control operations.
//!
//! A working copy (API, resources, methods, models, …) is edited freely; a deployment freezes it as a
//! [`DeploymentSnapshot`]; a stage points at deployments. Terms and shapes follow
//! <https://docs.aws.amazon.com/apigateway/latest/api/>.

mod deployment;
mod gateway_response;
mod ids;
mod integration;
mod live;
mod method;
mod model;
mod request_validator;
mod resource;
mod rest_api;
mod stage;
mod test_invoke;
mod words;

pub use deployment::{Deployment, DeploymentSnapshot};
pub use gateway_response::{EffectiveResponse, GatewayResponse, ResponseType, effective_response};
pub use ids::{ApiId, DeploymentId, RequestValidatorId, ResourceId, StageName, StatusCode};
pub use integration::{
    ConnectionType, ContentHandling, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
    ResponseTransferMode, TlsConfig,
};
pub use live::{Invalidate, LiveStage};
pub use method::{AuthorizationType, HttpMethod, Method, MethodResponse};
pub use model::Model;
pub use request_validator::RequestValidator;
pub use resource::Resource;
pub use rest_api::{
    ApiKeySource, EndpointAccessMode, EndpointConfiguration, EndpointType, IpAddressType, RestApi,
};
pub use stage::{
    AccessLogSettings, CacheClusterSize, CacheClusterStatus, CacheControlStrategy, CanarySettings,
    LoggingLevel, MethodSetting, Stage,
};
pub use test_invoke::{TestInvocation, TestInvoke, TestInvokeFuture, TestOutcome};
