//! The tree of a parsed template.

use std::sync::Arc;

use crate::vtl::value::{Operator, Value};

/// A variable's place in the evaluation's table; the parser gives every name of a template one.
pub(super) type Slot = u32;

/// A byte offset in the source, for messages.
pub(super) type Offset = u32;

/// A run of statements.
#[derive(Debug, Default)]
pub(super) struct Block(pub(super) Box<[Node]>);

/// A statement.
#[derive(Debug)]
pub(super) enum Node {
    /// Text that is copied.
    Text(Box<str>),
    /// `$name…`
    Reference(Reference),
    /// `#set($target = value)`
    Set(Box<(Reference, Expression)>),
    /// `#if … #elseif … #else … #end`: each condition with its block, then the block without one.
    If(Box<[(Expression, Block)]>, Option<Block>),
    /// `#foreach($variable in items) … #end`
    Foreach(Box<Foreach>),
    /// `#name(…)`, of a macro or of nothing.
    Call(Box<Call>),
    /// `#define($name) … #end`
    Define(Slot, Arc<Block>),
    /// `#evaluate(text)`
    Evaluate(Box<Expression>, Offset),
    /// `#stop`
    Stop,
    /// `#break` or `#break($foreach.parent)`
    Break(Option<Box<Expression>>),
}

/// A `#foreach`.
#[derive(Debug)]
pub(super) struct Foreach {
    pub(super) variable: Slot,
    pub(super) items: Expression,
    pub(super) body: Block,
    pub(super) at: Offset,
}

/// A call of what may be a macro by the time it is evaluated.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: Box<str>,
    pub(super) arguments: Box<[Arc<Expression>]>,
    /// The block of `#@name(…) … #end`.
    pub(super) body: Option<Arc<Block>>,
    /// The source, printed when there is no such macro.
    pub(super) literal: Box<str>,
    pub(super) at: Offset,
}

/// A `#macro`.
#[derive(Debug)]
pub(super) struct Macro {
    /// The parameters and, beside each, the source to print for `$parameter` when the argument is null.
    pub(super) parameters: Box<[Slot]>,
    pub(super) body: Block,
}

/// `$name`, `$!{name.property[index].method(…)}`, with the backslashes before it.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) slot: Slot,
    pub(super) steps: Box<[Step]>,
    /// What is printed when the value is null: the source, or nothing for a quiet reference.
    pub(super) null_text: Box<str>,
    /// The source as written, which string concatenation uses for null.
    pub(super) literal: Box<str>,
    /// Printed before the value: text that the lexer glued to the reference, such as the `$` of `$$name`.
    pub(super) prefix: Box<str>,
    /// Half of the backslashes before the reference.
    pub(super) backslashes: Box<str>,
    /// Whether the number of backslashes was odd: the reference prints its source.
    pub(super) is_escaped: bool,
    pub(super) kind: ReferenceKind,
    pub(super) at: Offset,
}

/// Whether a reference can have a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReferenceKind {
    /// It can.
    Variable,
    /// `$\!name`: looks like one, never has a value.
    Slashed,
    /// A bare word where a value is expected, such as `get(name)`: always null.
    Word,
}

/// One step from a value to the next.
#[derive(Debug)]
pub(super) enum Step {
    /// `.name`
    Property(Box<str>, Offset),
    /// `.name(…)`
    Method(Box<str>, Box<[Expression]>, Offset),
    /// `[index]`
    Index(Box<Expression>, Offset),
}

/// An expression.
#[derive(Debug)]
pub(super) enum Expression {
    /// A number, boolean or plain string.
    Constant(Constant),
    /// `"…$name…"`, a template of its own; the flag says whether its last character is the lexer's own.
    Interpolated(Box<Block>, bool),
    /// `$name…`
    Reference(Box<Reference>),
    /// `[a, b]`
    List(Box<[Self]>),
    /// `{a: b}`
    Map(Box<[(Self, Self)]>),
    /// `[from..to]`
    Range(Box<(Self, Self)>, Offset),
    /// `!a`
    Not(Box<Self>),
    /// `a && b`
    And(Box<(Self, Self)>),
    /// `a || b`
    Or(Box<(Self, Self)>),
    /// `a == b`, or `!=` if the flag is set
    Equal(Box<(Self, Self)>, bool),
    /// `a < b` and its like
    Compare(Comparison, Box<(Self, Self)>),
    /// `a + b` and its like
    Compute(Box<Computation>),
}

/// An arithmetic operation.
#[derive(Debug)]
pub(super) struct Computation {
    pub(super) operator: Operator,
    pub(super) left: Expression,
    pub(super) right: Expression,
    /// The source from behind the operator on: what a string is given when the result is null.
    pub(super) literal: Box<str>,
    pub(super) at: Offset,
}

/// A literal; [`Value`] itself cannot be shared between threads.
#[derive(Debug)]
pub(super) enum Constant {
    Bool(bool),
    Int(i32),
    Long(i64),
    Big(i128),
    Double(f64),
    Str(Arc<str>),
}

impl Constant {
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(n) => Value::Int(*n),
            Self::Long(n) => Value::Long(*n),
            Self::Big(n) => Value::Big(*n),
            Self::Double(d) => Value::Double(*d),
            Self::Str(text) => Value::Str(Arc::clone(text)),
        }
    }
}

/// An ordering operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
