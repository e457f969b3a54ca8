//! IAM policies: any document is a policy or an error; a policy decides, and is the same after a round trip through its
//! document.

use serde_json::Value;
use stepgate::policy::{Caller, Decision, NoFacts, Policy, PolicyKind, Request};

pub(crate) fn execute(text: &str) {
    for kind in [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust] {
        let policy = match Policy::parse(text, kind) {
            Ok(policy) => policy,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        let read: Value = serde_json::from_str(text).expect("a policy is JSON");
        assert_eq!(Policy::from_value(&read, kind).as_ref(), Ok(&policy));
        let aws = Caller::Aws { arn: "arn:aws:iam::123456789012:user/u", account: "123456789012" };
        for caller in [Caller::Anonymous, aws] {
            for resource in ["arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/1", "", "*"] {
                let request = Request { caller, action: "execute-api:Invoke", resource, facts: &NoFacts };
                let said = policy.decide(&request);
                assert!(matches!(said, Decision::Allow | Decision::ExplicitDeny | Decision::ImplicitDeny));
            }
        }
    }
}

pub(crate) const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "*",
    "?",
    "**",
    "*a*a*a",
    "${",
    "}",
    "${aws:username}",
    "${*}",
    "${?}",
    "${$}",
    "\"Version\":\"2012-10-17\"",
    "\"Version\":\"2008-10-17\"",
    "\"Statement\":",
    "\"Effect\":\"Allow\"",
    "\"Effect\":\"Deny\"",
    "\"Principal\":",
    "\"NotPrincipal\":",
    "\"AWS\":",
    "\"Service\":",
    "\"Federated\":",
    "\"Action\":",
    "\"NotAction\":",
    "\"Resource\":",
    "\"NotResource\":",
    "\"Condition\":",
    "\"Sid\":\"s\"",
    "StringEquals",
    "StringNotLike",
    "IfExists",
    "ForAllValues:",
    "ForAnyValue:",
    "IpAddress",
    "192.0.2.0/24",
    "2001:db8::/32",
    "0.0.0.0/0",
    "::/0",
    "DateLessThan",
    "2025-01-01T00:00:00Z",
    "NumericEquals",
    "1e400",
    "Bool",
    "Null",
    "BinaryEquals",
    "ArnLike",
    "arn:aws:",
    "aws:SourceIp",
    "123456789012",
    "execute-api:",
    "true",
    "null",
];
