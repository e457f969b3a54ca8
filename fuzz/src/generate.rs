//! Generates inputs from a seed and a number: any of ten million can be regenerated without the others.

use crate::Target;

/// The approximate length of the longest input.
const BYTES_MAX: usize = 4096;

/// Generates the inputs of a target.
pub(crate) struct Generator {
    target: Target,
    seed: u64,
    corpus: Vec<Vec<u8>>,
}

impl Generator {
    pub(crate) fn new(target: Target, seed: u64) -> Self {
        let corpus = target.seeds();
        assert!(!corpus.is_empty(), "a target has seeds");
        Self { target, seed, corpus }
    }

    /// The input with this number: a case of the corpus with up to a dozen mutations, or sometimes only keywords.
    pub(crate) fn input(&self, number: u64) -> Vec<u8> {
        let mut random = Random::new(self.seed, number);
        let mut input =
            if random.below(5) == 0 { self.words(&mut random) } else { self.pick(&mut random).to_vec() };
        // Few changes keep an input meaningful; many lead far away.
        let n_mutations = 1 + random.below(3) * random.below(5);
        for _ in 0..n_mutations {
            self.mutate(&mut input, &mut random);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn pick(&self, random: &mut Random) -> &[u8] {
        &self.corpus[random.below(self.corpus.len())]
    }

    fn word(&self, random: &mut Random) -> &'static [u8] {
        let words = self.target.words();
        words[random.below(words.len())].as_bytes()
    }

    fn words(&self, random: &mut Random) -> Vec<u8> {
        let n = 1 + random.below(24);
        (0..n).flat_map(|_| self.word(random).iter().copied()).collect()
    }

    fn mutate(&self, input: &mut Vec<u8>, random: &mut Random) {
        let (from, to) = random.range(input.len());
        match random.below(12) {
            0..=3 => {
                let word = self.word(random).to_vec();
                input.splice(from..from, word);
            }
            4 => {
                let word = self.word(random).to_vec();
                input.splice(from..to.min(from + 12), word);
            }
            5 => {
                input.drain(from..to.min(from + 16));
            }
            6 => {
                let piece = input[from..to.min(from + 64)].to_vec();
                let n_max = if random.below(50) == 0 { 200 } else { 3 };
                let n = 1 + random.below(n_max);
                let piece = piece.repeat(n);
                input.splice(to..to, piece);
            }
            7 => {
                let other = self.pick(random);
                let (start, end) = random.range(other.len());
                let piece = other[start..end].to_vec();
                input.splice(from..from, piece);
            }
            8 => {
                // The head of one input and the tail of another.
                let other = self.pick(random);
                let (start, _) = random.range(other.len());
                let tail = other[start..].to_vec();
                input.truncate(from);
                input.extend(tail);
            }
            9 => {
                if let Some(byte) = input.get_mut(from) {
                    *byte ^= 1 << random.below(7);
                }
            }
            10 => {
                const ODD: &[u8] = b"\"'$#{}[]()\\.,:;!&|=<>*/%~@?+- \n\t\0az09\xff";
                if let Some(byte) = input.get_mut(from) {
                    *byte = ODD[random.below(ODD.len())];
                }
            }
            _ => {
                // Replaces a number by an edge case.
                const EDGES: &[&str] = &[
                    "0",
                    "-1",
                    "1",
                    "255",
                    "1000",
                    "1001",
                    "65536",
                    "2147483647",
                    "-2147483648",
                    "2147483648",
                    "9223372036854775807",
                    "-9223372036854775808",
                    "18446744073709551616",
                    "1e308",
                    "1e-400",
                    "0.1",
                ];
                let Some(start) = input.iter().skip(from).position(u8::is_ascii_digit).map(|n| from + n)
                else {
                    return;
                };
                let digits = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                input.splice(start..start + digits, EDGES[random.below(EDGES.len())].bytes());
            }
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ number);
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 if `n` is 0.
    fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.next() % n as u64) as usize }
    }

    /// Two positions in something of this length, in order.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let (a, b) = (self.below(length + 1), self.below(length + 1));
        (a.min(b), a.max(b))
    }
}
