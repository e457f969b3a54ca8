//! Options of the client, and of one call.

use std::sync::Arc;
use std::time::Duration;

use super::Egress;
use super::http1::Lenience;

/// Options of [`super::HttpClient`].
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses it may call.
    pub egress: Arc<Egress>,
    /// The longest wait for a TCP connection.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How many unused connections are kept for each host.
    pub idle_per_host_max: usize,
    /// The framing rules that are relaxed for backends' responses.
    pub lenience: Lenience,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            egress: Arc::default(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            idle_per_host_max: 64,
            lenience: Lenience::default(),
        }
    }
}

/// Whether a backend has to prove its identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerCertificate {
    /// With a certificate signed by one of the machine's root certificates.
    #[default]
    Verified,
    /// Any certificate will do (`tlsConfig.insecureSkipVerification`).
    Unverified,
}

/// The limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The longest time from sending the request to the last byte of the response.
    pub timeout: Duration,
    /// The largest response body, in bytes.
    pub response_bytes_max: usize,
    /// Whether the backend has to prove its identity.
    pub server_certificate: ServerCertificate,
    /// Whether the response is wanted as soon as its head has arrived, with nothing of its body awaited.
    pub streams: bool,
}

impl Default for Call {
    /// API Gateway's own limits: 29 s and 10 MB.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(29),
            response_bytes_max: 10 * 1024 * 1024,
            server_certificate: ServerCertificate::Verified,
            streams: false,
        }
    }
}
