//! Secure Remote Password as Cognito has it: RFC 5054's group of 3,072 bits, SHA-256, and a key by HKDF. The password is
//! never sent, and what is kept of it, the verifier, doesn't sign anybody in.
//!
//! Everything is bounded: numbers by the group's size, work by four exponentiations with exponents of 256 bits.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use num_bigint::BigUint;

/// The group's prime, of RFC 3526 section 4.
const PRIME: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
    020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6\
    F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05\
    98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804\
    F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718\
    3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A\
    8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864\
    D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E\
    4B82D120A93AD2CAFFFFFFFFFFFFFFFF";
/// The length of a number of the group in hexadecimal.
const HEX_MAX: usize = 768;
/// What keys are derived for.
const KEY_INFO: &[u8] = b"Caldera Derived Key\x01";
/// The length of a key, in bytes.
const KEY_BYTES: usize = 16;
/// The length of random exponents and salts, in bytes.
pub(super) const EXPONENT_BYTES: usize = 32;
/// The length of a salt, in bytes.
pub(super) const SALT_BYTES: usize = 16;

struct Group {
    prime: BigUint,
    generator: BigUint,
    multiplier: BigUint,
}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let prime = BigUint::parse_bytes(PRIME.as_bytes(), 16).unwrap_or_default();
    let generator = BigUint::from(2_u8);
    let multiplier = hash_of(&[&padded(&prime), &padded(&generator)]);
    Group { prime, generator, multiplier }
});

/// A number that isn't one of the group, or is one that would give the key away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoNumber;

/// What is kept of a password: a salt and a verifier, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verifier {
    pub(super) salt: String,
    pub(super) verifier: String,
}

impl Verifier {
    /// The verifier of a password.
    pub(super) fn new(pool: &str, user: &str, password: &str, salt: &[u8; SALT_BYTES]) -> Self {
        let salt = BigUint::from_bytes_be(salt);
        let exponent = private_exponent(pool, user, password, &salt);
        let verifier = GROUP.generator.modpow(&exponent, &GROUP.prime);
        Self { salt: salt.to_str_radix(16), verifier: verifier.to_str_radix(16) }
    }
}

/// x: the hash of salt, pool, user and password.
fn private_exponent(pool: &str, user: &str, password: &str, salt: &BigUint) -> BigUint {
    let inner = digest(&SHA256, format!("{pool}{user}:{password}").as_bytes());
    hash_of(&[&padded(salt), inner.as_ref()])
}

/// The client's public number, checked.
#[derive(Clone, Debug)]
pub(super) struct ClientNumber(BigUint);

impl ClientNumber {
    /// Reads `SRP_A`.
    pub(super) fn parse(hex: &str) -> Result<Self, NoNumber> {
        // A sign or an underscore would be read too.
        let is_hex = !hex.is_empty() && hex.len() <= HEX_MAX && hex.bytes().all(|b| b.is_ascii_hexdigit());
        let number = is_hex.then(|| BigUint::parse_bytes(hex.as_bytes(), 16)).flatten().ok_or(NoNumber)?;
        // Of a multiple of the prime, anybody knows what key comes of it.
        if &number % &GROUP.prime == BigUint::ZERO { Err(NoNumber) } else { Ok(Self(number)) }
    }

    /// As it was sent.
    pub(super) fn to_hex(&self) -> String {
        self.0.to_str_radix(16)
    }
}

/// The server's public number, in hexadecimal.
pub(super) fn server_number(verifier: &str, exponent: &[u8; EXPONENT_BYTES]) -> Result<String, NoNumber> {
    let verifier = BigUint::parse_bytes(verifier.as_bytes(), 16).ok_or(NoNumber)?;
    Ok(public(&verifier, &BigUint::from_bytes_be(exponent)).to_str_radix(16))
}

/// B = kv + g^b.
fn public(verifier: &BigUint, exponent: &BigUint) -> BigUint {
    let own = GROUP.generator.modpow(exponent, &GROUP.prime);
    (&GROUP.multiplier * verifier + own) % &GROUP.prime
}

/// The key that client and server share if the client knows the password.
pub(super) fn shared_key(
    client: &ClientNumber,
    verifier: &str,
    exponent: &[u8; EXPONENT_BYTES],
) -> Result<[u8; KEY_BYTES], NoNumber> {
    let verifier = BigUint::parse_bytes(verifier.as_bytes(), 16).ok_or(NoNumber)?;
    let exponent = BigUint::from_bytes_be(exponent);
    let server = public(&verifier, &exponent);
    let scrambler = hash_of(&[&padded(&client.0), &padded(&server)]);
    if scrambler == BigUint::ZERO {
        return Err(NoNumber);
    }
    let base = &client.0 * verifier.modpow(&scrambler, &GROUP.prime);
    let secret = base.modpow(&exponent, &GROUP.prime);
    Ok(derived(&secret, &scrambler))
}

fn derived(secret: &BigUint, scrambler: &BigUint) -> [u8; KEY_BYTES] {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &padded(scrambler)), &padded(secret));
    let expanded = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref()), KEY_INFO);
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&expanded.as_ref()[..KEY_BYTES]);
    key
}

/// Whether the client has signed the challenge with the key.
pub(super) fn is_claimed(
    key: &[u8; KEY_BYTES],
    pool: &str,
    user: &str,
    challenge: &[u8],
    time: &str,
    signature: &[u8],
) -> bool {
    let message = [pool.as_bytes(), user.as_bytes(), challenge, time.as_bytes()].concat();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), &message, signature).is_ok()
}

fn hash_of(parts: &[&[u8]]) -> BigUint {
    BigUint::from_bytes_be(digest(&SHA256, &parts.concat()).as_ref())
}

/// A number's bytes as clients hash them: never negative in two's complement.
fn padded(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| 0x80 <= *first) {
        bytes.insert(0, 0);
    }
    bytes
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a client does: its number, and from the challenge its key.
    pub(crate) struct Client {
        exponent: BigUint,
        pub(crate) number: String,
    }

    impl Client {
        pub(crate) fn new(seed: u8) -> Self {
            let exponent = BigUint::from_bytes_be(&[seed; 128]);
            let number = GROUP.generator.modpow(&exponent, &GROUP.prime).to_str_radix(16);
            Self { exponent, number }
        }

        pub(crate) fn key(
            &self,
            pool: &str,
            user: &str,
            password: &str,
            salt: &str,
            server: &str,
        ) -> [u8; 16] {
            let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap();
            let (salt, server, own) = (number(salt), number(server), number(&self.number));
            let scrambler = hash_of(&[&padded(&own), &padded(&server)]);
            let private = private_exponent(pool, user, password, &salt);
            let theirs = &GROUP.multiplier * GROUP.generator.modpow(&private, &GROUP.prime);
            let base = (&server + &GROUP.prime * &GROUP.multiplier - theirs) % &GROUP.prime;
            let secret = base.modpow(&(&self.exponent + &scrambler * private), &GROUP.prime);
            derived(&secret, &scrambler)
        }

        /// The signature of a challenge.
        pub(crate) fn claim(key: &[u8; 16], pool: &str, user: &str, challenge: &[u8], time: &str) -> Vec<u8> {
            let message = [pool.as_bytes(), user.as_bytes(), challenge, time.as_bytes()].concat();
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &message).as_ref().to_vec()
        }
    }

    #[test]
    fn who_knows_the_password_has_the_key() {
        let (pool, user) = ("AbCdEf123", "ann");
        let kept = Verifier::new(pool, user, "Secret-1", &[7; SALT_BYTES]);
        for seed in [1, 200] {
            let (client, exponent) = (Client::new(seed), [seed; EXPONENT_BYTES]);
            let server = server_number(&kept.verifier, &exponent).unwrap();
            let number = ClientNumber::parse(&client.number).unwrap();
            let key = shared_key(&number, &kept.verifier, &exponent).unwrap();
            let own = client.key(pool, user, "Secret-1", &kept.salt, &server);
            assert_eq!(key, own);
            let signature = Client::claim(&own, pool, user, b"challenge", "now");
            assert!(is_claimed(&key, pool, user, b"challenge", "now", &signature));
            assert!(!is_claimed(&key, pool, user, b"challenge", "later", &signature));
            assert!(!is_claimed(&key, pool, "bob", b"challenge", "now", &signature));
            assert!(!is_claimed(&key, pool, user, b"challenge", "now", &signature[1..]));
            let wrong = client.key(pool, user, "Secret-2", &kept.salt, &server);
            assert_ne!(key, wrong);
        }
    }

    #[test]
    fn numbers_outside_of_the_group_are_none() {
        let prime = &GROUP.prime;
        let hex = |number: &BigUint| number.to_str_radix(16);
        for bad in [
            String::new(),
            "0".to_owned(),
            "0".repeat(768),
            hex(prime),
            "xyz".to_owned(),
            "-5".to_owned(),
            "+5".to_owned(),
            "5_5".to_owned(),
            "f".repeat(769),
            "f".repeat(100_000),
            hex(&(prime * 2_u8)),
        ] {
            assert_eq!(ClientNumber::parse(&bad).err(), Some(NoNumber), "{}", bad.len());
        }
        for good in ["1", "F", &hex(&(prime - 1_u8)), &hex(&(prime + 1_u8))] {
            assert!(ClientNumber::parse(good).is_ok(), "{good}");
        }
        assert!(server_number("nonsense", &[1; EXPONENT_BYTES]).is_err());
    }

    #[test]
    fn the_group_is_the_rfc_s() {
        assert_eq!((GROUP.prime.bits(), PRIME.len()), (3_072, HEX_MAX));
        // Known to every client of Cognito: k of this group.
        let k = GROUP.multiplier.to_str_radix(16);
        assert_eq!(k, hex_of_known_multiplier());
    }

    /// Python: `hashlib.sha256(bytes.fromhex("00" + N + "02")).hexdigest()`.
    fn hex_of_known_multiplier() -> &'static str {
        "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6"
    }
}
