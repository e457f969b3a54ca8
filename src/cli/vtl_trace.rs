//! Traces an evaluation, for people and scripts.

use serde_json::{Value as Json, json};

use crate::vtl::{Action, Observer, Position, Step, Value};

/// The most steps to show; the rest is only counted.
const STEPS_MAX: usize = 10_000;

/// Records the steps of one evaluation.
#[derive(Debug, Default)]
pub(super) struct Trace {
    steps: Vec<Noted>,
    n_left_out: usize,
}

/// A recorded step.
#[derive(Debug)]
struct Noted {
    at: Position,
    source: String,
    depth: u32,
    is_evaluated: bool,
    action: &'static str,
    /// The value in readable form.
    shown: Option<String>,
    /// The value as JSON.
    json: Option<Json>,
}

impl Observer for Trace {
    fn step(&mut self, step: &Step<'_>) {
        if STEPS_MAX <= self.steps.len() {
            self.n_left_out += 1;
            return;
        }
        let (action, shown, json) = described(&step.action);
        let (source, depth) = (step.source.to_owned(), step.depth);
        self.steps.push(Noted {
            at: step.at,
            source,
            depth,
            is_evaluated: step.is_evaluated,
            action,
            shown,
            json,
        });
    }
}

/// The action's name, and its value for people and scripts.
fn described(action: &Action<'_>) -> (&'static str, Option<String>, Option<Json>) {
    let value = |name, value: &Value| (name, Some(shown(value)), Some(value.to_json()));
    let plain = |name, value: Json| (name, Some(value.to_string()), Some(value));
    match action {
        Action::Value(read) => value("value", read),
        Action::Assigned(Value::Null) => ("left as it was", None, None),
        Action::Assigned(assigned) => value("set", assigned),
        Action::Condition(holds) => plain("condition", json!(holds)),
        Action::Loop(items) => plain("items", json!(items)),
        Action::Skipped(skipped) => value("no list or map", skipped),
        Action::Iteration(index, item) => {
            ("item", Some(format!("[{index}] {}", shown(item))), Some(item.to_json()))
        }
        Action::Macro => ("called", None, None),
        Action::NoMacro => ("no such macro, printed as it stands", None, None),
        Action::Defined => ("defined", None, None),
        Action::Evaluating(text) => plain("evaluates", json!(text)),
        Action::Left => ("leaves", None, None),
    }
}

/// A value in a form that shows its type.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Empty => "(nothing)".to_owned(),
        Value::Str(text) => json!(&**text).to_string(),
        Value::Object(_) => "(object of the gateway)".to_owned(),
        Value::Block(_) => "(block of #define)".to_owned(),
        Value::Loop(_) => "(loop)".to_owned(),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Big(_)
        | Value::Double(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Entry(_) => value.to_display_string(),
    }
}

impl Trace {
    /// A line for each step: position, source, and action.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.steps.iter().map(Noted::line).collect();
        if 0 < self.n_left_out {
            lines.push(format!("… and {} more steps", self.n_left_out));
        }
        lines
    }

    /// An array with an object for each step.
    pub(super) fn to_json(&self) -> Json {
        let step = |noted: &Noted| {
            let mut step = json!({
                "line": noted.at.line, "column": noted.at.column, "depth": noted.depth,
                "source": noted.source, "action": noted.action,
            });
            if let Some(value) = &noted.json {
                step["value"] = value.clone();
            }
            if noted.is_evaluated {
                step["in"] = json!("#evaluate");
            }
            step
        };
        self.steps.iter().map(step).collect()
    }
}

impl Noted {
    fn line(&self) -> String {
        const SOURCE_MAX: usize = 72;
        const VALUE_MAX: usize = 160;
        const INDENT_MAX: usize = 24;
        let place = format!("{}:{}", self.at.line, self.at.column);
        let place = if self.is_evaluated { format!("#evaluate {place}") } else { place };
        let indent = " ".repeat(usize::try_from(self.depth).unwrap_or(INDENT_MAX).min(INDENT_MAX));
        let source = cut(&self.source, SOURCE_MAX);
        match &self.shown {
            Some(value) => {
                format!("{place:>7}  {indent}{source}  {}: {}", self.action, cut(value, VALUE_MAX))
            }
            None => format!("{place:>7}  {indent}{source}  {}", self.action),
        }
    }
}

/// Shortens a text to one line of at most `max` characters.
fn cut(text: &str, max: usize) -> String {
    let mut cut: String = text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if max < text.chars().count() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_beyond_the_limit_are_counted() {
        let mut trace = Trace::default();
        for _ in 0..=STEPS_MAX {
            let at = Position { line: 1, column: 1 };
            trace.step(&Step { at, source: "#stop", depth: 0, is_evaluated: false, action: Action::Left });
        }
        assert_eq!(trace.lines().len(), STEPS_MAX + 1);
        assert_eq!(trace.lines().pop().unwrap(), "… and 1 more steps");
    }

    #[test]
    fn values_show_their_kind() {
        for (value, expect) in [
            (Value::Null, "null"),
            (Value::Empty, "(nothing)"),
            (Value::str("a\"b"), r#""a\"b""#),
            (Value::from_json(&json!({"a": [1, "x"]})), r#"{a=[1,"x"]}"#),
            (Value::Double(1.5), "1.5"),
        ] {
            assert_eq!(shown(&value), expect);
        }
        assert_eq!(cut("ab\ncd", 3), "ab …");
    }
}
