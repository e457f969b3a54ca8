//! Methods of `java.lang.String`, static ones included. Positions count UTF-16 units, as in Java.

use std::sync::Arc;

use super::{Answer, Call, Failure, collection, format, int, pattern, thrown};
use crate::vtl::limits::LimitKind;
use crate::vtl::value::{List, ListKind, Value};

pub(super) fn call(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    for part in [inspect, search, cut, change, by_pattern, make] {
        if let Some(answer) = part(text, call)? {
            return Ok(Some(answer));
        }
    }
    null_argument(text, call)
}

/// Java throws an exception on null where a string is expected; otherwise there is no such method for null.
fn null_argument(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    if matches!(call.name, "equals" | "equalsIgnoreCase")
        || !call.arguments.iter().any(|a| matches!(a, Value::Null))
    {
        return Ok(None);
    }
    let filled: Vec<Value> = call
        .arguments
        .iter()
        .map(|argument| if matches!(argument, Value::Null) { Value::str("") } else { argument.clone() })
        .collect();
    let mut filled =
        Call { name: call.name, arguments: &filled, steps_left: call.steps_left, bytes_max: call.bytes_max };
    match self::call(text, &mut filled)? {
        Some(_) => thrown("an argument is null"),
        None => Ok(None),
    }
}

// === what a string is ===

fn inspect(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    Ok(Some(match (call.name, call.arguments) {
        ("length", []) => int(len(text)),
        ("isEmpty", []) => Value::Bool(text.is_empty()),
        ("isBlank", []) => Value::Bool(text.chars().all(char::is_whitespace)),
        ("toString" | "intern", []) => Value::Str(Arc::clone(text)),
        ("equalsIgnoreCase", [Value::Str(other)]) => Value::Bool(fold(text) == fold(other)),
        ("equalsIgnoreCase", [Value::Null]) => Value::Bool(false),
        ("compareTo", [Value::Str(other)]) => Value::Int(compare(text, other)),
        ("compareTo", [Value::Null]) => return thrown("the argument is null"),
        ("compareTo", [_]) => return thrown("only strings can be compared with a string"),
        ("compareToIgnoreCase", [Value::Str(other)]) => Value::Int(compare(&fold(text), &fold(other))),
        ("contentEquals", [Value::Str(other)]) => Value::Bool(text == other),
        ("charAt", [Value::Int(index)]) => {
            let place = collection_place(*index, len(text))?;
            return call.text(&slice(text, place, place + 1));
        }
        ("codePointAt", [Value::Int(index)]) => {
            let place = collection_place(*index, len(text))?;
            let units: Vec<u16> = text.encode_utf16().skip(place).take(2).collect();
            let point = char::decode_utf16(units).next().map(|c| match c {
                Ok(c) => u32::from(c),
                Err(lone) => u32::from(lone.unpaired_surrogate()),
            });
            Value::Int(point.and_then(|point| i32::try_from(point).ok()).unwrap_or_default())
        }
        ("getBytes", []) => {
            call.charge(text.len())?;
            let bytes = text.bytes().map(|byte| Value::Int(i8::from_ne_bytes([byte]).into()));
            Value::List(List::new(ListKind::Array, bytes.collect()))
        }
        ("toCharArray", []) => {
            call.charge(text.len())?;
            let characters = text.chars().map(|c| Value::str(c.encode_utf8(&mut [0; 4])));
            Value::List(List::new(ListKind::Array, characters.collect()))
        }
        _ => return Ok(None),
    }))
}

fn collection_place(index: i32, len: usize) -> Result<usize, Failure> {
    collection::place(index, len).or_else(|_| thrown(format!("String index out of range: {index}")))
}

// === searching ===

fn search(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    call.charge_bytes(text.len())?;
    Ok(Some(match (call.name, call.arguments) {
        ("contains", [Value::Str(part)]) => Value::Bool(text.contains(&**part)),
        ("startsWith", [Value::Str(part)]) => Value::Bool(text.starts_with(&**part)),
        ("endsWith", [Value::Str(part)]) => Value::Bool(text.ends_with(&**part)),
        ("startsWith", [Value::Str(part), Value::Int(from)]) => {
            let from = usize::try_from(*from).ok().filter(|from| *from <= len(text));
            Value::Bool(from.is_some_and(|from| slice(text, from, len(text)).starts_with(&**part)))
        }
        ("indexOf", [part]) => return index_of(text, part, 0),
        ("indexOf", [part, Value::Int(from)]) => return index_of(text, part, *from),
        ("lastIndexOf", [part]) => return last_index_of(text, part, i32::MAX),
        ("lastIndexOf", [part, Value::Int(from)]) => return last_index_of(text, part, *from),
        ("regionMatches", [Value::Int(at), Value::Str(other), Value::Int(other_at), Value::Int(n)]) => {
            Value::Bool(region_matches(text, *at, other, *other_at, *n, false))
        }
        (
            "regionMatches",
            [Value::Bool(folds), Value::Int(at), Value::Str(other), Value::Int(other_at), Value::Int(n)],
        ) => Value::Bool(region_matches(text, *at, other, *other_at, *n, *folds)),
        _ => return Ok(None),
    }))
}

fn region_matches(text: &str, at: i32, other: &str, other_at: i32, n: i32, folds: bool) -> bool {
    let part = |text: &str, at: i32| {
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(usize::try_from(n).unwrap_or(0))?;
        (end <= len(text)).then(|| slice(text, at, end))
    };
    match (part(text, at), part(other, other_at)) {
        (Some(left), Some(right)) => left == right || (folds && fold(&left) == fold(&right)),
        (None, _) | (_, None) => false,
    }
}

/// What to search for: a string, or a character given by its code.
fn needle(part: &Value) -> Option<Arc<str>> {
    match part {
        Value::Str(part) => Some(Arc::clone(part)),
        Value::Int(code) => {
            let c = u32::try_from(*code).ok().and_then(char::from_u32);
            Some(c.map_or_else(|| "\u{FFFF}\u{FFFE}".into(), |c| c.to_string().into()))
        }
        _ => None,
    }
}

fn index_of(text: &str, part: &Value, from: i32) -> Answer {
    let Some(part) = needle(part) else { return Ok(None) };
    let from = usize::try_from(from).unwrap_or(0).min(len(text));
    let start = byte_at(text, from);
    let found = text.get(start..).and_then(|rest| rest.find(&*part));
    let place = found.map(|found| len(text.get(..start + found).unwrap_or_default()));
    Ok(Some(place.map_or(Value::Int(-1), int)))
}

fn last_index_of(text: &str, part: &Value, from: i32) -> Answer {
    let Some(part) = needle(part) else { return Ok(None) };
    let Ok(from) = usize::try_from(from) else { return Ok(Some(Value::Int(-1))) };
    let end = byte_at(text, from.min(len(text))).saturating_add(part.len()).min(text.len());
    let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    let found = text.get(..end).and_then(|head| head.rfind(&*part));
    let place = found.map(|found| len(text.get(..found).unwrap_or_default()));
    Ok(Some(place.map_or(Value::Int(-1), int)))
}

// === cutting ===

fn cut(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    match (call.name, call.arguments) {
        ("substring", [Value::Int(from)]) => substring(text, *from, len(text), call),
        ("substring" | "subSequence", [Value::Int(from), Value::Int(to)]) => match usize::try_from(*to) {
            Ok(to) => substring(text, *from, to, call),
            Err(_) => thrown(format!("begin {from}, end {to}, length {}", len(text))),
        },
        // `trim` removes everything up to the blank, `strip` what Unicode considers white space.
        ("trim", []) => call.text(text.trim_matches(|c| c <= ' ')),
        ("strip", []) => call.text(text.trim()),
        ("stripLeading", []) => call.text(text.trim_start()),
        ("stripTrailing", []) => call.text(text.trim_end()),
        _ => Ok(None),
    }
}

fn substring(text: &str, from: i32, to: usize, call: &mut Call<'_>) -> Answer {
    let n = len(text);
    match usize::try_from(from).ok().filter(|from| *from <= to && to <= n) {
        Some(from) => call.text(&slice(text, from, to)),
        None => thrown(format!("begin {from}, end {to}, length {n}")),
    }
}

// === changing ===

fn change(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    match (call.name, call.arguments) {
        ("toUpperCase", []) => call.text(&text.to_uppercase()),
        ("toLowerCase", []) => call.text(&text.to_lowercase()),
        ("concat", [Value::Str(other)]) => {
            call.charge_bytes(text.len() + other.len())?;
            Ok(Some(Value::Str([&**text, other].concat().into())))
        }
        ("replace", [Value::Str(from), Value::Str(to)]) => {
            let n = if from.is_empty() { text.chars().count() + 1 } else { text.matches(&**from).count() };
            call.charge_bytes(text.len().saturating_add(n.saturating_mul(to.len())))?;
            Ok(Some(Value::Str(text.replace(&**from, to).into())))
        }
        ("repeat", [Value::Int(n)]) => match usize::try_from(*n) {
            Ok(n) => {
                call.charge_bytes(text.len().saturating_mul(n))?;
                Ok(Some(Value::Str(text.repeat(n).into())))
            }
            Err(_) => thrown(format!("count is negative: {n}")),
        },
        ("indent", [Value::Int(n)]) => indent(text, *n, call),
        ("stripIndent" | "translateEscapes", []) => Ok(None),
        _ => Ok(None),
    }
}

fn indent(text: &str, n: i32, call: &mut Call<'_>) -> Answer {
    let width = n.unsigned_abs() as usize;
    call.charge_bytes(text.lines().count().saturating_mul(width).saturating_add(text.len()))?;
    let mut out = String::new();
    for line in text.lines() {
        if 0 < n {
            out.push_str(&" ".repeat(width));
            out.push_str(line);
        } else {
            let blanks = line.chars().take_while(|c| c.is_whitespace()).take(width);
            out.push_str(line.get(blanks.map(char::len_utf8).sum()..).unwrap_or_default());
        }
        out.push('\n');
    }
    Ok(Some(Value::Str(out.into())))
}

// === patterns ===

fn by_pattern(text: &Arc<str>, call: &mut Call<'_>) -> Answer {
    call.charge_bytes(text.len())?;
    match (call.name, call.arguments) {
        ("matches", [Value::Str(pattern)]) => Ok(Some(Value::Bool(pattern::matches(text, pattern, call)?))),
        ("replaceAll" | "replaceFirst", [Value::Str(pattern), Value::Str(to)]) => {
            let is_first_only = call.name == "replaceFirst";
            let out = pattern::replace(text, pattern, to, is_first_only, call)?;
            call.charge_bytes(out.len())?;
            Ok(Some(Value::Str(out.into())))
        }
        ("split", [Value::Str(pattern)]) => split(text, pattern, 0, call),
        ("split", [Value::Str(pattern), Value::Int(limit)]) => split(text, pattern, *limit, call),
        _ => Ok(None),
    }
}

fn split(text: &str, pattern: &str, limit: i32, call: &mut Call<'_>) -> Answer {
    let pieces = pattern::split(text, pattern, limit, call)?;
    call.charge(pieces.len())?;
    Ok(Some(Value::List(List::new(ListKind::Array, pieces.iter().map(|piece| Value::str(piece)).collect()))))
}

// === static methods ===

fn make(_: &Arc<str>, call: &mut Call<'_>) -> Answer {
    match (call.name, call.arguments) {
        ("valueOf" | "copyValueOf", [value]) => {
            let text = call.text_of(value)?;
            Ok(Some(Value::Str(text.into())))
        }
        ("format", [Value::Str(template), arguments @ ..]) => {
            let arguments = match arguments {
                [Value::List(list)] if list.kind() == ListKind::Array => list.items().clone(),
                arguments => arguments.to_vec(),
            };
            let out = format::format(template, &arguments, call)?;
            call.charge_bytes(out.len())?;
            Ok(Some(Value::Str(out.into())))
        }
        ("join", [Value::Str(separator), Value::List(list)]) => join(separator, &list.items().clone(), call),
        ("join", [Value::Str(separator), parts @ ..]) if parts.iter().all(|part| part.as_str().is_some()) => {
            join(separator, parts, call)
        }
        _ => Ok(None),
    }
}

fn join(separator: &str, parts: &[Value], call: &mut Call<'_>) -> Answer {
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index != 0 {
            out.push_str(separator);
        }
        out.push_str(&call.text_of(part)?);
        if call.bytes_max < out.len() {
            return Err(Failure::Limit(LimitKind::OutputBytes));
        }
    }
    call.charge_bytes(out.len())?;
    Ok(Some(Value::Str(out.into())))
}

// === UTF-16 ===

/// The length in UTF-16 units.
fn len(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The byte at which a UTF-16 unit begins; for the second half of a pair, the byte after the pair.
fn byte_at(text: &str, unit: usize) -> usize {
    if text.is_ascii() {
        return unit.min(text.len());
    }
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if unit <= units {
            return byte;
        }
        units += c.len_utf16();
    }
    text.len()
}

/// The UTF-16 units from `from` to `to`; half a pair becomes the replacement character.
fn slice(text: &str, from: usize, to: usize) -> String {
    if text.is_ascii() {
        return text.get(from..to).unwrap_or_default().to_owned();
    }
    let units: Vec<u16> = text.encode_utf16().skip(from).take(to.saturating_sub(from)).collect();
    String::from_utf16_lossy(&units)
}

/// Folds the case as Java does: upper case first, then lower.
fn fold(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

fn compare(left: &str, right: &str) -> i32 {
    let (mut lefts, mut rights) = (left.encode_utf16(), right.encode_utf16());
    loop {
        match (lefts.next(), rights.next()) {
            (Some(l), Some(r)) if l == r => {}
            (Some(l), Some(r)) => return i32::from(l) - i32::from(r),
            (None, _) | (_, None) => {
                let difference = len(left).abs_diff(len(right));
                let difference = i32::try_from(difference).unwrap_or(i32::MAX);
                return if len(left) < len(right) { -difference } else { difference };
            }
        }
    }
}
