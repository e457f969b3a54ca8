//! The checksums that clients send with objects and ask for.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Reflected polynomials.
const CRC32: u64 = 0xEDB8_8320;
const CRC32C: u64 = 0x82F6_3B78;
const CRC64_NVME: u64 = 0x9A6C_9329_AC4B_C9B5;

static CRC32C_TABLE: [u64; 256] = table(CRC32C);
static CRC64_NVME_TABLE: [u64; 256] = table(CRC64_NVME);

/// A way to compute one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// Its name in requests.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header with such a checksum.
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The element with such a checksum.
    pub(super) fn member(self) -> String {
        format!("Checksum{}", self.name())
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// Polynomial and width of those that can be put together.
    const fn polynomial(self) -> Option<(u64, u32)> {
        match self {
            Self::Crc32 => Some((CRC32, 32)),
            Self::Crc32c => Some((CRC32C, 32)),
            Self::Crc64Nvme => Some((CRC64_NVME, 64)),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// The number of bytes of such a checksum.
    const fn len(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The bytes that `text` says in Base64, if it is such a checksum.
    pub(super) fn bytes(self, text: &str) -> Option<Vec<u8>> {
        STANDARD.decode(text).ok().filter(|bytes| bytes.len() == self.len())
    }
}

/// A checksum that is being computed.
pub(super) struct Checksum {
    algorithm: Algorithm,
    state: State,
}

enum State {
    Crc32(crc32fast::Hasher),
    Crc(u64, &'static [u64; 256]),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            Algorithm::Crc32c => State::Crc(0xFFFF_FFFF, &CRC32C_TABLE),
            Algorithm::Crc64Nvme => State::Crc(u64::MAX, &CRC64_NVME_TABLE),
            Algorithm::Sha1 => State::Sha1(Sha1::default()),
            Algorithm::Sha256 => State::Sha256(Sha256::default()),
        };
        Self { algorithm, state }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc(crc, table) => {
                let step = |crc: u64, byte: &u8| table[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8);
                *crc = bytes.iter().fold(*crc, step);
            }
            State::Sha1(hasher) => hasher.update(bytes),
            State::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// The checksum in Base64.
    pub(super) fn finish(self) -> String {
        let bytes = match self.state {
            State::Crc32(hasher) => u64::from(hasher.finalize()).to_be_bytes().to_vec(),
            State::Crc(crc, _) => (!crc).to_be_bytes().to_vec(),
            State::Sha1(hasher) => hasher.finalize().to_vec(),
            State::Sha256(hasher) => hasher.finalize().to_vec(),
        };
        let from = bytes.len().saturating_sub(self.algorithm.len());
        STANDARD.encode(bytes.get(from..).unwrap_or_default())
    }
}

/// The checksum of bytes in Base64.
pub(super) fn of(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut checksum = Checksum::new(algorithm);
    checksum.update(bytes);
    checksum.finish()
}

/// The checksum of the checksums of parts, as S3 writes it; `None` if one is none.
pub(super) fn composite<'a>(
    algorithm: Algorithm,
    parts: impl ExactSizeIterator<Item = &'a str>,
) -> Option<String> {
    let n_parts = parts.len();
    let bytes: Vec<Vec<u8>> = parts.map(|part| algorithm.bytes(part)).collect::<Option<_>>()?;
    Some(format!("{}-{n_parts}", of(algorithm, &bytes.concat())))
}

/// The checksum of what parts, of these checksums and lengths, are together; `None` if the algorithm can't say it.
pub(super) fn whole<'a>(algorithm: Algorithm, parts: impl Iterator<Item = (&'a str, u64)>) -> Option<String> {
    let (polynomial, width) = algorithm.polynomial()?;
    let mut sum = 0;
    for (part, length) in parts {
        let bytes = algorithm.bytes(part)?;
        let crc = bytes.iter().fold(0, |crc: u64, byte| (crc << 8) | u64::from(*byte));
        sum = append(sum, crc, length, polynomial, width);
    }
    let bytes = sum.to_be_bytes();
    Some(STANDARD.encode(bytes.get(bytes.len() - algorithm.len()..)?))
}

/// The CRC of a text followed by another one of `length` bytes, of their CRCs: the first is multiplied by x to the power
/// of the second's bits, modulo the polynomial.
fn append(first: u64, second: u64, length: u64, polynomial: u64, width: u32) -> u64 {
    // In a reflected polynomial, the highest bit is x to the power of 0.
    let one = 1 << (width - 1);
    let mut power = one;
    // x^8, squared once for each bit of the length.
    let mut square = one >> 8;
    let mut rest = length;
    while rest != 0 {
        if rest & 1 == 1 {
            power = product(power, square, polynomial, width);
        }
        square = product(square, square, polynomial, width);
        rest >>= 1;
    }
    product(first, power, polynomial, width) ^ second
}

fn product(one: u64, mut other: u64, polynomial: u64, width: u32) -> u64 {
    let mut sum = 0;
    for bit in (0..width).rev() {
        if one >> bit & 1 == 1 {
            sum ^= other;
        }
        other = if other & 1 == 1 { other >> 1 ^ polynomial } else { other >> 1 };
    }
    sum
}

const fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut crc = n as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ polynomial } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        for (algorithm, want) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ] {
            assert_eq!(of(algorithm, b"123456789"), STANDARD.encode(hex::decode(want).unwrap()), "{want}");
        }
    }

    #[test]
    fn parts_are_put_together() {
        let text = b"The quick brown fox jumps over the lazy dog";
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            for at in [0, 1, 17, text.len()] {
                let (one, other) = text.split_at(at);
                let (a, b) = (of(algorithm, one), of(algorithm, other));
                let parts = [(a.as_str(), one.len() as u64), (b.as_str(), other.len() as u64)];
                assert_eq!(whole(algorithm, parts.into_iter()).unwrap(), of(algorithm, text), "{at}");
            }
        }
        assert_eq!(whole(Algorithm::Sha1, [].into_iter()), None);
        let part = of(Algorithm::Sha256, b"a");
        let parts = [part.as_str(), part.as_str()];
        assert!(composite(Algorithm::Sha256, parts.into_iter()).unwrap().ends_with("=-2"));
        assert_eq!(composite(Algorithm::Sha256, ["AAAA"].into_iter()), None);
    }
}
