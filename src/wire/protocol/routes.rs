//! Routing: finds the row of the tables for a request's head.

use std::cmp::Reverse;
use std::collections::HashMap;

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::{form_and_query, rest_xml};
use crate::identity::{TargetUri, scope_of};
use crate::wire::{ApiError, Code, Operation, Protocol, Route, Service, Services};

/// The header in which clients of the JSON protocols name the operation.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// All routes, prepared for lookups.
#[derive(Debug)]
pub struct Routes {
    by_name: HashMap<(&'static str, &'static str), &'static Operation>,
    /// By service, method and number of segments; the most specific first.
    rest: HashMap<(&'static str, &'static str, usize), Vec<RestRoute>>,
    /// What paths begin with. Every unsigned request on the server's own address is looked up here, also those of
    /// deployed APIs.
    roots: HashMap<&'static str, &'static Service>,
    targets: HashMap<&'static str, &'static Service>,
}

#[derive(Debug)]
struct RestRoute {
    uri: &'static str,
    operation: &'static Operation,
}

impl Routes {
    /// Reads the tables.
    pub fn new(services: &Services) -> Self {
        let all = || services.iter().flat_map(|service| service.operations);
        let by_name = all().map(|operation| ((operation.service.name, operation.name), operation)).collect();
        let mut rest: HashMap<_, Vec<RestRoute>> = HashMap::new();
        let mut roots = HashMap::new();
        for operation in all() {
            // Whose paths begin with a bucket's name, are told by their signature.
            let is_told = matches!(operation.service.protocol, Protocol::RestXml { .. });
            if let Route::Rest { method, uri, .. } = operation.route
                && !is_told
            {
                let n_segments = segments(path(uri)).count();
                roots.entry(root(uri)).or_insert(operation.service);
                rest.entry((operation.service.name, method, n_segments))
                    .or_default()
                    .push(RestRoute { uri, operation });
            }
        }
        for routes in rest.values_mut() {
            routes.sort_by_key(|route| {
                let labels: Vec<bool> = segments(path(route.uri)).map(|s| label(s).is_some()).collect();
                (Reverse(discriminator(route.uri).is_some()), labels)
            });
        }
        let target = |service: &'static Service| Some((service.protocol.target_prefix()?, service));
        let targets = services.iter().filter_map(target).collect();
        Self { by_name, rest, roots, targets }
    }

    /// The operation with this name.
    pub(crate) fn named(&self, service: &Service, name: &str) -> Option<&'static Operation> {
        // The key's lifetime is shorter than the map's keys', which HashMap allows for the pair as a whole.
        self.by_name.get(&(service.name, name)).copied()
    }

    /// The service that a request is for, as far as its head tells: by target, signature or path.
    ///
    /// Nothing here is verified; it is what the front door may route by. The host doesn't count, since clients
    /// prefix it as they like.
    pub fn service(
        &self,
        services: &Services,
        headers: &HeaderMap,
        uri: &TargetUri,
    ) -> Option<&'static Service> {
        if let Some(target) = headers.get(TARGET) {
            let (prefix, _) = target.to_str().ok()?.rsplit_once('.')?;
            return self.targets.get(prefix).copied();
        }
        if let Some(scope) = scope_of(headers, uri) {
            return services.named(&scope);
        }
        let root = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        self.roots.get(root).copied()
    }

    /// The operation that a request of `service` calls.
    pub(crate) fn find(
        &self,
        service: &Service,
        uri: &TargetUri,
        parts: &Parts,
        body: &[u8],
    ) -> Result<&'static Operation, ApiError> {
        let unknown = || ApiError::bare(Code::UnknownOperation);
        match service.protocol {
            Protocol::Json10(names) | Protocol::Json11(names) => {
                let target = parts.headers.get(TARGET).and_then(|value| value.to_str().ok());
                let name =
                    target.and_then(|target| target.strip_prefix(names.target_prefix)?.strip_prefix('.'));
                name.and_then(|name| self.named(service, name)).ok_or_else(unknown)
            }
            Protocol::Query { .. } => {
                let parameters = form_and_query(body, uri);
                let parameter = |name: &str| {
                    parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
                };
                let Some(action) = parameter("Action") else {
                    return Err(unknown());
                };
                self.named(service, action).ok_or_else(|| {
                    let version = parameter("Version").unwrap_or_default();
                    let text = format!("Could not find operation {action} for version {version}");
                    ApiError::new(Code::UnknownOperation, text)
                })
            }
            Protocol::RestXml { .. } => rest_xml::find(service, uri, parts),
            Protocol::RestJson => {
                let found = self.find_rest(service, uri, parts.method.as_str());
                found.ok_or_else(|| (service.special.unknown_path)(uri))
            }
        }
    }

    /// The operation that a form without a signature calls, if it takes none; the head tells of no service then.
    pub(crate) fn unsigned_of_form(
        &self,
        services: &Services,
        uri: &TargetUri,
        body: &[u8],
    ) -> Option<&'static Operation> {
        let parameters = form_and_query(body, uri);
        let (_, action) = parameters.iter().find(|(key, _)| key == "Action")?;
        let takes = |service: &&'static Service| {
            matches!(service.protocol, Protocol::Query { .. })
                && service.special.unsigned.contains(&action.as_str())
        };
        self.named(services.iter().find(takes)?, action)
    }

    fn find_rest(&self, service: &Service, uri: &TargetUri, method: &str) -> Option<&'static Operation> {
        let raw = uri.path();
        let candidates = self.rest.get(&(service.name, method, segments(raw).count()))?;
        let fits = |route: &&RestRoute| {
            let is_path =
                segments(path(route.uri)).zip(segments(raw)).all(|(template, segment)| {
                    match label(template) {
                        Some(_) => !segment.is_empty(),
                        None => template == segment,
                    }
                });
            let is_told = discriminator(route.uri)
                .is_none_or(|(name, value)| uri.query().all(name).any(|found| found == value));
            is_path && is_told
        };
        candidates.iter().find(fits).map(|route| route.operation)
    }
}

/// The raw values of a template's labels in a matching path.
pub(super) fn labels<'a>(uri: &'static str, raw: &'a str) -> Vec<(&'static str, &'a str)> {
    let pairs = segments(path(uri)).zip(segments(raw));
    pairs.filter_map(|(template, segment)| Some((label(template)?, segment))).collect()
}

/// The query parameter that a template requires.
pub(super) fn discriminator(uri: &'static str) -> Option<(&'static str, &'static str)> {
    uri.split_once('?')?.1.split_once('=')
}

/// The first segment of a template.
pub(super) fn root(uri: &'static str) -> &'static str {
    segments(path(uri)).next().unwrap_or_default()
}

fn path(uri: &'static str) -> &'static str {
    uri.split_once('?').map_or(uri, |(path, _)| path)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

fn label(template: &'static str) -> Option<&'static str> {
    template.strip_prefix('{')?.strip_suffix('}')
}
