//! Compression for APIs with a minimum compression size: requests are decompressed before anything reads their body,
//! and responses are compressed last.
//!
//! Test calls skip this phase, and the gateway's own refusals are not compressed.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};

use super::{Admitted, Answered, PAYLOAD_BYTES_MAX, Refused, Routed};
use crate::connect::{Body, full};
use crate::gateway::bulkhead::{Bulkhead, SMALL_BYTES_MAX};
use crate::gateway::compile::{CompiledIntegration, essence};
use crate::gateway::compression::{
    Broken, Coding, Inflating, RequestCoding, accepted, is_compressed_format, request_coding,
};
use crate::gateway::integration::http_refusal;
use crate::gateway::mapping::payload::Payload;
use crate::gateway::refusal::Refusal;

/// How to compress the response. The request's headers say so, but are gone by then.
pub(crate) struct Wanted {
    coding: Coding,
    bytes_min: usize,
}

/// `Admitted → Admitted`.
pub(crate) async fn decompress(
    Admitted(routed): Admitted,
    bulkhead: &Bulkhead,
) -> Result<(Admitted, Option<Wanted>), Refused> {
    let Some(bytes_min) = routed.stage.minimum_compression_size else {
        return Ok((Admitted(routed), None));
    };
    // A streamed response is encoded by its backend or not at all.
    let is_streamed = routed.method.integration.as_ref().is_some_and(CompiledIntegration::streams);
    let coding = accepted(routed.context.own_header(&ACCEPT_ENCODING).as_deref()).filter(|_| !is_streamed);
    let wanted = coding.map(|coding| Wanted { coding, bytes_min });
    // Boxed, because few APIs use compression.
    let routed = Box::pin(decompressed(routed, bulkhead)).await?;
    Ok((Admitted(routed), wanted))
}

/// `Answered → Answered`.
pub(crate) async fn compress(
    answered: Answered,
    wanted: Option<Wanted>,
    bulkhead: &Bulkhead,
) -> Result<Answered, Refused> {
    match wanted {
        Some(wanted) => Box::pin(compressed(answered, wanted, bulkhead)).await,
        None => Ok(answered),
    }
}

async fn decompressed(mut routed: Routed, bulkhead: &Bulkhead) -> Result<Routed, Refused> {
    let coding = match request_coding(routed.context.own_header(&CONTENT_ENCODING).as_deref()) {
        RequestCoding::Identity => return Ok(routed),
        RequestCoding::Unsupported => return Err(routed.refuse(Refusal::UnsupportedMediaType)),
        RequestCoding::Coded(coding) => coding,
    };
    let (body, _held) = match routed.read_body(bulkhead).await {
        Ok(body) => body.into_parts(),
        Err(refusal) => return Err(routed.refuse(refusal)),
    };
    match inflated(coding.inflating(body), bulkhead).await {
        Some(Ok(body)) => {
            routed.put_back(body);
            // The following phases see the decoded body.
            routed.context.headers.remove(CONTENT_ENCODING);
            Ok(routed)
        }
        Some(Err(Broken::TooLarge)) => Err(routed.refuse(Refusal::RequestTooLarge)),
        Some(Err(Broken::Malformed)) => Err(routed.refuse(Refusal::UnsupportedMediaType)),
        Some(Err(Broken::NoRoom)) | None => Err(routed.refuse(Refusal::Unavailable)),
    }
}

/// The decompressed body with its reserved memory. Large bodies are decompressed on the blocking pool. `None` if the
/// process is shutting down.
async fn inflated(mut inflating: Inflating, bulkhead: &Bulkhead) -> Option<Result<Payload, Broken>> {
    match inflating.fill(SMALL_BYTES_MAX) {
        Ok(true) => return Some(Ok(Payload::new(inflating.into_bytes()))),
        Ok(false) => {}
        Err(broken) => return Some(Err(broken)),
    }
    let mut growing = bulkhead.growing();
    let finish = move || {
        let bytes = inflating.finish(PAYLOAD_BYTES_MAX, |bytes| growing.fits(bytes))?;
        Ok(Payload::held(bytes, growing.into_held()))
    };
    tokio::task::spawn_blocking(finish).await.ok()
}

async fn compressed(answered: Answered, wanted: Wanted, bulkhead: &Bulkhead) -> Result<Answered, Refused> {
    let Wanted { coding, bytes_min } = wanted;
    let Answered { context, response } = answered;
    let (mut parts, body) = response.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_small = |body: &Body| {
        let upper = http_body::Body::size_hint(body).upper();
        upper.is_some_and(|upper| usize::try_from(upper).is_ok_and(|upper| upper < bytes_min.max(1)))
    };
    if parts.headers.contains_key(CONTENT_ENCODING)
        || content_type.is_some_and(|kind| is_compressed_format(essence(kind)))
        || is_small(&body)
    {
        return Ok(Answered { context, response: http::Response::from_parts(parts, body) });
    }
    let (bytes, _held) = match bulkhead.collect(body).await {
        Ok(bytes) => bytes,
        Err(error) => return Err(Refused { context, refusal: http_refusal(&error) }),
    };
    let mut out = bytes.clone();
    // There is nothing to compress in an empty body, whatever the minimum size.
    if bytes_min.max(1) <= bytes.len()
        && let Some(Ok(small)) = coded(bytes, move |bytes| coding.compress(bytes)).await
    {
        out = small;
        parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        parts.headers.remove(CONTENT_LENGTH);
    }
    Ok(Answered { context, response: http::Response::from_parts(parts, full(out)) })
}

/// Runs `work` on `bytes`, on the blocking pool if there are many; `None` if the process is ending.
async fn coded<T: Send + 'static>(bytes: Bytes, work: impl FnOnce(&[u8]) -> T + Send + 'static) -> Option<T> {
    if bytes.len() <= SMALL_BYTES_MAX {
        return Some(work(&bytes));
    }
    tokio::task::spawn_blocking(move || work(&bytes)).await.ok()
}
