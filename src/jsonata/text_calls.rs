//! Calls of `$match`, `$replace` and `$split`.
//!
//! The library goes through a whole text in one call, without looking at the time, and holds all that it finds. Where
//! text, pattern and replacement are plain, this room does the same itself, within the budget (`text_functions`); with
//! functions among them it's the library's, which looks at the time before each call of one.

use jsonata_core::ast::{AstNode, BinaryOp};

use crate::names::{COPIED, EXPANDED, IS_FUNCTION, IS_PLAIN, LIMIT, MATCH, REPLACE, SPLIT, SUBJECT};
use crate::node::{call, number, variable};

/// Where the arguments of a call are while it is decided what it is.
const ARGUMENTS: [&str; 4] = ["\u{1}a0", "\u{1}a1", "\u{1}a2", "\u{1}a3"];
/// The parameter of the functions made here.
const FOUND: &str = "\u{1}found";

/// The call of `name` with these arguments, which are rewritten already.
pub(crate) fn guarded(name: &str, args: Vec<AstNode>, weight: usize) -> AstNode {
    if ARGUMENTS.len() < args.len() {
        // Too many for any of them, which the library says.
        return call(name, args);
    }
    let own = match name {
        "match" => MATCH,
        "split" => SPLIT,
        _ => REPLACE,
    };
    let count = args.len();
    let given: Vec<AstNode> = ARGUMENTS.iter().take(count).map(|argument| variable(argument)).collect();
    let mut statements: Vec<AstNode> = args
        .into_iter()
        .zip(ARGUMENTS)
        .map(|(value, argument)| AstNode::Binary {
            op: BinaryOp::ColonEqual,
            lhs: Box::new(variable(argument)),
            rhs: Box::new(value),
        })
        .collect();
    // The context comes first among the arguments of ours: it is the text where none is given.
    let mut plain = vec![variable(name), AstNode::String(name.to_owned()), variable("")];
    plain.extend(given.clone());
    let mut of_ours = vec![AstNode::String(name.to_owned()), number(weight), variable("")];
    of_ours.extend(given.clone());
    statements.push(AstNode::Conditional {
        condition: Box::new(call(IS_PLAIN, plain)),
        then_branch: Box::new(call(own, of_ours)),
        else_branch: Some(Box::new(call(name, of_the_library(name, given, weight)))),
    });
    AstNode::Block(statements)
}

/// The arguments for the library.
fn of_the_library(name: &str, mut given: Vec<AstNode>, weight: usize) -> Vec<AstNode> {
    if let Some(text) = given.first_mut() {
        let subject = std::mem::replace(text, AstNode::Null);
        *text = call(SUBJECT, vec![subject, number(weight)]);
    }
    match (name, given.len()) {
        // A function that finds without end.
        ("match", 2) => given.push(call(LIMIT, vec![])),
        ("match", 3) => {
            let limit = std::mem::replace(&mut given[2], AstNode::Null);
            given[2] = call(LIMIT, vec![limit]);
        }
        // The replacement is the third, or the second where the text is the context.
        ("replace", 3 | 4) => given[2] = replacement(ARGUMENTS[2], ARGUMENTS[1], ARGUMENTS[0]),
        ("replace", 2) => given[1] = replacement(ARGUMENTS[1], ARGUMENTS[0], ""),
        _ => {}
    }
    given
}

/// A replacement that charges for each text that it gives; and where a function finds what is replaced, also for the
/// text between, which that function may have repeated.
fn replacement(replacement: &str, pattern: &str, text: &str) -> AstNode {
    let is_function = |of: &str| call(IS_FUNCTION, vec![variable(of)]);
    let given = |body: AstNode| AstNode::Lambda {
        params: vec![FOUND.to_owned()],
        body: Box::new(call(COPIED, vec![body, variable(text), variable(pattern)])),
        signature: None,
        thunk: false,
    };
    let called = given(call(replacement, vec![variable(FOUND)]));
    let expanded = given(call(EXPANDED, vec![variable(replacement), variable(FOUND)]));
    AstNode::Conditional {
        condition: Box::new(is_function(replacement)),
        then_branch: Box::new(called),
        else_branch: Some(Box::new(AstNode::Conditional {
            condition: Box::new(is_function(pattern)),
            then_branch: Box::new(expanded),
            else_branch: Some(Box::new(variable(replacement))),
        })),
    }
}
