//! Passwords: what a pool asks of them, and how they are kept.
//!
//! A password is kept twice, sealed: as an Argon2id hash, for flows that send the password, and as a verifier for SRP,
//! which needs one. A verifier can be tried against guesses by whoever has the data and the master key, at the price of an
//! exponentiation a guess; that is inherent to SRP.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use super::srp::{SALT_BYTES, Verifier};
use crate::cognito::error::{Error, INVALID_PASSWORD};

/// OWASP's parameters for Argon2id: memory in KiB, passes, lanes.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The length of a hash, in bytes.
const HASH_BYTES: usize = 32;

/// A kept password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) salt: String,
    pub(super) hash: String,
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) srp: Verifier,
}

impl Kept {
    /// Hashes a password. Takes a while.
    pub(super) fn new(
        pool: &str,
        user: &str,
        password: &str,
        salts: [[u8; SALT_BYTES]; 2],
    ) -> Result<Self, Error> {
        let [salt, srp_salt] = salts;
        let hash = hash(password, &salt, MEMORY_KIB, PASSES)?;
        Ok(Self {
            salt: STANDARD_NO_PAD.encode(salt),
            hash: STANDARD_NO_PAD.encode(hash),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            srp: Verifier::new(pool, user, password, &srp_salt),
        })
    }

    /// Whether it is this password. Takes a while.
    pub(super) fn is(&self, password: &str) -> Result<bool, Error> {
        let salt = STANDARD_NO_PAD.decode(&self.salt).map_err(|_| Error::Key)?;
        let kept = STANDARD_NO_PAD.decode(&self.hash).map_err(|_| Error::Key)?;
        let found = hash(password, &salt, self.memory_kib, self.passes)?;
        Ok(verify_slices_are_equal(&found, &kept).is_ok())
    }
}

/// Takes as long as it would with a user who is there.
pub(super) fn waste_time(password: &str) {
    // Nobody looks at the result.
    let _ = hash(password, &[0; SALT_BYTES], MEMORY_KIB, PASSES);
}

fn hash(password: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<[u8; HASH_BYTES], Error> {
    let params = Params::new(memory_kib, passes, LANES, Some(HASH_BYTES)).map_err(|_| Error::Key)?;
    let mut out = [0; HASH_BYTES];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(password.as_bytes(), salt, &mut out).map_err(|_| Error::Key)?;
    Ok(out)
}

/// What a pool asks of passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    min: usize,
    upper: bool,
    lower: bool,
    number: bool,
    symbol: bool,
}

/// What counts as a symbol.
///
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html>
const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`=+ ";

impl Policy {
    /// The policy in a pool's settings: AWS's usual one for what they don't say.
    pub(super) fn of(settings: &Value) -> Self {
        let policy = &settings["Policies"]["PasswordPolicy"];
        let is_asked = |name: &str| policy[name].as_bool().unwrap_or_else(|| policy.is_null());
        let min = policy["MinimumLength"].as_u64().and_then(|min| usize::try_from(min).ok());
        Self {
            min: min.unwrap_or(8),
            upper: is_asked("RequireUppercase"),
            lower: is_asked("RequireLowercase"),
            number: is_asked("RequireNumbers"),
            symbol: is_asked("RequireSymbols"),
        }
    }

    /// Refuses a password that the pool doesn't take, with the first reason.
    pub(super) fn check(&self, password: &str) -> Result<(), Error> {
        let has = |is: fn(char) -> bool| password.chars().any(is);
        let is_edge = password.starts_with(' ') || password.ends_with(' ');
        let reason = if password.chars().count() < self.min {
            "Password not long enough"
        } else if self.upper && !has(char::is_uppercase) {
            "Password must have uppercase characters"
        } else if self.lower && !has(char::is_lowercase) {
            "Password must have lowercase characters"
        } else if self.number && !has(|c| c.is_ascii_digit()) {
            "Password must have numeric characters"
        } else if self.symbol && !has(|c| SYMBOLS.contains(c)) {
            "Password must have symbol characters"
        } else if is_edge {
            "Password must not begin or end with a space"
        } else {
            return Ok(());
        };
        Err(Error::new(INVALID_PASSWORD, format!("Password did not conform with policy: {reason}")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_are_known_again() {
        let kept = Kept::new("pool", "ann", "Secret-1", [[1; SALT_BYTES], [2; SALT_BYTES]]).unwrap();
        assert!(kept.is("Secret-1").unwrap());
        for other in ["secret-1", "Secret-1 ", ""] {
            assert!(!kept.is(other).unwrap(), "{other}");
        }
        let salted = Kept::new("pool", "ann", "Secret-1", [[3; SALT_BYTES], [4; SALT_BYTES]]).unwrap();
        assert!(salted.hash != kept.hash && salted.srp != kept.srp);
    }

    #[test]
    fn pools_say_what_they_take() {
        let check = |settings: Value, password: &str| {
            Policy::of(&settings).check(password).err().map(|error| error.to_string())
        };
        let usual = json!({});
        assert_eq!(check(usual.clone(), "Secret-1"), None);
        for (password, part) in [
            ("Se-1", "not long enough"),
            ("secret-1", "uppercase characters"),
            ("SECRET-1", "lowercase characters"),
            ("Secret-x", "numeric characters"),
            ("Secretx1", "symbol characters"),
            (" Secret-1", "with a space"),
        ] {
            let said = check(usual.clone(), password).unwrap();
            assert!(said.ends_with(part), "{password}: {said}");
        }
        let own = json!({"Policies": {"PasswordPolicy": {"MinimumLength": 6}}});
        assert_eq!(check(own.clone(), "secret"), None);
        assert!(check(own, "secre").is_some());
    }
}
