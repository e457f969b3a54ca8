//! Templates with their findings.

use super::*;

/// `LINE:COLUMN CODE` of each finding.
#[track_caller]
fn check(template: &str, expect: &[&str]) {
    check_as(None, template, expect);
}

#[track_caller]
fn check_as(content_type: Option<&str>, template: &str, expect: &[&str]) {
    let findings = lint_template(template, content_type);
    let shown: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}:{} {}", finding.at.line, finding.at.column, finding.code.as_str()))
        .collect();
    assert_eq!(shown, expect, "{template}\n{findings:#?}");
}

#[test]
fn good_templates_are_left_alone() {
    for template in [
        "",
        "plain text",
        "$input.body",
        "$input.json('$')",
        r#"{"a": $input.json('$.a'), "id": "$context.requestId", "v": "$stageVariables.v"}"#,
        r#"{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\'", "'")"}"#,
        "#set($root = $input.path('$'))\n{\"n\": $root.n, \"list\": [#foreach($x in $root.list)$x.id#if($foreach.hasNext),#end#end]}",
        "#set($l = [])#foreach($i in [1..1000])#set($ok = $l.add($i))#end{\"n\": $l.size()}",
        "#macro(field $name)\"$name\": $input.json(\"$.$name\")#end{#field('a')}",
        "#if($nope)x#end$!nope \\$name",
        "#evaluate($input.body)$made",
        "{\"claims\": \"$context.authorizer.claims.sub\", \"x\": \"$context.authorizer.level\"}",
        "#set($context.responseOverride.status = 404)#set($context.requestOverride.header.x = 'y')",
        "$context.identity.cognitoIdentityId $context.get('stage') $context['stage']",
        "<a b=\"$input.params('q')\"/>",
        "#if($input.path('$.a') == 'x'){\"a\": 1}#else{\"a\": 2}#end",
        "{\"class\": \"x\", \"$input.path('$').class.size()\": 1}",
        "{\"size\": $input.path('$.list').size()}",
        "$d.data #define($d)x#end",
    ] {
        check(template, &[]);
    }
}

#[test]
fn what_aws_refuses_is_an_error() {
    check("#if(true)", &["1:10 DOES_NOT_PARSE"]);
    check("{\n \"a\": \"$stageVariables.get(arn:aws:states:x)\"}", &["2:28 UNQUOTED_ARN"]);
    check(&"a".repeat(300 * 1024), &[]);
    check(&"a".repeat(300 * 1024 + 1), &["1:1 TEMPLATE_TOO_LARGE"]);
    check("$input.class.forName('x')", &["1:8 UNKNOWN_MEMBER"]);
    check("$context.class", &["1:10 REFLECTION"]);
    check("#set($x = 'a')$x.getClass().name", &["1:18 REFLECTION"]);
    check("#foreach($i in [1..1001])x#end", &["1:16 FOREACH_TOO_LONG"]);
    check("$input.json('$.')$input.path(\"$..\")", &["1:8 INVALID_PATH", "1:25 INVALID_PATH"]);
    for finding in lint_template("#if(true)", None) {
        assert_eq!(finding.code.severity(), LintSeverity::Error);
    }
}

#[test]
fn what_does_not_exist_is_named() {
    check("$foo #set($a = $bar)$a", &["1:1 UNDEFINED_REFERENCE", "1:16 UNDEFINED_REFERENCE"]);
    check("$util.uuid()$util.now", &["1:7 UNKNOWN_METHOD", "1:19 UNKNOWN_MEMBER"]);
    check("$util.urlEncode('a', 'b')", &["1:7 UNKNOWN_METHOD"]);
    check("$input.param('a')$input.headers", &["1:8 UNKNOWN_METHOD", "1:25 UNKNOWN_MEMBER"]);
    check("$input.json('$.a', 1)", &["1:8 UNKNOWN_METHOD"]);
    check("$context.requestID$context.identity.ip", &["1:10 UNKNOWN_MEMBER", "1:28 UNKNOWN_MEMBER"]);
    check("#set($s = 'a')$s.toUpper()", &["1:18 UNKNOWN_METHOD"]);
    check("#if($input.path('$.a').push(1))#end", &["1:24 UNKNOWN_METHOD"]);
    check("#fooo('x') #foreach #1 #abc", &["1:12 DOES_NOT_PARSE"]);
    check("#fooo('x') #1 #abc", &["1:1 UNKNOWN_MACRO"]);
    check(
        "$stageVariables.get('arn:aws:states:x') $stageVariables.my-arn",
        &["1:17 STAGE_VARIABLE_NAME", "1:57 STAGE_VARIABLE_NAME"],
    );
}

#[test]
fn json_is_watched() {
    check("{\"a\": $input.path('$.a')}", &["1:7 PATH_IN_JSON"]);
    check("#set($r = $input.path('$'))[$r]", &["1:29 PATH_IN_JSON"]);
    check("{\"a\": $input.params('n')}", &["1:7 UNQUOTED_PARAMETER"]);
    check("{\"a\": \"$input.params('n')\"}", &["1:8 UNESCAPED_IN_STRING"]);
    check("#set($p = $input.params().header)\n{\"a\": \"x $p.get('b')\"}", &["2:10 UNESCAPED_IN_STRING"]);
    check(
        "{\"a\": \"$input.path('$.a')\", \"b\": \"$input.body\"}",
        &["1:8 UNESCAPED_IN_STRING", "1:35 UNESCAPED_IN_STRING"],
    );
    check(
        "[#foreach($i in $input.path('$'))\"$i.name\"#if($foreach.hasNext),#end#end]",
        &["1:35 UNESCAPED_IN_STRING"],
    );
    check("{\"a\": \"$context.identity.userAgent\"}", &["1:8 UNESCAPED_IN_STRING"]);
    check("{\"a\": \"$input.json('$.a')\"}", &["1:8 JSON_IN_STRING"]);
    check("{\"a\": \"$util.escapeJavaScript($input.json('$'))\"}", &["1:8 ESCAPED_APOSTROPHE"]);
    check("#set($e = $util.escapeJavaScript($input.body)){\"a\": \"\\\"$e\"}", &["1:56 ESCAPED_APOSTROPHE"]);
    check("#set($s = \"x $input.params('q')\"){\"a\": \"$s\"}", &["1:41 UNESCAPED_IN_STRING"]);
    check("#set($s = 'a' + $input.params('q')){\"a\": \"$s\"}", &["1:43 UNESCAPED_IN_STRING"]);
}

#[test]
fn forms_are_texts() {
    let form = Some("application/x-www-form-urlencoded");
    check_as(form, "{\"body\": $input.json('$')}", &[]);
    check_as(
        form,
        "#foreach($pair in $input.path('$').split('&'))$pair.split('=')[0]#end$input.json('$.a')$input.path(' $ ')",
        &["1:77 TEXT_HAS_NO_MEMBERS"],
    );
    check("$input.json('$.a')", &[]);
    check_as(Some("application/vnd.api+json"), "$input.json('$.a')", &[]);
}

#[test]
fn json_that_is_written_by_hand_is_not_escaped_once_more() {
    let form = r##"#set($json = "")
#foreach($pair in $input.path('$').split('&'))
#set($parts = $pair.split('='))
#set($name = $util.urlDecode($parts[0]))
#set($json = "$json\""${name}\"":\""x\""#if($foreach.hasNext),#end")
#end
{"input": "{$json}"}"##;
    check_as(Some("application/x-www-form-urlencoded"), form, &[]);
    for (template, code) in [
        (r#"{"input": "{\"a\": \"$input.params('q')\"}"}"#, "1:22 UNESCAPED_IN_STRING"),
        (r#"{"input": "{\"a\": $input.json('$')}"}"#, "1:20 JSON_IN_STRING"),
    ] {
        check(template, &[code]);
    }
    let said = |template: &str| lint_template(template, None).remove(0).message;
    assert!(!said(r#"{"input": "{\"a\": \"$input.params('q')\"}"}"#).contains("escapeJavaScript"));
    assert!(!said(r#"{"input": "{\"a\": $input.json('$')}"}"#).contains("drop the quotes"));
}

#[test]
fn branches_meet() {
    check(
        "{#if($input.body)\"a\": 1#else\"a\": 2#end, \"b\": \"$input.params('q')\"}",
        &["1:47 UNESCAPED_IN_STRING"],
    );
    // One branch opens a string and the other does not, so nothing is known after them.
    check("{\"a\": #if($input.body)\"#{else}1#end$input.params('q')", &[]);
}

#[test]
fn commas_of_loops_are_watched() {
    check("[\n#foreach($i in $input.path('$'))\n  $i.id,\n#end\n]", &["2:1 TRAILING_COMMA"]);
    check("[#foreach($i in [1, 2])$i,#end 3]", &[]);
    check("#foreach($i in [1, 2])$i,#end", &[]);
}

#[test]
fn codes_have_names() {
    for code in LintCode::ALL {
        assert_eq!(LintCode::parse(code.as_str()), Some(*code));
    }
    assert_eq!(LintCode::parse("NOPE"), None);
}

proptest::proptest! {
    #[test]
    fn any_template_can_be_looked_at(text in "([$#](input|util|x|foreach|if|end|set|m)|[(){}\\[\\]\"'.,:=! $#a-c1\n]){0,24}") {
        let _ = lint_template(&text, None);
    }
}
