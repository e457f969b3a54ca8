//! The initial inputs: the recorded cases of the tests, and the tutorial.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Target;

pub(crate) fn seeds(target: Target) -> Vec<Vec<u8>> {
    let texts = match target {
        Target::Vtl => templates(),
        Target::Jsonpath => paths(),
        Target::Jsonata => expressions(),
        Target::Asl => definitions(),
        Target::Patch => lines(PATCHES),
        Target::Address => lines(ADDRESSES).into_iter().map(|line| line.replace(' ', "\0")).collect(),
        Target::Http1 => streams(),
        Target::Jwt
        | Target::Sigv4
        | Target::Policy
        | Target::Openapi
        | Target::Template
        | Target::Schema
        | Target::Csv
        | Target::Items
        | Target::Journal
        | Target::Runtime => files(target),
        Target::Canary => vec!["x".to_owned()],
    };
    texts.into_iter().map(String::into_bytes).collect()
}

/// The files of `fuzz/seeds`.
fn files(target: Target) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name());
    let mut files: Vec<PathBuf> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| read(file)).collect()
}

fn tests_data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data").join(file)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn templates() -> Vec<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(tests_data("vtl"))
        .expect("tests/data/vtl")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        for line in read(&file).lines().filter(|line| !line.trim().is_empty()) {
            let case: Value = serde_json::from_str(line).expect("a case is JSON");
            texts.extend(case["template"].as_str().map(str::to_owned));
        }
    }
    texts.extend(MAPPINGS.iter().map(|mapping| (*mapping).to_owned()));
    texts
}

/// The client input in the HTTP/1.1 corpus.
fn streams() -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(tests_data("http1")).expect("tests/data/http1") {
        let file = entry.expect("an entry").path();
        if file.extension().is_none_or(|extension| extension != "tsv") {
            continue;
        }
        for line in read(&file).lines() {
            let sent = line.rsplit('\t').next().unwrap_or_default();
            let sent = sent.replace("{P}", "/a").replace("{H}", "a");
            texts.push(
                sent.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t").replace("\\x00", "\0"),
            );
        }
    }
    texts.sort();
    texts
}

fn paths() -> Vec<String> {
    let documents = read(&tests_data("jsonpath/documents.tsv"));
    let document = |name: &str| {
        documents.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t')).unwrap_or("null")
    };
    let mut texts: Vec<String> = Vec::new();
    for line in read(&tests_data("jsonpath/cases.tsv")).lines() {
        let mut columns = line.split('\t');
        let (Some(name), Some(path)) = (columns.next(), columns.next()) else { continue };
        // Most of them use the target's own document, which is parsed once.
        texts.push(if texts.len() % 4 == 0 {
            format!("{path}\0{}", document(name))
        } else {
            path.to_owned()
        });
    }
    texts
}

/// The language's own suite, made to fit where only variables are at hand, and what AWS's users write.
fn expressions() -> Vec<String> {
    let suite: Value =
        serde_json::from_str(&read(&tests_data("jsonata/suite.json"))).expect("the suite is JSON");
    let mut texts: Vec<String> = EXPRESSIONS.iter().map(|text| (*text).to_owned()).collect();
    for case in suite["cases"].as_object().expect("cases").values() {
        let Some(expression) = case["expr"].as_str() else { continue };
        texts.push(expression.to_owned());
        if let Some(data) = case.get("data") {
            texts.push(format!("$v.({expression})\0{data}"));
        }
    }
    texts
}

const EXPRESSIONS: &[&str] = &[
    "$states.input.orders[p > 2].q",
    "{'n': $states.input.name & '!', 'sum': $sum($states.input.orders.(p * q))}",
    "$map($states.input.list, function($x, $i){ $x * $i }) ~> $sort()",
    "$exists($nobody) ? $nobody : $states.context.State.Name",
    "$partition($range(1, 10, 2), 2)",
    "$hash($states.input.name, 'SHA-256') & $uuid() & $string($random(7))",
    "$parse('{\"a\": [1, null]}').a",
];

fn definitions() -> Vec<String> {
    DEFINITIONS.iter().map(|definition| (*definition).to_owned()).collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.replace("\\n", "\n")).collect()
}

const MAPPINGS: &[&str] = &[
    r#"{"input": "$util.escapeJavaScript($input.json('$'))", "stateMachineArn": "$stageVariables.get('v')"}"#,
    "#set($root = $input.path('$'))\n{\n  \"items\": [\n#foreach($item in $root.list)\n    {\"id\": $item.id, \
     \"tags\": [#foreach($tag in $item.tags)\"$tag\"#if($foreach.hasNext),#end#end]}#if($foreach.hasNext),#end\n#end\n  ]\n}",
    "#set($params = $input.params())\n{\"params\": {\n#foreach($type in $params.keySet())\n#set($p = $params.get($type))\n\
     \"$type\": {\n#foreach($name in $p.keySet())\n\"$name\": \"$util.escapeJavaScript($p.get($name))\"#if($foreach.hasNext),#end\n\
     #end\n}#if($foreach.hasNext),#end\n#end\n}}",
    "#if($input.path('$.name') == 'x')#set($context.responseOverride.status = 404)#else$input.body#end",
    "#macro(field $name)\"$name\": $input.json(\"$.$name\")#end{#field('name'), #field('n')}",
];

const DEFINITIONS: &[&str] = &[
    r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Result":{"a":1},"ResultPath":"$.r","Next":"B"},"B":{"Type":"Succeed"}}}"#,
    r#"{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":1,"Next":"D"},{"And":[{"Variable":"$.s","StringMatches":"a*"},{"Not":{"Variable":"$.t","IsPresent":true}}],"Next":"F"}],"Default":"D"},"D":{"Type":"Wait","SecondsPath":"$.n","Next":"F"},"F":{"Type":"Fail","Error":"E","Cause":"c"}}}"#,
    r#"{"StartAt":"T","TimeoutSeconds":60,"States":{"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","Parameters":{"x.$":"States.Format('{}-{}', $.a, $$.Execution.Id)"},"HeartbeatSeconds":5,"TimeoutSeconds":10,"Retry":[{"ErrorEquals":["States.Timeout"],"IntervalSeconds":1,"MaxAttempts":2,"BackoffRate":1.5,"JitterStrategy":"FULL"}],"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"Z"}],"Next":"Z"},"Z":{"Type":"Succeed"}}}"#,
    r#"{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[{"StartAt":"X","States":{"X":{"Type":"Pass","End":true}}}],"Next":"M"},"M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":2,"ItemSelector":{"i.$":"$$.Map.Item.Index"},"ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"Y","States":{"Y":{"Type":"Pass","Parameters":{"a.$":"States.ArrayRange(1, 9, 2)","b.$":"States.JsonToString($.x)"},"End":true}}},"End":true}}}"#,
    r#"{"StartAt":"J","QueryLanguage":"JSONata","States":{"J":{"Type":"Pass","Output":"{% $states.input.a %}","Assign":{"v":1},"End":true}}}"#,
    r#"{"StartAt":"C","QueryLanguage":"JSONata","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.n > 1 %}","Next":"M","Output":["{% $v %}"],"Assign":{"v":"{% $states.input %}"}}],"Default":"W"},"W":{"Type":"Wait","Seconds":"{% $states.input.n %}","Next":"M"},"M":{"Type":"Map","Items":[1,"{% 2 %}"],"MaxConcurrency":"{% 3 %}","ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage","Arguments":{"QueueUrl":"q","MessageBody":"{% $states.context.Map.Item.Value %}"},"TimeoutSeconds":"{% 5 %}","Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.errorOutput %}","Next":"F"}],"Output":"{% $states.result %}","End":true},"F":{"Type":"Fail","Error":"{% $states.input.Error %}"}}},"End":true}}}"#,
];

const PATCHES: &str = "replace\t/description\thello\\nreplace\t/variables/v\tx
remove\t/variables/v
replace\t/*/*/throttling/rateLimit\t10.5\\nreplace\t/~1pets~1{id}/GET/logging/loglevel\tINFO
add\t/canarySettings/percentTraffic\t12.5\\nreplace\t/canarySettings/stageVariableOverrides/v\ty\\ncopy\t/variables\t/canarySettings/stageVariableOverrides
replace\t/cacheClusterEnabled\ttrue\\nreplace\t/cacheClusterSize\t0.5
add\t/accessLogSettings/destinationArn\tarn:aws:logs:us-east-1:123456789012:log-group:g
remove\t/canarySettings";

const ADDRESSES: &str = "abc123.execute-api.us-east-1.amazonaws.com /dev/pets/1
abc123-vpce0.execute-api.x.amazonaws.com /dev
localhost:4566 /restapis/abc/dev/_user_request_/pets
localhost:4566 /_aws/execute-api/abc/dev/pets
127.0.0.1:4566 /alpha/execution
localhost /";
