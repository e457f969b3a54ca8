//! Finds the differences between two exported OpenAPI 3.0 documents of one API, part by part.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

const INTEGRATION: &str = "x-amazon-apigateway-integration";
const ANY: &str = "x-amazon-apigateway-any-method";
/// The longest value shown on a line.
const SHOWN_CHARS_MAX: usize = 80;

/// What happened to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It was not there before.
    Added,
    /// It was there, and is different.
    Changed,
    /// It is there no more.
    Removed,
}

/// A part that was added, removed or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What happened to it.
    pub action: Action,
    /// What kind of part it is, such as `method`.
    pub kind: &'static str,
    /// Its name, such as `GET /pets`.
    pub name: String,
    /// For a changed part: where, from what, to what.
    pub members: Vec<(String, Value, Value)>,
}

/// The parts of an API by kind and name.
type Parts = BTreeMap<(&'static str, String), Value>;

/// All differences between `before` and `after`, ordered by kind and name.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let (before, after) = (parts(before), parts(after));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let one = |key: &(&'static str, String)| {
        let (action, members) = match (before.get(key), after.get(key)) {
            (Some(was), Some(is)) if was == is => return None,
            (Some(was), Some(is)) => (Action::Changed, members(was, is)),
            (None, _) => (Action::Added, Vec::new()),
            (_, None) => (Action::Removed, Vec::new()),
        };
        Some(Difference { action, kind: key.0, name: key.1.clone(), members })
    };
    keys.into_iter().filter_map(one).collect()
}

/// The number of each kind of difference.
pub fn summary(differences: &[Difference]) -> String {
    let count = |action| differences.iter().filter(|it| it.action == action).count();
    let (added, changed, removed) = (count(Action::Added), count(Action::Changed), count(Action::Removed));
    format!("{added} added, {changed} changed, {removed} removed")
}

impl Action {
    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl Difference {
    /// As lines of text.
    pub fn report(&self) -> Vec<String> {
        let sign = match self.action {
            Action::Added => '+',
            Action::Changed => '~',
            Action::Removed => '-',
        };
        let mut lines = vec![format!("{sign} {} {}", self.kind, self.name)];
        let member = |(place, was, is): &(String, Value, Value)| {
            let place = if place.is_empty() { "" } else { &format!("{place}: ") };
            format!("    {place}{} → {}", shown(was), shown(is))
        };
        lines.extend(self.members.iter().map(member));
        lines
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let action = self.action.word();
        let members = self.members.iter();
        let members = members.map(|(place, was, is)| json!({ "path": place, "from": was, "to": is }));
        json!({
            "action": action, "kind": self.kind, "name": self.name, "members": members.collect::<Vec<_>>(),
        })
    }
}

fn shown(value: &Value) -> String {
    if value.is_null() {
        return "nothing".to_owned();
    }
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn parts(document: &Value) -> Parts {
    let mut parts = Parts::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("paths", Value::Object(paths)) => {
                paths.iter().for_each(|(path, item)| resource(path, item, &mut parts))
            }
            ("components", Value::Object(components)) => {
                each(&mut parts, "model", components.get("schemas"));
                each(&mut parts, "security scheme", components.get("securitySchemes"));
            }
            ("info", info) => each(&mut parts, "setting", Some(info)),
            ("x-amazon-apigateway-request-validators", validators) => {
                each(&mut parts, "request validator", Some(validators));
            }
            ("x-amazon-apigateway-gateway-responses", responses) => {
                each(&mut parts, "gateway response", Some(responses));
            }
            // The API's address and the document's version are not compared.
            ("servers" | "openapi", _) => {}
            (other, value) => {
                let name = other.strip_prefix("x-amazon-apigateway-").unwrap_or(other);
                parts.insert(("setting", name.to_owned()), value.clone());
            }
        }
    }
    parts
}

fn each(parts: &mut Parts, kind: &'static str, values: Option<&Value>) {
    for (name, value) in values.and_then(Value::as_object).into_iter().flatten() {
        parts.insert((kind, name.clone()), value.clone());
    }
}

fn resource(path: &str, item: &Value, parts: &mut Parts) {
    parts.insert(("resource", path.to_owned()), Value::Null);
    for (verb, operation) in item.as_object().into_iter().flatten() {
        let verb = if verb == ANY { "ANY".to_owned() } else { verb.to_uppercase() };
        let place = format!("{verb} {path}");
        let mut operation = operation.as_object().cloned().unwrap_or_default();
        if let Some(Value::Object(mut integration)) = operation.remove(INTEGRATION) {
            // Identified by status, because their patterns may change.
            let responses = integration.remove("responses");
            for (pattern, response) in responses.as_ref().and_then(Value::as_object).into_iter().flatten() {
                let mut response = response.as_object().cloned().unwrap_or_default();
                let status = response.get("statusCode").and_then(Value::as_str).unwrap_or(pattern).to_owned();
                response.insert("selectionPattern".to_owned(), json!(pattern));
                let key = ("integration response", format!("{place} {status}"));
                parts.insert(key, response.into());
            }
            parts.insert(("integration", place.clone()), integration.into());
        }
        if let Some(Value::Object(responses)) = operation.remove("responses") {
            for (status, response) in responses {
                parts.insert(("method response", format!("{place} {status}")), response);
            }
        }
        parts.insert(("method", place), Value::Object(by_name(operation)));
    }
}

/// Parameters by location and name, so that an additional one doesn't change all that follow.
fn by_name(mut operation: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(parameters)) = operation.remove("parameters") {
        let text =
            |parameter: &Value, member: &str| parameter[member].as_str().unwrap_or_default().to_owned();
        let named =
            parameters.into_iter().map(|it| (format!("{} {}", text(&it, "in"), text(&it, "name")), it));
        operation.insert("parameters".to_owned(), Value::Object(named.collect()));
    }
    operation
}

/// The innermost members that differ.
fn members(was: &Value, is: &Value) -> Vec<(String, Value, Value)> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), Some(was), Some(is))];
    while let Some((place, was, is)) = left.pop() {
        match (was, is) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                // The last comes first, because items are taken from the end of the list.
                for name in names.into_iter().rev() {
                    let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                    left.push((place, before.get(name), after.get(name)));
                }
            }
            (was, is) if was == is => {}
            (was, is) => {
                let of = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
                found.push((place, of(was), of(is)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "openapi": "3.0.1",
            "info": {"title": "pets", "version": "1"},
            "servers": [{"url": "https://a"}],
            "paths": {"/pets": {"get": {
                "parameters": [{"in": "query", "name": "page"}],
                "responses": {"200": {"description": "ok"}},
                INTEGRATION: {
                    "type": "http", "uri": "http://a",
                    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "x"}}},
                },
            }}},
            "components": {"schemas": {"Pet": {"type": "object"}}},
            "x-amazon-apigateway-binary-media-types": ["image/png"],
        })
    }

    fn check(change: impl FnOnce(&mut Value), expect: &[&str]) {
        let (before, mut after) = (document(), document());
        change(&mut after);
        let report: Vec<String> = differences(&before, &after).iter().flat_map(Difference::report).collect();
        assert_eq!(report, expect);
    }

    #[test]
    fn each_part_is_told_by_its_kind() {
        check(|_| {}, &[]);
        check(|it| it["servers"] = json!([]), &[]);
        check(|it| it["info"]["title"] = json!("cats"), &["~ setting title", "    \"pets\" → \"cats\""]);
        check(
            |it| it["paths"]["/pets"]["get"][INTEGRATION]["uri"] = json!("http://b"),
            &["~ integration GET /pets", "    uri: \"http://a\" → \"http://b\""],
        );
        check(
            |it| {
                let responses = json!({
                    "5..": {"statusCode": "500"}, "2..": {"statusCode": "200", "responseTemplates": {"application/json": "y"}},
                });
                it["paths"]["/pets"]["get"][INTEGRATION]["responses"] = responses;
            },
            &[
                "~ integration response GET /pets 200",
                "    responseTemplates.application/json: \"x\" → \"y\"",
                "    selectionPattern: \"default\" → \"2..\"",
                "+ integration response GET /pets 500",
            ],
        );
        check(
            |it| {
                let parameters =
                    json!([{"in": "header", "name": "X"}, {"in": "query", "name": "page", "required": true}]);
                it["paths"]["/pets"]["get"]["parameters"] = parameters;
            },
            &[
                "~ method GET /pets",
                "    parameters.header X: nothing → {\"in\":\"header\",\"name\":\"X\"}",
                "    parameters.query page.required: nothing → true",
            ],
        );
        check(
            |it| it["paths"] = json!({"/cats": {ANY: {"responses": {"404": {}}}}}),
            &[
                "- integration GET /pets",
                "- integration response GET /pets 200",
                "+ method ANY /cats",
                "- method GET /pets",
                "+ method response ANY /cats 404",
                "- method response GET /pets 200",
                "+ resource /cats",
                "- resource /pets",
            ],
        );
        check(
            |it| {
                it["components"]["schemas"] = json!({"Cat": {"type": "object"}});
                it["x-amazon-apigateway-binary-media-types"] = json!([]);
            },
            &["+ model Cat", "- model Pet", "~ setting binary-media-types", "    [\"image/png\"] → []"],
        );
    }

    #[test]
    fn before_a_new_api_there_is_nothing() {
        let all = differences(&Value::Null, &document());
        assert!(all.iter().all(|it| it.action == Action::Added));
        assert_eq!(summary(&all), "9 added, 0 changed, 0 removed");
        assert_eq!(
            all[0].to_json(),
            json!({"action": "added", "kind": "integration", "name": "GET /pets", "members": []})
        );
    }
}
