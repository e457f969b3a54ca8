//! Objects with items of a distributed Map: `pointer NUL object`, as they are and in a gzip.

use std::ops::ControlFlow;
use std::sync::Arc;

use serde::de::IgnoredAny;
use stepgate::asl::InputType;
use stepgate::items::{ITEM_BYTES_MAX, Whole, athena_files, inventory, read};

pub(crate) fn execute(text: &str) {
    let (pointer, object) = text.split_once('\0').unwrap_or(("", text));
    let pointer = Some(pointer.to_owned()).filter(|pointer| !pointer.is_empty());
    let packed = gzip(object.as_bytes());
    for kind in [
        InputType::Json { pointer },
        InputType::JsonLines,
        InputType::Csv { headers: None, delimiter: ',' },
        InputType::Csv { headers: Some(vec!["a".to_owned(), "b".to_owned()]), delimiter: '|' },
        InputType::Parquet,
    ] {
        let plain = all(object.as_bytes(), &kind);
        if matches!(kind, InputType::Parquet) {
            continue;
        }
        assert_eq!(all(&packed, &kind), plain, "packed it is another object");
        assert!(all(&packed[..packed.len() - 1], &kind).is_err(), "it is cut off");
        let is_document = serde_json::from_str::<IgnoredAny>(object.trim_start_matches('\u{feff}')).is_ok();
        if matches!(kind, InputType::Json { .. }) && plain.is_ok() {
            assert!(is_document, "it gives items and is no document");
        }
    }
    let _ = inventory(Arc::new(Whole(object.to_owned().into())));
    let _ = athena_files(Arc::new(Whole(object.to_owned().into())));
}

/// All items, each of which is a document of a size that a child execution may be given.
fn all(object: &[u8], kind: &InputType) -> Result<Vec<String>, String> {
    let mut items = Vec::new();
    read(Arc::new(Whole(object.to_vec().into())), kind, &mut |item| {
        assert!(item.len() <= ITEM_BYTES_MAX);
        assert!(stepgate::json::parse(&item).is_ok(), "{item}");
        items.push(item);
        Ok(ControlFlow::Continue(()))
    })
    .map(|()| items)
    .map_err(|error| error.0)
}

/// A gzip whose blocks are stored as they are (RFC 1952, RFC 1951 section 3.2.4).
fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = text.chunks(usize::from(u16::MAX)).peekable();
    if text.is_empty() {
        out.extend([1, 0, 0, 255, 255]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend((!text.iter().fold(!0, |sum, byte| checked(sum, *byte))).to_le_bytes());
    out.extend((text.len() as u32).to_le_bytes());
    out
}

/// One byte of a CRC-32.
fn checked(sum: u32, byte: u8) -> u32 {
    (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
}

pub(crate) const WORDS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u00e9", "/a", "/0", "/a/0", "~0", "~1", "\0", "null", "true",
    "1", "-1.5e3", "\n", "\r\n", ",", "|", "\"\"", "\u{feff}", "s3://b/k", "\"files\"", "\"key\"", "PAR1", " ", "é",
];
