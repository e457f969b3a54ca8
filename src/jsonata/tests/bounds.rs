//! Expressions that try to take memory, time or depth without bound.

use std::io::Write as _;
use std::time::Duration;

use serde_json::json;

use super::scope;
use crate::{EvalError, Expression, Limits};

/// What the expressions below use.
const GIVEN: &[(&str, &str)] = &[
    ("$numbers", "[1..800000]"),
    ("$text", "$pad('x', 4000000, 'x')"),
    ("$n", "1e15"),
    ("$wide", "function($n) { $map([1..$n], function($i) { {'a': $i} }) }"),
    ("$dag", "function($x, $n) { $n = 0 ? $x : $dag({'a': $x, 'b': $x}, $n - 1) }"),
    ("$lists", "function($x, $n) { $n = 0 ? $x : $lists({'a': [[$x], [$x]]}, $n - 1) }"),
    ("$nested", "function($x, $n) { $n = 0 ? $x : $nested({'a': $x}, $n - 1) }"),
    ("$large", "($d := function($x, $n) { $n = 0 ? $x : $d({'a': $x, 'b': $x}, $n - 1) }; $d(1, 16))"),
];

/// The expression, after what it uses.
fn given(text: &str) -> Expression {
    let used = GIVEN.iter().filter(|(name, _)| text.contains(name));
    let definitions: String = used.map(|(name, value)| format!("{name} := {value}; ")).collect();
    Expression::compile(&format!("({definitions}{text})")).unwrap()
}

/// What is shared is written out, compared, sorted or searched.
const SHARED: &[&str] = &[
    "$dag(1, 40)",
    "$lists(1, 40)",
    "$string($dag(1, 40))",
    "$string($dag('x', 40), true)",
    "$dag(1, 40) = $dag(1, 40)",
    "$dag(1, 40) != $dag(2, 40)",
    "$dag(1, 40) in [$dag(1, 40)]",
    "$distinct([$dag(1, 40), $dag(1, 40)])",
    "$count($dag(1, 40).**)",
    "$count($dag(1, 40).*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*)",
    "$lookup($dag(1, 40), 'a')",
    "$merge([$dag(1, 40), {'c': 1}])",
    "$spread($dag(1, 40))",
    "$each($dag(1, 40), function($v) { $v })",
    "$keys($lists(1, 40))",
    "$boolean($lists(0, 40))",
    "$sort([$dag(1, 40), $dag(1, 40)], function($l, $r) { $string($l) > $string($r) })",
    "$dag(1, 40) ~> |a|{'c': 1}|",
    "($f := function($x, $n) { $n = 0 ? $x : $f($merge([{'a': $x}, {'b': $x}]), $n - 1) }; $f(1, 40))",
    "($f := function($x, $n) { $n = 0 ? $x : $f([[$x], [$x]], $n - 1) }; $f(1, 40))",
    "($f := function($x, $n) { $n = 0 ? $x : $f($zip([$x], [$x]), $n - 1) }; $f(1, 40))",
    "($f := function($x, $n) { $n = 0 ? $x : $f($append([$x], [$x]), $n - 1) }; $f({}, 40))",
    "($f := function($x, $n) { $n = 0 ? $x : $f($map([1, 2], function() { $x }), $n - 1) }; $f(1, 40))",
    "($f := function($x, $n) { $n = 0 ? $x : $f([1]{'a': $x, 'b': $x}, $n - 1) }; $f(1, 40))",
    "($f := function($x, $n) { $n = 0 ? $x : $f([1].{'a': $x, 'b': $x}, $n - 1) }; $f(1, 40))",
    "$reduce([1..40], function($x, $n) { {'a': $x, 'b': $x} }, 1)",
    "($g := $merge; $f := function($x, $n) { $n = 0 ? $x : $f($g([{'a': $x}, {'b': $x}]), $n - 1) }; $f(1, 40))",
    "$numbers.{'a': $numbers}",
    "$numbers.{'a': $numbers}.a",
    "$numbers.{'a': $large}.a.**",
    "$numbers.[$numbers]",
    "$numbers.$numbers",
    "$numbers.($numbers)",
    "$large.**.**.**.**",
    "[$numbers, $numbers, $numbers, $numbers].[$numbers]",
    "$numbers@$a.$numbers@$b.{'a': $a, 'b': $b}",
    "$numbers#$i.$numbers#$j.($i + $j)",
    "$zip($numbers, $numbers, $numbers, $numbers, $numbers, $numbers, $numbers, $numbers, $numbers, $numbers)",
    "$partition($numbers, 1).$partition($numbers, 1)",
];

/// Text grows.
const TEXT: &[&str] = &[
    "$text & $text",
    "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 60))",
    "$join($map($numbers, function() { $text }))",
    "$join($map($numbers, function() { 'a' }), $text)",
    "($j := $join; $j($map($numbers, function() { 'a' }), $text))",
    "($j := $join(?, $text); $j($map($numbers, function() { 'a' })))",
    "$map($numbers, function() { 'a' }) ~> $join($text)",
    "$pad('x', 1e9)",
    "$pad($text, -1e18, $text)",
    "($p := $pad; $p('x', 300000000))",
    "$map([300000000], $pad('x', ?))",
    "$replace($text, 'x', $text)",
    "$replace($text, /x/, $text)",
    "$replace($text, /x/, '$0$0$0$0$0$0$0$0')",
    "$replace($text, /x/, function() { $text })",
    "($r := $replace; $r($text, /x/, $text))",
    "$text.$replace('x', $text)",
    "$text.$replace(/x/, $text)",
    "$text ~> $replace(/x/, $text)",
    "$replace('x', function($s) { ($m := function() { {'match': $text, 'start': 0, 'groups': [$text], 'next': $m} }; $m()) }, '$1$1')",
    "$replace($text, function($s) { ($m := function() { {'match': 'x', 'start': 3999999, 'groups': [], 'next': $m} }; $m()) }, '')",
    "$match($text, function($s) { ($m := function() { {'match': 'x', 'start': 0, 'groups': [], 'next': $m} }; $m()) })",
    "$match($text, /x/)",
    "$match($text, /(x)(x)(x)(x)/)",
    "$split($text, '')",
    "$split($text, 'x')",
    "$split($text, /x/)",
    "($s := $split; $s($text, ''))",
    "$map([1..100], function() { $split($pad('', 400000, 'ab'), 'a') })",
    "$map($map($numbers, function() { $text }), $uppercase)",
    "$map($numbers, function() { $uppercase($text) })",
    "($u := $uppercase; $map($numbers, function() { $u($text) }))",
    "$map($numbers, function() { $substring($text, 1) })",
    "$map($numbers, function() { $substringAfter($text, 'x') })",
    "$map($numbers, function() { $encodeUrl($text) })",
    "$map($numbers, function() { $base64encode($text) })",
    "$map($numbers, function($i) { $text & $i })",
    "$map($numbers, function() { ($re := /x/; $re($text)) })",
    "$map($map($numbers, function() { $text }), /x/)",
    "$formatNumber(1, $pad('0', 4000000, '0'))",
    "$formatNumber(1, '0', {'percent': $text})",
    "$formatInteger(1e15, 'I')",
    "$n.$formatInteger('i')",
    "$formatInteger(1, $pad('0', 4000000, '0'))",
    "$fromMillis(0, $pad('', 4000000, '[YI]'))",
    "$now($pad('', 4000000, '[YI]'))",
    "$parse('[' & $join($map([1..400000], function() { '{\"a\":1}' }), ',') & ']')",
    "$string($wide(100000), true) & $string($wide(100000), true) & $string($wide(100000), true)",
    "$numbers^($text)",
    "$sort($map($numbers, function() { $text }))",
];

/// Lists grow, and functions.
const LISTS: &[&str] = &[
    "$append($numbers, $numbers)",
    "($f := function($x, $n) { $n = 0 ? $x : $f($append($x, $x), $n - 1) }; $f([1], 60))",
    "[$numbers, $numbers]",
    "$map($numbers, function() { $numbers.($ + 1) })",
    "$map($numbers, function() { $numbers[$ > 1] })",
    "$map($numbers, function() { $reverse($numbers) })",
    "$map($numbers, function() { $shuffle($numbers) })",
    "$map($numbers, function() { $filter($numbers, function() { true }) })",
    "($r := $reverse; $map($numbers, function() { $r($numbers) }))",
    "$map($numbers, function() { [1..800000] })",
    "$map($numbers, function() { $range(1, 800000, 1) })",
    "$range(0, 1e300, 1)",
    "$range(0, -1e300, -1)",
    "[0..1e18]",
    "[-9e15..9e15]",
    "$map($numbers, function() { $keys($merge($map([1..1000], function($i) { {$string($i): $i} }))) })",
    "$map([1..800000], function($x) { function($y) { {'a': [$x, $y, 'some text that is part of the function']} } })",
    "$map([1..800000], function($x) { $append($x, ?) })",
    "$map([1..800000], function($x) { |a|{'b': 'some text that is part of the transform'}| })",
    "$map($numbers, function($x) { ($f := function($y) { {'some text that is part of the function': $y} }; $f) })",
    "$sift($merge($map($numbers, function($i) { {$string($i): $i} })), function() { true })",
    "$spread($merge($map($numbers, function($i) { {$string($i): $i} })))",
];

/// Time passes.
const TIME: &[&str] = &[
    "($f := function() { $f() }; $f())",
    "($f := function($n) { $f($n + 1) }; $f(0))",
    "$map($numbers, function($i) { $sum($numbers) })",
    "$reduce($numbers, function($a, $b) { $a + $sum($numbers) })",
    "$distinct($wide(100000))",
    "($d := $distinct; $d($wide(100000)))",
    "$keys($map($numbers, function($i) { {$string($i): 1} }))",
    "($wide(5000) ~> |**|{'b': 1}|) ~> |**|{'c': 1}|",
    "$wide(50000) ~> |$|{'b': 1}|",
    "$contains($text, /(x+)+(x+)+(x+)+(x{50}){50}y/)",
    "$match($text, /(x|xx){2000}y/)",
    "$replace($text, /x*y|x/, '')",
    "$split($text, /x*y|x/)",
    "$match($text, /(x*y|x)/)",
    "($re := /(x{100}){100}y/; $re($text))",
    "$text ~> /(x{100}){100}y/",
    "$filter($map($numbers, function() { $text }), /(x{100}){100}y/)",
    "$sort($numbers, function($l, $r) { $sum($numbers) > 0 })",
    "$parseInteger($text, $pad('0', 4000000, '0'))",
    "$toMillis($text, $pad('', 4000000, '[Y]'))",
];

/// Nests.
const DEPTH: &[&str] = &[
    "$nested(1, 100000)",
    "$nested(1, 1000)",
    "$nested(1, 128)",
    "$string($nested(1, 100000))",
    "$nested(1, 100000) = $nested(1, 100000)",
    "$count($nested(1, 100000).**)",
    "($f := function($x, $n) { $n = 0 ? $x : $f([[$x]], $n - 1) }; $f(1, 100000))",
    "$reduce([1..100000], function($x, $n) { {'a': $x} }, 1)",
    "($f := function($n) { 1 + $f($n) }; $f(1))",
    "($f := function($n) { {'a': $f($n)} }; $f(1))",
    "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, function($x) { 1 + $g($x) }) }; $f(100000, function($x) { $x })(1))",
    "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $f(?, $g)) }; $type($f(100000, 1)))",
    "($h := function($x, $y) { $y }; $f := function($n, $g) { $n = 0 ? $g : ($i := $h(?, $g); $f($n - 1, $i)) }; $type($f(100000, 1)))",
    "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, {'a': function() { $g }}) }; $type($f(100000, 1)))",
    "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, ($g).function() { $ }) }; $type($f(100000, 1)))",
    "$type($reduce([1..100000], function($g, $n) { function() { $g } }))",
    "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $g ~> $uppercase) }; $f(100000, $trim)('x'))",
];

/// In a process of its own, whose memory is measured.
#[test]
fn nothing_goes_beyond_its_limits() {
    let this = std::env::current_exe().unwrap();
    let test = "tests::bounds::alone::nothing_goes_beyond_its_limits";
    let output = std::process::Command::new(this)
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // What the budget allows, some of it twice over while arrays grow, and what the allocator keeps.
    let peak =
        said.lines().filter_map(|line| line.strip_prefix("peak ")?.parse::<usize>().ok()).max().unwrap();
    assert!(peak < 768 * 1024, "{peak} KiB\n{said}");
}

/// Says to this test that its process is its own.
const ALONE: &str = "STEPGATE_BOUNDS_ALONE";

mod alone {
    use super::*;

    #[test]
    fn nothing_goes_beyond_its_limits() {
        if std::env::var_os(ALONE).is_none() {
            return;
        }
        let lists = [SHARED, TEXT, LISTS, TIME, DEPTH];
        let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
        let (mut wrong, mut said) = (Vec::new(), std::io::stderr());
        for text in lists.into_iter().flatten() {
            let expression = given(text);
            let before = cpu();
            let outcome = scope(limits).evaluate(&expression);
            let took = cpu() - before;
            writeln!(said, "{took:?} {text}\npeak {}", peak()).unwrap();
            match outcome {
                Err(EvalError::Memory | EvalError::Timeout) => {}
                Err(other) => wrong.push(format!("{text}: {other:?}")),
                Ok(value) => wrong.push(format!("{text}: {} bytes", value.to_string().len())),
            }
            if Duration::from_secs(8) < took {
                wrong.push(format!("{text}: {took:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// The most memory that this process has had, in KiB.
    fn peak() -> usize {
        let status = of_this_process("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The processor time that this process has had: other work on the machine doesn't count.
    fn cpu() -> Duration {
        let stat = of_this_process("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// What the system says of this process.
    fn of_this_process(file: &str) -> String {
        let path = format!("/proc/{}/{file}", std::process::id());
        let said = std::process::Command::new("cat").arg(path).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }
}

#[test]
fn what_is_within_them_has_its_value() {
    // Long enough for a debug build on a busy machine.
    let patient = scope(Limits { time: Duration::from_secs(60), ..Limits::default() });
    for (text, expected) in [
        ("$string($dag(1, 2))", json!("{\"a\":{\"a\":1,\"b\":1},\"b\":{\"a\":1,\"b\":1}}")),
        ("$length($string($dag(1, 14)))", json!(196_597)),
        ("$dag(1, 14) = $dag(1, 14)", json!(true)),
        ("$count([1..20000].($ + 1))", json!(20_000)),
        ("$length($text)", json!(4_000_000)),
        ("$count($distinct([1..20000]))", json!(20_000)),
        ("$count($wide(5000))", json!(5_000)),
        ("$length($replace($pad('', 100000, 'ab'), /a/, '$0$0'))", json!(150_000)),
        ("$count($split($pad('', 100000, 'ab'), 'a'))", json!(50_001)),
        ("$count($match($pad('', 20000, 'ab'), /a(b)/))", json!(10_000)),
        (
            "$count($map([1..10000], function($i) { {'id': $i, 'name': 'item ' & $i, 'tags': ['x', 'y']} }))",
            json!(10_000),
        ),
    ] {
        assert_eq!(patient.evaluate(&given(text)), Ok(expected), "{text}");
    }
    let depth = |n: usize| patient.evaluate(&given(&format!("$nested(1, {n})")));
    assert!(depth(127).is_ok());
    assert_eq!(depth(128), Err(EvalError::Memory));
    let held = |n: usize| patient.evaluate(&given(&format!("$type($nested(1, {n}))")));
    assert_eq!(held(512), Ok(json!("object")));
    assert_eq!(held(513), Err(EvalError::Memory));
}
