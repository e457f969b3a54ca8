//! The master key of the store's secrets: where it comes from, and its rotation.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde::Deserialize;

use super::error::Error;
use super::options::Options;
use crate::apis::Apis;
use crate::assets::ssm;
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::cognito;
use crate::functions::Functions;
use crate::identity::iam::Iam;
use crate::identity::{Keys, Sessions};
use crate::stack::Stacks;
use crate::store::{self, KEY_BYTES, MasterKey, MasterKeySource, Postgres, SealedColumn, Store};

/// How long a command may take to print the key.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest output of a command or content of a file with the key.
const TEXT_BYTES_MAX: u64 = 4096;

/// Where the key is; at most one may be set. If none is, it is generated and stored beside the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// A file that holds it.
    pub key_file: Option<PathBuf>,
    /// An environment variable that holds it.
    pub key_env: Option<String>,
    /// A program and its arguments that print it.
    pub key_command: Vec<String>,
}

impl Secrets {
    /// Whether the key is stored elsewhere than beside the database.
    pub fn is_elsewhere(&self) -> bool {
        self.key_file.is_some() || self.key_env.is_some() || !self.key_command.is_empty()
    }

    /// Reads the key. Blocks.
    pub(super) fn source(&self) -> Result<MasterKeySource, Error> {
        let (key, text) = match (&self.key_file, &self.key_env, self.key_command.split_first()) {
            (None, None, None) => return Ok(MasterKeySource::Beside),
            (Some(path), None, None) => ("secrets.key_file", read_file(path)),
            (None, Some(variable), None) => {
                let text = std::env::var(variable);
                ("secrets.key_env", text.map_err(|error| format!("{variable}: {error}")))
            }
            (None, None, Some((program, arguments))) => {
                let printed = run(program, arguments, COMMAND_TIMEOUT);
                ("secrets.key_command", printed.map_err(|problem| format!("{program}: {problem}")))
            }
            _ => {
                let problem =
                    "the key is in one place: set one of key_file, key_env and key_command".to_owned();
                return Err(Error::Setting { key: "secrets", problem });
            }
        };
        let text = text.map_err(|problem| Error::Setting { key, problem })?;
        let wrong = || {
            let problem = format!("there is no key of {KEY_BYTES} bytes in base64 or hexadecimal digits");
            Error::Setting { key, problem }
        };
        MasterKey::parse(&text).map(MasterKeySource::Given).ok_or_else(wrong)
    }

    /// Logs what is less secure than it could be.
    pub(super) fn announce(&self, data_dir: &Path) {
        if !self.is_elsewhere() {
            tracing::info!(
                "secrets are encrypted with a key that lies beside them, {}: whoever reads the data directory \
                 reads them too; [secrets] in the settings keeps the key elsewhere",
                data_dir.join("secrets.key").display()
            );
        }
    }
}

/// Encrypts all secrets of a data directory that no server uses with a new key. Returns their number.
///
/// With `new`, the master key comes from there from now on. Without it, a generated master key is generated again, and
/// one stored elsewhere stays.
///
/// # Errors
/// Any [`Error`]. The old key is valid then; or, if only the key file could not be replaced, the next start replaces
/// it.
pub async fn rotate_store(options: &Options, new: Option<&Secrets>) -> Result<usize, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let source = options.secrets.source()?;
    let new = new.map_or_else(|| Ok(source.clone()), Secrets::source)?;
    let store_options = store::Options {
        master_key: source,
        // Nobody else may write under the old key meanwhile.
        postgres: options.store.settings()?.map(|settings| Postgres { is_alone: true, ..settings }),
        ..store::Options::default()
    };
    let store = Store::open(&options.data_dir, store_options, clock.clone())?;
    // Every room upgrades its tables, so that everything that should be encrypted is.
    Apis::open(store.clone(), clock.clone(), ids.clone())?;
    cognito::migrate(&store)?;
    Functions::migrate(&store)?;
    let iam = Iam::open(store.clone(), clock.clone(), ids.clone())?;
    Sessions::open(store.clone(), clock, ids, Arc::new(Keys::default()), iam).await?;
    ssm::Parameters::open(store.clone(), Arc::new(SystemClock::new()))?;
    Stacks::migrate(&store).map_err(|reason| Error::Stack { name: String::new(), reason })?;
    let rotated = store.rotate(sealed_columns(), new).await;
    store.close().await;
    Ok(rotated?)
}

/// All encrypted columns.
fn sealed_columns() -> Vec<&'static SealedColumn> {
    [
        Apis::SEALED,
        cognito::SEALED,
        Functions::SEALED,
        Iam::SEALED,
        Sessions::SEALED,
        ssm::SEALED,
        Stacks::SEALED,
    ]
    .concat()
}

fn read_file(path: &Path) -> Result<String, String> {
    let said = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = String::new();
    std::fs::File::open(path).map_err(said)?.take(TEXT_BYTES_MAX).read_to_string(&mut text).map_err(said)?;
    Ok(text)
}

/// Runs a program and returns its output; kills it if it takes too long.
fn run(program: &str, arguments: &[String], timeout: Duration) -> Result<String, String> {
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    let out = child.stdout.take();
    let (read, text) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let done = out.map_or(Ok(0), |out| out.take(TEXT_BYTES_MAX).read_to_string(&mut text));
        // After the timeout, nobody waits for it.
        let _ = read.send(done.map(|_| text).map_err(|error| error.to_string()));
    });
    let printed = match text.recv_timeout(timeout) {
        Ok(printed) => printed,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            // It may have ended by itself.
            let _ = child.kill();
            Err(format!("it printed no key within {} s", timeout.as_secs()))
        }
    };
    let ended = child.wait().map_err(|error| error.to_string())?;
    let printed = printed?;
    if ended.success() { Ok(printed) } else { Err(format!("it failed: {ended}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(secrets: &Secrets) -> String {
        secrets.source().unwrap_err().to_string()
    }

    fn command(script: &str) -> Secrets {
        let key_command = ["sh", "-c", script].map(str::to_owned).to_vec();
        Secrets { key_command, ..Secrets::default() }
    }

    #[test]
    fn the_key_is_in_one_place() {
        let both = Secrets { key_file: Some("k".into()), key_env: Some("K".into()), ..Secrets::default() };
        assert!(problem(&both).contains("one place"), "{}", problem(&both));
        assert!(matches!(Secrets::default().source(), Ok(MasterKeySource::Beside)));
    }

    #[test]
    fn a_command_prints_the_key() {
        let key = "ab".repeat(32);
        let given = command(&format!("echo {key}")).source().unwrap();
        assert!(
            matches!(given, MasterKeySource::Given(given) if Some(&given) == MasterKey::parse(&key).as_ref())
        );
        for (script, word) in [
            ("echo short".to_owned(), "32 bytes"),
            (format!("echo {key}; exit 3"), "failed"),
            ("head -c 100000 /dev/zero".to_owned(), "secrets.key_command"),
        ] {
            assert!(problem(&command(&script)).contains(word), "{script}: {}", problem(&command(&script)));
        }
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let arguments = ["-c".to_owned(), "exec sleep 600".to_owned()];
        let problem = run("sh", &arguments, Duration::from_millis(50)).unwrap_err();
        assert!(problem.contains("printed no key"), "{problem}");
    }

    #[test]
    fn missing_places_are_named() {
        let file = Secrets { key_file: Some("/nowhere/at/all".into()), ..Secrets::default() };
        assert!(problem(&file).contains("/nowhere/at/all"));
        let variable = Secrets { key_env: Some("STEPGATE_NO_SUCH_KEY".into()), ..Secrets::default() };
        assert!(problem(&variable).contains("STEPGATE_NO_SUCH_KEY"));
    }
}
