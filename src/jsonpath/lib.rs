//! JSONPath as Jayway JsonPath reads it: today's for API Gateway's `$input`, that of 2.0 for Step Functions (see
//! [`Dialect`]).
//!
//! A [`Path`] is compiled once and read many times; a [`ReferencePath`] is the subset that names exactly one
//! node and can therefore also be written to (ASL `ResultPath`).
//!
//! Pure: text → tokens → value. Reading is bounded in nodes visited and in depth, compiling in length, steps and
//! nesting, and regular expressions in backtracking. Where Jayway crashes (`ClassCastException` and the like) the
//! answer here is what it evidently meant, or a [`ReadError::Failed`].

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
pub use path::Path;
pub use reference::ReferencePath;
