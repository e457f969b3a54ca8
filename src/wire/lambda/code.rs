//! Where a call has its package: in itself, or as an object of S3.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{fault, rooms};
use crate::wire::{ApiError, Call};

/// A package, as `FunctionCode` and `LayerVersionContentInput` have it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Package {
    zip_file: Option<String>,
    #[serde(rename = "S3Bucket")]
    s3_bucket: Option<String>,
    #[serde(rename = "S3Key")]
    s3_key: Option<String>,
    #[serde(rename = "S3ObjectVersion")]
    s3_object_version: Option<String>,
    image_uri: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    source_kms_key_arn: Option<String>,
}

impl Package {
    /// The archive.
    pub(super) async fn bytes(self, call: &Call) -> Result<Vec<u8>, ApiError> {
        for (member, is_given) in
            [("ImageUri", self.image_uri.is_some()), ("SourceKMSKeyArn", self.source_kms_key_arn.is_some())]
        {
            if is_given {
                return Err(fault::unsupported(member));
            }
        }
        match (self.zip_file, self.s3_bucket, self.s3_key) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(fault::invalid(
                "Please do not provide other FunctionCode parameters when providing a ZipFile.".to_owned(),
            )),
            (Some(text), None, None) => {
                // Up to 67 MB: not on a thread that serves others.
                let decoded = tokio::task::spawn_blocking(move || STANDARD.decode(text)).await;
                decoded.ok().and_then(Result::ok).ok_or_else(|| {
                    fault::invalid(
                        "Could not unzip uploaded file. Please check your file, then try to upload again."
                            .to_owned(),
                    )
                })
            }
            (None, Some(bucket), Some(key)) => {
                let object = rooms(call).object(&call.home, bucket, key, self.s3_object_version).await;
                object.map_err(|reason| fault::invalid(format!("Error occurred while GetObject. {reason}")))
            }
            (None, _, _) => Err(fault::invalid("Please provide a source for function code.".to_owned())),
        }
    }
}
