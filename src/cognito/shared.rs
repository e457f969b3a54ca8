//! What both services work on.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::error::Error;
use super::guesses::Guesses;
use super::keys::{Algorithm, IssuerKeys, SigningKey};
use super::tables::{self, KeptKeys};
use crate::clock::{Clock, Ids};
use crate::connect::HttpClient;
use crate::gateway::Issuers;
use crate::identity::Sessions;
use crate::store::Store;

/// The issuers whose keys are kept ready.
const ISSUERS_MAX: usize = 256;

/// Identity pools and user pools. Clones share everything.
#[derive(Clone)]
pub struct Cognito(pub(crate) Arc<Shared>);

impl fmt::Debug for Cognito {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cognito")
    }
}

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) sessions: Sessions,
    /// Issuers of tokens elsewhere.
    pub(crate) issuers: Issuers,
    /// Where codes go.
    pub(crate) codes: CodesTo,
    /// As many passwords are hashed at a time as there are processors.
    pub(crate) hashing: Semaphore,
    pub(crate) guesses: Guesses,
    /// Keys don't change. Another node's deletion of a pool is noticed when the pool is looked for.
    keys: Cache<Box<str>, Arc<IssuerKeys>>,
}

/// What [`open`](super::open) needs of other rooms.
pub struct Ports {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
    /// Starts the sessions of roles.
    pub sessions: Sessions,
    /// Issuers of tokens elsewhere.
    pub issuers: Issuers,
    /// Where users' codes go.
    pub codes: CodesTo,
}

/// Where codes go that prove users' addresses.
#[derive(Clone, Debug)]
pub enum CodesTo {
    /// Into the server's log.
    Log,
    /// To whoever sends them.
    Webhook {
        /// Its address.
        address: Uri,
        /// What calls it.
        client: HttpClient,
    },
}

impl Cognito {
    pub(crate) fn new(store: Store, ports: Ports) -> Self {
        let Ports { clock, ids, sessions, issuers, codes } = ports;
        let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Shared {
            store,
            clock,
            ids,
            sessions,
            issuers,
            codes,
            hashing: Semaphore::new(at_a_time),
            guesses: Guesses::new(),
            keys: Cache::new(ISSUERS_MAX),
        }))
    }

    /// The keys of an issuer; `None` if it has none.
    pub(crate) async fn keys(&self, issuer: &str) -> Result<Option<Arc<IssuerKeys>>, Error> {
        if let Some(known) = self.0.keys.get(issuer) {
            return Ok(Some(known));
        }
        let owner = issuer.to_owned();
        let kept = self.0.store.read(move |tx| Ok::<_, Error>(tables::keys(tx, &owner)?)).await?;
        let Some(kept) = kept else { return Ok(None) };
        let keys = IssuerKeys::new(kept.open()?)?;
        self.0.keys.insert(issuer.into(), keys.clone());
        Ok(Some(keys))
    }

    /// The keys of an issuer, which are made when they are first needed.
    pub(crate) async fn keys_or_new(
        &self,
        issuer: &str,
        algorithm: Algorithm,
    ) -> Result<Arc<IssuerKeys>, Error> {
        if let Some(keys) = self.keys(issuer).await? {
            return Ok(keys);
        }
        let made = self.make_keys(1, algorithm).await?;
        let (kept, owner) = (KeptKeys::of(made.iter())?, issuer.to_owned());
        // Of several that are made at the same time, the first is kept.
        self.0.store.write(move |tx| Ok::<_, Error>(tables::add_keys(tx, &owner, &kept)?)).await?;
        self.keys(issuer).await?.ok_or(Error::Key)
    }

    /// Makes keys, which takes some time.
    pub(crate) async fn make_keys(
        &self,
        count: usize,
        algorithm: Algorithm,
    ) -> Result<Vec<SigningKey>, Error> {
        let ids: Vec<String> = (0..count).map(|_| self.0.ids.alphanumeric(43) + "=").collect();
        let make = move || ids.into_iter().map(|id| SigningKey::generate(id, algorithm)).collect();
        spawn_blocking(make).await.unwrap_or(Err(Error::Key))
    }

    /// Forgets the keys of an issuer that is no more.
    pub(crate) fn forget_keys(&self, issuer: &str) {
        self.0.keys.remove(issuer);
    }
}
