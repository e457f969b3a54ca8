//! The Amazon States Language: definition text in, checked and compiled [`Program`] out, with the diagnostics of AWS.
//!
//! Everything that can be known from the text alone is decided here, once: a `Program` has no dangling
//! transition, no missing field and no unparsed path, so that running it can fail on data only
//! ([`DataError`]). Pure: same text, same program; same program and data, same value.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html>

mod choice;
mod data_error;
mod data_flow;
mod expression;
mod fail;
pub mod intrinsic;
mod number;
mod path_expr;
mod program;
mod retry;
mod template;
mod wait;

pub use choice::{Choice, ChoiceRule, Decision};
pub use data_error::{DataError, ErrorName};
pub use data_flow::{DataFlow, InOut, PathField, ResultPath};
pub use expression::Expression;
pub use fail::FailText;
pub use number::{Count, Percentage, Seconds};
pub use path_expr::{PathExpr, Root};
pub use program::{
    Fail, Integration, Map, Parallel, Pass, Pattern, Program, Resource, State, StateId, StateKind, Succeed, Task,
    Transition, Wait,
};
pub use retry::{Catcher, ErrorEquals, Jitter, Retrier};
pub use template::Template;
pub use wait::WaitUntil;
