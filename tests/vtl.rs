//! Recorded outputs of Apache Velocity 1.7: every case in `tests/data/vtl/*.jsonl` must print the same text, or fail
//! where Velocity fails. `known_differences.json` lists the cases that differ, with the reasons.

#![allow(clippy::unwrap_used)] // A panic is how a test says no, in its helpers as well.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value as Json;
use stepgate::vtl::{Host, HostError, Limits, List, ListKind, Map, Object, Template, Value};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vtl")
}

fn lines(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A host with only variables.
struct Variables(HashMap<String, Value>);

impl Host for Variables {
    fn lookup(&mut self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn get(&mut self, _: Object, _: &str) -> Result<Value, HostError> {
        Ok(Value::Null)
    }

    fn set(&mut self, _: Object, _: &str, _: Value) -> Result<(), HostError> {
        Ok(())
    }

    fn call(&mut self, _: Object, _: &str, _: &[Value]) -> Result<Value, HostError> {
        Ok(Value::Null)
    }
}

/// A context as the recording program saw it: plain Java lists and maps, in the order of `java.util.HashMap`.
fn java(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Array(items) => Value::List(List::new(ListKind::Plain, items.iter().map(java).collect())),
        Json::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            let mut buckets = 16;
            while buckets * 3 / 4 < names.len() {
                buckets *= 2;
            }
            names.sort_by_key(|name| {
                let hash =
                    name.encode_utf16().fold(0_u32, |h, unit| h.wrapping_mul(31).wrapping_add(unit.into()));
                (hash ^ (hash >> 16)) as usize & (buckets - 1)
            });
            Value::Map(Map::from_entries(
                names.into_iter().map(|name| (Value::str(name), java(&members[name]))),
            ))
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) => Value::from_json(json),
    }
}

fn host(context: &Json) -> Variables {
    Variables(context.as_object().unwrap().iter().map(|(name, value)| (name.clone(), java(value))).collect())
}

fn answer(template: &str, context: &Json) -> Result<String, String> {
    let parsed = Template::parse(template).map_err(|error| error.to_string())?;
    parsed.evaluate(&mut host(context), &Limits::default()).map_err(|error| error.to_string())
}

#[test]
fn templates_print_what_velocity_prints() {
    let shared: Json =
        serde_json::from_str(&std::fs::read_to_string(data().join("context.json")).unwrap()).unwrap();
    let mut known: HashSet<String> = HashSet::new();
    let text = std::fs::read_to_string(data().join("known_differences.json")).unwrap();
    let differences: HashMap<String, String> = serde_json::from_str(&text).unwrap();
    for (name, reason) in differences {
        assert!(!reason.is_empty(), "{name}: a difference needs a reason");
        known.insert(name);
    }
    let (mut n_cases, mut wrong) = (0, Vec::new());
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    for file in files {
        for case in lines(&file) {
            n_cases += 1;
            let name = format!(
                "{}: {}",
                file.file_stem().unwrap().to_str().unwrap(),
                case["name"].as_str().unwrap()
            );
            let template = case["template"].as_str().unwrap();
            let ours = answer(template, case.get("context").unwrap_or(&shared));
            let is_same = match (&ours, case["out"].as_str()) {
                (Ok(ours), Some(theirs)) => ours == theirs,
                (Err(_), None) => true,
                (Ok(_), None) | (Err(_), Some(_)) => false,
            };
            match (is_same, known.remove(&name)) {
                (true, false) | (false, true) => {}
                (true, true) => wrong.push(format!("{name}: no longer differs, strike it off the list")),
                (false, false) => wrong.push(format!(
                    "{name}\n  template {template:?}\n  velocity {}\n  ours     {ours:?}",
                    case.get("out").or_else(|| case.get("error")).unwrap()
                )),
            }
        }
    }
    wrong.extend(known.into_iter().map(|name| format!("{name}: no such case")));
    assert!(wrong.is_empty(), "{} of {n_cases} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(490 <= n_cases, "cases are missing: {n_cases}");
}

// === properties ===

/// Pieces of templates that are combined at random: closer to templates than random characters are.
const PIECES: &[&str] = &[
    "$name",
    "${name}",
    "$!nope",
    "$list",
    "$map.k1",
    "$",
    "!",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "#",
    "#if($t)",
    "#else",
    "#elseif($z)",
    "#end",
    "#{end}",
    "#set($x=1)",
    "#set($l=[])",
    "$l.add($l)",
    "#set($l=[$l,$l])",
    "#set($s=\"$s$s\")",
    "#foreach($i in $list)",
    "#foreach($i in [1..999])",
    "$foreach.count",
    "#break",
    "#stop",
    "#macro(m $a)",
    "#m($a)",
    "#m($n)",
    "#define($d)",
    "$d",
    "#evaluate('$name')",
    "#evaluate($s)",
    "#set($s='#evaluate($s)')",
    "##",
    "#*",
    "*#",
    "#[[",
    "]]#",
    " ",
    "\n",
    "\r\n",
    "\\",
    "a",
    ".get(0)",
    ".substring(1)",
    ".replaceAll('a*','$0')",
    ".repeat(99)",
    ".format('%9999d',1)",
    "[0]",
    "['k']",
    "'",
    "\"",
    ",",
    "1",
    "2.5",
    "-",
    "=",
    "==",
    "&&",
    "\\u00e9",
    "é",
    "😀",
    "%",
    "$list.subList(0,1)",
    ".split('')",
    "((",
    "[[",
    "{{",
    "9223372036854775807",
    "*",
    "#@m()",
    "$bodyContent",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn glued_pieces_neither_panic_nor_pass_their_limits(picks in prop::collection::vec(0..PIECES.len(), 0..24)) {
        check_bounds(&picks.into_iter().map(|pick| PIECES[pick]).collect::<String>());
    }

    #[test]
    fn any_text_neither_panics_nor_passes_its_limits(text in "(\\PC|[$#\\\\!{}()'\"\n.]){0,60}") {
        check_bounds(&text);
    }
}

fn check_bounds(template: &str) {
    let limits = Limits { steps: 20_000, depth: 128, output_bytes: 10_000, foreach_iterations: 200 };
    let context: Json = serde_json::json!({
        "name": "Ann", "n": 3, "t": true, "z": false, "s": "ab", "list": ["a", "b", "c"], "map": {"k1": "v"}
    });
    match Template::parse(template) {
        Ok(parsed) => {
            if let Ok(out) = parsed.evaluate(&mut host(&context), &limits) {
                assert!(out.len() <= limits.output_bytes, "{} bytes from {template:?}", out.len());
            }
        }
        Err(error) => {
            assert!(error.line != 0 && error.column != 0 && !error.message.is_empty());
            assert!(error.render(template).ends_with('^'));
        }
    }
}

// === limits, errors, hosts ===

fn limited(template: &str, limits: &Limits) -> String {
    let mut host = host(&serde_json::json!({}));
    Template::parse(template).unwrap().evaluate(&mut host, limits).unwrap_err().to_string()
}

#[test]
fn every_limit_ends_an_evaluation() {
    let limits = Limits::default();
    let check = |template: &str, expect: &str| {
        let error = limited(template, &limits);
        assert!(error.contains(expect), "{template}: {error}");
    };
    check("#foreach($i in [1..1001])x#end", "too many items");
    check("#foreach($i in [1..1000])#foreach($j in [1..1000])#set($x=$i)#end#end", "too many steps");
    check("#set($l=[1..2000000])", "too many steps");
    check("#set($s='ab')#foreach($i in [1..1000])#set($s=\"$s$s\")#end", "too large");
    check("#set($s='ab')$s.repeat(2000000000)", "too large");
    check("#set($s='ab')$s.format('%2000000000d', 1)", "too large");
    check("#macro(m)#m()#end#m()", "macros call each other");
    check("#set($s='#evaluate($s)')#evaluate($s)", "nested too deeply");
    check("#set($l=[])#foreach($i in [1..900])#set($l=[$l])#end$l", "nested too deeply");
    check("#set($l=[1])#foreach($i in [1..60])#set($l=[$l,$l])#end$l", "too large");
    check("#set($x=9223372036854775807)#foreach($i in [1..9])#set($x=$x*$x)#end", "128 bits");
    check(
        "#set($s='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')$s.matches('(?=(a+)+$)(a|aa)+\\1b')",
        "too many steps",
    );
}

#[test]
fn nesting_is_bounded_and_long_expressions_are_not_deep() {
    let nested = |n: usize| format!("#set($x = {}1{})$x", "(".repeat(n), ")".repeat(n));
    assert_eq!(answer(&nested(50), &serde_json::json!({})), Ok("1".to_owned()));
    for template in
        [nested(100_000), "#if(true)".repeat(100_000), format!("#set($x = {}", "[".repeat(100_000))]
    {
        assert!(Template::parse(&template).unwrap_err().message.contains("nested more than"));
    }
    let sum = |n: usize| format!("#set($x = 0{})$x", " + 1".repeat(n));
    assert_eq!(answer(&sum(199), &serde_json::json!({})), Ok("199".to_owned()));
    assert!(Template::parse(&sum(100_000)).unwrap_err().message.contains("more than 200 operators"));
}

#[test]
fn a_thousand_iterations_are_allowed() {
    assert_eq!(answer("#foreach($i in [1..1000])#end$!i.", &serde_json::json!({})), Ok(".".to_owned()));
}

#[test]
fn parse_errors_say_where_and_why() {
    let check = |template: &str, line: u32, column: u32, expect: &str| {
        let error = Template::parse(template).unwrap_err();
        assert_eq!((error.line, error.column), (line, column), "{template}: {error}");
        assert!(error.message.contains(expect), "{template}: {error}");
    };
    check(
        "{\n \"arn\": \"$stageVariables.get(arn:aws:states:us-east-1:1:stateMachine:x)\" }",
        2,
        30,
        "is not quoted: found `arn:aws:states:us-east-1:1:stateMachine:x`",
    );
    check("#if($a)\nx", 2, 2, "expected `#end` for the `#if` of line 1");
    check("a\n#end", 2, 1, "`#end` without a directive");
    check("#set($a 1)", 1, 9, "expected `=`");
    check("#set($a = )", 1, 11, "expected a reference, a string, a number");
    check("#set($a = foo)", 1, 11, "a string needs quotes");
    check("#set($a = 'x)", 1, 11, "never closed");
    check("${a", 1, 4, "expected `}`");
    check("$a[x]", 1, 4, "an index must be");
    check("#foreach($i)x", 1, 14, "expected `#end`");
    check("#parse('x')", 1, 1, "not available");
    check("é #set($a = é)", 1, 13, "has no meaning");
    check("#set($a = \"x ${b\")", 1, 17, "expected `}`");
}

#[test]
fn parse_errors_point_with_a_caret() {
    let source = "first\n#if($a))";
    let rendered = Template::parse("first\n#set($a 1)").unwrap_err().render("first\n#set($a 1)");
    assert_eq!(
        rendered,
        "expected `=` after the reference that #set assigns to, found `1`\n  --> 2:9\n2 | #set($a 1)\n  |         ^"
    );
    assert!(Template::parse(source).is_err());
}

#[test]
fn literal_templates_are_known() {
    assert_eq!(Template::parse("{\"a\": 1}").unwrap().is_literal(), Some("{\"a\": 1}"));
    assert_eq!(Template::parse("## only a comment").unwrap().is_literal(), Some(""));
    assert_eq!(Template::parse("$a").unwrap().is_literal(), None);
}

/// A host with one object, which records all accesses.
#[derive(Default)]
struct Recorder(Vec<String>);

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("no such thing")]
struct NoSuchThing;

impl Host for Recorder {
    fn lookup(&mut self, name: &str) -> Option<Value> {
        self.0.push(format!("lookup {name}"));
        match name {
            "o" => Some(Value::Object(Object(7))),
            "json" => Some(Value::from_json(&serde_json::json!({
                "list": [{"a": "b/c"}, null, 1.5], "map": {"x": {"y": [1, {"z": "w"}]}}, "big": 1486772644911.0, "none": null
            }))),
            _ => None,
        }
    }

    fn get(&mut self, object: Object, property: &str) -> Result<Value, HostError> {
        self.0.push(format!("get {} {property}", object.0));
        match property {
            "fails" => Err(NoSuchThing.into()),
            "self" => Ok(Value::Object(object)),
            "missing" => Ok(Value::Empty),
            _ => Ok(Value::str(property)),
        }
    }

    fn set(&mut self, object: Object, property: &str, value: Value) -> Result<(), HostError> {
        self.0.push(format!("set {} {property} {}", object.0, value.to_display_string()));
        Ok(())
    }

    fn call(&mut self, _: Object, method: &str, args: &[Value]) -> Result<Value, HostError> {
        let args: Vec<String> = args.iter().map(Value::to_display_string).collect();
        self.0.push(format!("call {method} {}", args.join(",")));
        Ok(Value::str(method))
    }
}

fn recorded(template: &str) -> (String, Vec<String>) {
    let mut host = Recorder::default();
    let out = Template::parse(template).unwrap().evaluate(&mut host, &Limits::default()).unwrap();
    (out, host.0)
}

#[test]
fn the_host_is_asked_once_for_each_step() {
    let (out, calls) = recorded("$o.json($o.self.json('$')) $o");
    assert_eq!(out, "json toString");
    assert_eq!(calls, ["lookup o", "get 7 self", "call json $", "call json json", "call toString "]);
    let (out, calls) =
        recorded("#set($o.status = 400)#set($o.self['a b'] = \"x$o.y\")$o.missing|$o.missing.deeper|");
    assert_eq!(out, "||");
    let sets: Vec<_> = calls.iter().filter(|call| call.starts_with("set")).collect();
    assert_eq!(sets, ["set 7 status 400", "set 7 a b xy"]);
}

#[test]
fn the_hosts_error_comes_through_untouched() {
    let template = Template::parse("a\n $o.fails").unwrap();
    let error = template.evaluate(&mut Recorder::default(), &Limits::default()).unwrap_err();
    let stepgate::vtl::EvalError::Host { at, source } = error else { panic!("{error}") };
    assert_eq!((at.line, at.column), (2, 5));
    assert_eq!(source.downcast_ref(), Some(&NoSuchThing));
}

#[test]
fn values_from_json_print_as_api_gateway_prints_them() {
    let check = |template: &str, expect: &str| assert_eq!(recorded(template).0, expect, "{template}");
    check("$json.list", "[{\"a\":\"b/c\"},null,1.5]");
    check("$json.map", "{x={y=[1,{\"z\":\"w\"}]}}");
    check("$json.big", "1.486772644911E12");
    check("[$json.none][$json.list[1]]", "[][]");
    check("$json.list[0].a $json.list.size()", "b/c 3");
    check("#if($json.none == '')a#end#if($json.none == $null)b#end#if($json.none)c#end", "ab");
    check("#set($l = ['x', $json.list])$l", "[x, [{\"a\":\"b/c\"},null,1.5]]");
    check("#foreach($e in $json.map.entrySet())$e.key=$e.value#end", "x={y=[1,{\"z\":\"w\"}]}");
}

#[test]
fn reflection_is_refused() {
    for template in ["$o.class", "$json.class.name", "$json.getClass()", "#set($s='')$s.class.forName('x')"] {
        let error = Template::parse(template).unwrap().evaluate(&mut Recorder::default(), &Limits::default());
        assert!(error.unwrap_err().to_string().starts_with("reflection"), "{template}");
    }
}
