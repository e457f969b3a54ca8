//! The AWS managed policies that are known here: those about the services of this server, and what is commonly used with
//! them. The documents are AWS's, of the version that is named beside them; of `ReadOnlyAccess`, which is about all services,
//! only the actions of these.
//!
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;

use super::AWS_POLICY_PREFIX;
use crate::clock::Timestamp;

/// Path and name, and what AWS says of the policy.
static TEXT: &str = include_str!("aws_managed_policies.json");

/// A policy as the file has it.
#[derive(Deserialize)]
struct Written {
    /// `v7`
    version: String,
    created: String,
    updated: String,
    document: Value,
}

/// A policy that is known.
pub(super) struct Known {
    pub(super) number: u32,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) document: String,
}

impl From<Written> for Known {
    fn from(written: Written) -> Self {
        let time = |text: &str| Timestamp::parse_rfc3339(text).unwrap_or(Timestamp::EPOCH);
        Self {
            number: written.version.trim_start_matches('v').parse().unwrap_or(1),
            created: time(&written.created),
            updated: time(&written.updated),
            document: written.document.to_string(),
        }
    }
}

/// The policies, by path and name.
fn all() -> &'static BTreeMap<String, Known> {
    static ALL: OnceLock<BTreeMap<String, Known>> = OnceLock::new();
    ALL.get_or_init(|| {
        // A test reads the file, so this can't fail.
        let all: BTreeMap<String, Written> = serde_json::from_str(TEXT).unwrap_or_default();
        all.into_iter().map(|(name, written)| (name, written.into())).collect()
    })
}

/// The ARNs of all.
pub(super) fn arns() -> impl Iterator<Item = String> {
    all().keys().map(|name| format!("{AWS_POLICY_PREFIX}{name}"))
}

/// The AWS managed policy with this ARN, if it is known.
pub(super) fn known(arn: &str) -> Option<&'static Known> {
    all().get(arn.strip_prefix(AWS_POLICY_PREFIX)?)
}

/// The document of the AWS managed policy with this ARN. Unknown ones can be attached, but grant nothing.
pub(super) fn document(arn: &str) -> Option<&'static str> {
    known(arn).map(|known| known.document.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, PolicyKind};

    #[test]
    fn every_document_is_a_policy() {
        assert!(60 <= all().len());
        for (name, known) in all() {
            let parsed = Policy::parse(&known.document, PolicyKind::Identity);
            assert!(0 < known.number && Timestamp::EPOCH < known.created, "{name}");
            assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
        let known = |name: &str| document(&format!("arn:aws:iam::aws:policy/{name}")).is_some();
        for name in [
            "AdministratorAccess",
            "AmazonAPIGatewayInvokeFullAccess",
            "AWSStepFunctionsFullAccess",
            "AWSLambda_FullAccess",
            "service-role/AWSLambdaBasicExecutionRole",
            "service-role/AWSLambdaRole",
        ] {
            assert!(known(name), "{name}");
        }
        // The path belongs to the name.
        assert!(!known("AWSLambdaRole") && !known("SecurityAudit"));
        assert_eq!(document("arn:aws:iam::123456789012:policy/AdministratorAccess"), None);
    }
}
