//! Access keys: their owners and secrets.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq;

use super::Caller;
use crate::clock::Timestamp;
use crate::id::AccountId;

/// A string that is never printed.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The secret itself, for signing.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends only on the lengths.
    pub(super) fn matches(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An access key.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The principal that it belongs to.
    pub caller: Caller,
    /// The secret access key.
    pub secret: Secret,
    /// The session token, for temporary credentials.
    pub session_token: Option<Secret>,
    /// The expiry, for temporary credentials.
    pub expires: Option<Timestamp>,
}

impl Credential {
    /// A long-term key of the account itself.
    pub fn root(account: AccountId, access_key_id: &str, secret: Secret) -> Self {
        let mut caller = Caller::root(account);
        caller.access_key_id = Some(access_key_id.into());
        Self { caller, secret, session_token: None, expires: None }
    }
}

/// A credential with the number of its registration. Derived keys are cached by that number, so that a key registered
/// again with another secret never uses what was derived from the old one.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) serial: u64,
    pub(super) credential: Credential,
}

/// The number of parts in which the keys are kept. Adding a key copies its part.
const SHARDS: usize = 64;

type Shard = ArcSwap<HashMap<Arc<str>, Arc<Registered>>>;

/// All access keys. Reading them takes no lock.
#[derive(Debug)]
pub struct Keys {
    shards: Box<[Shard]>,
    serial: AtomicU64,
}

impl Default for Keys {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), serial: AtomicU64::new(0) }
    }
}

impl Keys {
    /// Registers a key; replaces any with the same id.
    pub fn insert(&self, access_key_id: &str, credential: Credential) {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let registered = Arc::new(Registered { serial, credential });
        self.shard(access_key_id).rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.insert(access_key_id.into(), Arc::clone(&registered));
            keys
        });
    }

    /// Removes a key.
    pub fn remove(&self, access_key_id: &str) {
        self.shard(access_key_id).rcu(|keys| {
            let mut keys = HashMap::clone(keys);
            keys.remove(access_key_id);
            keys
        });
    }

    /// Whether there is a key with this id.
    pub(super) fn has(&self, access_key_id: &str) -> bool {
        self.find(access_key_id).is_some()
    }

    pub(super) fn find(&self, access_key_id: &str) -> Option<Arc<Registered>> {
        self.shard(access_key_id).load().get(access_key_id).map(Arc::clone)
    }

    fn shard(&self, access_key_id: &str) -> &Shard {
        let sum = access_key_id
            .bytes()
            .fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        &self.shards[sum % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let account = AccountId::parse("123456789012").unwrap();
        let credential = Credential::root(account, "AKID", Secret::new("hush"));
        assert!(!format!("{credential:?}").contains("hush"));
    }

    #[test]
    fn keys_are_replaced_and_forgotten() {
        let keys = Keys::default();
        let account = AccountId::parse("123456789012").unwrap();
        for secret in ["one", "two"] {
            keys.insert("AKID", Credential::root(account.clone(), "AKID", Secret::new(secret)));
        }
        let found = keys.find("AKID").unwrap();
        assert!(found.credential.secret.matches("two") && !found.credential.secret.matches("one"));
        assert_eq!(found.serial, 1);
        keys.remove("AKID");
        assert!(keys.find("AKID").is_none());
    }
}
