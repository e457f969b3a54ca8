//! The Amazon States Language: definition text in, checked and compiled [`Program`] out, with the diagnostics of AWS.
//!
//! Everything that can be known from the text alone is decided here, once: a `Program` has no dangling
//! transition, no missing field and no unparsed path, so that running it can fail on data only
//! ([`DataError`]). Pure: same text, same program; same program and data, same value.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>

// Rooms are called by their names, wherever they stand.
use stepgate_clock as clock;
use stepgate_id as id;
use stepgate_json as json;
use stepgate_jsonata as jsonata;
use stepgate_jsonpath as jsonpath;

mod closest;
mod compiler;
mod data_error;
mod data_flow;
mod definition;
mod diagnostics;
mod evaluation;
mod expression;
mod fields;
pub mod intrinsic;
mod locate;
mod number;
mod part;
mod path_expr;
mod program;
mod query;
mod query_language;
mod retry;
mod siblings;
mod state;
mod substitution;
mod template;
#[cfg(test)]
mod test_scope;
mod variables;

pub use closest::closest;
pub use data_error::{DataError, ErrorName};
pub use data_flow::{DataFlow, InOut, PathField, ResultPath};
pub use definition::{
    DEFINITION_CHARS_MAX, StateMachineType, compile, compile_state, compile_stored, validate,
};
pub use diagnostics::{Code, Diagnostic, Diagnostics, Severity, Subject};
pub use expression::Expression;
pub use intrinsic::{Root, Scope};
pub use locate::{Position, locate, offset_at, place, position};
pub use number::{Count, Percentage, Seconds};
pub use part::{Part, part};
pub use path_expr::PathExpr;
pub use program::{Program, State, StateId, StateKind, Transition};
pub use query::Query;
pub use query_language::QueryLanguage;
pub use retry::{Catcher, ErrorEquals, Jitter, Retrier};
pub use state::{
    Choice, ChoiceRule, Decision, Distributed, Fail, FailText, InputType, Integration, ItemBatcher,
    ItemReader, ItemSource, Items, Map, MaxItems, Parallel, Pass, Pattern, Processor, Resource, Succeed,
    Task, Wait, WaitUntil,
};
pub use state::{Export, OutputType, ResultWriter, Transformation};
pub use substitution::{Substituted, substitute};
pub use template::Template;
