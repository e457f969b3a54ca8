//! The HTTP types that every room shares, and the only room that opens outbound sockets.
//!
//! Types are erased in two places: [`HttpService`] inbound and [`HttpClient`] outbound. Everything between a listener
//! and a backend uses [`Request`] and [`Response`] with one [`Body`], which keeps compile times and error messages
//! short.
//!
//! Invariants: Redirects are not followed. Backends are called with HTTP/1.1, as API Gateway does. Every call has a
//! total timeout and every response a size limit. Calls go only to addresses that [`Egress`] allows. Framing is strict
//! in both directions ([`http1`]).

// Rooms are called by their names, wherever they stand.
#[cfg(test)]
use crate as connect;
use stepgate_clock as clock;

mod body;
mod client;
mod client_identity;
mod dialer;
mod egress;
mod error;
mod guarded;
mod hop_by_hop;
pub mod http1;
mod line_stream;
mod opening;
mod options;
mod strict_connector;
mod tls;

pub use body::{Body, boxed, collect, collect_within, empty, full, hint_with, skip};
pub use client::HttpClient;
pub use client_identity::ClientIdentity;
pub use egress::{Egress, NoRule, Reason, Refused};
pub use error::Error;
pub use hop_by_hop::{remove_fields, remove_hop_by_hop};
pub use line_stream::{LineAddress, LineStream};
pub use options::{Call, Options, ServerCertificate};

/// The error of a body while it is streamed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request, inbound or outbound.
pub type Request = http::Request<Body>;

/// A response, inbound or outbound.
pub type Response = http::Response<Body>;

/// The type-erased inbound service.
pub type HttpService = tower::util::BoxCloneSyncService<Request, Response, std::convert::Infallible>;
