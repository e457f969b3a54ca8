//! Why an outbound call failed.

use std::error::Error as StdError;
use std::io;

use super::{BoxError, Refused};

/// What went wrong between us and a backend, or while a body streamed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can't be called: no `http`/`https` URI with a host.
    #[error("invalid address: {0}")]
    InvalidAddress(String),
    /// No connection: the name does not resolve, nobody listens, or the connect timeout passed.
    #[error("no connection")]
    Connect(#[source] BoxError),
    /// The egress rules refuse the call.
    #[error(transparent)]
    Refused(Refused),
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
    /// A body's sender broke off.
    #[error("body broke off")]
    Body(#[source] BoxError),
}

impl Error {
    /// Sorts a client error into our kinds.
    pub(super) fn from_client(error: hyper_util::client::legacy::Error) -> Self {
        if let Some(refused) = refused(&error) {
            return Self::Refused(refused);
        }
        match (is_tls(&error), error.is_connect()) {
            (true, _) => Self::Tls(error.into()),
            (false, true) => Self::Connect(error.into()),
            (false, false) => Self::Broken(error.into()),
        }
    }
}

/// Whether rustls is anywhere among the causes.
fn is_tls(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<rustls::Error>())
}

/// The egress rules' own word, if it is among the causes.
fn refused(error: &(dyn StdError + 'static)) -> Option<Refused> {
    causes(error).find_map(|cause| cause.downcast_ref::<Refused>().cloned())
}

type Cause = dyn StdError + 'static;

fn causes(error: &Cause) -> impl Iterator<Item = &Cause> {
    std::iter::successors(Some(error), |current| cause(*current))
}

fn cause(error: &Cause) -> Option<&Cause> {
    // An `io::Error` skips what it wraps when asked for its source.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rustls_is_found_below_io_errors() {
        let tls = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert!(is_tls(&io::Error::other(tls)));
        assert!(!is_tls(&io::Error::other("refused")));
    }
}
