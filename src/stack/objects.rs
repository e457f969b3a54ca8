//! Documents in object stores: `BodyS3Location` and `DefinitionS3Location`.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

use super::error::Error;
use super::kind::{self, Kind, MadeBy, Properties};
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
    kind: &Kind,
    properties: &mut Properties,
    at: &str,
) -> Result<(), Error> {
    if kind.made_by() == MadeBy::Stacks {
        return fetch_nested(objects, properties, at).await;
    }
    let (location, document, others): (&str, &str, &[&str]) = if *kind == Kind::RestApi {
        ("BodyS3Location", "Body", &["Body"])
    } else if *kind == Kind::StateMachine {
        ("DefinitionS3Location", "DefinitionString", &["Definition", "DefinitionString"])
    } else {
        return Ok(());
    };
    let Some(place) = properties.remove(location) else { return Ok(()) };
    if *kind == Kind::StateMachine && others.iter().any(|other| properties.contains_key(*other)) {
        // Refused when it is made, in AWS's words.
        properties.insert(location.to_owned(), place);
        return Ok(());
    }
    let at = format!("{at}/Properties/{location}");
    if let Some(other) = others.iter().find(|other| properties.contains_key(**other)) {
        return Err(Error::at(at, format!("{other} is given, too")));
    }
    let text = read(objects, &place).await.map_err(|problem| Error::at(&at, problem))?;
    let text = match *kind == Kind::StateMachine {
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

/// Where the text of a nested stack's template stands.
pub(super) const NESTED_TEMPLATE: &str = "Stepgate::Template";

/// Puts a nested stack's template beside its location.
async fn fetch_nested(objects: &dyn Objects, properties: &mut Properties, at: &str) -> Result<(), Error> {
    let at = format!("{at}/Properties/TemplateURL");
    let url = properties.get("TemplateURL").and_then(Value::as_str);
    let url = url.ok_or_else(|| Error::at(&at, "the address of a template is missing"))?;
    let text = text_at(objects, url).await.map_err(|problem| Error::at(&at, problem))?;
    properties.insert(NESTED_TEMPLATE.to_owned(), Value::String(text));
    Ok(())
}

/// The text of an object that a URL of S3 names.
pub(super) async fn text_at(objects: &dyn Objects, url: &str) -> Result<String, String> {
    let (bucket, key) = location(url).ok_or_else(|| format!("{url} is no URL of an object in S3"))?;
    let bytes = objects.get(&bucket, &key, None).await?;
    String::from_utf8(bytes).map_err(|_| format!("s3://{bucket}/{key} is not text"))
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

/// Bucket and key of a URL: `s3://bucket/key`, or the bucket in the host or in the path.
fn location(url: &str) -> Option<(String, String)> {
    let decoded =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().map(String::from).ok();
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (host, path) = rest.split_once('/')?;
    let (bucket, key) = match scheme {
        "s3" => (host, path),
        "http" | "https" => {
            let host = host.split(':').next()?;
            match host.find(".s3.").or_else(|| host.find(".s3-")) {
                Some(end) => (&host[..end], path),
                None => path.split_once('/')?,
            }
        }
        _ => return None,
    };
    let (bucket, key) = (decoded(bucket)?, decoded(key)?);
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_in_many_ways() {
        let check = |url: &str, want: Option<(&str, &str)>| {
            let found = location(url);
            let found = found.as_ref().map(|(bucket, key)| (bucket.as_str(), key.as_str()));
            assert_eq!(found, want, "{url}");
        };
        let want = Some(("assets", "a/b c.json"));
        check("https://assets.s3.us-east-1.amazonaws.com/a/b%20c.json", want);
        check("https://assets.s3-eu-west-1.amazonaws.com/a/b%20c.json", want);
        check("https://assets.s3.amazonaws.com/a/b%20c.json?versionId=1", want);
        check("https://s3.amazonaws.com/assets/a/b%20c.json", want);
        check("https://s3.eu-west-1.amazonaws.com/assets/a/b%20c.json", want);
        check("http://127.0.0.1:4566/assets/a/b%20c.json", want);
        check("http://assets.s3.localhost:4566/a/b%20c.json", want);
        check("s3://assets/a/b%20c.json", want);
        for none in
            ["", "assets/a", "https://s3.amazonaws.com/assets", "https://s3.amazonaws.com//a", "ftp://a/b/c"]
        {
            check(none, None);
        }
    }
}
