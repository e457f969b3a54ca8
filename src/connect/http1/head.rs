//! Parses a message's head line by line: RFC 9112 sections 2 to 6.

use http::Uri;
use memchr::{memchr, memrchr};

use super::reading::Side;
use super::{FIELDS_MAX, Fault, HEAD_BYTES_MAX, Lenience};

/// A head that may be incomplete. Each line is checked once, as soon as it is complete.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The bytes of complete lines, which are already checked.
    checked: usize,
    /// The bytes after the last complete line in which there is no line feed.
    searched: usize,
    lines: usize,
    empty_lines: usize,
    facts: Facts,
}

/// The facts in a head that matter for framing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// The status code of a response; 0 in requests.
    pub(super) status: u16,
    /// Whether it is a HEAD request.
    pub(super) is_head_request: bool,
    is_old_version: bool,
    length: Option<u64>,
    is_coded: bool,
}

/// The length of a message's body, as its head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Bytes(u64),
    Chunked,
    /// Not given: a response's body ends with the connection, a request has none.
    Unsaid,
}

impl Head {
    /// Continues in `bytes`, which begin with the head. Returns its size and facts once it is complete.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        side: Side,
        lenience: Lenience,
    ) -> Result<Option<(usize, Facts)>, Fault> {
        self.check_first(bytes, side)?;
        while let Some(at) = memchr(b'\n', &bytes[self.checked + self.searched..]) {
            let end = self.checked + self.searched + at;
            let line = &bytes[self.checked..end];
            self.checked = end + 1;
            self.searched = 0;
            if HEAD_BYTES_MAX < self.checked {
                return Err(Fault::HeadSize);
            }
            let line = match line {
                [line @ .., b'\r'] => line,
                line if lenience.bare_line_feed => line,
                _ => return Err(Fault::LineEnd),
            };
            match (self.lines, line.is_empty()) {
                // "a server … SHOULD ignore at least one empty line (CRLF) received prior to the request-line"
                (0, true) if side == Side::Requests && self.empty_lines == 0 => {
                    self.empty_lines = 1;
                    self.check_first(bytes, side)?;
                }
                (0, true) => return Err(Fault::EmptyLines),
                (0, false) => {
                    match side {
                        Side::Requests => self.facts.request_line(line)?,
                        Side::Answers => self.facts.status_line(line)?,
                    }
                    self.lines = 1;
                }
                (_, true) => return Ok(Some((self.checked, self.facts))),
                (_, false) if FIELDS_MAX < self.lines => return Err(Fault::FieldCount),
                (_, false) => {
                    self.facts.field(line, lenience)?;
                    self.lines += 1;
                }
            }
        }
        self.searched = bytes.len() - self.checked;
        if HEAD_BYTES_MAX < bytes.len() {
            return Err(Fault::HeadSize);
        }
        self.check_first(bytes, side)?;
        Ok(None)
    }

    /// Refuses another protocol, such as TLS, at its first bytes.
    fn check_first(&self, bytes: &[u8], side: Side) -> Result<(), Fault> {
        match bytes.get(self.checked) {
            Some(first) if self.lines == 0 && !is_token(*first) && !matches!(first, b'\r' | b'\n') => {
                Err(match side {
                    Side::Requests => Fault::RequestLine,
                    Side::Answers => Fault::StatusLine,
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether the request is known to be a HEAD request.
    pub(super) fn is_of_head_request(&self) -> bool {
        self.facts.is_head_request
    }
}

impl Facts {
    fn request_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let first = memchr(b' ', line).ok_or(Fault::RequestLine)?;
        let last = memrchr(b' ', line).ok_or(Fault::RequestLine)?;
        if first == 0 || last <= first + 1 {
            return Err(Fault::RequestLine);
        }
        let (method, target, version) = (&line[..first], &line[first + 1..last], &line[last + 1..]);
        if !method.iter().copied().all(is_token) {
            return Err(Fault::RequestLine);
        }
        match version {
            b"HTTP/1.1" => {}
            b"HTTP/1.0" => self.is_old_version = true,
            [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
                if major.is_ascii_digit() && minor.is_ascii_digit() =>
            {
                return Err(Fault::Version);
            }
            _ => return Err(Fault::RequestLine),
        }
        if !is_target(target) {
            return Err(Fault::Target);
        }
        self.is_head_request = method == b"HEAD";
        Ok(())
    }

    fn status_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let rest = match line {
            [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ (b'0' | b'1'), b' ', rest @ ..] => {
                self.is_old_version = *minor == b'0';
                rest
            }
            _ => return Err(Fault::StatusLine),
        };
        // Many omit the space before an empty reason; that is not ambiguous.
        let (digits, reason) = match rest {
            [a, b, c] => ([a, b, c], &[][..]),
            [a, b, c, b' ', reason @ ..] => ([a, b, c], reason),
            _ => return Err(Fault::StatusLine),
        };
        if !digits.iter().all(|digit| digit.is_ascii_digit()) || *digits[0] == b'0' {
            return Err(Fault::StatusLine);
        }
        if !reason.iter().copied().all(is_in_value) {
            return Err(Fault::StatusLine);
        }
        self.status = digits.iter().fold(0, |n, digit| n * 10 + u16::from(**digit - b'0'));
        Ok(())
    }

    fn field(&mut self, line: &[u8], lenience: Lenience) -> Result<(), Fault> {
        if matches!(line[0], b' ' | b'\t') {
            return Err(Fault::Folded);
        }
        let (name, value) = split_field(line)?;
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = number(trim(value))?;
                match self.length.replace(length) {
                    None => {}
                    Some(before) if lenience.repeated_length && before == length => {}
                    Some(_) => return Err(Fault::ContentLengthRepeated),
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.is_coded {
                    return Err(Fault::TransferEncoding);
                }
                self.is_coded = true;
                coding(value)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The length of the body, without regard to status and method.
    pub(super) fn length(&self, lenience: Lenience) -> Result<Length, Fault> {
        match (self.is_coded, self.length) {
            (false, None) => Ok(Length::Unsaid),
            (false, Some(bytes)) => Ok(Length::Bytes(bytes)),
            (true, _) if self.is_old_version => Err(Fault::CodingInOldVersion),
            (true, Some(_)) if !lenience.length_with_chunked => Err(Fault::LengthAndCoding),
            (true, _) => Ok(Length::Chunked),
        }
    }
}

/// A path and query, `*`, or anything else that hyper accepts as a URI; the forms are not distinguished here.
fn is_target(target: &[u8]) -> bool {
    if target[0] == b'/' && target.iter().all(|byte| PLAIN[*byte as usize]) {
        return true;
    }
    // Fragments are for the user agent only. hyper would drop one; others would read it as part of the path.
    let may_be = |byte: &u8| matches!(byte, b'!'..=b'~' | 0x80..) && *byte != b'#';
    target.iter().all(may_be) && Uri::try_from(target).is_ok()
}

/// The name and value of a field line, with white space.
fn split_field(line: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let colon = line.iter().position(|byte| !is_token(*byte)).ok_or(Fault::FieldName)?;
    if colon == 0 || line[colon] != b':' {
        return Err(Fault::FieldName);
    }
    let value = &line[colon + 1..];
    // All of it, without stopping at the first wrong byte: so the compiler takes many bytes at a time.
    let is_wrong = value.iter().fold(false, |is_wrong, byte| is_wrong | !is_in_value(*byte));
    if !is_wrong { Ok((&line[..colon], value)) } else { Err(Fault::FieldValue) }
}

/// Parses digits only: no sign, no list, nothing that overflows.
fn number(digits: &[u8]) -> Result<u64, Fault> {
    // No real length has more digits, and 18 can't overflow.
    if digits.is_empty() || 18 < digits.len() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Fault::ContentLength);
    }
    Ok(digits.iter().fold(0, |n, digit| n * 10 + u64::from(*digit - b'0')))
}

/// Only `chunked` is accepted. Well-formed other codings are unknown codings: RFC 9112 section 6.1 asks for 501. If
/// `chunked` is not the last coding, section 6.3 asks for 400.
fn coding(value: &[u8]) -> Result<(), Fault> {
    let value = trim(value);
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let mut codings = value.split(|byte| *byte == b',').map(trim).rev();
    let last = codings.next().unwrap_or_default();
    if !last.eq_ignore_ascii_case(b"chunked") {
        return Err(Fault::TransferEncoding);
    }
    let is_other = |coding: &[u8]| {
        !coding.is_empty() && coding.iter().copied().all(is_token) && !coding.eq_ignore_ascii_case(b"chunked")
    };
    Err(if codings.all(is_other) { Fault::UnknownCoding } else { Fault::TransferEncoding })
}

/// Removes white space as HTTP defines it: space and tab.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// RFC 9110 section 5.6.2: the characters of names and methods.
pub(super) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// RFC 9110 section 5.5: the characters of field values.
pub(super) const fn is_in_value(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        byte += 1;
    }
    table
};

/// What most targets consist of: characters that mean the same in every reading of a path and a query.
const PLAIN: [bool; 256] = {
    let mut table = TOKEN;
    let (mut more, others) = (0, b"/?=&%:@(),;");
    while more < others.len() {
        table[others[more] as usize] = true;
        more += 1;
    }
    table[b'#' as usize] = false;
    table[b'`' as usize] = false;
    table[b'^' as usize] = false;
    table
};
