//! MOCK: the request template's output determines the integration's status.
//!
//! AWS parses that output leniently: it accepts names without quotes, single quotes and trailing commas. The status
//! must be an integer; a string such as `"200"` is not accepted (recorded).

/// The `statusCode` in `output`; `None` if it is not an object, has none, or has one that is not an integer.
pub(crate) fn status_code(output: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(output).ok()?;
    let mut reader = Reader { rest: text.trim_start_matches(['\u{feff}']).trim_start() };
    reader.eat('{')?;
    let mut status = None;
    loop {
        if reader.eat('}').is_some() {
            return status.flatten();
        }
        let name = reader.name()?;
        reader.eat(':')?;
        let value = reader.value()?;
        if name == "statusCode" {
            status = Some(value.and_then(|number| number.parse().ok()));
        }
        if reader.eat(',').is_none() {
            reader.eat('}')?;
            return status.flatten();
        }
    }
}

/// Parses lenient JSON, without recursion.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, expected: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(expected)?;
        Some(())
    }

    fn name(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            quote @ ('"' | '\'') => self.quoted(quote),
            _ => {
                let end = self.rest.find(|c: char| c == ':' || c.is_whitespace())?;
                let (name, rest) = self.rest.split_at(end);
                self.rest = rest;
                (!name.is_empty() && !name.contains(['{', '}', '[', ']', ','])).then_some(name)
            }
        }
    }

    /// Skips a value; returns its text if it is a bare word or number.
    #[allow(clippy::option_option)] // No value, one of no interest, or a bare word.
    fn value(&mut self) -> Option<Option<&'a str>> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next()? {
            quote @ ('"' | '\'') => self.quoted(quote).map(|_| None),
            '{' | '[' => self.nested().map(|()| None),
            _ => {
                let end = self.rest.find(|c: char| matches!(c, ',' | '}') || c.is_whitespace())?;
                let (word, rest) = self.rest.split_at(end);
                self.rest = rest;
                (!word.is_empty()).then_some(Some(word))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Option<&'a str> {
        let body = self.rest.strip_prefix(quote)?;
        let mut escaped = false;
        for (at, c) in body.char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == quote {
                let (text, rest) = body.split_at(at);
                self.rest = rest.strip_prefix(quote)?;
                return Some(text);
            }
        }
        None
    }

    /// Skips a balanced object or array.
    fn nested(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.rest.chars().next()? {
                quote @ ('"' | '\'') => {
                    self.quoted(quote)?;
                }
                c => {
                    self.rest = self.rest.strip_prefix(c)?;
                    match c {
                        '{' | '[' => open += 1,
                        '}' | ']' => open = open.checked_sub(1)?,
                        _ => {}
                    }
                    if open == 0 {
                        return Some(());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_objects_have_a_status() {
        for (text, expect) in [
            ("{\"statusCode\": 200}", 200),
            ("{statusCode: 200}", 200),
            ("{'statusCode': 404,}", 404),
            ("\n\n{\n  \"statusCode\": 200\n}\n", 200),
            ("{\"statusCode\":201} trailing", 201),
            (r#"{"a": {"statusCode": 1, "x": "}"}, 'b': [1, {}], statusCode : 500 , c: true}"#, 500),
            (r#"{"text": "say \"hi\" }", "statusCode": 202}"#, 202),
        ] {
            assert_eq!(status_code(text.as_bytes()), Some(expect), "{text}");
        }
    }

    #[test]
    fn anything_else_has_none() {
        for text in [
            "",
            "{}",
            "null",
            "200",
            "[200]",
            "{\"statusCode\": \"200\"}",
            "{\"statusCode\": }",
            "{\"statusCode\": 200",
            "{\"statusCode\" 200}",
            "{\"statusCode\": 20.5}",
            "{\"statusCode\": null}",
            "{\"statusCode\": 200 \"b\": 1}",
            "{\"StatusCode\": 200}",
            "{\"a\": {\"statusCode\": 200}}",
            "{\"statusCode\": [200]}",
            "{\"statusCode\": 99999999}",
            "text {\"statusCode\": 200}",
            "{\"open",
        ] {
            assert_eq!(status_code(text.as_bytes()), None, "{text}");
        }
        assert_eq!(status_code(b"\xff"), None);
    }
}
