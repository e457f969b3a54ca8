//! Attributes of users: which there are, who may set them, and which of them are names to sign in with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::records::{Pool, User};
use crate::cognito::error::{Error, INVALID_PARAMETER, NOT_AUTHORIZED};

/// What every pool has.
///
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>
pub(super) const STANDARD: &[&str] = &[
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "identities",
];
/// The most custom attributes of a pool; AWS's quota.
const CUSTOM_MAX: usize = 50;
/// The longest value of an attribute, in characters.
const VALUE_CHARS_MAX: usize = 2_048;
/// What only the pool's owner may say.
const VERIFIED: [&str; 2] = ["email_verified", "phone_number_verified"];

/// An attribute as requests and answers have it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: String,
}

/// Attributes by name; of several with a name, the last counts.
pub(super) fn by_name(list: Vec<Attribute>) -> BTreeMap<String, String> {
    list.into_iter().map(|it| (it.name, it.value)).collect()
}

/// A user's attributes as answers have them, `sub` first.
pub(super) fn listed(user: &User) -> Vec<Attribute> {
    let sub = Attribute { name: "sub".to_owned(), value: user.sub.clone() };
    let others = user.attributes.iter();
    let others = others.map(|(name, value)| Attribute { name: name.clone(), value: value.clone() });
    std::iter::once(sub).chain(others).collect()
}

/// A pool's own attributes with their full names, checked.
pub(super) fn given_schema(list: Vec<Value>) -> Result<Vec<Map<String, Value>>, Error> {
    let mut schema = Vec::with_capacity(list.len());
    for attribute in list {
        let Value::Object(mut attribute) = attribute else { continue };
        let name = attribute.get("Name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(Error::new(INVALID_PARAMETER, "Invalid attributes given, name is missing"));
        }
        if !STANDARD.contains(&name.as_str()) {
            let is_developer = attribute.get("DeveloperOnlyAttribute").and_then(Value::as_bool) == Some(true);
            let prefix = if is_developer { "dev:" } else { "" };
            let full = match name.starts_with("custom:") || name.starts_with("dev:") {
                true => name,
                false => format!("{prefix}custom:{name}"),
            };
            if attribute.get("Required").and_then(Value::as_bool) == Some(true) {
                return Err(Error::new(
                    INVALID_PARAMETER,
                    "Required custom attributes are not supported currently.",
                ));
            }
            attribute.insert("Name".to_owned(), full.into());
        }
        schema.push(attribute);
    }
    check_count(&schema)?;
    Ok(schema)
}

/// Refuses more custom attributes than a pool may have.
pub(super) fn check_count(schema: &[Map<String, Value>]) -> Result<(), Error> {
    let is_custom = |it: &&Map<String, Value>| {
        it.get("Name").and_then(Value::as_str).is_some_and(|name| !STANDARD.contains(&name))
    };
    if CUSTOM_MAX < schema.iter().filter(is_custom).count() {
        let text = format!("Exceeded the number of custom attributes: {CUSTOM_MAX}.");
        return Err(Error::new(INVALID_PARAMETER, text));
    }
    Ok(())
}

/// The bounds of a standard attribute that is a text, as AWS shows them: those of `identities` are none.
fn text_bounds(name: &str) -> Value {
    match name {
        "sub" => json!({"MinLength": "1", "MaxLength": "2048"}),
        "birthdate" => json!({"MinLength": "10", "MaxLength": "10"}),
        "identities" => json!({}),
        _ => json!({"MinLength": "0", "MaxLength": "2048"}),
    }
}

/// All attributes of a pool as DescribeUserPool shows them.
pub(super) fn schema(pool: &Pool) -> Vec<Value> {
    let own = |name: &str| pool.schema.iter().find(|it| it.get("Name").is_some_and(|given| given == name));
    let standard = STANDARD.iter().map(|name| {
        let mut shown = match *name {
            "email_verified" | "phone_number_verified" => {
                json!({"Name": name, "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": false,
                    "Mutable": true, "Required": false})
            }
            "updated_at" => {
                json!({"Name": name, "AttributeDataType": "Number", "DeveloperOnlyAttribute": false,
                "Mutable": true, "Required": false, "NumberAttributeConstraints": {"MinValue": "0"}})
            }
            _ => json!({"Name": name, "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
                "Mutable": *name != "sub", "Required": *name == "sub",
                "StringAttributeConstraints": text_bounds(name)}),
        };
        if let (Some(own), Some(shown)) = (own(name), shown.as_object_mut()) {
            shown.extend(own.clone());
        }
        shown
    });
    let is_custom = |it: &&Map<String, Value>| {
        it.get("Name").and_then(Value::as_str).is_some_and(|name| !STANDARD.contains(&name))
    };
    let custom = pool.schema.iter().filter(is_custom).map(|it| {
        let mut shown = json!({"AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": true,
            "Required": false});
        if let Some(shown) = shown.as_object_mut() {
            shown.extend(it.clone());
        }
        shown
    });
    standard.chain(custom).collect()
}

/// Who sets attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setter<'a> {
    /// The pool's owner.
    Owner,
    /// A user, through a client that may write these; all, if it says none.
    Client(&'a [String]),
}

/// Refuses attributes that the pool doesn't have or that may not be set. `before` are those of a user that is there.
pub(super) fn check(
    pool: &Pool,
    given: &BTreeMap<String, String>,
    setter: Setter<'_>,
    before: Option<&BTreeMap<String, String>>,
) -> Result<(), Error> {
    for (name, value) in given {
        let own = pool.schema.iter().find(|it| it.get("Name").is_some_and(|own| own == name));
        if own.is_none() && !STANDARD.contains(&name.as_str()) {
            let text = format!(
                "Attributes did not conform to the schema: {name}: Attribute does not exist in the schema.\n"
            );
            return Err(Error::new(INVALID_PARAMETER, text));
        }
        if name == "sub" || name == "identities" {
            return Err(Error::new(
                INVALID_PARAMETER,
                format!("Cannot modify the non-mutable attribute {name}"),
            ));
        }
        if let Setter::Client(writable) = setter {
            let is_writable = writable.is_empty() || writable.contains(name);
            if !is_writable || VERIFIED.contains(&name.as_str()) || name.starts_with("dev:") {
                return Err(Error::new(NOT_AUTHORIZED, "A client attempted to write unauthorized attribute"));
            }
        }
        let is_fixed = own.and_then(|it| it.get("Mutable")).and_then(Value::as_bool) == Some(false);
        if is_fixed && before.is_some_and(|before| before.get(name) != Some(value)) {
            return Err(Error::new(
                INVALID_PARAMETER,
                format!("user.{name}: Attribute cannot be updated.\n"),
            ));
        }
        if VALUE_CHARS_MAX < value.chars().count() {
            let text = format!(
                "Attributes did not conform to the schema: {name}: String must be no longer than {VALUE_CHARS_MAX} characters\n"
            );
            return Err(Error::new(INVALID_PARAMETER, text));
        }
        let complaint = match name.as_str() {
            "email" if !value.is_empty() && !is_email(value) => Some("Invalid email address format."),
            "phone_number" if !value.is_empty() && !is_phone(value) => Some("Invalid phone number format."),
            "email_verified" | "phone_number_verified"
                if !matches!(value.to_lowercase().as_str(), "true" | "false") =>
            {
                Some("Invalid value of a boolean attribute.")
            }
            _ => None,
        };
        if let Some(complaint) = complaint {
            return Err(Error::new(INVALID_PARAMETER, complaint));
        }
    }
    if before.is_none() {
        check_required(pool, given)?;
    }
    Ok(())
}

fn check_required(pool: &Pool, given: &BTreeMap<String, String>) -> Result<(), Error> {
    let required = pool.schema.iter().filter(|it| it.get("Required").and_then(Value::as_bool) == Some(true));
    let names = required.filter_map(|it| it.get("Name").and_then(Value::as_str));
    match names.into_iter().find(|name| *name != "sub" && !given.contains_key(*name)) {
        Some(name) => {
            let text = format!(
                "Attributes did not conform to the schema: {name}: The attribute {name} is required\n"
            );
            Err(Error::new(INVALID_PARAMETER, text))
        }
        None => Ok(()),
    }
}

/// The required attributes that a user doesn't have.
pub(super) fn missing(pool: &Pool, user: &User) -> Vec<String> {
    let required = pool.schema.iter().filter(|it| it.get("Required").and_then(Value::as_bool) == Some(true));
    let names = required.filter_map(|it| it.get("Name").and_then(Value::as_str));
    names.filter(|name| *name != "sub" && !user.attributes.contains_key(*name)).map(str::to_owned).collect()
}

pub(super) fn is_email(text: &str) -> bool {
    let printed = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
    printed
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

pub(super) fn is_phone(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a list of the pool's settings has a word: `UsernameAttributes` with `email`.
pub(super) fn says(pool: &Pool, list: &str, word: &str) -> bool {
    let list = pool.settings.get(list).and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|it| it == word))
}

/// A name as it is looked up.
pub(super) fn key(pool: &Pool, name: &str) -> String {
    let configuration = pool.settings.get("UsernameConfiguration");
    match configuration.and_then(|it| it.get("CaseSensitive")).and_then(Value::as_bool) {
        Some(false) => name.to_lowercase(),
        Some(true) | None => name.to_owned(),
    }
}

/// The aliases that a name may be.
pub(super) fn aliases_named(pool: &Pool, name: &str) -> Vec<String> {
    let name = key(pool, name);
    ["sub", "email", "phone_number", "preferred_username"]
        .iter()
        .map(|kind| format!("{kind}:{name}"))
        .collect()
}

/// What else a user is known by.
pub(super) fn aliases(pool: &Pool, user: &User) -> Vec<String> {
    let mut aliases = vec![format!("sub:{}", user.sub)];
    for kind in ["email", "phone_number", "preferred_username"] {
        let Some(value) = user.attributes.get(kind).filter(|value| !value.is_empty()) else { continue };
        let is_verified = || {
            kind == "preferred_username"
                || user.attributes.get(&format!("{kind}_verified")).is_some_and(|it| it == "true")
        };
        if says(pool, "UsernameAttributes", kind) || (says(pool, "AliasAttributes", kind) && is_verified()) {
            aliases.push(format!("{kind}:{}", key(pool, value)));
        }
    }
    aliases
}

/// Changes attributes: a new address isn't verified, unless the owner says so.
pub(super) fn apply(user: &mut User, given: BTreeMap<String, String>) {
    for kind in ["email", "phone_number"] {
        let verified = format!("{kind}_verified");
        let is_new = given.get(kind).is_some_and(|new| user.attributes.get(kind) != Some(new));
        if is_new && !given.contains_key(&verified) {
            user.attributes.insert(verified, "false".to_owned());
        }
    }
    for (name, value) in given {
        if value.is_empty() {
            user.attributes.remove(&name);
        } else {
            user.attributes.insert(name, value);
        }
    }
}
