//! Stack policies: which resources of a stack an update may change.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html>

use serde_json::Value;

/// A policy that was checked.
#[derive(Clone, Debug)]
pub(super) struct StackPolicy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    is_not_action: bool,
    resources: Vec<String>,
    is_not_resource: bool,
    /// Patterns of types, one of which has to match; none if any type will do.
    types: Vec<String>,
}

/// What an update does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Modify,
    Replace,
    Delete,
}

impl Deed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Modify => "Update:Modify",
            Self::Replace => "Update:Replace",
            Self::Delete => "Update:Delete",
        }
    }
}

impl StackPolicy {
    /// Parses a policy.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))?;
        let statements = document.get("Statement").ok_or("Statement is missing")?;
        let statements = match statements {
            Value::Array(statements) => statements.as_slice(),
            one => std::slice::from_ref(one),
        };
        let statements = statements.iter().map(Statement::parse).collect::<Result<_, String>>()?;
        Ok(Self { statements })
    }

    /// Whether an update may do that to a resource. What no statement allows is denied.
    ///
    /// # Errors
    /// Why not, in AWS's words.
    pub(super) fn check(&self, deed: Deed, logical_id: &str, kind: &str) -> Result<(), String> {
        let is_meant = |statement: &&Statement| statement.means(deed, logical_id, kind);
        let denied = |n: usize| {
            format!(
                "Action denied by stack policy: Statement [#{n}] does not allow [{}] for resource [{logical_id}]",
                deed.as_str()
            )
        };
        let mut denying = self.statements.iter().enumerate().filter(|(_, it)| !it.allows);
        if let Some((n, _)) = denying.find(|(_, statement)| is_meant(statement)) {
            return Err(denied(n + 1));
        }
        match self.statements.iter().filter(|it| it.allows).any(|statement| is_meant(&statement)) {
            true => Ok(()),
            false => Err(format!(
                "Action not allowed by stack policy: no statement allows [{}] for resource [{logical_id}]",
                deed.as_str()
            )),
        }
    }
}

impl Statement {
    fn parse(statement: &Value) -> Result<Self, String> {
        let allows = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("Effect is Allow or Deny".to_owned()),
        };
        if statement.get("Principal").and_then(Value::as_str) != Some("*") {
            return Err("Principal is \"*\"".to_owned());
        }
        let one_of = |name: &str, not: &str| match (statement.get(name), statement.get(not)) {
            (Some(value), None) => Ok((texts(value)?, false)),
            (None, Some(value)) => Ok((texts(value)?, true)),
            _ => Err(format!("{name} or {not} is needed, and not both")),
        };
        let (actions, is_not_action) = one_of("Action", "NotAction")?;
        if let Some(other) = actions.iter().find(|it| !it.starts_with("Update:")) {
            return Err(format!("{other} is no action of stack policies"));
        }
        let (resources, is_not_resource) = one_of("Resource", "NotResource")?;
        let mut types = Vec::new();
        if let Some(condition) = statement.get("Condition") {
            let operators = condition.as_object().ok_or("Condition is an object")?;
            for (operator, keys) in operators {
                let is_known = matches!(operator.as_str(), "StringEquals" | "StringLike");
                let kinds = keys.get("ResourceType").filter(|_| is_known);
                types.extend(texts(kinds.ok_or("a Condition is about ResourceType")?)?);
            }
        }
        Ok(Self { allows, actions, is_not_action, resources, is_not_resource, types })
    }

    fn means(&self, deed: Deed, logical_id: &str, kind: &str) -> bool {
        let resource = format!("LogicalResourceId/{logical_id}");
        let is_of_type = self.types.is_empty() || self.types.iter().any(|it| matches(it, kind));
        (self.actions.iter().any(|it| matches(it, deed.as_str())) != self.is_not_action)
            && (self.resources.iter().any(|it| matches(it, &resource)) != self.is_not_resource)
            && is_of_type
    }
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let all = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let texts = all.iter().map(|it| it.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    texts.filter(|texts| !texts.is_empty()).ok_or_else(|| "expected texts".to_owned())
}

/// Whether `text` matches a pattern with `*` for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let Some(last) = parts.pop() else { return true };
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(statements: Value, deed: Deed, id: &str, kind: &str, want: bool) {
        let policy = StackPolicy::parse(&json!({ "Statement": statements }).to_string()).unwrap();
        assert_eq!(policy.check(deed, id, kind).is_ok(), want, "{statements} {deed:?} {id} {kind}");
    }

    #[test]
    fn what_is_denied_is_denied_whatever_else_allows_it() {
        let all = json!({"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"});
        let not = |action: &str, resource: &str| json!([all, {"Effect": "Deny", "Action": action, "Principal": "*", "Resource": resource}]);
        check(all.clone(), Deed::Delete, "A", "T", true);
        check(not("Update:*", "LogicalResourceId/A"), Deed::Modify, "A", "T", false);
        check(not("Update:*", "LogicalResourceId/A"), Deed::Modify, "AB", "T", true);
        check(not("Update:*", "LogicalResourceId/A*"), Deed::Modify, "AB", "T", false);
        check(not("Update:Replace", "LogicalResourceId/A"), Deed::Modify, "A", "T", true);
        check(not("Update:Replace", "LogicalResourceId/A"), Deed::Replace, "A", "T", false);
        let only = json!({"Effect": "Allow", "NotAction": "Update:Delete", "Principal": "*", "NotResource": "LogicalResourceId/B"});
        check(only.clone(), Deed::Modify, "A", "T", true);
        check(only.clone(), Deed::Delete, "A", "T", false);
        check(only, Deed::Modify, "B", "T", false);
        let typed = json!([all, {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*",
            "Condition": {"StringLike": {"ResourceType": ["AWS::IAM::*"]}}}]);
        check(typed.clone(), Deed::Modify, "A", "AWS::IAM::Role", false);
        check(typed, Deed::Modify, "A", "AWS::Lambda::Function", true);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:Get", "Resource": "*"}}"#,
            r#"{"Statement": {"Effect": "Allow", "Principal": "me", "Action": "Update:*", "Resource": "*"}}"#,
            r#"{"Statement": {"Effect": "Maybe", "Principal": "*", "Action": "Update:*", "Resource": "*"}}"#,
            r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "Update:*"}}"#,
        ] {
            assert!(StackPolicy::parse(text).is_err(), "{text}");
        }
    }
}
