//! The tree of a parsed template.

use std::sync::Arc;

use crate::vtl::value::{Operator, Value};

/// A variable's place in the evaluation's table; the parser gives every name of a template one.
pub(crate) type Slot = u32;

/// A byte offset in the source, for messages.
pub(crate) type Offset = u32;

/// A run of statements.
#[derive(Debug, Default)]
pub(crate) struct Block(pub(crate) Box<[Node]>);

/// A statement.
#[derive(Debug)]
pub(crate) enum Node {
    /// Text that is copied.
    Text(Box<str>),
    /// `$name…`
    Reference(Reference),
    /// `#set($target = value)`
    Set(Box<Assignment>),
    /// `#if … #elseif … #else … #end`: the branches with a condition, then the block without one.
    If(Box<[Branch]>, Option<Block>),
    /// `#foreach($variable in items) … #end`
    Foreach(Box<Foreach>),
    /// `#name(…)`, of a macro or of nothing.
    Call(Box<Call>),
    /// `#define($name) … #end`
    Define(Slot, Arc<Block>, Offset),
    /// `#evaluate(text)`
    Evaluate(Box<Expression>, Offset),
    /// `#stop`
    Stop(Offset),
    /// `#break` or `#break($foreach.parent)`
    Break(Option<Box<Expression>>, Offset),
}

/// A `#set`.
#[derive(Debug)]
pub(crate) struct Assignment {
    pub(crate) target: Reference,
    pub(crate) value: Expression,
    pub(crate) at: Offset,
    /// Where the directive ends.
    pub(crate) end: Offset,
}

/// An `#if` or `#elseif`.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) condition: Expression,
    pub(crate) block: Block,
    pub(crate) at: Offset,
    /// Where the directive ends and the block begins.
    pub(crate) end: Offset,
}

/// A `#foreach`.
#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) variable: Slot,
    pub(crate) items: Expression,
    pub(crate) body: Block,
    pub(crate) at: Offset,
    /// Where the directive ends and the body begins.
    pub(crate) end: Offset,
}

/// A call of what may be a macro by the time it is evaluated.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Box<[Arc<Expression>]>,
    /// The block of `#@name(…) … #end`.
    pub(crate) body: Option<Arc<Block>>,
    /// The source, printed when there is no such macro.
    pub(crate) literal: Box<str>,
    pub(crate) at: Offset,
}

/// A `#macro`.
#[derive(Debug)]
pub(crate) struct Macro {
    /// The parameters and, beside each, the source to print for `$parameter` when the argument is null.
    pub(crate) parameters: Box<[Slot]>,
    pub(crate) body: Block,
}

/// `$name`, `$!{name.property[index].method(…)}`, with the backslashes before it.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) slot: Slot,
    pub(crate) steps: Box<[Step]>,
    /// What is printed when the value is null: the source, or nothing for a quiet reference.
    pub(crate) null_text: Box<str>,
    /// The source as written, which string concatenation uses for null.
    pub(crate) literal: Box<str>,
    /// Printed before the value: text that the lexer glued to the reference, such as the `$` of `$$name`.
    pub(crate) prefix: Box<str>,
    /// Half of the backslashes before the reference.
    pub(crate) backslashes: Box<str>,
    /// Whether the number of backslashes was odd: the reference prints its source.
    pub(crate) is_escaped: bool,
    pub(crate) kind: ReferenceKind,
    pub(crate) at: Offset,
}

/// Whether a reference can have a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReferenceKind {
    /// It can.
    Variable,
    /// `$\!name`: looks like one, never has a value.
    Slashed,
    /// A bare word where a value is expected, such as `get(name)`: always null.
    Word,
}

/// One step from a value to the next.
#[derive(Debug)]
pub(crate) enum Step {
    /// `.name`
    Property(Box<str>, Offset),
    /// `.name(…)`
    Method(Box<str>, Box<[Expression]>, Offset),
    /// `[index]`
    Index(Box<Expression>, Offset),
}

/// An expression.
#[derive(Debug)]
pub(crate) enum Expression {
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
pub(crate) struct Computation {
    pub(in crate::vtl) operator: Operator,
    pub(crate) left: Expression,
    pub(crate) right: Expression,
    /// The source from behind the operator on: what a string is given when the result is null.
    pub(crate) literal: Box<str>,
    pub(crate) at: Offset,
}

/// A literal; [`Value`] itself cannot be shared between threads.
#[derive(Debug)]
pub(crate) enum Constant {
    Bool(bool),
    Int(i32),
    Long(i64),
    Big(i128),
    Double(f64),
    Str(Arc<str>),
}

impl Constant {
    pub(crate) fn value(&self) -> Value {
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
pub(crate) enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
