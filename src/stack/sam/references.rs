//! References to what resources of the model become: `!Ref Api.Stage`, and layers, whose logical ids are others.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Logical ids by the names under which templates refer to them.
#[derive(Default)]
pub(super) struct References {
    /// `Api.Stage` → the stage's logical id.
    parts: BTreeMap<String, String>,
    /// A resource that has another logical id.
    renamed: BTreeMap<String, String>,
}

impl References {
    pub(super) fn part(&mut self, of: &str, part: &str, id: &str) {
        self.parts.insert(format!("{of}.{part}"), id.to_owned());
    }

    pub(super) fn rename(&mut self, old: &str, new: &str) {
        self.renamed.insert(old.to_owned(), new.to_owned());
    }

    /// Rewrites every reference in `value`.
    pub(super) fn rewrite(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item)),
            Value::Object(map) => {
                let only = map.len() == 1;
                for (key, value) in map.iter_mut() {
                    match (key.as_str(), &mut *value) {
                        ("Ref", Value::String(name)) if only => {
                            if let Some(id) = self.id(name) {
                                *value = json!(id);
                            }
                        }
                        ("Fn::GetAtt", target) if only => self.rewrite_attribute(target),
                        ("Fn::Sub", Value::String(text)) if only => *text = self.rewritten(text),
                        ("Fn::Sub", Value::Array(parts)) if only => {
                            if let Some(Value::String(text)) = parts.first_mut() {
                                *text = self.rewritten(text);
                            }
                            parts.iter_mut().skip(1).for_each(|part| self.rewrite(part));
                        }
                        ("DependsOn", Value::String(name)) => {
                            if let Some(id) = self.renamed.get(name) {
                                *value = json!(id);
                            }
                        }
                        ("DependsOn", Value::Array(names)) => {
                            for name in names {
                                if let Some(id) = name.as_str().and_then(|name| self.renamed.get(name)) {
                                    *name = json!(id);
                                }
                            }
                        }
                        (_, value) => self.rewrite(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn id(&self, name: &str) -> Option<&String> {
        self.parts.get(name).or_else(|| self.renamed.get(name))
    }

    fn rewrite_attribute(&self, target: &mut Value) {
        let (resource, attribute) = match &*target {
            Value::String(text) => match text.split_once('.') {
                Some((resource, attribute)) => (resource.to_owned(), json!(attribute)),
                None => return,
            },
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(resource), attribute] => (resource.clone(), attribute.clone()),
                _ => return,
            },
            _ => return,
        };
        // `Function.Alias.Arn` is an attribute of a part.
        let part = attribute.as_str().and_then(|text| text.split_once('.'));
        if let Some((part, attribute)) = part
            && let Some(id) = self.parts.get(&format!("{resource}.{part}"))
        {
            *target = json!([id, attribute]);
        } else if let Some(id) = self.renamed.get(&resource) {
            *target = json!([id, attribute]);
        }
    }

    /// A text of `Fn::Sub` with other names.
    fn rewritten(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else { break };
            let name = &rest[start + 2..start + length];
            out.push_str(&rest[..start]);
            let renamed = match self.id(name) {
                Some(id) => Some(id.clone()),
                None => name.split_once('.').and_then(|(resource, attribute)| {
                    if let Some((part, attribute)) = attribute.split_once('.')
                        && let Some(id) = self.parts.get(&format!("{resource}.{part}"))
                    {
                        return Some(format!("{id}.{attribute}"));
                    }
                    Some(format!("{}.{attribute}", self.renamed.get(resource)?))
                }),
            };
            out.push_str(&format!("${{{}}}", renamed.as_deref().unwrap_or(name)));
            rest = &rest[start + length + 1..];
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_what_resources_became() {
        let mut references = References::default();
        references.part("Api", "Stage", "ApiProdStage");
        references.part("Fn", "Alias", "FnAliaslive");
        references.rename("Layer", "Layer123");
        let check = |mut value: Value, want: Value| {
            references.rewrite(&mut value);
            assert_eq!(value, want);
        };
        check(json!({"Ref": "Api.Stage"}), json!({"Ref": "ApiProdStage"}));
        check(json!([{"Ref": "Layer"}, {"Ref": "Api"}]), json!([{"Ref": "Layer123"}, {"Ref": "Api"}]));
        check(json!({"Fn::GetAtt": "Fn.Alias.Arn"}), json!({"Fn::GetAtt": ["FnAliaslive", "Arn"]}));
        check(json!({"Fn::GetAtt": ["Layer", "Arn"]}), json!({"Fn::GetAtt": ["Layer123", "Arn"]}));
        check(
            json!({"Fn::Sub": "${Api.Stage}/${Layer}/${!Layer}/${Fn.Arn}/${Fn.Alias.Arn}"}),
            json!({"Fn::Sub": "${ApiProdStage}/${Layer123}/${!Layer}/${Fn.Arn}/${FnAliaslive.Arn}"}),
        );
        check(json!({"DependsOn": ["Layer", "Api"]}), json!({"DependsOn": ["Layer123", "Api"]}));
    }
}
