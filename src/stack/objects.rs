//! Documents in object stores: `BodyS3Location` and `DefinitionS3Location`.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::error::Error;
use super::kind::{self, Kind, Properties};
use crate::yaml;

/// The content of an object, or why it can't be read.
pub type ObjectFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>>;

/// The port for reading objects.
pub trait Objects: Send + Sync {
    /// Reads the object `key` in `bucket`, in its latest version unless one is given.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str, version: Option<&'a str>) -> ObjectFuture<'a>;
}

/// Replaces the locations in `properties` by the documents. So a changed document changes the resource, even if its
/// location stays the same.
///
/// # Errors
/// [`Error::Template`] if a document can't be read or parsed, or is given twice.
pub(super) async fn fetch(
    objects: &dyn Objects,
    kind: Kind,
    properties: &mut Properties,
    at: &str,
) -> Result<(), Error> {
    let (location, document, others): (&str, &str, &[&str]) = if kind == Kind::RestApi {
        ("BodyS3Location", "Body", &["Body"])
    } else if kind == Kind::StateMachine {
        ("DefinitionS3Location", "DefinitionString", &["Definition", "DefinitionString"])
    } else {
        return Ok(());
    };
    let Some(place) = properties.remove(location) else { return Ok(()) };
    let at = format!("{at}/Properties/{location}");
    if let Some(other) = others.iter().find(|other| properties.contains_key(**other)) {
        return Err(Error::at(at, format!("{other} is given, too")));
    }
    let text = read(objects, &place).await.map_err(|problem| Error::at(&at, problem))?;
    let text = match kind == Kind::StateMachine {
        true => {
            // Substituted values may be anything, so only the result is JSON or YAML.
            let text = kind::substituted(&text, properties);
            properties.remove("DefinitionSubstitutions");
            match text.trim_start().starts_with('{') {
                true => text,
                false => {
                    let parsed = yaml::parse(&text, yaml::no_tags);
                    parsed
                        .map_err(|error| Error::at(&at, format!("neither JSON nor YAML: {error}")))?
                        .to_string()
                }
            }
        }
        false => text,
    };
    properties.insert(document.to_owned(), Value::String(text));
    Ok(())
}

/// Where the text of a document stands that was sent with its template.
pub(super) const TEXT: &str = "Stepgate::Text";

async fn read(objects: &dyn Objects, place: &Value) -> Result<String, String> {
    if let Some(text) = place.get(TEXT).and_then(Value::as_str) {
        return Ok(text.to_owned());
    }
    if let Some(path) = place.as_str() {
        return Err(format!("{path} is no object in S3: package the template first, or use stepgate apply"));
    }
    let member = |name: &str| place.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let bucket = member("Bucket").ok_or("Bucket is missing")?;
    let key = member("Key").ok_or("Key is missing")?;
    let bytes = objects.get(bucket, key, member("Version")).await?;
    String::from_utf8(bytes).map_err(|_| format!("s3://{bucket}/{key} is not text"))
}
