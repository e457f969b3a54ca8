//! Services: what each says of itself, and the registry of those that a server has.
//!
//! Nothing else in the project knows a service by name: routing, decoding, permissions, limits and documents read
//! what is written here.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderMap;
use serde_json::Value;

use super::{ApiError, Assigned, Call, Code, Operation, Permission, Reply};
use crate::id::AccountRegion;
use crate::identity::TargetUri;

/// What a service says of itself. One `static` a service, beside its table.
pub struct Service {
    /// The name that its requests are signed for, the prefix of its endpoint's host name. Actions in policies,
    /// integrations' ARNs, the settings and metrics call it so too.
    pub name: &'static str,
    /// How it talks.
    pub protocol: Protocol,
    /// The largest body of a request.
    pub body_bytes_max: usize,
    /// Its table.
    pub operations: &'static [Operation],
    /// The permissions that a call needs, of an input that may not be checked yet, besides that to pass a role; none if
    /// the service itself decides who may call.
    pub permissions: fn(&Operation, &Value, &AccountRegion) -> Vec<Permission>,
    /// Where it does more than its protocol.
    pub special: Special,
}

/// What a service does besides what its protocol says; [`Special::NONE`] for most.
#[derive(Clone, Copy)]
pub struct Special {
    /// Refuses checked input for the home of the caller.
    pub check: fn(&Operation, &Value, &AccountRegion) -> Result<(), ApiError>,
    /// The roles that a call with this checked input assigns, as far as AWS checks them at once.
    pub assigned: fn(&Operation, &Value, &AccountRegion) -> Vec<Assigned>,
    /// The role that the resource of a call has already, where [`Assigned::role_arn`] doesn't say another; `None` if there
    /// is no such resource.
    pub stored_role: fn(&Call) -> StoredRole<'_>,
    /// The error for a path that is no operation's.
    pub unknown_path: fn(&TargetUri) -> ApiError,
    /// Rewrites a reply for what the request's headers ask for.
    pub reply: fn(&TargetUri, &HeaderMap, Reply) -> Reply,
    /// How calls from inside are divided when the settings have an endpoint for the service, too; `None` if all go there.
    pub split: Option<Split>,
    /// How the tags of what an ARN names are asked for, which policies may ask for (`aws:ResourceTag/KEY`): the operation and
    /// its input; `None` for what has no tags.
    pub tags_of: fn(&str) -> Option<(&'static str, Value)>,
    /// Whether its operations ask policies that only they know: of roles, of buckets. Their calls then come with the
    /// request's condition keys.
    pub asks_policies: bool,
    /// How the policy of what an ARN names is asked for, which decides with the caller's own: the operation and its input.
    pub policy_of: fn(&str) -> Option<(&'static str, Value)>,
    /// The operations that take no signature, of services that name theirs in `X-Amz-Target` or in forms.
    pub unsigned: &'static [&'static str],
    /// Whether browsers' pages of other origins may call.
    pub cors: bool,
    /// The error for input that violates its shape.
    pub violation: Code,
}

/// A service that keeps some of its resources here and others elsewhere.
#[derive(Clone, Copy)]
pub struct Split {
    /// The operations on what may be elsewhere. All others are carried out here.
    pub elsewhere: &'static [&'static str],
    /// Whether what a call of one of them is about is here.
    pub holds: fn(&Call) -> Holds<'_>,
    /// Whether the endpoint for all services that aren't here has what isn't here of this one.
    pub by_default: bool,
}

/// What [`Split::holds`] returns.
pub type Holds<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// What [`Special::stored_role`] returns: the role's ARN.
pub type StoredRole<'a> = Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>>;

impl Special {
    /// Nothing.
    pub const NONE: Self = Self {
        check: |_, _, _| Ok(()),
        assigned: |_, _, _| Vec::new(),
        stored_role: |_| Box::pin(std::future::ready(None)),
        unknown_path: |_| ApiError::bare(Code::UnknownOperation),
        reply: |_, _, reply| reply,
        split: None,
        tags_of: |_| None,
        asks_policies: false,
        policy_of: |_| None,
        unsigned: &[],
        cors: false,
        violation: Code::ConstraintViolation,
    };
}

/// How a service's requests and answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON bodies under REST paths.
    RestJson,
    /// XML bodies under REST paths, as S3 speaks it: buckets are named by host or path, bodies may be streamed.
    RestXml {
        /// The namespace of the XML.
        xmlns: &'static str,
    },
    /// `application/x-amz-json-1.0`: `X-Amz-Target` names the operation.
    Json10(JsonNames),
    /// `application/x-amz-json-1.1`.
    Json11(JsonNames),
    /// Form bodies in, XML out.
    Query {
        /// The namespace of the XML.
        xmlns: &'static str,
    },
}

/// What AWS JSON calls the things of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonNames {
    /// What comes before `.` and the operation's name in `X-Amz-Target`.
    pub target_prefix: &'static str,
    /// What comes before the names of the service's own errors in `__type`.
    pub error_namespace: &'static str,
}

impl Protocol {
    /// AWS JSON 1.0 of no service, for requests that can't be told to belong to one.
    pub const JSON_10: Self = Self::Json10(JsonNames { target_prefix: "", error_namespace: "" });
    /// Query of no service.
    pub const QUERY: Self = Self::Query { xmlns: "" };

    /// What comes before the operation's name in `X-Amz-Target`, in the protocols that have it.
    pub const fn target_prefix(self) -> Option<&'static str> {
        match self {
            Self::Json10(names) | Self::Json11(names) => Some(names.target_prefix),
            Self::RestJson | Self::RestXml { .. } | Self::Query { .. } => None,
        }
    }
}

impl Service {
    /// The service, working on `state`, which its handlers get from [`Call::state`](super::Call::state).
    pub fn on<T: Send + Sync + 'static>(&'static self, state: T) -> Registration {
        Registration { service: self, state: Arc::new(state) }
    }

    /// The row of the operation called `name`.
    pub fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Service {}

impl fmt::Debug for Service {
    /// The name alone: rows name their service in turn.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.name).finish()
    }
}

/// A service with what it works on.
#[derive(Clone)]
pub struct Registration {
    pub(super) service: &'static Service,
    pub(super) state: Arc<dyn Any + Send + Sync>,
}

/// The services of a server.
#[derive(Clone, Default)]
pub struct Services {
    all: Vec<Registration>,
}

impl Services {
    /// Every service.
    pub fn iter(&self) -> impl Iterator<Item = &'static Service> {
        self.all.iter().map(|registration| registration.service)
    }

    /// The service called `name`.
    pub fn named(&self, name: &str) -> Option<&'static Service> {
        self.iter().find(|service| service.name == name)
    }

    /// What a service of this registry works on.
    pub(super) fn state(&self, service: &Service) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.all.iter().find(|registration| registration.service == service).map(|found| &found.state)
    }
}

impl FromIterator<Registration> for Services {
    fn from_iter<T: IntoIterator<Item = Registration>>(all: T) -> Self {
        Self { all: all.into_iter().collect() }
    }
}
