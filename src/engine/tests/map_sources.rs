//! `Map.Item.Source`: where items were read.

use super::map_objects::{Buckets, house_with, reader};
use super::map_runs::spread;
use super::*;

/// What a machine comes to.
async fn output(engine: &Engine, name: &str, definition: &Value, input: &str) -> Value {
    let machine = create(engine, name, definition).await;
    let arn = engine.start_execution(start(&machine, "e", input)).await.unwrap().arn;
    let described = ended(engine, &arn).await;
    let output = described.output.unwrap_or_else(|| panic!("{name}: {:?}", described.cause));
    serde_json::from_str(&output).unwrap()
}

#[tokio::test]
async fn items_say_where_they_were_read() {
    let objects = Buckets::with(&[
        ("t.csv", "a\n1\n2\n"),
        ("files.csv", "s3://b/data/1.jsonl\ns3://b/data/2.jsonl\n"),
        ("data/1.jsonl", "1\n2\n"),
        ("data/2.jsonl", "3\n"),
    ]);
    let (_fixture, engine, _store) = house_with(objects).await;
    let csv = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
    let flat = json!({"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"});
    let athena = json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"});
    let each = ["S3://b/data/1.jsonl", "S3://b/data/1.jsonl", "S3://b/data/2.jsonl"];
    for (name, mut map, expect) in [
        ("Object", reader(Some("t.csv"), &csv), json!(["S3://b/t.csv", "S3://b/t.csv"])),
        ("Listing", reader(None, &json!({})), json!(["S3://b", "S3://b"])),
        ("Flattened", reader(None, &flat), json!(each)),
        ("Athena", reader(Some("files.csv"), &athena), json!(each)),
        ("State", json!({}), json!(["STATE_DATA", "STATE_DATA"])),
    ] {
        map["ItemSelector"] = json!({"s.$": "$$.Map.Item.Source"});
        let processor =
            json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.s", "End": true}}});
        assert_eq!(output(&engine, name, &spread(&processor, &map), "[1, 2]").await, expect, "{name}");
    }

    // In batches, and in JSONata.
    let mut map = reader(None, &flat);
    let item_reader = map["ItemReader"].as_object_mut().unwrap();
    let arguments = item_reader.remove("Parameters").unwrap();
    item_reader.insert("Arguments".to_owned(), arguments);
    map["ItemSelector"] = json!("{% $states.context.Map.Item.Source %}");
    map["ItemBatcher"] = json!({"MaxItemsPerBatch": 2});
    let mut batched = spread(&pass(), &map);
    batched["QueryLanguage"] = json!("JSONata");
    let batches = json!([{"Items": each[..2]}, {"Items": each[2..]}]);
    assert_eq!(output(&engine, "Batched", &batched, "{}").await, batches);

    // Inside of an iteration too, where the Map isn't DISTRIBUTED.
    let inline = json!({"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {
        "StartAt": "P", "States": {"P": {"Type": "Pass", "Parameters": {"s.$": "$$.Map.Item.Source"}, "End": true}}}}}});
    assert_eq!(output(&engine, "Inline", &inline, "[1]").await, json!([{"s": "STATE_DATA"}]));
}

/// More than is kept with the execution.
#[tokio::test]
async fn items_in_the_store_say_it_as_well() {
    let line = format!("{}\n", json!("x".repeat(10_000)));
    let body = line.repeat(30);
    let objects = Buckets::with(&[("data/1.jsonl", &*body), ("data/2.jsonl", &*body)]);
    let (_fixture, engine, _store) = house_with(objects).await;
    let mut map = reader(None, &json!({"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}));
    map["ItemSelector"] = json!({"s.$": "$$.Map.Item.Source"});
    map["MaxConcurrency"] = json!(7);
    let processor =
        json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "OutputPath": "$.s", "End": true}}});
    let expect = [["S3://b/data/1.jsonl"; 30], ["S3://b/data/2.jsonl"; 30]].concat();
    assert_eq!(output(&engine, "Many", &spread(&processor, &map), "{}").await, json!(expect));
}
