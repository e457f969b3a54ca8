//! What there is in an expression, as far as it decides how the expression is rewritten.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use crate::json::pattern_weight;

/// What of an expression decides how it is rewritten.
#[derive(Default)]
pub(crate) struct Survey {
    /// The weight of the heaviest pattern; 0 without any.
    pub(crate) weight: usize,
    /// Whether a pattern is used as a value, which may be called as a function anywhere.
    pub(crate) patterns_are_values: bool,
    /// Whether `$distinct` is given another meaning.
    pub(crate) binds_distinct: bool,
}

impl Survey {
    pub(crate) fn of(node: &AstNode) -> Self {
        let mut survey = Self::default();
        survey.node(node, false);
        survey
    }

    fn node(&mut self, node: &AstNode, is_argument: bool) {
        if let AstNode::Regex { pattern, .. } = node {
            self.weight = self.weight.max(pattern_weight(pattern));
            self.patterns_are_values |= !is_argument;
        }
        self.binds_distinct |= match node {
            AstNode::Lambda { params, .. } => {
                params.iter().any(|param| param.trim_start_matches('$') == "distinct")
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
                matches!(lhs.as_ref(), AstNode::Variable(name) if name == "distinct")
            }
            _ => false,
        };
        let takes_patterns = matches!(node, AstNode::Function { name, .. }
            if matches!(name.as_str(), "contains" | "match" | "replace" | "split"));
        each_child(node, &mut |child| self.node(child, takes_patterns));
    }
}

/// Visits the nodes directly in a node.
fn each_child(node: &AstNode, visit: &mut dyn FnMut(&AstNode)) {
    match node {
        AstNode::Path { steps } => {
            for step in steps {
                visit(&step.node);
                for stage in &step.stages {
                    if let Stage::Filter(filter) = stage {
                        visit(filter);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => [lhs, rhs].into_iter().for_each(|node| visit(node)),
        AstNode::Unary { operand: inner, .. }
        | AstNode::Lambda { body: inner, .. }
        | AstNode::FunctionApplication(inner) => visit(inner),
        AstNode::Function { args: nodes, .. }
        | AstNode::Array(nodes)
        | AstNode::ArrayGroup(nodes)
        | AstNode::Block(nodes) => nodes.iter().for_each(visit),
        AstNode::Call { procedure, args } => {
            visit(procedure);
            args.iter().for_each(visit);
        }
        AstNode::Object(members) => {
            for (name, value) in members {
                visit(name);
                visit(value);
            }
        }
        AstNode::ObjectTransform { input, pattern } => {
            visit(input);
            for (name, value) in pattern {
                visit(name);
                visit(value);
            }
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            visit(condition);
            visit(then_branch);
            else_branch.iter().for_each(|branch| visit(branch));
        }
        AstNode::Sort { input, terms } => {
            visit(input);
            terms.iter().for_each(|(term, _)| visit(term));
        }
        AstNode::Transform { location, update, delete } => {
            visit(location);
            visit(update);
            delete.iter().for_each(|delete| visit(delete));
        }
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
    }
}

/// Whether there are partial applications.
pub(crate) fn has_places(node: &AstNode) -> bool {
    let mut found = matches!(node, AstNode::Placeholder);
    each_child(node, &mut |child| found = found || has_places(child));
    found
}

/// The names of all functions and variables in an expression: a host function that isn't among them is not called.
pub(crate) fn names_in(node: &AstNode) -> BTreeSet<Box<str>> {
    fn collect(node: &AstNode, names: &mut BTreeSet<Box<str>>) {
        if let AstNode::Function { name, .. } | AstNode::Variable(name) = node {
            names.insert(name.as_str().into());
        }
        each_child(node, &mut |child| collect(child, names));
    }
    let mut names = BTreeSet::new();
    collect(node, &mut names);
    names
}

/// The memory that a copy of a node takes, roughly: a function's body is copied each time the function is made.
pub(crate) fn node_bytes(node: &AstNode) -> usize {
    let own = match node {
        AstNode::String(text) | AstNode::Name(text) | AstNode::Variable(text) => text.len(),
        AstNode::Regex { pattern, .. } => pattern.len(),
        AstNode::Path { steps } => steps.len() * size_of::<PathStep>(),
        _ => 0,
    };
    let mut bytes = size_of::<AstNode>() + own;
    each_child(node, &mut |child| bytes += node_bytes(child));
    bytes
}

/// The variables whose items a path binds to names: as its first step they have to stay what they are, so they are
/// charged before.
pub(crate) fn tuple_sources(node: &AstNode) -> Vec<String> {
    match node {
        AstNode::Path { steps } => match steps.first() {
            Some(PathStep { node: AstNode::Variable(name), focus, index_var, .. })
                if focus.is_some() || index_var.is_some() =>
            {
                vec![name.clone()]
            }
            Some(step) => tuple_sources(&step.node),
            None => Vec::new(),
        },
        AstNode::Sort { input, .. } | AstNode::ObjectTransform { input, .. } => tuple_sources(input),
        AstNode::Block(statements) => statements.iter().flat_map(tuple_sources).collect(),
        _ => Vec::new(),
    }
}

/// Whether a block begins with an array, in the way that makes a path evaluate it once: as the library tells it.
pub(crate) fn is_cons_block(node: &AstNode) -> bool {
    matches!(node, AstNode::Block(statements) if is_cons_block_of(statements))
}

pub(crate) fn is_cons_block_of(statements: &[AstNode]) -> bool {
    statements.iter().any(|statement| starts_cons(statement, false))
}

pub(crate) fn is_cons_group(node: &AstNode) -> bool {
    let AstNode::ObjectTransform { input, .. } = node else { return false };
    let input = match input.as_ref() {
        AstNode::Path { steps } if steps.len() == 1 => &steps[0].node,
        other => other,
    };
    matches!(input, AstNode::Array(_)) || is_cons_block(input)
}

fn starts_cons(node: &AstNode, dotted: bool) -> bool {
    match node {
        AstNode::Array(_) => dotted,
        AstNode::Block(_) => is_cons_block(node),
        AstNode::Sort { input, .. } => starts_cons(input, dotted),
        AstNode::Path { steps } => match steps.as_slice() {
            [only] if !matches!(only.node, AstNode::Name(_) | AstNode::Sort { .. }) => false,
            [first, rest @ ..] => starts_cons(&first.node, dotted || !rest.is_empty()),
            [] => false,
        },
        _ => false,
    }
}
