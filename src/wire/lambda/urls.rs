//! Function URLs.

use serde::{Deserialize, Serialize};

use super::functions::Named;
use super::page::OfFunction;
use super::rooms;
use super::view::time;
use crate::functions::{Cors, Reference, UrlAddress, UrlChange, UrlConfig, function_arn};
use crate::wire::{ApiError, Call};

/// What pages of other origins may do, given and shown alike.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CorsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_methods: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expose_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u32>,
}

impl From<CorsView> for Cors {
    fn from(view: CorsView) -> Self {
        Self {
            allow_credentials: view.allow_credentials,
            allow_headers: view.allow_headers,
            allow_methods: view.allow_methods,
            allow_origins: view.allow_origins,
            expose_headers: view.expose_headers,
            max_age_s: view.max_age,
        }
    }
}

impl From<Cors> for CorsView {
    fn from(cors: Cors) -> Self {
        Self {
            allow_credentials: cors.allow_credentials,
            allow_headers: cors.allow_headers,
            allow_methods: cors.allow_methods,
            allow_origins: cors.allow_origins,
            expose_headers: cors.expose_headers,
            max_age: cors.max_age_s,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct View {
    function_url: String,
    function_arn: String,
    auth_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cors: Option<CorsView>,
    creation_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_time: Option<String>,
    invoke_mode: String,
}

fn view(call: &Call, name: &str, qualifier: Option<&str>, url: UrlConfig) -> View {
    let arn = function_arn(&call.home, name);
    View {
        function_url: UrlAddress::url(&url.id, &call.home.region),
        function_arn: qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}")),
        auth_type: url.auth_type,
        cors: url.cors.map(CorsView::from),
        creation_time: time(url.created),
        last_modified_time: Some(time(url.last_modified)),
        invoke_mode: url.invoke_mode,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    #[serde(flatten)]
    of: Named,
    auth_type: Option<String>,
    cors: Option<CorsView>,
    invoke_mode: Option<String>,
}

impl Put {
    fn change(&mut self) -> UrlChange {
        let cors = self.cors.take().map(Cors::from);
        UrlChange { auth_type: self.auth_type.take(), invoke_mode: self.invoke_mode.take(), cors }
    }
}

pub(super) async fn create(call: &Call, mut input: Put) -> Result<View, ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    let url = rooms(call).create_url(&call.home, &name, qualifier.clone(), input.change()).await?;
    // What was just made was not modified.
    Ok(View { last_modified_time: None, ..view(call, &name, qualifier.as_deref(), url) })
}

pub(super) async fn update(call: &Call, mut input: Put) -> Result<View, ApiError> {
    let Reference { name, qualifier } = input.of.reference(call)?;
    let url = rooms(call).update_url(&call.home, &name, qualifier.clone(), input.change()).await?;
    Ok(view(call, &name, qualifier.as_deref(), url))
}

pub(super) async fn get(call: &Call, input: Named) -> Result<View, ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    let url = rooms(call).url(&call.home, &name, qualifier.clone()).await?;
    Ok(view(call, &name, qualifier.as_deref(), url))
}

pub(super) async fn delete(call: &Call, input: Named) -> Result<(), ApiError> {
    let Reference { name, qualifier } = input.reference(call)?;
    Ok(rooms(call).delete_url(&call.home, &name, qualifier).await?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    function_url_configs: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

/// A marker is the alias of a page's last URL, with a point before it: the function's own has no alias.
pub(super) async fn list(call: &Call, input: OfFunction) -> Result<Listed, ApiError> {
    let (name, page) = (input.name(call)?, input.page);
    let after = page.marker.as_deref().and_then(|marker| marker.strip_prefix('.'));
    let all = rooms(call).urls(&call.home, &name).await?;
    let found = all.into_iter().filter(|(alias, _)| after.is_none_or(|after| after < alias.as_str()));
    let (found, next_marker) = page.of(found, |(alias, _)| format!(".{alias}"));
    let shown = |(alias, url): (String, UrlConfig)| {
        view(call, &name, Some(alias.as_str()).filter(|alias| !alias.is_empty()), url)
    };
    Ok(Listed { function_url_configs: found.into_iter().map(shown).collect(), next_marker })
}
