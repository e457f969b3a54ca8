//! Client certificates.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::account::OfCaller;
use super::shapes::{LIMIT, PATCHES, POSITION, Paged, Patched, TAGS};
use super::view::{self, EmptyTags};
use crate::apis::{ClientCertificate, ClientCertificateId};
use crate::wire::{ApiError, Call, Location, Member, Shape, Structure, optional, required};

const CLIENT_CERTIFICATE_ID: Member =
    required("clientCertificateId", Shape::TEXT).at(Location::Uri("clientcertificate_id"));

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfCertificate {
    client_certificate_id: ClientCertificateId,
}

pub(super) static GENERATE: Structure =
    Structure::new("GenerateClientCertificateInput", &[optional("description", Shape::TEXT), TAGS]);

#[derive(Deserialize)]
pub(super) struct Generate {
    description: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

pub(super) async fn generate(call: &Call, input: Generate) -> Result<Value, ApiError> {
    let control = &call.apis().control;
    let made = control.generate_client_certificate(&call.home, input.description, input.tags).await?;
    Ok(view::client_certificate(&made, EmptyTags::Hidden))
}

pub(super) static LIST: Structure = Structure::new("GetClientCertificatesInput", &[POSITION, LIMIT]);

pub(super) async fn list(call: &Call, input: Paged<OfCaller>) -> Result<Value, ApiError> {
    let (OfCaller {}, page) = input.split();
    let page = call.apis().control.all_owned::<ClientCertificate>(&call.home, page).await?;
    Ok(view::page(page, |it| view::client_certificate(it, EmptyTags::Hidden)))
}

pub(super) static GET: Structure = Structure::new("GetClientCertificateInput", &[CLIENT_CERTIFICATE_ID]);

pub(super) async fn get(call: &Call, input: OfCertificate) -> Result<Value, ApiError> {
    let id = input.client_certificate_id;
    let certificate = call.apis().control.owned::<ClientCertificate>(&call.home, &id).await?;
    Ok(view::client_certificate(&certificate, EmptyTags::Shown))
}

pub(super) static UPDATE: Structure =
    Structure::new("UpdateClientCertificateInput", &[CLIENT_CERTIFICATE_ID, PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfCertificate>) -> Result<Value, ApiError> {
    let (id, patches) = (input.of.client_certificate_id, input.patch_operations);
    let certificate = call.apis().control.update_client_certificate(&call.home, &id, patches).await?;
    Ok(view::client_certificate(&certificate, EmptyTags::Shown))
}

pub(super) static DELETE: Structure =
    Structure::new("DeleteClientCertificateInput", &[CLIENT_CERTIFICATE_ID]);

pub(super) async fn delete(call: &Call, input: OfCertificate) -> Result<(), ApiError> {
    let id = input.client_certificate_id;
    Ok(call.apis().control.delete_client_certificate(&call.home, &id).await?)
}
