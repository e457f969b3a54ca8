//! JSONPath as Jayway JsonPath reads it: today's version for API Gateway's `$input`, version 2.0 for Step Functions
//! (see [`Dialect`]).
//!
//! A [`Path`] is compiled once and read many times. A [`ReferencePath`] is a path that names exactly one node, so it
//! can also be written to (ASL `ResultPath`).
//!
//! Pure: text → tokens → value. Limits apply to the nodes and the depth of reading, to the length, steps and nesting of
//! a path, and to the backtracking of regular expressions. Where Jayway crashes (with a `ClassCastException` or the
//! like), the result here is what it evidently meant, or a [`ReadError::Failed`].

// Rooms are called by their names, wherever they stand.
use crate as jsonpath;
use stepgate_json as json;

mod cursor;
mod dialect;
mod error;
mod eval;
mod filter;
mod function;
mod parser;
mod path;
mod reference;
mod show;
mod token;

pub use dialect::Dialect;
pub use error::{PathError, ReadError, WriteError};
pub use path::{Path, PlainStep};
pub use reference::ReferencePath;
