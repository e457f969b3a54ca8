//! What an expression may see: `$`, the context object, variables.

use std::cell::OnceCell;

use serde_json::{Map, Value, json};

use super::super::execution::{Execution, FrameId, Phase};
use super::Env;
use crate::asl::intrinsic::Scope;
use crate::asl::{Program, StateKind};

/// A state's view of the world. The context object is made when it is first asked for.
pub(super) struct StateScope<'a> {
    execution: &'a Execution,
    program: &'a Program,
    env: &'a Env<'a>,
    frame: FrameId,
    input: &'a Value,
    token: Option<&'a str>,
    item: Option<(usize, &'a Value)>,
    context: OnceCell<Value>,
}

impl<'a> StateScope<'a> {
    pub(super) fn new(
        execution: &'a Execution,
        program: &'a Program,
        env: &'a Env<'a>,
        frame: FrameId,
        input: &'a Value,
    ) -> Self {
        Self { execution, program, env, frame, input, token: None, item: None, context: OnceCell::new() }
    }

    /// The same with `$$.Task.Token`.
    pub(super) fn with_token(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The same with `$$.Map.Item`.
    pub(super) fn with_item(self, index: usize, value: &'a Value) -> Self {
        Self { item: Some((index, value)), ..self }
    }

    /// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html>
    fn make_context(&self) -> Value {
        let start = self.execution.start();
        let mut context = Map::new();
        context.insert(
            "Execution".into(),
            json!({
                "Id": &*start.arn,
                "Input": start.input.value(),
                "StartTime": start.started.to_iso8601(),
                "Name": &*start.name,
                "RoleArn": &*start.role_arn,
                "RedriveCount": 0,
            }),
        );
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
        if let Some((index, value)) = self.item.map(|(i, v)| (i, v.clone())).or_else(|| self.outer_item()) {
            context.insert("Map".into(), json!({ "Item": { "Index": index, "Value": value } }));
        }
        Value::Object(context)
    }

    /// The item of the innermost iteration that this frame is inside of.
    fn outer_item(&self) -> Option<(usize, Value)> {
        let mut id = self.frame;
        loop {
            let frame = self.execution.frames.get(&id)?;
            let parent = frame.parent?;
            let at = self.execution.frames.get(&parent)?.at.as_ref()?;
            if let (StateKind::Map(map), Phase::Composite { .. }) = (&self.program[at.state].kind, &at.phase)
            {
                let raw = at.input.value();
                let scope = StateScope::new(self.execution, self.program, self.env, parent, raw);
                let effective = map.flow.input_path.select(&scope).ok()?;
                let scope = StateScope::new(self.execution, self.program, self.env, parent, &effective);
                let items = map.items(&scope).ok()?;
                return Some((frame.index, items.get(frame.index)?.clone()));
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
        self.context.get_or_init(|| self.make_context())
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
}
