//! One body type for every request and response.

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, LengthLimitError, Limited};

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
    let announced = http_body::Body::size_hint(&body).lower();
    if u64::try_from(bytes_max).is_ok_and(|max| max < announced) {
        return Err(Error::TooLarge { bytes_max });
    }
    if http_body::Body::is_end_stream(&body) {
        return Ok(Bytes::new());
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge { bytes_max }),
        Err(error) => Err(match error.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(theirs) => Error::Body(theirs),
        }),
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
