//! JSON Schema, draft 4, as API Gateway's models are written in: documents, compiled once, that say what is
//! wrong with a value.
//!
//! Models refer to one another by URL; a [`Library`] is all that can be referred to. Nothing is ever fetched.
//! See <https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html>.

// Rooms are called by their names, wherever they stand.

// Rooms are called by their names, wherever they stand.
use stepgate_vtl as vtl;

mod complaints;
mod pattern;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Retrieve, Uri, Validator};
use serde_json::Value;

/// How many schemas may apply to one value by way of one another; deeper counts as endless.
const DEPTH_MAX: usize = 256;

/// Why a schema can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no document of this URL.
    #[error("there is no schema {0}")]
    Missing(String),
    /// The document, or one that it refers to, is no schema of draft 4; says what is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The schema refers to itself without a value in between, so that no check of it would end.
    #[error("the schema refers to itself")]
    Endless,
}

/// Schemas by their URLs.
#[derive(Clone, Debug, Default)]
pub struct Library(Arc<BTreeMap<String, Value>>);

impl Library {
    /// A library of `documents`, given as URL and text; texts that are no JSON are left out.
    pub fn new<'t>(documents: impl IntoIterator<Item = (String, &'t str)>) -> Self {
        let parsed = documents.into_iter().filter_map(|(url, text)| {
            let mut document: Value = serde_json::from_str(text).ok()?;
            // Whatever a document calls itself, it is read as draft 4.
            if let Some(members) = document.as_object_mut() {
                members.remove("$schema");
            }
            pattern::with_strict_keys(&mut document);
            Some((url, document))
        });
        Self(Arc::new(parsed.collect()))
    }

    /// The document `url`, ready to check values with all that it refers to.
    pub fn compile(&self, url: &str) -> Result<Schema, Error> {
        if !self.0.contains_key(url) {
            return Err(Error::Missing(url.to_owned()));
        }
        if self.is_endless(url) {
            return Err(Error::Endless);
        }
        let options = jsonschema::options()
            .with_draft(Draft::Draft4)
            .with_retriever(self.clone())
            .with_keyword("pattern", |_, given, _| pattern::keyword(given))
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(pattern::BACKTRACKS_MAX));
        let root = serde_json::json!({ "$ref": url });
        options.build(&root).map(Schema).map_err(|error| Error::Invalid(error.to_string()))
    }

    /// Whether checking `url` would check the same value against a schema for ever.
    fn is_endless(&self, url: &str) -> bool {
        let Some(root) = self.0.get(url) else { return false };
        self.circles(url, root, &mut Trail::default())
    }

    /// Follows what applies to the same value as `schema` does. Each schema is followed once.
    fn circles<'s>(&'s self, base: &'s str, schema: &'s Value, trail: &mut Trail) -> bool {
        let place = std::ptr::from_ref(schema);
        if trail.open.contains(&place) || trail.open.len() >= DEPTH_MAX {
            return true;
        }
        if !trail.seen.insert(place) {
            return false;
        }
        trail.open.push(place);
        let mut found = false;
        if let Some((base, target)) = self.referred(base, schema) {
            found = self.circles(base, target, trail);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let parts = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            found = found || parts.into_iter().any(|part| self.circles(base, part, trail));
        }
        if let Some(part) = schema.get("not") {
            found = found || self.circles(base, part, trail);
        }
        let dependencies = schema.get("dependencies").and_then(Value::as_object).into_iter().flatten();
        found = found || dependencies.into_iter().any(|(_, part)| self.circles(base, part, trail));
        trail.open.pop();
        found
    }

    /// What `schema`, which stands in the document `base`, refers to.
    fn referred<'s>(&'s self, base: &'s str, schema: &'s Value) -> Option<(&'s str, &'s Value)> {
        let reference = schema.get("$ref")?.as_str()?;
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let url = if url.is_empty() { base } else { url };
        let (url, document) = self.0.get_key_value(url)?;
        Some((url, document.pointer(fragment)?))
    }
}

/// The schemas, by where they stand in memory, that a search for circles has come to.
#[derive(Default)]
struct Trail {
    /// On the way to the present one.
    open: Vec<*const Value>,
    seen: HashSet<*const Value>,
}

impl Retrieve for Library {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let url = uri.as_str();
        self.0.get(url).cloned().ok_or_else(|| Box::new(Error::Missing(url.to_owned())).into())
    }
}

/// Whether `document` is a schema of draft 4 by itself; what it refers to is not looked at.
pub fn is_schema(document: &Value) -> bool {
    let mut document = document.clone();
    let Some(members) = document.as_object_mut() else { return false };
    members.remove("$schema");
    pattern::take_patterns(&mut document) && jsonschema::draft4::meta::is_valid(&document)
}

/// A schema, ready to check values.
pub struct Schema(Validator);

impl Schema {
    /// Checks `value`; the complaints are listed as API Gateway lists them: `[…, …]`.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        if self.0.is_valid(value) {
            return Ok(());
        }
        Err(complaints::list(self.0.iter_errors(value)))
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn library(documents: &[(&str, &str)]) -> Library {
        Library::new(documents.iter().map(|(name, text)| (url(name), *text)))
    }

    fn url(name: &str) -> String {
        format!("https://apigateway.amazonaws.com/restapis/abc/models/{name}")
    }

    #[track_caller]
    fn check(schema: &str, value: Value, expect: &str) {
        let schema = library(&[("Pet", schema)]).compile(&url("Pet")).unwrap();
        let complaints = schema.check(&value).err().unwrap_or_default();
        assert_eq!(complaints, expect, "{value}");
    }

    #[test]
    fn complaints_are_worded_as_recorded() {
        let schema = r#"{"type": "object", "required": ["b", "a"], "properties": {"n": {"type": "number"}}}"#;
        check(schema, json!({"a": 1, "b": 2, "n": 1.5}), "");
        check(schema, json!({"a": 1}), r#"[object has missing required properties (["b"])]"#);
        check(
            schema,
            json!({"n": "x"}),
            "[object has missing required properties ([\"a\",\"b\"]), \
             instance type (string) does not match any allowed primitive type (allowed: [\"integer\",\"number\"])]",
        );
        check(
            schema,
            json!([]),
            r#"[instance type (array) does not match any allowed primitive type (allowed: ["object"])]"#,
        );
    }

    #[test]
    fn every_keyword_of_draft_4_complains_in_its_own_words() {
        for (schema, value, expect) in [
            (
                r#"{"enum": ["a", 1]}"#,
                json!("b"),
                r#"instance value ("b") not found in enum (possible values: ["a",1])"#,
            ),
            (
                r#"{"maximum": 3}"#,
                json!(4),
                "numeric instance is greater than the required maximum (maximum: 3, found: 4)",
            ),
            (
                r#"{"minimum": 3}"#,
                json!(2),
                "numeric instance is lower than the required minimum (minimum: 3, found: 2)",
            ),
            (
                r#"{"minimum": 3, "exclusiveMinimum": true}"#,
                json!(3),
                "numeric instance is not strictly greater than the required minimum 3",
            ),
            (r#"{"multipleOf": 2}"#, json!(3), "remainder of division is not zero (3 / 2)"),
            (
                r#"{"maxLength": 1}"#,
                json!("äö"),
                r#"string "äö" is too long (length: 2, maximum allowed: 1)"#,
            ),
            (
                r#"{"minLength": 3}"#,
                json!("äö"),
                r#"string "äö" is too short (length: 2, required minimum: 3)"#,
            ),
            (r#"{"pattern": "^a"}"#, json!("b"), r#"ECMA 262 regex "^a" does not match input string "b""#),
            (
                r#"{"maxItems": 1}"#,
                json!([1, 2]),
                "array is too long: must have at most 1 elements but instance has 2 elements",
            ),
            (
                r#"{"minItems": 1}"#,
                json!([]),
                "array is too short: must have at least 1 elements but instance has 0 elements",
            ),
            (r#"{"uniqueItems": true}"#, json!([1, 1]), "array must not contain duplicate elements"),
            (
                r#"{"additionalProperties": false, "properties": {"a": {}}}"#,
                json!({"a": 1, "c": 1, "b": 2}),
                r#"object instance has properties which are not allowed by the schema: ["b","c"]"#,
            ),
            (
                r#"{"anyOf": [{"type": "null"}]}"#,
                json!(1),
                "instance failed to match at least one required schema among 1",
            ),
            (
                r#"{"oneOf": [{"type": "null"}, {"type": "string"}]}"#,
                json!(1),
                "instance failed to match exactly one schema (matched 0 out of 2)",
            ),
            (
                r#"{"not": {"type": "integer"}}"#,
                json!(1),
                "instance matched a schema which it should not have",
            ),
            (
                r#"{"type": ["string", "null"]}"#,
                json!(true),
                r#"instance type (boolean) does not match any allowed primitive type (allowed: ["null","string"])"#,
            ),
        ] {
            check(schema, value, &format!("[{expect}]"));
        }
    }

    #[test]
    fn models_refer_to_one_another_even_in_circles() {
        let person = format!(
            r#"{{"type": "object", "required": ["name"], "properties": {{"home": {{"$ref": "{}"}}}}}}"#,
            url("House")
        );
        let house = format!(
            r##"{{"definitions": {{"n": {{"type": "integer"}}}}, "properties": {{"n": {{"$ref": "#/definitions/n"}},
                "who": {{"type": "array", "items": {{"$ref": "{}"}}}}}}}}"##,
            url("Person")
        );
        let schema = library(&[("Person", &person), ("House", &house)]).compile(&url("Person")).unwrap();
        assert_eq!(schema.check(&json!({"name": 1, "home": {"who": [{"name": 2}]}})), Ok(()));
        assert!(schema.check(&json!({"name": 1, "home": {"who": [{}]}})).is_err());
        assert!(schema.check(&json!({"name": 1, "home": {"n": "x"}})).is_err());
    }

    #[test]
    fn whatever_a_document_calls_itself_it_is_draft_4() {
        let later = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "const": 1}"#;
        check(later, json!(2), "");
    }

    #[test]
    fn what_can_t_be_used_is_known_when_it_is_compiled() {
        let to = |name: &str| format!(r#"{{"allOf": [{{"$ref": "{}"}}]}}"#, url(name));
        let compile =
            |text: &str| library(&[("Pet", text), ("Loop", &to("Pet"))]).compile(&url("Pet")).map(drop);
        assert_eq!(compile(&to("Loop")), Err(Error::Endless));
        assert_eq!(compile(r##"{"anyOf": [{"type": "null"}, {"$ref": "#"}]}"##), Err(Error::Endless));
        assert!(matches!(compile(&to("Nobody")), Err(Error::Invalid(_))));
        assert!(matches!(compile(r#"{"type": "wrong"}"#), Err(Error::Invalid(_))));
        assert!(matches!(compile(r#"{"$ref": "file:///etc/passwd"}"#), Err(Error::Invalid(_))));
        assert_eq!(compile("no json"), Err(Error::Missing(url("Pet"))));
    }

    #[test]
    fn patterns_are_taken_as_java_takes_them() {
        let slug = r#"{"pattern": "^[\\w-_]+$", "patternProperties": {"^[\\w-.]+$": {"type": "null"}},
            "additionalProperties": false}"#;
        check(slug, json!("a-b"), "");
        check(slug, json!("a b"), r#"[ECMA 262 regex "^[\w-_]+$" does not match input string "a b"]"#);
        check(slug, json!({"a-b.c": null}), "");
        check(
            slug,
            json!({"a b": null}),
            r#"[object instance has properties which are not allowed by the schema: ["a b"]]"#,
        );
    }

    #[test]
    fn patterns_that_go_back_for_ever_are_no_match() {
        let schema = library(&[("Pet", r#"{"pattern": "^(a+)+\\1$"}"#)]).compile(&url("Pet")).unwrap();
        assert!(schema.check(&json!(format!("{}b", "a".repeat(40)))).is_err());
    }

    #[test]
    fn schemas_are_told_from_other_documents() {
        for (document, expect) in [
            (json!({"type": "object"}), true),
            (json!({"$schema": "http://json-schema.org/draft-04/schema#", "title": "Empty"}), true),
            (json!({"type": "nothing"}), false),
            (json!({"required": true}), false),
            (json!({"pattern": r"^[\w-_]+$"}), true),
            (json!({"properties": {"pattern": {"pattern": "("}}}), false),
            (json!({"items": [{"not": {"pattern": "*"}}]}), false),
            (json!({"patternProperties": {"(": {}}}), false),
            (json!({"patternProperties": {r"^[\w-.]$": {"pattern": "a"}}}), true),
            (json!({"pattern": 1}), false),
            (json!({"enum": [{"pattern": "("}], "default": {"pattern": "("}}), true),
            (json!([]), false),
        ] {
            assert_eq!(is_schema(&document), expect, "{document}");
        }
    }
}
