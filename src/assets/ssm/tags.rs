//! Tags of parameters.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Parameters;
use super::tables::{self, Parameter};
use crate::assets::error::Error;
use crate::wire::{ApiError, Call, Code};

/// The most tags of a parameter.
const TAGS_MAX: usize = 50;
const INVALID_RESOURCE: Code = Code::model("InvalidResourceId", 400);
const INVALID_RESOURCE_TYPE: Code = Code::model("InvalidResourceType", 400);
const TOO_MANY_TAGS: Code = Code::model("TooManyTagsError", 400);

/// A tag.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

/// The tags with these added.
pub(super) fn checked(
    mut tags: BTreeMap<String, String>,
    added: Vec<Tag>,
) -> Result<BTreeMap<String, String>, Error> {
    tags.extend(added.into_iter().map(|tag| (tag.key, tag.value)));
    match tags.len() <= TAGS_MAX {
        true => Ok(tags),
        false => Err(Error::Refused(ApiError::bare(TOO_MANY_TAGS))),
    }
}

/// What has the tags.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Resource {
    resource_type: String,
    resource_id: String,
}

impl Resource {
    async fn change(
        self,
        call: &Call,
        change: impl Fn(Parameter) -> Result<Parameter, Error> + Send + 'static,
    ) -> Result<Value, ApiError> {
        self.check()?;
        let home = call.home.clone();
        let written = call.state::<Parameters>().store.write(move |tx| {
            let kept = tables::find(tx, &home, &self.resource_id)?.ok_or_else(missing)?;
            let value = kept.value(tx, &home)?;
            tables::put(tx, &home, &kept.name, &change(kept.parameter)?, &value)?;
            Ok::<_, Error>(())
        });
        written.await?;
        Ok(json!({}))
    }

    fn check(&self) -> Result<(), Error> {
        match self.resource_type.as_str() {
            "Parameter" => Ok(()),
            _ => Err(Error::Refused(ApiError::bare(INVALID_RESOURCE_TYPE))),
        }
    }
}

fn missing() -> Error {
    Error::Refused(ApiError::bare(INVALID_RESOURCE))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Add {
    #[serde(flatten)]
    resource: Resource,
    tags: Vec<Tag>,
}

pub(super) async fn add(call: &Call, input: Add) -> Result<Value, ApiError> {
    let Add { resource, tags } = input;
    let change = move |parameter: Parameter| {
        Ok(Parameter { tags: checked(parameter.tags.clone(), tags.clone())?, ..parameter })
    };
    resource.change(call, change).await
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Remove {
    #[serde(flatten)]
    resource: Resource,
    tag_keys: Vec<String>,
}

pub(super) async fn remove(call: &Call, input: Remove) -> Result<Value, ApiError> {
    let Remove { resource, tag_keys } = input;
    let change = move |mut parameter: Parameter| {
        parameter.tags.retain(|key, _| !tag_keys.contains(key));
        Ok(parameter)
    };
    resource.change(call, change).await
}

pub(super) async fn list(call: &Call, input: Resource) -> Result<Value, ApiError> {
    input.check()?;
    let home = call.home.clone();
    let read = call.state::<Parameters>().store.read(move |tx| {
        Ok::<_, Error>(tables::find(tx, &home, &input.resource_id)?.ok_or_else(missing)?.parameter.tags)
    });
    let tags: Vec<Value> =
        read.await?.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    Ok(json!({"TagList": tags}))
}
