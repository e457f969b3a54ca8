//! The limits of connections, in the sweep's units.

use std::time::Duration;

use super::super::options::Limits;
use super::pace::Pace;

/// The limits of connections.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Rules {
    /// For a TLS handshake.
    pub(super) handshake_ms: u64,
    /// For a request's head.
    pub(super) head_ms: u64,
    /// Between a response and the next request.
    pub(super) idle_ms: u64,
    /// For request bodies.
    pub(super) body: Pace,
    /// For responses.
    pub(super) answer: Pace,
    /// The most connections.
    pub(super) connections: usize,
    /// How many of them are reserved for the control plane and the server's own pages.
    pub(super) reserved: usize,
    /// The most connections of one client; 0 means no limit.
    pub(super) per_client: usize,
    /// HTTP/2: how many more requests a client may cancel than it lets complete.
    pub(in super::super) resets: u32,
    /// HTTP/2: the most concurrent streams of a connection.
    pub(in super::super) streams: u32,
    /// HTTP/2: the time of silence after which a client is pinged.
    pub(in super::super) ping_interval: Duration,
    /// HTTP/2: how long the answer to a ping may take.
    pub(in super::super) ping_timeout: Duration,
}

impl Rules {
    /// The limits from the settings, if the process has file handles for `handles` connections.
    pub(in super::super) fn new(limits: &Limits, handles: usize) -> Self {
        let ms = |seconds: u64| seconds.saturating_mul(1000);
        let pace = |patience_s| Pace {
            patience: Duration::from_secs(patience_s),
            bytes_per_second: limits.body_rate_min,
        };
        let connections = limits.connections.min(handles).max(1);
        Self {
            handshake_ms: ms(limits.tls_handshake_timeout_s),
            head_ms: ms(limits.header_read_timeout_s),
            idle_ms: ms(limits.idle_timeout_s),
            body: pace(limits.body_read_timeout_s),
            answer: pace(limits.answer_write_timeout_s),
            connections,
            reserved: limits.reserved.min(connections / 8),
            per_client: limits.connections_per_address,
            resets: limits.http2.resets,
            streams: limits.http2.streams,
            ping_interval: Duration::from_secs(limits.http2.ping_interval_s),
            ping_timeout: Duration::from_secs(limits.http2.ping_timeout_s),
        }
    }
}
