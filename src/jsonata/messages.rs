//! Error messages in the words of the language's reference implementation, which AWS shows.
//!
//! The library has the right codes but different words in some messages.

use jsonata_core::ast::{AstNode, BinaryOp, Stage};

/// The message from its code on, which the library puts behind words of its own where a function that the expression makes
/// has too many arguments or too few.
pub(crate) fn with_code(said: &str) -> &str {
    said.strip_prefix("Signature validation failed: ").unwrap_or(said)
}

/// Replaces the message `said`, which begins with its code.
pub(crate) fn worded(said: &str, tree: &AstNode) -> String {
    let (code, rest) = said.split_once(": ").unwrap_or((said, ""));
    let function = || function_named(rest).map(str::to_owned).or_else(|| innermost_call(tree));
    match code {
        // The library appends the name of the called function.
        "T1006" => "T1006: Attempted to invoke a non-function".to_owned(),
        "T0410" => match function() {
            Some(function) => {
                let index = argument(rest).or_else(|| first_amiss(rest)).unwrap_or(1);
                format!(
                    "T0410: Argument {index} of function \"{function}\" does not match function signature"
                )
            }
            // As the reference implementation puts it of a function without a name.
            None => match first_amiss(rest) {
                Some(index) => {
                    format!("T0410: Argument {index} of function undefined does not match function signature")
                }
                None => said.to_owned(),
            },
        },
        "T0412" => match (function(), rest.rsplit_once("array of ")) {
            (Some(function), Some((_, expected))) => {
                let index = argument(rest).unwrap_or(1);
                let items = plural(expected.trim_end_matches(')'));
                format!("T0412: Argument {index} of function \"{function}\" must be an array of \"{items}\"")
            }
            _ => said.to_owned(),
        },
        "T0411" => match function() {
            Some(function) => {
                let index =
                    rest.split_once("argument ").and_then(|(_, rest)| argument_number(rest)).unwrap_or(1);
                format!(
                    "T0411: Context value is not a compatible type with argument {index} of function \"{function}\""
                )
            }
            None => said.to_owned(),
        },
        "T2001" | "T2002" => {
            match rest.split_once(" side of the ").and_then(|(_, rest)| rest.split_once(' ')) {
                Some((operator, _)) => {
                    let side = if code == "T2001" { "left" } else { "right" };
                    let operator = operator.trim_matches('"');
                    format!(
                        "{code}: The {side} side of the \"{operator}\" operator must evaluate to a number"
                    )
                }
                None => said.to_owned(),
            }
        }
        "T2010" => match only_comparison(tree) {
            Some(operator) => format!(
                "T2010: The expressions either side of operator \"{operator}\" must evaluate to numeric or string values"
            ),
            None => said.to_owned(),
        },
        "D3030" => match rest.split_once('\'').and_then(|(_, rest)| rest.rsplit_once('\'')) {
            Some((value, _)) => {
                let value = serde_json::Value::from(value);
                format!("D3030: Unable to cast value to a number: {value}")
            }
            None => said.to_owned(),
        },
        "D3100" => match rest.rsplit_once(' ') {
            Some((_, radix)) => format!(
                "D3100: The radix of the formatBase function must be between 2 and 36.  It was given {radix}"
            ),
            None => said.to_owned(),
        },
        _ => match TEXTS.iter().find(|(of, _)| *of == code) {
            Some((_, text)) => format!("{code}: {text}"),
            None => said.to_owned(),
        },
    }
}

/// Messages without values in them.
const TEXTS: &[(&str, &str)] = &[
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("D3001", "Attempting to invoke string function on Infinity or NaN"),
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3080", "The picture string must only contain a maximum of two sub-pictures"),
    ("D3081", "The sub-picture must not contain more than one instance of the 'decimal-separator' character"),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    ("D3083", "The sub-picture must not contain more than one instance of the 'per-mille' character"),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character",
    ),
    ("D3088", "The sub-picture must not contain a 'grouping-separator' at the end of the integer part"),
    (
        "D3089",
        "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
    ),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an 'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the 'decimal digit family'",
    ),
    ("D3138", "The $single() function expected exactly 1 matching result.  Instead it matched more."),
    ("D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0."),
];

/// The comparison of an expression that has only one: which of several it was, the library doesn't say.
fn only_comparison(tree: &AstNode) -> Option<&'static str> {
    let mut found = Vec::new();
    comparisons(tree, &mut found);
    match found.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn comparisons(node: &AstNode, found: &mut Vec<&'static str>) {
    match node {
        AstNode::Binary { op, lhs, rhs } => {
            found.extend(match op {
                BinaryOp::LessThan => Some("<"),
                BinaryOp::LessThanOrEqual => Some("<="),
                BinaryOp::GreaterThan => Some(">"),
                BinaryOp::GreaterThanOrEqual => Some(">="),
                _ => None,
            });
            comparisons(lhs, found);
            comparisons(rhs, found);
        }
        AstNode::Function { args, .. } => args.iter().for_each(|arg| comparisons(arg, found)),
        AstNode::Block(items) | AstNode::Array(items) | AstNode::ArrayGroup(items) => {
            items.iter().for_each(|item| comparisons(item, found));
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            comparisons(condition, found);
            comparisons(then_branch, found);
            else_branch.iter().for_each(|branch| comparisons(branch, found));
        }
        AstNode::Unary { operand: inner, .. }
        | AstNode::Lambda { body: inner, .. }
        | AstNode::FunctionApplication(inner)
        | AstNode::Sort { input: inner, .. } => comparisons(inner, found),
        AstNode::Call { procedure, args } => {
            comparisons(procedure, found);
            args.iter().for_each(|arg| comparisons(arg, found));
        }
        AstNode::Path { steps } => {
            for step in steps {
                comparisons(&step.node, found);
                for stage in &step.stages {
                    if let Stage::Filter(filter) = stage {
                        comparisons(filter, found);
                    }
                }
            }
        }
        _ => {}
    }
}

/// The number at the start of a text.
fn argument_number(text: &str) -> Option<usize> {
    text.split(' ').next()?.parse().ok()
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

/// The first argument that is missing, or is one too many: `Argument count mismatch: expected 2, got 3`.
fn first_amiss(text: &str) -> Option<usize> {
    let (expected, got) = text.strip_prefix("Argument count mismatch: expected ")?.split_once(", got ")?;
    let (expected, got): (usize, usize) = (expected.parse().ok()?, got.parse().ok()?);
    Some(expected.min(got) + 1)
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
            // Calls that charge are not the author's.
            first(args).or_else(|| (*is_builtin && !name.starts_with('\u{1}')).then(|| name.clone()))
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
