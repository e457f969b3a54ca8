//! Follows the messages on a connection as their bytes arrive.

use super::chunked::Chunked;
use super::head::{Facts, Head, Length};
use super::{Fault, Lenience};

/// The first bytes of HTTP/2 (RFC 9113 section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The direction that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From clients.
    Requests,
    /// From backends.
    Answers,
}

/// Follows the bytes of one direction of a connection from message to message.
#[derive(Clone, Debug)]
pub struct Reading {
    side: Side,
    lenience: Lenience,
    state: State,
    /// Whether nothing has been read yet, so that HTTP/2 is possible.
    is_new: bool,
    /// The response that is expected next; unused for requests.
    awaited: Option<Awaited>,
}

#[derive(Clone, Debug)]
enum State {
    Head(Head),
    Bytes(u64),
    Chunked(Chunked),
    /// A body that ends with the connection.
    Rest,
    /// HTTP/2, which hyper checks.
    Http2,
    /// Further bytes can't be trusted; the connection must not be reused.
    Spoilt,
    Refused(Refused),
}

/// What was refused, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The framing error.
    pub fault: Fault,
    /// Whether the error is in a head, which is refused as a whole, or in a body.
    pub is_in_head: bool,
    /// Whether the head belongs to a HEAD request.
    pub is_head_request: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Awaited {
    is_head_request: bool,
}

impl Reading {
    /// The state of a new connection.
    pub fn new(side: Side, lenience: Lenience) -> Self {
        Self { side, lenience, state: State::Head(Head::default()), is_new: true, awaited: None }
    }

    /// Records that a request was sent whose response comes next. Does nothing if a response is already expected.
    pub fn await_answer(&mut self, is_head_request: bool) {
        self.awaited.get_or_insert(Awaited { is_head_request });
    }

    /// Whether the response to a request is not complete yet.
    pub fn is_answer_awaited(&self) -> bool {
        self.awaited.is_some()
    }

    /// Continues in `bytes`, and returns how many of them may be passed on. The rest is either an incomplete head, with
    /// which the next `bytes` must begin, or was refused ([`Self::refused`]), or must be dropped ([`Self::is_spoilt`]).
    pub fn follow(&mut self, bytes: &[u8]) -> usize {
        let mut n = 0;
        while n < bytes.len() {
            let rest = &bytes[n..];
            match &mut self.state {
                State::Head(_) => match self.read_head(rest) {
                    Ok(Some(size)) => n += size,
                    Ok(None) => break,
                    Err(fault) => self.refuse_head(fault),
                },
                State::Bytes(left) => {
                    let there = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    n += there;
                    *left -= there as u64;
                    if *left == 0 {
                        self.end_message();
                    }
                }
                State::Chunked(chunked) => {
                    let (there, result) = chunked.follow(rest);
                    n += there;
                    match result {
                        Err(fault) => {
                            let refused = Refused { fault, is_in_head: false, is_head_request: false };
                            self.state = State::Refused(refused);
                        }
                        Ok(()) if chunked.is_over() => self.end_message(),
                        Ok(()) => {}
                    }
                }
                State::Rest | State::Http2 => n = bytes.len(),
                State::Spoilt | State::Refused(_) => break,
            }
        }
        n
    }

    /// Whether this is HTTP/2.
    pub fn is_http2(&self) -> bool {
        matches!(self.state, State::Http2)
    }

    /// Whether every byte passed on so far belongs to a complete message.
    pub fn is_between_messages(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// What is wrong with the byte after those that may be passed on. All later bytes are refused as well.
    pub fn refused(&self) -> Option<Refused> {
        match self.state {
            State::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    /// Whether the last response had content that it must not have, so that no other may follow it.
    pub fn is_spoilt(&self) -> bool {
        matches!(self.state, State::Spoilt)
    }

    fn read_head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        if self.is_new && self.side == Side::Requests {
            if bytes.starts_with(HTTP2_PREFACE) {
                self.state = State::Http2;
                return Ok(Some(0));
            }
            if HTTP2_PREFACE.starts_with(bytes) {
                return Ok(None);
            }
        }
        self.is_new = false;
        if self.side == Side::Answers && self.awaited.is_none() {
            return Err(Fault::Unasked);
        }
        let State::Head(head) = &mut self.state else { return Ok(None) };
        let Some((size, facts)) = head.read(bytes, self.side, self.lenience)? else { return Ok(None) };
        self.begin_body(facts)?;
        Ok(Some(size))
    }

    fn refuse_head(&mut self, fault: Fault) {
        let is_head_request = matches!(&self.state, State::Head(head) if head.is_of_head_request());
        self.state = State::Refused(Refused { fault, is_in_head: true, is_head_request });
    }

    fn begin_body(&mut self, facts: Facts) -> Result<(), Fault> {
        let length = facts.length(self.lenience)?;
        if self.side == Side::Answers {
            return self.begin_answer_body(facts.status, length);
        }
        match length {
            Length::Unsaid | Length::Bytes(0) => self.end_message(),
            Length::Bytes(bytes) => self.state = State::Bytes(bytes),
            Length::Chunked => self.state = State::Chunked(Chunked::new()),
        }
        Ok(())
    }

    /// RFC 9112 section 6.3.
    fn begin_answer_body(&mut self, status: u16, length: Length) -> Result<(), Fault> {
        let is_to_head = self.awaited.is_some_and(|awaited| awaited.is_head_request);
        match (status, length) {
            (101, _) => return Err(Fault::SwitchedProtocols),
            // An interim response; the final one is still to come.
            (100..200, _) => self.state = State::Head(Head::default()),
            // "A server MUST NOT send a Content-Length header field in any response with a status code of 1xx or 204",
            // nor Transfer-Encoding: a backend that does may send the content, too. The response is usable, but the
            // connection is not.
            (204, Length::Chunked | Length::Bytes(1..)) => {
                self.end_message();
                self.state = State::Spoilt;
            }
            (204 | 304, _) => self.end_message(),
            (_, _) if is_to_head => self.end_message(),
            (_, Length::Bytes(0)) => self.end_message(),
            (_, Length::Bytes(bytes)) => self.state = State::Bytes(bytes),
            (_, Length::Chunked) => self.state = State::Chunked(Chunked::new()),
            (_, Length::Unsaid) => self.state = State::Rest,
        }
        Ok(())
    }

    fn end_message(&mut self) {
        self.state = State::Head(Head::default());
        self.awaited = None;
    }
}
