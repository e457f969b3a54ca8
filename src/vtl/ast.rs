//! The syntax tree of a parsed template.

use std::sync::Arc;

use crate::vtl::value::{Operator, Value};

/// The index of a variable in the evaluation's table; the parser assigns one to every name in a template.
pub type Slot = u32;

/// A byte offset in the source, for error messages.
pub type Offset = u32;

/// A sequence of statements.
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
    /// `#name(…)`: a call of a macro, or plain text if there is no such macro.
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
    /// Decides whether the block is evaluated; see [`Value::is_true`].
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

/// A call of a name that may be a macro by the time it is evaluated.
#[derive(Debug)]
pub struct Call {
    /// The name after the `#`.
    pub name: Box<str>,
    /// The arguments. A macro evaluates them each time it uses them.
    pub arguments: Box<[Arc<Expression>]>,
    /// The block of `#@name(…) … #end`.
    pub body: Option<Arc<Block>>,
    /// The source, printed if there is no such macro.
    pub literal: Box<str>,
    /// Where it begins in the source.
    pub at: Offset,
}

/// A `#macro`.
#[derive(Debug)]
pub struct Macro {
    /// The parameters. Each comes with the source that `$parameter` prints if the argument is null.
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
    /// What is printed if the value is null: the source, or nothing for a quiet reference.
    pub null_text: Box<str>,
    /// The source as written, which string concatenation uses for null.
    pub literal: Box<str>,
    /// Printed before the value: text that the lexer attached to the reference, such as the first `$` of `$$name`.
    pub prefix: Box<str>,
    /// Half of the backslashes before the reference.
    pub backslashes: Box<str>,
    /// True for an odd number of backslashes: the reference prints its source.
    pub is_escaped: bool,
    /// Whether it can have a value.
    pub kind: ReferenceKind,
    /// Where it begins in the source.
    pub at: Offset,
}

/// What a reference can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReferenceKind {
    /// A variable, which can have a value.
    Variable,
    /// `$\!name`: looks like a reference but never has a value.
    Slashed,
    /// A bare word where a value is expected, such as `get(name)`: always null.
    Word,
}

/// One step from a value to another.
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
    /// `"…$name…"`, which is parsed as a template. The flag says whether its last character was added by the lexer.
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
    /// `a < b`, `a <= b`, `a > b` or `a >= b`.
    Compare(Comparison, Box<(Self, Self)>),
    /// `a + b`, `a - b`, `a * b`, `a / b` or `a % b`.
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
    /// The source after the operator: what is appended to a string if the result is null.
    pub literal: Box<str>,
    /// Where it begins in the source.
    pub at: Offset,
}

/// A literal. It is a separate type because a [`Value`] can't be shared between threads.
#[derive(Debug)]
pub enum Constant {
    /// `true` or `false`.
    Bool(bool),
    /// A number that fits 32 bits.
    Int(i32),
    /// A number that fits 64 bits.
    Long(i64),
    /// An integer that needs up to 128 bits.
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
