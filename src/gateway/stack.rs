//! The gateway: the life of a request, every phase in its place.

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

/// Settings of the data plane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The API meant by addresses that name a stage only. Without it, the only API with a stage of that name.
    pub default_api: Option<ApiId>,
    /// The limit over all APIs. AWS sets 10,000 requests per second with bursts of 5,000 for an account; a
    /// house of one's own has the machine for a limit, so there is none unless set.
    pub account_rate: Option<Rate>,
    /// Where VPC links lead, by their names.
    pub vpc_links: Upstreams,
    /// User pools whose tokens methods take.
    pub user_pools: UserPools,
    /// Whether callers are told of their limits: `Retry-After`, `RateLimit` and `RateLimit-Policy`. AWS sends none.
    pub rate_limit_headers: bool,
    /// The memory that bodies of more than 64 KiB and what is made of them may take, over all requests, in bytes;
    /// 1 GiB unless set.
    pub body_memory_bytes: Option<usize>,
}

/// What the gateway needs from the rest of the house.
pub struct Ports {
    /// Where deployed stages are read.
    pub stages: Arc<dyn StageSource>,
    /// Where the use of API keys is kept for good.
    pub books: Arc<dyn Books>,
    /// Custom domain names.
    pub domains: Arc<Domains>,
    /// Who signs.
    pub authenticator: Arc<Authenticator>,
    /// What signers may do.
    pub permissions: Arc<dyn Permissions>,
    /// Services that `AWS` integrations call.
    pub backends: Arc<dyn Backends>,
    /// Where access logs go.
    pub access_logs: Arc<dyn AccessLogs>,
    /// The way to HTTP backends.
    pub client: HttpClient,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Request ids and canary coins.
    pub ids: Arc<dyn Ids>,
}

/// Serves deployed APIs. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    pub(super) inner: Arc<Inner>,
}

/// What the phases work with. A request holds the one `Arc` of it from its arrival to its answer.
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
    /// A request's way; whatever goes wrong is an answer as well.
    async fn serve(&self, arrived: Arrived) -> Response {
        let finished = respond::finish(self.answer(arrived).await);
        // After `finish`, as a line holds the status that a refusal got there.
        access_log::tell(finished, &*self.clock, &self.access_logs)
    }

    async fn answer(&self, arrived: Arrived) -> Result<Answered, Refused> {
        let staged = stage::find(arrived, &self.stages, &*self.ids).await?;
        let routed = route::find(staged)?;
        let authorized = authorize::authorize(routed, &self.guard).await?;
        // After authorizers, as they may be what names the key.
        let admitted = plan::admit(authorized, &self.desk).await?;
        // Nobody's body is worth the work before they are admitted; models and mappings see it as it was meant.
        let (admitted, wanted) = compress::decompress(admitted, &self.bulkhead).await?;
        let answered = self.answer_admitted(admitted).await?;
        // After the cache, which keeps answers for clients of all codings.
        compress::compress(answered, wanted, &self.bulkhead).await
    }

    /// What test calls go through as well.
    pub(super) async fn answer_admitted(&self, admitted: Admitted) -> Result<Answered, Refused> {
        let validated = validate::validate(admitted, &self.bulkhead).await?;
        // Before the mappings, on whose outcome the key does not depend; a hit saves them.
        let (validated, missed) = match cache::look_up(validated, &*self.clock, &self.bulkhead).await? {
            Lookup::Hit(answered) => return Ok(answered),
            Lookup::Miss(validated, missed) => (validated, missed),
        };
        let prepared = map_request::prepare(validated, &self.bulkhead).await?;
        let replied = integrate::integrate(prepared, &self.outside, &*self.clock).await?;
        let answered = map_response::answer(replied, &self.bulkhead).await?;
        // The mapped answer is kept; what was refused on the way is not.
        Ok(cache::keep(answered, missed, &self.clock))
    }
}

impl Gateway {
    /// A gateway that has compiled nothing yet.
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

    /// Which API or custom domain a request is for, if it is for one.
    pub fn locate(&self, uri: &TargetUri) -> Address {
        self.inner.domains.locate(uri)
    }

    /// Answers a request for `target`; whatever goes wrong is an answer as well.
    ///
    /// `uri` was taken out of the request, which else is as the client sent it, body unread; `target` is where
    /// [`Gateway::locate`] says that it leads.
    pub fn serve(&self, uri: TargetUri, target: Target, peer: Peer, request: Request) -> Running<Response> {
        let (parts, body) = request.into_parts();
        let context = Context::new(parts, uri, target, peer, &*self.inner.clock, &*self.inner.ids);
        let (inner, arrived) = (self.inner.clone(), Arrived { context: Box::new(context), body });
        // The one box of the way: whoever calls names the future.
        Box::pin(async move { inner.serve(arrived).await })
    }
}

impl Gateway {
    /// Keeps what keys reserve filled and what they used written, and forgets idle ones, until
    /// [`Gateway::close_books`]. Serving goes on without it, and waits for the books more often.
    pub fn keep_books(&self) -> impl Future<Output = ()> + Send + 'static {
        let ledger = self.inner.desk.ledger.clone();
        async move { ledger.keep().await }
    }

    /// Writes out exactly what was used. Nothing should be served afterwards: it would be counted anew.
    pub async fn close_books(&self) {
        self.inner.desk.ledger.close().await;
    }

    /// The custom domain names that lead here.
    pub fn domains(&self) -> Arc<Domains> {
        self.inner.domains.clone()
    }

    /// Who is to be told when what a stage serves has changed.
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

/// An answer in the making.
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
