//! JSONata: any text compiles or is refused, any expression ends within its bounds over any document, and sees no more
//! than it says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepgate::clock::{SeededIds, Timestamp};
use stepgate::jsonata::{EvalError, Expression, Limits, Scope};

const DOCUMENT: &str = r#"{"a":{"b":null,"c":[1,2,3],"e":[],"o":{},"s":"str","n":-1.5},"orders":[{"p":2,"q":3,"tags":["x","y"]},{"p":5,"q":1,"tags":[]}],"list":[3,1,2],"mix":[1,"1",null,true,{"k":1},[7]],"name":"x y","é":"u","big":12345678901234567890}"#;

const MEMBERS: [&str; 4] = ["input", "context", "result", "errorOutput"];

/// Short, so that a day has room for many inputs; what is made is bounded much lower than in the server.
const LIMITS: Limits = Limits { time: Duration::from_millis(400), depth: 302, bytes: 16 * 1024 * 1024 };

pub(crate) fn execute(text: &str) {
    let (source, document) = crate::parts(text, DOCUMENT);
    let expression = match Expression::compile(source) {
        Ok(expression) => expression,
        Err(errors) => {
            assert!(!errors.is_empty() && errors.iter().all(|error| !error.to_string().is_empty()));
            return;
        }
    };
    assert_eq!(expression.source(), source.trim());
    let Ok(input) = stepgate::json::parse(document) else { return };
    let everything = evaluate(&expression, &input, |_| true, |_| true);
    let named: Vec<&str> = expression.variables().collect();
    let what_it_names =
        evaluate(&expression, &input, |name| named.contains(&name), |member| expression.sees(member));
    match (everything, what_it_names) {
        // Chance and the clock are the machine's.
        (Err(EvalError::Timeout | EvalError::Internal(_)), _)
        | (_, Err(EvalError::Timeout | EvalError::Internal(_))) => {}
        (everything, named) => assert_eq!(everything, named, "it sees more than it says"),
    }
}

fn evaluate(
    expression: &Expression,
    input: &Value,
    is_bound: impl Fn(&str) -> bool,
    is_seen: impl Fn(&str) -> bool,
) -> Result<Value, EvalError> {
    let mut scope =
        Scope::new(Timestamp::from_millis(1_700_000_000_000), Arc::new(SeededIds::new(1)), LIMITS);
    for member in MEMBERS.into_iter().filter(|member| is_seen(member)) {
        scope.bind_member("states", member, input);
    }
    for (name, value) in [("v", input), ("seven", &json!(7))] {
        if is_bound(name) {
            scope.bind(name, value);
        }
    }
    let value = scope.evaluate(expression);
    match &value {
        Err(error) => assert!(!error.to_string().is_empty()),
        // What one value may be, written out; the runner looks at time and memory.
        Ok(value) => {
            assert!(value.to_string().len() <= 2 * LIMITS.bytes, "it is large");
            assert!(depth(value) <= stepgate::json::DEPTH_MAX, "it is deep");
        }
    }
    value
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

pub(crate) const WORDS: &[&str] = &[
    "$states",
    "$states.input",
    "$states.input.",
    "$states.context",
    "$states.result",
    "$v",
    "$seven",
    "$",
    "$$",
    "%",
    ".",
    "..",
    "*",
    "**",
    "[",
    "]",
    "[0]",
    "[-1]",
    "[]",
    "{",
    "}",
    "(",
    ")",
    ",",
    ";",
    ":",
    " ? ",
    " : ",
    ":=",
    " ~> ",
    "@$i",
    "#$i",
    "^(",
    "^(>",
    "|",
    "~>|",
    "function($x){",
    "λ($x){",
    "$x",
    " and ",
    " or ",
    " in ",
    "&",
    "+",
    "-",
    "/",
    " = ",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "'a'",
    "\"b\"",
    "'",
    "\"",
    "`é`",
    "/a.*/i",
    "/(a+)+$/",
    "/",
    "1",
    "0",
    "-1",
    "1.5",
    "1e308",
    "1e5",
    "[1..1000]",
    "[1..10000000]",
    "null",
    "true",
    "false",
    "a",
    "orders",
    "list",
    "mix",
    "name",
    "p",
    "q",
    "tags",
    "$sum(",
    "$map(",
    "$filter(",
    "$reduce(",
    "$sift(",
    "$each(",
    "$sort(",
    "$string(",
    "$number(",
    "$boolean(",
    "$length(",
    "$substring(",
    "$pad(",
    "$join(",
    "$split(",
    "$replace(",
    "$match(",
    "$contains(",
    "$merge(",
    "$spread(",
    "$keys(",
    "$lookup(",
    "$append(",
    "$zip(",
    "$distinct(",
    "$reverse(",
    "$shuffle(",
    "$formatNumber(",
    "$formatBase(",
    "$formatInteger(",
    "$parseInteger(",
    "$fromMillis(",
    "$toMillis(",
    "$now(",
    "$millis(",
    "$base64encode(",
    "$base64decode(",
    "$encodeUrl(",
    "$decodeUrl(",
    "$eval(",
    "$error(",
    "$assert(",
    "$type(",
    "$exists(",
    "$single(",
    "$partition(",
    "$range(",
    "$hash(",
    "$uuid(",
    "$random(",
    "$parse(",
    "'MD5'",
    "'0x0'",
    "'[Y0001]'",
    "($f := function($n){ $n = 0 ? 0 : $f($n - 1) }; $f(100))",
    "($f := function($n){ 1 + $f($n) }; $f(1))",
    "{'k': $}",
    "($f := function($x, $n){ $n = 0 ? $x : $f({'a': $x, 'b': $x}, $n - 1) }; $f(1, 30))",
    "($f := function($s, $n){ $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 40))",
    "[1..100000]",
    "$pad('x', 100000)",
    "?, ",
    "$n - 1",
    "$f($x, $n - 1)",
    "/(x{50}){50}/",
    "$states.input.orders[p > 2].q",
    "\0",
    "\0[1,{\"a\":[]}]",
    " ",
    "\n",
    "/* c */",
    "é",
    "😀",
];
