//! What the Rust SDK's own signer (`aws-sigv4`) signs, is verified: any request, in headers and in the query.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use proptest::prelude::*;

use super::*;
use crate::clock::{Timestamp, VirtualClock};
use crate::id::AccountId;
use crate::identity::{Credential, Secret, TargetUri};

const NOW: u64 = 1_700_000_000;

/// A request before it is signed.
#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    token: Option<String>,
    location: SignatureLocation,
    checksum: PayloadChecksumKind,
}

fn asked() -> impl Strategy<Value = Asked> {
    // As clients write a target: what has no place there is encoded.
    let segment = "([a-zA-Z0-9_.~$&+,;=:@!*'()-]|%[2-7][0-9A-F]|%C3%A4){0,6}";
    let path = prop::collection::vec(segment, 1..4).prop_map(|segments| format!("/{}", segments.join("/")));
    let pair = ("[a-zA-Z0-9_.~-]{1,4}", "([a-zA-Z0-9_.~-]|%[2-7][0-9A-F]|%C3%A4){0,5}");
    let query = prop::collection::vec(pair, 0..4).prop_map(|pairs| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    });
    let header = ("x-[a-z]{1,5}", "[a-zA-Z0-9 ,;=]{0,8}");
    (
        prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
        path,
        query,
        prop::collection::vec(header, 0..3),
        "[ -~äß\n]{0,20}",
        prop::option::of("[A-Za-z0-9/+=]{20,40}"),
        prop::sample::select(vec![SignatureLocation::Headers, SignatureLocation::QueryParams]),
        prop::sample::select(vec![PayloadChecksumKind::NoHeader, PayloadChecksumKind::XAmzSha256]),
    )
        .prop_map(|(method, path, query, headers, body, token, location, checksum)| {
            let target = if query.is_empty() { path } else { format!("{path}?{query}") };
            Asked { method, target, headers, body, token, location, checksum }
        })
        .prop_filter("dot segments are refused before anything is verified", |asked| {
            let uri = format!("https://api.example.com{}", asked.target);
            let request = Request::builder().uri(uri).header("host", "api.example.com").body(()).unwrap();
            TargetUri::take(&mut request.into_parts().0).is_ok()
        })
}

impl Asked {
    /// Signs the request as the SDK does, and verifies what arrives.
    fn verify(&self, secret: &str) -> Result<Authenticated, AuthError> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("https://api.example.com{}", self.target))
            .header("host", "api.example.com");
        for (name, value) in &self.headers {
            request = request.header(name, value.trim());
        }
        let mut request = request.body(self.body.clone()).unwrap();
        let mut settings = SigningSettings::default();
        settings.signature_location = self.location;
        settings.payload_checksum_kind = self.checksum;
        settings.expires_in =
            (self.location == SignatureLocation::QueryParams).then_some(Duration::from_secs(300));
        let identity = Credentials::new("AKID", secret, self.token.clone(), None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("execute-api")
            .time(UNIX_EPOCH + Duration::from_secs(NOW))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let signable = SignableRequest::new(
            self.method,
            request.uri().to_string(),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(self.body.as_bytes()),
        );
        let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);

        let keys = Arc::new(Keys::default());
        let account = AccountId::parse("123456789012").unwrap();
        let mut credential = Credential::root(account, "AKID", Secret::new("secret/+key"));
        credential.session_token = self.token.as_deref().map(Secret::new);
        keys.insert("AKID", credential);
        let clock = VirtualClock::new(Timestamp::from_millis(i64::try_from(NOW * 1_000).unwrap()));
        let (mut parts, body) = request.into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let head = Head::new(&parts, &uri);
        Authenticator::new(keys, Arc::new(clock)).authenticate(head, body.as_bytes(), "execute-api")
    }
}

proptest! {
    #[test]
    fn what_the_sdk_signs_is_verified(asked in asked()) {
        let verified = asked.verify("secret/+key");
        prop_assert!(verified.is_ok(), "{}", verified.unwrap_err());
        let is_mismatch = matches!(asked.verify("another"), Err(AuthError::Invalid(_)));
        prop_assert!(is_mismatch);
    }
}
