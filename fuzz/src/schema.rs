//! JSON Schema: `schema NUL value`. A schema compiles or says why not; a check ends within its steps, and gives the
//! same result however many violations are listed.

use serde_json::Value;
use stepgate::schema::{Library, Limits, Unfit};

const LIMITS: Limits = Limits { steps_max: 200_000, complaints_max: 20 };

pub(crate) fn execute(text: &str) {
    let (schema, value) = crate::parts(text, "{}");
    let value: Value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    let schema = match Library::new([("urn:s".to_owned(), schema)]).compile("urn:s") {
        Ok(schema) => schema,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let (many, one) =
        (schema.check(&value, LIMITS), schema.check(&value, Limits { complaints_max: 1, ..LIMITS }));
    assert_eq!(many.is_ok(), one.is_ok());
    if let Err(Unfit::Broken(complaints)) = many {
        assert!(complaints.starts_with('[') && complaints.ends_with(']'));
        assert!(complaints.len() < 400_000);
    }
}

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\0",
    "\"type\":",
    "\"object\"",
    "\"integer\"",
    "\"required\":[\"a\"]",
    "\"properties\":",
    "\"patternProperties\":",
    "\"additionalProperties\":false",
    "\"items\":",
    "\"additionalItems\":",
    "\"allOf\":[",
    "\"anyOf\":[",
    "\"oneOf\":[",
    "\"not\":",
    "\"$ref\":\"#\"",
    "\"$ref\":\"#/definitions/a\"",
    "\"$ref\":\"urn:s\"",
    "\"$ref\":\"#a\"",
    "\"id\":\"#a\"",
    "\"definitions\":{\"a\":",
    "\"dependencies\":{\"a\":",
    "\"enum\":[",
    "\"pattern\":\"",
    "(a+)+$",
    "(?=a)",
    "(a)\\\\1",
    "\"format\":\"date-time\"",
    "\"format\":\"regex\"",
    "\"minimum\":",
    "\"exclusiveMinimum\":true",
    "\"multipleOf\":",
    "\"maxLength\":",
    "\"uniqueItems\":true",
    "\"minItems\":",
    "1e308",
    "0.1",
    "-0",
    "true",
    "null",
    "\"a\":1",
    "é",
];
