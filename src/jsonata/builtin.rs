//! The built-in functions, by what has to be charged for them.

use jsonata_core::ast::AstNode;

use crate::names::PICKED;
use crate::node::call;

/// What a built-in function gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A number, a truth, or nothing: it isn't charged.
    Measures,
    /// Text, or values that are made or copied.
    Creates,
}

/// The functions that give numbers and truths.
const MEASURING: &[&str] = &[
    "abs",
    "assert",
    "average",
    "boolean",
    "ceil",
    "contains",
    "count",
    "error",
    "exists",
    "floor",
    "length",
    "max",
    "millis",
    "min",
    "not",
    "number",
    "parseInteger",
    "power",
    "random",
    "round",
    "sqrt",
    "sum",
    "toMillis",
    "type",
];

/// The functions that create, and how many arguments each is given as a callback; `None` for those of ours, which charge
/// for themselves wherever they are called.
const CREATING: &[(&str, Option<usize>)] = &[
    ("append", Some(2)),
    ("base64decode", Some(1)),
    ("base64encode", Some(1)),
    ("decodeUrl", Some(1)),
    ("decodeUrlComponent", Some(1)),
    ("distinct", Some(1)),
    ("each", Some(2)),
    ("encodeUrl", Some(1)),
    ("encodeUrlComponent", Some(1)),
    ("filter", Some(2)),
    ("formatBase", Some(2)),
    ("formatInteger", Some(2)),
    ("formatNumber", Some(3)),
    ("fromMillis", Some(3)),
    ("hash", None),
    ("join", Some(2)),
    ("keys", Some(1)),
    ("lookup", Some(2)),
    ("lowercase", Some(1)),
    ("map", Some(2)),
    ("match", Some(3)),
    ("merge", Some(1)),
    ("now", Some(2)),
    ("pad", Some(3)),
    ("parse", None),
    ("partition", None),
    ("range", None),
    ("reduce", Some(3)),
    ("replace", Some(4)),
    ("reverse", Some(1)),
    ("shuffle", Some(1)),
    ("sift", Some(2)),
    ("single", Some(2)),
    ("sort", Some(2)),
    ("split", Some(3)),
    ("spread", Some(1)),
    ("string", Some(1)),
    ("substring", Some(3)),
    ("substringAfter", Some(2)),
    ("substringBefore", Some(2)),
    ("trim", Some(1)),
    ("uppercase", Some(1)),
    ("uuid", None),
    ("zip", None),
];

pub(crate) fn kind(name: &str) -> Option<Kind> {
    if MEASURING.contains(&name) {
        return Some(Kind::Measures);
    }
    CREATING.iter().any(|(creating, _)| *creating == name).then_some(Kind::Creates)
}

/// How many arguments a function that creates is given as a callback, if the library has it.
pub(crate) fn arity(name: &str) -> Option<usize> {
    CREATING.iter().find(|(creating, _)| *creating == name).and_then(|(_, arity)| *arity)
}

/// The built-in function that a variable stands for, replaced by one that charges for it; anything else as it is.
pub(crate) fn picked(name: String, stand_in: AstNode) -> AstNode {
    let text = AstNode::String(name.clone());
    call(PICKED, vec![AstNode::Variable(name), text, stand_in])
}
