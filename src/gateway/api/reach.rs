//! What integrations can reach besides HTTP addresses and this server's own services. It decides what can be deployed.

use std::collections::BTreeSet;

/// The names for which the server's settings have an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// AWS services, as they are named in integrations' ARNs.
    pub services: BTreeSet<String>,
    /// Upstreams of VPC links.
    pub vpc_links: BTreeSet<String>,
    /// User pools, by ARN.
    pub user_pools: BTreeSet<String>,
    /// Truststores for mutual TLS, by the URIs in domain names.
    pub truststores: BTreeSet<String>,
}

impl Reach {
    /// Whether tokens of this user pool can be verified. If a stage variable names it, that is known only for the
    /// stage.
    pub(super) fn has_user_pool(&self, arn: &str) -> bool {
        self.user_pools.contains(arn) || (arn.contains("${stageVariables.") && !self.user_pools.is_empty())
    }

    /// Whether `AWS` integrations can call this service: this server has Step Functions and Lambda itself.
    pub(super) fn has_service(&self, name: &str) -> bool {
        matches!(name, "states" | "lambda") || self.services.contains(name)
    }
}
