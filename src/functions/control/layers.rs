//! Layers.

use super::Functions;
use super::checks::checked;
use crate::functions::error::Error;
use crate::functions::model::{LayerPolicy, LayerRef, LayerVersion, layer_arn};
use crate::functions::tables;
use crate::id::AccountRegion;

/// The most layers of a function.
const LAYERS_MAX: usize = 5;

/// A layer's version to be published.
#[derive(Clone, Debug, Default)]
pub struct NewLayer {
    /// The layer.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// A ZIP archive.
    pub code: Vec<u8>,
    /// Runtimes that it is for.
    pub runtimes: Vec<String>,
    /// Architectures that it is for.
    pub architectures: Vec<String>,
    /// Its licence.
    pub license: Option<String>,
}

impl Functions {
    /// Publishes a layer's next version.
    pub async fn publish_layer(&self, home: &AccountRegion, new: NewLayer) -> Result<LayerVersion, Error> {
        let NewLayer { name, description, code, runtimes, architectures, license } = new;
        let (code, bytes) = checked(code).await?;
        let (home, created) = (home.clone(), self.inner.clock.now());
        let write = self.inner.store.write(move |tx| {
            let version = tables::next_layer_number(tx, &home, &name)?;
            let policy = LayerPolicy::default();
            let layer = LayerVersion {
                name: name.clone(),
                version,
                description: description.clone(),
                runtimes: runtimes.clone(),
                architectures: architectures.clone(),
                license: license.clone(),
                code: code.clone(),
                created,
                policy,
            };
            tables::put_code(tx, &layer.code.sha256, &bytes)?;
            tables::put_layer(tx, &home, &layer)?;
            Ok(layer)
        });
        write.await
    }

    /// A layer's version.
    pub async fn layer(&self, home: &AccountRegion, name: &str, version: u64) -> Result<LayerVersion, Error> {
        let (home, name) = (home.clone(), name.to_owned());
        let missing = Error::NotFound("The resource you requested does not exist.".to_owned());
        let found = self.inner.store.read(move |tx| tables::layer(tx, &home, &name, version)).await?;
        found.ok_or(missing)
    }

    /// The versions of a layer, or of all layers by name; the newest of each first.
    pub async fn layers(&self, home: &AccountRegion, name: Option<&str>) -> Result<Vec<LayerVersion>, Error> {
        let (home, name) = (home.clone(), name.map(str::to_owned));
        self.inner.store.read(move |tx| tables::layers(tx, &home, name.as_deref())).await
    }

    /// Deletes a layer's version; functions that have it keep it.
    pub async fn delete_layer(&self, home: &AccountRegion, name: &str, version: u64) -> Result<(), Error> {
        let (home, name) = (home.clone(), name.to_owned());
        self.inner.store.write(move |tx| tables::delete_layer(tx, &home, &name, version)).await
    }

    /// The layers' versions of these ARNs.
    ///
    /// # Errors
    /// [`Error::Invalid`] if one isn't there, or is there twice.
    pub async fn layer_refs(&self, home: &AccountRegion, arns: Vec<String>) -> Result<Vec<LayerRef>, Error> {
        if LAYERS_MAX < arns.len() {
            return Err(Error::Invalid(format!("Cannot reference more than {LAYERS_MAX} layers.")));
        }
        let home = home.clone();
        let read = self.inner.store.read(move |tx| {
            let mut found: Vec<LayerRef> = Vec::new();
            for arn in arns {
                let missing = || Error::Invalid(format!("Layer version {arn} does not exist."));
                let (layer, version) = arn.rsplit_once(':').ok_or_else(missing)?;
                let name = layer.rsplit(':').next().unwrap_or_default();
                if layer_arn(&home, name) != layer {
                    return Err(missing());
                }
                if found.iter().any(|other| other.arn.rsplit_once(':').is_some_and(|(other, _)| other == layer)) {
                    return Err(Error::Invalid(format!("Two different versions of the same layer are not allowed to be referenced in the same function. {layer}")));
                }
                let version: u64 = version.parse().map_err(|_| missing())?;
                let code = tables::layer(tx, &home, name, version)?.ok_or_else(missing)?.code;
                found.push(LayerRef { arn, code });
            }
            Ok(found)
        });
        read.await
    }
}
