//! Why a connection was not waited for any longer.

use crate::meter;

/// A reason, as the metric's label names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Reason {
    /// Its TLS handshake took too long.
    Handshake,
    /// A request's head took too long.
    Head,
    /// Nothing was asked for too long.
    Idle,
    /// A request's body came too slowly.
    Body,
    /// An answer was taken too slowly.
    Answer,
    /// Bytes came and came, and no request with them.
    Flood,
    /// More and more requests were taken back.
    Resets,
    /// It did not close when told to.
    Closing,
    /// It idled, and others needed the place.
    Evicted,
    /// Its client has as many as one may have.
    Address,
    /// Every place is taken, and no connection idles.
    Full,
    /// The server ends.
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

    /// Counts it; hands it on.
    pub(super) fn counted(self) -> Self {
        metrics::counter!(meter::CONNECTIONS_GIVEN_UP, "reason" => self.label()).increment(1);
        self
    }
}
