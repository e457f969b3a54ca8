//! The transform `AWS::Serverless-2016-10-31`: makes CloudFormation's resources of those of the Serverless Application
//! Model, from its published specification. Logical ids are those that AWS's own transform gives.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html>

mod api;
mod authorizers;
mod connectors;
mod cors;
mod events;
mod function;
mod globals;
mod layer;
mod policies;
mod policy_templates;
mod references;
mod roles;
mod state_machine;
mod table;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::api::Apis;
use self::references::References;
use super::error::Error;

/// The transform's name.
pub(super) const NAME: &str = "AWS::Serverless-2016-10-31";

const FUNCTION: &str = "AWS::Serverless::Function";
const API: &str = "AWS::Serverless::Api";
const STATE_MACHINE: &str = "AWS::Serverless::StateMachine";
const LAYER: &str = "AWS::Serverless::LayerVersion";
const TABLE: &str = "AWS::Serverless::SimpleTable";

/// What the transform makes.
#[derive(Default)]
struct Made {
    resources: Map<String, Value>,
    references: References,
    errors: Vec<Error>,
}

impl Made {
    fn refuse(&mut self, location: impl Into<String>, problem: impl Into<String>) {
        self.errors.push(Error::at(location, problem));
    }

    /// Adds a resource with the attributes of the one that it is made for.
    fn add(&mut self, id: impl Into<String>, kind: &str, properties: Map<String, Value>, source: &Source) {
        let mut resource = json!({ "Type": kind, "Properties": properties });
        if let Some(condition) = &source.condition {
            resource["Condition"] = condition.clone();
        }
        self.resources.insert(id.into(), resource);
    }

    /// Adds what a resource becomes itself: it keeps all attributes.
    fn put(&mut self, id: impl Into<String>, kind: &str, properties: Map<String, Value>, source: &Source) {
        let mut resource = source.attributes.clone();
        resource.insert("Type".to_owned(), json!(kind));
        resource.insert("Properties".to_owned(), properties.into());
        self.resources.insert(id.into(), resource.into());
    }
}

/// A resource of the model.
struct Source {
    id: String,
    properties: Map<String, Value>,
    /// `DependsOn`, `Metadata`, `Condition` and the policies.
    attributes: Map<String, Value>,
    condition: Option<Value>,
}

impl Source {
    /// Its location in the template.
    fn at(&self) -> String {
        format!("Resources/{}/Properties", self.id)
    }

    /// Takes a property; null counts as absent.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.properties.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Takes properties under the names that they have in CloudFormation.
    fn rename(&mut self, names: &[(&str, &str)], into: &mut Map<String, Value>) {
        for (name, other) in names {
            if let Some(value) = self.take(name) {
                into.insert((*other).to_owned(), value);
            }
        }
    }

    /// Refuses what nobody has taken.
    fn refuse_rest(&self, kind: &'static str, made: &mut Made) {
        let rest = self.properties.keys().map(|property| Error::UnsupportedProperty {
            logical_id: self.id.clone(),
            kind: kind.to_owned(),
            property: property.clone(),
        });
        made.errors.extend(rest);
    }
}

/// Makes CloudFormation's resources of those of the model, in a template's sections.
///
/// # Errors
/// Everything that can't be made, at once.
pub(super) fn translate(sections: &mut Map<String, Value>) -> Result<(), Vec<Error>> {
    let globals = match sections.shift_remove("Globals") {
        Some(Value::Object(globals)) => globals,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(vec![Error::at("Globals", "expected an object")]),
    };
    let Some(Value::Object(resources)) = sections.get_mut("Resources").map(Value::take) else {
        return Err(vec![Error::at("Resources", "expected an object")]);
    };
    let mut made = Made::default();
    if let Err(errors) = globals::check(&globals) {
        made.errors.extend(errors);
    }
    let mut sources: Vec<(&'static str, Source)> = Vec::new();
    for (id, resource) in resources {
        let kind = resource.get("Type").and_then(Value::as_str);
        let kind =
            [FUNCTION, API, STATE_MACHINE, LAYER, TABLE].into_iter().find(|known| Some(*known) == kind);
        match (kind, resource) {
            (Some(kind), Value::Object(resource)) => {
                sources.push((kind, source(id, kind, resource, &globals)))
            }
            (_, resource) => {
                made.resources.insert(id, resource);
            }
        }
    }
    let mut apis = Apis::new(globals.get("Api"), &made.resources);
    // APIs are known before what adds paths to them.
    let (declared, others): (Vec<_>, Vec<_>) = sources.into_iter().partition(|(kind, _)| *kind == API);
    for (_, source) in declared {
        apis.declare(source, &mut made);
    }
    for (kind, source) in others {
        match kind {
            FUNCTION => function::translate(source, &mut apis, &mut made),
            STATE_MACHINE => state_machine::translate(source, &mut apis, &mut made),
            TABLE => table::translate(source, &mut made),
            _ => layer::translate(source, &mut made),
        }
    }
    apis.finish(&mut made);
    connectors::translate(&mut made);
    if !made.errors.is_empty() {
        return Err(made.errors);
    }
    let mut resources = Value::Object(made.resources);
    made.references.rewrite(&mut resources);
    for section in ["Outputs", "Conditions"] {
        if let Some(section) = sections.get_mut(section) {
            made.references.rewrite(section);
        }
    }
    sections.insert("Resources".to_owned(), resources);
    Ok(())
}

fn source(
    id: String,
    kind: &'static str,
    mut resource: Map<String, Value>,
    globals: &Map<String, Value>,
) -> Source {
    resource.shift_remove("Type");
    let own = match resource.shift_remove("Properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    let common = kind.rsplit(':').next().and_then(|section| globals.get(section));
    let properties = match common.and_then(Value::as_object) {
        Some(common) => globals::merged(common, own),
        None => own,
    };
    let condition = resource.get("Condition").cloned();
    Source { id, properties, attributes: resource, condition }
}

/// Tags of the model, a map, as CloudFormation's list; with one that says who made the resource.
fn tags(given: Option<Value>, creator: Option<&str>) -> Value {
    let mut tags: BTreeMap<String, Value> = BTreeMap::new();
    match given {
        None => {}
        Some(Value::Object(given)) => tags.extend(given),
        // No map of the model: it is for CloudFormation to refuse.
        Some(other) => return other,
    }
    tags.extend(creator.map(|key| (key.to_owned(), json!("SAM"))));
    tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// A list, or a single value as one.
fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

/// The location of an object of S3, `s3://bucket/key` or an object of `Bucket`, `Key` and `Version`, under these names;
/// anything else, a path beside the template, stays as it is.
fn location(value: Value, names: [&str; 3]) -> Value {
    let [bucket, key, version] = names;
    match &value {
        Value::String(text) => match text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
            Some((in_bucket, path)) => {
                let (path, at) = match path.split_once("?versionId=") {
                    Some((path, at)) => (path, Some(at)),
                    None => (path, None),
                };
                let mut location = json!({ bucket: in_bucket, key: path });
                if let Some(at) = at {
                    location[version] = json!(at);
                }
                location
            }
            None => value,
        },
        Value::Object(given) if given.contains_key("Bucket") => {
            let members = [("Bucket", bucket), ("Key", key), ("Version", version)];
            let members = members
                .iter()
                .filter_map(|(name, other)| Some(((*other).to_owned(), given.get(*name)?.clone())));
            Value::Object(members.collect())
        }
        _ => value,
    }
}

/// The beginning of a hash of `value`, for logical ids that change with what they are made of.
fn hash(value: &Value) -> String {
    let text = value.to_string();
    let hash = text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    format!("{hash:032x}")[..10].to_owned()
}
