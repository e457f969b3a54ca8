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
use super::super::query::Reach;
use super::super::retry::{Catcher, Retrier};
use super::super::siblings::Siblings;
use super::super::template::Template;
use super::distributed::{self, Distributed};
use crate::json;

/// A Map state.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html>
#[derive(Clone, Debug)]
pub struct Map {
    /// The first state of the item processor.
    pub processor: StateId,
    /// `ItemsPath` or `Items`: the array to iterate over.
    pub items: Items,
    /// `ItemSelector` (or `Parameters` of old definitions): the input of an iteration, with `$` the effective
    /// input and `$$.Map.Item`; `None` hands each item on as it is.
    pub item_selector: Option<Template>,
    /// What it has in DISTRIBUTED mode; `None` is INLINE.
    pub distributed: Option<Distributed>,
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

/// Where the items of a Map come from.
#[derive(Clone, Debug)]
pub enum Items {
    /// `ItemsPath`, from the effective input; `$` when it is absent.
    Path(PathExpr),
    /// `Items`, in JSONata.
    Computed(Template),
    /// The state's input: JSONata without `Items`.
    Input,
}

impl Items {
    fn read(state: &Fields<'_>) -> Option<Self> {
        if !state.is_jsonata() {
            return match state.has("ItemsPath") {
                true => state.path("ItemsPath").map(Self::Path),
                false => Some(Self::Path(PathExpr::input())),
            };
        }
        if !state.has("Items") {
            return Some(Self::Input);
        }
        let items = state.template("Items")?;
        if items.literal().is_some_and(|literal| !literal.is_array()) {
            // As of other fields; AWS's wording is not recorded.
            state.field_problem("Items", "Expected value of type Array");
            return None;
        }
        Some(Self::Computed(items))
    }

    /// Whether they are made anew, perhaps otherwise, whenever they are asked for: then they must be kept.
    pub fn are_computed(&self) -> bool {
        matches!(self, Self::Computed(items) if items.literal().is_none())
    }
}

/// `ProcessorConfig.Mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Inline,
    Distributed,
}

impl Map {
    pub(super) fn read<'a>(
        compiler: &mut Compiler<'a>,
        state: &Fields<'a>,
        siblings: &Siblings,
    ) -> Option<Self> {
        let (processor, distributed) = match read_processor(compiler, state) {
            None => (None, None),
            Some(ItemProcessor { start_at, distributed }) => (Some(start_at), Some(distributed)),
        };
        let items = Items::read(state);
        let selector = state.at_most_one(&["ItemSelector", "Parameters"]);
        let item_selector = selector.and_then(|name| state.template(name));
        let max_concurrency = state.count("MaxConcurrency", "MaxConcurrencyPath");
        let tolerated_failure_count = state.count("ToleratedFailureCount", "ToleratedFailureCountPath");
        let tolerated_failure_percentage =
            state.percentage("ToleratedFailurePercentage", "ToleratedFailurePercentagePath");
        let flow = DataFlow::read(state);
        let retry = Retrier::read_all(state);
        let catch = Catcher::read_all(state, siblings);
        let assign = siblings.assign(&state.reaching(Reach::Result));
        let next = siblings.transition(state);
        Some(Self {
            processor: processor?,
            items: items?,
            item_selector,
            distributed: distributed?,
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
    /// `States.Runtime` for a path to nothing or to anything but an array; `States.QueryEvaluationError` for the same in
    /// JSONata.
    pub fn items<'a>(&'a self, scope: &'a dyn Scope) -> Result<Cow<'a, Value>, DataError> {
        match &self.items {
            Items::Path(path) => {
                let items = path.read(scope)?;
                if !items.is_array() {
                    let path = path.text();
                    return Err(DataError::runtime(format!(
                        "Reference path \"{path}\" must point to array."
                    )));
                }
                Ok(items)
            }
            Items::Computed(template) => {
                if let Some(literal) = template.literal() {
                    return Ok(Cow::Borrowed(literal));
                }
                let items = template.evaluate(scope)?;
                match template.query() {
                    Some(query) if !items.is_array() => Err(query.unexpected("array", &items)),
                    Some(_) | None => Ok(Cow::Owned(items)),
                }
            }
            Items::Input => {
                let items = scope.input();
                match items.is_array() {
                    true => Ok(Cow::Borrowed(items)),
                    false => {
                        let shown = json::compact(items);
                        let cause = format!("Map state input must be an array but was: {shown}");
                        Err(DataError::query(cause, None))
                    }
                }
            }
        }
    }
}

/// `ItemProcessor` or `Iterator`.
struct ItemProcessor {
    start_at: StateId,
    distributed: Option<Distributed>,
}

/// Reads `ItemProcessor` or `Iterator`, and what depends on its mode.
fn read_processor<'a>(compiler: &mut Compiler<'a>, state: &Fields<'a>) -> Option<ItemProcessor> {
    let name = state.exactly_one(&["ItemProcessor", "Iterator"])?;
    let processor = state.object(name)?;
    processor.allow(&["ProcessorConfig", "StartAt", "States", "Comment"]);
    processor.string("Comment");
    match read_mode(&processor, compiler.kind) {
        None => {
            distributed::refuse_inline(state);
            let start_at = compiler.read_inner(&processor)?;
            Some(ItemProcessor { start_at, distributed: None })
        }
        Some(kind) => {
            let distributed = Distributed::read(state, &processor, kind, compiler.language);
            let outer = std::mem::replace(&mut compiler.kind, kind);
            let start_at = compiler.read_inner(&processor);
            compiler.kind = outer;
            let distributed = distributed?;
            compiler.take_label(&distributed.processor.label, &state.at.field("Label"));
            Some(ItemProcessor { start_at: start_at?, distributed: Some(distributed) })
        }
    }
}

/// The type of the child executions in DISTRIBUTED mode; `None` is INLINE.
fn read_mode(processor: &Fields<'_>, kind: StateMachineType) -> Option<StateMachineType> {
    let config = processor.object("ProcessorConfig")?;
    config.allow(&["Mode", "ExecutionType"]);
    let mode = config.word("Mode", &[("INLINE", Mode::Inline), ("DISTRIBUTED", Mode::Distributed)]);
    let types = [("STANDARD", StateMachineType::Standard), ("EXPRESS", StateMachineType::Express)];
    let execution_type = config.word("ExecutionType", &types);
    match mode.unwrap_or_default() {
        Mode::Inline => {
            if mode.is_some() && config.has("ExecutionType") {
                config.problem("Field 'ExecutionType' is not supported");
            }
            None
        }
        Mode::Distributed => {
            config.require(&["ExecutionType"]);
            if kind == StateMachineType::Express {
                config.field_problem(
                    "Mode",
                    "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
                );
            }
            Some(execution_type.unwrap_or_default())
        }
    }
}
