//! Strict HTTP/1.1 framing, checked before the HTTP library parses it.
//!
//! hyper accepts more than RFC 9112's grammar: lines that end in LF alone, a length together with chunks, invalid
//! trailers. If two parsers can read a message differently, requests can be smuggled. So [`StrictStream`] stands
//! between the socket and hyper and follows the bytes itself: head, body, head. hyper receives only what both read
//! alike. An ambiguous request is replaced, before hyper sees any of it, by one that says what is wrong
//! ([`Fault::told`]). An ambiguity in the middle of a body ends the stream there. An ambiguous response from a backend
//! fails the call.
//!
//! If a head arrives in one piece, nothing is copied or allocated; bodies are followed by their length.

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

/// The most header fields of a message.
pub const FIELDS_MAX: usize = 200;
/// The largest head of a message, in bytes. It has room for API Gateway's 10,240 bytes of header values.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;
