//! Serves responses from the stage's cache, and stores them.
//!
//! A hit skips the integration and the mappings on both of its sides; authorization, plans and validation have run
//! before. As on AWS, a response is cached after mapping, whatever its status, as long as it comes from the
//! integration. The gateway's own refusals are not cached. Backends' `Vary`, `Cache-Control` and the like have no
//! effect, and concurrent requests for the same key are not combined.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html>

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::{Bytes, BytesMut};
use http::header::{CACHE_CONTROL, WARNING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body as _, Frame, SizeHint};

use super::{Answered, Refused, Validated};
use crate::apis::CacheControlStrategy;
use crate::clock::Clock;
use crate::connect::{Body, BoxError, Response, boxed, full};
use crate::gateway::access;
use crate::gateway::bulkhead::Bulkhead;
use crate::gateway::cache::{CACHED_BYTES_MAX, CachedAnswer, ResponseCache, Slot};
use crate::gateway::compile::{CompiledMethod, MethodCache};
use crate::gateway::context::Context;
use crate::gateway::mapping::payload::Payload;
use crate::gateway::mapping::source::Facts;
use crate::gateway::refusal::{Denial, Refusal};

const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
/// The warning for a client that asked for a fresh response without permission. AWS's text is not recorded.
const IGNORED: HeaderValue =
    HeaderValue::from_static("199 Cache-control headers were ignored because the caller was unauthorized.");

/// The result of a cache lookup.
pub(crate) enum Lookup {
    /// The cached response.
    Hit(Answered),
    /// There is none. The response has to be produced, and stored if there is a cache.
    Miss(Validated, Option<Missed>),
}

/// Where to store a response.
pub(crate) struct Missed {
    answers: Arc<ResponseCache>,
    slot: Slot,
    freshness: Freshness,
}

/// `Validated → Validated`, or `Answered` for a hit.
pub(crate) async fn look_up(
    validated: Validated,
    clock: &dyn Clock,
    bulkhead: &Bulkhead,
) -> Result<Lookup, Refused> {
    let Validated { routed, .. } = &validated;
    if cache_of(&routed.method, &routed.context).is_none() {
        return Ok(Lookup::Miss(validated, None));
    }
    // Boxed, so that methods without a cache don't have the larger future.
    Box::pin(look_into(validated, clock, bulkhead)).await
}

/// `Answered → Answered`; the response is stored once its body has been sent completely.
pub(crate) fn keep(answered: Answered, missed: Option<Missed>, clock: &Arc<dyn Clock>) -> Answered {
    let Some(Missed { answers, slot, freshness }) = missed else { return answered };
    with_warning(recorded(answered, answers, slot, clock), freshness)
}

fn cache_of<'a>(method: &'a CompiledMethod, context: &Context) -> Option<&'a MethodCache> {
    method.cache.as_ref().filter(|cache| cache.covers(&context.method))
}

/// The effect of a client's `Cache-Control: max-age=0`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    /// None: a cached response will do.
    Any,
    /// None, and the client gets a warning.
    Ignored,
    /// The response has to be produced again.
    Fresh,
}

async fn look_into(validated: Validated, clock: &dyn Clock, bulkhead: &Bulkhead) -> Result<Lookup, Refused> {
    // Keep the method separately, because the request moves on.
    let method = validated.routed.method.clone();
    let Some(cache) = cache_of(&method, &validated.routed.context) else {
        return Ok(Lookup::Miss(validated, None));
    };
    let freshness = match freshness(cache, &validated.routed.context) {
        Ok(freshness) => freshness,
        Err(refusal) => return Err(validated.routed.refuse(refusal)),
    };
    let (validated, key) = key(validated, cache, bulkhead).await?;
    let answers = &cache.answers;
    let found = match freshness {
        Freshness::Any | Freshness::Ignored => answers.get(&key, cache.ttl, clock.monotonic()),
        Freshness::Fresh => None,
    };
    match found {
        Some(found) => {
            answers.hits.increment(1);
            Ok(Lookup::Hit(with_warning(hit(validated, &found), freshness)))
        }
        None => {
            answers.misses.increment(1);
            let missed = Missed { answers: answers.clone(), slot: answers.slot(key), freshness };
            Ok(Lookup::Miss(validated, Some(missed)))
        }
    }
}

/// Adds the warning for a client that asked for a fresh response without permission.
fn with_warning(mut answered: Answered, freshness: Freshness) -> Answered {
    if freshness == Freshness::Ignored {
        answered.response.headers_mut().append(WARNING, IGNORED);
    }
    answered
}

/// Only `max-age=0` asks for a fresh response. The client needs permission for that, unless the method requires none.
fn freshness(cache: &MethodCache, context: &Context) -> Result<Freshness, Refusal> {
    let asks = context.headers.get_all(CACHE_CONTROL).iter().any(|value| {
        let directives = value.to_str().unwrap_or_default();
        directives.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("max-age=0"))
    });
    match cache.unauthorized {
        _ if !asks => Ok(Freshness::Any),
        None => Ok(Freshness::Fresh),
        // Rare enough to evaluate the policies only now.
        Some(_) if access::may_invalidate_cache(context) => Ok(Freshness::Fresh),
        Some(CacheControlStrategy::FailWith403) => Err(Refusal::AccessDenied(Denial::Implicit)),
        Some(CacheControlStrategy::SucceedWithResponseHeader) => Ok(Freshness::Ignored),
        Some(CacheControlStrategy::SucceedWithoutResponseHeader) => Ok(Freshness::Any),
    }
}

/// The request's cache key. Reads the body if it is part of the key.
async fn key(
    mut validated: Validated,
    cache: &MethodCache,
    bulkhead: &Bulkhead,
) -> Result<(Validated, Box<[u8]>), Refused> {
    if cache.reads_body && validated.body.is_none() {
        match validated.routed.read_body(bulkhead).await {
            Ok(body) => validated.body = Some(body),
            Err(refusal) => return Err(validated.routed.refuse(refusal)),
        }
    }
    let text = validated.body.as_ref().filter(|_| cache.reads_body).map(|body| body.bytes().clone());
    let bytes = text.as_ref().map_or(0, Bytes::len);
    let keyed = bulkhead.run(
        bytes,
        || text.into_iter().collect(),
        validated,
        |validated| {
            let method = validated.routed.method.clone();
            match &method.cache {
                Some(cache) => keyed(validated, cache),
                // Not reached: the method has an integration.
                None => Ok((validated, Box::default())),
            }
        },
    );
    match keyed.await {
        Ok(result) => result,
        Err((validated, refusal)) => Err(validated.routed.refuse(refusal)),
    }
}

fn keyed(mut validated: Validated, cache: &MethodCache) -> Result<(Validated, Box<[u8]>), Refused> {
    let nothing = Payload::default();
    let request = validated.body.as_ref().unwrap_or(&nothing);
    let facts = Facts { context: &validated.routed.context, request, response: None };
    let key = cache.key(facts);
    if let Some(body) = &mut validated.body {
        body.forget_json();
    }
    match key {
        Ok(key) => Ok((validated, key)),
        Err(_) => Err(validated.routed.refuse(Refusal::MappedBodyNotJson)),
    }
}

fn hit(validated: Validated, found: &CachedAnswer) -> Answered {
    let context = validated.routed.context;
    let mut response = Response::new(full(found.body.clone()));
    *response.status_mut() = found.status;
    *response.headers_mut() = found.headers.clone();
    // Of the stored headers, only this one belongs to the first request.
    if found.headers.contains_key(TRACE_ID) {
        response.headers_mut().insert(TRACE_ID, context.trace_id().clone());
    }
    Answered { context, response }
}

fn recorded(answered: Answered, answers: Arc<ResponseCache>, slot: Slot, clock: &Arc<dyn Clock>) -> Answered {
    let Answered { context, response } = answered;
    let length = response.body().size_hint();
    if (CACHED_BYTES_MAX as u64) < length.lower() {
        return Answered { context, response };
    }
    let (parts, body) = response.into_parts();
    let record = Record {
        answers,
        slot,
        clock: clock.clone(),
        status: parts.status,
        headers: parts.headers.clone(),
        bytes: BytesMut::new(),
        length: length.exact(),
    };
    let mut recording = Recording { body, record: Some(record) };
    recording.end_if_complete();
    Answered { context, response: Response::from_parts(parts, boxed(recording)) }
}

/// What is known about a response that is being sent.
struct Record {
    answers: Arc<ResponseCache>,
    slot: Slot,
    clock: Arc<dyn Clock>,
    status: StatusCode,
    headers: HeaderMap,
    bytes: BytesMut,
    /// The body's length, if known in advance.
    length: Option<u64>,
}

/// A body that is copied while it is sent.
struct Recording {
    body: Body,
    /// `None` once it is stored, or if it won't be.
    record: Option<Record>,
}

impl Recording {
    fn take(&mut self, data: &Bytes) {
        let Some(record) = &mut self.record else { return };
        if CACHED_BYTES_MAX < record.bytes.len() + data.len() {
            self.record = None;
            return;
        }
        record.bytes.extend_from_slice(data);
        self.end_if_complete();
    }

    /// A reader may stop at the known length without asking for the end, so check for that.
    fn end_if_complete(&mut self) {
        let is_whole = |record: &Record| record.length == u64::try_from(record.bytes.len()).ok();
        if self.body.is_end_stream() || self.record.as_ref().is_some_and(is_whole) {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(record) = self.record.take() {
            let Record { answers, slot, clock, status, headers, bytes, .. } = record;
            answers.put(slot, CachedAnswer { status, headers, body: bytes.freeze() }, clock.monotonic());
        }
    }
}

impl http_body::Body for Recording {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Pending => {}
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(Ok(frame))) => match frame.data_ref() {
                Some(data) => self.take(data),
                // A cached response has no trailers.
                None => self.record = None,
            },
            Poll::Ready(Some(Err(_))) => self.record = None,
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
