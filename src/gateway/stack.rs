//! The gateway: runs a request through all phases, in order.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use super::access_logs::AccessLogs;
use super::address::{Address, Target};
use super::authorizers::{AuthorizerPools, AuthorizerRunner, OwnUserPools, UserPools};
use super::backends::Backends;
use super::bulkhead::Bulkhead;
use super::cache::Caches;
use super::compile::Shared;
use super::context::Context;
use super::domains::Domains;
use super::inspector::Inspector;
use super::integration::Outside;
use super::notes::Layer;
use super::peer::Peer;
use super::pipeline::authorize::Guard;
use super::pipeline::cache::Lookup;
use super::pipeline::plan::PlanEnforcement;
use super::pipeline::{
    Admitted, Answered, Arrived, Refused, access_log, authorize, cache, compress, integrate, map_request,
    map_response, plan, respond, route, stage, stream, validate,
};
use super::plans::key_meters::KeyMeters;
use super::plans::throttle::Limiter;
use super::plans::{MeterReading, UsageStore};
use super::refusal::Refusal;
use super::signers::{InternalCaller, Permissions, Signers};
use super::stages::{StageSource, Stages};
use super::upstream::Upstreams;
use crate::apis::{ApiId, Rate, UsagePlanId, Watcher};
use crate::clock::{Clock, Ids};
use crate::connect::{HttpClient, Request, Response};
use crate::id::AccountRegion;
use crate::identity::{Authenticator, TargetUri};

/// Options of the data plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The API for addresses that name only a stage. If unset, the only API with a stage of that name.
    pub default_api: Option<ApiId>,
    /// The limit for all APIs together. AWS allows an account 10,000 requests a second with bursts of 5,000; your own
    /// server is limited only by the machine, so there is no limit unless set.
    pub account_rate: Option<Rate>,
    /// The targets of VPC links, by the links' names.
    pub vpc_links: Upstreams,
    /// The user pools whose tokens authorizers accept.
    pub user_pools: UserPools,
    /// Whether to send callers their limits: `Retry-After`, `RateLimit` and `RateLimit-Policy`. AWS sends none.
    pub rate_limit_headers: bool,
    /// Whether to say which deployment a response is of: `x-stepgate-revision`. AWS doesn't.
    pub tells_revision: bool,
    /// The memory that all bodies of more than 64 KiB, and the results of mapping them, may take together, in bytes; 1
    /// GiB unless set.
    pub body_memory_bytes: Option<usize>,
}

/// What the gateway needs from other rooms.
pub struct Ports {
    /// Loads deployed stages.
    pub stages: Arc<dyn StageSource>,
    /// Stores the usage of API keys.
    pub usage_store: Arc<dyn UsageStore>,
    /// Verifies signatures.
    pub authenticator: Arc<Authenticator>,
    /// The permissions of signers.
    pub permissions: Arc<dyn Permissions>,
    /// The services that `AWS` integrations call.
    pub backends: Arc<dyn Backends>,
    /// Writes access logs.
    pub access_logs: Arc<dyn AccessLogs>,
    /// The client for HTTP backends.
    pub client: HttpClient,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of request ids, and of the random numbers for canaries.
    pub ids: Arc<dyn Ids>,
    /// User pools of this server, if it has any.
    pub own_pools: Option<Arc<dyn OwnUserPools>>,
}

/// Serves deployed APIs. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    pub(super) inner: Arc<Inner>,
}

/// What the phases use. A request holds one `Arc` of it from arrival to response.
pub(super) struct Inner {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) stages: Arc<Stages>,
    pub(super) guard: Guard,
    enforcement: PlanEnforcement,
    bulkhead: Arc<Bulkhead>,
    outside: Arc<Outside>,
    access_logs: Arc<dyn AccessLogs>,
    domains: Arc<Domains>,
    inspector: Arc<Inspector>,
    /// Whether responses say which deployment they are of.
    tells_revision: bool,
}

impl Inner {
    /// Runs a request through the phases. Errors become responses too.
    async fn serve(&self, arrived: Arrived) -> Response {
        let finished = respond::finish(self.answer(arrived).await, self.tells_revision);
        // After `finish`, because a log line contains the status of a refusal's gateway response.
        access_log::log(finished, &*self.clock, &self.access_logs, |context, headers| {
            self.inspector.answered(context, headers);
        })
    }

    async fn answer(&self, arrived: Arrived) -> Result<Answered, Refused> {
        let mut staged = stage::find(arrived, &self.stages, &*self.ids).await?;
        staged.context.passed(Layer::Stage, &*self.clock);
        let mut routed = route::find(staged)?;
        routed.context.passed(Layer::Method, &*self.clock);
        let mut authorized = authorize::authorize(routed, &self.guard).await?;
        authorized.routed.context.passed(Layer::Authorization, &*self.clock);
        // After authorizers, because the key may come from an authorizer.
        let mut admitted = plan::admit(authorized, &self.enforcement).await?;
        admitted.0.context.passed(Layer::Plan, &*self.clock);
        // Decompressing is work, so do it only for admitted requests. Models and mappings see the decoded body.
        let (admitted, wanted) = compress::decompress(admitted, &self.bulkhead).await?;
        let answered = self.answer_admitted(admitted).await?;
        // After the cache, because it keeps responses for clients of all codings.
        compress::compress(answered, wanted, &self.bulkhead).await
    }

    /// The phases that test calls go through as well.
    pub(super) async fn answer_admitted(&self, admitted: Admitted) -> Result<Answered, Refused> {
        let validated = validate::validate(admitted, &self.bulkhead).await?;
        // Before the mappings: the key does not depend on their result, and a hit saves them.
        let (validated, missed) = match cache::look_up(validated, &*self.clock, &self.bulkhead).await? {
            Lookup::Hit(answered) => return Ok(answered),
            Lookup::Miss(validated, missed) => (validated, missed),
        };
        let mut prepared = map_request::prepare(validated, &self.bulkhead).await?;
        prepared.exchange.context.passed(Layer::Mapping, &*self.clock);
        let mut replied = integrate::integrate(prepared, &self.outside, &*self.clock).await?;
        replied.exchange.context.passed(Layer::Integration, &*self.clock);
        if stream::is_streamed(&replied) {
            // Boxed, because few methods stream. Such a response is neither mapped nor cached.
            return Box::pin(stream::answer(replied, &self.clock)).await;
        }
        let answered = map_response::answer(replied, &self.bulkhead).await?;
        // The mapped response is cached; a refusal is not.
        Ok(cache::keep(answered, missed, &self.clock))
    }
}

impl Gateway {
    /// A gateway that has not compiled any stage yet.
    pub fn new(ports: Ports, options: Options) -> Self {
        let Ports { stages: source, usage_store, authenticator, permissions, .. } = ports;
        let Ports { backends, access_logs, client, clock, ids, own_pools, .. } = ports;
        let key_meters = Arc::new(KeyMeters::new(source.clone(), usage_store, clock.clone()));
        let shared = Shared {
            caches: Caches::default(),
            key_meters: key_meters.clone(),
            clock: clock.clone(),
            upstreams: options.vpc_links,
            pools: AuthorizerPools::new(&options.user_pools, own_pools),
        };
        let stages = Arc::new(Stages::new(source, options.default_api, shared));
        let outside = Arc::new(Outside { client, backends });
        let account = options.account_rate.map(|rate| Arc::new(Limiter::new(rate, clock.clone())));
        let enforcement = PlanEnforcement { key_meters, account, tells_limits: options.rate_limit_headers };
        let authorizer_runner = AuthorizerRunner { outside: outside.clone(), clock: clock.clone() };
        let bulkhead = Arc::new(Bulkhead::new(options.body_memory_bytes));
        let signers = Signers { authenticator, permissions, bulkhead: bulkhead.clone() };
        let guard = Guard { authorizer_runner, signers };
        let domains = Arc::default();
        let inspector = Arc::new(Inspector::new(clock.clone()));
        let inner = Inner {
            clock,
            ids,
            stages,
            guard,
            enforcement,
            bulkhead,
            outside,
            access_logs,
            domains,
            inspector,
            tells_revision: options.tells_revision,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The memory budget of large bodies, which the AWS APIs share.
    pub fn bulkhead(&self) -> Arc<Bulkhead> {
        self.inner.bulkhead.clone()
    }

    /// The last requests, if somebody looks.
    pub fn inspector(&self) -> Arc<Inspector> {
        self.inner.inspector.clone()
    }

    /// What is known at this moment of the keys of a plan that were used lately.
    pub fn meter_readings(&self, owner: &AccountRegion, plan: &UsagePlanId) -> Vec<MeterReading> {
        self.inner.enforcement.key_meters.readings(owner, plan)
    }

    /// The API or custom domain that a request is for, if any.
    pub fn locate(&self, uri: &TargetUri) -> Address {
        self.inner.domains.locate(uri)
    }

    /// Whether this server has the stage of `target`, or may have.
    pub async fn has(&self, target: &Target) -> bool {
        !matches!(self.inner.stages.find(target).await, Err(Refusal::Forbidden))
    }

    /// Answers a request for `target`. Errors become responses too.
    ///
    /// `uri` was taken out of the request. Otherwise the request is as the client sent it, with its body unread.
    /// `target` is the result of [`Gateway::locate`].
    pub fn serve(&self, uri: TargetUri, target: Target, peer: Peer, request: Request) -> Running<Response> {
        self.serve_for(None, uri, target, peer, request)
    }

    /// The same for a request that comes from inside this server, from `internal_caller` if anybody is to be authorized.
    pub fn serve_for(
        &self,
        internal_caller: Option<InternalCaller>,
        uri: TargetUri,
        target: Target,
        peer: Peer,
        request: Request,
    ) -> Running<Response> {
        let (parts, body) = request.into_parts();
        let mut context = Context::new(parts, uri, target, peer, &*self.inner.clock, &*self.inner.ids);
        context.internal_caller = internal_caller.map(Box::new);
        self.inner.inspector.arrived(&mut context);
        let (inner, arrived) = (self.inner.clone(), Arrived { context: Box::new(context), body });
        // The only boxed future in the pipeline, so that callers can name the type.
        Box::pin(async move { inner.serve(arrived).await })
    }
}

impl Gateway {
    /// Refills the reserves of keys, writes their usage, and drops idle keys, until [`Gateway::flush_usage`]. Without
    /// it, serving continues but has to wait for the usage store more often.
    pub fn maintain_usage(&self) -> impl Future<Output = ()> + Send + 'static {
        let key_meters = self.inner.enforcement.key_meters.clone();
        async move { key_meters.keep().await }
    }

    /// Writes the exact usage. Serve nothing afterwards: it would not be part of that usage.
    pub async fn flush_usage(&self) {
        self.inner.enforcement.key_meters.close().await;
    }

    /// This is the node with this rank of so many that share all rates. What is in use is compiled anew if that has changed.
    pub async fn share(&self, count: u32, rank: u32) {
        if self.inner.enforcement.key_meters.share().set(count, rank) {
            self.inner.stages.refresh_all().await;
        }
    }

    /// The custom domain names of this server.
    pub fn domains(&self) -> Arc<Domains> {
        self.inner.domains.clone()
    }

    /// Have to be notified when something that is served has changed.
    pub fn watchers(&self) -> [Weak<dyn Watcher>; 2] {
        let stages: Weak<Stages> = Arc::downgrade(&self.inner.stages);
        let domains: Weak<Domains> = Arc::downgrade(&self.inner.domains);
        [stages, domains]
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("stages", &self.inner.stages).finish_non_exhaustive()
    }
}

/// A response in progress.
pub type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[cfg(test)]
mod access_log_tests;
#[cfg(test)]
mod authorizer_tests;
#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod compression_tests;
#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod iam_tests;
#[cfg(test)]
mod lambda_tests;
#[cfg(test)]
mod large_body_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod signer_tests;
#[cfg(test)]
mod target_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod user_pool_tests;
