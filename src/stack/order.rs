//! In which order resources are made: whatever one refers to comes before it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::Error;
use super::intrinsic;
use super::kind::Kind;
use super::template::Declared;

/// Sorts `resources` so that each stands behind what it refers to; ties keep the template's order.
///
/// # Errors
/// [`Error::Circular`]; [`Error::Template`] when a reference names nothing.
pub(super) fn by_dependency<'a>(
    resources: &[&'a Declared],
    known: &dyn Fn(&str) -> bool,
) -> Result<Vec<&'a Declared>, Error> {
    let names: BTreeSet<&str> = resources.iter().map(|r| r.logical_id.as_str()).collect();
    let mut waiting: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for resource in resources {
        let mut needs = BTreeSet::new();
        for value in resource.properties.values() {
            references(value, &mut needs);
        }
        for name in needs.iter().chain(&resource.depends_on) {
            if !names.contains(name.as_str()) && !known(name) {
                let location = format!("Resources/{}", resource.logical_id);
                return Err(Error::at(
                    location,
                    format!("refers to {name}, which the template does not have"),
                ));
            }
        }
        needs.extend(resource.depends_on.iter().cloned());
        if resource.kind == Kind::Deployment {
            // A deployment is a snapshot: it waits for everything it could show, said or not.
            let parts = resources.iter().filter(|other| other.kind.is_deployed());
            needs.extend(parts.map(|other| other.logical_id.clone()));
        }
        needs.retain(|name| names.contains(name.as_str()));
        waiting.insert(&resource.logical_id, needs);
    }
    let mut sorted: Vec<&'a Declared> = Vec::with_capacity(resources.len());
    let mut left: Vec<&'a Declared> = resources.to_vec();
    while !left.is_empty() {
        let ready = left.iter().position(|r| waiting[r.logical_id.as_str()].is_empty());
        let Some(ready) = ready else {
            let names: Vec<&str> = left.iter().map(|r| r.logical_id.as_str()).collect();
            return Err(Error::Circular(names.join(", ")));
        };
        let resource = left.remove(ready);
        for needs in waiting.values_mut() {
            needs.remove(&resource.logical_id);
        }
        sorted.push(resource);
    }
    Ok(sorted)
}

/// Collects every name that `value` refers to with `Ref`, `Fn::GetAtt` or `Fn::Sub`.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("Ref", Value::String(name)) => {
                        found.insert(name.clone());
                    }
                    ("Fn::GetAtt", Value::Array(parts)) => {
                        found.extend(parts.first().and_then(Value::as_str).map(str::to_owned));
                    }
                    ("Fn::Sub", Value::String(text)) => found.extend(intrinsic::sub_names(text)),
                    ("Fn::Sub", Value::Array(parts)) => {
                        let own = parts.get(1).and_then(Value::as_object);
                        let text = parts.first().and_then(Value::as_str).unwrap_or_default();
                        let names = intrinsic::sub_names(text);
                        found.extend(names.filter(|n| !own.is_some_and(|own| own.contains_key(n))));
                        own.into_iter().flat_map(|own| own.values()).for_each(|v| references(v, found));
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
