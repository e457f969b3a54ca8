//! Determines the order in which resources are created: a resource comes after everything to which it refers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::Error;
use super::intrinsic;
use super::kind::Kind;
use super::scope::Scope;
use super::template::{Declared, Template};

/// What a resource waits for.
struct Needs<'a> {
    /// What it refers to, or names in `DependsOn`.
    said: BTreeSet<&'a str>,
    /// What should also come first if possible.
    better: BTreeSet<&'a str>,
}

/// Sorts the resources of `template` that exist under `scope`'s conditions, so that each comes after what it refers to;
/// otherwise the template's order is kept. A resource whose condition is undecided counts as existing.
///
/// # Errors
/// [`Error::Circular`]; [`Error::Template`] if a reference or a condition names nothing.
pub(super) fn by_dependency<'a>(
    template: &'a Template,
    scope: &Scope<'_>,
) -> Result<Vec<&'a Declared>, Error> {
    let declared: BTreeSet<&str> = template.resources.iter().map(|r| r.logical_id.as_str()).collect();
    let mut wanted: Vec<&'a Declared> = Vec::with_capacity(template.resources.len());
    for resource in &template.resources {
        if is_there(resource.condition.as_deref(), scope, &resource.location())? != Some(false) {
            wanted.push(resource);
        }
    }
    let existing: BTreeSet<&'a str> = wanted.iter().map(|r| r.logical_id.as_str()).collect();
    let mut waiting: BTreeMap<&'a str, Needs<'a>> = BTreeMap::new();
    for resource in &wanted {
        let mut found = References { scope, taken: BTreeSet::new(), all: BTreeSet::new() };
        // A resource that may not exist need not find everything.
        let is_sure = is_there(resource.condition.as_deref(), scope, &resource.location())? == Some(true);
        for value in resource.properties.values() {
            found.collect(value, is_sure);
        }
        found.check(&declared, &existing, &resource.location())?;
        if let Some(nothing) = resource.depends_on.iter().find(|name| !declared.contains(name.as_str())) {
            return Err(Error::unresolved(&resource.location(), "depends on", nothing));
        }
        // As on AWS, dependants don't wait for a resource whose condition is false.
        let said = found.taken.into_iter().chain(resource.depends_on.iter().cloned());
        let said = said.filter_map(|name| existing.get(name.as_str()).copied()).collect();
        let mut better = BTreeSet::new();
        if resource.kind == Kind::Deployment {
            // A deployment is a snapshot, so it waits for every part of its API, whether or not `DependsOn` says so.
            let parts =
                wanted.iter().filter(|other| other.kind.is_deployed() && !is_elsewhere(resource, other));
            better.extend(parts.map(|other| other.logical_id.as_str()));
        }
        waiting.insert(&resource.logical_id, Needs { said, better });
    }
    sort(wanted, waiting)
}

/// Whether two resources belong to different APIs of the template.
fn is_elsewhere(one: &Declared, other: &Declared) -> bool {
    let api = |resource: &Declared| resource.properties.get("RestApiId")?.get("Ref").cloned();
    matches!((api(one), api(other)), (Some(one), Some(other)) if one != other)
}

fn sort<'a>(
    mut left: Vec<&'a Declared>,
    mut waiting: BTreeMap<&'a str, Needs<'a>>,
) -> Result<Vec<&'a Declared>, Error> {
    let mut sorted: Vec<&'a Declared> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let needs = |r: &&Declared| &waiting[r.logical_id.as_str()];
        let ready = left.iter().position(|r| needs(r).said.is_empty() && needs(r).better.is_empty());
        // A part that depends on the deployment can't be part of it.
        let ready = ready.or_else(|| left.iter().position(|r| needs(r).said.is_empty()));
        let Some(ready) = ready else {
            let names: Vec<&str> = left.iter().map(|r| r.logical_id.as_str()).collect();
            return Err(Error::Circular(names.join(", ")));
        };
        let resource = left.remove(ready);
        for needs in waiting.values_mut() {
            needs.said.remove(resource.logical_id.as_str());
            needs.better.remove(resource.logical_id.as_str());
        }
        sorted.push(resource);
    }
    Ok(sorted)
}

/// Checks that the outputs refer only to what exists.
///
/// # Errors
/// [`Error::Template`] if a reference or a condition names nothing.
pub(super) fn check_outputs(
    template: &Template,
    scope: &Scope<'_>,
    ordered: &[&Declared],
) -> Result<(), Error> {
    let declared: BTreeSet<&str> = template.resources.iter().map(|r| r.logical_id.as_str()).collect();
    let existing: BTreeSet<&str> = ordered.iter().map(|r| r.logical_id.as_str()).collect();
    for (name, output) in &template.outputs {
        let at = format!("Outputs/{name}");
        let mut found = References { scope, taken: BTreeSet::new(), all: BTreeSet::new() };
        let is_sure = is_there(output.condition.as_deref(), scope, &at)? == Some(true);
        found.collect(&output.value, is_sure);
        found.check(&declared, &existing, &at)?;
    }
    Ok(())
}

/// Whether something with this condition exists; `None` while that is undecided.
///
/// # Errors
/// [`Error::Template`] if there is no such condition.
pub(super) fn is_there(condition: Option<&str>, scope: &Scope<'_>, at: &str) -> Result<Option<bool>, Error> {
    let Some(name) = condition else { return Ok(Some(true)) };
    match scope.conditions.get(name) {
        Some(holds) => Ok(*holds),
        None => Err(Error::at(format!("{at}/Condition"), format!("no condition is named {name:?}"))),
    }
}

/// The names to which values refer with `Ref`, `Fn::GetAtt` or `Fn::Sub`.
struct References<'a> {
    scope: &'a Scope<'a>,
    /// Names in branches that are taken.
    taken: BTreeSet<String>,
    /// Names in all branches.
    all: BTreeSet<String>,
}

impl References<'_> {
    /// Checks that every name is in the template, and that those in use also exist.
    fn check(
        &self,
        declared: &BTreeSet<&str>,
        existing: &BTreeSet<&str>,
        location: &str,
    ) -> Result<(), Error> {
        let known = |name: &str| self.scope.parameters.contains_key(name) || name.starts_with("AWS::");
        if let Some(name) = self.all.iter().find(|name| !declared.contains(name.as_str()) && !known(name)) {
            return Err(Error::unresolved(location, "refers to", name));
        }
        if let Some(name) = self.taken.iter().find(|name| !existing.contains(name.as_str()) && !known(name)) {
            let problem = format!("refers to {name}, which is not made: its condition does not hold");
            return Err(Error::at(location, problem));
        }
        Ok(())
    }

    fn add(&mut self, name: String, is_taken: bool) {
        if is_taken {
            self.taken.insert(name.clone());
        }
        self.all.insert(name);
    }

    fn collect(&mut self, value: &Value, is_taken: bool) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, is_taken)),
            Value::Object(map) => match intrinsic::call(map) {
                Some((function, argument)) => self.collect_call(function, argument, is_taken),
                None => map.values().for_each(|value| self.collect(value, is_taken)),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn collect_call(&mut self, function: &str, argument: &Value, is_taken: bool) {
        match (function, argument) {
            ("Ref", Value::String(name)) => self.add(name.clone(), is_taken),
            ("Fn::GetAtt", Value::String(text)) => {
                let resource = text.split('.').next().unwrap_or(text);
                self.add(resource.to_owned(), is_taken);
            }
            ("Fn::GetAtt", Value::Array(parts)) => {
                if let Some(resource) = parts.first().and_then(Value::as_str) {
                    self.add(resource.to_owned(), is_taken);
                }
                parts.iter().skip(1).for_each(|part| self.collect(part, is_taken));
            }
            ("Fn::Sub", Value::String(text)) => {
                for name in intrinsic::sub_names(text) {
                    let resource = name.split('.').next().unwrap_or(&name);
                    self.add(resource.to_owned(), is_taken);
                }
            }
            ("Fn::Sub", Value::Array(parts)) => {
                let own = parts.get(1).and_then(Value::as_object);
                let text = parts.first().and_then(Value::as_str).unwrap_or_default();
                // A name in the map may contain dots; its first part is not a name then.
                for name in intrinsic::sub_names(text) {
                    if !own.is_some_and(|own| own.contains_key(&name)) {
                        let resource = name.split('.').next().unwrap_or(&name);
                        self.add(resource.to_owned(), is_taken);
                    }
                }
                own.into_iter().flat_map(|own| own.values()).for_each(|v| self.collect(v, is_taken));
            }
            ("Fn::If", Value::Array(parts)) if parts.len() == 3 => {
                let holds = parts[0].as_str().and_then(|name| self.scope.conditions.get(name));
                let holds = holds.copied().flatten();
                // While a condition is undecided, neither branch is certain.
                self.collect(&parts[1], is_taken && holds == Some(true));
                self.collect(&parts[2], is_taken && holds == Some(false));
            }
            _ => self.collect(argument, is_taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The order of a template's resources under these conditions.
    fn order(sections: &Value, conditions: &[(&str, Option<bool>)]) -> Result<Vec<String>, String> {
        let template = Template::parse(&sections.to_string()).unwrap();
        let mappings = json!({});
        let scope = Scope {
            parameters: serde_json::Map::from_iter([("P".to_owned(), json!("p"))]),
            guessed: BTreeSet::new(),
            mappings: &mappings,
            conditions: conditions.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect(),
            exports: None,
        };
        let ordered = by_dependency(&template, &scope).map_err(|error| error.to_string())?;
        check_outputs(&template, &scope, &ordered).map_err(|error| error.to_string())?;
        Ok(ordered.iter().map(|r| r.logical_id.clone()).collect())
    }

    fn activity(name: &Value) -> Value {
        json!({"Type": "AWS::StepFunctions::Activity", "Properties": {"Name": name}})
    }

    #[test]
    fn whatever_is_referred_to_comes_first() {
        for reference in [
            json!({"Ref": "Z"}),
            json!({"Fn::GetAtt": ["Z", "Name"]}),
            json!({"Fn::GetAtt": "Z.Name"}),
            json!({"Fn::Sub": "${P}-${Z.Name}"}),
            json!({"Fn::Sub": ["${a.b}${c}", {"a.b": "x", "c": {"Fn::GetAtt": "Z.Name"}}]}),
            json!({"Fn::Join": ["", ["a", {"Fn::Select": [0, [{"Ref": "Z"}]]}]]}),
            json!({"Fn::If": ["Yes", {"Ref": "Z"}, "x"]}),
        ] {
            let template = json!({"Resources": {"A": activity(&reference), "Z": activity(&json!("z"))}});
            assert_eq!(order(&template, &[("Yes", Some(true))]).unwrap(), ["Z", "A"], "{reference}");
        }
    }

    #[test]
    fn branches_not_taken_need_not_exist() {
        let mut other = activity(&json!("z"));
        other["Condition"] = json!("Prod");
        let choice = json!({"Fn::If": ["Prod", {"Ref": "Z"}, "none"]});
        let mut one = activity(&choice);
        one["DependsOn"] = json!(["Z"]);
        let output = json!({"Value": {"Ref": "Z"}, "Condition": "Prod"});
        let template = json!({"Resources": {"A": one, "Z": other}, "Outputs": {"O": output}});
        assert_eq!(order(&template, &[("Prod", Some(false))]).unwrap(), ["A"]);
        assert_eq!(order(&template, &[("Prod", Some(true))]).unwrap(), ["Z", "A"]);
        assert_eq!(order(&template, &[("Prod", None)]).unwrap(), ["Z", "A"]);
        assert!(order(&template, &[]).unwrap_err().contains("no condition is named \"Prod\""));
    }

    #[test]
    fn names_of_nothing_are_refused() {
        let mut never = activity(&json!("z"));
        never["Condition"] = json!("No");
        let check = |a: Value, outputs: Value, want: &str| {
            let template = json!({"Resources": {"A": a, "Z": never}, "Outputs": outputs});
            let error = order(&template, &[("No", Some(false))]).unwrap_err();
            assert!(error.contains(want), "{error}");
        };
        check(activity(&json!({"Ref": "Nope"})), json!({}), "Resources/A: refers to Nope");
        check(activity(&json!({"Fn::If": ["No", {"Ref": "Nope"}, "x"]})), json!({}), "refers to Nope");
        check(activity(&json!({"Ref": "Z"})), json!({}), "its condition does not hold");
        check(activity(&json!("a")), json!({"O": {"Value": {"Ref": "Nope"}}}), "Outputs/O: refers to Nope");
        let mut depends = activity(&json!("a"));
        depends["DependsOn"] = json!("Nope");
        check(depends, json!({}), "depends on Nope");
    }

    #[test]
    fn a_deployment_comes_after_all_parts_but_those_made_from_it() {
        let api = json!({"Ref": "Api"});
        let method = |uri: Value| {
            json!({"Type": "AWS::ApiGateway::Method", "Properties": {
                "RestApiId": api, "ResourceId": {"Fn::GetAtt": "Api.RootResourceId"}, "HttpMethod": "GET",
                "Integration": {"Type": "HTTP_PROXY", "Uri": uri},
            }})
        };
        let template = json!({"Resources": {
            "Calls": method(json!({"Fn::Sub": "http://x/${Deployment}"})),
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": api}},
            "Method": method(json!("http://x")),
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}},
        }});
        // JSON's members are sorted by name.
        assert_eq!(order(&template, &[]).unwrap(), ["Api", "Method", "Deployment", "Calls"]);
        let circle =
            json!({"Resources": {"A": activity(&json!({"Ref": "B"})), "B": activity(&json!({"Ref": "A"}))}});
        assert!(order(&circle, &[]).unwrap_err().contains("circular"));
    }
}
