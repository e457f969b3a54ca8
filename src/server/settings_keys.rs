//! The access keys of the settings, which may change while the server runs: `stepgate keys rotate`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use super::options::{self, Options};
use crate::clock::{Clock, Timestamp};
use crate::id::AccountRegion;
use crate::identity::{Credential, Keys, Secret};
use crate::wire::client::AwsClient;

/// How long keys that are taken out of the settings may go on signing.
const OVERLAP_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The keys of the settings, in force.
pub(super) struct SettingsKeys {
    keys: Arc<Keys>,
    aws: Arc<AwsClient>,
    clock: Arc<dyn Clock>,
    home: AccountRegion,
    /// The settings' file; `None` if the server was started without one.
    file: Option<PathBuf>,
    /// Secrets by key, as they are in force; the lock is held while they change.
    known: Mutex<BTreeMap<String, String>>,
}

/// Why keys were not read again; nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub(super) enum RereadError {
    /// There is no file.
    #[error("the server was started without a settings file")]
    NoFile,
    /// It can't be read; the reason shows nothing of what is in it.
    #[error("the settings can't be read: {0}")]
    Unreadable(String),
    /// The overlap is too long.
    #[error("keys may overlap for at most {} seconds", OVERLAP_MAX.as_secs())]
    TooLong,
}

/// What is in force after the settings were read again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reread {
    /// The ids of the settings' keys.
    pub(super) keys: Vec<String>,
    /// Those that are in the settings no more, and when they end.
    pub(super) ending: Vec<(String, Timestamp)>,
}

/// What of the settings' file is about keys.
#[derive(Deserialize)]
struct OfFile {
    #[serde(default)]
    credentials: Vec<options::Credential>,
}

impl SettingsKeys {
    /// Puts the keys of `options` in force.
    pub(super) fn new(
        options: &Options,
        home: &AccountRegion,
        keys: Arc<Keys>,
        aws: Arc<AwsClient>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let known = options.credentials.iter();
        let known = known.map(|it| (it.access_key_id.clone(), it.secret_access_key.clone())).collect();
        let file = options.file.clone();
        Self { keys, aws, clock, home: home.clone(), file, known: Mutex::new(known) }
    }

    /// Reads the settings' keys again. New ones sign at once; those that are there no more end after `overlap`.
    ///
    /// # Errors
    /// [`RereadError`]; nothing has changed then.
    pub(super) fn reread(&self, overlap: Duration) -> Result<Reread, RereadError> {
        if OVERLAP_MAX < overlap {
            return Err(RereadError::TooLong);
        }
        let file = self.file.as_deref().ok_or(RereadError::NoFile)?;
        let text = std::fs::read_to_string(file)
            .map_err(|error| RereadError::Unreadable(error.kind().to_string()))?;
        // The parser's message may show a line, and so a secret.
        let read: OfFile = toml::from_str(&text)
            .map_err(|_| RereadError::Unreadable("[[credentials]] are not valid".to_owned()))?;
        let credentials =
            if read.credentials.is_empty() { Options::default().credentials } else { read.credentials };
        Ok(self.put(&credentials, overlap))
    }

    fn put(&self, credentials: &[options::Credential], overlap: Duration) -> Reread {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for credential in credentials {
            self.keys.insert(&credential.access_key_id, root(credential, &self.home));
        }
        if let Some(first) = credentials.first() {
            self.aws.sign_with(root(first, &self.home));
        }
        let next: BTreeMap<String, String> =
            credentials.iter().map(|it| (it.access_key_id.clone(), it.secret_access_key.clone())).collect();
        let until = self.clock.now() + overlap;
        let mut ending = Vec::new();
        for (id, secret) in std::mem::replace(&mut *known, next) {
            if known.contains_key(&id) {
                continue;
            }
            if overlap.is_zero() {
                self.keys.remove(&id);
            } else {
                let credential = Credential::root(self.home.account.clone(), &id, Secret::new(&secret));
                self.keys.insert(&id, Credential { expires: Some(until), ..credential });
            }
            ending.push((id, until));
        }
        Reread { keys: known.keys().cloned().collect(), ending }
    }
}

/// A key of the settings: it signs for the server's own account.
pub(super) fn root(key: &options::Credential, home: &AccountRegion) -> Credential {
    Credential::root(home.account.clone(), &key.access_key_id, Secret::new(&key.secret_access_key))
}
