//! Runtimes: which program runs a package, with which of our bootstraps.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>

mod clients;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use self::clients::Language;

/// Where layers have external extensions.
const EXTENSIONS: &str = "extensions/";
/// Our bootstraps' files.
const BOOTSTRAPS: &[(&str, &str)] = &[
    ("python.py", include_str!("bootstrap/python.py")),
    ("stepgate_bootstrap.py", include_str!("bootstrap/stepgate_bootstrap.py")),
    ("node.cjs", include_str!("bootstrap/node.cjs")),
];

/// A kind of runtime that can run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Python,
    Node,
    /// A program of the package, `bootstrap`.
    Provided,
    /// A language whose interface client is in the package.
    Client(Language),
}

/// Why a runtime doesn't run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// It isn't of a kind that this server runs.
    #[error(
        "The runtime {0} does not run on this server: it runs python3.*, nodejs*, provided.* with a bootstrap of the \
         package's own, and java*, dotnet* and ruby* with their interface clients in the package."
    )]
    Unsupported(String),
    /// Its interface client isn't in the package.
    #[error(
        "The runtime {runtime} does not run on this server without its interface client: put {client} into the package."
    )]
    NoClient {
        /// The runtime.
        runtime: String,
        /// The client.
        client: &'static str,
    },
    /// A layer has a process that would have to be started beside the runtime.
    #[error(
        "External extensions do not run on this server, and a layer of the function has one: /opt/{0}. Take the layer away."
    )]
    Extension(String),
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
    /// Whether it gets events by the line that our bootstraps have, in place of the Runtime API.
    pub(crate) has_line: bool,
    /// As the log says it when an instance starts, such as `python:3.11.7`.
    pub(crate) version: String,
    /// What the process may have beyond its memory before the system refuses more.
    pub(crate) spare_bytes: u64,
}

/// A package that is to be started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unpacked<'a> {
    pub(crate) handler: &'a str,
    /// Its folder.
    pub(crate) code: &'a Path,
    /// The folder of its layers.
    pub(crate) layers: Option<&'a Path>,
    pub(crate) memory_mb: u32,
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
        for (name, text) in BOOTSTRAPS {
            // Like all files of the data directory: for this user alone, whatever was there before.
            let path = folder.join(name);
            fs::write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        }
        Ok(Self { folder, near_versions, known: Arc::default() })
    }

    /// Whether a runtime runs here, with a package and layers that have files of these paths. Blocks: it may start an
    /// interpreter to ask for its version.
    pub(crate) fn check(
        &self,
        runtime: &str,
        code: &[String],
        layers: &[String],
    ) -> Result<(), RuntimeError> {
        match family(runtime)? {
            Family::Provided => {}
            family @ (Family::Python | Family::Node) => drop(self.interpreter(family, runtime)?),
            family @ Family::Client(language) => {
                if !code.iter().chain(layers).any(|path| language.is_client(path)) {
                    return Err(RuntimeError::NoClient {
                        runtime: runtime.to_owned(),
                        client: language.client(),
                    });
                }
                self.interpreter(family, runtime)?;
            }
        }
        match layers.iter().find(|path| path.starts_with(EXTENSIONS)) {
            Some(path) => Err(RuntimeError::Extension(path.clone())),
            None => Ok(()),
        }
    }

    /// What starts `package`. Blocks.
    pub(crate) fn program(&self, runtime: &str, package: &Unpacked<'_>) -> Result<Program, RuntimeError> {
        let Unpacked { handler, code, layers, memory_mb } = *package;
        let family = family(runtime)?;
        let bootstrap = |name: &str| self.folder.join(name).to_string_lossy().into_owned();
        if family == Family::Provided {
            return Ok(Program {
                path: code.join("bootstrap"),
                arguments: Vec::new(),
                has_line: false,
                version: runtime.to_owned(),
                spare_bytes: 256 << 20,
            });
        }
        let Interpreter { path, version } = self.interpreter(family, runtime)?;
        let (name, arguments, spare_mib) = match family {
            // Room for the stacks of threads, which count as data whether they are used or not.
            Family::Python | Family::Provided => ("python", vec![bootstrap("python.py")], 512),
            Family::Client(language) => {
                let arguments = language.arguments(handler, code, layers, memory_mb).ok().flatten();
                let missing =
                    || RuntimeError::NoClient { runtime: runtime.to_owned(), client: language.client() };
                (language.program(), arguments.ok_or_else(missing)?, 2048)
            }
            Family::Node => {
                // Node.js collects garbage before it is ended for its memory. A tenth is for what isn't JavaScript's.
                let heap = (memory_mb * 9 / 10).max(64);
                ("nodejs", vec![format!("--max-old-space-size={heap}"), bootstrap("node.cjs")], 1024)
            }
        };
        let has_line = matches!(family, Family::Python | Family::Node);
        let version = format!("{name}:{version}");
        Ok(Program { path, arguments, has_line, version, spare_bytes: spare_mib << 20 })
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
            Family::Client(language) => {
                let version = Language::of(runtime).map(|(_, version)| version).unwrap_or_default();
                (format!("{}{version}", language.program()), language.program(), version.to_owned())
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
        _ => match Language::of(runtime) {
            Some((language, _)) => Ok(Family::Client(language)),
            None => Err(RuntimeError::Unsupported(runtime.to_owned())),
        },
    }
}

/// Asks an interpreter where it really is and which version it has: what is on the PATH may be a script that looks for
/// it at every start.
fn ask(program: &str, family: Family) -> Option<Interpreter> {
    let question: &[&str] = match family {
        Family::Python | Family::Provided => {
            &["-c", "import sys; print(sys.executable); print('.'.join(map(str, sys.version_info[:3])))"]
        }
        Family::Node => &["-e", "console.log(process.execPath + '\\n' + process.versions.node)"],
        Family::Client(Language::Java) => &["-XshowSettings:properties", "-version"],
        Family::Client(Language::Dotnet) => &["--list-runtimes"],
        Family::Client(Language::Ruby) => &["-e", "puts RbConfig.ruby, RUBY_VERSION"],
    };
    let mut command = Command::new(program);
    let answer = command.args(question).stdin(Stdio::null()).output().ok();
    let answer = answer.filter(|answer| answer.status.success())?;
    let (said, told) = (String::from_utf8(answer.stdout).ok()?, String::from_utf8_lossy(&answer.stderr));
    let (path, version) = match family {
        Family::Client(Language::Java) => {
            let property = |name: &str| {
                told.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().strip_prefix("= "))
            };
            (Path::new(property("java.home")?).join("bin/java"), property("java.version")?)
        }
        // The runtimes that there are, oldest first. The program finds them from wherever it is.
        Family::Client(Language::Dotnet) => {
            let mut versions = said.lines().filter_map(|line| line.strip_prefix("Microsoft.NETCore.App "));
            (PathBuf::from(program), versions.next_back()?.split(' ').next()?)
        }
        Family::Python | Family::Provided | Family::Node | Family::Client(Language::Ruby) => {
            let (path, version) = said.trim().split_once('\n')?;
            (PathBuf::from(path.trim()), version.trim())
        }
    };
    Some(Interpreter { path, version: version.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_of_other_kinds_are_refused_by_name() {
        for runtime in
            ["java", "dotnetcore3.1", "ruby", "go1.x", "python2.7", "nodejs", "nodejs4.3", "python3.x"]
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
        let package =
            Unpacked { handler: "app.handler", code: Path::new("/c"), layers: None, memory_mb: 128 };
        let check = |near_versions: bool, runtime: &str| runtimes(near_versions).check(runtime, &[], &[]);
        let program = runtimes(true).program("python3.12", &package).unwrap();
        assert_eq!(
            (program.version.as_str(), program.arguments),
            ("python:3.11.7", vec!["/b/python.py".to_owned()])
        );
        assert!(check(false, "python3.11").is_ok());
        for other in ["python3.12", "python3.1"] {
            assert!(matches!(check(false, other), Err(RuntimeError::OtherVersion { .. })), "{other}");
        }
        assert!(matches!(check(true, "nodejs20.x"), Err(RuntimeError::NoInterpreter { .. })));
        let own = runtimes(false).program("provided.al2023", &package).unwrap();
        assert_eq!(own.path, Path::new("/c/bootstrap"));
    }

    #[test]
    fn a_package_has_what_its_runtime_needs_and_no_extensions() {
        let ruby = Interpreter { path: "/usr/bin/ruby".into(), version: "3.3.1".into() };
        let known = [("ruby3.3", None), ("ruby", Some(ruby))].map(|(name, found)| (name.to_owned(), found));
        let known = Arc::new(Mutex::new(HashMap::from(known)));
        let runtimes = Runtimes { folder: "/b".into(), near_versions: false, known };
        let client = ["vendor/gems/aws_lambda_ric-3.0.0/bin/aws_lambda_ric".to_owned()];
        let none = runtimes.check("ruby3.3", &["app.rb".to_owned()], &[]).unwrap_err();
        assert_eq!(
            none.to_string(),
            "The runtime ruby3.3 does not run on this server without its interface client: put aws_lambda_ric into the \
             package."
        );
        assert_eq!(runtimes.check("ruby3.3", &client, &[]), Ok(()));
        assert_eq!(runtimes.check("ruby3.3", &[], &client), Ok(()), "a layer may have it");
        assert!(matches!(runtimes.check("ruby3.2", &client, &[]), Err(RuntimeError::OtherVersion { .. })));
        let extension = ["extensions/agent".to_owned()];
        assert_eq!(
            runtimes.check("provided.al2", &[], &extension),
            Err(RuntimeError::Extension("extensions/agent".to_owned()))
        );
        // A package may have a folder of that name: only layers are in /opt.
        assert_eq!(runtimes.check("provided.al2", &extension, &[]), Ok(()));
    }
}
