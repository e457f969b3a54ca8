//! Shows a line of a text with a caret under the position that a message is about.

/// Shows the line of `text` that a message is about, with a caret under the spot:
///
/// ```text
///   --> 2:7
/// 2 | "a": x
///   |      ^
/// ```
///
/// `line` and `column` count from 1, columns in characters. A very long line is shown as a window around the caret;
/// a place behind the text's end is shown at its end.
#[must_use]
pub fn excerpt(text: &str, line: usize, column: usize) -> String {
    const BEFORE_MAX: usize = 60;
    const SHOWN_MAX: usize = 100;
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or("");
    let before = column.saturating_sub(1);
    let skipped = before.saturating_sub(BEFORE_MAX);
    let shown: String =
        shown.chars().skip(skipped).take(SHOWN_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let caret = " ".repeat((before - skipped).min(shown.chars().count()));
    format!("{margin} --> {line}:{column}\n{number} | {shown}\n{margin} | {caret}^")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_is_under_the_spot() {
        assert_eq!(excerpt("a\n\té x", 2, 4), "  --> 2:4\n2 |  é x\n  |    ^");
        assert_eq!(excerpt("", 1, 1), "  --> 1:1\n1 | \n  | ^");
        assert_eq!(excerpt("ab", 9, 7), "  --> 9:7\n9 | \n  | ^");
        assert_eq!(excerpt("ab", 0, 0), "  --> 0:0\n0 | ab\n  | ^");
    }

    #[test]
    fn long_lines_are_shown_as_a_window() {
        let text = format!("{}x{}", "a".repeat(500), "b".repeat(500));
        let shown = excerpt(&text, 1, 501);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[1], format!("1 | {}x{}", "a".repeat(60), "b".repeat(39)));
        assert_eq!(lines[2].len(), 4 + 60 + 1);
    }
}
