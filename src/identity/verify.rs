//! Verifies signatures: computes the signature again with the caller's secret, and compares.

use std::sync::Arc;

use quick_cache::sync::Cache;
use subtle::ConstantTimeEq;

use super::canonical::{Payload, canonical_request, push_hex};
use super::chunks::Chunks;
use super::credentials::Registered;
use super::error::Invalid;
use super::head::Head;
use super::mac::mac;
use super::sign::string_to_sign;
use super::signature::{Algorithm, Signature};
use super::{AuthError, Caller, Keys, Secret, ecdsa, version_2};
use crate::clock::{Clock, Timestamp};
use crate::id::{AccountRegion, Region};

/// The number of derived keys to keep: one for each key, day, region and service.
const SIGNING_KEYS_MAX: usize = 4_096;
/// The service that takes Signature Version 4A.
const EXECUTE_API: &str = "execute-api";
/// The last part of a scope.
pub(super) const TERMINATOR: &str = "aws4_request";

pub(super) type SigningKey = [u8; 32];

/// Verifies the signatures of requests.
pub struct Authenticator {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    signing_keys: Cache<(u64, Box<str>), SigningKey>,
    public_keys: Cache<u64, ecdsa::PublicKey>,
}

/// A signature that is valid as far as it can be checked without the body: the key is known and active, date and scope
/// are right.
pub struct Claim {
    registered: Arc<Registered>,
    signature: Signature,
    region: Region,
}

impl Claim {
    /// Whether it is signed for this region.
    pub fn covers(&self, region: &Region) -> bool {
        match self.signature.algorithm {
            Algorithm::Hmac => self.region == *region,
            Algorithm::Ecdsa => ecdsa::covers(&self.signature.region, region),
        }
    }

    /// The region or the regions signed for, as the client wrote them.
    pub fn regions(&self) -> &str {
        &self.signature.region
    }
}

/// The result of a verified signature.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The principal that signed.
    pub caller: Caller,
    /// The region signed for.
    pub region: Region,
}

impl Authenticator {
    /// Verifies with `keys`, at the time of `clock`.
    pub fn new(keys: Arc<Keys>, clock: Arc<dyn Clock>) -> Self {
        let (signing_keys, public_keys) = (Cache::new(SIGNING_KEYS_MAX), Cache::new(SIGNING_KEYS_MAX));
        Self { keys, clock, signing_keys, public_keys }
    }

    /// Verifies the signature of a request, in the header or the query string, with the whole `body`.
    ///
    /// `service` is the signing name that the scope must have, such as `states` or `execute-api`. Any region is
    /// accepted and returned.
    pub fn authenticate(
        &self,
        head: Head<'_>,
        body: &[u8],
        service: &str,
    ) -> Result<Authenticated, AuthError> {
        self.verify(self.claim(head, service)?, head, body)
    }

    /// Whose a key is, for who tells its secret instead of signing: people who sign in to pages.
    ///
    /// # Errors
    /// [`AuthError::UnrecognizedClient`] for an unknown key, another secret and another session token alike;
    /// [`AuthError::ExpiredToken`] for a key that has ended.
    pub fn prove(
        &self,
        access_key_id: &str,
        secret: &Secret,
        token: Option<&Secret>,
    ) -> Result<Caller, AuthError> {
        let registered = self.keys.find(access_key_id).ok_or(AuthError::UnrecognizedClient)?;
        let credential = &registered.credential;
        if !credential.secret.matches(secret.expose()) {
            return Err(AuthError::UnrecognizedClient);
        }
        check_token(&registered, token.map(Secret::expose))?;
        if credential.expires.is_some_and(|expires| expires <= self.clock.now()) {
            return Err(AuthError::ExpiredToken);
        }
        Ok(credential.caller.clone())
    }

    /// The first half of [`Authenticator::authenticate`]: all checks that don't need the body.
    pub fn claim(&self, head: Head<'_>, service: &str) -> Result<Claim, AuthError> {
        let signature = Signature::read(head)?;
        let registered = self.keys.find(&signature.access_key_id).ok_or(AuthError::UnrecognizedClient)?;
        let now = self.clock.now();
        check_token(&registered, signature.token.as_deref())?;
        if registered.credential.expires.is_some_and(|expires| expires <= now) {
            return Err(AuthError::ExpiredToken);
        }
        signature.check_date(now)?;
        let region = check_scope(&signature, service)?;
        Ok(Claim { registered, signature, region })
    }

    /// The second half: whether the signature of the claim is that of the request.
    pub fn verify(&self, claim: Claim, head: Head<'_>, body: &[u8]) -> Result<Authenticated, AuthError> {
        self.verify_payload(&claim, head, Payload::Whole(body))
    }

    /// The same of a request whose body is still to come, and of which the client says `payload`: a hash that whoever reads
    /// the body has to compare, `UNSIGNED-PAYLOAD`, or that it comes in chunks. Those are signed one by one, which is what
    /// is returned besides.
    ///
    /// # Errors
    /// As [`Authenticator::verify`].
    pub fn verify_head(
        &self,
        claim: &Claim,
        head: Head<'_>,
        payload: &str,
    ) -> Result<(Authenticated, Chunks), AuthError> {
        let authenticated = self.verify_payload(claim, head, Payload::Said(payload))?;
        let Claim { registered, signature, .. } = claim;
        let key = self.signing_key(registered, signature);
        Ok((authenticated, Chunks::after(key, signature)))
    }

    /// Verifies an address that is presigned in S3's older way. `bucket` is the bucket that the host names, if any.
    ///
    /// # Errors
    /// Any [`AuthError`].
    pub fn verify_version_2(&self, head: Head<'_>, bucket: Option<&str>) -> Result<Authenticated, AuthError> {
        let query = head.uri.query();
        let key = query.last("AWSAccessKeyId").ok_or(AuthError::MissingToken)?;
        let registered = self.keys.find(key).ok_or(AuthError::UnrecognizedClient)?;
        let credential = &registered.credential;
        check_token(&registered, query.last("x-amz-security-token"))?;
        let now = self.clock.now();
        let expires = version_2::expires(query).map(|seconds| seconds.saturating_mul(1000));
        let expires = expires.map(Timestamp::from_millis).ok_or(AuthError::MissingToken)?;
        if expires < now {
            let (date, limit, minutes) = (expires, now, 0);
            return Err(Invalid::Expired { date, limit, now, minutes }.into());
        }
        if credential.expires.is_some_and(|expires| expires <= now) {
            return Err(AuthError::ExpiredToken);
        }
        let to_sign = version_2::string_to_sign(head, bucket);
        if !version_2::is_right(credential.secret.expose(), &to_sign, query) {
            return Err(Invalid::Mismatch { canonical: String::new(), to_sign: String::new() }.into());
        }
        Ok(Authenticated { caller: credential.caller.clone(), region: AccountRegion::nowhere().region })
    }

    fn verify_payload(
        &self,
        claim: &Claim,
        head: Head<'_>,
        payload: Payload<'_>,
    ) -> Result<Authenticated, AuthError> {
        let Claim { registered, signature, region } = claim;
        let (registered, region) = (&**registered, region.clone());
        let canonical = canonical_request(head, payload, signature)?;
        let to_sign = string_to_sign(signature, &canonical);
        let is_right = match signature.algorithm {
            Algorithm::Hmac => {
                let key = self.signing_key(registered, signature);
                let mut expected = String::with_capacity(64);
                push_hex(&mut expected, &mac(&key, to_sign.as_bytes()));
                bool::from(expected.as_bytes().ct_eq(signature.signature.as_bytes()))
            }
            Algorithm::Ecdsa => self
                .public_key(registered, signature)
                .is_some_and(|key| ecdsa::is_signed(&key, &to_sign, &signature.signature)),
        };
        if is_right {
            return Ok(Authenticated { caller: registered.credential.caller.clone(), region });
        }
        let canonical = signature.masked(&canonical);
        Err(Invalid::Mismatch { canonical, to_sign }.into())
    }

    fn signing_key(&self, registered: &Registered, signature: &Signature) -> SigningKey {
        let Signature { day, region, service, .. } = signature;
        let cached = (registered.serial, format!("{day}/{region}/{service}").into_boxed_str());
        if let Some(key) = self.signing_keys.get(&cached) {
            return key;
        }
        let key = derived_key(registered.credential.secret.expose(), signature);
        self.signing_keys.insert(cached, key);
        key
    }
}

impl Authenticator {
    fn public_key(&self, registered: &Registered, signature: &Signature) -> Option<ecdsa::PublicKey> {
        if let Some(key) = self.public_keys.get(&registered.serial) {
            return Some(key);
        }
        let secret = registered.credential.secret.expose();
        let key = ecdsa::public_key(&signature.access_key_id, secret, signature.algorithm.name())?;
        self.public_keys.insert(registered.serial, key);
        Some(key)
    }
}

fn check_token(registered: &Registered, token: Option<&str>) -> Result<(), AuthError> {
    let is_right = match (&registered.credential.session_token, token) {
        (None, None) => true,
        (Some(expected), Some(given)) => expected.matches(given),
        (Some(_), None) | (None, Some(_)) => false,
    };
    if is_right { Ok(()) } else { Err(AuthError::UnrecognizedClient) }
}

fn check_scope(signature: &Signature, service: &str) -> Result<Region, Invalid> {
    if signature.terminator != TERMINATOR {
        return Err(Invalid::Terminator(signature.terminator.clone()));
    }
    if signature.service != service {
        return Err(Invalid::Service(service.to_owned()));
    }
    let region = match signature.algorithm {
        Algorithm::Hmac => Region::parse(&signature.region),
        // Calls of deployed APIs only, which know their region themselves.
        Algorithm::Ecdsa if service == EXECUTE_API => Some(AccountRegion::nowhere().region),
        Algorithm::Ecdsa => return Err(Invalid::Algorithm),
    };
    let Some(region) = region else {
        return Err(Invalid::Region(signature.region.clone()));
    };
    let date = signature.date.to_amz_date();
    let day = date.get(..8).unwrap_or_default();
    if signature.day != day {
        return Err(Invalid::ScopeDate { scope: signature.day.clone(), day: day.to_owned(), date });
    }
    Ok(region)
}

/// The signing key for a scope, derived from a secret.
pub(super) fn derived_key(secret: &str, signature: &Signature) -> SigningKey {
    let Signature { day, region, service, .. } = signature;
    let dated = mac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    [region, service, TERMINATOR].iter().fold(dated, |key, step| mac(&key, step.as_bytes()))
}

#[cfg(test)]
mod rust_sdk;
#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use http::Request;
    use serde::Deserialize;

    use super::*;
    use crate::clock::VirtualClock;
    use crate::id::AccountId;
    use crate::identity::Credential;

    const KEY: &str = "AKIDEXAMPLE";
    const TOKEN: &str = "session+token/==";

    #[test]
    fn who_tells_the_secret_is_who_signs_with_it() {
        let (keys, clock) = (Arc::new(Keys::default()), VirtualClock::new(Timestamp::from_millis(0)));
        let account = AccountId::parse("123456789012").unwrap();
        keys.insert(KEY, Credential::root(account.clone(), KEY, Secret::new("hush")));
        let temporary = Credential {
            session_token: Some(Secret::new(TOKEN)),
            expires: Some(Timestamp::from_millis(1)),
            ..Credential::root(account, "ASIA", Secret::new("hush"))
        };
        keys.insert("ASIA", temporary.clone());
        keys.insert("ENDED", Credential { expires: Some(Timestamp::from_millis(0)), ..temporary });
        let authenticator = Authenticator::new(keys, Arc::new(clock));
        let prove = |key: &str, secret: &str, token: Option<&str>| {
            let token = token.map(Secret::new);
            authenticator
                .prove(key, &Secret::new(secret), token.as_ref())
                .map(|caller| caller.arn.to_string())
        };
        let root = Ok("arn:aws:iam::123456789012:root".to_owned());
        assert_eq!(prove(KEY, "hush", None), root);
        assert_eq!(prove("ASIA", "hush", Some(TOKEN)), root);
        for (key, secret, token) in [
            (KEY, "hus", None),
            (KEY, "", None),
            (KEY, "hush", Some(TOKEN)),
            ("OTHER", "hush", None),
            ("ASIA", "hush", None),
            ("ASIA", "hush", Some("other")),
        ] {
            assert_eq!(
                prove(key, secret, token),
                Err(AuthError::UnrecognizedClient),
                "{key} {secret} {token:?}"
            );
        }
        assert_eq!(prove("ENDED", "hush", Some(TOKEN)), Err(AuthError::ExpiredToken));
    }

    /// A request signed by botocore with the key and at the time of AWS's own test suite. The cases with the suite's
    /// names have the suite's signatures.
    #[derive(Clone, Deserialize)]
    struct Signed {
        name: String,
        method: String,
        target: String,
        headers: Vec<(String, String)>,
        body: String,
        service: String,
        token: Option<String>,
    }

    impl Signed {
        fn all() -> Vec<Self> {
            serde_json::from_str(include_str!("../../tests/data/sigv4/botocore.json")).unwrap()
        }

        fn named(name: &str) -> Self {
            Self::all().into_iter().find(|case| case.name == name).unwrap()
        }

        fn header(&mut self, name: &str) -> &mut String {
            &mut self.headers.iter_mut().find(|(n, _)| n == name).unwrap().1
        }

        fn verify(&self, at: &str) -> Result<Authenticated, AuthError> {
            let keys = Arc::new(Keys::default());
            let account = AccountId::parse("123456789012").unwrap();
            let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
            let mut credential = Credential::root(account, KEY, secret);
            if self.token.is_some() {
                credential.session_token = Some(Secret::new(TOKEN));
                credential.expires = Timestamp::parse_amz_date("20150830T130000Z");
            }
            keys.insert(KEY, credential);
            let clock = VirtualClock::new(Timestamp::parse_amz_date(at).unwrap());
            let mut request = Request::builder().method(self.method.as_str()).uri(&self.target);
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            // Requests with dot segments are refused earlier, but the client's canonical path for them is still
            // computed.
            let outbound = TargetUri::outbound(&parts);
            let uri = TargetUri::take(&mut parts).unwrap_or(outbound);
            assert!(is_signed(&parts.headers, &uri) || self.name.contains("unsigned request"));
            let head = Head::new(&parts, &uri);
            Authenticator::new(keys, Arc::new(clock)).authenticate(head, self.body.as_bytes(), &self.service)
        }
    }

    use crate::identity::{TargetUri, is_signed};

    const NOW: &str = "20150830T123600Z";

    #[track_caller]
    fn check(case: &Signed, at: &str, expect: &str) {
        let said = case.verify(at).map_or_else(|error| error.to_string(), |_| "ok".to_owned());
        assert_eq!(said, expect, "{}", case.name);
    }

    #[test]
    fn what_botocore_signs_verifies() {
        for case in Signed::all() {
            check(&case, NOW, "ok");
        }
        let proven = Signed::named("states start execution").verify(NOW).unwrap();
        assert_eq!(&*proven.caller.arn, "arn:aws:iam::123456789012:root");
        assert_eq!(proven.region.as_str(), "us-east-1");
    }

    #[test]
    fn what_was_changed_after_signing_does_not_verify() {
        for case in Signed::all() {
            let mut changed = case.clone();
            changed.method = "DELETE".to_owned();
            assert!(matches!(changed.verify(NOW), Err(AuthError::Invalid(Invalid::Mismatch { .. }))));
            if case.name.contains("payload") || case.method == "GET" {
                continue;
            }
            let mut changed = case.clone();
            changed.body.push(' ');
            assert!(matches!(changed.verify(NOW), Err(AuthError::Invalid(Invalid::Mismatch { .. }))));
        }
    }

    #[test]
    fn mismatch_shows_what_should_have_been_signed() {
        let mut case = Signed::named("get-vanilla");
        case.method = "PUT".to_owned();
        check(
            &case,
            NOW,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String \
             for this request should have been\n'PUT\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\
             \nhost;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\n\n\
             The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n\
             20150830/us-east-1/service/aws4_request\n\
             743215c418b5de1631be63b4798908094e939aaee14bb3879b726f51570cbab7'\n",
        );
    }

    #[test]
    fn headers_hold_for_five_minutes_either_way() {
        let case = Signed::named("get-vanilla");
        check(&case, "20150830T124100Z", "ok");
        check(
            &case,
            "20150830T124101Z",
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)",
        );
        check(&case, "20150830T123100Z", "ok");
        check(
            &case,
            "20150830T123059Z",
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + \
             5 min.)",
        );
    }

    #[test]
    fn presigned_requests_hold_as_long_as_they_say() {
        let case = Signed::named("presigned");
        check(&case, "20150830T125100Z", "ok");
        check(
            &case,
            "20150830T125101Z",
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)",
        );
        check(&case, "20150830T122100Z", "ok");
        assert!(case.verify("20150830T122059Z").is_err());
        let mut endless = case;
        endless.target = endless.target.replace("X-Amz-Expires=900", "X-Amz-Expires=604801");
        check(&endless, NOW, "X-Amz-Expires must be a number of seconds from 1 to 604800, got '604801'");
    }

    #[test]
    fn tokens_belong_to_their_keys() {
        let mut case = Signed::named("session token");
        case.header("x-amz-security-token").push('x');
        check(&case, NOW, "The security token included in the request is invalid.");
        let mut case = Signed::named("get-vanilla");
        case.headers.push(("x-amz-security-token".to_owned(), TOKEN.to_owned()));
        check(&case, NOW, "The security token included in the request is invalid.");
        check(
            &Signed::named("session token"),
            "20150830T130000Z",
            "The security token included in the request is expired",
        );
    }

    #[test]
    fn what_cannot_be_read_is_incomplete() {
        let with = |authorization: &str| {
            let mut case = Signed::named("get-vanilla");
            *case.header("authorization") = authorization.to_owned();
            case
        };
        check(
            &with("Bearer abc"),
            NOW,
            "'Bearer' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer abc'.",
        );
        check(
            &with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"),
            NOW,
            "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' \
             parameter. Authorization=AWS4-HMAC-SHA256 \
             Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request",
        );
        check(
            &with("AWS4-HMAC-SHA256 Credential=AKID/x, SignedHeaders=host, Signature=0"),
            NOW,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKID/x'",
        );
        let mut dated = Signed::named("get-vanilla");
        *dated.header("x-amz-date") = "yesterday".to_owned();
        check(
            &dated,
            NOW,
            "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601",
        );
        let mut unsigned = Signed::named("get-vanilla");
        unsigned.name = "unsigned request".to_owned();
        unsigned.headers.retain(|(name, _)| name != "authorization");
        check(&unsigned, NOW, "Missing Authentication Token");
    }

    #[test]
    fn scopes_name_key_day_region_service_and_terminator() {
        let with = |from: &str, to: &str| {
            let mut case = Signed::named("get-vanilla");
            *case.header("authorization") = case.header("authorization").replace(from, to);
            case
        };
        check(
            &with("AKIDEXAMPLE", "AKIDOTHER"),
            NOW,
            "The security token included in the request is invalid.",
        );
        check(
            &with("/service/", "/other/"),
            NOW,
            "Credential should be scoped to correct service: 'service'. ",
        );
        check(&with("us-east-1", "US"), NOW, "Credential should be scoped to a valid region, not 'US'. ");
        check(
            &with("aws4_request", "aws5_request"),
            NOW,
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
        );
        check(
            &with("20150830", "20150831"),
            NOW,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150831' \
             != '20150830', from '20150830T123600Z'.",
        );
    }

    #[test]
    fn headers_that_matter_must_be_signed() {
        let mut case = Signed::named("get-vanilla");
        *case.header("authorization") = case.header("authorization").replace("host;", "");
        check(&case, NOW, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
        let mut case = Signed::named("get-vanilla");
        case.headers.push(("x-amz-target".to_owned(), "AWSStepFunctions.DeleteActivity".to_owned()));
        check(&case, NOW, "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.");
    }
}
