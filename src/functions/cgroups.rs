//! Control groups: where the system lets this server have some, each instance has one, which bounds and measures the memory
//! of all its processes.
//!
//! Only version 2 of cgroups(7) is used, and only if the server is alone in a group that was given to it, as by systemd with
//! `Delegate=memory`, or in a container: <https://docs.kernel.org/admin-guide/cgroup-v2.html>. Memory is given to groups
//! below a group that has no processes itself, so the server moves into one of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the system has the groups.
const ROOT: &str = "/sys/fs/cgroup";
/// The group of this server and its instances' supervisors, and those of instances.
const SERVER: &str = "stepgate-server";
const INSTANCES: &str = "stepgate-functions";

/// The groups of all instances.
#[derive(Debug)]
pub(crate) struct Cgroups {
    folder: PathBuf,
}

/// The group of one instance. It is removed when this is dropped, by when nothing may be in it any more.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folder: PathBuf,
}

impl Cgroups {
    /// Groups below the one that this process is in; `None` where it may have none.
    pub(crate) fn open() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        Self::open_in(Path::new(ROOT), &own, std::process::id())
    }

    /// `own` is what proc(5) says of the groups of the process `pid`.
    fn open_in(root: &Path, own: &str, pid: u32) -> Option<Self> {
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let own = root.join(own);
        let has_memory = |file: &str| {
            let text = fs::read_to_string(own.join(file)).unwrap_or_default();
            text.split_ascii_whitespace().any(|controller| controller == "memory")
        };
        if !has_memory("cgroup.controllers") {
            return None;
        }
        if !has_memory("cgroup.subtree_control") {
            // Whatever else is in the group isn't this server's to move.
            let members = fs::read_to_string(own.join("cgroup.procs")).ok()?;
            if members.trim() != pid.to_string() {
                return None;
            }
            let server = own.join(SERVER);
            made(&server).ok()?;
            put(&server, "cgroup.procs", &pid.to_string()).ok()?;
            if put(&own, "cgroup.subtree_control", "+memory").is_err() {
                // As it was.
                let _ = put(&own, "cgroup.procs", &pid.to_string());
                let _ = fs::remove_dir(server);
                return None;
            }
        }
        let folder = own.join(INSTANCES);
        made(&folder).ok()?;
        put(&folder, "cgroup.subtree_control", "+memory").ok()?;
        Some(Self { folder })
    }

    /// Makes a group in which processes may have `memory_bytes` together.
    pub(crate) fn make(&self, id: &str, memory_bytes: u64) -> io::Result<Cgroup> {
        let cgroup = Cgroup { folder: self.folder.join(id) };
        fs::create_dir(&cgroup.folder)?;
        put(&cgroup.folder, "memory.max", &memory_bytes.to_string())?;
        // An instance without its runtime is none, so that all of it ends when one process is ended.
        put(&cgroup.folder, "memory.oom.group", "1")?;
        // Where there is no swap there is no such file.
        let _ = put(&cgroup.folder, "memory.swap.max", "0");
        Ok(cgroup)
    }
}

impl Cgroup {
    /// Its folder, for those who are to be in it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The most memory that its processes have had so far; `None` where the system doesn't say.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        fs::read_to_string(self.folder.join("memory.peak")).ok()?.trim().parse().ok()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // What can't be removed costs some kilobytes of the system's memory.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Moves this process into the group of an instance: what it becomes and starts is there too.
pub(crate) fn enter(cgroup: &Path) -> io::Result<()> {
    put(cgroup, "cgroup.procs", "0")
}

/// Ends all that is in a group.
pub(crate) fn kill(cgroup: &Path) -> io::Result<()> {
    put(cgroup, "cgroup.kill", "1")
}

/// Whether the system has ended processes of a group for their memory.
pub(crate) fn had_too_much(cgroup: &Path) -> bool {
    let events = fs::read_to_string(cgroup.join("memory.events")).unwrap_or_default();
    let n_killed = events.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok());
    n_killed.is_some_and(|n| 0 < n)
}

/// Writes one of the files of a group, which the system makes, and nobody else can.
fn put(group: &Path, file: &str, text: &str) -> io::Result<()> {
    fs::write(group.join(file), text)
}

fn made(group: &Path) -> io::Result<()> {
    match fs::create_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a group that looks as the system shows one; nobody acts on what is written there.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, controllers: &str, members: &str) -> Self {
            let root = std::env::temp_dir().join(format!("stepgate-cgroups-{name}-{}", std::process::id()));
            let own = root.join("service");
            fs::create_dir_all(&own).unwrap();
            for (file, text) in [
                ("cgroup.controllers", controllers),
                ("cgroup.subtree_control", ""),
                ("cgroup.procs", members),
            ] {
                fs::write(own.join(file), text).unwrap();
            }
            Self(root)
        }

        fn read(&self, path: &str) -> String {
            fs::read_to_string(self.0.join(path)).unwrap_or_default()
        }

        fn open(&self) -> Option<Cgroups> {
            Cgroups::open_in(&self.0, "4:memory:/x\n0::/service\n", 7)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn each_instance_has_a_group_below_the_server_s() {
        let tree = Tree::new("own", "cpu memory pids\n", "7\n");
        let cgroups = tree.open().unwrap();
        assert_eq!(tree.read("service/stepgate-server/cgroup.procs"), "7");
        for group in ["service", "service/stepgate-functions"] {
            assert_eq!(tree.read(&format!("{group}/cgroup.subtree_control")), "+memory", "{group}");
        }
        let cgroup = cgroups.make("i", 128 << 20).unwrap();
        assert_eq!(cgroup.folder(), tree.0.join("service/stepgate-functions/i"));
        assert_eq!(tree.read("service/stepgate-functions/i/memory.max"), (128 << 20).to_string());
        assert!(cgroups.make("i", 1).is_err(), "no two instances share one");
        enter(cgroup.folder()).unwrap();
        assert_eq!(tree.read("service/stepgate-functions/i/cgroup.procs"), "0");
        kill(cgroup.folder()).unwrap();
        assert_eq!(tree.read("service/stepgate-functions/i/cgroup.kill"), "1");
    }

    #[test]
    fn a_group_says_what_was_taken() {
        let tree = Tree::new("peak", "memory", "7");
        let cgroup = tree.open().unwrap().make("i", 1).unwrap();
        assert_eq!((cgroup.peak_bytes(), had_too_much(cgroup.folder())), (None, false));
        put(cgroup.folder(), "memory.peak", "1048577\n").unwrap();
        put(cgroup.folder(), "memory.events", "oom 1\noom_kill 0\noom_group_kill 0\n").unwrap();
        assert_eq!((cgroup.peak_bytes(), had_too_much(cgroup.folder())), (Some(1_048_577), false));
        put(cgroup.folder(), "memory.events", "oom 1\noom_kill 2\n").unwrap();
        assert!(had_too_much(cgroup.folder()));
    }

    #[test]
    fn where_the_group_is_not_the_server_s_alone_nothing_is_touched() {
        for (name, controllers, members) in [("shared", "memory", "1\n7\n"), ("without", "cpu pids", "7\n")] {
            let tree = Tree::new(name, controllers, members);
            assert!(tree.open().is_none(), "{name}");
            assert!(!tree.0.join("service/stepgate-server").exists(), "{name}");
        }
        let tree = Tree::new("version-1", "memory", "7");
        assert!(Cgroups::open_in(&tree.0, "4:memory:/service\n", 7).is_none());
    }
}
