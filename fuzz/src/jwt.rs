//! JSON Web Tokens: claims are accepted only if a key has signed them.

use std::sync::LazyLock;

use stepgate::gateway::KeySet;

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    KeySet::parse(include_bytes!("../../tests/data/user_pools/jwks.json")).expect("a key set")
});

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| crate::corpus::seeds(crate::Target::Jwt));

pub(crate) fn execute(text: &str) {
    if let Some(claims) = KEYS.claims(text) {
        assert!(claims.contains_key("iss"));
        // The first two parts are signed. Tokens that pass have them from the seeds.
        let signed = text.rsplit_once('.').map(|(signed, _)| signed);
        let known = SEEDS.iter().any(|seed| signed.is_some_and(|signed| seed.starts_with(signed.as_bytes())));
        assert!(known, "a token was made without the key");
    }
    let _ = KeySet::parse(text.as_bytes());
}

pub(crate) const WORDS: &[&str] = &[
    ".",
    "..",
    "e30",
    "eyJhbGciOiJub25lIn0",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJSUzI1NiJ9",
    "=",
    "-",
    "_",
    "AAAA",
    "{\"keys\":[",
    "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"kid\":\"k\"}",
    "]}",
    "\"alg\":\"PS256\"",
    "\"use\":\"enc\"",
    "\"key_ops\":[\"verify\"]",
    "Bearer ",
    "é",
];
