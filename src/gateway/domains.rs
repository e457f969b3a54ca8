//! Custom domain names for requests: looked up by host, without a lock.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::address::{Address, CustomDomainMatch, Target, TargetApi, address, split_stage};
use super::backends::BoxFuture;
use crate::apis::{
    BasePathMapping, Change, DomainName, LiveUsage, RoutingMode, UploadedCertificate, UsagePlanId, Watcher,
};
use crate::id::AccountRegion;
use crate::identity::TargetUri;

/// All custom domain names of the server, in all accounts. Replaced as a whole when one changes.
#[derive(Debug, Default)]
pub struct Domains(ArcSwap<HashMap<Box<str>, Arc<Domain>>>);

/// One custom domain name.
#[derive(Debug)]
pub struct Domain {
    name: Box<str>,
    /// The certificate that the TLS listener uses for it.
    pub certificate: DomainCertificate,
    /// With mutual TLS, the URI of the truststore that must have signed clients' certificates.
    pub truststore: Option<String>,
    /// The mappings, longest base path first.
    routes: Vec<(Box<str>, BasePathMapping)>,
}

/// The certificate of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainCertificate {
    /// A certificate in the domain's own record.
    Uploaded(UploadedCertificate),
    /// The certificate that the settings have for this ARN.
    Referenced(String),
}

/// Paths that every domain reserves for health checks, mapped or not.
const HEALTH_CHECKS: [&str; 2] = ["/ping", "/sping"];

impl Domains {
    /// Replaces all domains.
    fn publish(&self, all: Vec<DomainName>) {
        let all = all.into_iter().map(Domain::new).map(|domain| (domain.name.clone(), Arc::new(domain)));
        self.0.store(Arc::new(all.collect()));
    }

    /// The API for a request, by its custom domain or by its own host and path.
    pub fn locate(&self, uri: &TargetUri) -> Address {
        let host = uri.host();
        match self.find(&host) {
            Some(domain) => domain.land(uri.path()),
            None => address(&host, uri.path()),
        }
    }

    /// The API for a request that comes through no custom domain, by its own host and path.
    pub fn of_no_domain(uri: &TargetUri) -> Address {
        address(&uri.host(), uri.path())
    }

    /// The domain for `host` (in lower case, without a port): the exact name, otherwise a wildcard for its first label.
    pub fn find(&self, host: &str) -> Option<Arc<Domain>> {
        let all = self.0.load();
        if all.is_empty() {
            return None;
        }
        let found = all.get(host).or_else(|| {
            let (_, parent) = host.split_once('.')?;
            all.get(format!("*.{parent}").as_str())
        });
        found.cloned()
    }
}

impl Watcher for Domains {
    fn notify<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, ()> {
        if let Change::DomainNames(all) = change {
            self.publish(all.clone());
        }
        Box::pin(ready(()))
    }

    fn live_usage(&self, _: &AccountRegion, _: &UsagePlanId) -> Vec<LiveUsage> {
        Vec::new()
    }
}

impl Domain {
    fn new(domain: DomainName) -> Self {
        let certificate = match domain.certificate_arn() {
            Some(arn) => DomainCertificate::Referenced(arn.to_owned()),
            None => match domain.uploaded {
                Some(uploaded) => DomainCertificate::Uploaded(uploaded),
                None => DomainCertificate::Referenced(String::new()),
            },
        };
        // There are no routing rules, and no VPC endpoints through which a request could come.
        let leads_on = domain.private.is_none() && domain.routing_mode != RoutingMode::RoutingRuleOnly;
        let mappings = domain.mappings.into_iter().filter(|_| leads_on);
        let mut routes: Vec<(Box<str>, BasePathMapping)> =
            mappings.map(|(base, mapping)| (base.as_str().into(), mapping)).collect();
        routes.sort_by_key(|(base, _)| std::cmp::Reverse(base.len()));
        Self {
            name: domain.name.as_str().into(),
            certificate,
            truststore: domain.mutual_tls.map(|mutual| mutual.truststore_uri),
            routes,
        }
    }

    /// The name, possibly with a wildcard.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The target of a raw path (without the query): the longest base path whose segments match decides.
    pub fn land(&self, path: &str) -> Address {
        if HEALTH_CHECKS.contains(&path) {
            return Address::Health;
        }
        let route = self.routes.iter().find_map(|(base, mapping)| Some((base, mapping, below(path, base)?)));
        let Some((base, mapping, rest)) = route else { return Address::Nothing };
        let (stage, path) = match &mapping.stage {
            Some(stage) => (stage.clone(), rest),
            None => match rest.strip_prefix('/').and_then(split_stage) {
                Some((stage, path)) => (stage.into(), path),
                None => return Address::Nothing,
            },
        };
        Address::Stage(Target {
            api: TargetApi::Named(mapping.rest_api_id.clone()),
            stage,
            path: path.to_owned(),
            custom_domain: Some(CustomDomainMatch { base_path: base.clone() }),
        })
    }
}

/// The part of `path` below `base`; `None` if it isn't below it.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    if base.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix('/')?.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apis::fixtures::test_domain_name;

    fn domains() -> Domains {
        let domains = Domains::default();
        domains.publish(vec![
            test_domain_name("api.example.com", &[("v1", "one", Some("prod")), ("v1x", "two", None)]),
            test_domain_name(
                "*.shop.example.com",
                &[("", "shop", Some("live")), ("admin", "back", Some("x"))],
            ),
        ]);
        domains
    }

    fn check(host: &str, path: &str, want: Option<(&str, &str, &str, &str)>) {
        let landing = domains().find(host).unwrap().land(path);
        let want = want.map_or(Address::Nothing, |(api, stage, path, base)| {
            Address::Stage(Target {
                api: TargetApi::Named(api.into()),
                stage: stage.into(),
                path: path.to_owned(),
                custom_domain: Some(CustomDomainMatch { base_path: base.into() }),
            })
        });
        assert_eq!(landing, want, "{host}{path}");
    }

    #[test]
    fn the_longest_base_path_of_whole_segments_decides() {
        check("api.example.com", "/v1/pets", Some(("one", "prod", "/pets", "v1")));
        check("api.example.com", "/v1", Some(("one", "prod", "", "v1")));
        check("api.example.com", "/v1x/dev/pets", Some(("two", "dev", "/pets", "v1x")));
        check("api.example.com", "/v1x", None);
        check("api.example.com", "/v1y/pets", None);
        check("api.example.com", "/", None);
        check("a.shop.example.com", "/admin/x", Some(("back", "x", "/x", "admin")));
        check("a.shop.example.com", "/administer", Some(("shop", "live", "/administer", "")));
        check("a.shop.example.com", "/", Some(("shop", "live", "/", "")));
    }

    #[test]
    fn hosts_that_are_no_domain_are_left_alone() {
        for host in ["example.com", "shop.example.com", "a.b.shop.example.com", "localhost", ""] {
            assert!(domains().find(host).is_none(), "{host}");
        }
        assert!(Domains::default().find("api.example.com").is_none());
    }

    #[test]
    fn every_domain_has_a_health_check() {
        for path in ["/ping", "/sping"] {
            assert_eq!(domains().find("x.shop.example.com").unwrap().land(path), Address::Health);
        }
        check("x.shop.example.com", "/ping/x", Some(("shop", "live", "/ping/x", "")));
    }
}
