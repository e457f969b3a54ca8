//! The signature in a request: in the `Authorization` header or in the query string.

use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use percent_encoding::utf8_percent_encode;

use super::error::{Incomplete, Invalid};
use super::head::Head;
use super::query::{ENCODED, Query};
use super::{AuthError, TargetUri, version_2};
use crate::clock::Timestamp;

/// The algorithm of Signature Version 4.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// That of Signature Version 4A.
const ALGORITHM_4A: &str = "AWS4-ECDSA-P256-SHA256";

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// With a key of one day, region and service.
    Hmac,
    /// With a key pair, for a set of regions.
    Ecdsa,
}

impl Algorithm {
    /// Its name in requests.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hmac => ALGORITHM,
            Self::Ecdsa => ALGORITHM_4A,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Hmac, Self::Ecdsa].into_iter().find(|algorithm| algorithm.name() == name)
    }
}
/// How long a signature in a header is valid, before and after its date.
const SKEW: Duration = Duration::from_secs(5 * 60);
/// How long a presigned request without an expiry is valid, and how far in the future its date may be.
const PRESIGNED: Duration = Duration::from_secs(15 * 60);
/// The longest validity a presigned request may ask for, in seconds: a week.
const EXPIRES_SECONDS_MAX: u64 = 604_800;

/// The signature, scope and date of a request, parsed but not verified.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) algorithm: Algorithm,
    pub(super) access_key_id: String,
    /// The day in the scope, `YYYYMMDD`.
    pub(super) day: String,
    /// The region; for Signature Version 4A the set of regions.
    pub(super) region: String,
    pub(super) service: String,
    pub(super) terminator: String,
    /// Lower-case names, in the client's order.
    pub(super) signed_headers: Vec<String>,
    /// The signature in lower-case hexadecimal.
    pub(super) signature: String,
    pub(super) date: Timestamp,
    pub(super) token: Option<String>,
    /// `Some` for a presigned request: how long it is valid.
    pub(super) expires: Option<Duration>,
}

/// The query parameter with the signature of a presigned request.
pub(super) const SIGNATURE: &str = "X-Amz-Signature";
/// The regions that a request with Signature Version 4A is for: query parameter, and header.
const REGION_SET: &str = "X-Amz-Region-Set";
const REGION_SET_HEADER: &str = "x-amz-region-set";
/// Replaces a secret when a request is shown.
const MASK: &str = "********";
/// All query parameters of a presigned request.
const PRESIGNED_PARAMETERS: [&str; 9] = [
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    REGION_SET,
    "X-Amz-Security-Token",
    SIGNATURE,
    "X-Amz-SignedHeaders",
];

/// Whether this query parameter is part of a signature; ignores case.
pub(super) fn is_own_parameter(name: &str) -> bool {
    PRESIGNED_PARAMETERS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a request has a Signature Version 4, valid or not.
pub fn is_signed(headers: &HeaderMap, uri: &TargetUri) -> bool {
    headers.contains_key(AUTHORIZATION) || uri.query().last("X-Amz-Algorithm").is_some()
}

/// The service that a request claims to be signed for. Not verified, so use it only for routing.
pub fn scope_of(headers: &HeaderMap, uri: &TargetUri) -> Option<String> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = match header {
        Some(header) => header.split_once("Credential=")?.1.split([',', ' ']).next()?,
        None if version_2::is_signed(uri.query()) => return Some("s3".to_owned()),
        None => uri.query().last("X-Amz-Credential")?,
    };
    // The key's id may contain slashes; the scope's parts don't.
    credential.rsplit('/').nth(1).map(str::to_owned)
}

impl Signature {
    pub(super) fn read(head: Head<'_>) -> Result<Self, AuthError> {
        let query = head.uri.query();
        let mut headers = head.headers.get_all(AUTHORIZATION).iter();
        let algorithm = query.last("X-Amz-Algorithm");
        match (headers.next(), headers.next(), algorithm) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => Err(Incomplete::Several.into()),
            (Some(header), None, None) => {
                Self::from_header(&String::from_utf8_lossy(header.as_bytes()), head.headers)
            }
            (None, _, Some(algorithm)) => match Algorithm::parse(algorithm) {
                Some(algorithm) => Self::from_query(algorithm, query),
                None => Err(Incomplete::MissingParameter("X-Amz-Algorithm").into()),
            },
            (None, _, None) => Err(AuthError::MissingToken),
        }
    }

    fn from_header(header: &str, headers: &HeaderMap) -> Result<Self, AuthError> {
        let (algorithm, parameters) = header.split_once(' ').unwrap_or((header, ""));
        let Some(algorithm) = Algorithm::parse(algorithm) else {
            // AWS parses any other scheme as if it were a parameter.
            return Err(Incomplete::NoPair { part: algorithm.to_owned(), header: header.to_owned() }.into());
        };
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parameters.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return Err(Incomplete::NoPair { part: part.to_owned(), header: header.to_owned() }.into());
            };
            match key {
                "Credential" => credential = Some(value),
                "SignedHeaders" => signed_headers = Some(value),
                "Signature" => signature = Some(value),
                _ => {}
            }
        }
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let date_text = text("x-amz-date").or_else(|| text(DATE.as_str()));
        let missing = [
            ("Authorization header requires 'Credential' parameter.", credential.is_none()),
            ("Authorization header requires 'Signature' parameter.", signature.is_none()),
            ("Authorization header requires 'SignedHeaders' parameter.", signed_headers.is_none()),
            (
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
                date_text.is_none(),
            ),
        ];
        let (Some(credential), Some(signed_headers), Some(signature), Some(date_text)) =
            (credential, signed_headers, signature, date_text)
        else {
            let missing: Vec<&str> =
                missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(text, _)| text).collect();
            // Repeat what was sent, but never a signature, which might be somebody else's.
            let header = header.split("Signature=").next().unwrap_or_default().to_owned();
            return Err(Incomplete::Missing { missing: missing.join(" "), header }.into());
        };
        let mut scope = Scope::parse(algorithm, credential)?;
        if algorithm == Algorithm::Ecdsa {
            scope.region = text(REGION_SET_HEADER).ok_or(Incomplete::RegionSet)?;
        }
        let date = Timestamp::parse_amz_date(&date_text)
            .or_else(|| Timestamp::parse_http_date(&date_text))
            .ok_or_else(|| Incomplete::Date(date_text.clone()))?;
        Ok(Self {
            algorithm,
            access_key_id: scope.access_key_id,
            day: scope.day,
            region: scope.region,
            service: scope.service,
            terminator: scope.terminator,
            signed_headers: header_names(signed_headers),
            signature: signature.to_owned(),
            date,
            token: text("x-amz-security-token"),
            expires: None,
        })
    }

    fn from_query(algorithm: Algorithm, query: &Query) -> Result<Self, AuthError> {
        // With several values, one might be verified and another one passed on.
        if PRESIGNED_PARAMETERS.iter().any(|name| query.all(name).nth(1).is_some()) {
            return Err(Incomplete::Several.into());
        }
        let optional = |name| query.last(name).map(str::to_owned);
        let parameter = |name| optional(name).ok_or(Incomplete::MissingParameter(name));
        let mut scope = Scope::parse(algorithm, &parameter("X-Amz-Credential")?)?;
        if algorithm == Algorithm::Ecdsa {
            scope.region = parameter(REGION_SET)?;
        }
        let date_text = parameter("X-Amz-Date")?;
        let date =
            Timestamp::parse_amz_date(&date_text).ok_or_else(|| Incomplete::Date(date_text.clone()))?;
        let expires = match optional("X-Amz-Expires") {
            None => PRESIGNED,
            Some(text) => match text.parse() {
                Ok(seconds @ 1..=EXPIRES_SECONDS_MAX) => Duration::from_secs(seconds),
                Ok(_) | Err(_) => return Err(Incomplete::Expires(text).into()),
            },
        };
        Ok(Self {
            algorithm,
            access_key_id: scope.access_key_id,
            day: scope.day,
            region: scope.region,
            service: scope.service,
            terminator: scope.terminator,
            signed_headers: header_names(&parameter("X-Amz-SignedHeaders")?),
            signature: parameter(SIGNATURE)?,
            date,
            token: optional("X-Amz-Security-Token"),
            expires: Some(expires),
        })
    }

    /// `20150830/us-east-1/iam/aws4_request`; for Signature Version 4A without the region.
    pub(super) fn scope(&self) -> String {
        let Self { day, region, service, terminator, .. } = self;
        match self.algorithm {
            Algorithm::Hmac => format!("{day}/{region}/{service}/{terminator}"),
            Algorithm::Ecdsa => format!("{day}/{service}/{terminator}"),
        }
    }

    /// The canonical request in a form that may be shown and logged: without the session token.
    pub(super) fn masked(&self, canonical: &str) -> String {
        match self.token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => {
                let encoded = utf8_percent_encode(token, ENCODED).to_string();
                canonical.replace(token, MASK).replace(&encoded, MASK)
            }
            None => canonical.to_owned(),
        }
    }

    /// Whether the signature is valid at `now`.
    pub(super) fn check_date(&self, now: Timestamp) -> Result<(), Invalid> {
        let (validity, ahead) = match self.expires {
            Some(expires) => (expires, PRESIGNED),
            // S3 gives clocks more room.
            None if self.service == "s3" => (PRESIGNED, PRESIGNED),
            None => (SKEW, SKEW),
        };
        let minutes = |duration: Duration| duration.as_secs() / 60;
        let (earliest, latest) = (now - validity, now + ahead);
        if self.date < earliest {
            let (date, limit, minutes) = (self.date, earliest, minutes(validity));
            return Err(Invalid::Expired { date, limit, now, minutes });
        }
        if latest < self.date {
            let (date, limit, minutes) = (self.date, latest, minutes(ahead));
            return Err(Invalid::NotYetCurrent { date, limit, now, minutes });
        }
        Ok(())
    }
}

struct Scope {
    access_key_id: String,
    day: String,
    region: String,
    service: String,
    terminator: String,
}

impl Scope {
    fn parse(algorithm: Algorithm, credential: &str) -> Result<Self, Incomplete> {
        let mut parts: Vec<&str> = credential.split('/').collect();
        if algorithm == Algorithm::Ecdsa {
            if parts.len() != 4 {
                return Err(Incomplete::Credential4a(credential.to_owned()));
            }
            // The regions are elsewhere.
            parts.insert(2, "");
        }
        let [access_key_id, day, region, service, terminator] = parts.as_slice() else {
            return Err(Incomplete::Credential(credential.to_owned()));
        };
        let [access_key_id, day, region, service, terminator] =
            [access_key_id, day, region, service, terminator].map(|part| (*part).to_owned());
        Ok(Self { access_key_id, day, region, service, terminator })
    }
}

fn header_names(list: &str) -> Vec<String> {
    list.split(';').filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect()
}
