//! A compiled path: its tokens, and how messages show them.

use std::fmt;

use super::filter::Filter;
use super::function::Call;

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// `$`: the whole document.
    Document,
    /// `@`: the current item of a filter.
    Item,
}

/// One step of a path.
#[derive(Debug)]
pub(super) enum Token {
    /// `.a`, `['a']`, `["a","b"]`.
    Properties { names: Box<[String]>, quote: char },
    /// `[0]`, `[0,-1]`.
    Indexes(Box<[i32]>),
    /// `[(@.length-1)]`: the distance from the end, so 1 is the last element.
    FromEnd(i32),
    /// `[1:]`, `[:2]`, `[1:2]`; at least one bound is given.
    Slice { from: Option<i32>, to: Option<i32> },
    /// `.*`, `[*]`.
    Wildcard,
    /// `[?(…)]`.
    Filter(Box<Filter>),
    /// `..`: the next token is searched at every depth.
    Scan,
    /// `.name(…)`.
    Call(Call),
}

/// A root and the tokens after it.
#[derive(Debug)]
pub(super) struct Tokens {
    root: Root,
    tokens: Box<[Token]>,
    /// For each token, whether all tokens before it find only one node.
    upstream_definite: Box<[bool]>,
    definite: bool,
}

impl Tokens {
    pub(super) fn new(root: Root, tokens: Vec<Token>) -> Self {
        let mut definite = true;
        let mut upstream_definite = Vec::with_capacity(tokens.len());
        for (i, token) in tokens.iter().enumerate() {
            upstream_definite.push(definite);
            definite &= token.is_definite(i + 1 == tokens.len());
        }
        Self { root, tokens: tokens.into(), upstream_definite: upstream_definite.into(), definite }
    }

    pub(super) fn root(&self) -> Root {
        self.root
    }

    pub(super) fn all(&self) -> &[Token] {
        &self.tokens
    }

    pub(super) fn get(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    pub(super) fn is_leaf(&self, index: usize) -> bool {
        self.tokens.len() <= index + 1
    }

    pub(super) fn is_upstream_definite(&self, index: usize) -> bool {
        self.upstream_definite.get(index).copied().unwrap_or(true)
    }

    /// Whether the token at `index` finds only one node.
    pub(super) fn is_token_definite(&self, index: usize) -> bool {
        self.get(index).is_none_or(|token| token.is_definite(self.is_leaf(index)))
    }

    pub(super) fn is_definite(&self) -> bool {
        self.definite
    }

    /// Whether the last token is a function call.
    pub(super) fn is_function(&self) -> bool {
        matches!(self.tokens.last(), Some(Token::Call(_)))
    }

    /// The tokens from `index` on, as messages show them.
    pub(super) fn shown_from(&self, index: usize) -> String {
        self.tokens.iter().skip(index).map(|token| token.to_string()).collect()
    }

    /// The token before the last, as messages show it.
    pub(super) fn before_tail(&self) -> String {
        match self.tokens.len().checked_sub(2).and_then(|i| self.tokens.get(i)) {
            Some(token) => token.to_string(),
            None => self.root.to_string(),
        }
    }
}

impl Token {
    fn is_definite(&self, is_leaf: bool) -> bool {
        match self {
            Self::Properties { names, .. } => is_leaf || names.len() == 1,
            Self::Indexes(indexes) => indexes.len() == 1,
            Self::FromEnd(_) | Self::Call(_) => true,
            Self::Slice { .. } | Self::Wildcard | Self::Filter(_) | Self::Scan => false,
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "$",
            Self::Item => "@",
        })
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)?;
        self.tokens.iter().try_for_each(|token| token.fmt(f))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Properties { names, quote } => {
                f.write_str("[")?;
                for (i, name) in names.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{quote}{name}{quote}")?;
                }
                f.write_str("]")
            }
            Self::Indexes(indexes) => {
                f.write_str("[")?;
                for (i, index) in indexes.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{index}")?;
                }
                f.write_str("]")
            }
            Self::FromEnd(distance) => write!(f, "[@.size()-{distance}]"),
            Self::Slice { from, to } => {
                let shown = |bound: &Option<i32>| bound.map(|b| b.to_string()).unwrap_or_default();
                write!(f, "[{}:{}]", shown(from), shown(to))
            }
            Self::Wildcard => f.write_str("[*]"),
            Self::Filter(_) => f.write_str("[?]"),
            Self::Scan => f.write_str(".."),
            Self::Call(call) => call.fmt(f),
        }
    }
}
