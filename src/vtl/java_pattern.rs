//! Translates Java's regular expressions to the syntax of `fancy_regex`.
//!
//! In Java, `\d`, `\w`, `\s` and the POSIX classes are ASCII, `\Q…\E` quotes, and a hyphen beside a class stands for
//! itself.

use std::iter::Peekable;
use std::str::Chars;

/// The longest repetition count: two numbers of 32 bits.
const COUNT_CHARS_MAX: usize = 24;

/// Why Java would not accept a pattern. Other errors are found when it is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JavaPatternError {
    /// Braces without a repetition count.
    #[error("Illegal repetition")]
    Repetition,
    /// A backslash at the end.
    #[error("a backslash at the end of the pattern")]
    LoneBackslash,
}

/// Translates `pattern`.
///
/// # Errors
/// For what Java refuses but `fancy_regex` would accept.
pub fn translate(pattern: &str) -> Result<String, JavaPatternError> {
    let mut out = String::new();
    let mut rest = pattern.chars().peekable();
    let mut class_depth = 0_u32;
    // Whether a class such as `\w` comes directly before, inside a bracketed class.
    let mut is_behind_set = false;
    while let Some(c) = rest.next() {
        let was_behind_set = std::mem::take(&mut is_behind_set);
        match c {
            '\\' => {
                let Some(escape) = rest.next() else { return Err(JavaPatternError::LoneBackslash) };
                is_behind_set = 0 < class_depth && is_set(escape);
                match escape {
                    'Q' => quote(&mut rest, &mut out),
                    // A code point or class in braces belongs to the escape.
                    'x' | 'k' | 'p' | 'P' => {
                        let is_braced = rest.peek() == Some(&'{');
                        translate_escape(escape, 0 < class_depth, &mut rest, &mut out);
                        if is_braced && rest.peek() == Some(&'{') {
                            for c in rest.by_ref() {
                                out.push(c);
                                if c == '}' {
                                    break;
                                }
                            }
                        }
                    }
                    escape => translate_escape(escape, 0 < class_depth, &mut rest, &mut out),
                }
            }
            '[' => {
                class_depth += 1;
                out.push('[');
                if rest.peek() == Some(&'^') {
                    out.extend(rest.next());
                }
            }
            ']' if 0 < class_depth => {
                class_depth -= 1;
                out.push(']');
            }
            ']' => out.push_str("\\]"),
            // A range can't begin or end with a class of characters.
            '-' if 0 < class_depth && (was_behind_set || is_before_set(rest.clone())) => out.push_str("\\-"),
            // `fancy_regex` has set difference and similar operators, Java does not.
            '-' | '~' if 0 < class_depth && rest.peek() == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            // In Java, braces without a count are an error.
            '{' if class_depth == 0 && !is_count(rest.clone()) => return Err(JavaPatternError::Repetition),
            c => out.push(c),
        }
    }
    Ok(out)
}

fn is_set(escape: char) -> bool {
    matches!(escape, 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'h' | 'v' | 'p' | 'P')
}

fn is_before_set(mut rest: Peekable<Chars<'_>>) -> bool {
    rest.next() == Some('\\') && rest.next().is_some_and(is_set)
}

/// Whether `3}`, `3,}` or `3,5}` follows.
pub fn is_count(rest: impl Iterator<Item = char>) -> bool {
    let mut inner = String::new();
    let mut is_closed = false;
    for c in rest.take(COUNT_CHARS_MAX) {
        is_closed = c == '}';
        if is_closed {
            break;
        }
        inner.push(c);
    }
    let (least, most) = inner.split_once(',').unwrap_or((&inner, ""));
    is_closed && !least.is_empty() && least.bytes().chain(most.bytes()).all(|byte| byte.is_ascii_digit())
}

fn quote(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    while let Some(c) = rest.next() {
        if c == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            return;
        }
        out.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4])));
    }
}

fn translate_escape(escape: char, is_in_class: bool, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let set = match escape {
        'd' => Some((false, "0-9")),
        'D' => Some((true, "0-9")),
        'w' => Some((false, "a-zA-Z0-9_")),
        'W' => Some((true, "a-zA-Z0-9_")),
        's' => Some((false, r" \t\n\x0B\f\r")),
        'S' => Some((true, r" \t\n\x0B\f\r")),
        'h' => Some((false, r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}")),
        'v' => Some((false, r"\n\x0B\f\r\x{85}\x{2028}\x{2029}")),
        'p' | 'P' => posix(rest).map(|set| (escape == 'P', set)),
        _ => None,
    };
    match (set, escape) {
        (Some((true, set)), _) => out.extend(["[^", set, "]"]),
        (Some((false, set)), _) if is_in_class => out.push_str(set),
        (Some((false, set)), _) => out.extend(["[", set, "]"]),
        (None, 'p' | 'P') => {
            out.extend(['\\', escape]);
            if let Some(name) = class_name(rest) {
                out.extend(["{", &name, "}"]);
            }
        }
        (None, 'Z') => out.push_str(r"(?=\n?\z)"),
        (None, 'R') => out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        (None, 'e') => out.push_str(r"\x1B"),
        (None, 'c') => match rest.next_if(char::is_ascii) {
            Some(letter) => out.push_str(&format!("\\x{{{:x}}}", u32::from(letter) ^ 64)),
            None => out.push_str("\\c"),
        },
        (None, c) if c.is_ascii_alphanumeric() => out.extend(['\\', c]),
        // Before any other character, a backslash only makes it literal.
        (None, c) => out.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4]))),
    }
}

/// Takes a POSIX class in braces, if there is one.
fn posix(rest: &mut Peekable<Chars<'_>>) -> Option<&'static str> {
    let mut ahead = rest.clone();
    let name = braced(&mut ahead)?;
    let set = match &*name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    };
    *rest = ahead;
    Some(set)
}

/// Takes a class with a name that only Java uses, if there is one, and returns its name in `fancy_regex`.
fn class_name(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut ahead = rest.clone();
    let name = braced(&mut ahead)?;
    let known = match &*name {
        "javaLowerCase" => "Lowercase",
        "javaUpperCase" => "Uppercase",
        "javaWhitespace" => "White_Space",
        "javaLetter" | "javaAlphabetic" => "Alphabetic",
        "javaDigit" => "Nd",
        other => other.strip_prefix("In").or_else(|| other.strip_prefix("Is"))?,
    };
    *rest = ahead;
    Some(known.to_owned())
}

fn braced(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    rest.next_if_eq(&'{')?;
    Some(rest.by_ref().take_while(|c| *c != '}').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_beside_a_class_stands_for_itself() {
        for (java, text, expect) in [
            (r"^[\w-_]+$", "a-b_c", true),
            (r"^[\w-.]+$", "a-b.c", true),
            (r"^[\w-.]+$", "a+b", false),
            (r"^[a-z\d-.]+$", "a-1.b", true),
            (r"^[+-\d]+$", "-5", true),
            (r"^[~%.\w-_]*$", "~a-b", true),
            (r"^[a-c-e]+$", "b-e", true),
            (r"^[\s-]+$", " -", true),
            (r"^[\p{Alpha}-9]+$", "a-9", true),
            (r"^[a-c]+$", "b", true),
            (r"^[a-c]+$", "-", false),
        ] {
            let regex = fancy_regex::Regex::new(&translate(java).unwrap()).unwrap();
            assert_eq!(regex.is_match(text).unwrap(), expect, "{java} on {text}");
        }
    }

    #[test]
    fn what_java_refuses_is_refused() {
        assert_eq!(translate("a{"), Err(JavaPatternError::Repetition));
        assert_eq!(translate("a{x}"), Err(JavaPatternError::Repetition));
        assert_eq!(translate("a{2"), Err(JavaPatternError::Repetition));
        assert_eq!(translate("a\\"), Err(JavaPatternError::LoneBackslash));
        assert_eq!(translate("a{2,}").as_deref(), Ok("a{2,}"));
    }
}
