//! What integrations can reach besides HTTP addresses. It decides what can be deployed.

use std::collections::BTreeSet;

/// The names that this server knows, or for which its settings have an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// AWS services, as they are named in integrations' ARNs.
    pub services: BTreeSet<String>,
    /// Whether all other AWS services can be called as well.
    pub any_service: bool,
    /// Upstreams of VPC links.
    pub vpc_links: BTreeSet<String>,
    /// User pools, by ARN.
    pub user_pools: BTreeSet<String>,
    /// Whether this server has user pools of its own, which may be made later.
    pub own_user_pools: bool,
    /// Truststores for mutual TLS, by the URIs in domain names.
    pub truststores: BTreeSet<String>,
}

impl Reach {
    /// Whether tokens of this user pool can be verified. If a stage variable names it, that is known only for the
    /// stage.
    pub(super) fn has_user_pool(&self, arn: &str) -> bool {
        let is_own = self.own_user_pools && arn.starts_with("arn:") && arn.contains(":userpool/");
        let may_be =
            arn.contains("${stageVariables.") && (self.own_user_pools || !self.user_pools.is_empty());
        is_own || may_be || self.user_pools.contains(arn)
    }

    /// Whether `AWS` integrations can call this service.
    pub(super) fn has_service(&self, name: &str) -> bool {
        self.any_service || self.services.contains(name)
    }
}
