//! Estimates the memory that a document will take from its text, before parsing it.

use super::Value;

/// The size of a value in an array. Arrays grow by doubling, starting at four, so half of the capacity may be unused.
const PLACE_BYTES: usize = 2 * size_of::<Value>();
/// The size of a member in an object, with its hash, name and index; objects grow in the same way.
const MEMBER_BYTES: usize = 2 * (size_of::<Value>() + 32 + 10);
/// The size of an object that isn't empty: it has room for four members.
const OBJECT_BYTES: usize = 2 * MEMBER_BYTES + 32;
/// The size of a string in addition to its bytes.
const TEXT_BYTES: usize = 24;

/// An upper estimate of the bytes of memory that [`parse`](super::parse) of `text` takes, in one pass that allocates
/// nothing.
///
/// Most documents take ten to twenty times the size of their text. The worst, lists of numbers and of objects with one
/// short member each, take some seventy times.
#[must_use]
pub fn weight(text: &[u8]) -> usize {
    let (mut values, mut members, mut quotes) = (1_usize, 0_usize, 0_usize);
    // Counts of arrays and objects that are not empty.
    let (mut arrays, mut objects) = (0_usize, 0_usize);
    let (mut inside, mut escaped, mut opened) = (false, false, None);
    for byte in text {
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
            continue;
        }
        // The container that was just opened isn't empty, unless it is closed next.
        if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
            && let Some(bracket) = opened.take()
            && !matches!(byte, b']' | b'}')
        {
            values += 1;
            objects += usize::from(bracket == b'{');
            arrays += usize::from(bracket == b'[');
        }
        match byte {
            b'"' => (inside, quotes) = (true, quotes + 1),
            b',' => values += 1,
            b':' => members += 1,
            b'[' | b'{' => opened = Some(*byte),
            _ => {}
        }
    }
    let items = values.saturating_sub(members);
    let more_members = members.saturating_sub(2 * objects);
    (items + arrays) * PLACE_BYTES
        + objects * OBJECT_BYTES
        + more_members * MEMBER_BYTES
        + quotes * TEXT_BYTES
        + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The memory that a parsed value takes, computed from the sizes that it asks the allocator for.
    fn taken(value: &Value) -> usize {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.capacity(),
            Value::Array(items) => {
                items.capacity() * size_of::<Value>() + items.iter().map(taken).sum::<usize>()
            }
            Value::Object(members) => {
                let places = if members.is_empty() { 0 } else { members.len().next_power_of_two().max(4) };
                let entries = places * (size_of::<Value>() + 32 + 10) + 16;
                entries + members.iter().map(|(name, value)| name.capacity() + taken(value)).sum::<usize>()
            }
        }
    }

    #[test]
    fn no_document_takes_more_than_it_weighs_nor_much_less() {
        let list = |item: &str| format!("[{}1]", format!("{item},").repeat(10_000));
        for text in [
            "1".to_owned(),
            "[]".to_owned(),
            list("1"),
            list("{}"),
            list("[ ]"),
            list("[[]]"),
            list(r#"{"a":1}"#),
            list(r#"{"a":{"b":{"c":"d"}}}"#),
            list(r#""a,b:{[\"\\""#),
            list(
                r#"{"one":1,"two":"2","three":[3,3,3],"four":null,"five":5.5,"six":"6","seven":7,"eight":8}"#,
            ),
            format!("{:?}", "x".repeat(100_000)),
        ] {
            let weighs = weight(text.as_bytes());
            let takes = taken(&serde_json::from_str(&text).unwrap());
            assert!(takes <= weighs, "{takes} > {weighs}: {}", &text[..text.len().min(40)]);
            assert!(
                weighs <= 4 * takes.max(text.len()) + 200,
                "{weighs} ≫ {takes}: {}",
                &text[..text.len().min(40)]
            );
        }
    }
}
