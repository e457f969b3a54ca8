//! Definitions that nobody would write: each is compiled or refused, and each refusal can be located.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::super::locate;
use super::super::{StateMachineType, validate};

const WORDS: &[&str] = &[
    "StartAt",
    "States",
    "S",
    "T",
    "Type",
    "Pass",
    "Task",
    "Map",
    "Parallel",
    "Choice",
    "Wait",
    "Fail",
    "Next",
    "End",
    "Branches",
    "ItemProcessor",
    "Iterator",
    "ProcessorConfig",
    "Mode",
    "Choices",
    "Default",
    "Variable",
    "And",
    "Not",
    "StringEquals",
    "IsNull",
    "Catch",
    "Retry",
    "ErrorEquals",
    "ResultPath",
    "InputPath",
    "Parameters",
    "Assign",
    "x.$",
    "x",
    "Resource",
    "QueryLanguage",
    "JSONata",
    "Condition",
    "Arguments",
    "Output",
    "Items",
    "MaxConcurrency",
    "{% $states.input.a %}",
    "{% $v + $states.result %}",
    "{% a %}",
    "{% [1, %}",
    "{%%}",
    "Seconds",
    "Timestamp",
    "ErrorPath",
    "Comment",
    "Credentials",
    "$",
    "$.a",
    "$$.b",
    "$v",
    "$.a[",
    "States.UUID()",
    "States.Format('{}', $v)",
    "arn:aws:states:::sqs:sendMessage",
    "é/[0]",
    "",
];

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        word().prop_map(Value::String),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((word(), inner), 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn state() -> impl Strategy<Value = Value> {
    const KINDS: &[&str] = &["Pass", "Task", "Map", "Parallel", "Choice", "Wait", "Fail", "Succeed"];
    (prop::sample::select(KINDS), prop::collection::vec((word(), value()), 0..8)).prop_map(
        |(kind, members)| {
            let mut state: Value = members.into_iter().collect();
            state["Type"] = json!(kind);
            state
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(s in state(), t in state(), other in value()) {
        let machine = json!({"StartAt": "S", "States": {"S": s, "T": t}});
        for definition in [machine.to_string(), other.to_string()] {
            for diagnostic in validate(&definition, StateMachineType::Standard) {
                locate(&definition, diagnostic.location.as_deref().unwrap_or("/"));
            }
        }
    }

    #[test]
    fn broken_text_is_refused(text in "[\\[\\]{}\":,a0 ]{0,40}") {
        for diagnostic in validate(&text, StateMachineType::Express) {
            locate(&text, diagnostic.location.as_deref().unwrap_or("/"));
        }
    }
}
