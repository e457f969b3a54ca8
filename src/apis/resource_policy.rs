//! Resource policies of APIs.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html>

use serde_json::Value;

use crate::policy;
use crate::policy::{Policy, PolicyKind};

/// The short form of its own ARN in an API's resource policy.
const SHORTHAND: &str = "execute-api:/";

/// Parses the resource policy of the API with this ARN.
///
/// # Errors
/// [`policy::Error`] says what is wrong with it.
pub fn resource_policy(document: &str, api_arn: &str) -> Result<Policy, policy::Error> {
    if policy::DOCUMENT_BYTES_MAX < document.len() {
        return Err(policy::Error::TooLarge(policy::DOCUMENT_BYTES_MAX));
    }
    let broken = |error: serde_json::Error| policy::Error::Json(error.to_string());
    let mut document: Value = serde_json::from_str(document).map_err(broken)?;
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.as_mut_slice(),
        Some(statement) => std::slice::from_mut(statement),
        None => &mut [],
    };
    for statement in statements {
        for element in ["Resource", "NotResource"] {
            let resources = match statement.get_mut(element) {
                Some(Value::Array(resources)) => resources.as_mut_slice(),
                Some(resource) => std::slice::from_mut(resource),
                None => &mut [],
            };
            for resource in resources {
                let path = resource.as_str().and_then(|text| text.strip_prefix(SHORTHAND));
                if let Some(path) = path {
                    *resource = format!("{api_arn}/{path}").into();
                }
            }
        }
    }
    Policy::from_value(&document, PolicyKind::Resource)
}
