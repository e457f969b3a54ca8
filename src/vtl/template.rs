//! A parsed template.

use std::sync::Arc;

use crate::vtl::ast::{Block, Node};
use crate::vtl::error::{EvalError, ParseError};
use crate::vtl::eval::Evaluation;
use crate::vtl::host::Host;
use crate::vtl::limits::Limits;
use crate::vtl::parser::{self, Tables};

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
        Evaluation::new(&self.source, &self.tables, host, limits).run(&self.body)
    }

    /// The whole text, if the template holds no directive and no reference.
    pub fn is_literal(&self) -> Option<&str> {
        match &*self.body.0 {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }
}
