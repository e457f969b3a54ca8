//! YAML as JSON text, of which every place leads back into the YAML.

use saphyr::{MarkedYamlOwned, YamlDataOwned};
use saphyr_parser::{ScalarStyle, Span};
use serde_json::Value;

use super::{DEPTH_MAX, Error, load, no_tags, scalar, tagged, too_deep};

/// A document of plain YAML as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The JSON.
    pub json: String,
    /// In the order of `json`.
    marks: Vec<Mark>,
}

/// Where something in the JSON comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// Its offset in the JSON, in bytes.
    offset: usize,
    /// Its place in the YAML, in characters.
    index: usize,
    /// Whether the characters that follow stand there one by one.
    is_text: bool,
}

/// Turns `text`, one document of plain YAML, into JSON.
///
/// # Errors
/// As [`parse`](super::parse) without tags.
pub fn to_json_text(text: &str) -> Result<Mapped, Error> {
    let mut writer = Writer {
        source: text.chars().collect(),
        made: Mapped { json: String::with_capacity(text.len()), marks: Vec::new() },
    };
    writer.node(&load::<MarkedYamlOwned>(text)?, 0)?;
    Ok(writer.made)
}

struct Writer {
    source: Vec<char>,
    made: Mapped,
}

impl Writer {
    fn node(&mut self, node: &MarkedYamlOwned, depth: usize) -> Result<(), Error> {
        if DEPTH_MAX < depth {
            return Err(too_deep());
        }
        match &node.data {
            YamlDataOwned::Representation(text, style, tag) => {
                let value = scalar(text, *style);
                let value = match tag {
                    Some(tag) => tagged(tag, value, no_tags)?,
                    None => value,
                };
                self.scalar(&value, node.span, *style);
            }
            YamlDataOwned::Sequence(items) => {
                self.mark(node.span.start.index(), false);
                self.made.json.push('[');
                for (n, item) in items.iter().enumerate() {
                    if 0 < n {
                        self.made.json.push(',');
                    }
                    self.node(item, depth + 1)?;
                }
                self.made.json.push(']');
            }
            YamlDataOwned::Mapping(members) => {
                self.mark(node.span.start.index(), false);
                self.made.json.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    if 0 < n {
                        self.made.json.push(',');
                    }
                    let YamlDataOwned::Representation(name, style, _) = &key.data else {
                        return Err(Error::new("a key is not a plain string"));
                    };
                    self.scalar(&Value::String(name.clone()), key.span, *style);
                    self.made.json.push(':');
                    self.node(value, depth + 1)?;
                }
                self.made.json.push('}');
            }
            YamlDataOwned::Tagged(tag, node) => {
                // Only tags of YAML itself are passed over; collections may have those.
                tagged(tag, Value::Null, no_tags)?;
                self.node(node, depth)?;
            }
            YamlDataOwned::Value(_) | YamlDataOwned::Alias(_) | YamlDataOwned::BadValue => {
                return Err(Error::new("a value could not be read"));
            }
        }
        Ok(())
    }

    fn scalar(&mut self, value: &Value, span: Span, style: ScalarStyle) {
        let start = span.start.index();
        self.mark(start, false);
        if let Value::String(text) = value {
            let quote = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
            let source = self.source.get(start + quote..).unwrap_or_default();
            // Escapes, folded lines and blocks stand differently.
            if text.chars().enumerate().all(|(n, c)| source.get(n) == Some(&c)) {
                self.made.marks.push(Mark {
                    offset: self.made.json.len() + 1,
                    index: start + quote,
                    is_text: true,
                });
            }
        }
        self.made.json.push_str(&value.to_string());
    }

    fn mark(&mut self, index: usize, is_text: bool) {
        self.made.marks.push(Mark { offset: self.made.json.len(), index, is_text });
    }
}

impl Mapped {
    /// The place in the YAML, in characters, of an offset in the JSON: exactly, if it is in a text that is written in
    /// one line without escapes, else where that text or the nearest thing before it starts.
    pub fn original(&self, offset: usize) -> usize {
        let before = self.marks.partition_point(|mark| mark.offset <= offset);
        let Some(mark) = before.checked_sub(1).and_then(|index| self.marks.get(index)) else { return 0 };
        if !mark.is_text {
            return mark.index;
        }
        let inside = self.json.get(mark.offset..offset).unwrap_or_default();
        mark.index + characters(inside)
    }
}

/// How many characters a piece of a JSON text stands for, up to its closing quote.
fn characters(mut inside: &str) -> usize {
    let mut n = 0;
    while let Some(c) = inside.chars().next().filter(|c| *c != '"') {
        // What is printed here as `\u…` is one character always.
        let len = match (c, inside.as_bytes().get(1)) {
            ('\\', Some(b'u')) => 6,
            ('\\', _) => 2,
            (c, _) => c.len_utf8(),
        };
        inside = inside.get(len..).unwrap_or_default();
        n += 1;
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    const TEXT: &str = r#"# A machine.
StartAt: &name É
States:
  *name :
    Type: "Pass"
    InputPath: $.a["b"].c
    Comment: >
      two
      lines
    Result: [1, 'it''s', {x: ~}]
    "tab\t": !!str yes
"#;

    #[test]
    fn it_is_the_same_document() {
        let mapped = to_json_text(TEXT).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&mapped.json).unwrap(), parse(TEXT, no_tags).unwrap());
        for bad in ["", "a: [1, 2", "a: 1\n---\nb: 2", "a: !Nope x", "a: !Nope [x]", "[a]: 1"] {
            assert_eq!(to_json_text(bad).err(), parse(bad, no_tags).err(), "{bad}");
        }
        assert_eq!(to_json_text("a: 1\nb: [2").unwrap_err().place, Some((3, 1)), "where more is expected");
    }

    #[test]
    fn places_lead_back_into_the_yaml() {
        let mapped = to_json_text(TEXT).unwrap();
        let source: Vec<char> = TEXT.chars().collect();
        for (json, n, yaml) in [
            ("\"StartAt\"", 0, "StartAt: &name"),
            ("tartAt\"", 0, "tartAt: &name"),
            ("\"States\"", 0, "States:\n"),
            ("\"Type\"", 0, "Type: \"Pass"),
            ("ass\"", 0, "ass\"\n"),
            // The quotes are escaped in the JSON only.
            ("$.a[\\\"b\\\"].c", 10, ".c\n"),
            ("two", 2, "two\n"),
            ("it's", 2, "'it''s'"),
            ("{\"x\"", 0, "{x: ~}"),
            ("null", 0, "~}"),
            ("tab\\t", 2, "\"tab\\t\""),
        ] {
            let offset = mapped.json.find(json).unwrap() + n;
            let rest: String = source[mapped.original(offset)..].iter().collect();
            assert!(rest.starts_with(yaml), "{json}: {rest}");
        }
    }
}
