//! The tools that make templates of projects, run in the project's folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Lines of what a tool that failed has said.
const LINES_MAX: usize = 40;
/// What a shell ends with if there is no such command.
const NOT_FOUND: i32 = 127;

/// A tool that a project has for itself, or else one in PATH.
pub(super) fn find(folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let own = folder.join("node_modules/.bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = std::iter::once(own).chain(std::env::split_paths(&path)).collect();
    let all = places.iter().flat_map(|place| names.iter().map(|name| place.join(name)));
    all.into_iter().find(|tool| tool.is_file())
}

/// Runs a tool to its end; what it says is told only if it fails. Blocks.
///
/// # Errors
/// If it can't be run, or fails.
pub(super) fn run(command: &mut Command, what: &str) -> anyhow::Result<()> {
    let ended = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {what}"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LINES_MAX)..).unwrap_or_default().join("\n");
    let missing = if ended.status.code() == Some(NOT_FOUND) { " (what it runs isn't installed)" } else { "" };
    bail!("{what} failed{missing}: {}\n{last}", ended.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_says_is_told_when_it_fails() {
        let sh = |script: &str| run(Command::new("sh").args(["-c", script]), "the app");
        sh("echo fine").unwrap();
        let error = sh("echo first; echo broken >&2; exit 3").unwrap_err().to_string();
        assert!(error.starts_with("the app failed: ") && error.ends_with("first\nbroken"), "{error}");
        let error = sh("no-such-command-of-anybody").unwrap_err().to_string();
        assert!(error.contains("isn't installed"), "{error}");
        let error = sh("seq 100; exit 1").unwrap_err().to_string();
        assert!(error.contains("\n61\n62\n") && !error.contains("\n60\n"), "{error}");
    }
}
