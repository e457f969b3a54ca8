//! A parsed template.

use std::sync::Arc;

use crate::vtl::ast::{Block, Macro, Node, Offset, Slot};
use crate::vtl::error::{EvalError, ParseError, Position};
use crate::vtl::eval::Evaluation;
use crate::vtl::host::Host;
use crate::vtl::limits::Limits;
use crate::vtl::parser::{self, Tables};
use crate::vtl::trace::Observer;

/// A parsed mapping template: immutable, `Send + Sync`, cheap to share in an `Arc`.
#[derive(Debug)]
pub struct Template {
    source: Arc<str>,
    body: Block,
    tables: Tables,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// When `source` is not Velocity 1.7, uses `#include` or `#parse`, or nests too deeply.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let mut tables = Tables::default();
        let body = parser::parse(source, &mut tables)?;
        Ok(Self { source: source.into(), body, tables })
    }

    /// Evaluates the template against a host.
    ///
    /// # Errors
    /// When the host refuses, a method throws, or a limit is reached.
    pub fn evaluate(&self, host: &mut dyn Host, limits: &Limits) -> Result<String, EvalError> {
        if let Some(text) = self.is_literal()
            && text.len() <= limits.output_bytes
        {
            return Ok(text.to_owned());
        }
        Evaluation::new(&self.source, &self.tables, host, limits, None).run(&self.body)
    }

    /// Evaluates the template like [`Template::evaluate`], and notifies `observer` of every step.
    ///
    /// # Errors
    /// As [`Template::evaluate`]. The observer has seen the steps before the error.
    pub fn trace(
        &self,
        host: &mut dyn Host,
        limits: &Limits,
        observer: &mut dyn Observer,
    ) -> Result<String, EvalError> {
        Evaluation::new(&self.source, &self.tables, host, limits, Some(observer)).run(&self.body)
    }

    /// The tree, for checks that inspect a template without evaluating it.
    pub fn body(&self) -> &Block {
        &self.body
    }

    /// The macros, in no particular order.
    pub fn macros(&self) -> impl Iterator<Item = (&str, &Macro)> {
        self.tables.macros.iter().map(|(name, called)| (&**name, &**called))
    }

    /// The name of a variable.
    pub fn name(&self, slot: Slot) -> &str {
        self.tables.names.name(slot)
    }

    /// The line and column of an offset.
    pub fn position(&self, at: Offset) -> Position {
        Position::of(&self.source, at as usize)
    }

    /// The whole text, if the template contains no directive and no reference.
    pub fn is_literal(&self) -> Option<&str> {
        match &*self.body.0 {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }
}
