//! One body type for all requests and responses.

use bytes::{Bytes, BytesMut};
use http_body::SizeHint;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, LengthLimitError};

use super::{BoxError, Error};

/// A streaming body from any source.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Boxes `body`.
pub fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// A body whose bytes are all in memory.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body without bytes.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Reads `body` to its end.
///
/// Fails with [`Error::TooLarge`] as soon as it is known to have more than `bytes_max` bytes, and with [`Error::Body`]
/// if the sender breaks off. Errors of a body that comes from [`super::HttpClient`] keep their kind.
pub async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, Error> {
    collect_within(body, bytes_max, |_| true).await
}

/// The same, but before it keeps more, it calls `has_room` with the number of bytes that there will be.
///
/// Fails with [`Error::NoRoom`] if that returns false.
pub async fn collect_within(
    mut body: Body,
    bytes_max: usize,
    mut has_room: impl FnMut(usize) -> bool,
) -> Result<Bytes, Error> {
    let announced = http_body::Body::size_hint(&body).lower();
    if u64::try_from(bytes_max).is_ok_and(|max| max < announced) {
        return Err(Error::TooLarge { bytes_max });
    }
    if http_body::Body::is_end_stream(&body) {
        return Ok(Bytes::new());
    }
    // Not with `http_body_util::Limited`: a body of one frame, which most are, is returned without a copy.
    let (mut whole, mut more) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Err(broken(error, bytes_max)),
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes_max < whole.len() + more.len() + data.len() {
            return Err(Error::TooLarge { bytes_max });
        }
        if !has_room(whole.len() + more.len() + data.len()) {
            return Err(Error::NoRoom);
        }
        if whole.is_empty() && more.is_empty() {
            whole = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&std::mem::take(&mut whole));
        }
        more.extend_from_slice(&data);
    }
    Ok(if more.is_empty() { whole } else { more.freeze() })
}

/// Reads a body to its end and keeps nothing of it, for clients that miss the answer while they still write. One of more
/// than `bytes_max` bytes is left where it is.
pub async fn skip(mut body: Body, bytes_max: usize) {
    let announced = http_body::Body::size_hint(&body).lower();
    let mut left = match usize::try_from(announced) {
        Ok(announced) if announced <= bytes_max => bytes_max,
        Ok(_) | Err(_) => return,
    };
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// The hint of a body of which `rest` bytes were read and are still to be handed on.
pub fn hint_with(mut hint: SizeHint, rest: usize) -> SizeHint {
    let rest = u64::try_from(rest).unwrap_or(u64::MAX);
    if let Some(upper) = hint.upper() {
        hint.set_upper(upper.saturating_add(rest));
    }
    hint.set_lower(hint.lower().saturating_add(rest));
    hint
}

fn broken(error: BoxError, bytes_max: usize) -> Error {
    // An outer limit, such as the front door's, is the same error to our callers.
    if error.is::<LengthLimitError>() {
        return Error::TooLarge { bytes_max };
    }
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(theirs) => Error::Body(theirs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn limit_is_inclusive() {
        assert_eq!(collect(full("12345"), 5).await.unwrap(), "12345");
        assert!(matches!(collect(full("123456"), 5).await, Err(Error::TooLarge { bytes_max: 5 })));
        assert_eq!(collect(empty(), 0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn errors_of_our_own_keep_their_kind() {
        struct Broken;
        impl http_body::Body for Broken {
            type Data = Bytes;
            type Error = Error;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Error>>> {
                std::task::Poll::Ready(Some(Err(Error::Timeout)))
            }
        }
        assert!(matches!(collect(boxed(Broken), 5).await, Err(Error::Timeout)));
    }
}
