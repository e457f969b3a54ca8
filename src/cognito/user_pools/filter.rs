//! Filters of ListUsers: `email = "a@example.com"`, `username ^= "a"`.

use super::records::User;
use crate::cognito::error::{Error, INVALID_PARAMETER};

/// A filter: an attribute, and what its value is or begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    name: String,
    is_prefix: bool,
    value: String,
}

/// What can be searched for.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>
const SEARCHABLE: &[&str] = &[
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

impl Filter {
    /// Reads a filter; an empty one lets everybody through.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::new(
                INVALID_PARAMETER,
                "One or more requested attributes do not exist or the filter is malformed.",
            )
        };
        let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
        let (name, is_prefix) = match name.trim().strip_suffix('^') {
            Some(name) => (name.trim(), true),
            None => (name.trim(), false),
        };
        let value =
            rest.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
        if !SEARCHABLE.contains(&name.trim_matches('"')) {
            return Err(wrong());
        }
        let value = value.replace("\\\"", "\"");
        Ok(Self { name: name.trim_matches('"').to_owned(), is_prefix, value })
    }

    /// Whether a user is one of those that are searched for.
    pub(super) fn lets_through(&self, user: &User) -> bool {
        let enabled = if user.is_enabled { "Enabled" } else { "Disabled" };
        let found = match self.name.as_str() {
            "username" => Some(user.username.as_str()),
            "sub" => Some(user.sub.as_str()),
            "cognito:user_status" => Some(user.status.as_str()),
            "status" => Some(enabled),
            name => user.attributes.get(name).map(String::as_str),
        };
        found.is_some_and(|found| match self.is_prefix {
            true => found.starts_with(&self.value),
            false => found == self.value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn filters_compare_attributes() {
        let user = User {
            username: "ann".to_owned(),
            sub: "1".to_owned(),
            is_enabled: true,
            status: "CONFIRMED".to_owned(),
            attributes: [("email".to_owned(), "ann@example.com".to_owned())].into(),
            created: Timestamp::EPOCH,
            modified: Timestamp::EPOCH,
        };
        for (filter, expect) in [
            (r#"username = "ann""#, true),
            (r#"username ^= "a""#, true),
            (r#"email="ann@example.com""#, true),
            (r#"email ^= "bob""#, false),
            (r#"cognito:user_status = "CONFIRMED""#, true),
            (r#"status = "Disabled""#, false),
            (r#""sub" = "1""#, true),
            (r#"name = "x""#, false),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().lets_through(&user), expect, "{filter}");
        }
        for bad in ["", "username", "username = ann", r#"custom:x = "1""#, r#"username > "a""#] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
    }
}
