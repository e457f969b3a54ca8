//! Text → [`Tokens`].
//!
//! ```text
//! path  := ('$' | '@') { '.' step | '..' step | bracket }      '$.' is put before a text that starts otherwise
//! step  := name | name '(' arguments ')' | '*' | bracket
//! bracket := "['a','b']" | '[0,1]' | '[1:2]' | '[*]' | '[?(filter)]' | '[(@.length-1)]'
//! ```
//!
//! This is Jayway's grammar. Only today's dialect has calls, only the early dialect has the last kind of bracket. In
//! today's dialect, a last character after a bracket is ignored: `$.a[` is `$.a`, and `f().x` is read as a property
//! `)`. Such oddities are kept because existing documents depend on what is accepted.

use super::cursor::{Cursor, Read, Stop, unescape_name};
use super::dialect::Dialect;
use super::error::PathError;
use super::filter;
use super::function::{Argument, Call};
use super::token::{Root, Token, Tokens};

/// The longest path, in characters.
const TEXT_MAX: usize = 64 * 1024;
/// The most steps of a path, including those of paths inside its filters and arguments.
const TOKENS_MAX: usize = 512;
/// How deep paths may nest inside filters and arguments.
const NESTING_MAX: usize = 24;

/// Shared by all paths nested in one text: the dialect, and what is left of the limits.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) dialect: Dialect,
    tokens: usize,
    nesting: usize,
}

/// Compiles a path.
pub(super) fn compile(text: &str, dialect: Dialect) -> Result<Tokens, PathError> {
    if text.is_empty() {
        return Err(PathError { position: 0, message: "json can not be null or empty".to_owned() });
    }
    compile_nested(text, &mut Limits { dialect, ..Limits::default() }).map_err(|stop| match stop {
        Stop::Invalid(error) => error,
        Stop::Broken => {
            PathError { position: text.chars().count(), message: "Unexpected end of path".to_owned() }
        }
    })
}

/// Compiles a path inside a filter.
pub(super) fn compile_nested(text: &str, limits: &mut Limits) -> Read<Tokens> {
    let text = match limits.dialect {
        Dialect::Current => text,
        Dialect::Early => text.trim_matches(is_white_space),
    };
    let mut chars: Vec<char> = text.chars().collect();
    if !matches!(chars.first(), Some('$' | '@')) {
        chars.splice(..0, ['$', '.']);
    }
    let mut cursor = Cursor::new(&chars);
    cursor.trim();
    if TEXT_MAX < chars.len() {
        return Err(cursor.invalid(format!("Path is longer than {TEXT_MAX} characters")));
    }
    if cursor.last_is('.') {
        cursor.set_position(cursor.end().saturating_sub(1));
        return Err(cursor.invalid("Path must not end with a '.' or '..'"));
    }
    Parser::read(cursor, limits)
}

struct Parser<'t, 'l> {
    cursor: Cursor<'t>,
    limits: &'l mut Limits,
    tokens: Vec<Token>,
}

/// Whether more tokens follow.
type More = bool;

impl<'t, 'l> Parser<'t, 'l> {
    fn read(cursor: Cursor<'t>, limits: &'l mut Limits) -> Read<Tokens> {
        limits.nesting += 1;
        if NESTING_MAX < limits.nesting {
            return Err(cursor.invalid(format!("Paths nest deeper than {NESTING_MAX}")));
        }
        let mut parser = Self { cursor, limits, tokens: Vec::new() };
        let root = parser.path()?;
        let Self { limits, tokens, .. } = parser;
        limits.nesting -= 1;
        Ok(aggregate_scan(root, tokens))
    }

    fn path(&mut self) -> Read<Root> {
        while self.cursor.in_bounds() && is_white_space(self.cursor.current()?) {
            self.cursor.advance(1);
        }
        let root = match self.cursor.current()? {
            '$' => Root::Document,
            '@' => Root::Item,
            _ => return Err(self.cursor.invalid("Path must start with '$' or '@'")),
        };
        if self.cursor.at_tail() {
            return Ok(root);
        }
        self.cursor.advance(1);
        if !matches!(self.cursor.current()?, '.' | '[') {
            let at = self.cursor.position();
            return Err(self
                .cursor
                .invalid(format!("Illegal character at position {at} expected '.' or '['")));
        }
        while self.token()? {}
        Ok(root)
    }

    /// Whether there is more to parse. Today's dialect ignores a single last character.
    fn more(&self) -> More {
        match self.limits.dialect {
            Dialect::Current => !self.cursor.at_tail(),
            Dialect::Early => self.cursor.in_bounds(),
        }
    }

    fn push(&mut self, token: Token) -> Read<()> {
        self.limits.tokens += 1;
        if TOKENS_MAX < self.limits.tokens {
            return Err(self.cursor.invalid(format!("Path has more than {TOKENS_MAX} steps")));
        }
        self.tokens.push(token);
        Ok(())
    }

    fn token(&mut self) -> Read<More> {
        let at = self.cursor.position();
        match self.cursor.current()? {
            '[' => self.bracket(),
            '.' => {
                if self.cursor.get(at + 1) == Some('.') {
                    self.push(Token::Scan)?;
                    self.cursor.advance(2);
                } else if self.cursor.get(at + 1).is_none() {
                    return Err(self.cursor.invalid("Path must not end with a '."));
                } else {
                    self.cursor.advance(1);
                }
                if self.cursor.current()? == '.' {
                    let at = self.cursor.position();
                    return Err(self.cursor.invalid(format!("Character '.' on position {at} is not valid.")));
                }
                Ok(true)
            }
            '*' => {
                self.cursor.advance(1);
                self.push(Token::Wildcard)?;
                Ok(self.more())
            }
            ' ' => Err(self.cursor.invalid(format!("Could not parse token starting at position {at}"))),
            _ => self.property_or_call(),
        }
    }

    // === Names and calls ===

    fn property_or_call(&mut self) -> Read<More> {
        let start = self.cursor.position();
        let mut end = start;
        let mut is_call = false;
        while let Some(c) = self.cursor.get(end) {
            match c {
                ' ' => {
                    return Err(self.cursor.invalid(format!(
                        "Use bracket notion ['my prop'] if your property contains blank characters. position: {start}"
                    )));
                }
                '.' | '[' => break,
                '(' if !self.limits.dialect.is_early() => {
                    is_call = true;
                    break;
                }
                _ => end += 1,
            }
        }
        let name = self.cursor.slice_text(start, end)?;
        if !is_call {
            self.cursor.set_position(end);
            self.push(Token::Properties { names: [name].into(), quote: '\'' })?;
            return Ok(self.more());
        }
        if !self.parentheses_match(end + 1) {
            return Err(self.unclosed(&name));
        }
        let mut arguments = Vec::new();
        if self.cursor.get(end + 1) == Some(')') {
            // Stop at the parenthesis: the text after it is parsed as part of a name.
            self.cursor.set_position(end + 1);
        } else {
            self.cursor.set_position(end + 1);
            arguments = self.arguments(&name)?;
        }
        self.push(Token::Call(Call::new(name, arguments)))?;
        Ok(self.more())
    }

    fn parentheses_match(&self, from: usize) -> bool {
        let mut depth = 1;
        for i in from..self.cursor.end() {
            match self.cursor.get(i) {
                Some(')') => depth -= 1,
                Some('(') => depth += 1,
                _ => {}
            }
            if depth == 0 {
                return true;
            }
        }
        false
    }

    fn unclosed(&self, name: &str) -> Stop {
        self.cursor.invalid(format!("Arguments to function: '{name}' are not closed properly."))
    }

    /// Finds the arguments by counting brackets and quotes, then passes each to its own parser. An argument that is
    /// neither a path nor starts like JSON is dropped.
    fn arguments(&mut self, name: &str) -> Read<Vec<Argument>> {
        #[derive(Clone, Copy)]
        enum Kind {
            Json,
            Path,
        }
        let (mut parentheses, mut brackets, mut braces, mut quotes) = (1_i32, 0_i32, 0_i32, 0_i32);
        let mut kind: Option<Kind> = None;
        let mut text = String::new();
        let mut arguments = Vec::new();
        let mut prior = '\0';
        let mut done = false;
        while self.cursor.in_bounds() && !done {
            let c = self.cursor.current()?;
            self.cursor.advance(1);
            if kind.is_none() {
                if is_white_space(c) {
                    continue;
                }
                kind = match c {
                    '{' | '"' | '-' => Some(Kind::Json),
                    '$' | '@' => Some(Kind::Path),
                    c if c.is_numeric() => Some(Kind::Json),
                    _ => None,
                };
            }
            match c {
                '"' if prior != '\\' && 0 < quotes => quotes -= 1,
                '"' => quotes += 1,
                '(' => parentheses += 1,
                '{' => braces += 1,
                '[' => brackets += 1,
                '}' if braces == 0 => return Err(self.unexpected_close("brace '}'")),
                '}' => braces -= 1,
                ']' if brackets == 0 => return Err(self.unexpected_close("bracket ']'")),
                ']' => brackets -= 1,
                ')' | ',' => {
                    if c == ')' {
                        parentheses -= 1;
                        if parentheses < 0 || prior == '(' {
                            text.push(c);
                        }
                    }
                    let balanced = quotes == 0 && braces == 0 && brackets == 0;
                    if balanced && (parentheses == 1 || parentheses == 0 && c == ')') {
                        done = parentheses == 0;
                        let argument = std::mem::take(&mut text);
                        match kind.take() {
                            Some(Kind::Json) => arguments.push(Argument::json(&argument)),
                            Some(Kind::Path) => {
                                let chars: Vec<char> = argument.chars().collect();
                                let path = Parser::read(Cursor::new(&chars), self.limits)?;
                                arguments.push(Argument::path(path));
                            }
                            None => {}
                        }
                    }
                }
                _ => {}
            }
            if kind.is_some() && !(c == ',' && braces == 0 && brackets == 0 && parentheses == 1) {
                text.push(c);
            }
            prior = c;
        }
        if braces != 0 || parentheses != 0 || brackets != 0 {
            return Err(self.unclosed(name));
        }
        Ok(arguments)
    }

    fn unexpected_close(&self, what: &str) -> Stop {
        let at = self.cursor.position();
        self.cursor.invalid(format!("Unexpected close {what} at character position: {at}"))
    }

    // === Brackets ===

    fn bracket(&mut self) -> Read<More> {
        let at = self.cursor.position();
        let found = match self.cursor.significant_after(at).map(|(_, c)| c) {
            Some(quote @ ('\'' | '"')) => Some(self.quoted_properties(quote)?),
            Some('*') => Some(self.bracket_wildcard()?),
            Some('?') => self.filter()?,
            Some('(' | '@') if self.limits.dialect.is_early() => Some(self.index_from_end()?),
            Some(c) if c == '-' || c == ':' || c.is_numeric() => self.indexes()?,
            _ => None,
        };
        let Some(token) = found else {
            return Err(self.cursor.invalid(format!(
                "Could not parse token starting at position {at}. Expected ?, ', 0-9, * "
            )));
        };
        self.push(token)?;
        Ok(self.more())
    }

    /// `[(@.length-1)]`, `[(@.size() - 1)]`: blanks and parentheses in it mean nothing.
    fn index_from_end(&mut self) -> Read<Token> {
        let start = self.cursor.position() + 1;
        let Some(close) = self.cursor.index_of(start, ']') else {
            return Err(self.cursor.invalid("Could not find the ']' of an array index"));
        };
        let text: String =
            self.cursor.slice(start, close)?.iter().filter(|c| !matches!(c, ' ' | '(' | ')')).collect();
        let (function, distance) =
            text.strip_prefix("@.").and_then(|rest| rest.split_once('-')).unwrap_or((&text, ""));
        let distance = distance.parse::<i32>().ok().filter(|distance| 0 <= *distance);
        let Some(distance) = distance.filter(|_| matches!(function, "length" | "size")) else {
            return Err(self.cursor.invalid(format!(
                "Invalid function: @.{function}. Supported functions are: [(@.length - n)] and [(@.size() - n)]"
            )));
        };
        self.cursor.set_position(close + 1);
        Ok(Token::FromEnd(distance))
    }

    fn quoted_properties(&mut self, quote: char) -> Read<Token> {
        let mut start = self.cursor.position() + 1;
        let mut end = 0;
        let mut names = Vec::new();
        let (mut inside, mut escaped, mut after_comma) = (false, false, false);
        let mut at = start;
        while let Some(c) = self.cursor.get(at) {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == ']' && !inside {
                if after_comma {
                    return Err(self.cursor.invalid(format!("Found empty property at index {at}")));
                }
                break;
            } else if c == quote && inside {
                if !matches!(self.cursor.significant_after(at), Some((_, ']' | ','))) {
                    return Err(self.cursor.invalid(format!(
                        "Property must be separated by comma or Property must be terminated close square bracket at index {at}"
                    )));
                }
                end = at;
                names.push(unescape_name(self.cursor.slice(start, end)?, quote));
                inside = false;
            } else if c == quote {
                start = at + 1;
                inside = true;
                after_comma = false;
            } else if c == ',' && !inside {
                if after_comma {
                    return Err(self.cursor.invalid(format!("Found empty property at index {at}")));
                }
                after_comma = true;
            }
            at += 1;
        }
        if inside {
            return Err(self
                .cursor
                .invalid(format!("Property has not been closed - missing closing {quote}")));
        }
        let Some(close) = self.cursor.significant_index_of(end, ']') else {
            return Err(self.cursor.invalid("Property has not been closed - missing closing ]"));
        };
        self.cursor.set_position(close + 1);
        Ok(Token::Properties { names: names.into(), quote })
    }

    fn bracket_wildcard(&mut self) -> Read<Token> {
        let at = self.cursor.position();
        let star = self.cursor.significant_index_of(at, '*').ok_or(Stop::Broken)?;
        let Some(close) = self.cursor.significant_index_of(star, ']') else {
            return Err(self
                .cursor
                .invalid(format!("Expected wildcard token to end with ']' on position {}", star + 1)));
        };
        self.cursor.set_position(close + 1);
        Ok(Token::Wildcard)
    }

    fn indexes(&mut self) -> Read<Option<Token>> {
        let start = self.cursor.position() + 1;
        let Some(close) = self.cursor.index_of(start, ']') else { return Ok(None) };
        let text = self.cursor.slice_text(start, close)?;
        let text = text.trim();
        if !text.chars().all(|c| c.is_numeric() || matches!(c, ',' | '-' | ':' | ' ')) {
            return Ok(None);
        }
        let token = if text.contains(':') { self.slice(text)? } else { self.index_list(text)? };
        self.cursor.set_position(close + 1);
        Ok(Some(token))
    }

    fn slice(&self, text: &str) -> Read<Token> {
        let refused = || self.cursor.invalid(format!("Failed to parse SliceOperation: {text}"));
        if text.contains([',', ' ']) {
            return Err(refused());
        }
        // A third part, the step, is ignored.
        let mut parts = text.split(':');
        let mut bound = || match parts.next() {
            None | Some("") => Ok(None),
            Some(part) => part.parse::<i32>().map(Some).map_err(|_| refused()),
        };
        let (from, to) = (bound()?, bound()?);
        if from.is_none() && to.is_none() {
            return Err(refused());
        }
        Ok(Token::Slice { from, to })
    }

    fn index_list(&self, text: &str) -> Read<Token> {
        let index = |part: &str| {
            part.trim().parse::<i32>().map_err(|_| {
                self.cursor.invalid(format!("Failed to parse token in ArrayIndexOperation: {}", part.trim()))
            })
        };
        Ok(Token::Indexes(text.split(',').map(index).collect::<Read<_>>()?))
    }

    fn filter(&mut self) -> Read<Option<Token>> {
        let open = self.cursor.position();
        let Some(question) = self.cursor.significant_index_of(open, '?') else { return Ok(None) };
        if let Some(criteria_start) = self.cursor.significant_index_of(question, '(') {
            let Some(criteria_end) = self.cursor.index_of_closing(criteria_start, '(', ')', true)? else {
                return Ok(None);
            };
            let Some(close) = self.cursor.significant_index_of(criteria_end, ']') else { return Ok(None) };
            let filter = filter::parser::compile(self.cursor.slice(open, close + 1)?, self.limits)?;
            self.cursor.set_position(close + 1);
            return Ok(Some(Token::Filter(Box::new(filter))));
        }
        // `[?]` and `[?,?]` are placeholders for predicates of a Java program.
        match (self.cursor.significant_after(question), self.cursor.index_of(open + 1, ']')) {
            (Some((_, ']' | ',')), Some(close)) => {
                let expression = self.cursor.slice_text(open + 1, close)?;
                Err(self.cursor.invalid(format!(
                    "Not enough predicates supplied for filter [{expression}] at position {open}"
                )))
            }
            _ => Ok(None),
        }
    }
}

/// `$..a.sum()` means the sum of everything found, `$.sum($..a)`, not the sum of each.
fn aggregate_scan(root: Root, mut tokens: Vec<Token>) -> Tokens {
    let is_aggregate =
        matches!(tokens.first(), Some(Token::Scan)) && matches!(tokens.last(), Some(Token::Call(_)));
    if is_aggregate && let Some(at) = tokens.iter().position(|token| matches!(token, Token::Call(_))) {
        let mut calls = tokens.split_off(at);
        if let Some(Token::Call(call)) = calls.first_mut() {
            call.set_argument(Argument::path(Tokens::new(root, tokens)));
        }
        return Tokens::new(Root::Document, calls);
    }
    Tokens::new(root, tokens)
}

fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
