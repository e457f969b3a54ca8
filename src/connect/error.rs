//! Why an outbound call failed.

use std::error::Error as StdError;
use std::io;

use super::BoxError;
use super::http1::Fault;

/// What went wrong between us and a backend, or while a body streamed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can't be called: no `http`/`https` URI with a host.
    #[error("invalid address: {0}")]
    InvalidAddress(String),
    /// No connection: the name does not resolve, nobody listens, or the connect timeout passed.
    #[error("no connection")]
    Connect(#[source] BoxError),
    /// The TLS handshake failed, or no trusted roots could be loaded.
    #[error("TLS failed")]
    Tls(#[source] BoxError),
    /// The call's total time passed.
    #[error("timed out")]
    Timeout,
    /// A body had more bytes than allowed.
    #[error("body exceeds {bytes_max} bytes")]
    TooLarge {
        /// The limit that was exceeded.
        bytes_max: usize,
    },
    /// The connection broke, or the peer does not speak HTTP.
    #[error("connection broke")]
    Broken(#[source] BoxError),
    /// A backend's answer began and broke off, or can't be read beyond doubt.
    #[error("the answer broke off or is malformed")]
    Answer(#[source] BoxError),
    /// A request's body broke off.
    #[error("body broke off")]
    Body(#[source] BoxError),
}

impl Error {
    /// Sorts a client error into our kinds.
    pub(super) fn from_client(error: hyper_util::client::legacy::Error) -> Self {
        match cause(&error) {
            Some(Cause::Tls) => Self::Tls(error.into()),
            Some(Cause::Framing) => Self::Answer(error.into()),
            Some(Cause::RequestBody) => Self::Body(error.into()),
            None if error.is_connect() => Self::Connect(error.into()),
            None => Self::Broken(error.into()),
        }
    }
}

/// What is told apart among the causes of a client's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// rustls said no.
    Tls,
    /// The answer's framing was refused.
    Framing,
    /// An error of our own: the body that was being sent failed.
    RequestBody,
}

fn cause(error: &(dyn StdError + 'static)) -> Option<Cause> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if current.is::<rustls::Error>() {
            return Some(Cause::Tls);
        }
        if current.is::<Fault>() {
            return Some(Cause::Framing);
        }
        if current.is::<Error>() {
            return Some(Cause::RequestBody);
        }
        // An `io::Error` skips what it wraps when asked for its source.
        let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_below_io_errors() {
        let below = |inner: BoxError| cause(&io::Error::other(io::Error::other(inner)));
        assert_eq!(below(rustls::Error::DecryptError.into()), Some(Cause::Tls));
        assert_eq!(below(Fault::StatusLine.into()), Some(Cause::Framing));
        assert_eq!(below(Error::Timeout.into()), Some(Cause::RequestBody));
        assert_eq!(below("refused".into()), None);
    }
}
