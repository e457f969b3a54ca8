//! The JSONata that random machines have, as the language's definition says it, in no more words than they use.

use serde_json::{Map, Value, json};

/// What an expression sees.
pub(crate) struct Seen<'a> {
    pub(crate) input: &'a Value,
    pub(crate) result: Option<&'a Value>,
    pub(crate) error: Option<&'a Value>,
    pub(crate) item: Option<(usize, &'a Value)>,
    pub(crate) variables: &'a Map<String, Value>,
}

/// A template filled in; `None` if one of its expressions has no value or raises an error.
pub(crate) fn fill(template: &Value, seen: &Seen<'_>) -> Option<Value> {
    Some(match template {
        Value::String(text) => match text.strip_prefix("{% ").and_then(|text| text.strip_suffix(" %}")) {
            Some(expression) => evaluate(expression, seen)?,
            None => template.clone(),
        },
        Value::Array(items) => items.iter().map(|item| fill(item, seen)).collect::<Option<_>>()?,
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| Some((name.clone(), fill(value, seen)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
    })
}

fn evaluate(expression: &str, seen: &Seen<'_>) -> Option<Value> {
    if let Some((condition, rest)) = expression.split_once(" ? ") {
        let (then, otherwise) = rest.split_once(" : ").expect("a conditional has two branches");
        return match evaluate(condition, seen)? {
            Value::Bool(true) => evaluate(then, seen),
            _ => Some(json!(otherwise.trim_matches('\''))),
        };
    }
    if let Some(term) = expression.strip_prefix("$exists(") {
        return Some(term_of(term.trim_end_matches(')'), seen).is_some().into());
    }
    let number = |text: &str| text.parse::<i64>().expect("a number");
    if let Some((term, addend)) = expression.split_once(" + ") {
        return Some(json!(term_of(term, seen)?.as_i64()? + number(addend)));
    }
    if let Some((term, bound)) = expression.split_once(" > ") {
        return Some((number(bound) < term_of(term, seen)?.as_i64()?).into());
    }
    if let Some((term, other)) = expression.split_once(" = ") {
        return Some((term_of(term, seen) == Some(json!(number(other)))).into());
    }
    term_of(expression, seen)
}

fn term_of(term: &str, seen: &Seen<'_>) -> Option<Value> {
    if let Some((index, value)) = seen.item {
        match term {
            "$states.context.Map.Item.Value" => return Some(value.clone()),
            "$states.context.Map.Item.Index" => return Some(json!(index)),
            _ => {}
        }
    }
    let mut names = term.split('.');
    let (root, names) = match names.next().expect("a term has a root") {
        "$states" => {
            let root = match names.next().expect("a member") {
                "input" => Some(seen.input),
                "result" => seen.result,
                "errorOutput" => seen.error,
                other => panic!("{other}"),
            };
            (root?, names.collect::<Vec<_>>())
        }
        variable => (seen.variables.get(&variable[1..])?, Vec::new()),
    };
    walk(root, &names)
}

/// The path semantics of JSONata: what stands in arrays is looked at one by one, and what is found is one sequence, of
/// which a single item stands for itself. An array that the data has at the end of the path stays one.
fn walk(root: &Value, names: &[&str]) -> Option<Value> {
    if names.is_empty() {
        return Some(root.clone());
    }
    let mut sequence = flattened([root.clone()]);
    for (i, name) in names.iter().enumerate() {
        let found: Vec<Value> = sequence.iter().filter_map(|item| member(item, name)).collect();
        if let (true, [Value::Array(_)]) = (i + 1 == names.len(), &found[..]) {
            return found.into_iter().next();
        }
        sequence = flattened(found);
    }
    match sequence.len() {
        0 => None,
        1 => sequence.pop(),
        _ => Some(sequence.into()),
    }
}

fn flattened(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut flat = Vec::new();
    for value in values {
        match value {
            Value::Array(items) => flat.extend(items),
            other => flat.push(other),
        }
    }
    flat
}

fn member(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(members) => members.get(name).cloned(),
        Value::Array(_) => walk(value, &[name]),
        _ => None,
    }
}
