//! What people read: standard output for results, standard error for failures, colours on a terminal only.

use std::io::{IsTerminal, Write};

/// Prints `text` and a line end. A closed pipe is no failure: whoever read has read enough.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a failure with everything that led to it.
pub(super) fn failure(error: &anyhow::Error) {
    let stderr = std::io::stderr();
    let colours = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (red, plain) = if colours { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(&stderr, "{red}error:{plain} {error:#}");
}
