//! Reads the fields of an object in a definition; whatever is wrong with one becomes a diagnostic, and reading goes on.

use serde_json::{Map, Number, Value};

use super::data_flow::{PathField, ResultPath};
use super::diagnostics::{Code, Findings, Location, Subject};
use super::intrinsic::Root;
use super::number::{Count, Percentage, Seconds};
use super::path_expr::PathExpr;
use super::query::{Query, Reach, Text};
use super::query_language::QueryLanguage;
use super::template::Template;
use crate::jsonpath::ReferencePath;

/// Seconds and counts are below this everywhere in the language.
pub(super) const SECONDS_MAX: u64 = 99_999_999;

/// An object of a definition and its place. Every getter gives `None` when the field is absent *or* wrong; the
/// latter is then among the findings.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// Where the object is.
    pub(super) at: Location,
    /// Where problems go.
    pub(super) findings: &'a Findings,
    /// The language of the state that it is in, or is.
    pub(super) language: QueryLanguage,
    /// That state's place.
    pub(super) state: Location,
    /// What expressions in it may look at.
    pub(super) reach: Reach,
}

/// What [`Fields::query`] found.
pub(super) enum Queried {
    /// No expression: no such field, another language, or a literal.
    None,
    Query(Query),
    /// An expression with something wrong in it, which is among the findings.
    Broken,
}

impl<'a> Fields<'a> {
    /// `value` as an object; a diagnostic if it is anything else.
    pub(super) fn of(value: &'a Value, at: Location, findings: &'a Findings) -> Option<Self> {
        let Some(object) = value.as_object() else {
            wrong_type(findings, &at, "Object");
            return None;
        };
        let (language, state, reach) = (QueryLanguage::default(), Location::default(), Reach::default());
        Some(Self { object, at, findings, language, state, reach })
    }

    /// The same for a value inside this object.
    pub(super) fn within(&self, value: &'a Value, at: Location) -> Option<Self> {
        let inside = Self::of(value, at, self.findings)?;
        Some(Self { language: self.language, state: self.state.clone(), reach: self.reach, ..inside })
    }

    /// This object, a state in that language.
    pub(super) fn in_language(&self, language: QueryLanguage) -> Self {
        Self { language, state: self.at.clone(), ..self.clone() }
    }

    /// This object, with more for its expressions to look at.
    pub(super) fn reaching(&self, reach: Reach) -> Self {
        Self { reach, ..self.clone() }
    }

    /// Whether its expressions are JSONata.
    pub(super) fn is_jsonata(&self) -> bool {
        self.language == QueryLanguage::Jsonata
    }

    /// A problem with the object itself.
    pub(super) fn problem(&self, message: impl Into<String>) {
        self.findings.schema(&self.at, message);
    }

    /// A problem with one field.
    pub(super) fn field_problem(&self, name: &str, message: impl Into<String>) {
        self.findings.schema(&self.at.field(name), message);
    }

    /// The field as it is.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.object.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether all of `names` are there; one diagnostic tells those that aren't.
    pub(super) fn require(&self, names: &[&str]) -> bool {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !self.has(name)).collect();
        if !missing.is_empty() {
            self.problem(format!("These fields are required: [{}]", missing.join(", ")));
        }
        missing.is_empty()
    }

    /// Refuses fields that aren't among `names`.
    pub(super) fn allow(&self, names: &[&str]) {
        for (name, _) in self.iter().filter(|(name, _)| !names.contains(name)) {
            self.problem(format!("Field '{name}' is not supported"));
        }
    }

    /// Refuses fields that are neither `of_both` languages nor of its own.
    pub(super) fn allow_in_language(&self, of_both: &[&str], json_path: &[&str], jsonata: &[&str]) {
        let (own, others, other) = match self.language {
            QueryLanguage::JsonPath => (json_path, jsonata, QueryLanguage::Jsonata),
            QueryLanguage::Jsonata => (jsonata, json_path, QueryLanguage::JsonPath),
        };
        for (name, _) in self.iter() {
            if of_both.contains(&name) || own.contains(&name) {
                continue;
            }
            if others.contains(&name) {
                let (language, other) = (self.language.as_str(), other.as_str());
                self.problem(format!(
                    "The QueryLanguage is set to '{language}', but field '{name}' is only supported for the '{other}' QueryLanguage"
                ));
            } else {
                self.problem(format!("Field '{name}' is not supported"));
            }
        }
    }

    /// At most one of `names` may be there: that one.
    pub(super) fn at_most_one(&self, names: &[&'static str]) -> Option<&'static str> {
        let mut present = names.iter().copied().filter(|name| self.has(name));
        let first = present.next();
        if present.next().is_some() {
            self.problem(format!("There should only be one of the following fields: [{}]", names.join(", ")));
        }
        first
    }

    /// Exactly one of `names` must be there.
    pub(super) fn exactly_one(&self, names: &[&'static str]) -> Option<&'static str> {
        let one = self.at_most_one(names);
        if one.is_none() {
            self.none_of(names);
        }
        one
    }

    /// None of `names` is there, one of which has to be.
    pub(super) fn none_of(&self, names: &[&str]) {
        let names = names.join(", ");
        self.problem(format!("This object should have only one of the following fields: [{names}]"));
    }

    /// A text.
    pub(super) fn string(&self, name: &str) -> Option<&'a str> {
        self.typed(name, "String", Value::as_str)
    }

    /// A truth value.
    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.typed(name, "Boolean", Value::as_bool)
    }

    /// A number of any kind.
    pub(super) fn number(&self, name: &str) -> Option<&'a Number> {
        self.typed(name, "Number", Value::as_number)
    }

    /// An array with at least one element.
    pub(super) fn filled_array(&self, name: &str) -> Option<&'a [Value]> {
        let array = self.array(name)?;
        if array.is_empty() {
            self.field_problem(name, "Value cannot be empty");
            return None;
        }
        Some(array)
    }

    /// An array.
    pub(super) fn array(&self, name: &str) -> Option<&'a [Value]> {
        self.typed(name, "Array", |value| value.as_array().map(Vec::as_slice))
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.within(self.get(name)?, self.at.field(name))
    }

    /// The objects of an array, each with whether it is the last; what is none is left out and among the findings.
    pub(super) fn objects(&self, name: &str) -> Vec<(Self, bool)> {
        self.objects_of(name, self.array(name).unwrap_or_default())
    }

    /// The same of an array that must not be empty.
    pub(super) fn filled_objects(&self, name: &str) -> Vec<(Self, bool)> {
        self.objects_of(name, self.filled_array(name).unwrap_or_default())
    }

    fn objects_of(&self, name: &str, values: &'a [Value]) -> Vec<(Self, bool)> {
        let at = self.at.field(name);
        let object =
            |(index, value)| Some((self.within(value, at.element(index))?, index + 1 == values.len()));
        values.iter().enumerate().filter_map(object).collect()
    }

    /// A JSONata expression.
    pub(super) fn query(&self, name: &str) -> Queried {
        if !self.is_jsonata() {
            return Queried::None;
        }
        match self.get(name).and_then(Value::as_str).map(|text| Query::read(text, &self.at.field(name), self))
        {
            None | Some(Text::Literal) => Queried::None,
            Some(Text::Query(query)) => Queried::Query(query),
            Some(Text::Broken) => Queried::Broken,
        }
    }

    /// An integer from `min` to `max`.
    pub(super) fn integer(&self, name: &str, min: u64, max: u64) -> Option<u64> {
        let value = self.get(name)?;
        if let Some(integer) = value.as_u64() {
            if integer < min {
                self.field_problem(name, format!("Minimum value is {min}"));
                return None;
            }
            if max < integer {
                self.field_problem(name, format!("Maximum value is {max}"));
                return None;
            }
            return Some(integer);
        }
        match value.as_i64() {
            Some(_) => self.field_problem(name, format!("Minimum value is {min}")),
            None => wrong_type(self.findings, &self.at.field(name), "Integer"),
        }
        None
    }

    /// A number from `min` to `max`, either of which may be infinite.
    pub(super) fn float(&self, name: &str, min: f64, max: f64) -> Option<f64> {
        let number = self.number(name)?.as_f64()?;
        if number < min {
            self.field_problem(name, format!("Minimum value is {min:?}"));
            return None;
        }
        if max < number {
            self.field_problem(name, format!("Maximum value is {max:?}"));
            return None;
        }
        Some(number)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let is_type = name == "Type";
        let word = self.typed(name, if is_type { "String" } else { "[STRING]" }, Value::as_str)?;
        let found = words.iter().find(|(text, _)| *text == word);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(text, _)| *text).collect();
            let all = all.join(", ");
            let message = match is_type {
                true => format!("The field '{name}' should have one of these values: [{all}]"),
                false => format!("Value should be one of the following: [{all}]"),
            };
            self.field_problem(name, message);
        }
        found.map(|(_, value)| *value)
    }

    /// A path: `$…`, `$$…` or `$name…`.
    pub(super) fn path(&self, name: &str) -> Option<PathExpr> {
        let path = PathExpr::parse(self.string(name)?);
        if path.is_none() {
            self.not_a_path(name, NOT_A_PATH);
        }
        path
    }

    /// The same in a rule of a Choice, where AWS has other words for it.
    pub(super) fn path_of_rule(&self, name: &str) -> Option<PathExpr> {
        let text = self.string(name)?;
        let path = PathExpr::parse(text);
        if path.is_none() {
            self.not_a_path(name, if text.starts_with('$') { NOT_A_REFERENCE } else { NO_DOLLAR });
        }
        path
    }

    fn not_a_path(&self, name: &str, message: &'static str) {
        self.findings.text(Code::SchemaValidationFailed, &self.at.field(name), Subject::Path, message);
    }

    /// A path that names exactly one node.
    pub(super) fn reference_path(&self, name: &str) -> Option<PathExpr> {
        let path = PathExpr::parse_reference(self.string(name)?);
        if path.is_none() {
            self.not_a_reference_path(name);
        }
        path
    }

    /// A path that names exactly one node and not in the context object, which the numbers of a Map can't come
    /// from.
    fn data_reference_path(&self, name: &str) -> Option<PathExpr> {
        let path = self.reference_path(name)?;
        if *path.root() == Root::Context {
            self.not_a_reference_path(name);
            return None;
        }
        Some(path)
    }

    /// `InputPath` or `OutputPath`.
    pub(super) fn path_field(&self, name: &str) -> PathField {
        match self.get(name) {
            None => PathField::Whole,
            Some(Value::Null) => PathField::Discard,
            Some(Value::String(text)) if text == "$" => PathField::Whole,
            Some(_) => self.path(name).map_or(PathField::Whole, PathField::Path),
        }
    }

    /// `ResultPath`.
    pub(super) fn result_path(&self) -> ResultPath {
        let name = "ResultPath";
        match self.get(name) {
            None => ResultPath::Replace,
            Some(Value::Null) => ResultPath::Discard,
            Some(Value::String(text)) if text == "$" => ResultPath::Replace,
            Some(_) => {
                let Some(text) = self.string(name) else { return ResultPath::Replace };
                // A variable or the context object can't be written to: only the input's `$.` and `$[` will do.
                let into_input = text.starts_with("$.") || text.starts_with("$[");
                match ReferencePath::compile(text) {
                    Ok(path) if into_input => ResultPath::Insert(path),
                    Ok(_) | Err(_) => {
                        self.not_a_reference_path(name);
                        ResultPath::Replace
                    }
                }
            }
        }
    }

    /// A field whose text is neither path nor call. AWS names the object, not the field, as the place.
    pub(super) fn not_an_expression(&self, name: &str) {
        let message = format!(
            "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic function call"
        );
        let subject = Subject::Expression(name.to_owned());
        self.findings.text(Code::SchemaValidationFailed, &self.at, subject, message);
    }

    fn not_a_reference_path(&self, name: &str) {
        let is_path = self.string(name).is_some_and(|text| text.starts_with('$'));
        let message = if is_path { NOT_A_REFERENCE } else { NOT_A_PATH };
        let subject = Subject::ReferencePath;
        self.findings.text(Code::SchemaValidationFailed, &self.at.field(name), subject, message);
    }

    /// A payload template of any JSON. A text that looks like a path gives a warning: it is one all the same.
    pub(super) fn template(&self, name: &str) -> Option<Template> {
        if self.get(name)?.is_string() {
            self.literal_string(name);
        }
        Template::compile_any(self.get(name)?, &self.at.field(name), self)
    }

    /// `<name>` or `<name>Path` in seconds, from 1.
    pub(super) fn seconds(&self, name: &'static str, path_name: &'static str) -> Option<Seconds> {
        if self.at_most_one(&[name, path_name])? == name {
            match self.query(name) {
                Queried::Query(query) => Some(Seconds::Query(query)),
                Queried::Broken => None,
                Queried::None => self.integer(name, 1, SECONDS_MAX).map(Seconds::Literal),
            }
        } else {
            self.reference_path(path_name).map(Seconds::Path)
        }
    }

    /// `<name>` or `<name>Path`, an integer from 0.
    pub(super) fn count(&self, name: &'static str, path_name: &'static str) -> Option<Count> {
        if self.at_most_one(&[name, path_name])? == name {
            match self.query(name) {
                Queried::Query(query) => Some(Count::Query(query)),
                Queried::Broken => None,
                Queried::None => self.integer(name, 0, u64::MAX).map(Count::Literal),
            }
        } else {
            self.data_reference_path(path_name).map(Count::Path)
        }
    }

    /// `<name>` or `<name>Path`, a number from 0 to 100.
    pub(super) fn percentage(&self, name: &'static str, path_name: &'static str) -> Option<Percentage> {
        if self.at_most_one(&[name, path_name])? == name {
            match self.query(name) {
                Queried::Query(query) => Some(Percentage::Query(query)),
                Queried::Broken => None,
                Queried::None => self.float(name, 0.0, 100.0).map(Percentage::Literal),
            }
        } else {
            self.data_reference_path(path_name).map(Percentage::Path)
        }
    }

    /// A text as it is; a warning if it looks like a path, because then `<name>Path` was probably meant.
    pub(super) fn literal_string(&self, name: &str) -> Option<&'a str> {
        let text = self.string(name)?;
        if !self.is_jsonata() && looks_like_path(text) {
            let message = "Field value looks like a path, but field name does not end with 'Path'.";
            self.findings.field(Code::NoPath, &self.at.field(name), message);
        }
        Some(text)
    }

    fn typed<T>(&self, name: &str, kind: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Option<T> {
        let read = read(self.get(name)?);
        if read.is_none() {
            wrong_type(self.findings, &self.at.field(name), kind);
        }
        read
    }
}

const NOT_A_PATH: &str = "Value must be a valid JSONPath.";
const NOT_A_REFERENCE: &str = "Value is not a Reference Path";
const NO_DOLLAR: &str = "Value is not a Reference Path: Reference path didn't start with '$'";

/// A value of another JSON type than the field has. The wording is recorded for integers and words.
fn wrong_type(findings: &Findings, at: &Location, kind: &str) {
    findings.schema(at, format!("Expected value of type {kind}"));
}

/// Whether somebody who wrote this literal probably meant a path.
pub(super) fn looks_like_path(text: &str) -> bool {
    ["$.", "$[", "$$.", "$$["].iter().any(|start| text.starts_with(start))
}
