//! Layers.

use serde::{Deserialize, Serialize};

use super::code::Package;
use super::page::Page;
use super::view::{LayerContentView, LayerView};
use super::{fault, rooms};
use crate::functions::{LayerVersion, NewLayer, layer_arn};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Publish {
    layer_name: String,
    description: Option<String>,
    content: Package,
    compatible_runtimes: Option<Vec<String>>,
    compatible_architectures: Option<Vec<String>>,
    license_info: Option<String>,
}

pub(super) async fn publish(call: &Call, input: Publish) -> Result<LayerContentView, ApiError> {
    let new = NewLayer {
        name: name(call, &input.layer_name)?,
        description: input.description.unwrap_or_default(),
        code: input.content.bytes(call).await?,
        runtimes: input.compatible_runtimes.unwrap_or_default(),
        architectures: input.compatible_architectures.unwrap_or_default(),
        license: input.license_info,
    };
    Ok(LayerContentView::of(&call.home, rooms(call).publish_layer(&call.home, new).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Named {
    pub(super) layer_name: String,
    pub(super) version_number: u64,
}

pub(super) async fn get(call: &Call, input: Named) -> Result<LayerContentView, ApiError> {
    let name = name(call, &input.layer_name)?;
    Ok(LayerContentView::of(&call.home, rooms(call).layer(&call.home, &name, input.version_number).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByArn {
    arn: String,
}

pub(super) async fn get_by_arn(call: &Call, input: ByArn) -> Result<LayerContentView, ApiError> {
    let missing = || fault::missing("The resource you requested does not exist.");
    let (layer, version) = input.arn.rsplit_once(':').ok_or_else(missing)?;
    let (name, version) = (name(call, layer)?, version.parse().map_err(|_| missing())?);
    Ok(LayerContentView::of(&call.home, rooms(call).layer(&call.home, &name, version).await?))
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<(), ApiError> {
    let name = name(call, &input.layer_name)?;
    Ok(rooms(call).delete_layer(&call.home, &name, input.version_number).await?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    compatible_runtime: Option<String>,
    compatible_architecture: Option<String>,
    #[serde(flatten)]
    page: Page,
}

impl List {
    fn has(&self, layer: &LayerVersion) -> bool {
        let fits =
            |wanted: &Option<String>, of: &[String]| wanted.as_ref().is_none_or(|wanted| of.contains(wanted));
        fits(&self.compatible_runtime, &layer.runtimes)
            && fits(&self.compatible_architecture, &layer.architectures)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Layer {
    layer_name: String,
    layer_arn: String,
    latest_matching_version: LayerView,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    layers: Vec<Layer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list(call: &Call, input: List) -> Result<Listed, ApiError> {
    let all = rooms(call).layers(&call.home, None).await?;
    let after = input.page.marker.clone().unwrap_or_default();
    let mut found: Vec<LayerVersion> = Vec::new();
    for layer in all.into_iter().filter(|layer| after < layer.name && input.has(layer)) {
        // The newest of each comes first.
        if found.last().is_none_or(|last| last.name != layer.name) {
            found.push(layer);
        }
    }
    let (found, next_marker) = input.page.of(found.into_iter(), |last| last.name.clone());
    let view = |layer: LayerVersion| Layer {
        layer_name: layer.name.clone(),
        layer_arn: layer_arn(&call.home, &layer.name),
        latest_matching_version: LayerView::of(&call.home, layer),
    };
    Ok(Listed { layers: found.into_iter().map(view).collect(), next_marker })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListVersions {
    layer_name: String,
    #[serde(flatten)]
    list: List,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedVersions {
    layer_versions: Vec<LayerView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

pub(super) async fn list_versions(call: &Call, input: ListVersions) -> Result<ListedVersions, ApiError> {
    let name = name(call, &input.layer_name)?;
    let list = &input.list;
    let before = list.page.marker.as_ref().and_then(|marker| marker.parse().ok()).unwrap_or(u64::MAX);
    let all = rooms(call).layers(&call.home, Some(&name)).await?;
    let found = all.into_iter().filter(|layer| layer.version < before && list.has(layer));
    let (found, next_marker) = list.page.of(found, |last| last.version.to_string());
    let layer_versions = found.into_iter().map(|layer| LayerView::of(&call.home, layer)).collect();
    Ok(ListedVersions { layer_versions, next_marker })
}

/// The name of a layer of the caller's, given by name or ARN.
pub(super) fn name(call: &Call, text: &str) -> Result<String, ApiError> {
    let name = text.rsplit(':').next().unwrap_or_default();
    if text != name && text != layer_arn(&call.home, name) {
        return Err(fault::missing("The resource you requested does not exist."));
    }
    Ok(name.to_owned())
}
