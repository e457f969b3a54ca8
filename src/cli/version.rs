//! `stepgate version`

use std::process::ExitCode;

use super::arguments::Version;
use super::output;

pub(super) fn run(arguments: &Version) -> anyhow::Result<ExitCode> {
    let version = env!("CARGO_PKG_VERSION");
    output::line(&if arguments.json {
        serde_json::json!({ "name": "stepgate", "version": version }).to_string()
    } else {
        format!("stepgate {version}")
    });
    Ok(ExitCode::SUCCESS)
}
