//! `stepgate fn dev`: a folder runs as a function of a server, anew with every file that is saved.
//!
//! The folder is looked at every half second. That finds changes on every file system, also on those of other machines,
//! which tell nobody of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::runs::{self, Runs};
use super::{call, logs, refusal, try_call};
use crate::cli::arguments::Dev;
use crate::cli::output;
use crate::cli::remote::{Remote, block_on, encoded};
use crate::functions::SourceFolder;

/// How often the folder and the log are looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// The longest time that AWS lets a function run, in seconds: for whoever looks around in a debugger.
const DEBUGGED_TIMEOUT_S: u32 = 900;

pub(super) fn run(arguments: &Dev) -> anyhow::Result<ExitCode> {
    let folder = arguments.folder.canonicalize();
    let folder = folder.with_context(|| format!("cannot read {}", arguments.folder.display()))?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => name_of(&folder),
    };
    let runs = runs::runs(&folder, arguments.runtime.as_deref(), arguments.handler.as_deref())?;
    let remote = Remote { endpoint: &arguments.endpoint };
    let function = Function { remote, name: &name, arguments, runs: &runs };
    block_on(async {
        let mut seen = SourceFolder::look(&folder)?;
        function.deploy(&seen).await?;
        let mut next_line = logs::end(remote, &name).await?;
        function.say("deployed", &format!("{name} runs {} with {}", runs.handler, runs.runtime));
        if arguments.once {
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(port) = arguments.debug_port {
            function.say("debugger", &format!("attach to 127.0.0.1:{port} once the function is called"));
        }
        loop {
            next_line = logs::show(remote, &name, next_line, arguments.json).await?;
            tokio::time::sleep(PAUSE).await;
            let now = SourceFolder::look(&folder)?;
            if now == seen {
                continue;
            }
            // What can't be sent is report, and tried again with the next change.
            match function.send_code(&now).await {
                Ok(()) => function.say("updated", &format!("{name} has the new code")),
                Err(error) => output::failure(&error),
            }
            seen = now;
        }
    })
}

/// The function that a folder becomes.
struct Function<'a> {
    remote: Remote<'a>,
    name: &'a str,
    arguments: &'a Dev,
    runs: &'a Runs,
}

impl Function<'_> {
    /// Makes the function, or makes the one that is there as it was asked for.
    async fn deploy(&self, folder: &SourceFolder) -> anyhow::Result<()> {
        let mut input = json!({
            "Runtime": self.runs.runtime, "Handler": self.runs.handler, "Role": self.arguments.role,
            "Environment": { "Variables": self.environment()? },
        });
        if self.arguments.debug_port.is_some() {
            input["Timeout"] = json!(DEBUGGED_TIMEOUT_S);
        }
        let path = format!("/2015-03-31/functions/{}", encoded(self.name));
        let configuration = format!("{path}/configuration");
        let found = try_call(self.remote, Method::GET, &configuration, &[], Bytes::new()).await?;
        if found.status == StatusCode::NOT_FOUND {
            input["FunctionName"] = json!(self.name);
            input["Code"] = json!({ "ZipFile": archive(folder)? });
            call(self.remote, Method::POST, "/2015-03-31/functions", &[], input.to_string()).await?;
        } else if found.status.is_success() {
            self.send_code(folder).await?;
            call(self.remote, Method::PUT, &configuration, &[], input.to_string()).await?;
        } else {
            let (kind, message) = refusal(&found).unwrap_or_default();
            bail!("the server refused: {kind}: {message}");
        }
        if self.arguments.debug_port.is_some() {
            // Two instances can't listen at one port.
            let path = format!("/2017-10-31/functions/{}/concurrency", encoded(self.name));
            let one = json!({ "ReservedConcurrentExecutions": 1 }).to_string();
            call(self.remote, Method::PUT, &path, &[], one).await?;
        }
        Ok(())
    }

    async fn send_code(&self, folder: &SourceFolder) -> anyhow::Result<()> {
        let path = format!("/2015-03-31/functions/{}/code", encoded(self.name));
        let input = json!({ "ZipFile": archive(folder)? }).to_string();
        call(self.remote, Method::PUT, &path, &[], input).await.map(|_| ())
    }

    fn environment(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut variables = match &self.arguments.env_file {
            None => BTreeMap::new(),
            Some(file) => {
                let text = std::fs::read_to_string(file);
                variables(&text.with_context(|| format!("cannot read {}", file.display()))?)
                    .with_context(|| format!("{} can't be understood", file.display()))?
            }
        };
        if let Some(port) = self.arguments.debug_port {
            if self.runs.runtime.starts_with("nodejs") {
                let options = variables.entry("NODE_OPTIONS".to_owned()).or_default();
                *options = format!("{options} --inspect=127.0.0.1:{port}").trim().to_owned();
            } else {
                variables.insert("STEPGATE_DEBUG_PORT".to_owned(), port.to_string());
            }
        }
        Ok(variables)
    }

    /// Tells what happened, apart from the log.
    fn say(&self, event: &str, text: &str) {
        if self.arguments.json {
            let report = json!({ "event": event, "function": self.name, "text": text });
            output::line(&report.to_string());
        } else {
            output::progress(text);
        }
    }
}

fn archive(folder: &SourceFolder) -> anyhow::Result<Value> {
    Ok(json!(STANDARD.encode(folder.packed().context("cannot pack the folder")?)))
}

/// A folder's name with what a function's may have.
fn name_of(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    name.chars().map(legal).take(64).collect()
}

/// Lines `NAME=VALUE`; a value may be in quotes.
fn variables(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|(name, _)| !name.trim().is_empty()) else {
            bail!("line {}: write NAME=VALUE", index + 1);
        };
        let value = value.trim();
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        variables.insert(name.trim().to_owned(), quoted.unwrap_or(value).to_owned());
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_lines() {
        let found = variables("# a comment\n\nA=1\nexport B = \"two words\"\nC='x'\nD=a=b\nE=\n").unwrap();
        let want = [("A", "1"), ("B", "two words"), ("C", "x"), ("D", "a=b"), ("E", "")];
        let want = want.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(found, want);
        for (bad, line) in [("A", "line 1"), ("A=1\n=2", "line 2")] {
            assert!(variables(bad).unwrap_err().to_string().contains(line), "{bad}");
        }
    }

    #[test]
    fn a_folder_names_its_function() {
        assert_eq!(name_of(Path::new("/a/send mail.v2")), "send-mail-v2");
        assert_eq!(name_of(Path::new("/a/ok_1")), "ok_1");
    }
}
