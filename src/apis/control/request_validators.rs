//! CreateRequestValidator, GetRequestValidator(s), UpdateRequestValidator, DeleteRequestValidator.

use super::super::ids::{ApiId, RequestValidatorId};
use super::super::request_validator::RequestValidator;
use super::super::rest_apis::Apis;
use crate::apis::error::{BadRequest, Conflict, Error};
use crate::apis::patch::{PatchOperation, replace_only};
use crate::id::AccountRegion;

const PATHS: [&str; 3] = ["/name", "/validateRequestParameters", "/validateRequestBody"];
const PATHS_PRINTED: &str = "[/name, /validateRequestParameters, /validateRequestBody]";

impl Apis {
    /// Adds a validator to an API.
    pub async fn create_request_validator(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        name: Option<String>,
        validate_request_body: bool,
        validate_request_parameters: bool,
    ) -> Result<RequestValidator, Error> {
        let (api_id, ids) = (api_id.clone(), self.ids());
        self.write(owner, move |rows| {
            if !rows.has_api(&api_id)? {
                return Err(BadRequest::RestApiIdentifier.into());
            }
            let id = ids.lower_alphanumeric(6).into();
            let validator = RequestValidator {
                id,
                name: name.clone(),
                validate_request_body,
                validate_request_parameters,
            };
            rows.put_part(&api_id, &validator)?;
            Ok(validator)
        })
        .await
    }

    /// Changes a validator.
    pub async fn update_request_validator(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &RequestValidatorId,
        patches: Vec<PatchOperation>,
    ) -> Result<RequestValidator, Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let mut validator = rows.part::<RequestValidator>(&api_id, &id)?;
            for patch in &patches {
                match replace_only(patch, &PATHS, PATHS_PRINTED)? {
                    "/validateRequestBody" => validator.validate_request_body = patch.boolean(),
                    "/validateRequestParameters" => validator.validate_request_parameters = patch.boolean(),
                    _ => validator.name = Some(patch.text().ok_or(BadRequest::ValidatorName)?),
                }
            }
            rows.put_part(&api_id, &validator)?;
            Ok(validator)
        })
        .await
    }

    /// Deletes a validator that no method uses.
    pub async fn delete_request_validator(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        id: &RequestValidatorId,
    ) -> Result<(), Error> {
        let (api_id, id) = (api_id.clone(), id.clone());
        self.write(owner, move |rows| {
            let found = rows.part::<RequestValidator>(&api_id, &id)?;
            for resource in rows.resources_of(&api_id)? {
                let user =
                    resource.methods.iter().find(|(_, m)| m.request_validator_id.as_ref() == Some(&id));
                if let Some((verb, _)) = user {
                    let validator = found.name.unwrap_or_else(|| id.to_string());
                    let path = resource.path.clone();
                    return Err(Conflict::RequestValidatorInUse { validator, path, method: *verb }.into());
                }
            }
            rows.delete_part::<RequestValidator>(&api_id, &id)
        })
        .await
    }
}
