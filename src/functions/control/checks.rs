//! What a function may be: its package, its settings, and whether it runs here.

use super::Functions;
use crate::functions::error::Error;
use crate::functions::model::{CodeRef, Settings, Version};
use crate::functions::package::{self, PackageError, UNZIPPED_BYTES_MAX};

/// The bytes of all environment variables of a function, as JSON.
const ENVIRONMENT_BYTES_MAX: usize = 4 * 1024;
/// Variables that AWS sets, and lets nobody set.
const RESERVED: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];
impl Functions {
    /// Whether a function with these settings and this package would run here; answers the package.
    pub(super) async fn check_runs(&self, settings: &Settings, code: Vec<u8>) -> Result<Vec<u8>, Error> {
        let mut layers = Vec::new();
        for layer in &settings.layers {
            layers.push(self.package(&layer.code.sha256).await?);
        }
        let (runtimes, runtime) = (self.inner.runner.runtimes().clone(), settings.runtime.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let of_layers: Result<Vec<_>, _> = layers.iter().map(|layer| package::paths(layer)).collect();
            runtimes.check(&runtime, &package::paths(&code)?, &of_layers?.concat())?;
            Ok(code)
        });
        checked.await.map_err(|_| Error::Closed)?
    }
}

/// A package that can be used, with its archive.
pub(super) async fn checked(code: Vec<u8>) -> Result<(CodeRef, Vec<u8>), Error> {
    let checked = tokio::task::spawn_blocking(move || {
        let package = package::check(&code)?;
        let code_ref = CodeRef { sha256: package.sha256, size: package.size, unzipped: package.unzipped };
        Ok::<_, PackageError>((code_ref, code))
    });
    Ok(checked.await.map_err(|_| Error::Closed)??)
}

/// A package and its layers are one file system.
pub(super) fn check_size(version: &Version) -> Result<(), Error> {
    let layers: u64 = version.settings.layers.iter().map(|layer| layer.code.unzipped).sum();
    let total = version.code.unzipped + layers;
    if UNZIPPED_BYTES_MAX < total {
        return Err(Error::Invalid(format!(
            "Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES_MAX} bytes. The \
             actual size is {total} bytes."
        )));
    }
    Ok(())
}

pub(super) fn check_revision(version: &Version, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != version.revision_id => Err(Error::Revision),
        Some(_) | None => Ok(()),
    }
}

pub(super) fn check_settings(settings: &Settings) -> Result<(), Error> {
    let Some(environment) = &settings.environment else { return Ok(()) };
    let reserved: Vec<&str> =
        environment.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(Error::Invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    let text = serde_json::to_string(environment)?;
    if ENVIRONMENT_BYTES_MAX < text.len() {
        return Err(Error::Invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit. String measured: {text}"
        )));
    }
    // No process can be given these.
    if environment.iter().any(|(name, value)| name.contains(['\0', '=']) || value.contains('\0')) {
        return Err(Error::Invalid("Environment variables can't hold null characters".to_owned()));
    }
    Ok(())
}
