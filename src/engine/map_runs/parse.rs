//! Items out of an object: CSV, JSON, or a document a line.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html>

use serde_json::{Map, Value};

use super::items::failed;
use crate::asl::InputType;
use crate::engine::event::Failure;
use crate::json;

/// Memory that the items of one object may take while they are read, in bytes.
const MEMORY_BYTES_MAX: usize = 512 * 1024 * 1024;
/// What a cell takes beside its text and its header's.
const CELL_BYTES: usize = 160;

/// The first `max` items of an object.
///
/// # Errors
/// `States.ItemReaderFailed` if the text is not what it should be, or would take more memory than there is for it.
pub fn items(input_type: &InputType, body: &str, max: usize) -> Result<Vec<Value>, Failure> {
    items_within(MEMORY_BYTES_MAX, input_type, body, max)
}

fn items_within(
    memory: usize,
    input_type: &InputType,
    body: &str,
    max: usize,
) -> Result<Vec<Value>, Failure> {
    // Editors of tables put a mark in front.
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let mut left = Memory(memory);
    match input_type {
        InputType::Json { pointer } => document(body, pointer.as_deref(), max, &mut left),
        InputType::JsonLines => lines(body, max, &mut left),
        InputType::Csv { headers, delimiter } => table(body, headers.as_deref(), *delimiter, max, &mut left),
    }
}

/// What the items of an object may still take, in bytes.
struct Memory(usize);

impl Memory {
    fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(too_much)?;
        Ok(())
    }
}

fn document(body: &str, pointer: Option<&str>, max: usize, left: &mut Memory) -> Result<Vec<Value>, Failure> {
    left.take(json::weight(body.as_bytes()))?;
    let document = json::parse(body).map_err(|error| failed(error.to_string()))?;
    let found = match pointer {
        None => Some(document),
        Some(pointer) => document.pointer(pointer).cloned(),
    };
    match found {
        Some(Value::Array(mut items)) => {
            items.truncate(max);
            Ok(items)
        }
        Some(_) => Err(failed("Attempting to map over non-iterable node.")),
        None => Err(failed(
            "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
        )),
    }
}

fn lines(body: &str, max: usize, left: &mut Memory) -> Result<Vec<Value>, Failure> {
    let lines = body.lines().filter(|line| !line.trim().is_empty()).take(max);
    let read = |line: &str| {
        left.take(json::weight(line.as_bytes()))?;
        json::parse(line).map_err(|error| failed(error.to_string()))
    };
    lines.map(read).collect()
}

/// Rows as objects of texts: cells without a header are left out, missing ones are empty.
fn table(
    body: &str,
    given: Option<&[String]>,
    delimiter: char,
    max: usize,
    left: &mut Memory,
) -> Result<Vec<Value>, Failure> {
    let mut rows = Rows { rest: body, delimiter };
    let headers = match given {
        Some(headers) => headers.to_vec(),
        None => rows.next().unwrap_or_default(),
    };
    let mut sorted = headers.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(failed("CSV headers cannot contain duplicates."));
    }
    let headers_bytes: usize = headers.iter().map(|header| header.len() + CELL_BYTES).sum();
    let item = |cells: Vec<String>| {
        // A short row has all the columns that the first one names.
        left.take(headers_bytes + cells.iter().map(String::len).sum::<usize>())?;
        let mut cells = cells.into_iter();
        let cell = |header: &String| (header.clone(), Value::from(cells.next().unwrap_or_default()));
        Ok(Value::Object(headers.iter().map(cell).collect::<Map<_, _>>()))
    };
    rows.take(max).map(item).collect()
}

fn too_much() -> Failure {
    failed(format!(
        "This server takes {MEMORY_BYTES_MAX} bytes of memory at the most for the items of an object."
    ))
}

/// The rows of a table, as RFC 4180 has them; a quote that stands within a bare cell is part of it.
struct Rows<'a> {
    rest: &'a str,
    delimiter: char,
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut cells, mut cell) = (Vec::new(), String::new());
        let (mut is_quoted, mut is_start) = (false, true);
        let mut chars = self.rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if is_quoted {
                match (c, chars.peek()) {
                    ('"', Some((_, '"'))) => {
                        chars.next();
                        cell.push('"');
                    }
                    ('"', _) => is_quoted = false,
                    _ => cell.push(c),
                }
            } else if c == self.delimiter {
                cells.push(std::mem::take(&mut cell));
                is_start = true;
                continue;
            } else if c == '\n' || (c == '\r' && matches!(chars.peek(), Some((_, '\n')))) {
                let end = if c == '\r' { at + 2 } else { at + 1 };
                self.rest = &self.rest[end..];
                cells.push(cell);
                return Some(cells);
            } else if c == '"' && is_start {
                is_quoted = true;
            } else {
                cell.push(c);
            }
            is_start = false;
        }
        self.rest = "";
        cells.push(cell);
        Some(cells)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(input_type: &InputType, body: &str, expect: Result<Value, &str>) {
        let found = items(input_type, body, 3).map(Value::Array);
        assert_eq!(
            found.map_err(|failure| failure.cause.unwrap().to_string()),
            expect.map_err(str::to_owned)
        );
    }

    #[test]
    fn rows_become_objects_of_texts() {
        let first_row = InputType::Csv { headers: None, delimiter: ',' };
        check(
            &first_row,
            "a,b\n1,2,3\r\n,\n4",
            Ok(json!([{"a": "1", "b": "2"}, {"a": "", "b": ""}, {"a": "4", "b": ""}])),
        );
        check(&first_row, "0,True,\nx , \"y\"z,w", Ok(json!([{"0": "x ", "True": " \"y\"z", "": "w"}])));
        check(&first_row, "a\n\"1,\"\"2\"\"\n3\"\n", Ok(json!([{"a": "1,\"2\"\n3"}])));
        check(&first_row, "a,a\n1,2", Err("CSV headers cannot contain duplicates."));
        check(&first_row, "", Ok(json!([])));
        let given = InputType::Csv { headers: Some(vec!["x".into()]), delimiter: '|' };
        check(&given, "1|2\n3", Ok(json!([{"x": "1"}, {"x": "3"}])));
        check(&given, "1\n2\n3\n4\n", Ok(json!([{"x": "1"}, {"x": "2"}, {"x": "3"}])));
    }

    #[test]
    fn documents_are_arrays_or_lead_to_one() {
        let plain = InputType::Json { pointer: None };
        check(&plain, "[1, 2, 3, 4]", Ok(json!([1, 2, 3])));
        check(&plain, "{\"a\": []}", Err("Attempting to map over non-iterable node."));
        let pointer = InputType::Json { pointer: Some("/a/b".into()) };
        check(&pointer, "{\"a\": {\"b\": [1]}}", Ok(json!([1])));
        check(
            &pointer,
            "{\"a\": 1}",
            Err(
                "The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.",
            ),
        );
        check(&InputType::JsonLines, "{\"a\": 1}\n\n2\n", Ok(json!([{"a": 1}, 2])));
        assert!(items(&InputType::JsonLines, "{\n}", 3).is_err());
        assert!(items(&plain, "nothing", 3).is_err());
    }

    /// Takes `memory` for its items, and not one byte less.
    #[track_caller]
    fn takes(memory: usize, input_type: &InputType, body: &str) {
        let read = |memory: usize| items_within(memory, input_type, body, usize::MAX);
        assert!(read(memory).is_ok(), "{:?}", read(memory));
        assert_eq!(read(memory - 1), Err(too_much()));
    }

    #[test]
    fn items_take_so_much_memory_and_no_more() {
        let csv = InputType::Csv { headers: None, delimiter: ',' };
        // A row of one cell has as many as the header.
        let table = |columns: usize, rows: usize| {
            let header: Vec<String> = (0..columns).map(|n| format!("c{n:04}")).collect();
            format!("{}\n{}", header.join(","), "x\n".repeat(rows))
        };
        takes(100 * (1_000 * (5 + CELL_BYTES) + 1), &csv, &table(1_000, 100));
        assert_eq!(items(&csv, &table(10_000, 10_000), usize::MAX), Err(too_much()));
        let plain = InputType::Json { pointer: None };
        let list = "[1, {\"a\": [2]}]";
        takes(json::weight(list.as_bytes()), &plain, list);
        takes(2 * json::weight(list.as_bytes()), &InputType::JsonLines, &format!("{list}\n\n{list}"));
        let many = format!("[{}1]", "1,".repeat(4_000_000));
        assert_eq!(items(&plain, &many, usize::MAX), Err(too_much()));
    }
}
