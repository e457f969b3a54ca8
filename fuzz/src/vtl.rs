//! Mapping templates: whatever is deployed and sent, the gateway gets text or an error, within its limits.

use std::collections::BTreeMap;

use stepgate::clock::{SeededIds, Timestamp, VirtualClock};
use stepgate::gateway::{Trial, TrialRequest};
use stepgate::vtl::{Limits, Observer, Step, Template};

const BODY: &str = r#"{"name":"O'Ann \"é\"","n":3,"big":12345678901234567890,"f":1.5e300,"none":null,"t":true,"list":[{"id":1,"tags":["a","b"]},{"id":2,"tags":[]},null],"map":{"a b":{"x":[[]]},"class":"c"},"":{"":0}}"#;

/// One in this many evaluations has the product's limits; the others have tighter ones, to be faster.
const FULL_BOUNDS_EVERY: u64 = 512;

pub(crate) fn execute(text: &str) {
    let (source, body) = crate::parts(text, BODY);
    let template = match Template::parse(source) {
        Ok(template) => template,
        Err(error) => {
            assert!(1 <= error.line && 1 <= error.column, "an error is somewhere");
            assert!(error.render(source).contains('^'));
            return;
        }
    };
    let hash = hash(source);
    let limits = if hash.is_multiple_of(FULL_BOUNDS_EVERY) {
        Limits::default()
    } else {
        Limits { steps: 20_000, output_bytes: 1 << 20, ..Limits::default() }
    };
    thread_local!(static TRIAL: Trial = trial(BODY));
    if body == BODY {
        TRIAL.with(|trial| evaluate(&template, source, trial, &limits, hash));
    } else {
        evaluate(&template, source, &trial(body), &limits, hash);
    }
}

fn evaluate(template: &Template, source: &str, trial: &Trial, limits: &Limits, hash: u64) {
    let result = trial.evaluate(template, limits, None);
    match &result {
        Ok(outcome) => assert!(outcome.output.len() <= limits.output_bytes, "the output is bounded"),
        Err(error) => assert!(error.render(source).contains('^')),
    }
    if hash % 8 == 2 {
        for finding in stepgate::gateway::lint_template(source, None) {
            assert!(1 <= finding.at.line && 1 <= finding.at.column && !finding.message.is_empty());
        }
    }
    if hash % 8 == 1 {
        let traced = trial.evaluate(template, limits, Some(&mut Nobody));
        let text = |result: Result<stepgate::gateway::TrialOutcome, stepgate::vtl::EvalError>| match result {
            Ok(outcome) => Ok(outcome),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(text(result), text(traced), "watching changes nothing");
    }
}

struct Nobody;

impl Observer for Nobody {
    fn step(&mut self, step: &Step<'_>) {
        assert!(1 <= step.at.line && 1 <= step.at.column);
    }
}

fn trial(body: &str) -> Trial {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = TrialRequest {
        body: body.to_owned().into(),
        path: vec![pair("id", "7")],
        querystring: vec![pair("q", "a b&c")],
        stage_variables: BTreeMap::from([pair("v", "x")]),
        ..TrialRequest::default()
    };
    Trial::new(request, &VirtualClock::new(Timestamp::EPOCH), &SeededIds::new(1))
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

pub(crate) const WORDS: &[&str] = &[
    "$x",
    "${x}",
    "$!x",
    "$!{x}",
    "$y",
    "$list",
    "$map",
    "$",
    "!",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "#",
    "#if($x)",
    "#if(",
    "#else",
    "#elseif($y)",
    "#end",
    "#{end}",
    "#{else}",
    "#set($x = ",
    "#set($x=1)",
    "#set($y = [])",
    "#set($map = {})",
    "$y.add($y)",
    "$map.put('k',$map)",
    "#set($y=[$y,$y])",
    "#set($x=\"$x$x\")",
    "#foreach($i in $y)",
    "#foreach($i in [1..99])",
    "#foreach($i in $input.path('$.list'))",
    "$foreach.count",
    "$foreach.hasNext",
    "$foreach.parent",
    "$velocityCount",
    "#break",
    "#break($foreach.parent)",
    "#stop",
    "#macro(m $a)",
    "#macro(m)",
    "#m($x)",
    "#m()",
    "#@m()",
    "$bodyContent",
    "#define($d)",
    "$d",
    "#evaluate($x)",
    "#evaluate('#set($x=2)')",
    "#literal()",
    "##",
    "#*",
    "*#",
    "#[[",
    "]]#",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\\",
    "\\\\",
    "a",
    "class",
    ".class",
    ".getClass()",
    ".get(0)",
    ".get('k')",
    ".size()",
    ".length()",
    ".isEmpty()",
    ".keySet()",
    ".entrySet()",
    ".values()",
    ".substring(1)",
    ".substring(0, 2)",
    ".replaceAll('a*','$0')",
    ".replace('a','bb')",
    ".split('')",
    ".split(',')",
    ".matches('(a|b)*c')",
    ".indexOf('a')",
    ".format('%5.2f %s %x', 1.5, 'a', 9)",
    ".repeat(99)",
    ".toUpperCase()",
    ".trim()",
    ".equals($x)",
    ".hashCode()",
    ".compareTo('b')",
    ".subList(0,1)",
    ".remove(0)",
    ".set(0, $x)",
    ".contains('a')",
    ".intValue()",
    ".toString()",
    ".concat($x)",
    ".charAt(0)",
    ".iterator()",
    ".put('a', 1)",
    ".containsKey('a')",
    "[0]",
    "[-1]",
    "['k']",
    "[$x]",
    "'",
    "\"",
    ",",
    ":",
    "..",
    "1",
    "0",
    "-1",
    "2.5",
    "1e9",
    "2147483647",
    "9223372036854775807",
    "-",
    "+",
    "*",
    "/",
    "%",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    " and ",
    " or ",
    " not ",
    " eq ",
    " in ",
    "true",
    "false",
    "null",
    "é",
    "😀",
    "\u{feff}",
    "\0",
    "$input",
    "$input.body",
    "$input.json('$')",
    "$input.json('$.name')",
    "$input.path('$')",
    "$input.path('$.list[*].id')",
    "$input.path('$..x')",
    "$input.path('$.list[?(@.id > 1)]')",
    "$input.params()",
    "$input.params('q')",
    "$input.params().header.get('a')",
    "$util",
    "$util.escapeJavaScript(",
    "$util.parseJson(",
    "$util.urlEncode($x)",
    "$util.urlDecode('%41%')",
    "$util.base64Encode($x)",
    "$util.base64Decode('YQ==')",
    "$context",
    "$context.identity.sourceIp",
    "$context.requestOverride.header.x",
    "$context.responseOverride.status",
    "#set($context.responseOverride.status = 404)",
    "#set($context.requestOverride.path.p = $y)",
    "$stageVariables",
    "$stageVariables.v",
    "$stageVariables.get('v')",
    "$stageVariables.keySet()",
    "{\"a\":[1,{\"b\":null}]}",
];
