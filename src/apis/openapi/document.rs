//! Parses a document's text, YAML or JSON in one of the two dialects, within limits; and resolves references inside it.

use serde_json::{Map, Value};

use crate::id::AccountRegion;
use crate::yaml;

/// The largest document, in bytes; AWS's own limit.
const BYTES_MAX: usize = 6 * 1024 * 1024;
/// The longest chain of references.
const REFERENCES_MAX: usize = 16;

/// The dialect of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Swagger 2.0.
    Swagger2,
    /// OpenAPI 3.0.
    V3,
}

impl Dialect {
    /// Where schemas are, in the form of references.
    pub(super) const fn schemas(self) -> &'static str {
        match self {
            Self::Swagger2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        }
    }

    /// Where security schemes are, as a JSON pointer.
    pub(super) const fn security_schemes(self) -> &'static str {
        match self {
            Self::Swagger2 => "/securityDefinitions",
            Self::V3 => "/components/securitySchemes",
        }
    }
}

/// A document of a known dialect.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) dialect: Dialect,
    root: Value,
}

impl Document {
    /// Parses `body`; `None` if it is not a Swagger 2.0 or OpenAPI 3.0 document.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        if BYTES_MAX < body.len() {
            return None;
        }
        let text = std::str::from_utf8(body).ok()?;
        let root = yaml::parse(text.trim_start_matches('\u{feff}'), yaml::no_tags).ok()?;
        let version = |name: &str| match root.get(name)? {
            Value::String(version) => Some(version.clone()),
            // In YAML, an unquoted version is a number.
            Value::Number(version) => Some(version.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let dialect = match (version("swagger").as_deref(), version("openapi").as_deref()) {
            (Some("2.0" | "2"), None) => Dialect::Swagger2,
            (None, Some(version)) if version == "3.0" || version.starts_with("3.0.") => Dialect::V3,
            (_, _) => return None,
        };
        Some(Self { dialect, root })
    }

    /// The document with AWS's variables replaced in all strings: `${AWS::Region}`, `${AWS::AccountId}`,
    /// `${AWS::Partition}`. See
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/import-api-aws-variables.html>.
    #[must_use]
    pub(crate) fn in_account(mut self, owner: &AccountRegion) -> Self {
        let variables = [
            ("${AWS::Region}", owner.region.as_str()),
            ("${AWS::AccountId}", owner.account.as_str()),
            ("${AWS::Partition}", owner.region.partition()),
        ];
        replace(&mut self.root, &variables);
        self
    }

    /// The value at the JSON pointer `pointer`.
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.root.pointer(pointer)
    }

    /// The top-level member `name`.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.root.get(name)
    }

    /// The object at `pointer`; empty if there is none.
    pub(super) fn object(&self, pointer: &str) -> Map<String, Value> {
        self.at(pointer).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// `value`, or the value to which it refers within this document; `None` if there is none.
    pub(super) fn resolve<'d>(&'d self, mut value: &'d Value) -> Option<&'d Value> {
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Some(value) };
            value = self.at(reference.strip_prefix('#')?)?;
        }
        None
    }
}

fn replace(value: &mut Value, variables: &[(&str, &str)]) {
    match value {
        Value::String(text) if text.contains("${AWS::") => {
            for (variable, meaning) in variables {
                *text = text.replace(variable, meaning);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, variables)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, variables)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AccountId, Region};

    #[test]
    fn both_dialects_are_known_by_their_version() {
        for (text, dialect) in [
            ("{\"swagger\": \"2.0\"}", Some(Dialect::Swagger2)),
            ("swagger: 2.0", Some(Dialect::Swagger2)),
            ("openapi: 3.0.1", Some(Dialect::V3)),
            ("{\"openapi\": \"3.0.0\"}", Some(Dialect::V3)),
            ("openapi: 3.1.0", None),
            ("{\"swagger\": \"1.2\"}", None),
            ("swagger: '2.0'\nopenapi: 3.0.1", None),
            ("a: b", None),
            ("", None),
            ("[]", None),
            ("{", None),
        ] {
            assert_eq!(Document::read(text.as_bytes()).map(|it| it.dialect), dialect, "{text}");
        }
        assert!(Document::read(&[0xff, 0xfe]).is_none());
        let long = |n: usize| {
            let front = "{\"swagger\": \"2.0\", \"a\": \"";
            Document::read(format!("{front}{}\"}}", "a".repeat(n - front.len() - 2)).as_bytes())
        };
        assert!(long(BYTES_MAX).is_some());
        assert!(long(BYTES_MAX + 1).is_none());
    }

    #[test]
    fn variables_of_aws_are_replaced_wherever_they_stand() {
        let owner = |region: &str| AccountRegion {
            account: AccountId::parse("210987654321").unwrap(),
            region: Region::parse(region).unwrap(),
        };
        let text = r#"{"openapi": "3.0.1", "a": ["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r"],
            "b": {"c": "${AWS::Region}-${AWS::Region} ${AWS::Nothing} ${stageVariables.x}"}, "d": 1}"#;
        for (region, arn) in [
            ("eu-west-1", "arn:aws:iam::210987654321:role/r"),
            ("cn-north-1", "arn:aws-cn:iam::210987654321:role/r"),
            ("us-gov-west-1", "arn:aws-us-gov:iam::210987654321:role/r"),
        ] {
            let document = Document::read(text.as_bytes()).unwrap().in_account(&owner(region));
            assert_eq!(document.at("/a/0"), Some(&arn.into()));
            let expect = format!("{region}-{region} ${{AWS::Nothing}} ${{stageVariables.x}}");
            assert_eq!(document.at("/b/c"), Some(&expect.into()));
        }
    }

    #[test]
    fn references_lead_somewhere_or_nowhere() {
        let text = r##"{"openapi": "3.0.0", "a": {"$ref": "#/b/~1c"}, "b": {"/c": 7}, "l": {"$ref": "#/l"},
            "f": {"$ref": "other.json#/a"}}"##;
        let document = Document::read(text.as_bytes()).unwrap();
        let resolved = |name: &str| document.member(name).and_then(|it| document.resolve(it)).cloned();
        assert_eq!(resolved("a"), Some(7.into()));
        assert_eq!(resolved("l"), None);
        assert_eq!(resolved("f"), None);
    }
}
