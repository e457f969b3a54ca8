//! What integrations can reach besides HTTP addresses and this house: it decides what can be deployed.

use std::collections::BTreeSet;

/// Names that the server's settings give an address to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// AWS services, as integrations' ARNs name them.
    pub services: BTreeSet<String>,
    /// Upstreams, which VPC links lead to.
    pub vpc_links: BTreeSet<String>,
    /// User pools, by ARN.
    pub user_pools: BTreeSet<String>,
    /// Certificates that clients' must be signed by, by the URIs that domain names give them.
    pub truststores: BTreeSet<String>,
}

impl Reach {
    /// Whether tokens of this user pool can be verified. Which one a stage variable means is known with the stage only.
    pub(super) fn has_user_pool(&self, arn: &str) -> bool {
        self.user_pools.contains(arn) || (arn.contains("${stageVariables.") && !self.user_pools.is_empty())
    }

    /// Whether `AWS` integrations can call this service: Step Functions lives in the house.
    pub(super) fn has_service(&self, name: &str) -> bool {
        name == "states" || self.services.contains(name)
    }
}
