//! A memory budget for expressions, and the calls that charge it.
//!
//! The library limits time, depth and the length of one sequence. It limits neither how long a string may grow by `&`
//! nor the total size of many sequences; forty doublings of a string would end the process. So the compiled tree is
//! rewritten: everything that creates something large passes through a host function, [`METER`], which counts it and
//! fails once the budget is spent. Values that were created and dropped count as well, which is why the budget is
//! larger than what AWS lets an expression hold.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::value::JValue;

/// The name of the function that counts; no expression can contain it.
pub(crate) const METER: &str = "\u{1}meter";

/// The name of the function that refuses excessive lengths before anything that long is created.
pub(crate) const LENGTH: &str = "\u{1}length";

/// The name of the variable that holds the evaluation's time, in milliseconds.
pub(crate) const NOW: &str = "\u{1}now";

/// The error that an exhausted budget raises inside the library.
pub(crate) const EXHAUSTED: &str = "\u{1}memory";

/// The longest string, in UTF-16 units, and the longest sequence. Measured on AWS, which accepts 2²² characters and
/// 873,782 numbers.
pub(crate) const TEXT_LENGTH_MAX: usize = 1 << 22;
/// See [`TEXT_LENGTH_MAX`].
pub(crate) const SEQUENCE_LENGTH_MAX: usize = 873_782;

/// The size of one value in a sequence, in bytes.
const ITEM_BYTES: usize = 24;

/// Built-in functions whose result may be larger than their arguments by more than a constant.
const GROWING: &[&str] = &[
    "append",
    "base64encode",
    "encodeUrl",
    "encodeUrlComponent",
    "formatNumber",
    "join",
    "map",
    "match",
    "merge",
    "pad",
    "range",
    "reduce",
    "replace",
    "split",
    "spread",
    "string",
    "zip",
];

/// The same expression, rewritten to charge the budget. Times come from the scope instead of the machine's clock.
pub(crate) fn metered(node: AstNode) -> AstNode {
    match node {
        AstNode::Binary { op: op @ (BinaryOp::Concatenate | BinaryOp::Range), lhs, rhs } => {
            metered_call(AstNode::Binary { op, lhs: boxed(*lhs), rhs: boxed(*rhs) })
        }
        AstNode::Binary { op: op @ BinaryOp::ChainPipe, lhs, rhs } => {
            metered_call(AstNode::Binary { op, lhs: boxed(*lhs), rhs: Box::new(piped(*rhs)) })
        }
        AstNode::Binary { op, lhs, rhs } => AstNode::Binary { op, lhs: boxed(*lhs), rhs: boxed(*rhs) },
        AstNode::Unary { op, operand } => AstNode::Unary { op, operand: boxed(*operand) },
        AstNode::Function { name, args, is_builtin: true } => function(name, all(args)),
        AstNode::Function { name, args, is_builtin } => {
            AstNode::Function { name, args: all(args), is_builtin }
        }
        AstNode::Call { procedure, args } => AstNode::Call { procedure: boxed(*procedure), args: all(args) },
        AstNode::Lambda { params, body, signature, thunk } => {
            AstNode::Lambda { params, body: boxed(*body), signature, thunk }
        }
        AstNode::Array(items) => AstNode::Array(items.into_iter().map(item).collect()),
        AstNode::ArrayGroup(items) => AstNode::ArrayGroup(items.into_iter().map(item).collect()),
        AstNode::Object(members) => AstNode::Object(pairs(members)),
        AstNode::ObjectTransform { input, pattern } => {
            AstNode::ObjectTransform { input: boxed(*input), pattern: pairs(pattern) }
        }
        AstNode::Block(statements) => AstNode::Block(all(statements)),
        AstNode::Conditional { condition, then_branch, else_branch } => AstNode::Conditional {
            condition: boxed(*condition),
            then_branch: boxed(*then_branch),
            else_branch: else_branch.map(|branch| boxed(*branch)),
        },
        AstNode::Path { steps } => AstNode::Path { steps: steps.into_iter().map(step).collect() },
        AstNode::FunctionApplication(inner) => AstNode::FunctionApplication(boxed(*inner)),
        AstNode::Sort { input, terms } => AstNode::Sort {
            input: boxed(*input),
            terms: terms.into_iter().map(|(term, ascending)| (metered(term), ascending)).collect(),
        },
        AstNode::Transform { location, update, delete } => AstNode::Transform {
            location: boxed(*location),
            update: boxed(*update),
            delete: delete.map(|delete| boxed(*delete)),
        },
        leaf => leaf,
    }
}

fn boxed(node: AstNode) -> Box<AstNode> {
    Box::new(metered(node))
}

fn all(nodes: Vec<AstNode>) -> Vec<AstNode> {
    nodes.into_iter().map(metered).collect()
}

fn pairs(members: Vec<(AstNode, AstNode)>) -> Vec<(AstNode, AstNode)> {
    members.into_iter().map(|(name, value)| (metered(name), metered(value))).collect()
}

/// An array copies the items that it is built from each time it is evaluated.
fn item(node: AstNode) -> AstNode {
    match node {
        // A nested array has to stay one, which it wouldn't as the result of a function; its own items are counted.
        array @ (AstNode::Array(_) | AstNode::ArrayGroup(_)) => metered(array),
        variable @ AstNode::Variable(_) => metered_call(variable),
        path @ AstNode::Path { .. } => metered_call(metered(path)),
        other => metered(other),
    }
}

fn step(step: PathStep) -> PathStep {
    let PathStep { node, stages, focus, index_var, ancestor_label, is_tuple, inner_tuple, .. } = step;
    // How a path is evaluated depends on the kind of each step's node, so the kind must not change.
    let node = match node {
        AstNode::Binary { op, lhs, rhs } => AstNode::Binary { op, lhs: boxed(*lhs), rhs: boxed(*rhs) },
        AstNode::Function { name, args, is_builtin } => {
            AstNode::Function { name, args: all(args), is_builtin }
        }
        other => metered(other),
    };
    let stages = stages.into_iter().map(|stage| match stage {
        Stage::Filter(filter) => Stage::Filter(boxed(*filter)),
        other => other,
    });
    let stages = stages.collect();
    PathStep {
        node,
        stages,
        focus,
        index_var,
        ancestor_label,
        is_tuple,
        inner_tuple,
        id: jsonata_core::ast::StepId::default(),
    }
}

fn function(name: String, mut args: Vec<AstNode>) -> AstNode {
    match name.as_str() {
        "now" => {
            args.insert(0, AstNode::Variable(NOW.to_owned()));
            return AstNode::Function { name: "fromMillis".to_owned(), args, is_builtin: true };
        }
        "millis" if args.is_empty() => return AstNode::Variable(NOW.to_owned()),
        "pad" if args.len() > 1 => {
            let width = args.remove(1);
            args.insert(1, call(LENGTH, width));
        }
        _ => {}
    }
    let grows = GROWING.contains(&name.as_str());
    let called = AstNode::Function { name, args, is_builtin: true };
    if grows { metered_call(called) } else { called }
}

/// The right side of `~>`. The left side becomes the first argument of a call, so this has to stay a call.
fn piped(node: AstNode) -> AstNode {
    match node {
        AstNode::Function { name, mut args, is_builtin: true } => {
            if name == "pad" && !args.is_empty() {
                let width = args.remove(0);
                args.insert(0, call(LENGTH, width));
            }
            AstNode::Function { name, args: all(args), is_builtin: true }
        }
        other => metered(other),
    }
}

fn metered_call(node: AstNode) -> AstNode {
    call(METER, node)
}

fn call(name: &str, node: AstNode) -> AstNode {
    AstNode::Function { name: name.to_owned(), args: vec![node], is_builtin: true }
}

/// The memory that is left.
pub(crate) struct Budget {
    left: usize,
    sequence_max: usize,
}

impl Budget {
    pub(crate) fn new(bytes: usize, sequence_max: usize) -> Self {
        Self { left: bytes, sequence_max }
    }

    /// Charges for a new value, but only for its outermost layer: the contents were charged when they were created.
    pub(crate) fn draw(&mut self, value: &JValue) -> Result<(), EvaluatorError> {
        let bytes = match value {
            JValue::String(text) if TEXT_LENGTH_MAX < text.len() && TEXT_LENGTH_MAX < utf16_length(text) => {
                return Err(exhausted());
            }
            JValue::String(text) => text.len(),
            JValue::Array(items) if self.sequence_max < items.len() => return Err(exhausted()),
            JValue::Array(items) => items.len() * ITEM_BYTES,
            JValue::Object(members) => members.len() * 2 * ITEM_BYTES,
            _ => return Ok(()),
        };
        self.left = self.left.checked_sub(bytes).ok_or_else(exhausted)?;
        Ok(())
    }
}

/// Refuses a length before anything that long is created.
pub(crate) fn check_length(length: &JValue) -> Result<(), EvaluatorError> {
    match length.as_f64() {
        Some(length) if TEXT_LENGTH_MAX as f64 <= length.abs() => Err(exhausted()),
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn exhausted() -> EvaluatorError {
    EvaluatorError::EvaluationError(EXHAUSTED.to_owned())
}

fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
