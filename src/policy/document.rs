//! A policy document, checked and compiled.

use std::sync::Arc;

use serde_json::Value;

use super::condition::Condition;
use super::error::Error;
use super::pattern::{Pattern, Syntax};
use super::principal::{self, Principals};

/// The largest document, in bytes; AWS's own limits are lower.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024;

/// What a policy is attached to, which determines the elements that its statements need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Attached to the caller; its statements have no principal. Lambda authorizers return such policies.
    Identity,
    /// Attached to the resource; each statement has a principal.
    Resource,
    /// Attached to a role: who may assume it. Each statement has a principal, and the role is the resource.
    Trust,
}

/// A compiled policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// What explanations call it.
    pub(super) name: Option<Arc<str>>,
    /// Whether a condition or a variable is about the tags of resources, which nobody needs to look up otherwise.
    needs_resource_tags: bool,
    pub(super) statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    pub(super) sid: Option<Box<str>>,
    pub(super) effect: Effect,
    pub(super) principal: Option<Principals>,
    pub(super) action: Scope,
    pub(super) resource: Scope,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Of(Vec<Pattern>),
    Except(Vec<Pattern>),
}

impl Policy {
    /// Parses a document from its JSON text.
    ///
    /// # Errors
    /// [`Error`] if the document is invalid.
    pub fn parse(document: &str, kind: PolicyKind) -> Result<Self, Error> {
        if DOCUMENT_BYTES_MAX < document.len() {
            return Err(Error::TooLarge(DOCUMENT_BYTES_MAX));
        }
        let document = serde_json::from_str(document).map_err(|error| Error::Json(error.to_string()))?;
        Self::from_value(&document, kind)
    }

    /// Compiles a document that is JSON already. The caller has limited its size.
    ///
    /// # Errors
    /// [`Error`] if the document is invalid.
    pub fn from_value(document: &Value, kind: PolicyKind) -> Result<Self, Error> {
        let Value::Object(members) = document else {
            return Err(Error::Type { element: "the policy", expected: "an object" });
        };
        if let Some(unknown) =
            members.keys().find(|name| !matches!(name.as_str(), "Version" | "Id" | "Statement"))
        {
            return Err(Error::UnknownElement(unknown.clone()));
        }
        // Without `Version`, it is the older version, which has no variables.
        let variables = match members.get("Version").map(|version| (version, version.as_str())) {
            None | Some((_, Some("2008-10-17"))) => false,
            Some((_, Some("2012-10-17"))) => true,
            Some((version, _)) => {
                return Err(Error::Word { element: "Version", word: version.to_string() });
            }
        };
        let statements = match members.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement) => std::slice::from_ref(statement),
            None => return Err(Error::Missing("Statement")),
        };
        let statements = statements.iter().map(|statement| Statement::parse(statement, kind, variables));
        let statements = statements.collect::<Result<_, _>>()?;
        Ok(Self { name: None, needs_resource_tags: names_resource_tags(document), statements })
    }

    /// Whether it asks for the tags of resources: `aws:ResourceTag/KEY`, or a service's own key of that name.
    pub fn needs_resource_tags(&self) -> bool {
        self.needs_resource_tags
    }

    /// The same policy, which explanations call so.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.into()), ..self }
    }
}

impl Statement {
    fn parse(statement: &Value, kind: PolicyKind, variables: bool) -> Result<Self, Error> {
        let Value::Object(members) = statement else {
            return Err(Error::Type { element: "Statement", expected: "an object or a list of objects" });
        };
        if let Some(unknown) = members.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
            return Err(Error::UnknownElement(unknown.clone()));
        }
        let effect = match members.get("Effect") {
            Some(Value::String(word)) if word == "Allow" => Effect::Allow,
            Some(Value::String(word)) if word == "Deny" => Effect::Deny,
            Some(other) => return Err(Error::Word { element: "Effect", word: other.to_string() }),
            None => return Err(Error::Missing("Effect")),
        };
        let principal = match (either(members, "Principal", "NotPrincipal")?, kind) {
            (Some(_), PolicyKind::Identity) => return Err(Error::Excess("Principal")),
            (None, PolicyKind::Resource | PolicyKind::Trust) => return Err(Error::Missing("Principal")),
            (Some((list, true)), PolicyKind::Resource | PolicyKind::Trust) => {
                Some(Principals::Of(principal::parse(list)?))
            }
            (Some((list, false)), PolicyKind::Resource | PolicyKind::Trust) => {
                Some(Principals::Except(principal::parse(list)?))
            }
            (None, PolicyKind::Identity) => None,
        };
        let scope = |name, negation, variables| {
            let (value, is_positive) = either(members, name, negation)?.ok_or(Error::Missing(name))?;
            let syntax = Syntax { wildcards: true, variables };
            let patterns = texts(name, value)?.into_iter().map(|text| Pattern::compile(text, syntax));
            let patterns = patterns.collect::<Result<_, _>>()?;
            Ok(if is_positive { Scope::Of(patterns) } else { Scope::Except(patterns) })
        };
        Ok(Self {
            sid: members.get("Sid").and_then(Value::as_str).map(Into::into),
            effect,
            principal,
            action: scope("Action", "NotAction", false)?,
            resource: match kind {
                PolicyKind::Identity | PolicyKind::Resource => scope("Resource", "NotResource", variables)?,
                PolicyKind::Trust => match either(members, "Resource", "NotResource")? {
                    Some((_, is_positive)) => {
                        return Err(Error::Excess(if is_positive { "Resource" } else { "NotResource" }));
                    }
                    None => Scope::Except(Vec::new()),
                },
            },
            conditions: match members.get("Condition") {
                Some(block) => Condition::parse_block(block, variables)?,
                None => Vec::new(),
            },
        })
    }
}

/// Whether a key, or a variable in a text, is about the tags of resources.
fn names_resource_tags(value: &Value) -> bool {
    const NAME: &[u8] = b"ResourceTag/";
    let is_in = |text: &str| text.as_bytes().windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME));
    match value {
        Value::String(text) => is_in(text),
        Value::Array(values) => values.iter().any(names_resource_tags),
        Value::Object(members) => {
            members.iter().any(|(name, value)| is_in(name) || names_resource_tags(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

type Members = serde_json::Map<String, Value>;

/// The element under one of two names, and whether it is the first name.
fn either<'a>(
    members: &'a Members,
    name: &'static str,
    negation: &'static str,
) -> Result<Option<(&'a Value, bool)>, Error> {
    match (members.get(name), members.get(negation)) {
        (Some(_), Some(_)) => Err(Error::Excess(negation)),
        (Some(value), None) => Ok(Some((value, true))),
        (None, Some(value)) => Ok(Some((value, false))),
        (None, None) => Ok(None),
    }
}

/// A string or a list of strings.
pub(super) fn texts<'a>(element: &'static str, value: &'a Value) -> Result<Vec<&'a str>, Error> {
    let wrong = Error::Type { element, expected: "a string or a list of strings" };
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(list) => list.iter().map(Value::as_str).collect::<Option<_>>().ok_or(wrong),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, kind: PolicyKind, expect: Option<&str>) {
        let found = Policy::parse(document, kind).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), expect, "{document}");
    }

    #[test]
    fn documents_of_both_kinds_are_read() {
        for document in [
            r#"{"Statement":[]}"#,
            r#"{"Version":"2008-10-17","Id":"i","Statement":{"Effect":"Deny","NotAction":[],"NotResource":"*"}}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Action":"a","Resource":["r"]}]}"#,
        ] {
            check(document, PolicyKind::Identity, None);
        }
        let with = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"a","Resource":"r"}}"#;
        check(with, PolicyKind::Resource, None);
        check(with, PolicyKind::Identity, Some("a statement may not have Principal here"));
        check(with, PolicyKind::Trust, Some("a statement may not have Resource here"));
        let trust = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"1"},"Action":"sts:AssumeRole"}}"#;
        check(trust, PolicyKind::Trust, None);
        check(trust, PolicyKind::Resource, Some("a statement needs Resource"));
    }

    #[test]
    fn broken_documents_say_what_is_wrong() {
        let statement = |members: &str| format!(r#"{{"Statement":{{{members}}}}}"#);
        for (document, message) in [
            ("[]".to_owned(), "the policy must be an object"),
            (r#"{"Version":"2012-10-17"}"#.to_owned(), "a statement needs Statement"),
            (r#"{"Version":"2013","Statement":[]}"#.to_owned(), r#"Version has no value "\"2013\"""#),
            (r#"{"Statements":[]}"#.to_owned(), "there is no element Statements"),
            (r#"{"Statement":["s"]}"#.to_owned(), "Statement must be an object or a list of objects"),
            (statement(""), "a statement needs Effect"),
            (statement(r#""Effect":"allow""#), r#"Effect has no value "\"allow\"""#),
            (statement(r#""Effect":"Allow","action":"a""#), "there is no element action"),
            (statement(r#""Effect":"Allow","Resource":"*""#), "a statement needs Action"),
            (statement(r#""Effect":"Allow","Action":"*""#), "a statement needs Resource"),
            (
                statement(r#""Effect":"Allow","Action":"*","NotAction":"a","Resource":"*""#),
                "a statement may not have NotAction here",
            ),
            (
                statement(r#""Effect":"Allow","Action":["*",1],"Resource":"*""#),
                "Action must be a string or a list of strings",
            ),
        ] {
            check(&document, PolicyKind::Identity, Some(message));
        }
        let without = statement(r#""Effect":"Allow","Action":"*","Resource":"*""#);
        check(&without, PolicyKind::Resource, Some("a statement needs Principal"));
        assert!(matches!(Policy::parse("{", PolicyKind::Identity), Err(Error::Json(_))));
        let fits = statement(r#""Effect":"Allow","Action":"*","Resource":"*""#);
        let fits = format!("{fits}{}", " ".repeat(DOCUMENT_BYTES_MAX - fits.len()));
        assert!(Policy::parse(&fits, PolicyKind::Identity).is_ok());
        let large = " ".repeat(DOCUMENT_BYTES_MAX + 1);
        assert_eq!(Policy::parse(&large, PolicyKind::Identity), Err(Error::TooLarge(DOCUMENT_BYTES_MAX)));
    }
}
