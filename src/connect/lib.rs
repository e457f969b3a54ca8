//! The HTTP types every room shares, and the only room that opens outbound sockets.
//!
//! Types are erased at two seams: [`HttpService`] inbound and [`HttpClient`] outbound. Everything between a
//! listener and a backend speaks [`Request`] and [`Response`] with one [`Body`], so that compile times and
//! error messages stay human.
//!
//! Invariants: no redirects are followed, backends are spoken to in HTTP/1.1 (as API Gateway does), every
//! call has a total timeout and every response a size limit. Calls go where [`Egress`] lets them, by the address that is
//! dialled. Framing is read strictly both ways ([`http1`]).

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

pub use body::{Body, boxed, collect, collect_within, empty, full};
pub use client::HttpClient;
pub use client_identity::ClientIdentity;
pub use egress::{Egress, NoRule, Reason, Refused};
pub use error::Error;
pub use hop_by_hop::remove_hop_by_hop;
pub use line_stream::{LineAddress, LineStream};
pub use options::{Call, Options, ServerCertificate};

/// What a body may fail with while it streams.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request, inbound or outbound.
pub type Request = http::Request<Body>;

/// A response, inbound or outbound.
pub type Response = http::Response<Body>;

/// The only erased service type inbound.
pub type HttpService = tower::util::BoxCloneSyncService<Request, Response, std::convert::Infallible>;
