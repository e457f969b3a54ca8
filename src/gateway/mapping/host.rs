//! Runs a mapping template with API Gateway's objects: `$input`, `$util`, `$context`, `$stageVariables`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>

use super::allowance::Allowance;
use super::input_object::{self, Document};
use super::live::LiveDocument;
use super::overrides::LiveOverrides;
use super::payload::{NotJson, Payload, Reading};
use super::{context_object, util_object};
use crate::gateway::authorizers::AuthorizerFacts;
use crate::gateway::compile::CompiledTemplate;
use crate::gateway::context::{Context, Overrides};
use crate::gateway::proxy_event;
use crate::gateway::refusal::{Misconfiguration, Refusal};
use crate::vtl::{EvalError, Host, HostError, Limits, Map, Object, Value};

/// The side of a template. It decides whose error a body is that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// An integration request: the client's error.
    Request,
    /// An integration response: the backend's error.
    Response,
}

/// Evaluates `template` with `body`, which `$input` parses as `reading` says. Assignments to `$context` are returned in
/// `context.overrides`.
pub(crate) fn evaluate(
    template: &CompiledTemplate,
    context: &mut Context,
    body: &Payload,
    reading: Reading,
    side: Side,
) -> Result<String, Refusal> {
    let template = match template {
        CompiledTemplate::Literal(text) => return Ok(text.clone()),
        CompiledTemplate::Broken(reason) => return Err(failed(side, reason.clone())),
        CompiledTemplate::Velocity(template) => template,
    };
    let overrides = LiveOverrides::from(std::mem::take(&mut context.overrides));
    let allowance = Allowance::default();
    let live = LiveDocument::default();
    let mut host = Objects { context, body, reading, overrides, allowance, live };
    let result = template.evaluate(&mut host, &Limits::default());
    let overrides = Overrides::from(host.overrides);
    context.overrides = overrides;
    result.map_err(|error| match &error {
        EvalError::Host { source, .. } if side == Side::Request => match source.downcast_ref::<NotJson>() {
            Some(NotJson(reason)) => Refusal::BodyNotJson(reason.clone()),
            None => failed(side, error.to_string()),
        },
        _ => failed(side, error.to_string()),
    })
}

fn failed(side: Side, reason: String) -> Refusal {
    Refusal::ApiConfiguration(match side {
        Side::Request => Misconfiguration::RequestTemplate(reason),
        Side::Response => Misconfiguration::ResponseTemplate(reason),
    })
}

/// Declares the host's objects and their handles.
macro_rules! objects {
    ($($name:ident),+ $(,)?) => {
        /// An object of the host.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub(super) enum Kind { $($name),+ }

        impl Kind {
            const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

objects! {
    Input, Util, StageVariables, Context, CustomDomain, Identity, ClientCert, Validity, Error, Authorizer, Claims,
    Integration,
    RequestOverride, RequestHeader, RequestQuerystring, RequestPath, ResponseOverride, ResponseHeader,
}

impl Kind {
    /// The value that represents the object in a template.
    pub(super) fn value(self) -> Value {
        Value::Object(Object(self as u32))
    }

    pub(super) fn of(object: Object) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as u32 == object.0)
    }
}

/// API Gateway's side of one evaluation.
pub(super) struct Objects<'a> {
    pub(super) context: &'a Context,
    pub(super) body: &'a Payload,
    pub(super) reading: Reading,
    pub(super) overrides: LiveOverrides,
    pub(super) allowance: Allowance,
    pub(super) live: LiveDocument,
}

impl Host for Objects<'_> {
    fn lookup(&mut self, name: &str) -> Option<Value> {
        Some(match name {
            "input" => Kind::Input.value(),
            "util" => Kind::Util.value(),
            "context" => Kind::Context.value(),
            "stageVariables" => Kind::StageVariables.value(),
            _ => return None,
        })
    }

    fn get(&mut self, object: Object, property: &str) -> Result<Value, HostError> {
        let Some(kind) = Kind::of(object) else { return Ok(Value::Null) };
        Ok(match kind {
            Kind::Input => input_object::get(self.body, property, &mut self.allowance)?,
            Kind::Util => Value::Null,
            Kind::StageVariables => text(self.context.stage_variable(property)),
            Kind::RequestOverride
            | Kind::RequestHeader
            | Kind::RequestQuerystring
            | Kind::RequestPath
            | Kind::ResponseOverride
            | Kind::ResponseHeader => self.overrides.get(kind, property),
            Kind::Context
            | Kind::CustomDomain
            | Kind::Identity
            | Kind::ClientCert
            | Kind::Validity
            | Kind::Error
            | Kind::Authorizer
            | Kind::Claims
            | Kind::Integration => context_object::get(self.context, kind, property),
        })
    }

    fn set(&mut self, object: Object, property: &str, value: Value) -> Result<(), HostError> {
        // Everything except the overrides is read-only; AWS ignores such assignments.
        if let Some(kind) = Kind::of(object) {
            self.overrides.set(kind, property, value)?;
        }
        Ok(())
    }

    fn call(&mut self, object: Object, method: &str, args: &[Value]) -> Result<Value, HostError> {
        let Some(kind) = Kind::of(object) else { return Ok(Value::Null) };
        match (kind, method, args) {
            (Kind::Input, _, _) => {
                let document = Document { body: self.body, reading: self.reading, live: &mut self.live };
                input_object::call(self.context, document, method, args, &mut self.allowance)
            }
            (Kind::Util, _, _) => util_object::call(method, args, &mut self.allowance),
            (_, "get", [name]) => self.get(object, &name.to_display_string()),
            (_, "put", [name, value]) => {
                self.set(object, &name.to_display_string(), value.clone())?;
                // Java's put returns the previous value; AWS prints nothing for it (recorded).
                Ok(Value::Empty)
            }
            (_, "containsKey", [name]) => {
                let found = self.get(object, &name.to_display_string())?;
                Ok(Value::Bool(!found.is_null()))
            }
            (_, "keySet" | "entrySet" | "values" | "size" | "isEmpty", []) => {
                let Some(names) = self.names(kind) else { return Ok(Value::Null) };
                let mut entries = Vec::with_capacity(names.len());
                for name in names {
                    entries.push((Value::str(&name), self.get(object, &name)?));
                }
                let map = Map::from_entries(entries);
                Ok(match method {
                    "keySet" => Value::list(map.keys()),
                    "entrySet" => map.entry_set(),
                    "values" => Value::list(map.values()),
                    "size" => Value::integer(i64::try_from(map.len()).unwrap_or(i64::MAX)),
                    _ => Value::Bool(map.is_empty()),
                })
            }
            _ => Ok(Value::Null),
        }
    }
}

impl Objects<'_> {
    /// The members of an object over which templates may loop.
    fn names(&self, kind: Kind) -> Option<Vec<String>> {
        let context = self.context;
        match kind {
            Kind::StageVariables => {
                let stage = context.stage.as_deref();
                Some(stage.into_iter().flat_map(|stage| stage.variables.keys().cloned()).collect())
            }
            Kind::Identity => Some(proxy_event::identity_names(context).map(str::to_owned).collect()),
            Kind::Authorizer | Kind::Claims => {
                let members = context.authorizer.as_deref().and_then(AuthorizerFacts::members);
                let members = members.unwrap_or_default();
                let members = match kind {
                    Kind::Authorizer => Some(&members),
                    _ => members.get("claims").and_then(serde_json::Value::as_object),
                };
                Some(members.into_iter().flatten().map(|(name, _)| name.clone()).collect())
            }
            _ => None,
        }
    }
}

/// A string, or API Gateway's missing value.
pub(super) fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Empty, Value::str)
}

#[cfg(test)]
mod tests;
