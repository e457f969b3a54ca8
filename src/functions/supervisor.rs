//! What stands between this server and an instance: a process that starts the runtime, watches what it takes, and ends
//! it with all that it started.
//!
//! It is this program itself under another first argument. Its standard output is a socket that the server holds: when that
//! ends, because the server let go of the instance or was killed, everything below is killed. Children that lost their
//! parents become its own (on Linux), so that nothing gets away by leaving its process group, and nothing stays a zombie.

#[cfg(target_os = "linux")]
mod mounts;
mod starter;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stdin};
use serde::{Deserialize, Serialize};

use super::cgroups;

/// The first argument that makes this program a supervisor; the second is the control folder.
pub const ARGUMENT: &str = "--function-supervisor";
/// What is to be started, in the control folder.
pub(crate) const ORDER: &str = "order";
/// The runtime's process, in the control folder.
pub(crate) const PID: &str = "pid";
/// How it ended, in the control folder.
pub(crate) const END: &str = "end";
/// The variable with the number of the runtime's line.
const LINE: &str = "STEPGATE_LINE";
/// In the control folder's place: only says whether instances can have folders of their own where AWS has them.
const PROBE: &str = "--probe";
/// What it says if they can.
const CAN_BIND: &[u8] = b"folders can be bound";

/// How often an instance that works is looked at, and one that has not worked since it was last looked at.
const BUSY_INTERVAL: Duration = Duration::from_millis(100);
const IDLE_INTERVAL: Duration = Duration::from_millis(500);
/// Rounds of killing what is left. Every round kills all there is: only what forks meanwhile needs another.
const ROUNDS_MAX: usize = 200;
const ROUND: Duration = Duration::from_millis(10);

/// What the server orders.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Whether standard input is the runtime's line.
    pub(crate) has_line: bool,
    /// Folders, and where the instance finds them besides.
    pub(crate) binds: Vec<(PathBuf, PathBuf)>,
    /// The instance's control group, which bounds its memory.
    pub(crate) cgroup: Option<PathBuf>,
    /// Memory of all processes of the instance together, where there is no control group.
    pub(crate) memory_bytes: u64,
    /// What a process may have beyond that before the system refuses more, where there is no control group: runtimes
    /// reserve what they don't use.
    pub(crate) data_bytes: u64,
    pub(crate) processes: usize,
    pub(crate) files: u64,
    pub(crate) file_bytes: u64,
}

/// How an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum End {
    /// By itself.
    Exited(i32),
    /// By a signal of this number.
    Signaled(i32),
    /// It took too much memory.
    Memory,
    /// It started too many processes.
    Processes,
    /// Its program could not be started.
    NotStarted,
}

/// Why it was ended, if it was because of what it took.
type Reason = Arc<Mutex<Option<End>>>;

/// The arguments of the process, if it is to be a supervisor: runs as one and says with what to exit.
///
/// To be called before anything else happens in the process.
pub fn supervise_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()?.to_str()? != ARGUMENT {
        return None;
    }
    let control = arguments.next()?;
    Some(if control == PROBE { probe() } else { supervise(Path::new(&control)) })
}

/// Whether instances that `supervisor` starts can have folders of their own where AWS has them. Blocks.
///
/// It takes a process to find out: what the system allows depends on the program, and can't be taken back.
pub(crate) fn can_bind(supervisor: &[OsString]) -> bool {
    let Some((program, arguments)) = supervisor.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).arg(PROBE).stdin(Stdio::null()).stderr(Stdio::null());
    command.output().is_ok_and(|output| output.stdout == CAN_BIND)
}

fn probe() -> ExitCode {
    let tmp = PathBuf::from("/tmp");
    if bind(&[(tmp.clone(), tmp)]).is_ok() {
        let _ = std::io::stdout().write_all(CAN_BIND);
    }
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
fn bind(folders: &[(PathBuf, PathBuf)]) -> std::io::Result<()> {
    Ok(mounts::bind(folders)?)
}

#[cfg(not(target_os = "linux"))]
fn bind(folders: &[(PathBuf, PathBuf)]) -> std::io::Result<()> {
    if folders.is_empty() { Ok(()) } else { Err(std::io::ErrorKind::Unsupported.into()) }
}

/// Runs as the supervisor of the order in `control`, or as the starter of an order.
pub(crate) fn supervise(control: &Path) -> ExitCode {
    if starter::is_asked(control) {
        return starter::become_runtime(control.parent().unwrap_or(control));
    }
    let started = start(control);
    let Ok((child, order)) = started else {
        end(control, End::NotStarted);
        return ExitCode::FAILURE;
    };
    let reason = Reason::default();
    let cgroup = order.cgroup.clone();
    let of_obey = cgroup.clone();
    thread::spawn(move || {
        wait_for_server();
        kill_all(child, of_obey.as_deref());
    });
    let of_watch = reason.clone();
    thread::spawn(move || watch(&of_watch, child, &order));

    let mut ended = End::Exited(0);
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == child => ended = End::Exited(code),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => ended = End::Signaled(signal as i32),
            // Somebody's orphan, which is no zombie any more; or a signal that means nothing.
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => break,
        }
        // What it has started ends with it.
        kill_all(child, cgroup.as_deref());
        reap();
        break;
    }
    let mut reason = *reason.lock().unwrap_or_else(PoisonError::into_inner);
    if cgroup.is_some_and(|cgroup| cgroups::had_too_much(&cgroup)) {
        reason = Some(End::Memory);
    }
    end(control, reason.unwrap_or(ended));
    ExitCode::SUCCESS
}

fn read_order(control: &Path) -> io::Result<Order> {
    Ok(serde_json::from_slice(&fs::read(control.join(ORDER))?)?)
}

fn start(control: &Path) -> io::Result<(Pid, Order)> {
    let order = read_order(control)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_child_subreaper(true)?;
    bind(&order.binds)?;
    let mut command = Command::new(own_program()?);
    // The same arguments, with the order in the folder's place.
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    arguments.pop();
    command.args(arguments).arg(control.join(ORDER)).process_group(0);
    // Only the server and this process have what is standard output here: it is no output.
    command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
    let child = command.spawn()?;
    // The line is the runtime's alone from now on: it has ended when the runtime has.
    dup2_stdin(File::open("/dev/null")?)?;
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    put(&control.join(PID), pid.to_string().as_bytes())?;
    Ok((Pid::from_raw(pid), order))
}

/// This program, even if its file has been replaced by another since it was started.
fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

/// Writes how the instance ended, unless it was not even started, which its starter has written.
fn end(control: &Path, how: End) {
    let path = control.join(END);
    if let Ok(text) = serde_json::to_vec(&how)
        && !path.exists()
    {
        // The server takes an instance without an end as killed.
        let _ = put(&path, &text);
    }
}

/// Writes a file that is there as a whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)?;
    fs::rename(part, path)
}

/// Waits until the server lets go of the instance.
fn wait_for_server() {
    let Ok(held) = io::stdout().as_fd().try_clone_to_owned() else { return };
    let (mut held, mut byte) = (UnixStream::from(held), [0]);
    loop {
        match held.read(&mut byte) {
            Ok(1) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => break,
        }
    }
}

/// Looks at what the instance takes, and ends it when that is too much.
fn watch(reason: &Mutex<Option<End>>, child: Pid, order: &Order) {
    let (own, mut worked) = (Pid::this(), 0);
    loop {
        let found = Processes::below(own);
        let too_much = if order.cgroup.is_none() && order.memory_bytes < found.memory_bytes {
            Some(End::Memory)
        } else if order.processes < found.pids.len() {
            Some(End::Processes)
        } else {
            None
        };
        if too_much.is_some() {
            *reason.lock().unwrap_or_else(PoisonError::into_inner) = too_much;
            kill_all(child, order.cgroup.as_deref());
            return;
        }
        thread::sleep(if worked == found.ticks { IDLE_INTERVAL } else { BUSY_INTERVAL });
        worked = found.ticks;
    }
}

/// Kills the runtime's group, and then whatever else is below this process, until nothing is.
fn kill_all(child: Pid, cgroup: Option<&Path>) {
    let own = Pid::this();
    for _ in 0..ROUNDS_MAX {
        if let Some(cgroup) = cgroup {
            // At one blow, where the system can. What is below says whether it did.
            let _ = cgroups::kill(cgroup);
        }
        // Who is gone already needs no signal.
        let _ = killpg(child, Signal::SIGKILL);
        let found = Processes::below(own);
        if found.pids.is_empty() {
            return;
        }
        for pid in found.pids {
            let _ = kill(pid, Signal::SIGKILL);
        }
        thread::sleep(ROUND);
    }
}

fn reap() {
    while waitpid(None, None).is_ok() {}
}

/// Processes and what they take.
#[derive(Default)]
struct Processes {
    /// Without zombies.
    pids: Vec<Pid>,
    memory_bytes: u64,
    /// Of the processor, by all of them.
    ticks: u64,
}

impl Processes {
    /// Those that descend from `ancestor`. None where there is no `/proc`.
    fn below(ancestor: Pid) -> Self {
        let mut found = Self::default();
        let mut open = children(ancestor.as_raw());
        while let Some(pid) = open.pop() {
            if PROCESSES_SEEN_MAX < found.pids.len() {
                break;
            }
            let Some(stat) = Stat::of(pid) else { continue };
            open.extend(children(pid));
            found.ticks += stat.ticks;
            if !stat.is_zombie {
                found.pids.push(Pid::from_raw(pid));
                found.memory_bytes += stat.pages * PAGE_BYTES;
            }
        }
        found
    }
}

/// More are not looked at in one round.
const PROCESSES_SEEN_MAX: usize = 100_000;

/// The processes that any thread of `pid` started, or that were left to it: proc(5), `/proc/pid/task/tid/children`.
fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Linux counts in these, whatever a page is to the processor it mostly runs on.
const PAGE_BYTES: u64 = 4096;

/// What `/proc/pid/stat` says of a process, see proc(5).
struct Stat {
    is_zombie: bool,
    ticks: u64,
    pages: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in parentheses and may have some of its own.
        let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let is_zombie = matches!(fields.next()?, "Z" | "X");
        let user: u64 = fields.nth(10)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        let pages = fields.nth(8)?.parse().ok()?;
        Some(Self { is_zombie, ticks: user + system, pages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Unit tests start this program as their instances' supervisor; in a run of its own the test does nothing.
    #[test]
    fn as_supervisor() {
        let control = std::env::args_os().last().map(PathBuf::from);
        let is_order = |path: &Path| path.ends_with(ORDER) && path.is_file();
        if let Some(control) = control.filter(|control| is_order(control) || is_order(&control.join(ORDER))) {
            let _ = supervise(&control);
        }
    }

    #[test]
    fn a_process_is_below_its_ancestors() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let is_found = || {
            let found = Processes::below(Pid::this());
            found.pids.contains(&pid) && 0 < found.memory_bytes
        };
        // It has no memory of its own before its program is loaded.
        while !is_found() {
            thread::yield_now();
        }
        child.kill().unwrap();
        // A zombie takes nothing.
        while Stat::of(pid.as_raw()).is_some_and(|stat| !stat.is_zombie) {
            thread::yield_now();
        }
        assert!(!Processes::below(Pid::this()).pids.contains(&pid));
        child.wait().unwrap();
    }
}
