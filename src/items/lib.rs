//! The items of a distributed Map out of objects: CSV, JSON, JSON Lines, Parquet, and the manifests that name them.
//!
//! [`read`] goes through an object from its front and hands each item to a sink as text, so that memory is bounded by
//! an item and not by the object. Where the bytes come from is the caller's: a [`Source`] gives ranges of them. What is
//! wrong is an [`Error`], whose text is the cause of `States.ItemReaderFailed`.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>

// Rooms are called by their names, wherever they stand.
use stepgate_asl as asl;
use stepgate_json as json;

mod csv;
mod document;
mod lines;
mod manifest;
mod parquet;
mod source;
mod text;

pub use manifest::{Inventory, athena_files, inventory};
pub use source::{Source, Whole};

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use asl::InputType;

/// Largest object: what AWS reads.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html#itemreader-iterable-sources>
pub const OBJECT_BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// Largest item, as compact JSON: what a child execution may be given.
pub const ITEM_BYTES_MAX: usize = 262_144;
/// Longest line of a table or of JSON Lines, and longest element of an array as it is written.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why there are no items: the cause of `States.ItemReaderFailed`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Takes items in, one after the other, as compact JSON; `Break` when it wants no more.
pub type Sink<'a> = dyn FnMut(String) -> Result<ControlFlow<()>, Error> + 'a;

/// Hands the items of an object to `sink`, in order.
///
/// # Errors
/// For an object that is not what it should be, or has a line or an item beyond the limits, and what `source` and
/// `sink` say.
pub fn read(source: Arc<dyn Source>, input_type: &InputType, sink: &mut Sink<'_>) -> Result<(), Error> {
    if OBJECT_BYTES_MAX < source.len() {
        return Err(Error::new(format!(
            "The object has {} bytes; an object may have {OBJECT_BYTES_MAX} at the most.",
            source.len()
        )));
    }
    let mut sink = |item: String| {
        if ITEM_BYTES_MAX < item.len() {
            return Err(Error::new(format!(
                "An item has {} bytes; an item may have {ITEM_BYTES_MAX} at the most.",
                item.len()
            )));
        }
        sink(item)
    };
    match input_type {
        InputType::Csv { headers, delimiter } => {
            csv::read(text::open(source), headers.as_deref(), *delimiter, &mut sink)
        }
        InputType::Json { pointer } => document::read(&source, pointer.as_deref(), &mut sink),
        InputType::JsonLines => lines::read(text::open(source), &mut sink),
        InputType::Parquet => parquet::read(source, &mut sink),
    }
}

/// The first `max` items of an object that is in memory as a whole.
///
/// # Errors
/// As [`read`].
pub fn of_text(input_type: &InputType, body: &str, max: usize) -> Result<Vec<String>, Error> {
    let mut items = Vec::new();
    if max == 0 {
        return Ok(items);
    }
    let source = Arc::new(Whole(body.to_owned().into()));
    read(source, input_type, &mut |item| {
        items.push(item);
        Ok(if items.len() < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(items)
}

/// Memory that one document of a line or an element may take while it is read, in bytes.
const DOCUMENT_MEMORY_MAX: usize = 64 * 1024 * 1024;

fn parse(text: &str) -> Result<serde_json::Value, Error> {
    if DOCUMENT_MEMORY_MAX < json::weight(text.as_bytes()) {
        return Err(Error::new(format!("A document takes more than {DOCUMENT_MEMORY_MAX} bytes of memory.")));
    }
    json::parse(text).map_err(|error| Error::new(error.to_string()))
}

#[cfg(test)]
mod tests;
