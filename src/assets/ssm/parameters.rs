//! Parameters: put, read, described, deleted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::tables::{self, Kept, Parameter};
use super::{Parameters, arn, tags};
use crate::assets::error::Error;
use crate::id::AccountRegion;
use crate::store::Tx;
use crate::wire::{ApiError, Call, Code};

/// The most parameters of an account and region, as on AWS.
const PARAMETERS_MAX: i64 = 10_000;
/// The longest value of a parameter, and of an advanced one, in bytes.
const VALUE_BYTES_MAX: usize = 4_096;
const ADVANCED_BYTES_MAX: usize = 8_192;
/// The longest name, and the most levels of one.
const NAME_CHARS_MAX: usize = 1_011;
const LEVELS_MAX: usize = 15;
/// The most entries of a page.
const BY_PATH_MAX: usize = 10;
const DESCRIBED_MAX: usize = 50;
/// How many parameters are looked at for one page.
const LOOKED_AT_MAX: usize = 10_000;

const ALREADY_EXISTS: Code = Code::model("ParameterAlreadyExists", 400);
const HIERARCHY: Code = Code::model("HierarchyLevelLimitExceededException", 400);
const INVALID_FILTER: Code = Code::model("InvalidFilterKey", 400);
const INVALID_TOKEN: Code = Code::model("InvalidNextToken", 400);
const LIMIT_EXCEEDED: Code = Code::model("ParameterLimitExceeded", 400);
const NOT_FOUND: Code = Code::model("ParameterNotFound", 400);
const VERSION_NOT_FOUND: Code = Code::model("ParameterVersionNotFound", 400);

/// AWS says nothing but the code. Whoever reads the error here may not know that this server has a store of its own.
pub(super) fn not_found() -> Error {
    Error::new(NOT_FOUND, "Systems Manager (ssm) of this server has no such parameter.")
}

fn invalid(text: impl Into<String>) -> Error {
    Error::new(Code::Validation, text.into())
}

/// A name with the version or label that may follow it.
pub(super) struct Named {
    pub(super) name: String,
    selector: Option<String>,
}

impl Named {
    /// Reads `NAME`, `NAME:SELECTOR` and ARNs.
    pub(super) fn parse(text: &str) -> Self {
        let (text, of_arn) = match text.strip_prefix("arn:") {
            // arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME
            Some(rest) => (rest.splitn(5, ':').nth(4).unwrap_or_default(), true),
            None => (text, false),
        };
        let text = if of_arn { text.strip_prefix("parameter").unwrap_or(text) } else { text };
        let (name, selector) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
        // The ARN of a name without levels has a slash all the same.
        let name = match of_arn && name.matches('/').count() == 1 {
            true => name.trim_start_matches('/'),
            false => name,
        };
        Self { name: name.to_owned(), selector: selector.map(str::to_owned) }
    }

    fn find(&self, tx: &Tx<'_>, home: &AccountRegion) -> Result<Kept, Error> {
        let found = tables::find(tx, home, &self.name)?.ok_or_else(not_found)?;
        match &self.selector {
            Some(selector) if *selector != found.parameter.version.to_string() => {
                let text = format!(
                    "Systems Manager could not find version {selector} of {}. Verify the version and try again.",
                    self.name
                );
                Err(Error::new(VERSION_NOT_FOUND, text))
            }
            Some(_) | None => Ok(found),
        }
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    if name.is_empty() || NAME_CHARS_MAX < name.len() || !name.chars().all(is_plain) {
        return Err(invalid(
            "Parameter name must not be empty and must contain only a mix of letters, numbers and the following 3 \
             symbols .-_ besides slashes, and have at most 1011 characters.",
        ));
    }
    if name.contains("//") || (name.ends_with('/')) || (name.contains('/') && !name.starts_with('/')) {
        return Err(invalid(
            "Parameter name must be a fully qualified name: levels are divided by single slashes, and the first has one \
             before it.",
        ));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
    }
    if LEVELS_MAX < name.matches('/').count() {
        return Err(Error::new(HIERARCHY, "A hierarchy can have a maximum of 15 levels."));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    name: String,
    description: Option<String>,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<String>,
    key_id: Option<String>,
    overwrite: Option<bool>,
    allowed_pattern: Option<String>,
    tags: Option<Vec<tags::Tag>>,
    tier: Option<String>,
    policies: Option<String>,
    data_type: Option<String>,
}

pub(super) async fn put(call: &Call, input: Put) -> Result<Value, ApiError> {
    let name = Named::parse(&input.name).name;
    check_name(&name)?;
    if input.policies.as_deref().is_some_and(|text| !matches!(text.trim(), "" | "[]" | "{}")) {
        return Err(ApiError::new(
            Code::UnsupportedOperation,
            "Policies of parameters are not supported by this server.",
        ));
    }
    if input.allowed_pattern.as_deref().is_some_and(|text| !text.is_empty()) {
        return Err(ApiError::new(
            Code::UnsupportedOperation,
            "AllowedPattern is not supported by this server.",
        ));
    }
    if input.data_type.as_deref().is_some_and(|text| text != "text") {
        return Err(ApiError::new(
            Code::UnsupportedOperation,
            "Only the data type text is supported by this server.",
        ));
    }
    if input.value.is_empty() {
        return Err(invalid("1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.").into());
    }
    let tier = match input.tier.as_deref() {
        Some("Advanced") => "Advanced",
        Some("Intelligent-Tiering") if VALUE_BYTES_MAX < input.value.len() => "Advanced",
        _ => "Standard",
    };
    let max = if tier == "Advanced" { ADVANCED_BYTES_MAX } else { VALUE_BYTES_MAX };
    if max < input.value.len() {
        let text = format!(
            "{tier} tier parameters support a maximum parameter value of {max} characters. To create a larger parameter \
             value, upgrade the parameter to use the advanced-parameter tier."
        );
        return Err(invalid(text).into());
    }
    let overwrites = input.overwrite.unwrap_or(false);
    if overwrites && input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        return Err(invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.").into());
    }
    let given = tags::checked(BTreeMap::new(), input.tags.unwrap_or_default())?;
    let parameters = call.state::<Parameters>();
    let (home, now) = (call.home.clone(), parameters.clock.now());
    let (kind, value) = (input.kind, input.value);
    let (description, key_id) = (input.description, input.key_id);
    let written = parameters.store.write(move |tx| {
        let before = tables::find(tx, &home, &name)?.map(|before| before.parameter);
        if before.is_some() && !overwrites {
            let text = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
            return Err(Error::new(ALREADY_EXISTS, text));
        }
        if before.is_none() && PARAMETERS_MAX <= tables::count(tx, &home)? {
            return Err(Error::Refused(ApiError::bare(LIMIT_EXCEEDED)));
        }
        let is_new = before.is_none();
        let kind = kind.clone().or_else(|| before.as_ref().map(|before| before.kind.clone()));
        let kind = kind.ok_or_else(|| {
            invalid("A parameter type is required when you create a parameter.")
        })?;
        let parameter = Parameter {
            key_id: (kind == "SecureString").then(|| key_id.clone().unwrap_or_else(|| "alias/aws/ssm".to_owned())),
            kind,
            version: before.as_ref().map_or(1, |before| before.version + 1),
            modified: now,
            description: description.clone().or_else(|| before.as_ref().and_then(|before| before.description.clone())),
            allowed_pattern: None,
            tier: tier.to_owned(),
            data_type: "text".to_owned(),
            tags: before.map_or_else(|| given.clone(), |before| before.tags),
        };
        match is_new {
            true => tables::add(tx, &home, &name, &parameter, &value)?,
            false => tables::put(tx, &home, &name, &parameter, &value)?,
        }
        Ok(parameter.version)
    });
    Ok(json!({"Version": written.await?, "Tier": tier}))
}

/// A parameter as it is answered.
fn shown(
    tx: &Tx<'_>,
    home: &AccountRegion,
    kept: &Kept,
    is_open: bool,
    selector: Option<&str>,
) -> Result<Value, Error> {
    let about = &kept.parameter;
    // Without its key, a secret is what is stored of it.
    let value = match about.kind == "SecureString" && !is_open {
        true => STANDARD.encode(&kept.sealed),
        false => kept.value(tx, home)?,
    };
    let mut shown = json!({
        "Name": kept.name,
        "Type": about.kind,
        "Value": value,
        "Version": about.version,
        "LastModifiedDate": about.modified.as_seconds_f64(),
        "ARN": arn(home, &kept.name),
        "DataType": about.data_type,
    });
    if let (Some(selector), Some(shown)) = (selector, shown.as_object_mut()) {
        shown.insert("Selector".to_owned(), format!(":{selector}").into());
    }
    Ok(shown)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Get {
    name: String,
    with_decryption: Option<bool>,
}

pub(super) async fn get(call: &Call, input: Get) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = call.state::<Parameters>().store.read(move |tx| {
        let named = Named::parse(&input.name);
        let found = named.find(tx, &home)?;
        shown(tx, &home, &found, input.with_decryption.unwrap_or(false), named.selector.as_deref())
    });
    Ok(json!({"Parameter": read.await?}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMany {
    names: Vec<String>,
    with_decryption: Option<bool>,
}

pub(super) async fn get_many(call: &Call, input: GetMany) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let read = call.state::<Parameters>().store.read(move |tx| {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in &input.names {
            let named = Named::parse(name);
            match named.find(tx, &home) {
                Ok(kept) => {
                    let is_open = input.with_decryption.unwrap_or(false);
                    found.push(shown(tx, &home, &kept, is_open, named.selector.as_deref())?);
                }
                Err(Error::Refused(_)) => missing.push(name.clone()),
                Err(error) => return Err(error),
            }
        }
        Ok(json!({"Parameters": found, "InvalidParameters": missing}))
    });
    Ok(read.await?)
}

/// A condition of a list.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Filter {
    key: String,
    option: Option<String>,
    values: Option<Vec<String>>,
}

impl Filter {
    fn check(&self) -> Result<(), Error> {
        let is_known = matches!(self.key.as_str(), "Name" | "Type" | "Path" | "KeyId" | "Tier" | "DataType")
            || self.key.starts_with("tag:");
        if !is_known {
            let text = format!(
                "The following filter key is not valid: {}. Valid filter keys include: [Type, KeyId, Name, Path, Tier, DataType].",
                self.key
            );
            return Err(Error::new(INVALID_FILTER, text));
        }
        match self.option.as_deref() {
            None | Some("Equals" | "BeginsWith" | "Contains" | "Recursive" | "OneLevel") => Ok(()),
            Some(option) => Err(invalid(format!("The following filter option is not valid: {option}."))),
        }
    }

    fn fits(&self, kept: &Kept) -> bool {
        let about = &kept.parameter;
        let text = match self.key.as_str() {
            "Name" => Some(kept.name.as_str()),
            "Type" => Some(about.kind.as_str()),
            "KeyId" => about.key_id.as_deref(),
            "Tier" => Some(about.tier.as_str()),
            "DataType" => Some(about.data_type.as_str()),
            "Path" => {
                let is_deep = self.option.as_deref() == Some("Recursive");
                return self.values.iter().flatten().any(|path| is_below(&kept.name, path, is_deep));
            }
            key => key.strip_prefix("tag:").and_then(|tag| about.tags.get(tag)).map(String::as_str),
        };
        let Some(text) = text else { return false };
        let Some(values) = &self.values else { return true };
        values.iter().any(|value| match self.option.as_deref() {
            Some("BeginsWith") => text.starts_with(value.as_str()),
            Some("Contains") => text.contains(value.as_str()),
            _ => {
                text == value
                    || (self.key == "Name" && text.trim_start_matches('/') == value.trim_start_matches('/'))
            }
        })
    }
}

/// Whether a parameter is below a path: on its next level, or on any.
fn is_below(name: &str, path: &str, is_deep: bool) -> bool {
    let path = path.trim_end_matches('/');
    let name = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
    let rest = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| !rest.is_empty() && (is_deep || !rest.contains('/')))
}

/// A page of the parameters that fit, and where the next one begins.
fn page(
    tx: &Tx<'_>,
    home: &AccountRegion,
    token: Option<&str>,
    most: usize,
    fits: impl Fn(&Kept) -> bool,
) -> Result<(Vec<Kept>, Option<String>), Error> {
    let after = match token {
        None => String::new(),
        Some(token) => {
            let decoded = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.ok_or_else(|| Error::new(INVALID_TOKEN, "The specified token isn't valid."))?
        }
    };
    let all = tables::after(tx, home, &after, LOOKED_AT_MAX)?;
    let mut found: Vec<Kept> = all.into_iter().filter(fits).take(most + 1).collect();
    let has_more = most < found.len();
    found.truncate(most);
    let next = found.last().filter(|_| has_more).map(|last| STANDARD.encode(&last.name));
    Ok((found, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByPath {
    path: String,
    recursive: Option<bool>,
    parameter_filters: Option<Vec<Filter>>,
    with_decryption: Option<bool>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn by_path(call: &Call, input: ByPath) -> Result<Value, ApiError> {
    if !input.path.starts_with('/') {
        return Err(invalid("The parameter path must begin with a slash.").into());
    }
    let filters = input.parameter_filters.unwrap_or_default();
    filters.iter().try_for_each(Filter::check)?;
    let home = call.home.clone();
    let read = call.state::<Parameters>().store.read(move |tx| {
        let is_deep = input.recursive.unwrap_or(false);
        let most = input.max_results.unwrap_or(BY_PATH_MAX);
        let fits = |kept: &Kept| {
            is_below(&kept.name, &input.path, is_deep) && filters.iter().all(|filter| filter.fits(kept))
        };
        let (found, next) = page(tx, &home, input.next_token.as_deref(), most, fits)?;
        let is_open = input.with_decryption.unwrap_or(false);
        let shown = found.iter().map(|kept| shown(tx, &home, kept, is_open, None));
        Ok::<_, Error>((shown.collect::<Result<Vec<Value>, Error>>()?, next))
    });
    let (found, next) = read.await?;
    Ok(answer("Parameters", found, next))
}

fn answer(name: &str, found: Vec<Value>, next: Option<String>) -> Value {
    let mut answer = Map::from_iter([(name.to_owned(), found.into())]);
    answer.extend(next.map(|next| ("NextToken".to_owned(), next.into())));
    Value::Object(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Describe {
    filters: Option<Vec<Filter>>,
    parameter_filters: Option<Vec<Filter>>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

pub(super) async fn describe(call: &Call, input: Describe) -> Result<Value, ApiError> {
    let filters: Vec<Filter> = input
        .filters
        .unwrap_or_default()
        .into_iter()
        .chain(input.parameter_filters.unwrap_or_default())
        .collect();
    filters.iter().try_for_each(Filter::check)?;
    let home = call.home.clone();
    let described = move |kept: &Kept| {
        let about = &kept.parameter;
        let mut shown = json!({
            "Name": kept.name,
            "ARN": arn(&home, &kept.name),
            "Type": about.kind,
            "LastModifiedDate": about.modified.as_seconds_f64(),
            "LastModifiedUser": format!("arn:{}:iam::{}:root", home.region.partition(), home.account),
            "Version": about.version,
            "Tier": about.tier,
            "Policies": [],
            "DataType": about.data_type,
        });
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(about.description.clone().map(|text| ("Description".to_owned(), text.into())));
            shown.extend(about.key_id.clone().map(|text| ("KeyId".to_owned(), text.into())));
        }
        shown
    };
    let home = call.home.clone();
    let read = call.state::<Parameters>().store.read(move |tx| {
        let most = input.max_results.unwrap_or(DESCRIBED_MAX);
        let fits = |kept: &Kept| filters.iter().all(|filter| filter.fits(kept));
        let (found, next) = page(tx, &home, input.next_token.as_deref(), most, fits)?;
        Ok::<_, Error>((found.iter().map(described).collect::<Vec<Value>>(), next))
    });
    let (found, next) = read.await?;
    Ok(answer("Parameters", found, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    name: String,
}

pub(super) async fn delete(call: &Call, input: Delete) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let written = call.state::<Parameters>().store.write(move |tx| {
        match tables::delete(tx, &home, &Named::parse(&input.name).name)? {
            true => Ok(()),
            false => Err(not_found()),
        }
    });
    written.await?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMany {
    names: Vec<String>,
}

pub(super) async fn delete_many(call: &Call, input: DeleteMany) -> Result<Value, ApiError> {
    let home = call.home.clone();
    let written = call.state::<Parameters>().store.write(move |tx| {
        let (mut gone, mut missing) = (Vec::new(), Vec::new());
        for name in &input.names {
            let is_gone = tables::delete(tx, &home, &Named::parse(name).name)?;
            if is_gone { gone.push(name) } else { missing.push(name) }
        }
        Ok::<_, Error>(json!({"DeletedParameters": gone, "InvalidParameters": missing}))
    });
    Ok(written.await?)
}
