//! GenerateClientCertificate, GetClientCertificate(s), UpdateClientCertificate, DeleteClientCertificate.

use std::collections::BTreeMap;

use super::super::client_certificate::{ClientCertificate, generate};
use super::super::ids::ClientCertificateId;
use super::super::rest_apis::Apis;
use super::super::stage::Stage;
use super::tags::check_tags;
use crate::apis::error::{BadRequest, Error, LimitExceeded};
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
            if CERTIFICATES_MAX <= rows.all_owned::<ClientCertificate>()?.len() {
                return Err(LimitExceeded::ClientCertificates.into());
            }
            let mut id = ClientCertificateId::from(ids.lower_alphanumeric(6));
            while rows.find_owned::<ClientCertificate>(&id)?.is_some() {
                id = ids.lower_alphanumeric(6).into();
            }
            let certificate = ClientCertificate {
                id,
                description: description.clone().filter(|text| !text.is_empty()),
                certificate: made.certificate.clone(),
                private_key: made.private_key.clone(),
                created_date: now,
                expiration_date: made.expiration_date,
                tags: tags.clone(),
            };
            rows.put_owned(&certificate)?;
            Ok(certificate)
        })
        .await
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
            let mut certificate = rows.owned::<ClientCertificate>(&id)?;
            for patch in &patches {
                replace_only(patch, &PATHS, PATHS_PRINTED)?;
                certificate.description = patch.text();
            }
            rows.put_owned(&certificate)?;
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
            rows.owned::<ClientCertificate>(&id)?;
            for api in rows.apis()? {
                let stages = rows.parts::<Stage>(&api.id)?;
                let shows = |shown: Option<&str>| shown == Some(id.as_str());
                if let Some(stage) = stages.iter().find(|it| shows(it.client_certificate_id.as_deref())) {
                    let (certificate, api, stage) = (id.to_string(), api.id, stage.name.clone());
                    return Err(BadRequest::ClientCertificateInUse { certificate, api, stage }.into());
                }
            }
            rows.delete_owned::<ClientCertificate>(&id)
        })
        .await
    }
}
