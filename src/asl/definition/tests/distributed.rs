//! Distributed Maps: what they read, batch and write.

use super::*;

/// A Map in DISTRIBUTED mode with more `fields`.
fn distributed(fields: &str) -> String {
    let map = r#""Type": "Map", "End": true, FIELDS "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED",
           "ExecutionType": "STANDARD"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;
    state(&map.replace("FIELDS", fields))
}

#[test]
fn a_distributed_map_has_a_label_and_no_express_machine_around_it() {
    let label = |definition: &str| {
        let program = compile(definition, StateMachineType::Standard).unwrap();
        let StateKind::Map(map) = &program[program.start_at].kind else { panic!("no Map") };
        map.distributed.as_ref().unwrap().processor.label.to_string()
    };
    assert_eq!(label(&distributed(r#""Label": "L","#)), "L");
    // One that is made up is the same every time.
    assert_eq!(label(&distributed("")), label(&distributed("")));
    assert_eq!(label(&distributed("")).len(), 36);
    let at = "/States/S/Label";
    let long = "l".repeat(41);
    for (bad, why) in [
        (
            &*long,
            &*format!("Invalid Label name: {long} exceeds the 40-character limit allowed by the service"),
        ),
        ("a b", "Invalid Label: 'a b'"),
        ("", "Invalid Label: ''"),
        ("a/b", "Invalid Label: 'a/b'"),
    ] {
        let definition = distributed(&format!(r#""Label": "{bad}","#));
        check(&definition, &format!("INVALID_LABEL_NAME: {why} at {at}"));
    }
    check_as(
        StateMachineType::Express,
        &distributed(""),
        "SCHEMA_VALIDATION_FAILED: The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/S/ItemProcessor/ProcessorConfig/Mode",
    );
}

#[test]
fn what_a_distributed_map_reads_and_batches_is_checked() {
    let batcher = "/States/S/ItemBatcher";
    check_schema(
        &distributed(r#""ItemBatcher": {},"#),
        &format!(
            "This object should have only one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath] at {batcher}"
        ),
    );
    check_schema(
        &distributed(r#""ItemBatcher": {"MaxItemsPerBatch": 0},"#),
        &format!("Minimum value is 1 at {batcher}/MaxItemsPerBatch"),
    );
    let config = "/States/S/ItemReader/ReaderConfig";
    let reader = |config: &str| {
        distributed(&format!(
            r#""ItemReader": {{"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {config}}},"#
        ))
    };
    check_schema(&reader("{}"), &format!("These fields are required: [InputType] at {config}"));
    check_schema(
        &reader(r#"{"InputType": "CSV"}"#),
        &format!("The field 'CSVHeaderLocation' is required at {config}"),
    );
    check_schema(
        &reader(r#"{"InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW"}"#),
        &format!("Field 'CSVHeaderLocation' is not supported at {config}"),
    );
    check_schema(
        &reader(r#"{"InputType": "JSON"}"#).replace("s3:getObject", "s3:putObject"),
        "The field 'Resource' does not match any of the allowed values at /States/S/ItemReader/Resource",
    );
    check_schema(
        &distributed("").replace("DISTRIBUTED", "INLINE"),
        "Field 'ExecutionType' is not supported at /States/S/ItemProcessor/ProcessorConfig",
    );
    check_schema(
        &reader(r#"{"InputType": "JSON", "MaxItems": 100000001}"#),
        &format!("Maximum value is 100000000 at {config}/MaxItems"),
    );
    let source = |definition: &str| {
        let program = compile(definition, StateMachineType::Standard).unwrap();
        let StateKind::Map(map) = &program[program.start_at].kind else { panic!("no Map") };
        map.distributed.as_ref().unwrap().reader.as_ref().unwrap().source.clone()
    };
    let listing = |config: &str| reader(config).replace("getObject", "listObjectsV2");
    for (definition, expect) in [
        (
            reader(r#"{"InputType": "JSONL", "MaxItemsPath": "$.n"}"#),
            ItemSource::Object(InputType::JsonLines),
        ),
        (reader(r#"{"InputType": "PARQUET"}"#), ItemSource::Object(InputType::Parquet)),
        (reader(r#"{"InputType": "MANIFEST"}"#), ItemSource::Inventory),
        (reader(r#"{"ManifestType": "S3_INVENTORY"}"#), ItemSource::Inventory),
        (reader(r#"{"ManifestType": "S3_INVENTORY", "InputType": "MANIFEST"}"#), ItemSource::Inventory),
        (
            reader(r#"{"ManifestType": "ATHENA_DATA", "InputType": "PARQUET"}"#),
            ItemSource::Athena(InputType::Parquet),
        ),
        (listing(r#"{"MaxItems": 1}"#), ItemSource::Listing),
        (listing(r#"{"Transformation": "NONE"}"#), ItemSource::Listing),
        (
            listing(r#"{"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSONL"}"#),
            ItemSource::Listed(InputType::JsonLines),
        ),
    ] {
        assert_eq!(source(&definition), expect, "{definition}");
    }
    for (definition, why) in [
        (
            reader(r#"{"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSONL"}"#),
            format!("LOAD_AND_FLATTEN is only for the resource s3:listObjectsV2 at {config}/Transformation"),
        ),
        (
            listing(r#"{"Transformation": "LOAD_AND_FLATTEN"}"#),
            format!("These fields are required: [InputType] at {config}"),
        ),
        (
            reader(r#"{"ManifestType": "ATHENA_DATA"}"#),
            format!("These fields are required: [InputType] at {config}"),
        ),
        (
            reader(r#"{"ManifestType": "ATHENA_DATA", "InputType": "MANIFEST"}"#),
            format!("A manifest has no items of its own at {config}/InputType"),
        ),
        (
            reader(r#"{"ManifestType": "S3_INVENTORY", "InputType": "JSON"}"#),
            format!("An S3_INVENTORY is read as CSV at {config}/InputType"),
        ),
    ] {
        check_schema(&definition, &why);
    }
}

#[test]
fn results_are_put_as_they_are_asked_for() {
    let writer = |writer: &str| distributed(&format!(r#""ResultWriter": {writer},"#));
    let read = |text: &str| {
        let program = compile(&writer(text), StateMachineType::Standard).unwrap();
        let StateKind::Map(map) = &program[program.start_at].kind else { panic!("no Map") };
        let writer = map.distributed.as_ref().unwrap().writer.as_ref().unwrap();
        (writer.export.is_some(), writer.transformation, writer.output_type)
    };
    let export = r#""Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}"#;
    for (text, expect) in [
        (format!("{{{export}}}"), (true, Transformation::None, OutputType::Json)),
        (
            format!(
                r#"{{{export}, "WriterConfig": {{"Transformation": "FLATTEN", "OutputType": "JSONL"}}}}"#
            ),
            (true, Transformation::Flatten, OutputType::JsonLines),
        ),
        (r#"{"WriterConfig": {}}"#.to_owned(), (false, Transformation::Compact, OutputType::Json)),
        (
            r#"{"WriterConfig": {"Transformation": "NONE"}}"#.to_owned(),
            (false, Transformation::None, OutputType::Json),
        ),
    ] {
        assert_eq!(read(&text), expect, "{text}");
    }
    let at = "/States/S/ResultWriter";
    for (text, why) in [
        (
            "{}",
            format!(
                "This object should have only one of the following fields: [Resource, WriterConfig] at {at}"
            ),
        ),
        (r#"{"Parameters": {"Bucket": "b"}}"#, format!("These fields are required: [Resource] at {at}")),
        (
            r#"{"Resource": "arn:aws:states:::s3:getObject"}"#,
            format!("The resource 'arn:aws:states:::s3:getObject' can't be written to at {at}/Resource"),
        ),
        (
            r#"{"WriterConfig": {"Transformation": "ALL"}}"#,
            format!(
                "Value should be one of the following: [NONE, COMPACT, FLATTEN] at {at}/WriterConfig/Transformation"
            ),
        ),
        (
            r#"{"WriterConfig": {"OutputType": "CSV"}}"#,
            format!("Value should be one of the following: [JSON, JSONL] at {at}/WriterConfig/OutputType"),
        ),
    ] {
        check_schema(&writer(text), &why);
    }
}
