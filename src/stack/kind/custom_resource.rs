//! Custom resources: `AWS::CloudFormation::CustomResource` and `Custom::…`. A function of the template's author makes them;
//! [`Run`](crate::stack::stacks) asks it and waits for its answer.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html>

use super::{ANY, CUSTOM, MadeBy, Properties, Row, name_of};

/// The property that names the function or topic.
pub(in super::super) const SERVICE_TOKEN: &str = "ServiceToken";
/// How long an answer is waited for, in seconds, unless the resource says less.
const WAIT_MAX_S: u64 = 3_600;
/// The longest name of a type.
const TYPE_CHARS_MAX: usize = 60;

/// Any custom resource.
pub(super) static ROW: Row = Row {
    type_name: "AWS::CloudFormation::CustomResource",
    properties: &[SERVICE_TOKEN, "ServiceTimeout"],
    is_open: true,
    made_by: MadeBy::Function,
    guess: |id| (id.to_owned(), vec![(ANY, id.to_owned())]),
    ..Row::PLAIN
};

/// Whether a type is a custom resource's own.
pub(super) fn is_type(name: &str) -> bool {
    let is_of_name = |c: u8| c.is_ascii_alphanumeric() || b"_@-".contains(&c);
    name.strip_prefix(CUSTOM)
        .is_some_and(|own| !own.is_empty() && name.len() <= TYPE_CHARS_MAX && own.bytes().all(is_of_name))
}

/// How long its answer is waited for, in seconds; `None` if that is no number that may be there.
pub(in super::super) fn wait_seconds(properties: &Properties) -> Option<u64> {
    match name_of(properties, "ServiceTimeout") {
        None => Some(WAIT_MAX_S),
        Some(text) => text.parse().ok().filter(|seconds| (1..=WAIT_MAX_S).contains(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_have_names_of_their_own() {
        assert!(is_type("Custom::S3AutoDeleteObjects"));
        assert!(is_type("Custom::a_b@c-d"));
        assert!(is_type(&format!("Custom::{}", "x".repeat(52))));
        for none in ["Custom::", "Custom::a::b", "Custom::a b", "custom::a", "AWS::S3::Bucket"] {
            assert!(!is_type(none), "{none}");
        }
        assert!(!is_type(&format!("Custom::{}", "x".repeat(53))));
    }

    #[test]
    fn an_answer_is_waited_for_an_hour_at_most() {
        let check = |value: serde_json::Value, want: Option<u64>| {
            let properties = json!({ "ServiceTimeout": value });
            assert_eq!(wait_seconds(properties.as_object().unwrap()), want, "{value}");
        };
        check(json!("1"), Some(1));
        check(json!(3600), Some(3600));
        check(json!(3601), None);
        check(json!(0), None);
        check(json!("soon"), None);
        assert_eq!(wait_seconds(&Properties::new()), Some(3600));
    }
}
