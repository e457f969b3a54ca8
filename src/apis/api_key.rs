//! API keys: they identify callers for usage plans.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use super::ids::ApiKeyId;
use crate::apis::error::KeyProblem;
use crate::clock::Timestamp;
use crate::store::{Stored, Unreadable};

const VALUE_CHARS_MIN: usize = 20;
/// The longest value of a key, in characters.
pub const VALUE_CHARS_MAX: usize = 128;
/// The length of a generated value, in characters.
const VALUE_CHARS: usize = 40;
const NAME_CHARS_MAX: usize = 1_024;
const DESCRIPTION_CHARS_MAX: usize = 125_000;

/// See [ApiKey](https://docs.aws.amazon.com/apigateway/latest/api/API_ApiKey.html).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// The value that callers send; unique within its account and region.
    pub value: ApiKeyValue,
    /// Name; needn't be unique.
    pub name: Option<String>,
    /// Text for people.
    pub description: Option<String>,
    /// The owner's id for the customer who has the key.
    pub customer_id: Option<String>,
    /// Whether callers can use the key.
    pub enabled: bool,
    /// When it was made.
    pub created_date: Timestamp,
    /// When it was changed.
    pub last_updated_date: Timestamp,
    /// Stages (`apiId/stage`) from the time before usage plans: stored and shown, without effect.
    pub stage_keys: BTreeSet<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl ApiKey {
    /// Checks the client's choices, in the recorded order.
    pub(super) fn check(&self) -> Result<(), KeyProblem> {
        self.value.check()?;
        if self.name.as_deref().is_some_and(|name| NAME_CHARS_MAX < name.chars().count()) {
            return Err(KeyProblem::LongName);
        }
        let description = self.description.as_deref().unwrap_or_default();
        if DESCRIPTION_CHARS_MAX < description.chars().count() {
            return Err(KeyProblem::Description);
        }
        match self.stage_keys.iter().find(|key| !is_stage_key(key)) {
            Some(bad) => Err(KeyProblem::StageKey(bad.clone())),
            None => Ok(()),
        }
    }
}

/// `apiId/stage`.
fn is_stage_key(text: &str) -> bool {
    matches!(text.split_once('/'), Some((api, stage)) if !api.is_empty() && !stage.is_empty())
}

/// The value of a key. It is secret: never printed, and returned only on request.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ApiKeyValue(String);

impl ApiKeyValue {
    /// A value chosen by a client; not checked.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Generates a random value.
    pub(super) fn generate(ids: &dyn crate::clock::Ids) -> Self {
        Self(ids.alphanumeric(VALUE_CHARS))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Checks that the length is allowed and that it can be sent in a header.
    pub(super) fn check(&self) -> Result<(), KeyProblem> {
        let n_chars = self.0.chars().count();
        if n_chars < VALUE_CHARS_MIN {
            return Err(KeyProblem::ShortValue);
        }
        if VALUE_CHARS_MAX < n_chars {
            return Err(KeyProblem::LongValue);
        }
        if self.0.bytes().all(|b| b.is_ascii_graphic()) { Ok(()) } else { Err(KeyProblem::ValueCharacters) }
    }
}

impl Stored<String> for ApiKeyValue {
    fn to_stored(&self) -> String {
        self.0.clone()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        Ok(Self(form))
    }
}

impl fmt::Debug for ApiKeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyValue")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_length_and_alphabet() {
        let check = |text: &str| ApiKeyValue::new(text.to_owned()).check();
        assert_eq!(check(&"a".repeat(20)), Ok(()));
        assert_eq!(check(&"~".repeat(128)), Ok(()));
        assert_eq!(check(&"a".repeat(19)), Err(KeyProblem::ShortValue));
        assert_eq!(check(""), Err(KeyProblem::ShortValue));
        assert_eq!(check(&"a".repeat(129)), Err(KeyProblem::LongValue));
        for bad in ["a b", "ä", "a\n", "a\u{7f}"] {
            assert_eq!(
                check(&format!("{}{bad}", "a".repeat(20))),
                Err(KeyProblem::ValueCharacters),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn values_are_not_printed() {
        assert_eq!(format!("{:?}", ApiKeyValue::new("secret".to_owned())), "ApiKeyValue");
    }

    #[test]
    fn stage_keys_name_api_and_stage() {
        for (text, is_one) in [("a1/dev", true), ("a1", false), ("/dev", false), ("a1/", false)] {
            assert_eq!(is_stage_key(text), is_one, "{text}");
        }
    }
}
