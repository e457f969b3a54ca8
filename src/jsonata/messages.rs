//! Error messages in the words of the language's reference implementation, which AWS shows.
//!
//! The library has the right codes but different words in some messages.

use jsonata_core::ast::{AstNode, Stage};

use crate::budget::{LENGTH, METER};

/// Replaces the message `said`, which begins with its code.
pub(crate) fn worded(said: &str, tree: &AstNode) -> String {
    let (code, rest) = said.split_once(": ").unwrap_or((said, ""));
    let function = || function_named(rest).map(str::to_owned).or_else(|| innermost_call(tree));
    match code {
        // The library appends the name of the called function.
        "T1006" => "T1006: Attempted to invoke a non-function".to_owned(),
        "T0410" => match function() {
            Some(function) => {
                let index = argument(rest).unwrap_or(1);
                format!(
                    "T0410: Argument {index} of function \"{function}\" does not match function signature"
                )
            }
            None => said.to_owned(),
        },
        "T0412" => match (function(), rest.rsplit_once("array of ")) {
            (Some(function), Some((_, expected))) => {
                let index = argument(rest).unwrap_or(1);
                let items = plural(expected.trim_end_matches(')'));
                format!("T0412: Argument {index} of function \"{function}\" must be an array of \"{items}\"")
            }
            _ => said.to_owned(),
        },
        _ => said.to_owned(),
    }
}

/// A message of the parser with tokens as they are written: the library calls them by its own names.
pub(crate) fn symbols(said: &str) -> String {
    let written = |token: &str| symbol(token).unwrap_or_else(|| token.to_owned());
    if let Some(rest) = said.strip_prefix("Expected ") {
        if let Some((expected, found)) = rest.split_once(", got ") {
            return format!("Expected {}, got {}", written(expected), written(found));
        }
        if let Some(expected) = rest.strip_suffix(" before end of expression") {
            return format!("Expected {} before end of expression", written(expected));
        }
    }
    for (before, after) in [
        ("The symbol ", " cannot be used as a unary operator"),
        ("Unknown operator: ", ""),
        ("Syntax error: ", ""),
    ] {
        if let Some(token) = said.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) {
            return format!("{before}{}{after}", written(token));
        }
    }
    said.to_owned()
}

/// A token as the language's own messages show it: the value that it has, as JSON. `None` if it is no token's name.
fn symbol(token: &str) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[
        ("LeftParen", "("),
        ("RightParen", ")"),
        ("LeftBracket", "["),
        ("RightBracket", "]"),
        ("LeftBrace", "{"),
        ("RightBrace", "}"),
        ("Comma", ","),
        ("Semicolon", ";"),
        ("Colon", ":"),
        ("ColonEqual", ":="),
        ("Dot", "."),
        ("DotDot", ".."),
        ("Plus", "+"),
        ("Minus", "-"),
        ("Star", "*"),
        ("StarStar", "**"),
        ("Slash", "/"),
        ("Percent", "%"),
        ("Equal", "="),
        ("NotEqual", "!="),
        ("LessThan", "<"),
        ("LessThanOrEqual", "<="),
        ("GreaterThan", ">"),
        ("GreaterThanOrEqual", ">="),
        ("And", "and"),
        ("Or", "or"),
        ("In", "in"),
        ("Ampersand", "&"),
        ("Question", "?"),
        ("At", "@"),
        ("Hash", "#"),
        ("Caret", "^"),
        ("Pipe", "|"),
        ("TildeArrow", "~>"),
    ];
    let plain = token.trim_matches('"');
    if let Some((_, symbol)) = NAMES.iter().find(|(name, _)| *name == plain) {
        return Some(format!("\"{symbol}\""));
    }
    // Tokens with a value: `Identifier("x")`, `Number(1.0)`.
    let (kind, value) = plain.split_once('(')?;
    let value = value.strip_suffix(')')?;
    match kind {
        "Number" => Some(value.strip_suffix(".0").unwrap_or(value).to_owned()),
        _ if value.starts_with('"') => Some(value.to_owned()),
        _ => Some(format!("\"{value}\"")),
    }
}

/// The number in `Argument 2 …`.
fn argument(text: &str) -> Option<usize> {
    text.strip_prefix("Argument ")?.split(' ').next()?.parse().ok()
}

/// The name in `… of function $join …`, if the library's message has it.
fn function_named(text: &str) -> Option<&str> {
    let name = text.split_once(" of function ")?.1.split(' ').next()?;
    let name = name.trim_matches('"').trim_start_matches('$');
    (!name.is_empty() && name != "does").then_some(name)
}

/// If the library doesn't name the function: the call that is evaluated first.
fn innermost_call(node: &AstNode) -> Option<String> {
    let first = |nodes: &[AstNode]| nodes.iter().find_map(innermost_call);
    match node {
        AstNode::Function { name, args, is_builtin } => {
            first(args).or_else(|| (*is_builtin && name != METER && name != LENGTH).then(|| name.clone()))
        }
        AstNode::Call { procedure, args } => first(args).or_else(|| innermost_call(procedure)),
        AstNode::Binary { lhs, rhs, .. } => innermost_call(lhs).or_else(|| innermost_call(rhs)),
        AstNode::Unary { operand: inner, .. }
        | AstNode::Lambda { body: inner, .. }
        | AstNode::FunctionApplication(inner)
        | AstNode::Sort { input: inner, .. } => innermost_call(inner),
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => first(items),
        AstNode::Object(members) => {
            members.iter().find_map(|(name, value)| innermost_call(name).or_else(|| innermost_call(value)))
        }
        AstNode::ObjectTransform { input, pattern } => innermost_call(input).or_else(|| {
            pattern.iter().find_map(|(name, value)| innermost_call(name).or_else(|| innermost_call(value)))
        }),
        AstNode::Conditional { condition, then_branch, else_branch } => innermost_call(condition)
            .or_else(|| innermost_call(then_branch))
            .or_else(|| innermost_call(else_branch.as_ref()?)),
        AstNode::Path { steps } => steps.iter().find_map(|step| {
            innermost_call(&step.node).or_else(|| {
                step.stages.iter().find_map(|stage| match stage {
                    Stage::Filter(filter) => innermost_call(filter),
                    Stage::KeepArray | Stage::Index(_) => None,
                })
            })
        }),
        AstNode::Transform { location, update, .. } => {
            innermost_call(location).or_else(|| innermost_call(update))
        }
        _ => None,
    }
}

fn plural(expected: &str) -> &'static str {
    match expected.trim_matches('"').to_ascii_lowercase().trim_end_matches('s') {
        "number" => "numbers",
        "string" => "strings",
        "boolean" | "bool" => "booleans",
        "object" => "objects",
        "array" => "arrays",
        "function" => "functions",
        _ => "values",
    }
}
