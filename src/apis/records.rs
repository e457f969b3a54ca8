//! How the models are stored: a record for each, in versions of its own.
//!
//! What is written here never changes, whatever becomes of the models; see [`record!`](crate::store::record).

mod account;
mod deployment;
mod documentation;
mod domain_name;
mod parts;
mod resource;
mod stage;

pub(super) use self::parts::SetResponse;

use self::account::{AccountV1, ApiKeyV1, ClientCertificateV1, UsagePlanV1, VpcLinkV1};
use self::deployment::{DeploymentSnapshotV1, DeploymentV1};
use self::documentation::{DocumentationPartV1, DocumentationVersionV1};
use self::domain_name::{AccessAssociationV1, DomainNameV1};
use self::parts::{AuthorizerV1, GatewayResponseV1, ModelV1, RequestValidatorV1, RestApiV1};
use self::resource::ResourceV1;
use self::stage::StageV1;
use super::account::Account;
use super::api_key::ApiKey;
use super::authorizer::Authorizer;
use super::client_certificate::ClientCertificate;
use super::deployment::{Deployment, DeploymentSnapshot};
use super::documentation_part::DocumentationPart;
use super::documentation_version::DocumentationVersion;
use super::domain_name::{AccessAssociation, DomainName};
use super::model::Model;
use super::request_validator::RequestValidator;
use super::resource::Resource;
use super::rest_api::RestApi;
use super::stage::Stage;
use super::usage_plan::UsagePlan;
use super::vpc_link::VpcLink;
use crate::store::records;

records! {
    /// All kinds.
    pub(super) const RECORDS;
    Account, "apigateway account": now 1 => AccountV1;
    RestApi, "apigateway api": now 1 => RestApiV1;
    Resource, "apigateway resource": now 1 => ResourceV1;
    Model, "apigateway model": now 1 => ModelV1;
    RequestValidator, "apigateway request validator": now 1 => RequestValidatorV1;
    Authorizer, "apigateway authorizer": now 1 => AuthorizerV1;
    SetResponse, "apigateway gateway response": now 1 => (String, GatewayResponseV1);
    DocumentationPart, "apigateway documentation part": now 1 => DocumentationPartV1;
    DocumentationVersion, "apigateway documentation version": now 1 => DocumentationVersionV1;
    Stage, "apigateway stage": now 1 => StageV1;
    Deployment, "apigateway deployment": now 1 => DeploymentV1;
    DeploymentSnapshot, "apigateway snapshot": now 1 => DeploymentSnapshotV1;
    ApiKey, "apigateway api key": now 1 => ApiKeyV1;
    UsagePlan, "apigateway usage plan": now 1 => UsagePlanV1;
    VpcLink, "apigateway vpc link": now 1 => VpcLinkV1;
    ClientCertificate, "apigateway client certificate": now 1 => ClientCertificateV1;
    DomainName, "apigateway domain name": now 1 => DomainNameV1;
    AccessAssociation, "apigateway access association": now 1 => AccessAssociationV1;
}
