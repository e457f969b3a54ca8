//! Payload templates: JSON in which the values of keys ending in `.$` are computed, or in JSONata texts between `{%` and
//! `%}`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::data_error::DataError;
use super::diagnostics::{Code, Location};
use super::evaluation::Evaluation;
use super::expression::Expression;
use super::fields::{Fields, looks_like_path};
use super::intrinsic::Scope;
use super::query::{Query, Text};
use super::variables::is_assignable;

/// Deepest that values nest in a template or a Choice rule; AWS's bound is not known.
pub(super) const DEPTH_MAX: usize = 100;

/// A compiled template: `Parameters`, `ItemSelector`, `ResultSelector`, `Assign` or `Credentials`; in JSONata
/// `Arguments`, `Output` and the like.
///
/// The language's specification has objects only; Step Functions takes any JSON for all but the last two.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html>,
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
#[derive(Clone, Debug)]
pub struct Template(Node);

#[derive(Clone, Debug)]
enum Node {
    /// A value with nothing to compute in it.
    Literal(Value),
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    /// The value of a key that ended in `.$`; `field` is that key as written.
    Computed {
        field: Arc<str>,
        expression: Expression,
    },
    /// A text between `{%` and `%}`.
    Query(Query),
}

impl Template {
    /// Compiles an object; `None` if something in it is wrong, which is then among the findings.
    pub(super) fn compile(fields: Fields<'_>) -> Option<Self> {
        compile_members(&fields, 0).map(Node::Object).map(Self)
    }

    /// The same for any JSON.
    pub(super) fn compile_any(value: &Value, at: &Location, owner: &Fields<'_>) -> Option<Self> {
        compile_node(value, at, owner, 0).map(Self)
    }

    /// The same for `Assign`, whose keys must be names of variables.
    pub(super) fn compile_assign(fields: Fields<'_>) -> Option<Self> {
        for (key, _) in fields.iter() {
            let name = if fields.is_jsonata() { key } else { key.strip_suffix(".$").unwrap_or(key) };
            if name == "states" {
                let message = "Cannot assign to reserved variable '$states'.".to_owned();
                fields.findings.field(Code::ReservedVariableName, &fields.at, message);
            } else if !is_assignable(name) {
                let message =
                    format!("Invalid variable name '{name}': the variable name contains invalid characters.");
                fields.findings.field(Code::InvalidVariableName, &fields.at, message);
            }
        }
        Self::compile(fields)
    }

    /// The keys of the value that the template makes, in order; of an `Assign`, the variables.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let members = match &self.0 {
            Node::Object(members) => members.as_slice(),
            Node::Literal(_) | Node::Array(_) | Node::Computed { .. } | Node::Query(_) => &[],
        };
        members.iter().map(|(key, _)| key.as_str())
    }

    /// The template filled in; objects have their keys in the template's order.
    ///
    /// # Errors
    /// As of [`Expression::evaluate`] and [`Query::evaluate`].
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, DataError> {
        self.0.evaluate(scope, &mut None)
    }

    /// The expression, if that is all there is.
    pub(super) fn query(&self) -> Option<&Query> {
        match &self.0 {
            Node::Query(query) => Some(query),
            Node::Literal(_) | Node::Object(_) | Node::Array(_) | Node::Computed { .. } => None,
        }
    }

    /// The value, if there is nothing to compute in it.
    pub(super) fn literal(&self) -> Option<&Value> {
        match &self.0 {
            Node::Literal(value) => Some(value),
            Node::Query(_) | Node::Object(_) | Node::Array(_) | Node::Computed { .. } => None,
        }
    }
}

fn compile_members(fields: &Fields<'_>, depth: usize) -> Option<Vec<(String, Node)>> {
    let mut members = Vec::new();
    let mut sound = true;
    for (key, value) in fields.iter() {
        let computed = if fields.is_jsonata() { None } else { key.strip_suffix(".$") };
        let Some(name) = computed else {
            warn_no_dollar(key, value, fields);
            match compile_node(value, &fields.at.field(key), fields, depth + 1) {
                Some(node) => members.push((key.to_owned(), node)),
                None => sound = false,
            }
            continue;
        };
        if fields.has(name) {
            // Both would be the same member. AWS's wording is not recorded.
            fields.problem(format!("There should only be one of the following fields: [{name}, {key}]"));
            sound = false;
        }
        match value.as_str().and_then(Expression::parse) {
            Some(expression) => {
                members.push((name.to_owned(), Node::Computed { field: key.into(), expression }));
            }
            None => {
                fields.not_an_expression(key);
                sound = false;
            }
        }
    }
    sound.then_some(members)
}

fn compile_node(value: &Value, at: &Location, owner: &Fields<'_>, depth: usize) -> Option<Node> {
    if DEPTH_MAX < depth {
        owner.findings.field(
            Code::TooDeeplyNested,
            at,
            format!("Values are nested deeper than {DEPTH_MAX} levels"),
        );
        return None;
    }
    match value {
        Value::Object(_) => {
            let members = compile_members(&owner.within(value, at.clone())?, depth)?;
            let literal = members.iter().all(|(_, node)| matches!(node, Node::Literal(_)));
            Some(if literal { Node::Literal(value.clone()) } else { Node::Object(members) })
        }
        Value::Array(elements) => {
            let mut nodes = Vec::with_capacity(elements.len());
            let mut sound = true;
            for (index, element) in elements.iter().enumerate() {
                match compile_node(element, &at.element(index), owner, depth + 1) {
                    Some(node) => nodes.push(node),
                    None => sound = false,
                }
            }
            let literal = nodes.iter().all(|node| matches!(node, Node::Literal(_)));
            let node = if literal { Node::Literal(value.clone()) } else { Node::Array(nodes) };
            sound.then_some(node)
        }
        Value::String(text) if owner.is_jsonata() => match Query::read(text, at, owner) {
            Text::Literal => Some(Node::Literal(value.clone())),
            Text::Query(query) => Some(Node::Query(query)),
            Text::Broken => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Some(Node::Literal(value.clone()))
        }
    }
}

/// A literal that looks as if it were meant to be computed.
fn warn_no_dollar(key: &str, value: &Value, fields: &Fields<'_>) {
    let Some(text) = value.as_str().filter(|_| !fields.is_jsonata()) else { return };
    if looks_like_path(text) || (text.starts_with("States.") && text.ends_with(')')) {
        let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function.";
        fields.findings.field(Code::NoDollar, &fields.at.field(key), message);
    }
}

fn evaluate_members<'a>(
    members: &[(String, Node)],
    scope: &'a dyn Scope,
    evaluation: &mut Option<Evaluation<'a>>,
) -> Result<Map<String, Value>, DataError> {
    let mut object = Map::with_capacity(members.len());
    for (key, node) in members {
        object.insert(key.clone(), node.evaluate(scope, evaluation)?);
    }
    Ok(object)
}

impl Node {
    /// `evaluation` is shared by the template's queries, and made by the first of them.
    fn evaluate<'a>(
        &self,
        scope: &'a dyn Scope,
        evaluation: &mut Option<Evaluation<'a>>,
    ) -> Result<Value, DataError> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Array(nodes) => nodes.iter().map(|node| node.evaluate(scope, evaluation)).collect(),
            Self::Object(members) => evaluate_members(members, scope, evaluation).map(Value::Object),
            Self::Query(query) => query.evaluate_in(evaluation.get_or_insert_with(|| Evaluation::new(scope))),
            Self::Computed { field, expression } => Ok(expression.evaluate(field, scope)?.into_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::diagnostics::Findings;
    use super::super::query_language::QueryLanguage;
    use super::super::test_scope::TestScope;
    use super::*;

    fn evaluate(template: Value, input: Value) -> Result<Value, String> {
        let findings = Findings::default();
        let fields = Fields::of(&template, Location::default(), &findings).unwrap();
        let template = Template::compile(fields).unwrap();
        template.evaluate(&TestScope::of(input)).map_err(|e| e.to_string())
    }

    #[test]
    fn keys_with_a_dollar_are_computed() {
        let template = json!({
            "z": "$.a",
            "a.$": "$.a",
            "nested": {"list": [1, {"b.$": "$.b"}, ["$.b"]], "plain": {"c": null}},
            "name.$": "$$.State.Name",
            "answer.$": "$answer",
        });
        let expect = r#"{"z":"$.a","a":{"k":1},"nested":{"list":[1,{"b":[2]},["$.b"]],"plain":{"c":null}},"name":"Here","answer":42}"#;
        let found = evaluate(template, json!({"a": {"k": 1}, "b": [2]})).unwrap();
        assert_eq!(found.to_string(), expect);
    }

    #[test]
    fn several_matches_are_an_array() {
        assert_eq!(
            evaluate(json!({"x.$": "$.l[*].v"}), json!({"l": [{"v": 1}, {"v": 2}]})),
            Ok(json!({"x": [1, 2]}))
        );
        assert_eq!(evaluate(json!({"x.$": "$.items[1:]"}), json!({})), Ok(json!({"x": []})));
    }

    #[test]
    fn paths_to_nothing_name_path_field_and_input() {
        assert_eq!(
            evaluate(json!({"deep": [{"value.$": "$.no_such_jsonpath"}]}), json!({"a": 1.5})),
            Err(
                "States.Runtime: The JSONPath '$.no_such_jsonpath' specified for the field 'value.$' could not be found in the input '{\"a\":1.5}'"
                    .to_owned()
            )
        );
        assert_eq!(
            evaluate(json!({"value.$": "$nobody"}), json!({})),
            Err("States.Runtime: Invalid path '$nobody' : the variable '$nobody' has no value".to_owned())
        );
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |n: usize| (0..n).fold(json!(1), |inner, _| json!({"x": inner}));
        let deep = nested(DEPTH_MAX + 1);
        let within = nested(DEPTH_MAX);
        for language in [QueryLanguage::JsonPath, QueryLanguage::Jsonata] {
            let findings = Findings::default();
            let fields = Fields::of(&deep, Location::default(), &findings).unwrap().in_language(language);
            assert!(Template::compile(fields).is_none());
            assert_eq!(findings.into_diagnostics()[0].code, Code::TooDeeplyNested);
            let findings = Findings::default();
            let fields = Fields::of(&within, Location::default(), &findings).unwrap().in_language(language);
            assert!(Template::compile(fields).is_some());
        }
    }

    /// A template in JSONata with the name `Output` in a state.
    fn evaluate_query(template: Value, input: Value) -> Result<Value, String> {
        let state = json!({ "Output": template });
        let findings = Findings::default();
        let fields = Fields::of(&state, Location::default().field("States").field("S"), &findings).unwrap();
        let template = fields.in_language(QueryLanguage::Jsonata).template("Output");
        let Some(template) = template else {
            let said: Vec<String> = findings.into_diagnostics().iter().map(ToString::to_string).collect();
            return Err(said.join("; "));
        };
        template.evaluate(&TestScope::of(input)).map_err(|e| e.to_string())
    }

    #[test]
    fn texts_in_braces_and_percents_are_computed_in_jsonata() {
        let template = json!({
            "z": "$.a",
            "a.$": "$.a",
            "sum": "{% $sum($states.input.b) + $answer %}",
            "nested": [1, {"name": "{%$states.context.State.Name%}"}, ["{% $user %}"]],
            "literal": [" {% 1 %} ", "x{% 1 %}", "{ % 1 %}"],
        });
        let expect = r#"{"z":"$.a","a.$":"$.a","sum":45,"nested":[1,{"name":"Here"},[{"name":"Ada"}]],"literal":[" {% 1 %} ","x{% 1 %}","{ % 1 %}"]}"#;
        assert_eq!(evaluate_query(template, json!({"b": [1, 2]})).unwrap().to_string(), expect);
        assert_eq!(evaluate_query(json!("{% $states.input %}"), json!("all")), Ok(json!("all")));
    }

    #[test]
    fn what_has_no_value_names_the_expression_and_its_place() {
        for (template, expect) in [
            (
                json!("{% $nobody %}"),
                "'$nobody' specified for the field 'Output' returned nothing (undefined).",
            ),
            (
                json!({"a": [0, {"b/c": "{%  $states.input.no  %}"}]}),
                "'$states.input.no' specified for the field 'Output/a[1]/b/c' returned nothing (undefined).",
            ),
            (
                json!(["{% $sum %}"]),
                "'$sum' specified for the field 'Output[0]' returned an unsupported result type.",
            ),
            (
                json!({"x": "{% $abs('a') %}"}),
                "'$abs('a')' specified for the field 'Output/x' threw an error during evaluation. T0410: Argument 1 of function \"abs\" does not match function signature",
            ),
        ] {
            let said = evaluate_query(template, json!({})).unwrap_err();
            assert_eq!(said, format!("States.QueryEvaluationError: The JSONata expression {expect}"));
        }
    }

    #[test]
    fn broken_expressions_are_told_with_their_places() {
        for (template, expect) in [
            (
                json!({"v": "{% phone & $ %}"}),
                "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/S/Output/v; UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$' at the top level is not supported. at /States/S/Output/v",
            ),
            (
                json!(["{% [1, 2 %}"]),
                "INVALID_JSONATA_EXPRESSION: Expected \"]\" before end of expression at /States/S/Output[0]",
            ),
            (
                json!("{% $states.result.x %}"),
                "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.result' is not supported in this field. at /States/S/Output",
            ),
        ] {
            assert_eq!(evaluate_query(template, json!({})).unwrap_err(), expect);
        }
    }
}
