//! Strings with `*`, `?` and policy variables. Matching takes time proportional to pattern times text.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use std::borrow::Cow;
use std::str::Chars;

use super::decide::Facts;
use super::error::Error;

/// Which parts of a string are special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Syntax {
    /// `*` and `?`.
    pub(super) wildcards: bool,
    /// `${…}`, in policies of version 2012-10-17.
    pub(super) variables: bool,
}

/// Whether case matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Sensitive,
    Insensitive,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Exact(String),
    Glob(Vec<Token>),
    /// Has variables, so its tokens depend on the request.
    Template(Vec<Piece>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any number of characters.
    Many,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Tokens(Vec<Token>),
    Variable {
        /// In lower case.
        key: String,
        default: Option<String>,
    },
}

/// A variable for which the request doesn't have exactly one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unresolved;

impl Pattern {
    pub(super) fn compile(text: &str, syntax: Syntax) -> Result<Self, Error> {
        let mut pieces = Vec::new();
        let mut tokens = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '*' if syntax.wildcards => tokens.push(Token::Many),
                '?' if syntax.wildcards => tokens.push(Token::One),
                '$' if syntax.variables && rest.as_str().starts_with('{') => {
                    let malformed = || Error::Variable(text.to_owned());
                    let inside = rest.as_str().strip_prefix('{').unwrap_or_default();
                    let (variable, after) = inside.split_once('}').ok_or_else(malformed)?;
                    rest = after.chars();
                    match variable {
                        "*" => tokens.push(Token::Char('*')),
                        "?" => tokens.push(Token::Char('?')),
                        "$" => tokens.push(Token::Char('$')),
                        _ => {
                            pieces.push(Piece::Tokens(std::mem::take(&mut tokens)));
                            pieces.push(piece(variable).ok_or_else(malformed)?);
                        }
                    }
                }
                other => tokens.push(Token::Char(other)),
            }
        }
        if !pieces.is_empty() {
            pieces.push(Piece::Tokens(tokens));
            return Ok(Self(Form::Template(pieces)));
        }
        let exact: Option<String> = tokens
            .iter()
            .map(|token| match token {
                Token::Char(c) => Some(*c),
                Token::One | Token::Many => None,
            })
            .collect();
        Ok(Self(exact.map_or(Form::Glob(tokens), Form::Exact)))
    }

    /// Whether it is `*`.
    pub(super) fn is_everything(&self) -> bool {
        matches!(&self.0, Form::Glob(tokens) if tokens.iter().all(|token| *token == Token::Many))
    }

    /// The text of one without wildcards and variables.
    pub(super) fn exact(&self) -> Option<&str> {
        match &self.0 {
            Form::Exact(text) => Some(text),
            Form::Glob(_) | Form::Template(_) => None,
        }
    }

    /// The condition keys of its variables.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let pieces = match &self.0 {
            Form::Template(pieces) => pieces.as_slice(),
            Form::Exact(_) | Form::Glob(_) => &[],
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.as_str()),
            Piece::Tokens(_) => None,
        })
    }

    /// Whether the whole `text` matches.
    pub(super) fn matches(&self, text: &str, case: Case, facts: &dyn Facts) -> Result<bool, Unresolved> {
        let tokens = match &self.0 {
            Form::Exact(exact) => {
                return Ok(match case {
                    Case::Sensitive => exact == text,
                    Case::Insensitive => same_text(exact, text),
                });
            }
            Form::Glob(tokens) => Cow::Borrowed(tokens.as_slice()),
            Form::Template(pieces) => Cow::Owned(resolve(pieces, facts)?),
        };
        Ok(glob(&tokens, text, case))
    }
}

/// `aws:username` or `aws:username, 'default'`.
fn piece(variable: &str) -> Option<Piece> {
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key, Some(default.to_owned()))
        }
        None => (variable, None),
    };
    let key = key.trim();
    (!key.is_empty()).then(|| Piece::Variable { key: key.to_ascii_lowercase(), default })
}

/// The values of variables are plain text: wildcards in them are literal.
fn resolve(pieces: &[Piece], facts: &dyn Facts) -> Result<Vec<Token>, Unresolved> {
    let mut tokens = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Tokens(own) => tokens.extend_from_slice(own),
            Piece::Variable { key, default } => {
                let values = facts.values(key);
                match (values.as_deref(), default) {
                    (Some([value]), _) => tokens.extend(value.chars().map(Token::Char)),
                    (_, Some(default)) => tokens.extend(default.chars().map(Token::Char)),
                    (_, None) => return Err(Unresolved),
                }
            }
        }
    }
    Ok(tokens)
}

/// Backtracks only to the last `*`, because everything before it is matched for good. So it takes no more steps than
/// the product of both lengths.
fn glob(tokens: &[Token], text: &str, case: Case) -> bool {
    let mut at = 0;
    let mut rest = text.chars();
    let mut last_star: Option<(usize, Chars<'_>)> = None;
    loop {
        let mut ahead = rest.clone();
        match (tokens.get(at), ahead.next()) {
            (Some(Token::Many), _) => {
                at += 1;
                last_star = Some((at, rest.clone()));
            }
            (None, None) => return true,
            (Some(Token::One), Some(_)) => (at, rest) = (at + 1, ahead),
            (Some(Token::Char(a)), Some(b)) if same(*a, b, case) => (at, rest) = (at + 1, ahead),
            (Some(Token::One | Token::Char(_)) | None, _) => {
                let Some((after_star, from)) = &mut last_star else { return false };
                if from.next().is_none() {
                    return false;
                }
                (at, rest) = (*after_star, from.clone());
            }
        }
    }
}

fn same(a: char, b: char, case: Case) -> bool {
    a == b || case == Case::Insensitive && a.to_lowercase().eq(b.to_lowercase())
}

fn same_text(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// A pattern for ARNs. Each of the six parts is matched separately, so that a wildcard in one does not extend into the
/// next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArnPattern {
    /// A single `*`.
    Any,
    Parts(Vec<Pattern>),
}

const ARN_PARTS: usize = 6;

impl ArnPattern {
    pub(super) fn compile(text: &str, syntax: Syntax) -> Result<Self, Error> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let parts = arn_parts(text, syntax.variables).into_iter();
        Ok(Self::Parts(parts.map(|part| Pattern::compile(part, syntax)).collect::<Result<_, _>>()?))
    }

    pub(super) fn matches(&self, text: &str, facts: &dyn Facts) -> Result<bool, Unresolved> {
        let Self::Parts(patterns) = self else { return Ok(true) };
        let parts: Vec<&str> = text.splitn(ARN_PARTS, ':').collect();
        if patterns.len() != ARN_PARTS || parts.len() != ARN_PARTS {
            return Ok(false);
        }
        for (pattern, part) in patterns.iter().zip(parts) {
            if !pattern.matches(part, Case::Sensitive, facts)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Splits at colons, but not at those in names of variables.
fn arn_parts(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while parts.len() + 1 < ARN_PARTS {
        let Some(tail) = rest.get(from..) else { break };
        let Some(at) = tail.find([':', '$']) else { break };
        let found = from + at;
        if rest[found..].starts_with(':') {
            parts.push(&rest[..found]);
            rest = &rest[found + 1..];
            from = 0;
        } else if variables && rest[found..].starts_with("${") {
            from = rest[found..].find('}').map_or(rest.len(), |end| found + end);
        } else {
            from = found + 1;
        }
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::super::decide::tests::Known;
    use super::*;

    const SYNTAX: Syntax = Syntax { wildcards: true, variables: true };

    fn check(pattern: &str, text: &str, expect: bool) {
        let facts = Known(&[("aws:username", &["a*b"]), ("aws:tags", &["x", "y"])]);
        let compiled = Pattern::compile(pattern, SYNTAX).unwrap();
        let found = compiled.matches(text, Case::Sensitive, &facts);
        assert_eq!(found, Ok(expect), "{pattern} on {text}");
    }

    #[test]
    fn wildcards_match_whole_texts() {
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("*", "a/b:c", true);
        check("?", "", false);
        check("?", "é", true);
        check("a*c", "abbc", true);
        check("a*c", "abbcd", false);
        check("*/GET/*", "abc/dev/GET/pets/1", true);
        check("*/GET/*", "abc/dev/POST/pets/1", false);
        check("a?c*", "abc", true);
        check("*b*b", "abab", true);
        check("**a**", "a", true);
        check("$a", "$a", true);
        check("é*", "éa", true);
    }

    #[test]
    fn variables_stand_for_text() {
        check("x/${aws:username}/y", "x/a*b/y", true);
        check("x/${aws:UserName}/y", "x/aXb/y", false);
        check("${aws:nope, 'none'}*", "none at all", true);
        check("${aws:tags, 'many'}", "many", true);
        check("${*}${?}${$}", "*?$", true);
        // A value is text, whatever is written in it: it is not read again.
        let own = Known(&[("aws:username", &["${aws:userid}*"]), ("aws:userid", &["secret"])]);
        let compiled = Pattern::compile("home/${aws:username}", SYNTAX).unwrap();
        for (text, expect) in
            [("home/${aws:userid}*", true), ("home/secret", false), ("home/${aws:userid}x", false)]
        {
            assert_eq!(compiled.matches(text, Case::Sensitive, &own), Ok(expect), "{text}");
        }
        assert!(
            Pattern::compile("${aws:${aws:username}}", SYNTAX)
                .is_ok_and(|it| { it.matches("secret}", Case::Sensitive, &own) != Ok(true) })
        );
        let unresolved = Pattern::compile("a${aws:nope}", SYNTAX).unwrap();
        assert_eq!(unresolved.matches("a", Case::Sensitive, &Known(&[])), Err(Unresolved));
        for bad in ["${", "${aws:x", "${}", "${aws:x, y}", "${aws:x, 'y}"] {
            assert_eq!(Pattern::compile(bad, SYNTAX), Err(Error::Variable(bad.to_owned())), "{bad}");
        }
        let old = Syntax { variables: false, ..SYNTAX };
        let plain = Pattern::compile("${aws:x", old).unwrap();
        assert_eq!(plain.matches("${aws:x", Case::Sensitive, &Known(&[])), Ok(true));
    }

    #[test]
    fn case_is_ignored_where_asked() {
        for (pattern, text) in [("Execute-API:invoke", "execute-api:Invoke"), ("É*", "éa")] {
            let compiled = Pattern::compile(pattern, SYNTAX).unwrap();
            assert_eq!(compiled.matches(text, Case::Insensitive, &Known(&[])), Ok(true), "{pattern}");
            assert_eq!(compiled.matches(text, Case::Sensitive, &Known(&[])), Ok(false), "{pattern}");
        }
    }

    #[test]
    fn many_stars_take_no_more_than_the_product_of_lengths() {
        let pattern = format!("{}b", "*a".repeat(2_000));
        check(&pattern, &"a".repeat(1_600), false);
    }

    #[test]
    fn parts_of_arns_match_for_themselves() {
        let facts = Known(&[("aws:principaltag/a:b", &["q:r"])]);
        for (pattern, text, expect) in [
            ("*", "anything", true),
            ("arn:aws:sqs:*:*:q*", "arn:aws:sqs:r:1:queue", true),
            ("arn:aws:sqs:*", "arn:aws:sqs:r:1:queue", false),
            ("arn:aws:s*:q", "arn:aws:sqs:r:1:queue", false),
            ("arn:aws:sns:*:*:*", "arn:aws:sqs:r:1:queue", false),
            ("arn:aws:sqs:r:1:a:*", "arn:aws:sqs:r:1:a:b:c", true),
            ("arn:aws:sqs:r:1:${aws:PrincipalTag/a:b}", "arn:aws:sqs:r:1:q:r", true),
            ("arn:aws:sqs:r:1:q", "no arn", false),
            ("arn:aws:sqs:$r:1:q", "arn:aws:sqs:$r:1:q", true),
        ] {
            let compiled = ArnPattern::compile(pattern, SYNTAX).unwrap();
            assert_eq!(compiled.matches(text, &facts), Ok(expect), "{pattern} on {text}");
        }
    }
}
