//! From a diagnostic's location to a place in the definition's text.

/// A place in a text; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

/// Where in `definition` the `location` of a [`Diagnostic`](super::Diagnostic) is: the key of a field, the start
/// of an array's element, or what the parser says of broken JSON (`[Source: …; line: 1, column: 4]`). `/` and a
/// location that isn't there are where the definition starts.
pub fn locate(definition: &str, location: &str) -> Position {
    position(definition, place(definition, location))
}

/// The same as an offset in bytes.
pub fn place(definition: &str, location: &str) -> usize {
    if let Some(position) = parsers_position(location) {
        return offset_at(definition, position);
    }
    let mut scan = Scan { bytes: definition.as_bytes(), at: 0 };
    scan.skip_space();
    let start = scan.at;
    scan.find(without_root(location)).unwrap_or(start)
}

/// The offset of the value at `location`, where that is a text, and the text.
pub(super) fn text(definition: &str, location: &str) -> Option<(usize, String)> {
    let mut scan = Scan { bytes: definition.as_bytes(), at: 0 };
    scan.skip_space();
    scan.at = scan.find(without_root(location))?;
    let mut start = scan.at;
    scan.skip_string();
    let mut after = Scan { bytes: definition.as_bytes(), at: scan.at };
    after.skip_space();
    if after.bytes.get(after.at) == Some(&b':') {
        // That was the field's key.
        scan.skip_separators();
        start = scan.at;
        scan.skip_string();
    }
    let text = serde_json::from_str(definition.get(start..scan.at)?).ok()?;
    Some((start, text))
}

/// The offset of a character of the text whose quote is at `start`.
pub(super) fn within(definition: &str, start: usize, n_chars: usize) -> usize {
    let mut at = start + 1;
    for _ in 0..n_chars {
        let rest = definition.get(at..).unwrap_or_default();
        at += match rest.strip_prefix('\\').map(|escaped| escaped.as_bytes().first()) {
            // What is beyond 16 bits takes two of them.
            Some(Some(b'u')) if 0xd800 == code_unit(&rest[2..]) & 0xfc00 => 12,
            Some(Some(b'u')) => 6,
            Some(_) => 2,
            None => match rest.chars().next() {
                None | Some('"') => return at,
                Some(c) => c.len_utf8(),
            },
        };
    }
    at
}

fn code_unit(text: &str) -> u32 {
    text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

fn without_root(location: &str) -> &str {
    if location == "/" { "" } else { location }
}

fn parsers_position(location: &str) -> Option<Position> {
    let (_, place) = location.strip_prefix("[Source:")?.strip_suffix(']')?.rsplit_once("; line: ")?;
    let (line, column) = place.split_once(", column: ")?;
    Some(Position { line: line.parse().ok()?, column: column.parse().ok()? })
}

/// The place of an offset in bytes.
pub fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// The offset in bytes of a place; behind a line's end, that end.
pub fn offset_at(text: &str, position: Position) -> usize {
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(position.line.saturating_sub(1)).map(str::len).sum();
    let line = lines.next().unwrap_or_default().trim_end_matches('\n');
    let column = position.column.saturating_sub(1);
    before + line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

/// A walk over JSON text that is known to be good.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    /// The offset of `wanted`, a location relative to the value that starts here. Steps over the value if it
    /// isn't in it. As locations escape nothing, a key matches if the location goes on with it and then ends or
    /// has another step: the first that leads all the way wins, and of equal keys the last.
    fn find(&mut self, wanted: &str) -> Option<usize> {
        if wanted.is_empty() {
            return Some(self.at);
        }
        match self.bytes.get(self.at) {
            Some(b'{') => self.find_in_object(wanted),
            Some(b'[') => self.find_in_array(wanted),
            Some(_) | None => {
                self.skip_value();
                None
            }
        }
    }

    fn find_in_object(&mut self, wanted: &str) -> Option<usize> {
        self.at += 1;
        let mut found: Option<(String, usize)> = None;
        loop {
            self.skip_separators();
            let key_at = self.at;
            if self.bytes.get(self.at) != Some(&b'"') {
                self.at += 1;
                return found.map(|(_, at)| at);
            }
            self.skip_string();
            let key: Option<String> =
                self.bytes.get(key_at..self.at).and_then(|key| serde_json::from_slice(key).ok());
            self.skip_separators();
            let value_at = self.at;
            if let Some(key) = key
                && found.as_ref().is_none_or(|(first, _)| *first == key)
                && let Some(rest) =
                    wanted.strip_prefix('/').and_then(|wanted| wanted.strip_prefix(key.as_str()))
            {
                let at = match rest {
                    "" => Some(key_at),
                    rest if rest.starts_with(['/', '[']) => self.find(rest),
                    _ => None,
                };
                // Of a key that stands twice the last one counts.
                found = at.map(|at| (key, at)).or(found);
            }
            self.at = value_at;
            self.skip_value();
        }
    }

    fn find_in_array(&mut self, wanted: &str) -> Option<usize> {
        let index = wanted.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let index = index.and_then(|(index, rest)| Some((index.parse::<usize>().ok()?, rest)));
        self.at += 1;
        for current in 0.. {
            self.skip_separators();
            if matches!(self.bytes.get(self.at), Some(b']') | None) {
                break;
            }
            match index {
                Some((wanted, rest)) if wanted == current => return self.find(rest),
                Some(_) | None => self.skip_value(),
            }
        }
        self.at += 1;
        None
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| byte.is_ascii_whitespace());
    }

    fn skip_separators(&mut self) {
        self.skip_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b':'));
    }

    fn skip_while(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| skipped(*byte)) {
            self.at += 1;
        }
    }

    /// Steps over any value without recursion.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                byte if byte.is_ascii_whitespace() || matches!(byte, b',' | b':') => self.at += 1,
                _ => self.skip_while(|byte| {
                    !byte.is_ascii_whitespace() && !matches!(byte, b',' | b':' | b'}' | b']')
                }),
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += match byte {
                b'\\' => 2,
                _ => 1,
            };
            if *byte == b'"' {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"{
  "StartAt": "A",
  "States": {
    "A": { "Type": "Choice", "Comment": "} \" ]",
      "Choices": [ {"Next": "B"},
                   {"Next": "é", "Nöxt": "/"} ],
      "Default": "x" },
    "A/B": { "Type": "Pass", "n": -1.5e3, "Next": [[1], [2, {"k": null}]] }
  }
}"#;

    #[test]
    fn locations_lead_to_keys_and_elements() {
        for (location, line, column) in [
            ("/", 1, 1),
            ("/StartAt", 2, 3),
            ("/States/A", 4, 5),
            ("/States/A/Default", 7, 7),
            ("/States/A/Choices[0]", 5, 20),
            ("/States/A/Choices[1]/Nöxt", 6, 34),
            ("/States/A/B/Type", 8, 14),
            ("/States/A/B/Next[1][1]/k", 8, 62),
        ] {
            assert_eq!(locate(DEFINITION, location), Position { line, column }, "{location}");
        }
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        let text = "{\"a\": {\"b\": 1},\n \"a\": {\"b\": [2], \"c\": 3}, \"d\": 4}";
        for (location, line, column) in [("/a", 2, 2), ("/a/b[0]", 2, 14), ("/a/c", 2, 18), ("/d", 2, 27)] {
            assert_eq!(locate(text, location), Position { line, column }, "{location}");
        }
    }

    #[test]
    fn what_is_not_there_is_where_the_definition_starts() {
        for location in
            ["/States/C", "/States/A/Choices[2]", "/StartAt/x", "nonsense", "/States/A/Choices[x]"]
        {
            assert_eq!(locate(DEFINITION, location), Position { line: 1, column: 1 }, "{location}");
        }
        assert_eq!(locate("\n {}", "/States"), Position { line: 2, column: 2 });
    }

    #[test]
    fn the_parser_knows_its_own_position() {
        let location = "[Source: (String)\"a; line: 7, column: 7]\"; line: 2, column: 3]";
        assert_eq!(locate("{\n nope}", location), Position { line: 2, column: 3 });
    }

    #[test]
    fn characters_of_texts_have_their_own_places() {
        let definition = r#"{"a": [{"b" : "x\"\u00e9\ud83d\ude00é$"}, "y"]}"#;
        let (start, found) = text(definition, "/a[0]/b").unwrap();
        assert_eq!((start, found.as_str()), (14, "x\"é😀é$"));
        let rests: Vec<&str> = (0..7).map(|n| &definition[within(definition, start, n)..]).collect();
        let starts = ["x", "\\\"", "\\u00e9", "\\ud83d", "é", "$", "\""];
        assert!(rests.iter().zip(starts).all(|(rest, start)| rest.starts_with(start)), "{rests:?}");
        assert_eq!(text(definition, "/a[1]"), Some((43, "y".to_owned())));
        assert_eq!(text(definition, "/a[0]"), None);
        assert_eq!(within(definition, start, 99), within(definition, start, 6));
    }

    #[test]
    fn broken_text_gives_some_place() {
        for text in ["", "{", "{\"a", "{\"a\\", "[[[[", "{\"a\":", "}", "\"", "{\"a\":}"] {
            locate(text, "/a/b[0]");
        }
    }
}
