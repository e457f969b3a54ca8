//! Why a request is not authenticated, with AWS's exceptions and messages.

use crate::clock::Timestamp;

/// Why authentication failed. The variants are AWS's exceptions; `Display` is their message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// `MissingAuthenticationTokenException`: the request isn't signed.
    #[error("Missing Authentication Token")]
    MissingToken,
    /// `IncompleteSignatureException`: the signature can't be parsed.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// `UnrecognizedClientException`: the access key is unknown, or the session token isn't the key's.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// `ExpiredTokenException`: temporary credentials have expired.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// `InvalidSignatureException`: the signature can be parsed but isn't valid.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Why a signature can't be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// A part of the header is not `key=value`.
    #[error("'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'.")]
    NoPair {
        /// The part.
        part: String,
        /// The header.
        header: String,
    },
    /// Parameters are missing; `missing` says which.
    #[error("{missing} Authorization={header}")]
    Missing {
        /// A sentence for each missing parameter.
        missing: String,
        /// The header without its signature.
        header: String,
    },
    /// Query parameters are missing.
    #[error("AWS query-string parameters must include '{0}'. Re-examine the query-string parameters.")]
    MissingParameter(&'static str),
    /// The credential doesn't have five parts.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'"
    )]
    Credential(String),
    /// The credential of a Signature Version 4A doesn't have four parts.
    #[error(
        "Credential must have exactly 4 slash-delimited elements, e.g. keyid/date/service/term, got '{0}'"
    )]
    Credential4a(String),
    /// A Signature Version 4A doesn't say for which regions it is.
    #[error("Authorization header requires existence of a 'X-Amz-Region-Set' header.")]
    RegionSet,
    /// The date isn't in the basic format.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    Date(String),
    /// The request is signed in several ways, or several times in one way.
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or \
         the Authorization header should be specified"
    )]
    Several,
    /// A validity that is not a number of seconds from 1 to 604,800.
    #[error("X-Amz-Expires must be a number of seconds from 1 to 604800, got '{0}'")]
    Expires(String),
}

/// Why a signature that can be parsed isn't valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The client signed something else, or with a different secret.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
         Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for \
         this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )]
    Mismatch {
        /// The server's canonical request.
        canonical: String,
        /// The server's string to sign.
        to_sign: String,
    },
    /// The date is too old.
    #[error(
        "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
        date.to_amz_date(), limit.to_amz_date(), now.to_amz_date()
    )]
    Expired {
        /// The signature's date.
        date: Timestamp,
        /// The earliest date accepted.
        limit: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// How long a signature is valid.
        minutes: u64,
    },
    /// The date is in the future.
    #[error(
        "Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
        date.to_amz_date(), limit.to_amz_date(), now.to_amz_date()
    )]
    NotYetCurrent {
        /// The signature's date.
        date: Timestamp,
        /// The latest date accepted.
        limit: Timestamp,
        /// The server's time.
        now: Timestamp,
        /// The accepted difference between the clocks.
        minutes: u64,
    },
    /// Signed for a different service.
    #[error("Credential should be scoped to correct service: '{0}'. ")]
    Service(String),
    /// Signed for an invalid region.
    #[error("Credential should be scoped to a valid region, not '{0}'. ")]
    Region(String),
    /// Signed in a way that only calls of deployed APIs may be.
    #[error("AWS4-ECDSA-P256-SHA256 is supported by this server for execute-api only.")]
    Algorithm,
    /// The scope doesn't end in `aws4_request`.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{0}'. ")]
    Terminator(String),
    /// The scope's day differs from the date's.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != \
         '{day}', from '{date}'."
    )]
    ScopeDate {
        /// The scope's day.
        scope: String,
        /// The date's day.
        day: String,
        /// The date.
        date: String,
    },
    /// `Host` isn't signed, so it could be exchanged.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostUnsigned,
    /// A header that AWS acts on isn't signed, so it could be exchanged.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderUnsigned(String),
    /// A signed header is missing.
    #[error("'{0}' is a 'SignedHeader' in the AWS Authorization and is not in the request.")]
    HeaderAbsent(String),
    /// A signed header isn't valid UTF-8.
    #[error("The signed header '{0}' is not UTF-8.")]
    HeaderNotText(String),
    /// `X-Amz-Content-Sha256` isn't the body's hash.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256,
}
