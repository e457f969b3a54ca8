//! `$match`, `$replace` and `$split` of plain text, as the library has them, within the budget.

use std::borrow::Cow;

use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::functions::string::{RegexMatches, build_regex, substitute_capture_groups};
use jsonata_core::value::JValue;

use crate::budget::{Budget, TEXT_BYTES_MAX, exhausted};

type Outcome = Result<JValue, EvaluatorError>;

/// What a match takes in memory beside its text and groups, in bytes.
const MATCH_BYTES: usize = 640;
/// What a part or a group takes beside its text, in bytes.
const PART_BYTES: usize = 64;
/// How often the time is looked at.
const LOOK_EVERY: usize = 16;

/// A call of one of the three, with all that it needs.
struct Plain<'a> {
    text: &'a str,
    pattern: Pattern<'a>,
    replacement: &'a str,
    limit: Option<usize>,
}

#[derive(Clone, Copy)]
enum Pattern<'a> {
    Text(&'a str),
    Regex { pattern: &'a str, flags: &'a str },
}

/// Whether this is a call that is done here. Any other is the library's, also to say what is wrong with it.
pub(crate) fn is_plain(name: &str, context: &JValue, args: &[JValue]) -> bool {
    Plain::of(name, context, args).is_some()
}

impl<'a> Plain<'a> {
    fn of(name: &str, context: &'a JValue, args: &'a [JValue]) -> Option<Self> {
        let needed = if name == "replace" { 3 } else { 2 };
        let is_limit = |arg: &JValue| matches!(arg, JValue::Number(_) | JValue::Undefined);
        let (given, limit) = match args {
            [given @ .., limit] if is_limit(limit) => (given, Some(limit)),
            given => (given, None),
        };
        let (text, rest) = match given.split_first() {
            Some((text, rest)) if given.len() == needed => (text, rest),
            _ if given.len() + 1 == needed => (context, given),
            _ => return None,
        };
        let JValue::String(text) = text else { return None };
        let pattern = match rest.first()? {
            JValue::String(pattern) if name == "split" || (name == "replace" && !pattern.is_empty()) => {
                Pattern::Text(pattern)
            }
            JValue::Regex { pattern, flags } => Pattern::Regex { pattern, flags },
            _ => return None,
        };
        let replacement = match rest.get(1) {
            Some(JValue::String(replacement)) => replacement,
            Some(_) => return None,
            None => "",
        };
        let limit = match limit {
            // A fraction counts as one more, but for the parts of a text.
            Some(JValue::Number(limit)) if name == "split" && 0.0 <= *limit => Some(limit.floor() as usize),
            Some(JValue::Number(limit)) if 0.0 <= *limit => Some(limit.ceil() as usize),
            Some(JValue::Number(_)) => return None,
            Some(_) | None => None,
        };
        Some(Plain { text, pattern, replacement, limit })
    }
}

/// `$match(text, pattern, limit)`.
pub(crate) fn matches(budget: &mut Budget, weight: usize, context: &JValue, args: &[JValue]) -> Outcome {
    let Some(Plain { text, pattern: Pattern::Regex { pattern, flags }, limit, .. }) =
        Plain::of("match", context, args)
    else {
        return Err(exhausted());
    };
    budget.subject(&JValue::string(text), weight)?;
    let regex = build_regex(pattern, flags)?;
    let (mut found, mut taken) = (Vec::new(), 0);
    if limit == Some(0) {
        return Ok(JValue::sequence(found));
    }
    let mut matches = RegexMatches::new(&regex, text).counting_utf16();
    let mut current = matches.next_match()?;
    while let Some(one) = current {
        let groups: usize = one.groups.iter().flatten().map(|group| group.len()).sum();
        taken += MATCH_BYTES + one.text.len() + groups + one.groups.len() * PART_BYTES;
        budget.allows(taken)?;
        if budget.sequence_max() < found.len() {
            return Err(exhausted());
        }
        let (index, _) = one.utf16_span.unwrap_or_default();
        let groups = one.groups.iter().map(|group| group.map_or(JValue::Undefined, JValue::string));
        let members = [
            ("match".to_owned(), JValue::string(one.text)),
            ("index".to_owned(), JValue::from(index as i64)),
            ("groups".to_owned(), JValue::array(groups.collect())),
        ];
        found.push(JValue::object(members.into_iter().collect()));
        look(budget, found.len())?;
        // As the language does: the next one is looked for even if it isn't wanted.
        current = matches.next_match()?;
        if limit.is_some_and(|limit| limit <= found.len()) {
            break;
        }
    }
    Ok(JValue::sequence(found))
}

/// `$split(text, separator, limit)`.
pub(crate) fn split(budget: &mut Budget, weight: usize, context: &JValue, args: &[JValue]) -> Outcome {
    let Some(Plain { text, pattern, limit, .. }) = Plain::of("split", context, args) else {
        return Err(exhausted());
    };
    budget.subject(&JValue::string(text), weight.max(1))?;
    match pattern {
        Pattern::Text("") => {
            let characters = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
            parts(budget, characters, limit)
        }
        Pattern::Text(separator) => parts(budget, text.split(separator), limit),
        Pattern::Regex { pattern, flags } => parts(budget, build_regex(pattern, flags)?.split(text), limit),
    }
}

fn parts<'t>(budget: &mut Budget, parts: impl Iterator<Item = &'t str>, limit: Option<usize>) -> Outcome {
    let (mut found, mut taken) = (Vec::new(), 0);
    for part in parts.take(limit.unwrap_or(usize::MAX)) {
        taken += PART_BYTES + part.len();
        budget.allows(taken)?;
        if budget.sequence_max() < found.len() {
            return Err(exhausted());
        }
        found.push(JValue::string(part));
        look(budget, found.len())?;
    }
    Ok(JValue::array(found))
}

/// `$replace(text, pattern, replacement, limit)`.
pub(crate) fn replace(budget: &mut Budget, weight: usize, context: &JValue, args: &[JValue]) -> Outcome {
    let Some(Plain { text, pattern, replacement, limit }) = Plain::of("replace", context, args) else {
        return Err(exhausted());
    };
    budget.subject(&JValue::string(text), weight.max(1))?;
    let limit = limit.unwrap_or(usize::MAX);
    let mut result = String::new();
    let (mut position, mut count) = (0, 0);
    match pattern {
        Pattern::Text(pattern) => {
            for (at, found) in text.match_indices(pattern).take(limit) {
                fits(result.len() + (at - position) + replacement.len())?;
                result.push_str(&text[position..at]);
                result.push_str(replacement);
                position = at + found.len();
                count += 1;
                look(budget, count)?;
            }
        }
        Pattern::Regex { .. } if limit == 0 => {}
        Pattern::Regex { pattern, flags } => {
            let regex = build_regex(pattern, flags)?;
            let mut matches = RegexMatches::new(&regex, text);
            let mut current = matches.next_match()?;
            while let Some(found) = current {
                if limit <= count {
                    break;
                }
                fits(
                    result.len()
                        + (found.byte_start - position)
                        + expanded_max(replacement, found.text.len()),
                )?;
                result.push_str(&text[position..found.byte_start]);
                substitute_capture_groups(
                    &mut result,
                    replacement,
                    found.text,
                    found.groups.len(),
                    |index| {
                        Ok::<_, EvaluatorError>(found.groups.get(index).copied().flatten().map(Cow::Borrowed))
                    },
                )?;
                position = found.byte_end;
                count += 1;
                look(budget, count)?;
                current = matches.next_match()?;
            }
        }
    }
    fits(result.len() + (text.len() - position))?;
    result.push_str(&text[position..]);
    Ok(JValue::string(result))
}

/// What a replacement with `$0`, `$1` and so on makes of a match that a function found.
pub(crate) fn expanded(template: &JValue, found: &JValue) -> Outcome {
    let (JValue::String(template), JValue::Object(found)) = (template, found) else {
        return Ok(template.clone());
    };
    let text = found.get("match").and_then(JValue::as_str).unwrap_or("");
    let groups: &[JValue] = match found.get("groups") {
        Some(JValue::Array(groups)) => groups,
        _ => &[],
    };
    let longest = groups.iter().filter_map(|group| group.as_str().map(str::len)).max().unwrap_or(0);
    fits(expanded_max(template, text.len().max(longest)))?;
    let mut result = String::new();
    substitute_capture_groups(&mut result, template, text, groups.len(), |index| {
        Ok::<_, EvaluatorError>(match groups.get(index) {
            None | Some(JValue::Undefined) => None,
            Some(JValue::String(group)) => Some(Cow::Borrowed(&**group)),
            Some(group @ (JValue::Number(_) | JValue::Bool(_) | JValue::Null)) => {
                Some(Cow::Owned(group.to_string()))
            }
            Some(_) => return Err(exhausted()),
        })
    })?;
    Ok(JValue::string(result))
}

/// The longest text that a replacement can become.
fn expanded_max(replacement: &str, longest: usize) -> usize {
    let references = replacement.bytes().filter(|byte| *byte == b'$').count();
    replacement.len().saturating_add(references.saturating_mul(longest))
}

fn fits(length: usize) -> Result<(), EvaluatorError> {
    if TEXT_BYTES_MAX < length { Err(exhausted()) } else { Ok(()) }
}

fn look(budget: &Budget, count: usize) -> Result<(), EvaluatorError> {
    if count.is_multiple_of(LOOK_EVERY) { budget.on_time() } else { Ok(()) }
}
