//! Where other AWS services are called, and with which key.

use super::finding::Finding;
use crate::id::AccountId;
use crate::identity::{Credential, Secret};
use crate::server::Options;
use crate::wire::client::Endpoints;

/// Where AWS itself is.
const AWS: &str = ".amazonaws.com";

/// Endpoints that can't be called.
pub(super) fn broken(options: &Options) -> Option<Finding> {
    // Which account it is, doesn't matter here; a server without a valid one doesn't start.
    let account = AccountId::parse("000000000000")?;
    let own = options.credentials.first();
    let own = own.map(|own| {
        Credential::root(account.clone(), &own.access_key_id, Secret::new(&own.secret_access_key))
    });
    let error = Endpoints::new(&options.services, own.as_ref(), &account).err()?;
    let cure = "write http:// or https://, a host, and perhaps a port and a path, and both halves of the key";
    Some(Finding::must("UNUSABLE_ENDPOINT", error.key, &error.problem, cure))
}

/// A default that lets APIs and state machines call more than somebody has thought of.
pub(super) fn open(options: &Options) -> Vec<Finding> {
    let Some(default) = &options.services.default else { return Vec::new() };
    let mut findings = vec![Finding::should(
        "OPEN_SERVICES",
        "services.default",
        &format!("integrations and tasks may call every AWS service at {default}, with one key"),
        "name the services that are needed instead: endpoint of [services.NAME]",
    )];
    if default.contains(AWS) && options.services.access_key_id.is_none() {
        findings.push(Finding::should(
            "FOREIGN_KEY",
            "services.access_key_id",
            "AWS doesn't know the key of [[credentials]], with which calls of other services are signed",
            "set services.access_key_id and services.secret_access_key, of a user who may call what is needed",
        ));
    }
    findings
}
