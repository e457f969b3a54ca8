//! The origin of a value, which decides where it may be printed.

use std::collections::HashMap;

use crate::vtl::Template;
use crate::vtl::ast::{Block, Constant, Expression, Node, Reference, ReferenceKind, Slot, Step};

/// The origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The template itself, or something that prints no character that JSON has to escape.
    Own,
    /// `$util.escapeJavaScript`, with the apostrophes corrected.
    Escaped,
    /// `$util.escapeJavaScript`.
    EscapedApostrophe,
    /// `$input.json`: JSON text.
    JsonText,
    /// `$input.body`.
    Body,
    /// A member or item of an object or list that `$input.path` returned.
    Member,
    /// `$input.path` or `$util.parseJson`: a string, number, object or list.
    Path,
    /// A request parameter.
    Parameter,
    /// A string that contains escaped quotes: hand-written JSON for a JSON string.
    HandMade,
}

/// The origins of a template's variables. A variable that is set twice has the riskier origin.
#[derive(Debug, Default)]
pub(super) struct Origins(HashMap<Slot, Origin>);

impl Origins {
    pub(super) fn set(&mut self, slot: Slot, origin: Origin) {
        let known = self.0.entry(slot).or_insert(origin);
        *known = (*known).max(origin);
    }

    pub(super) fn knows(&self, slot: Slot) -> bool {
        self.0.contains_key(&slot)
    }

    pub(super) fn of(&self, template: &Template, expression: &Expression) -> Origin {
        match expression {
            Expression::Reference(reference) => self.of_reference(template, reference),
            Expression::Interpolated(block, _) => self.of_block(template, block),
            Expression::Compute(computation) => {
                self.of(template, &computation.left).max(self.of(template, &computation.right))
            }
            Expression::List(items) => {
                items.iter().map(|item| self.of(template, item)).max().unwrap_or(Origin::Own)
            }
            Expression::Constant(_)
            | Expression::Map(_)
            | Expression::Range(..)
            | Expression::Not(_)
            | Expression::And(_)
            | Expression::Or(_)
            | Expression::Equal(..)
            | Expression::Compare(..) => Origin::Own,
        }
    }

    fn of_block(&self, template: &Template, block: &Block) -> Origin {
        if block.0.iter().any(|node| matches!(node, Node::Text(text) if text.contains("\\\""))) {
            return Origin::HandMade;
        }
        let origins = block.0.iter().map(|node| match node {
            Node::Reference(reference) => self.of_reference(template, reference),
            Node::Text(_)
            | Node::Set(_)
            | Node::If(..)
            | Node::Foreach(_)
            | Node::Call(_)
            | Node::Define(..)
            | Node::Evaluate(..)
            | Node::Stop(_)
            | Node::Break(..) => Origin::Own,
        });
        origins.max().unwrap_or(Origin::Own)
    }

    /// The origin of a reference's value.
    pub(super) fn of_reference(&self, template: &Template, reference: &Reference) -> Origin {
        if reference.kind != ReferenceKind::Variable {
            return Origin::Own;
        }
        if let Some(origin) = self.0.get(&reference.slot) {
            return after_steps(*origin, &reference.steps);
        }
        let (first, rest) = match reference.steps.split_first() {
            Some((first, rest)) => (step_name(first), rest),
            None => (None, &[][..]),
        };
        let origin = match (template.name(reference.slot), first) {
            ("input", Some("json")) => Origin::JsonText,
            ("input", Some("path")) => Origin::Path,
            ("input", Some("params")) => Origin::Parameter,
            ("input", Some("body")) => Origin::Body,
            ("util", Some("escapeJavaScript")) => Origin::EscapedApostrophe,
            ("util", Some("parseJson")) => Origin::Path,
            ("util", Some("urlDecode" | "base64Decode")) => Origin::Parameter,
            ("context", Some("identity")) if rest.iter().any(|step| step_name(step) == Some("userAgent")) => {
                return Origin::Parameter;
            }
            _ => return Origin::Own,
        };
        after_steps(origin, rest)
    }
}

/// The origin of a value after further steps.
fn after_steps(origin: Origin, steps: &[Step]) -> Origin {
    steps.iter().fold(origin, |origin, step| match (origin, step) {
        (Origin::EscapedApostrophe, Step::Method(name, arguments, _))
            if matches!(&**name, "replaceAll" | "replace")
                && arguments.first().and_then(text).is_some_and(|old| old.contains('\'')) =>
        {
            Origin::Escaped
        }
        (_, Step::Method(name, ..)) if is_measured(name) => Origin::Own,
        (Origin::Path | Origin::Member, _) => Origin::Member,
        (origin, _) => origin,
    })
}

/// Methods that return a number or a boolean, whatever the object.
fn is_measured(method: &str) -> bool {
    matches!(
        method,
        "size"
            | "length"
            | "isEmpty"
            | "isBlank"
            | "indexOf"
            | "lastIndexOf"
            | "contains"
            | "containsKey"
            | "containsValue"
            | "containsAll"
            | "matches"
            | "equals"
            | "equalsIgnoreCase"
            | "startsWith"
            | "endsWith"
            | "hashCode"
            | "compareTo"
            | "intValue"
            | "longValue"
            | "doubleValue"
            | "floatValue"
            | "parseInt"
            | "parseLong"
            | "parseDouble"
            | "booleanValue"
    )
}

/// The name of a step; for `.get('name')` and `['name']`, the argument.
pub(super) fn step_name(step: &Step) -> Option<&str> {
    match step {
        Step::Property(name, _) => Some(name),
        Step::Method(name, arguments, _) if &**name == "get" => arguments.first().and_then(text),
        Step::Method(name, ..) => Some(name),
        Step::Index(index, _) => text(index),
    }
}

/// The text of a constant.
pub(super) fn text(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Constant(Constant::Str(text)) => Some(text),
        // A string in double quotes without references.
        Expression::Interpolated(block, false) => match &*block.0 {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
