//! `AWS::Include`: puts a part of a template that is an object of S3 into its place, at the root or, as `Fn::Transform`, in a
//! section. From JSON to JSON, before anything else looks at the template.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document;
use super::error::Error;
use super::objects::{self, Objects};

/// The macro.
pub(super) const NAME: &str = "AWS::Include";
/// How it is called within a section.
const FUNCTION: &str = "Fn::Transform";
/// What a template may include; each document may have as much as a template.
const DOCUMENTS_MAX: usize = 50;

/// The texts of included documents, by [`key`].
pub(super) type Included = BTreeMap<String, String>;

/// Under which name a document is kept beside the values of Systems Manager parameters, whose names have no spaces: with its
/// location as the template says it.
fn key(location: &Value) -> String {
    format!("{NAME} {location}")
}

/// Whether a document is kept under this name.
pub(super) fn is_key(name: &str) -> bool {
    name.strip_prefix(NAME).is_some_and(|rest| rest.starts_with(' '))
}

/// The documents that `text`, a template, includes.
///
/// # Errors
/// What can't be read, or is named in a way that isn't understood.
pub(super) async fn fetch(
    objects: &dyn Objects,
    text: &str,
    given: &Map<String, Value>,
    pseudo: &Map<String, Value>,
) -> Result<Included, Error> {
    // Most templates don't, and are parsed once.
    if !text.contains(NAME) {
        return Ok(Included::new());
    }
    let Value::Object(mut sections) = document::parse(text)? else { return Ok(Included::new()) };
    let declared = sections.get("Parameters").cloned().unwrap_or_default();
    let names = Names { declared: &declared, given, pseudo };
    let mut wanted = BTreeMap::new();
    expand(&mut sections, &mut |location, at| {
        wanted.insert(key(location), names.location(location, at)?);
        Ok(Value::Object(Map::new()))
    })?;
    if DOCUMENTS_MAX < wanted.len() {
        let problem = format!("{} documents are included; at most {DOCUMENTS_MAX} can be", wanted.len());
        return Err(Error::at("Transform", problem));
    }
    let mut included = Included::new();
    for (key, location) in wanted {
        let text = objects::text_at(objects, &location).await;
        let text = text.map_err(|problem| Error::at("Transform", format!("{NAME}: {problem}")))?;
        included.insert(key, text);
    }
    Ok(included)
}

/// Puts the documents into their places; false if there are none.
///
/// # Errors
/// What isn't there, is no document, or doesn't fit.
pub(super) fn insert(sections: &mut Map<String, Value>, included: &Included) -> Result<bool, Error> {
    let mut has_some = false;
    expand(sections, &mut |location, at| {
        has_some = true;
        let text = included.get(&key(location)).ok_or_else(|| {
            let problem = "what is included is read by the server that the template is deployed to, not here";
            Error::at(at, problem)
        })?;
        let value = document::parse(text)?;
        match calls_transform(&value) {
            false => Ok(value),
            true => Err(Error::at(at, "what is included includes something itself, which can't be")),
        }
    })?;
    Ok(has_some)
}

fn calls_transform(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(calls_transform),
        Value::Object(map) => map.iter().any(|(key, value)| key == FUNCTION || calls_transform(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// What stands at a location, which is included at a place.
type Read<'a> = dyn FnMut(&Value, &str) -> Result<Value, Error> + 'a;

fn expand(sections: &mut Map<String, Value>, read: &mut Read<'_>) -> Result<(), Error> {
    for (name, section) in sections.iter_mut().filter(|(name, _)| *name != "Transform") {
        within(section, name, read)?;
    }
    let Some(transform) = sections.remove("Transform") else { return Ok(()) };
    let (is_list, named) = match transform {
        Value::Array(items) => (true, items),
        one => (false, vec![one]),
    };
    let mut others = Vec::new();
    for one in named {
        if one.get("Name").and_then(Value::as_str) != Some(NAME) {
            others.push(one);
            continue;
        }
        merge(sections, read(location(&one, "Transform")?, "Transform")?, "Transform")?;
    }
    if !others.is_empty() {
        let others = if is_list { Value::Array(others) } else { others.remove(0) };
        sections.insert("Transform".to_owned(), others);
    }
    Ok(())
}

fn within(value: &mut Value, at: &str, read: &mut Read<'_>) -> Result<(), Error> {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                within(item, &format!("{at}/{i}"), read)?;
            }
        }
        Value::Object(map) => {
            for (key, value) in map.iter_mut().filter(|(key, _)| *key != FUNCTION) {
                within(value, &format!("{at}/{key}"), read)?;
            }
            let is_include =
                |call: &Value| call.get("Name").and_then(Value::as_str).is_none_or(|name| name == NAME);
            if map.get(FUNCTION).is_some_and(is_include)
                && let Some(call) = map.shift_remove(FUNCTION)
            {
                let at = format!("{at}/{FUNCTION}");
                let content = read(location(&call, &at)?, &at)?;
                match map.is_empty() {
                    true => *value = content,
                    false => merge(map, content, &at)?,
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

/// Where the document of a call is, as the template says it.
fn location<'a>(call: &'a Value, at: &str) -> Result<&'a Value, Error> {
    let location = call.get("Parameters").and_then(|parameters| parameters.get("Location"));
    location.ok_or_else(|| Error::at(at, "Parameters.Location is missing"))
}

/// Adds the members of a document to those that are beside it; sections that both have are added likewise.
fn merge(map: &mut Map<String, Value>, content: Value, at: &str) -> Result<(), Error> {
    let Value::Object(content) = content else {
        return Err(Error::at(at, "what is included beside other members is an object"));
    };
    for (name, value) in content {
        match (map.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => {
                map.insert(name, value);
            }
        }
    }
    Ok(())
}

/// What a location may refer to: parameters, and pseudo parameters.
struct Names<'a> {
    declared: &'a Value,
    given: &'a Map<String, Value>,
    pseudo: &'a Map<String, Value>,
}

impl Names<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        let given = self.given.get(name).or_else(|| self.pseudo.get(name));
        given.or_else(|| self.declared.get(name)?.get("Default"))?.as_str()
    }

    /// Where a document is.
    fn location(&self, location: &Value, at: &str) -> Result<String, Error> {
        let found = match location {
            Value::String(text) => Some(text.clone()),
            Value::Object(map) => match (map.get("Ref"), map.get("Fn::Sub")) {
                (Some(Value::String(name)), _) => self.value(name).map(str::to_owned),
                (_, Some(Value::String(text))) => self.filled(text),
                _ => None,
            },
            _ => None,
        };
        let problem = "Location is an address in S3, written out or made of parameters with Ref or Fn::Sub";
        found.ok_or_else(|| Error::at(at, problem))
    }

    fn filled(&self, text: &str) -> Option<String> {
        let mut pieces = text.split("${");
        let mut filled = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}')?;
            filled.push_str(self.value(name.trim())?);
            filled.push_str(rest);
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::objects::ObjectFuture;

    /// Objects by bucket and key.
    struct Shelf(&'static [(&'static str, &'static str)]);

    impl Objects for Shelf {
        fn get<'a>(&'a self, bucket: &'a str, key: &'a str, _: Option<&'a str>) -> ObjectFuture<'a> {
            let place = format!("{bucket}/{key}");
            let found =
                self.0.iter().find(|(known, _)| *known == place).map(|(_, text)| text.as_bytes().to_vec());
            Box::pin(std::future::ready(found.ok_or_else(|| format!("there is no {place}"))))
        }
    }

    async fn inserted(template: Value, objects: &'static [(&str, &str)]) -> Result<Value, String> {
        let pseudo = Map::from_iter([("AWS::Region".to_owned(), json!("eu-west-1"))]);
        let text = template.to_string();
        let included = fetch(&Shelf(objects), &text, &Map::new(), &pseudo).await;
        let included = included.map_err(|error| error.to_string())?;
        let Value::Object(mut sections) = template else { unreachable!("an object") };
        insert(&mut sections, &included).map_err(|error| error.to_string())?;
        Ok(Value::Object(sections))
    }

    fn include(location: Value) -> Value {
        json!({ "Name": NAME, "Parameters": { "Location": location } })
    }

    #[tokio::test]
    async fn documents_stand_where_they_are_called() {
        let of_region = include(json!({ "Fn::Sub": "s3://${Bucket}/${AWS::Region}" }));
        let template = json!({
            "Transform": [include(json!("s3://b/root")), "AWS::Serverless-2016-10-31"],
            "Parameters": { "Bucket": { "Type": "String", "Default": "mine" } },
            "Resources": {
                "A": { "Properties": { "Body": { "Fn::Transform": of_region } } },
                "Fn::Transform": include(json!("s3://b/more")),
            },
        });
        let documents = &[
            ("b/root", "Resources: {R: {Type: X}}\nOutputs: {O: {Value: !Ref R}}"),
            ("mine/eu-west-1", "{\"swagger\": \"2.0\"}"),
            ("b/more", "M: {Type: Y}"),
        ];
        let got = inserted(template, documents).await.unwrap();
        let want = json!({
            "Parameters": { "Bucket": { "Type": "String", "Default": "mine" } },
            "Resources": {
                "A": { "Properties": { "Body": { "swagger": "2.0" } } },
                "M": { "Type": "Y" }, "R": { "Type": "X" },
            },
            "Outputs": { "O": { "Value": { "Ref": "R" } } },
            "Transform": ["AWS::Serverless-2016-10-31"],
        });
        assert_eq!(got, want);
    }

    #[tokio::test]
    async fn what_cant_be_included_is_named() {
        let check = async |call: Value, documents: &'static [(&str, &str)], want: &str| {
            let template = json!({ "Resources": { "Fn::Transform": call } });
            let error = inserted(template, documents).await.unwrap_err();
            assert!(error.contains(want), "{error}");
        };
        let b = include(json!("s3://b/k"));
        check(b.clone(), &[], "there is no b/k").await;
        check(include(json!({ "Ref": "Nope" })), &[], "Resources/Fn::Transform: Location is an address")
            .await;
        check(json!({ "Name": NAME }), &[], "Parameters.Location is missing").await;
        const NESTED: &[(&str, &str)] = &[("b/k", "{\"Fn::Transform\": {\"Name\": \"AWS::Include\"}}")];
        check(b, NESTED, "includes something itself").await;
    }
}
