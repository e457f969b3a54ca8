//! `stepgate replay`: finds where recorded executions would take another path under a changed definition.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::arguments::Replay;
use super::definition::{Definition, Substitutions};
use super::{findings, output};
use crate::asl::Program;
use crate::engine::replay::{Divergence, End, History, replay};
use crate::wire::event_json;

pub(super) fn run(arguments: &Replay) -> anyhow::Result<ExitCode> {
    let program = match program(arguments) {
        Ok(program) => program,
        Err(error) => {
            output::failure(&error);
            return Ok(ExitCode::from(2));
        }
    };
    let (mut n_diverged, mut n_partial, mut n_unread) = (0, 0, 0);
    let mut reports = Vec::new();
    for file in &arguments.history {
        let replayed = match read(file).map(|history| Replayed::of(&program, &history)) {
            Ok(replayed) => replayed,
            Err(error) => {
                output::failure(&error);
                n_unread += 1;
                continue;
            }
        };
        n_diverged += usize::from(replayed.divergence.is_some());
        n_partial += usize::from(!replayed.recorded_end.is_whole());
        let name = file.display().to_string();
        match arguments.json {
            true => reports.push(replayed.to_json(&name)),
            false => output::line(&replayed.report(&name)),
        }
        if replayed.recorded_end == End::Cut {
            let n = replayed.n_events;
            output::warning(&format!(
                "{name} ends in the middle, after event {n}: a nextToken is left over. Read all pages into one file"
            ));
        }
    }
    if arguments.json {
        let n = reports.len();
        let report = json!({"histories": n, "diverged": n_diverged, "partial": n_partial, "files": reports});
        output::line(&report.to_string());
    }
    Ok(match (n_unread, n_diverged, n_partial) {
        (0, 0, 0) => ExitCode::SUCCESS,
        (0, 0, _) => ExitCode::from(3),
        (0, _, _) => ExitCode::FAILURE,
        (_, _, _) => ExitCode::from(2),
    })
}

fn program(arguments: &Replay) -> anyhow::Result<Program> {
    let file = &arguments.definition;
    let substitutions = Substitutions::read_if_named(arguments.substitutions.as_deref())?;
    let definition = Definition::read(file, &findings::read(file)?, substitutions.as_ref());
    let program =
        definition.with_context(|| file.display().to_string())?.compile(file, substitutions.as_ref())?;
    substitutions.iter().for_each(Substitutions::warn_of_unused);
    Ok(program)
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
    /// How the recording ends.
    recorded_end: End,
    /// How the execution ends now, or why it doesn't.
    end: String,
    n_events: usize,
}

impl Replayed {
    fn of(program: &Program, history: &History) -> Self {
        let replayed = replay(program, history, event_json);
        Self {
            divergence: replayed.divergence,
            recorded: replayed.recorded,
            recorded_end: history.end(),
            now: replayed.now,
            end: replayed.end,
            n_events: history.n_events(),
        }
    }

    fn report(&self, name: &str) -> String {
        let n = self.n_events;
        let end = match self.recorded_end {
            End::Whole(status) => status,
            End::Stopped => "ABORTED",
            End::Running => "still running",
            End::Cut => "… (the rest was not recorded)",
        };
        let Some(divergence) = &self.divergence else {
            return match self.recorded_end {
                End::Whole(status) => format!("{name}: the same, {n} events, {status}"),
                End::Stopped => {
                    format!(
                        "{name}: no difference in {n} events, after which the execution was stopped (ABORTED)"
                    )
                }
                End::Running => {
                    format!(
                        "{name}: no difference in {n} events; the execution was still running when they were recorded"
                    )
                }
                End::Cut => format!(
                    "{name}: no difference in {n} events, but the history ends in the middle: a nextToken is left over, \
                     and with it the events after {n}"
                ),
            };
        };
        let way = |states: &[String]| states.join(" → ");
        format!(
            "{name}: diverges at event {}\n  recorded: {}\n  now:      {}\n  way recorded: {} → {end}\n  way now:      {} → {}",
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
        json!({"file": name, "events": self.n_events, "whole": self.recorded_end.is_whole(), "divergence": divergence,
               "recordedStates": self.recorded, "recordedEnd": self.recorded_end.status(),
               "states": self.now, "end": self.end})
    }
}

#[cfg(test)]
mod tests;
