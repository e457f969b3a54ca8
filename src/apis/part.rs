//! Parts: what an API consists of, and what belongs to no API but to an account in a region. Each is stored as a record of
//! its own, under its kind and its key.

use super::authorizer::Authorizer;
use super::client_certificate::ClientCertificate;
use super::documentation_part::DocumentationPart;
use super::documentation_version::DocumentationVersion;
use super::domain_name::{AccessAssociation, DomainName};
use super::model::Model;
use super::records::SetResponse;
use super::request_validator::RequestValidator;
use super::resource::Resource;
use super::stage::Stage;
use super::usage_plan::UsagePlan;
use super::vpc_link::VpcLink;
use crate::apis::error::NotFound;
use crate::store::Record;

/// What is stored under a kind and a key.
pub trait Part: Record + Send + 'static {
    /// Its kind, as it is stored: it never changes.
    const KIND: &'static str;

    /// Its key among those of its kind: an id or a name.
    fn key(&self) -> &str;

    /// The error if there is none with this key.
    fn missing(key: &str) -> NotFound;
}

/// A part of an API.
pub trait OfApi: Part {}

/// A part that belongs to an account in a region.
pub trait OfAccount: Part {}

macro_rules! parts {
    ($trait:ident: $($part:ident $kind:literal, $field:ident, $missing:expr;)*) => {$(
        impl Part for $part {
            const KIND: &'static str = $kind;

            fn key(&self) -> &str {
                self.$field.as_str()
            }

            fn missing(key: &str) -> NotFound {
                let missing: fn(&str) -> NotFound = $missing;
                missing(key)
            }
        }

        impl $trait for $part {}
    )*};
}

parts! {
    OfApi:
    Resource "resource", id, |_| NotFound::Resource;
    Model "model", name, |name| NotFound::Model(name.to_owned());
    RequestValidator "request_validator", id, |_| NotFound::RequestValidator;
    Authorizer "authorizer", id, |_| NotFound::Authorizer;
    DocumentationPart "documentation_part", id, |_| NotFound::DocumentationPart;
    DocumentationVersion "documentation_version", version, |_| NotFound::DocumentationVersion;
    Stage "stage", name, |_| NotFound::Stage;
    SetResponse "gateway_response", response_type, |_| NotFound::GatewayResponse;
}

parts! {
    OfAccount:
    VpcLink "vpc_link", id, |_| NotFound::VpcLink;
    ClientCertificate "client_certificate", id, |_| NotFound::ClientCertificate;
    UsagePlan "usage_plan", id, |_| NotFound::UsagePlan;
    DomainName "domain_name", name, |_| NotFound::DomainName;
    AccessAssociation "access_association", arn, |_| NotFound::AccessAssociation;
}
