//! Templates with API Gateway's objects. Values marked "recorded" are AWS's own answers.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::apis::HttpMethod;
use crate::clock::{SeededIds, VirtualClock};
use crate::gateway::address::{Target, TargetApi};
use crate::gateway::compile::compile_for_test;
use crate::gateway::fixture::{NOW, api, method, mock, owner, strings, with};
use crate::gateway::peer::Peer;
use crate::identity::TargetUri;
use crate::vtl::Template;

fn context() -> Context {
    let request = http::Request::get("/dev/pets/42?q=1&q=two+words&both=query")
        .header("X-Mine", "mine")
        .header("both", "header")
        .header("host", "abc.execute-api.us-east-1.amazonaws.com")
        .header("user-agent", "test/1")
        .header("connection", "keep-alive");
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let uri = TargetUri::take(&mut parts).unwrap();
    let target = Target {
        api: TargetApi::Named("abc".into()),
        stage: "dev".into(),
        path: "/pets/42".to_owned(),
        custom_domain: None,
    };
    let peer = Peer { ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), certificate: None, is_secure: false };
    let mut context = Context::new(parts, uri, target, peer, &VirtualClock::new(NOW), &SeededIds::new(1));
    let deployment = with(api("abc"), "/pets/{id}", HttpMethod::Get, method(mock("", "")));
    let variables = strings(&[("colour", "blue"), ("empty", "")]);
    context.stage = Some(Arc::new(compile_for_test(&owner(), &deployment, &variables)));
    context.path_parameters = vec![("id".into(), "42".to_owned())];
    context
}

fn run(template: &str, body: &str, context: &mut Context, side: Side) -> Result<String, Refusal> {
    run_as(Reading::Json, template, body, context, side)
}

fn run_as(
    reading: Reading,
    template: &str,
    body: &str,
    context: &mut Context,
    side: Side,
) -> Result<String, Refusal> {
    let template = CompiledTemplate::Velocity(Box::new(Template::parse(template).unwrap()));
    evaluate(&template, context, &Payload::new(body.to_owned().into()), reading, side)
}

/// Checks a template with a body that is not JSON.
fn check_text(template: &str, body: &str, expect: &str) {
    let output = run_as(Reading::Text, template, body, &mut context(), Side::Request);
    assert_eq!(output.as_deref(), Ok(expect), "{template} over {body}");
}

fn check(template: &str, body: &str, expect: &str) {
    let output = run(template, body, &mut context(), Side::Request);
    assert_eq!(output.as_deref(), Ok(expect), "{template} over {body}");
}

#[test]
fn input_body() {
    check("$input.body", r#"{"a": 1.0}"#, r#"{"a": 1.0}"#);
    check("$input.body", "no json", "no json");
    check("$input.body", "", "{}"); // recorded
    check("[$!input.body.a]", r#"{"a": 1}"#, "[]");
}

#[test]
fn input_json() {
    let body = r#"{"text":"a\"b","n":1,"list":[1, 2],"nested":{"x":null}}"#;
    check("$input.json('$.text')", body, r#""a\"b""#);
    check("$input.json('$.n')", body, "1");
    check("$input.json('$.list')", body, "[1,2]");
    check("$input.json('$.nope')", body, r#""""#); // recorded
    check("$input.json('$')", r#"{"b": 1, "a": 2}"#, r#"{"b":1,"a":2}"#);
    check("$input.json('text')", body, r#""a\"b""#);
    check("$input.json('$')", "", "{}");
}

#[test]
fn input_path() {
    let body = r#"{"text":"x","list":[{"n":"bar"}],"map":{"foo":"bar"},"none":null,"big":1486772644.911}"#;
    check("$input.path('$.text')", body, "x");
    check("$input.path('$.list')", body, r#"[{"n":"bar"}]"#); // recorded form
    check("$input.path('$.map')", body, "{foo=bar}"); // recorded form
    check("$input.path('$.big')", body, "1.486772644911E9"); // recorded form
    check("[$input.path('$.nope')]", body, "[]");
    check("[$input.path('$.none')]", body, "[]");
    check("#if($input.path('$.nope') == '')empty#end", body, "empty");
    check("#if($input.path('$.nope'))yes#{else}no#end", body, "no");
    check("#set($root = $input.path('$'))$root.map.foo", body, "bar");
    check("#foreach($item in $input.path('$.list'))$item.n;#end", body, "bar;");
    check("[$input.path('$')]", "", "[]");
}

#[test]
fn headers_that_api_gateway_adds_are_headers() {
    // Published templates tell their backends the caller's address so.
    check("$input.params('X-Forwarded-For')", "", "192.0.2.7");
    check("$input.params('x-forwarded-proto') $input.params().header.get('X-Forwarded-Port')", "", "http 80");
    check("#if($input.params('X-Amzn-Trace-Id').startsWith('Root=1-'))yes#end", "", "yes");
    let mut context = context();
    context.headers.append("x-forwarded-for", "203.0.113.1".parse().unwrap());
    context.headers.append("x-forwarded-proto", "gopher".parse().unwrap());
    let template = "$input.params('X-Forwarded-For')|$input.params().header.get('X-Forwarded-Proto')";
    let output = run(template, "", &mut context, Side::Request);
    assert_eq!(output.as_deref(), Ok("203.0.113.1, 192.0.2.7|http"));
}

#[test]
fn what_a_template_changes_in_the_body_is_in_the_body() {
    let body = r#"{"id": 7, "sub": {"n": null, "l": [{"x": 1}]}, "big": 12345678901234567890, "f": 1.0}"#;
    // Published as a way to add a member on AWS.
    check(
        "#set($body = $input.path('$'))#set($body.url = \"https://example.org/thing/$body.id\")$input.json('$.url')",
        body,
        "\"https://example.org/thing/7\"",
    );
    let add = "#set($sub = $input.path('$.sub'))#set($sub.n = 'v')";
    check(&format!("{add}$input.path('$').sub.n"), body, "v");
    check(&format!("{add}$input.path('$.sub.n')"), body, "v");
    check(&format!("{add}$input.json('$.sub')"), body, r#"{"n":"v","l":[{"x":1}]}"#);
    check(&format!("{add}$input.json('$..n')"), body, r#"["v"]"#);
    check(
        "#set($x = $input.path('$.sub.l').add({'x': 2}))$input.json('$')",
        body,
        r#"{"id":7,"sub":{"n":null,"l":[{"x":1},{"x":2}]},"big":12345678901234567890,"f":1.0}"#,
    );
    check(
        "#set($x = $input.path('$').remove('sub'))[$input.path('$.sub.n')]$input.json('$.sub')",
        body,
        "[]\"\"",
    );
    // The raw body stays what was sent.
    check("#set($b = $input.path('$'))#set($b.id = 8)$input.body", r#"{"id": 7}"#, r#"{"id": 7}"#);
    check("#set($b = $input.path('$'))#set($b.id = 8)$input.json('$')", "[1]", "[1]");
}

#[test]
fn input_params() {
    check("$input.params('id')", "", "42");
    check("$input.params('q')", "", "two words");
    check("$input.params('x-mine') $input.params('X-Mine')", "", "mine mine");
    check("$input.params('both')", "", "query");
    check("[$input.params('nope')][$input.params('connection')]", "", "[][]");
    check("$input.params().path.id", "", "42"); // recorded
    check("$input.params().querystring.get('both')", "", "query");
    check("$input.params().header.get('X-Mine')", "", "mine");
    check("#foreach($kind in $input.params().keySet())$kind #end", "", "path querystring header ");
}

#[test]
fn context_members() {
    check("$context.httpMethod $context.stage $context.apiId", "", "GET test-invoke-stage abc");
    check("$context.identity.sourceIp $context.identity.userAgent", "", "192.0.2.7 test/1");
    check("$context.accountId $context.requestTimeEpoch", "", "123456789012 1700000000123");
    check("$context.requestTime", "", "14/Nov/2023:22:13:20 +0000");
    check("$context.path $context.protocol", "", "/dev/pets/42 HTTP/1.1");
    check("$context.domainName $context.domainPrefix", "", "abc.execute-api.us-east-1.amazonaws.com abc");
    check(
        "[$context.nope][$context.status][$context.authorizer.claims.sub][$context.identity.user]",
        "",
        "[][][][]",
    );
}

#[test]
fn members_of_the_context_are_gone_through() {
    // Like the templates that deployment tools generate for Lambda functions.
    let loops = "#foreach($key in $context.identity.keySet())$key=$context.identity.get($key)#if($foreach.hasNext),#end#end";
    check(
        loops,
        "",
        "cognitoIdentityPoolId=,accountId=,cognitoIdentityId=,caller=,sourceIp=192.0.2.7,principalOrgId=,accessKey=,\
         cognitoAuthenticationType=,cognitoAuthenticationProvider=,userArn=,userAgent=test/1,user=",
    );
    check("#foreach($key in $context.authorizer.keySet())$key#end$context.authorizer.size()", "", "0");
    let mut context = context();
    let claims = vec![("sub".to_owned(), "u1".to_owned()), ("aud".to_owned(), "c".to_owned())];
    context.authorizer =
        Some(Box::new(AuthorizerFacts { claims: Some(claims), ..AuthorizerFacts::default() }));
    let template = "#set($map = $context.authorizer.claims)#foreach($e in $map.entrySet())$e.key=$e.value;#end\
        $context.authorizer.keySet() $map.values() $map.isEmpty()";
    let output = run(template, "", &mut context, Side::Request);
    assert_eq!(output.as_deref(), Ok("sub=u1;aud=c;[claims] [u1, c] false"));
}

#[test]
fn stage_variables() {
    check("$stageVariables.colour ${stageVariables.colour}", "", "blue blue");
    check("$stageVariables.get('colour') $stageVariables['colour']", "", "blue blue");
    check("[$stageVariables.nope][$stageVariables.empty]", "", "[][]"); // recorded
    check("#foreach($name in $stageVariables.keySet())$name;#end", "", "colour;empty;");
}

#[test]
fn util_functions() {
    check("$util.escapeJavaScript($input.json('$'))", r#"{"a":"b"}"#, r#"{\"a\":\"b\"}"#);
    check("$util.base64Decode($util.base64Encode('hi'))", "", "hi");
    check("$util.urlDecode($util.urlEncode('a b&c'))", "", "a b&c");
    check("#set($o = $util.parseJson('{\"a\":[1,2]}'))$o.a[1]", "", "2");
}

#[test]
fn overrides_are_assigned_put_and_read_back() {
    // As in the recorded case: the printed `put` gives no output.
    let template = r#"#set($paramName = "foo")#set($context.requestOverride.querystring[$paramName] = "bar")#set($put = "putfoo")$context.requestOverride.querystring.put($put, "putBar")#set($context["requestOverride"].querystring["nestedfoo"] = "nestedFoo")#set($context.requestOverride.header.X-Many = ["1", "2"])#set($context.responseOverride.status = 444)done"#;
    let mut context = context();
    assert_eq!(run(template, "", &mut context, Side::Request).as_deref(), Ok("done"));
    let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    assert_eq!(
        context.overrides.request_querystring,
        [one("foo", "bar"), one("putfoo", "putBar"), one("nestedfoo", "nestedFoo")]
    );
    assert_eq!(
        context.overrides.request_header,
        [("X-Many".to_owned(), vec!["1".to_owned(), "2".to_owned()])]
    );
    assert_eq!(context.overrides.response_status.as_deref(), Some("444"));
    let second = r#"$context.requestOverride.querystring["putfoo"]$context.requestOverride.querystring.nope"#;
    assert_eq!(run(second, "", &mut context, Side::Response).as_deref(), Ok("putBar"));
}

#[test]
fn a_parameter_is_overridden_once_in_a_template() {
    let refused = |template: &str| {
        let refusal = run(template, "", &mut context(), Side::Request).unwrap_err();
        assert!(matches!(refusal, Refusal::ApiConfiguration(_)), "{template}: {refusal:?}");
    };
    refused("#set($context.responseOverride.status = 404)#set($context.responseOverride.status = 404)");
    refused("#set($context.responseOverride.header.a = 1)#set($context.responseOverride.header['A'] = 2)");
    refused(
        "#set($context.requestOverride.querystring.q = 1)$context.requestOverride.querystring.put('q', 2)",
    );
    refused("#foreach($i in [1..2])#set($context.requestOverride.path.p = $i)#end");
    let mut context = context();
    let once = "#if(true)#set($context.requestOverride.querystring.q = 1)#else\
                #set($context.requestOverride.querystring.q = 2)#end\
                #set($context.requestOverride.querystring.Q = 3)#set($context.requestOverride.header.q = 4)\
                #set($context.responseOverride.header.x-a = 'request')";
    assert_eq!(run(once, "", &mut context, Side::Request).as_deref(), Ok(""));
    // The response template may override it again.
    let again = "#set($context.responseOverride.header.X-A = 'response')$context.responseOverride.header.X-A";
    assert_eq!(run(again, "", &mut context, Side::Response).as_deref(), Ok("response"));
    assert_eq!(context.overrides.response_header, [("x-a".to_owned(), vec!["response".to_owned()])]);
}

#[test]
fn a_body_of_another_type_is_a_text() {
    let form = "token=a1&text=hi+there&note=";
    check_text("$input.json('$')", form, r#""token=a1&text=hi+there&note=""#);
    check_text("$input.path('$').split('&').size() $input.path('$').length()", form, "3 28");
    check_text(
        "#foreach($pair in $input.path('$').split('&'))$pair.split('=')[0];#end",
        form,
        "token;text;note;",
    );
    check_text("$input.body", form, form);
    check_text("$input.json('$')", "say \"hi\"\n", r#""say \"hi\"\n""#);
    // A string has no members.
    check_text("[$input.json('$.a')][$input.path('$.a')]", r#"{"a":1}"#, r#"[""][]"#);
    check_text("$input.path('$')", r#"{"a":1}"#, r#"{"a":1}"#);
    check_text("$util.parseJson($input.path('$')).a", r#"{"a":1}"#, "1");
    check_text("$input.json('$')|$input.path('$')|$input.body", "", "{}||{}");
}

#[test]
fn lists_and_objects_that_are_empty() {
    let body = r#"{"list":[],"map":{},"nested":{"list":[],"map":{}},"in":[[],{}]}"#;
    check("$input.path('$.list') $input.json('$.list')", body, "[] []");
    check("$input.path('$.map') $input.json('$.map')", body, "{} {}");
    check("$input.path('$.nested') $input.path('$.in')", body, "{list=[], map={}} [[],{}]");
    check("$input.json('$..nope') $input.path('$..nope')", body, "[] []");
    check("#if($input.path('$.list') == '')empty#{else}no#end", body, "no");
    check("#foreach($x in $input.path('$.list'))x#end$input.path('$.list').size()", body, "0");
    check("#set($none = [])#set($made = {})$none $made", body, "[] {}");
    check("$input.params().path.id $input.path('$.list').isEmpty()", body, "42 true");
}

#[test]
fn a_body_that_is_no_json_is_the_senders_fault() {
    let template = "$input.json('$.a')";
    let refusal = run(template, "xyz", &mut context(), Side::Request).unwrap_err();
    assert!(matches!(refusal, Refusal::BodyNotJson(_)), "{refusal:?}");
    let refusal = run(template, "xyz", &mut context(), Side::Response).unwrap_err();
    assert!(matches!(refusal, Refusal::ApiConfiguration(_)), "{refusal:?}");
    let refusal = run("$util.parseJson('{')", "", &mut context(), Side::Request).unwrap_err();
    assert!(matches!(refusal, Refusal::ApiConfiguration(_)), "{refusal:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the template and the request, mapping gives text or a refusal.
    #[test]
    fn mapping_never_panics(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12),
        body in r#"(\{"a":("x"|1|null|\[1,2\]|\{"b":2\})\})|.{0,20}"#,
    ) {
        if let Ok(template) = Template::parse(&pieces.concat()) {
            let template = CompiledTemplate::Velocity(Box::new(template));
            let payload = Payload::new(body.into());
            for reading in [Reading::Json, Reading::Text, Reading::Either] {
                let _ = evaluate(&template, &mut context(), &payload, reading, Side::Request);
            }
        }
    }
}

const PIECES: &[&str] = &[
    "$input.json('$.a')",
    "$input.path('$.a.b')",
    "$input.path('$')",
    "$input.params('q')",
    "$input.params()",
    "$input.json('$..')",
    "$input.json('[')",
    "$input.path(1)",
    "$input.nope(1, 2)",
    "$input.body",
    "$util.escapeJavaScript($input.path('$.a'))",
    "$util.parseJson($input.body)",
    "$util.base64Decode('%')",
    "$context.identity",
    "$context",
    "$context.requestOverride.header.put('a', $input)",
    "#set($context.requestOverride.path.x = $input.path('$.a'))",
    "#set($input.body = 1)",
    "#set($context.responseOverride.status = [1])",
    "$stageVariables.size()",
    "$stageVariables",
    "#foreach($x in $input.path('$.a'))",
    "#end",
    "#if($input)",
    "text",
    "\"",
    "{",
    "\n",
];
