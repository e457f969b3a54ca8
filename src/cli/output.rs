//! What people read: standard output for results, standard error for failures, colours on a terminal only.

use std::io::{IsTerminal, Write};

/// Prints `text` and a line end. A closed pipe is no failure: whoever read has read enough.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints `text` as it is, with a line end on a terminal if it has none.
pub(super) fn text(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes());
    if out.is_terminal() && !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Says what is going on, apart from the result.
pub(super) fn progress(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints something that must not be overlooked, apart from the result.
pub(super) fn warning(text: &str) {
    let (yellow, plain) = if colours() { ("\x1b[1;33m", "\x1b[0m") } else { ("", "") };
    let _ = writeln!(std::io::stderr(), "{yellow}WARNING:{plain} {text}");
}

/// Prints a failure with everything that led to it.
pub(super) fn failure(error: &anyhow::Error) {
    let (red, plain) = if colours() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{red}error:{plain} {}", told(error));
}

/// The failure and its causes, each once: many of our errors tell their cause themselves.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        text if text.contains(&cause) => told,
        text => format!("{text}: {cause}"),
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
        assert_eq!(told(&error), "stack s: cannot write: disk full");
    }
}
