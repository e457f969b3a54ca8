//! One state of any type: which fields it may have, and who reads them.

mod arguments;
mod choice;
mod comparison;
mod distributed;
mod fail;
mod item_reader;
mod map;
mod parallel;
mod pass;
mod resource;
mod resource_part;
mod result_writer;
mod string_pattern;
mod succeed;
mod task;
mod wait;

pub use choice::{Choice, ChoiceRule, Decision};
pub use distributed::{Distributed, ItemBatcher, Processor};
pub use fail::{Fail, FailText};
pub use item_reader::{InputType, ItemReader, ItemSource, MaxItems};
pub use map::{Items, Map};
pub use parallel::Parallel;
pub use pass::Pass;
pub use resource::{Integration, Pattern, Resource};
pub(crate) use resource_part::resource_part;
pub use result_writer::{Export, OutputType, ResultWriter, Transformation};
pub use succeed::Succeed;
pub use task::Task;
pub use wait::{Wait, WaitUntil};

use super::compiler::Compiler;
use super::fields::Fields;
use super::program::StateKind;
use super::query_language::QueryLanguage;
use super::siblings::Siblings;

/// The types of states, in the order in which AWS lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Task,
    Wait,
    Pass,
    Succeed,
    Fail,
    Choice,
    Parallel,
    Map,
}

const TYPES: &[(&str, Type)] = &[
    ("Task", Type::Task),
    ("Wait", Type::Wait),
    ("Pass", Type::Pass),
    ("Succeed", Type::Succeed),
    ("Fail", Type::Fail),
    ("Choice", Type::Choice),
    ("Parallel", Type::Parallel),
    ("Map", Type::Map),
];

/// Fields that every state may have.
const OF_ALL: &[&str] = &["Type", "Comment", "QueryLanguage"];

impl Type {
    /// Fields of this type in both query languages.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Task => &[
                "Next",
                "End",
                "Assign",
                "Retry",
                "Catch",
                "Resource",
                "Credentials",
                "TimeoutSeconds",
                "HeartbeatSeconds",
            ],
            Self::Wait => &["Next", "End", "Assign", "Seconds", "Timestamp"],
            Self::Pass => &["Next", "End", "Assign"],
            Self::Succeed => &[],
            Self::Fail => &["Error", "Cause"],
            Self::Choice => &["Choices", "Default", "Assign"],
            Self::Parallel => &["Next", "End", "Assign", "Retry", "Catch", "Branches"],
            Self::Map => &[
                "Next",
                "End",
                "Assign",
                "Retry",
                "Catch",
                "ItemProcessor",
                "Iterator",
                "ItemSelector",
                "MaxConcurrency",
                "ToleratedFailureCount",
                "ToleratedFailurePercentage",
                "ItemReader",
                "ItemBatcher",
                "ResultWriter",
                "Label",
            ],
        }
    }

    /// Fields of this type that only states in JSONPath may have.
    fn json_path_fields(self) -> &'static [&'static str] {
        match self {
            Self::Task => &[
                "InputPath",
                "OutputPath",
                "Parameters",
                "ResultPath",
                "ResultSelector",
                "TimeoutSecondsPath",
                "HeartbeatSecondsPath",
            ],
            Self::Wait => &["InputPath", "OutputPath", "SecondsPath", "TimestampPath"],
            Self::Pass => &["InputPath", "OutputPath", "Parameters", "ResultPath", "Result"],
            Self::Succeed | Self::Choice => &["InputPath", "OutputPath"],
            Self::Fail => &["ErrorPath", "CausePath"],
            Self::Parallel => &["InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector"],
            Self::Map => &[
                "InputPath",
                "OutputPath",
                "Parameters",
                "ResultPath",
                "ResultSelector",
                "ItemsPath",
                "MaxConcurrencyPath",
                "ToleratedFailureCountPath",
                "ToleratedFailurePercentagePath",
            ],
        }
    }

    /// Fields of this type that only states in JSONata may have.
    fn jsonata_fields(self) -> &'static [&'static str] {
        match self {
            Self::Task | Self::Parallel => &["Arguments", "Output"],
            Self::Wait | Self::Pass | Self::Succeed | Self::Choice => &["Output"],
            Self::Fail => &[],
            Self::Map => &["Items", "Output"],
        }
    }

    /// Refuses fields that states of this type don't have, or don't have in their language.
    fn check_fields(self, state: &Fields<'_>) {
        let of_both = [OF_ALL, self.fields()].concat();
        state.allow_in_language(&of_both, self.json_path_fields(), self.jsonata_fields());
    }
}

/// Reads a state and its language; `None` if something in it is wrong.
pub(super) fn read<'a>(
    compiler: &mut Compiler<'a>,
    state: &Fields<'a>,
    siblings: &Siblings,
) -> Option<(QueryLanguage, StateKind)> {
    state.require(&["Type"]);
    let language = QueryLanguage::of_state(state, compiler.language);
    let state = &state.in_language(language);
    let kind = state.word("Type", TYPES)?;
    kind.check_fields(state);
    state.string("Comment");
    let kind = match kind {
        Type::Task => Task::read(state, siblings, compiler.kind).map(Box::new).map(StateKind::Task),
        Type::Wait => Wait::read(state, siblings).map(StateKind::Wait),
        Type::Pass => Pass::read(state, siblings).map(StateKind::Pass),
        Type::Succeed => Some(StateKind::Succeed(Succeed::read(state, siblings))),
        Type::Fail => Some(StateKind::Fail(Fail::read(state, siblings))),
        Type::Choice => Choice::read(state, siblings).map(StateKind::Choice),
        Type::Parallel => Parallel::read(compiler, state, siblings).map(Box::new).map(StateKind::Parallel),
        Type::Map => Map::read(compiler, state, siblings).map(Box::new).map(StateKind::Map),
    };
    Some((language, kind?))
}
