//! `QueryLanguage`: which of the two languages a machine or state writes its expressions in.

use super::fields::Fields;

/// The language of a state's expressions.
///
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    /// Paths, payload templates and intrinsic functions.
    #[default]
    JsonPath,
    /// `{% … %}` in any JSON.
    Jsonata,
}

const WORDS: &[(&str, QueryLanguage)] =
    &[("JSONPath", QueryLanguage::JsonPath), ("JSONata", QueryLanguage::Jsonata)];

impl QueryLanguage {
    /// The word in a definition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }

    /// The language of a whole machine.
    pub(super) fn of_machine(machine: &Fields<'_>) -> Self {
        Self::read(machine).unwrap_or_default()
    }

    /// The language of a state in a machine whose language is `machine`.
    pub(super) fn of_state(state: &Fields<'_>, machine: Self) -> Self {
        let language = Self::read(state).unwrap_or(machine);
        if machine == Self::Jsonata && language == Self::JsonPath {
            state
                .problem("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
        }
        language
    }

    /// A word that is neither counts as JSONata for the rules about fields, as on AWS.
    fn read(fields: &Fields<'_>) -> Option<Self> {
        fields.get("QueryLanguage")?;
        Some(fields.word("QueryLanguage", WORDS).unwrap_or(Self::Jsonata))
    }
}
