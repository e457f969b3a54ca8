//! Why the server gave up on a connection.

use crate::meter;

/// A reason; the metric has it as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Reason {
    /// Its TLS handshake took too long.
    Handshake,
    /// A request's head took too long.
    Head,
    /// No request was sent for too long.
    Idle,
    /// A request's body came too slowly.
    Body,
    /// A response was read too slowly.
    Answer,
    /// Many bytes arrived without a request.
    Flood,
    /// Too many requests were cancelled.
    Resets,
    /// It did not close when it was told to.
    Closing,
    /// It was idle, and others needed the slot.
    Evicted,
    /// Its client has reached the limit of one client.
    Address,
    /// All slots are taken, and no connection is idle.
    Full,
    /// The server is stopping.
    Drain,
}

impl Reason {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Body => "body",
            Self::Answer => "answer",
            Self::Flood => "flood",
            Self::Resets => "resets",
            Self::Closing => "closing",
            Self::Evicted => "evicted",
            Self::Address => "address",
            Self::Full => "full",
            Self::Drain => "drain",
        }
    }

    /// Counts it in the metric, and returns it.
    pub(super) fn counted(self) -> Self {
        metrics::counter!(meter::CONNECTIONS_GIVEN_UP, "reason" => self.label()).increment(1);
        self
    }
}
