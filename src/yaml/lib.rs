//! YAML or JSON text to one JSON value, and back. Pure.
//!
//! The caller has to limit the size of the text. Depth and the expansion of aliases are limited here.

// Rooms are called by their names, wherever they stand.

mod aliases;
mod mapped;
mod print;

pub use mapped::{Mapped, to_json_text};
pub use print::print;

use self::aliases::{ALIAS_BYTES_MAX, Bounded};
use saphyr::{LoadableYamlNode, ScanError, YamlLoader, YamlOwned};
use saphyr_parser::{Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

/// How deep lists and maps may nest.
const DEPTH_MAX: usize = 64;
/// The most nodes that aliases may expand to. It stops alias bombs; real templates never come near.
const ALIAS_NODES_MAX: usize = 10_000;

/// Why a text is not a document: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    /// Line and column, both from 1, the column in characters; `None` where only the whole document is wrong.
    pub place: Option<(usize, usize)>,
}

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None }
    }
}

impl From<&ScanError> for Error {
    fn from(error: &ScanError) -> Self {
        let marker = error.marker();
        Self { message: error.to_string(), place: Some((marker.line(), marker.col() + 1)) }
    }
}

/// Turns a local tag (`!Ref`, passed as `Ref`) and its value into a value; `None` for an unknown tag.
pub type Tags = fn(&str, Value) -> Option<Value>;

/// Accepts no local tags: plain YAML has none.
pub fn no_tags(_: &str, _: Value) -> Option<Value> {
    None
}

/// Parses `text`, which is one YAML document or JSON. Text that looks like JSON is parsed as JSON, with exact numbers.
///
/// # Errors
/// [`Error`] for text that is neither, nests too deep, expands too far, or has a tag that `tags` doesn't know.
pub fn parse(text: &str, tags: Tags) -> Result<Value, Error> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Error::new(error.to_string()));
    }
    to_json(&load::<YamlOwned>(text)?, 0, tags)
}

/// The only document of a text, with the text of its scalars.
fn load<'input, Node: LoadableYamlNode<'input>>(text: &'input str) -> Result<Node, Error> {
    check_nesting(text)?;
    let mut loader: YamlLoader<'input, Node> = YamlLoader::default();
    // Keep the text of scalars: account numbers such as 012345678901 are not integers.
    loader.early_parse(false);
    loader.alias_limit(ALIAS_NODES_MAX);
    let mut parser = Parser::new_from_str(text);
    let mut bounded = Bounded::new(loader);
    parser.load(&mut bounded, true).map_err(|error| Error::from(&error))?;
    if bounded.is_exceeded {
        return Err(Error::new(format!("aliases repeat more than {ALIAS_BYTES_MAX} bytes")));
    }
    let loader = bounded.loader;
    if let Some(error) = loader.error() {
        return Err(error.into());
    }
    let mut documents = loader.into_documents();
    match (documents.pop(), documents.len()) {
        (Some(document), 0) => Ok(document),
        (None, _) => Err(Error::new("the document is empty")),
        (Some(_), _) => Err(Error::new("more than one document")),
    }
}

/// The YAML parser recurses for nested flow collections, so text with excessive nesting is refused before it is parsed.
fn check_nesting(text: &str) -> Result<(), Error> {
    let mut depth = 0usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if 512 < depth {
            return Err(too_deep());
        }
    }
    let deepest = text.lines().map(|line| line.len() - line.trim_start().len()).max().unwrap_or(0);
    if 1024 < deepest { Err(too_deep()) } else { Ok(()) }
}

fn too_deep() -> Error {
    Error::new(format!("nested deeper than {DEPTH_MAX} levels"))
}

fn to_json(node: &YamlOwned, depth: usize, tags: Tags) -> Result<Value, Error> {
    if DEPTH_MAX < depth {
        return Err(too_deep());
    }
    Ok(match node {
        YamlOwned::Representation(text, style, tag) => {
            let value = scalar(text, *style);
            match tag {
                Some(tag) => tagged(tag, value, tags)?,
                None => value,
            }
        }
        YamlOwned::Sequence(items) => {
            Value::Array(items.iter().map(|item| to_json(item, depth + 1, tags)).collect::<Result<_, _>>()?)
        }
        YamlOwned::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let YamlOwned::Representation(key, ..) = key else {
                    return Err(Error::new("a key is not a plain string"));
                };
                map.insert(key.clone(), to_json(value, depth + 1, tags)?);
            }
            Value::Object(map)
        }
        YamlOwned::Tagged(tag, node) => tagged(tag, to_json(node, depth + 1, tags)?, tags)?,
        YamlOwned::Value(_) | YamlOwned::Alias(_) | YamlOwned::BadValue => {
            return Err(Error::new("a value could not be read"));
        }
    })
}

/// A plain scalar is a boolean, null or number only in its canonical form; everything else is a string.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" || !digits.starts_with('0') || digits.starts_with("0.");
    if canonical && digits.starts_with(|c: char| c.is_ascii_digit()) {
        if let Ok(number) = text.parse::<i64>() {
            return Value::Number(number.into());
        }
        let looks_decimal = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if let (true, Ok(number)) = (looks_decimal, text.parse::<f64>()) {
            return Number::from_f64(number).map_or_else(|| Value::String(text.to_owned()), Value::Number);
        }
    }
    Value::String(text.to_owned())
}

fn tagged(tag: &Tag, value: Value, tags: Tags) -> Result<Value, Error> {
    if tag.handle != "!" {
        return Ok(value);
    }
    tags(&tag.suffix, value).ok_or_else(|| Error::new(format!("unknown tag !{}", tag.suffix)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_canonical_scalars_change_type() {
        let got =
            parse("a: 012345678901\nb: 12\nc: 1.5\nd: '12'\ne: yes\nf: true\ng: 2012-10-17\nh:\n", no_tags)
                .unwrap();
        let want = json!({
            "a": "012345678901", "b": 12, "c": 1.5, "d": "12", "e": "yes", "f": true,
            "g": "2012-10-17", "h": null
        });
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_no_document_says_where() {
        for bad in ["", "a: [1, 2", "a: 1\n---\nb: 2", "a: !Nope x", "{\"a\": }"] {
            assert!(parse(bad, no_tags).is_err(), "{bad}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let previous = format!("*a{}, ", i - 1).repeat(10);
            bomb.push_str(&format!("a{i}: &a{i} [{previous}]\n"));
        }
        assert!(parse(&bomb, no_tags).is_err());
        let repeating = |n: usize| format!("a: &a [{}]\nb: [{}]\n", "x".repeat(1_048_576), "*a, ".repeat(n));
        assert!(parse(&repeating(8), no_tags).is_ok());
        assert!(
            parse(&repeating(9), no_tags).unwrap_err().to_string().contains("repeat more than 8388608 bytes")
        );
        assert!(parse(&"[".repeat(100_000), no_tags).is_err());
        // A list of 99 items has a hundred nodes.
        let many = |n: usize| format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(99), "*a, ".repeat(n));
        assert!(parse(&many(ALIAS_NODES_MAX / 100), no_tags).is_ok());
        assert!(parse(&many(ALIAS_NODES_MAX / 100 + 1), no_tags).is_err());
    }

    #[test]
    fn documents_nest_so_deep_and_no_deeper() {
        let flow = |n: usize| format!("a: {}1{}", "[".repeat(n), "]".repeat(n));
        let block = |n: usize| {
            let lines = (0..n).map(|depth| format!("{}a:\n", " ".repeat(depth)));
            lines.collect::<String>() + &" ".repeat(n) + "1"
        };
        let json = |n: usize| "{\"a\":".repeat(n) + "1" + &"}".repeat(n);
        for (text, is_fine) in [
            (flow(DEPTH_MAX - 1), true),
            (flow(DEPTH_MAX), false),
            (flow(100_000), false),
            (block(DEPTH_MAX), true),
            (block(DEPTH_MAX + 1), false),
            (block(5_000), false),
            // JSON has the bound of its own reader.
            (json(127), true),
            (json(128), false),
            (json(100_000), false),
        ] {
            assert_eq!(parse(&text, no_tags).is_ok(), is_fine, "{:.80}", text);
        }
    }
}
