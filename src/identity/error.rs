//! Why a request is not authenticated, in AWS's words.

use crate::clock::Timestamp;

/// Why nobody is behind a request. The variants are AWS's exceptions; `Display` is their text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// `MissingAuthenticationTokenException`: the request isn't signed.
    #[error("Missing Authentication Token")]
    MissingToken,
    /// `IncompleteSignatureException`: the signature can't be read.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// `UnrecognizedClientException`: unknown access key, or a session token that isn't the key's.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// `ExpiredTokenException`: temporary credentials are over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// `InvalidSignatureException`: the signature can be read but doesn't hold.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// What is wrong with the form of a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    /// A part of the header is no `key=value`.
    #[error("'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'.")]
    NoPair {
        /// The part.
        part: String,
        /// The header.
        header: String,
    },
    /// Parameters are missing; the texts say which.
    #[error("{missing} Authorization={header}")]
    Missing {
        /// One sentence a missing parameter.
        missing: String,
        /// The header, its signature removed.
        header: String,
    },
    /// Query parameters are missing.
    #[error("AWS query-string parameters must include '{0}'. Re-examine the query-string parameters.")]
    MissingParameter(&'static str),
    /// The credential hasn't five parts.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'"
    )]
    Credential(String),
    /// The date isn't in the basic format.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    Date(String),
    /// Signed in more than one way, or one way more than once.
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or \
         the Authorization header should be specified"
    )]
    Several,
    /// A validity that is no number of seconds from 1 to 604 800.
    #[error("X-Amz-Expires must be a number of seconds from 1 to 604800, got '{0}'")]
    Expires(String),
}

/// What is wrong with a signature that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The client signed something else, or with another secret.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
         Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for \
         this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{to_sign}'\n"
    )]
    Mismatch {
        /// The canonical request.
        canonical: String,
        /// What is signed of it.
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
        /// Our time.
        now: Timestamp,
        /// How long a signature holds.
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
        /// Our time.
        now: Timestamp,
        /// How far clocks may be apart.
        minutes: u64,
    },
    /// Signed for another service.
    #[error("Credential should be scoped to correct service: '{0}'. ")]
    Service(String),
    /// Signed for a region that is none.
    #[error("Credential should be scoped to a valid region, not '{0}'. ")]
    Region(String),
    /// The scope ends in another word.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{0}'. ")]
    Terminator(String),
    /// The scope's day isn't the date's.
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
    /// The host could be exchanged.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostUnsigned,
    /// A header that AWS acts on could be exchanged.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderUnsigned(String),
    /// A header is listed that is not there.
    #[error("'{0}' is a 'SignedHeader' in the AWS Authorization and is not in the request.")]
    HeaderAbsent(String),
    /// A signed header holds bytes that are no UTF-8.
    #[error("The signed header '{0}' is not UTF-8.")]
    HeaderNotText(String),
    /// `X-Amz-Content-Sha256` is another body's.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256,
}
