//! Operations of the corpus as frames of HTTP/2, and what came of the streams.

use std::collections::BTreeMap;
use std::io::Write;

use crate::corpus::bytes;
use crate::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, Frames, GOAWAY, HEADERS, RST_STREAM, SETTINGS,
    field, frame,
};

const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const HEADER_TABLE_SIZE: u16 = 1;

/// The frame of one operation of the corpus.
pub(crate) fn operation(text: &str) -> Vec<u8> {
    let (what, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (kind, place) = what.split_at(1);
    if kind == "F" {
        let numbers: Vec<u32> = place.split(':').map(|number| number.parse().unwrap()).collect();
        let payload = hex::decode(rest).unwrap();
        return frame(numbers[0].try_into().unwrap(), numbers[1].try_into().unwrap(), numbers[2], &payload);
    }
    let (stream, letters) = place.split_once(':').unwrap();
    let has = |letter| letters.contains(letter);
    let (number, content) = match kind {
        "D" => (DATA, bytes(rest)),
        "H" | "C" => {
            let fields = rest.split(' ').filter(|word| !word.is_empty()).map(|word| {
                let (name, value) = word.split_once('=').unwrap();
                field(bytes(name), bytes(value))
            });
            (if kind == "H" { HEADERS } else { CONTINUATION }, fields.collect::<Vec<_>>().concat())
        }
        other => panic!("no operation: {other}"),
    };
    let mut flags = if has('e') { END_STREAM } else { 0 };
    if kind != "D" && !has('c') {
        flags |= END_HEADERS;
    }
    let mut payload = Vec::new();
    if has('p') {
        flags |= PADDED;
        payload.push(4);
    }
    if has('y') {
        flags |= PRIORITY;
        payload.extend_from_slice(&[0, 0, 0, 0, 15]);
    }
    payload.extend_from_slice(&content);
    if has('p') {
        payload.extend_from_slice(&[0; 4]);
    }
    frame(number, flags, stream.parse().unwrap(), &payload)
}

/// What came of a connection.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Status of each stream that was answered.
    pub(crate) statuses: BTreeMap<u32, u16>,
    /// Streams whose answers are whole.
    pub(crate) ended: Vec<u32>,
    pub(crate) reset: Vec<u32>,
    /// Whether the server ended the connection.
    pub(crate) is_over: bool,
}

/// Sends `frames` after the preface, and reads until each stream of `awaited` has come to its end, or the connection.
pub(crate) fn exchange(address: &str, frames: &[u8], awaited: &[u32]) -> Outcome {
    // The server's encoder is told to keep no table: statuses can be read without one.
    let mut client = Frames::connect(address, &[(HEADER_TABLE_SIZE, 0)]);
    // A server that ends the connection need not read on.
    let _ = client.stream.write_all(frames);
    let mut outcome = Outcome::default();
    while let Some(Frame { kind, flags, stream, payload }) = client.read() {
        match (kind, flags) {
            (DATA | HEADERS, flags) => {
                let status = if kind == HEADERS { status(&payload) } else { None };
                if let Some(status) = status.filter(|status| 200 <= *status) {
                    outcome.statuses.entry(stream).or_insert(status);
                }
                if flags & END_STREAM != 0 {
                    outcome.ended.push(stream);
                }
            }
            (RST_STREAM, _) => outcome.reset.push(stream),
            (SETTINGS, 0) => drop(client.send(SETTINGS, ACK, 0, b"")),
            // A goaway without an error is of a connection that ends when its streams have.
            (GOAWAY, _) if payload[4..8] != [0; 4] => break,
            _ => {}
        }
        let is_done = |stream: &u32| outcome.ended.contains(stream) || outcome.reset.contains(stream);
        if awaited.iter().all(is_done) {
            return outcome;
        }
    }
    outcome.is_over = true;
    outcome
}

/// The `:status` that a header block begins with.
fn status(block: &[u8]) -> Option<u16> {
    // Updates of the table's size come first.
    let start = block.iter().position(|byte| byte & 0xe0 != 0x20)?;
    match block[start..] {
        [indexed @ 0x88..=0x8e, ..] => Some([200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)]),
        [0x48 | 0x18 | 0x08, length, ref rest @ ..] => {
            let text = &rest[..usize::from(length & 0x7f)];
            let digits = if length & 0x80 == 0 { text.to_vec() } else { huffman_digits(text) };
            std::str::from_utf8(&digits).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// HPACK's code of digits: 0 to 2 in five bits, 3 to 9 in six.
fn huffman_digits(bytes: &[u8]) -> Vec<u8> {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut rest, mut digits) = (bits.as_str(), Vec::new());
    while digits.len() < 3 && 6 <= rest.len() + 1 {
        let five = u8::from_str_radix(&rest[..5], 2).unwrap();
        if five < 3 {
            digits.push(b'0' + five);
            rest = &rest[5..];
        } else {
            let six = u8::from_str_radix(&rest[..6], 2).unwrap();
            digits.push(b'3' + six - 0b01_1001);
            rest = &rest[6..];
        }
    }
    digits
}
