//! `AWS::CloudFormation::WaitConditionHandle` and `WaitCondition`: an address of this server, and the wait until enough
//! signals were sent there. [`Run`](crate::stack::stacks) makes both.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html>

use super::{MadeBy, Properties, Row, Updated, name_of};

/// How long signals are waited for, in seconds; CloudFormation's own limit.
const TIMEOUT_MAX_S: u64 = 43_200;
/// The most signals of a condition, as this server keeps all of them.
const COUNT_MAX: u64 = 1_000;

/// A handle, which answers the address for signals.
pub(super) static HANDLE: Row = Row {
    type_name: "AWS::CloudFormation::WaitConditionHandle",
    made_by: MadeBy::Signals,
    update: |_, made, _, _| Box::pin(std::future::ready(Ok(Updated::InPlace(made.clone())))),
    guess: |id| (format!("http://127.0.0.1/{id}"), Vec::new()),
    ..Row::PLAIN
};

/// A condition.
pub(super) static ROW: Row = Row {
    type_name: "AWS::CloudFormation::WaitCondition",
    properties: &["Handle", "Timeout", "Count"],
    made_by: MadeBy::Signals,
    identity: &["Handle", "Timeout", "Count"],
    guess: |id| (id.to_owned(), vec![("Data", "{}".to_owned())]),
    ..Row::PLAIN
};

/// What a condition waits for.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Wait {
    pub(in super::super) handle: String,
    pub(in super::super) count: u64,
    pub(in super::super) seconds: u64,
}

impl Wait {
    /// What the properties say, or what is wrong with them.
    pub(in super::super) fn parse(properties: &Properties) -> Result<Self, String> {
        let number = |name: &str, default: Option<u64>, max: u64| match name_of(properties, name) {
            None => default.ok_or_else(|| format!("{name} is missing")),
            Some(text) => {
                let number = text.parse().ok().filter(|number| *number <= max);
                number.ok_or_else(|| format!("{name} must be an integer of at most {max}"))
            }
        };
        let count = number("Count", Some(1), COUNT_MAX)?;
        let seconds = number("Timeout", (count == 0).then_some(0), TIMEOUT_MAX_S)?;
        let handle =
            name_of(properties, "Handle").ok_or("Handle is missing, and there is no CreationPolicy")?;
        Ok(Self { handle, count, seconds })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_say_how_many_signals_they_wait_for_and_how_long() {
        let parsed = |properties: serde_json::Value| Wait::parse(properties.as_object().unwrap());
        let wait = |count, seconds| Ok(Wait { handle: "h".into(), count, seconds });
        assert_eq!(parsed(json!({"Handle": "h", "Timeout": "43200"})), wait(1, 43_200));
        assert_eq!(parsed(json!({"Handle": "h", "Timeout": 1, "Count": 1000})), wait(1_000, 1));
        assert_eq!(parsed(json!({"Handle": "h", "Count": "0"})), wait(0, 0));
        let problem = |properties: serde_json::Value| parsed(properties).unwrap_err();
        assert_eq!(problem(json!({"Handle": "h"})), "Timeout is missing");
        assert!(problem(json!({"Handle": "h", "Timeout": 43_201})).contains("at most 43200"));
        assert!(problem(json!({"Handle": "h", "Timeout": 1, "Count": 1_001})).contains("at most 1000"));
        assert!(problem(json!({"Handle": "h", "Timeout": 1, "Count": -1})).contains("integer"));
        assert!(problem(json!({"Timeout": 1})).contains("Handle is missing"));
    }
}
