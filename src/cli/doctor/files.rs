//! Files and directories in the settings: whether they exist, and who else may read them.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::finding::Finding;
use crate::server::Options;

/// How deep the data directory is checked: the store, and the directories of certificates and logs.
const DEPTH_MAX: usize = 4;
/// How many of its files are reported; the fix is the same for all.
const TOLD_MAX: usize = 5;

/// Files that can't be read.
pub(super) fn broken(options: &Options) -> Vec<Finding> {
    let unreadable = |(setting, path): (&str, &Path)| {
        let error = fs::File::open(path).err()?;
        let problem = format!("{}: {error}", path.display());
        Some(Finding::must("UNREADABLE_FILE", setting, &problem, "name a file that the server may read"))
    };
    named(options).into_iter().map(|named| (named.setting, named.path)).filter_map(unreadable).collect()
}

/// Files that other users may read.
pub(super) fn exposed(options: &Options, config: Option<&Path>) -> Vec<Finding> {
    let secrets = named(options).into_iter().filter(|named| named.is_secret);
    let mut paths: Vec<(&str, PathBuf)> =
        secrets.map(|named| (named.setting, named.path.to_owned())).collect();
    paths.extend(config.map(|path| ("the settings", path.to_owned())));
    let mut findings: Vec<Finding> = paths
        .into_iter()
        .filter_map(|(setting, path)| exposed_file(setting, &path, &fs::metadata(&path).ok()?))
        .collect();
    let mut in_data = Vec::new();
    exposed_below(&options.data_dir, 0, &mut in_data);
    findings.extend(in_data);
    findings
}

struct Named<'a> {
    setting: &'a str,
    path: &'a Path,
    is_secret: bool,
}

fn named(options: &Options) -> Vec<Named<'_>> {
    let mut named = Vec::new();
    let mut name = |setting, path, is_secret| named.push(Named { setting, path, is_secret });
    if let Some(path) = &options.secrets.key_file {
        name("secrets.key_file", path, true);
    }
    if let Some(path) = &options.tls.certificate {
        name("tls.certificate", path, false);
    }
    if let Some(path) = &options.tls.private_key {
        name("tls.private_key", path, true);
    }
    for files in options.certificates.values() {
        name("certificates", &files.certificate, false);
        name("certificates", &files.private_key, true);
    }
    for path in options.truststores.values() {
        name("truststores", path, false);
    }
    for path in options.user_pools.values().filter_map(|pool| pool.jwks_file.as_ref()) {
        name("user_pools", path, false);
    }
    for path in &options.deploy.templates {
        name("deploy.templates", path, false);
    }
    named
}

/// If others can't enter a directory, they can't reach anything below it.
fn exposed_below(path: &Path, depth: usize, findings: &mut Vec<Finding>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if metadata.is_symlink() || TOLD_MAX <= findings.len() {
        return;
    }
    findings.extend(exposed_file("data_dir", path, &metadata));
    if !metadata.is_dir() || depth == DEPTH_MAX {
        return;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    for entry in entries {
        exposed_below(&entry.path(), depth + 1, findings);
    }
}

#[cfg(unix)]
fn exposed_file(setting: &str, path: &Path, metadata: &Metadata) -> Option<Finding> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 == 0 {
        return None;
    }
    let wanted = if metadata.is_dir() { 0o700 } else { 0o600 };
    Some(Finding::must(
        "READABLE_BY_OTHERS",
        setting,
        &format!("{} has the mode {mode:o}: others of this machine may look into it", path.display()),
        &format!("chmod {wanted:o} {}", path.display()),
    ))
}

#[cfg(not(unix))]
fn exposed_file(_: &str, _: &Path, _: &Metadata) -> Option<Finding> {
    None
}
