//! JSON Lines: a document a line; empty lines are passed over.

use std::io::{BufRead, Read};
use std::ops::ControlFlow;

use super::text::NO_TEXT;
use super::{Error, LINE_BYTES_MAX, Sink, json};

pub(super) fn read(mut text: Box<dyn BufRead>, sink: &mut Sink<'_>) -> Result<(), Error> {
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut text).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        if LINE_BYTES_MAX < line.len() {
            return Err(Error::new(format!("A line has more than {LINE_BYTES_MAX} bytes.")));
        }
        let document = std::str::from_utf8(&line).map_err(|_| Error::new(NO_TEXT))?.trim();
        if document.is_empty() {
            continue;
        }
        let value = super::parse(document)?;
        if let ControlFlow::Break(()) = sink(json::compact(&value))? {
            return Ok(());
        }
    }
}
