//! The general form of an ARN: `arn:partition:service:region:account:resource`.

use std::fmt;

use super::AccountRegion;

/// A parsed ARN. Region and account may be empty; the resource keeps its own colons and slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// `states`, `iam`, `apigateway`, …
    pub service: String,
    /// Region name, empty for global services.
    pub region: String,
    /// Account number, empty where the service leaves it out.
    pub account: String,
    /// Everything after the fifth colon.
    pub resource: String,
}

/// The same, borrowed from its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArnParts<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

/// Why a text is not an ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// The text does not begin with `arn:`.
    #[error("Invalid ARN prefix: {0}")]
    Prefix(String),
    /// The text has fewer than six parts or an empty resource.
    #[error("Invalid ARN: {0}")]
    Malformed(String),
}

impl Arn {
    /// Parses any ARN.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let ArnParts { partition, service, region, account, resource } = ArnParts::parse(text)?;
        Ok(Self {
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            resource: resource.to_owned(),
        })
    }

    /// Whether a text is an ARN of this account and region, without taking it apart.
    pub fn is_of(text: &str, home: &AccountRegion) -> bool {
        ArnParts::parse(text).is_ok_and(|arn| {
            arn.account == home.account.as_str()
                && arn.region == home.region.as_str()
                && arn.partition == home.region.partition()
        })
    }

    /// Parses the ARN of a role. AWS account numbers have twelve digits, so a shorter one can't name a role.
    ///
    /// # Errors
    /// As [`Arn::parse`], and [`ArnError::Malformed`] for such an account.
    pub fn parse_role(text: &str) -> Result<Self, ArnError> {
        let arn = Self::parse(text)?;
        let is_account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
        if arn.service == "iam" && !is_account {
            return Err(ArnError::Malformed(text.to_owned()));
        }
        Ok(arn)
    }
}

impl<'a> ArnParts<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, ArnError> {
        let Some(mut rest) = text.strip_prefix("arn:") else {
            return Err(ArnError::Prefix(text.to_owned()));
        };
        let mut part = || {
            // Bytes, because this is asked at every call: searching for a character costs four times as much.
            let colon = rest.bytes().position(|byte| byte == b':');
            let (part, others) = colon.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))?;
            rest = others;
            Some(part)
        };
        let parts = (|| Some([part()?, part()?, part()?, part()?]))();
        match parts {
            Some([partition, service, region, account])
                if !partition.is_empty() && !service.is_empty() && !rest.is_empty() =>
            {
                Ok(Self { partition, service, region, account, resource: rest })
            }
            Some(_) | None => Err(ArnError::Malformed(text.to_owned())),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_of_accounts_with_twelve_digits() {
        assert!(Arn::parse_role("arn:aws:iam::123456789012:role/service-role/r").is_ok());
        for bad in ["arn:aws:iam::1234:role/r", "arn:aws:iam:::role/r", "arn:aws:iam::12345678901x:role/r"] {
            assert_eq!(Arn::parse_role(bad), Err(ArnError::Malformed(bad.to_owned())));
        }
        assert_eq!(Arn::parse_role("role"), Err(ArnError::Prefix("role".to_owned())));
    }

    #[test]
    fn parts_round_trip() {
        for text in [
            "arn:aws:states:us-east-1:123456789012:stateMachine:HelloWorld",
            "arn:aws:apigateway:us-east-1:states:action/StartExecution",
            "arn:aws:iam::aws:policy/AWSStepFunctionsFullAccess",
            "arn:aws:apigateway:us-east-1::/restapis/abc/stages/dev",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_arn_says_why() {
        assert_eq!(Arn::parse("hello").unwrap_err().to_string(), "Invalid ARN prefix: hello");
        for bad in ["arn:aws:states", "arn:aws:states:us-east-1:123456789012:", "arn:::::x"] {
            assert!(matches!(Arn::parse(bad), Err(ArnError::Malformed(_))), "{bad}");
        }
    }
}
