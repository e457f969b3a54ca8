//! Settings of the client, and of one call.

use std::sync::Arc;
use std::time::Duration;

use super::Egress;
use super::http1::Lenience;

/// Settings of [`super::HttpClient`].
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom it may call.
    pub egress: Arc<Egress>,
    /// Longest wait for a TCP connection.
    pub connect_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// How many unused connections are kept for each host.
    pub idle_per_host_max: usize,
    /// What backends' answers may be lax about.
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

/// Whether a backend must prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerCertificate {
    /// By a certificate that the machine's roots vouch for.
    #[default]
    Verified,
    /// Any certificate will do (`tlsConfig.insecureSkipVerification`).
    Unverified,
}

/// The bounds of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Longest time from sending the request to the last byte of the response.
    pub timeout: Duration,
    /// Largest response body, in bytes.
    pub response_bytes_max: usize,
    /// Whether the server must prove who it is.
    pub server_certificate: ServerCertificate,
}

impl Default for Call {
    /// API Gateway's own bounds: 29 s and 10 MB.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(29),
            response_bytes_max: 10 * 1024 * 1024,
            server_certificate: ServerCertificate::Verified,
        }
    }
}
