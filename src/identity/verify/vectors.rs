//! AWS's public test suites for Signature Version 4 and 4A: what they sign is verified, and what was changed is not.
//!
//! `tests/data/sigv4/README.md` says where they are from.

use http::Request;
use http::request::Parts;
use serde::Deserialize;

use super::*;
use crate::clock::{Timestamp, VirtualClock};
use crate::id::AccountId;
use crate::identity::{Credential, Secret, TargetUri};

const KEY: &str = "AKIDEXAMPLE";

#[derive(Deserialize)]
struct Case {
    version: String,
    name: String,
    form: String,
    /// Whether the signer resolves dot segments and empty ones, as every service but S3 does.
    normalize: bool,
    token: Option<String>,
    token_is_signed: bool,
    request: String,
}

impl Case {
    fn all(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap()
    }

    fn path(&self) -> &str {
        let line = self.request.lines().next().unwrap();
        let target = line.split_once(' ').unwrap().1.rsplit_once(' ').unwrap().0;
        target.split('?').next().unwrap()
    }

    /// Why a case does not apply to what this server verifies; `None` if it does.
    fn exempt(&self) -> Option<&'static str> {
        if self.path().contains(|c: char| c == ' ' || !c.is_ascii()) {
            return Some(
                "HTTP carries no such path, and clients that encode it sign what they send, encoded twice",
            );
        }
        let is_changed =
            self.path().contains("//") || self.path().split('/').any(|it| matches!(it, "." | ".."));
        if !self.normalize && is_changed {
            return Some("only S3 signs paths as they are");
        }
        if !self.token_is_signed {
            return Some("only IoT takes a token that isn't signed; every x-amz header has to be");
        }
        None
    }

    /// The request as it arrives: what HTTP can't carry is encoded, and continued lines are one.
    fn parts(&self) -> (Parts, String) {
        let (head, body) = self.request.split_once("\n\n").unwrap_or((self.request.as_str(), ""));
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        let (method, rest) = line.split_once(' ').unwrap();
        let (target, _) = rest.rsplit_once(' ').unwrap();
        let encoded = |c: char| match c {
            ' ' => "%20".to_owned(),
            c if c.is_ascii() => c.to_string(),
            c => c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect(),
        };
        let target: String = target.chars().map(encoded).collect();
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match (line.starts_with(' '), headers.last_mut()) {
                (true, Some((_, value))) => value.push_str(line),
                _ => {
                    let (name, value) = line.split_once(':').unwrap();
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        let mut request = Request::builder().method(method).uri(&target);
        for (name, value) in &headers {
            request = request.header(name, value.trim());
        }
        let (parts, ()) =
            request.body(()).unwrap_or_else(|error| panic!("{}: {error}", self.name)).into_parts();
        (parts, body.to_owned())
    }

    fn verify(&self, change: impl FnOnce(&mut Parts, &mut String)) -> Result<Authenticated, AuthError> {
        let (mut parts, mut body) = self.parts();
        change(&mut parts, &mut body);
        let keys = Arc::new(Keys::default());
        let account = AccountId::parse("123456789012").unwrap();
        let mut credential =
            Credential::root(account, KEY, Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
        credential.session_token = self.token.as_deref().map(Secret::new);
        keys.insert(KEY, credential);
        let clock = Arc::new(VirtualClock::new(Timestamp::parse_amz_date("20150830T123600Z").unwrap()));
        // Dot segments are refused before anything is verified; the signature is right all the same.
        let outbound = TargetUri::outbound(&parts);
        let uri = TargetUri::take(&mut parts).unwrap_or(outbound);
        let head = Head::new(&parts, &uri);
        let authenticator = Authenticator::new(keys, clock.clone());
        if self.version == "v4" {
            return authenticator.authenticate(head, body.as_bytes(), "service");
        }
        // Version 4A is for execute-api alone; the suite signs for `service`, so the scope is not looked at.
        let signature = Signature::read(head)?;
        signature.check_date(clock.now())?;
        let registered =
            authenticator.keys.find(&signature.access_key_id).ok_or(AuthError::UnrecognizedClient)?;
        check_token(&registered, signature.token.as_deref())?;
        let region = AccountRegion::nowhere().region;
        authenticator.verify(Claim { registered, signature, region }, head, body.as_bytes())
    }
}

fn check(text: &str, applying: usize) {
    let (mut n_verified, mut exempt) = (0, Vec::new());
    for case in Case::all(text) {
        let shown = format!("{} {} in the {}", case.version, case.name, case.form);
        if let Some(why) = case.exempt() {
            exempt.push(format!("{shown}: {why}"));
            continue;
        }
        if let Err(error) = case.verify(|_, _| {}) {
            panic!("{shown}: {error}\n{}", case.request);
        }
        n_verified += 1;
        // The same signature is none for anything else.
        let changed: [fn(&mut Parts, &mut String); 3] = [
            |parts, _| parts.method = http::Method::DELETE,
            |parts, _| parts.uri = format!("/changed{}", parts.uri).parse().unwrap(),
            |_, body| body.push('x'),
        ];
        for (n, change) in changed.into_iter().enumerate() {
            // Whoever signs no body doesn't say what it is.
            assert!(case.verify(change).is_err(), "{shown}: change {n} is not noticed");
        }
    }
    assert_eq!(n_verified, applying, "all that apply; exempt are {exempt:#?}");
}

#[test]
fn the_suite_for_both_versions_is_verified() {
    check(include_str!("../../../tests/data/sigv4/aws-signing-test-suite.json"), 112);
}

#[test]
fn the_first_edition_of_the_suite_is_verified() {
    check(include_str!("../../../tests/data/sigv4/aws4-testsuite.json"), 30);
}
