//! Folders that an instance finds where AWS has them, though nobody else does: its own `/tmp`, and its layers in `/opt`.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

/// Gives this process, and whatever it starts from now on, a view of the file system of its own, in which the first folder
/// of each pair is found at the second's path as well.
///
/// # Errors
/// If the system doesn't allow it. Some of it may have been done by then.
pub(super) fn bind(folders: &[(PathBuf, PathBuf)]) -> nix::Result<()> {
    if folders.is_empty() {
        return Ok(());
    }
    // Root may do that; others are given a user namespace for it, in which they are who they were.
    if unshare(CloneFlags::CLONE_NEWNS).is_err() {
        let (user, group) = (getuid(), getgid());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
        let write = |file: &str, text: String| {
            let path = Path::new("/proc/self").join(file);
            fs::write(path, text).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
        };
        // Without it nobody may map groups: user_namespaces(7).
        write("setgroups", "deny".to_owned())?;
        write("uid_map", format!("{user} {user} 1"))?;
        write("gid_map", format!("{group} {group} 1"))?;
    }
    let nothing: Option<&str> = None;
    // What is mounted here is nobody else's.
    mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)?;
    for (from, to) in folders {
        mount(Some(from), to, nothing, MsFlags::MS_BIND, nothing)?;
    }
    Ok(())
}
