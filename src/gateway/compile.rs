//! Compiles deployments: does everything that can be parsed or decided before a request comes.
//!
//! A [`CompiledStage`] never changes. A request holds one from start to end, so that a redeployment never mixes two
//! versions in one request.

mod aws_target;
mod body_models;
mod gateway_responses;
mod integration;
mod media;
mod meters;
mod method_cache;
mod method_settings;
mod routes;
mod templates;
mod uri;

pub(crate) use aws_target::AwsTarget;
pub(crate) use body_models::{BodyModels, ComplaintsFor, Mismatch, library};
pub(crate) use integration::{
    Backend, CompiledIntegration, CompiledResponse, Credentials, HttpBackend, RequestTarget,
};
pub(crate) use media::{BinaryTypes, essence, first_accepted};
pub(crate) use method_cache::MethodCache;
pub use routes::Tried;
pub(crate) use routes::{Match, parameters_of};
pub(crate) use templates::CompiledTemplate;
pub(crate) use uri::{AddressError, FilledAddress, HttpAddress, PlacedValue, Writing, with_stage_variables};

use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::ResourcePolicy;
use super::authorizers::{AuthorizerPools, AuthorizerSetting, CompiledAuthorizer};
use super::cache::{Caches, Contents, ResponseCache, Share};
use super::mapping::source::Source;
use super::mapping::text::Text;
use super::plans::key_cache::KeyCache;
use super::plans::key_meters::KeyMeters;
use super::plans::terms::Terms;
use super::plans::throttle::Limiter;
use super::upstream::{Links, Upstreams};
use crate::apis::{
    AccessLogSettings, ApiId, ApiKeySource, AuthorizationType, AuthorizerId, ClientCertificate, DeploymentId,
    DeploymentSnapshot, HttpMethod, LiveStage, Method, Resource, ResourceId, Stage, StageName, Variable,
};
use crate::clock::Clock;
use crate::connect::ClientIdentity;
use crate::id::AccountRegion;
use crate::schema::Library;
use gateway_responses::GatewayResponses;
use meters::Meters;
use method_settings::method_setting;
use routes::Routes;

/// A compiled stage: one deployment with the stage's settings.
#[derive(Debug)]
pub(crate) struct CompiledStage {
    pub(crate) owner: AccountRegion,
    pub(crate) api_id: ApiId,
    pub(crate) name: StageName,
    /// `None` for a working copy under test.
    pub(crate) deployment_id: Option<DeploymentId>,
    /// Whether this is the canary; `None` if the stage has none.
    pub(crate) is_canary: Option<bool>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) routes: Routes<Arc<CompiledMethod>>,
    pub(crate) gateway_responses: GatewayResponses,
    /// Whether a response or the access log shows what is wrong with a body.
    pub(crate) shows_complaints: bool,
    pub(crate) binary_types: BinaryTypes,
    /// The size from which responses are compressed; `None` if compression is off, for requests as well.
    pub(crate) minimum_compression_size: Option<usize>,
    /// Whether clients may use the API's default endpoint.
    pub(crate) is_endpoint_enabled: bool,
    /// The API's resource policy.
    pub(crate) policy: ResourcePolicy,
    pub(crate) access_log: Option<AccessLog>,
    /// Where callers' API keys come from.
    pub(crate) api_key_source: ApiKeySource,
    /// The owner's API keys; a working copy under test needs none.
    pub(crate) key_cache: Option<Arc<KeyCache>>,
    /// The client certificate for HTTPS backends.
    pub(crate) client_identity: Option<ClientIdentity>,
    pub(crate) meters: Meters,
    pub(crate) authorizers: BTreeMap<AuthorizerId, Arc<CompiledAuthorizer>>,
}

/// A stage's access log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    pub(crate) format: Text,
    /// The ARN of a log group or delivery stream; without one, lines go to the server's own log.
    pub(crate) destination_arn: Option<Arc<str>>,
}

impl AccessLog {
    fn compile(settings: &AccessLogSettings) -> Option<Self> {
        let format = Text::parse(settings.format.as_deref()?);
        Some(Self { format, destination_arn: settings.destination_arn.as_deref().map(Arc::from) })
    }
}

/// A compiled method.
#[derive(Debug)]
pub(crate) struct CompiledMethod {
    pub(crate) resource_id: ResourceId,
    /// Path of the resource, such as `/pets/{petId}`.
    pub(crate) resource_path: Arc<str>,
    pub(crate) operation_name: Option<String>,
    pub(crate) authorization: AuthorizationType,
    /// The method's authorizer, if any.
    pub(crate) authorizer: Option<Arc<CompiledAuthorizer>>,
    /// Scopes; a token needs one of them.
    pub(crate) authorization_scopes: Vec<String>,
    pub(crate) is_api_key_required: bool,
    /// Required parameters, in the order in which AWS reports them; empty if they are not validated.
    pub(crate) required_parameters: Vec<RequiredParameter>,
    /// The models of bodies.
    pub(crate) body_models: BodyModels,
    /// The stage's limit for this method.
    pub(crate) limiter: Option<Arc<Limiter>>,
    /// The terms of each usage plan of the stage for this method; empty if the method needs no key.
    pub(crate) terms: Vec<Terms>,
    /// How responses are cached, if they are.
    pub(crate) cache: Option<MethodCache>,
    /// `None` for a method without an integration, which AWS does not deploy.
    pub(crate) integration: Option<CompiledIntegration>,
}

impl CompiledMethod {
    /// A method that doesn't exist: every call fails.
    pub(crate) fn absent(resource_id: ResourceId) -> Self {
        Self {
            resource_id,
            resource_path: "/".into(),
            operation_name: None,
            authorization: AuthorizationType::None,
            authorizer: None,
            authorization_scopes: Vec::new(),
            is_api_key_required: false,
            required_parameters: Vec::new(),
            body_models: BodyModels::default(),
            limiter: None,
            terms: Vec::new(),
            cache: None,
            integration: None,
        }
    }
}

impl CompiledMethod {
    /// Whether everyone who may call `other` may also call this method, as far as the methods' settings say.
    pub(crate) fn asks_no_more_than(&self, other: &Self) -> bool {
        let authorizer = |method: &Self| method.authorizer.as_ref().map(Arc::as_ptr);
        let is_open = self.authorization == AuthorizationType::None;
        let asks_the_same = self.authorization == other.authorization
            && authorizer(self) == authorizer(other)
            && self.authorization_scopes == other.authorization_scopes;
        (is_open || asks_the_same) && (!self.is_api_key_required || other.is_api_key_required)
    }
}

/// A parameter that a validator requires.
#[derive(Debug)]
pub(crate) struct RequiredParameter {
    /// The name without its location, as error messages show it.
    pub(crate) name: String,
    pub(crate) source: Source,
}

/// A stage and its canary.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) stage: Arc<CompiledStage>,
    pub(crate) canary: Option<Canary>,
    /// The estimated memory of both, from the size of their stored form.
    pub(crate) bytes: usize,
}

/// The size of an empty stage, in bytes.
const STAGE_BYTES: usize = 4 * 1024;
/// The ratio of a deployment's size in memory to that in the store, measured with short mapping templates.
const GROWTH: usize = 5;

impl Served {
    /// The authorizers of stage and canary.
    pub(crate) fn authorizers(&self) -> impl Iterator<Item = &Arc<CompiledAuthorizer>> {
        let canary = self.canary.iter().map(|canary| &canary.stage);
        std::iter::once(&self.stage).chain(canary).flat_map(|stage| stage.authorizers.values())
    }
}

/// The canary of a stage.
#[derive(Debug)]
pub(crate) struct Canary {
    /// The share of requests that it serves, 0 to 100.
    pub(crate) percent: f64,
    pub(crate) stage: Arc<CompiledStage>,
}

/// What compiled methods share across deployments.
pub(crate) struct Shared {
    pub(crate) caches: Caches,
    pub(crate) key_meters: Arc<KeyMeters>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) upstreams: Upstreams,
    /// User pools by ARN.
    pub(crate) pools: AuthorizerPools,
}

/// The context in which a method is compiled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// The stage's name, for logs.
    pub(crate) stage: &'a str,
    pub(crate) variables: &'a BTreeMap<String, String>,
    pub(crate) links: Links<'a>,
}

/// Compiles a stage with its canary. Never fails: what can't work fails when it is called.
pub(crate) fn compile(live: &LiveStage, shared: &Shared) -> Served {
    let settings = live.stage.canary_settings.as_ref().zip(live.canary.as_ref());
    let main = Plan {
        live,
        deployment: &live.deployment,
        deployment_id: &live.stage.deployment_id,
        variables: live.stage.variables.clone(),
        is_canary: settings.map(|_| false),
        cache: None,
        shared,
    };
    let main = main.cached_as(Share::Stage);
    let canary = settings.map(|(settings, deployment)| {
        let mut variables = live.stage.variables.clone();
        variables.extend(settings.stage_variable_overrides.clone());
        let plan = Plan {
            live,
            deployment,
            deployment_id: &settings.deployment_id,
            variables,
            is_canary: Some(true),
            cache: main.cache.clone(),
            shared,
        };
        let plan = if settings.use_stage_cache { plan } else { plan.cached_as(Share::Canary) };
        Canary { percent: settings.percent_traffic, stage: Arc::new(plan.compile()) }
    });
    let bytes = STAGE_BYTES + GROWTH * live.stored_bytes;
    Served { stage: Arc::new(main.compile()), canary, bytes }
}

/// Compiles the working copy of an API for one test call: no limits, no access log, no routing.
pub(crate) fn compile_for_test(
    owner: &AccountRegion,
    api: &DeploymentSnapshot,
    variables: &BTreeMap<String, String>,
) -> CompiledStage {
    CompiledStage {
        gateway_responses: GatewayResponses::compile(&api.gateway_responses),
        binary_types: BinaryTypes::new(&api.api.binary_media_types),
        ..compile_nothing(owner, &api.api.id, variables)
    }
}

/// A stage without methods, for evaluating a template by itself.
pub(crate) fn compile_nothing(
    owner: &AccountRegion,
    api_id: &ApiId,
    variables: &BTreeMap<String, String>,
) -> CompiledStage {
    CompiledStage {
        owner: owner.clone(),
        api_id: api_id.clone(),
        name: "test-invoke-stage".into(),
        deployment_id: None,
        is_canary: None,
        variables: variables.clone(),
        routes: Routes::new(),
        gateway_responses: GatewayResponses::compile(&BTreeMap::new()),
        shows_complaints: false,
        binary_types: BinaryTypes::new(&[]),
        minimum_compression_size: None,
        is_endpoint_enabled: true,
        policy: ResourcePolicy::None,
        access_log: None,
        api_key_source: ApiKeySource::Header,
        key_cache: None,
        client_identity: None,
        meters: Meters::new(api_id.as_str(), "test-invoke-stage"),
        authorizers: BTreeMap::new(),
    }
}

/// The certificate in the form that connections need; `None` if it can't be parsed.
pub(crate) fn client_identity(certificate: &ClientCertificate) -> Option<ClientIdentity> {
    let identity = ClientIdentity::from_pem(&certificate.certificate, certificate.private_key.expose());
    let broken = |error| tracing::error!(id = %certificate.id, "client certificate can't be used: {error}");
    identity.map_err(broken).ok()
}

/// Compiles one method by itself.
pub(crate) fn compile_method(
    api: &DeploymentSnapshot,
    models: &Library,
    resource: &Resource,
    verb: HttpMethod,
    method: &Method,
    setting: Setting<'_>,
) -> CompiledMethod {
    let (id, path, stage) = (&api.api.id, &resource.path, setting.stage);
    let place = format_args!("API {id}, stage {stage}, {verb} {path}");
    let integration = method.integration.as_ref();
    CompiledMethod {
        resource_id: resource.id.clone(),
        resource_path: path.as_str().into(),
        operation_name: method.operation_name.clone(),
        authorization: method.authorization_type,
        authorizer: None,
        authorization_scopes: method.authorization_scopes.clone(),
        is_api_key_required: method.api_key_required,
        required_parameters: required_parameters(api, method),
        body_models: BodyModels::compile(api, models, method, place),
        limiter: None,
        terms: Vec::new(),
        cache: None,
        integration: integration.map(|integration| {
            let endpoint = api.api.endpoint_configuration.kind;
            CompiledIntegration::compile(endpoint, method, integration, setting, place)
        }),
    }
}

/// A deployment to be compiled for a stage.
struct Plan<'a> {
    live: &'a LiveStage,
    deployment: &'a DeploymentSnapshot,
    deployment_id: &'a DeploymentId,
    variables: BTreeMap<String, String>,
    is_canary: Option<bool>,
    /// `None` if the stage has no cache cluster.
    cache: Option<Arc<ResponseCache>>,
    shared: &'a Shared,
}

impl Plan<'_> {
    /// Adds a cache, if the stage has a cluster.
    fn cached_as(mut self, share: Share) -> Self {
        let LiveStage { api_id, stage, .. } = self.live;
        let size = stage.cache_cluster_size.filter(|_| stage.cache_cluster_enabled);
        self.cache = size.map(|size| {
            let variables = self.variables.clone();
            let contents = Contents { deployment_id: self.deployment_id.clone(), variables, size };
            self.shared.caches.get(api_id, &stage.name, share, contents)
        });
        self
    }

    fn compile(self) -> CompiledStage {
        let LiveStage { owner, api_id, stage, .. } = self.live;
        let api = &self.deployment.api;
        let mut routes = Routes::new();
        let models = library(self.deployment);
        let authorizers = self.authorizers();
        for resource in &self.deployment.resources {
            let methods = resource.methods.iter();
            let methods = methods.map(|(verb, method)| {
                // Requests that are waiting go first.
                std::thread::yield_now();
                (*verb, Arc::new(self.method(&models, &authorizers, resource, *verb, method)))
            });
            routes.insert(&resource.path, methods.collect());
        }
        let gateway_responses = GatewayResponses::compile(&self.deployment.gateway_responses);
        let access_log = stage.access_log_settings.as_ref().and_then(AccessLog::compile);
        let reads_complaints = |log: &AccessLog| log.format.reads(Variable::ErrorValidationErrorString);
        CompiledStage {
            owner: owner.clone(),
            api_id: api_id.clone(),
            name: stage.name.clone(),
            deployment_id: Some(self.deployment_id.clone()),
            is_canary: self.is_canary,
            routes,
            shows_complaints: gateway_responses.show_complaints()
                || access_log.as_ref().is_some_and(reads_complaints),
            gateway_responses,
            binary_types: BinaryTypes::new(&api.binary_media_types),
            minimum_compression_size: api
                .minimum_compression_size
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            is_endpoint_enabled: !api.disable_execute_api_endpoint,
            policy: ResourcePolicy::compile(api, owner),
            access_log,
            api_key_source: api.api_key_source,
            key_cache: Some(self.shared.key_meters.key_cache(owner)),
            client_identity: self.live.client_certificate.as_ref().and_then(client_identity),
            meters: Meters::new(api_id.as_str(), stage.name.as_str()),
            authorizers,
            variables: self.variables,
        }
    }

    /// Stage and canary have separate authorizers: the results of one deployment's authorizer don't apply to the other.
    fn authorizers(&self) -> BTreeMap<AuthorizerId, Arc<CompiledAuthorizer>> {
        let LiveStage { api_id, stage, .. } = self.live;
        let place = format!("API {api_id}, stage {}", stage.name);
        let setting = AuthorizerSetting {
            place: &place,
            variables: &self.variables,
            pools: &self.shared.pools,
            given: &BTreeMap::new(),
        };
        let authorizers = self.deployment.authorizers.values();
        authorizers.map(|it| (it.id.clone(), Arc::new(CompiledAuthorizer::compile(it, setting)))).collect()
    }

    fn method(
        &self,
        models: &Library,
        authorizers: &BTreeMap<AuthorizerId, Arc<CompiledAuthorizer>>,
        resource: &Resource,
        verb: HttpMethod,
        method: &Method,
    ) -> CompiledMethod {
        let stage: &Stage = &self.live.stage;
        let links = Links { names: &self.live.vpc_links, upstreams: &self.shared.upstreams };
        let setting = Setting { stage: stage.name.as_str(), variables: &self.variables, links };
        let compiled = compile_method(self.deployment, models, resource, verb, method, setting);
        let setting = method_setting(&stage.method_settings, &resource.path, verb);
        let cache = self.cache.as_ref().zip(method.integration.as_ref()).zip(setting).and_then(
            |((answers, integration), (setting, is_own))| {
                MethodCache::compile(answers, integration, setting, is_own)
            },
        );
        let limiter = setting.and_then(|(setting, _)| setting.rate()).map(|rate| {
            // A canary's requests count against the same limit as the stage's own.
            let name = (self.live.api_id.clone(), stage.name.clone(), format!("{verb} {}", resource.path));
            let rate = self.shared.key_meters.share().of(rate);
            self.shared.key_meters.limiters().get(name, rate, &self.shared.clock)
        });
        let share = self.shared.key_meters.share();
        let terms = |plan| Terms::new(plan, &self.live.api_id, &stage.name, verb, &resource.path, share);
        let plans = self.live.usage_plans.iter().filter(|_| method.api_key_required);
        let authorizer = method.authorizer_id.as_ref().and_then(|id| authorizers.get(id)).cloned();
        CompiledMethod { authorizer, limiter, cache, terms: plans.filter_map(terms).collect(), ..compiled }
    }
}

/// Headers first, then path, then query, as in the recorded error message.
fn required_parameters(api: &DeploymentSnapshot, method: &Method) -> Vec<RequiredParameter> {
    let validator = method.request_validator_id.as_ref().and_then(|id| api.request_validators.get(id));
    if !validator.is_some_and(|validator| validator.validate_request_parameters) {
        return Vec::new();
    }
    let required = method.request_parameters.iter().filter(|(_, is_required)| **is_required);
    // The map is sorted by the full key, and `header` < `path` < `querystring`.
    required
        .filter_map(|(key, _)| {
            let name = key.strip_prefix("method.request.")?.split_once('.')?.1.to_owned();
            Some(RequiredParameter { name, source: Source::parse(key).ok()? })
        })
        .collect()
}
