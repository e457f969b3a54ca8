//! The gateway: runs a request through all phases, in order.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use super::access_logs::AccessLogs;
use super::address::{Address, Target};
use super::api::{ApiId, Watcher};
use super::authorizers::{Examiner, Pool, UserPools};
use super::backends::Backends;
use super::bulkhead::Bulkhead;
use super::cache::Caches;
use super::compile::Shared;
use super::context::Context;
use super::domains::Domains;
use super::integration::Outside;
use super::peer::Peer;
use super::pipeline::authorize::Guard;
use super::pipeline::cache::Lookup;
use super::pipeline::plan::Desk;
use super::pipeline::{
    Admitted, Answered, Arrived, Refused, access_log, authorize, cache, compress, integrate, map_request,
    map_response, plan, respond, route, stage, validate,
};
use super::plans::ledger::Ledger;
use super::plans::throttle::Limiter;
use super::plans::{Books, Rate};
use super::signers::{Permissions, Signers};
use super::stages::{StageSource, Stages};
use super::upstream::Upstreams;
use crate::clock::{Clock, Ids};
use crate::connect::{HttpClient, Request, Response};
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
    /// The memory that all bodies of more than 64 KiB, and the results of mapping them, may take together, in bytes; 1
    /// GiB unless set.
    pub body_memory_bytes: Option<usize>,
}

/// What the gateway needs from other rooms.
pub struct Ports {
    /// Loads deployed stages.
    pub stages: Arc<dyn StageSource>,
    /// Stores the usage of API keys.
    pub books: Arc<dyn Books>,
    /// Custom domain names.
    pub domains: Arc<Domains>,
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
    desk: Desk,
    bulkhead: Arc<Bulkhead>,
    outside: Arc<Outside>,
    access_logs: Arc<dyn AccessLogs>,
    domains: Arc<Domains>,
}

impl Inner {
    /// Runs a request through the phases. Errors become responses too.
    async fn serve(&self, arrived: Arrived) -> Response {
        let finished = respond::finish(self.answer(arrived).await);
        // After `finish`, because a log line contains the status of a refusal's gateway response.
        access_log::tell(finished, &*self.clock, &self.access_logs)
    }

    async fn answer(&self, arrived: Arrived) -> Result<Answered, Refused> {
        let staged = stage::find(arrived, &self.stages, &*self.ids).await?;
        let routed = route::find(staged)?;
        let authorized = authorize::authorize(routed, &self.guard).await?;
        // After authorizers, because the key may come from an authorizer.
        let admitted = plan::admit(authorized, &self.desk).await?;
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
        let prepared = map_request::prepare(validated, &self.bulkhead).await?;
        let replied = integrate::integrate(prepared, &self.outside, &*self.clock).await?;
        let answered = map_response::answer(replied, &self.bulkhead).await?;
        // The mapped response is cached; a refusal is not.
        Ok(cache::keep(answered, missed, &self.clock))
    }
}

impl Gateway {
    /// A gateway that has not compiled any stage yet.
    pub fn new(ports: Ports, options: Options) -> Self {
        let Ports { stages: source, books, domains, authenticator, permissions, .. } = ports;
        let Ports { backends, access_logs, client, clock, ids, .. } = ports;
        let ledger = Arc::new(Ledger::new(source.clone(), books, clock.clone()));
        let pools = options.user_pools.iter().map(|(arn, pool)| (arn.clone(), Arc::new(Pool::new(pool))));
        let shared = Shared {
            caches: Caches::default(),
            ledger: ledger.clone(),
            clock: clock.clone(),
            upstreams: options.vpc_links,
            pools: pools.collect(),
        };
        let stages = Arc::new(Stages::new(source, options.default_api, shared));
        let outside = Arc::new(Outside { client, backends });
        let account = options.account_rate.map(|rate| Arc::new(Limiter::new(rate, clock.clone())));
        let desk = Desk { ledger, account, tells_limits: options.rate_limit_headers };
        let examiner = Examiner { outside: outside.clone(), clock: clock.clone() };
        let bulkhead = Arc::new(Bulkhead::new(options.body_memory_bytes));
        let signers = Signers { authenticator, permissions, bulkhead: bulkhead.clone() };
        let guard = Guard { examiner, signers };
        let inner = Inner { clock, ids, stages, guard, desk, bulkhead, outside, access_logs, domains };
        Self { inner: Arc::new(inner) }
    }

    /// The memory budget of large bodies, which the AWS APIs share.
    pub fn bulkhead(&self) -> Arc<Bulkhead> {
        self.inner.bulkhead.clone()
    }

    /// The API or custom domain that a request is for, if any.
    pub fn locate(&self, uri: &TargetUri) -> Address {
        self.inner.domains.locate(uri)
    }

    /// Answers a request for `target`. Errors become responses too.
    ///
    /// `uri` was taken out of the request. Otherwise the request is as the client sent it, with its body unread.
    /// `target` is the result of [`Gateway::locate`].
    pub fn serve(&self, uri: TargetUri, target: Target, peer: Peer, request: Request) -> Running<Response> {
        let (parts, body) = request.into_parts();
        let context = Context::new(parts, uri, target, peer, &*self.inner.clock, &*self.inner.ids);
        let (inner, arrived) = (self.inner.clone(), Arrived { context: Box::new(context), body });
        // The only boxed future in the pipeline, so that callers can name the type.
        Box::pin(async move { inner.serve(arrived).await })
    }
}

impl Gateway {
    /// Refills the reserves of keys, writes their usage, and drops idle keys, until [`Gateway::close_books`]. Without
    /// it, serving continues but has to wait for the books more often.
    pub fn keep_books(&self) -> impl Future<Output = ()> + Send + 'static {
        let ledger = self.inner.desk.ledger.clone();
        async move { ledger.keep().await }
    }

    /// Writes the exact usage. Serve nothing afterwards: it would not be part of that usage.
    pub async fn close_books(&self) {
        self.inner.desk.ledger.close().await;
    }

    /// The custom domain names of this server.
    pub fn domains(&self) -> Arc<Domains> {
        self.inner.domains.clone()
    }

    /// Has to be notified when something that a stage serves has changed.
    pub fn watcher(&self) -> Weak<dyn Watcher> {
        let stages: Weak<Stages> = Arc::downgrade(&self.inner.stages);
        stages
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
