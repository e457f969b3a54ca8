//! `stepgate exec skip`: ends Waits before their time.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::call;
use crate::cli::arguments::Skip;
use crate::cli::output;
use crate::cli::remote::block_on;

pub(super) fn run(arguments: &Skip) -> anyhow::Result<ExitCode> {
    let mut input = json!({"executionArn": arguments.arn});
    if let Some(state) = &arguments.state {
        input["stateName"] = state.as_str().into();
    }
    let skipped = block_on(call(&arguments.endpoint, "SkipWait", &arguments.arn, &input))?;
    if arguments.json {
        output::line(&skipped.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    for state in skipped["stateNames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        output::line(state);
    }
    Ok(ExitCode::SUCCESS)
}
