//! Definitions that were taken once run on, whatever they would be refused for today.

use super::*;

#[test]
fn what_was_taken_once_still_comes_to_a_program() {
    for body in [
        r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true"#.to_owned(),
        r#""Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:A",
           "Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/r"}, "End": true"#
            .to_owned(),
        r#""Type": "Pass", "Surprise": 1, "End": true"#.to_owned(),
        format!(
            r#""Type": "Task", {LAMBDA}, "Retry": [{{"ErrorEquals": ["States.ALL"]}}, {{"ErrorEquals": ["E"]}}], {END}"#
        ),
    ] {
        let definition = state(&body);
        assert!(compile(&definition, StateMachineType::Standard).is_err(), "{definition}");
        let stored = compile_stored(&definition, StateMachineType::Standard);
        assert!(stored.is_ok(), "{definition}: {:?}", stored.err());
    }
}

#[test]
fn what_comes_to_no_program_is_refused_whenever_it_was_taken() {
    for definition in [
        "{".to_owned(),
        machine(""),
        state(r#""Type": "Pass", "Next": "Nowhere""#),
        state(r#""Type": "Unheard", "End": true"#),
    ] {
        let refused = compile(&definition, StateMachineType::Standard).err().map(|wrong| wrong.to_string());
        let stored = compile_stored(&definition, StateMachineType::Standard);
        assert_eq!(stored.err().map(|wrong| wrong.to_string()), refused, "{definition}");
        assert!(refused.is_some(), "{definition}");
    }
}
