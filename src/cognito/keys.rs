//! RSA keys that sign tokens: made once, kept sealed, published as JSON Web Key Sets.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::error::Error;
use crate::gateway::KeySet;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs512,
}

impl Algorithm {
    /// Its name in JSON Web Tokens.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs512 => "RS512",
        }
    }
}

/// A key pair with its id.
pub(crate) struct SigningKey {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pair: KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Makes a key. Takes some tenths of a second.
    pub(crate) fn generate(id: String, algorithm: Algorithm) -> Result<Self, Error> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::Key)?;
        Ok(Self { id, algorithm, pair })
    }

    /// The key in PKCS #8, as base64: the secret that is kept.
    pub(crate) fn secret(&self) -> Result<String, Error> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| Error::Key)?;
        Ok(STANDARD.encode(der.as_ref()))
    }

    /// The key that was kept.
    pub(crate) fn of_secret(id: String, algorithm: Algorithm, secret: &str) -> Result<Self, Error> {
        let der = STANDARD.decode(secret).map_err(|_| Error::Key)?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| Error::Key)?;
        Ok(Self { id, algorithm, pair })
    }

    /// A signature.
    pub(crate) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let padding = match self.algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_SHA256,
            Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        };
        self.pair.sign(padding, &SystemRandom::new(), text, &mut signature).map_err(|_| Error::Key)?;
        Ok(signature)
    }

    /// The public key as a JSON Web Key ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
    fn jwk(&self) -> Value {
        let public = self.pair.public_key();
        let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "alg": self.algorithm.name(),
            "e": number(public.exponent().big_endian_without_leading_zero()),
            "kid": self.id,
            "kty": "RSA",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "use": "sig",
        })
    }
}

/// What the key of challenges is derived for.
const CHALLENGES: &[u8] = b"stepgate cognito challenges";
/// The same for users who aren't there.
const INVENTED: &[u8] = b"stepgate cognito invented users";

/// The keys of an issuer.
pub(crate) struct IssuerKeys {
    /// Seals what travels with clients; derived from the first key.
    pub(crate) challenges: RandomizedNonceKey,
    /// Invents what users have who aren't there; derived too.
    invented: [u8; 32],
    /// As clients get it.
    pub(crate) jwks: String,
    /// The same, for verifying.
    pub(crate) set: KeySet,
    all: Vec<SigningKey>,
}

impl fmt::Debug for IssuerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IssuerKeys").field(&self.all).finish()
    }
}

impl IssuerKeys {
    /// Puts keys together; at least one.
    pub(crate) fn new(all: Vec<SigningKey>) -> Result<Arc<Self>, Error> {
        let jwks = json!({"keys": all.iter().map(SigningKey::jwk).collect::<Vec<_>>()}).to_string();
        let set = KeySet::parse(jwks.as_bytes()).map_err(|_| Error::Key)?;
        let secret = all.first().ok_or(Error::Key)?.secret()?;
        let derive = |purpose: &[u8]| {
            let mut derived = [0; 32];
            hkdf::Salt::new(hkdf::HKDF_SHA256, &[])
                .extract(secret.as_bytes())
                .expand(&[purpose], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut derived))
                .map_err(|_| Error::Key)?;
            Ok::<_, Error>(derived)
        };
        let challenges =
            RandomizedNonceKey::new(&AES_256_GCM, &derive(CHALLENGES)?).map_err(|_| Error::Key)?;
        let invented = derive(INVENTED)?;
        Ok(Arc::new(Self { challenges, invented, jwks, set, all }))
    }

    /// A key by its number; the first if there are fewer.
    pub(crate) fn get(&self, index: usize) -> Result<&SigningKey, Error> {
        self.all.get(index).or_else(|| self.all.first()).ok_or(Error::Key)
    }

    /// A salt and a password for a user who isn't there, the same whenever the name is asked for.
    pub(crate) fn invent(&self, name: &str) -> ([u8; 32], String) {
        let made = |purpose: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &self.invented);
            hmac::sign(&key, format!("{purpose} {name}").as_bytes())
        };
        let mut salt = [0; 32];
        salt.copy_from_slice(made("salt").as_ref());
        (salt, STANDARD.encode(made("password")))
    }

    /// Every key.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        self.all.iter()
    }
}
