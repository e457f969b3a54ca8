//! `stepgate export`: writes what a stage serves as an OpenAPI document.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use bytes::Bytes;
use http::Method;

use super::arguments::{Dialect, DocumentFormat, Export};
use super::output;
use super::remote::{Remote, RemoteApi, block_on, encoded};

/// The parameters of an export with everything.
const EXTENSIONS: &str = "extensions=apigateway%2Cdocumentation";

pub(super) fn run(arguments: &Export) -> anyhow::Result<ExitCode> {
    let remote = Remote { endpoint: &arguments.endpoint };
    let document = block_on(async {
        let api = remote.api(&arguments.api).await?;
        let stage = remote.stage(&api, arguments.stage.as_deref()).await?;
        document(remote, &api, &stage.name, arguments.dialect, arguments.format(), EXTENSIONS).await
    })?;
    let text = String::from_utf8_lossy(&document);
    match arguments.output.as_deref() {
        None => output::text(&text),
        Some(file) if file == Path::new("-") => output::text(&text),
        Some(file) => {
            std::fs::write(file, &document).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The document of a stage; `parameters` are those of GetExport, as a query string.
pub(super) async fn document(
    remote: Remote<'_>,
    api: &RemoteApi,
    stage: &str,
    dialect: Dialect,
    format: DocumentFormat,
    parameters: &str,
) -> anyhow::Result<Bytes> {
    let kind = match dialect {
        Dialect::Oas30 => "oas30",
        Dialect::Swagger => "swagger",
    };
    let accept = match format {
        DocumentFormat::Json => "application/json",
        DocumentFormat::Yaml => "application/yaml",
    };
    let (api, stage) = (encoded(&api.id), encoded(stage));
    let path = format!("/restapis/{api}/stages/{stage}/exports/{kind}?{parameters}");
    Ok(remote.api_gateway(Method::GET, &path, accept, Bytes::new()).await?.body)
}
