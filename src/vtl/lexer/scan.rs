//! The token patterns: which of them has the longest match at a position, in a state.
//!
//! Patterns are tried in the order of the grammar; if two match equally far, the first wins.

use super::{Match, State};
use crate::vtl::token::Kind;

/// The longest match so far.
struct Best {
    matched: Option<Match>,
    len: usize,
}

impl Best {
    fn offer(&mut self, matched: Match, len: usize) {
        if self.len < len {
            *self = Self { matched: Some(matched), len };
        }
    }

    fn token(&mut self, kind: Kind, len: usize) {
        self.offer(Match::Token(kind), len);
    }
}

/// Finds the longest match at `at`.
pub(super) fn longest(source: &[u8], at: usize, state: State) -> Option<(Match, usize)> {
    let rest = source.get(at..)?;
    let first = *rest.first()?;
    let mut best = Best { matched: None, len: 0 };
    match state {
        State::Default => default(rest, first, &mut best),
        State::PreDirective => pre_directive(rest, &mut best),
        State::Directive => directive(rest, first, &mut best),
        State::Reference | State::RefModifier => reference(rest, first, state, &mut best),
        State::RefArguments => ref_arguments(rest, first, &mut best),
        State::RefIndex => ref_index(rest, first, &mut best),
        State::LineComment => {
            anywhere(rest, &mut best);
            best.token(Kind::LineCommentClose, line_end(rest));
            best.offer(Match::CommentCharacter, character(first));
        }
        State::BlockComment => {
            anywhere(rest, &mut best);
            best.token(Kind::BlockComment, literal(rest, b"*#"));
            best.offer(Match::CommentCharacter, character(first));
        }
        State::Textblock => {
            best.token(Kind::Textblock, literal(rest, b"]]#"));
            best.offer(Match::TextblockCharacter, character(first));
        }
    }
    best.matched.map(|matched| (matched, best.len))
}

fn default(rest: &[u8], first: u8, best: &mut Best) {
    if !matches!(first, b'$' | b'#' | b'\\') {
        // Text is by far the most common token; only a `#set` after blanks can be longer.
        if matches!(first, b' ' | b'\t') {
            best.token(Kind::SetDirective, set_directive(rest));
        }
        best.token(Kind::Text, count(rest, |byte| !matches!(byte, b'$' | b'#' | b'\\')));
        return;
    }
    best.token(Kind::EscapedDirective, escaped_directive(rest));
    best.token(Kind::SetDirective, set_directive(rest));
    anywhere(rest, best);
    best.token(Kind::LineCommentOpen, literal(rest, b"##"));
    best.token(Kind::DoubleBackslash, literal(rest, b"\\\\"));
    best.token(Kind::Backslash, literal(rest, b"\\"));
    best.token(Kind::EmptyIndex, empty_index(rest));
}

fn pre_directive(rest: &[u8], best: &mut Best) {
    anywhere(rest, best);
    best.token(Kind::LineCommentOpen, literal(rest, b"##"));
    for (bare, bracketed, kind) in KEYWORDS {
        let len = literal(rest, bare).max(literal(rest, bracketed));
        if len != 0 {
            let takes_blanks = matches!(kind, Kind::End | Kind::Else);
            let after = rest.get(len..).unwrap_or_default();
            best.token(*kind, len + if takes_blanks { blanks_and_line_end(after) } else { 0 });
        }
    }
    number(rest, best);
    words(rest, best);
    best.offer(Match::Terminator, character(rest.first().copied().unwrap_or(b' ')));
}

const KEYWORDS: &[(&[u8], &[u8], Kind)] = &[
    (b"end", b"{end}", Kind::End),
    (b"if", b"{if}", Kind::If),
    (b"elseif", b"{elseif}", Kind::ElseIf),
    (b"else", b"{else}", Kind::Else),
];

fn directive(rest: &[u8], first: u8, best: &mut Best) {
    best.token(Kind::ListOpen, literal(rest, b"["));
    best.token(Kind::ListClose, literal(rest, b"]"));
    best.token(Kind::Comma, literal(rest, b","));
    best.token(Kind::DoubleDot, literal(rest, b".."));
    best.token(Kind::Colon, literal(rest, b":"));
    best.token(Kind::MapOpen, literal(rest, b"{"));
    best.token(Kind::MapClose, literal(rest, b"}"));
    best.token(Kind::ParenOpen, literal(rest, b"("));
    if first == b')' {
        best.token(Kind::ParenClose, 1 + blanks_and_line_end(rest.get(1..).unwrap_or_default()));
    }
    anywhere(rest, best);
    best.token(Kind::LineCommentOpen, literal(rest, b"##"));
    best.token(Kind::Whitespace, whitespace(rest));
    best.token(Kind::Quoted, quoted(rest));
    best.token(Kind::True, literal(rest, b"true"));
    best.token(Kind::False, literal(rest, b"false"));
    for (text, kind) in OPERATORS {
        best.token(*kind, literal(rest, text));
    }
    number(rest, best);
    words(rest, best);
}

const OPERATORS: &[(&[u8], Kind)] = &[
    (b"-", Kind::Minus),
    (b"+", Kind::Plus),
    (b"*", Kind::Multiply),
    (b"/", Kind::Divide),
    (b"%", Kind::Modulo),
    (b"&&", Kind::And),
    (b"and", Kind::And),
    (b"||", Kind::Or),
    (b"or", Kind::Or),
    (b"<", Kind::Less),
    (b"lt", Kind::Less),
    (b"<=", Kind::LessOrEqual),
    (b"le", Kind::LessOrEqual),
    (b">", Kind::Greater),
    (b"gt", Kind::Greater),
    (b">=", Kind::GreaterOrEqual),
    (b"ge", Kind::GreaterOrEqual),
    (b"==", Kind::Equal),
    (b"eq", Kind::Equal),
    (b"!=", Kind::NotEqual),
    (b"ne", Kind::NotEqual),
    (b"!", Kind::Not),
    (b"not", Kind::Not),
    (b"=", Kind::Assign),
];

fn reference(rest: &[u8], first: u8, state: State, best: &mut Best) {
    best.token(Kind::IndexOpen, literal(rest, b"["));
    if state == State::RefModifier {
        best.token(Kind::ParenOpen, literal(rest, b"("));
    }
    best.token(Kind::SetDirective, set_directive(rest));
    anywhere(rest, best);
    // Not after a property: `$a.b##c` prints the `##`.
    if state == State::Reference {
        best.token(Kind::LineCommentOpen, literal(rest, b"##"));
    }
    best.token(Kind::True, literal(rest, b"true"));
    best.token(Kind::False, literal(rest, b"false"));
    best.token(Kind::Identifier, identifier(rest));
    // The letter after the dot is not part of the match.
    if first == b'.' && rest.get(1).is_some_and(u8::is_ascii_alphabetic) {
        best.token(Kind::Dot, 1);
    }
    best.token(Kind::BraceOpen, literal(rest, b"{"));
    best.token(Kind::BraceClose, literal(rest, b"}"));
    if state == State::Reference {
        best.token(Kind::EmptyIndex, empty_index(rest));
    }
    best.offer(Match::Terminator, character(first));
}

fn ref_arguments(rest: &[u8], first: u8, best: &mut Best) {
    best.token(Kind::ListOpen, literal(rest, b"["));
    best.token(Kind::ListClose, literal(rest, b"]"));
    best.token(Kind::Comma, literal(rest, b","));
    best.token(Kind::DoubleDot, literal(rest, b".."));
    best.token(Kind::Colon, literal(rest, b":"));
    best.token(Kind::MapOpen, literal(rest, b"{"));
    best.token(Kind::MapClose, literal(rest, b"}"));
    best.token(Kind::CallClose, literal(rest, b")"));
    best.token(Kind::SetDirective, set_directive(rest));
    anywhere(rest, best);
    best.token(Kind::Whitespace, whitespace(rest));
    best.token(Kind::Quoted, quoted(rest));
    best.token(Kind::True, literal(rest, b"true"));
    best.token(Kind::False, literal(rest, b"false"));
    number(rest, best);
    best.token(Kind::Identifier, identifier(rest));
    if first == b'.' && rest.get(1).is_some_and(u8::is_ascii_alphabetic) {
        best.token(Kind::Dot, 1);
    }
}

fn ref_index(rest: &[u8], first: u8, best: &mut Best) {
    if first == b']' {
        best.token(Kind::IndexClose, 1);
    }
    anywhere(rest, best);
    best.token(Kind::Whitespace, whitespace(rest));
    best.token(Kind::Quoted, quoted(rest));
    best.token(Kind::True, literal(rest, b"true"));
    best.token(Kind::False, literal(rest, b"false"));
    number(rest, best);
}

/// Tokens that can begin in every state: references, directives, comments.
fn anywhere(rest: &[u8], best: &mut Best) {
    let slashes = count(rest, |byte| byte == b'\\');
    if rest.get(slashes) == Some(&b'$') {
        best.offer(Match::Dollar, slashes + 1);
        let more = count(rest.get(slashes + 1..).unwrap_or_default(), |byte| byte == b'\\');
        if rest.get(slashes + 1 + more) == Some(&b'!') {
            best.offer(Match::Dollar, slashes + more + 2);
        }
    }
    if rest.first() == Some(&b'#') {
        best.offer(Match::TextblockOpen, literal(rest, b"#[["));
        best.offer(Match::BlockCommentOpen, literal(rest, b"#*"));
        best.offer(Match::Hash, 1);
    }
}

fn number(rest: &[u8], best: &mut Best) {
    let sign = literal(rest, b"-");
    let whole = sign + digits(rest, sign);
    if sign < whole {
        // `1..3` is a range, not `1.` and `.3`: the dots are not part of the token but count for the longest match.
        if rest.get(whole..whole + 2) == Some(b"..") {
            best.token(Kind::Integer, whole);
            return;
        }
        best.token(Kind::Integer, whole);
        if rest.get(whole) == Some(&b'.') {
            let fraction = whole + 1 + digits(rest, whole + 1);
            best.token(Kind::Float, fraction + exponent(rest, fraction));
        }
        let exponent = exponent(rest, whole);
        if exponent != 0 {
            best.token(Kind::Float, whole + exponent);
        }
    } else if rest.get(sign) == Some(&b'.') {
        let fraction = digits(rest, sign + 1);
        if fraction != 0 {
            let end = sign + 1 + fraction;
            best.token(Kind::Float, end + exponent(rest, end));
        }
    }
}

fn digits(rest: &[u8], from: usize) -> usize {
    count(rest.get(from..).unwrap_or_default(), |byte| byte.is_ascii_digit())
}

fn exponent(rest: &[u8], from: usize) -> usize {
    if !matches!(rest.get(from), Some(b'e' | b'E')) {
        return 0;
    }
    let sign = usize::from(matches!(rest.get(from + 1), Some(b'+' | b'-')));
    let digits = digits(rest, from + 1 + sign);
    if digits == 0 { 0 } else { 1 + sign + digits }
}

fn words(rest: &[u8], best: &mut Best) {
    best.token(Kind::Word, word(rest, true));
    best.token(Kind::BracketedWord, bracketed_word(rest));
}

fn word(rest: &[u8], may_begin_with_at: bool) -> usize {
    let is_start =
        |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || (may_begin_with_at && *byte == b'@');
    if !rest.first().is_some_and(is_start) {
        return 0;
    }
    count(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'))
}

fn bracketed_word(rest: &[u8]) -> usize {
    if rest.first() != Some(&b'{') {
        return 0;
    }
    let len = word(rest.get(1..).unwrap_or_default(), false);
    if len != 0 && rest.get(len + 1) == Some(&b'}') { len + 2 } else { 0 }
}

fn identifier(rest: &[u8]) -> usize {
    if !rest.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        return 0;
    }
    count(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The length of a string with its quotes; a doubled quote stands for one.
fn quoted(rest: &[u8]) -> usize {
    let Some(quote @ (b'"' | b'\'')) = rest.first().copied() else { return 0 };
    let mut at = 1;
    let mut end = 0;
    while let Some(skipped) = rest.get(at..).and_then(|tail| tail.iter().position(|byte| *byte == quote)) {
        end = at + skipped + 1;
        if rest.get(end) != Some(&quote) {
            break;
        }
        // If the doubled quote turns out to be the last one, the string ends before it.
        at = end + 1;
    }
    end
}

fn set_directive(rest: &[u8]) -> usize {
    let blanks = count(rest, |byte| matches!(byte, b' ' | b'\t'));
    let after = rest.get(blanks..).unwrap_or_default();
    let word = literal(after, b"#set").max(literal(after, b"#{set}"));
    if word == 0 {
        return 0;
    }
    let spaces = count(after.get(word..).unwrap_or_default(), |byte| byte == b' ');
    if after.get(word + spaces) == Some(&b'(') { blanks + word + spaces + 1 } else { 0 }
}

/// An odd number of backslashes, `#` and a word.
fn escaped_directive(rest: &[u8]) -> usize {
    let slashes = count(rest, |byte| byte == b'\\');
    if slashes % 2 == 0 || rest.get(slashes) != Some(&b'#') {
        return 0;
    }
    let after = rest.get(slashes + 1..).unwrap_or_default();
    match word(after, true).max(bracketed_word(after)) {
        0 => 0,
        len => slashes + 1 + len,
    }
}

fn empty_index(rest: &[u8]) -> usize {
    literal(rest, b"$[").max(literal(rest, b"$![")).max(literal(rest, b"$\\![")).max(literal(rest, b"$."))
}

fn blanks_and_line_end(rest: &[u8]) -> usize {
    let blanks = count(rest, |byte| matches!(byte, b' ' | b'\t'));
    match line_end(rest.get(blanks..).unwrap_or_default()) {
        0 => 0,
        len => blanks + len,
    }
}

fn line_end(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        _ => 0,
    }
}

fn whitespace(rest: &[u8]) -> usize {
    count(rest, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

fn literal(rest: &[u8], text: &[u8]) -> usize {
    if rest.starts_with(text) { text.len() } else { 0 }
}

fn count(rest: &[u8], is_part: impl Fn(u8) -> bool) -> usize {
    rest.iter().take_while(|byte| is_part(**byte)).count()
}

/// The bytes of the character that begins with `first`.
fn character(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}
