//! What an expression may see: `$`, the context object, variables.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::execution::{Execution, FrameId, Phase, STATE_DATA};
use super::Env;
use crate::asl::intrinsic::Scope;
use crate::asl::{Program, StateKind};
use crate::clock::{Ids, Timestamp};

/// The item of an iteration, as `$$.Map.Item` has it.
#[derive(Clone, Copy)]
pub(super) struct MapItem<'a> {
    /// Its place.
    pub(super) index: usize,
    pub(super) value: &'a Value,
    /// Where it was read, if that is known.
    pub(super) source: Option<&'a str>,
}

impl MapItem<'_> {
    fn to_json(self) -> Value {
        let mut item = json!({ "Index": self.index, "Value": self.value });
        if let Some(source) = self.source {
            item["Source"] = source.into();
        }
        item
    }
}

/// A state's view of the world. The context object is made when it is first asked for.
pub(super) struct StateScope<'a> {
    execution: &'a Execution,
    program: &'a Program,
    env: &'a Env<'a>,
    frame: FrameId,
    input: &'a Value,
    token: Option<&'a str>,
    item: Option<MapItem<'a>>,
    result: Option<&'a Value>,
    error_output: Option<&'a Value>,
    context: OnceCell<Value>,
    /// The same without the execution's input, which may be large.
    light_context: OnceCell<Value>,
}

impl<'a> StateScope<'a> {
    pub(super) fn new(
        execution: &'a Execution,
        program: &'a Program,
        env: &'a Env<'a>,
        frame: FrameId,
        input: &'a Value,
    ) -> Self {
        let (context, light_context) = (OnceCell::new(), OnceCell::new());
        let (token, item, result, error_output) = (None, None, None, None);
        Self {
            execution,
            program,
            env,
            frame,
            input,
            token,
            item,
            result,
            error_output,
            context,
            light_context,
        }
    }

    /// The same with `$states.result`.
    pub(super) fn with_result(self, result: &'a Value) -> Self {
        Self { result: Some(result), ..self }
    }

    /// The same with `$states.errorOutput`.
    pub(super) fn with_error_output(self, error_output: &'a Value) -> Self {
        Self { error_output: Some(error_output), ..self }
    }

    /// The same with `$$.Task.Token`.
    pub(super) fn with_token(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same with `$$.Map.Item`.
    pub(super) fn with_item(self, item: MapItem<'a>) -> Self {
        Self { item: Some(item), ..self }
    }

    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
    fn make_context(&self, with_input: bool) -> Value {
        let start = self.execution.start();
        let mut context = Map::new();
        let mut execution = Map::new();
        execution.insert("Id".into(), json!(&*start.arn));
        if with_input {
            execution.insert("Input".into(), start.input.value().clone());
        }
        execution.insert("StartTime".into(), json!(start.started.to_iso8601()));
        execution.insert("Name".into(), json!(&*start.name));
        // Only a trial may have none.
        if !start.role_arn.is_empty() {
            execution.insert("RoleArn".into(), json!(&*start.role_arn));
        }
        if !start.is_synchronous {
            execution.insert("RedriveCount".into(), json!(self.execution.redrive_count()));
        }
        if let Some(redriven) = self.execution.redriven() {
            execution.insert("RedriveTime".into(), json!(redriven.to_iso8601()));
        }
        context.insert("Execution".into(), execution.into());
        context.insert(
            "StateMachine".into(),
            json!({ "Id": &*start.state_machine_arn, "Name": &*start.state_machine_name }),
        );
        let frame = self.execution.frames.get(&self.frame);
        if let Some(at) = frame.and_then(|frame| frame.at.as_ref()) {
            let state = &self.program[at.state];
            let mut members = Map::new();
            members.insert("Name".into(), json!(&*state.name));
            members.insert("EnteredTime".into(), json!(at.entered.to_iso8601()));
            if matches!(state.kind, StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)) {
                members.insert("RetryCount".into(), json!(at.retry_count));
            }
            context.insert("State".into(), members.into());
        }
        if let Some(token) = self.token {
            context.insert("Task".into(), json!({ "Token": token }));
        }
        if let Some(item) = self.item.map(MapItem::to_json).or_else(|| self.outer_item()) {
            context.insert("Map".into(), json!({ "Item": item }));
        }
        self.lay_over(&mut context);
        Value::Object(context)
    }

    /// Puts what a trial says in the place of what it would be, member by member. The item of an iteration that is
    /// being made is its own all the same.
    fn lay_over(&self, context: &mut Map<String, Value>) {
        let given = self.env.trial.and_then(|trial| trial.context?.as_object());
        for (section, given) in given.into_iter().flatten() {
            if section == "Map" && self.item.is_some() {
                continue;
            }
            match (context.get_mut(section), given) {
                (Some(Value::Object(members)), Value::Object(given)) => members.extend(given.clone()),
                (_, given) => drop(context.insert(section.clone(), given.clone())),
            }
        }
    }

    /// The item of the innermost iteration that this frame is inside of.
    fn outer_item(&self) -> Option<Value> {
        // Children of a Map in DISTRIBUTED mode are executions of their own: only data of the execution gets here.
        let item = |index, value| MapItem { index, value, source: Some(STATE_DATA) }.to_json();
        let mut id = self.frame;
        loop {
            let frame = self.execution.frames.get(&id)?;
            let parent = frame.parent?;
            let at = self.execution.frames.get(&parent)?.at.as_ref()?;
            if let (StateKind::Map(map), Phase::Composite { .. }) = (&self.program[at.state].kind, &at.phase)
            {
                if let Some(items) = self.execution.kept_items(parent) {
                    return Some(item(frame.index, items.value().get(frame.index)?));
                }
                let raw = at.input.value();
                let scope = StateScope::new(self.execution, self.program, self.env, parent, raw);
                let effective = map.flow.input_path.select(&scope).ok()?;
                let scope = StateScope::new(self.execution, self.program, self.env, parent, &effective);
                let items = map.items(&scope).ok()?;
                return Some(item(frame.index, items.get(frame.index)?));
            }
            id = parent;
        }
    }
}

impl Scope for StateScope<'_> {
    fn input(&self) -> &Value {
        self.input
    }

    fn context(&self) -> &Value {
        self.context.get_or_init(|| self.make_context(true))
    }

    fn context_for(&self, path: &str) -> &Value {
        match reaches_input(path) {
            true => self.context(),
            false => self.light_context.get_or_init(|| self.make_context(false)),
        }
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.execution.variable(self.frame, name)
    }

    fn random_uuid(&self) -> String {
        self.env.ids.uuid().to_string()
    }

    fn random_unit(&self) -> f64 {
        self.env.ids.unit()
    }

    fn states(&self, member: &str) -> Option<&Value> {
        match member {
            "input" => {
                let at = self.execution.frames.get(&self.frame)?.at.as_ref()?;
                Some(at.input.value())
            }
            "context" => Some(self.context()),
            "result" => self.result,
            "errorOutput" => self.error_output,
            _ => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.env.now
    }

    fn ids(&self) -> Arc<dyn Ids> {
        self.env.ids.clone()
    }

    fn time_left(&self) -> Duration {
        self.env.limits.expressions_time_max.saturating_sub((self.env.elapsed)())
    }
}

/// Whether a path into the context object may lead to `Execution.Input`. The plain ways to other members don't.
fn reaches_input(path: &str) -> bool {
    const BESIDE_EXECUTION: [&str; 4] = ["$$.State", "$$.StateMachine", "$$.Map", "$$.Task"];
    const BESIDE_INPUT: [&str; 6] = [
        "$$.Execution.Id",
        "$$.Execution.Name",
        "$$.Execution.RoleArn",
        "$$.Execution.StartTime",
        "$$.Execution.RedriveCount",
        "$$.Execution.RedriveTime",
    ];
    let is_below = |member: &str| {
        path.strip_prefix(member).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    !BESIDE_INPUT.contains(&path) && !BESIDE_EXECUTION.iter().any(|member| is_below(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_is_made_for_paths_that_may_lead_to_it() {
        for path in [
            "$$",
            "$$.*",
            "$$..Id",
            "$$['Map']",
            "$$.Execution",
            "$$.Execution.Input.a",
            "$$.Execution['Id']",
            "$$.StateOf",
        ] {
            assert!(reaches_input(path), "{path}");
        }
        for path in [
            "$$.Execution.Id",
            "$$.State.Name",
            "$$.Map.Item.Value..x",
            "$$.Map['Item']",
            "$$.Task.Token",
            "$$.StateMachine",
        ] {
            assert!(!reaches_input(path), "{path}");
        }
    }
}
