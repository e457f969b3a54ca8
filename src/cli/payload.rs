//! JSON that is given on the command line, in a file, or on standard input.

use std::io::Read;

use anyhow::Context;

/// What was given, or what the file of `@FILE`, or standard input for `-`, has.
pub(super) fn payload(given: &str) -> anyhow::Result<String> {
    if given == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {file}")),
        None => Ok(given.to_owned()),
    }
}
