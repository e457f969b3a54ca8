//! Rewrites an expression so that what it creates is charged to its [`Budget`](crate::budget::Budget).
//!
//! What creates a value, and what retains one, is passed through a host function. Three rules shape the rewriting:
//!
//! - How a path, a sort or a group is evaluated depends on the kind of the nodes in it, so where the kind matters, what
//!   is in a node is rewritten and the node itself is not.
//! - A call in the last place of a function has to stay there, or recursion would take stack. The results of a user's
//!   functions are therefore not charged where they are called, but where they are created.
//! - What is consumed at once and is a number or a truth, as operands are, isn't charged.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, StepId};

use crate::builtin::{self, Kind};
use crate::names::{
    CREATED, DISTINCT, INTEGER, INTEGER_PICTURE, JOINED, KEPT, KEYS, LAST, LENGTH, NOW, PASSED, PICTURE,
    PRETTY, SEPARATOR, SORT_KEY, SPREAD, SUBJECT, TARGETS, TUPLES,
};
use crate::node::{call, number, variable};
use crate::survey::{Survey, is_cons_block, is_cons_block_of, is_cons_group, node_bytes, tuple_sources};
use crate::text_calls;

/// The same expression, rewritten to charge the budget. Times come from the scope instead of the machine's clock.
pub(crate) fn metered(node: AstNode) -> AstNode {
    Rewriting { survey: Survey::of(&node), in_function: false }.retained(node)
}

/// What a function with some of its arguments is charged. It can't be seen how deep such functions hold each other, so
/// there may only be so many: dropping them takes stack.
const PARTIAL_BYTES: usize = 64 * 1024;

fn has_place(args: &[AstNode]) -> bool {
    args.iter().any(|arg| matches!(arg, AstNode::Placeholder))
}

struct Rewriting {
    survey: Survey,
    /// Whether this is inside a function, which may be evaluated many times.
    in_function: bool,
}

impl Rewriting {
    /// A node whose value is looked at once.
    fn consumed(&mut self, node: AstNode) -> AstNode {
        if tuple_sources(&node).is_empty() { self.inner(node) } else { self.retained(node) }
    }

    /// A node whose value may be kept: in a variable, in an array or an object, as a result.
    fn retained(&mut self, node: AstNode) -> AstNode {
        let mut parts: Vec<AstNode> =
            tuple_sources(&node).iter().map(|source| call(TUPLES, vec![variable(source)])).collect();
        let charged = self.retained_itself(node);
        if parts.is_empty() {
            return charged;
        }
        parts.push(charged);
        call(LAST, parts)
    }

    fn retained_itself(&mut self, node: AstNode) -> AstNode {
        match node {
            AstNode::String(ref text) if 32 < text.len() => call(KEPT, vec![node]),
            AstNode::Regex { .. } => call(KEPT, vec![node]),
            AstNode::Lambda { .. } | AstNode::Transform { .. } => {
                let bytes = number(node_bytes(&node));
                call(CREATED, vec![self.inner(node), bytes])
            }
            AstNode::Path { .. }
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Name(_)
            | AstNode::Sort { .. } => call(KEPT, vec![self.inner(node)]),
            AstNode::Array(_)
            | AstNode::ArrayGroup(_)
            | AstNode::Object(_)
            | AstNode::ObjectTransform { .. }
            | AstNode::Binary { op: BinaryOp::Concatenate | BinaryOp::Range, .. } => {
                call(CREATED, vec![self.inner(node)])
            }
            AstNode::Binary { op: BinaryOp::ChainPipe, .. } => match self.inner(node) {
                // A user's function in the last place.
                inner @ AstNode::Function { .. } => self.charged(inner),
                inner => call(CREATED, vec![inner]),
            },
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => self.binding(*lhs, *rhs),
            AstNode::Function { ref args, .. } | AstNode::Call { ref args, .. } if has_place(args) => {
                call(CREATED, vec![self.inner(node), number(PARTIAL_BYTES)])
            }
            AstNode::Function { .. } => {
                let inner = self.inner(node);
                self.charged(inner)
            }
            AstNode::Block(statements) if is_cons_block_of(&statements) => {
                call(KEPT, vec![self.inner(AstNode::Block(statements))])
            }
            other => self.inner(other),
        }
    }

    /// A call that is rewritten already, charged if it creates something.
    fn charged(&self, node: AstNode) -> AstNode {
        match &node {
            AstNode::Function { name, .. }
                if builtin::kind(name) == Some(Kind::Creates) || name == DISTINCT =>
            {
                call(CREATED, vec![node])
            }
            AstNode::Block(_) | AstNode::Call { .. } => call(CREATED, vec![node]),
            _ => node,
        }
    }

    fn boxed(&mut self, node: AstNode) -> Box<AstNode> {
        Box::new(self.retained(node))
    }

    fn boxed_inner(&mut self, node: AstNode) -> Box<AstNode> {
        Box::new(self.inner(node))
    }

    fn all(&mut self, nodes: Vec<AstNode>) -> Vec<AstNode> {
        nodes.into_iter().map(|node| self.retained(node)).collect()
    }

    fn pairs(&mut self, members: Vec<(AstNode, AstNode)>) -> Vec<(AstNode, AstNode)> {
        members.into_iter().map(|(name, value)| (self.inner(name), self.retained(value))).collect()
    }

    /// A node of the same kind, with what is in it rewritten.
    fn inner(&mut self, node: AstNode) -> AstNode {
        match node {
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => self.binding(*lhs, *rhs),
            AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => self.piped(*lhs, *rhs),
            AstNode::Binary { op: op @ (BinaryOp::Coalesce | BinaryOp::Default), lhs, rhs } => {
                AstNode::Binary { op, lhs: self.boxed(*lhs), rhs: self.boxed(*rhs) }
            }
            AstNode::Binary { op, lhs, rhs } => {
                let lhs = Box::new(self.consumed(*lhs));
                AstNode::Binary { op, lhs, rhs: Box::new(self.consumed(*rhs)) }
            }
            AstNode::Unary { op, operand } => {
                AstNode::Unary { op, operand: Box::new(self.consumed(*operand)) }
            }
            AstNode::Function { name, args, is_builtin } => self.function(name, args, is_builtin),
            AstNode::Call { procedure, args } => {
                let procedure = self.boxed_inner(*procedure);
                AstNode::Call { procedure, args: self.user_args(args) }
            }
            AstNode::Lambda { params, body, signature, thunk } => {
                let outer = std::mem::replace(&mut self.in_function, true);
                let body = self.boxed(*body);
                self.in_function = outer;
                AstNode::Lambda { params, body, signature, thunk }
            }
            AstNode::Array(items) => AstNode::Array(self.items(items, SPREAD)),
            AstNode::ArrayGroup(items) => AstNode::ArrayGroup(self.items(items, SPREAD)),
            AstNode::Object(members) => AstNode::Object(self.pairs(members)),
            AstNode::ObjectTransform { input, pattern } => {
                AstNode::ObjectTransform { input: self.boxed_inner(*input), pattern: self.pairs(pattern) }
            }
            AstNode::Block(statements) if is_cons_block_of(&statements) => {
                AstNode::Block(statements.into_iter().map(|node| self.inner(node)).collect())
            }
            AstNode::Block(statements) => AstNode::Block(self.all(statements)),
            AstNode::Conditional { condition, then_branch, else_branch } => AstNode::Conditional {
                condition: Box::new(self.consumed(*condition)),
                then_branch: self.boxed(*then_branch),
                else_branch: else_branch.map(|branch| self.boxed(*branch)),
            },
            AstNode::Path { steps } => self.path(steps),
            AstNode::FunctionApplication(inner) => AstNode::FunctionApplication(self.boxed(*inner)),
            AstNode::Sort { input, terms } => AstNode::Sort {
                input: self.boxed_inner(*input),
                terms: terms
                    .into_iter()
                    .map(|(term, ascending)| (call(SORT_KEY, vec![self.consumed(term)]), ascending))
                    .collect(),
            },
            AstNode::Transform { location, update, delete } => {
                let outer = std::mem::replace(&mut self.in_function, true);
                let location = call(TARGETS, vec![self.inner(*location), variable("")]);
                let transform = AstNode::Transform {
                    location: Box::new(location),
                    update: self.boxed(*update),
                    delete: delete.map(|delete| self.boxed(*delete)),
                };
                self.in_function = outer;
                transform
            }
            AstNode::Variable(name) => self.reference(name),
            leaf => leaf,
        }
    }

    /// A function's text is copied each time it is bound.
    fn binding(&mut self, name: AstNode, value: AstNode) -> AstNode {
        let is_function = matches!(value, AstNode::Lambda { .. });
        let bytes = node_bytes(&value);
        let value = if is_function { self.boxed_inner(value) } else { self.boxed(value) };
        let binding = AstNode::Binary { op: BinaryOp::ColonEqual, lhs: Box::new(name), rhs: value };
        match is_function && self.in_function {
            true => call(CREATED, vec![binding, number(bytes)]),
            false => binding,
        }
    }

    /// The items of an array, which are copied into it each time it is evaluated.
    fn items(&mut self, items: Vec<AstNode>, charge: &str) -> Vec<AstNode> {
        let item = |node| match node {
            // A nested array has to stay one, which it wouldn't as the result of a function.
            AstNode::Array(_) | AstNode::ArrayGroup(_) => self.inner(node),
            AstNode::Number(_) | AstNode::Boolean(_) | AstNode::Null => node,
            other => call(charge, vec![self.retained(other)]),
        };
        items.into_iter().map(item).collect()
    }

    fn path(&mut self, steps: Vec<PathStep>) -> AstNode {
        let is_one = steps.len() == 1;
        let steps = steps.into_iter().enumerate().map(|(index, step)| self.step(step, index == 0, is_one));
        AstNode::Path { steps: steps.collect() }
    }

    fn step(&mut self, step: PathStep, is_first: bool, is_only: bool) -> PathStep {
        let PathStep { node, stages, focus, index_var, ancestor_label, is_tuple, inner_tuple, .. } = step;
        let binds = focus.is_some() || index_var.is_some();
        let node = match node {
            // What is looked up in what passed through already.
            AstNode::Name(_) if !binds => node,
            AstNode::Name(_) => {
                let plain = PathStep { node, ..PathStep::new(AstNode::Null) };
                call(TUPLES, vec![AstNode::Path { steps: vec![plain] }])
            }
            AstNode::Variable(name) if name.is_empty() && (is_first || !binds) => AstNode::Variable(name),
            AstNode::Variable(name) if is_first => AstNode::Variable(name),
            AstNode::Array(items) => AstNode::Array(self.items(items, PASSED)),
            AstNode::ArrayGroup(items) => AstNode::ArrayGroup(self.items(items, PASSED)),
            AstNode::FunctionApplication(inner) if inner_tuple => {
                AstNode::FunctionApplication(Box::new(self.bare(*inner)))
            }
            AstNode::FunctionApplication(inner) => {
                AstNode::FunctionApplication(Box::new(call(PASSED, vec![self.retained(*inner)])))
            }
            node @ (AstNode::Sort { .. } | AstNode::ParentVariable(_)) => self.inner(node),
            node @ (AstNode::Block(_) | AstNode::ObjectTransform { .. })
                if is_first && (is_cons_block(&node) || is_cons_group(&node)) =>
            {
                self.inner(node)
            }
            node if inner_tuple => self.bare(node),
            // Evaluated as it is, with predicates.
            node if is_only && is_first && !binds => self.inner(node),
            node @ (AstNode::Block(_)
            | AstNode::ObjectTransform { .. }
            | AstNode::Object(_)
            | AstNode::Function { .. }
            | AstNode::Call { .. }
            | AstNode::Conditional { .. }
            | AstNode::Variable(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_)
            | AstNode::Path { .. }) => {
                let charge = if binds || is_tuple { TUPLES } else { PASSED };
                call(charge, vec![self.retained(node)])
            }
            other => self.inner(other),
        };
        let stages = stages.into_iter().map(|stage| match stage {
            Stage::Filter(filter) => Stage::Filter(Box::new(self.consumed(*filter))),
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
            id: StepId::default(),
        }
    }

    /// A node whose paths have to give their tuples.
    fn bare(&mut self, node: AstNode) -> AstNode {
        match node {
            AstNode::Block(statements) => {
                AstNode::Block(statements.into_iter().map(|node| self.bare(node)).collect())
            }
            other => self.inner(other),
        }
    }

    /// A variable, which may stand for a built-in function: as a value, that has to be charged as well.
    fn reference(&mut self, name: String) -> AstNode {
        let Some(Kind::Creates) = builtin::kind(&name) else { return AstNode::Variable(name) };
        let Some(arity) = builtin::arity(&name) else { return AstNode::Variable(name) };
        let stand_in = self.stand_in(&name, arity);
        builtin::picked(name, stand_in)
    }

    /// A function that calls a built-in one.
    fn stand_in(&mut self, name: &str, arity: usize) -> AstNode {
        let params: Vec<String> = (0..arity).map(|index| format!("\u{1}p{index}")).collect();
        let args = params.iter().map(|param| variable(param)).collect();
        let body = self.retained(call(name, args));
        AstNode::Lambda { params, body: Box::new(body), signature: None, thunk: false }
    }

    /// `value ~> function(…)` is a call with one more argument in front.
    fn piped(&mut self, value: AstNode, function: AstNode) -> AstNode {
        match function {
            AstNode::Function { name, mut args, is_builtin } if !has_place(&args) => {
                args.insert(0, value);
                self.function(name, args, is_builtin)
            }
            AstNode::Path { mut steps } if steps.len() == 1 => {
                let is_call = matches!(&steps[0].node,
                    AstNode::Function { args, .. } if !has_place(args));
                if is_call
                    && let AstNode::Function { name, mut args, is_builtin } =
                        std::mem::replace(&mut steps[0].node, AstNode::Null)
                {
                    args.insert(0, value);
                    steps[0].node = AstNode::Function { name, args, is_builtin };
                    return self.path(steps);
                }
                self.chained(value, AstNode::Path { steps })
            }
            other => self.chained(value, other),
        }
    }

    fn chained(&mut self, value: AstNode, function: AstNode) -> AstNode {
        let mut value = self.retained(value);
        if self.survey.patterns_are_values {
            value = call(SUBJECT, vec![value, number(self.survey.weight)]);
        }
        let function = match &function {
            AstNode::Function { args, .. } if has_place(args) => self.retained(function),
            _ => self.inner(function),
        };
        let function = match function {
            // A call here would be given one more argument.
            call @ AstNode::Function { .. } => AstNode::Block(vec![call]),
            other => other,
        };
        AstNode::Binary { op: BinaryOp::ChainPipe, lhs: Box::new(value), rhs: Box::new(function) }
    }

    /// The arguments of a function that may be a pattern.
    fn user_args(&mut self, args: Vec<AstNode>) -> Vec<AstNode> {
        let arg = |arg| if matches!(arg, AstNode::Regex { .. }) { arg } else { self.retained(arg) };
        let mut args: Vec<_> = args.into_iter().map(arg).collect();
        if self.survey.patterns_are_values
            && let Some(first) = args.first_mut()
            && !matches!(first, AstNode::Placeholder)
        {
            let text = std::mem::replace(first, AstNode::Null);
            *first = call(SUBJECT, vec![text, number(self.survey.weight)]);
        }
        args
    }

    fn argument(&mut self, arg: AstNode) -> AstNode {
        match arg {
            // What is called for each item has to be there as it is written.
            AstNode::Lambda { .. } | AstNode::Transform { .. } | AstNode::Regex { .. } => self.inner(arg),
            other => self.retained(other),
        }
    }

    fn function(&mut self, name: String, mut args: Vec<AstNode>, is_builtin: bool) -> AstNode {
        let kind = if is_builtin { builtin::kind(&name) } else { None };
        let Some(kind) = kind else {
            let args = self.user_args(args);
            return AstNode::Function { name, args, is_builtin };
        };
        if has_place(&args) {
            return self.partial(name, args);
        }
        match name.as_str() {
            "now" => {
                args.insert(0, variable(NOW));
                return call("fromMillis", args.into_iter().map(|arg| self.checked(arg, PICTURE)).collect());
            }
            "millis" if args.is_empty() => return variable(NOW),
            "match" | "replace" | "split" => {
                let args = args.into_iter().map(|arg| self.argument(arg)).collect();
                return text_calls::guarded(&name, args, self.survey.weight);
            }
            "contains" if 0 < self.survey.weight => {
                // Without a text, it is looked for in the context.
                if args.len() == 1 {
                    args.insert(0, variable(""));
                }
                let text = self.consumed(std::mem::replace(&mut args[0], AstNode::Null));
                args[0] = call(SUBJECT, vec![text, number(self.survey.weight)]);
                return call(&name, args.into_iter().map(|arg| self.leaf(arg)).collect());
            }
            "distinct" if args.len() == 1 && !self.survey.binds_distinct => {
                let args = args.into_iter().map(|arg| self.argument(arg)).collect();
                return call(DISTINCT, args);
            }
            "keys" if args.is_empty() => args.push(variable("")),
            _ => {}
        }
        let count = args.len();
        let args = args.into_iter().enumerate().map(|(index, arg)| match (name.as_str(), index) {
            ("formatNumber" | "fromMillis" | "toMillis" | "parseInteger", _) => self.checked(arg, PICTURE),
            _ if kind == Kind::Measures => self.leaf(arg),
            ("pad", _) => self.checked(arg, LENGTH),
            ("formatInteger", 0) if count == 2 => self.checked(arg, INTEGER),
            ("formatInteger", _) => {
                let mut checked = self.checked(arg, INTEGER_PICTURE);
                if let (1, AstNode::Function { args, .. }) = (count, &mut checked) {
                    args.push(variable(""));
                }
                checked
            }
            ("join", 0) if count == 2 => self.checked(arg, JOINED),
            ("join", 1) if count == 2 => self.checked(arg, SEPARATOR),
            ("string", 0) if count == 2 => self.checked(arg, PRETTY),
            ("keys", 0) => self.checked(arg, KEYS),
            ("distinct", 0) => self.checked(arg, DISTINCT),
            ("map" | "filter" | "single" | "sift" | "each" | "reduce" | "sort", 0)
                if self.survey.patterns_are_values =>
            {
                call(SUBJECT, vec![self.argument(arg), number(self.survey.weight)])
            }
            _ => self.argument(arg),
        });
        let args = args.collect();
        AstNode::Function { name, args, is_builtin }
    }

    /// An argument of a function that only measures or compares.
    fn leaf(&mut self, arg: AstNode) -> AstNode {
        // Whether a variable is there is asked of the variable.
        if matches!(arg, AstNode::Variable(_)) { arg } else { self.consumed(arg) }
    }

    fn checked(&mut self, arg: AstNode, check: &str) -> AstNode {
        call(check, vec![self.argument(arg)])
    }

    /// A built-in function with some of its arguments.
    fn partial(&mut self, name: String, args: Vec<AstNode>) -> AstNode {
        let args: Vec<_> = args.into_iter().map(|arg| self.argument(arg)).collect();
        match builtin::arity(&name) {
            Some(_) => {
                let stand_in = self.stand_in(&name, args.len());
                let procedure = Box::new(builtin::picked(name, stand_in));
                AstNode::Call { procedure, args }
            }
            None => AstNode::Function { name, args, is_builtin: true },
        }
    }
}
