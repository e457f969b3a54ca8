//! The limits of one evaluation.

use std::fmt;

/// Limits of one evaluation. Exceeding any of them is an error; the output is never cut short.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Nodes evaluated, list items created, and 64-byte pieces of text copied. This limits time and memory. Default
    /// 1,000,000.
    pub steps: u64,
    /// How deep blocks and expressions may nest while they are evaluated. Default 512.
    pub depth: u32,
    /// Bytes of the output, and of any string created on the way. Default 10 MiB, API Gateway's payload quota.
    pub output_bytes: usize,
    /// Iterations of one `#foreach`. Default 1,000, API Gateway's quota.
    pub foreach_iterations: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, depth: 512, output_bytes: 10 * 1024 * 1024, foreach_iterations: 1000 }
    }
}

/// Which of the [`Limits`] an evaluation exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LimitKind {
    /// [`Limits::steps`].
    Steps,
    /// [`Limits::depth`], or a value that is nested too deeply to print.
    Depth,
    /// [`Limits::output_bytes`].
    OutputBytes,
    /// [`Limits::foreach_iterations`].
    ForeachIterations,
    /// Nested macro calls; Velocity's own limit of 20.
    MacroDepth,
    /// An integer of more than 128 bits.
    IntegerBits,
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "the template takes too many steps",
            Self::Depth => "the template or one of its values is nested too deeply",
            Self::OutputBytes => "the template's output is too large",
            Self::ForeachIterations => "a #foreach runs over too many items",
            Self::MacroDepth => "macros call each other too deeply, at most 20 levels are allowed",
            Self::IntegerBits => "a whole number needs more than 128 bits",
        })
    }
}
