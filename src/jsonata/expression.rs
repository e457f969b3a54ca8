//! Compiled expressions.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::catch_unwind;

use jsonata_core::ast::AstNode;
use jsonata_core::parser;

use crate::check;
use crate::error::CompileError;
use crate::messages;
use crate::metered::metered;
use crate::survey;

/// The longest expression, in bytes. A whole definition may have 1 MiB; no expression written by a person comes near
/// this.
pub const EXPRESSION_BYTES_MAX: usize = 128 * 1024;

/// The deepest nesting of an expression. AWS gives up at some hundred levels of evaluation; this limit protects the
/// recursive functions that visit the tree.
pub(crate) const DEPTH_MAX: usize = 500;

/// The stack for parsing an expression: the parser recurses as deep as the text is nested.
const PARSER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// A checked expression, which can be evaluated any number of times, from any thread.
pub struct Expression {
    source: Box<str>,
    /// The tree with the calls that charge the budget; see `metered`.
    pub(crate) tree: AstNode,
    /// The functions and variables in it, the outside ones and its own.
    pub(crate) names: BTreeSet<Box<str>>,
    /// Whether it has partial applications, which take stack when they are dropped.
    pub(crate) takes_stack: bool,
    variables: BTreeSet<Box<str>>,
    states_members: BTreeSet<Box<str>>,
    states_whole: bool,
}

impl Expression {
    /// Parses the text between `{%` and `%}`.
    ///
    /// # Errors
    /// If it isn't JSONata 2.0.6, is too long or too deep, or refers to data at the top level: AWS offers only
    /// `$states` and variables. If it refers to several such names, each is reported once, in order.
    pub fn compile(text: &str) -> Result<Self, Vec<CompileError>> {
        let source = text.trim();
        if EXPRESSION_BYTES_MAX < source.len() {
            let said = format!("The expression is longer than {EXPRESSION_BYTES_MAX} bytes");
            return Err(vec![CompileError::Syntax(said)]);
        }
        // Most expressions are short and fit on any thread's stack.
        if source.len() < 128 {
            return Self::read(source);
        }
        stacker::grow(PARSER_STACK_BYTES, || Self::read(source))
    }

    fn read(source: &str) -> Result<Self, Vec<CompileError>> {
        // The library is not ours: where it panics, the text is no expression.
        let parsed = catch_unwind(|| parser::parse(source));
        let unreadable = |_| vec![CompileError::Syntax("The expression can't be read".to_owned())];
        let parsed = parsed.map_err(unreadable)?.map_err(|error| {
            let said = error.to_string();
            vec![CompileError::Syntax(messages::symbols(without_code(&said)))]
        })?;
        let found = check::examine(&parsed)?;
        let takes_stack = survey::has_places(&parsed);
        let tree = metered(parsed);
        Ok(Self {
            source: source.into(),
            names: survey::names_in(&tree),
            tree,
            takes_stack,
            variables: found.variables,
            states_members: found.states_members,
            states_whole: found.states_whole,
        })
    }

    /// The trimmed text, as error messages show it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The outside variables that the expression uses, without their `$`, sorted; including `states`.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|name| &**name)
    }

    /// The members of `$states` that the expression uses: `input`, `result`, `errorOutput`, `context`.
    pub fn states_members(&self) -> impl Iterator<Item = &str> {
        self.states_members.iter().map(|name| &**name)
    }

    /// Whether the expression may look at this member of `$states`: it names it, or takes `$states` as a whole.
    pub fn sees(&self, member: &str) -> bool {
        self.states_whole || self.states_members.contains(member)
    }
}

#[cfg(test)]
impl Expression {
    /// Compiles any expression of the language, whatever it refers to.
    pub(crate) fn compile_anything(text: &str) -> Result<Self, String> {
        let parsed = parser::parse(text).map_err(|error| error.to_string())?;
        let takes_stack = survey::has_places(&parsed);
        let tree = metered(parsed);
        Ok(Self {
            source: text.into(),
            names: survey::names_in(&tree),
            takes_stack,
            tree,
            variables: BTreeSet::new(),
            states_members: BTreeSet::new(),
            states_whole: false,
        })
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The library's message without its code, as AWS shows it: `Expected "]", got ","`.
fn without_code(said: &str) -> &str {
    let said =
        said.strip_prefix("Parse error: ").or_else(|| said.strip_prefix("Invalid syntax: ")).unwrap_or(said);
    match said.split_once(": ") {
        Some((code, text)) if code.len() == 5 && code[1..].bytes().all(|byte| byte.is_ascii_digit()) => text,
        _ => said,
    }
}
