//! A compiled pattern, and what its searches cost.
//!
//! A search may read far beyond the match that it finds: `x*y|x` reads to the end of `xxxx` to find one `x`. Looking for
//! all matches can then take the square of the text's length. So each search is charged for what it reads, which a lazily
//! built automaton finds out beforehand, in less time than the search itself.

use std::cell::RefCell;

use fancy_regex::Regex;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input};

use super::super::{Call, Failure};
use super::COMPILED_BYTES_MAX;
use crate::json;
use crate::vtl::limits::Limits;

/// Texts for which nothing could take longer than this are not looked at more closely.
const STEPS_UNCOUNTED_MAX: usize = 100_000;
/// What a search costs that reads next to nothing.
const STEPS_OF_A_SEARCH: usize = 20;

pub(super) struct Search {
    pub(super) regex: Regex,
    /// How many steps a search may take for each byte that it reads.
    weight: usize,
    automaton: Option<Automaton>,
}

/// Tells how far a search reads. Patterns with look-around, back references, or repetitions that give nothing back have
/// none: they are taken to read everything.
struct Automaton {
    dfa: DFA,
    cache: RefCell<Cache>,
}

impl Search {
    /// `pattern` is Java's, `translated` is what `regex` was built from.
    pub(super) fn new(regex: Regex, pattern: &str, translated: &str) -> Self {
        Self { regex, weight: json::pattern_weight(pattern), automaton: Automaton::new(translated) }
    }

    /// Charges for one search in all of `text`.
    pub(super) fn charge_once(&self, text: &str, call: &mut Call<'_>) -> Result<(), Failure> {
        call.charge(text.len().saturating_mul(self.weight) / pattern_steps_per_step())
    }

    /// Charges for one of many searches in `text`, the one that starts at `from`. `owed` is what a search has left over
    /// that is less than a step.
    pub(super) fn charge(
        &self,
        text: &str,
        from: usize,
        owed: &mut usize,
        call: &mut Call<'_>,
    ) -> Result<(), Failure> {
        let rest = text.len().saturating_sub(from);
        let most = rest.saturating_mul(text.len()).saturating_mul(self.weight);
        let bytes = match &self.automaton {
            Some(_) if most <= STEPS_UNCOUNTED_MAX => 1,
            Some(automaton) => automaton.bytes_read(text, from),
            None => rest,
        };
        let searched = bytes.saturating_mul(self.weight).saturating_add(*owed + STEPS_OF_A_SEARCH);
        *owed = searched % pattern_steps_per_step();
        call.charge(searched / pattern_steps_per_step())
    }
}

/// A template has so many steps that its searches take no longer than one that has all of the time.
fn pattern_steps_per_step() -> usize {
    let steps = usize::try_from(Limits::default().steps).unwrap_or(usize::MAX);
    (json::PATTERN_STEPS_MAX / steps).max(1)
}

impl Automaton {
    fn new(translated: &str) -> Option<Self> {
        // This engine would read these as two repetitions.
        if ["++", "*+", "?+", "}+"].iter().any(|possessive| translated.contains(possessive)) {
            return None;
        }
        let limited = thompson::Config::new()
            .nfa_size_limit(Some(COMPILED_BYTES_MAX))
            .which_captures(WhichCaptures::None);
        let config = DFA::config().unicode_word_boundary(true).skip_cache_capacity_check(true);
        let dfa = DFA::builder().thompson(limited).configure(config).build(translated).ok()?;
        let cache = RefCell::new(dfa.create_cache());
        Some(Self { dfa, cache })
    }

    /// How many bytes a search reads that starts at `from`.
    fn bytes_read(&self, text: &str, from: usize) -> usize {
        let rest = text.len().saturating_sub(from);
        let cache = &mut *self.cache.borrow_mut();
        let input = Input::new(text).range(from..).anchored(Anchored::No);
        let Ok(mut state) = self.dfa.start_state_forward(cache, &input) else { return rest };
        for (n, byte) in text.as_bytes().get(from..).unwrap_or_default().iter().enumerate() {
            state = match self.dfa.next_state(cache, state, *byte) {
                Ok(state) if state.is_dead() => return n + 1,
                // A boundary of words beside letters that it can't judge: the other engine goes on alone.
                Ok(state) if state.is_quit() => return rest,
                Ok(state) => state,
                Err(_) => return rest,
            };
        }
        rest
    }
}
