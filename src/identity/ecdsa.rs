//! Signature Version 4A: ECDSA on P-256 with a key that both sides derive from the secret, for any number of regions.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>. A signature is never the same twice, so it is
//! verified with the public key instead of being computed again.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};

use super::mac::mac;
use crate::id::Region;

/// The number of points of the curve, less two: what a derived number may be at most.
const ORDER_LESS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];
/// An ECPrivateKey of RFC 5915, up to the number and after it: of P-256, without the public key.
const DER_BEFORE: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const DER_AFTER: [u8; 12] = [0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The length of a public key: uncompressed.
const PUBLIC_BYTES: usize = 65;

/// The key that verifies an access key's signatures.
pub(super) type PublicKey = [u8; PUBLIC_BYTES];

/// Derives the public key of an access key; `None` for a secret of which there is no key.
pub(super) fn public_key(access_key_id: &str, secret: &str, algorithm: &str) -> Option<PublicKey> {
    let number = private_number(access_key_id, secret, algorithm)?;
    let der = [DER_BEFORE.as_slice(), &number, &DER_AFTER].concat();
    let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).ok()?;
    pair.public_key().as_ref().try_into().ok()
}

/// The private number: NIST SP 800-108's key derivation in counter mode, as often as it takes to get one in range.
fn private_number(access_key_id: &str, secret: &str, algorithm: &str) -> Option<[u8; 32]> {
    let key = format!("AWS4A{secret}");
    (1..=254_u8).find_map(|counter| {
        let mut input = vec![0, 0, 0, 1];
        input.extend(algorithm.as_bytes());
        input.push(0);
        input.extend(access_key_id.as_bytes());
        input.push(counter);
        input.extend(256_u32.to_be_bytes());
        let candidate = mac(key.as_bytes(), &input);
        (candidate <= ORDER_LESS_TWO).then(|| plus_one(candidate))
    })
}

fn plus_one(mut number: [u8; 32]) -> [u8; 32] {
    for byte in number.iter_mut().rev() {
        let (sum, overflowed) = byte.overflowing_add(1);
        *byte = sum;
        if !overflowed {
            break;
        }
    }
    number
}

/// Whether `signature`, in hexadecimal, is one of `text`.
pub(super) fn is_signed(key: &PublicKey, text: &str, signature: &str) -> bool {
    // No signature is longer; what is would only cost time.
    const SIGNATURE_CHARS_MAX: usize = 144;
    if SIGNATURE_CHARS_MAX < signature.len() {
        return false;
    }
    let Ok(signature) = hex::decode(signature) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(text.as_bytes(), &signature).is_ok()
}

/// Whether a set of regions has one of them: `us-east-1,eu-*` or `*`.
pub(super) fn covers(set: &str, region: &Region) -> bool {
    set.split(',').map(str::trim).any(|pattern| match pattern.split_once('*') {
        Some((before, "")) => region.as_str().starts_with(before),
        Some(_) => false,
        None => pattern == region.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_key_that_aws_s_clients_derive() {
        // From the test suite that AWS's SDKs share.
        let key = public_key(
            "AKISORANDOMAASORANDOM",
            "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
            "AWS4-ECDSA-P256-SHA256",
        )
        .unwrap();
        let expect = "04\
            15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb\
            0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0";
        assert_eq!(hex::encode(key), expect);
    }

    #[test]
    fn numbers_carry() {
        let mut number = [0; 32];
        number[31] = 0xff;
        number[30] = 0xff;
        let sum = plus_one(number);
        assert_eq!((sum[29], sum[30], sum[31]), (1, 0, 0));
    }

    #[test]
    fn sets_have_regions() {
        let region = Region::parse("eu-west-1").unwrap();
        for (set, expect) in [
            ("*", true),
            ("eu-west-1", true),
            ("us-east-1, eu-west-1", true),
            ("us-*,eu-*", true),
            ("us-*", false),
            ("eu-west", false),
            ("*-west-1", false),
            ("", false),
        ] {
            assert_eq!(covers(set, &region), expect, "{set}");
        }
    }

    #[test]
    fn what_is_no_signature_signs_nothing() {
        let key = public_key("AKID", "secret", "AWS4-ECDSA-P256-SHA256").unwrap();
        for bad in ["", "00", "zz", &"0".repeat(144), &"0".repeat(1_000_000)] {
            assert!(!is_signed(&key, "text", bad));
        }
    }
}
