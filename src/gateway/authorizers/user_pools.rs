//! User pools: issuers of tokens, and their keys.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::Uri;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;

use super::token;
use crate::clock::Clock;
use crate::connect;
use crate::connect::{Call, HttpClient, Request, collect, full};
use crate::gateway::backends::BoxFuture;
use crate::id::Arn;

/// A user pool in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPool {
    /// The `iss` claim of its tokens.
    pub issuer: String,
    /// The keys that sign its tokens.
    pub keys: UserPoolKeys,
}

/// Where to find a user pool's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserPoolKeys {
    /// In the settings.
    Given(KeySet),
    /// At this URL, as a JSON Web Key Set.
    At(Uri),
}

/// User pools of this server, whose keys need no network.
pub trait OwnUserPools: Send + Sync + 'static {
    /// The keys that sign the tokens of the pool with this ARN; `None` if there is no such pool.
    fn keys<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Option<KeySet>>;
}

/// The user pools that authorizers may name.
#[derive(Default)]
pub(crate) struct AuthorizerPools {
    known: BTreeMap<String, Arc<Pool>>,
    own: Option<Arc<dyn OwnUserPools>>,
}

impl AuthorizerPools {
    pub(crate) fn new(known: &UserPools, own: Option<Arc<dyn OwnUserPools>>) -> Self {
        let pool = |(arn, pool): (&String, &UserPool)| (arn.clone(), Arc::new(Pool::new(pool)));
        Self { known: known.iter().map(pool).collect(), own }
    }

    /// The pool with this ARN: one of the settings, or one of this server, which may still be made.
    pub(crate) fn find(&self, arn: &str) -> Option<Arc<Pool>> {
        if let Some(pool) = self.known.get(arn) {
            return Some(pool.clone());
        }
        let own = self.own.clone()?;
        let parsed = Arn::parse(arn).ok().filter(|arn| arn.service == "cognito-idp")?;
        let id = parsed.resource.strip_prefix("userpool/")?;
        let issuer = format!("https://cognito-idp.{}.amazonaws.com/{id}", parsed.region);
        Some(Arc::new(Pool::at(issuer, Place::Own(own, arn.to_owned()))))
    }
}

/// User pools by ARN.
pub type UserPools = BTreeMap<String, UserPool>;

/// A JSON Web Key Set ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet(JwkSet);

/// Why a text is not a key set.
#[derive(Debug, thiserror::Error)]
#[error("no JSON Web Key Set: {0}")]
pub struct KeySetError(#[from] serde_json::Error);

impl KeySet {
    /// Parses a set from JSON.
    ///
    /// # Errors
    /// [`KeySetError`] if it is invalid.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        Ok(Self(serde_json::from_slice(json)?))
    }

    /// The claims of `token`, if it is a JSON Web Token that one of these keys has signed. Its validity period and
    /// audience are not checked.
    #[must_use]
    pub fn claims(&self, token: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
        let outside = token::outside(token)?;
        token::verify(token, self.signing_keys().get(&outside.key_id)?, outside.algorithm)
    }

    /// The keys for signatures, by their ids; keys for other uses can't sign a token.
    fn signing_keys(&self) -> HashMap<String, Arc<SigningKey>> {
        let keys = self.0.keys.iter().filter(|key| {
            // Whether a key fits the token's algorithm is checked with the token.
            let is_public =
                matches!(key.algorithm, AlgorithmParameters::RSA(_) | AlgorithmParameters::EllipticCurve(_));
            let signs = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
            let operations = key.common.key_operations.as_ref();
            let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
            is_public && signs && verifies
        });
        let key = |key: &Jwk| {
            let decoding = DecodingKey::from_jwk(key).ok()?;
            let key_of = SigningKey { decoding, algorithm: key.common.key_algorithm };
            Some((key.common.key_id.clone()?, Arc::new(key_of)))
        };
        keys.filter_map(key).collect()
    }
}

/// A key that signs tokens.
pub(super) struct SigningKey {
    pub(super) decoding: DecodingKey,
    /// The algorithm of the key, if it is restricted to one (RFC 7517 section 4.4).
    algorithm: Option<KeyAlgorithm>,
}

impl SigningKey {
    /// Whether it may be used with `algorithm`.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        let Some(only) = self.algorithm else { return true };
        let named = match algorithm {
            Algorithm::RS256 => KeyAlgorithm::RS256,
            Algorithm::RS384 => KeyAlgorithm::RS384,
            Algorithm::RS512 => KeyAlgorithm::RS512,
            Algorithm::ES256 => KeyAlgorithm::ES256,
            Algorithm::ES384 => KeyAlgorithm::ES384,
            _ => return false,
        };
        only == named
    }
}

/// How long keys are used before they are fetched again, so that a withdrawn key is not trusted for ever.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// The shortest time between two fetches, whatever key ids tokens have.
const PAUSE: Duration = Duration::from_secs(30);
/// The timeout of a fetch.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest key set, in bytes.
const KEY_SET_BYTES_MAX: usize = 1024 * 1024;

/// A user pool whose keys are known, or fetched on demand.
pub(crate) struct Pool {
    pub(super) issuer: String,
    place: Place,
    keys: ArcSwap<FetchedKeys>,
    /// Held while fetching; others wait for the result.
    loading: Mutex<()>,
}

#[derive(Clone, Default)]
struct FetchedKeys {
    keys: HashMap<String, Arc<SigningKey>>,
    /// When they were fetched.
    got: Option<Duration>,
    /// When a fetch was last tried.
    tried: Option<Duration>,
}

/// The keys could not be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreachable;

impl Pool {
    pub(crate) fn new(pool: &UserPool) -> Self {
        let (place, keys) = match &pool.keys {
            UserPoolKeys::Given(set) => {
                (Place::Here, FetchedKeys { keys: set.signing_keys(), ..FetchedKeys::default() })
            }
            UserPoolKeys::At(address) => (Place::Keys(address.clone()), FetchedKeys::default()),
        };
        Self { keys: ArcSwap::from_pointee(keys), ..Self::at(pool.issuer.clone(), place) }
    }

    fn at(issuer: String, place: Place) -> Self {
        Self { issuer, place, keys: ArcSwap::default(), loading: Mutex::default() }
    }

    /// An issuer that publishes where its keys are (OpenID Connect Discovery 1.0).
    pub(super) fn discovered(issuer: &str) -> Self {
        Self::at(issuer.to_owned(), Place::Discovery)
    }

    /// The key with this id; `None` if the pool has none.
    pub(super) async fn key(
        &self,
        id: &str,
        client: &HttpClient,
        clock: &dyn Clock,
    ) -> Result<Option<Arc<SigningKey>>, Unreachable> {
        if matches!(self.place, Place::Here) {
            return Ok(self.keys.load().keys.get(id).cloned());
        }
        if let Place::Own(own, arn) = &self.place {
            // Asked each time: the pool may have been made or deleted since.
            let keys = own.keys(arn).await.map(|set| set.signing_keys()).unwrap_or_default();
            return Ok(keys.get(id).cloned());
        }
        if let Some(answer) = self.keys.load().find(id, clock.monotonic()) {
            return answer;
        }
        let held = self.loading.lock().await;
        let now = clock.monotonic();
        let before = self.keys.load_full();
        if let Some(answer) = before.find(id, now) {
            return answer;
        }
        let keys = match self.fetch(client).await {
            Ok(keys) => FetchedKeys { keys, got: Some(now), tried: Some(now) },
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(issuer = self.issuer, error, "the keys of a user pool could not be got");
                FetchedKeys { tried: Some(now), ..FetchedKeys::clone(&before) }
            }
        };
        self.keys.store(Arc::new(keys));
        drop(held);
        self.keys.load().found(id)
    }

    async fn fetch(&self, client: &HttpClient) -> Result<HashMap<String, Arc<SigningKey>>, FetchError> {
        let address = match &self.place {
            Place::Here | Place::Own(..) => return Ok(HashMap::new()),
            Place::Keys(address) => address.clone(),
            Place::Discovery => {
                let below = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
                let said = get(&below.parse()?, client).await?;
                let said: Discovery = serde_json::from_slice(&said).map_err(KeySetError::from)?;
                if said.issuer != self.issuer {
                    return Err(FetchError::Issuer(said.issuer));
                }
                said.jwks_uri.parse()?
            }
        };
        Ok(KeySet::parse(&get(&address, client).await?)?.signing_keys())
    }
}

/// Where to find keys.
enum Place {
    /// In the settings.
    Here,
    /// In this server, by ARN.
    Own(Arc<dyn OwnUserPools>, String),
    /// At a URL.
    Keys(Uri),
    /// Where the issuer's discovery document says.
    Discovery,
}

/// The needed part of an issuer's discovery document.
#[derive(serde::Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl FetchedKeys {
    /// What is known about a key without a fetch; `None` if a fetch is needed.
    fn find(&self, id: &str, now: Duration) -> Option<Result<Option<Arc<SigningKey>>, Unreachable>> {
        let within =
            |at: Option<Duration>, time: Duration| at.is_some_and(|at| now.saturating_sub(at) < time);
        let is_known = self.keys.contains_key(id) && within(self.got, FRESH);
        (is_known || within(self.tried, PAUSE)).then(|| self.found(id))
    }

    /// Keys that were fetched once stay valid while no newer ones can be fetched.
    fn found(&self, id: &str) -> Result<Option<Arc<SigningKey>>, Unreachable> {
        match (self.keys.get(id), self.got) {
            (Some(key), _) => Ok(Some(key.clone())),
            (None, Some(_)) => Ok(None),
            (None, None) => Err(Unreachable),
        }
    }
}

/// Why keys could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Connect(#[from] connect::Error),
    #[error("status {0}")]
    Status(u16),
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    #[error("the discovery document is of the issuer {0}")]
    Issuer(String),
    #[error(transparent)]
    Address(#[from] http::uri::InvalidUri),
}

async fn get(address: &Uri, client: &HttpClient) -> Result<bytes::Bytes, FetchError> {
    let mut request = Request::new(full(""));
    *request.uri_mut() = address.clone();
    let bounds = Call { timeout: TIMEOUT, response_bytes_max: KEY_SET_BYTES_MAX, ..Call::default() };
    let response = client.send(request, bounds).await?;
    let status = response.status();
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    Ok(collect(response.into_body(), KEY_SET_BYTES_MAX).await?)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
