//! `States.Base64Encode`, `States.Base64Decode`, `States.Hash`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::call::Given;
use super::digest::{md5, sha1};
use super::error::ArgumentError;

/// Characters a text to encode, decode or hash may have.
const TEXT_MAX: usize = 10_000;

/// As Java's basic decoder: padding may be missing, bits behind the last byte are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn base64_encode(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    Ok(Value::String(BASE64.encode(bounded_text(given)?)))
}

/// What is no UTF-8 after decoding becomes replacement characters, as in Java.
pub(super) fn base64_decode(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let bytes = BASE64.decode(bounded_text(given)?).map_err(|_| ArgumentError::NotBase64)?;
    Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn hash(given: &mut Given<'_, '_>) -> Result<Value, ArgumentError> {
    let data = bounded_text(given)?.as_bytes();
    let digest = match given.text(1)? {
        "MD5" => hex::encode(md5(data)),
        "SHA-1" => hex::encode(sha1(data)),
        "SHA-256" => hex::encode(Sha256::digest(data)),
        "SHA-384" => hex::encode(Sha384::digest(data)),
        "SHA-512" => hex::encode(Sha512::digest(data)),
        other => return Err(ArgumentError::UnknownAlgorithm(other.to_owned())),
    };
    Ok(Value::String(digest))
}

fn bounded_text<'g>(given: &'g Given<'_, '_>) -> Result<&'g str, ArgumentError> {
    let text = given.text(0)?;
    if TEXT_MAX < text.chars().count() {
        return Err(ArgumentError::TooLong { position: 1, max: TEXT_MAX });
    }
    Ok(text)
}
