//! Bodies in chunks, each signed with what was signed before it.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use subtle::ConstantTimeEq;

use super::canonical::push_hex;
use super::mac::mac;
use super::signature::Signature;

/// The hash of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Verifies the signatures of a body's chunks, in their order.
pub struct Chunks {
    key: [u8; 32],
    date: String,
    scope: String,
    previous: String,
}

impl Chunks {
    /// Those of the request with this signature.
    pub(super) fn after(key: [u8; 32], signature: &Signature) -> Self {
        let (date, scope) = (signature.date.to_amz_date(), signature.scope());
        Self { key, date, scope, previous: signature.signature.clone() }
    }

    /// Whether the next chunk, with this hash in hexadecimal, has this signature.
    pub fn is_next(&mut self, sha256: &str, signature: &str) -> bool {
        let hashes = format!("{EMPTY}\n{sha256}");
        self.is_signed("AWS4-HMAC-SHA256-PAYLOAD", &hashes, signature)
    }

    /// Whether the trailers, with this hash in hexadecimal, have this signature.
    pub fn is_trailer(&mut self, sha256: &str, signature: &str) -> bool {
        self.is_signed("AWS4-HMAC-SHA256-TRAILER", sha256, signature)
    }

    fn is_signed(&mut self, what: &str, hashes: &str, signature: &str) -> bool {
        let Self { key, date, scope, previous } = self;
        let to_sign = format!("{what}\n{date}\n{scope}\n{previous}\n{hashes}");
        let mut expected = String::with_capacity(64);
        push_hex(&mut expected, &mac(key, to_sign.as_bytes()));
        let is_right = bool::from(expected.as_bytes().ct_eq(signature.as_bytes()));
        self.previous = expected;
        is_right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_example_verifies() {
        let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        let scope = "20130524/us-east-1/s3/aws4_request";
        let key = ["20130524", "us-east-1", "s3", "aws4_request"]
            .iter()
            .fold(b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec(), |key, step| {
                mac(&key, step.as_bytes()).to_vec()
            });
        let mut chunks = Chunks {
            key: key.try_into().unwrap(),
            date: "20130524T000000Z".to_owned(),
            scope: scope.to_owned(),
            previous: seed.to_owned(),
        };
        let of_as = "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a";
        assert!(chunks.is_next(of_as, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
        let of_1024 = "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a";
        assert!(chunks.is_next(of_1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
        assert!(!chunks.is_next(EMPTY, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
    }
}
