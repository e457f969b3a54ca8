//! `$input`: the body and the parameters of the request.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::allowance::Allowance;
use super::host::text;
use super::live::LiveDocument;
use super::payload::{Payload, Reading};
use crate::gateway::context::Context;
use crate::json;
use crate::jsonpath::{Path, PathError};
use crate::vtl::{HostError, Value};

/// `$input.body`, the only member that is not a method.
pub(super) fn get(body: &Payload, property: &str, allowance: &mut Allowance) -> Result<Value, HostError> {
    Ok(match property {
        // An empty payload prints `{}`, in requests and in responses (recorded).
        "body" if body.is_empty() => Value::str("{}"),
        "body" => {
            let text = String::from_utf8_lossy(body.bytes());
            allowance.spend_text(&text)?;
            Value::str(&text)
        }
        _ => Value::Null,
    })
}

/// The body as `$input` sees it, with what the template has changed in it.
pub(super) struct Document<'a> {
    pub(super) body: &'a Payload,
    pub(super) reading: Reading,
    pub(super) live: &'a mut LiveDocument,
}

/// `$input.json(path)`, `$input.path(path)`, `$input.params()`, `$input.params(name)`.
pub(super) fn call(
    context: &Context,
    document: Document<'_>,
    method: &str,
    args: &[Value],
    allowance: &mut Allowance,
) -> Result<Value, HostError> {
    match (method, args) {
        ("json", [path]) => json_text(document, &path.to_display_string(), allowance),
        ("path", [path]) => path_of(document, &path.to_display_string(), allowance),
        ("params", []) => Ok(all_params(context)),
        ("params", [name]) => Ok(param(context, &name.to_display_string())),
        ("body", []) => get(document.body, "body", allowance),
        _ => Ok(Value::Null),
    }
}

/// The result as JSON text; a missing value is `""`, with the quotes (recorded). What the template has changed in values
/// of `$input.path` is in it.
fn json_text(document: Document<'_>, path: &str, allowance: &mut Allowance) -> Result<Value, HostError> {
    const MISSING: &str = "\"\"";
    let Document { body, reading, live } = document;
    let Some(original) = body.document(reading)? else {
        // An empty body counts as an empty document.
        return Ok(Value::str(if is_root(path) { "{}" } else { MISSING }));
    };
    let changed = live.changed(&original, allowance)?;
    let document = changed.as_deref().unwrap_or(&original);
    if is_root(path) {
        return printed(document, allowance);
    }
    match read(path, document, allowance)? {
        Some(found) => printed(&found, allowance),
        None => Ok(Value::str(MISSING)),
    }
}

/// The value itself; a missing one equals both null and the empty string. Lists and maps are parts of one document,
/// which they change.
fn path_of(document: Document<'_>, path: &str, allowance: &mut Allowance) -> Result<Value, HostError> {
    let Document { body, reading, live } = document;
    let Some(original) = body.document(reading)? else { return Ok(Value::Empty) };
    if let Json::String(text) = &*original {
        // A body that is text is copied each time.
        allowance.spend_text(text)?;
    }
    let compiled = compiled(path)?;
    match compiled.plain_steps() {
        Some(steps) => live.part(&original, &steps, allowance),
        None => {
            let changed = live.changed(&original, allowance)?;
            let document = changed.as_deref().unwrap_or(&original);
            read(path, document, allowance)?.map_or(Ok(Value::Empty), |found| made(&found, allowance))
        }
    }
}

fn read<'d>(
    path: &str,
    document: &'d Json,
    allowance: &mut Allowance,
) -> Result<Option<Cow<'d, Json>>, HostError> {
    let path = compiled(path)?;
    if let Json::String(text) = document {
        allowance.spend_text(text)?;
    }
    let before = allowance.left();
    let mut left = before;
    let found = path.read_within(document, &mut left);
    allowance.spend(before - left)?;
    Ok(found.ok())
}

fn printed(found: &Json, allowance: &mut Allowance) -> Result<Value, HostError> {
    allowance.spend(Value::count(found))?;
    Ok(Value::str(&json::compact(found)))
}

/// A value of its own.
pub(super) fn made(found: &Json, allowance: &mut Allowance) -> Result<Value, HostError> {
    allowance.spend(Value::count(found))?;
    Ok(Value::from_json(found))
}

fn is_root(path: &str) -> bool {
    path.trim() == "$"
}

const KEPT_PATHS_MAX: usize = 512;

/// Compiles a path once per thread, because templates use the same few repeatedly.
fn compiled(text: &str) -> Result<Arc<Path>, PathError> {
    thread_local! {
        static KEPT: RefCell<HashMap<String, Arc<Path>>> = RefCell::new(HashMap::new());
    }
    KEPT.with_borrow_mut(|kept| {
        if let Some(path) = kept.get(text) {
            return Ok(path.clone());
        }
        let path = Arc::new(compile(text)?);
        if KEPT_PATHS_MAX <= kept.len() {
            kept.clear();
        }
        kept.insert(text.to_owned(), path.clone());
        Ok(path)
    })
}

/// Compiles a path for `$input.json` and `$input.path`: the leading `$.` is optional.
pub(crate) fn compile(text: &str) -> Result<Path, PathError> {
    let trimmed = text.trim();
    if trimmed.starts_with('$') { Path::compile(trimmed) } else { Path::compile(&format!("$.{trimmed}")) }
}

/// Path, then query string, then header.
fn param(context: &Context, name: &str) -> Value {
    if let Some(value) = context.path_parameter(name) {
        return Value::str(value);
    }
    if let Some(value) = context.query().last(name) {
        return Value::str(value);
    }
    text(context.header(name).as_deref())
}

/// `{path={…}, querystring={…}, header={…}}`, each with single values.
fn all_params(context: &Context) -> Value {
    let strings = |pairs: &mut dyn Iterator<Item = (String, String)>| {
        Json::Object(pairs.map(|(name, value)| (name, Json::String(value))).collect::<Map<_, _>>())
    };
    let path = context.path_parameters.iter().map(|(name, value)| (name.to_string(), value.clone()));
    let query = context.query().singles().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let header = context.visible_headers().map(|(name, value)| (name, value.into_owned()));
    let mut all = Map::new();
    all.insert("path".to_owned(), strings(&mut path.into_iter()));
    all.insert("querystring".to_owned(), strings(&mut query.into_iter()));
    all.insert("header".to_owned(), strings(&mut header.into_iter()));
    Value::from_json(&Json::Object(all))
}
