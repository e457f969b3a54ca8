//! JSON Schema, draft 4, the language of API Gateway's models. Documents are compiled once and report what is wrong
//! with a value.
//!
//! Models refer to each other by URL; a [`Library`] contains everything that they can refer to. Nothing is ever
//! fetched. See <https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html>.

// Rooms are called by their names, wherever they stand.
use stepgate_json as json;
use stepgate_vtl as vtl;

mod complaints;
mod parts;
mod pattern;
mod rules;
mod walk;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use complaints::Complaints;
pub use parts::{references, unsupported_keywords};
use rules::Rules;
use walk::{Spent, Walk};

/// How many schemas may refer to one another for the same value; a longer chain counts as endless.
const DEPTH_MAX: usize = 256;

/// Why a schema can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no document with this URL.
    #[error("there is no schema {0}")]
    Missing(String),
    /// The document, or one that it refers to, is not a draft 4 schema; says what is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The schema refers to itself for the same value, so checking would never end.
    #[error("the schema refers to itself")]
    Endless,
    /// The schema has more parts than allowed.
    #[error("the schema has more than {} parts", rules::RULES_MAX)]
    TooLarge,
}

/// The limits of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most rules applied, and names and characters looked at; a step takes about 50 ns.
    pub steps_max: u64,
    /// The most violations to list.
    pub complaints_max: usize,
}

/// Why a value is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It violates the schema. The violations are listed as API Gateway lists them: `[…, …]`.
    #[error("{0}")]
    Broken(String),
    /// The check would take more steps than allowed.
    #[error("the check takes too many steps")]
    Spent,
}

/// Schemas by their URLs.
#[derive(Clone, Debug, Default)]
pub struct Library(Arc<BTreeMap<String, Value>>);

impl Library {
    /// A library of `documents`, each with URL and text. Texts that are not JSON are left out.
    pub fn new<'t>(documents: impl IntoIterator<Item = (String, &'t str)>) -> Self {
        let parsed = documents.into_iter().filter_map(|(url, text)| {
            let mut document: Value = serde_json::from_str(text).ok()?;
            // Whatever `$schema` a document declares, it is read as draft 4.
            if let Some(members) = document.as_object_mut() {
                members.remove("$schema");
            }
            Some((url, document))
        });
        Self(Arc::new(parsed.collect()))
    }

    /// Compiles the document `url`, with everything it refers to.
    pub fn compile(&self, url: &str) -> Result<Schema, Error> {
        if !self.0.contains_key(url) {
            return Err(Error::Missing(url.to_owned()));
        }
        if self.is_endless(url) {
            return Err(Error::Endless);
        }
        Rules::compile(self, url).map(Schema)
    }

    fn document(&self, url: &str) -> Option<(&str, &Value)> {
        self.0.get_key_value(url).map(|(url, document)| (url.as_str(), document))
    }

    /// Whether checking `url` would apply schemas to the same value for ever.
    fn is_endless(&self, url: &str) -> bool {
        let Some(root) = self.0.get(url) else { return false };
        self.circles(url, root, &mut Trail::default())
    }

    /// Follows the schemas that apply to the same value as `schema`. Each schema is followed once.
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
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some((base, target)) = reference.and_then(|reference| self.referred(base, reference)) {
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

    /// The schema that `reference`, in the document `base`, refers to.
    fn referred<'s>(&'s self, base: &'s str, reference: &str) -> Option<(&'s str, &'s Value)> {
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let (url, document) = self.document(if url.is_empty() { base } else { url })?;
        let fragment = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return Some((url, document.pointer(&fragment)?));
        }
        // A name that a part of the document gives itself: `"id": "#name"`.
        let id = format!("#{fragment}");
        let mut open = vec![document];
        while let Some(part) = open.pop() {
            match part {
                Value::Object(members) if members.get("id").and_then(Value::as_str) == Some(&id) => {
                    return Some((url, part));
                }
                Value::Object(members) => open.extend(members.values()),
                Value::Array(items) => open.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        None
    }
}

/// The schemas that a search for cycles has visited, identified by their address in memory.
#[derive(Default)]
struct Trail {
    /// The schemas on the way to the current one.
    open: Vec<*const Value>,
    seen: HashSet<*const Value>,
}

/// Whether `document` by itself is a draft 4 schema; its references are not followed.
pub fn is_schema(document: &Value) -> bool {
    let mut document = document.clone();
    let Some(members) = document.as_object_mut() else { return false };
    members.remove("$schema");
    pattern::take_patterns(&mut document)
        && jsonschema::draft4::meta::is_valid(&document)
        && parts::enums_are_sets(&document)
}

/// A compiled schema.
#[derive(Debug)]
pub struct Schema(Rules);

impl Schema {
    /// Checks `value` within `limits`.
    ///
    /// # Errors
    /// [`Unfit::Broken`] with the violations; [`Unfit::Spent`] if the limit is reached first.
    pub fn check(&self, value: &Value, limits: Limits) -> Result<(), Unfit> {
        let mut walk = Walk::new(&self.0, limits.steps_max);
        if walk.fits(0, value).map_err(|Spent| Unfit::Spent)? {
            return Ok(());
        }
        let mut complaints = Complaints::new(limits.complaints_max);
        // A list that would take too long to complete stays incomplete.
        let _ = walk.complain(0, value, &mut complaints);
        Err(Unfit::Broken(complaints.into_text()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMITS: Limits = Limits { steps_max: 1_000_000, complaints_max: 100 };

    fn library(documents: &[(&str, &str)]) -> Library {
        Library::new(documents.iter().map(|(name, text)| (url(name), *text)))
    }

    fn url(name: &str) -> String {
        format!("https://apigateway.amazonaws.com/restapis/abc/models/{name}")
    }

    #[track_caller]
    fn check(schema: &str, value: Value, expect: &str) {
        let schema = library(&[("Pet", schema)]).compile(&url("Pet")).unwrap();
        let complaints = schema.check(&value, LIMITS).err().map(|unfit| unfit.to_string());
        assert_eq!(complaints.unwrap_or_default(), expect, "{value}");
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
        assert_eq!(schema.check(&json!({"name": 1, "home": {"who": [{"name": 2}]}}), LIMITS), Ok(()));
        assert!(schema.check(&json!({"name": 1, "home": {"who": [{}]}}), LIMITS).is_err());
        assert!(schema.check(&json!({"name": 1, "home": {"n": "x"}}), LIMITS).is_err());
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
        assert!(schema.check(&json!(format!("{}b", "a".repeat(40))), LIMITS).is_err());
    }

    /// A tree whose kinds `oneOf` distinguishes, with `depth` levels; the innermost has no valid kind.
    fn tree(depth: usize) -> (Schema, Value) {
        let kind = |kind: &str| {
            json!({
                "type": "object",
                "required": ["type"],
                "properties": {"child": {"$ref": "#"}, "type": {"enum": [kind]}},
            })
        };
        let schema = json!({"oneOf": [kind("and"), kind("or"), kind("not")]}).to_string();
        let mut value = json!({"type": "none"});
        for _ in 0..depth {
            value = json!({"type": "and", "child": value});
        }
        (library(&[("Rule", &schema)]).compile(&url("Rule")).unwrap(), value)
    }

    #[test]
    fn a_schema_that_refers_to_itself_from_many_branches_takes_steps_by_the_size_of_the_value() {
        let once = "[instance failed to match exactly one schema (matched 0 out of 3)]";
        for depth in [1, 4, 14, 120] {
            let (schema, value) = tree(depth);
            let limits = Limits { steps_max: 100 * (depth as u64 + 1), ..LIMITS };
            assert_eq!(schema.check(&value, limits), Err(Unfit::Broken(once.to_owned())), "{depth}");
        }
        // The same with `allOf`, where all violations are listed.
        let part = json!({"properties": {"child": {"$ref": "#"}, "n": {"type": "integer"}}});
        let schema = json!({"allOf": [part, part, part]}).to_string();
        let schema = library(&[("All", &schema)]).compile(&url("All")).unwrap();
        let mut value = json!({"n": "x"});
        for _ in 0..100 {
            value = json!({"child": value});
        }
        let Err(Unfit::Broken(listed)) = schema.check(&value, LIMITS) else { panic!() };
        assert_eq!(listed.matches("instance type").count(), 100);
    }

    #[test]
    fn a_check_ends_where_its_budget_does() {
        let schema = library(&[("List", r#"{"items": {"type": "integer"}}"#)]).compile(&url("List")).unwrap();
        // One step for the list and one for each item's type.
        let within = Limits { steps_max: 1 + 1_000, complaints_max: 100 };
        let value = json!((0..1_000).collect::<Vec<_>>());
        assert_eq!(schema.check(&value, within), Ok(()));
        let short = Limits { steps_max: within.steps_max - 1, ..within };
        assert_eq!(schema.check(&value, short), Err(Unfit::Spent));
        // A violation that was found is reported, even if the budget is too small to list all.
        let wrong = json!(["a", "b", "c"]);
        let once = Limits { complaints_max: 1, ..within };
        let Err(Unfit::Broken(listed)) = schema.check(&wrong, once) else { panic!() };
        assert_eq!(listed.matches("instance type").count(), 1);
        // Rules about one value may nest, up to a depth.
        let (schema, value) = tree(120);
        assert!(schema.check(&value, LIMITS).is_err());
    }

    #[test]
    fn patterns_with_many_repetitions_are_paid_for() {
        let text = r#"{"pattern": "^(a{100}){100}$"}"#;
        let schema = library(&[("Text", text)]).compile(&url("Text")).unwrap();
        let value = json!("b".repeat(6_400));
        let costs = |steps: u64| schema.check(&value, Limits { steps_max: steps, ..LIMITS });
        // Its weight is 10,003; the text is read in 101 steps, and one more is the rule's own.
        let cost = 101 * (1 + 10_003 / 64);
        assert!(matches!(costs(cost + 200), Err(Unfit::Broken(_))));
        assert!(matches!(costs(cost - 1), Err(Unfit::Spent)));
    }

    #[test]
    fn patterns_that_go_back_and_forth_are_paid_for() {
        let text = r#"{"items": {"pattern": "^(a+)+\\1$"}}"#;
        let schema = library(&[("Texts", text)]).compile(&url("Texts")).unwrap();
        let value = json!(vec![format!("{}b", "a".repeat(40)); 100_000]);
        // The first one doesn't match, so the rest is not checked.
        assert!(matches!(schema.check(&value, LIMITS), Err(Unfit::Broken(_))));
        let value = json!(vec!["a".repeat(60); 100_000]);
        let checked = schema.check(&value, LIMITS);
        assert_eq!(checked, Err(Unfit::Spent));
    }

    #[test]
    fn long_values_are_shown_in_part() {
        let schema = library(&[("Short", r#"{"maxLength": 1}"#)]).compile(&url("Short")).unwrap();
        let Err(Unfit::Broken(listed)) = schema.check(&json!("ä".repeat(1_000_000)), LIMITS) else {
            panic!()
        };
        assert!(
            listed.len() < 1_200 && listed.contains("ä… is too long (length: 1000000,"),
            "{}",
            listed.len()
        );
    }

    #[test]
    fn a_schema_has_so_many_parts_and_no_more() {
        let parts = |n: usize| json!({"allOf": vec![json!({}); n]}).to_string();
        let compile = |n: usize| library(&[("Big", &parts(n))]).compile(&url("Big")).map(drop);
        assert_eq!(compile(rules::RULES_MAX - 1), Ok(()));
        assert_eq!(compile(rules::RULES_MAX), Err(Error::TooLarge));
    }

    #[test]
    fn parts_are_referred_to_by_pointers_and_by_names() {
        let schema = r##"{"definitions": {"a b": {"type": "null"}, "named": {"id": "#n", "type": "boolean"}},
            "items": [{"$ref": "#/definitions/a%20b"}, {"$ref": "#n"}, {"$ref": "#/definitions/a b", "type": "string"}]}"##;
        let schema = library(&[("Refs", schema)]).compile(&url("Refs")).unwrap();
        assert_eq!(schema.check(&json!([null, true, null]), LIMITS), Ok(()));
        for wrong in [json!([1]), json!([null, 1]), json!([null, true, "x"])] {
            assert!(schema.check(&wrong, LIMITS).is_err(), "{wrong}");
        }
    }

    /// Checks the same with the library, which has no limits but knows the language as well.
    fn by_the_library(schema: &Value, value: &Value) -> bool {
        jsonschema::draft4::options().build(schema).unwrap().is_valid(value)
    }

    proptest::proptest! {
        #[test]
        fn the_library_finds_the_same(schema in schemas(), value in values()) {
            let text = schema.to_string();
            let ours = library(&[("Any", &text)]).compile(&url("Any")).unwrap();
            let fits = ours.check(&value, LIMITS).is_ok();
            proptest::prop_assert_eq!(fits, by_the_library(&schema, &value), "{} {}", schema, value);
        }
    }

    fn values() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            (-3_i64..4).prop_map(Value::from),
            Just(json!(1.0)),
            Just(json!(1.5)),
            "[ab]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[abc]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn schemas() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(json!({})),
            prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"])
                .prop_map(|kind| json!({"type": kind})),
            (-2_i64..3).prop_map(|n| json!({"minimum": n})),
            (-2_i64..3).prop_map(|n| json!({"maximum": n, "exclusiveMaximum": true})),
            (0_u64..3).prop_map(|n| json!({"maxLength": n, "minItems": n})),
            Just(json!({"enum": [1, "a", null, [1]]})),
            Just(json!({"pattern": "^a"})),
            Just(json!({"uniqueItems": true})),
            Just(json!({"required": ["a", "b"]})),
            Just(json!({"dependencies": {"a": ["b"]}})),
        ];
        leaf.prop_recursive(3, 24, 3, |inner| {
            let many = prop::collection::vec(inner.clone(), 1..3);
            let named = prop::collection::btree_map("[abc]", inner.clone(), 0..3);
            prop_oneof![
                many.clone().prop_map(|of| json!({"allOf": of})),
                many.clone().prop_map(|of| json!({"anyOf": of})),
                many.clone().prop_map(|of| json!({"oneOf": of})),
                inner.clone().prop_map(|of| json!({"not": of})),
                inner.clone().prop_map(|of| json!({"items": of})),
                (many, any::<bool>()).prop_map(|(of, more)| json!({"items": of, "additionalItems": more})),
                (named.clone(), inner.clone()).prop_map(|(of, others)| json!({
                    "properties": of, "additionalProperties": others,
                })),
                (named, any::<bool>()).prop_map(|(of, more)| json!({
                    "properties": of, "patternProperties": {"^b": {"type": "string"}}, "additionalProperties": more,
                })),
                inner.prop_map(|of| json!({"dependencies": {"a": of}})),
            ]
        })
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
            (json!({"items": {"enum": ["A", "A"]}}), false),
            (json!([]), false),
        ] {
            assert_eq!(is_schema(&document), expect, "{document}");
        }
    }
}
