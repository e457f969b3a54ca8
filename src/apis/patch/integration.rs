//! Paths of [UpdateIntegration](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateIntegration.html)
//! and
//! [UpdateIntegrationResponse](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateIntegrationResponse.html).

use std::collections::BTreeMap;

use super::PatchOperation;
use super::maps::{Absent, Entry, entry_op, patch_entry, patch_whole};
use super::pointer::parts;
use crate::apis::error::{BadRequest, Error, NotFound};
use crate::apis::{
    ConnectionType, ContentHandling, HttpMethod, Integration, IntegrationResponse, IntegrationType,
    PassthroughBehavior, ResponseTransferMode, TIMEOUT_MILLIS_MAX, TlsConfig,
};

/// Applies `patches` to `integration`. The caller checks the result.
pub(crate) fn patch_integration(
    integration: &mut Integration,
    patches: &[PatchOperation],
) -> Result<(), Error> {
    patches.iter().try_for_each(|patch| patch_one(integration, patch))
}

fn patch_one(integration: &mut Integration, patch: &PatchOperation) -> Result<(), Error> {
    let is_mock = integration.kind == IntegrationType::Mock;
    let parts = patch.path.as_deref().and_then(parts).ok_or_else(|| patch.unknown_path())?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["requestParameters", name] => patch_text(&mut integration.request_parameters, name, patch)?,
        ["requestParameters"] => patch_whole(&mut integration.request_parameters, patch)?,
        ["requestTemplates", content_type] => {
            patch_template(&mut integration.request_templates, content_type, patch)?;
        }
        ["requestTemplates"] => patch_whole(&mut integration.request_templates, patch)?,
        ["cacheKeyParameters", name] => patch_cache_key(integration, name, patch)?,
        ["cacheKeyParameters"] => {
            let name = patch.value.clone().unwrap_or_default();
            patch_cache_key(integration, &name, patch)?;
        }
        // MOCK calls nothing, so it has neither.
        ["uri"] if !is_mock => {
            patch.only_replace()?;
            integration.uri = patch.text();
        }
        ["httpMethod"] if !is_mock => {
            patch.only_replace()?;
            let text = patch.text().ok_or(BadRequest::IntegrationHttpMethod)?;
            integration.http_method = Some(HttpMethod::parse(&text).ok_or(BadRequest::HttpMethod)?);
        }
        [_] => patch_setting(integration, patch)?,
        ["tlsConfig", "insecureSkipVerification"] => {
            patch.only_replace()?;
            integration.tls_config = Some(TlsConfig { insecure_skip_verification: patch.boolean() });
        }
        _ => return Err(patch.unknown_path().into()),
    }
    Ok(())
}

/// Members that only `replace` changes.
fn patch_setting(integration: &mut Integration, patch: &PatchOperation) -> Result<(), Error> {
    let text = patch.text();
    match patch.path.as_deref() {
        Some("/cacheNamespace") => {
            patch.only_replace()?;
            integration.cache_namespace = text.unwrap_or_default();
        }
        Some("/connectionId") => {
            patch.only_replace()?;
            integration.connection_id = text;
        }
        Some("/connectionType") => {
            patch.only_replace()?;
            integration.connection_type = match text {
                Some(text) => ConnectionType::parse(&text).ok_or(BadRequest::ConnectionType)?,
                None => ConnectionType::Internet,
            };
        }
        Some("/contentHandling") => {
            patch.only_replace()?;
            integration.content_handling = content_handling(text)?;
        }
        Some("/credentials") => {
            patch.only_replace()?;
            integration.credentials = text;
        }
        Some("/integrationTarget") => {
            patch.only_replace()?;
            integration.integration_target = text;
        }
        Some("/passthroughBehavior") => {
            patch.only_replace()?;
            integration.passthrough_behavior = match text {
                Some(text) => PassthroughBehavior::parse(&text).ok_or(BadRequest::PassthroughBehavior)?,
                None => PassthroughBehavior::WhenNoMatch,
            };
        }
        Some("/responseTransferMode") => {
            patch.only_replace()?;
            let parse =
                |text: String| ResponseTransferMode::parse(&text).ok_or(BadRequest::ResponseTransferMode);
            integration.response_transfer_mode = text.map(parse).transpose()?;
        }
        Some("/timeoutInMillis") => {
            patch.only_replace()?;
            let millis = text.and_then(|text| text.parse().ok());
            integration.timeout_millis = millis.ok_or(BadRequest::Timeout(TIMEOUT_MILLIS_MAX))?;
        }
        Some(_) | None => return Err(patch.unknown_path().into()),
    }
    Ok(())
}

fn patch_cache_key(integration: &mut Integration, name: &str, patch: &PatchOperation) -> Result<(), Error> {
    let names = &mut integration.cache_key_parameters;
    match entry_op(patch)? {
        Entry::Set if names.iter().any(|there| there == name) => {}
        Entry::Set => names.push(name.to_owned()),
        Entry::Remove => names.retain(|there| there != name),
        Entry::Replace => {
            names.retain(|there| there != name);
            names.push(patch.text().unwrap_or_else(|| name.to_owned()));
        }
    }
    Ok(())
}

/// Applies `patches` to `response`. The caller checks the result.
pub(crate) fn patch_integration_response(
    response: &mut IntegrationResponse,
    patches: &[PatchOperation],
) -> Result<(), Error> {
    for patch in patches {
        let parts = patch.path.as_deref().and_then(parts).ok_or_else(|| patch.unknown_path())?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["selectionPattern"] => {
                patch.only_replace()?;
                response.selection_pattern.clone_from(&patch.value);
            }
            ["contentHandling"] => {
                patch.only_replace()?;
                response.content_handling = content_handling(patch.text())?;
            }
            ["responseParameters", name] => patch_text(&mut response.parameters, name, patch)?,
            ["responseParameters"] => patch_whole(&mut response.parameters, patch)?,
            ["responseTemplates", content_type] => {
                patch_template(response.templates.get_or_insert_default(), content_type, patch)?;
            }
            ["responseTemplates"] => patch_whole(response.templates.get_or_insert_default(), patch)?,
            _ => return Err(patch.unknown_path().into()),
        }
    }
    Ok(())
}

/// The value for `text`; `None` clears it.
fn content_handling(text: Option<String>) -> Result<Option<ContentHandling>, BadRequest> {
    text.map(|text| ContentHandling::parse(&text).ok_or(BadRequest::ContentHandling)).transpose()
}

fn patch_text(map: &mut BTreeMap<String, String>, name: &str, patch: &PatchOperation) -> Result<(), Error> {
    let value = patch.value.clone().unwrap_or_default();
    patch_entry(map, name, patch, value, Absent::Added, NotFound::ParameterName)
}

fn patch_template(
    map: &mut BTreeMap<String, String>,
    content_type: &str,
    patch: &PatchOperation,
) -> Result<(), Error> {
    let value = patch.value.clone().unwrap_or_default();
    patch_entry(map, content_type, patch, value, Absent::Added, NotFound::ContentType)
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::fixtures::test_integration;

    fn patched(kind: IntegrationType, patches: &[&str]) -> Result<Integration, String> {
        let mut integration = test_integration(kind);
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_integration(&mut integration, &patches).map_err(|error| error.to_string())?;
        Ok(integration)
    }

    #[test]
    fn paths_change_what_they_name() {
        let integration = patched(
            IntegrationType::Http,
            &[
                "replace /uri https://example.com/b",
                "replace /httpMethod PUT",
                "add /requestTemplates/application~1json {\"a\": 1}",
                "add /requestParameters/integration.request.header.X 'x'",
                "add /cacheKeyParameters/method.request.path.id",
                "replace /timeoutInMillis 1000",
                "replace /contentHandling CONVERT_TO_TEXT",
                "replace /contentHandling",
                "replace /tlsConfig/insecureSkipVerification true",
                "replace /passthroughBehavior NEVER",
            ],
        )
        .unwrap();
        assert_eq!(integration.uri.as_deref(), Some("https://example.com/b"));
        assert_eq!(integration.http_method, Some(HttpMethod::Put));
        assert_eq!(integration.request_templates["application/json"], "{\"a\": 1}");
        assert_eq!(integration.request_parameters["integration.request.header.X"], "'x'");
        assert_eq!(integration.cache_key_parameters, ["method.request.path.id"]);
        assert_eq!(integration.timeout_millis, 1000);
        assert_eq!(integration.content_handling, None);
        assert_eq!(integration.tls_config, Some(TlsConfig { insecure_skip_verification: true }));
        assert_eq!(integration.passthrough_behavior, PassthroughBehavior::Never);
    }

    #[test]
    fn refusals_are_worded_in_their_family() {
        for (patch, message) in [
            ("replace /type AWS", "Invalid patch path /type"),
            ("replace /uri http://example.com", "Invalid patch path /uri"),
            ("add /timeoutInMillis 100", "Invalid patch operation specified. Must be one of: [replace]"),
            ("replace /timeoutInMillis soon", "Timeout should be between 50 ms and 29000 ms"),
            ("remove /requestTemplates/text~1html", "Content-Type specified was not found"),
            ("replace /requestParameters {", "Invalid value specified for patch path /requestParameters"),
            ("copy /uri /credentials", "Invalid patch path /uri"),
        ] {
            assert_eq!(patched(IntegrationType::Mock, &[patch]).unwrap_err(), message, "{patch}");
        }
    }

    #[test]
    fn selection_patterns_can_be_empty() {
        let mut response = IntegrationResponse::default();
        patch_integration_response(&mut response, &[op("replace /selectionPattern 4\\d{2}")]).unwrap();
        assert_eq!(response.selection_pattern.as_deref(), Some("4\\d{2}"));
        patch_integration_response(&mut response, &[op("replace /selectionPattern ")]).unwrap();
        assert_eq!(response.selection_pattern.as_deref(), Some(""));
    }
}
