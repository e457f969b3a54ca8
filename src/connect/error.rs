//! Why an outbound call failed.

use std::error::Error as StdError;
use std::io;

use super::http1::Fault;
use super::{BoxError, Refused};

/// What went wrong between this server and a backend, or while a body was streamed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URI can't be called: it isn't an `http` or `https` URI with a host.
    #[error("invalid address: {0}")]
    InvalidAddress(String),
    /// No connection: the name does not resolve, nobody listens, or the connect timeout expired.
    #[error("no connection")]
    Connect(#[source] BoxError),
    /// The egress rules refuse the call.
    #[error(transparent)]
    Refused(Refused),
    /// The TLS handshake failed, or no root certificates could be loaded.
    #[error("TLS failed")]
    Tls(#[source] BoxError),
    /// The call's total timeout expired.
    #[error("timed out")]
    Timeout,
    /// A body had more bytes than allowed.
    #[error("body exceeds {bytes_max} bytes")]
    TooLarge {
        /// The limit that was exceeded.
        bytes_max: usize,
    },
    /// The reader of a body has no room for more.
    #[error("no room for the body")]
    NoRoom,
    /// The connection broke, or the peer does not speak HTTP.
    #[error("connection broke")]
    Broken(#[source] BoxError),
    /// A backend's response broke off, or is ambiguous.
    #[error("the answer broke off or is malformed")]
    Answer(#[source] BoxError),
    /// A request's body broke off.
    #[error("body broke off")]
    Body(#[source] BoxError),
}

impl Error {
    /// Classifies an error of the HTTP client.
    pub(super) fn from_client(error: hyper_util::client::legacy::Error) -> Self {
        if let Some(refused) = find::<Refused>(&error) {
            return Self::Refused(refused.clone());
        }
        if find::<rustls::Error>(&error).is_some() {
            return Self::Tls(error.into());
        }
        if find::<Fault>(&error).is_some() {
            return Self::Answer(error.into());
        }
        // An error of ours: the body that was being sent failed.
        if find::<Self>(&error).is_some() {
            return Self::Body(error.into());
        }
        if error.is_connect() { Self::Connect(error.into()) } else { Self::Broken(error.into()) }
    }
}

type Cause = dyn StdError + 'static;

/// The first error of type `E` in the chain of causes.
fn find<E: StdError + 'static>(error: &Cause) -> Option<&E> {
    std::iter::successors(Some(error), |current| cause(*current)).find_map(|cause| cause.downcast_ref())
}

fn cause(error: &Cause) -> Option<&Cause> {
    // An `io::Error` skips the error that it wraps when it is asked for its source.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_below_io_errors() {
        let below = |inner: BoxError| io::Error::other(io::Error::other(inner));
        assert!(find::<rustls::Error>(&below(rustls::Error::DecryptError.into())).is_some());
        assert_eq!(find(&below(Fault::StatusLine.into())), Some(&Fault::StatusLine));
        assert!(find::<Error>(&below(Error::Timeout.into())).is_some());
        assert!(find::<Error>(&below("refused".into())).is_none());
    }
}
