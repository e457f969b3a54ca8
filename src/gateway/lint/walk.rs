//! Visits a template once, in the order of its text.

use super::members;
use super::origin::{Origin, Origins};
use super::place::Place;
use super::{LintCode, TemplateFinding};
use crate::gateway::mapping::payload::Reading;
use crate::vtl::ast::{Block, Constant, Expression, Node, Offset, Reference, ReferenceKind, Step};
use crate::vtl::{Limits, Template};

pub(super) fn findings(template: &Template, reading: Reading) -> Vec<TemplateFinding> {
    let mut walk =
        Walk { template, reading, origins: Origins::default(), is_open: false, findings: Vec::new() };
    // Twice: a loop may read what it sets further down, and a macro may be defined before the variables that it reads
    // are set.
    walk.collect(template.body());
    for (_, called) in template.macros() {
        for parameter in &called.parameters {
            walk.origins.set(*parameter, Origin::Own);
        }
        walk.collect(&called.body);
    }
    for (_, called) in template.macros() {
        walk.block(&called.body, Place::Unknown);
    }
    walk.block(template.body(), Place::Start);
    walk.findings
}

struct Walk<'t> {
    template: &'t Template,
    /// How `$input` parses the body.
    reading: Reading,
    origins: Origins,
    /// Whether `#evaluate` may set variables that can't be seen here.
    is_open: bool,
    findings: Vec<TemplateFinding>,
}

/// Names that have a value although nothing sets them.
const GIVEN: &[&str] = &[
    "input",
    "util",
    "context",
    "stageVariables",
    "foreach",
    "velocityCount",
    "velocityHasNext",
    "bodyContent",
    "macro",
];

impl Walk<'_> {
    fn find(&mut self, code: LintCode, at: Offset, message: impl Into<String>) {
        let finding = TemplateFinding { code, at: self.template.position(at), message: message.into() };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    // === what is set ===

    fn collect(&mut self, block: &Block) {
        for node in &block.0 {
            match node {
                Node::Set(set) => {
                    let origin = self.origins.of(self.template, &set.value);
                    if set.target.steps.is_empty() {
                        self.origins.set(set.target.slot, origin);
                    }
                }
                Node::If(branches, otherwise) => {
                    branches.iter().for_each(|branch| self.collect(&branch.block));
                    otherwise.iter().for_each(|block| self.collect(block));
                }
                Node::Foreach(foreach) => {
                    let origin = match self.origins.of(self.template, &foreach.items) {
                        Origin::Path => Origin::Member,
                        origin => origin,
                    };
                    self.origins.set(foreach.variable, origin);
                    self.collect(&foreach.body);
                }
                Node::Define(slot, body, _) => {
                    self.origins.set(*slot, Origin::Own);
                    self.collect(body);
                }
                Node::Call(call) => call.body.iter().for_each(|body| self.collect(body)),
                Node::Evaluate(..) => self.is_open = true,
                Node::Text(_) | Node::Reference(_) | Node::Stop(_) | Node::Break(..) => {}
            }
        }
    }

    // === what is done ===

    fn block(&mut self, block: &Block, start: Place) -> Place {
        let mut place = start;
        for (index, node) in block.0.iter().enumerate() {
            place = match node {
                Node::Text(text) => place.after(text),
                Node::Reference(reference) => {
                    self.printed(reference, place);
                    place.after_value()
                }
                Node::Set(set) => {
                    self.expression(&set.value);
                    if let Expression::Reference(value) = &set.value
                        && self.is_undefined(value)
                    {
                        let message =
                            format!("nothing sets `{}`: #set leaves its target as it was", value.literal);
                        self.find(LintCode::UndefinedReference, value.at, message);
                    }
                    self.arguments(&set.target.steps);
                    place
                }
                Node::If(branches, otherwise) => {
                    let ways = branches.iter().map(|branch| {
                        self.expression(&branch.condition);
                        self.block(&branch.block, place)
                    });
                    let ways: Vec<Place> = ways.collect();
                    let last = match otherwise {
                        Some(block) => self.block(block, place),
                        None => place,
                    };
                    ways.into_iter().fold(last, Place::meet)
                }
                Node::Foreach(foreach) => {
                    self.expression(&foreach.items);
                    if let Expression::Range(bounds, at) = &foreach.items {
                        self.long_range(bounds, *at);
                    }
                    let after = self.block(&foreach.body, place);
                    self.trailing_comma(&foreach.body, place, block.0.get(index + 1), foreach.at);
                    place.meet(after)
                }
                Node::Call(call) => {
                    call.arguments.iter().for_each(|argument| self.expression(argument));
                    if let Some(body) = &call.body {
                        self.block(body, Place::Unknown);
                    }
                    let is_known = self.template.macros().any(|(name, _)| name == &*call.name);
                    if is_known {
                        place.after_value()
                    } else {
                        if !self.is_open && looks_like_a_call(&call.literal) {
                            let message = format!(
                                "there is no directive or macro `#{}`: it is printed as it stands",
                                call.name
                            );
                            self.find(LintCode::UnknownMacro, call.at, message);
                        }
                        place.after(&call.literal)
                    }
                }
                Node::Define(_, body, _) => {
                    self.block(body, Place::Unknown);
                    place
                }
                Node::Evaluate(text, _) => {
                    self.expression(text);
                    Place::Unknown
                }
                Node::Break(scope, _) => {
                    scope.iter().for_each(|scope| self.expression(scope));
                    place
                }
                Node::Stop(_) => place,
            };
        }
        place
    }

    fn printed(&mut self, reference: &Reference, place: Place) {
        if reference.is_escaped || reference.kind != ReferenceKind::Variable {
            return;
        }
        let n_before = self.findings.len();
        self.reference(reference);
        if self.is_undefined(reference) {
            if !reference.null_text.is_empty() {
                let message = format!(
                    "nothing sets `{0}`: it is printed as it stands; write `$!{1}` to print nothing",
                    reference.literal,
                    reference.literal.trim_start_matches(['$', '!'])
                );
                self.find(LintCode::UndefinedReference, reference.at, message);
            }
            return;
        }
        if self.findings.len() == n_before {
            self.in_json(reference, place);
        }
    }

    fn in_json(&mut self, reference: &Reference, place: Place) {
        let origin = self.origins.of_reference(self.template, reference);
        let literal = &reference.literal;
        let escaped = format!("$util.escapeJavaScript({literal}).replaceAll(\"\\\\'\", \"'\")");
        let (code, message) = match (place, origin) {
            (Place::Structure, Origin::Path) => (
                LintCode::PathInJson,
                format!(
                    "`{literal}` prints a string without quotes and an object as {{a=1}}; print JSON with `$input.json(…)`"
                ),
            ),
            (Place::Structure, Origin::Parameter) => (
                LintCode::UnquotedParameter,
                format!("`{literal}` prints what the client sent as JSON, or nothing; write `\"{escaped}\"`"),
            ),
            (
                Place::String { is_json: true, .. },
                Origin::Path | Origin::Member | Origin::Parameter | Origin::Body,
            ) => (
                LintCode::UnescapedInString,
                format!(
                    "a `\"` or line end in `{literal}` breaks the JSON that is written in the string; put that JSON \
                     together with `#set`, and escape it as a whole"
                ),
            ),
            (Place::String { is_json: true, .. }, Origin::JsonText) => (
                LintCode::JsonInString,
                format!("the quotes of `{literal}` end the JSON string; write `{escaped}`"),
            ),
            (Place::String { .. }, Origin::Path | Origin::Member | Origin::Parameter | Origin::Body) => (
                LintCode::UnescapedInString,
                format!("a `\"` or line end in `{literal}` breaks the JSON string; write `{escaped}`"),
            ),
            (Place::String { .. }, Origin::JsonText) => (
                LintCode::JsonInString,
                format!(
                    "the quotes of `{literal}` end the JSON string; drop the quotes around it, or write `{escaped}`"
                ),
            ),
            (Place::String { .. }, Origin::EscapedApostrophe) => (
                LintCode::EscapedApostrophe,
                format!(
                    "an apostrophe comes out as `\\'`, which is no JSON; write `{literal}.replaceAll(\"\\\\'\", \"'\")`"
                ),
            ),
            _ => return,
        };
        self.find(code, reference.at, message);
    }

    /// Checks a reference, wherever it is.
    fn reference(&mut self, reference: &Reference) {
        if reference.kind != ReferenceKind::Variable {
            return;
        }
        let is_own = self.origins.knows(reference.slot);
        let name = self.template.name(reference.slot);
        if let Some((code, at, message)) = members::problem(name, is_own, &reference.steps, self.reading) {
            self.find(code, at, message);
        }
        self.arguments(&reference.steps);
    }

    fn arguments(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Method(_, arguments, _) => {
                    arguments.iter().for_each(|argument| self.expression(argument))
                }
                Step::Index(index, _) => self.expression(index),
                Step::Property(..) => {}
            }
        }
    }

    fn is_undefined(&self, reference: &Reference) -> bool {
        reference.kind == ReferenceKind::Variable
            && !self.is_open
            && !self.origins.knows(reference.slot)
            && !GIVEN.contains(&self.template.name(reference.slot))
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Reference(reference) => self.reference(reference),
            Expression::Interpolated(block, _) => {
                self.block(block, Place::Unknown);
            }
            Expression::List(items) => items.iter().for_each(|item| self.expression(item)),
            Expression::Map(entries) => entries.iter().for_each(|(key, value)| {
                self.expression(key);
                self.expression(value);
            }),
            Expression::Not(inner) => self.expression(inner),
            Expression::Range(sides, _)
            | Expression::And(sides)
            | Expression::Or(sides)
            | Expression::Equal(sides, _)
            | Expression::Compare(_, sides) => {
                self.expression(&sides.0);
                self.expression(&sides.1);
            }
            Expression::Compute(computation) => {
                self.expression(&computation.left);
                self.expression(&computation.right);
            }
            Expression::Constant(_) => {}
        }
    }

    // === loops ===

    fn long_range(&mut self, (from, to): &(Expression, Expression), at: Offset) {
        let (Expression::Constant(Constant::Int(from)), Expression::Constant(Constant::Int(to))) = (from, to)
        else {
            return;
        };
        let (n, max) = (u64::from(from.abs_diff(*to)) + 1, Limits::default().foreach_iterations);
        if u64::from(max) < n {
            let message = format!("#foreach over {n} items: API Gateway stops after {max}");
            self.find(LintCode::ForeachTooLong, at, message);
        }
    }

    /// A loop in which every iteration ends with a comma, followed by a closing bracket.
    fn trailing_comma(&mut self, body: &Block, place: Place, next: Option<&Node>, at: Offset) {
        let (Place::Structure, Some(Node::Text(last)), Some(Node::Text(next))) = (place, body.0.last(), next)
        else {
            return;
        };
        if last.trim_end().ends_with(',') && next.trim_start().starts_with([']', '}']) {
            self.find(
                LintCode::TrailingComma,
                at,
                "#foreach prints a comma behind its last item; write `#if($foreach.hasNext),#end`",
            );
        }
    }
}

/// Text such as `#1` or a colour is not a mistaken call.
fn looks_like_a_call(literal: &str) -> bool {
    literal.ends_with(')')
        || ["#elseif", "#endif", "#foreach", "#set"].iter().any(|name| literal.starts_with(name))
}
