//! The documentation of an API in OpenAPI's own members: `description`, `summary`, `tags`, …
//!
//! Exports write documentation parts into these members and imports make parts from them, so both use this list of
//! members. A part may contain anything; what would violate the standard's types is left out. See
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-documenting-api-content-representation.html>.

use serde_json::{Map, Value};

use super::document::Dialect;
use crate::apis::{DocumentationPartLocation, DocumentationPartType};

/// The members of `info` that the API's part has under `info`; name and version come from the API itself.
pub(super) const INFO: &[&str] = &["description", "termsOfService", "contact", "license"];

/// OpenAPI's members for the properties of such a part.
pub(super) const fn members(kind: DocumentationPartType, dialect: Dialect) -> &'static [&'static str] {
    match kind {
        DocumentationPartType::Api => &["tags", "externalDocs"],
        DocumentationPartType::Method => &["tags", "summary", "description", "externalDocs", "deprecated"],
        DocumentationPartType::Model => &["title", "description"],
        DocumentationPartType::Resource => match dialect {
            // In Swagger, paths have no members for text.
            Dialect::Swagger2 => &[],
            Dialect::V3 => &["summary", "description"],
        },
        DocumentationPartType::Authorizer
        | DocumentationPartType::PathParameter
        | DocumentationPartType::QueryParameter
        | DocumentationPartType::RequestBody
        | DocumentationPartType::RequestHeader
        | DocumentationPartType::Response
        | DocumentationPartType::ResponseHeader => &["description"],
        // The body is a reference to its model, beside which no other members are allowed.
        DocumentationPartType::ResponseBody => &[],
    }
}

/// The `properties` with a name in `names` and the type that OpenAPI requires.
pub(super) fn picked(properties: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let pick = |name: &&str| {
        let value = properties.get(*name).filter(|value| fits(name, value))?;
        Some(((*name).to_owned(), value.clone()))
    };
    names.iter().filter_map(pick).collect()
}

fn fits(name: &str, value: &Value) -> bool {
    let has_text = |member: &str| value.get(member).is_some_and(Value::is_string);
    match name {
        "deprecated" => value.is_boolean(),
        "tags" => value.as_array().is_some_and(|tags| !tags.is_empty()),
        "externalDocs" => has_text("url"),
        "license" => has_text("name"),
        "contact" => value.is_object(),
        _ => value.as_str().is_some_and(|text| !text.is_empty()),
    }
}

/// A location with the given fields.
pub(super) fn location(
    kind: DocumentationPartType,
    path: Option<&str>,
    method: Option<&str>,
    status_code: Option<&str>,
    name: Option<&str>,
) -> DocumentationPartLocation {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    DocumentationPartLocation {
        kind,
        path: owned(path),
        method: owned(method),
        status_code: owned(status_code),
        name: owned(name),
    }
}

/// The description that exports write for an undocumented response.
pub(super) fn plain_response(status: &str) -> String {
    format!("{status} response")
}

/// The parts for a document.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<(DocumentationPartLocation, Map<String, Value>)>);

impl Texts {
    pub(super) fn new(parts: Vec<(DocumentationPartLocation, Map<String, Value>)>) -> Self {
        Self(parts)
    }

    /// OpenAPI's members for the entity at `place`: those of its own part, or of the nearest one from which it
    /// inherits.
    pub(super) fn about(&self, place: &DocumentationPartLocation, dialect: Dialect) -> Map<String, Value> {
        let names = members(place.kind, dialect);
        self.part(place).map(|properties| picked(properties, names)).unwrap_or_default()
    }

    /// The members of `info` other than the API's own name and version.
    pub(super) fn info(&self) -> Map<String, Value> {
        let properties = self.part(&location(DocumentationPartType::Api, None, None, None, None));
        let info = properties.and_then(|properties| properties.get("info")?.as_object());
        info.map(|info| picked(info, INFO)).unwrap_or_default()
    }

    fn part(&self, place: &DocumentationPartLocation) -> Option<&Map<String, Value>> {
        let own = self.0.iter().find(|(location, _)| location == place);
        let nearest = || {
            let heirs = self.0.iter().filter(|(location, _)| inherits(place, location));
            heirs.max_by_key(|(location, _)| {
                let is_exact = |text: &Option<String>| text.as_deref() != Some(EVERY);
                let depth = location.path.as_deref().map_or(0, str::len);
                (depth, is_exact(&location.method), is_exact(&location.status_code))
            })
        };
        own.or_else(nearest).map(|(_, properties)| properties)
    }
}

/// The method or status of parts about all of them.
const EVERY: &str = "*";

/// Whether the part at `location` also applies to `place` below it.
fn inherits(place: &DocumentationPartLocation, location: &DocumentationPartLocation) -> bool {
    let is_inherited = match place.kind {
        DocumentationPartType::PathParameter
        | DocumentationPartType::QueryParameter
        | DocumentationPartType::RequestHeader
        | DocumentationPartType::Response
        | DocumentationPartType::ResponseBody
        | DocumentationPartType::ResponseHeader => true,
        DocumentationPartType::Api
        | DocumentationPartType::Authorizer
        | DocumentationPartType::Method
        | DocumentationPartType::Model
        | DocumentationPartType::RequestBody
        | DocumentationPartType::Resource => false,
    };
    let covers =
        |outer: &Option<String>, inner: &Option<String>| outer == inner || outer.as_deref() == Some(EVERY);
    let is_above = || match (location.path.as_deref(), place.path.as_deref()) {
        (Some("/"), Some(_)) => true,
        (Some(outer), Some(inner)) => {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        (None, _) | (_, None) => false,
    };
    is_inherited
        && place.kind == location.kind
        && place.name == location.name
        && covers(&location.method, &place.method)
        && covers(&location.status_code, &place.status_code)
        && is_above()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts() -> Texts {
        use DocumentationPartType::{Api, Method, QueryParameter, Response};
        let part = |place, text: Value| (place, text.as_object().cloned().unwrap());
        let said = |text: &str| json!({ "description": text });
        Texts::new(vec![
            part(
                location(Api, None, None, None, None),
                json!({"info": {"description": "a", "version": "9"}}),
            ),
            part(location(Method, Some("/"), Some("*"), None, None), said("every method")),
            part(
                location(Method, Some("/a"), Some("GET"), None, None),
                json!({"summary": "s", "x": 1, "tags": "t"}),
            ),
            part(location(QueryParameter, Some("/"), Some("*"), None, Some("q")), said("anywhere")),
            part(location(QueryParameter, Some("/a"), Some("*"), None, Some("q")), said("below a")),
            part(location(QueryParameter, Some("/a"), Some("GET"), None, Some("q")), said("get below a")),
            part(location(Response, Some("/"), Some("*"), Some("404"), None), said("missing")),
            part(location(Response, Some("/"), Some("*"), Some("*"), None), said("some answer")),
        ])
    }

    #[test]
    fn an_entity_without_its_own_words_inherits_the_nearest() {
        use DocumentationPartType::{Method, QueryParameter, Response};
        let texts = texts();
        let check = |place, expect: Option<&str>| {
            let said = texts.about(&place, Dialect::V3);
            assert_eq!(said.get("description").and_then(Value::as_str), expect, "{place}");
        };
        let query = |path, method, name| location(QueryParameter, Some(path), Some(method), None, Some(name));
        check(query("/b", "GET", "q"), Some("anywhere"));
        check(query("/a", "POST", "q"), Some("below a"));
        check(query("/a/c", "GET", "q"), Some("get below a"));
        check(query("/ab", "GET", "q"), Some("anywhere"));
        check(query("/a", "GET", "r"), None);
        let response = |status| location(Response, Some("/a"), Some("GET"), Some(status), None);
        check(response("404"), Some("missing"));
        check(response("200"), Some("some answer"));
        // Methods inherit nothing.
        check(location(Method, Some("/b"), Some("GET"), None, None), None);
    }

    #[test]
    fn only_what_the_standard_has_a_place_for_is_said() {
        let texts = texts();
        let place = location(DocumentationPartType::Method, Some("/a"), Some("GET"), None, None);
        assert_eq!(Value::Object(texts.about(&place, Dialect::Swagger2)), json!({"summary": "s"}));
        assert_eq!(Value::Object(texts.info()), json!({"description": "a"}));
        let bad = json!({"description": 1, "externalDocs": {}, "tags": [], "deprecated": "no", "title": ""});
        let names = ["description", "externalDocs", "tags", "deprecated", "title"];
        assert!(picked(bad.as_object().unwrap(), &names).is_empty());
    }
}
