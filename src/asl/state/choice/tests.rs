//! Which rules hold of which data.

use serde_json::{Value, json};

use super::super::super::definition::{StateMachineType, compile};
use super::super::super::program::{Program, StateKind};
use super::super::super::test_scope::TestScope;
use super::*;

fn program(choices: Value, default: Option<&str>) -> Program {
    let mut states = json!({
        "S": {"Type": "Choice", "Choices": choices, "Assign": {"by": "state"}},
        "Yes": {"Type": "Succeed"},
    });
    if let Some(default) = default {
        states["S"]["Default"] = json!(default);
        states[default] = json!({"Type": "Succeed"});
    }
    let definition = json!({"StartAt": "S", "States": states}).to_string();
    compile(&definition, StateMachineType::Standard).unwrap_or_else(|e| panic!("{definition}: {e}"))
}

fn choice(program: &Program) -> &Choice {
    match &program[program.start_at].kind {
        StateKind::Choice(choice) => choice,
        other => panic!("{other:?}"),
    }
}

/// Whether a rule with `test` holds.
fn holds(test: Value, input: Value) -> Result<bool, String> {
    let mut rule = test;
    rule["Next"] = json!("Yes");
    let program = program(json!([rule]), Some("No"));
    let decided = choice(&program).decide(&TestScope::of(input));
    decided.map(|decision| decision.rule.is_some()).map_err(|e| e.to_string())
}

/// `$.v` compared with a literal.
#[track_caller]
fn check(comparator: &str, literal: Value, value: Value, expect: bool) {
    let test = json!({"Variable": "$.v", comparator: literal});
    assert_eq!(holds(test, json!({"v": value})), Ok(expect), "{value} {comparator} {literal}");
}

/// `$.v` compared with `$.w`.
#[track_caller]
fn check_path(comparator: &str, value: Value, other: Value, expect: bool) {
    let test = json!({"Variable": "$.v", comparator: "$.w"});
    assert_eq!(holds(test, json!({"v": value, "w": other})), Ok(expect), "{value} {comparator} {other}");
}

#[test]
fn strings_compare_by_code_unit() {
    for (comparator, literal, value, expect) in [
        ("StringEquals", "HelloWorld", "HelloWorld", true),
        ("StringEquals", "HelloWorld", "helloworld", false),
        ("StringEquals", " ", "", false),
        ("StringLessThan", "AB", "A", true),
        ("StringLessThan", "A", "A", false),
        ("StringLessThanEquals", "", "", true),
        ("StringGreaterThan", "A", "a", true),
        ("StringGreaterThanEquals", "B", "A", false),
        // Supplementary characters are surrogates, which come before U+E000.
        ("StringLessThan", "\u{e000}", "\u{1f600}", true),
        ("StringMatches", "log-*.txt", "log-1.txt", true),
        ("StringMatches", "log-*.txt", "log-1.csv", false),
    ] {
        check(comparator, json!(literal), json!(value), expect);
    }
    check_path("StringEqualsPath", json!("a"), json!("a"), true);
    check_path("StringGreaterThanEqualsPath", json!("a"), json!("b"), false);
}

#[test]
fn numbers_compare_by_value() {
    for (comparator, literal, value, expect) in [
        ("NumericEquals", json!(0), json!(0.0), true),
        ("NumericEquals", json!(-0.0), json!(0), true),
        ("NumericEquals", json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992_i64), false),
        ("NumericEquals", json!(u64::MAX), json!(-1), false),
        ("NumericLessThan", json!(1.5), json!(1), true),
        ("NumericLessThanEquals", json!(1), json!(1), true),
        ("NumericGreaterThan", json!(-2), json!(-1.5), true),
        ("NumericGreaterThanEquals", json!(2), json!(1), false),
    ] {
        check(comparator, literal, value, expect);
    }
    check_path("NumericLessThanPath", json!(1), json!(1.1), true);
}

#[test]
fn timestamps_compare_as_instants() {
    check("TimestampEquals", json!("2016-03-14T01:59:00Z"), json!("2016-03-14T02:59:00+01:00"), true);
    check("TimestampLessThan", json!("2016-03-14T01:59:00Z"), json!("2016-03-14T01:58:59.999Z"), true);
    check("TimestampGreaterThan", json!("2016-03-14T01:59:00Z"), json!("2016-03-14"), false);
    check("TimestampGreaterThanEquals", json!("2016-03-14T01:59:00Z"), json!(17), false);
    check_path(
        "TimestampLessThanEqualsPath",
        json!("2016-03-14T01:59:00Z"),
        json!("2016-03-14T01:59:00Z"),
        true,
    );
    check_path("TimestampEqualsPath", json!("2016-03-14T01:59:00Z"), json!("noon"), false);
}

#[test]
fn another_type_is_no_match_and_no_error() {
    for value in [json!(null), json!(1), json!(true), json!([]), json!({}), json!(["a"])] {
        check("StringEquals", json!("a"), value.clone(), false);
        check("StringMatches", json!("*"), value.clone(), false);
        check_path("StringEqualsPath", json!("a"), value, false);
    }
    for value in [json!(null), json!("0"), json!(false), json!([0])] {
        check("NumericEquals", json!(0), value.clone(), false);
        check("NumericLessThanEquals", json!(0), value, false);
    }
    for value in [json!(null), json!(0), json!(1), json!("true"), json!([])] {
        check("BooleanEquals", json!(true), value.clone(), false);
        check("BooleanEquals", json!(false), value.clone(), false);
        check_path("BooleanEqualsPath", json!(true), value, false);
    }
    check("BooleanEquals", json!(false), json!(false), true);
    check_path("BooleanEqualsPath", json!(true), json!(true), true);
    check_path("BooleanEqualsPath", json!(1), json!(1), false);
}

#[test]
fn kinds_are_told_and_negated() {
    for (comparator, value) in [
        ("IsNull", json!(null)),
        ("IsNumeric", json!(0.5)),
        ("IsString", json!("")),
        ("IsBoolean", json!(false)),
        ("IsTimestamp", json!("2012-10-09T19:00:55+01:00")),
        ("IsPresent", json!(null)),
    ] {
        check(comparator, json!(true), value.clone(), true);
        check(comparator, json!(false), value, false);
    }
    for (comparator, value) in [
        ("IsNull", json!(0)),
        ("IsNumeric", json!("1")),
        ("IsString", json!(null)),
        ("IsBoolean", json!(0)),
        ("IsTimestamp", json!("2012-10-09")),
        ("IsTimestamp", json!("2012-10-09T19:00:55")),
    ] {
        check(comparator, json!(true), value.clone(), false);
        check(comparator, json!(false), value, true);
    }
}

#[test]
fn paths_to_nothing_fail_all_but_is_present() {
    let nowhere =
        |comparator: &str, literal: Value| holds(json!({"Variable": "$.no", comparator: literal}), json!({}));
    let said =
        "States.Runtime: Invalid path '$.no': The choice state's condition path references an invalid value.";
    assert_eq!(nowhere("IsPresent", json!(true)), Ok(false));
    assert_eq!(nowhere("IsPresent", json!(false)), Ok(true));
    assert_eq!(nowhere("IsNull", json!(true)), Err(said.to_owned()));
    assert_eq!(nowhere("StringEquals", json!("a")), Err(said.to_owned()));
    let other = json!({"Variable": "$.v", "NumericEqualsPath": "$.no"});
    assert_eq!(holds(other, json!({"v": 1})), Err(said.to_owned()));
    let variable = json!({"Variable": "$nobody", "IsPresent": true});
    assert_eq!(holds(variable, json!({})), Ok(false));
}

#[test]
fn operators_stop_where_the_answer_is_known() {
    let present = json!({"Variable": "$.v", "IsPresent": true});
    let big = json!({"Variable": "$.v", "NumericGreaterThan": 10});
    let guarded = json!({"And": [present, big]});
    assert_eq!(holds(guarded.clone(), json!({})), Ok(false));
    assert_eq!(holds(guarded.clone(), json!({"v": 11})), Ok(true));
    assert_eq!(holds(guarded, json!({"v": 10})), Ok(false));
    let absent_or_big = json!({"Or": [{"Not": present}, big]});
    assert_eq!(holds(absent_or_big.clone(), json!({})), Ok(true));
    assert_eq!(holds(absent_or_big, json!({"v": 1})), Ok(false));
    assert!(holds(json!({"Not": big}), json!({})).is_err());
}

#[test]
fn variables_and_context_can_be_asked() {
    assert_eq!(holds(json!({"Variable": "$answer", "NumericEquals": 42}), json!({})), Ok(true));
    assert_eq!(
        holds(json!({"Variable": "$$.State.Name", "StringEqualsPath": "$.n"}), json!({"n": "Here"})),
        Ok(true)
    );
    assert_eq!(holds(json!({"Variable": "$user.name", "StringEquals": "Bob"}), json!({})), Ok(false));
}

#[test]
fn the_first_rule_that_holds_decides() {
    let rules = json!([
        {"Variable": "$.n", "NumericGreaterThan": 10, "Next": "Yes", "Assign": {"by": "rule"}},
        {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Yes"},
    ]);
    let with_default = program(rules.clone(), Some("No"));
    let decide = |n: i64| choice(&with_default).decide(&TestScope::of(json!({"n": n}))).unwrap();
    let assigns = |n: i64| decide(n).assign.map(|assign| assign.evaluate(&TestScope::of(json!({}))).unwrap());
    assert_eq!(decide(11).rule, Some(0));
    assert_eq!(decide(6).rule, Some(1));
    assert_eq!(decide(5).rule, None);
    assert_eq!(Some(decide(5).next), with_default.find("No"));
    assert_eq!(assigns(11), Some(json!({"by": "rule"})));
    assert_eq!(assigns(6), None);
    assert_eq!(assigns(5), Some(json!({"by": "state"})));

    let without = program(rules, None);
    let said = choice(&without).decide(&TestScope::of(json!({"n": 5}))).unwrap_err();
    assert_eq!(
        said,
        DataError::runtime(
            "Failed to transition out of the state. The state does not point to a next state."
        )
    );
}
