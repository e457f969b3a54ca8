//! The settings of a JWT authorizer: issuers, audiences and signature algorithms.

use std::collections::BTreeSet;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::words::words;
use crate::apis::error::BadRequest;

words! {
    /// The signature algorithms of tokens.
    pub enum JwtAlgorithm {
        Rs256 = "RS256",
        Rs384 = "RS384",
        Rs512 = "RS512",
        Es256 = "ES256",
        Es384 = "ES384",
        Es512 = "ES512",
    }
}

words! {
    /// The format of a claim; there is only one.
    pub enum JwtClaimFormat { SingleString = "SINGLE_STRING" }
}

/// See [JwtConfiguration](https://docs.aws.amazon.com/apigateway/latest/api/API_JwtConfiguration.html).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtConfiguration {
    /// The accepted issuers of tokens.
    pub issuers: Vec<JwtIssuer>,
    /// The accepted signature algorithms, for all issuers.
    pub default_algorithms: Vec<JwtAlgorithm>,
}

/// One issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtIssuer {
    /// The exact `iss` claim; the URL of the discovery document begins with it.
    pub issuer: String,
    /// `aud` has to contain one of these.
    pub audiences: Vec<String>,
    /// Further claims to check.
    #[serde(default)]
    pub additional_claims: Vec<JwtAdditionalClaim>,
}

/// A claim to check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtAdditionalClaim {
    /// Its name.
    pub claim_name: String,
    /// Its format.
    pub format: JwtClaimFormat,
    /// Whether a token without it is refused.
    #[serde(default)]
    pub required: bool,
    /// The accepted values; empty accepts any.
    #[serde(default)]
    pub expected_values: Vec<String>,
}

/// Claims that are checked in any case.
const RESERVED: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "scope", "scp"];

impl JwtConfiguration {
    /// Checks the settings by themselves. AWS's messages are not recorded.
    pub(super) fn check(&self) -> Result<(), BadRequest> {
        let wrong = |what| Err(BadRequest::JwtConfiguration(what));
        let issuers: BTreeSet<&str> = self.issuers.iter().map(|issuer| issuer.issuer.as_str()).collect();
        if self.issuers.is_empty() || issuers.len() != self.issuers.len() {
            return wrong("issuers must be given and unique");
        }
        let algorithms: BTreeSet<&str> = self.default_algorithms.iter().map(|it| it.as_str()).collect();
        if self.default_algorithms.is_empty() || algorithms.len() != self.default_algorithms.len() {
            return wrong("defaultAlgorithms must be given and unique");
        }
        for issuer in &self.issuers {
            if !is_issuer(&issuer.issuer) {
                return wrong("an issuer must be an https URL without user information, query and fragment");
            }
            if issuer.audiences.is_empty() || issuer.audiences.iter().any(String::is_empty) {
                return wrong("audiences must be given and can't be empty");
            }
            let claims = &issuer.additional_claims;
            let names: BTreeSet<&str> = claims.iter().map(|claim| claim.claim_name.as_str()).collect();
            if names.len() != claims.len() || names.iter().any(|it| it.is_empty() || RESERVED.contains(it)) {
                return wrong("claim names must be unique, can't be empty and can't be those of other rules");
            }
            if claims.iter().any(|claim| claim.expected_values.iter().any(String::is_empty)) {
                return wrong("expected values can't be empty");
            }
        }
        Ok(())
    }
}

/// Checks for `https` with a host. Unlike AWS, this also accepts `http` on this machine, where test issuers run.
fn is_issuer(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else { return false };
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let is_secure = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_local);
    is_secure && !authority.as_str().contains('@') && uri.query().is_none() && !text.contains('#')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(change: impl FnOnce(&mut Value)) -> bool {
        let mut given = json!({
            "issuers": [{"issuer": "https://example.com/realm", "audiences": ["a"], "additionalClaims": [
                {"claimName": "tier", "format": "SINGLE_STRING", "expectedValues": ["gold"]},
            ]}],
            "defaultAlgorithms": ["RS256", "ES256"],
        });
        change(&mut given);
        serde_json::from_value::<JwtConfiguration>(given).is_ok_and(|it| it.check().is_ok())
    }

    #[test]
    fn issuers_audiences_claims_and_algorithms_make_sense() {
        assert!(check(|_| ()));
        assert!(check(|it| it["issuers"][0]["issuer"] = json!("http://localhost:8080/realm")));
        for issuer in
            ["http://example.com", "https://a@b", "https://a?b", "https://a#b", "example.com", "", "https://"]
        {
            assert!(!check(|it| it["issuers"][0]["issuer"] = json!(issuer)), "{issuer}");
        }
        assert!(!check(|it| it["issuers"] = json!([])));
        assert!(!check(|it| {
            let twice = it["issuers"][0].clone();
            it["issuers"].as_array_mut().unwrap().push(twice);
        }));
        assert!(!check(|it| it["issuers"][0]["audiences"] = json!([])));
        assert!(!check(|it| it["issuers"][0]["audiences"] = json!([""])));
        assert!(!check(|it| it["defaultAlgorithms"] = json!([])));
        assert!(!check(|it| it["defaultAlgorithms"] = json!(["HS256"])));
        for name in ["aud", "scp", ""] {
            assert!(
                !check(|it| it["issuers"][0]["additionalClaims"][0]["claimName"] = json!(name)),
                "{name}"
            );
        }
        assert!(!check(|it| it["issuers"][0]["additionalClaims"][0]["expectedValues"] = json!([""])));
    }
}
