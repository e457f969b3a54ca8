//! The gateway as one service: every layer in its place.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use tower::Service;

use super::access_logs::AccessLogs;
use super::address::Target;
use super::api::{ApiId, Watcher};
use super::authorizers::{Examiner, Pool, UserPools};
use super::backends::Backends;
use super::cache::Caches;
use super::compile::Shared;
use super::context::Context;
use super::domains::Domains;
use super::integration::Outside;
use super::peer::Peer;
use super::pipeline::plan::Desk;
use super::pipeline::{
    Admitted, Answered, Arrived, Next, Refused, access_log, authorize, cache, compress, integrate,
    map_request, map_response, plan, respond, route, stage, validate,
};
use super::plans::ledger::Ledger;
use super::plans::throttle::Limiter;
use super::plans::{Books, Rate};
use super::signers::{Permissions, Signers};
use super::stages::{StageSource, Stages};
use super::upstream::Upstreams;
use crate::clock::{Clock, Ids};
use crate::connect::{HttpClient, Request, Response};
use crate::identity::Authenticator;

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

pub(super) struct Inner {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) stages: Arc<Stages>,
    pub(super) examiner: Examiner,
    ledger: Arc<Ledger>,
    domains: Arc<Domains>,
    served: Box<dyn Run<Arrived, Response>>,
    pub(super) tested: Box<dyn Run<Admitted, Result<Answered, Refused>>>,
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
        let desk = Desk { ledger: ledger.clone(), account, tells_limits: options.rate_limit_headers };
        let examiner = Examiner { outside: outside.clone(), clock: clock.clone() };
        let signers = Signers { authenticator, permissions };
        let core = || from_validation(outside.clone(), clock.clone());
        // Outermost first: the first layer sees the request first and the answer last. The access log is
        // outside of `respond`, as a line holds the status that a refusal got there.
        let served = access_log::over(
            clock.clone(),
            access_logs,
            respond::over(stage::over(
                stages.clone(),
                ids.clone(),
                route::over(authorize::over(
                    examiner.clone(),
                    signers,
                    plan::over(desk, compress::over(core())),
                )),
            )),
        );
        let tested = core();
        let inner = Inner {
            clock: clock.clone(),
            ids,
            stages,
            examiner,
            ledger,
            domains,
            // Erased here, once: the types inside are as long as the stack is deep.
            served: Box::new(move |arrived| {
                let mut served = served.clone();
                let answer: Running<Response> = Box::pin(async move {
                    let Ok(response) = served.call(arrived).await;
                    response
                });
                answer
            }),
            tested: Box::new(move |admitted| {
                let mut tested = tested.clone();
                let answer: Running<Result<Answered, Refused>> =
                    Box::pin(async move { tested.call(admitted).await });
                answer
            }),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Answers a request for `target`; whatever goes wrong is an answer as well.
    ///
    /// The target comes from [`address`](super::address()); the request is as the client sent it, body
    /// unread.
    pub fn serve(&self, target: Target, peer: Peer, request: Request) -> Running<Response> {
        let (parts, body) = request.into_parts();
        let context = Context::new(parts, target, peer, &*self.inner.clock, &*self.inner.ids);
        self.inner.served.run(Arrived { context: Box::new(context), body })
    }
}

impl Gateway {
    /// Keeps what keys reserve filled and what they used written, and forgets idle ones, until
    /// [`Gateway::close_books`]. Serving goes on without it, and waits for the books more often.
    pub fn keep_books(&self) -> impl Future<Output = ()> + Send + 'static {
        let ledger = self.inner.ledger.clone();
        async move { ledger.keep().await }
    }

    /// Writes out exactly what was used. Nothing should be served afterwards: it would be counted anew.
    pub async fn close_books(&self) {
        self.inner.ledger.close().await;
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

/// The layers that a test call goes through as well.
fn from_validation(outside: Arc<Outside>, clock: Arc<dyn Clock>) -> impl Next<Admitted, Answered> {
    validate::over(cache::over(
        clock.clone(),
        map_request::over(map_response::over(integrate::service(outside, clock))),
    ))
}

/// An answer in the making.
pub type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An erased stack.
pub(super) trait Run<Req, Rsp>: Send + Sync {
    fn run(&self, request: Req) -> Running<Rsp>;
}

impl<F, Req, Rsp> Run<Req, Rsp> for F
where
    F: Fn(Req) -> Running<Rsp> + Send + Sync,
{
    fn run(&self, request: Req) -> Running<Rsp> {
        self(request)
    }
}

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
mod plan_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod signer_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod user_pool_tests;
