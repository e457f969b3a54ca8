//! Each limit of a reader: what is at it is read, what is past it is refused.

use super::super::csv::{CELLS_MAX, HEADER_BYTES_MAX};
use super::super::manifest::{self, FILES_MAX, LINES_MAX, MANIFEST_BYTES_MAX};
use super::super::parquet::{COLUMNS_MAX, FOOTER_BYTES_MAX, LISTED_VALUES_MAX, ROW_GROUP_BYTES_MAX};
use super::*;

/// All items of a text, or why there are none.
fn all(input_type: &InputType, body: &str) -> Result<Vec<String>, String> {
    of_text(input_type, body, usize::MAX).map_err(|error| error.0)
}

fn to(pointer: &str) -> InputType {
    InputType::Json { pointer: Some(pointer.into()) }
}

const PLAIN: InputType = InputType::Json { pointer: None };

#[test]
fn an_item_has_its_largest_size_and_no_more() {
    let line = |n: usize| format!("\"{}\"", "x".repeat(n - 2));
    let of = |n: usize| of_text(&InputType::JsonLines, &line(n), 1);
    assert_eq!(of(ITEM_BYTES_MAX).unwrap()[0].len(), ITEM_BYTES_MAX);
    assert_eq!(
        of(ITEM_BYTES_MAX + 1).unwrap_err().0,
        "An item has 262145 bytes; an item may have 262144 at the most."
    );
    // Spaces don't count, a line's own length does.
    let spaced = |n: usize| of_text(&InputType::JsonLines, &format!("[{}1]", " ".repeat(n - 3)), 1);
    assert_eq!(spaced(LINE_BYTES_MAX).unwrap(), ["[1]"]);
    assert_eq!(spaced(LINE_BYTES_MAX + 1).unwrap_err().0, "A line has more than 8388608 bytes.");
    let element = format!("[[{}1]]", " ".repeat(LINE_BYTES_MAX + 1));
    assert!(
        of_text(&InputType::Json { pointer: None }, &element, 1).unwrap_err().0.contains("An element has")
    );
    let csv = InputType::Csv { headers: Some(vec!["a".into()]), delimiter: ',' };
    let row = |n: usize| of_text(&csv, &format!("x,{}\n", "y".repeat(n - 3)), 1);
    assert!(row(LINE_BYTES_MAX).is_ok());
    assert_eq!(row(LINE_BYTES_MAX + 1).unwrap_err().0, "A row has more than 8388608 bytes.");
    let first_row = InputType::Csv { headers: None, delimiter: ',' };
    let header = |n: usize| of_text(&first_row, &format!("{}\n1\n", "h".repeat(n - 1)), 1);
    assert!(header(10_240).is_ok());
    assert_eq!(header(10_241).unwrap_err().0, "The CSV headers have more than 10240 bytes.");
}

#[test]
fn a_document_that_is_cut_off_or_goes_on_after_its_end_is_refused() {
    let whole = "{\"a\": [1, [2]], \"b\": {\"c\": [0]}}";
    assert_eq!(all(&to("/a"), whole).unwrap(), ["1", "[2]"]);
    for cut in 0..whole.len() {
        assert!(all(&to("/a"), &whole[..cut]).is_err(), "{}", &whole[..cut]);
    }
    for (pointer, document) in [
        (&PLAIN, "[1] 2"),
        (&PLAIN, "[1]]"),
        (&PLAIN, "[] x"),
        (&PLAIN, "[1],"),
        (&to("/a"), "{\"a\": [1]} {}"),
        (&to("/a"), "{\"a\": [1], \"b\" 1}"),
        (&to("/0"), "[[1], 2 3]"),
    ] {
        assert!(all(pointer, document).is_err(), "{document}");
    }
    // Who wants no more items doesn't read on.
    assert_eq!(of_text(&PLAIN, "[1, 2, x", 2).unwrap(), ["1", "2"]);
}

#[test]
fn what_is_skipped_is_bounded_as_well() {
    let nested = |n: usize| format!("{{\"x\": {}{}, \"a\": [1]}}", "[".repeat(n), "]".repeat(n));
    // The document itself is a level, as is the array.
    assert_eq!(all(&to("/a"), &nested(json::DEPTH_MAX + 1)).unwrap(), ["1"]);
    assert_eq!(
        all(&to("/a"), &nested(json::DEPTH_MAX + 2)).unwrap_err(),
        "The document nests deeper than 129 levels."
    );
    // Without an end in sight.
    assert_eq!(
        all(&to("/a"), &"{\"x\":".repeat(1_000_000)).unwrap_err(),
        "The document nests deeper than 129 levels."
    );
    let long = |n: usize| format!("{{\"x\": \"{}\", \"a\": [1]}}", "s".repeat(n));
    let after = |n: usize| format!("{{\"a\": [1], \"x\": \"{}\"}}", "s".repeat(n));
    let number = |n: usize| format!("{{\"x\":{}, \"a\": [1]}}", "1".repeat(n));
    let white = |n: usize| format!("{{\"x\":{}1, \"a\": [1]}}", " ".repeat(n - 1));
    let texts: [&dyn Fn(usize) -> String; 4] = [&long, &after, &number, &white];
    for text in texts {
        assert_eq!(all(&to("/a"), &text(LINE_BYTES_MAX - 1)).unwrap(), ["1"]);
        assert_eq!(
            all(&to("/a"), &text(LINE_BYTES_MAX + 1)).unwrap_err(),
            "The document has a string, a number or white space of more than 8388608 bytes."
        );
    }
    let key = |n: usize| format!("{{\"{}\": 1, \"a\": [1]}}", "k".repeat(n));
    assert_eq!(all(&to("/a"), &key(LINE_BYTES_MAX - 10)).unwrap(), ["1"]);
    assert!(all(&to("/a"), &key(LINE_BYTES_MAX + 1)).is_err());
}

#[test]
fn an_element_nests_as_deep_as_a_document_and_no_deeper() {
    let element = |n: usize| format!("{{\"a\": [{}{}]}}", "[".repeat(n), "]".repeat(n));
    assert_eq!(all(&to("/a"), &element(json::DEPTH_MAX)).unwrap().len(), 1);
    assert!(all(&to("/a"), &element(json::DEPTH_MAX + 1)).is_err());
    let line = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(all(&InputType::JsonLines, &line(json::DEPTH_MAX)).unwrap().len(), 1);
    assert!(all(&InputType::JsonLines, &line(json::DEPTH_MAX + 1)).is_err());
    // A document that takes more memory than its text lets expect.
    let numbers = |n: usize| format!("[{}1]", "1,".repeat(n - 1));
    let weight = |n: usize| json::weight(numbers(n).as_bytes());
    let at = (DOCUMENT_MEMORY_MAX - weight(1)) / (weight(1_001) - weight(1)) * 1_000;
    let memory = |n: usize| all(&InputType::JsonLines, &numbers(n)).unwrap_err();
    assert!(memory(at).starts_with("An item has"), "it is read");
    assert_eq!(memory(at + 2_000), "A document takes more than 67108864 bytes of memory.");
}

#[test]
fn a_row_has_as_many_cells_as_headers_can_name() {
    let first_row = InputType::Csv { headers: None, delimiter: ',' };
    let row = |n: usize| all(&first_row, &format!("a\n{}\n", ",".repeat(n - 1)));
    assert_eq!(row(CELLS_MAX).unwrap(), ["{\"a\":\"\"}"]);
    assert_eq!(row(CELLS_MAX + 1).unwrap_err(), "A row has more than 10240 cells.");
    assert_eq!(row(LINE_BYTES_MAX - 1).unwrap_err(), "A row has more than 10240 cells.");
    // The first row names the columns.
    let names = |n: usize| (0..n).map(|n| format!("{n:x}")).collect::<Vec<_>>().join(",");
    assert_eq!(all(&first_row, &names(2_600)).unwrap(), [""; 0]);
    assert_eq!(all(&first_row, &names(2_700)).unwrap_err(), "The CSV headers have more than 10240 bytes.");
    let given = |n: usize| {
        let headers = Some(vec!["h".repeat(n - 1)]);
        all(&InputType::Csv { headers, delimiter: ',' }, "1\n").map(|items| items.len())
    };
    assert_eq!(given(HEADER_BYTES_MAX).unwrap(), 1);
    assert_eq!(given(HEADER_BYTES_MAX + 1).unwrap_err(), "The CSV headers have more than 10240 bytes.");
}

#[test]
fn a_manifest_names_so_many_files_and_no_more() {
    let inventory_of = |n_files: usize, schema: &str, spaces: usize| {
        let file = "{\"key\":\"k\"}";
        let files = vec![file; n_files].join(",");
        let text = format!(
            "{{\"destinationBucket\":\"d\",\"fileFormat\":\"CSV\",\"fileSchema\":\"{schema}\",\"files\":[{files}]}}{}",
            " ".repeat(spaces)
        );
        let length = text.len();
        inventory(Arc::new(Whole(text.into()))).map(|inventory| (inventory, length)).map_err(|error| error.0)
    };
    assert_eq!(inventory_of(60_000, "a", 0).unwrap().0.keys.len(), 60_000);
    assert_eq!(
        inventory_of(300_000, "a", 0).unwrap_err(),
        "A document takes more than 67108864 bytes of memory."
    );
    assert!(inventory_of(1, &"a".repeat(HEADER_BYTES_MAX), 0).is_ok());
    assert_eq!(
        inventory_of(1, &"a".repeat(HEADER_BYTES_MAX + 1), 0).unwrap_err(),
        "The inventory's fileSchema has more than 10240 bytes."
    );
    let (_, length) = inventory_of(1, "a", 0).unwrap();
    assert!(inventory_of(1, "a", MANIFEST_BYTES_MAX - length).is_ok());
    assert_eq!(
        inventory_of(1, "a", MANIFEST_BYTES_MAX - length + 1).unwrap_err(),
        "The object has more than 8388608 bytes."
    );

    let athena = |text: String| {
        athena_files(Arc::new(Whole(text.into()))).map(|files| files.len()).map_err(|error| error.0)
    };
    assert_eq!(athena("s3://b/k\n".repeat(FILES_MAX)).unwrap(), FILES_MAX);
    assert_eq!(
        athena("s3://b/k\n".repeat(FILES_MAX + 1)).unwrap_err(),
        "The manifest names more than 100000 files."
    );
    let line = |n: usize| format!("s3://b/{}\n", "k".repeat(n - 8));
    assert_eq!(athena(line(manifest::LINE_BYTES_MAX)).unwrap(), 1);
    assert_eq!(
        athena(line(manifest::LINE_BYTES_MAX + 1)).unwrap_err(),
        "The manifest has a line of more than 8192 bytes."
    );
    assert_eq!(athena("\n".repeat(LINES_MAX)).unwrap(), 0);
    assert_eq!(athena("\n".repeat(LINES_MAX + 1)).unwrap_err(), "The manifest has more than 200000 lines.");
}

mod parquet_files {
    use ::parquet::basic::Compression;
    use ::parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;

    fn rows(file: Vec<u8>) -> Result<usize, String> {
        let mut n = 0;
        read(Arc::new(Whole(file.into())), &InputType::Parquet, &mut |_| {
            n += 1;
            Ok(ControlFlow::Continue(()))
        })
        .map(|()| n)
        .map_err(|error| error.0)
    }

    fn properties() -> Arc<WriterProperties> {
        Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build())
    }

    /// One row with `n_columns` numbers.
    fn wide(n_columns: usize) -> Vec<u8> {
        let columns: String = (0..n_columns).map(|n| format!("required int32 c{n};")).collect();
        let schema = Arc::new(parse_message_type(&format!("message m {{ {columns} }}")).unwrap());
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema, properties()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        while let Some(mut column) = group.next_column().unwrap() {
            column.typed::<Int32Type>().write_batch(&[1], None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        file
    }

    /// One row with a list of `n` numbers.
    fn long(n: usize) -> Vec<u8> {
        let schema = Arc::new(parse_message_type("message m { repeated int32 c; }").unwrap());
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema, properties()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let mut repeated = vec![1; n];
        repeated[0] = 0;
        column.typed::<Int32Type>().write_batch(&vec![7; n], Some(&vec![1; n]), Some(&repeated)).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        file
    }

    /// One row with a text of `n` bytes.
    fn text(n: usize) -> Vec<u8> {
        let schema = Arc::new(parse_message_type("message m { required binary c (UTF8); }").unwrap());
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema, properties()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let texts = [ByteArray::from("x".repeat(n).as_str())];
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        file
    }

    #[test]
    fn are_bounded_by_what_their_footer_says() {
        // An item of ten thousand columns is within its size.
        assert_eq!(rows(wide(COLUMNS_MAX)).unwrap(), 1);
        assert_eq!(rows(wide(COLUMNS_MAX + 1)).unwrap_err(), "The object has more than 10000 columns.");
        let at = usize::try_from(LISTED_VALUES_MAX).unwrap();
        assert!(rows(long(at)).unwrap_err().starts_with("An item has more than"), "it is read");
        assert_eq!(
            rows(long(at + 1)).unwrap_err(),
            "A row group of the object has lists of more than 4194304 values."
        );
        let limit = usize::try_from(ROW_GROUP_BYTES_MAX).unwrap();
        assert_eq!(
            rows(text(limit)).unwrap_err(),
            "A row group of the object has more than 268435456 bytes.",
            "its length counts"
        );
        let mut boast = text(1);
        let end = boast.len() - 8;
        boast[end..end + 4].copy_from_slice(&(FOOTER_BYTES_MAX + 1).to_le_bytes());
        assert_eq!(rows(boast).unwrap_err(), "The object's Parquet footer has more than 5242880 bytes.");
        let mut claim = text(1);
        let end = claim.len() - 8;
        claim[end..end + 4].copy_from_slice(&FOOTER_BYTES_MAX.to_le_bytes());
        assert!(rows(claim).unwrap_err().starts_with("The object can't be read as Parquet"));
    }

    #[test]
    fn have_items_of_their_largest_size_and_no_larger() {
        let n = ITEM_BYTES_MAX - "{\"c\":\"\"}".len();
        assert_eq!(rows(text(n)).unwrap(), 1);
        assert_eq!(
            rows(text(n + 1)).unwrap_err(),
            "An item has 262145 bytes; an item may have 262144 at the most."
        );
        assert!(rows(text(1_000_000)).unwrap_err().starts_with("An item has more than 262144 bytes"));
    }
}

#[test]
fn an_object_has_its_largest_size_and_no_larger() {
    /// Claims a size, and has zeros.
    struct Claims(u64);
    impl Source for Claims {
        fn len(&self) -> u64 {
            self.0
        }
        fn read_at(&self, _: u64, len: usize) -> io::Result<bytes::Bytes> {
            Ok(vec![b'0'; len].into())
        }
    }
    let said =
        |n: u64| read(Arc::new(Claims(n)), &InputType::JsonLines, &mut |_| unreachable!()).unwrap_err().0;
    assert_eq!(said(OBJECT_BYTES_MAX), "A line has more than 8388608 bytes.");
    assert_eq!(
        said(OBJECT_BYTES_MAX + 1),
        "The object has 10737418241 bytes; an object may have 10737418240 at the most."
    );
}
