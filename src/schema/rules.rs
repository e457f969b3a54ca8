//! A compiled schema: rules that refer to one another by number, possibly in cycles.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use fancy_regex::Regex;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

use super::{Error, Library, pattern};
use crate::json;

/// The most rules of a schema; a schema with more is refused when it is compiled.
pub(super) const RULES_MAX: usize = 20_000;

/// Keywords about a value alone, not about its parts. The library checks these, except `pattern`, which this room
/// checks.
const ASSERTIONS: [&str; 15] = [
    "type",
    "enum",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "multipleOf",
    "maxLength",
    "minLength",
    "format",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
];

/// A rule's number.
pub(super) type RuleId = usize;

/// All rules of a schema; the first is the root.
#[derive(Debug, Default)]
pub(super) struct Rules(pub(super) Vec<Rule>);

/// The rules that one schema object defines for a value.
#[derive(Debug, Default)]
pub(super) struct Rule {
    /// Excludes all other keywords: draft 4 ignores the neighbours of a reference.
    pub(super) reference: Option<RuleId>,
    pub(super) assertions: Option<Assertions>,
    pub(super) pattern: Option<Pattern>,
    pub(super) required: Vec<String>,
    pub(super) properties: BTreeMap<String, RuleId>,
    pub(super) pattern_properties: Vec<(Pattern, RuleId)>,
    pub(super) additional_properties: Others,
    pub(super) items: Items,
    pub(super) dependencies: Vec<(String, Dependency)>,
    pub(super) all_of: Vec<RuleId>,
    pub(super) any_of: Vec<RuleId>,
    pub(super) one_of: Vec<RuleId>,
    pub(super) not: Option<RuleId>,
}

/// The rule for properties or items that no other keyword names.
#[derive(Debug, Default)]
pub(super) enum Others {
    #[default]
    Any,
    None,
    Rule(RuleId),
}

#[derive(Debug, Default)]
pub(super) enum Items {
    #[default]
    Any,
    Each(RuleId),
    Tuple(Vec<RuleId>, Others),
}

#[derive(Debug)]
pub(super) enum Dependency {
    Properties(Vec<String>),
    Rule(RuleId),
}

/// Keywords about one value, as the library checks them.
pub(super) struct Assertions {
    pub(super) validator: Validator,
    /// Whether the whole value has to be read: a string's characters, an array's items.
    pub(super) reads_all: bool,
}

/// A regular expression for strings or names.
pub(super) struct Pattern {
    /// The pattern as written in the schema.
    pub(super) text: String,
    regex: Regex,
    pub(super) backtracks: bool,
    /// How many steps a search may take for each byte of the text.
    pub(super) weight: usize,
}

impl Pattern {
    fn compile(pattern: &str) -> Result<Self, Error> {
        let none = || Error::Invalid(format!("{pattern:?} is no regular expression"));
        Ok(Self {
            text: pattern.to_owned(),
            regex: pattern::compile(pattern).ok_or_else(none)?,
            backtracks: backtracks(pattern),
            weight: json::pattern_weight(pattern),
        })
    }

    /// A match that needs too many steps counts as no match.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text).unwrap_or(false)
    }
}

impl Rules {
    /// Compiles the document `url` of `library`, with everything it refers to.
    pub(super) fn compile(library: &Library, url: &str) -> Result<Self, Error> {
        let Some((url, root)) = library.document(url) else { return Err(Error::Missing(url.to_owned())) };
        let mut compiler = Compiler {
            library,
            rules: Vec::new(),
            known: HashMap::new(),
            documents: HashSet::new(),
            open: Vec::new(),
        };
        compiler.id_of(url, root)?;
        // References are kept in a list, not followed by recursion: a chain may be as long as the document.
        while let Some((id, base, schema)) = compiler.open.pop() {
            let rule = compiler.rule(base, schema)?;
            if let Some(place) = compiler.rules.get_mut(id) {
                *place = rule;
            }
        }
        Ok(Self(compiler.rules))
    }
}

struct Compiler<'l> {
    library: &'l Library,
    rules: Vec<Rule>,
    /// The rule for each schema, identified by its address in memory.
    known: HashMap<*const Value, RuleId>,
    /// Documents known to be draft 4 schemas.
    documents: HashSet<&'l str>,
    /// Schemas that have a number but are not compiled yet, with their documents.
    open: Vec<(RuleId, &'l str, &'l Value)>,
}

impl<'l> Compiler<'l> {
    fn id_of(&mut self, base: &'l str, schema: &'l Value) -> Result<RuleId, Error> {
        if let Some(id) = self.known.get(&std::ptr::from_ref(schema)) {
            return Ok(*id);
        }
        if self.documents.insert(base)
            && let Some((_, document)) = self.library.document(base)
        {
            let mut document = document.clone();
            if !pattern::take_patterns(&mut document) {
                return Err(Error::Invalid(format!("{base} has a pattern that is no regular expression")));
            }
            let checked = jsonschema::draft4::meta::validate(&document);
            checked.map_err(|error| Error::Invalid(error.to_string()))?;
        }
        let id = self.rules.len();
        if RULES_MAX <= id {
            return Err(Error::TooLarge);
        }
        self.rules.push(Rule::default());
        self.known.insert(std::ptr::from_ref(schema), id);
        self.open.push((id, base, schema));
        Ok(id)
    }

    fn ids_of(&mut self, base: &'l str, schemas: Option<&'l Value>) -> Result<Vec<RuleId>, Error> {
        let schemas = schemas.and_then(Value::as_array).into_iter().flatten();
        schemas.map(|schema| self.id_of(base, schema)).collect()
    }

    fn others(&mut self, base: &'l str, schema: Option<&'l Value>) -> Result<Others, Error> {
        match schema {
            None | Some(Value::Bool(true)) => Ok(Others::Any),
            Some(Value::Bool(false)) => Ok(Others::None),
            Some(schema) => self.id_of(base, schema).map(Others::Rule),
        }
    }

    fn rule(&mut self, base: &'l str, schema: &'l Value) -> Result<Rule, Error> {
        let Value::Object(members) = schema else {
            return Err(Error::Invalid(format!("what {base} takes for a schema is no object")));
        };
        let mut rule = Rule::default();
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let (base, target) = self.library.referred(base, reference).ok_or_else(|| {
                Error::Invalid(format!("there is no schema {reference}, which {base} refers to"))
            })?;
            rule.reference = Some(self.id_of(base, target)?);
            return Ok(rule);
        }
        rule.assertions = assertions(members)?;
        let pattern = members.get("pattern").and_then(Value::as_str);
        rule.pattern = pattern.map(Pattern::compile).transpose()?;
        rule.required = texts(members.get("required"));
        for (name, schema) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            rule.properties.insert(name.clone(), self.id_of(base, schema)?);
        }
        let patterns = members.get("patternProperties").and_then(Value::as_object);
        for (pattern, schema) in patterns.into_iter().flatten() {
            rule.pattern_properties.push((Pattern::compile(pattern)?, self.id_of(base, schema)?));
        }
        rule.additional_properties = self.others(base, members.get("additionalProperties"))?;
        rule.items = match members.get("items") {
            None | Some(Value::Bool(_)) => Items::Any,
            schemas @ Some(Value::Array(_)) => {
                Items::Tuple(self.ids_of(base, schemas)?, self.others(base, members.get("additionalItems"))?)
            }
            Some(schema) => Items::Each(self.id_of(base, schema)?),
        };
        for (name, given) in members.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
            let dependency = match given {
                Value::Array(_) => Dependency::Properties(texts(Some(given))),
                schema => Dependency::Rule(self.id_of(base, schema)?),
            };
            rule.dependencies.push((name.clone(), dependency));
        }
        rule.all_of = self.ids_of(base, members.get("allOf"))?;
        rule.any_of = self.ids_of(base, members.get("anyOf"))?;
        rule.one_of = self.ids_of(base, members.get("oneOf"))?;
        rule.not = members.get("not").map(|schema| self.id_of(base, schema)).transpose()?;
        Ok(rule)
    }
}

fn texts(given: Option<&Value>) -> Vec<String> {
    let texts = given.and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn assertions(members: &Map<String, Value>) -> Result<Option<Assertions>, Error> {
    let own = |keyword: &str| Some((keyword.to_owned(), members.get(keyword)?.clone()));
    let own: Map<String, Value> = ASSERTIONS.into_iter().filter_map(own).collect();
    if own.is_empty() {
        return Ok(None);
    }
    let reads_all = ["format", "enum", "uniqueItems", "maxLength", "minLength"];
    Ok(Some(Assertions {
        reads_all: reads_all.into_iter().any(|keyword| own.contains_key(keyword)),
        validator: validator(&Value::Object(own))?,
    }))
}

fn validator(schema: &Value) -> Result<Validator, Error> {
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .build(schema)
        .map_err(|error| Error::Invalid(error.to_string()))
}

/// Whether a regular expression may need backtracking: look-around, back-references, possessive or atomic groups. Of
/// all groups that begin with `(?`, only non-capturing ones are known not to.
fn backtracks(pattern: &str) -> bool {
    let plain = pattern.replace("(?:", "(");
    let refers_back = || {
        let mut bytes = plain.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'\\' && bytes.next().is_some_and(|next| next.is_ascii_digit() || next == b'k') {
                return true;
            }
        }
        false
    };
    plain.contains("(?")
        || plain.contains("++")
        || plain.contains("*+")
        || plain.contains("?+")
        || refers_back()
}

impl fmt::Debug for Assertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertions").field("reads_all", &self.reads_all).finish_non_exhaustive()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("text", &self.text).finish_non_exhaustive()
    }
}
