//! Issuers of tokens elsewhere, for whoever verifies tokens outside of a stage.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonwebtoken::Algorithm;
use quick_cache::sync::Cache;
use serde_json::{Map, Value};

use super::token;
use super::user_pools::{Pool, Unreachable, UserPool};
use crate::clock::Clock;
use crate::connect::HttpClient;

/// The issuers whose keys are kept although the settings don't name them.
const DISCOVERED_MAX: usize = 256;
/// What tokens may be signed with.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

/// An issuer of the settings.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Who it is and where its keys are.
    pub pool: UserPool,
    /// The clients whose tokens are accepted; for user pools, others say so.
    pub clients: Vec<String>,
}

/// Issuers by their `iss`, each with its keys. Clones share the keys.
#[derive(Clone)]
pub struct Issuers {
    known: Arc<BTreeMap<String, Known>>,
    discovered: Arc<Cache<String, Arc<Pool>>>,
    client: HttpClient,
    clock: Arc<dyn Clock>,
}

/// An issuer's keys, and its clients.
type Known = (Arc<Pool>, Vec<String>);

/// The keys of an issuer could not be got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the issuer can't be reached")]
pub struct IssuerUnreachable;

impl Issuers {
    /// The issuers of the settings; others are asked where their keys are when one of their tokens comes.
    pub fn new(all: impl IntoIterator<Item = Issuer>, client: HttpClient, clock: Arc<dyn Clock>) -> Self {
        let keyed = |it: Issuer| (it.pool.issuer.clone(), (Arc::new(Pool::new(&it.pool)), it.clients));
        let known = Arc::new(all.into_iter().map(keyed).collect());
        Self { known, discovered: Arc::new(Cache::new(DISCOVERED_MAX)), client, clock }
    }

    /// The clients of an issuer, whose tokens are accepted.
    pub fn clients(&self, issuer: &str) -> &[String] {
        self.known.get(issuer).map_or(&[], |(_, clients)| clients.as_slice())
    }

    /// The claims of `token`, if `issuer` has signed it. Its validity period and audience are not checked.
    ///
    /// # Errors
    /// [`IssuerUnreachable`] if it isn't known which keys the issuer has.
    pub async fn claims(
        &self,
        token: &str,
        issuer: &str,
    ) -> Result<Option<Map<String, Value>>, IssuerUnreachable> {
        let outside = token::outside(token).filter(|outside| ALGORITHMS.contains(&outside.algorithm));
        let Some(outside) = outside.filter(|outside| outside.issuer == issuer) else { return Ok(None) };
        let pool = self.pool(issuer);
        let key = pool.key(&outside.key_id, &self.client, &*self.clock).await;
        let key = key.map_err(|Unreachable| IssuerUnreachable)?;
        Ok(key.and_then(|key| token::verify(token, &key, outside.algorithm)))
    }

    fn pool(&self, issuer: &str) -> Arc<Pool> {
        if let Some((pool, _)) = self.known.get(issuer) {
            return pool.clone();
        }
        if let Some(pool) = self.discovered.get(issuer) {
            return pool;
        }
        let pool = Arc::new(Pool::discovered(issuer));
        self.discovered.insert(issuer.to_owned(), pool.clone());
        pool
    }
}
