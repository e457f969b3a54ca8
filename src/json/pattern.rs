//! Estimates what it costs to look for a pattern, from its text.

/// Estimates how many steps the search for a pattern may take for each byte of the text: how many characters it has
/// once its counted repetitions are written out.
#[must_use]
pub fn pattern_weight(pattern: &str) -> usize {
    // For each open group: what is in it so far, and the part that a repetition would repeat.
    let mut open: Vec<(usize, usize)> = vec![(0, 0)];
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let part = match character {
            '(' => {
                open.push((0, 0));
                continue;
            }
            ')' if 1 < open.len() => open.pop().map_or(1, |(sum, last)| sum.saturating_add(last)).max(1),
            '\\' => {
                characters.next();
                1
            }
            '[' => {
                let mut escaped = false;
                for inside in characters.by_ref() {
                    match inside {
                        _ if escaped => escaped = false,
                        '\\' => escaped = true,
                        ']' => break,
                        _ => {}
                    }
                }
                1
            }
            '{' => {
                let mut counts = String::new();
                while let Some(inside) = characters.next_if(|inside| *inside != '}') {
                    counts.push(inside);
                }
                characters.next();
                let times = counts.split(',').filter_map(|count| count.trim().parse().ok()).max();
                if let Some((_, last)) = open.last_mut() {
                    *last = last.saturating_mul(times.unwrap_or(1).max(1));
                }
                continue;
            }
            '*' | '+' | '?' => continue,
            _ => 1,
        };
        if let Some((sum, last)) = open.last_mut() {
            *sum = sum.saturating_add(*last);
            *last = part;
        }
    }
    open.iter().fold(1, |total, (sum, last)| total.saturating_add(*sum).saturating_add(*last))
}

#[cfg(test)]
mod tests {
    use super::pattern_weight;

    #[test]
    fn repetitions_are_written_out() {
        for (pattern, expected) in [
            ("", 1),
            ("abc", 4),
            ("a{10}b", 12),
            ("(ab){2,5}", 11),
            ("((a{100}){100}){100}", 1_000_001),
            (r"\d{3}-[a-z\]]{4}", 9),
            ("(a|b)*a(a|b){500}", 1_505),
            ("(a", 2),
            ("a{99999999999999999999}", 2),
            ("((((a{65535}){65535}){65535}){65535}){65535}", usize::MAX),
        ] {
            assert_eq!(pattern_weight(pattern), expected, "{pattern}");
        }
    }
}
