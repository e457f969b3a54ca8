//! The settings that bound connections, in the sweep's units.

use std::time::Duration;

use super::super::options::Limits;
use super::pace::Pace;

/// What connections may do.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Rules {
    /// For a TLS handshake.
    pub(super) handshake_ms: u64,
    /// For a request's head.
    pub(super) head_ms: u64,
    /// Between an answer and the next request.
    pub(super) idle_ms: u64,
    /// For bodies of requests.
    pub(super) body: Pace,
    /// For answers.
    pub(super) answer: Pace,
    /// Connections at one time.
    pub(super) connections: usize,
    /// How many of them are kept for the control plane and the server's own pages.
    pub(super) reserved: usize,
    /// Connections of one client at one time; 0 for any number.
    pub(super) per_client: usize,
    /// HTTP/2: how many more requests a client may take back than it lets be answered.
    pub(in super::super) resets: u32,
    /// HTTP/2: streams of one connection at one time.
    pub(in super::super) streams: u32,
    /// HTTP/2: after how much silence a client is asked whether it is there.
    pub(in super::super) ping_interval: Duration,
    /// HTTP/2: how long it may take to answer that.
    pub(in super::super) ping_timeout: Duration,
}

impl Rules {
    /// The settings' rules, where the process has file handles for `handles` connections.
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
