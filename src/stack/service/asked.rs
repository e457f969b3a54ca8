//! What requests ask for, as stacks take it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{invalid, stacks};
use crate::identity::Principal;
use crate::stack::objects;
use crate::stack::stacks::{Draft, Given};
use crate::wire::{ApiError, Call, Code};

/// A parameter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parameter {
    parameter_key: Option<String>,
    parameter_value: Option<String>,
    #[serde(default)]
    use_previous_value: bool,
}

/// A tag.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// The members that creating, updating and previewing a stack have in common.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wanted {
    template_body: Option<String>,
    #[serde(rename = "TemplateURL")]
    template_url: Option<String>,
    #[serde(default)]
    use_previous_template: bool,
    #[serde(default)]
    parameters: Vec<Parameter>,
    tags: Option<Vec<Tag>>,
    #[serde(default)]
    capabilities: Vec<String>,
    #[serde(rename = "RoleARN")]
    role: Option<String>,
    #[serde(rename = "NotificationARNs")]
    notifications: Option<Vec<String>>,
    timeout_in_minutes: Option<u32>,
    rollback_configuration: Option<Map<String, Value>>,
}

impl Wanted {
    /// The same as a draft.
    pub(super) async fn draft(self, call: &Call) -> Result<Draft, ApiError> {
        let template = match (self.template_body, self.template_url, self.use_previous_template) {
            (None, None, true) => None,
            (None, None, false) => {
                return Err(invalid("Either Template URL or Template Body must be specified."));
            }
            (Some(body), None, false) => Some(body),
            (None, Some(url), false) => Some(object(call, &url).await?),
            _ => {
                return Err(invalid(
                    "Only one of TemplateBody, TemplateURL and UsePreviousTemplate may be specified.",
                ));
            }
        };
        let parameters = self.parameters.into_iter().map(|parameter| {
            let key = parameter.parameter_key.ok_or_else(|| invalid("ParameterKey must be specified."))?;
            Ok(Given { key, value: parameter.parameter_value, is_previous: parameter.use_previous_value })
        });
        let tags = self.tags.map(|tags| {
            tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<String, String>>()
        });
        let actor = if self.role.is_some() { None } else { actor(call)? };
        Ok(Draft {
            template,
            parameters: parameters.collect::<Result<_, ApiError>>()?,
            tags,
            capabilities: self.capabilities,
            role: self.role,
            actor,
            notifications: self.notifications,
            timeout_min: self.timeout_in_minutes,
            rollback: self.rollback_configuration,
            is_change_set: false,
        })
    }
}

/// In whose name resources are made where no role is given: a session's own, as far as that can be kept.
pub(super) fn actor(call: &Call) -> Result<Option<String>, ApiError> {
    match &call.caller.principal {
        Principal::Account | Principal::Service => Ok(None),
        Principal::Session(session) if session.policies.is_none() => {
            Ok(Some(format!("{} {}", session.role_id, session.role_arn)))
        }
        Principal::User(user) if user.session.as_ref().is_none_or(|session| session.policies.is_none()) => {
            Ok(Some(format!("{} {}", user.id, call.caller.arn)))
        }
        // Its policies end with the session, the stack doesn't.
        Principal::Session(_) | Principal::User(_) | Principal::Federated(_) => Err(ApiError::new(
            Code::AccessDenied,
            "A session with a session policy has to name the role that makes the resources: RoleARN.",
        )),
    }
}

/// The text of an object that a URL of S3 names.
pub(super) async fn object(call: &Call, url: &str) -> Result<String, ApiError> {
    let text = objects::text_at(&*stacks(call).objects, url).await;
    text.map_err(|problem| invalid(format!("S3 error: {problem}")))
}
