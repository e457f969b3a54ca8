//! Paths of
//! [UpdateGatewayResponse](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateGatewayResponse.html).

use std::collections::BTreeMap;

use super::PatchOperation;
use super::maps::{Absent, Entry, entry_op, patch_entry, patch_whole};
use super::pointer::parts;
use crate::apis::error::{BadRequest, Error, NotFound};
use crate::apis::{GatewayResponse, StatusCode};

/// Applies `patches` to `response`.
pub(crate) fn patch_gateway_response(
    response: &mut GatewayResponse,
    patches: &[PatchOperation],
) -> Result<(), Error> {
    for patch in patches {
        let parts = patch.path.as_deref().and_then(parts).ok_or_else(|| patch.unknown_path())?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["statusCode"] => {
                patch.only_replace()?;
                let parse = |text: String| StatusCode::parse(&text).ok_or(BadRequest::ResponseStatusCode);
                response.status_code = patch.text().map(parse).transpose()?;
            }
            ["responseParameters", name] => patch_text(
                &mut response.response_parameters,
                name,
                patch,
                BadRequest::EmptyResponseParameter,
                NotFound::ParameterName,
            )?,
            ["responseTemplates", content_type] => patch_text(
                &mut response.response_templates,
                content_type,
                patch,
                BadRequest::EmptyResponseTemplate,
                NotFound::ContentType,
            )?,
            ["responseParameters"] => {
                filled(patch, BadRequest::EmptyResponseParameter)?;
                patch_whole(&mut response.response_parameters, patch)?;
            }
            ["responseTemplates"] => {
                filled(patch, BadRequest::EmptyResponseTemplate)?;
                patch_whole(&mut response.response_templates, patch)?;
            }
            _ => return Err(patch.unknown_path().into()),
        }
    }
    Ok(())
}

/// Refuses an operation without a value.
fn filled(patch: &PatchOperation, empty: BadRequest) -> Result<(), BadRequest> {
    match entry_op(patch)? {
        Entry::Set | Entry::Replace => patch.text().map(drop).ok_or(empty),
        Entry::Remove => Ok(()),
    }
}

fn patch_text(
    map: &mut BTreeMap<String, String>,
    key: &str,
    patch: &PatchOperation,
    empty: BadRequest,
    missing: NotFound,
) -> Result<(), Error> {
    let value = match entry_op(patch)? {
        Entry::Set | Entry::Replace => patch.text().ok_or(empty)?,
        Entry::Remove => String::new(),
    };
    patch_entry(map, key, patch, value, Absent::Refused, missing)
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;

    fn patched(patches: &[&str]) -> Result<GatewayResponse, String> {
        let mut response = GatewayResponse::default();
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_gateway_response(&mut response, &patches).map_err(|error| error.to_string())?;
        Ok(response)
    }

    #[test]
    fn members_change_one_by_one() {
        let response = patched(&[
            "replace /statusCode 418",
            "add /responseParameters/gatewayresponse.header.X 'a'",
            "add /responseTemplates/text~1plain no",
        ])
        .unwrap();
        assert_eq!(response.status_code, StatusCode::new(418));
        assert_eq!(response.response_parameters["gatewayresponse.header.X"], "'a'");
        assert_eq!(response.response_templates["text/plain"], "no");
    }

    #[test]
    fn refusals_are_worded_as_recorded() {
        for (patch, message) in [
            (
                "add /responseParameters/gatewayresponse.header.X",
                "Invalid null or empty value in responseParameters",
            ),
            ("add /responseTemplates/text~1plain", "Invalid null or empty value in responseTemplates"),
            ("replace /responseParameters", "Invalid null or empty value in responseParameters"),
            ("replace /responseTemplates", "Invalid null or empty value in responseTemplates"),
            ("replace /responseParameters x", "Invalid value specified for patch path /responseParameters"),
            ("remove /responseParameters/gatewayresponse.header.X", "Invalid parameter name specified"),
            ("replace /responseTemplates/text~1plain x", "Content-Type specified was not found"),
            ("add /statusCode 400", "Invalid patch operation specified. Must be one of: [replace]"),
            ("replace /wrongPath x", "Invalid patch path /wrongPath"),
        ] {
            assert_eq!(patched(&[patch]).unwrap_err(), message, "{patch}");
        }
    }
}
