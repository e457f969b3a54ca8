//! Challenges: what is asked between the two requests of a sign-in. Their state travels with the client, sealed, so that
//! nothing is kept for whoever doesn't come back, and any node can go on.

use std::sync::Arc;

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::cognito::Cognito;
use crate::cognito::error::{Error, NOT_AUTHORIZED, RESOURCE_NOT_FOUND};
use crate::cognito::keys::IssuerKeys;

/// How long a client may take, in seconds; AWS's default.
const LIFETIME_S: i64 = 180;
/// The longest sealed state that is looked at.
const SEALED_CHARS_MAX: usize = 8_192;

/// The state of a sign-in that isn't finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Challenge {
    pub(super) client: String,
    /// What the user is stored under; none if there is no such user, which the client isn't told.
    pub(super) user: Option<String>,
    pub(super) kind: Kind,
    expires: i64,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Whether the client knows the password.
    Password {
        /// The client's number.
        number: String,
        /// The server's secret exponent, in base64.
        exponent: String,
    },
    /// A new password.
    NewPassword,
}

impl Challenge {
    /// A challenge that begins now.
    pub(super) fn new(client: &str, user: Option<String>, kind: Kind, now: Timestamp) -> Self {
        let expires = now.as_seconds().saturating_add(LIFETIME_S);
        Self { client: client.to_owned(), user, kind, expires }
    }
}

async fn keys_of(cognito: &Cognito, pool: &str) -> Result<Arc<IssuerKeys>, Error> {
    let keys = cognito.keys(pool).await?;
    keys.ok_or_else(|| Error::new(RESOURCE_NOT_FOUND, format!("User pool {pool} does not exist.")))
}

/// Seals a challenge of a pool.
pub(super) async fn seal(cognito: &Cognito, pool: &str, challenge: &Challenge) -> Result<String, Error> {
    let keys = keys_of(cognito, pool).await?;
    let mut text = serde_json::to_vec(challenge).map_err(|_| Error::Key)?;
    let nonce = keys.challenges.seal_in_place_append_tag(Aad::from(pool.as_bytes()), &mut text);
    let nonce = nonce.map_err(|_| Error::Key)?;
    Ok(STANDARD.encode([nonce.as_ref().as_slice(), text.as_slice()].concat()))
}

/// Opens a challenge that the pool has sealed for a client and that hasn't expired.
pub(super) async fn open(
    cognito: &Cognito,
    pool: &str,
    client: &str,
    sealed: &str,
    now: Timestamp,
) -> Result<Challenge, Error> {
    let invalid = || Error::new(NOT_AUTHORIZED, "Invalid session for the user.");
    if SEALED_CHARS_MAX < sealed.len() {
        return Err(invalid());
    }
    let keys = keys_of(cognito, pool).await?;
    let bytes = STANDARD.decode(sealed).map_err(|_| invalid())?;
    let (nonce, text) = bytes.split_at_checked(NONCE_LEN).ok_or_else(invalid)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| invalid())?;
    let mut text = text.to_vec();
    let opened = keys.challenges.open_in_place(nonce, Aad::from(pool.as_bytes()), &mut text);
    let opened = opened.map_err(|_| invalid())?;
    let challenge: Challenge = serde_json::from_slice(opened).map_err(|_| invalid())?;
    if challenge.client != client {
        return Err(invalid());
    }
    if challenge.expires <= now.as_seconds() {
        return Err(Error::new(NOT_AUTHORIZED, "Invalid session for the user, session is expired."));
    }
    Ok(challenge)
}
