//! Paths of [UpdateAuthorizer](https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateAuthorizer.html).

use super::{PatchOp, PatchOperation};
use crate::apis::error::{BadRequest, Error};
use crate::apis::{Authorizer, AuthorizerType};

/// Applies `patches` to `authorizer`. The caller checks the result.
pub(crate) fn patch_authorizer(authorizer: &mut Authorizer, patches: &[PatchOperation]) -> Result<(), Error> {
    patches.iter().try_for_each(|patch| patch_one(authorizer, patch))
}

fn patch_one(authorizer: &mut Authorizer, patch: &PatchOperation) -> Result<(), Error> {
    match patch.path.as_deref().unwrap_or_default() {
        "/identitySource" => match patch.op {
            PatchOp::Add | PatchOp::Replace => authorizer.identity_source = patch.text(),
            PatchOp::Remove => authorizer.identity_source = None,
            PatchOp::Move | PatchOp::Test | PatchOp::Copy => {
                return Err(BadRequest::PatchOp("[add, remove, replace]").into());
            }
        },
        "/providerARNs" => match (patch.op, patch.text()) {
            (PatchOp::Add, Some(arn)) if !authorizer.provider_arns.contains(&arn) => {
                authorizer.provider_arns.push(arn);
            }
            (PatchOp::Add, Some(_)) => {}
            (PatchOp::Add, None) => return Err(BadRequest::Arn.into()),
            (PatchOp::Remove, arn) => authorizer.provider_arns.retain(|there| Some(there) != arn.as_ref()),
            (PatchOp::Replace | PatchOp::Move | PatchOp::Test | PatchOp::Copy, _) => {
                return Err(BadRequest::PatchOp("[add, remove]").into());
            }
        },
        path => replace(authorizer, path, patch)?,
    }
    Ok(())
}

/// The members that can only be replaced.
fn replace(authorizer: &mut Authorizer, path: &str, patch: &PatchOperation) -> Result<(), BadRequest> {
    let member = match path {
        "/name" => {
            patch.only_replace()?;
            authorizer.name = patch.value.clone().unwrap_or_default();
            return Ok(());
        }
        "/type" => {
            patch.only_replace()?;
            let kind = patch.text().and_then(|text| AuthorizerType::parse(&text.to_ascii_uppercase()));
            authorizer.kind = kind.ok_or(BadRequest::AuthorizerType)?;
            return Ok(());
        }
        "/authorizerResultTtlInSeconds" => {
            patch.only_replace()?;
            let ttl = patch.text().map(|text| text.parse().map_err(|_| BadRequest::AuthorizerTtl));
            authorizer.result_ttl_seconds = ttl.transpose()?;
            return Ok(());
        }
        // AWS doesn't document the paths within it, so it can only be replaced as a whole.
        "/jwtConfiguration" => {
            patch.only_replace()?;
            let read = |text: String| {
                serde_json::from_str(&text).map_err(|_| BadRequest::PatchValue(path.to_owned()))
            };
            authorizer.jwt_configuration = patch.text().map(read).transpose()?;
            return Ok(());
        }
        "/authorizerUri" => &mut authorizer.authorizer_uri,
        "/authorizerCredentials" => &mut authorizer.authorizer_credentials,
        "/authType" => &mut authorizer.auth_type,
        "/identityValidationExpression" => &mut authorizer.identity_validation_expression,
        _ => return Err(patch.unknown_path()),
    };
    patch.only_replace()?;
    *member = patch.text();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::apis::CreateAuthorizer;

    fn patched(patches: &[&str]) -> Result<Authorizer, String> {
        let given = r#"{"name": "a", "type": "TOKEN", "authorizerUri": "u", "providerARNs": ["one"]}"#;
        let mut authorizer =
            serde_json::from_str::<CreateAuthorizer>(given).unwrap().resolve("auth01".into());
        let patches: Vec<PatchOperation> = patches.iter().map(|text| op(text)).collect();
        patch_authorizer(&mut authorizer, &patches).map_err(|error| error.to_string())?;
        Ok(authorizer)
    }

    #[test]
    fn members_are_replaced_and_pools_come_and_go() {
        let authorizer = patched(&[
            "replace /name b",
            "replace /type cognito_user_pools",
            "replace /authorizerUri",
            "replace /authorizerResultTtlInSeconds 60",
            "add /providerARNs two",
            "remove /providerARNs one",
            "add /identitySource method.request.header.A",
        ])
        .unwrap();
        assert_eq!((authorizer.name.as_str(), authorizer.kind), ("b", AuthorizerType::CognitoUserPools));
        assert_eq!((authorizer.authorizer_uri, authorizer.result_ttl_seconds), (None, Some(60)));
        assert_eq!(authorizer.provider_arns, ["two"]);
        assert_eq!(authorizer.identity_source.as_deref(), Some("method.request.header.A"));
    }

    #[test]
    fn other_paths_and_operations_are_refused() {
        for (patch, message) in [
            ("replace /id x", "Invalid patch path /id"),
            ("add /name x", "Invalid patch operation specified. Must be one of: [replace]"),
            ("replace /providerARNs x", "Invalid patch operation specified. Must be one of: [add, remove]"),
            (
                "replace /type SAML",
                "Invalid authorizer type specified. Valid options are TOKEN,REQUEST,COGNITO_USER_POOLS,JWT",
            ),
            (
                "replace /authorizerResultTtlInSeconds x",
                "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds.",
            ),
        ] {
            assert_eq!(patched(&[patch]).unwrap_err(), message, "{patch}");
        }
    }
}
