//! Expressions and their results, as a table.

mod bounds;
mod suite;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{SeededIds, Timestamp};
use crate::{CompileError, EvalError, Expression, Limits, Scope};

fn scope(limits: Limits) -> Scope {
    let mut scope =
        Scope::new(Timestamp::from_millis(1_700_000_000_000), Arc::new(SeededIds::new(1)), limits);
    scope.bind(
        "states",
        &json!({"input": {"a": 1, "list": [3, 1, 2], "name": "x", "orders": [{"p": 2, "q": 3}, {"p": 5, "q": 1}]}}),
    );
    scope.bind("seven", &json!(7));
    scope
}

fn evaluate(text: &str) -> Result<Value, EvalError> {
    scope(Limits::default()).evaluate(&Expression::compile(text).unwrap())
}

#[test]
fn expressions_have_values() {
    for (text, expected) in [
        ("$states.input.a + $seven", json!(8)),
        ("$sum($states.input.orders.(p * q))", json!(11)),
        ("$states.input.list^($)", json!([1, 2, 3])),
        ("{'n': $states.input.name & '!', 'gone': $nothing}", json!({"n": "x!"})),
        ("1 / 3", json!(1.0 / 3.0)),
        ("[1/0]", json!(["Infinity"])),
        ("$partition([1..5], 2.9)", json!([[1, 2], [3, 4], [5]])),
        ("$range(-1.7, 2, 1)", json!([-1, 0, 1, 2])),
        ("$range(5, 1, -2)", json!([5, 3, 1])),
        ("$range(1, 9, 9)", json!(1)),
        ("[$range(1, 9, 9)]", json!([1])),
        ("$partition([0], 2)", json!([[0]])),
        ("$hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72")),
        ("$hash('abc', 'SHA-1')", json!("a9993e364706816aba3e25717850c26c9cd0d89d")),
        ("$map(['abc', 'abc'], $hash(?, 'MD5'))[1]", json!("900150983cd24fb0d6963f7d28e17f72")),
        ("$parse('{\"a\":[1,null]}')", json!({"a": [1, null]})),
        ("$random(42)", json!(0.727_563_680_032_868_1)),
        ("$millis()", json!(1_700_000_000_000_i64)),
        ("$now()", json!("2023-11-14T22:13:20.000Z")),
        ("$now('[Y0001]')", json!("2023")),
        ("$length($uuid())", json!(36)),
        ("($f := function($n){ $n = 0 ? 'end' : $f($n - 1) }; $f(5000))", json!("end")),
        ("$type($string)", json!("function")),
        ("[[1,2],[3]]", json!([[1, 2], [3]])),
        ("[$states.input.list, 9]", json!([3, 1, 2, 9])),
        ("$count([1..873782])", json!(873_782)),
        ("$states.input.orders{ $string(p): q }", json!({"2": 3, "5": 1})),
        ("$states.input.orders[p > 2].q", json!(1)),
    ] {
        assert_eq!(evaluate(text), Ok(expected), "{text}");
    }
}

#[test]
fn errors_are_awss() {
    for (text, expected) in [
        ("$nothing", EvalError::Undefined),
        ("$fn := function($x){$x}", EvalError::Unsupported),
        ("$eval('1')", EvalError::Thrown("T1006: Attempted to invoke a non-function".to_owned())),
        (
            "$abs('1')",
            EvalError::Thrown(
                "T0410: Argument 1 of function \"abs\" does not match function signature".to_owned(),
            ),
        ),
        (
            "$sum(['a'])",
            EvalError::Thrown(
                "T0412: Argument 1 of function \"sum\" must be an array of \"numbers\"".to_owned(),
            ),
        ),
    ] {
        assert_eq!(evaluate(text), Err(expected), "{text}");
    }
    for (text, expected) in [
        ("'a' + 1", "T2001: The left side of the \"+\" operator must evaluate to a number"),
        ("1 * 'a'", "T2002: The right side of the \"*\" operator must evaluate to a number"),
        ("['a'..2]", "T2003: The left side of the range operator (..) must evaluate to an integer"),
        ("[1..2.5]", "T2004: The right side of the range operator (..) must evaluate to an integer"),
        (
            "true < 1",
            "T2010: The expressions either side of operator \"<\" must evaluate to numeric or string values",
        ),
        // As the reference implementation words it.
        (
            "function($a, $b)<nn:n>{$a}(1)",
            "T0410: Argument 2 of function undefined does not match function signature",
        ),
        (
            "function($a)<n:n>{$a}(1, 2, 3)",
            "T0410: Argument 2 of function undefined does not match function signature",
        ),
        ("$number('x')", "D3030: Unable to cast value to a number: \"x\""),
        (
            "$formatNumber(1, '0x0')",
            "D3086: The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
        ),
        ("$error('mine')", "D3137: mine"),
        (
            "$single([1, 2], function($x){true})",
            "D3138: The $single() function expected exactly 1 matching result.  Instead it matched more.",
        ),
        (
            "$single([1, 2], function($x){false})",
            "D3139: The $single() function expected exactly 1 matching result.  Instead it matched 0.",
        ),
    ] {
        assert_eq!(evaluate(text), Err(EvalError::Thrown(expected.to_owned())), "{text}");
    }
    assert!(matches!(evaluate("$base64decode('!!!')"), Err(EvalError::Internal(_))));
}

#[test]
fn infinity_has_no_words() {
    for text in [
        "$formatInteger(1/0, 'w')",
        "$formatInteger(-1/0, 'w;o')",
        "$string($formatInteger(1/0, 'Ww'))",
        "[1/0].$formatInteger('w')",
        "1/0 ~> $formatInteger('w')",
        "($f := $formatInteger; $f(1/0, 'w'))",
        "($f := $formatInteger(?, 'w'); $f(1/0))",
        "$map([1/0, 2], $formatInteger(?, 'w'))",
        "$map([1/0, 2], function($n) { $formatInteger($n, 'w') })",
    ] {
        let said = evaluate(text);
        let is_out_of_range =
            matches!(&said, Err(EvalError::Thrown(text)) if text.starts_with("D1001: Number out of range: "));
        assert!(is_out_of_range, "{text}: {said:?}");
    }
    assert_eq!(evaluate("$formatInteger(1e300, 'w') ~> $length() > 100"), Ok(json!(true)));
}

#[test]
fn what_aws_refuses_is_refused_when_compiled() {
    let top = |name: &str| vec![CompileError::TopLevelReference(name.to_owned())];
    for (text, expected) in [
        ("phone", top("phone")),
        ("a.b + a.c", top("a")),
        ("$", top("$")),
        ("$$.a", top("$$")),
        ("$states.input[$$.a = 1]", top("$$")),
        ("{'a': b}", top("b")),
    ] {
        assert_eq!(Expression::compile(text), Err(expected), "{text}");
    }
    for text in ["a ?? 1", "$a ?: 1", "(", "'open", "1 +", &"(".repeat(100_000), &"1+".repeat(60_000)] {
        assert!(Expression::compile(text).is_err(), "{}", &text[..text.len().min(20)]);
    }
    for text in
        ["$states.input.x[y = 1]", "$map($states.input, function($v){ $v.name })", "$states.input.{'a': b}"]
    {
        assert!(Expression::compile(text).is_ok(), "{text}");
    }
}

#[test]
fn syntax_errors_are_told_as_the_language_does() {
    for (text, expected) in [
        ("[1, 2", "Expected \"]\" before end of expression"),
        ("[1; 2]", "Expected \"]\", got \";\""),
        ("$f(1, 'x', 2", "Expected \")\" before end of expression"),
        ("{'a' 1}", "Expected \":\", got 1"),
        ("{'a' $b}", "Expected \":\", got \"b\""),
        ("{'a' 'b'}", "Expected \":\", got \"b\""),
        ("'abc", "String literal must be terminated by a matching quote"),
        ("1 +", "Unexpected end of expression"),
        ("[1, }", "The symbol \"}\" cannot be used as a unary operator"),
        ("1 )", "Syntax error: \")\""),
    ] {
        let said = Expression::compile(text).unwrap_err();
        assert_eq!(said, [CompileError::Syntax(expected.to_owned())], "{text}");
    }
}

#[test]
fn references_are_told() {
    let compiled = Expression::compile("($x := $a; $x + $states.context.Execution.Id & $f($b))").unwrap();
    assert_eq!(compiled.variables().collect::<Vec<_>>(), ["a", "b", "states"]);
    assert_eq!(compiled.states_members().collect::<Vec<_>>(), ["context"]);
    for (text, sees) in [
        ("$states.input.a", &["input"][..]),
        ("$states.input.a + $states.context.b", &["input", "context"]),
        ("$states", &["input", "context", "result"]),
        ("$lookup($states, 'input')", &["input", "context", "result"]),
        ("$states[0].input", &["input", "context", "result"]),
        ("$states.*", &["input", "context", "result"]),
        ("$states.input.%", &["input", "context", "result"]),
        ("$states.input.a.(%.%.context)", &["input", "context", "result"]),
        ("($states := {'input': 1}; $states.input)", &[]),
        ("$a.states.input", &[]),
    ] {
        let compiled = Expression::compile(text).unwrap();
        let seen: Vec<_> =
            ["input", "context", "result"].into_iter().filter(|name| compiled.sees(name)).collect();
        assert_eq!(seen, sees, "{text}");
    }
}

#[test]
fn a_library_that_panics_fails_the_expression_alone() {
    // With overflow checks the library panics over these digits, without it makes something of them.
    let said = evaluate("$parseInteger('１２３(Salutation))４０', '###０')");
    assert!(matches!(said, Ok(_) | Err(EvalError::Internal(_))), "{said:?}");
}

#[test]
fn nothing_takes_all_memory() {
    for text in [
        "[1..873783]",
        "[1..10000000]",
        "$pad('x', 300000000)",
        "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 40))",
        "$map([1..800000], function(){ [1..800000] })",
        "($big := [1..800000]; $map([1..800000], function(){ [$big, 1] }))",
        "$range(0, 1e12, 1)",
        "($s := $pad('x', 4000000); $map([1..1000], function($n){ $s & $n }))",
    ] {
        // A slow machine runs out of time first.
        assert!(matches!(evaluate(text), Err(EvalError::Memory | EvalError::Timeout)), "{text}");
    }
}

#[test]
fn nothing_takes_all_time_or_depth() {
    let short = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let endless = Expression::compile("($f := function($n){ $f($n + 1) }; $f(0))").unwrap();
    assert_eq!(scope(short).evaluate(&endless), Err(EvalError::Timeout));
    assert_eq!(
        evaluate("($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(5000))"),
        Err(EvalError::Memory)
    );
    assert_eq!(evaluate("($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(98))"), Ok(json!(98)));
}

#[test]
fn expressions_do_not_see_each_others_variables() {
    let scope = scope(Limits::default());
    assert_eq!(scope.evaluate(&Expression::compile("$own := 1").unwrap()), Ok(json!(1)));
    assert_eq!(scope.evaluate(&Expression::compile("$own").unwrap()), Err(EvalError::Undefined));
}
