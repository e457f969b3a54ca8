//! `stepgate vtl eval`

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::arguments::{OutputFormat, RequestParameter, VtlEval};
use super::findings::read;
use super::output;
use super::vtl_trace::Trace;
use crate::clock::{RandomIds, SystemClock};
use crate::gateway::{Trial, TrialOutcome, TrialRequest};
use crate::vtl::{Limits, Position, Template};

/// What went wrong, and where.
struct Failed {
    at: Position,
    message: String,
    rendered: String,
}

pub(super) fn run(arguments: &VtlEval) -> anyhow::Result<ExitCode> {
    let of_stdin = [Some(&arguments.template), arguments.input.as_ref(), arguments.context.as_ref()];
    if 1 < of_stdin.into_iter().flatten().filter(|file| **file == Path::new("-")).count() {
        output::failure(&anyhow::anyhow!("standard input can be read once only: name a file for the others"));
        return Ok(ExitCode::from(2));
    }
    let source = read(&arguments.template)?;
    let request = request(arguments)?;
    let mut trace = arguments.trace.then(Trace::default);
    let result = evaluate(&source, request, trace.as_mut());
    let code = if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    match arguments.output {
        OutputFormat::Text => {
            trace.iter().flat_map(Trace::lines).for_each(|line| output::progress(&line));
            match &result {
                Ok(outcome) => {
                    for (name, value) in &outcome.overrides {
                        output::progress(&format!("$context.{name}: {value}"));
                    }
                    output::text(&outcome.output);
                }
                Err(failed) => output::failure(&anyhow::anyhow!("{}", failed.rendered)),
            }
        }
        OutputFormat::Json => output::line(&report(&result, trace.as_ref()).to_string()),
    }
    Ok(code)
}

fn evaluate(source: &str, request: TrialRequest, trace: Option<&mut Trace>) -> Result<TrialOutcome, Failed> {
    let template = Template::parse(source).map_err(|error| Failed {
        at: Position { line: error.line, column: error.column },
        message: error.message.clone(),
        rendered: error.render(source),
    })?;
    let trial = Trial::new(request, &SystemClock::new(), &RandomIds);
    let observer = trace.map(|trace| trace as &mut dyn crate::vtl::Observer);
    trial.evaluate(&template, &Limits::default(), observer).map_err(|error| Failed {
        at: error.position(),
        message: error.to_string(),
        rendered: error.render(source),
    })
}

fn report(result: &Result<TrialOutcome, Failed>, trace: Option<&Trace>) -> Value {
    let mut report = match result {
        Ok(outcome) => json!({ "output": outcome.output, "overrides": outcome.overrides }),
        Err(Failed { at, message, .. }) => {
            json!({ "error": { "line": at.line, "column": at.column, "message": message } })
        }
    };
    if let Some(trace) = trace {
        report["trace"] = trace.to_json();
    }
    report
}

/// The request that the arguments describe.
fn request(arguments: &VtlEval) -> anyhow::Result<TrialRequest> {
    let mut request = TrialRequest { context: context(arguments)?, ..TrialRequest::default() };
    if let Some(file) = &arguments.input {
        request.body = read(file)?.into();
    }
    for parameter in &arguments.parameters {
        match parameter.clone() {
            RequestParameter::Path(name, value) => request.path.push((name, value)),
            RequestParameter::Query(name, value) => request.querystring.push((name, value)),
            RequestParameter::Header(name, value) => {
                request.headers.append(name, value);
            }
        }
    }
    if let Some(content_type) = &arguments.content_type {
        request.headers.insert(CONTENT_TYPE, content_type.clone());
    }
    request
        .stage_variables
        .extend(arguments.stage_variables.iter().flatten().map(|(n, v)| (n.clone(), v.clone())));
    Ok(request)
}

fn context(arguments: &VtlEval) -> anyhow::Result<Map<String, Value>> {
    let Some(file) = &arguments.context else { return Ok(Map::new()) };
    let text = read(file)?;
    match serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))? {
        Value::Object(members) => Ok(members),
        _ => bail!("{} is no JSON object", file.display()),
    }
}
