//! Roles that functions and state machines get where they name none.

use serde_json::{Map, Value, json};

use super::policies::Granted;
use super::{Made, Source, tags};

/// What a role is for.
pub(super) struct NewRole<'a> {
    pub(super) id: String,
    /// The service that assumes it.
    pub(super) service: &'a str,
    pub(super) granted: Granted,
    /// The tag that says who made it.
    pub(super) creator: &'a str,
}

/// Adds a role for a resource, with what the resource says about its role.
pub(super) fn add(role: NewRole<'_>, source: &mut Source, own_tags: Option<Value>, made: &mut Made) {
    let trust = source.take("AssumeRolePolicyDocument");
    let mut properties = Map::new();
    properties.insert("AssumeRolePolicyDocument".to_owned(), trust.unwrap_or_else(|| trusted(role.service)));
    let Granted { managed, inline } = role.granted;
    if !managed.is_empty() {
        properties.insert("ManagedPolicyArns".to_owned(), managed.into());
    }
    if !inline.is_empty() {
        properties.insert("Policies".to_owned(), inline.into());
    }
    source.rename(&[("RolePath", "Path"), ("PermissionsBoundary", "PermissionsBoundary")], &mut properties);
    properties.insert("Tags".to_owned(), tags(own_tags, Some(role.creator)));
    made.add(role.id, "AWS::IAM::Role", properties, source);
}

/// A trust policy for a service.
pub(super) fn trusted(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": [service] }, "Action": ["sts:AssumeRole"] }],
    })
}
