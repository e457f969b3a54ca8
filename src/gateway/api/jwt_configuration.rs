//! What a JWT authorizer trusts: issuers, whom their tokens are for, and how they are signed.

use std::collections::BTreeSet;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::words::words;
use crate::gateway::error::BadRequest;

words! {
    /// How tokens are signed.
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
    /// What a claim is; there is one form.
    pub enum JwtClaimFormat { SingleString = "SINGLE_STRING" }
}

/// See [JwtConfiguration](https://docs.aws.amazon.com/apigateway/latest/api/API_JwtConfiguration.html).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtConfiguration {
    /// Who may have issued a token.
    pub issuers: Vec<JwtIssuer>,
    /// How any of them may have signed it.
    pub default_algorithms: Vec<JwtAlgorithm>,
}

/// One issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtIssuer {
    /// `iss`, to the letter; the discovery document is below it.
    pub issuer: String,
    /// `aud` has to have one of these.
    pub audiences: Vec<String>,
    /// What else a token has to say.
    #[serde(default)]
    pub additional_claims: Vec<JwtAdditionalClaim>,
}

/// A claim that a token has to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JwtAdditionalClaim {
    /// Its name.
    pub claim_name: String,
    /// What it is.
    pub format: JwtClaimFormat,
    /// Whether a token without it is refused.
    #[serde(default)]
    pub required: bool,
    /// What it may be; anything, if nothing is said.
    #[serde(default)]
    pub expected_values: Vec<String>,
}

/// Claims that are looked at anyway.
const RESERVED: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "scope", "scp"];

impl JwtConfiguration {
    /// Checks it by itself. AWS's words are not on record.
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

/// `https` with a host. Unlike AWS, `http` will do on this machine: that is where issuers of tests are.
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
