//! What comes out of objects of each type.

mod limits;

use serde_json::{Value, json};

use super::*;

#[track_caller]
fn check(input_type: &InputType, body: &str, expect: Result<Value, &str>) {
    let found = of_text(input_type, body, 3)
        .map(|items| Value::Array(items.iter().map(|item| serde_json::from_str(item).unwrap()).collect()));
    assert_eq!(found.map_err(|error| error.0), expect.map_err(str::to_owned), "{body}");
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
    check(&first_row, "a,b\r\n\"1\r\n\",\"2\r\"\r\n", Ok(json!([{"a": "1\r\n", "b": "2\r"}])));
    check(&first_row, "a,a\n1,2", Err("CSV headers cannot contain duplicates."));
    check(&first_row, "", Ok(json!([])));
    check(&first_row, "\u{feff}a\nä\n", Ok(json!([{"a": "ä"}])));
    let given = InputType::Csv { headers: Some(vec!["x".into()]), delimiter: '|' };
    check(&given, "1|2\n3", Ok(json!([{"x": "1"}, {"x": "3"}])));
    check(&given, "1\n2\n3\n4\n", Ok(json!([{"x": "1"}, {"x": "2"}, {"x": "3"}])));
    for delimiter in [',', '|', ';', ' ', '\t'] {
        let csv = InputType::Csv { headers: None, delimiter };
        check(&csv, &format!("a{delimiter}b\n1{delimiter}2"), Ok(json!([{"a": "1", "b": "2"}])));
    }
}

#[test]
fn documents_are_arrays_or_lead_to_one() {
    let plain = InputType::Json { pointer: None };
    let to = |pointer: &str| InputType::Json { pointer: Some(pointer.into()) };
    let no_array = Err("Attempting to map over non-iterable node.");
    let no_match =
        Err("The provided ReaderConfig.ItemsPointer does not match any valid path in the JSON structure.");
    check(&plain, "[1, 2, 3, 4]", Ok(json!([1, 2, 3])));
    check(&plain, "[{\"a\": [1, -0]}, null]", Ok(json!([{"a": [1, 0]}, null])));
    check(&plain, "[]", Ok(json!([])));
    for document in ["{\"a\": []}", "1", "\"a\"", "null", "true", "1.5", "-1"] {
        check(&plain, document, no_array.clone());
        check(&to("/b"), document, no_match.clone());
    }
    check(&to("/a/b"), "{\"x\": {\"b\": 1}, \"a\": {\"c\": [9], \"b\": [1]}, \"y\": 0}", Ok(json!([1])));
    check(&to("/a/b"), "{\"a\": 1}", no_match.clone());
    check(&to("/a/1/b"), "{\"a\": [0, {\"b\": [1]}]}", Ok(json!([1])));
    check(&to("/a/2"), "{\"a\": [0, 1]}", no_match.clone());
    check(&to("/a/01"), "{\"a\": [0, [1]]}", no_match.clone());
    check(&to("a"), "{\"a\": [0]}", no_match);
    check(&to("/a~1b/~0"), "{\"a/b\": {\"~\": [7]}}", Ok(json!([7])));
    check(&to("/a"), "{\"a\": {}}", no_array);
    assert!(of_text(&plain, "nothing", 3).is_err());
    assert!(of_text(&plain, "[1, 2", 3).is_err());
}

#[test]
fn lines_are_documents() {
    check(&InputType::JsonLines, "{\"a\": 1}\n\n2\r\n", Ok(json!([{"a": 1}, 2])));
    assert!(of_text(&InputType::JsonLines, "{\n}", 3).is_err());
}

/// Counts what is read of it.
struct Counted(Whole, std::sync::atomic::AtomicUsize);

impl Source for Counted {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, start: u64, len: usize) -> io::Result<bytes::Bytes> {
        self.1.fetch_add(len, std::sync::atomic::Ordering::SeqCst);
        self.0.read_at(start, len)
    }
}

#[test]
fn who_wants_few_items_reads_little() {
    let big = format!("[{}1]", "[1,2,3],".repeat(2_000_000));
    let source = Arc::new(Counted(Whole(big.into()), 0.into()));
    let mut n_items = 0;
    read(source.clone(), &InputType::Json { pointer: None }, &mut |_| {
        n_items += 1;
        Ok(if n_items < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })
    .unwrap();
    assert_eq!((n_items, source.1.load(std::sync::atomic::Ordering::SeqCst)), (10, 1024 * 1024));
}

#[test]
fn what_is_in_gzip_comes_out_of_it() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"{\"a\": 1}\n").unwrap();
    let mut packed = packed.finish().unwrap();
    packed.extend(packed.clone());
    let mut items = Vec::new();
    read(Arc::new(Whole(packed.into())), &InputType::JsonLines, &mut |item| {
        items.push(item);
        Ok(ControlFlow::Continue(()))
    })
    .unwrap();
    assert_eq!(items, ["{\"a\":1}", "{\"a\":1}"]);
}

#[test]
fn an_inventory_names_its_files_and_their_columns() {
    let of = |text: &str| inventory(Arc::new(Whole(text.to_owned().into())));
    let manifest = json!({
        "sourceBucket": "s", "destinationBucket": "arn:aws:s3:::d", "version": "2016-11-30",
        "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "i/1.csv.gz", "size": 7, "MD5checksum": "m"}],
    });
    assert_eq!(
        of(&manifest.to_string()).unwrap(),
        Inventory {
            bucket: "d".into(),
            headers: vec!["Bucket".into(), "Key".into(), "Size".into()],
            keys: vec!["i/1.csv.gz".into()],
        }
    );
    let mut orc = manifest.clone();
    orc["fileFormat"] = "ORC".into();
    assert!(of(&orc.to_string()).unwrap_err().0.contains("only CSV"));
    for name in ["destinationBucket", "fileSchema", "files", "fileFormat"] {
        let mut less = manifest.clone();
        less.as_object_mut().unwrap().remove(name);
        assert_eq!(of(&less.to_string()).unwrap_err().0, format!("The manifest has no '{name}'."));
    }
    assert!(of("[").is_err());
}

#[test]
fn athena_names_its_files_in_lines() {
    let of = |text: &str| athena_files(Arc::new(Whole(text.to_owned().into())));
    let file = |bucket: &str, key: &str| (bucket.to_owned(), key.to_owned());
    assert_eq!(of("s3://b/x/1.gz\n\"s3://b/y\"\r\n\n").unwrap(), [file("b", "x/1.gz"), file("b", "y")]);
    for line in ["b/x", "s3://b", "s3:///x", "s3://b/"] {
        assert!(of(line).unwrap_err().0.ends_with(line), "{line}");
    }
}

/// Two rows in a file that another writer wrote: a text, a number, a list and an optional value.
#[test]
fn rows_of_parquet_are_objects() {
    use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    let schema = "message m { required binary name (UTF8); required int64 n; optional double share; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let write = |compression| {
        let properties =
            ::parquet::file::properties::WriterProperties::builder().set_compression(compression).build();
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema.clone(), Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut names = group.next_column().unwrap().unwrap();
        let texts = [ByteArray::from("ä"), ByteArray::from("b")];
        names.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        names.close().unwrap();
        let mut numbers = group.next_column().unwrap().unwrap();
        numbers.typed::<Int64Type>().write_batch(&[1, -2], None, None).unwrap();
        numbers.close().unwrap();
        let mut shares = group.next_column().unwrap().unwrap();
        shares.typed::<DoubleType>().write_batch(&[0.5], Some(&[0, 1]), None).unwrap();
        shares.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        file
    };
    let items = |file: Vec<u8>| {
        let mut items = Vec::new();
        read(Arc::new(Whole(file.into())), &InputType::Parquet, &mut |item| {
            items.push(item);
            Ok(ControlFlow::Continue(()))
        })
        .map(|()| items)
    };
    use ::parquet::basic::Compression;
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
    ] {
        assert_eq!(
            items(write(compression)).unwrap(),
            ["{\"name\":\"ä\",\"n\":1,\"share\":null}", "{\"name\":\"b\",\"n\":-2,\"share\":0.5}"]
        );
    }
    let mut cut = write(Compression::SNAPPY);
    cut.truncate(cut.len() - 9);
    assert!(items(cut).is_err());
    assert!(items(Vec::new()).is_err());
}
