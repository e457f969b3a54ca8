//! Identifiers of API Gateway's resources, each with its own type.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::store::{Stored, Unreadable};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Stored<String> for $name {
            fn to_stored(&self) -> String {
                self.as_str().to_owned()
            }

            fn from_stored(form: String) -> Result<Self, Unreadable> {
                Ok(form.into())
            }
        }
    )+};
}

ids! {
    /// A RestApi's id: ten characters of `[a-z0-9]`, unique in the whole store.
    ApiId;
    /// A resource's id: ten characters for the root, six for the others.
    ResourceId;
    /// A deployment's id: six characters.
    DeploymentId;
    /// An authorizer's id: six characters.
    AuthorizerId;
    /// A request validator's id: six characters.
    RequestValidatorId;
    /// A documentation part's id: six characters.
    DocumentationPartId;
    /// A client certificate's id: six characters.
    ClientCertificateId;
    /// A VPC link's id: six characters.
    VpcLinkId;
    /// An API key's id, which is not its value: ten characters.
    ApiKeyId;
    /// A usage plan's id: six characters.
    UsagePlanId;
    /// A stage's name, which is its key within an API.
    StageName;
}

/// A status code of three digits, `[1-5]\d\d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusCode(u16);

impl StatusCode {
    /// The pattern that AWS prints for an invalid status code.
    pub const PATTERN: &'static str = r"[1-5]\d\d";

    /// A status code; `None` outside 100 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        if 100 <= code && code <= 599 { Some(Self(code)) } else { None }
    }

    /// `Some` if `text` is three digits that begin with 1 to 5.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Self::new(text.parse().ok()?)
    }

    /// The number, 100 to 599.
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Stored<u16> for StatusCode {
    fn to_stored(&self) -> u16 {
        self.as_u16()
    }

    fn from_stored(form: u16) -> Result<Self, Unreadable> {
        Self::new(form).ok_or_else(|| Unreadable { what: "status code", value: form.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_are_three_digits_from_1_to_5() {
        assert_eq!(StatusCode::parse("404").map(StatusCode::as_u16), Some(404));
        for bad in ["", "20", "2000", "600", "099", "wrong", "+20", "2٠0"] {
            assert_eq!(StatusCode::parse(bad), None, "{bad}");
        }
    }
}
