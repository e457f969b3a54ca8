//! YAML or JSON text to one JSON value, with CloudFormation's short tags spelled out (`!Ref` → `Ref`,
//! `!GetAtt` → `Fn::GetAtt`).

use saphyr::{YamlLoader, YamlOwned};
use saphyr_parser::{Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value};

use super::error::Error;

/// Largest template, in bytes; CloudFormation's own limit for a template in an object store.
const TEMPLATE_BYTES_MAX: usize = 1_048_576;
const DEPTH_MAX: usize = 64;
/// Nodes that aliases may expand to: a bomb is refused, an honest template never comes near.
const ALIAS_NODES_MAX: usize = 10_000;

/// Reads `text`; JSON is tried first because it is also YAML, but with exact numbers.
///
/// # Errors
/// [`Error::Syntax`] for what is neither, is too large or nested too deeply.
pub fn parse(text: &str) -> Result<Value, Error> {
    if TEMPLATE_BYTES_MAX < text.len() {
        return Err(Error::Syntax(format!("the text is larger than {TEMPLATE_BYTES_MAX} bytes")));
    }
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| Error::Syntax(error.to_string()));
    }
    check_nesting(text)?;
    let mut loader: YamlLoader<'_, YamlOwned> = YamlLoader::default();
    // Scalars keep their text: CloudFormation's account numbers such as 012345678901 are no integers.
    loader.early_parse(false);
    loader.alias_limit(ALIAS_NODES_MAX);
    let mut parser = Parser::new_from_str(text);
    parser.load(&mut loader, true).map_err(|error| Error::Syntax(error.to_string()))?;
    if let Some(error) = loader.error() {
        return Err(Error::Syntax(error.to_string()));
    }
    let documents: Vec<YamlOwned> = loader.into_documents();
    match documents.as_slice() {
        [document] => to_json(document, 0),
        [] => Err(Error::Syntax("the document is empty".into())),
        _ => Err(Error::Syntax("more than one document".into())),
    }
}

/// The YAML parser recurses by flow nesting; text that is nested beyond reason is refused before it is read.
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
    Error::Syntax(format!("nested deeper than {DEPTH_MAX} levels"))
}

fn to_json(node: &YamlOwned, depth: usize) -> Result<Value, Error> {
    if DEPTH_MAX < depth {
        return Err(too_deep());
    }
    Ok(match node {
        YamlOwned::Representation(text, style, tag) => {
            let value = scalar(text, *style);
            match tag {
                Some(tag) => tagged(tag, value)?,
                None => value,
            }
        }
        YamlOwned::Sequence(items) => {
            Value::Array(items.iter().map(|item| to_json(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        YamlOwned::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let YamlOwned::Representation(key, ..) = key else {
                    return Err(Error::Syntax("a key is not a plain string".into()));
                };
                map.insert(key.clone(), to_json(value, depth + 1)?);
            }
            Value::Object(map)
        }
        YamlOwned::Tagged(tag, node) => tagged(tag, to_json(node, depth + 1)?)?,
        YamlOwned::Value(_) | YamlOwned::Alias(_) | YamlOwned::BadValue => {
            return Err(Error::Syntax("a value could not be read".into()));
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

fn tagged(tag: &Tag, value: Value) -> Result<Value, Error> {
    if tag.handle != "!" {
        return Ok(value);
    }
    let function = match tag.suffix.as_str() {
        "Ref" => "Ref".to_owned(),
        "Condition" => "Condition".to_owned(),
        "GetAtt" => {
            // The short form takes `Resource.Attribute` as one string.
            let value = match value {
                Value::String(text) => match text.split_once('.') {
                    Some((resource, attribute)) => Value::from(vec![resource, attribute]),
                    None => Value::String(text),
                },
                other => other,
            };
            return Ok(single("Fn::GetAtt", value));
        }
        "And" | "Base64" | "Cidr" | "Equals" | "FindInMap" | "GetAZs" | "If" | "ImportValue" | "Join"
        | "Length" | "Not" | "Or" | "Select" | "Split" | "Sub" | "ToJsonString" | "Transform" => {
            format!("Fn::{}", tag.suffix)
        }
        other => return Err(Error::Syntax(format!("unknown tag !{other}"))),
    };
    Ok(single(&function, value))
}

fn single(key: &str, value: Value) -> Value {
    let mut map = Map::new();
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn short_tags_are_spelled_out() {
        let got =
            parse("a: !Ref X\nb: !GetAtt R.Arn\nc: !Sub '${X}-y'\nd: !Join ['', [a, !Ref B]]\n").unwrap();
        let want = json!({
            "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["R", "Arn"]}, "c": {"Fn::Sub": "${X}-y"},
            "d": {"Fn::Join": ["", ["a", {"Ref": "B"}]]}
        });
        assert_eq!(got, want);
    }

    #[test]
    fn only_canonical_scalars_change_type() {
        let got =
            parse("a: 012345678901\nb: 12\nc: 1.5\nd: '12'\ne: yes\nf: true\ng: 2012-10-17\nh:\n").unwrap();
        let want = json!({
            "a": "012345678901", "b": 12, "c": 1.5, "d": "12", "e": "yes", "f": true,
            "g": "2012-10-17", "h": null
        });
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_no_document_says_where() {
        for bad in ["", "a: [1, 2", "a: 1\n---\nb: 2", "a: !Nope x", "{\"a\": }"] {
            assert!(matches!(parse(bad), Err(Error::Syntax(_))), "{bad}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let previous = format!("*a{}, ", i - 1).repeat(10);
            bomb.push_str(&format!("a{i}: &a{i} [{previous}]\n"));
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&format!("a: {}1{}", "[".repeat(200), "]".repeat(200))).is_err());
    }
}
