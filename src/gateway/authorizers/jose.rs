//! What RFC 7515 (JWS) and RFC 7519 (JWT) ask of whoever reads a token, as far as the library leaves it to its user.
//!
//! - §4.1.11 of RFC 7515: a token with `crit` says what its reader must understand. This one understands no extension, so
//!   `crit` is refused whatever it lists, and so are `b64` (RFC 7797) and `enc` (an encrypted token) without it.
//! - §4: header parameters have unique names.
//! - §4.1.9, and RFC 8725 §3.11: `typ` says what kind of token it is. Access tokens, identity tokens and plain JWTs pass;
//!   a logout token, a DPoP proof or the like is not one of them although the same keys sign it.
//! - §5.2 of RFC 7519: `cty` says that there is another token inside, which nobody here would look at.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::json;

/// The longest token that is looked at, in bytes. Cognito's have up to some four thousand; RFCs set no bound.
pub(super) const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Kinds of tokens that say who calls, without `application/` before them: RFC 7519 §5.1 and RFC 9068 §2.1.
const KINDS: [&str; 2] = ["jwt", "at+jwt"];

/// Whether the token is a JWS in compact form whose header asks for nothing that this gateway doesn't do.
pub(super) fn is_understood(token: &str) -> bool {
    if TOKEN_BYTES_MAX < token.len() {
        return false;
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return false };
    if [header, claims, signature].iter().any(|part| part.is_empty()) {
        return false;
    }
    let header = URL_SAFE_NO_PAD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    header.is_some_and(|header| is_plain(&header))
}

fn is_plain(header: &str) -> bool {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(header) else { return false };
    let asks = ["crit", "b64", "enc", "zip", "cty"].iter().any(|name| members.contains_key(*name));
    let kind = match members.get("typ") {
        None => true,
        Some(Value::String(kind)) => {
            let kind = kind.to_ascii_lowercase();
            KINDS.contains(&kind.strip_prefix("application/").unwrap_or(&kind))
        }
        Some(_) => false,
    };
    !asks && kind && json::duplicates(header).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn headers_that_are_understood() {
        for header in [
            r#"{"alg":"RS256"}"#,
            r#"{"alg":"RS256","kid":"k","typ":"JWT"}"#,
            r#"{"alg":"RS256","typ":"jwt"}"#,
            r#"{"alg":"RS256","typ":"at+jwt"}"#,
            r#"{"alg":"RS256","typ":"application/AT+JWT"}"#,
            // Keys that a token brings along are not asked; they harm nobody.
            r#"{"alg":"RS256","jwk":{"kty":"RSA"},"x5u":"https://a","made_up":[1]}"#,
        ] {
            assert!(is_understood(&token(header)), "{header}");
        }
    }

    #[test]
    fn headers_that_ask_for_more_are_refused() {
        for header in [
            "",
            "[]",
            r#""RS256""#,
            "{",
            r#"{"alg":"RS256","crit":["exp"],"exp":1}"#,
            r#"{"alg":"RS256","crit":["http://example.com/UNDEFINED"],"http://example.com/UNDEFINED":true}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":null}"#,
            r#"{"alg":"RS256","b64":false,"crit":["b64"]}"#,
            r#"{"alg":"RS256","b64":false}"#,
            r#"{"alg":"RS256","cty":"JWT"}"#,
            r#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#,
            r#"{"alg":"RS256","zip":"DEF"}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","typ":"dpop+jwt"}"#,
            r#"{"alg":"RS256","typ":"JWE"}"#,
            r#"{"alg":"RS256","typ":""}"#,
            r#"{"alg":"RS256","typ":["JWT"]}"#,
            r#"{"alg":"none","alg":"RS256"}"#,
            r#"{"alg":"RS256","kid":"a","kid":"b"}"#,
        ] {
            assert!(!is_understood(&token(header)), "{header}");
        }
    }

    #[test]
    fn a_token_has_three_parts_of_a_bounded_length() {
        let good = token(r#"{"alg":"RS256"}"#);
        for text in [
            &good[..good.len() - 5],
            &format!("{good}.x"),
            &good.replace('.', ".."),
            "..",
            "",
            "e30=.e30.e30",
        ] {
            assert!(!is_understood(text), "{text}");
        }
        let of_length = |n: usize| format!("{good}{}", "A".repeat(n - good.len()));
        assert!(is_understood(&of_length(TOKEN_BYTES_MAX)));
        assert!(!is_understood(&of_length(TOKEN_BYTES_MAX + 1)));
    }
}
