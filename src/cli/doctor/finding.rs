//! A finding of `stepgate doctor`.

use serde_json::{Value, json};

/// A problem with the settings or with the files they name, and its fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// Whether it has to be fixed; otherwise it is a recommendation.
    pub(super) is_must: bool,
    pub(super) code: &'static str,
    /// The setting, as it is named in the configuration file.
    pub(super) setting: String,
    pub(super) problem: String,
    /// How to fix it.
    pub(super) cure: String,
}

impl Finding {
    pub(super) fn must(code: &'static str, setting: &str, problem: &str, cure: &str) -> Self {
        let (setting, problem, cure) = (setting.to_owned(), problem.to_owned(), cure.to_owned());
        Self { is_must: true, code, setting, problem, cure }
    }

    pub(super) fn should(code: &'static str, setting: &str, problem: &str, cure: &str) -> Self {
        Self { is_must: false, ..Self::must(code, setting, problem, cure) }
    }

    pub(super) fn report(&self) -> String {
        let severity = if self.is_must { "must" } else { "should" };
        let Self { code, setting, problem, cure, .. } = self;
        format!("{severity}: {code}: {setting}: {problem}\n        {cure}")
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "severity": if self.is_must { "MUST" } else { "SHOULD" },
            "code": self.code,
            "setting": self.setting,
            "problem": self.problem,
            "cure": self.cure,
        })
    }
}
