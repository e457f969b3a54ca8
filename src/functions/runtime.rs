//! Runtimes: which program runs a package, with which of our bootstraps.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

const PYTHON: &str = include_str!("bootstrap/python.py");
const NODE: &str = include_str!("bootstrap/node.mjs");

/// A kind of runtime that can run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Python,
    Node,
    /// A program of the package, `bootstrap`.
    Provided,
}

/// Why a runtime doesn't run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// It isn't of a kind that this server runs.
    #[error(
        "The runtime {0} does not run on this server: it runs python3.*, nodejs*, and provided.* with a bootstrap of the \
         package's own."
    )]
    Unsupported(String),
    /// There is no interpreter.
    #[error("The runtime {runtime} does not run on this server: it needs {program} on the server's PATH.")]
    NoInterpreter {
        /// The runtime.
        runtime: String,
        /// The program looked for.
        program: String,
    },
    /// There is an interpreter, of another version.
    #[error(
        "The runtime {runtime} does not run on this server: it has {found}, and the settings don't allow another version \
         ([functions] near_versions)."
    )]
    OtherVersion {
        /// The runtime.
        runtime: String,
        /// What there is.
        found: String,
    },
}

/// What starts a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// As the log says it when an instance starts, such as `python:3.11.7`.
    pub(crate) version: String,
    /// What the process may have beyond its memory before the system refuses more.
    pub(crate) spare_bytes: u64,
}

/// An interpreter on the PATH.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interpreter {
    path: PathBuf,
    version: String,
}

/// The interpreters of this machine, each looked for once, and our bootstraps.
#[derive(Clone)]
pub(crate) struct Runtimes {
    folder: PathBuf,
    near_versions: bool,
    known: Arc<Mutex<HashMap<String, Option<Interpreter>>>>,
}

impl Runtimes {
    /// Writes the bootstraps into `folder`.
    pub(crate) fn open(folder: PathBuf, near_versions: bool) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for (name, text) in [("python.py", PYTHON), ("node.mjs", NODE)] {
            // Like all files of the data directory: for this user alone, whatever was there before.
            let path = folder.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        }
        Ok(Self { folder, near_versions, known: Arc::default() })
    }

    /// Whether a runtime runs here. Blocks: it may start an interpreter to ask for its version.
    pub(crate) fn check(&self, runtime: &str) -> Result<(), RuntimeError> {
        match family(runtime)? {
            Family::Provided => Ok(()),
            family => self.interpreter(family, runtime).map(|_| ()),
        }
    }

    /// What starts a package in `code` with `memory_mb`.
    pub(crate) fn program(
        &self,
        runtime: &str,
        code: &Path,
        memory_mb: u32,
    ) -> Result<Program, RuntimeError> {
        let family = family(runtime)?;
        let bootstrap = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        if family == Family::Provided {
            return Ok(Program {
                path: code.join("bootstrap"),
                arguments: Vec::new(),
                version: runtime.to_owned(),
                spare_bytes: 256 << 20,
            });
        }
        let Interpreter { path, version } = self.interpreter(family, runtime)?;
        let (name, arguments, spare_mib) = match family {
            // Room for the stacks of threads, which count as data whether they are used or not.
            Family::Python | Family::Provided => ("python", vec![bootstrap("python.py")], 512),
            Family::Node => {
                // Node.js collects garbage before it is ended for its memory. A tenth is for what isn't JavaScript's.
                let heap = (memory_mb * 9 / 10).max(64);
                ("nodejs", vec![format!("--max-old-space-size={heap}"), bootstrap("node.mjs")], 1024)
            }
        };
        Ok(Program { path, arguments, version: format!("{name}:{version}"), spare_bytes: spare_mib << 20 })
    }

    fn interpreter(&self, family: Family, runtime: &str) -> Result<Interpreter, RuntimeError> {
        let (exact, any, wanted) = match family {
            Family::Python | Family::Provided => {
                (runtime.to_owned(), "python3", runtime.strip_prefix("python").unwrap_or_default().to_owned())
            }
            Family::Node => {
                let major = runtime.strip_prefix("nodejs").unwrap_or_default().trim_end_matches(".x");
                (format!("node{major}"), "node", major.to_owned())
            }
        };
        let is_wanted = |found: &Interpreter| {
            found.version.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(found) = self.find(&exact, family).filter(is_wanted) {
            return Ok(found);
        }
        match self.find(any, family) {
            Some(found) if self.near_versions || is_wanted(&found) => Ok(found),
            Some(found) => Err(RuntimeError::OtherVersion {
                runtime: runtime.to_owned(),
                found: format!("{any} {}", found.version),
            }),
            None => Err(RuntimeError::NoInterpreter {
                runtime: runtime.to_owned(),
                program: format!("{exact} or {any}"),
            }),
        }
    }

    fn find(&self, program: &str, family: Family) -> Option<Interpreter> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(program.to_owned()).or_insert_with(|| ask(program, family)).clone()
    }
}

fn family(runtime: &str) -> Result<Family, RuntimeError> {
    let numbers = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let python = runtime.strip_prefix("python3.").is_some_and(numbers);
    let node = runtime.strip_prefix("nodejs").and_then(|rest| rest.strip_suffix(".x")).is_some_and(numbers);
    match runtime {
        _ if python => Ok(Family::Python),
        _ if node => Ok(Family::Node),
        "provided" | "provided.al2" | "provided.al2023" => Ok(Family::Provided),
        _ => Err(RuntimeError::Unsupported(runtime.to_owned())),
    }
}

/// Asks an interpreter where it really is and which version it has: what is on the PATH may be a script that looks for
/// it at every start.
fn ask(program: &str, family: Family) -> Option<Interpreter> {
    let question = match family {
        Family::Python | Family::Provided => {
            ["-c", "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))"]
        }
        Family::Node => ["-e", "console.log(process.execPath + '\\n' + process.versions.node)"],
    };
    let mut command = Command::new(program);
    command.args(question).stdin(Stdio::null()).stderr(Stdio::null());
    let answer = command.output().ok().filter(|answer| answer.status.success())?;
    let text = String::from_utf8(answer.stdout).ok()?;
    let (path, version) = text.trim().split_once('\n')?;
    Some(Interpreter { path: path.trim().into(), version: version.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_of_other_kinds_are_refused_by_name() {
        for runtime in
            ["java21", "dotnet8", "ruby3.3", "go1.x", "python2.7", "nodejs", "nodejs4.3", "python3.x"]
        {
            assert_eq!(family(runtime).unwrap_err(), RuntimeError::Unsupported(runtime.to_owned()));
        }
        assert_eq!(family("python3.13").unwrap(), Family::Python);
        assert_eq!(family("nodejs22.x").unwrap(), Family::Node);
        assert_eq!(family("provided.al2023").unwrap(), Family::Provided);
    }

    #[test]
    fn another_version_is_taken_only_if_that_is_allowed() {
        let found = Interpreter { path: "/usr/bin/python3".into(), version: "3.11.7".into() };
        let runtimes = |near_versions| Runtimes {
            folder: "/b".into(),
            near_versions,
            known: Arc::new(Mutex::new(HashMap::from([
                ("python3".to_owned(), Some(found.clone())),
                ("python3.1".to_owned(), None),
                ("python3.11".to_owned(), None),
                ("python3.12".to_owned(), None),
                ("node".to_owned(), None),
                ("node20".to_owned(), None),
            ]))),
        };
        let program = runtimes(true).program("python3.12", Path::new("/c"), 128).unwrap();
        assert_eq!(
            (program.version.as_str(), program.arguments),
            ("python:3.11.7", vec!["/b/python.py".to_owned()])
        );
        assert!(runtimes(false).check("python3.11").is_ok());
        for other in ["python3.12", "python3.1"] {
            assert!(
                matches!(runtimes(false).check(other), Err(RuntimeError::OtherVersion { .. })),
                "{other}"
            );
        }
        assert!(matches!(runtimes(true).check("nodejs20.x"), Err(RuntimeError::NoInterpreter { .. })));
        let own = runtimes(false).program("provided.al2023", Path::new("/c"), 128).unwrap();
        assert_eq!(own.path, Path::new("/c/bootstrap"));
    }
}
