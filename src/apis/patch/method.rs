//! Paths of [UpdateMethod](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateMethod.html) and
//! [UpdateMethodResponse](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateMethodResponse.html).

use super::maps::{Absent, patch_entry};
use super::pointer::parts;
use super::{PatchOp, PatchOperation};
use crate::apis::error::{BadRequest, Error, NotFound};
use crate::apis::{AuthorizationType, AuthorizerId, Method, MethodResponse, RequestValidatorId};

/// Applies `patches` to `method`. The caller checks what it refers to (models, a validator, an authorizer).
pub(crate) fn patch_method(method: &mut Method, patches: &[PatchOperation]) -> Result<(), Error> {
    patches.iter().try_for_each(|patch| patch_one(method, patch))
}

fn patch_one(method: &mut Method, patch: &PatchOperation) -> Result<(), Error> {
    let parts = patch.path.as_deref().and_then(parts).ok_or_else(|| patch.unknown_path())?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["authorizationType"] => {
            patch.only_replace()?;
            method.authorization_type = authorization_type(patch.value.as_deref().unwrap_or_default())?;
        }
        // AWS ignores it while the type has no authorizer; the check after the last patch drops it.
        ["authorizerId"] => {
            patch.only_replace()?;
            method.authorizer_id = patch.text().map(AuthorizerId::from);
        }
        ["authorizationScopes"] => match (patch.op, patch.text()) {
            (PatchOp::Add, Some(scope)) if !method.authorization_scopes.contains(&scope) => {
                method.authorization_scopes.push(scope);
            }
            (PatchOp::Add, _) => {}
            (PatchOp::Remove, scope) => {
                method.authorization_scopes.retain(|there| Some(there) != scope.as_ref());
            }
            (PatchOp::Replace | PatchOp::Move | PatchOp::Test | PatchOp::Copy, _) => {
                return Err(BadRequest::PatchOp("[add, remove]").into());
            }
        },
        ["apiKeyRequired"] => {
            patch.only_replace()?;
            method.api_key_required = patch.boolean();
        }
        ["operationName"] => {
            patch.only_replace()?;
            method.operation_name = patch.text();
        }
        ["requestValidatorId"] => {
            patch.only_replace()?;
            method.request_validator_id = patch.text().map(RequestValidatorId::from);
        }
        ["requestParameters", name] => patch_entry(
            &mut method.request_parameters,
            name,
            patch,
            patch.boolean(),
            Absent::Added,
            NotFound::ParameterName,
        )?,
        ["requestModels", content_type] => patch_entry(
            &mut method.request_models,
            content_type,
            patch,
            patch.value.clone().unwrap_or_default(),
            Absent::Added,
            NotFound::ContentType,
        )?,
        _ => return Err(patch.unknown_path().into()),
    }
    Ok(())
}

/// The type with the name `text`, in any case.
pub(crate) fn authorization_type(text: &str) -> Result<AuthorizationType, BadRequest> {
    AuthorizationType::parse(&text.to_ascii_uppercase()).ok_or(BadRequest::AuthorizationType)
}

/// Applies `patches` to `response`. The caller checks names and models.
pub(crate) fn patch_method_response(
    response: &mut MethodResponse,
    patches: &[PatchOperation],
) -> Result<(), Error> {
    for patch in patches {
        let parts = patch.path.as_deref().and_then(parts).ok_or_else(|| patch.unknown_path())?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["responseParameters", name] => patch_entry(
                &mut response.parameters,
                name,
                patch,
                patch.boolean(),
                Absent::Refused,
                NotFound::ParameterName,
            )?,
            ["responseModels", content_type] => patch_entry(
                &mut response.models,
                content_type,
                patch,
                patch.value.clone().unwrap_or_default(),
                Absent::Refused,
                NotFound::ContentType,
            )?,
            _ => return Err(patch.unknown_path().into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::tests::op;
    use super::*;

    fn response(patches: &[&str]) -> Result<MethodResponse, String> {
        let mut response = MethodResponse {
            parameters: BTreeMap::from([("method.response.header.a".to_owned(), false)]),
            models: BTreeMap::from([("application/json".to_owned(), "Empty".to_owned())]),
        };
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_method_response(&mut response, &patches).map_err(|error| error.to_string())?;
        Ok(response)
    }

    #[test]
    fn entries_of_responses_come_and_go() {
        let all_gone = response(&[
            "remove /responseParameters/method.response.header.a",
            "remove /responseModels/application~1json",
        ]);
        assert_eq!(all_gone, Ok(MethodResponse::default()));
        let replaced = response(&["replace /responseParameters/method.response.header.a true"]).unwrap();
        assert!(replaced.parameters["method.response.header.a"]);
    }

    #[test]
    fn entries_that_are_not_there_are_not_found() {
        for (patch, message) in [
            ("remove /responseParameters/method.response.header.b", "Invalid parameter name specified"),
            ("replace /responseParameters/method.response.header.b true", "Invalid parameter name specified"),
            ("remove /responseModels/text~1html", "Content-Type specified was not found"),
            (
                "add /wrong/method.response.header.b true",
                "Invalid patch path /wrong/method.response.header.b",
            ),
            ("add /responseParameters", "Invalid patch path /responseParameters"),
        ] {
            assert_eq!(response(&[patch]).unwrap_err(), message, "{patch}");
        }
    }

    #[test]
    fn types_can_be_set_in_any_case() {
        assert_eq!(authorization_type("none"), Ok(AuthorizationType::None));
        assert_eq!(authorization_type("AWS_IAM"), Ok(AuthorizationType::AwsIam));
        assert_eq!(authorization_type("Custom"), Ok(AuthorizationType::Custom));
        assert_eq!(authorization_type(""), Err(BadRequest::AuthorizationType));
    }
}
