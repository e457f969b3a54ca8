//! The checked result of a Lambda authorizer.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>

use serde_json::Value;

use crate::policy;
use crate::policy::{DOCUMENT_BYTES_MAX, Policy, PolicyKind};

/// A checked result.
#[derive(Clone, PartialEq)]
pub(crate) struct Verdict {
    /// The caller.
    pub(crate) principal_id: String,
    /// The caller's permissions.
    pub(crate) policy: Policy,
    /// The policy as JSON text.
    pub(crate) document: String,
    /// `$context.authorizer.KEY`.
    pub(crate) context: Vec<(String, String)>,
    /// The caller's API key.
    pub(crate) usage_identifier: Option<String>,
}

/// Why a result is malformed. Contains none of its values, which may be secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("the answer has more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the answer is no JSON object")]
    NoObject,
    #[error("principalId is missing")]
    PrincipalId,
    #[error("policyDocument is missing")]
    NoPolicy,
    #[error("policyDocument: {0}")]
    Policy(#[from] policy::Error),
    #[error("context is no object of strings, numbers and booleans")]
    Context,
    #[error("usageIdentifierKey is no string")]
    UsageIdentifier,
}

impl Verdict {
    /// Parses the function's result.
    pub(crate) fn parse(answer: &[u8]) -> Result<Self, Malformed> {
        if DOCUMENT_BYTES_MAX < answer.len() {
            return Err(Malformed::TooLarge);
        }
        let Ok(Value::Object(mut members)) = serde_json::from_slice(answer) else {
            return Err(Malformed::NoObject);
        };
        let principal_id = members.get("principalId").and_then(scalar).ok_or(Malformed::PrincipalId)?;
        let document = members.remove("policyDocument").filter(|document| !document.is_null());
        let document = document.ok_or(Malformed::NoPolicy)?;
        let context = match members.remove("context") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(context)) => texts(context).ok_or(Malformed::Context)?,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return Err(Malformed::Context);
            }
        };
        let usage_identifier = match members.remove("usageIdentifierKey") {
            None | Some(Value::Null) => None,
            Some(Value::String(key)) => Some(key),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(Malformed::UsageIdentifier);
            }
        };
        Ok(Self {
            principal_id,
            policy: Policy::from_value(&document, PolicyKind::Identity)?,
            document: document.to_string(),
            context,
            usage_identifier,
        })
    }

    /// The approximate memory that it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        let context: usize = self.context.iter().map(|(key, value)| key.len() + value.len()).sum();
        // The compiled policy is about as large as its text.
        256 + self.principal_id.len() + 2 * self.document.len() + context
    }
}

/// Values become strings: templates see `"1"` and `"true"`. Null counts as missing.
fn texts(context: serde_json::Map<String, Value>) -> Option<Vec<(String, String)>> {
    let pairs = context.into_iter().filter(|(_, value)| !value.is_null());
    pairs.map(|(key, value)| scalar(&value).map(|text| (key, text))).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(more: Value) -> Value {
        let statement = json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"});
        let mut answer = json!({"principalId": "me", "policyDocument": {"Statement": [statement]}});
        let (Value::Object(members), Value::Object(more)) = (&mut answer, more) else { panic!() };
        members.extend(more);
        answer
    }

    #[test]
    fn values_of_the_context_become_texts() {
        let context = json!({"s": "v", "n": 1, "f": 1.5, "b": true, "none": null});
        let given = answer(json!({"context": context, "usageIdentifierKey": "k"}));
        let verdict = Verdict::parse(given.to_string().as_bytes()).unwrap();
        assert_eq!(verdict.principal_id, "me");
        assert_eq!(verdict.usage_identifier.as_deref(), Some("k"));
        let context: Vec<_> = verdict.context.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(context, [("s", "v"), ("n", "1"), ("f", "1.5"), ("b", "true")]);
        assert_eq!(Some(&*verdict.document), given.get("policyDocument").map(Value::to_string).as_deref());
    }

    #[test]
    fn malformed_answers_are_none() {
        for (answer, message) in [
            ("".to_owned(), "the answer is no JSON object"),
            ("null".to_owned(), "the answer is no JSON object"),
            ("\"Allow\"".to_owned(), "the answer is no JSON object"),
            (json!({"policyDocument": {"Statement": []}}).to_string(), "principalId is missing"),
            (answer(json!({"principalId": null})).to_string(), "principalId is missing"),
            (answer(json!({"principalId": ["me"]})).to_string(), "principalId is missing"),
            (json!({"principalId": "me"}).to_string(), "policyDocument is missing"),
            (
                answer(json!({"policyDocument": "{}"})).to_string(),
                "policyDocument: the policy must be an object",
            ),
            (
                answer(json!({"policyDocument": {"Statement": {"Effect": "allow"}}})).to_string(),
                "policyDocument: Effect has no value \"\\\"allow\\\"\"",
            ),
            (
                answer(json!({"context": {"a": {"b": 1}}})).to_string(),
                "context is no object of strings, numbers and booleans",
            ),
            (
                answer(json!({"context": {"a": ["b"]}})).to_string(),
                "context is no object of strings, numbers and booleans",
            ),
            (
                answer(json!({"context": "a"})).to_string(),
                "context is no object of strings, numbers and booleans",
            ),
            (answer(json!({"usageIdentifierKey": 1})).to_string(), "usageIdentifierKey is no string"),
            (" ".repeat(DOCUMENT_BYTES_MAX + 1), "the answer has more than 32768 bytes"),
        ] {
            let found = Verdict::parse(answer.as_bytes()).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), Some(message), "{answer:.80}");
        }
    }
}
