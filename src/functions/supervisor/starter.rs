//! The first moments of an instance: this program once more, which takes the instance's bounds upon itself and then becomes
//! the runtime. So the runtime has them from its first instruction on, and so has all that it starts.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::dup2_stdin;

use super::{End, ORDER, Order, cgroups, end, read_order};

/// Runs the order in `control`; returns only if that fails.
pub(super) fn become_runtime(control: &Path) -> ExitCode {
    // Whoever waits for this process finds there why it has ended.
    let _failed = become_ordered(control);
    end(control, End::NotStarted);
    ExitCode::FAILURE
}

fn become_ordered(control: &Path) -> io::Result<()> {
    let order = read_order(control)?;
    let mut command = Command::new(&order.program);
    command.args(&order.arguments);
    let line = order.has_line.then(take_line).transpose()?;
    if let Some(line) = &line {
        command.env(super::LINE, line.as_raw_fd().to_string());
    }
    if let Some(cgroup) = &order.cgroup {
        cgroups::enter(cgroup)?;
    }
    for (resource, limit) in limits(&order) {
        // Where a harder limit holds already, that one stays.
        let (_, hard) = rlimit::getrlimit(resource)?;
        let limit = limit.min(hard);
        rlimit::setrlimit(resource, limit, limit)?;
    }
    Err(command.exec())
}

/// Memory comes last: this program may have more already, and gets none from then on.
fn limits(order: &Order) -> [(rlimit::Resource, u64); 4] {
    [
        (rlimit::Resource::CORE, 0),
        (rlimit::Resource::FSIZE, order.file_bytes),
        (rlimit::Resource::NOFILE, order.files),
        (rlimit::Resource::DATA, if order.cgroup.is_some() { rlimit::INFINITY } else { order.data_bytes }),
    ]
}

/// The line, which is standard input until here, as a descriptor that the runtime inherits; its standard input is empty.
fn take_line() -> io::Result<OwnedFd> {
    let line = io::stdin().as_fd().try_clone_to_owned()?;
    fcntl(&line, FcntlArg::F_SETFD(FdFlag::empty()))?;
    dup2_stdin(File::open("/dev/null")?)?;
    Ok(line)
}

/// Whether this is the argument of a starter: a supervisor is told the folder, a starter the file with the order.
pub(super) fn is_asked(control: &Path) -> bool {
    control.file_name().is_some_and(|name| name == ORDER)
}
