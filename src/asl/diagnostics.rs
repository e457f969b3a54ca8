//! What is wrong with a definition, as AWS says it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

/// Whether a definition with this problem can be deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It can, but is probably not what was meant.
    Warning,
    /// It can't.
    Error,
}

impl Severity {
    /// `ERROR` or `WARNING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// What kind of problem it is.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The text is no JSON.
    InvalidJsonDescription,
    /// A field is missing, unknown, or has a value that it can't have.
    SchemaValidationFailed,
    /// No state ends the workflow.
    MissingEndState,
    /// Two states have one name.
    DuplicateStateName,
    /// A state's name is empty or too long.
    InvalidStateName,
    /// The label of a Distributed Map is too long or has forbidden characters.
    InvalidLabelName,
    /// Two Distributed Maps have one label.
    DuplicateLabelName,
    /// A transition leads to no state, or no transition to a state.
    MissingTransitionTarget,
    /// States inside states, or values inside values, beyond the limit.
    TooDeeplyNested,
    /// A value looks like a path or call, but its key doesn't end in `.$`.
    NoDollar,
    /// A value looks like a path, but its field's name doesn't end in `Path`.
    NoPath,
    /// A path in the `Result` of a Pass state, where nothing is computed.
    PassResultIsStatic,
    /// `Assign` gives a value to what isn't a variable's name.
    InvalidVariableName,
    /// `Assign` gives a value to `states`.
    ReservedVariableName,
    /// A text between `{%` and `%}` is no JSONata.
    InvalidJsonataExpression,
    /// A JSONata expression refers to what there is not where it stands.
    UnsupportedJsonataExpression,
}

impl Code {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Self::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Self::MissingEndState => "MISSING_END_STATE",
            Self::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Self::InvalidStateName => "INVALID_STATE_NAME",
            Self::InvalidLabelName => "INVALID_LABEL_NAME",
            Self::DuplicateLabelName => "DUPLICATE_LABEL_NAME",
            Self::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Self::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Self::NoDollar => "NO_DOLLAR",
            Self::NoPath => "NO_PATH",
            Self::PassResultIsStatic => "PASS_RESULT_IS_STATIC",
            Self::InvalidVariableName => "INVALID_VARIABLE_NAME",
            Self::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            Self::InvalidJsonataExpression => "INVALID_JSONATA_EXPRESSION",
            Self::UnsupportedJsonataExpression => "UNSUPPORTED_JSONATA_EXPRESSION",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::NoDollar | Self::NoPath | Self::PassResultIsStatic => Severity::Warning,
            Self::InvalidJsonDescription
            | Self::SchemaValidationFailed
            | Self::MissingEndState
            | Self::DuplicateStateName
            | Self::InvalidStateName
            | Self::InvalidLabelName
            | Self::DuplicateLabelName
            | Self::MissingTransitionTarget
            | Self::TooDeeplyNested
            | Self::InvalidVariableName
            | Self::ReservedVariableName
            | Self::InvalidJsonataExpression
            | Self::UnsupportedJsonataExpression => Severity::Error,
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// Where: `/States/A/Next`, or for broken JSON the parser's own words.
    pub location: Option<String>,
    /// What the text is that is wrong, if [`part`](super::part) can say which part of it.
    pub subject: Option<Subject>,
}

/// A text with parts, one of which may be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A path.
    Path,
    /// A path to one node of the input.
    ReferencePath,
    /// A path or an intrinsic function call, in this field of the object at the location.
    Expression(String),
    /// The `Resource` of a Task.
    Resource,
    /// A JSONata expression.
    Query,
    /// A JSONata expression that looks at this member of `$states`, which isn't there.
    StatesMember(String),
}

impl Diagnostic {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

impl fmt::Display for Diagnostic {
    /// `CODE: message at location`; of no location AWS says `null`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.location.as_deref().unwrap_or("null");
        write!(f, "{}: {} at {at}", self.code.as_str(), self.message)
    }
}

/// Why a definition is refused: one or more errors. Prints as what stands between the quotes of `Invalid State
/// Machine Definition: '…'`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if 0 < index {
                f.write_str(", ")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

/// A place in a definition, as AWS writes it: `/States/C/Choices[0]/Next`; the root is `/`. Not a JSON Pointer:
/// an index stands in brackets and nothing is escaped.
///
/// A chain of steps that becomes text only when there is a problem to tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Location(Option<Rc<(Self, Step)>>);

#[derive(Debug)]
enum Step {
    Field(Box<str>),
    Element(usize),
}

/// Longest location that is told, about: keys can be as long as the definition.
const LOCATION_LEN_MAX: usize = 4096;

impl Location {
    /// The place of a member of this object.
    pub(super) fn field(&self, name: &str) -> Self {
        Self(Some(Rc::new((self.clone(), Step::Field(name.into())))))
    }

    /// The place of an element of this array.
    pub(super) fn element(&self, index: usize) -> Self {
        Self(Some(Rc::new((self.clone(), Step::Element(index)))))
    }

    /// The place as seen from `outer`, which it is inside of: `Choices[0]/Condition`.
    pub(super) fn within(&self, outer: &Self) -> String {
        let (mut whole, mut before) = (String::new(), String::new());
        self.write(&mut whole);
        outer.write(&mut before);
        let rest = whole.strip_prefix(before.as_str()).unwrap_or(&whole);
        rest.strip_prefix('/').unwrap_or(rest).to_owned()
    }

    fn write(&self, to: &mut String) {
        let Some(step) = &self.0 else { return };
        let (parent, step) = &**step;
        parent.write(to);
        match step {
            Step::Field(name) => {
                to.push('/');
                let room = LOCATION_LEN_MAX.saturating_sub(to.len());
                to.extend(name.chars().take(room));
            }
            Step::Element(index) => to.push_str(&format!("[{index}]")),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(if text.is_empty() { "/" } else { &text })
    }
}

/// Most problems that are kept of one definition; more help nobody.
const DIAGNOSTICS_MAX: usize = 1000;

/// Gathers the problems of one definition while it is read.
///
/// They come in two parts, each in the order of the text: what is wrong with fields, and what is wrong with the way
/// from state to state.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Variables that JSONata expressions refer to, of the state that is being read.
    referenced: RefCell<BTreeSet<Arc<str>>>,
    schema: RefCell<Vec<Diagnostic>>,
    graph: RefCell<Vec<Diagnostic>>,
}

impl Findings {
    /// A field is missing, unknown, or has a value that it can't have.
    pub(super) fn schema(&self, at: &Location, message: impl Into<String>) {
        self.field(Code::SchemaValidationFailed, at, message);
    }

    /// Anything else about a field.
    pub(super) fn field(&self, code: Code, at: &Location, message: impl Into<String>) {
        push(&self.schema, code, Some(at), message.into(), None);
    }

    /// A text of which a part is wrong.
    pub(super) fn text(&self, code: Code, at: &Location, subject: Subject, message: impl Into<String>) {
        push(&self.schema, code, Some(at), message.into(), Some(subject));
    }

    /// Something about the way from state to state.
    pub(super) fn graph(&self, code: Code, at: Option<&Location>, message: impl Into<String>) {
        push(&self.graph, code, at, message.into(), None);
    }

    /// Notes that an expression of the state that is being read refers to a variable.
    pub(super) fn refers_to(&self, variable: &str) {
        self.referenced.borrow_mut().insert(variable.into());
    }

    /// The variables noted so far; `before` takes their place, those of the state around one that was read.
    pub(super) fn take_referenced(&self, before: BTreeSet<Arc<str>>) -> BTreeSet<Arc<str>> {
        self.referenced.replace(before)
    }

    /// How many errors the fields have so far.
    pub(super) fn n_schema_errors(&self) -> usize {
        self.schema.borrow().iter().filter(|d| d.severity() == Severity::Error).count()
    }

    /// All of it.
    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut all = self.schema.into_inner();
        all.extend(self.graph.into_inner());
        all.truncate(DIAGNOSTICS_MAX);
        all
    }
}

fn push(
    to: &RefCell<Vec<Diagnostic>>,
    code: Code,
    at: Option<&Location>,
    message: String,
    subject: Option<Subject>,
) {
    let mut to = to.borrow_mut();
    if to.len() < DIAGNOSTICS_MAX {
        to.push(Diagnostic { code, message, location: at.map(Location::to_string), subject });
    }
}
