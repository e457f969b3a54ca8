//! A stack's tags, which its resources have, too.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kind::{Kind, Properties};

/// Adds the stack's tags to a resource's own, which win.
pub(super) fn tag(kind: &Kind, properties: &mut Properties, tags: &BTreeMap<String, String>) {
    if tags.is_empty() || !kind.properties().contains(&"Tags") {
        return;
    }
    let own = properties.entry("Tags").or_insert_with(|| json!([]));
    let Some(own) = own.as_array_mut() else { return };
    for (key, value) in tags {
        if !own.iter().any(|tag| tag.get("Key").and_then(Value::as_str) == Some(key)) {
            own.push(json!({ "Key": key, "Value": value }));
        }
    }
}
