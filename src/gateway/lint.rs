//! Checks mapping templates without a request: what AWS refuses, what makes every call fail, and what may print
//! something unexpected.
//!
//! Each finding has a position. A problem that depends on the request is reported only if no harmless interpretation is
//! likely: a warning means that some request makes the template print what nobody wants.

mod members;
mod origin;
mod place;
mod walk;

use super::mapping::payload::Reading;
use crate::apis::check_integration::TEMPLATE_BYTES_MAX;
use crate::vtl::{Position, Template};

/// Whether a template can work at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintSeverity {
    /// It works, but gives wrong output for some requests.
    Warning,
    /// AWS refuses it, or every call that reaches the position fails.
    Error,
}

impl LintSeverity {
    /// `ERROR` or `WARNING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// Declares [`LintCode`].
macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident = $name:literal $severity:ident),+ $(,)?) => {
        /// The kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum LintCode { $($(#[$meta])* $variant),+ }

        impl LintCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is printed, for example `UNQUOTED_ARN`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The severity of problems of this kind.
            pub fn severity(self) -> LintSeverity {
                match self { $(Self::$variant => LintSeverity::$severity),+ }
            }

            /// Finds the code with this name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == name)
            }
        }
    };
}

codes! {
    /// More than 300 KiB.
    TemplateTooLarge = "TEMPLATE_TOO_LARGE" Error,
    /// The text is not a Velocity template.
    DoesNotParse = "DOES_NOT_PARSE" Error,
    /// An ARN without quotes where a quoted name is required, as in `$stageVariables.get(arn:aws:…)`.
    UnquotedArn = "UNQUOTED_ARN" Error,
    /// `class` or `getClass()`, which API Gateway does not have.
    Reflection = "REFLECTION" Error,
    /// A `#foreach` over a range of more than 1,000 items.
    ForeachTooLong = "FOREACH_TOO_LONG" Error,
    /// The argument of `$input.json` or `$input.path` is not a JSONPath.
    InvalidPath = "INVALID_PATH" Error,
    /// A macro that doesn't exist: the call is printed as text.
    UnknownMacro = "UNKNOWN_MACRO" Warning,
    /// A method that its object doesn't have: the reference is printed as text.
    UnknownMethod = "UNKNOWN_METHOD" Warning,
    /// A member that `$input`, `$util` or `$context` does not have.
    UnknownMember = "UNKNOWN_MEMBER" Warning,
    /// A variable that nothing sets: the reference is printed as text.
    UndefinedReference = "UNDEFINED_REFERENCE" Warning,
    /// A name that a stage variable can't have.
    StageVariableName = "STAGE_VARIABLE_NAME" Warning,
    /// A path into a body that is not JSON but text, such as a form.
    TextHasNoMembers = "TEXT_HAS_NO_MEMBERS" Warning,
    /// Part of the body, printed by `$input.path` where JSON is expected.
    PathInJson = "PATH_IN_JSON" Warning,
    /// A request parameter printed without quotes where JSON is expected.
    UnquotedParameter = "UNQUOTED_PARAMETER" Warning,
    /// Text from the client inside a JSON string, not escaped.
    UnescapedInString = "UNESCAPED_IN_STRING" Warning,
    /// JSON text inside a JSON string, not escaped.
    JsonInString = "JSON_IN_STRING" Warning,
    /// `$util.escapeJavaScript` turns `'` into `\'`, which is not valid JSON.
    EscapedApostrophe = "ESCAPED_APOSTROPHE" Warning,
    /// A `#foreach` that prints a comma after its last item.
    TrailingComma = "TRAILING_COMMA" Warning,
}

/// One problem in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFinding {
    /// The kind of problem.
    pub code: LintCode,
    /// Its position.
    pub at: Position,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Checks a template for bodies of a content type, or for JSON; findings are in the order of the text.
pub fn lint_template(source: &str, content_type: Option<&str>) -> Vec<TemplateFinding> {
    let mut findings = Vec::new();
    if TEMPLATE_BYTES_MAX < source.len() {
        findings.push(TemplateFinding {
            code: LintCode::TemplateTooLarge,
            at: Position { line: 1, column: 1 },
            message: format!("the template has {} bytes, {TEMPLATE_BYTES_MAX} are allowed", source.len()),
        });
    }
    match Template::parse(source) {
        Ok(template) => findings.extend(walk::findings(&template, Reading::of_request(content_type))),
        Err(error) => {
            let at = Position { line: error.line, column: error.column };
            if rest(source, at).starts_with("arn:") {
                let message = format!(
                    "{}; a stage variable is read by its name: `$stageVariables.get('name')`",
                    error.message
                );
                findings.push(TemplateFinding { code: LintCode::UnquotedArn, at, message });
            } else {
                findings.push(TemplateFinding { code: LintCode::DoesNotParse, at, message: error.message });
            }
        }
    }
    findings.sort_by_key(|finding| (finding.at.line, finding.at.column));
    findings
}

/// The text from a position on.
fn rest(source: &str, at: Position) -> &str {
    let index = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = source.split('\n').nth(index(at.line)).unwrap_or_default();
    let start = line.char_indices().nth(index(at.column)).map_or(line.len(), |(start, _)| start);
    line.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
