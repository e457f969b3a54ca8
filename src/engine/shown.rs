//! What a description shows of a state machine besides what was said of it.

use super::encryption::Encryption;
use super::state_machines::StateMachine;
use crate::asl;

/// It is read off the compiled definition, once for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The variables that states refer to (`variableReferences`): state name → names, sorted.
    pub variable_references: Vec<(String, Vec<String>)>,
    /// Its encryption; `None` if it isn't shown.
    pub encryption: Option<Encryption>,
}

impl StateMachine {
    /// What a description shows of it.
    ///
    /// The encryption that was said is shown. What was not said is AWS_OWNED_KEY, and here the recordings disagree, by
    /// their time: all 23 descriptions recorded since 20 November 2024 show it, none of the 28 until 26 June 2024 does, as
    /// customer managed keys came in between. All of the later ones, and none of the earlier, are of definitions that use
    /// variables or JSONata, which came at the same time. So those are described as AWS describes them since, and others
    /// as recorded.
    pub fn shown(&self) -> Shown {
        let Ok(program) = asl::compile_stored(&self.definition, self.kind) else {
            return Shown { encryption: self.encryption.clone(), ..Shown::default() };
        };
        let references = program.variable_references();
        let variable_references = references
            .map(|(state, names)| (state.to_owned(), names.iter().map(|name| name.to_string()).collect()))
            .collect();
        let is_newer = program.has_jsonata() || program.has_variables();
        let encryption = self.encryption.clone().or_else(|| is_newer.then_some(Encryption::AwsOwnedKey));
        Shown { variable_references, encryption }
    }
}
