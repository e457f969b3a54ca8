//! JSON as written inside a path: accepts single quotes, bare words and a missing end.

use serde_json::{Map, Number, Value};

use crate::json::DEPTH_MAX;

/// Parses lenient JSON; `None` if it is nested too deep or not JSON at all.
pub(crate) fn read_lenient(text: &str) -> Option<Value> {
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Reader { chars: &chars, at: 0, depth: 0 };
    let value = reader.value()?;
    reader.skip_space();
    (reader.at == chars.len()).then_some(value)
}

struct Reader<'t> {
    chars: &'t [char],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        self.skip_space();
        match self.peek()? {
            '[' => self.nested(Self::array),
            '{' => self.nested(Self::object),
            quote @ ('\'' | '"') => self.string(quote).map(Value::String),
            _ => Some(scalar(self.word())),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.at += 1;
        self.depth += 1;
        if DEPTH_MAX < self.depth {
            return None;
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            match self.peek()? {
                ']' => {
                    self.at += 1;
                    return Some(Value::Array(items));
                }
                ',' => self.at += 1,
                ':' | '}' => return None,
                _ => items.push(self.value()?),
            }
        }
    }

    fn object(&mut self) -> Option<Value> {
        let mut members = Map::new();
        loop {
            self.skip_space();
            match self.peek()? {
                '}' => {
                    self.at += 1;
                    return Some(Value::Object(members));
                }
                ',' => self.at += 1,
                ':' | ']' | '[' | '{' => return None,
                c => {
                    let name = if matches!(c, '\'' | '"') { self.string(c)? } else { self.word() };
                    self.skip_space();
                    if self.peek()? != ':' {
                        return None;
                    }
                    self.at += 1;
                    members.insert(name, self.value()?);
                }
            }
        }
    }

    fn string(&mut self, quote: char) -> Option<String> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.chars.get(end)? {
                '\\' => end += 2,
                c if *c == quote => break,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        Some(super::super::cursor::unescape(self.chars.get(start..end)?))
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| !matches!(c, ',' | ':' | ']' | '}' | '[' | '{')) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect::<String>().trim_end().to_owned()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }
}

fn scalar(word: String) -> Value {
    match word.as_str() {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match word.parse::<Number>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::String(word),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read_lenient;

    #[test]
    fn quotes_and_words_are_lenient() {
        for (text, expect) in [
            ("['x', \"y\", z z, 1, 1.5, null, true]", json!(["x", "y", "z z", 1, 1.5, null, true])),
            ("{'a': {b: 'c'}, \"d\": []}", json!({"a": {"b": "c"}, "d": []})),
            ("[1,,2,]", json!([1, 2])),
            ("'it\\'s'", json!("it's")),
            ("-5", json!(-5)),
            ("[]", json!([])),
        ] {
            assert_eq!(read_lenient(text), Some(expect), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "[", "[1", "{a}", "{a:1", "[1]x", "[}", "'abc", "'a\\"] {
            assert_eq!(read_lenient(text), None, "{text}");
        }
        assert_eq!(read_lenient(&("[".repeat(500) + &"]".repeat(500))), None);
    }
}
