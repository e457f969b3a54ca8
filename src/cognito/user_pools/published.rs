//! What pools publish: the keys of their tokens, and where these are.
//!
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>

use serde_json::json;

use super::tokens;
use crate::cognito::Cognito;
use crate::gateway::KeySet;

/// A document that a pool publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pool: String,
    document: Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    Keys,
    Configuration,
}

impl Published {
    /// The document that a path names: `/us-east-1_EXAMPLE/.well-known/jwks.json`.
    pub fn parse(path: &str) -> Option<Self> {
        let (pool, name) = path.strip_prefix('/')?.split_once("/.well-known/")?;
        let (region, id) = pool.split_once('_')?;
        let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_id = !id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric());
        let document = match name {
            "jwks.json" => Document::Keys,
            "openid-configuration" => Document::Configuration,
            _ => return None,
        };
        (is_region && is_id).then(|| Self { pool: pool.to_owned(), document })
    }
}

impl Cognito {
    /// The text of a document; `None` if there is no such pool. `base` is where this server was asked, such as
    /// `http://127.0.0.1:4566`.
    pub async fn published(&self, published: &Published, base: &str) -> Option<String> {
        let keys = self.keys(&published.pool).await.ok().flatten()?;
        Some(match published.document {
            Document::Keys => keys.jwks.clone(),
            Document::Configuration => json!({
                "id_token_signing_alg_values_supported": ["RS256"],
                "issuer": tokens::issuer(&published.pool),
                "jwks_uri": format!("{base}/{}/.well-known/jwks.json", published.pool),
                "response_types_supported": ["code", "token"],
                "scopes_supported": ["openid", "email", "phone", "profile"],
                "subject_types_supported": ["public"],
            })
            .to_string(),
        })
    }

    /// The keys that sign the tokens of the pool with this ARN; `None` if there is no such pool here.
    pub async fn keys_of_pool(&self, arn: &str) -> Option<KeySet> {
        let (_, id) = arn.rsplit_once(":userpool/")?;
        Some(self.keys(id).await.ok().flatten()?.set.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_below_their_pools() {
        let parse = |path: &str| Published::parse(path).map(|it| (it.pool, it.document));
        let pool = "us-east-1_AbC123".to_owned();
        assert_eq!(parse("/us-east-1_AbC123/.well-known/jwks.json"), Some((pool.clone(), Document::Keys)));
        assert_eq!(
            parse("/us-east-1_AbC123/.well-known/openid-configuration"),
            Some((pool, Document::Configuration))
        );
        for other in [
            "/us-east-1_AbC123/.well-known/x",
            "/dev/.well-known/jwks.json",
            "/.well-known/jwks.json",
            "/a/us-east-1_AbC123/.well-known/jwks.json",
            "/us-east-1_a.b/.well-known/jwks.json",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
