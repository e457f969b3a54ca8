//! JSON Patch: changes of a document, one after the other. <https://www.rfc-editor.org/rfc/rfc6902>

use serde::Deserialize;
use serde_json::Value;

/// The most operations of a patch.
const OPERATIONS_MAX: usize = 1_000;

/// One operation; `move` and `copy` are not among them.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Change {
    Add { path: String, value: Value },
    Replace { path: String, value: Value },
    Remove { path: String },
    Test { path: String, value: Value },
}

/// The document as `patch` changes it.
///
/// # Errors
/// Why it can't be changed like that.
pub(super) fn patched(mut document: Value, patch: &str) -> Result<Value, String> {
    let changes: Vec<Change> = serde_json::from_str(patch).map_err(|error| error.to_string())?;
    if OPERATIONS_MAX < changes.len() {
        return Err(format!("it has more than {OPERATIONS_MAX} operations"));
    }
    for change in changes {
        apply(&mut document, change)?;
    }
    Ok(document)
}

fn apply(document: &mut Value, change: Change) -> Result<(), String> {
    match change {
        Change::Add { path, value } => match split(&path)? {
            None => *document = value,
            Some((parent, name)) => match parent_of(document, parent)? {
                Value::Object(map) => drop(map.insert(name, value)),
                Value::Array(items) if name == "-" => items.push(value),
                Value::Array(items) => {
                    let index = index(&name, items.len() + 1, &path)?;
                    items.insert(index, value);
                }
                _ => return Err(nothing(&path)),
            },
        },
        Change::Replace { path, value } => {
            *document.pointer_mut(&path).ok_or_else(|| nothing(&path))? = value;
        }
        Change::Remove { path } => {
            let (parent, name) = split(&path)?.ok_or_else(|| "the whole can't be removed".to_owned())?;
            match parent_of(document, parent)? {
                Value::Object(map) => drop(map.shift_remove(&name).ok_or_else(|| nothing(&path))?),
                Value::Array(items) => {
                    let index = index(&name, items.len(), &path)?;
                    items.remove(index);
                }
                _ => return Err(nothing(&path)),
            }
        }
        Change::Test { path, value } => {
            if document.pointer(&path) != Some(&value) {
                return Err(format!("{path:?} is something else"));
            }
        }
    }
    Ok(())
}

fn nothing(path: &str) -> String {
    format!("there is no {path:?}")
}

/// The place that has what a path names, and its name there; `None` for the whole document.
fn split(path: &str) -> Result<Option<(&str, String)>, String> {
    if path.is_empty() {
        return Ok(None);
    }
    let (parent, name) = path.rsplit_once('/').ok_or_else(|| format!("{path:?} doesn't begin with /"))?;
    Ok(Some((parent, name.replace("~1", "/").replace("~0", "~"))))
}

fn parent_of<'a>(document: &'a mut Value, parent: &str) -> Result<&'a mut Value, String> {
    document.pointer_mut(parent).ok_or_else(|| nothing(parent))
}

fn index(name: &str, end: usize, path: &str) -> Result<usize, String> {
    let is_plain = name == "0" || !name.starts_with(['0', '+']);
    name.parse().ok().filter(|index| is_plain && *index < end).ok_or_else(|| nothing(path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(document: Value, patch: Value, want: Value) {
        assert_eq!(patched(document, &patch.to_string()), Ok(want), "{patch}");
    }

    #[test]
    fn members_and_items_are_changed() {
        check(json!({"a": 1}), json!([{"op": "add", "path": "/b", "value": 2}]), json!({"a": 1, "b": 2}));
        check(
            json!({"a": 1}),
            json!([{"op": "replace", "path": "/a", "value": {"c": 2}}]),
            json!({"a": {"c": 2}}),
        );
        check(json!({"a/b~": 1, "c": 2}), json!([{"op": "remove", "path": "/a~1b~0"}]), json!({"c": 2}));
        check(
            json!([1, 3]),
            json!([{"op": "add", "path": "/1", "value": 2}, {"op": "add", "path": "/-", "value": 4}]),
            json!([1, 2, 3, 4]),
        );
        check(
            json!({"l": [1, 2]}),
            json!([{"op": "test", "path": "/l/0", "value": 1}, {"op": "remove", "path": "/l/0"}]),
            json!({"l": [2]}),
        );
        check(json!({"a": 1}), json!([{"op": "add", "path": "", "value": 5}]), json!(5));
    }

    #[test]
    fn what_is_not_there_is_not_changed() {
        let refused = |patch: Value| patched(json!({"a": [1]}), &patch.to_string()).unwrap_err();
        assert_eq!(refused(json!([{"op": "replace", "path": "/b", "value": 1}])), "there is no \"/b\"");
        assert_eq!(refused(json!([{"op": "remove", "path": "/a/1"}])), "there is no \"/a/1\"");
        assert_eq!(refused(json!([{"op": "add", "path": "/a/2", "value": 1}])), "there is no \"/a/2\"");
        assert_eq!(refused(json!([{"op": "add", "path": "/a/00", "value": 1}])), "there is no \"/a/00\"");
        assert_eq!(refused(json!([{"op": "test", "path": "/a", "value": 1}])), "\"/a\" is something else");
        assert!(refused(json!([{"op": "move", "path": "/a", "from": "/b"}])).contains("unknown variant"));
        assert!(refused(json!({})).contains("expected a sequence"));
    }

    #[test]
    fn a_patch_has_as_many_operations_as_it_may() {
        let patch =
            |n: usize| Value::from(vec![json!({"op": "add", "path": "/a", "value": 1}); n]).to_string();
        assert!(patched(json!({}), &patch(OPERATIONS_MAX)).is_ok());
        assert!(patched(json!({}), &patch(OPERATIONS_MAX + 1)).unwrap_err().contains("more than 1000"));
    }
}
