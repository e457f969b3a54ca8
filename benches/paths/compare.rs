//! Another revision of the server, built to take turns with this one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A binary and the benchmark's APIs as that revision has them.
pub(crate) struct Revision {
    /// Its short name.
    pub(crate) name: String,
    pub(crate) binary: PathBuf,
    pub(crate) template: String,
}

impl Revision {
    /// What has just been built.
    pub(crate) fn this() -> Self {
        Self {
            name: "this".to_owned(),
            binary: env!("CARGO_BIN_EXE_stepgate").into(),
            template: include_str!("paths.yaml").to_owned(),
        }
    }

    /// Builds `revision` in a work tree of its own under the build directory, with its own release profile. Minutes the first
    /// time; what was built stays.
    pub(crate) fn build(revision: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let commit =
            said(Command::new("git").current_dir(root).args(["rev-parse", "--short=12", "--verify"]).arg(
                // Nothing that git would take for an option, and nothing but a commit.
                format!("{revision}^{{commit}}"),
            ));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("revision-{commit}"));
        if !folder.join("Cargo.toml").exists() {
            said(Command::new("git").current_dir(root).args(["worktree", "prune"]));
            said(
                Command::new("git")
                    .current_dir(root)
                    .args(["worktree", "add", "--detach"])
                    .arg(&folder)
                    .arg(&commit),
            );
        }
        eprintln!("building {commit} …");
        let built = Command::new("cargo")
            .args(["build", "--locked", "--release", "--bin", "stepgate"])
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", folder.join("target"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "{commit} can't be built");
        Self {
            name: commit,
            binary: folder.join("target/release/stepgate"),
            template: std::fs::read_to_string(folder.join("benches/paths/paths.yaml")).unwrap(),
        }
    }

    /// A binary that was built elsewhere, with the template of this revision or the one given.
    pub(crate) fn at(binary: &str, template: Option<String>) -> Self {
        let template = match template {
            Some(path) => std::fs::read_to_string(path).unwrap(),
            None => include_str!("paths.yaml").to_owned(),
        };
        Self { name: "that".to_owned(), binary: binary.into(), template }
    }
}

/// What a command printed, if it succeeded.
fn said(command: &mut Command) -> String {
    let output = command.output().expect("git is there");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
