//! `AWS::Serverless::LayerVersion`.

use serde_json::{Map, json};

use super::{LAYER, Made, Source, hash, location};

const RENAMED: &[(&str, &str)] = &[
    ("Description", "Description"),
    ("CompatibleRuntimes", "CompatibleRuntimes"),
    ("CompatibleArchitectures", "CompatibleArchitectures"),
    ("LicenseInfo", "LicenseInfo"),
];

/// A layer's version has another logical id whenever it is another version, because versions don't change.
pub(super) fn translate(mut source: Source, made: &mut Made) {
    let at = source.at();
    let id = format!("{}{}", source.id, hash(&source.properties.clone().into()));
    let mut properties = Map::new();
    let name = source.take("LayerName").unwrap_or_else(|| json!(source.id));
    properties.insert("LayerName".to_owned(), name);
    match source.take("ContentUri") {
        Some(uri) => {
            let names = ["S3Bucket", "S3Key", "S3ObjectVersion"];
            properties.insert("Content".to_owned(), location(uri, names));
        }
        None => made.refuse(&at, "ContentUri is missing"),
    }
    source.rename(RENAMED, &mut properties);
    let retention = source.take("RetentionPolicy");
    let is_deleted =
        retention.as_ref().and_then(|it| it.as_str()).is_some_and(|it| it.eq_ignore_ascii_case("delete"));
    source
        .attributes
        .insert("DeletionPolicy".to_owned(), json!(if is_deleted { "Delete" } else { "Retain" }));
    source.refuse_rest(LAYER, made);
    made.references.rename(&source.id, &id);
    made.put(id, "AWS::Lambda::LayerVersion", properties, &source);
}
