//! `stepgate exec fork`: starts an execution in the middle of another one.

use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::call;
use crate::cli::arguments::Fork;
use crate::cli::output;
use crate::cli::payload::payload;
use crate::cli::remote::block_on;

pub(super) fn run(arguments: &Fork) -> anyhow::Result<ExitCode> {
    let mut input = json!({"executionArn": arguments.arn, "stateName": arguments.from});
    if let Some(event) = arguments.event {
        input["eventId"] = event.into();
    }
    if let Some(name) = &arguments.name {
        input["name"] = name.as_str().into();
    }
    if let Some(given) = &arguments.input {
        input["input"] = payload(given)?.into();
    }
    let started = block_on(call(&arguments.endpoint, "ForkExecution", &arguments.arn, &input))?;
    match arguments.json {
        true => output::line(&started.to_string()),
        false => output::line(
            started.get("executionArn").and_then(Value::as_str).context("the answer names no execution")?,
        ),
    }
    Ok(ExitCode::SUCCESS)
}
