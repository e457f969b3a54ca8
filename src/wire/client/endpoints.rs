//! The endpoints of the settings, each with the key that signs for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use http::Uri;

use super::settings::{EndpointError, ServiceEndpoint, ServiceEndpoints};
use crate::id::{AccountId, Region};
use crate::identity::{Credential, Secret};

/// What the settings say of services elsewhere, checked.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    by_name: BTreeMap<String, Endpoint>,
    default: Option<Endpoint>,
    /// The key that signs where the settings name no other; it may change.
    own: OwnKey,
}

type OwnKey = Arc<RwLock<Option<Credential>>>;

/// Where a service is called, and with which key.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// Without a slash at its end; `{service}` and `{region}` stand for the call's.
    template: String,
    /// `None` for the account's own.
    credential: Option<Credential>,
    own: OwnKey,
}

impl Endpoints {
    /// The endpoints of `settings`. `own`, a key of `account`, signs where the settings name no other.
    ///
    /// # Errors
    /// [`EndpointError`] for an endpoint that is no address, half a key, or no key at all.
    pub fn new(
        settings: &ServiceEndpoints,
        own: Option<&Credential>,
        account: &AccountId,
    ) -> Result<Self, EndpointError> {
        let ServiceEndpoints { default, access_key_id, secret_access_key, session_token, by_name } = settings;
        let shared = key("[services]", account, access_key_id, secret_access_key, session_token)?;
        let own_key: OwnKey = Arc::new(RwLock::new(own.cloned()));
        let endpoint = |name: &str, template: &str, credential: Option<Credential>| {
            let template = template.trim_end_matches('/').to_owned();
            if !is_address(&template) {
                let problem = format!("{template:?} of {name} is no http or https address");
                return Err(EndpointError { key: "services.endpoint", problem });
            }
            let credential = credential.or_else(|| shared.clone());
            if credential.is_none() && own.is_none() {
                let problem = format!("{name} has no key to sign with");
                return Err(EndpointError { key: "services.access_key_id", problem });
            }
            Ok(Endpoint { template, credential, own: own_key.clone() })
        };
        let mut known = BTreeMap::new();
        for (name, service) in by_name {
            let ServiceEndpoint { endpoint: template, root, access_key_id, secret_access_key, session_token } =
                service;
            if root.is_some() && name != "s3" {
                let problem = format!("{name} has no objects: only s3 has a root");
                return Err(EndpointError { key: "services.root", problem });
            }
            let template = match (template, root) {
                (Some(template), _) => template,
                (None, Some(_)) => continue,
                (None, None) => {
                    let problem = format!("{name} has none");
                    return Err(EndpointError { key: "services.endpoint", problem });
                }
            };
            let credential = key(name, account, access_key_id, secret_access_key, session_token)?;
            known.insert(name.clone(), endpoint(name, template, credential)?);
        }
        let default = match default {
            Some(template) => Some(endpoint("default", template, None).map_err(|error| match error.key {
                "services.endpoint" => EndpointError { key: "services.default", ..error },
                _ => error,
            })?),
            None => None,
        };
        Ok(Self { by_name: known, default, own: own_key })
    }

    /// Signs with another key of the account from now on, where the settings name no other.
    pub(super) fn set_own(&self, own: Credential) {
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Some(own);
    }

    /// The services that have an endpoint of their own.
    pub fn names(&self) -> BTreeSet<String> {
        self.by_name.keys().cloned().collect()
    }

    /// Whether services without an endpoint of their own have one, too.
    pub fn has_default(&self) -> bool {
        self.default.is_some()
    }

    /// The endpoint that the settings give to this service by name.
    pub(super) fn named(&self, service: &str) -> Option<&Endpoint> {
        self.by_name.get(service)
    }

    /// The endpoint of services that have none of their own. The name becomes part of a host name, so one that can't be
    /// a label of it has none.
    pub(super) fn default_of(&self, service: &str) -> Option<&Endpoint> {
        self.default.as_ref().filter(|_| is_label(service))
    }
}

impl Endpoint {
    /// The key that signs; `None` for no endpoint of valid settings.
    pub(super) fn credential(&self) -> Option<Credential> {
        let own = || self.own.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.credential.clone().or_else(own)
    }

    /// The address for calls of `service` in `region`, without a slash at its end.
    pub(super) fn address(&self, service: &str, region: &Region) -> String {
        fill(&self.template, service, region.as_str())
    }
}

fn fill(template: &str, service: &str, region: &str) -> String {
    template.replace("{service}", service).replace("{region}", region)
}

/// Whether this is a label of host names, as all services' names are.
fn is_label(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len()) && name.chars().all(is_part)
}

fn is_address(template: &str) -> bool {
    Uri::try_from(fill(template, "service", "region")).is_ok_and(|uri| {
        uri.host().is_some_and(|host| !host.is_empty())
            && matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
    })
}

fn key(
    name: &str,
    account: &AccountId,
    id: &Option<String>,
    secret: &Option<String>,
    token: &Option<String>,
) -> Result<Option<Credential>, EndpointError> {
    match (id, secret) {
        (Some(id), Some(secret)) => {
            let mut credential = Credential::root(account.clone(), id, Secret::new(secret));
            credential.session_token = token.as_deref().map(Secret::new);
            Ok(Some(credential))
        }
        (None, None) if token.is_none() => Ok(None),
        _ => {
            let problem = format!("the key of {name} has one half only");
            Err(EndpointError { key: "services.secret_access_key", problem })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(settings: &str) -> Result<Endpoints, EndpointError> {
        let settings: ServiceEndpoints = serde_json::from_str(settings).unwrap();
        let account = AccountId::parse("123456789012").unwrap();
        let own = Credential::root(account.clone(), "test", Secret::new("test"));
        Endpoints::new(&settings, Some(&own), &account)
    }

    #[test]
    fn settings_that_cant_be_honoured_are_refused() {
        for (settings, key) in [
            (r#"{"sqs": {"endpoint": "http://h:1/"}}"#, None),
            (r#"{"sqs": {"endpoint": "https://h", "access_key_id": "a", "secret_access_key": "b"}}"#, None),
            (r#"{"default": "https://{service}.{region}.amazonaws.com"}"#, None),
            (r#"{"s3": {"root": "buckets"}}"#, None),
            (r#"{"default": "{service}.amazonaws.com"}"#, Some("services.default")),
            (r#"{"default": ""}"#, Some("services.default")),
            (r#"{"default": "http://h", "access_key_id": "a"}"#, Some("services.secret_access_key")),
            (r#"{"default": "http://h", "session_token": "a"}"#, Some("services.secret_access_key")),
            (r#"{"sqs": {"endpoint": "h:1"}}"#, Some("services.endpoint")),
            (r#"{"sqs": {"endpoint": "ftp://h"}}"#, Some("services.endpoint")),
            (r#"{"sqs": {"endpoint": ""}}"#, Some("services.endpoint")),
            (r#"{"sqs": {"endpoint": "http://h?x"}}"#, Some("services.endpoint")),
            (r#"{"sqs": {}}"#, Some("services.endpoint")),
            (r#"{"sqs": {"root": "x"}}"#, Some("services.root")),
            (
                r#"{"sqs": {"endpoint": "http://h", "access_key_id": "a"}}"#,
                Some("services.secret_access_key"),
            ),
        ] {
            assert_eq!(endpoints(settings).err().map(|error| error.key), key, "{settings}");
        }
    }

    #[test]
    fn nobody_signs_without_a_key() {
        let settings =
            ServiceEndpoints { default: Some("http://h".to_owned()), ..ServiceEndpoints::default() };
        let account = AccountId::parse("123456789012").unwrap();
        let error = Endpoints::new(&settings, None, &account).unwrap_err();
        assert_eq!(error.to_string(), "setting services.access_key_id: default has no key to sign with");
    }

    #[test]
    fn service_and_region_are_filled_in() {
        let region = Region::parse("eu-west-1").unwrap();
        let all = endpoints(
            r#"{"default": "https://{service}.{region}.amazonaws.com/", "access_key_id": "all",
                "secret_access_key": "s", "session_token": "t",
                "sqs": {"endpoint": "http://q.{region}:1/b/", "access_key_id": "q", "secret_access_key": "s"}}"#,
        )
        .unwrap();
        let told = |endpoint: &Endpoint, name: &str| {
            let credential = endpoint.credential().unwrap();
            let id = credential.caller.access_key_id.as_deref().unwrap().to_owned();
            (endpoint.address(name, &region), id, credential.session_token.is_some())
        };
        assert_eq!(
            told(all.default_of("kms").unwrap(), "kms"),
            ("https://kms.eu-west-1.amazonaws.com".to_owned(), "all".to_owned(), true)
        );
        assert_eq!(
            told(all.named("sqs").unwrap(), "sqs"),
            ("http://q.eu-west-1:1/b".to_owned(), "q".to_owned(), false)
        );
        for name in ["", "a.b", "a/b", "A", "a@b", "a:1"] {
            assert!(all.default_of(name).is_none(), "{name}");
        }
        assert!(endpoints("{}").unwrap().default_of("kms").is_none());
    }
}
