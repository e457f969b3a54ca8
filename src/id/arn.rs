//! The general form of an ARN: `arn:partition:service:region:account:resource`.

use std::fmt;

/// An ARN taken apart. Region and account may be empty; the resource keeps its own colons and slashes.
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

/// Why a text is no ARN.
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
    /// Takes `text` apart.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let Some(rest) = text.strip_prefix("arn:") else {
            return Err(ArnError::Prefix(text.to_owned()));
        };
        let mut parts = rest.splitn(5, ':');
        let mut part = || parts.next().ok_or_else(|| ArnError::Malformed(text.to_owned()));
        let arn = Self {
            partition: part()?.to_owned(),
            service: part()?.to_owned(),
            region: part()?.to_owned(),
            account: part()?.to_owned(),
            resource: part()?.to_owned(),
        };
        if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
            return Err(ArnError::Malformed(text.to_owned()));
        }
        Ok(arn)
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
