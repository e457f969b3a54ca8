//! The tree of a parsed template.

use std::sync::Arc;

use crate::vtl::value::{Operator, Value};

/// A variable's place in the evaluation's table; the parser gives every name of a template one.
pub type Slot = u32;

/// A byte offset in the source, for messages.
pub type Offset = u32;

/// A run of statements.
#[derive(Debug, Default)]
pub struct Block(pub Box<[Node]>);

/// A statement.
#[derive(Debug)]
pub enum Node {
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
pub struct Assignment {
    /// What is assigned to.
    pub target: Reference,
    /// What is assigned.
    pub value: Expression,
    /// Where it begins in the source.
    pub at: Offset,
    /// Where the directive ends.
    pub end: Offset,
}

/// An `#if` or `#elseif`.
#[derive(Debug)]
pub struct Branch {
    /// Decides whether the block is evaluated.
    pub condition: Expression,
    /// Evaluated when the condition holds.
    pub block: Block,
    /// Where it begins in the source.
    pub at: Offset,
    /// Where the directive ends and the block begins.
    pub end: Offset,
}

/// A `#foreach`.
#[derive(Debug)]
pub struct Foreach {
    /// Holds the item of each round.
    pub variable: Slot,
    /// What is looped over.
    pub items: Expression,
    /// The block.
    pub body: Block,
    /// Where it begins in the source.
    pub at: Offset,
    /// Where the directive ends and the body begins.
    pub end: Offset,
}

/// A call of what may be a macro by the time it is evaluated.
#[derive(Debug)]
pub struct Call {
    /// The name after the `#`.
    pub name: Box<str>,
    /// The arguments, evaluated when the macro uses them.
    pub arguments: Box<[Arc<Expression>]>,
    /// The block of `#@name(…) … #end`.
    pub body: Option<Arc<Block>>,
    /// The source, printed when there is no such macro.
    pub literal: Box<str>,
    /// Where it begins in the source.
    pub at: Offset,
}

/// A `#macro`.
#[derive(Debug)]
pub struct Macro {
    /// The parameters and, beside each, the source to print for `$parameter` when the argument is null.
    pub parameters: Box<[Slot]>,
    /// The block.
    pub body: Block,
}

/// `$name`, `$!{name.property[index].method(…)}`, with the backslashes before it.
#[derive(Debug)]
pub struct Reference {
    /// The variable.
    pub slot: Slot,
    /// What follows the name, in order.
    pub steps: Box<[Step]>,
    /// What is printed when the value is null: the source, or nothing for a quiet reference.
    pub null_text: Box<str>,
    /// The source as written, which string concatenation uses for null.
    pub literal: Box<str>,
    /// Printed before the value: text that the lexer glued to the reference, such as the `$` of `$$name`.
    pub prefix: Box<str>,
    /// Half of the backslashes before the reference.
    pub backslashes: Box<str>,
    /// Whether the number of backslashes was odd: the reference prints its source.
    pub is_escaped: bool,
    /// Whether it can have a value at all.
    pub kind: ReferenceKind,
    /// Where it begins in the source.
    pub at: Offset,
}

/// Whether a reference can have a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferenceKind {
    /// It can.
    Variable,
    /// `$\!name`: looks like one, never has a value.
    Slashed,
    /// A bare word where a value is expected, such as `get(name)`: always null.
    Word,
}

/// One step from a value to the next.
#[derive(Debug)]
pub enum Step {
    /// `.name`
    Property(Box<str>, Offset),
    /// `.name(…)`
    Method(Box<str>, Box<[Expression]>, Offset),
    /// `[index]`
    Index(Box<Expression>, Offset),
}

/// An expression.
#[derive(Debug)]
pub enum Expression {
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
pub struct Computation {
    /// Which operation.
    pub operator: Operator,
    /// The left operand.
    pub left: Expression,
    /// The right operand.
    pub right: Expression,
    /// The source from behind the operator on: what a string is given when the result is null.
    pub literal: Box<str>,
    /// Where it begins in the source.
    pub at: Offset,
}

/// A literal; [`Value`] itself cannot be shared between threads.
#[derive(Debug)]
pub enum Constant {
    /// `true` or `false`.
    Bool(bool),
    /// A number that fits 32 bits.
    Int(i32),
    /// A number that fits 64 bits.
    Long(i64),
    /// A longer integer.
    Big(i128),
    /// A number with a fraction.
    Double(f64),
    /// A string without references.
    Str(Arc<str>),
}

impl Constant {
    /// The value of the literal.
    pub fn value(&self) -> Value {
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
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
