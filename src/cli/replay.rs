//! `stepgate replay`: finds where recorded executions would take another path under a changed definition.

mod divergence;
mod history;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};

use super::arguments::Replay;
use super::{findings, output};
use crate::asl::{self, Program, StateMachineType};
use crate::engine::execution::ExecutionStart;
use crate::engine::rehearsal::{Rehearsal, Rehearsed};
use crate::wire::event_json;
use divergence::{Divergence, divergence};
use history::{Event, History};

/// Replaces parts of strings that are specific to one execution, on both sides, so that they are not compared.
const OWN: &str = "stepgate-replay";

pub(super) fn run(arguments: &Replay) -> anyhow::Result<ExitCode> {
    let definition = findings::read(&arguments.definition)?;
    let program = match asl::compile(&definition, StateMachineType::Standard) {
        Ok(program) => program,
        Err(diagnostics) => {
            let file = arguments.definition.display();
            output::failure(&anyhow!("{file}: the definition is not valid: {diagnostics}"));
            return Ok(ExitCode::from(2));
        }
    };
    let (mut n_diverged, mut n_unread) = (0, 0);
    let mut reports = Vec::new();
    for file in &arguments.history {
        let replayed = match read(file).map(|history| Replayed::of(&program, history)) {
            Ok(replayed) => replayed,
            Err(error) => {
                output::failure(&error);
                n_unread += 1;
                continue;
            }
        };
        n_diverged += usize::from(replayed.divergence.is_some());
        let name = file.display().to_string();
        match arguments.json {
            true => reports.push(replayed.to_json(&name)),
            false => output::line(&replayed.told(&name)),
        }
    }
    if arguments.json {
        let n = reports.len();
        output::line(&json!({"histories": n, "diverged": n_diverged, "files": reports}).to_string());
    }
    Ok(match (n_unread, n_diverged) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        (_, _) => ExitCode::from(2),
    })
}

fn read(file: &Path) -> anyhow::Result<History> {
    let name = || file.display().to_string();
    let value: Value = serde_json::from_str(&findings::read(file)?).with_context(name)?;
    History::read(&value).with_context(name)
}

/// The result of replaying one history.
struct Replayed {
    divergence: Option<Divergence>,
    /// States in the order in which they were entered: recorded and now.
    recorded: Vec<String>,
    now: Vec<String>,
    /// How the execution ends now, or why it doesn't.
    end: String,
    n_events: usize,
}

impl Replayed {
    fn of(program: &Program, history: History) -> Self {
        let start = ExecutionStart {
            arn: format!("arn:aws:states:us-east-1:123456789012:execution:{OWN}:{OWN}").into(),
            name: OWN.into(),
            input: history.input(),
            role_arn: "arn:aws:iam::123456789012:role/replay".into(),
            state_machine_arn: format!("arn:aws:states:us-east-1:123456789012:stateMachine:{OWN}").into(),
            state_machine_name: OWN.into(),
            version_arn: None,
            alias_arn: None,
            region: "us-east-1".into(),
            started: history.started(),
            is_synchronous: false,
        };
        let mut outcomes = history.outcomes();
        let Rehearsed { ending, events, states, .. } =
            Rehearsal { program, start, mocks: &mut outcomes, token_prefix: OWN }.run();
        // Written and parsed again, so that both sides have the same form.
        let events: Vec<Event> = events.iter().filter_map(|event| Event::read(&event_json(event))).collect();
        let end = match &ending {
            Ok(ending) => ending.status.as_str().to_owned(),
            Err(error) => error.to_string(),
        };
        Self {
            divergence: divergence(&history.events, &events, history.is_whole(), &end),
            recorded: history.states(),
            now: states.iter().map(|name| name.to_string()).collect(),
            end,
            n_events: history.events.len(),
        }
    }

    fn told(&self, name: &str) -> String {
        let Some(divergence) = &self.divergence else {
            return format!("{name}: the same, {} events", self.n_events);
        };
        let way = |states: &[String]| states.join(" → ");
        format!(
            "{name}: diverges at event {}\n  recorded: {}\n  now:      {}\n  way recorded: {}\n  way now:      {} → {}",
            divergence.event,
            divergence.recorded,
            divergence.now,
            way(&self.recorded),
            way(&self.now),
            self.end,
        )
    }

    fn to_json(&self, name: &str) -> Value {
        let divergence = self
            .divergence
            .as_ref()
            .map(|it| json!({"event": it.event, "recorded": it.recorded, "now": it.now}));
        json!({"file": name, "events": self.n_events, "divergence": divergence,
               "recordedStates": self.recorded, "states": self.now, "end": self.end})
    }
}

#[cfg(test)]
mod tests;
