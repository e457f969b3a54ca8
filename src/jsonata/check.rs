//! Which data an expression refers to, and whether it may.
//!
//! In Step Functions, the top level of an expression has no context: `$`, `$$` and bare names are refused there. Inside
//! a step of a path, a predicate, a function or a group there is a context.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, UnaryOp};

use crate::error::CompileError;
use crate::expression::DEPTH_MAX;

/// The outside data that an expression uses.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) variables: BTreeSet<Box<str>>,
    pub(crate) states_members: BTreeSet<Box<str>>,
    /// `$states` as a whole, of which any member may be looked at.
    pub(crate) states_whole: bool,
}

/// The reserved variable.
const STATES: &str = "states";

/// Checks a whole expression.
///
/// # Errors
/// Everything in it that Step Functions refuses.
pub(crate) fn examine(tree: &AstNode) -> Result<Found, Vec<CompileError>> {
    let mut walk = Walk::default();
    walk.node(tree, At::TopLevel, 0);
    if walk.errors.is_empty() { Ok(walk.found) } else { Err(walk.errors) }
}

/// Whether there is a context to refer to.
#[derive(Clone, Copy, PartialEq)]
enum At {
    TopLevel,
    Inside,
}

#[derive(Default)]
struct Walk {
    found: Found,
    /// Names that the expression itself binds; the innermost is last.
    bound: Vec<String>,
    errors: Vec<CompileError>,
}

impl Walk {
    fn node(&mut self, node: &AstNode, at: At, depth: usize) {
        if DEPTH_MAX < depth {
            self.refuse(CompileError::Syntax("The expression is nested too deeply".to_owned()));
            return;
        }
        let next = depth + 1;
        match node {
            AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. } => {}
            AstNode::Name(name) => self.context_reference(name, at),
            AstNode::Wildcard => self.context_reference("*", at),
            AstNode::Descendant => self.context_reference("**", at),
            AstNode::Parent(_) => {
                // Whose parent it is, shows when it is evaluated: `$states.input.%` is `$states`.
                self.found.states_whole = true;
                self.context_reference("%", at);
            }
            AstNode::Variable(name) if name.is_empty() => self.context_reference("$", at),
            AstNode::Variable(name) => self.variable(name),
            // `$$` is the whole document everywhere, and there is none.
            AstNode::ParentVariable(_) => self.context_reference("$$", At::TopLevel),
            AstNode::Path { steps } => self.path(steps, at, next),
            AstNode::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs, at, next),
            AstNode::Unary { op: UnaryOp::Not | UnaryOp::Negate, operand } => self.node(operand, at, next),
            // A function's name is not a reference: Step Functions' variables hold data, never functions.
            AstNode::Function { args, .. } => self.all(args, at, next),
            AstNode::Call { procedure, args } => {
                self.node(procedure, at, next);
                self.all(args, at, next);
            }
            AstNode::Lambda { params, body, .. } => {
                let outer = self.bound.len();
                self.bound.extend(params.iter().map(|param| param.trim_start_matches('$').to_owned()));
                self.node(body, At::Inside, next);
                self.bound.truncate(outer);
            }
            AstNode::Array(items) | AstNode::ArrayGroup(items) => self.all(items, at, next),
            AstNode::Object(members) => self.members(members, at, next),
            AstNode::ObjectTransform { input, pattern } => {
                self.node(input, at, next);
                self.members(pattern, At::Inside, next);
            }
            AstNode::Block(statements) => {
                let outer = self.bound.len();
                self.all(statements, at, next);
                self.bound.truncate(outer);
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.node(condition, at, next);
                self.node(then_branch, at, next);
                if let Some(branch) = else_branch {
                    self.node(branch, at, next);
                }
            }
            AstNode::FunctionApplication(inner) => self.node(inner, at, next),
            AstNode::Sort { input, terms } => {
                self.node(input, at, next);
                for (term, _) in terms {
                    self.node(term, At::Inside, next);
                }
            }
            AstNode::Transform { location, update, delete } => {
                self.node(location, At::Inside, next);
                self.node(update, At::Inside, next);
                if let Some(delete) = delete {
                    self.node(delete, At::Inside, next);
                }
            }
        }
    }

    fn all(&mut self, nodes: &[AstNode], at: At, depth: usize) {
        for node in nodes {
            self.node(node, at, depth);
        }
    }

    fn members(&mut self, members: &[(AstNode, AstNode)], at: At, depth: usize) {
        for (name, value) in members {
            self.node(name, at, depth);
            self.node(value, at, depth);
        }
    }

    fn path(&mut self, steps: &[PathStep], at: At, depth: usize) {
        let outer = self.bound.len();
        let member = self.member_of_states(steps);
        for (index, step) in steps.iter().enumerate() {
            match member {
                // The variable is not taken as a whole.
                Some(member) if index == 0 => {
                    self.found.variables.insert(STATES.into());
                    self.found.states_members.insert(member.into());
                }
                _ => self.node(&step.node, if index == 0 { at } else { At::Inside }, depth),
            }
            self.bound.extend(step.focus.iter().chain(&step.index_var).cloned());
            for stage in &step.stages {
                match stage {
                    Stage::Filter(filter) => self.node(filter, At::Inside, depth),
                    Stage::KeepArray => {}
                    Stage::Index(name) => self.bound.push(name.clone()),
                }
            }
        }
        self.bound.truncate(outer);
    }

    /// The member that `$states.member…` names.
    fn member_of_states<'n>(&self, steps: &'n [PathStep]) -> Option<&'n str> {
        let [first, second, ..] = steps else { return None };
        let (AstNode::Variable(name), AstNode::Name(member)) = (&first.node, &second.node) else {
            return None;
        };
        let is_plain = first.stages.is_empty() && first.focus.is_none() && first.index_var.is_none();
        let is_states = name == STATES && !self.bound.iter().any(|bound| bound == STATES);
        (is_plain && is_states).then_some(member.as_str())
    }

    fn binary(&mut self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode, at: At, depth: usize) {
        match op {
            BinaryOp::ColonEqual => {
                // A function may call itself by the name to which it is bound.
                if let AstNode::Variable(name) = lhs {
                    self.bound.push(name.clone());
                }
                self.node(rhs, at, depth);
            }
            // Operators of later versions of the language, unknown in 2.0.6.
            BinaryOp::Coalesce => self.unknown_operator("?"),
            BinaryOp::Default => self.unknown_operator(":"),
            _ => {
                self.node(lhs, at, depth);
                self.node(rhs, at, depth);
            }
        }
    }

    fn variable(&mut self, name: &str) {
        if !self.bound.iter().any(|bound| bound == name) {
            self.found.states_whole |= name == STATES;
            self.found.variables.insert(name.into());
        }
    }

    fn context_reference(&mut self, name: &str, at: At) {
        if at == At::TopLevel {
            self.refuse(CompileError::TopLevelReference(name.to_owned()));
        }
    }

    fn unknown_operator(&mut self, symbol: &str) {
        let said = format!("The symbol \"{symbol}\" cannot be used as a unary operator");
        self.refuse(CompileError::Syntax(said));
    }

    fn refuse(&mut self, error: CompileError) {
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }
}
