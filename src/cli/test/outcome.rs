//! The result of a scenario, for people and for scripts.

use serde_json::{Value, json};

use crate::engine::rehearsal::Rehearsed;

/// The result of a scenario.
pub(super) struct Outcome {
    pub(super) name: String,
    /// Whether any end was fine.
    pub(super) is_free: bool,
    /// `None` if the scenario couldn't be run.
    pub(super) rehearsed: Option<Rehearsed>,
    /// The expectations that were not met, or why it couldn't be run.
    pub(super) failures: Vec<String>,
    /// What may be wrong with its mocks.
    pub(super) notes: Vec<String>,
    pub(super) seconds: f64,
}

impl Outcome {
    /// Of a scenario that makes no sense.
    pub(super) fn unrun(name: String, failures: Vec<String>) -> Self {
        Self { name, is_free: false, rehearsed: None, failures, notes: Vec::new(), seconds: 0.0 }
    }

    /// A line; if it failed, one more for each reason, and one with the states that were entered. Notes follow.
    pub(super) fn report(&self) -> String {
        let ending = self.rehearsed.as_ref().and_then(|rehearsed| rehearsed.ending.as_ref().ok());
        let mut report = match (self.failures.is_empty(), ending) {
            (true, Some(ending)) if self.is_free => {
                format!("  ok    {} ({} s) → {}", self.name, self.seconds, ending.status.as_str())
            }
            (true, _) => format!("  ok    {} ({} s)", self.name, self.seconds),
            (false, _) => format!("  FAIL  {}", self.name),
        };
        let mut add = |text: &str| report.push_str(&format!("\n          {text}"));
        if !self.failures.is_empty() {
            self.failures.iter().for_each(|failure| add(failure));
            if let Some(rehearsed) = &self.rehearsed {
                let end = ending.map(|ending| format!(" → {}", ending.status.as_str())).unwrap_or_default();
                add(&format!("way: {}{end}", rehearsed.states.join(" → ")));
            }
            let failure = ending.map(|ending| &ending.failure);
            for (what, text) in [
                ("error", failure.and_then(|failure| failure.error.as_ref())),
                ("cause", failure.and_then(|failure| failure.cause.as_ref())),
            ] {
                text.iter().for_each(|text| add(&format!("{what}: {text}")));
            }
        }
        self.notes.iter().for_each(|note| add(&format!("note: {note}")));
        report
    }

    pub(super) fn to_json(&self) -> Value {
        let rehearsed = self.rehearsed.as_ref();
        let ended = rehearsed.and_then(|rehearsed| Some((rehearsed, rehearsed.ending.as_ref().ok()?)));
        let execution = ended.map(|(rehearsed, ending)| {
            json!({
                "status": ending.status.as_str(),
                "output": ending.output.as_ref().map(|output| output.value().clone()),
                "error": ending.failure.error.as_deref(),
                "cause": ending.failure.cause.as_deref(),
                "states": rehearsed.states.iter().map(|name| &**name).collect::<Vec<_>>(),
                "seconds": self.seconds,
            })
        });
        json!({"name": self.name, "passed": self.failures.is_empty(), "failures": self.failures,
               "notes": self.notes, "execution": execution})
    }
}
