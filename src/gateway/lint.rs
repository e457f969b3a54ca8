//! Mapping templates, looked at without a request: what AWS refuses, what fails every call, and what prints other
//! than one would think.
//!
//! `findings` are about a place each. What depends on the request is told only where no harmless reading is
//! likely: a warning is a promise that some request makes the template print what nobody wants.

mod members;
mod origin;
mod place;
mod walk;

use super::api::check_integration::TEMPLATE_BYTES_MAX;
use super::mapping::payload::Reading;
use crate::vtl::{Position, Template};

/// Whether a template can work at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintSeverity {
    /// It works, but some requests get what was not meant.
    Warning,
    /// AWS refuses it, or every call that reaches the place fails.
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
        /// What kind of problem it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum LintCode { $($(#[$meta])* $variant),+ }

        impl LintCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How bad it is.
            pub fn severity(self) -> LintSeverity {
                match self { $(Self::$variant => LintSeverity::$severity),+ }
            }

            /// The code of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == name)
            }
        }
    };
}

codes! {
    /// More than 300 KiB.
    TemplateTooLarge = "TEMPLATE_TOO_LARGE" Error,
    /// The text is no Velocity.
    DoesNotParse = "DOES_NOT_PARSE" Error,
    /// An ARN where a quoted name has to stand, as in `$stageVariables.get(arn:aws:…)`.
    UnquotedArn = "UNQUOTED_ARN" Error,
    /// `class` or `getClass()`, which API Gateway does not have.
    Reflection = "REFLECTION" Error,
    /// A `#foreach` over a range of more than 1,000.
    ForeachTooLong = "FOREACH_TOO_LONG" Error,
    /// `$input.json` or `$input.path` is given text that is no JSONPath.
    InvalidPath = "INVALID_PATH" Error,
    /// A macro that does not exist: the call is printed.
    UnknownMacro = "UNKNOWN_MACRO" Warning,
    /// A method that its object does not have: the reference is printed.
    UnknownMethod = "UNKNOWN_METHOD" Warning,
    /// A member that `$input`, `$util` or `$context` does not have.
    UnknownMember = "UNKNOWN_MEMBER" Warning,
    /// A variable that nothing sets: the reference is printed.
    UndefinedReference = "UNDEFINED_REFERENCE" Warning,
    /// A name that no stage variable can have.
    StageVariableName = "STAGE_VARIABLE_NAME" Warning,
    /// A path into a body that is no JSON but a text, such as a form.
    TextHasNoMembers = "TEXT_HAS_NO_MEMBERS" Warning,
    /// A part of the body printed by `$input.path` where JSON is expected.
    PathInJson = "PATH_IN_JSON" Warning,
    /// A request parameter printed without quotes where JSON is expected.
    UnquotedParameter = "UNQUOTED_PARAMETER" Warning,
    /// Text of the client inside a JSON string, not escaped.
    UnescapedInString = "UNESCAPED_IN_STRING" Warning,
    /// JSON text inside a JSON string, not escaped.
    JsonInString = "JSON_IN_STRING" Warning,
    /// `$util.escapeJavaScript` turns `'` into `\'`, which JSON does not know.
    EscapedApostrophe = "ESCAPED_APOSTROPHE" Warning,
    /// A `#foreach` that prints a comma behind its last item.
    TrailingComma = "TRAILING_COMMA" Warning,
}

/// One problem of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFinding {
    /// What kind.
    pub code: LintCode,
    /// Where.
    pub at: Position,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Looks at a template for bodies of a content type, or of JSON; the findings are in the order of the text.
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

/// The text from a place on.
fn rest(source: &str, at: Position) -> &str {
    let index = |n: u32| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = source.split('\n').nth(index(at.line)).unwrap_or_default();
    let start = line.char_indices().nth(index(at.column)).map_or(line.len(), |(start, _)| start);
    line.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests;
