//! Makes nodes of expressions.

use jsonata_core::ast::AstNode;

/// A call of a built-in function, or of a host function.
pub(crate) fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

pub(crate) fn variable(name: &str) -> AstNode {
    AstNode::Variable(name.to_owned())
}

pub(crate) fn number(number: usize) -> AstNode {
    AstNode::Number(number as f64)
}
