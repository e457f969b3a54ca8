//! Tables: rows as RFC 4180 has them, each an object of texts.

use std::io::BufRead;
use std::ops::ControlFlow;

use serde_json::{Map, Value};

use super::text::NO_TEXT;
use super::{Error, LINE_BYTES_MAX, Sink, json};

/// Longest header line, as on AWS.
pub(super) const HEADER_BYTES_MAX: usize = 10 * 1024;
/// Most cells of a row: twice as many as a header line of that length can name.
pub(super) const CELLS_MAX: usize = HEADER_BYTES_MAX;

/// Cells without a header are left out, missing ones are empty.
pub(super) fn read(
    text: Box<dyn BufRead>,
    given: Option<&[String]>,
    delimiter: char,
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let mut rows = Rows::new(text, delimiter);
    let headers = match given {
        Some(headers) => headers.to_vec(),
        None => rows.next(CELLS_MAX)?.unwrap_or_default(),
    };
    if HEADER_BYTES_MAX < headers.iter().map(|header| header.len() + 1).sum::<usize>() {
        return Err(Error::new(format!("The CSV headers have more than {HEADER_BYTES_MAX} bytes.")));
    }
    let mut sorted = headers.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::new("CSV headers cannot contain duplicates."));
    }
    while let Some(cells) = rows.next(headers.len())? {
        let mut cells = cells.into_iter();
        let cell = |header: &String| (header.clone(), Value::from(cells.next().unwrap_or_default()));
        let item = Value::Object(headers.iter().map(cell).collect::<Map<_, _>>());
        if let ControlFlow::Break(()) = sink(json::compact(&item))? {
            break;
        }
    }
    Ok(())
}

/// The rows of a table; a quote that stands within a bare cell is part of it.
struct Rows {
    text: Box<dyn BufRead>,
    delimiter: u8,
}

impl Rows {
    fn new(text: Box<dyn BufRead>, delimiter: char) -> Self {
        Self { text, delimiter: u8::try_from(delimiter).unwrap_or(b',') }
    }

    /// The first `kept` cells of the next row; `None` at the end.
    fn next(&mut self, kept: usize) -> Result<Option<Vec<String>>, Error> {
        let mut row = Row { cells: Vec::new(), n_cells: 0, kept };
        let (mut cell, mut n_bytes) = (Vec::new(), 0);
        let mut at = At::Start;
        let mut is_begun = false;
        loop {
            let chunk = self.text.fill_buf()?;
            if chunk.is_empty() {
                if !is_begun {
                    return Ok(None);
                }
                row.push(cell)?;
                return Ok(Some(row.cells));
            }
            is_begun = true;
            let mut n_used = 0;
            let mut is_done = false;
            for byte in chunk {
                n_used += 1;
                at = match (at, *byte) {
                    (At::Quoted, b'"') => At::Quote,
                    (At::Quoted, byte) => {
                        cell.push(byte);
                        At::Quoted
                    }
                    (At::Quote, b'"') => {
                        cell.push(b'"');
                        At::Quoted
                    }
                    (At::Start, b'"') => At::Quoted,
                    (_, byte) if byte == self.delimiter => {
                        row.push(std::mem::take(&mut cell))?;
                        At::Start
                    }
                    (before, b'\n') => {
                        if before == At::Return {
                            cell.pop();
                        }
                        is_done = true;
                        break;
                    }
                    (_, byte) => {
                        cell.push(byte);
                        if byte == b'\r' { At::Return } else { At::Bare }
                    }
                };
            }
            self.text.consume(n_used);
            n_bytes += n_used;
            if LINE_BYTES_MAX < n_bytes {
                return Err(Error::new(format!("A row has more than {LINE_BYTES_MAX} bytes.")));
            }
            if is_done {
                row.push(cell)?;
                return Ok(Some(row.cells));
            }
        }
    }
}

/// A row as far as it is read. Cells that nobody asks for are counted, but take no memory.
struct Row {
    cells: Vec<String>,
    n_cells: usize,
    kept: usize,
}

impl Row {
    fn push(&mut self, cell: Vec<u8>) -> Result<(), Error> {
        self.n_cells += 1;
        if CELLS_MAX < self.n_cells {
            return Err(Error::new(format!("A row has more than {CELLS_MAX} cells.")));
        }
        let cell = text(cell)?;
        if self.cells.len() < self.kept {
            self.cells.push(cell);
        }
        Ok(())
    }
}

/// Where in a row the reading stands.
#[derive(Clone, Copy, PartialEq)]
enum At {
    /// At the front of a cell.
    Start,
    /// Within quotes.
    Quoted,
    /// After a quote within quotes: the end of them, or one of two.
    Quote,
    /// Within a cell that has no quotes, or after them.
    Bare,
    /// After a carriage return there.
    Return,
}

fn text(cell: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(cell).map_err(|_| Error::new(NO_TEXT))
}
