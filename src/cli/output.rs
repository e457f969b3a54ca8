//! Output: results on standard output, errors on standard error, colours only on a terminal.

use std::io::{IsTerminal, Write};

/// Prints `text` and a line end. A closed pipe is not an error: the reader has read enough.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints `text` unchanged; on a terminal with a line end, if it has none.
pub(super) fn text(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes());
    if out.is_terminal() && !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Prints progress, separately from the result.
pub(super) fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a warning, separately from the result.
pub(super) fn warning(text: &str) {
    let (yellow, plain) = if colours() { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(std::io::stderr(), "{yellow}WARNING:{plain} {text}");
}

/// Asks a question that is answered with yes or no; where nobody can answer, it is no.
///
/// # Errors
/// If the answer can't be read.
pub(super) fn agreed(question: &str) -> std::io::Result<bool> {
    let (input, mut output) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() || !output.is_terminal() {
        return Ok(false);
    }
    write!(output, "{question} [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Prints an error with its causes.
pub(super) fn failure(error: &anyhow::Error) {
    let (red, plain) = if colours() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    // If standard error is closed, there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{red}error:{plain} {}", with_causes(error));
}

/// The error and its causes, each once: many of our errors include their cause in their own message.
fn with_causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        so_far if so_far.contains(&cause) => text,
        so_far => format!("{so_far}: {cause}"),
    })
}

fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("disk full").context("cannot write: disk full").context("stack s");
        assert_eq!(with_causes(&error), "stack s: cannot write: disk full");
    }
}
