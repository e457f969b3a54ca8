//! HTTP/1.1's framing, read strictly beside the HTTP library.
//!
//! hyper takes more than RFC 9112's grammar: lines that end in LF alone, a length beside chunks, trailers that
//! are none. Whatever two readers take for two different things is a way to smuggle a request, so
//! [`StrictStream`] stands between the socket and hyper and follows the bytes itself: head, body, head.
//! hyper only gets what both read alike. A request that is ambiguous is replaced, before hyper sees any of it,
//! by one that says what is wrong ([`Fault::told`]); in the middle of a body the stream ends there. An answer of
//! a backend that is ambiguous fails the call.
//!
//! Nothing is copied or allocated while a head arrives whole; bodies are followed by their length.

mod chunked;
mod fault;
mod head;
mod lenience;
mod reading;
mod stream;

pub use fault::Fault;
pub use lenience::{Lenience, Point, Relaxed};
pub use reading::{Reading, Refused, Side};
pub use stream::StrictStream;

/// Most header fields of one message.
pub const FIELDS_MAX: usize = 200;
/// Most bytes of one message's head: room for API Gateway's 10,240 bytes of header values, and no more.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;
