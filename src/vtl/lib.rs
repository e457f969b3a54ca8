//! Apache Velocity 1.7, the language of API Gateway's mapping templates: text → [`Template`] → text.
//!
//! A template is parsed once, when it is deployed, and evaluated for every request. [`Template::parse`] is the entry
//! point; the evaluation asks a [`Host`] for everything outside the language (`$input`, `$util`, `$context`, …).
//!
//! Invariants: The room is pure: the same template, host answers and limits give the same text. No source causes a
//! panic, and every evaluation ends within its [`Limits`]. The output equals that of the Java engine, byte for byte,
//! whitespace included (`tests/data/vtl` has recorded outputs), with these deliberate differences:
//! - Values that came from JSON print as API Gateway prints them ([`Value::from_json`]).
//! - `#include`, `#parse` and reflection (`.class`, `getClass()`) are refused, because API Gateway has none of them.
//! - A `#foreach` over more than [`Limits::foreach_iterations`] items is an error; it is not cut short.
//!
//! API Gateway developer guide: "Mapping template transformations" and "Variables for data transformations".

// Rooms are called by their names, wherever they stand.
use crate as vtl;
use stepgate_json as json;

pub mod ast;
mod error;
mod eval;
mod host;
pub mod java_pattern;
mod lexer;
mod limits;
mod methods;
mod names;
mod parser;
mod template;
mod token;
mod trace;
mod value;

pub use error::{EvalError, ParseError, Position};
pub use host::{Host, HostError, Object};
pub use limits::{LimitKind, Limits};
pub use methods::is_method;
pub use template::Template;
pub use trace::{Action, Observer, Step};
pub use value::{Block, Entry, List, ListKind, Loop, Map, Operator, Value, writes};

/// The name under which a macro called as `#@name(…) … #end` finds its block.
const BODY_CONTENT: &str = "bodyContent";
