//! What integrations can reach besides HTTP addresses and this house: it decides what can be deployed.

use std::collections::BTreeSet;

/// Names that the server's settings give an address to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// AWS services, as integrations' ARNs name them.
    pub services: BTreeSet<String>,
    /// Upstreams, which VPC links lead to.
    pub vpc_links: BTreeSet<String>,
    /// Certificates that clients' must be signed by, by the URIs that domain names give them.
    pub truststores: BTreeSet<String>,
}

impl Reach {
    /// Whether `AWS` integrations can call this service: Step Functions lives in the house.
    pub(super) fn has_service(&self, name: &str) -> bool {
        name == "states" || self.services.contains(name)
    }
}
