//! The Map state.

use std::borrow::Cow;

use serde_json::Value;

use super::super::StateMachineType;
use super::super::compiler::Compiler;
use super::super::data_error::DataError;
use super::super::data_flow::DataFlow;
use super::super::fields::Fields;
use super::super::intrinsic::Scope;
use super::super::number::{Count, Percentage};
use super::super::path_expr::PathExpr;
use super::super::program::{StateId, Transition};
use super::super::retry::{Catcher, Retrier};
use super::super::siblings::Siblings;
use super::super::template::Template;

/// A Map state in INLINE mode.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html>
#[derive(Clone, Debug)]
pub struct Map {
    /// The first state of the item processor.
    pub processor: StateId,
    /// `ItemsPath`: effective input → the array to iterate over.
    pub items_path: PathExpr,
    /// `ItemSelector` (or `Parameters` of old definitions): the input of an iteration, with `$` the effective
    /// input and `$$.Map.Item`; `None` hands each item on as it is.
    pub item_selector: Option<Template>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`; `None` and zero are no limit.
    pub max_concurrency: Option<Count>,
    /// `ToleratedFailureCount` or its path.
    pub tolerated_failure_count: Option<Count>,
    /// `ToleratedFailurePercentage` or its path.
    pub tolerated_failure_percentage: Option<Percentage>,
    /// The way of data; its `parameters` are `None`.
    pub flow: DataFlow,
    /// `Retry`, in order.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order.
    pub catch: Vec<Catcher>,
    /// `Assign`: sees the result as `$`.
    pub assign: Option<Template>,
    /// Where it goes.
    pub next: Transition,
}

/// `ProcessorConfig.Mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Inline,
    Distributed,
}

/// Fields that only a Distributed Map has.
const OF_DISTRIBUTED: &[&str] = &["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

impl Map {
    pub(super) fn read<'a>(
        compiler: &mut Compiler<'a>,
        state: &Fields<'a>,
        siblings: &Siblings,
    ) -> Option<Self> {
        let processor = read_processor(compiler, state);
        let items_path = match state.has("ItemsPath") {
            true => state.path("ItemsPath"),
            false => Some(PathExpr::input()),
        };
        let selector = state.at_most_one(&["ItemSelector", "Parameters"]);
        let item_selector = selector.and_then(|name| state.template(name));
        let max_concurrency = state.count("MaxConcurrency", "MaxConcurrencyPath");
        let tolerated_failure_count = state.count("ToleratedFailureCount", "ToleratedFailureCountPath");
        let tolerated_failure_percentage =
            state.percentage("ToleratedFailurePercentage", "ToleratedFailurePercentagePath");
        let flow = DataFlow::read(state);
        let retry = Retrier::read_all(state);
        let catch = Catcher::read_all(state, siblings);
        let assign = siblings.assign(state);
        let next = siblings.transition(state);
        Some(Self {
            processor: processor?,
            items_path: items_path?,
            item_selector,
            max_concurrency,
            tolerated_failure_count,
            tolerated_failure_percentage,
            flow,
            retry,
            catch,
            assign,
            next: next?,
        })
    }

    /// The items to iterate over; always an array. `scope`'s `$` is the effective input.
    ///
    /// # Errors
    /// `States.Runtime` for a path to nothing or to anything but an array.
    pub fn items<'a>(&self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        let items = self.items_path.read(scope)?;
        if !items.is_array() {
            let path = self.items_path.text();
            return Err(DataError::runtime(format!("Reference path \"{path}\" must point to array.")));
        }
        Ok(items)
    }
}

/// The first state of `ItemProcessor` or `Iterator`.
pub(super) fn read_processor<'a>(compiler: &mut Compiler<'a>, state: &Fields<'a>) -> Option<StateId> {
    let name = state.exactly_one(&["ItemProcessor", "Iterator"])?;
    let processor = state.object(name)?;
    processor.allow(&["ProcessorConfig", "StartAt", "States", "Comment"]);
    processor.string("Comment");
    match read_mode(&processor, compiler.kind) {
        Mode::Distributed => {
            let at = processor.at.field("ProcessorConfig").field("Mode");
            state.findings.refuse(&at, "The DISTRIBUTED mode of Map");
        }
        Mode::Inline => {
            for name in OF_DISTRIBUTED.iter().filter(|name| state.has(name)) {
                state.problem(format!("Field '{name}' is not supported"));
            }
        }
    }
    compiler.read_inner(&processor)
}

fn read_mode(processor: &Fields<'_>, kind: StateMachineType) -> Mode {
    let Some(config) = processor.object("ProcessorConfig") else { return Mode::default() };
    config.allow(&["Mode", "ExecutionType"]);
    let mode = config.word("Mode", &[("INLINE", Mode::Inline), ("DISTRIBUTED", Mode::Distributed)]);
    let mode = mode.unwrap_or_default();
    config.word("ExecutionType", &[("STANDARD", ()), ("EXPRESS", ())]);
    if mode == Mode::Distributed {
        config.require(&["ExecutionType"]);
        if kind == StateMachineType::Express {
            // AWS's wording is not recorded.
            config.field_problem("Mode", "Express state machine does not support 'DISTRIBUTED' mode of Map");
        }
    }
    mode
}
