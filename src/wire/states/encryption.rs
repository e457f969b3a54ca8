//! `encryptionConfiguration`.

use serde::{Deserialize, Serialize};

use crate::engine::Encryption;
use crate::wire::ApiError;

/// With whose key data are encrypted.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EncryptionConfiguration {
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_data_key_reuse_period_seconds: Option<u32>,
    #[serde(rename = "type")]
    kind: Kind,
}

#[derive(Deserialize, Serialize)]
enum Kind {
    #[serde(rename = "AWS_OWNED_KEY")]
    AwsOwnedKey,
    #[serde(rename = "CUSTOMER_MANAGED_KMS_KEY")]
    CustomerManagedKmsKey,
}

impl EncryptionConfiguration {
    /// What it says, if that makes sense.
    pub(super) fn read(self) -> Result<Encryption, ApiError> {
        let is_customer_managed = matches!(self.kind, Kind::CustomerManagedKmsKey);
        Ok(Encryption::new(is_customer_managed, self.kms_key_id, self.kms_data_key_reuse_period_seconds)?)
    }
}

impl From<&Encryption> for EncryptionConfiguration {
    fn from(encryption: &Encryption) -> Self {
        match encryption {
            Encryption::AwsOwnedKey => {
                Self { kms_key_id: None, kms_data_key_reuse_period_seconds: None, kind: Kind::AwsOwnedKey }
            }
            Encryption::CustomerManagedKey { key_id, reuse_period_seconds } => Self {
                kms_key_id: Some(key_id.clone()),
                kms_data_key_reuse_period_seconds: Some(*reuse_period_seconds),
                kind: Kind::CustomerManagedKmsKey,
            },
        }
    }
}
