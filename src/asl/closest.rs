//! What somebody probably meant who wrote a name that isn't there.

/// The longest names that are compared, in characters.
const CHARS_MAX: usize = 80;

/// The one of `names` that differs from `word` in the fewest letters, if those are few: a third of them at most.
pub fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(CHARS_MAX).collect();
    let distances = names.into_iter().map(|name| {
        let letters: Vec<char> = name.to_lowercase().chars().take(CHARS_MAX).collect();
        (distance(&word, &letters), name)
    });
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= word.len().div_ceil(3)).then_some(name)
}

/// How many letters have to be put in, left out or changed.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or(one.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_slip_are_found_and_others_are_not() {
        for (word, expect) in [
            ("chrage", Some("Charge")),
            ("Charge ", Some("Charge")),
            ("Shop", Some("Ship")),
            ("Refund", None),
            ("", None),
        ] {
            assert_eq!(closest(word, ["Charge", "Ship"]), expect, "{word}");
        }
    }
}
