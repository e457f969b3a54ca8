//! Secrets at rest: values that are encrypted before they are written, each for its own place.
//!
//! A data key encrypts the values. It is stored in the database, encrypted with the master key, which is kept
//! elsewhere: by default in a file beside the database. The cipher is AES-256-GCM. A value contains its version, and
//! the table, column and key of its row are authenticated with it, so that it can't be moved to another place.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Error;

/// The size of a key, in bytes.
pub const KEY_BYTES: usize = 32;
/// The version of newly written values.
const VERSION: u8 = 1;
/// The overhead of an encrypted value: version, nonce, tag.
const OVERHEAD_BYTES: usize = 1 + NONCE_LEN + 16;

/// Where the master key is, which encrypts the data key.
#[derive(Clone, Debug, Default)]
pub enum MasterKeySource {
    /// In `secrets.key` beside the database; generated on first use.
    #[default]
    Beside,
    /// Elsewhere; this is the key.
    Given(MasterKey),
}

/// The master key, which encrypts the data key; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; KEY_BYTES]);

impl MasterKey {
    /// Parses a key of 32 bytes in base64 or hexadecimal, with optional surrounding blanks.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?;
        bytes.try_into().ok().map(Self)
    }

    /// Generates a random key.
    pub(super) fn generate() -> Result<Self, Error> {
        random().map(Self)
    }

    /// The text form that [`MasterKey::parse`] accepts.
    pub(super) fn to_text(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Identifies the key without revealing it.
    pub(super) fn id(&self) -> Result<String, Error> {
        let id: [u8; KEY_BYTES] = derive(&self.0, b"stepgate master key id")?;
        Ok(hex::encode(&id[..8]))
    }

    /// Encrypts a data key.
    pub(super) fn wrap(&self, key: &DataKey) -> Result<Vec<u8>, Error> {
        seal(&self.wrapping_key()?, WRAPPED, &key.0)
    }

    /// Decrypts a data key.
    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Result<DataKey, Error> {
        let key = unseal(&self.wrapping_key()?, WRAPPED, wrapped);
        let key = key.and_then(|key| key.try_into().ok());
        key.map(DataKey).ok_or_else(|| Error::Corrupt("the data key can't be decrypted".to_owned()))
    }

    fn wrapping_key(&self) -> Result<RandomizedNonceKey, Error> {
        cipher(&derive(&self.0, b"stepgate master key wrap")?)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

/// A name that nobody has had.
///
/// # Errors
/// [`Error::Io`] if the operating system has no randomness.
pub(super) fn random_id() -> Result<String, Error> {
    MasterKey::generate()?.id()
}

/// The context to which a wrapped key is bound.
const WRAPPED: &[u8] = b"stepgate data key";

/// The key that encrypts values.
pub(super) struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    pub(super) fn generate() -> Result<Self, Error> {
        random().map(Self)
    }
}

/// A column whose values are encrypted.
#[derive(Debug)]
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// Its name; the type is BLOB.
    pub column: &'static str,
    /// The columns that identify a row: TEXT.
    pub key: &'static [&'static str],
    /// How to find rows by an encrypted value, if that is needed.
    pub lookup: Option<Lookup>,
}

/// A column for finding a row by a part of its encrypted value, without revealing that part.
#[derive(Debug)]
pub struct Lookup {
    /// Its name; the type is BLOB.
    pub column: &'static str,
    /// Extracts the part.
    pub of: fn(&[u8]) -> Option<String>,
}

/// Encrypts and decrypts values.
pub(super) struct Secrets {
    cipher: RandomizedNonceKey,
    lookup: hmac::Key,
}

impl Secrets {
    pub(super) fn new(key: &DataKey) -> Result<Self, Error> {
        let lookup: [u8; KEY_BYTES] = derive(&key.0, b"stepgate data key lookup")?;
        Ok(Self {
            cipher: cipher(&derive(&key.0, b"stepgate data key values")?)?,
            lookup: hmac::Key::new(hmac::HMAC_SHA256, &lookup),
        })
    }

    /// Encrypts a value for one row.
    pub(super) fn seal(&self, column: &SealedColumn, key: &[&str], value: &[u8]) -> Result<Vec<u8>, Error> {
        seal(&self.cipher, &place(column, key), value)
    }

    /// Decrypts the value of a row.
    pub(super) fn unseal(
        &self,
        column: &SealedColumn,
        key: &[&str],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        unseal(&self.cipher, &place(column, key), sealed).ok_or_else(|| {
            Error::Corrupt(format!("a secret in {}.{} can't be decrypted", column.table, column.column))
        })
    }

    /// The lookup value for `value`.
    pub(super) fn lookup(&self, column: &SealedColumn, value: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.lookup);
        context.update(&place(column, &[]));
        context.update(value.as_bytes());
        context.sign().as_ref().to_vec()
    }
}

/// An unambiguous name of one place.
fn place(column: &SealedColumn, key: &[&str]) -> Vec<u8> {
    let mut place = Vec::new();
    for part in [column.table, column.column].iter().chain(key) {
        place.extend((part.len() as u64).to_le_bytes());
        place.extend(part.as_bytes());
    }
    place
}

fn seal(key: &RandomizedNonceKey, place: &[u8], value: &[u8]) -> Result<Vec<u8>, Error> {
    let mut text = value.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(place), &mut text)
        .map_err(|_| Error::Io("a secret can't be encrypted".to_owned()))?;
    let mut sealed = Vec::with_capacity(value.len() + OVERHEAD_BYTES);
    sealed.push(VERSION);
    sealed.extend(nonce.as_ref());
    sealed.append(&mut text);
    Ok(sealed)
}

fn unseal(key: &RandomizedNonceKey, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (version, rest) = sealed.split_first()?;
    let (nonce, text) = rest.split_at_checked(NONCE_LEN)?;
    if *version != VERSION {
        return None;
    }
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = text.to_vec();
    let n = key.open_in_place(nonce, Aad::from(place), &mut text).ok()?.len();
    text.truncate(n);
    Some(text)
}

fn cipher(key: &[u8; KEY_BYTES]) -> Result<RandomizedNonceKey, Error> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| Error::Io("no AES-256-GCM".to_owned()))
}

/// Derives a key for one purpose, by HKDF (RFC 5869) with SHA-256.
fn derive(key: &[u8; KEY_BYTES], purpose: &[u8]) -> Result<[u8; KEY_BYTES], Error> {
    let mut derived = [0; KEY_BYTES];
    hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
        .extract(key)
        .expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut derived))
        .map_err(|_| Error::Io("no HKDF".to_owned()))?;
    Ok(derived)
}

/// Not from [`crate::clock::Ids`]: no seed may reproduce a key.
fn random() -> Result<[u8; KEY_BYTES], Error> {
    let mut bytes = [0; KEY_BYTES];
    rand::fill(&mut bytes).map_err(|_| Error::Io("the system has no random bytes".to_owned()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMN: SealedColumn = SealedColumn { table: "t", column: "c", key: &["a", "b"], lookup: None };

    fn secrets() -> Secrets {
        Secrets::new(&DataKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_value_is_read_in_its_own_place_only() {
        let secrets = secrets();
        let sealed = secrets.seal(&COLUMN, &["x", "yz"], b"secret").unwrap();
        assert_eq!(secrets.unseal(&COLUMN, &["x", "yz"], &sealed), Ok(b"secret".to_vec()));
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let other = SealedColumn { table: "u", ..COLUMN };
        assert!(secrets.unseal(&other, &["x", "yz"], &sealed).is_err());
        for key in [["xy", "z"], ["x", "y"], ["yz", "x"]] {
            assert!(secrets.unseal(&COLUMN, &key, &sealed).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_value_that_was_changed_is_none() {
        let secrets = secrets();
        let sealed = secrets.seal(&COLUMN, &["x", "y"], b"").unwrap();
        assert_eq!(sealed.len(), OVERHEAD_BYTES);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(secrets.unseal(&COLUMN, &["x", "y"], &changed).is_err(), "byte {at}");
            assert!(secrets.unseal(&COLUMN, &["x", "y"], &sealed[..at]).is_err(), "{at} bytes");
        }
    }

    #[test]
    fn the_same_value_looks_different_each_time_and_is_found_by_the_same_lookup() {
        let (secrets, others) = (secrets(), secrets());
        let seal = || secrets.seal(&COLUMN, &["x", "y"], b"secret").unwrap();
        assert_ne!(seal(), seal());
        assert_eq!(secrets.lookup(&COLUMN, "secret"), secrets.lookup(&COLUMN, "secret"));
        assert_ne!(secrets.lookup(&COLUMN, "secret"), secrets.lookup(&COLUMN, "secrets"));
        assert_ne!(secrets.lookup(&COLUMN, "secret"), others.lookup(&COLUMN, "secret"));
    }

    #[test]
    fn a_data_key_is_opened_by_its_master_key_only() {
        let (master, other) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
        let key = DataKey::generate().unwrap();
        let wrapped = master.wrap(&key).unwrap();
        assert_eq!(master.unwrap(&wrapped).unwrap().0, key.0);
        assert!(other.unwrap(&wrapped).is_err());
        assert_ne!(master.id(), other.id());
    }

    #[test]
    fn keys_are_32_bytes_in_hex_or_base64() {
        let hex = "00".repeat(32);
        let base64 = STANDARD.encode([0; 32]);
        assert_eq!(MasterKey::parse(&hex), MasterKey::parse(&format!(" {base64}\n")));
        assert!(MasterKey::parse(&hex).is_some());
        for bad in ["", "secret", &hex[2..], &STANDARD.encode([0; 31]), &STANDARD.encode([0; 33])] {
            assert_eq!(MasterKey::parse(bad), None, "{bad}");
        }
        let key = MasterKey::generate().unwrap();
        assert_eq!(MasterKey::parse(&key.to_text()), Some(key.clone()));
        assert_eq!(format!("{key:?}"), "MasterKey");
    }
}
