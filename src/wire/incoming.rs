//! Bodies of requests that are read as they come.

use bytes::Bytes;

use crate::connect::{Body, full};
use crate::identity::Chunks;

/// A body that is still to come.
pub struct Incoming {
    /// Its bytes as they are sent.
    pub body: Body,
    /// What the client says of them, which whoever reads them has to compare.
    pub said: Said,
    /// What chunks are signed with, if they are.
    pub chunks: Option<Chunks>,
}

/// What a client says of a body: the header `X-Amz-Content-Sha256`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Its SHA-256, in hexadecimal.
    Hash(String),
    /// Nothing: `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// It comes in chunks, the encoding `aws-chunked`.
    Chunked {
        /// Whether each chunk is signed.
        is_signed: bool,
        /// Whether headers follow.
        has_trailer: bool,
    },
}

impl Said {
    /// Reads the header.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "UNSIGNED-PAYLOAD" => Some(Self::Unsigned),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => {
                Some(Self::Chunked { is_signed: false, has_trailer: true })
            }
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => {
                Some(Self::Chunked { is_signed: true, has_trailer: false })
            }
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                Some(Self::Chunked { is_signed: true, has_trailer: true })
            }
            hash if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Some(Self::Hash(hash.to_ascii_lowercase()))
            }
            _ => None,
        }
    }
}

impl Incoming {
    /// A body that is there.
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self { body: full(bytes), said: Said::Unsigned, chunks: None }
    }
}
