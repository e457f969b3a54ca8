//! Expressions as users write them.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Intrinsic, Root, Scope};
use crate::clock::{Ids, SeededIds, Timestamp};

struct Data {
    input: Value,
    context: Value,
    variable: Value,
}

impl Scope for Data {
    fn input(&self) -> &Value {
        &self.input
    }

    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        (name == "var").then_some(&self.variable)
    }

    fn random_uuid(&self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }

    fn random_unit(&self) -> f64 {
        0.999
    }

    fn states(&self, _: &str) -> Option<&Value> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }

    fn ids(&self) -> Arc<dyn Ids> {
        Arc::new(SeededIds::new(1))
    }
}

fn data(input: Value) -> Data {
    Data {
        input,
        context: json!({"StateMachine": {"Name": "a-b-c"}, "Execution": {"Input": "x,y"}}),
        variable: json!({"n": 5, "list": [1, 2]}),
    }
}

#[track_caller]
fn check(expression: &str, input: Value, expect: &Value) {
    let value = Intrinsic::parse(expression).unwrap().evaluate(&data(input)).unwrap();
    assert_eq!(value, *expect, "{expression}");
}

/// Functions of one or more arguments, given as paths.
#[track_caller]
fn check_given(function: &str, given: Value, expect: &Value) {
    let n = given.as_array().unwrap().len();
    let arguments: Vec<String> = (0..n).map(|i| format!("$[{i}]")).collect();
    check(&format!("States.{function}({})", arguments.join(", ")), given, expect);
}

#[track_caller]
fn check_failure(expression: &str, input: Value, expect: &str) {
    let error = Intrinsic::parse(expression).unwrap().evaluate(&data(input)).unwrap_err();
    let head = format!("The function '{expression}' had the following error: ");
    assert_eq!(error.to_string().strip_prefix(&head), Some(expect), "{error}");
}

#[track_caller]
fn check_refused(expression: &str, expect: &str) {
    assert_eq!(Intrinsic::parse(expression).unwrap_err().to_string(), expect, "{expression}");
}

#[test]
fn arguments_come_from_everywhere() {
    check("States.Array()", json!({}), &json!([]));
    check(
        "States.Array('a', 1, -1.5, null, true, false)",
        json!({}),
        &json!(["a", 1, -1.5, null, true, false]),
    );
    check(
        "States.Array($.a, $$.StateMachine.Name, $var.n, $var, $)",
        json!({"a": 1}),
        &json!([1, "a-b-c", 5, {"n": 5, "list": [1, 2]}, {"a": 1}]),
    );
    check(
        "States.Array( $['a,b'] , $.l[?(@.x == 'y)')].x,$.l[*].x )",
        json!({"a,b": 1, "l": [{"x": "y)"}]}),
        &json!([1, ["y)"], ["y)"]]),
    );
    check(
        "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), States.MathAdd(States.ArrayLength(States.StringSplit($$.StateMachine.Name, '-')), -1))",
        json!(null),
        &json!("c"),
    );
    check("States.Array($.nosuch[*])", json!({}), &json!([[]]));
}

#[test]
fn format_fills_in_as_java_shows() {
    let input = json!({"s": "x", "o": {"Arg1": 1, "Arg2": []}, "l": ["a", 1.5, null], "t": "{} is {}", "b": "\\{{}\\}\\n"});
    check("States.Format('Format:{}', 101)", input.clone(), &json!("Format:101"));
    check("States.Format('{}{}{}', $.s, null, true)", input.clone(), &json!("xnulltrue"));
    check("States.Format('{}', $.o)", input.clone(), &json!("{Arg1=1, Arg2=[]}"));
    check("States.Format('{}', $.l)", input.clone(), &json!("[a, 1.5, null]"));
    check("States.Format($.t, 'a', 'b')", input.clone(), &json!("a is b"));
    check("States.Format($.b, 1)", input.clone(), &json!("{1}\\n"));
    check("States.Format('it\\'s \\{\\} \\\\ {}', 1)", input.clone(), &json!("it's {} \\ 1"));
    check("States.Format('\\{\"a\":{}\\}', 1)", input.clone(), &json!("{\"a\":1}"));
    // What isn't escaped has to be a placeholder, in a text as in data; AWS finds out when the state runs.
    for (template, found, missing) in [
        ("{\"a\":{}}", '{', '}'),
        ("{ }", '{', '}'),
        ("{\\}", '{', '}'),
        ("\\{}", '}', '{'),
        ("a}", '}', '{'),
    ] {
        let why = format!("Invalid template in States.Format: matching '{missing}' not found for '{found}'.");
        check_failure(&format!("States.Format('{template}', 1)"), input.clone(), &why);
        check_failure("States.Format($.t, 1)", json!({ "t": template }), &why);
    }
    check("States.Format('no placeholders')", input.clone(), &json!("no placeholders"));
    check_failure(
        "States.Format('{} {}', 1)",
        input.clone(),
        "the template has 2 placeholders, but there are 1 values",
    );
    check_failure("States.Format($.l, 1)", input, "argument 1 must be a string, but is an array");
}

#[test]
fn strings_split_at_every_splitter() {
    for (text, splitters, expect) in [
        (" ", ",", json!([" "])),
        (" , ", ",", json!([" ", " "])),
        (", , ,", ",", json!([" ", " "])),
        (",,,,", ",", json!([])),
        ("This.is+a,test=string", ".+,=", json!(["This", "is", "a", "test", "string"])),
        ("split on T and \nnew line", "T\n", json!(["split on ", " and ", "new line"])),
        ("abc", "", json!(["abc"])),
        ("", ",", json!([])),
    ] {
        check_given("StringSplit", json!([text, splitters]), &expect);
    }
    check("States.StringSplit('Hello\nWorld', '\n')", json!(null), &json!(["Hello", "World"]));
    check("States.StringSplit($$.Execution.Input, ',')", json!(null), &json!(["x", "y"]));
}

#[test]
fn arrays_are_worked_on() {
    check_given("ArrayPartition", json!([[], 1]), &json!([]));
    check_given("ArrayPartition", json!([[0, 1, 2], 2]), &json!([[0, 1], [2]]));
    check_given("ArrayPartition", json!([[0], 5]), &json!([[0]]));
    check_given("ArrayPartition", json!([[0, 1], 1.5]), &json!([[0, 1]]));
    check_given("ArrayContains", json!([[], null]), &json!(false));
    check_given("ArrayContains", json!([[{"1": 2, "2": []}], {"2": [], "1": 2}]), &json!(true));
    check_given("ArrayContains", json!([[[1, 2, 3], 2], null]), &json!(false));
    check_given("ArrayRange", json!([0, 10, 3]), &json!([0, 3, 6, 9]));
    check_given("ArrayRange", json!([1, 9, 9]), &json!([1]));
    check_given("ArrayRange", json!([3, 1, -1]), &json!([3, 2, 1]));
    check_given("ArrayRange", json!([3, 1, 1]), &json!([]));
    check_given("ArrayRange", json!([i64::MAX - 1, i64::MAX, 1]), &json!([i64::MAX - 1, i64::MAX]));
    check_given("ArrayGetItem", json!([[1, 2, 3], 2]), &json!(3));
    check_given("ArrayLength", json!([[null, null, 1]]), &json!(3));
    check_given(
        "ArrayUnique",
        json!([[null, null, 1, 1, 1.0, "1", [], [], {"a": 1, "b": 2}, {"b": 2, "a": 1}]]),
        &json!([null, 1, 1.0, "1", [], {"a": 1, "b": 2}]),
    );
}

#[test]
fn array_failures_say_why() {
    let input = json!({"l": [1], "s": "x"});
    for (expression, expect) in [
        ("States.ArrayPartition($.l, 0)", "argument 2 must be a positive integer, but is 0"),
        ("States.ArrayPartition($.s, 1)", "argument 1 must be an array, but is a string"),
        ("States.ArrayRange(0, 1, 0)", "argument 3 must be other than 0, but is 0"),
        ("States.ArrayRange(1, 1001, 1)", "the range has more than 1000 elements"),
        ("States.ArrayRange('a', 1, 1)", "argument 1 must be a number, but is a string"),
        ("States.ArrayGetItem($.l, 1)", "the index 1 is out of bounds for an array of length 1"),
        ("States.ArrayGetItem($.l, -1)", "the index -1 is out of bounds for an array of length 1"),
        ("States.ArrayLength($.s)", "argument 1 must be an array, but is a string"),
        ("States.ArrayUnique(null)", "argument 1 must be an array, but is null"),
    ] {
        check_failure(expression, input.clone(), expect);
    }
}

#[test]
fn sums_round_half_up_first() {
    for (left, right, expect) in [
        (1.49, 1.5, 3),
        (1.5, 1.51, 4),
        (-1.49, -1.5, -2),
        (-1.5, -1.51, -3),
        (-2.5, 0.0, -2),
        (-3.5, 0.0, -3),
        (2.5, 0.0, 3),
    ] {
        check_given("MathAdd", json!([left, right]), &json!(expect));
    }
    check("States.MathAdd(1, -1)", json!(null), &json!(0));
    check_failure(
        "States.MathAdd(9223372036854775807, 1)",
        json!(null),
        "the sum is beyond the range of an integer",
    );
    check_failure("States.MathAdd('1', 1)", json!(null), "argument 1 must be a number, but is a string");
}

#[test]
fn random_numbers_stay_in_range() {
    check("States.MathRandom(0, 10)", json!(null), &json!(9));
    check("States.MathRandom(0, 100, 42)", json!(null), &json!(30));
    check("States.MathRandom(12.5, 13.5, 7)", json!(null), &json!(13));
    check_failure(
        "States.MathRandom(1, 1)",
        json!(null),
        "argument 2 must be greater than argument 1, but is 1",
    );
    check("States.UUID()", json!(null), &json!("00000000-0000-4000-8000-000000000000"));
}

#[test]
fn encodings_round_trip() {
    check("States.Base64Encode('Data to encode')", json!(null), &json!("RGF0YSB0byBlbmNvZGU="));
    check("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", json!(null), &json!("Data to encode"));
    check("States.Base64Decode('RGF0YSB0byBlbmNvZGU')", json!(null), &json!("Data to encode"));
    check("States.Base64Decode('')", json!(null), &json!(""));
    check("States.Base64Decode('/w==')", json!(null), &json!("\u{fffd}"));
    check_failure("States.Base64Decode('a-b')", json!(null), "argument 1 is not Base64");
    check_failure(
        "States.Base64Encode($)",
        json!("x".repeat(10_001)),
        "argument 1 is longer than 10000 characters",
    );
    for (algorithm, expect) in [
        ("MD5", "812f45842bc6d66ee14572ce20db8e86"),
        ("SHA-1", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("SHA-256", "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"),
        (
            "SHA-512",
            "6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4",
        ),
    ] {
        check_given("Hash", json!(["input data", algorithm]), &json!(expect));
    }
    check_failure(
        "States.Hash('x', 'sha-1')",
        json!(null),
        "'sha-1' is not one of MD5, SHA-1, SHA-256, SHA-384, SHA-512",
    );
}

#[test]
fn json_comes_and_goes_as_text() {
    for (text, expect) in [
        (" ", json!(null)),
        ("", json!(null)),
        ("null", json!(null)),
        ("-0", json!(0)),
        ("\"HelloWorld\"", json!("HelloWorld")),
        ("[1, 2, \"HelloWorld\"]", json!([1, 2, "HelloWorld"])),
    ] {
        check_given("StringToJson", json!([text]), &expect);
    }
    check_failure(
        "States.StringToJson('nope')",
        json!(null),
        "argument 1 is not JSON: Unrecognized token 'nope': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    );
    check_given("JsonToString", json!(["HelloWorld"]), &json!("\"HelloWorld\""));
    check_given("JsonToString", json!([[1, 2, "HelloWorld"]]), &json!("[1,2,\"HelloWorld\"]"));
    check_given(
        "JsonMerge",
        json!([{"a": {"a1": 1, "a2": 2}, "b": 2}, {"a": {"a3": 1}, "c": 5}, false]),
        &json!({"a": {"a3": 1}, "b": 2, "c": 5}),
    );
    check_failure(
        "States.JsonMerge($, $, true)",
        json!({}),
        "only the shallow merging mode, false, is supported",
    );
    check_failure(
        "States.JsonMerge($, 1, false)",
        json!({}),
        "argument 2 must be an object, but is a number",
    );
}

#[test]
fn missing_paths_name_the_input() {
    let expression = "States.Format('{} to {}', $.fromDate, $.toDate)";
    check_failure(
        expression,
        json!({"a": 1}),
        "The JsonPath argument for the field '$.fromDate' could not be found in the input '{\"a\":1}'",
    );
    // The whole expression is named, not the call inside of it.
    check_failure(
        "States.Format('{}', States.Format('{}', $.no))",
        json!({"a": 1}),
        "The JsonPath argument for the field '$.no' could not be found in the input '{\"a\":1}'",
    );
    check_failure(
        "States.Format('{}', $$.No.Deep)",
        json!({"a": 1}),
        "The JsonPath argument for the field '$.No.Deep' could not be found in the input '{\"a\":1}'",
    );
    // Unlike in a payload template, an index past the end is missing.
    check_failure(
        "States.Format('{}', $.l[5])",
        json!({"l": [1]}),
        "The JsonPath argument for the field '$.l[5]' could not be found in the input '{\"l\":[1]}'",
    );
    let error = Intrinsic::parse("States.Array($nosuch)").unwrap().evaluate(&data(json!({}))).unwrap_err();
    assert_eq!(error.error_name(), "States.Runtime");
    let error = Intrinsic::parse("States.ArrayLength(1)").unwrap().evaluate(&data(json!({}))).unwrap_err();
    assert_eq!(error.error_name(), "States.IntrinsicFailure");
}

#[test]
fn what_is_no_call_is_refused() {
    check_refused("States.Nope()", "there is no function 'States.Nope'");
    check_refused("States.format('a')", "there is no function 'States.format'");
    check_refused("States.Format()", "States.Format takes at least 1 arguments, not 0");
    check_refused("States.MathRandom(1)", "States.MathRandom takes 2 to 3 arguments, not 1");
    check_refused("States.UUID(1)", "States.UUID takes 0 arguments, not 1");
    check_refused("States.Array(1", "expected ',' or ')' at character 14");
    check_refused("States.Array(1,)", "expected an argument at character 15");
    check_refused("States.Array('a)", "expected a closing quote at character 16");
    check_refused("States.Array(\"a\")", "expected an argument at character 13");
    check_refused("States.Array(1) x", "expected the end of the expression at character 16");
    check_refused(" States.Array(1)", "expected a call of a States function at character 0");
    check_refused("States.Array(1)[0]", "expected the end of the expression at character 15");
    check_refused("States.Array", "expected '(' at character 12");
    check_refused("States.Array(01)", "'01' is not a number");
    check_refused("Format('a')", "expected a call of a States function at character 0");
    check_refused(
        "States.Format('He said, \\\"Hello, {}!\\\"', 'x')",
        "illegal escape '\\\"' at character 24",
    );
    check_refused("States.Array('\\n')", "illegal escape '\\n' at character 14");
    check_refused(
        "States.Array($.a b)",
        "'$.a b' is not a path: Use bracket notion ['my prop'] if your property contains blank characters. position: 2",
    );
}

#[test]
fn nesting_and_data_are_bounded() {
    let nested = |n: usize| format!("{}{}", "States.Array(".repeat(n), ")".repeat(n));
    assert!(Intrinsic::parse(&nested(10)).is_ok());
    assert!(Intrinsic::parse(&nested(11)).is_err());
    let copies = format!("States.Array({})", ["$"; 100].join(","));
    let error = Intrinsic::parse(&copies).unwrap().evaluate(&data(json!("x".repeat(250_000)))).unwrap_err();
    assert!(error.to_string().ends_with("the expression handles more than 8388608 bytes of data"));
}

#[test]
fn references_are_listed() {
    let expression = Intrinsic::parse("States.Array($.a, States.Array($var.x), $$.b)").unwrap();
    let roots: Vec<&Root> = expression.references().into_iter().map(|reference| reference.root()).collect();
    assert_eq!(roots, [&Root::Input, &Root::Variable("var".into()), &Root::Context]);
}

proptest! {
    #[test]
    fn any_text_parses_or_not(text in "\\PC{0,30}") {
        let _ = Intrinsic::parse(&format!("States.{text}"));
    }

    #[test]
    fn calls_never_panic(
        function in prop::sample::select(super::Function::ALL),
        arguments in prop::collection::vec("(\\$(\\.[ab]|\\[[01]\\]|var\\.n|\\$)?|-?[0-9]{1,3}(\\.5)?|'[a-z{},\\\\ ]{0,4}'|null|true|false|States\\.UUID\\(\\))", 0..4),
        input in prop::sample::select(vec![json!({"a": [1, 2], "b": {"c": "x"}}), json!([[1, "a"], 2]), json!(1e300)]),
    ) {
        if let Ok(expression) = Intrinsic::parse(&format!("{function}({})", arguments.join(", "))) {
            let _ = expression.evaluate(&data(input));
        }
    }
}
