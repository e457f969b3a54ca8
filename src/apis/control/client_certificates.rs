//! GenerateClientCertificate, GetClientCertificate(s), UpdateClientCertificate, DeleteClientCertificate.

use std::collections::BTreeMap;

use super::super::client_certificate::{ClientCertificate, generate};
use super::super::ids::ClientCertificateId;
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Error, LimitExceeded, NotFound};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::id::AccountRegion;

/// The most client certificates of an account in one region.
const CERTIFICATES_MAX: usize = 60;
const PATHS: [&str; 1] = ["/description"];
const PATHS_PRINTED: &str = "[/description]";

impl Apis {
    /// Generates a certificate with its own key.
    pub async fn generate_client_certificate(
        &self,
        owner: &AccountRegion,
        description: Option<String>,
        tags: BTreeMap<String, String>,
    ) -> Result<ClientCertificate, Error> {
        check_tags(&tags)?;
        let (ids, now) = (self.ids(), self.now());
        let serial = ids.uuid();
        let made = tokio::task::spawn_blocking(move || generate(now, serial.as_bytes())).await;
        let made = made.map_err(|_| Error::Unfinished)??;
        self.write(owner, move |rows| {
            if CERTIFICATES_MAX <= rows.client_certificates()?.len() {
                return Err(LimitExceeded::ClientCertificates.into());
            }
            let mut id = ClientCertificateId::from(ids.lower_alphanumeric(6));
            while rows.find_client_certificate(&id)?.is_some() {
                id = ids.lower_alphanumeric(6).into();
            }
            let certificate = ClientCertificate {
                id,
                description: description.filter(|text| !text.is_empty()),
                certificate: made.certificate,
                private_key: made.private_key,
                created_date: now,
                expiration_date: made.expiration_date,
                tags,
            };
            rows.put_client_certificate(&certificate)?;
            Ok(certificate)
        })
        .await
    }

    /// Certificates by id.
    pub async fn client_certificates(
        &self,
        owner: &AccountRegion,
        page: PageRequest,
    ) -> Result<Page<ClientCertificate>, Error> {
        self.read(owner, move |rows| {
            Ok(Page::of(rows.client_certificates()?, |it| it.id.to_string(), &page)?)
        })
        .await
    }

    /// One certificate.
    pub async fn client_certificate(
        &self,
        owner: &AccountRegion,
        id: &ClientCertificateId,
    ) -> Result<ClientCertificate, Error> {
        let id = id.clone();
        self.read(owner, move |rows| existing(rows, &id)).await
    }

    /// Changes a certificate's description.
    pub async fn update_client_certificate(
        &self,
        owner: &AccountRegion,
        id: &ClientCertificateId,
        patches: Vec<PatchOperation>,
    ) -> Result<ClientCertificate, Error> {
        let id = id.clone();
        self.write(owner, move |rows| {
            let mut certificate = existing(rows, &id)?;
            for patch in &patches {
                replace_only(patch, &PATHS, PATHS_PRINTED)?;
                certificate.description = patch.text();
            }
            rows.put_client_certificate(&certificate)?;
            Ok(certificate)
        })
        .await
    }

    /// Deletes a certificate that no stage uses.
    pub async fn delete_client_certificate(
        &self,
        owner: &AccountRegion,
        id: &ClientCertificateId,
    ) -> Result<(), Error> {
        let id = id.clone();
        self.write(owner, move |rows| {
            existing(rows, &id)?;
            for api in rows.apis()? {
                let stages = rows.stages(&api.id)?;
                let shows = |shown: Option<&str>| shown == Some(id.as_str());
                if let Some(stage) = stages.iter().find(|it| shows(it.client_certificate_id.as_deref())) {
                    let (certificate, api, stage) = (id.to_string(), api.id, stage.name.clone());
                    return Err(BadRequest::ClientCertificateInUse { certificate, api, stage }.into());
                }
            }
            rows.delete_client_certificate(&id)
        })
        .await
    }
}

pub(super) fn existing(rows: &Rows<'_>, id: &ClientCertificateId) -> Result<ClientCertificate, Error> {
    rows.find_client_certificate(id)?.ok_or(NotFound::ClientCertificate).map_err(Error::from)
}
