//! One body type for every request and response.

use bytes::{Bytes, BytesMut};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, LengthLimitError};

use super::{BoxError, Error};

/// A streaming body of unknown origin.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Erases `body`.
pub fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// A body that is all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body without bytes.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Reads `body` to its end.
///
/// Fails with [`Error::TooLarge`] as soon as it is known to have more than `bytes_max` bytes, and with
/// [`Error::Body`] if the sender breaks off; errors that the body carries from [`super::HttpClient`] keep
/// their kind.
pub async fn collect(body: Body, bytes_max: usize) -> Result<Bytes, Error> {
    collect_within(body, bytes_max, |_| true).await
}

/// The same, and asks `has_room` before it keeps more: it is told how many bytes there will be.
///
/// Fails with [`Error::NoRoom`] when the answer is no.
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
    // By hand and not through `http_body_util::Limited`: a body of one frame, which is most of them, is
    // handed out as it came, without a copy.
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

fn broken(error: BoxError, bytes_max: usize) -> Error {
    // A limit further out, such as the front door's, says the same in its own words.
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
